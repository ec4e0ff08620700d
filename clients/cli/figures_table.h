/* `suivi figures --format table`: what a person reads. Rows are indicators and their breakdowns, columns are periods; as
 * many blocks of columns as the width needs; a trend, a target, on how many days was heard from whom; four marks for
 * four kinds of nothing, notes below. */
#ifndef SUIVI_CLI_FIGURES_TABLE_H
#define SUIVI_CLI_FIGURES_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "clients/cli/answer.h"
#include "proto/period.h"

struct figures_table_layout {
    int width; /* columns of the terminal */
    bool colour;
    enum period_type by;
    const struct period *from,
        *to; /* periods asked for, which get a column without any figure too; may be NULL */
    /* Of the plan: an empty column past them is there only when it was asked for. May be NULL: not known. */
    const struct period *years;
    bool all_periods; /* else columns without any value at an end that was not asked for are left out */
    bool all_rows;    /* else rows are left out of which nothing is due */
};

void figures_table_write(FILE *stream, struct answer *answer, const struct figures_table_layout *layout);

/* The days from which to which the table has columns: where there are values, or figures were asked for; false when the
 * periods have no such order. */
bool figures_table_span(const struct answer *answer, const struct figures_table_layout *layout,
                        int32_t *first, int32_t *last);

#endif
