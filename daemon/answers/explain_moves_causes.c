/* Causes: what each source brought in each vintage for each reason, and withdrawals. They stand in the order of time: of one
 * vintage first what collectors counted, then what was said, by when the first of it was, and last the withdrawal that ended
 * it. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/answers/explain_moves_priv.h"
#include "daemon/store/cell.h"
#include "daemon/store/hash.h"
#include "proto/check.h"

int moves_too_much(const struct moves *moves) {
    return fault_set(moves->explaining->why, -E2BIG,
                     "too much at once for %.*s: ask for a shorter period, or name more dimensions",
                     STR_ARG(moves->explaining->indicator->id));
}

/* ---- finding them ---- */

static bool is_same(const struct moves_cause *a, const struct moves_cause *b) {
    return a->vintage == b->vintage && a->source == b->source && a->withdrawal == b->withdrawal &&
           str_equal(a->reason, b->reason);
}

static uint32_t *find_slot(const struct moves *moves, const struct moves_cause *cause) {
    uint64_t hash = hash_mix(moves->seed, (uint64_t)cause->vintage << 32 | cause->source);
    hash = hash_text(hash_mix(hash, cause->withdrawal ? cause->withdrawal->place + 1 : 0), cause->reason);
    size_t at = (size_t)(hash >> 20) & (moves->slots - 1);
    while (moves->slot[at] != 0 && !is_same(&moves->cause[moves->slot[at] - 1], cause))
        at = (at + 1) & (moves->slots - 1);
    return &moves->slot[at];
}

static void grow(struct moves *moves) {
    moves->cause_room = moves->cause_room ? moves->cause_room * 2 : 64;
    moves->cause = mem_resize(moves->cause, moves->cause_room, sizeof *moves->cause);
    moves->slots = moves->cause_room * 2;
    free(moves->slot);
    moves->slot = mem_zeroed(moves->slots, sizeof *moves->slot);
    for (size_t i = 0; i < moves->cause_count; i++)
        *find_slot(moves, &moves->cause[i]) = (uint32_t)i + 1;
}

/* NULL: there are too many. */
static struct moves_cause *find_cause(struct moves *moves, const struct moves_cause *like) {
    if (moves->cause_count == moves->cause_room) {
        if (moves->cause_count == FOLD_ITEMS_MAX)
            return NULL;
        grow(moves);
    }
    uint32_t *slot = find_slot(moves, like);
    if (*slot == 0) {
        ASSERT(!moves->in_order);
        moves->cause[moves->cause_count++] = *like;
        *slot = (uint32_t)moves->cause_count;
    }
    struct moves_cause *found = &moves->cause[*slot - 1];
    if (like->recorded < found->recorded)
        found->recorded = like->recorded;
    return found;
}

static struct moves_cause bringing(const struct moves_given *given) {
    struct moves_cause cause = {.vintage = given->vintage, .source = given->source, .recorded = INT64_MIN};
    if (given->entry) {
        cause.reason = given->entry->reason;
        cause.recorded = given->entry->recorded;
    }
    return cause;
}

static uint32_t step_of(const struct moves *moves, const struct moves_cause *cause) {
    return cause->step < moves->last_step ? cause->step : moves->last_step;
}

int moves_span(struct moves *moves, const struct moves_given *given, uint32_t *came, uint32_t *gone) {
    const struct withdrawal *taking =
        withdrawals_taking(moves->explaining->withdrawals, given->source, given->day, given->vintage);
    *came = 0;
    *gone = taking ? 0 : MOVES_NEVER;
    if (given->vintage > moves->closing->vintage) {
        const struct moves_cause like = bringing(given), *cause = find_cause(moves, &like);
        if (cause == NULL)
            return moves_too_much(moves);
        *came = step_of(moves, cause);
    }
    if (taking && taking->vintage > moves->closing->vintage) {
        const struct moves_cause like = {.vintage = taking->vintage,
                                         .source = taking->source,
                                         .withdrawal = taking,
                                         .reason = taking->reason};
        const struct moves_cause *cause = find_cause(moves, &like);
        if (cause == NULL)
            return moves_too_much(moves);
        *gone = step_of(moves, cause);
    }
    return 0;
}

void moves_note_correction(struct moves *moves, const struct moves_given *given) {
    const struct moves_cause like = bringing(given);
    if (given->vintage > moves->closing->vintage)
        moves->cause[*find_slot(moves, &like) - 1].corrects = true;
}

/* ---- in order ---- */

static int compare_causes(const void *left, const void *right, void *arg) {
    const struct moves_cause *all = arg;
    const struct moves_cause *a = &all[*(const uint32_t *)left], *b = &all[*(const uint32_t *)right];
    if (a->vintage != b->vintage)
        return a->vintage < b->vintage ? -1 : 1;
    if ((a->withdrawal == NULL) != (b->withdrawal == NULL))
        return a->withdrawal ? 1 : -1;
    if (a->recorded != b->recorded)
        return a->recorded < b->recorded ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    int c = str_compare(a->reason, b->reason);
    if (c || a->withdrawal == b->withdrawal)
        return c;
    return a->withdrawal->place < b->withdrawal->place ? -1 : 1;
}

void moves_put_in_order(struct moves *moves) {
    moves->order = mem_zeroed(moves->cause_count + 1, sizeof *moves->order);
    for (size_t i = 0; i < moves->cause_count; i++)
        moves->order[i + 1] = (uint32_t)i;
    qsort_r(moves->order + 1, moves->cause_count, sizeof *moves->order, compare_causes, moves->cause);
    for (size_t i = 1; i <= moves->cause_count; i++)
        moves->cause[moves->order[i]].step = (uint32_t)i;
    moves->last_step = (uint32_t)moves->cause_count;
    moves->in_order = true;
}

/* ---- telling them ---- */

/* Not before its vintage began: the clock may have been put back since. */
static int when(const struct moves *moves, const struct moves_cause *cause, int64_t *at) {
    struct store_vintage found;
    struct fault *why = moves->explaining->why;
    int err = store_vintage_get(moves->explaining->snapshot, cause->vintage, &found, why);
    if (err == -ENOENT)
        return fault_set(why, -EBADMSG,
                         "the store does not tell when vintage %u began; \"suivi check\" tells more",
                         cause->vintage);
    if (err)
        return err;
    *at = found.began;
    if (cause->withdrawal && cause->withdrawal->at > *at)
        *at = cause->withdrawal->at;
    return 0;
}

static void write_row(struct explaining *explaining, const struct message_move_row *row) {
    message_write_move(explaining->list[MESSAGE_LIST_MOVES], row);
    explaining->count[MESSAGE_LIST_MOVES]++;
}

static bool is_told(const struct moves_cause *cause, int64_t difference) {
    return difference != 0 || cause->corrects;
}

static int write_cause(struct moves *moves, const struct moves_cause *cause, int64_t difference) {
    struct message_move_row row = {.what = cause->reason.len > 0 ? cause->reason : STR("came later"),
                                   .difference = difference};
    int err = when(moves, cause, &row.at);
    if (err == 0)
        err = explain_source(moves->explaining, cause->source, &row.source);
    if (err == 0)
        write_row(moves->explaining, &row);
    return err;
}

/* What has no row of its own, from that step on, is told as one. */
static int write_rest(struct moves *moves, uint32_t step, const int64_t *difference) {
    struct explaining *explaining = moves->explaining;
    struct message_move_row row = {.source = STR(""), .what = STR("and all the rest")};
    uint64_t told = 0;
    for (uint32_t i = step; i <= moves->cause_count; i++) {
        if (i <= moves->last_step)
            row.difference = cell_add(row.difference, difference[i]);
        told += i > moves->last_step || is_told(&moves->cause[moves->order[i]], difference[i]);
    }
    explaining->more += told;
    int err = when(moves, &moves->cause[moves->order[moves->cause_count]], &row.at);
    if (err == 0 && (row.difference != 0 || told > 0))
        write_row(explaining, &row);
    return err;
}

int moves_write(struct moves *moves, int64_t otherwise, const int64_t *difference) {
    struct explaining *explaining = moves->explaining;
    uint32_t last = 0;
    int err = 0;
    if (otherwise != 0)
        write_row(explaining, &(struct message_move_row){.at = moves->closing->at,
                                                         .source = STR(""),
                                                         .what = STR("is reckoned otherwise since"),
                                                         .difference = otherwise});
    for (uint32_t i = 1; i <= moves->last_step; i++)
        if (is_told(&moves->cause[moves->order[i]], difference[i]))
            last = i;
    for (uint32_t i = 1; i <= moves->last_step && err == 0; i++) {
        const struct moves_cause *cause = &moves->cause[moves->order[i]];
        bool joined = i == moves->last_step && i < moves->cause_count;
        bool has_room = i == last || explain_room_left(explaining, MESSAGE_LIST_MOVES, 1);
        if (joined || (is_told(cause, difference[i]) && !has_room))
            return write_rest(moves, i, difference);
        if (is_told(cause, difference[i]))
            err = write_cause(moves, cause, difference[i]);
    }
    return err;
}
