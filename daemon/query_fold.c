#include "daemon/query_priv.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/cell.h"
#include "daemon/hash.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/distinct.h"

#define FIRST_MONTH ((1 - 1970) * 12) /* of the calendar, 0001-01 */

/* One breakdown: the values of the split dimensions, in the query's order. */
struct group {
    struct str dim[DIMS_MAX]; /* owned */
    size_t first, latest;     /* sums: the group's first item, and the one that last took a sum */
};

/* What one or more cells of a group give to a window of a period. For counts the window is the period itself;
 * for distinct kinds it is the longest span in which members can be told apart. */
struct item {
    int32_t period, window; /* where they begin: a day or a month, as cells are walked */
    uint32_t group;
    int64_t sum;
    size_t next;    /* sums: the group's item of the next period; NO_ITEM: none */
    struct str set; /* borrowed from the snapshot */
};

#define NO_ITEM SIZE_MAX

struct fold {
    const struct query_plan *plan;
    const struct framework_indicator *indicator;
    struct group *group;
    size_t group_count, group_room;
    uint32_t *slot; /* open addressing over groups: index + 1, 0 empty */
    size_t slots;
    uint64_t seed;
    uint32_t *series, *group_of; /* the series to be folded, rising, and the group of each */
    size_t series_count, series_room;
    struct item *item;
    size_t item_count, item_room;
    uint32_t current; /* group of the series whose sets are walked */
    bool by_months;
    int32_t plan_start; /* in the same unit */
    struct fault *why;
};

static int too_much(const struct fold *fold) {
    return fault_set(fold->why, -E2BIG,
                     "too much at once for %.*s: ask for fewer periods, or split by fewer dimensions",
                     STR_ARG(fold->indicator->id));
}

/* ---- which series, in which group ---- */

static bool wanted(const struct message_query *query, const struct dims *dims) {
    for (size_t i = 0; i < query->where.count; i++)
        if (!str_equal(dims_get(dims, query->where.dim[i].name), query->where.dim[i].value))
            return false;
    return true;
}

static int compare_group(const struct group *a, const struct group *b, size_t dims) {
    for (size_t i = 0; i < dims; i++) {
        int c = str_compare(a->dim[i], b->dim[i]);
        if (c)
            return c;
    }
    return 0;
}

static uint64_t hash_group(const struct fold *fold, const struct group *group) {
    uint64_t hash = fold->seed;
    for (size_t i = 0; i < fold->plan->query->split_count; i++)
        hash = hash_text(hash, group->dim[i]);
    return hash;
}

static uint32_t *find_slot(const struct fold *fold, const struct group *group) {
    size_t dims = fold->plan->query->split_count;
    for (size_t at = hash_group(fold, group) & (fold->slots - 1);; at = (at + 1) & (fold->slots - 1)) {
        uint32_t *slot = &fold->slot[at];
        if (*slot == 0 || compare_group(&fold->group[*slot - 1], group, dims) == 0)
            return slot;
    }
}

static void grow_groups(struct fold *fold) {
    fold->group_room = fold->group_room ? fold->group_room * 2 : 16;
    fold->group = mem_resize(fold->group, fold->group_room, sizeof *fold->group);
    fold->slots = fold->group_room * 2;
    free(fold->slot);
    fold->slot = mem_zeroed(fold->slots, sizeof *fold->slot);
    for (size_t i = 0; i < fold->group_count; i++)
        *find_slot(fold, &fold->group[i]) = (uint32_t)i + 1;
}

static int find_group(struct fold *fold, const struct dims *dims, uint32_t *out) {
    const struct message_query *query = fold->plan->query;
    struct group probe = {.first = NO_ITEM, .latest = NO_ITEM};
    for (size_t i = 0; i < query->split_count; i++)
        probe.dim[i] = dims_get(dims, query->split[i]);
    if (fold->group_count == fold->group_room)
        grow_groups(fold);
    uint32_t *slot = find_slot(fold, &probe);
    if (*slot == 0) {
        if (fold->group_count == QUERY_FIGURES_MAX)
            return too_much(fold);
        for (size_t i = 0; i < query->split_count; i++)
            probe.dim[i] = str_copy(probe.dim[i]);
        fold->group[fold->group_count++] = probe;
        *slot = (uint32_t)fold->group_count;
    }
    *out = *slot - 1;
    return 0;
}

static int visit_series(void *arg, uint32_t series, const struct dims *dims) {
    struct fold *fold = arg;
    uint32_t group = 0;
    if (!wanted(fold->plan->query, dims))
        return 0;
    int err = find_group(fold, dims, &group);
    if (err)
        return err;
    if (fold->series_count == fold->series_room) {
        fold->series_room = fold->series_room ? fold->series_room * 2 : 64;
        fold->series = mem_resize(fold->series, fold->series_room, sizeof *fold->series);
        fold->group_of = mem_resize(fold->group_of, fold->series_room, sizeof *fold->group_of);
    }
    fold->series[fold->series_count] = series;
    fold->group_of[fold->series_count++] = group;
    return 0;
}

/* ---- their cells ---- */

/* Months in a period of that type; 0: no fixed number, or less than one. */
static int32_t months_in(enum period_type type) {
    switch (type) {
    case PERIOD_MONTH:
        return 1;
    case PERIOD_QUARTER:
        return 3;
    case PERIOD_HALF:
        return 6;
    case PERIOD_YEAR:
        return 12;
    case PERIOD_BIENNIUM:
        return 24;
    case PERIOD_DAY:
    case PERIOD_PLAN:
        return 0;
    }
    return 0;
}

/* Where the period of that type begins which holds `when`: reckoned in months, which all begin with 1970-01,
 * an even year, since going through the calendar for each cell would be most of a question's time. */
static int32_t start_of(const struct fold *fold, enum period_type type, int32_t when) {
    if (type == PERIOD_PLAN)
        return fold->plan_start;
    if (type == PERIOD_MONTH && fold->by_months)
        return when;
    if (!fold->by_months)
        return period_of_day(type, when, NULL).first;
    int32_t months = months_in(type);
    ASSERT(months > 0);
    int32_t into = when % months;
    int32_t start = when - (into < 0 ? into + months : into);
    return start < FIRST_MONTH ? FIRST_MONTH : start; /* the biennium of year 1 has no year 0 */
}

static int add_item(struct fold *fold, const struct item *item) {
    if (fold->item_count == QUERY_ITEMS_MAX)
        return too_much(fold);
    if (fold->item_count == fold->item_room) {
        fold->item_room = fold->item_room ? fold->item_room * 2 : 256;
        fold->item = mem_resize(fold->item, fold->item_room, sizeof *fold->item);
    }
    fold->item[fold->item_count++] = *item;
    return 0;
}

/* The last of the group's items, which are chained in order of time, that is not after `period`; NO_ITEM:
 * there is none. Sums come in order of time but for a new start now and then, so it is mostly the one that
 * took the last sum, or the one after it. */
static size_t find_item(const struct fold *fold, const struct group *group, int32_t period) {
    const struct item *item = fold->item;
    size_t at = group->latest;
    if (at == NO_ITEM || item[at].period > period)
        at = group->first;
    if (at == NO_ITEM || item[at].period > period)
        return NO_ITEM;
    while (item[at].next != NO_ITEM && item[item[at].next].period <= period)
        at = item[at].next;
    return at;
}

/* A sum needs one item for each group and period. */
static int visit_sum(void *arg, const struct store_sum *sum) {
    struct fold *fold = arg;
    uint32_t number = fold->group_of[sum->index];
    struct group *group = &fold->group[number];
    int32_t period = start_of(fold, fold->plan->by, sum->when);
    size_t before = find_item(fold, group, period);
    if (before != NO_ITEM && fold->item[before].period == period) {
        fold->item[before].sum = cell_add(fold->item[before].sum, sum->sum);
        group->latest = before;
        return 0;
    }
    struct item item = {.group = number, .period = period, .window = period, .sum = sum->sum};
    size_t *link = before == NO_ITEM ? &group->first : &fold->item[before].next;
    item.next = *link;
    *link = group->latest = fold->item_count;
    return add_item(fold, &item);
}

static int visit_set(void *arg, const struct store_cell *cell) {
    struct fold *fold = arg;
    const struct query_plan *plan = fold->plan;
    if (!distinct_valid(cell->value))
        return fault_set(fold->why, -EBADMSG,
                         "the store holds a damaged cell of %.*s; restore it from a backup",
                         STR_ARG(fold->indicator->id));
    struct item item = {.group = fold->current, .next = NO_ITEM, .set = cell->value};
    item.period = start_of(fold, plan->by, cell->when);
    item.window = plan->by <= fold->indicator->window ? item.period
                                                      : start_of(fold, fold->indicator->window, cell->when);
    return add_item(fold, &item);
}

/* Month rows serve whenever a period is made of whole months. */
static int gather(struct fold *fold, struct store_snapshot *snapshot) {
    const struct query_plan *plan = fold->plan;
    const struct period *years = framework_plan(plan->framework);
    bool in_days = fold->indicator->kind != KIND_COUNT && fold->indicator->window == PERIOD_DAY;
    fold->by_months = plan->by != PERIOD_DAY && !in_days;
    fold->plan_start = fold->by_months ? civil_month_of_day(years->first) : years->first;
    int32_t first = fold->by_months ? civil_month_of_day(plan->first) : plan->first;
    int32_t last = fold->by_months ? civil_month_of_day(plan->last) : plan->last;
    enum store_grain grain = fold->by_months ? STORE_MONTHS : STORE_DAYS;
    if (fold->indicator->kind == KIND_COUNT)
        return store_each_sum(snapshot, grain, fold->series, fold->series_count, first, last, visit_sum, fold,
                              fold->why);
    int err = 0;
    for (size_t i = 0; i < fold->series_count && err == 0; i++) {
        fold->current = fold->group_of[i];
        err = store_each_cell(snapshot, grain, fold->series[i], first, last, visit_set, fold, fold->why);
    }
    return err;
}

/* ---- their figures ---- */

static int compare_items(const void *left, const void *right, void *arg) {
    const struct item *a = left, *b = right;
    const struct fold *fold = arg;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    if (a->group != b->group)
        return compare_group(&fold->group[a->group], &fold->group[b->group], fold->plan->query->split_count);
    return (a->window > b->window) - (a->window < b->window);
}

/* How many different members the items of one window hold together. */
static int64_t count_union(const struct item *item, size_t count, struct distinct *scratch) {
    if (count == 1)
        return (int64_t)distinct_count(item->set);
    distinct_clear(scratch);
    for (size_t i = 0; i < count; i++)
        distinct_merge(scratch, item[i].set);
    return (int64_t)distinct_size(scratch);
}

static int emit(struct fold *fold,
                int (*figure)(void *arg, const struct query_figure *figure, struct fault *why), void *arg) {
    struct distinct *scratch;
    distinct_new(&scratch);
    int err = 0;
    for (size_t i = 0, end; i < fold->item_count && err == 0; i = end) {
        const struct item *head = &fold->item[i];
        struct query_figure out = {.dim = fold->group[head->group].dim};
        out.period = fold->by_months ? civil_first_day_of_month(head->period) : head->period;
        for (end = i; end < fold->item_count && fold->item[end].period == head->period &&
                      fold->item[end].group == head->group;) {
            size_t window = end;
            while (end < fold->item_count && fold->item[end].period == head->period &&
                   fold->item[end].group == head->group &&
                   fold->item[end].window == fold->item[window].window)
                end++;
            if (fold->indicator->kind == KIND_DISTINCT)
                out.value = cell_add(out.value, count_union(&fold->item[window], end - window, scratch));
            else
                for (size_t k = window; k < end; k++)
                    out.value = cell_add(out.value, fold->item[k].sum);
        }
        err = figure(arg, &out, fold->why);
    }
    distinct_destroy(&scratch);
    return err;
}

int query_fold(const struct query_plan *plan, size_t indicator, struct store_snapshot *snapshot,
               int (*figure)(void *arg, const struct query_figure *figure, struct fault *why), void *arg,
               struct fault *why) {
    struct fold fold = {
        .plan = plan, .indicator = framework_indicator_at(plan->framework, indicator), .why = why};
    fold.seed = hash_seed();
    int err = catalogue_each_series(plan->catalogue, indicator, visit_series, &fold);
    if (err == 0)
        err = gather(&fold, snapshot);
    if (err == 0) {
        if (fold.item_count > 1)
            qsort_r(fold.item, fold.item_count, sizeof *fold.item, compare_items, &fold);
        err = emit(&fold, figure, arg);
    }
    for (size_t i = 0; i < fold.group_count; i++)
        for (size_t k = 0; k < plan->query->split_count; k++)
            str_free(fold.group[i].dim[k]);
    free(fold.group);
    free(fold.slot);
    free(fold.series);
    free(fold.group_of);
    free(fold.item);
    return err;
}
