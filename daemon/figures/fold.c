#include "daemon/figures/fold_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/cell.h"
#include "daemon/store/hash.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/sketch.h"

#define FIRST_MONTH ((1 - 1970) * 12) /* of the calendar, 0001-01 */

int fold_too_much(const struct fold *fold) {
    return fault_set(fold->why, -E2BIG,
                     "too much at once for %.*s: ask for fewer periods, or split by fewer dimensions",
                     STR_ARG(fold->indicator->id));
}

/* ---- which series, in which group ---- */

static bool wanted(const struct dims *where, const struct dims *dims) {
    for (size_t i = 0; where && i < where->count; i++)
        if (!str_equal(dims_get(dims, where->dim[i].name), where->dim[i].value))
            return false;
    return true;
}

static int compare_group(const struct fold_group *a, const struct fold_group *b, size_t dims) {
    for (size_t i = 0; i < dims; i++) {
        int c = str_compare(a->dim[i], b->dim[i]);
        if (c)
            return c;
    }
    return 0;
}

static uint64_t hash_group(const struct fold *fold, const struct fold_group *group) {
    uint64_t hash = fold->seed;
    for (size_t i = 0; i < fold->ask->split_count; i++)
        hash = hash_text(hash, group->dim[i]);
    return hash;
}

static uint32_t *find_slot(const struct fold *fold, const struct fold_group *group) {
    size_t dims = fold->ask->split_count;
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
    const struct fold_question *ask = fold->ask;
    struct fold_group probe = {.first = FOLD_NO_ITEM, .latest = FOLD_NO_ITEM};
    for (size_t i = 0; i < ask->split_count; i++)
        probe.dim[i] = dims_get(dims, ask->split[i]);
    if (fold->group_count == fold->group_room)
        grow_groups(fold);
    uint32_t *slot = find_slot(fold, &probe);
    if (*slot == 0) {
        if (fold->group_count == FOLD_FIGURES_MAX)
            return fold_too_much(fold);
        for (size_t i = 0; i < ask->split_count; i++)
            probe.dim[i] = str_copy(probe.dim[i]);
        fold->group[fold->group_count++] = probe;
        *slot = (uint32_t)fold->group_count;
    }
    *out = *slot - 1;
    return 0;
}

struct listing {
    struct fold *fold;
    struct fold_list *list;
};

static int visit_series(void *arg, uint32_t series, const struct dims *dims) {
    const struct listing *listing = arg;
    struct fold *fold = listing->fold;
    struct fold_list *list = listing->list;
    uint32_t group = 0;
    if (!wanted(fold->ask->where, dims))
        return 0;
    int err = find_group(fold, dims, &group);
    if (err)
        return err;
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->series = mem_resize(list->series, list->room, sizeof *list->series);
        list->group_of = mem_resize(list->group_of, list->room, sizeof *list->group_of);
    }
    list->series[list->count] = series;
    list->group_of[list->count++] = group;
    fold->group[group].series_count++;
    return 0;
}

int fold_list_series(struct fold *fold, size_t indicator, struct fold_list *list) {
    return catalogue_each_series(fold->ask->catalogue, indicator, visit_series,
                                 &(struct listing){fold, list});
}

/* ---- periods ---- */

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

/* Reckoned in months, which all begin with 1970-01, an even year, since going through the calendar for each cell
 * would be most of a question's time. */
int32_t fold_start_of(const struct fold *fold, enum period_type type, int32_t when) {
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

int32_t fold_when(const struct fold *fold, int32_t day) {
    return fold->by_months ? civil_month_of_day(day) : day;
}

bool fold_row_counts(const struct fold *fold, uint32_t source, int32_t day, uint32_t vintage) {
    uint32_t known = fold->ask->vintage;
    return (known == 0 || vintage <= known) &&
           withdrawals_counts(fold->ask->withdrawals, source, day, vintage, known);
}

static enum period_type shorter(enum period_type a, enum period_type b) {
    return a < b ? a : b;
}

static enum period_type window_of(const struct fold_question *ask,
                                  const struct framework_indicator *indicator) {
    enum period_type sum_of = ask->has_sum_of ? ask->sum_of : ask->by;
    switch (indicator->kind) {
    case KIND_DISTINCT:
        return shorter(ask->by, shorter(indicator->window, sum_of));
    case KIND_ROSTER:
        return shorter(ask->by, sum_of);
    case KIND_MILESTONE:
        return indicator->frequency;
    default:
        return ask->by;
    }
}

/* Month rows serve whenever what is known now is asked for, and all is made of whole months. */
static void reckon(struct fold *fold) {
    const struct fold_question *ask = fold->ask;
    const struct period *plan = framework_plan(ask->framework);
    fold->window = window_of(ask, fold->indicator);
    fold->by_months = ask->by != PERIOD_DAY && fold->window != PERIOD_DAY;
    fold->from_days = !fold->by_months || ask->vintage != 0;
    fold->plan_start = fold_when(fold, plan->first);
    fold->last_said = CIVIL_DAY_MIN;
}

int fold_add_item(struct fold *fold, const struct fold_item *item) {
    if (fold->item_count == FOLD_ITEMS_MAX)
        return fold_too_much(fold);
    if (fold->item_count == fold->item_room) {
        fold->item_room = fold->item_room ? fold->item_room * 2 : 256;
        fold->item = mem_resize(fold->item, fold->item_room, sizeof *fold->item);
    }
    fold->item[fold->item_count++] = *item;
    return 0;
}

/* ---- figures ---- */

static int compare_items(const void *left, const void *right, void *arg) {
    const struct fold_item *a = left, *b = right;
    const struct fold *fold = arg;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    if (a->group != b->group)
        return compare_group(&fold->group[a->group], &fold->group[b->group], fold->ask->split_count);
    if (a->window != b->window)
        return a->window < b->window ? -1 : 1;
    return fold->indicator->kind == KIND_ROSTER ? str_compare(a->set, b->set) : 0;
}

static int64_t count_names(const struct fold_item *item, size_t count) {
    int64_t different = 0;
    for (size_t i = 0; i < count; i++)
        different += item[i].set.len > 0 && (i == 0 || !str_equal(item[i - 1].set, item[i].set));
    return different;
}

/* What is taken away for days whose figure holds can be more than the window has, as people come on many days. */
static int64_t sum_of_window(const struct fold *fold, const struct fold_item *item, size_t count,
                             struct sketch *scratch, double *error) {
    double before = *error;
    int64_t sum = 0;
    if (fold->indicator->kind == KIND_ROSTER)
        return count_names(item, count);
    if (fold->indicator->kind == KIND_DISTINCT)
        sum = fold_count_union(item, count, scratch, error);
    bool held = false;
    for (size_t i = 0; i < count; i++) {
        sum = cell_add(sum, item[i].sum);
        held = held || (item[i].mark & FOLD_HELD) != 0;
    }
    if (held && fold->window == PERIOD_DAY && fold->group[item->group].series_count == 1)
        *error = before; /* it is the very figure that was said */
    return held && sum < 0 && fold->indicator->kind == KIND_DISTINCT ? 0 : sum;
}

static void cover(const struct fold *fold, const struct period *period, uint32_t group,
                  struct fold_figure *out) {
    int32_t last = period->last < fold->ask->today ? period->last : fold->ask->today;
    if (fold->coverage == NULL || last < period->first)
        return;
    out->heard = fold_coverage_heard(fold->coverage, group, period->first, last);
    if (out->heard > 0)
        out->days = (uint32_t)(last - period->first + 1);
}

/* Mostly its first day is enough: the calendar is a good part of a plain count's time. */
static struct period period_at(const struct fold *fold, int32_t start) {
    enum kind kind = fold->indicator->kind;
    int32_t day = fold->by_months ? civil_first_day_of_month(start) : start;
    if (fold->coverage == NULL && kind != KIND_LEVEL && kind != KIND_MILESTONE)
        return (struct period){fold->ask->by, day, day};
    return period_of_day(fold->ask->by, day, framework_plan(fold->ask->framework));
}

static int emit(struct fold *fold,
                int (*figure)(void *arg, const struct fold_figure *figure, struct fault *why), void *arg) {
    struct period period = {0};
    struct sketch *scratch;
    char note[FOLD_NOTE_MAX];
    sketch_new(&scratch);
    int err = 0;
    for (size_t i = 0, end; i < fold->item_count && err == 0; i = end) {
        const struct fold_item *head = &fold->item[i];
        struct fold_figure out = {.group = head->group, .dim = fold->group[head->group].dim, .note = note};
        if (i == 0 || head->period != head[-1].period)
            period = period_at(fold, head->period);
        for (end = i; end < fold->item_count && fold->item[end].period == head->period &&
                      fold->item[end].group == head->group;) {
            size_t window = end;
            while (end < fold->item_count && fold->item[end].period == head->period &&
                   fold->item[end].group == head->group &&
                   fold->item[end].window == fold->item[window].window)
                end++;
            int64_t sum = sum_of_window(fold, &fold->item[window], end - window, scratch, &out.error);
            out.value = cell_add(out.value, sum);
        }
        out.period = period.first;
        fold_note_figure(fold, &period, head, end - i, note);
        if (fold->indicator->kind == KIND_MILESTONE) {
            out.has_on_time = true;
            out.on_time = fold_count_on_time(head, end - i);
        }
        cover(fold, &period, head->group, &out);
        err = figure(arg, &out, fold->why);
    }
    sketch_destroy(&scratch);
    return err;
}

/* ---- a question ---- */

static int check_sum_of(const struct fold_question *ask, const struct framework_indicator *indicator,
                        struct fault *why) {
    const char *by = period_type_name(ask->by), *of = period_type_name(ask->sum_of);
    if (!ask->has_sum_of)
        return 0;
    if (ask->sum_of > ask->by)
        return fault_set(why, -EINVAL, "a %s is not a sum of %ss: ask by %s, or by something longer", by, of,
                         of);
    switch (indicator->kind) {
    case KIND_LEVEL:
        return fault_set(why, -EINVAL,
                         "%.*s is a level, which is not added up over time: without --sum-of each %s has the "
                         "last value known at its end; --by %s shows each of them",
                         STR_ARG(indicator->id), by, of);
    case KIND_STATUS:
        return fault_set(why, -EINVAL,
                         "%.*s is a status, which is not added up over time: without --sum-of each %s tells "
                         "what was in force at its end; --by %s shows each of them",
                         STR_ARG(indicator->id), by, of);
    case KIND_RATIO:
        return fault_set(
            why, -EINVAL,
            "%.*s is a ratio, which is not added up: without --sum-of it is the one of the whole %s; or ask "
            "for the sums of %.*s and %.*s",
            STR_ARG(indicator->id), by,
            STR_ARG(framework_indicator_at(ask->framework, indicator->numerator)->id),
            STR_ARG(framework_indicator_at(ask->framework, indicator->denominator)->id));
    default:
        return 0;
    }
}

static int gather(struct fold *fold) {
    int err = 0;
    if (fold->indicator->kind == KIND_COUNT)
        err = fold_sums(fold, &fold->own);
    else if (fold->indicator->kind == KIND_DISTINCT)
        err = fold_sets(fold);
    if (err == 0 && fold->indicator->kind == KIND_DISTINCT)
        err = fold_firsts(fold);
    if (err == 0 && store_has_entries(fold->ask->snapshot))
        err = fold_entries(fold, &fold->own);
    bool by_collectors = !kind_is_entered(fold->indicator->kind) &&
                         !framework_is_fed_by_people(fold->ask->framework, fold->ask->indicator);
    if (err == 0 && fold->ask->coverage && by_collectors)
        err = fold_coverage_new(&fold->coverage, fold);
    return err;
}

static void release(struct fold *fold) {
    for (size_t i = 0; i < fold->group_count; i++)
        for (size_t k = 0; k < fold->ask->split_count; k++)
            str_free(fold->group[i].dim[k]);
    free(fold->group);
    free(fold->slot);
    free(fold->own.series);
    free(fold->own.group_of);
    free(fold->firsts.series);
    free(fold->firsts.group_of);
    free(fold->item);
    fold_coverage_destroy(&fold->coverage);
}

int fold_run(const struct fold_question *question,
             int (*figure)(void *arg, const struct fold_figure *figure, struct fault *why), void *arg,
             struct fault *why) {
    struct fold fold = {.ask = question,
                        .indicator = framework_indicator_at(question->framework, question->indicator),
                        .why = why};
    int err = check_sum_of(question, fold.indicator, why);
    if (err || question->first > question->last)
        return err;
    if (fold.indicator->kind == KIND_RATIO)
        return fold_ratio(question, figure, arg, why);
    reckon(&fold);
    fold.seed = hash_seed();
    err = fold_list_series(&fold, question->indicator, &fold.own);
    if (err == 0)
        err = gather(&fold);
    if (err == 0) {
        if (fold.item_count > 1)
            qsort_r(fold.item, fold.item_count, sizeof *fold.item, compare_items, &fold);
        err = emit(&fold, figure, arg);
    }
    release(&fold);
    return err;
}

enum period_type fold_window(const struct fold_question *question) {
    return window_of(question, framework_indicator_at(question->framework, question->indicator));
}
