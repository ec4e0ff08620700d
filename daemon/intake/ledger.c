#include "daemon/intake/ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/books/balance.h"
#include "proto/check.h"

#define LEDGER_MAGIC 0x4c454447u
#define ENTRY_MAGIC  0x4c45454eu

struct ledger_entry {
    unsigned magic;
    struct str key; /* owned: source, NUL, outbox */
    struct balance disk, flying, now;
    bool changed;                   /* and in that list */
    uint64_t recent[LEDGER_RECENT]; /* digests by sequence number, modulo; 0: not known */
};

struct ledger {
    unsigned magic;
    struct ledger_entry **entry; /* sorted by key */
    size_t count, room;
    struct ledger_entry **changed; /* since the last ledger_write; as much room as there are entries */
    struct ledger_entry **flying;  /* in the transaction that is being written; likewise */
    size_t changed_count, flying_count;
};

/* ---- entries ---- */

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
        ledger->changed = mem_resize(ledger->changed, ledger->room, sizeof(struct ledger_entry *));
        ledger->flying = mem_resize(ledger->flying, ledger->room, sizeof(struct ledger_entry *));
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
    struct balance row;
    if (balance_decode(bytes, &row) != 0)
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
    free(l->changed);
    free(l->flying);
    l->magic = 0;
    free(l);
    *ledger = NULL;
}

struct ledger_entry *ledger_find(struct ledger *ledger, struct str source, struct str outbox) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    char buffer[BALANCE_KEY_MAX];
    struct str key = balance_key(buffer, source, outbox);
    size_t at = lower_bound(ledger, key);
    return at < ledger->count && str_equal(ledger->entry[at]->key, key) ? ledger->entry[at] : NULL;
}

int ledger_open(struct ledger *ledger, struct str source, struct str outbox, struct ledger_entry **out,
                struct fault *why) {
    struct ledger_entry *entry = ledger_find(ledger, source, outbox);
    if (entry == NULL) {
        if (ledger->count == LEDGER_ENTRIES_MAX)
            return fault_set(why, -ENOSPC,
                             "the ledger knows %u outboxes, its limit: no new one can be counted; start the "
                             "daemon with new --data",
                             LEDGER_ENTRIES_MAX);
        char buffer[BALANCE_KEY_MAX];
        struct str key = balance_key(buffer, source, outbox);
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

bool ledger_given_up(const struct ledger_entry *entry, uint64_t seq) {
    OBJ_CHECK(entry, ENTRY_MAGIC);
    return seq >= entry->now.gap_first && seq <= entry->now.gap_last;
}

struct str ledger_key(const struct ledger_entry *entry) {
    OBJ_CHECK(entry, ENTRY_MAGIC);
    return entry->key;
}

static void note_change(struct ledger *ledger, struct ledger_entry *entry) {
    if (entry->changed)
        return;
    entry->changed = true;
    ledger->changed[ledger->changed_count++] = entry;
}

void ledger_take(struct ledger *ledger, struct ledger_entry *entry, const struct ledger_batch *batch) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    OBJ_CHECK(entry, ENTRY_MAGIC);
    struct balance *now = &entry->now;
    now->last++;
    now->digest = batch->digest;
    entry->recent[now->last % LEDGER_RECENT] = batch->digest;
    now->batches++;
    now->read += batch->read;
    now->accepted += batch->accepted;
    now->refused += batch->refused;
    now->total += (uint64_t)batch->total;
    now->heard = batch->now;
    note_change(ledger, entry);
}

void ledger_repeat(struct ledger *ledger, struct ledger_entry *entry, uint64_t read, int64_t now) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    OBJ_CHECK(entry, ENTRY_MAGIC);
    entry->now.batches_again++;
    entry->now.read += read;
    entry->now.repeated += read;
    entry->now.heard = now;
    note_change(ledger, entry);
}

void ledger_skip(struct ledger *ledger, struct ledger_entry *entry, uint64_t last) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    OBJ_CHECK(entry, ENTRY_MAGIC);
    ASSERT(last > entry->now.last);
    entry->now.missing += last - entry->now.last;
    entry->now.gap_first = entry->now.last + 1;
    entry->now.gap_last = last;
    entry->now.last = last;
    entry->now.digest = 0;
    memset(entry->recent, 0, sizeof entry->recent);
    note_change(ledger, entry);
}

/* ---- with the transaction ---- */

bool ledger_changed(const struct ledger *ledger) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    return ledger->changed_count > 0;
}

void ledger_write(struct ledger *ledger, struct pending *pending) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    ASSERT(ledger->flying_count == 0);
    struct ledger_entry **empty = ledger->flying;
    ledger->flying = ledger->changed;
    ledger->flying_count = ledger->changed_count;
    ledger->changed = empty;
    ledger->changed_count = 0;
    for (size_t i = 0; i < ledger->flying_count; i++) {
        struct ledger_entry *entry = ledger->flying[i];
        uint8_t bytes[BALANCE_BYTES];
        balance_encode(&entry->now, bytes);
        pending_ledger(pending, entry->key, (struct str){(char *)bytes, sizeof bytes});
        entry->flying = entry->now;
        entry->changed = false;
    }
}

void ledger_settled(struct ledger *ledger) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    for (size_t i = 0; i < ledger->flying_count; i++)
        ledger->flying[i]->disk = ledger->flying[i]->flying;
    ledger->flying_count = 0;
}

static void undo(struct ledger_entry *entry) {
    if (entry->now.last != entry->disk.last)
        memset(entry->recent, 0, sizeof entry->recent);
    entry->now = entry->disk;
    entry->changed = false;
}

void ledger_undone(struct ledger *ledger) {
    OBJ_CHECK(ledger, LEDGER_MAGIC);
    for (size_t i = 0; i < ledger->flying_count; i++)
        undo(ledger->flying[i]);
    for (size_t i = 0; i < ledger->changed_count; i++)
        undo(ledger->changed[i]);
    ledger->flying_count = ledger->changed_count = 0;
}
