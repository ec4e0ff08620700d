/* `suivi figures --format json`: an array of objects, one a line. */
#ifndef SUIVI_CLI_FIGURES_JSON_H
#define SUIVI_CLI_FIGURES_JSON_H

#include <stdio.h>

#include "clients/cli/answer.h"

/* {"indicator": .., "period": .., "dims": {..}, "value": .., "note": ..}, sorted; "dims" is empty without a
 * breakdown, and "note" is there only when there is one. */
void figures_json_write(FILE *stream, struct answer *answer);

#endif
