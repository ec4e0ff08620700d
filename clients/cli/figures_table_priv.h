/* The table of figures while it is made: figures_rows.c puts it together, figures_table.c prints it. */
#ifndef SUIVI_CLI_FIGURES_TABLE_PRIV_H
#define SUIVI_CLI_FIGURES_TABLE_PRIV_H

#include "clients/cli/figures_table.h"
#include "clients/cli/notes.h"

/* One indicator and breakdown: figures `first` to `first + count - 1` of the sorted answer. */
struct table_row {
    size_t first, count;
    bool has_value; /* any; then: */
    int64_t lowest, highest;
    unsigned decimals;
    const char *id;
    char *label;           /* "1.2.4  Unique website visitors" */
    char mark[NOTES_MARK]; /* of the note at the label; may be empty */
    char *remark;          /* in which periods too little was heard; NULL: none */
    size_t remark_note;    /* its number where it is a note */
};

struct table_view {
    FILE *stream;
    const struct answer *answer;
    const struct figures_table_layout *layout;
    char **periods; /* column heads, in order */
    size_t period_count;
    struct table_row *rows;
    size_t row_count;
    struct table_row *covers; /* what stands for all breakdowns that are withheld, see table_cell */
    size_t cover_count;
    struct notes notes;
    size_t *cell_note;              /* number of the note of each figure of the answer */
    bool shown[SUIVI_WITHHELD + 1]; /* states that have a cell */
    int label_width, dim_width[DIMS_MAX], value_width, target_width;
};

void table_make_columns(struct table_view *view);
void table_make_rows(struct table_view *view); /* after the columns */
void table_free(struct table_view *view);

/* The figure of a row in a column, and the number of the note there; NULL: nothing was told of it. What is withheld as
 * a whole, or by the values of one breakdown, has one figure with the others left empty: it is that of all rows that it
 * stands for. */
const struct answer_figure *table_cell(const struct table_view *view, const struct table_row *row,
                                       const char *period, size_t *note);
bool table_is_cover(const struct table_view *view, const struct table_row *row);

#endif
