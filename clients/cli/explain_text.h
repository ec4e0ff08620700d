/* `suivi explain`: how a figure came to be, in words. */
#ifndef SUIVI_CLI_EXPLAIN_TEXT_H
#define SUIVI_CLI_EXPLAIN_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "clients/lib/suivi.h"

struct explain_asked {
    const struct suivi_dim *where;
    size_t where_count;
    bool full; /* case studies with all their parts */
};

void explain_text_write(FILE *stream, const struct suivi_explanation *explanation,
                        const struct explain_asked *asked);

#endif
