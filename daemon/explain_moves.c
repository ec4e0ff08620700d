#include <errno.h>
#include <stdlib.h>

#include "daemon/cell.h"
#include "daemon/explain_priv.h"
#include "daemon/words.h"
#include "proto/check.h"
#include "proto/civil.h"

#define STEPS_MAX 64 /* vintages that are folded one by one; what came after them is told as one */

/* What came after the closing: each number and entry for itself, where these make the figure one by one. Of distinct
 * counts, rosters and ratios the figure is folded as it was known after each vintage that brought something, and what it
 * moved by is told of that vintage; but differences said of a distinct count are told as what they are. */
struct moves {
    struct explaining *explaining;
    const struct closing *closing;
    struct item *item;
    size_t item_count, item_room;
};

/* A difference, by what brought it: a vintage of a source, or a withdrawal. */
struct item {
    bool withdrawn;
    uint32_t source;
    uint32_t number; /* of the vintage, or of the withdrawal */
    int64_t difference;
};

static int too_much(const struct moves *moves) {
    return fault_set(moves->explaining->why, -E2BIG,
                     "too much at once for %.*s: ask for a shorter period, or name more dimensions",
                     STR_ARG(moves->explaining->indicator->id));
}

static int add_item(struct moves *moves, const struct item *item) {
    if (moves->item_count == moves->item_room) {
        if (moves->item_count == FOLD_ITEMS_MAX)
            return too_much(moves);
        moves->item_room = moves->item_room ? moves->item_room * 2 : 64;
        moves->item = mem_resize(moves->item, moves->item_room, sizeof *moves->item);
    }
    moves->item[moves->item_count++] = *item;
    return 0;
}

/* ---- telling ---- */

static int64_t began(const struct moves *moves, uint32_t number) {
    struct store_vintage vintage;
    return store_vintage_get(moves->explaining->snapshot, number, &vintage, NULL) == 0 ? vintage.began : 0;
}

static void write_move(const struct moves *moves, const struct message_move_row *row) {
    struct explaining *explaining = moves->explaining;
    if (row->difference && explain_room(explaining, MESSAGE_LIST_MOVES))
        message_write_move(explaining->list[MESSAGE_LIST_MOVES], row);
}

static int write_from(const struct moves *moves, uint32_t source, struct message_move_row *row) {
    int err = explain_source(moves->explaining, source, &row->source);
    if (err == 0)
        write_move(moves, row);
    return err;
}

/* The withdrawal after the closing that took it back; withdrawals_count: there is none. */
static size_t find_withdrawal(const struct moves *moves, uint32_t source, int32_t day, uint32_t vintage) {
    const struct withdrawals *withdrawals = moves->explaining->withdrawals;
    size_t count = withdrawals_count(withdrawals);
    for (size_t i = 0; i < count; i++) {
        const struct withdrawal *withdrawal = withdrawals_at(withdrawals, i);
        if (withdrawal->source == source && withdrawal->first <= day && day <= withdrawal->last &&
            vintage <= withdrawal->vintage && withdrawal->vintage > moves->closing->vintage)
            return i;
    }
    return count;
}

/* ---- numbers ---- */

static int take_sum(void *arg, const struct store_sum *sum) {
    struct moves *moves = arg;
    const struct withdrawals *withdrawals = moves->explaining->withdrawals;
    uint32_t closed = moves->closing->vintage;
    bool counted = sum->vintage <= closed &&
                   withdrawals_counts(withdrawals, sum->source, sum->when, sum->vintage, closed);
    bool counts = withdrawals_counts(withdrawals, sum->source, sum->when, sum->vintage, 0);
    if (counts == counted)
        return 0;
    struct item item = {.source = sum->source, .number = sum->vintage, .difference = sum->sum};
    if (!counts) {
        item.withdrawn = true;
        item.number = (uint32_t)find_withdrawal(moves, sum->source, sum->when, sum->vintage);
        item.difference = -sum->sum;
    }
    return add_item(moves, &item);
}

static int compare_items(const void *left, const void *right) {
    const struct item *a = left, *b = right;
    if (a->withdrawn != b->withdrawn)
        return a->withdrawn ? 1 : -1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return (a->source > b->source) - (a->source < b->source);
}

static int write_items(const struct moves *moves) {
    int err = 0;
    if (moves->item_count > 1)
        qsort(moves->item, moves->item_count, sizeof *moves->item, compare_items);
    for (size_t i = 0, end; i < moves->item_count && err == 0; i = end) {
        const struct item *head = &moves->item[i];
        struct message_move_row row = {.what = STR("came later")};
        for (end = i; end < moves->item_count && compare_items(head, &moves->item[end]) == 0; end++)
            row.difference = cell_add(row.difference, moves->item[end].difference);
        if (head->withdrawn) {
            const struct withdrawal *withdrawal =
                withdrawals_at(moves->explaining->withdrawals, head->number);
            row.at = withdrawal->at;
            row.what = withdrawal->reason;
        } else {
            row.at = began(moves, head->number);
        }
        err = write_from(moves, head->source, &row);
    }
    return err;
}

/* ---- entries ---- */

/* What entry `index` adds to the figure. A milestone is done once for a period of its frequency, however often it is
 * said: the first one counts. */
static int64_t worth(const struct moves *moves, const struct known *known, size_t index) {
    const struct explaining *explaining = moves->explaining;
    const struct known_entry *entry = &known->entry[index];
    if (!known_says(entry) || !period_contains(&explaining->period, entry->day))
        return 0;
    if (explaining->indicator->kind == KIND_COUNT || explaining->indicator->kind == KIND_DISTINCT)
        return entry->entry.value;
    if (explaining->indicator->kind != KIND_MILESTONE)
        return 1;
    struct period once =
        period_of_day(explaining->indicator->frequency, entry->day, framework_plan(explaining->framework));
    for (size_t i = 0; i < index; i++)
        if (known_says(&known->entry[i]) && period_contains(&once, known->entry[i].day) &&
            period_contains(&explaining->period, known->entry[i].day))
            return 0;
    return 1;
}

static int order_of(const struct known_entry *a, const struct known_entry *b) {
    return entry_compare(a->at, &a->entry, b->at, &b->entry);
}

static bool is_same(const struct known_entry *a, const struct known_entry *b) {
    return a->source == b->source && a->vintage == b->vintage && a->day == b->day &&
           a->entry.id == b->entry.id;
}

/* Both lists have the same order, and all of `then` is in `now`: `*from` goes along. */
static int64_t worth_then(const struct moves *moves, const struct known *then, size_t *from,
                          const struct known_entry *entry) {
    while (*from < then->count && order_of(&then->entry[*from], entry) < 0)
        ++*from;
    for (size_t i = *from; i < then->count && order_of(&then->entry[i], entry) == 0; i++)
        if (is_same(&then->entry[i], entry))
            return worth(moves, then, i);
    return 0;
}

/* One that retracts entry `id` and is in that state; NULL: there is none. */
static const struct known_entry *find_retraction(const struct known *known, uint64_t id,
                                                 enum message_entry_state state) {
    for (size_t i = 0; i < known->count; i++)
        if (known->entry[i].entry.retracts == id && known->entry[i].state == state)
            return &known->entry[i];
    return NULL;
}

static struct str reason_of(const struct known_entry *entry) {
    return entry->entry.reason.len ? entry->entry.reason : STR("came later");
}

static int tell_withdrawn(const struct moves *moves, const struct known_entry *taken,
                          const struct known_entry *entry, struct message_move_row *row) {
    const struct withdrawals *withdrawals = moves->explaining->withdrawals;
    size_t index = find_withdrawal(moves, taken->source, taken->day, taken->vintage);
    if (index == withdrawals_count(withdrawals)) {
        row->at = began(moves, taken->vintage);
        row->what = STR("withdrawn");
    } else {
        row->at = withdrawals_at(withdrawals, index)->at;
        row->what = withdrawals_at(withdrawals, index)->reason;
    }
    return write_from(moves, entry->source, row);
}

/* Why an entry that was known counts otherwise than it did: it was taken back, or what took it back was, or another
 * one of its id stands in its place now. */
static int tell_change(const struct moves *moves, const struct known *known, const struct known_entry *entry,
                       struct message_move_row *row) {
    uint64_t id = entry->entry.id;
    const struct known_entry *cause = NULL, *undone;
    if (entry->state == MESSAGE_ENTRY_WITHDRAWN)
        return tell_withdrawn(moves, entry, entry, row);
    if (entry->state == MESSAGE_ENTRY_RETRACTED)
        cause = find_retraction(known, id, MESSAGE_ENTRY_COUNTS);
    else if ((undone = find_retraction(known, id, MESSAGE_ENTRY_RETRACTED)))
        cause = find_retraction(known, undone->entry.id, MESSAGE_ENTRY_COUNTS);
    else if ((undone = find_retraction(known, id, MESSAGE_ENTRY_WITHDRAWN)))
        return tell_withdrawn(moves, undone, entry, row);
    if (cause) {
        row->at = began(moves, cause->vintage);
        row->what = reason_of(cause);
        return write_from(moves, cause->source, row);
    }
    row->at = began(moves, entry->vintage);
    row->what = STR("another entry counts now");
    return write_from(moves, entry->source, row);
}

static int tell_series(const struct moves *moves, const struct known *then, const struct known *now) {
    size_t from = 0;
    int err = 0;
    for (size_t i = 0; i < now->count && err == 0; i++) {
        const struct known_entry *entry = &now->entry[i];
        bool is_new = entry->vintage > moves->closing->vintage;
        int64_t before = is_new ? 0 : worth_then(moves, then, &from, entry);
        struct message_move_row row = {.difference = worth(moves, now, i) - before};
        if (row.difference == 0)
            continue;
        if (is_new) {
            row.at = began(moves, entry->vintage);
            row.what = reason_of(entry);
            err = write_from(moves, entry->source, &row);
        } else {
            err = tell_change(moves, now, entry, &row);
        }
    }
    return err;
}

/* ---- what holds on: of each series the last statement ---- */

/* The statement that holds at the end of the period; SIZE_MAX: there is none. */
static size_t find_holding(const struct moves *moves, const struct known *known) {
    size_t holding = SIZE_MAX;
    for (size_t i = 0; i < known->count && known->entry[i].day <= moves->explaining->period.last; i++)
        if (known_says(&known->entry[i]))
            holding = i;
    return holding;
}

static int64_t value_of(const struct moves *moves, const struct known *known, size_t index) {
    if (index == SIZE_MAX)
        return 0;
    int64_t value = known->entry[index].entry.value;
    return moves->explaining->indicator->kind == KIND_STATUS ? value != 0 : value;
}

/* Another statement holds now: it came later; or what held was taken back; or it could hold again. */
static int tell_holding(const struct moves *moves, const struct known *then, const struct known *now) {
    size_t before = find_holding(moves, then), after = find_holding(moves, now);
    struct message_move_row row = {.difference = value_of(moves, now, after) - value_of(moves, then, before)};
    if (row.difference == 0)
        return 0;
    if (after != SIZE_MAX && now->entry[after].vintage > moves->closing->vintage) {
        row.at = began(moves, now->entry[after].vintage);
        row.what = reason_of(&now->entry[after]);
        return write_from(moves, now->entry[after].source, &row);
    }
    for (size_t i = 0; before != SIZE_MAX && i < now->count; i++)
        if (is_same(&now->entry[i], &then->entry[before]) && !known_says(&now->entry[i]))
            return tell_change(moves, now, &now->entry[i], &row);
    return tell_change(moves, now, &now->entry[after], &row);
}

static int take_entries(struct moves *moves) {
    const struct explaining *explaining = moves->explaining;
    int err = 0;
    if (!store_has_entries(explaining->snapshot))
        return 0;
    for (size_t i = 0; i < explaining->group.count && err == 0; i++) {
        struct known then = {0}, now = {0};
        uint32_t series = explaining->group.series[i];
        err = known_add(&then, explaining->snapshot, series, CIVIL_DAY_MAX, moves->closing->vintage,
                        explaining->withdrawals, explaining->why);
        if (err == 0)
            err = known_add(&now, explaining->snapshot, series, CIVIL_DAY_MAX, 0, explaining->withdrawals,
                            explaining->why);
        if (err == 0 && kind_carries(explaining->indicator->kind))
            err = tell_holding(moves, &then, &now);
        else if (err == 0)
            err = tell_series(moves, &then, &now);
        known_clear(&then);
        known_clear(&now);
    }
    return err;
}

static int explain_one_by_one(struct moves *moves) {
    const struct explaining *explaining = moves->explaining;
    const struct explain_group *group = &explaining->group;
    int err = 0;
    if (explaining->indicator->kind == KIND_COUNT)
        err = store_each_sum(explaining->snapshot, STORE_DAYS, group->series, group->count,
                             explaining->period.first, explaining->period.last, take_sum, moves,
                             explaining->why);
    if (err == 0)
        err = write_items(moves);
    return err ? err : take_entries(moves);
}

/* ---- kinds that are folded as a whole: vintage by vintage ---- */

/* A vintage after the closing that brought something. */
struct step {
    uint32_t vintage, source;
    size_t withdrawal; /* NO_WITHDRAWAL: cells or entries */
    struct str reason; /* of an entry; may be empty */
};

#define NO_WITHDRAWAL SIZE_MAX

struct steps {
    struct moves *moves;
    struct step *step;
    size_t count, room;
    bool carries;
    bool *gave; /* by number of the source: something that the figure was ever made of */
    uint32_t gave_room;
};

static void note_source(struct steps *steps, uint32_t source) {
    if (source >= steps->gave_room) {
        uint32_t room = steps->gave_room ? steps->gave_room : 64;
        while (room <= source)
            room *= 2;
        steps->gave = mem_resize(steps->gave, room, sizeof *steps->gave);
        memset(steps->gave + steps->gave_room, 0, (room - steps->gave_room) * sizeof *steps->gave);
        steps->gave_room = room;
    }
    steps->gave[source] = true;
}

static int add_step(struct steps *steps, const struct step *step) {
    const struct step *last = steps->count ? &steps->step[steps->count - 1] : NULL;
    if (last && last->vintage == step->vintage && last->source == step->source &&
        last->withdrawal == step->withdrawal && str_equal(last->reason, step->reason))
        return 0;
    if (steps->count == steps->room) {
        if (steps->count == FOLD_ITEMS_MAX)
            return too_much(steps->moves);
        steps->room = steps->room ? steps->room * 2 : 64;
        steps->step = mem_resize(steps->step, steps->room, sizeof *steps->step);
    }
    steps->step[steps->count++] = *step;
    return 0;
}

static int take_set(void *arg, const struct store_cell *cell) {
    struct steps *steps = arg;
    note_source(steps, cell->source);
    if (cell->vintage <= steps->moves->closing->vintage)
        return 0;
    return add_step(steps, &(struct step){cell->vintage, cell->source, NO_WITHDRAWAL, {0}});
}

static int take_later_sum(void *arg, const struct store_sum *sum) {
    struct steps *steps = arg;
    note_source(steps, sum->source);
    if (sum->vintage <= steps->moves->closing->vintage)
        return 0;
    return add_step(steps, &(struct step){sum->vintage, sum->source, NO_WITHDRAWAL, {0}});
}

static int take_known(struct steps *steps, uint32_t series) {
    const struct explaining *explaining = steps->moves->explaining;
    struct known known = {0};
    int err = known_add(&known, explaining->snapshot, series, CIVIL_DAY_MAX, 0, explaining->withdrawals,
                        explaining->why);
    for (size_t i = 0; i < known.count && err == 0; i++) {
        const struct known_entry *entry = &known.entry[i];
        bool touches = entry->entry.retracts || period_contains(&explaining->period, entry->day) ||
                       (steps->carries && entry->day <= explaining->period.last);
        if (!touches)
            continue;
        note_source(steps, entry->source);
        if (entry->vintage > steps->moves->closing->vintage)
            err = add_step(steps,
                           &(struct step){entry->vintage, entry->source, NO_WITHDRAWAL, entry->entry.reason});
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
    bool apart = explaining->indicator->kind == KIND_DISTINCT; /* its entries are told one by one */
    int32_t first = explaining->period.first, last = explaining->period.last;
    if (indicator->kind == KIND_COUNT)
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
        bool concerns = withdrawal->source < steps->gave_room && steps->gave[withdrawal->source];
        if (concerns && withdrawal->vintage > steps->moves->closing->vintage &&
            withdrawal->first <= explaining->period.last &&
            (withdrawal->last >= explaining->period.first || steps->carries))
            err = add_step(steps,
                           &(struct step){withdrawal->vintage, withdrawal->source, i, withdrawal->reason});
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

/* What one or more steps, told as one, moved the figure by. A source and a reason are named where there is one; a
 * vintage that a withdrawal ended may have brought other things before it. */
static int tell_step(const struct moves *moves, const struct step *step, size_t count, int64_t difference) {
    struct message_move_row row = {
        .at = began(moves, step[count - 1].vintage), .source = STR(""), .difference = difference};
    struct words mixed = {{0}};
    bool one_source = true, one_reason = true;
    for (size_t i = 1; i < count; i++) {
        one_source = one_source && step[i].source == step->source;
        one_reason = one_reason && str_equal(step[i].reason, step->reason);
    }
    row.what = one_reason && step->reason.len ? step->reason : STR("came later");
    if (step->withdrawal != NO_WITHDRAWAL && !one_reason) {
        words_add(&mixed, "came later; taken back: %.*s", STR_ARG(step->reason));
        row.what = str_of(mixed.text);
    }
    if (one_source)
        return write_from(moves, step->source, &row);
    write_move(moves, &row);
    return 0;
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
        err = known_add(&known, explaining->snapshot, explaining->group.series[i], CIVIL_DAY_MAX, vintage,
                        explaining->withdrawals, explaining->why);
        for (size_t k = 0; k < known.count && err == 0; k++)
            *sum = cell_add(*sum, worth(moves, &known, k));
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
    const struct moves *moves = steps->moves;
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

static int explain_stepwise(struct moves *moves) {
    struct steps steps = {.moves = moves};
    int err = take_indicator(&steps, moves->explaining->index);
    if (err == 0)
        err = take_withdrawals(&steps);
    if (err == 0) {
        if (steps.count > 1)
            qsort(steps.step, steps.count, sizeof *steps.step, compare_steps);
        err = tell_steps(&steps);
    }
    if (err == 0 && moves->explaining->indicator->kind == KIND_DISTINCT)
        err = take_entries(moves);
    free(steps.step);
    free(steps.gave);
    return err;
}

int explain_moves(struct explaining *explaining, const struct closing *closing) {
    struct moves moves = {.explaining = explaining, .closing = closing};
    enum kind kind = explaining->indicator->kind;
    bool whole = kind == KIND_DISTINCT || kind == KIND_ROSTER || kind == KIND_RATIO;
    int err = whole ? explain_stepwise(&moves) : explain_one_by_one(&moves);
    free(moves.item);
    return err;
}
