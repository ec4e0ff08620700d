#include "daemon/ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/check.h"
#include "proto/message.h"

#define LEDGER_MAGIC 0x4c454447u
#define ENTRY_MAGIC  0x4c45454eu

#define ROW_VERSION 1
#define ROW_FIELDS  8
#define ROW_BYTES   (1 + 8 * ROW_FIELDS)
#define KEY_MAX     (MESSAGE_SOURCE_MAX + 1 + MESSAGE_OUTBOX_MAX)

struct row {
    uint64_t last, batches, accepted, refused, repeated, gap;
    int64_t heard;   /* Unix time of the last batch */
    uint64_t digest; /* of batch `last`; 0: it was skipped */
};

struct ledger_entry {
    unsigned magic;
    struct str key; /* owned: source, NUL, outbox */
    struct row disk, flying, now;
    bool changed, is_flying;
    uint64_t recent[LEDGER_RECENT]; /* digests by sequence number, modulo; 0: not known */
};

struct ledger {
    unsigned magic;
    struct ledger_entry **entry; /* sorted by key */
    size_t count, room;
};

/* ---- rows as bytes ---- */

static void put_u64(uint8_t *out, uint64_t value) {
    for (size_t i = 8; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

static uint64_t get_u64(const char *at) {
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | (uint8_t)at[i];
    return value;
}

static void row_encode(const struct row *row, uint8_t out[static ROW_BYTES]) {
    const uint64_t field[ROW_FIELDS] = {row->last,     row->batches, row->accepted,        row->refused,
                                        row->repeated, row->gap,     (uint64_t)row->heard, row->digest};
    out[0] = ROW_VERSION;
    for (size_t i = 0; i < ROW_FIELDS; i++)
        put_u64(out + 1 + 8 * i, field[i]);
}

static int row_decode(struct str bytes, struct row *out) {
    if (bytes.len != ROW_BYTES || bytes.at[0] != ROW_VERSION)
        return -EBADMSG;
    uint64_t field[ROW_FIELDS];
    for (size_t i = 0; i < ROW_FIELDS; i++)
        field[i] = get_u64(bytes.at + 1 + 8 * i);
    *out =
        (struct row){field[0], field[1], field[2], field[3], field[4], field[5], (int64_t)field[6], field[7]};
    return 0;
}

/* ---- entries ---- */

static struct str make_key(char key[static KEY_MAX], struct str source, struct str outbox) {
    ASSERT(source.len <= MESSAGE_SOURCE_MAX && outbox.len <= MESSAGE_OUTBOX_MAX);
    memcpy(key, source.at, source.len);
    key[source.len] = '\0';
    if (outbox.len)
        memcpy(key + source.len + 1, outbox.at, outbox.len);
    return (struct str){key, source.len + 1 + outbox.len};
}

/* Index of the first entry not before `key`. */
static size_t lower_bound(const struct ledger *ledger, struct str key) {
    size_t low = 0, high = ledger->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(ledger->entry[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct ledger_entry *insert(struct ledger *ledger, size_t at, struct str key) {
    if (ledger->count == ledger->room) {
        ledger->room = ledger->room ? ledger->room * 2 : 64;
        ledger->entry = mem_resize(ledger->entry, ledger->room, sizeof(struct ledger_entry *));
    }
    memmove(&ledger->entry[at + 1], &ledger->entry[at], (ledger->count - at) * sizeof(struct ledger_entry *));
    struct ledger_entry *entry = mem_zeroed(1, sizeof *entry);
    entry->magic = ENTRY_MAGIC;
    entry->key = (struct str){mem_copy(key.at, key.len), key.len};
    ledger->entry[at] = entry;
    ledger->count++;
    return entry;
}

struct loading {
    struct ledger *ledger;
    struct fault *why;
};

static int load_row(void *arg, struct str key, struct str bytes) {
    struct loading *loading = arg;
    struct ledger *ledger = loading->ledger;
    struct row row;
    if (row_decode(bytes, &row) != 0)
        return fault_set(loading->why, -EBADMSG, "the store's ledger is damaged; restore it from a backup");
    struct ledger_entry *entry = insert(ledger, ledger->count, key);
    entry->disk = entry->now = row;
    entry->recent[row.last % LEDGER_RECENT] = row.digest;
    return 0;
}

int ledger_new(struct ledger **out, struct store *store, struct fault *why) {
    struct ledger *ledger = mem_zeroed(1, sizeof *ledger);
    ledger->magic = LEDGER_MAGIC;
    struct store_snapshot *snapshot = NULL;
    struct loading loading = {ledger, why};
    int err = store_snapshot_open(store, &snapshot, why);
    if (err == 0)
        err = store_each_ledger(snapshot, load_row, &loading, why);
    store_snapshot_close(&snapshot);
    if (err) {
        ledger_destroy(&ledger);
        return err;
    }
    *out = ledger;
    return 0;
}

void ledger_destroy(struct ledger **ledger) {
    struct ledger *l = *ledger;
    if (l == NULL)
        return;
    OBJ_CHECK(l, LEDGER_MAGIC);
    for (size_t i = 0; i < l->count; i++) {
        str_free(l->entry[i]->key);
        free(l->entry[i]);
    }
    free(l->entry);
    l->magic = 0;
    free(l);
    *ledger = NULL;
}

struct ledger_entry *ledger_find(struct ledger *ledger, struct str source, struct str outbox) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    char buffer[KEY_MAX];
    struct str key = make_key(buffer, source, outbox);
    size_t at = lower_bound(ledger, key);
    return at < ledger->count && str_equal(ledger->entry[at]->key, key) ? ledger->entry[at] : NULL;
}

int ledger_open(struct ledger *ledger, struct str source, struct str outbox, struct ledger_entry **out,
                struct fault *why) {
    struct ledger_entry *entry = ledger_find(ledger, source, outbox);
    if (entry == NULL) {
        if (ledger->count == LEDGER_ENTRIES_MAX)
            return fault_set(why, -ENOSPC, "the ledger knows %u sources, its limit", LEDGER_ENTRIES_MAX);
        char buffer[KEY_MAX];
        struct str key = make_key(buffer, source, outbox);
        entry = insert(ledger, lower_bound(ledger, key), key);
    }
    *out = entry;
    return 0;
}

uint64_t ledger_on_disk(const struct ledger_entry *entry) {
    OBJ_CHECK(entry, ENTRY_MAGIC);
    return entry->disk.last;
}

uint64_t ledger_taken(const struct ledger_entry *entry) {
    OBJ_CHECK(entry, ENTRY_MAGIC);
    return entry->now.last;
}

uint64_t ledger_digest(const struct ledger_entry *entry) {
    OBJ_CHECK(entry, ENTRY_MAGIC);
    return entry->disk.digest;
}

uint64_t ledger_taken_digest(const struct ledger_entry *entry) {
    OBJ_CHECK(entry, ENTRY_MAGIC);
    return entry->now.digest;
}

bool ledger_same(const struct ledger_entry *entry, uint64_t seq, uint64_t digest) {
    OBJ_CHECK(entry, ENTRY_MAGIC);
    ASSERT(seq >= 1 && seq <= entry->now.last);
    uint64_t known = entry->now.last - seq < LEDGER_RECENT ? entry->recent[seq % LEDGER_RECENT] : 0;
    return known == 0 || known == digest;
}

void ledger_take(struct ledger *ledger, struct ledger_entry *entry, uint64_t digest, uint64_t accepted,
                 uint64_t refused, int64_t now) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    OBJ_CHECK(entry, ENTRY_MAGIC);
    entry->now.last++;
    entry->now.digest = digest;
    entry->recent[entry->now.last % LEDGER_RECENT] = digest;
    entry->now.batches++;
    entry->now.accepted += accepted;
    entry->now.refused += refused;
    entry->now.heard = now;
    entry->changed = true;
}

void ledger_repeat(struct ledger *ledger, struct ledger_entry *entry) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    OBJ_CHECK(entry, ENTRY_MAGIC);
    entry->now.repeated++;
    entry->changed = true;
}

void ledger_skip(struct ledger *ledger, struct ledger_entry *entry, uint64_t last) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    OBJ_CHECK(entry, ENTRY_MAGIC);
    ASSERT(last > entry->now.last);
    entry->now.gap += last - entry->now.last;
    entry->now.last = last;
    entry->now.digest = 0;
    memset(entry->recent, 0, sizeof entry->recent);
    entry->changed = true;
}

/* ---- with the transaction ---- */

void ledger_write(struct ledger *ledger, struct pending *pending) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    for (size_t i = 0; i < ledger->count; i++) {
        struct ledger_entry *entry = ledger->entry[i];
        ASSERT(!entry->is_flying);
        if (!entry->changed)
            continue;
        uint8_t bytes[ROW_BYTES];
        row_encode(&entry->now, bytes);
        pending_ledger(pending, entry->key, (struct str){(char *)bytes, sizeof bytes});
        entry->flying = entry->now;
        entry->is_flying = true;
        entry->changed = false;
    }
}

void ledger_settled(struct ledger *ledger) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    for (size_t i = 0; i < ledger->count; i++) {
        struct ledger_entry *entry = ledger->entry[i];
        if (entry->is_flying)
            entry->disk = entry->flying;
        entry->is_flying = false;
    }
}

void ledger_undone(struct ledger *ledger) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    for (size_t i = 0; i < ledger->count; i++) {
        struct ledger_entry *entry = ledger->entry[i];
        if (entry->now.last != entry->disk.last)
            memset(entry->recent, 0, sizeof entry->recent);
        entry->now = entry->disk;
        entry->is_flying = entry->changed = false;
    }
}
