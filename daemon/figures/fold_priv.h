/* What the fold*.c share: fold.c (which series in which group, periods, the figures), fold_sums.c and fold_sets.c (the
 * cells of counts and of distinct kinds), fold_entries.c (what is said one by one), fold_given.c (what the cells of a day
 * give), fold_notes.c, fold_coverage.c and
 * fold_ratio.c. */
#ifndef SUIVI_DAEMON_FIGURES_FOLD_PRIV_H
#define SUIVI_DAEMON_FIGURES_FOLD_PRIV_H

#include "daemon/books/known.h"
#include "daemon/figures/fold.h"

/* One breakdown: the values of the split dimensions, in the question's order. */
struct fold_group {
    struct str dim[DIMS_MAX]; /* owned */
    uint32_t series_count;
    size_t first, latest; /* sums: the group's first item, and the one that last took a sum */
};

/* What cells or entries of a group give to a window of a period. A figure is the sum of its items; but of items of
 * one window that have a set (or a name of a roster) it takes how many different members they hold together. */
struct fold_item {
    int32_t period, window; /* where they begin: a day or a month, see by_months */
    uint32_t group;
    int32_t
        mark; /* level: day of the statement; status: the day since which it is so; milestone: FOLD_DUE, FOLD_LATE; distinct:
                * FOLD_HELD, FOLD_FIRSTS */
    int64_t sum;
    size_t next;    /* sums: the group's item of the next period; FOLD_NO_ITEM: none */
    struct str set; /* borrowed from the snapshot; at NULL: none */
};

#define FOLD_NO_ITEM SIZE_MAX

enum { FOLD_DUE = 1, FOLD_LATE = 2, FOLD_HELD = 4, FOLD_FIRSTS = 8 };

/* Series, rising, and the group of each. */
struct fold_list {
    uint32_t *series, *group_of;
    size_t count, room;
};

struct fold {
    const struct fold_question *ask;
    const struct framework_indicator *indicator;
    struct fold_group *group;
    size_t group_count, group_room;
    uint32_t *slot; /* open addressing over groups: index + 1, 0 empty */
    size_t slots;
    uint64_t seed;
    struct fold_list own;       /* the series to be folded */
    struct fold_list firsts;    /* distinct: those of the count of firsts (framework_firsts), */
    enum period_type firsts_of; /* and of which type of period */
    struct fold_item *item;
    size_t item_count, item_room;
    enum period_type window;        /* what items are kept apart by, within a period */
    bool by_months;                 /* periods and windows are reckoned in months, not in days */
    bool from_days;                 /* cells of days are read, not of months */
    int32_t plan_start;             /* in the same unit */
    int32_t last_said;              /* level, status: the day of the last statement */
    struct fold_coverage *coverage; /* NULL: not asked for */
    struct fault *why;
};

int fold_too_much(const struct fold *fold);

/* Where the period of that type begins which holds `when`, a day or a month as by_months says. */
int32_t fold_start_of(const struct fold *fold, enum period_type type, int32_t when);

/* A day in the unit of periods. */
int32_t fold_when(const struct fold *fold, int32_t day);

/* Whether a row of days is among what is known, and was not withdrawn. */
bool fold_row_counts(const struct fold *fold, uint32_t source, int32_t day, uint32_t vintage);

int fold_add_item(struct fold *fold, const struct fold_item *item);

/* Make items. */
int fold_sums(struct fold *fold, const struct fold_list *list);
int fold_sets(struct fold *fold);
int fold_entries(struct fold *fold, const struct fold_list *list);
int fold_firsts(struct fold *fold);

/* What the cells of one series, numbers or sets, give to a day, for a figure that holds in their place. */
int fold_given(const struct fold *fold, uint32_t series, int32_t day, bool numbers, int64_t *given);

/* How many different members the items of one window hold together. Adds to `error` what that may be off. */
struct sketch;
int64_t fold_count_union(const struct fold_item *item, size_t count, struct sketch *scratch, double *error);

/* What a reader must know of the figure that `count` items make, of that period. */
void fold_note_figure(const struct fold *fold, const struct period *period, const struct fold_item *item,
                      size_t count, char note[static FOLD_NOTE_MAX]);

/* Whether there is any series of firsts that its figures could take. */
bool fold_has_firsts(const struct fold_question *question);

/* The count that tells how many of them there were on a day; else, how many are counted on it. */
bool fold_firsts_of_day(const struct fold_question *question, size_t *count);

/* All series of that indicator that were asked for. */
int fold_list_series(struct fold *fold, size_t indicator, struct fold_list *list);

/* Milestones: how many of the items were done by their due day. */
int64_t fold_count_on_time(const struct fold_item *item, size_t count);

/* The days on which each group was heard from. */
int fold_coverage_new(struct fold_coverage **out, const struct fold *fold);
void fold_coverage_destroy(struct fold_coverage **coverage);
uint32_t fold_coverage_heard(const struct fold_coverage *coverage, uint32_t group, int32_t first,
                             int32_t last);

/* fold_run, of a ratio. */
int fold_ratio(const struct fold_question *question,
               int (*figure)(void *arg, const struct fold_figure *figure, struct fault *why), void *arg,
               struct fault *why);

#endif
