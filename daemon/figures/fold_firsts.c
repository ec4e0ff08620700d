/* Distinct kinds whose members a source counted one by one, each when it came for the first time in the period: sums that
 * stand beside the sets. */
#include "daemon/figures/fold_priv.h"

static int is_there(void *arg, uint32_t series, const struct dims *dims) {
    (void)arg, (void)series, (void)dims;
    return 1;
}

static enum period_type longest(const struct fold_question *question) {
    return question->has_sum_of && question->sum_of < question->by ? question->sum_of : question->by;
}

bool fold_has_firsts(const struct fold_question *question) {
    enum period_type type;
    size_t count;
    return question->catalogue != NULL &&
           framework_firsts(question->framework, question->indicator, longest(question), &type, &count) &&
           catalogue_each_series(question->catalogue, count, is_there, NULL) == 1;
}

bool fold_firsts_of_day(const struct fold_question *question, size_t *count) {
    enum period_type type;
    return framework_firsts(question->framework, question->indicator, PERIOD_DAY, &type, count) ||
           framework_firsts(question->framework, question->indicator, longest(question), &type, count);
}

int fold_firsts(struct fold *fold) {
    const struct fold_question *ask = fold->ask;
    size_t count, before = fold->item_count;
    if (!framework_firsts(ask->framework, ask->indicator, longest(ask), &fold->firsts_of, &count))
        return 0;
    int err = fold_list_series(fold, count, &fold->firsts);
    if (err == 0 && fold->firsts.count > 0)
        err = fold_sums(fold, &fold->firsts);
    if (err == 0 && store_has_entries(ask->snapshot))
        err = fold_entries(fold, &fold->firsts);
    for (size_t i = before; i < fold->item_count; i++)
        fold->item[i].mark |= FOLD_FIRSTS;
    return err;
}
