#include "daemon/answers/explain_moves_priv.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/store/cell.h"
#include "daemon/store/hash.h"
#include "proto/check.h"
#include "proto/civil.h"

void moves_add(struct moves_leaf *leaf, uint32_t step, int64_t difference) {
    leaf->difference[step] = cell_add(leaf->difference[step], difference);
}

/* What was counted comes in order of time, so that mostly one change is enough for a window. */
static bool add_to_last(struct moves_leaf *leaf, const struct moves_change *change) {
    struct moves_change *last = leaf->change_count > 0 ? &leaf->change[leaf->change_count - 1] : NULL;
    if (last == NULL || last->window != change->window || last->step != change->step ||
        !str_equal(last->name, change->name))
        return false;
    last->held += change->held;
    last->difference = cell_add(last->difference, change->difference);
    return true;
}

int moves_add_change(struct moves_leaf *leaf, const struct moves_change *change) {
    if (add_to_last(leaf, change))
        return 0;
    if (leaf->change_count == leaf->change_room) {
        if (leaf->change_count == FOLD_ITEMS_MAX)
            return moves_too_much(leaf->moves);
        leaf->change_room = leaf->change_room ? leaf->change_room * 2 : 64;
        leaf->change = mem_resize(leaf->change, leaf->change_room, sizeof *leaf->change);
    }
    leaf->change[leaf->change_count++] = *change;
    return 0;
}

int32_t moves_window(const struct moves_leaf *leaf, int32_t day) {
    const struct explaining *explaining = leaf->moves->explaining;
    if (explaining->period.type <= leaf->indicator->window)
        return explaining->period.first;
    return period_of_day(leaf->indicator->window, day, framework_plan(explaining->framework)).first;
}

/* ---- which indicators ---- */

static struct moves_leaf *find_leaf(const struct moves *moves, size_t index) {
    for (size_t i = 0; i < moves->leaf_count; i++)
        if (moves->leaf[i].index == index)
            return &moves->leaf[i];
    return NULL;
}

/* Those of a ratio are those of what it is made of. */
static void gather(struct moves *moves, size_t index) {
    const struct framework_indicator *indicator = framework_indicator_at(moves->explaining->framework, index);
    if (indicator->kind == KIND_RATIO) {
        gather(moves, indicator->numerator);
        gather(moves, indicator->denominator);
        return;
    }
    if (find_leaf(moves, index))
        return;
    moves->leaf = mem_resize(moves->leaf, moves->leaf_count + 1, sizeof *moves->leaf);
    struct moves_leaf *leaf = &moves->leaf[moves->leaf_count++];
    *leaf = (struct moves_leaf){.moves = moves, .index = index, .indicator = indicator};
    explain_gather(moves->explaining, index, &leaf->group);
    enum period_type type;
    size_t firsts;
    if (framework_firsts(moves->explaining->framework, index, moves->explaining->period.type, &type, &firsts))
        explain_gather(moves->explaining, firsts, &leaf->firsts);
}

/* ---- the causes ---- */

static int note_sum(void *arg, const struct store_sum *sum) {
    struct moves *moves = arg;
    uint32_t came, gone;
    const struct moves_given given = {sum->source, sum->vintage, sum->when, NULL};
    return moves_span(moves, &given, &came, &gone);
}

static int note_set(void *arg, const struct store_cell *cell) {
    struct moves *moves = arg;
    uint32_t came, gone;
    const struct moves_given given = {cell->source, cell->vintage, cell->when, NULL};
    return moves_span(moves, &given, &came, &gone);
}

static int note_entry(void *arg, const struct store_entry *stored) {
    struct moves *moves = arg;
    struct entry entry;
    uint32_t came, gone;
    int64_t at;
    if (cell_entry_decode(stored->value, &at, &entry) != 0)
        return fault_set(moves->explaining->why, -EBADMSG,
                         "the store holds a damaged entry; \"suivi check\" tells where");
    const struct moves_given given = {stored->source, stored->vintage, stored->day, &entry};
    return moves_span(moves, &given, &came, &gone);
}

/* Those who were counted one by one stand beside a day of a distinct kind, and a corrected figure of it in the place of
 * both. */
static int note_firsts_of_day(struct moves *moves, const struct moves_leaf *leaf) {
    struct explaining *explaining = moves->explaining;
    struct explain_group group;
    enum period_type type;
    size_t count;
    if (!framework_firsts(explaining->framework, leaf->index, PERIOD_DAY, &type, &count))
        return 0;
    explain_gather(explaining, count, &group);
    int err = group.count == 0 ? 0
                               : store_each_sum(explaining->snapshot, STORE_DAYS, group.series, group.count,
                                                explaining->period.first, explaining->period.last, note_sum,
                                                moves, explaining->why);
    free(group.series);
    return err;
}

static int note_group(struct moves *moves, const struct explain_group *group, enum kind kind) {
    const struct explaining *explaining = moves->explaining;
    int32_t first = explaining->period.first, last = explaining->period.last;
    int err = 0;
    if (kind == KIND_COUNT)
        err = store_each_sum(explaining->snapshot, STORE_DAYS, group->series, group->count, first, last,
                             note_sum, moves, explaining->why);
    for (size_t i = 0; i < group->count && err == 0; i++) {
        if (kind == KIND_DISTINCT)
            err = store_each_cell(explaining->snapshot, STORE_DAYS, group->series[i], first, last, note_set,
                                  moves, explaining->why);
        if (err == 0 && store_has_entries(explaining->snapshot))
            err = store_each_entry(explaining->snapshot, group->series[i], CIVIL_DAY_MIN, CIVIL_DAY_MAX,
                                   note_entry, moves, explaining->why);
    }
    return err;
}

static int note_leaf(struct moves *moves, const struct moves_leaf *leaf) {
    int err = note_group(moves, &leaf->group, leaf->indicator->kind);
    if (err == 0 && leaf->indicator->kind == KIND_DISTINCT)
        err = note_group(moves, &leaf->firsts, KIND_COUNT);
    if (err == 0 && leaf->indicator->kind == KIND_DISTINCT)
        err = note_firsts_of_day(moves, leaf);
    return err;
}

/* ---- the figures ---- */

/* To the sets of the window beside which it stands; else to the figure. */
static int add_number(struct moves_leaf *leaf, int32_t day, uint32_t step, int64_t difference) {
    if (leaf->indicator->kind == KIND_DISTINCT)
        return moves_add_change(leaf, &(struct moves_change){.window = moves_window(leaf, day),
                                                             .step = step,
                                                             .difference = difference});
    moves_add(leaf, step, difference);
    return 0;
}

static int add_sum(void *arg, const struct store_sum *sum) {
    struct moves_leaf *leaf = arg;
    uint32_t came, gone;
    const struct moves_given given = {sum->source, sum->vintage, sum->when, NULL};
    int err = moves_span(leaf->moves, &given, &came, &gone);
    if (err || came >= gone)
        return err;
    err = add_number(leaf, sum->when, came, sum->sum);
    return err || gone == MOVES_NEVER ? err : add_number(leaf, sum->when, gone, moves_minus(0, sum->sum));
}

/* `numbers`: its cells are sums. */
static int reckon_group(struct moves_leaf *leaf, const struct explain_group *group, bool numbers) {
    const struct explaining *explaining = leaf->moves->explaining;
    int err = 0;
    if (numbers)
        err =
            store_each_sum(explaining->snapshot, STORE_DAYS, group->series, group->count,
                           explaining->period.first, explaining->period.last, add_sum, leaf, explaining->why);
    for (size_t i = 0; i < group->count && err == 0 && store_has_entries(explaining->snapshot); i++)
        err = moves_series(leaf, group->series[i], numbers);
    return err;
}

static int reckon_leaf(struct moves_leaf *leaf) {
    enum kind kind = leaf->indicator->kind;
    free(leaf->difference);
    leaf->difference = mem_zeroed(leaf->moves->cause_count + 1, sizeof *leaf->difference);
    leaf->change_count = 0;
    int err = reckon_group(leaf, &leaf->group, kind == KIND_COUNT);
    if (err == 0 && kind == KIND_DISTINCT)
        err = reckon_group(leaf, &leaf->firsts, true);
    if (err == 0 && kind == KIND_DISTINCT)
        err = moves_sets(leaf);
    if (err == 0 && kind == KIND_ROSTER)
        moves_names(leaf);
    return err;
}

/* When that is too much work the later causes are taken as one, and more of them until it is not. */
static int reckon(struct moves *moves) {
    int err;
    do {
        moves->work = 0;
        err = 0;
        for (size_t i = 0; i < moves->leaf_count && err == 0; i++)
            err = reckon_leaf(&moves->leaf[i]);
        if (err > 0)
            moves->last_step = moves->last_step / 8 + 1;
    } while (err > 0);
    return err;
}

static int64_t value_of(const struct moves *moves, size_t index) {
    const struct framework *framework = moves->explaining->framework;
    const struct framework_indicator *indicator = framework_indicator_at(framework, index);
    if (indicator->kind != KIND_RATIO)
        return find_leaf(moves, index)->value;
    return fold_divide(framework, index, value_of(moves, indicator->numerator),
                       value_of(moves, indicator->denominator));
}

/* By how much the figure moved at each step; of step 0 the figure itself. Caller frees. */
static int64_t *walk(const struct moves *moves) {
    int64_t *difference = mem_zeroed(moves->cause_count + 1, sizeof *difference), before = 0;
    for (uint32_t step = 0; step <= moves->last_step; step++) {
        for (size_t i = 0; i < moves->leaf_count; i++)
            moves->leaf[i].value = cell_add(moves->leaf[i].value, moves->leaf[i].difference[step]);
        int64_t after = value_of(moves, moves->explaining->index);
        difference[step] = moves_minus(after, before);
        before = after;
    }
    return difference;
}

/* All with the decimals of the answer: the most of those of the plan and of the closing (explain.c). */
static void with_decimals(const struct moves *moves, struct explain_figure *reported, int64_t *difference) {
    unsigned own = moves->explaining->indicator->decimals, had = reported->decimals;
    (void)closing_scale(&reported->value, had, own);
    for (uint32_t step = 0; step <= moves->last_step; step++)
        (void)closing_scale(&difference[step], own, had);
}

static void clear(struct moves *moves) {
    for (size_t i = 0; i < moves->leaf_count; i++) {
        free(moves->leaf[i].group.series);
        free(moves->leaf[i].firsts.series);
        free(moves->leaf[i].difference);
        free(moves->leaf[i].change);
    }
    free(moves->leaf);
    free(moves->cause);
    free(moves->slot);
    free(moves->order);
}

int explain_moves(struct explaining *explaining, const struct closing *closing) {
    struct moves moves = {.explaining = explaining, .closing = closing, .seed = hash_seed()};
    struct explain_figure reported;
    int err = explain_reported(explaining, closing, explaining->index, &reported);
    if (err || (!reported.any && *reported.note))
        return err;
    gather(&moves, explaining->index);
    for (size_t i = 0; i < moves.leaf_count && err == 0; i++)
        err = note_leaf(&moves, &moves.leaf[i]);
    if (err == 0) {
        moves_put_in_order(&moves);
        err = reckon(&moves);
    }
    if (err == 0) {
        int64_t *difference = walk(&moves);
        with_decimals(&moves, &reported, difference);
        err = moves_write(&moves, moves_minus(difference[0], reported.value), difference);
        free(difference);
    }
    clear(&moves);
    return err;
}
