/* The store on LMDB. Keys are fixed-width and big-endian, so that a range scan is a period scan.
 *
 *   meta         "format"                               -> STORE_FORMAT
 *   series       id u32                                 -> kind and name, as the catalogue wrote them
 *   sources      id u32                                 -> name
 *   ledger       key                                    -> row, as the ledger wrote them
 *   day_sums     series / 64 u32, day u32, source u32   -> sums of 64 series (daemon/block.h)
 *   month_sums   series / 64 u32, month u32, source u32 -> likewise
 *   days         series u32, day u32, source u32        -> value
 *   months       series u32, month u32, source u32      -> value
 *
 * Days and months are stored with the sign bit turned, so that times before 1970 sort first. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/block.h"
#include "daemon/store_lmdb_priv.h"
#include "proto/check.h"

#define WRITE_MAGIC 0x53545752u

#define MAP_BYTES       ((size_t)1 << 30)
#define MAP_STEP_MAX    ((size_t)64 << 30)
#define READERS_MAX     64
#define LOCK_FILE_BYTES 8192
#define FULL_BYTES      (64u << 10) /* with less room than this, the disk counts as full */

const char *const store_table_names[TABLES] = {
    [TABLE_META] = "meta",     [TABLE_SERIES] = "series",     [TABLE_SOURCES] = "sources",
    [TABLE_LEDGER] = "ledger", [TABLE_DAY_SUMS] = "day_sums", [TABLE_MONTH_SUMS] = "month_sums",
    [TABLE_DAYS] = "days",     [TABLE_MONTHS] = "months",
};

/* The block that sums are being added to; it goes into the transaction when another one is wanted. */
struct open_block {
    MDB_cursor *cursor;
    struct cell_key key; /* its `series` is the block's number */
    bool open, found;
    struct block block;
};

struct store_write {
    unsigned magic;
    struct store *store;
    MDB_txn *txn;
    struct open_block open[2]; /* by grain */
};

static int lmdb_errno(int rc) {
    switch (rc) {
    case MDB_MAP_FULL:
        return -EAGAIN;
    case MDB_NOTFOUND:
        return -ENOENT;
    case MDB_READERS_FULL:
        return -EBUSY;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_BAD_VALSIZE:
        return -EBADMSG;
    case MDB_PANIC:
        return -EIO;
    default:
        return rc > 0 ? -rc : -EIO;
    }
}

/* LMDB tells a write that was cut short for want of room as an input/output error. */
static bool is_full(const struct store *store) {
    struct statvfs room;
    return statvfs(store->directory, &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize < FULL_BYTES;
}

static bool lacks_room(const struct store *store, int rc) {
    return rc == ENOSPC || rc == EDQUOT || (rc == EIO && is_full(store));
}

int store_fault(const struct store *store, int rc, const char *doing, struct fault *why) {
    if (rc == MDB_PANIC)
        return fault_set(why, -EIO,
                         "%s: an earlier write failed half-way; restart suivid once the disk is well",
                         store->directory);
    if (lacks_room(store, rc))
        return fault_set(why, -ENOSPC,
                         "%s: the disk is full; make room there, nothing that was counted is lost",
                         store->directory);
    if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH)
        return fault_set(why, -EBADMSG, "%s/data.mdb is not a store of suivid; name another --data directory",
                         store->directory);
    return fault_set(why, lmdb_errno(rc), "%s: cannot %s: %s", store->directory, doing, mdb_strerror(rc));
}

static void put_u32(uint8_t *out, uint32_t value) {
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

static uint32_t get_u32(const void *data) {
    const uint8_t *at = data;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

#define WHEN_SIGN 0x80000000u

void cell_key_write(const struct cell_key *key, uint8_t out[static CELL_KEY_BYTES]) {
    put_u32(out, key->series);
    put_u32(out + 4, (uint32_t)key->when ^ WHEN_SIGN);
    put_u32(out + 8, key->source);
}

struct cell_key cell_key_read(const void *bytes) {
    const uint8_t *at = bytes;
    return (struct cell_key){get_u32(at), (int32_t)(get_u32(at + 4) ^ WHEN_SIGN), get_u32(at + 8)};
}

static MDB_val val_of(struct str text) {
    return (MDB_val){.mv_size = text.len, .mv_data = (void *)(uintptr_t)text.at};
}

/* ---- opening ---- */

static int take_lock(struct store *store, struct fault *why) {
    if (mkdir(store->directory, 0700) != 0 && errno != EEXIST)
        return fault_set(why, -errno, "cannot make the data directory %s: %s", store->directory,
                         strerror(errno));
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/suivid.lock", store->directory);
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock < 0)
        return fault_set(why, -errno, "cannot write in the data directory %s: %s", store->directory,
                         strerror(errno));
    if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
        char pid[16] = "";
        ssize_t len = pread(store->lock, pid, sizeof pid - 1, 0);
        pid[len > 0 ? len : 0] = '\0';
        return fault_set(
            why, -EBUSY,
            "%s is in use by another suivid (process %ld); stop it or name another --data directory",
            store->directory, strtol(pid, NULL, 10));
    }
    char pid[16];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(store->lock, 0) != 0 || pwrite(store->lock, pid, (size_t)len, 0) != len)
        return fault_set(why, errno ? -errno : -EIO, "cannot write %s: %s", path, strerror(errno));
    return 0;
}

static int check_format(struct store *store, MDB_txn *txn, struct fault *why) {
    MDB_val key = val_of(STR("format")), value;
    int rc = mdb_get(txn, store->table[TABLE_META], &key, &value);
    if (rc == MDB_NOTFOUND) {
        value = val_of(STR(STORE_FORMAT));
        rc = mdb_put(txn, store->table[TABLE_META], &key, &value, 0);
        return rc ? store_fault(store, rc, "write", why) : 0;
    }
    if (rc)
        return store_fault(store, rc, "read", why);
    if (!str_equal(str_of_val(value), STR(STORE_FORMAT)))
        return fault_set(why, -EPROTONOSUPPORT,
                         "%s was written as \"%.*s\", this suivid reads \"" STORE_FORMAT
                         "\"; use the suivid that wrote it",
                         store->directory, STR_ARG(str_of_val(value)));
    return 0;
}

/* A file that was cut short would be noticed only by the signal that ends the program when a page is missing.
 */
static int check_whole(struct store *store, const char *path, struct fault *why) {
    MDB_envinfo info;
    MDB_stat pages;
    struct stat file;
    if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &pages) != 0 ||
        stat(path, &file) != 0)
        return fault_set(why, -EIO, "%s cannot be looked at: %s", path, strerror(errno));
    if ((uint64_t)file.st_size < (uint64_t)(info.me_last_pgno + 1) * pages.ms_psize)
        return fault_set(why, -EBADMSG, "%s was cut short; restore it from a backup", path);
    return 0;
}

static int map_env(struct store *store, unsigned flags) {
    int rc = mdb_env_create(&store->env);
    if (rc == 0 && (rc = mdb_env_set_mapsize(store->env, store->map_bytes)) == 0 &&
        (rc = mdb_env_set_maxdbs(store->env, TABLES)) == 0 &&
        (rc = mdb_env_set_maxreaders(store->env, READERS_MAX)) == 0)
        rc = mdb_env_open(store->env, store->directory, MDB_NOTLS | MDB_NORDAHEAD | flags, 0600);
    return rc;
}

/* LMDB maps its lock file, which has holes as it makes it: without room for them the first touch would end the
 * program. Larger than what the file needs. */
static int fill_lock_file(const struct store *store) {
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/lock.mdb", store->directory);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return errno;
    int rc = posix_fallocate(file, 0, LOCK_FILE_BYTES);
    (void)close(file);
    return rc;
}

static int open_tables(struct store *store, MDB_txn *txn, unsigned flags) {
    int rc = 0;
    for (int i = 0; i < TABLES && rc == 0; i++)
        rc = mdb_dbi_open(txn, store_table_names[i], flags, &store->table[i]);
    return rc;
}

/* What is read now may be in memory only, when the last suivid was killed, or failed, while it synced. Before
 * anybody is told that it is on disk it is synced with a write of our own. A full disk hinders no reading. */
static int settle(struct store *store, struct fault *why) {
    MDB_txn *txn;
    MDB_val key = val_of(STR("format")), value = val_of(STR(STORE_FORMAT));
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return store_fault(store, rc, "write", why);
    rc = mdb_put(txn, store->table[TABLE_META], &key, &value, 0);
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn);
    return rc && rc != MDB_MAP_FULL && !lacks_room(store, rc) ? store_fault(store, rc, "write", why) : 0;
}

static int open_env(struct store *store, const char *path, bool fresh, struct fault *why) {
    int rc = fill_lock_file(store);
    if (rc == 0)
        rc = map_env(store, 0);
    if (rc)
        return store_fault(store, rc, "open", why);
    int err = fresh ? 0 : check_whole(store, path, why);
    if (err)
        return err;
    MDB_txn *txn;
    if ((rc = mdb_txn_begin(store->env, NULL, 0, &txn)))
        return store_fault(store, rc, "open", why);
    if ((rc = open_tables(store, txn, MDB_CREATE))) {
        mdb_txn_abort(txn);
        return store_fault(store, rc, "open", why);
    }
    err = check_format(store, txn, why);
    if (err) {
        mdb_txn_abort(txn);
        return err;
    }
    rc = mdb_txn_commit(txn);
    if (rc)
        return store_fault(store, rc, "write", why);
    return fresh ? 0 : settle(store, why);
}

/* A store that could not be made whole is taken away again: the next start would not know it for one. */
static int open_or_make(struct store *store, struct fault *why) {
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/data.mdb", store->directory);
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (!there && errno != ENOENT)
        return fault_set(why, -errno, "%s cannot be looked at: %s", path, strerror(errno));
    bool fresh = !there || st.st_size == 0;
    if (!fresh)
        while (store->map_bytes < (size_t)st.st_size * 2 && store->map_bytes < SIZE_MAX / 4)
            store->map_bytes *= 2;
    int err = open_env(store, path, fresh, why);
    if (err && fresh)
        (void)unlink(path);
    return err;
}

/* Questions that overlap without end would else keep the map from ever growing. */
static int init_map_lock(pthread_rwlock_t *lock) {
    pthread_rwlockattr_t kind;
    int err = pthread_rwlockattr_init(&kind);
    if (err == 0)
        err = pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    if (err == 0)
        err = pthread_rwlock_init(lock, &kind);
    (void)pthread_rwlockattr_destroy(&kind);
    return err;
}

int store_open(struct store **out, const char *directory, const struct store_options *options,
               struct fault *why) {
    struct store *store = mem_zeroed(1, sizeof *store);
    store->magic = STORE_MAGIC;
    store->directory = mem_string(directory, strlen(directory));
    store->lock = -1;
    store->map_bytes = options && options->map_bytes ? options->map_bytes : MAP_BYTES;
    int err = init_map_lock(&store->map);
    ASSERT(err == 0);
    store->map_made = true;
    if (strlen(directory) > 4000)
        err = fault_set(why, -ENAMETOOLONG, "the data directory's name is too long");
    if (err == 0 && (err = take_lock(store, why)) == 0)
        err = open_or_make(store, why);
    if (err) {
        store_close(&store);
        return err;
    }
    *out = store;
    return 0;
}

void store_close(struct store **store) {
    struct store *s = *store;
    if (s == NULL)
        return;
    OBJ_CHECK(s, STORE_MAGIC);
    if (s->env)
        mdb_env_close(s->env);
    if (s->lock >= 0)
        (void)close(s->lock);
    if (s->map_made)
        (void)pthread_rwlock_destroy(&s->map);
    free(s->directory);
    s->magic = 0;
    free(s);
    *store = NULL;
}

/* ---- writing ---- */

/* Opened anew, only for that, LMDB tells what is on disk even when it had given up. */
static void reopen_for_reading(struct store *store) {
    MDB_txn *txn;
    atomic_store(&store->growing, true); /* a long check lets go */
    (void)pthread_rwlock_wrlock(&store->map);
    atomic_store(&store->growing, false);
    mdb_env_close(store->env);
    store->env = NULL;
    int rc = map_env(store, MDB_RDONLY);
    if (rc == 0 && (rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn)) == 0) {
        rc = open_tables(store, txn, 0);
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
    store->was_full = is_full(store);
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return store_fault(store, rc, "begin a write", why);
    struct store_write *write = mem_zeroed(1, sizeof *write);
    *write = (struct store_write){.magic = WRITE_MAGIC, .store = store, .txn = txn};
    *out = write;
    return 0;
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
        return fault_set(why, lmdb_errno(rc), "%s: cannot map %zu bytes: %s", store->directory, wanted,
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

static int write_failed(struct store_write *write, int rc, struct fault *why) {
    struct store *store = write->store;
    if (rc == EIO && store->was_full)
        rc = ENOSPC;
    bool at_disk = (rc > 0 && rc != ENOMEM && rc != EFBIG && !lacks_room(store, rc)) || lmdb_gave_up(store);
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
    MDB_val val = val_of(value);
    int rc = mdb_put(write->txn, write->store->table[table], &key, &val, 0);
    return rc ? write_failed(write, rc, why) : 0;
}

int store_put_name(struct store_write *write, enum store_names table, uint32_t id, struct str text,
                   struct fault *why) {
    uint8_t key[4];
    put_u32(key, id);
    return put(write, table_of_names(table), (MDB_val){sizeof key, key}, text, why);
}

int store_put_ledger(struct store_write *write, struct str key, struct str row, struct fault *why) {
    ASSERT(key.len <= LEDGER_KEY_MAX);
    return put(write, TABLE_LEDGER, val_of(key), row, why);
}

int store_get_cell(struct store_write *write, enum store_grain grain, uint32_t series, int32_t when,
                   uint32_t source, struct str *out, struct fault *why) {
    OBJ_CHECK(write, WRITE_MAGIC);
    ASSERT(write->txn != NULL);
    uint8_t bytes[CELL_KEY_BYTES];
    cell_key_write(&(struct cell_key){series, when, source}, bytes);
    MDB_val key = {sizeof bytes, bytes}, value;
    int rc = mdb_get(write->txn, write->store->table[table_of_cells(grain)], &key, &value);
    if (rc == MDB_NOTFOUND)
        return -ENOENT;
    if (rc)
        return store_fault(write->store, rc, "read", why);
    *out = str_of_val(value);
    return 0;
}

int store_put_cell(struct store_write *write, enum store_grain grain, uint32_t series, int32_t when,
                   uint32_t source, struct str value, struct fault *why) {
    uint8_t bytes[CELL_KEY_BYTES];
    cell_key_write(&(struct cell_key){series, when, source}, bytes);
    return put(write, table_of_cells(grain), (MDB_val){sizeof bytes, bytes}, value, why);
}

/* ---- sums ---- */

static int close_block(struct store_write *write, struct open_block *open, struct fault *why) {
    if (!open->open)
        return 0;
    uint8_t key_bytes[CELL_KEY_BYTES], bytes[BLOCK_BYTES_MAX];
    cell_key_write(&open->key, key_bytes);
    MDB_val key = {sizeof key_bytes, key_bytes}, value = {block_encode(&open->block, bytes), bytes};
    int rc = mdb_cursor_put(open->cursor, &key, &value, open->found ? MDB_CURRENT : 0);
    open->open = false;
    return rc ? write_failed(write, rc, why) : 0;
}

static int open_block(struct store_write *write, enum store_grain grain, const struct cell_key *key,
                      struct fault *why) {
    struct open_block *open = &write->open[grain];
    struct store *store = write->store;
    int err = close_block(write, open, why), rc = 0;
    if (err)
        return err;
    if (open->cursor == NULL)
        rc = mdb_cursor_open(write->txn, store->table[table_of_sums(grain)], &open->cursor);
    if (rc)
        return store_fault(store, rc, "write", why);
    uint8_t bytes[CELL_KEY_BYTES];
    cell_key_write(key, bytes);
    MDB_val at = {sizeof bytes, bytes}, value;
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
    struct cell_key key = {series / BLOCK_SERIES, when, source};
    if (!open->open || open->key.series != key.series || open->key.when != when ||
        open->key.source != source) {
        int err = open_block(write, grain, &key, why);
        if (err)
            return err;
    }
    block_add(&open->block, series % BLOCK_SERIES, value);
    return 0;
}

/* ---- ending ---- */

int store_commit(struct store_write **write, struct fault *why) {
    struct store_write *w = *write;
    OBJ_CHECK(w, WRITE_MAGIC);
    ASSERT(w->txn != NULL);
    int err = close_block(w, &w->open[STORE_DAYS], why);
    if (err == 0)
        err = close_block(w, &w->open[STORE_MONTHS], why);
    if (err == 0) {
        int rc = mdb_txn_commit(w->txn);
        w->txn = NULL; /* gone, whatever came of it */
        err = rc ? write_failed(w, rc, why) : 0;
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
    w->magic = 0;
    free(w);
    *write = NULL;
}
