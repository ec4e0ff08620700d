/* What judge.c (counts, sets, the books) and judge_said.c (what is said one by one) share. */
#ifndef SUIVI_SIMULATION_JUDGE_PRIV_H
#define SUIVI_SIMULATION_JUDGE_PRIV_H

#include "tests/simulation/world_priv.h"

#define MONTHS  3
#define MISSING (-1) /* no figure */

enum { OF_VISITS, OF_PEOPLE, OF_GIFTS, OF_MEMBERS, OF_NETWORKS, OF_MANUAL, INDICATORS };

/* Figures by day, by month and for the year, of one indicator. */
struct figures {
    int64_t day[DAYS][SITES], month[MONTHS][SITES], year[SITES];
};

unsigned figures_month_of(unsigned day);
void figures_clear(struct figures *figures);
void figures_add(struct figures *figures, unsigned day, unsigned site, int64_t value);

/* Before the others: marks the lines that do not count. */
void find_retracted(struct world *world);

/* Each fills the empty `must`. */
void fold_gifts(const struct world *world, struct figures *must);
void fold_names(const struct world *world, struct figures *must);
void fold_last(const struct world *world, enum line_kind kind, struct figures *must);

/* What of the input was such that it could be counted wrongly. */
void tally_lines(struct world *world);

#endif
