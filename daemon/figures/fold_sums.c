/* Counts: sums of cells by group and period. */
#include "daemon/figures/fold_priv.h"
#include "daemon/store/cell.h"
#include "proto/civil.h"

/* The last of the group's items, which are chained in order of time, that is not after `window`; FOLD_NO_ITEM:
 * there is none. Sums come in order of time but for a new start now and then, so it is mostly the one that
 * took the last sum, or the one after it. */
static size_t find_item(const struct fold *fold, const struct fold_group *group, int32_t window) {
    const struct fold_item *item = fold->item;
    size_t at = group->latest;
    if (at == FOLD_NO_ITEM || item[at].window > window)
        at = group->first;
    if (at == FOLD_NO_ITEM || item[at].window > window)
        return FOLD_NO_ITEM;
    while (item[at].next != FOLD_NO_ITEM && item[item[at].next].window <= window)
        at = item[at].next;
    return at;
}

struct walk {
    struct fold *fold;
    const struct fold_list *list;
};

/* A sum needs one item for each group and window. */
static int visit_sum(void *arg, const struct store_sum *sum) {
    const struct walk *walk = arg;
    struct fold *fold = walk->fold;
    uint32_t number = walk->list->group_of[sum->index];
    struct fold_group *group = &fold->group[number];
    int32_t when = sum->when;
    if (fold->from_days) {
        if (!fold_row_counts(fold, sum->source, sum->when, sum->vintage))
            return 0;
        when = fold_when(fold, when);
    }
    int32_t period = fold_start_of(fold, fold->ask->by, when);
    int32_t window = fold->window == fold->ask->by ? period : fold_start_of(fold, fold->window, when);
    size_t before = find_item(fold, group, window);
    if (before != FOLD_NO_ITEM && fold->item[before].window == window) {
        fold->item[before].sum = cell_add(fold->item[before].sum, sum->sum);
        group->latest = before;
        return 0;
    }
    struct fold_item item = {.group = number, .period = period, .window = window, .sum = sum->sum};
    size_t *link = before == FOLD_NO_ITEM ? &group->first : &fold->item[before].next;
    item.next = *link;
    *link = group->latest = fold->item_count;
    return fold_add_item(fold, &item);
}

int fold_sums(struct fold *fold, const struct fold_list *list) {
    const struct fold_question *ask = fold->ask;
    int32_t first = fold->from_days ? ask->first : civil_month_of_day(ask->first);
    int32_t last = fold->from_days ? ask->last : civil_month_of_day(ask->last);
    return store_each_sum(ask->snapshot, fold->from_days ? STORE_DAYS : STORE_MONTHS, list->series,
                          list->count, first, last, visit_sum, &(struct walk){fold, list}, fold->why);
}
