/* `suivi figures --format csv`: RFC 4180, lines ended by a line feed as scripts here expect. */
#ifndef SUIVI_CLI_FIGURES_CSV_H
#define SUIVI_CLI_FIGURES_CSV_H

#include <stdio.h>

#include "clients/cli/answer.h"

/* Header "indicator,period,DIM...,value", and "note" when any figure has one; then one row a figure, sorted.
 */
void figures_csv_write(FILE *stream, struct answer *answer);

#endif
