#include "daemon/pending.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/cell.h"
#include "daemon/hash.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/distinct.h"

#define PENDING_MAGIC 0x50454e44u

#define SLOTS_FIRST 4096u
#define SLOTS_KEPT  (64u << 10)

struct cell {
    uint32_t series;
    int32_t day;
    uint32_t source;
    enum kind kind;
    int64_t sum;
    struct distinct *set; /* NULL for counts */
};

struct ledger_row {
    struct str key, row; /* owned */
};

struct pending {
    unsigned magic;
    struct cell *cell;
    uint32_t count, room;
    uint32_t *slot; /* open addressing over cells: index + 1, 0 empty */
    uint32_t slots;
    uint64_t seed;
    size_t set_bytes;
    struct ledger_row *ledger;
    size_t ledger_count, ledger_room;
};

void pending_new(struct pending **out) {
    struct pending *pending = mem_zeroed(1, sizeof *pending);
    pending->magic = PENDING_MAGIC;
    pending->seed = hash_seed();
    pending->slots = SLOTS_FIRST;
    pending->slot = mem_zeroed(pending->slots, sizeof *pending->slot);
    *out = pending;
}

void pending_clear(struct pending *pending) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    for (uint32_t i = 0; i < pending->count; i++)
        distinct_destroy(&pending->cell[i].set);
    for (size_t i = 0; i < pending->ledger_count; i++) {
        free((void *)(uintptr_t)pending->ledger[i].key.at);
        free((void *)(uintptr_t)pending->ledger[i].row.at);
    }
    pending->count = 0;
    pending->set_bytes = 0;
    pending->ledger_count = 0;
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
}

void pending_destroy(struct pending **pending) {
    struct pending *p = *pending;
    if (p == NULL)
        return;
    pending_clear(p);
    free(p->cell);
    free(p->slot);
    free(p->ledger);
    p->magic = 0;
    free(p);
    *pending = NULL;
}

bool pending_empty(const struct pending *pending) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    return pending->count == 0 && pending->ledger_count == 0;
}

bool pending_full(const struct pending *pending) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    return pending->count >= PENDING_CELLS_MAX || pending->set_bytes >= PENDING_BYTES_MAX;
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

uint32_t pending_slot(struct pending *pending, enum kind kind, uint32_t series, int32_t day,
                      uint32_t source) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    uint32_t *slot = find_slot(pending, series, day, source);
    if (*slot != 0)
        return *slot - 1;
    if ((uint64_t)pending->count * 2 >= pending->slots) {
        grow_slots(pending);
        slot = find_slot(pending, series, day, source);
    }
    if (pending->count == pending->room) {
        pending->room = pending->room ? pending->room * 2 : 1024;
        pending->cell = mem_resize(pending->cell, pending->room, sizeof *pending->cell);
    }
    uint32_t index = pending->count++;
    struct cell *cell = &pending->cell[index];
    *cell = (struct cell){.series = series, .day = day, .source = source, .kind = kind};
    if (kind == KIND_DISTINCT)
        distinct_new(&cell->set);
    *slot = index + 1;
    return index;
}

void pending_add_count(struct pending *pending, uint32_t slot, int64_t value) {
    ASSERT(slot < pending->count);
    struct cell *cell = &pending->cell[slot];
    cell->sum = cell_add(cell->sum, value);
}

void pending_add_set(struct pending *pending, uint32_t slot, struct str set) {
    ASSERT(slot < pending->count && pending->cell[slot].set != NULL);
    distinct_merge(pending->cell[slot].set, set);
    pending->set_bytes += set.len;
}

void pending_ledger(struct pending *pending, struct str key, struct str row) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    if (pending->ledger_count == pending->ledger_room) {
        pending->ledger_room = pending->ledger_room ? pending->ledger_room * 2 : 16;
        pending->ledger = mem_resize(pending->ledger, pending->ledger_room, sizeof *pending->ledger);
    }
    pending->ledger[pending->ledger_count++] =
        (struct ledger_row){{mem_copy(key.at, key.len), key.len}, {mem_copy(row.at, row.len), row.len}};
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
    if (err == 0 && !cell_valid(cell->kind, *old))
        return fault_set(why, -EBADMSG,
                         "the store holds a damaged cell (series %u); restore it from a backup",
                         cell->series);
    return err;
}

/* Folds `cell` into what the store has at `when`. */
static int fold_count(struct store_write *write, enum store_grain grain, const struct cell *cell,
                      int32_t when, int64_t sum, struct fault *why) {
    struct str old;
    int err = get_checked(write, grain, cell, when, &old, why);
    if (err != 0 && err != -ENOENT)
        return err;
    uint8_t bytes[CELL_COUNT_BYTES];
    cell_encode_count(err == 0 ? cell_add(cell_count(old), sum) : sum, bytes);
    return store_put_cell(write, grain, cell->series, when, cell->source,
                          (struct str){(char *)bytes, sizeof bytes}, why);
}

static int fold_set(struct store_write *write, enum store_grain grain, const struct cell *cell, int32_t when,
                    struct distinct *set, struct fault *why) {
    struct str old;
    int err = get_checked(write, grain, cell, when, &old, why);
    if (err != 0 && err != -ENOENT)
        return err;
    if (err == 0)
        distinct_merge(set, old);
    struct str bytes = distinct_bytes(set);
    ASSERT(cell_valid(KIND_DISTINCT, bytes));
    return store_put_cell(write, grain, cell->series, when, cell->source, bytes, why);
}

/* Writes the month row and then the day cells of `count` cells of one series, month and source. The row comes
 * first: folding a day's set takes in what the store had, which the row has already. */
static int write_month(struct cell *cell, uint32_t count, struct store_write *write, struct distinct *scratch,
                       struct fault *why) {
    int32_t month = civil_month_of_day(cell->day);
    int64_t sum = 0;
    distinct_clear(scratch);
    for (uint32_t i = 0; i < count; i++) {
        if (cell->kind == KIND_COUNT)
            sum = cell_add(sum, cell[i].sum);
        else
            distinct_merge(scratch, distinct_bytes(cell[i].set));
    }
    int err = cell->kind == KIND_COUNT ? fold_count(write, STORE_MONTHS, cell, month, sum, why)
                                       : fold_set(write, STORE_MONTHS, cell, month, scratch, why);
    for (uint32_t i = 0; i < count && err == 0; i++)
        err = cell->kind == KIND_COUNT
                  ? fold_count(write, STORE_DAYS, &cell[i], cell[i].day, cell[i].sum, why)
                  : fold_set(write, STORE_DAYS, &cell[i], cell[i].day, cell[i].set, why);
    return err;
}

static int write_cells(struct pending *pending, struct store_write *write, struct distinct *scratch,
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

static int write_once(struct pending *pending, struct store *store, const struct catalogue_name *names,
                      size_t name_count, struct distinct *scratch, struct fault *why) {
    struct store_write *write;
    int err = store_begin(store, &write, why);
    if (err)
        return err;
    for (size_t i = 0; i < name_count && err == 0; i++)
        err = store_put_name(write, names[i].table, names[i].id, names[i].text, why);
    if (err == 0)
        err = write_cells(pending, write, scratch, why);
    for (size_t i = 0; i < pending->ledger_count && err == 0; i++)
        err = store_put_ledger(write, pending->ledger[i].key, pending->ledger[i].row, why);
    if (err == 0)
        return store_commit(&write, why);
    store_abort(&write);
    return err;
}

int pending_write(struct pending *pending, struct store *store, const struct catalogue_name *names,
                  size_t name_count, struct fault *why) {
    OBJ_CHECK(pending, PENDING_MAGIC);
    if (pending->count > 1)
        qsort(pending->cell, pending->count, sizeof *pending->cell, compare_cells);
    struct distinct *scratch;
    distinct_new(&scratch);
    int err;
    do {
        err = write_once(pending, store, names, name_count, scratch, why);
    } while (err == -EAGAIN);
    distinct_destroy(&scratch);
    return err;
}
