/* `suivi explain --format json`: all that is known of how a figure came to be, in one object. */
#ifndef SUIVI_CLI_EXPLAIN_JSON_H
#define SUIVI_CLI_EXPLAIN_JSON_H

#include <stdio.h>

#include "clients/cli/explain_text.h"
#include "clients/lib/suivi.h"

/* Case studies have their parts only when they were asked for in full. */
void explain_json_write(FILE *stream, const struct suivi_explanation *explanation,
                        const struct explain_asked *asked);

#endif
