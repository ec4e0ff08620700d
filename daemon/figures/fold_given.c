/* What the cells of one series and day give: for figures of a day that hold in their place. */
#include <errno.h>

#include "daemon/figures/fold_priv.h"
#include "daemon/store/cell.h"
#include "proto/sketch.h"

struct given {
    const struct fold *fold;
    int64_t sum;
    struct sketch *set;
};

static int take_sum(void *arg, const struct store_sum *sum) {
    struct given *given = arg;
    if (fold_row_counts(given->fold, sum->source, sum->when, sum->vintage))
        given->sum = cell_add(given->sum, sum->sum);
    return 0;
}

static int take_set(void *arg, const struct store_cell *cell) {
    struct given *given = arg;
    if (!fold_row_counts(given->fold, cell->source, cell->when, cell->vintage))
        return 0;
    if (!sketch_valid(cell->value))
        return fault_set(given->fold->why, -EBADMSG,
                         "the store holds a damaged cell of %.*s; restore it from a backup",
                         STR_ARG(given->fold->indicator->id));
    sketch_merge(given->set, cell->value);
    return 0;
}

int fold_given(const struct fold *fold, uint32_t series, int32_t day, int64_t *out) {
    struct store_snapshot *snapshot = fold->ask->snapshot;
    struct given given = {.fold = fold};
    int err;
    if (fold->indicator->kind == KIND_COUNT) {
        err = store_each_sum(snapshot, STORE_DAYS, &series, 1, day, day, take_sum, &given, fold->why);
        *out = given.sum;
        return err;
    }
    sketch_new(&given.set);
    err = store_each_cell(snapshot, STORE_DAYS, series, day, day, take_set, &given, fold->why);
    *out = (int64_t)sketch_size(given.set);
    sketch_destroy(&given.set);
    return err;
}
