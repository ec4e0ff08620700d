#include "daemon/known.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/cell.h"
#include "proto/check.h"
#include "proto/civil.h"

/* One that takes part in the choice among those with its id. */
struct candidate {
    size_t entry;
    struct str value; /* as stored */
};

struct adding {
    struct known *known;
    uint32_t series, vintage;
    const struct withdrawals *withdrawals;
    size_t start; /* of what is added */
    struct candidate *candidate;
    size_t count, room;
    struct fault *why;
};

static int take_entry(void *arg, const struct store_entry *stored) {
    struct adding *adding = arg;
    struct known *known = adding->known;
    struct known_entry entry = {
        .series = adding->series, .source = stored->source, .vintage = stored->vintage, .day = stored->day};
    if (adding->vintage != 0 && stored->vintage > adding->vintage)
        return 0;
    if (cell_entry_decode(stored->value, &entry.at, &entry.entry) != 0)
        return fault_set(adding->why, -EBADMSG,
                         "the store holds a damaged entry; \"suivi check\" tells where");
    if (known->count - adding->start == KNOWN_ENTRIES_MAX)
        return fault_set(adding->why, -E2BIG, "more than %u entries of one series", KNOWN_ENTRIES_MAX);
    if (known->count == known->room) {
        known->room = known->room ? known->room * 2 : 16;
        known->entry = mem_resize(known->entry, known->room, sizeof *known->entry);
    }
    entry.state = MESSAGE_ENTRY_WITHDRAWN;
    if (withdrawals_counts(adding->withdrawals, stored->source, stored->day, stored->vintage,
                           adding->vintage)) {
        entry.state = MESSAGE_ENTRY_COUNTS;
        if (adding->count == adding->room) {
            adding->room = adding->room ? adding->room * 2 : 16;
            adding->candidate = mem_resize(adding->candidate, adding->room, sizeof *adding->candidate);
        }
        adding->candidate[adding->count++] = (struct candidate){known->count, stored->value};
    }
    known->entry[known->count++] = entry;
    return 0;
}

/* ---- one of each id ---- */

static int compare_places(const struct known_entry *a, const struct known_entry *b) {
    if (a->series != b->series)
        return a->series < b->series ? -1 : 1;
    if (a->vintage != b->vintage)
        return a->vintage < b->vintage ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->day > b->day) - (a->day < b->day);
}

/* Equal bytes are equal statements: of these the one that came first stands for all. */
static int compare_candidates(const void *left, const void *right, void *arg) {
    const struct candidate *a = left, *b = right;
    const struct known_entry *entries = arg, *x = &entries[a->entry], *y = &entries[b->entry];
    if (x->entry.id != y->entry.id)
        return x->entry.id < y->entry.id ? -1 : 1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    int c = str_compare(a->value, b->value);
    return c ? c : compare_places(x, y);
}

/* Leaves one candidate of each id, by id. */
static void choose(struct adding *adding) {
    struct known_entry *entry = adding->known->entry;
    size_t chosen = 0;
    if (adding->count > 1)
        qsort_r(adding->candidate, adding->count, sizeof *adding->candidate, compare_candidates, entry);
    for (size_t i = 0; i < adding->count; i++) {
        struct candidate *candidate = &adding->candidate[i];
        if (chosen > 0 &&
            entry[adding->candidate[chosen - 1].entry].entry.id == entry[candidate->entry].entry.id)
            entry[candidate->entry].state = MESSAGE_ENTRY_SUPERSEDED;
        else
            adding->candidate[chosen++] = *candidate;
    }
    adding->count = chosen;
}

/* ---- retractions ----
 *
 * An entry is retracted when at least one retraction of it is not retracted itself. That is settled from those that
 * nobody retracts; each retraction names one entry, so that what cannot be settled so are rings of retractions, each
 * of the next. All of a ring count as retracted. */

enum { NOBODY = -1 };

struct settling {
    const struct adding *adding;
    int64_t *target; /* of each candidate: which it retracts; NOBODY */
    uint32_t *open;  /* retractions of it that are not settled */
    bool *settled;
    size_t *next; /* a queue of those that were settled */
    size_t count;
};

static struct known_entry *candidate_at(const struct adding *adding, size_t i) {
    return &adding->known->entry[adding->candidate[i].entry];
}

static int64_t find_id(const struct adding *adding, uint64_t id) {
    size_t low = 0, high = adding->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (candidate_at(adding, middle)->entry.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < adding->count && candidate_at(adding, low)->entry.id == id ? (int64_t)low : NOBODY;
}

static void settle(struct settling *settling, size_t i, enum message_entry_state state) {
    candidate_at(settling->adding, i)->state = state;
    settling->settled[i] = true;
    settling->next[settling->count++] = i;
}

static void settle_all(struct settling *settling) {
    const struct adding *adding = settling->adding;
    for (size_t i = 0; i < adding->count; i++)
        if (settling->open[i] == 0)
            settle(settling, i, MESSAGE_ENTRY_COUNTS);
    for (size_t at = 0; at < settling->count; at++) {
        int64_t target = settling->target[settling->next[at]];
        if (target == NOBODY || settling->settled[target])
            continue;
        if (candidate_at(adding, settling->next[at])->state == MESSAGE_ENTRY_COUNTS)
            settle(settling, (size_t)target, MESSAGE_ENTRY_RETRACTED);
        else if (--settling->open[target] == 0)
            settle(settling, (size_t)target, MESSAGE_ENTRY_COUNTS);
    }
    for (size_t i = 0; i < adding->count; i++)
        if (!settling->settled[i])
            candidate_at(adding, i)->state = MESSAGE_ENTRY_RETRACTED;
}

static void retract(const struct adding *adding) {
    size_t count = adding->count;
    bool any = false;
    for (size_t i = 0; i < count && !any; i++)
        any = candidate_at(adding, i)->entry.retracts != 0;
    if (!any)
        return;
    struct settling settling = {.adding = adding,
                                .target = mem_zeroed(count, sizeof *settling.target),
                                .open = mem_zeroed(count, sizeof *settling.open),
                                .settled = mem_zeroed(count, sizeof *settling.settled),
                                .next = mem_zeroed(count, sizeof *settling.next)};
    for (size_t i = 0; i < count; i++) {
        uint64_t id = candidate_at(adding, i)->entry.retracts;
        settling.target[i] = id ? find_id(adding, id) : NOBODY;
        if (settling.target[i] != NOBODY)
            settling.open[settling.target[i]]++;
    }
    settle_all(&settling);
    free(settling.target);
    free(settling.open);
    free(settling.settled);
    free(settling.next);
}

/* ---- in order ---- */

static int compare_known(const void *left, const void *right) {
    const struct known_entry *a = left, *b = right;
    int c = entry_compare(a->at, &a->entry, b->at, &b->entry);
    return c ? c : compare_places(a, b);
}

/* Merges what was added, which is in order, into what was there before. */
static void merge(struct known *known, size_t start) {
    if (start == 0 || start == known->count ||
        compare_known(&known->entry[start - 1], &known->entry[start]) <= 0)
        return;
    struct known_entry *before = mem_copy(known->entry, start * sizeof *before);
    size_t at = 0, added = start, out = 0;
    while (at < start) {
        bool take_added = added < known->count && compare_known(&known->entry[added], &before[at]) < 0;
        known->entry[out++] = take_added ? known->entry[added++] : before[at++];
    }
    free(before);
}

static void put_in_order(struct known *known, size_t start, int32_t last) {
    size_t kept = start;
    for (size_t i = start; i < known->count; i++)
        if (known->entry[i].day <= last)
            known->entry[kept++] = known->entry[i];
    known->count = kept;
    if (kept - start > 1)
        qsort(known->entry + start, kept - start, sizeof *known->entry, compare_known);
    merge(known, start);
}

int known_add(struct known *known, struct store_snapshot *snapshot, uint32_t series, int32_t last,
              uint32_t vintage, const struct withdrawals *withdrawals, struct fault *why) {
    struct adding adding = {.known = known,
                            .series = series,
                            .vintage = vintage,
                            .withdrawals = withdrawals,
                            .start = known->count,
                            .why = why};
    int err = store_each_entry(snapshot, series, CIVIL_DAY_MIN, CIVIL_DAY_MAX, take_entry, &adding, why);
    if (err) {
        known->count = adding.start;
    } else if (known->count > adding.start) {
        choose(&adding);
        retract(&adding);
        put_in_order(known, adding.start, last);
    }
    free(adding.candidate);
    return err;
}

void known_clear(struct known *known) {
    free(known->entry);
    *known = (struct known){0};
}
