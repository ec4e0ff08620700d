#include "clients/lib/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "clients/lib/directory.h"
#include "clients/lib/outbox_priv.h"
#include "proto/check.h"
#include "proto/message.h"

#define MAP_FIRST  (UINT64_C(16) << 20)
#define SEQ_BYTES  8
#define LOCK_BYTES 8192        /* of LMDB's lock file; larger than what it needs */
#define FULL_BYTES (64u << 10) /* with less room than this, the disk counts as full */
#define SOURCE_MAX MESSAGE_SOURCE_MAX
_Static_assert(2 * ID_BYTES <= MESSAGE_OUTBOX_MAX, "an outbox's id fits a message");

static void seq_write(uint64_t seq, uint8_t out[static SEQ_BYTES]) {
    for (int i = SEQ_BYTES - 1; i >= 0; i--, seq >>= 8)
        out[i] = (uint8_t)seq;
}

static bool seq_read(MDB_val val, uint64_t *out) {
    if (val.mv_size != SEQ_BYTES)
        return false;
    uint64_t seq = 0;
    for (int i = 0; i < SEQ_BYTES; i++)
        seq = seq << 8 | ((const uint8_t *)val.mv_data)[i];
    *out = seq;
    return true;
}

int outbox_explain(const struct outbox *outbox, int code, const char *doing, struct fault *why) {
    switch (code) {
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_BAD_VALSIZE:
    case MDB_NOTFOUND:
    case MDB_INCOMPATIBLE:
        return fault_set(
            why, -EBADMSG,
            "%s is damaged or no outbox (%s): move it away and run again; what waited in it is in that file",
            outbox->path, mdb_strerror(code));
    case MDB_VERSION_MISMATCH:
        return fault_set(why, -ENOTSUP, "%s was written by another version of LMDB (%s)", outbox->path,
                         mdb_strerror(code));
    case ENOSPC:
    case EDQUOT:
        return fault_set(why, -ENOSPC, "cannot %s %s: no space left on the disk; free some and run again",
                         doing, outbox->path);
    case EFBIG:
        return fault_set(
            why, -ENOSPC,
            "cannot %s %s: this process may not write files as long (ulimit -f); let it, and run "
            "again",
            doing, outbox->path);
    default:
        return fault_set(why, code > 0 ? -code : -EIO, "cannot %s %s: %s", doing, outbox->path,
                         mdb_strerror(code));
    }
}

/* --- the environment --- */

static void close_env(struct outbox *outbox) {
    if (outbox->reading)
        mdb_txn_abort(outbox->reading);
    if (outbox->env)
        mdb_env_close(outbox->env);
    outbox->reading = NULL;
    outbox->reading_now = false;
    outbox->env = NULL;
}

/* LMDB tells a write that was cut short for want of room as an input/output error. */
static bool lacks_room(const struct outbox *outbox, int code) {
    struct statvfs disk;
    return code == ENOSPC || code == EDQUOT ||
           (code == EIO && statvfs(outbox->directory, &disk) == 0 &&
            (uint64_t)disk.f_bavail * disk.f_frsize < FULL_BYTES);
}

/* A file that was cut short would end the process with SIGBUS where LMDB's map reaches past its end. Made as
 * long as it says it is, what is missing reads as zeros, which LMDB knows for damage. */
static int fill_out(const struct outbox *outbox) {
    MDB_envinfo info;
    MDB_stat page;
    struct stat file;
    mdb_env_info(outbox->env, &info);
    mdb_env_stat(outbox->env, &page);
    off_t wanted = (off_t)((info.me_last_pgno + 1) * page.ms_psize);
    if (stat(outbox->path, &file) != 0)
        return errno;
    return file.st_size >= wanted || truncate(outbox->path, wanted) == 0 ? 0 : errno;
}

/* LMDB maps its lock file, which has holes as it makes it: without room for them the first touch would end the
 * process. */
static int fill_lock_file(const struct outbox *outbox) {
    char *path = NULL;
    ASSERT(asprintf(&path, "%s-lock", outbox->path) > 0);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    if (file < 0)
        return errno;
    int rc = posix_fallocate(file, 0, LOCK_BYTES);
    close(file);
    return rc;
}

static int open_env(struct outbox *outbox, struct fault *why) {
    struct stat file;
    bool fresh = stat(outbox->path, &file) == 0 ? file.st_size == 0 : errno == ENOENT;
    int rc = fill_lock_file(outbox);
    if (rc == 0)
        rc = mdb_env_create(&outbox->env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(outbox->env, 3);
    if (rc == 0)
        rc = mdb_env_set_mapsize(outbox->env, outbox->max_bytes < MAP_FIRST ? outbox->max_bytes : MAP_FIRST);
    if (rc == 0)
        rc = mdb_env_open(outbox->env, outbox->path, MDB_NOSUBDIR | MDB_NOTLS, 0600);
    if (rc == 0)
        rc = fill_out(outbox);
    if (rc == 0)
        return 0;
    close_env(outbox);
    if (fresh) /* half made, it would not be known for an outbox again */
        unlink(outbox->path);
    return outbox_explain(outbox, lacks_room(outbox, rc) ? ENOSPC : rc, "open", why);
}

static int open_tables(struct outbox *outbox, struct fault *why);

static int ready(struct outbox *outbox, struct fault *why) {
    OBJ_CHECK(outbox, OUTBOX_MAGIC);
    if (outbox->env)
        return 0;
    int rc = open_env(outbox, why);
    return rc != 0 ? rc : open_tables(outbox, why);
}

/* --- transactions --- */

static void stop_reading(struct outbox *outbox) {
    if (outbox->reading_now)
        mdb_txn_reset(outbox->reading);
    outbox->reading_now = false;
}

int outbox_start_reading(struct outbox *outbox, struct fault *why) {
    int rc = ready(outbox, why);
    if (rc != 0 || outbox->reading_now)
        return rc;
    rc = outbox->reading ? mdb_txn_renew(outbox->reading)
                         : mdb_txn_begin(outbox->env, NULL, MDB_RDONLY, &outbox->reading);
    if (rc != 0)
        return outbox_explain(outbox, rc, "read", why);
    outbox->reading_now = true;
    return 0;
}

/* The map is full: doubles it, up to the bound. What frees room is let past the bound, for it needs a little
 * room first. */
static int grow(struct outbox *outbox, bool frees, struct fault *why) {
    MDB_envinfo info;
    mdb_env_info(outbox->env, &info);
    uint64_t size = info.me_mapsize, wanted = frees ? size + MAP_FIRST : size * 2;
    if (!frees && wanted > outbox->max_bytes)
        wanted = outbox->max_bytes;
    if (wanted <= size && outbox->waiting == 0)
        return fault_set(
            why, -ENOSPC,
            "the outbox %s is full (%" PRIu64
            " MiB) of what the collector remembers, and no batch waits: give this collector less to "
            "count, and another one, with a state and a name of its own, the rest",
            outbox->path, size >> 20);
    if (wanted <= size)
        return fault_set(why, -ENOSPC,
                         "the outbox %s is full (%" PRIu64 " MiB, %" PRIu64
                         " batches wait); is suivid running?",
                         outbox->path, size >> 20, outbox->waiting);
    int rc = mdb_env_set_mapsize(outbox->env, wanted);
    return rc == 0 ? 0 : outbox_explain(outbox, rc, "grow", why);
}

struct change {
    int (*make)(struct outbox *outbox, MDB_txn *txn, void *arg); /* an LMDB code; may run several times */
    void *arg;
    bool frees;
};

/* One synced write transaction, made again in a larger map as often as it does not fit. */
static int transact(struct outbox *outbox, const struct change *change, struct fault *why) {
    int rc = ready(outbox, why);
    if (rc != 0)
        return rc;
    stop_reading(outbox);
    for (;;) {
        MDB_txn *txn;
        int code = mdb_txn_begin(outbox->env, NULL, 0, &txn);
        if (code == 0) {
            code = change->make(outbox, txn, change->arg);
            if (code == 0)
                code = mdb_txn_commit(txn);
            else
                mdb_txn_abort(txn);
        }
        if (code == 0)
            return 0;
        if (code != MDB_MAP_FULL) {
            /* LMDB may refuse all work after a failed write; a new environment starts from the disk. */
            rc = outbox_explain(outbox, lacks_room(outbox, code) ? ENOSPC : code, "write", why);
            close_env(outbox);
            return rc;
        }
        rc = grow(outbox, change->frees, why);
        if (rc != 0)
            return rc;
    }
}

/* --- opening --- */

static int put_text(MDB_txn *txn, MDB_dbi table, const char *key, struct str value) {
    MDB_val k = val_of(str_of(key)), v = val_of(value);
    return mdb_put(txn, table, &k, &v, 0);
}

static int get_text(MDB_txn *txn, MDB_dbi table, const char *key, MDB_val *value) {
    MDB_val k = val_of(str_of(key));
    return mdb_get(txn, table, &k, value);
}

static int draw_id(char out[static 2 * ID_BYTES]) {
    uint8_t raw[ID_BYTES];
    if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
        return errno;
    for (size_t i = 0; i < sizeof raw; i++) {
        out[2 * i] = "0123456789abcdef"[raw[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
    }
    return 0;
}

static int make_new(struct outbox *outbox, MDB_txn *txn, void *arg) {
    (void)arg;
    char id[2 * ID_BYTES];
    uint8_t next[SEQ_BYTES];
    seq_write(1, next);
    int rc = draw_id(id);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &outbox->meta);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "batches", MDB_CREATE, &outbox->batches);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "records", MDB_CREATE, &outbox->records);
    if (rc == 0)
        rc = put_text(txn, outbox->meta, "format", STR(OUTBOX_FORMAT));
    if (rc == 0)
        rc = put_text(txn, outbox->meta, "id", (struct str){id, sizeof id});
    if (rc == 0)
        rc = put_text(txn, outbox->meta, "source", str_of(outbox->source));
    return rc == 0 ? put_text(txn, outbox->meta, "next", (struct str){(const char *)next, sizeof next}) : rc;
}

static int check_format(const struct outbox *outbox, MDB_txn *txn, struct fault *why) {
    MDB_val format;
    int rc = get_text(txn, outbox->meta, "format", &format);
    if (rc != 0)
        return outbox_explain(outbox, rc, "read", why);
    struct str text = str_of_val(format);
    if (str_equal(text, STR(OUTBOX_FORMAT)))
        return 0;
    return fault_set(why, -ENOTSUP,
                     "%s has format %.*s and this program knows format " OUTBOX_FORMAT
                     " only: send what waits in it with the version that wrote it",
                     outbox->path, text.len > 16 ? 16 : (int)text.len, text.at);
}

/* What meta says is checked before it is believed. */
static int read_meta(struct outbox *outbox, MDB_txn *txn, struct fault *why) {
    MDB_val id, source, next;
    int rc = get_text(txn, outbox->meta, "id", &id);
    if (rc == 0)
        rc = get_text(txn, outbox->meta, "source", &source);
    if (rc == 0)
        rc = get_text(txn, outbox->meta, "next", &next);
    MDB_stat batches;
    if (rc == 0)
        rc = mdb_stat(txn, outbox->batches, &batches);
    uint64_t number = 0;
    if (rc == 0 && (id.mv_size != sizeof outbox->id || !seq_read(next, &number) || number == 0))
        rc = MDB_CORRUPTED;
    if (rc != 0)
        return outbox_explain(outbox, rc, "read", why);
    struct str owner = str_of_val(source);
    if (!str_equal(owner, str_of(outbox->source)))
        return fault_set(
            why, -EINVAL,
            "%s holds the counts of %.*s, not of %s: use another state directory, or that source",
            outbox->directory, owner.len > SOURCE_MAX ? SOURCE_MAX : (int)owner.len, owner.at,
            outbox->source);
    MDB_val stale;
    rc = get_text(txn, outbox->meta, "stale", &stale);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return outbox_explain(outbox, rc, "read", why);
    if (rc == 0 && (stale.mv_size == 0 || stale.mv_size >= sizeof outbox->stale))
        return outbox_explain(outbox, MDB_CORRUPTED, "read", why);
    if (rc == 0) {
        memcpy(outbox->stale, stale.mv_data, stale.mv_size);
        outbox->stale[stale.mv_size] = '\0';
    }
    memcpy(outbox->id, id.mv_data, sizeof outbox->id);
    outbox->waiting = batches.ms_entries;
    outbox->next = number;
    return 0;
}

static int check_tables(struct outbox *outbox, bool *empty, struct fault *why) {
    MDB_txn *txn;
    int code = mdb_txn_begin(outbox->env, NULL, MDB_RDONLY, &txn);
    if (code != 0)
        return outbox_explain(outbox, code, "read", why);
    MDB_stat root = {0};
    code = mdb_env_stat(outbox->env, &root);
    *empty = code == 0 && root.ms_entries == 0;
    int rc = code == 0 ? 0 : outbox_explain(outbox, code, "read", why);
    if (rc == 0 && !*empty) {
        code = mdb_dbi_open(txn, "meta", 0, &outbox->meta);
        rc = code == 0 ? check_format(outbox, txn, why) : outbox_explain(outbox, code, "read", why);
        if (rc == 0 && ((code = mdb_dbi_open(txn, "batches", 0, &outbox->batches)) != 0 ||
                        (code = mdb_dbi_open(txn, "records", 0, &outbox->records)) != 0))
            rc = outbox_explain(outbox, code, "read", why);
        if (rc == 0)
            rc = read_meta(outbox, txn, why);
    }
    /* Committing, even a transaction that only read, is what keeps the tables open. */
    if (rc == 0)
        mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    return rc;
}

static int make_again(struct outbox *outbox, MDB_txn *txn, void *arg) {
    (void)arg;
    return put_text(txn, outbox->meta, "format", STR(OUTBOX_FORMAT));
}

/* What is read now may be in memory only, when the process before was killed, or a write failed, while it
 * synced. A batch that the disk may forget must not be sent, for its number would come again with other
 * content; so a write of our own is synced on top. A full disk hinders nothing: its writes touched nothing. */
static int settle(struct outbox *outbox, struct fault *why) {
    int rc = transact(outbox, &(struct change){.make = make_again, .frees = true}, why);
    if (rc != -ENOSPC)
        return rc;
    rc = open_env(outbox, why);
    bool empty;
    return rc == 0 ? check_tables(outbox, &empty, why) : rc;
}

static int open_tables(struct outbox *outbox, struct fault *why) {
    bool empty;
    int rc = check_tables(outbox, &empty, why);
    if (rc == 0 && empty) {
        rc = transact(outbox, &(struct change){.make = make_new}, why);
        if (rc == 0)
            rc = directory_sync(outbox->directory, why);
        if (rc == 0)
            rc = check_tables(outbox, &empty, why);
    } else if (rc == 0) {
        rc = settle(outbox, why);
    }
    if (rc != 0)
        close_env(outbox);
    return rc;
}

int outbox_open(struct outbox **out, const char *directory, const char *source, uint64_t max_bytes,
                struct fault *why) {
    struct outbox *outbox = mem_zeroed(1, sizeof *outbox);
    outbox->magic = OUTBOX_MAGIC;
    outbox->directory = mem_string(directory, strlen(directory));
    outbox->source = mem_string(source, strlen(source));
    outbox->max_bytes = max_bytes;
    ASSERT(asprintf(&outbox->path, "%s/outbox.mdb", directory) > 0);
    int rc = ready(outbox, why);
    if (rc != 0) {
        outbox_close(&outbox);
        return rc;
    }
    *out = outbox;
    return 0;
}

void outbox_close(struct outbox **outbox) {
    if (!*outbox)
        return;
    OBJ_CHECK(*outbox, OUTBOX_MAGIC);
    close_env(*outbox);
    free((*outbox)->directory);
    free((*outbox)->path);
    free((*outbox)->source);
    (*outbox)->magic = 0;
    free(*outbox);
    *outbox = NULL;
}

struct str outbox_id(const struct outbox *outbox) {
    OBJ_CHECK(outbox, OUTBOX_MAGIC);
    return (struct str){outbox->id, sizeof outbox->id};
}

const char *outbox_path(const struct outbox *outbox) {
    OBJ_CHECK(outbox, OUTBOX_MAGIC);
    return outbox->path;
}

uint64_t outbox_next(const struct outbox *outbox) {
    OBJ_CHECK(outbox, OUTBOX_MAGIC);
    return outbox->next;
}

uint64_t outbox_waiting(const struct outbox *outbox) {
    OBJ_CHECK(outbox, OUTBOX_MAGIC);
    return outbox->waiting;
}

int outbox_look_again(struct outbox *outbox, struct fault *why) {
    return ready(outbox, why);
}

/* --- writing --- */

struct commit {
    const struct outbox_batch *batches;
    size_t count;
    struct staged *records;
    uint64_t waiting; /* afterwards */
};

static int write_batch(struct outbox *outbox, MDB_txn *txn, const struct outbox_batch *batch) {
    uint8_t key[SEQ_BYTES];
    seq_write(batch->seq, key);
    MDB_val k = {sizeof key, key}, v = val_of(batch->bytes);
    return mdb_put(txn, outbox->batches, &k, &v, 0);
}

/* Through one cursor, which goes on from where the last record went. */
static int write_records(struct outbox *outbox, MDB_txn *txn, struct staged *records) {
    const uint32_t *order = staged_sort(records);
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, outbox->records, &cursor);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < staged_count(records) && rc == 0; i++) {
        struct staged_record record = staged_at(records, order[i]);
        MDB_val key = val_of(record.key), value = val_of(record.value);
        rc = record.deleted ? mdb_del(txn, outbox->records, &key, NULL)
                            : mdb_cursor_put(cursor, &key, &value, 0);
        if (record.deleted && rc == MDB_NOTFOUND)
            rc = 0;
    }
    mdb_cursor_close(cursor);
    return rc;
}

static int make_commit(struct outbox *outbox, MDB_txn *txn, void *arg) {
    struct commit *commit = arg;
    int rc = 0;
    for (size_t i = 0; i < commit->count && rc == 0; i++)
        rc = write_batch(outbox, txn, &commit->batches[i]);
    if (rc == 0)
        rc = write_records(outbox, txn, commit->records);
    uint8_t next[SEQ_BYTES];
    seq_write(outbox->next + commit->count, next);
    if (rc == 0 && commit->count > 0)
        rc = put_text(txn, outbox->meta, "next", (struct str){(const char *)next, sizeof next});
    MDB_stat after;
    if (rc == 0)
        rc = mdb_stat(txn, outbox->batches, &after);
    if (rc == 0)
        commit->waiting = after.ms_entries;
    return rc;
}

static int make_stale(struct outbox *outbox, MDB_txn *txn, void *arg) {
    (void)arg;
    return put_text(txn, outbox->meta, "stale", str_of(outbox->stale));
}

int outbox_mark_stale(struct outbox *outbox, const char *sentence, struct fault *why) {
    OBJ_CHECK(outbox, OUTBOX_MAGIC);
    ASSERT(*sentence != '\0' && strlen(sentence) < sizeof outbox->stale);
    memmove(outbox->stale, sentence, strlen(sentence) + 1);
    return transact(outbox, &(struct change){.make = make_stale, .frees = true}, why);
}

const char *outbox_stale(const struct outbox *outbox) {
    OBJ_CHECK(outbox, OUTBOX_MAGIC);
    return outbox->stale[0] ? outbox->stale : NULL;
}

int outbox_commit(struct outbox *outbox, const struct outbox_batch *batches, size_t count,
                  struct staged *records, struct fault *why) {
    OBJ_CHECK(outbox, OUTBOX_MAGIC);
    for (size_t i = 0; i < count; i++)
        ASSERT(batches[i].seq == batches[0].seq + i);
    int rc = ready(outbox, why);
    if (rc != 0)
        return rc;
    if (outbox_stale(outbox))
        return fault_set(why, -ESTALE, "%s", outbox->stale);
    /* A commit that failed in its last step may be on disk all the same, and its batches sent since. */
    while (count > 0 && batches[0].seq < outbox->next) {
        batches++;
        count--;
    }
    ASSERT(count == 0 || batches[0].seq == outbox->next);
    struct commit commit = {.batches = batches, .count = count, .records = records};
    rc = transact(outbox, &(struct change){.make = make_commit, .arg = &commit}, why);
    if (rc != 0) {
        ready(outbox, NULL); /* so that outbox_next says what is on disk */
        return rc;
    }
    outbox->next += count;
    outbox->waiting = commit.waiting;
    return 0;
}

static int make_replacement(struct outbox *outbox, MDB_txn *txn, void *arg) {
    return write_batch(outbox, txn, arg);
}

int outbox_replace(struct outbox *outbox, const struct outbox_batch *batch, struct fault *why) {
    struct outbox_batch copy = *batch;
    return transact(outbox, &(struct change){.make = make_replacement, .arg = &copy, .frees = true}, why);
}

struct removal {
    const uint64_t *seqs;
    size_t count, removed;
};

static int make_removal(struct outbox *outbox, MDB_txn *txn, void *arg) {
    struct removal *removal = arg;
    removal->removed = 0;
    for (size_t i = 0; i < removal->count; i++) {
        uint8_t seq[SEQ_BYTES];
        seq_write(removal->seqs[i], seq);
        int rc = mdb_del(txn, outbox->batches, &(MDB_val){sizeof seq, seq}, NULL);
        if (rc != 0 && rc != MDB_NOTFOUND)
            return rc;
        removal->removed += rc == 0;
    }
    return 0;
}

int outbox_remove(struct outbox *outbox, const uint64_t *seqs, size_t count, struct fault *why) {
    struct removal removal = {.seqs = seqs, .count = count};
    int rc = transact(outbox, &(struct change){.make = make_removal, .arg = &removal, .frees = true}, why);
    if (rc == 0)
        outbox->waiting -= removal.removed;
    return rc;
}

/* --- reading --- */

int outbox_open_cursor(struct outbox *outbox, MDB_dbi table, MDB_cursor **cursor, struct fault *why) {
    int rc = mdb_cursor_open(outbox->reading, table, cursor);
    return rc == 0 ? 0 : outbox_explain(outbox, rc, "read", why);
}

int outbox_read(struct outbox *outbox, uint64_t from, struct outbox_batch *out, struct fault *why) {
    MDB_cursor *cursor;
    int rc = outbox_start_reading(outbox, why);
    if (rc == 0)
        rc = outbox_open_cursor(outbox, outbox->batches, &cursor, why);
    if (rc != 0)
        return rc;
    uint8_t seq[SEQ_BYTES];
    seq_write(from, seq);
    MDB_val key = {sizeof seq, seq}, value;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND)
        return -ENOENT;
    uint64_t found = 0;
    if (rc == 0 && !seq_read(key, &found))
        rc = MDB_CORRUPTED;
    if (rc != 0)
        return outbox_explain(outbox, rc, "read", why);
    *out = (struct outbox_batch){.seq = found, .bytes = str_of_val(value)};
    return 0;
}

int outbox_record(struct outbox *outbox, struct str key, struct str *value, struct fault *why) {
    int rc = outbox_start_reading(outbox, why);
    if (rc != 0)
        return rc;
    MDB_val k = val_of(key), v;
    rc = mdb_get(outbox->reading, outbox->records, &k, &v);
    if (rc == MDB_NOTFOUND)
        return -ENOENT;
    if (rc != 0)
        return outbox_explain(outbox, rc, "read", why);
    *value = str_of_val(v);
    return 0;
}
