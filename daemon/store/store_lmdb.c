/* The store on LMDB. Keys are fixed-width and big-endian, so that a range scan is a period scan.
 *
 *   meta         "format"                               -> STORE_FORMAT
 *   series       id u32                                 -> kind and name, as the catalogue wrote them
 *   sources      id u32                                 -> name
 *   ledger       key                                    -> row, as the ledger wrote them
 *   day_sums     series / 64 u32, day u32, source u32, vintage u32 -> sums of 64 series (daemon/store/block.h)
 *   month_sums   series / 64 u32, month u32, source u32 -> likewise
 *   days         series u32, day u32, source u32, vintage u32 -> set
 *   months       series u32, month u32, source u32      -> set
 *   entries      series u32, day u32, source u32, vintage u32, id u64 -> entry, as the caller wrote it
 *   vintages     number u32                             -> began u64, ended u8
 *   seals        source u32                             -> u64, u64
 *   withdrawals, closings, refusals, definitions, verdicts -> rows of the modules of these names
 *
 * Days and months are stored with the sign bit turned, so that times before 1970 sort first. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include "daemon/store/store_lmdb_priv.h"
#include "proto/check.h"

#define MAP_BYTES       ((size_t)1 << 30)
#define READERS_MAX     64
#define LOCK_FILE_BYTES 8192
#define FULL_BYTES      (64u << 10) /* with less room than this, the disk counts as full */

const char *const store_table_names[TABLES] = {
    [TABLE_META] = "meta",         [TABLE_SERIES] = "series",           [TABLE_SOURCES] = "sources",
    [TABLE_LEDGER] = "ledger",     [TABLE_DAY_SUMS] = "day_sums",       [TABLE_MONTH_SUMS] = "month_sums",
    [TABLE_DAYS] = "days",         [TABLE_MONTHS] = "months",           [TABLE_ENTRIES] = "entries",
    [TABLE_VINTAGES] = "vintages", [TABLE_WITHDRAWALS] = "withdrawals", [TABLE_CLOSINGS] = "closings",
    [TABLE_REFUSALS] = "refusals", [TABLE_DEFINITIONS] = "definitions", [TABLE_SEALS] = "seals",
    [TABLE_VERDICTS] = "verdicts",
};

int store_errno(int rc) {
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
bool store_is_full(const struct store *store) {
    struct statvfs room;
    return statvfs(store->directory, &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize < FULL_BYTES;
}

bool store_lacks_room(const struct store *store, int rc) {
    return rc == ENOSPC || rc == EDQUOT || (rc == EIO && store_is_full(store));
}

int store_fault(const struct store *store, int rc, const char *doing, struct fault *why) {
    if (rc == MDB_PANIC)
        return fault_set(why, -EIO,
                         "%s: an earlier write failed half-way; restart suivid once the disk is well",
                         store->directory);
    if (store_lacks_room(store, rc))
        return fault_set(why, -ENOSPC,
                         "%s: the disk is full; make room there, nothing that was counted is lost",
                         store->directory);
    if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH)
        return fault_set(why, -EBADMSG, "%s/data.mdb is not a store of suivid; name another --data directory",
                         store->directory);
    return fault_set(why, store_errno(rc), "%s: cannot %s: %s", store->directory, doing, mdb_strerror(rc));
}

/* ---- keys ---- */

void store_put_u32(uint8_t *out, uint32_t value) {
    value = htobe32(value);
    memcpy(out, &value, sizeof value);
}

uint32_t store_get_u32(const void *data) {
    uint32_t value;
    memcpy(&value, data, sizeof value);
    return be32toh(value);
}

void store_put_u64(uint8_t *out, uint64_t value) {
    value = htobe64(value);
    memcpy(out, &value, sizeof value);
}

uint64_t store_get_u64(const void *data) {
    uint64_t value;
    memcpy(&value, data, sizeof value);
    return be64toh(value);
}

#define WHEN_SIGN 0x80000000u

size_t cell_key_write(const struct cell_key *key, enum store_grain grain, uint8_t out[static DAY_KEY_BYTES]) {
    store_put_u32(out, key->series);
    store_put_u32(out + 4, (uint32_t)key->when ^ WHEN_SIGN);
    store_put_u32(out + 8, key->source);
    if (grain == STORE_DAYS)
        store_put_u32(out + 12, key->vintage);
    return cell_key_bytes(grain);
}

struct cell_key cell_key_read(const void *bytes, enum store_grain grain) {
    const uint8_t *at = bytes;
    return (struct cell_key){store_get_u32(at), (int32_t)(store_get_u32(at + 4) ^ WHEN_SIGN),
                             store_get_u32(at + 8), grain == STORE_DAYS ? store_get_u32(at + 12) : 0};
}

void entry_key_write(const struct cell_key *key, uint64_t id, uint8_t out[static ENTRY_KEY_BYTES]) {
    (void)cell_key_write(key, STORE_DAYS, out);
    store_put_u64(out + DAY_KEY_BYTES, id);
}

struct cell_key entry_key_read(const void *bytes, uint64_t *id) {
    *id = store_get_u64((const uint8_t *)bytes + DAY_KEY_BYTES);
    return cell_key_read(bytes, STORE_DAYS);
}

uint64_t store_seal_of(struct str key, struct str value) {
    return XXH3_64bits_withSeed(value.at, value.len, XXH3_64bits(key.at, key.len));
}

enum table store_table_of_rows(enum store_rows rows) {
    static const enum table tables[STORE_ROW_TABLES] = {
        [STORE_LEDGER] = TABLE_LEDGER,
        [STORE_VINTAGES] = TABLE_VINTAGES,
        [STORE_WITHDRAWALS] = TABLE_WITHDRAWALS,
        [STORE_CLOSINGS] = TABLE_CLOSINGS,
        [STORE_REFUSALS] = TABLE_REFUSALS,
        [STORE_DEFINITIONS] = TABLE_DEFINITIONS,
        [STORE_SEALS] = TABLE_SEALS,
        [STORE_VERDICTS] = TABLE_VERDICTS,
    };
    ASSERT(rows < STORE_ROW_TABLES);
    return tables[rows];
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

int store_map(struct store *store, unsigned flags) {
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

int store_open_tables(struct store *store, MDB_txn *txn, unsigned flags) {
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
    return rc && rc != MDB_MAP_FULL && !store_lacks_room(store, rc) ? store_fault(store, rc, "write", why)
                                                                    : 0;
}

static int open_env(struct store *store, const char *path, bool fresh, struct fault *why) {
    int rc = fill_lock_file(store);
    if (rc == 0)
        rc = store_map(store, 0);
    if (rc)
        return store_fault(store, rc, "open", why);
    int err = fresh ? 0 : check_whole(store, path, why);
    if (err)
        return err;
    MDB_txn *txn;
    if ((rc = mdb_txn_begin(store->env, NULL, 0, &txn)))
        return store_fault(store, rc, "open", why);
    if ((rc = store_open_tables(store, txn, MDB_CREATE))) {
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

/* So that the new file's name, too, outlives the power. */
static int sync_directory(const struct store *store, struct fault *why) {
    int directory = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    int err = directory < 0 || fsync(directory) != 0 ? -errno : 0;
    if (directory >= 0)
        (void)close(directory);
    return err ? fault_set(why, err, "%s: cannot sync the directory: %s", store->directory, strerror(-err))
               : 0;
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
    if (err == 0 && fresh)
        err = sync_directory(store, why);
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
