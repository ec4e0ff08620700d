/* What outsiders are not told: numbers of breakdowns that are small, and what they could be reckoned from
 * (docs/reporting.md, "For outsiders").
 *
 * It is decided for an indicator, a set of dimensions and a period of the indicator's frequency (a month at least), from
 * what is known now, and from nothing else: not from the form of the question, its range or what it has in --where. Of a longer
 * period is withheld what is withheld of any of those that it is made of; so it tells nothing that these do not. */
#ifndef SUIVI_DAEMON_ANSWERS_OUTSIDE_H
#define SUIVI_DAEMON_ANSWERS_OUTSIDE_H

#include "daemon/figures/fold.h"

#define OUTSIDE_WHOLE SIZE_MAX

/* Figures with that value of that dimension are withheld in that period; OUTSIDE_WHOLE: all figures are. */
struct outside_secret {
    int32_t period;   /* of the question's, where it begins */
    size_t dim;       /* in `dim` below */
    struct str value; /* owned */
};

struct outside {              /* zero-initialise */
    struct str dim[DIMS_MAX]; /* that the figures are broken down by, by --split or --where; borrowed */
    size_t dim_count;
    struct outside_secret *secret; /* by period, dimension (the whole first) and value, each once */
    size_t count, room;
};

/* Whether anything of these figures may have to be withheld: they are of an indicator that has a threshold and dimensions. */
bool outside_guards(const struct fold_question *asked);

/* Whether they are of parts, and not of the whole. */
bool outside_is_breakdown(const struct fold_question *asked);

/* What of them is. Borrows from `asked`; to be cleared whatever comes of it. -E2BIG and store errors. */
int outside_load(struct outside *outside, const struct fold_question *asked, struct fault *why);
void outside_clear(struct outside *outside);

/* One more; then outside_order before any is looked for. */
void outside_add(struct outside *outside, int32_t period, size_t dim, struct str value);
void outside_order(struct outside *outside);

bool outside_has(const struct outside *outside, int32_t period, size_t dim, struct str value);

#endif
