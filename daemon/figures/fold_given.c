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

/* Looked for: a series with these dimensions. */
struct likeness {
    struct dims dims;
    uint32_t series;
};

static int is_like(void *arg, uint32_t series, const struct dims *dims) {
    struct likeness *like = arg;
    if (!dims_equal(dims, &like->dims))
        return 0;
    like->series = series;
    return 1;
}

int fold_firsts_beside(const struct fold_question *question, uint32_t series, uint32_t *firsts,
                       struct fault *why) {
    struct likeness like;
    struct str text, indicator;
    enum kind kind;
    size_t count;
    if (!fold_firsts_of_day(question, &count))
        return 0;
    int err = store_find_name(question->snapshot, STORE_SERIES, series, &text, why);
    if (err || catalogue_parse_series(text, &kind, NULL, &indicator, &like.dims) != 0)
        return err ? err
                   : fault_set(why, -EBADMSG,
                               "the store's table of series is damaged; \"suivi check\" tells where");
    if (catalogue_each_series(question->catalogue, count, is_like, &like) != 1)
        return 0;
    *firsts = like.series;
    return 1;
}

/* Who was counted one by one on that day. */
static int add_firsts(struct given *given, uint32_t series, int32_t day) {
    const struct fold_question *ask = given->fold->ask;
    uint32_t firsts;
    int found = fold_firsts_beside(ask, series, &firsts, given->fold->why);
    return found != 1 ? found
                      : store_each_sum(ask->snapshot, STORE_DAYS, &firsts, 1, day, day, take_sum, given,
                                       given->fold->why);
}

int fold_given(const struct fold *fold, uint32_t series, int32_t day, bool numbers, int64_t *out) {
    struct store_snapshot *snapshot = fold->ask->snapshot;
    struct given given = {.fold = fold};
    int err;
    if (numbers) {
        err = store_each_sum(snapshot, STORE_DAYS, &series, 1, day, day, take_sum, &given, fold->why);
        *out = given.sum;
        return err;
    }
    sketch_new(&given.set);
    err = store_each_cell(snapshot, STORE_DAYS, series, day, day, take_set, &given, fold->why);
    if (err == 0)
        err = add_firsts(&given, series, day);
    *out = cell_add((int64_t)sketch_size(given.set), given.sum);
    sketch_destroy(&given.set);
    return err;
}
