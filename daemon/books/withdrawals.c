#include "daemon/books/withdrawals.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/store/row.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"
#include "proto/utf8.h"

#define WITHDRAWALS_MAGIC 0x57495448u

/* Key: vintage, source, first and last day, so that rows lie in the order in which they were made. Row: version,
 * time, the reason. */
#define ROW_VERSION 1
#define ROW_HEAD    (1 + 8)
#define KEY_BYTES   (4 * 4)

struct withdrawals {
    unsigned magic;
    struct withdrawal *withdrawal; /* by vintage */
    size_t count, room;
    struct withdrawal *by_source; /* the same by (source, vintage) */
};

static bool parse(struct str key, struct str row, struct withdrawal *out) {
    if (key.len != KEY_BYTES || row.len < ROW_HEAD || row.at[0] != ROW_VERSION)
        return false;
    *out = (struct withdrawal){
        .vintage = (uint32_t)row_get(key.at, 4),
        .source = (uint32_t)row_get(key.at + 4, 4),
        .first = (int32_t)row_get(key.at + 8, 4),
        .last = (int32_t)row_get(key.at + 12, 4),
        .at = (int64_t)row_get(row.at + 1, 8),
        .reason = {row.at + ROW_HEAD, row.len - ROW_HEAD},
    };
    return out->vintage > 0 && out->first >= CIVIL_DAY_MIN && out->first <= out->last &&
           out->last <= CIVIL_DAY_MAX && out->reason.len <= ENTRY_NOTE_MAX && utf8_valid(out->reason);
}

bool withdrawals_valid(struct str key, struct str row) {
    struct withdrawal withdrawal;
    return parse(key, row, &withdrawal);
}

struct loading {
    struct withdrawals *withdrawals;
    struct fault *why;
};

static int load_row(void *arg, struct str key, struct str row) {
    const struct loading *loading = arg;
    struct withdrawals *withdrawals = loading->withdrawals;
    struct withdrawal withdrawal;
    if (!parse(key, row, &withdrawal))
        return fault_set(loading->why, -EBADMSG,
                         "the store's table of withdrawals is damaged; \"suivi check\" tells where");
    if (withdrawals->count == withdrawals->room) {
        withdrawals->room = withdrawals->room ? withdrawals->room * 2 : 16;
        withdrawals->withdrawal =
            mem_resize(withdrawals->withdrawal, withdrawals->room, sizeof *withdrawals->withdrawal);
    }
    withdrawal.reason = str_copy(withdrawal.reason);
    withdrawal.place = withdrawals->count;
    withdrawals->withdrawal[withdrawals->count++] = withdrawal;
    return 0;
}

static int compare_by_source(const void *left, const void *right) {
    const struct withdrawal *a = left, *b = right;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->vintage > b->vintage) - (a->vintage < b->vintage);
}

/* The reasons are copied: what is read of a write's own view does not live until the next put. */
int withdrawals_load(struct withdrawals **out, struct store_snapshot *snapshot, struct fault *why) {
    struct withdrawals *withdrawals = mem_zeroed(1, sizeof *withdrawals);
    withdrawals->magic = WITHDRAWALS_MAGIC;
    int err = store_each_row(snapshot, STORE_WITHDRAWALS, STR(""), load_row,
                             &(struct loading){withdrawals, why}, why);
    if (err) {
        withdrawals_destroy(&withdrawals);
        return err;
    }
    size_t count = withdrawals->count;
    if (count > 0) {
        withdrawals->by_source = mem_copy(withdrawals->withdrawal, count * sizeof *withdrawals->withdrawal);
        qsort(withdrawals->by_source, count, sizeof *withdrawals->by_source, compare_by_source);
    }
    *out = withdrawals;
    return 0;
}

void withdrawals_destroy(struct withdrawals **withdrawals) {
    struct withdrawals *w = *withdrawals;
    if (w == NULL)
        return;
    OBJ_CHECK(w, WITHDRAWALS_MAGIC);
    for (size_t i = 0; i < w->count; i++)
        str_free(w->withdrawal[i].reason);
    free(w->withdrawal);
    free(w->by_source);
    w->magic = 0;
    free(w);
    *withdrawals = NULL;
}

size_t withdrawals_count(const struct withdrawals *withdrawals) {
    OBJ_CHECK(withdrawals, WITHDRAWALS_MAGIC);
    return withdrawals->count;
}

const struct withdrawal *withdrawals_at(const struct withdrawals *withdrawals, size_t index) {
    OBJ_CHECK(withdrawals, WITHDRAWALS_MAGIC);
    ASSERT(index < withdrawals->count);
    return &withdrawals->withdrawal[index];
}

/* The first of a source that ends `vintage` or a later one. */
static size_t find(const struct withdrawals *withdrawals, uint32_t source, uint32_t vintage) {
    size_t low = 0, high = withdrawals->count;
    struct withdrawal wanted = {.source = source, .vintage = vintage};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_by_source(&withdrawals->by_source[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct withdrawal *withdrawals_taking(const struct withdrawals *withdrawals, uint32_t source,
                                            int32_t day, uint32_t vintage) {
    OBJ_CHECK(withdrawals, WITHDRAWALS_MAGIC);
    for (size_t i = find(withdrawals, source, vintage); i < withdrawals->count; i++) {
        const struct withdrawal *withdrawal = &withdrawals->by_source[i];
        if (withdrawal->source != source)
            return NULL;
        if (withdrawal->first <= day && day <= withdrawal->last)
            return withdrawal;
    }
    return NULL;
}

bool withdrawals_counts(const struct withdrawals *withdrawals, uint32_t source, int32_t day, uint32_t vintage,
                        uint32_t known) {
    const struct withdrawal *taking = withdrawals_taking(withdrawals, source, day, vintage);
    return taking == NULL || (known != 0 && taking->vintage > known);
}

void withdrawals_mark(const struct withdrawals *withdrawals, uint32_t source, int32_t day, uint32_t vintage,
                      bool *marks) {
    OBJ_CHECK(withdrawals, WITHDRAWALS_MAGIC);
    for (size_t i = find(withdrawals, source, vintage); i < withdrawals->count; i++) {
        const struct withdrawal *withdrawal = &withdrawals->by_source[i];
        if (withdrawal->source != source)
            return;
        if (withdrawal->first <= day && day <= withdrawal->last)
            marks[withdrawal->place] = true;
    }
}

int withdrawals_put(struct store_write *write, const struct withdrawal *withdrawal, struct fault *why) {
    uint8_t key[KEY_BYTES], row[ROW_HEAD + ENTRY_NOTE_MAX];
    ASSERT(withdrawal->reason.len <= ENTRY_NOTE_MAX);
    uint8_t *at = row_put(key, withdrawal->vintage, 4);
    at = row_put(at, withdrawal->source, 4);
    at = row_put(at, (uint32_t)withdrawal->first, 4);
    (void)row_put(at, (uint32_t)withdrawal->last, 4);
    at = row_put(row, ROW_VERSION, 1);
    at = row_put(at, (uint64_t)withdrawal->at, 8);
    if (withdrawal->reason.len > 0)
        memcpy(at, withdrawal->reason.at, withdrawal->reason.len);
    return store_put_row(write, STORE_WITHDRAWALS, (struct str){(const char *)key, sizeof key},
                         (struct str){(const char *)row, ROW_HEAD + withdrawal->reason.len}, why);
}
