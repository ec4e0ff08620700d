#include "daemon/intake/pending.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/books/verdicts.h"
#include "daemon/store/cell.h"
#include "daemon/store/hash.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/sketch.h"

#define PENDING_MAGIC 0x50454e44u

#define SLOTS_FIRST 256u
#define SLOTS_KEPT  (16u << 10)

_Static_assert(CATALOGUE_SERIES_MAX <= COUNTS_SERIES_MAX && CATALOGUE_SOURCES_MAX <= COUNTS_SOURCES_MAX,
               "every series and source can be packed");

/* A set that fills. */
struct cell {
    uint32_t series;
    int32_t day;
    uint32_t source;
    struct sketch *set;
};

struct kept_entry {
    uint32_t series;
    int32_t day;
    uint32_t source;
    uint64_t id;
    struct str value; /* owned */
};

struct kept_row {
    struct str key, row; /* owned */
};

struct kept_rows {
    struct kept_row *at;
    size_t count, room;
};

/* How many events of a source were put here. */
struct source_events {
    uint32_t source;
    uint64_t events;
};

struct pending {
    unsigned magic;
    struct counts *counts;
    struct cell *cell;
    uint32_t count, room;
    uint32_t *slot; /* open addressing over cells: index + 1, 0 empty */
    uint32_t slots;
    uint64_t seed;
    size_t bytes; /* of sets and entries */
    struct kept_entry *entry;
    size_t entry_count, entry_room;
    struct refusal *refusal; /* its reason owned */
    size_t refusal_count, refusal_room;
    struct act *act; /* borrowed */
    struct kept_rows ledger, verdicts;
    struct source_events *events;
    size_t events_count, events_room;
};

void pending_new(struct pending **out) {
    struct pending *pending = mem_zeroed(1, sizeof *pending);
    pending->magic = PENDING_MAGIC;
    pending->seed = hash_seed();
    counts_new(&pending->counts);
    pending->slots = SLOTS_FIRST;
    pending->slot = mem_zeroed(pending->slots, sizeof *pending->slot);
    *out = pending;
}

static void clear_rows(struct kept_rows *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        str_free(rows->at[i].key);
        str_free(rows->at[i].row);
    }
    rows->count = 0;
}

void pending_clear(struct pending *pending) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    counts_clear(pending->counts);
    for (uint32_t i = 0; i < pending->count; i++)
        sketch_destroy(&pending->cell[i].set);
    clear_rows(&pending->ledger);
    clear_rows(&pending->verdicts);
    for (size_t i = 0; i < pending->entry_count; i++)
        str_free(pending->entry[i].value);
    for (size_t i = 0; i < pending->refusal_count; i++)
        str_free(pending->refusal[i].reason);
    pending->count = 0;
    pending->bytes = 0;
    pending->entry_count = pending->refusal_count = pending->events_count = 0;
    pending->act = NULL;
    if (pending->slots > SLOTS_KEPT) { /* a burst's memory goes back when it is over */
        free(pending->cell);
        free(pending->slot);
        pending->cell = NULL;
        pending->room = 0;
        pending->slots = SLOTS_FIRST;
        pending->slot = mem_zeroed(pending->slots, sizeof *pending->slot);
    } else {
        memset(pending->slot, 0, pending->slots * sizeof *pending->slot);
    }
    if (pending->entry_room > SLOTS_KEPT) {
        free(pending->entry);
        pending->entry = NULL;
        pending->entry_room = 0;
    }
}

void pending_destroy(struct pending **pending) {
    struct pending *p = *pending;
    if (p == NULL)
        return;
    pending_clear(p);
    counts_destroy(&p->counts);
    free(p->cell);
    free(p->slot);
    free(p->ledger.at);
    free(p->verdicts.at);
    free(p->events);
    free(p->entry);
    free(p->refusal);
    p->magic = 0;
    free(p);
    *pending = NULL;
}

bool pending_empty(const struct pending *pending) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    return counts_len(pending->counts) == 0 && pending->count == 0 && pending->entry_count == 0 &&
           pending->refusal_count == 0 && pending->ledger.count == 0 && pending->act == NULL;
}

bool pending_full(const struct pending *pending) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    return pending->act != NULL || counts_len(pending->counts) >= PENDING_COUNTS_MAX ||
           pending->count >= PENDING_SETS_MAX || pending->entry_count >= PENDING_SETS_MAX ||
           pending->bytes >= PENDING_BYTES_MAX || pending->refusal_count >= PENDING_REFUSALS_MAX;
}

/* ---- filling ---- */

static uint32_t hash_cell(const struct pending *pending, uint32_t series, int32_t day, uint32_t source) {
    uint64_t hash = hash_mix(hash_mix(pending->seed, (uint64_t)series << 32 | (uint32_t)day), source);
    return (uint32_t)(hash >> 32);
}

static uint32_t *find_slot(const struct pending *pending, uint32_t series, int32_t day, uint32_t source) {
    uint32_t mask = pending->slots - 1;
    for (uint32_t at = hash_cell(pending, series, day, source) & mask;; at = (at + 1) & mask) {
        uint32_t *slot = &pending->slot[at];
        if (*slot == 0)
            return slot;
        const struct cell *cell = &pending->cell[*slot - 1];
        if (cell->series == series && cell->day == day && cell->source == source)
            return slot;
    }
}

static void grow_slots(struct pending *pending) {
    pending->slots *= 2;
    free(pending->slot);
    pending->slot = mem_zeroed(pending->slots, sizeof *pending->slot);
    for (uint32_t i = 0; i < pending->count; i++) {
        const struct cell *cell = &pending->cell[i];
        *find_slot(pending, cell->series, cell->day, cell->source) = i + 1;
    }
}

static struct cell *find_cell(struct pending *pending, uint32_t series, int32_t day, uint32_t source) {
    uint32_t *slot = find_slot(pending, series, day, source);
    if (*slot != 0)
        return &pending->cell[*slot - 1];
    if ((uint64_t)pending->count * 2 >= pending->slots) {
        grow_slots(pending);
        slot = find_slot(pending, series, day, source);
    }
    if (pending->count == pending->room) {
        pending->room = pending->room ? pending->room * 2 : 64;
        pending->cell = mem_resize(pending->cell, pending->room, sizeof *pending->cell);
    }
    struct cell *cell = &pending->cell[pending->count++];
    *cell = (struct cell){.series = series, .day = day, .source = source};
    *slot = pending->count;
    return cell;
}

struct counts *pending_counts(struct pending *pending) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    return pending->counts;
}

void pending_add_set(struct pending *pending, uint32_t series, int32_t day, uint32_t source, struct str set) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    struct cell *cell = find_cell(pending, series, day, source);
    if (cell->set == NULL)
        sketch_new(&cell->set);
    sketch_merge(cell->set, set);
    pending->bytes += set.len;
    pending_count_events(pending, source, 1);
}

void pending_add_entry(struct pending *pending, uint32_t series, int32_t day, uint32_t source, uint64_t id,
                       struct str value) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    if (pending->entry_count == pending->entry_room) {
        pending->entry_room = pending->entry_room ? pending->entry_room * 2 : 16;
        pending->entry = mem_resize(pending->entry, pending->entry_room, sizeof *pending->entry);
    }
    pending->entry[pending->entry_count++] = (struct kept_entry){series, day, source, id, str_copy(value)};
    pending->bytes += value.len;
    pending_count_events(pending, source, 1);
}

void pending_add_refusal(struct pending *pending, const struct refusal *refusal) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    if (pending->refusal_count == pending->refusal_room) {
        pending->refusal_room = pending->refusal_room ? pending->refusal_room * 2 : 16;
        pending->refusal = mem_resize(pending->refusal, pending->refusal_room, sizeof *pending->refusal);
    }
    struct refusal *kept = &pending->refusal[pending->refusal_count++];
    *kept = *refusal;
    kept->reason = str_copy(refusal->reason);
}

void pending_act(struct pending *pending, struct act *act) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    ASSERT(pending->act == NULL);
    pending->act = act;
}

static void add_row(struct kept_rows *rows, struct str key, struct str row) {
    if (rows->count == rows->room) {
        rows->room = rows->room ? rows->room * 2 : 16;
        rows->at = mem_resize(rows->at, rows->room, sizeof *rows->at);
    }
    rows->at[rows->count++] = (struct kept_row){str_copy(key), str_copy(row)};
}

void pending_ledger(struct pending *pending, struct str key, struct str row) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    add_row(&pending->ledger, key, row);
}

void pending_add_verdict(struct pending *pending, struct str key, struct str row) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    add_row(&pending->verdicts, key, row);
    pending->bytes += row.len;
}

const struct str *pending_find_verdict(const struct pending *pending, struct str key) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    for (size_t i = pending->verdicts.count; i-- > 0;)
        if (str_equal(pending->verdicts.at[i].key, key))
            return &pending->verdicts.at[i].row;
    return NULL;
}

/* One source sends many batches in a row. */
void pending_count_events(struct pending *pending, uint32_t source, uint64_t events) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    size_t last = pending->events_count;
    if (last > 0 && pending->events[last - 1].source == source) {
        pending->events[last - 1].events += events;
        return;
    }
    if (last == pending->events_room) {
        pending->events_room = pending->events_room ? pending->events_room * 2 : 16;
        pending->events = mem_resize(pending->events, pending->events_room, sizeof *pending->events);
    }
    pending->events[pending->events_count++] = (struct source_events){source, events};
}

/* ---- writing ---- */

/* The days of one month row lie together. */
static int compare_cells(const void *left, const void *right) {
    const struct cell *a = left, *b = right;
    if (a->series != b->series)
        return a->series < b->series ? -1 : 1;
    int32_t a_month = civil_month_of_day(a->day), b_month = civil_month_of_day(b->day);
    if (a_month != b_month)
        return a_month < b_month ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->day > b->day) - (a->day < b->day);
}

static int get_checked(struct store_write *write, enum store_grain grain, const struct cell *cell,
                       int32_t when, struct str *old, struct fault *why) {
    int err = store_get_cell(write, grain, cell->series, when, cell->source, old, why);
    if (err == 0 && !sketch_valid(*old))
        return fault_set(why, -EBADMSG,
                         "the store holds a damaged cell (series %u); restore it from a backup",
                         cell->series);
    return err;
}

/* Folds `set` into what the store has at `when`, of a day in this vintage. */
static int fold_set(struct store_write *write, enum store_grain grain, const struct cell *cell, int32_t when,
                    struct sketch *set, struct fault *why) {
    struct str old;
    int err = get_checked(write, grain, cell, when, &old, why);
    if (err != 0 && err != -ENOENT)
        return err;
    if (err == 0)
        sketch_merge(set, old);
    struct str bytes = sketch_bytes(set);
    ASSERT(sketch_valid(bytes));
    return store_put_cell(write, grain, cell->series, when, cell->source, bytes, why);
}

/* Writes the month row and then the day cells of `count` cells of one series, month and source. The row comes
 * first: folding a day's set takes in what the store had, which the row has already. */
static int write_month(struct cell *cell, uint32_t count, struct store_write *write, struct sketch *scratch,
                       struct fault *why) {
    sketch_clear(scratch);
    for (uint32_t i = 0; i < count; i++)
        sketch_merge(scratch, sketch_bytes(cell[i].set));
    int err = fold_set(write, STORE_MONTHS, cell, civil_month_of_day(cell->day), scratch, why);
    for (uint32_t i = 0; i < count && err == 0; i++)
        err = fold_set(write, STORE_DAYS, &cell[i], cell[i].day, cell[i].set, why);
    return err;
}

static int write_cells(struct pending *pending, struct store_write *write, struct sketch *scratch,
                       struct fault *why) {
    for (uint32_t i = 0, end; i < pending->count; i = end) {
        const struct cell *head = &pending->cell[i];
        int32_t month = civil_month_of_day(head->day);
        for (end = i + 1; end < pending->count; end++) {
            const struct cell *next = &pending->cell[end];
            if (next->series != head->series || next->source != head->source ||
                civil_month_of_day(next->day) != month)
                break;
        }
        int err = write_month(&pending->cell[i], end - i, write, scratch, why);
        if (err)
            return err;
    }
    return 0;
}

static int write_sums(const struct counts *counts, enum store_grain grain, struct store_write *write,
                      struct fault *why) {
    const struct count *count = counts_at(counts);
    int err = 0;
    for (size_t i = 0; i < counts_len(counts) && err == 0; i++)
        err = store_add(write, grain, count_series(count[i].place), count_when(count[i].place),
                        count_source(count[i].place), count[i].value, why);
    return err;
}

/* Of the readings of a day the last one is kept; of entries with one id the one that counts: the earliest, and of these
 * the one whose bytes sort first. So what stays does not depend on the order in which they come. What cannot be
 * read gives way. */
static bool stays(struct str old, struct str value, uint64_t id) {
    int64_t at, old_at;
    struct entry entry, old_entry;
    if (cell_entry_decode(old, &old_at, &old_entry) != 0 || cell_entry_decode(value, &at, &entry) != 0)
        return false;
    if (id == PENDING_LAST_READING)
        return entry_compare(old_at, &old_entry, at, &entry) >= 0;
    return old_at != at ? old_at < at : str_compare(old, value) <= 0;
}

static int write_entry(const struct kept_entry *kept, struct store_write *write, struct fault *why) {
    struct str old;
    int err = store_get_entry(write, kept->series, kept->day, kept->source, kept->id, &old, why);
    if (err != -ENOENT && (err != 0 || stays(old, kept->value, kept->id)))
        return err;
    return store_put_entry(write, kept->series, kept->day, kept->source, kept->id, kept->value, why);
}

static int write_entries(const struct pending *pending, struct store_write *write, struct fault *why) {
    int err = 0;
    for (size_t i = 0; i < pending->entry_count && err == 0; i++)
        err = write_entry(&pending->entry[i], write, why);
    for (size_t i = 0; i < pending->refusal_count && err == 0; i++)
        err = refusals_add(write, &pending->refusal[i], why);
    return err;
}

/* What one transaction takes, in the order that suits the store. */
struct writing {
    struct pending *pending;
    const struct pending_writing *with;
    struct counts *months;
    struct sketch *scratch;
    int *act_err;
    struct fault *act_why;
};

static int do_act(const struct writing *writing, struct store_write *write, struct fault *why) {
    struct act *act = writing->pending->act;
    struct catalogue *catalogue = writing->with->catalogue;
    struct fault cause;
    if (act == NULL)
        return 0;
    *writing->act_err = 0;
    int err = act_run(act, write, catalogue_framework(catalogue), catalogue, writing->with->now, &cause);
    if (err == -EINVAL || err == -E2BIG) {
        *writing->act_err = err;
        *writing->act_why = cause;
        return 0;
    }
    if (err)
        *why = cause;
    return err;
}

static int write_all(const struct writing *writing, struct store_write *write, struct fault *why) {
    const struct pending *pending = writing->pending;
    int err = store_stamp(write, writing->with->now, why);
    for (size_t i = 0; i < writing->with->name_count && err == 0; i++) {
        const struct catalogue_name *name = &writing->with->names[i];
        err = store_put_name(write, name->table, name->id, name->text, why);
    }
    if (err == 0)
        err = write_sums(pending->counts, STORE_DAYS, write, why);
    if (err == 0)
        err = write_sums(writing->months, STORE_MONTHS, write, why);
    if (err == 0)
        err = write_cells(writing->pending, write, writing->scratch, why);
    if (err == 0)
        err = write_entries(pending, write, why);
    for (size_t i = 0; i < pending->verdicts.count && err == 0; i++)
        err = verdicts_put(write, pending->verdicts.at[i].key, pending->verdicts.at[i].row, why);
    for (size_t i = 0; i < pending->events_count && err == 0; i++)
        store_count_events(write, pending->events[i].source, pending->events[i].events);
    for (size_t i = 0; i < pending->ledger.count && err == 0; i++)
        err = store_put_ledger(write, pending->ledger.at[i].key, pending->ledger.at[i].row, why);
    return err ? err : do_act(writing, write, why);
}

static int write_once(const struct writing *writing, struct store *store, struct fault *why) {
    struct store_write *write;
    int err = store_begin(store, &write, why);
    if (err)
        return err;
    err = write_all(writing, write, why);
    if (err == 0)
        return store_commit(&write, why);
    store_abort(&write);
    return err;
}

int pending_write(struct pending *pending, struct store *store, const struct pending_writing *with,
                  int *act_err, struct fault *act_why, struct fault *why) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    struct writing writing = {.pending = pending, .with = with, .act_err = act_err, .act_why = act_why};
    counts_settle(pending->counts);
    counts_new(&writing.months);
    counts_months(pending->counts, writing.months);
    if (pending->count > 1)
        qsort(pending->cell, pending->count, sizeof *pending->cell, compare_cells);
    sketch_new(&writing.scratch);
    int err;
    do {
        err = write_once(&writing, store, why);
    } while (err == -EAGAIN);
    sketch_destroy(&writing.scratch);
    counts_destroy(&writing.months);
    return err;
}
