/* Distinct kinds: unions of sets by group and window. */
#include <errno.h>

#include "daemon/figures/fold_priv.h"
#include "proto/civil.h"
#include "proto/sketch.h"

struct walk {
    struct fold *fold;
    uint32_t group; /* of the series that is walked */
};

static int visit_set(void *arg, const struct store_cell *cell) {
    const struct walk *walk = arg;
    struct fold *fold = walk->fold;
    int32_t when = cell->when;
    if (fold->from_days) {
        if (!fold_row_counts(fold, cell->source, cell->when, cell->vintage))
            return 0;
        when = fold_when(fold, when);
    }
    if (!sketch_valid(cell->value))
        return fault_set(fold->why, -EBADMSG,
                         "the store holds a damaged cell of %.*s; restore it from a backup",
                         STR_ARG(fold->indicator->id));
    struct fold_item item = {.group = walk->group, .set = cell->value};
    item.period = fold_start_of(fold, fold->ask->by, when);
    item.window = fold->window == fold->ask->by ? item.period : fold_start_of(fold, fold->window, when);
    return fold_add_item(fold, &item);
}

int fold_sets(struct fold *fold) {
    const struct fold_question *ask = fold->ask;
    int32_t first = fold->from_days ? ask->first : civil_month_of_day(ask->first);
    int32_t last = fold->from_days ? ask->last : civil_month_of_day(ask->last);
    int err = 0;
    for (size_t i = 0; i < fold->own.count && err == 0; i++)
        err = store_each_cell(ask->snapshot, fold->from_days ? STORE_DAYS : STORE_MONTHS, fold->own.series[i],
                              first, last, visit_set, &(struct walk){fold, fold->own.group_of[i]}, fold->why);
    return err;
}

int64_t fold_count_union(const struct fold_item *item, size_t count, struct sketch *scratch, double *error) {
    if (count == 1 && item->set.at == NULL)
        return 0;
    sketch_clear(scratch);
    for (size_t i = 0; i < count && count > 1; i++)
        if (item[i].set.at)
            sketch_merge(scratch, item[i].set);
    uint64_t size = count == 1 ? sketch_count(item->set) : sketch_size(scratch);
    unsigned per_mille = count == 1 ? sketch_count_error(item->set) : sketch_error(scratch);
    *error += (double)size * per_mille / 1000;
    return (int64_t)size;
}
