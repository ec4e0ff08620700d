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

/* What a source gave is so many of these: of what is entered one by one, statements or entries, whatever its unit. */
const char *explain_part_unit(const struct suivi_indicator *indicator, const struct suivi_part *part);
unsigned explain_part_decimals(const struct suivi_explanation *explanation);

/* The version of the method that held when the period began, among those told; version_count: none is told. */
size_t explain_version_of(const struct suivi_explanation *explanation);

#endif
