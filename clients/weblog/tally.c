#include "clients/weblog/tally.h"

#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define TALLY_MAGIC 0x7a11e55cu
#define ROWS_MAX    16384
#define HASHES_MAX  (4u << 20)
#define DAY_SUMS    3 /* TALLY_REQUESTS .. TALLY_MALFORMED */
#define SETS        2
#define SUMS        (TALLY_SUMS - TALLY_PAGEVIEWS) /* of a language */

enum { HEARD_WITHOUT = 1 << 0, HEARD_WITH = 1 << 1 }; /* lines that named no agent, that named one */

struct hashes {
    uint64_t *at;
    size_t count, size;
};

struct cell { /* one language of a day */
    int64_t sum[SUMS];
    struct hashes set[SETS];
};

struct row {
    int32_t day;
    uint8_t heard, told;        /* zeros are due when it was; what was handed on, and its zeros with it */
    bool stamped, stamped_told; /* the same of what is counted by stamp */
    int64_t sum[DAY_SUMS];
    unsigned cell_count;
    struct cell *cell;
};

struct tally {
    unsigned magic;
    uint32_t languages;
    size_t count, size, hashes; /* rows, room for rows, hashes held */
    struct row *row;
    size_t *slot; /* open addressing: row number + 1, or 0 */
    size_t slots; /* a power of two, at least twice `count` */
    size_t last;  /* the row asked for last: days come in runs */
};

void tally_new(struct tally **out, uint32_t languages) {
    struct tally *tally = mem_zeroed(1, sizeof *tally);
    tally->magic = TALLY_MAGIC;
    tally->languages = languages;
    *out = tally;
}

static void free_cells(struct row *row) {
    for (unsigned i = 0; i < row->cell_count; i++)
        for (unsigned set = 0; set < SETS; set++)
            free(row->cell[i].set[set].at);
    free(row->cell);
    row->cell = NULL;
    row->cell_count = 0;
}

static void drop_rows(struct tally *tally) {
    for (size_t i = 0; i < tally->count; i++)
        free_cells(&tally->row[i]);
    free(tally->row);
    free(tally->slot);
    tally->row = NULL;
    tally->slot = NULL;
    tally->count = tally->size = tally->slots = tally->last = tally->hashes = 0;
}

void tally_destroy(struct tally **pointer) {
    struct tally *tally = *pointer;
    if (tally == NULL)
        return;
    OBJ_CHECK(tally, TALLY_MAGIC);
    drop_rows(tally);
    tally->magic = 0;
    free(tally);
    *pointer = NULL;
}

static size_t slot_of(const struct tally *tally, int32_t day) {
    size_t slot = ((uint32_t)day * 2654435761u) & (tally->slots - 1);
    while (tally->slot[slot] != 0 && tally->row[tally->slot[slot] - 1].day != day)
        slot = (slot + 1) & (tally->slots - 1);
    return slot;
}

static void index_rows(struct tally *tally, size_t slots) {
    free(tally->slot);
    tally->slots = slots;
    tally->slot = mem_zeroed(slots, sizeof *tally->slot);
    for (size_t i = 0; i < tally->count; i++)
        tally->slot[slot_of(tally, tally->row[i].day)] = i + 1;
}

static struct row *row_of(struct tally *tally, int32_t day) {
    if (tally->last < tally->count && tally->row[tally->last].day == day)
        return &tally->row[tally->last];
    if (tally->slots < 2 * (tally->count + 1))
        index_rows(tally, tally->slots ? 2 * tally->slots : 64);
    size_t slot = slot_of(tally, day);
    if (tally->slot[slot] == 0) {
        if (tally->count == tally->size) {
            tally->size = tally->size ? 2 * tally->size : 32;
            tally->row = mem_resize(tally->row, tally->size, sizeof *tally->row);
        }
        tally->row[tally->count++] = (struct row){.day = day};
        tally->slot[slot] = tally->count;
    }
    tally->last = tally->slot[slot] - 1;
    return &tally->row[tally->last];
}

static struct cell *cell_of(struct tally *tally, int32_t day, unsigned language) {
    ASSERT(language < TALLY_LANGUAGES);
    struct row *row = row_of(tally, day);
    if (language >= row->cell_count) {
        row->cell = mem_resize(row->cell, language + 1, sizeof *row->cell);
        memset(row->cell + row->cell_count, 0, (language + 1 - row->cell_count) * sizeof *row->cell);
        row->cell_count = language + 1;
    }
    return &row->cell[language];
}

void tally_add(struct tally *tally, enum tally_sum what, int32_t day, unsigned language, int64_t number) {
    OBJ_CHECK(tally, TALLY_MAGIC);
    if (what < TALLY_PAGEVIEWS)
        row_of(tally, day)->sum[what] += number;
    else
        cell_of(tally, day, language)->sum[what - TALLY_PAGEVIEWS] += number;
}

void tally_put(struct tally *tally, enum tally_set what, int32_t day, unsigned language, uint64_t hash) {
    OBJ_CHECK(tally, TALLY_MAGIC);
    struct hashes *set = &cell_of(tally, day, language)->set[what];
    if (set->count == set->size) {
        set->size = set->size ? 2 * set->size : 16;
        set->at = mem_resize(set->at, set->size, sizeof *set->at);
    }
    set->at[set->count++] = hash;
    tally->hashes++;
}

void tally_heard(struct tally *tally, int32_t day, bool agent) {
    OBJ_CHECK(tally, TALLY_MAGIC);
    row_of(tally, day)->heard |= agent ? HEARD_WITH : HEARD_WITHOUT;
}

void tally_stamped(struct tally *tally, int32_t day) {
    OBJ_CHECK(tally, TALLY_MAGIC);
    row_of(tally, day)->stamped = true;
}

bool tally_full(const struct tally *tally) {
    OBJ_CHECK(tally, TALLY_MAGIC);
    return tally->count >= ROWS_MAX || tally->hashes >= HASHES_MAX;
}

static int flush_language(struct row *row, unsigned language, bool zeros, bool stamp_zeros,
                          const struct tally_sink *sink) {
    static const struct cell nothing;
    const struct cell *cell = language < row->cell_count ? &row->cell[language] : &nothing;
    for (unsigned i = 0; i < SUMS; i++)
        if (cell->sum[i] != 0 || (i < TALLY_FIRSTS_DAY - TALLY_PAGEVIEWS ? zeros : stamp_zeros)) {
            int rc = sink->sum(sink->arg, TALLY_PAGEVIEWS + i, row->day, language, cell->sum[i]);
            if (rc != 0)
                return rc;
        }
    for (unsigned i = 0; i < SETS; i++) {
        const struct hashes *set = &cell->set[i];
        if (set->count > 0 || zeros) {
            int rc = sink->set(sink->arg, i, row->day, language, set->at, set->count);
            if (rc != 0)
                return rc;
        }
    }
    return 0;
}

static int flush_heard(const struct row *row, const struct tally_sink *sink) {
    unsigned untold = row->heard & ~row->told;
    int rc = untold & HEARD_WITHOUT ? sink->heard(sink->arg, row->day, false) : 0;
    return rc == 0 && (untold & HEARD_WITH) ? sink->heard(sink->arg, row->day, true) : rc;
}

static int flush_row(struct tally *tally, struct row *row, const struct tally_sink *sink) {
    bool zeros = row->heard && !row->told, stamp_zeros = row->stamped && !row->stamped_told;
    int failed = flush_heard(row, sink);
    if (failed)
        return failed;
    for (unsigned i = 0; i < DAY_SUMS; i++)
        if (row->sum[i] != 0 || zeros) {
            int rc = sink->sum(sink->arg, i, row->day, TALLY_NO_LANGUAGE, row->sum[i]);
            if (rc != 0)
                return rc;
        }
    for (unsigned language = 0; language < TALLY_LANGUAGES; language++) {
        bool own = tally->languages >> language & 1;
        int rc = flush_language(row, language, zeros && own, stamp_zeros && own, sink);
        if (rc != 0)
            return rc;
    }
    free_cells(row);
    *row = (struct row){
        .day = row->day, .told = row->told | row->heard, .stamped_told = row->stamped_told || stamp_zeros};
    return 0;
}

static int compare_rows(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    return (x->day > y->day) - (x->day < y->day);
}

int tally_flush(struct tally *tally, const struct tally_sink *sink) {
    OBJ_CHECK(tally, TALLY_MAGIC);
    if (tally->count == 0)
        return 0;
    qsort(tally->row, tally->count, sizeof *tally->row, compare_rows);
    for (size_t i = 0; i < tally->count; i++) {
        int rc = flush_row(tally, &tally->row[i], sink);
        if (rc != 0)
            return rc;
    }
    tally->hashes = 0;
    if (tally->count >= ROWS_MAX / 2)
        drop_rows(tally); /* forgets which days were told: telling a zero again does no harm */
    else
        index_rows(tally, tally->slots);
    tally->last = 0;
    return 0;
}

/* Which zeros were told before stays known. */
void tally_forget(struct tally *tally) {
    OBJ_CHECK(tally, TALLY_MAGIC);
    for (size_t i = 0; i < tally->count; i++) {
        struct row *row = &tally->row[i];
        free_cells(row);
        *row = (struct row){.day = row->day, .told = row->told, .stamped_told = row->stamped_told};
    }
    tally->hashes = 0;
}
