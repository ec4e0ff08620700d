#include <errno.h>
#include <stdlib.h>

#include "daemon/answers/explain_moves_priv.h"
#include "daemon/store/cell.h"
#include "proto/check.h"
#include "proto/civil.h"

/* Each number and entry for itself, where these make the figure one by one. Of distinct counts, rosters and ratios the
 * figure is folded as it was known after each vintage that brought something (explain_steps.c); but differences said of
 * a distinct count are told as what they are. */

int moves_too_much(const struct moves *moves) {
    return fault_set(moves->explaining->why, -E2BIG,
                     "too much at once for %.*s: ask for a shorter period, or name more dimensions",
                     STR_ARG(moves->explaining->indicator->id));
}

static int add_item(struct moves *moves, const struct move_item *item) {
    if (moves->item_count == moves->item_room) {
        if (moves->item_count == FOLD_ITEMS_MAX)
            return moves_too_much(moves);
        moves->item_room = moves->item_room ? moves->item_room * 2 : 64;
        moves->item = mem_resize(moves->item, moves->item_room, sizeof *moves->item);
    }
    moves->item[moves->item_count++] = *item;
    return 0;
}

/* ---- telling ---- */

int moves_began(const struct moves *moves, uint32_t vintage, int64_t *at) {
    struct store_vintage found;
    struct fault *why = moves->explaining->why;
    int err = store_vintage_get(moves->explaining->snapshot, vintage, &found, why);
    if (err == -ENOENT)
        return fault_set(why, -EBADMSG,
                         "the store does not tell when vintage %u began; \"suivi check\" tells more",
                         vintage);
    if (err == 0)
        *at = found.began;
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
    struct move_item item = {.source = sum->source, .number = sum->vintage, .difference = sum->sum};
    if (!counts) {
        item.withdrawn = true;
        item.number = (uint32_t)find_withdrawal(moves, sum->source, sum->when, sum->vintage);
        item.difference = -sum->sum;
    }
    return add_item(moves, &item);
}

static int compare_items(const void *left, const void *right) {
    const struct move_item *a = left, *b = right;
    if (a->withdrawn != b->withdrawn)
        return a->withdrawn ? 1 : -1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return (a->source > b->source) - (a->source < b->source);
}

static int tell_items(struct moves *moves) {
    int err = 0;
    if (moves->item_count > 1)
        qsort(moves->item, moves->item_count, sizeof *moves->item, compare_items);
    for (size_t i = 0, end; i < moves->item_count && err == 0; i = end) {
        const struct move_item *head = &moves->item[i];
        struct move move = {.source = head->source, .what = STR("came later")};
        for (end = i; end < moves->item_count && compare_items(head, &moves->item[end]) == 0; end++)
            move.difference = cell_add(move.difference, moves->item[end].difference);
        if (head->withdrawn) {
            const struct withdrawal *withdrawal =
                withdrawals_at(moves->explaining->withdrawals, head->number);
            move.at = withdrawal->at;
            move.what = withdrawal->reason;
        } else {
            err = moves_began(moves, head->number, &move.at);
        }
        if (err == 0)
            err = moves_tell(moves, &move);
    }
    return err;
}

/* ---- entries ---- */

static bool says_within(const struct moves *moves, const struct known_entry *entry) {
    return known_says(entry) && period_contains(&moves->explaining->period, entry->day);
}

/* A milestone is done once for a period of its frequency, however often it is said: the first one counts. They stand in
 * the order of their days. */
static void mark_first(const struct moves *moves, const struct known *known, int64_t *worth) {
    const struct explaining *explaining = moves->explaining;
    const struct period *plan = framework_plan(explaining->framework);
    struct period once = {.first = 1, .last = 0};
    for (size_t i = 0; i < known->count; i++) {
        int32_t day = known->entry[i].day;
        if (!says_within(moves, &known->entry[i]) || period_contains(&once, day))
            continue;
        once = period_of_day(explaining->indicator->frequency, day, plan);
        worth[i] = 1;
    }
}

int64_t *moves_worth(const struct moves *moves, const struct known *known) {
    enum kind kind = moves->explaining->indicator->kind;
    bool has_value = kind == KIND_COUNT || kind == KIND_DISTINCT;
    int64_t *worth = mem_zeroed(known->count + 1, sizeof *worth);
    if (kind == KIND_MILESTONE) {
        mark_first(moves, known, worth);
        return worth;
    }
    for (size_t i = 0; i < known->count; i++)
        if (says_within(moves, &known->entry[i]))
            worth[i] = has_value ? known->entry[i].entry.value : 1;
    return worth;
}

static struct str reason_of(const struct known_entry *entry) {
    return entry->entry.reason.len ? entry->entry.reason : STR("came later");
}

static bool is_same(const struct known_entry *a, const struct known_entry *b) {
    return a->source == b->source && a->vintage == b->vintage && a->day == b->day &&
           a->entry.id == b->entry.id;
}

/* By what entry `cause` says, or by its coming. */
static int tell_cause(struct moves *moves, const struct known_entry *cause, struct str what, uint32_t source,
                      int64_t difference) {
    struct move move = {
        .source = source, .what = what, .has_reason = cause->entry.reason.len > 0, .difference = difference};
    int err = moves_began(moves, cause->vintage, &move.at);
    return err ? err : moves_tell(moves, &move);
}

static int tell_withdrawn(struct moves *moves, const struct known_entry *taken,
                          const struct known_entry *entry, int64_t difference) {
    const struct withdrawals *withdrawals = moves->explaining->withdrawals;
    size_t index = find_withdrawal(moves, taken->source, taken->day, taken->vintage);
    if (index == withdrawals_count(withdrawals))
        return tell_cause(moves, taken, STR("withdrawn"), entry->source, difference);
    return moves_tell(moves, &(struct move){.at = withdrawals_at(withdrawals, index)->at,
                                            .source = entry->source,
                                            .what = withdrawals_at(withdrawals, index)->reason,
                                            .difference = difference});
}

/* Why an entry that was known counts otherwise than it did: it was taken back, or what took it back was, or another
 * one of its id stands in its place now. */
static int tell_change(struct moves *moves, const struct known *known, const struct known_entry *entry,
                       int64_t difference) {
    uint64_t id = entry->entry.id;
    const struct known_entry *cause = NULL, *undone;
    if (entry->state == MESSAGE_ENTRY_WITHDRAWN)
        return tell_withdrawn(moves, entry, entry, difference);
    if (entry->state == MESSAGE_ENTRY_RETRACTED)
        cause = known_retraction(known, id, MESSAGE_ENTRY_COUNTS);
    else if ((undone = known_retraction(known, id, MESSAGE_ENTRY_RETRACTED)))
        cause = known_retraction(known, undone->entry.id, MESSAGE_ENTRY_COUNTS);
    else if ((undone = known_retraction(known, id, MESSAGE_ENTRY_WITHDRAWN)))
        return tell_withdrawn(moves, undone, entry, difference);
    if (cause)
        return tell_cause(moves, cause, reason_of(cause), cause->source, difference);
    return tell_cause(moves, entry, STR("another entry counts now"), entry->source, difference);
}

/* Whether it corrects what is said of the period, though it may move nothing. */
static bool is_correction(const struct moves *moves, const struct known *now,
                          const struct known_entry *entry) {
    const struct period *period = &moves->explaining->period;
    if (entry->vintage <= moves->closing->vintage || entry->state != MESSAGE_ENTRY_COUNTS ||
        entry->entry.reason.len == 0)
        return false;
    return entry->entry.retracts ? known_is_within(now, entry->entry.retracts, period->first, period->last)
                                 : period_contains(period, entry->day);
}

static int tell_corrections(struct moves *moves, const struct known *now) {
    int err = 0;
    for (size_t i = 0; i < now->count && err == 0; i++)
        if (is_correction(moves, now, &now->entry[i]))
            err = tell_cause(moves, &now->entry[i], now->entry[i].entry.reason, now->entry[i].source, 0);
    return err;
}

/* Both lists have the same order, and all of `then` is in `now`. */
static int tell_series(struct moves *moves, const struct known *then, const struct known *now) {
    int64_t *worth_then = moves_worth(moves, then), *worth_now = moves_worth(moves, now);
    int err = 0;
    for (size_t i = 0, at = 0; i < now->count && err == 0; i++) {
        const struct known_entry *entry = &now->entry[i];
        int64_t difference = worth_now[i];
        while (at < then->count && known_compare(&then->entry[at], entry) < 0)
            at++;
        if (at < then->count && is_same(&then->entry[at], entry))
            difference -= worth_then[at];
        if (difference == 0)
            continue;
        if (entry->vintage > moves->closing->vintage)
            err = tell_cause(moves, entry, reason_of(entry), entry->source, difference);
        else
            err = tell_change(moves, now, entry, difference);
    }
    if (err == 0)
        err = tell_corrections(moves, now);
    free(worth_then);
    free(worth_now);
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
static int tell_holding(struct moves *moves, const struct known *then, const struct known *now) {
    size_t before = find_holding(moves, then), after = find_holding(moves, now);
    int64_t difference = value_of(moves, now, after) - value_of(moves, then, before);
    if (difference == 0)
        return tell_corrections(moves, now);
    if (after != SIZE_MAX && now->entry[after].vintage > moves->closing->vintage)
        return tell_cause(moves, &now->entry[after], reason_of(&now->entry[after]), now->entry[after].source,
                          difference);
    for (size_t i = 0; before != SIZE_MAX && i < now->count; i++)
        if (is_same(&now->entry[i], &then->entry[before]) && !known_says(&now->entry[i]))
            return tell_change(moves, now, &now->entry[i], difference);
    if (after == SIZE_MAX)
        return fault_set(
            moves->explaining->why, -EBADMSG,
            "what held of %.*s when it was reported is gone from the store; \"suivi check\" tells "
            "more",
            STR_ARG(moves->explaining->indicator->id));
    return tell_change(moves, now, &now->entry[after], difference);
}

/* Those of one series, as they were known then and as they are known now. */
static int compare_series(struct moves *moves, uint32_t series) {
    const struct explaining *explaining = moves->explaining;
    struct known then = {0}, now = {0};
    int err = known_add(&then, explaining->snapshot, series, CIVIL_DAY_MIN, CIVIL_DAY_MAX,
                        moves->closing->vintage, explaining->withdrawals, explaining->why);
    if (err == 0)
        err = known_add(&now, explaining->snapshot, series, CIVIL_DAY_MIN, CIVIL_DAY_MAX, 0,
                        explaining->withdrawals, explaining->why);
    if (err == 0) {
        known_index(&now);
        err = kind_carries(explaining->indicator->kind) ? tell_holding(moves, &then, &now)
                                                        : tell_series(moves, &then, &now);
    }
    known_clear(&then);
    known_clear(&now);
    return err;
}

int moves_entries(struct moves *moves) {
    const struct explaining *explaining = moves->explaining;
    int err = 0;
    if (!store_has_entries(explaining->snapshot))
        return 0;
    for (size_t i = 0; i < explaining->group.count && err == 0; i++)
        err = compare_series(moves, explaining->group.series[i]);
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
        err = tell_items(moves);
    return err ? err : moves_entries(moves);
}

int explain_moves(struct explaining *explaining, const struct closing *closing) {
    struct moves moves = {.explaining = explaining, .closing = closing};
    enum kind kind = explaining->indicator->kind;
    bool whole = kind == KIND_DISTINCT || kind == KIND_ROSTER || kind == KIND_RATIO;
    int err = whole ? moves_stepwise(&moves) : explain_one_by_one(&moves);
    if (err == 0)
        err = moves_write(&moves);
    moves_clear(&moves);
    return err;
}
