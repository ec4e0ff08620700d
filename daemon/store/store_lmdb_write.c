/* Writing: one transaction at a time, and what becomes of one that fails. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/block.h"
#include "daemon/store/store_lmdb_priv.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/pause.h"

#define WRITE_MAGIC  0x53545752u
#define MAP_STEP_MAX ((size_t)64 << 30)
#define PIECE        32u /* records put between two pauses */

/* The block that sums are being added to; it goes into the transaction when another one is wanted. */
struct open_block {
    MDB_cursor *cursor;
    struct cell_key key; /* its `series` is the block's number */
    bool open, found;
    struct block block;
};

struct seal {
    uint32_t source;
    uint64_t added, events;
};

struct store_write {
    unsigned magic;
    struct store *store;
    MDB_txn *txn;
    size_t puts;
    struct open_block open[2]; /* by grain */
    struct store_vintage vintage;
    struct store_snapshot view;

    /* What was added to the seals of sources, and where each stands in that list, plus 1. */
    struct seal *seal;
    uint32_t *seal_of;
    uint32_t seal_count, seal_room, seal_of_room;
};

/* ---- writing ---- */

/* Opened anew, only for that, LMDB tells what is on disk even when it had given up. */
static void reopen_for_reading(struct store *store) {
    MDB_txn *txn;
    atomic_store(&store->growing, true); /* a long check lets go */
    (void)pthread_rwlock_wrlock(&store->map);
    atomic_store(&store->growing, false);
    mdb_env_close(store->env);
    store->env = NULL;
    int rc = store_map(store, MDB_RDONLY);
    if (rc == 0 && (rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn)) == 0) {
        rc = store_open_tables(store, txn, 0);
        (void)mdb_txn_commit(txn); /* which keeps the tables open */
    }
    if (rc && store->env) {
        mdb_env_close(store->env);
        store->env = NULL;
    }
    (void)pthread_rwlock_unlock(&store->map);
}

/* After a write or a sync that failed at the disk nobody knows what is there, and the kernel may have given up
 * the pages, so that a sync that goes well later proves nothing. So nothing more is written: who starts anew
 * starts from what is there. No write transaction may be open. */
static int disk_failed(struct store *store, int rc, struct fault *why) {
    (void)snprintf(store->failed, sizeof store->failed,
                   "%s: writing failed (%s), so that nothing is taken any more: restart suivid once the disk "
                   "is well",
                   store->directory, mdb_strerror(rc));
    reopen_for_reading(store);
    return fault_set(why, -EIO, "%s", store->failed);
}

int store_begin(struct store *store, struct store_write **out, struct fault *why) {
    OBJ_CHECK(store, STORE_MAGIC);
    if (store->failed[0])
        return fault_set(why, -EIO, "%s", store->failed);
    store->was_full = store_is_full(store);
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return store_fault(store, rc, "begin a write", why);
    struct store_write *write = mem_zeroed(1, sizeof *write);
    *write = (struct store_write){.magic = WRITE_MAGIC, .store = store, .txn = txn};
    write->view = (struct store_snapshot){.magic = SNAPSHOT_MAGIC, .store = store, .txn = txn};
    int err = store_vintage_at(&write->view, INT64_MAX, &write->vintage, why);
    if (err)
        store_abort(&write);
    else
        *out = write;
    return err;
}

/* Waits for the open snapshots to end: rare, since the map doubles. */
static int grow_map(struct store *store, struct fault *why) {
    size_t wanted = store->map_bytes + (store->map_bytes < MAP_STEP_MAX ? store->map_bytes : MAP_STEP_MAX);
    atomic_store(&store->growing, true);
    (void)pthread_rwlock_wrlock(&store->map);
    int rc = mdb_env_set_mapsize(store->env, wanted);
    atomic_store(&store->growing, false);
    (void)pthread_rwlock_unlock(&store->map);
    if (rc)
        return fault_set(why, store_errno(rc), "%s: cannot map %zu bytes: %s", store->directory, wanted,
                         mdb_strerror(rc));
    store->map_bytes = wanted;
    return fault_set(why, -EAGAIN, "%s: the map was full and has grown; begin anew", store->directory);
}

/* After some failures LMDB refuses all work, reading too. */
static bool lmdb_gave_up(const struct store *store) {
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        mdb_txn_abort(txn);
    return rc == MDB_PANIC;
}

int store_write_failed(struct store_write *write, int rc, struct fault *why) {
    struct store *store = write->store;
    if (rc == EIO && store->was_full)
        rc = ENOSPC;
    bool at_disk =
        (rc > 0 && rc != ENOMEM && rc != EFBIG && !store_lacks_room(store, rc)) || lmdb_gave_up(store);
    if (rc != MDB_MAP_FULL && !at_disk)
        return store_fault(store, rc, "write", why);
    if (write->txn)
        mdb_txn_abort(write->txn);
    write->txn = NULL;
    return at_disk ? disk_failed(store, rc, why) : grow_map(store, why);
}

static int put(struct store_write *write, enum table table, MDB_val key, struct str value,
               struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    ASSERT(write->txn != NULL);
    pause_after(++write->puts, PIECE);
    MDB_val val = val_of(value);
    int rc = mdb_put(write->txn, write->store->table[table], &key, &val, 0);
    return rc ? store_write_failed(write, rc, why) : 0;
}

int store_put_name(struct store_write *write, enum store_names table, uint32_t id, struct str text,
                   struct fault *why) {
    uint8_t key[NAME_KEY_BYTES];
    store_put_u32(key, id);
    return put(write, table_of_names(table), (MDB_val){sizeof key, key}, text, why);
}

/* *found: there is one. */
static int get(struct store_write *write, enum table table, MDB_val key, struct str *out, bool *found,
               struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    ASSERT(write->txn != NULL);
    MDB_val value;
    int rc = mdb_get(write->txn, write->store->table[table], &key, &value);
    *found = rc == 0;
    if (rc != 0 && rc != MDB_NOTFOUND)
        return store_fault(write->store, rc, "read", why);
    if (*found)
        *out = str_of_val(value);
    return 0;
}

/* -ENOENT: no such record. */
static int need(struct store_write *write, enum table table, MDB_val key, struct str *out,
                struct fault *why) {
    bool found;
    int err = get(write, table, key, out, &found, why);
    return err == 0 && !found ? -ENOENT : err;
}

/* ---- rows ---- */

int store_get_row(struct store_write *write, enum store_rows table, struct str key, struct str *row,
                  struct fault *why) {
    return need(write, store_table_of_rows(table), val_of(key), row, why);
}

int store_put_row(struct store_write *write, enum store_rows table, struct str key, struct str row,
                  struct fault *why) {
    ASSERT(key.len > 0 && key.len <= ROW_KEY_MAX);
    return put(write, store_table_of_rows(table), val_of(key), row, why);
}

int store_put_ledger(struct store_write *write, struct str key, struct str row, struct fault *why) {
    return store_put_row(write, STORE_LEDGER, key, row, why);
}

int store_drop_rows(struct store_write *write, enum store_rows table, struct str from, struct str to,
                    struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    MDB_cursor *cursor;
    MDB_val key = val_of(from), value;
    int rc = mdb_cursor_open(write->txn, write->store->table[store_table_of_rows(table)], &cursor);
    if (rc)
        return store_write_failed(write, rc, why);
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
         rc == 0 && str_compare(str_of_val(key), to) <= 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
        if ((rc = mdb_cursor_del(cursor, 0)) != 0)
            break;
    mdb_cursor_close(cursor);
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : store_write_failed(write, rc, why);
}

/* ---- vintages ---- */

static int put_vintage(struct store_write *write, const struct store_vintage *vintage, struct fault *why) {
    uint8_t key[NAME_KEY_BYTES], row[VINTAGE_BYTES];
    store_put_u32(key, vintage->number);
    store_put_u64(row, (uint64_t)vintage->began);
    row[VINTAGE_BYTES - 1] = vintage->ended;
    int err =
        put(write, TABLE_VINTAGES, (MDB_val){sizeof key, key}, (struct str){(char *)row, sizeof row}, why);
    if (err == 0)
        write->vintage = *vintage;
    return err;
}

/* A clock that goes back begins no vintage, and none begins before the one before it. */
int store_stamp(struct store_write *write, int64_t now, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    const struct store_vintage *last = &write->vintage;
    int32_t day, before;
    bool later = last->number == 0 || last->ended ||
                 (civil_day_of_time(now, &day) && civil_day_of_time(last->began, &before) && day > before);
    if (!later)
        return 0;
    if (last->number == UINT32_MAX)
        return fault_set(why, -EOVERFLOW, "%s: there are as many vintages as can be numbered",
                         write->store->directory);
    return put_vintage(
        write,
        &(struct store_vintage){.number = last->number + 1,
                                .began = now > last->began || last->number == 0 ? now : last->began},
        why);
}

uint32_t store_write_vintage(const struct store_write *write) {
    OBJ_CHECK(write, WRITE_MAGIC);
    return write->vintage.number;
}

int store_end_vintage(struct store_write *write, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    struct store_vintage ended = write->vintage;
    ended.ended = true;
    return put_vintage(write, &ended, why);
}

/* ---- seals ---- */

static struct seal *find_seal(struct store_write *write, uint32_t source) {
    if (source >= write->seal_of_room) {
        uint32_t room = write->seal_of_room ? write->seal_of_room : 64;
        while (room <= source)
            room *= 2;
        write->seal_of = mem_resize(write->seal_of, room, sizeof *write->seal_of);
        memset(write->seal_of + write->seal_of_room, 0,
               (room - write->seal_of_room) * sizeof *write->seal_of);
        write->seal_of_room = room;
    }
    if (write->seal_of[source] == 0) {
        if (write->seal_count == write->seal_room) {
            write->seal_room = write->seal_room ? write->seal_room * 2 : 16;
            write->seal = mem_resize(write->seal, write->seal_room, sizeof *write->seal);
        }
        write->seal[write->seal_count++] = (struct seal){.source = source};
        write->seal_of[source] = write->seal_count;
    }
    return &write->seal[write->seal_of[source] - 1];
}

void store_count_events(struct store_write *write, uint32_t source, uint64_t events) {
    OBJ_CHECK(write, WRITE_MAGIC);
    find_seal(write, source)->events += events;
}

/* Puts a record of days, and its difference into the seal of its source. */
static int put_sealed(struct store_write *write, enum table table, struct str key, uint32_t source,
                      struct str value, struct fault *why) {
    struct str old;
    bool found;
    int err = get(write, table, val_of(key), &old, &found, why);
    if (err)
        return err;
    struct seal *seal = find_seal(write, source);
    if (found)
        seal->added -= store_seal_of(key, old);
    seal->added += store_seal_of(key, value);
    return put(write, table, val_of(key), value, why);
}

static int write_seals(struct store_write *write, struct fault *why) {
    int err = 0;
    for (uint32_t i = 0; i < write->seal_count && err == 0; i++) {
        uint8_t key[NAME_KEY_BYTES], row[SEAL_BYTES];
        struct str old;
        bool found;
        store_put_u32(key, write->seal[i].source);
        err = get(write, TABLE_SEALS, (MDB_val){sizeof key, key}, &old, &found, why);
        if (err)
            break;
        bool known = found && old.len == SEAL_BYTES;
        store_put_u64(row, (known ? store_get_u64(old.at) : 0) + write->seal[i].added);
        store_put_u64(row + 8, (known ? store_get_u64(old.at + 8) : 0) + write->seal[i].events);
        err = put(write, TABLE_SEALS, (MDB_val){sizeof key, key}, (struct str){(char *)row, sizeof row}, why);
    }
    return err;
}

/* ---- sets and entries ---- */

static struct str write_key(const struct store_write *write, enum store_grain grain, uint32_t series,
                            int32_t when, uint32_t source, uint8_t bytes[static DAY_KEY_BYTES]) {
    const struct cell_key key = {series, when, source, write->vintage.number};
    return (struct str){(char *)bytes, cell_key_write(&key, grain, bytes)};
}

int store_get_cell(struct store_write *write, enum store_grain grain, uint32_t series, int32_t when,
                   uint32_t source, struct str *out, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    uint8_t bytes[DAY_KEY_BYTES];
    return need(write, table_of_cells(grain), val_of(write_key(write, grain, series, when, source, bytes)),
                out, why);
}

int store_put_cell(struct store_write *write, enum store_grain grain, uint32_t series, int32_t when,
                   uint32_t source, struct str value, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    uint8_t bytes[DAY_KEY_BYTES];
    struct str key = write_key(write, grain, series, when, source, bytes);
    return grain == STORE_DAYS ? put_sealed(write, TABLE_DAYS, key, source, value, why)
                               : put(write, TABLE_MONTHS, val_of(key), value, why);
}

int store_get_entry(struct store_write *write, uint32_t series, int32_t day, uint32_t source, uint64_t id,
                    struct str *value, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    uint8_t bytes[ENTRY_KEY_BYTES];
    entry_key_write(&(struct cell_key){series, day, source, write->vintage.number}, id, bytes);
    return need(write, TABLE_ENTRIES, (MDB_val){sizeof bytes, bytes}, value, why);
}

int store_put_entry(struct store_write *write, uint32_t series, int32_t day, uint32_t source, uint64_t id,
                    struct str value, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    uint8_t bytes[ENTRY_KEY_BYTES];
    entry_key_write(&(struct cell_key){series, day, source, write->vintage.number}, id, bytes);
    return put_sealed(write, TABLE_ENTRIES, (struct str){(char *)bytes, sizeof bytes}, source, value, why);
}

static int drop_in(struct store_write *write, enum table table, uint32_t source, int32_t first, int32_t last,
                   struct fault *why) {
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(write->txn, write->store->table[table], &cursor);
    if (rc)
        return store_write_failed(write, rc, why);
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (key.mv_size != MONTH_KEY_BYTES)
            continue;
        struct cell_key at = cell_key_read(key.mv_data, STORE_MONTHS);
        if (at.source == source && at.when >= first && at.when <= last &&
            (rc = mdb_cursor_del(cursor, 0)) != 0)
            break;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : store_write_failed(write, rc, why);
}

/* ---- sums ---- */

static int close_block(struct store_write *write, struct open_block *open, struct fault *why) {
    if (!open->open)
        return 0;
    enum store_grain grain = open == &write->open[STORE_DAYS] ? STORE_DAYS : STORE_MONTHS;
    uint8_t key_bytes[DAY_KEY_BYTES], bytes[BLOCK_BYTES_MAX];
    MDB_val key = {cell_key_write(&open->key, grain, key_bytes), key_bytes},
            value = {block_encode(&open->block, bytes), bytes};
    int rc = mdb_cursor_put(open->cursor, &key, &value, open->found ? MDB_CURRENT : 0);
    open->open = false;
    return rc ? store_write_failed(write, rc, why) : 0;
}

static int open_block(struct store_write *write, enum store_grain grain, const struct cell_key *key,
                      struct fault *why) {
    struct open_block *open = &write->open[grain];
    struct store *store = write->store;
    int err = close_block(write, open, why), rc = 0;
    if (err)
        return err;
    pause_after(++write->puts, PIECE);
    if (open->cursor == NULL)
        rc = mdb_cursor_open(write->txn, store->table[table_of_sums(grain)], &open->cursor);
    if (rc)
        return store_fault(store, rc, "write", why);
    uint8_t bytes[DAY_KEY_BYTES];
    MDB_val at = {cell_key_write(key, grain, bytes), bytes}, value;
    rc = mdb_cursor_get(open->cursor, &at, &value, MDB_SET);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return store_fault(store, rc, "read", why);
    open->key = *key;
    open->found = rc == 0;
    open->block.mask = 0;
    if (open->found && !block_valid(str_of_val(value)))
        return fault_set(why, -EBADMSG,
                         "the store holds damaged sums (series %" PRIu32
                         " and its neighbours); restore it from "
                         "a backup",
                         key->series * BLOCK_SERIES);
    if (open->found)
        block_decode(str_of_val(value), &open->block);
    open->open = true;
    return 0;
}

int store_add(struct store_write *write, enum store_grain grain, uint32_t series, int32_t when,
              uint32_t source, int64_t value, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    ASSERT(write->txn != NULL);
    struct open_block *open = &write->open[grain];
    struct cell_key key = {series / BLOCK_SERIES, when, source, write->vintage.number};
    if (!open->open || open->key.series != key.series || open->key.when != when ||
        open->key.source != source) {
        int err = open_block(write, grain, &key, why);
        if (err)
            return err;
    }
    block_add(&open->block, series % BLOCK_SERIES, value);
    return 0;
}

static int close_blocks(struct store_write *write, struct fault *why) {
    int err = close_block(write, &write->open[STORE_DAYS], why);
    return err ? err : close_block(write, &write->open[STORE_MONTHS], why);
}

int store_drop_months(struct store_write *write, uint32_t source, int32_t first, int32_t last,
                      struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    int err = close_blocks(write, why);
    if (err == 0)
        err = drop_in(write, TABLE_MONTH_SUMS, source, first, last, why);
    return err ? err : drop_in(write, TABLE_MONTHS, source, first, last, why);
}

int store_write_view(struct store_write *write, struct store_snapshot **out, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    int err = close_blocks(write, why);
    if (err == 0)
        *out = &write->view;
    return err;
}

/* ---- ending ---- */

int store_commit(struct store_write **write, struct fault *why) {
    struct store_write *w = *write;
    OBJ_CHECK(w, WRITE_MAGIC);
    ASSERT(w->txn != NULL);
    int err = close_blocks(w, why);
    if (err == 0)
        err = write_seals(w, why);
    if (err == 0) {
        int rc = mdb_txn_commit(w->txn);
        w->txn = NULL; /* gone, whatever came of it */
        err = rc ? store_write_failed(w, rc, why) : 0;
    }
    store_abort(write);
    return err;
}

void store_abort(struct store_write **write) {
    struct store_write *w = *write;
    if (w == NULL)
        return;
    OBJ_CHECK(w, WRITE_MAGIC);
    if (w->txn)
        mdb_txn_abort(w->txn);
    free(w->seal);
    free(w->seal_of);
    w->magic = 0;
    free(w);
    *write = NULL;
}
