/* `suivi figures --format json`: an array of objects, one a line. */
#ifndef SUIVI_CLI_FIGURES_JSON_H
#define SUIVI_CLI_FIGURES_JSON_H

#include <stdio.h>

#include "clients/cli/answer.h"

/* {"indicator": .., "period": .., "dims": {..}, "value": ..}, sorted; "dims" is empty without a breakdown, "value" is null
 * where there is none. The keys note, state, reported, target, heard and days are there only when there is such a thing. */
void figures_json_write(FILE *stream, struct answer *answer);

#endif
