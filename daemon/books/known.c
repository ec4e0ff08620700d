#include "daemon/books/known.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/books/catalogue.h"
#include "daemon/store/cell.h"
#include "daemon/store/hash.h"
#include "proto/check.h"
#include "proto/civil.h"

/* One of another day that is no retraction: it matters only when it has the id of one that does. */
struct distant {
    uint64_t id;
    int32_t day;
    uint32_t source, vintage;
    struct str value; /* borrowed from the snapshot */
};

struct adding {
    struct known *known;
    struct store_snapshot *snapshot;
    uint32_t series, vintage;
    int32_t first, last;
    const struct withdrawals *withdrawals;
    size_t start;    /* of what is added */
    uint32_t *place; /* of those that take part in the choice among those with their id */
    size_t count, room;
    struct distant *distant;
    size_t distant_count, distant_room;
    struct fault *why;
};

static int too_many(const struct adding *adding) {
    struct str text, indicator = STR("one indicator");
    struct dims dims;
    enum kind kind;
    if (store_find_name(adding->snapshot, STORE_SERIES, adding->series, &text, NULL) == 0)
        (void)catalogue_parse_series(text, &kind, NULL, &indicator, &dims);
    return fault_set(
        adding->why, -E2BIG,
        "%.*s has more than %u entries in one series, too many to weigh them against each other: "
        "take them back (suivi withdraw) and send numbers, or count it by more dimensions under "
        "a new id",
        STR_ARG(indicator), KNOWN_ENTRIES_MAX);
}

static bool is_full(const struct adding *adding) {
    return adding->known->count - adding->start + adding->distant_count >= KNOWN_ENTRIES_MAX;
}

static int take_whole(struct adding *adding, const struct distant *stored, bool counts) {
    struct known *known = adding->known;
    struct known_entry entry = {.series = adding->series,
                                .source = stored->source,
                                .vintage = stored->vintage,
                                .day = stored->day,
                                .stored = stored->value,
                                .state = counts ? MESSAGE_ENTRY_COUNTS : MESSAGE_ENTRY_WITHDRAWN};
    if (cell_entry_decode(stored->value, &entry.at, &entry.entry) != 0)
        return fault_set(adding->why, -EBADMSG,
                         "the store holds a damaged entry; \"suivi check\" tells where");
    if (known->count == known->room) {
        known->room = known->room ? known->room * 2 : 16;
        known->entry = mem_resize(known->entry, known->room, sizeof *known->entry);
    }
    if (counts) {
        if (adding->count == adding->room) {
            adding->room = adding->room ? adding->room * 2 : 16;
            adding->place = mem_resize(adding->place, adding->room, sizeof *adding->place);
        }
        adding->place[adding->count++] = (uint32_t)known->count;
    }
    known->entry[known->count++] = entry;
    return 0;
}

static void put_by(struct adding *adding, const struct distant *distant) {
    if (adding->distant_count == adding->distant_room) {
        adding->distant_room = adding->distant_room ? adding->distant_room * 2 : 64;
        adding->distant = mem_resize(adding->distant, adding->distant_room, sizeof *adding->distant);
    }
    adding->distant[adding->distant_count++] = *distant;
}

static int take_entry(void *arg, const struct store_entry *stored) {
    struct adding *adding = arg;
    struct distant entry = {stored->id, stored->day, stored->source, stored->vintage, stored->value};
    bool within = stored->day >= adding->first && stored->day <= adding->last;
    if (adding->vintage != 0 && stored->vintage > adding->vintage)
        return 0;
    bool counts = withdrawals_counts(adding->withdrawals, stored->source, stored->day, stored->vintage,
                                     adding->vintage);
    if (!within && !counts)
        return 0;
    if (is_full(adding))
        return too_many(adding);
    /* A reading lies under no id: its own stands within. */
    if (within || stored->id == 0 || cell_entry_retracts(stored->value))
        return take_whole(adding, &entry, counts);
    put_by(adding, &entry);
    return 0;
}

/* ---- namesakes on other days ---- */

static uint64_t *find_id_slot(uint64_t *slot, size_t slots, uint64_t seed, uint64_t id) {
    size_t at = (size_t)(hash_mix(seed, id) >> 20) & (slots - 1);
    while (slot[at] != 0 && slot[at] != id)
        at = (at + 1) & (slots - 1);
    return &slot[at];
}

/* Of those that were put by the ones with an id of one that was taken. */
static int take_namesakes(struct adding *adding) {
    const struct known *known = adding->known;
    size_t slots = 64;
    uint64_t seed = hash_seed();
    int err = 0;
    if (adding->distant_count == 0 || known->count == adding->start)
        return 0;
    while (slots < (known->count - adding->start) * 2)
        slots *= 2;
    uint64_t *slot = mem_zeroed(slots, sizeof *slot);
    for (size_t i = adding->start; i < known->count; i++)
        *find_id_slot(slot, slots, seed, known->entry[i].entry.id) = known->entry[i].entry.id;
    for (size_t i = 0; i < adding->distant_count && err == 0; i++)
        if (*find_id_slot(slot, slots, seed, adding->distant[i].id) != 0)
            err = take_whole(adding, &adding->distant[i], true);
    free(slot);
    return err;
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

/* Some entries of one series, by their places. */
struct weighing {
    struct known_entry *entry;
    uint32_t *place;
    size_t count;
};

/* Equal bytes are equal statements: of these the one that came first stands for all. */
static int compare_candidates(const void *left, const void *right, void *arg) {
    const struct known_entry *entry = arg;
    const struct known_entry *a = &entry[*(const uint32_t *)left], *b = &entry[*(const uint32_t *)right];
    if (a->entry.id != b->entry.id)
        return a->entry.id < b->entry.id ? -1 : 1;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    int c = str_compare(a->stored, b->stored);
    return c ? c : compare_places(a, b);
}

static struct known_entry *candidate_at(const struct weighing *weighing, size_t i) {
    return &weighing->entry[weighing->place[i]];
}

/* Leaves one candidate of each id, by id. */
static void choose(struct weighing *weighing) {
    size_t chosen = 0;
    if (weighing->count > 1)
        qsort_r(weighing->place, weighing->count, sizeof *weighing->place, compare_candidates,
                weighing->entry);
    for (size_t i = 0; i < weighing->count; i++) {
        struct known_entry *entry = candidate_at(weighing, i);
        bool is_first = chosen == 0 || candidate_at(weighing, chosen - 1)->entry.id != entry->entry.id;
        entry->state = is_first ? MESSAGE_ENTRY_COUNTS : MESSAGE_ENTRY_SUPERSEDED;
        if (is_first)
            weighing->place[chosen++] = weighing->place[i];
    }
    weighing->count = chosen;
}

/* ---- retractions ----
 *
 * An entry is retracted when at least one retraction of it is not retracted itself. That is settled from those that
 * nobody retracts; each retraction names one entry, so that what cannot be settled so are rings of retractions, each
 * of the next. All of a ring count as retracted. */

enum { NOBODY = -1 };

struct settling {
    const struct weighing *weighing;
    int64_t *target; /* of each candidate: which it retracts; NOBODY */
    uint32_t *open;  /* retractions of it that are not settled */
    bool *settled;
    size_t *next; /* a queue of those that were settled */
    size_t count;
};

static int64_t find_id(const struct weighing *weighing, uint64_t id) {
    size_t low = 0, high = weighing->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (candidate_at(weighing, middle)->entry.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < weighing->count && candidate_at(weighing, low)->entry.id == id ? (int64_t)low : NOBODY;
}

static void settle(struct settling *settling, size_t i, enum message_entry_state state) {
    candidate_at(settling->weighing, i)->state = state;
    settling->settled[i] = true;
    settling->next[settling->count++] = i;
}

static void settle_all(struct settling *settling) {
    const struct weighing *weighing = settling->weighing;
    for (size_t i = 0; i < weighing->count; i++)
        if (settling->open[i] == 0)
            settle(settling, i, MESSAGE_ENTRY_COUNTS);
    for (size_t at = 0; at < settling->count; at++) {
        int64_t target = settling->target[settling->next[at]];
        if (target == NOBODY || settling->settled[target])
            continue;
        if (candidate_at(weighing, settling->next[at])->state == MESSAGE_ENTRY_COUNTS)
            settle(settling, (size_t)target, MESSAGE_ENTRY_RETRACTED);
        else if (--settling->open[target] == 0)
            settle(settling, (size_t)target, MESSAGE_ENTRY_COUNTS);
    }
    for (size_t i = 0; i < weighing->count; i++)
        if (!settling->settled[i])
            candidate_at(weighing, i)->state = MESSAGE_ENTRY_RETRACTED;
}

static void retract(const struct weighing *weighing) {
    size_t count = weighing->count;
    bool any = false;
    for (size_t i = 0; i < count && !any; i++)
        any = candidate_at(weighing, i)->entry.retracts != 0;
    if (!any)
        return;
    struct settling settling = {.weighing = weighing,
                                .target = mem_zeroed(count, sizeof *settling.target),
                                .open = mem_zeroed(count, sizeof *settling.open),
                                .settled = mem_zeroed(count, sizeof *settling.settled),
                                .next = mem_zeroed(count, sizeof *settling.next)};
    for (size_t i = 0; i < count; i++) {
        uint64_t id = candidate_at(weighing, i)->entry.retracts;
        settling.target[i] = id ? find_id(weighing, id) : NOBODY;
        if (settling.target[i] != NOBODY)
            settling.open[settling.target[i]]++;
    }
    settle_all(&settling);
    free(settling.target);
    free(settling.open);
    free(settling.settled);
    free(settling.next);
}

void known_weigh(struct known_entry *entry, uint32_t *place, size_t count) {
    struct weighing weighing = {entry, place, count};
    choose(&weighing);
    retract(&weighing);
}

/* ---- figures that hold ---- */

static bool was_said_later(const struct known_entry *a, const struct known_entry *b) {
    if (a->entry.recorded != b->entry.recorded)
        return a->entry.recorded > b->entry.recorded;
    if (a->entry.value != b->entry.value)
        return a->entry.value > b->entry.value;
    return a->entry.id > b->entry.id;
}

const struct known_entry *known_holding(const struct known_entry *entry, size_t count) {
    const struct known_entry *holding = NULL;
    for (size_t i = 0; i < count; i++)
        if (entry[i].entry.holds && known_says(&entry[i]) &&
            (holding == NULL || was_said_later(&entry[i], holding)))
            holding = &entry[i];
    return holding;
}

bool known_is_replaced(const struct known_entry *holding, const struct known_entry *entry) {
    bool is_difference = !entry->entry.holds && entry->entry.reason.len > 0;
    return entry != holding && !(is_difference && entry->entry.recorded > holding->entry.recorded);
}

/* Those of one series, in order. */
static void replace(struct known_entry *entry, size_t count) {
    for (size_t i = 0, end; i < count; i = end) {
        bool any = false;
        for (end = i; end < count && entry[end].day == entry[i].day; end++)
            any = any || entry[end].entry.holds;
        const struct known_entry *holding = any ? known_holding(&entry[i], end - i) : NULL;
        for (size_t k = i; k < end && holding; k++)
            if (known_says(&entry[k]) && known_is_replaced(holding, &entry[k]))
                entry[k].state = MESSAGE_ENTRY_REPLACED;
    }
}

/* ---- in order ---- */

int known_compare(const struct known_entry *a, const struct known_entry *b) {
    int c = entry_compare(a->at, &a->entry, b->at, &b->entry);
    return c ? c : compare_places(a, b);
}

static int compare_known(const void *left, const void *right) {
    return known_compare(left, right);
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

static void put_in_order(struct known *known, size_t start, int32_t first, int32_t last) {
    size_t kept = start;
    for (size_t i = start; i < known->count; i++)
        if (known->entry[i].day >= first && known->entry[i].day <= last)
            known->entry[kept++] = known->entry[i];
    known->count = kept;
    if (kept - start > 1)
        qsort(known->entry + start, kept - start, sizeof *known->entry, compare_known);
    replace(known->entry + start, kept - start);
    merge(known, start);
}

int known_add(struct known *known, struct store_snapshot *snapshot, uint32_t series, int32_t first,
              int32_t last, uint32_t vintage, const struct withdrawals *withdrawals, struct fault *why) {
    struct adding adding = {.known = known,
                            .snapshot = snapshot,
                            .series = series,
                            .vintage = vintage,
                            .first = first,
                            .last = last,
                            .withdrawals = withdrawals,
                            .start = known->count,
                            .why = why};
    int err = store_each_entry(snapshot, series, CIVIL_DAY_MIN, CIVIL_DAY_MAX, take_entry, &adding, why);
    if (err == 0)
        err = take_namesakes(&adding);
    if (err) {
        known->count = adding.start;
    } else if (known->count > adding.start) {
        known_weigh(known->entry, adding.place, adding.count);
        put_in_order(known, adding.start, first, last);
    }
    free(adding.place);
    free(adding.distant);
    return err;
}

void known_clear(struct known *known) {
    free(known->entry);
    free(known->by_id);
    *known = (struct known){0};
}

/* ---- looking up ---- */

static int compare_ids(const void *left, const void *right, void *arg) {
    const struct known_entry *entry = arg;
    const struct known_entry *a = &entry[*(const uint32_t *)left], *b = &entry[*(const uint32_t *)right];
    if (a->entry.id != b->entry.id)
        return a->entry.id < b->entry.id ? -1 : 1;
    return (a->day > b->day) - (a->day < b->day);
}

void known_index(struct known *known) {
    free(known->by_id);
    known->by_id = mem_zeroed(known->count + 1, sizeof *known->by_id);
    for (size_t i = 0; i < known->count; i++)
        known->by_id[i] = (uint32_t)i;
    qsort_r(known->by_id, known->count, sizeof *known->by_id, compare_ids, known->entry);
}

bool known_is_within(const struct known *known, uint64_t id, int32_t first, int32_t last) {
    size_t low = 0, high = known->count;
    ASSERT(known->by_id != NULL);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct known_entry *entry = &known->entry[known->by_id[middle]];
        if (entry->entry.id < id || (entry->entry.id == id && entry->day < first))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == known->count)
        return false;
    const struct known_entry *found = &known->entry[known->by_id[low]];
    return found->entry.id == id && found->day <= last;
}
