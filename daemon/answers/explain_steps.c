/* Kinds that are folded as a whole: what each vintage after the closing moved the figure by. */
#include <stdlib.h>

#include "daemon/answers/explain_moves_priv.h"
#include "daemon/answers/words.h"
#include "daemon/store/cell.h"
#include "proto/check.h"
#include "proto/civil.h"

#define STEPS_MAX 64 /* vintages that are folded one by one; what came after them is told as one */

/* A vintage after the closing that brought something. */
struct step {
    uint32_t vintage, source;
    size_t withdrawal; /* NO_WITHDRAWAL: cells or entries */
    struct str reason; /* may be empty */
    bool corrects;     /* what was said of the period: told even when it moves nothing */
};

#define NO_WITHDRAWAL SIZE_MAX
#define CAUSES_MAX    256 /* of one step that are looked at for their reasons */

struct steps {
    struct moves *moves;
    struct step *step;
    size_t count, room;
    bool carries;
    bool *took; /* by place of the withdrawal: something that the figure was ever made of */
};

static void mark_withdrawals(const struct steps *steps, uint32_t source, int32_t day, uint32_t vintage) {
    withdrawals_mark(steps->moves->explaining->withdrawals, source, day, vintage, steps->took);
}

static int add_step(struct steps *steps, const struct step *step) {
    const struct step *last = steps->count ? &steps->step[steps->count - 1] : NULL;
    if (last && last->vintage == step->vintage && last->source == step->source &&
        last->withdrawal == step->withdrawal && str_equal(last->reason, step->reason) &&
        last->corrects == step->corrects)
        return 0;
    if (steps->count == steps->room) {
        if (steps->count == FOLD_ITEMS_MAX)
            return moves_too_much(steps->moves);
        steps->room = steps->room ? steps->room * 2 : 64;
        steps->step = mem_resize(steps->step, steps->room, sizeof *steps->step);
    }
    steps->step[steps->count++] = *step;
    return 0;
}

static int take_set(void *arg, const struct store_cell *cell) {
    struct steps *steps = arg;
    mark_withdrawals(steps, cell->source, cell->when, cell->vintage);
    if (cell->vintage <= steps->moves->closing->vintage)
        return 0;
    return add_step(steps, &(struct step){cell->vintage, cell->source, NO_WITHDRAWAL, {0}, false});
}

static int take_later_sum(void *arg, const struct store_sum *sum) {
    struct steps *steps = arg;
    mark_withdrawals(steps, sum->source, sum->when, sum->vintage);
    if (sum->vintage <= steps->moves->closing->vintage)
        return 0;
    return add_step(steps, &(struct step){sum->vintage, sum->source, NO_WITHDRAWAL, {0}, false});
}

static bool corrects(const struct explaining *explaining, const struct known *known,
                     const struct known_entry *entry) {
    const struct period *period = &explaining->period;
    if (entry->entry.reason.len == 0 || entry->state != MESSAGE_ENTRY_COUNTS)
        return false;
    return entry->entry.retracts ? known_is_within(known, entry->entry.retracts, period->first, period->last)
                                 : period_contains(period, entry->day);
}

static int take_known(struct steps *steps, uint32_t series) {
    const struct explaining *explaining = steps->moves->explaining;
    struct known known = {0};
    int err = known_add(&known, explaining->snapshot, series, CIVIL_DAY_MIN, CIVIL_DAY_MAX, 0,
                        explaining->withdrawals, explaining->why);
    if (err == 0)
        known_index(&known);
    for (size_t i = 0; i < known.count && err == 0; i++) {
        const struct known_entry *entry = &known.entry[i];
        bool touches = entry->entry.retracts || period_contains(&explaining->period, entry->day) ||
                       (steps->carries && entry->day <= explaining->period.last);
        if (!touches)
            continue;
        mark_withdrawals(steps, entry->source, entry->day, entry->vintage);
        if (entry->vintage > steps->moves->closing->vintage)
            err = add_step(steps, &(struct step){entry->vintage, entry->source, NO_WITHDRAWAL,
                                                 entry->entry.reason, corrects(explaining, &known, entry)});
    }
    known_clear(&known);
    return err;
}

/* Those of a ratio are those of what it is made of. */
static int take_indicator(struct steps *steps, size_t index) {
    const struct explaining *explaining = steps->moves->explaining;
    const struct framework_indicator *indicator = framework_indicator_at(explaining->framework, index);
    struct explain_group group;
    int err = 0;
    if (indicator->kind == KIND_RATIO) {
        err = take_indicator(steps, indicator->numerator);
        return err ? err : take_indicator(steps, indicator->denominator);
    }
    steps->carries = steps->carries || kind_carries(indicator->kind);
    explain_gather(explaining, index, &group);
    bool apart = index == explaining->index && indicator->kind == KIND_DISTINCT; /* entries told one by one */
    enum period_type type;
    size_t firsts;
    if (indicator->kind == KIND_DISTINCT &&
        framework_firsts(explaining->framework, index, explaining->period.type, &type, &firsts))
        err = take_indicator(steps, firsts);
    int32_t first = explaining->period.first, last = explaining->period.last;
    if (err == 0 && indicator->kind == KIND_COUNT)
        err = store_each_sum(explaining->snapshot, STORE_DAYS, group.series, group.count, first, last,
                             take_later_sum, steps, explaining->why);
    for (size_t i = 0; i < group.count && err == 0; i++) {
        if (indicator->kind == KIND_DISTINCT)
            err = store_each_cell(explaining->snapshot, STORE_DAYS, group.series[i], first, last, take_set,
                                  steps, explaining->why);
        if (err == 0 && !apart && store_has_entries(explaining->snapshot))
            err = take_known(steps, group.series[i]);
    }
    free(group.series);
    return err;
}

static int take_withdrawals(struct steps *steps) {
    const struct explaining *explaining = steps->moves->explaining;
    int err = 0;
    for (size_t i = 0; i < withdrawals_count(explaining->withdrawals) && err == 0; i++) {
        const struct withdrawal *withdrawal = withdrawals_at(explaining->withdrawals, i);
        if (steps->took[i] && withdrawal->vintage > steps->moves->closing->vintage)
            err = add_step(
                steps, &(struct step){withdrawal->vintage, withdrawal->source, i, withdrawal->reason, false});
    }
    return err;
}

static int compare_steps(const void *left, const void *right) {
    const struct step *a = left, *b = right;
    if (a->vintage != b->vintage)
        return a->vintage < b->vintage ? -1 : 1;
    if (a->withdrawal != b->withdrawal)
        return a->withdrawal < b->withdrawal ? -1 : 1; /* withdrawals first */
    return (a->source > b->source) - (a->source < b->source);
}

/* Reasons, each once; what has none came later. */
static void name_causes(const struct step *step, size_t count, struct words *what) {
    bool told = false;
    for (size_t i = 0; i < count; i++)
        told = told || step[i].reason.len == 0;
    words_add(what, "%s", told ? "came later" : "");
    for (size_t i = 0; i < count; i++) {
        size_t before = 0;
        bool withdrawn = step[i].withdrawal != NO_WITHDRAWAL;
        while (before < i && before < CAUSES_MAX && !str_equal(step[before].reason, step[i].reason))
            before++;
        if (i >= CAUSES_MAX || before < i || step[i].reason.len == 0)
            continue;
        words_add(what, "%s%s%.*s", told ? "; " : "", withdrawn && count > 1 ? "taken back: " : "",
                  STR_ARG(step[i].reason));
        told = true;
    }
}

/* What one or more steps, told as one, moved the figure by. A source is named where there is one; a vintage that a
 * withdrawal ended may have brought other things before it. */
static int tell_step(struct moves *moves, const struct step *step, size_t count, int64_t difference) {
    struct move move = {.source = step->source, .difference = difference};
    struct words what = {{0}};
    int err = moves_began(moves, step[count - 1].vintage, &move.at);
    bool one_reason = step->reason.len > 0;
    for (size_t i = 0; i < count; i++) {
        if (step[i].source != step->source)
            move.source = MOVES_NO_SOURCE;
        move.has_reason = move.has_reason || step[i].corrects;
        one_reason = one_reason && str_equal(step[i].reason, step->reason);
    }
    bool rest = step->vintage != step[count - 1].vintage;
    words_add(&what, "%s", rest ? "and all the rest: " : "");
    name_causes(step, count, &what);
    move.what = one_reason && !rest ? step->reason : str_of(what.text);
    return err ? err : moves_tell(moves, &move);
}

/* What is said of a distinct count, as it was known at the end of a vintage; 0: now. */
static int sum_entries(const struct moves *moves, uint32_t vintage, int64_t *sum) {
    const struct explaining *explaining = moves->explaining;
    int err = 0;
    *sum = 0;
    if (explaining->indicator->kind != KIND_DISTINCT || !store_has_entries(explaining->snapshot))
        return 0;
    for (size_t i = 0; i < explaining->group.count && err == 0; i++) {
        struct known known = {0};
        err = known_add(&known, explaining->snapshot, explaining->group.series[i], CIVIL_DAY_MIN,
                        CIVIL_DAY_MAX, vintage, explaining->withdrawals, explaining->why);
        int64_t *worth = moves_worth(moves, &known);
        for (size_t k = 0; k < known.count && err == 0; k++)
            *sum = cell_add(*sum, worth[k]);
        free(worth);
        known_clear(&known);
    }
    return err;
}

/* The figure without what is told of entries one by one. */
static int value_at(const struct moves *moves, uint32_t vintage, int64_t *value) {
    struct explain_figure figure;
    int64_t entries;
    int err = explain_fold(moves->explaining, moves->explaining->index, vintage, false, &figure);
    if (err == 0)
        err = sum_entries(moves, vintage, &entries);
    if (err == 0)
        *value = figure.value - entries;
    return err;
}

static int value_reported(const struct moves *moves, int64_t *value) {
    struct explain_figure figure;
    int64_t entries;
    int err = explain_reported(moves->explaining, moves->closing, moves->explaining->index, &figure);
    if (err == 0)
        err = sum_entries(moves, moves->closing->vintage, &entries);
    if (err == 0)
        *value = figure.value - entries;
    return err;
}

static int tell_steps(const struct steps *steps) {
    struct moves *moves = steps->moves;
    int64_t before, after;
    size_t told = 0;
    int err = value_reported(moves, &before);
    for (size_t i = 0, end; i < steps->count && err == 0; i = end) {
        bool rest = ++told == STEPS_MAX;
        for (end = i + 1; end < steps->count && (rest || steps->step[end].vintage == steps->step[i].vintage);)
            end++;
        err = value_at(moves, end == steps->count ? 0 : steps->step[i].vintage, &after);
        if (err == 0)
            err = tell_step(moves, &steps->step[i], end - i, after - before);
        before = after;
    }
    return err;
}

int moves_stepwise(struct moves *moves) {
    const struct withdrawals *withdrawals = moves->explaining->withdrawals;
    struct steps steps = {.moves = moves,
                          .took = mem_zeroed(withdrawals_count(withdrawals) + 1, sizeof *steps.took)};
    int err = take_indicator(&steps, moves->explaining->index);
    if (err == 0)
        err = take_withdrawals(&steps);
    if (err == 0) {
        if (steps.count > 1)
            qsort(steps.step, steps.count, sizeof *steps.step, compare_steps);
        err = tell_steps(&steps);
    }
    if (err == 0 && moves->explaining->indicator->kind == KIND_DISTINCT)
        err = moves_entries(moves);
    free(steps.step);
    free(steps.took);
    return err;
}
