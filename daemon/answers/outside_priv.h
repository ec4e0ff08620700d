/* What outside.c (of which periods it is decided, and for longer ones), outside_tables.c (the numbers that it is
 * decided from) and outside_choice.c (which of one period are withheld) share. */
#ifndef SUIVI_DAEMON_ANSWERS_OUTSIDE_PRIV_H
#define SUIVI_DAEMON_ANSWERS_OUTSIDE_PRIV_H

#include "daemon/answers/outside.h"
#include "daemon/figures/kept.h"

/* ---- outside_choice.c: one period ---- */

/* A value of a dimension. */
struct outside_line {
    int64_t number;
    bool hidden;
};

struct outside_cell {
    size_t row, column;
    int64_t number;
};

bool outside_is_small(int64_t number, int64_t threshold);

/* By one dimension: sets `hidden`. false: even without all of them one knew too much, the whole must be withheld. */
bool outside_choose(struct outside_line *line, size_t count, int64_t threshold);

/* By two, of which each was chosen for itself: hides more rows and columns, so that no cell of those that are left is
 * small, nor is what the hidden ones add up to in any of them. false: the whole must be withheld. */
bool outside_choose_cells(struct outside_line *row, size_t rows, struct outside_line *column, size_t columns,
                          const struct outside_cell *cell, size_t cells, int64_t threshold);

/* ---- outside_tables.c ---- */

struct outside_number {
    int32_t period; /* where it begins */
    uint32_t group;
    int64_t number;
};

/* All numbers of an indicator by some of its dimensions, by period and then by breakdown. */
struct outside_table {
    struct outside_number *number;
    size_t count, room;
    struct kept kept;
    size_t dims;
};

/* `question` has the indicator, the type of period, the range and the dimensions in `split`. */
int outside_table_load(struct outside_table *table, const struct fold_question *question, struct fault *why);
void outside_table_clear(struct outside_table *table);

static inline struct str outside_table_value(const struct outside_table *table, size_t at, size_t dim) {
    return table->kept.dim[table->number[at].group][dim];
}

/* Where the period that begins there ends in the table. */
size_t outside_table_end(const struct outside_table *table, size_t at);

/* Whether each value of the dimension is known with one value only of some other dimension that has several, as towns of a
 * region: then what is withheld of a part could be reckoned from the whole and its other parts, which are told by the other. */
bool outside_is_nested(const struct fold_question *asked, size_t indicator, struct str dim);

#endif
