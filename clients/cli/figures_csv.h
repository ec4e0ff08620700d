/* `suivi figures --format csv`: RFC 4180, lines ended by a line feed as scripts here expect. */
#ifndef SUIVI_CLI_FIGURES_CSV_H
#define SUIVI_CLI_FIGURES_CSV_H

#include <stdio.h>

#include "clients/cli/answer.h"

/* Header "indicator,period,DIM...,value", then one row a figure, sorted. Of the columns note, state, reported, target,
 * heard and days, in this order, those follow that some figure has. A figure without a value has an empty one. */
void figures_csv_write(FILE *stream, struct answer *answer);

#endif
