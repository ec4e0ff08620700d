#include "tests/simulation/disk.h"

#include <errno.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/check.h"

#define FILES_MAX   64
#define TABLES_MAX  16
#define TABLE_NAME  32
#define PATH_LENGTH 128
#define KEY_MAX     511
#define PAGE        4096

/* Rows, tables and versions are shared by all who see them, and never changed while more than one does. */
struct row {
    unsigned refs;
    size_t key_len, value_len;
    char bytes[]; /* key, value */
};

struct table {
    unsigned refs;
    char name[TABLE_NAME];
    struct row **row; /* sorted by key */
    size_t count, room;
};

/* All of a file at one moment. */
struct version {
    unsigned refs;
    struct table *table[TABLES_MAX];
    size_t count;
};

struct file {
    char path[PATH_LENGTH];
    struct version *committed;
    bool written; /* somebody has a write transaction */
    bool gone;    /* taken away */
};

struct disk {
    struct file file[FILES_MAX];
    size_t count;
    struct disk_fate (*fate)(void *arg, const char *path, enum disk_moment when);
    void *arg;
};

struct MDB_env {
    struct disk *disk;
    struct file *file;
    size_t map_bytes;
    unsigned max_tables, open_tables; /* the latter a bit for each handle that is open */
    bool broken;
};

struct MDB_txn {
    MDB_env *env;
    struct version *version; /* NULL: reset */
    MDB_cursor *cursors;
    unsigned open_tables;
    bool reads, changed, failed;
};

struct MDB_cursor {
    MDB_txn *txn;
    MDB_dbi dbi;
    enum { CURSOR_UNSET, CURSOR_ON, CURSOR_LOST } state;
    struct row *row; /* where it stands; it may have been deleted since, and then stands before the next */
    MDB_cursor *next;
};

static struct disk *in_use;

/* ---- rows, tables, versions ---- */

static struct str row_key(const struct row *row) {
    return (struct str){row->bytes, row->key_len};
}

static MDB_val row_value(struct row *row) {
    return (MDB_val){row->value_len, row->bytes + row->key_len};
}

static struct row *row_new(struct str key, const MDB_val *value) {
    struct row *row = mem_zeroed(1, sizeof *row + key.len + value->mv_size);
    row->refs = 1;
    row->key_len = key.len;
    row->value_len = value->mv_size;
    memcpy(row->bytes, key.at, key.len);
    if (value->mv_data && value->mv_size)
        memcpy(row->bytes + key.len, value->mv_data, value->mv_size);
    return row;
}

static void row_release(struct row *row) {
    if (row && --row->refs == 0)
        free(row);
}

static struct table *table_new(const char *name) {
    struct table *table = mem_zeroed(1, sizeof *table);
    ASSERT(strlen(name) < TABLE_NAME);
    memcpy(table->name, name, strlen(name) + 1);
    table->refs = 1;
    return table;
}

static void table_release(struct table *table) {
    if (--table->refs > 0)
        return;
    for (size_t i = 0; i < table->count; i++)
        row_release(table->row[i]);
    free(table->row);
    free(table);
}

static struct table *table_copy(const struct table *from) {
    struct table *table = table_new(from->name);
    table->count = table->room = from->count;
    table->row = mem_copy(from->row, from->count * sizeof *from->row);
    for (size_t i = 0; i < table->count; i++)
        table->row[i]->refs++;
    return table;
}

static struct version *version_copy(const struct version *from) {
    struct version *version = mem_copy(from, sizeof *from);
    version->refs = 1;
    for (size_t i = 0; i < version->count; i++)
        version->table[i]->refs++;
    return version;
}

static void version_release(struct version *version) {
    if (version == NULL || --version->refs > 0)
        return;
    for (size_t i = 0; i < version->count; i++)
        table_release(version->table[i]);
    free(version);
}

static struct table *version_table(const struct version *version, const char *name, size_t *index) {
    for (size_t i = 0; i < version->count; i++)
        if (strcmp(version->table[i]->name, name) == 0) {
            *index = i;
            return version->table[i];
        }
    return NULL;
}

/* Index of the first row not before `key`; *exact: it has that key. */
static size_t table_find(const struct table *table, struct str key, bool *exact) {
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(row_key(table->row[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *exact = low < table->count && str_equal(row_key(table->row[low]), key);
    return low;
}

static void table_put(struct table *table, size_t at, bool replace, struct row *row) {
    if (replace) {
        row_release(table->row[at]);
    } else {
        if (table->count == table->room) {
            table->room = table->room ? table->room * 2 : 16;
            table->row = mem_resize(table->row, table->room, sizeof *table->row);
        }
        memmove(&table->row[at + 1], &table->row[at], (table->count - at) * sizeof *table->row);
        table->count++;
    }
    table->row[at] = row;
}

static void table_remove(struct table *table, size_t at) {
    row_release(table->row[at]);
    table->count--;
    memmove(&table->row[at], &table->row[at + 1], (table->count - at) * sizeof *table->row);
}

/* ---- the disk ---- */

void disk_new(struct disk **out, struct disk_fate (*fate)(void *arg, const char *path, enum disk_moment when),
              void *arg) {
    struct disk *disk = mem_zeroed(1, sizeof *disk);
    disk->fate = fate;
    disk->arg = arg;
    *out = disk;
}

void disk_destroy(struct disk **disk) {
    struct disk *d = *disk;
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->count; i++) {
        ASSERT(!d->file[i].written);
        version_release(d->file[i].committed);
    }
    free(d);
    *disk = NULL;
}

void disk_use(struct disk *disk) {
    in_use = disk;
}

static struct file *find_file(const struct disk *disk, const char *path) {
    for (size_t i = 0; i < disk->count; i++)
        if (strcmp(disk->file[i].path, path) == 0 && !disk->file[i].gone)
            return (struct file *)(uintptr_t)&disk->file[i];
    return NULL;
}

static struct file *make_file(struct disk *disk, const char *path) {
    struct file *file = find_file(disk, path);
    if (file)
        return file;
    ASSERT(disk->count < FILES_MAX && strlen(path) < PATH_LENGTH);
    file = &disk->file[disk->count++];
    memcpy(file->path, path, strlen(path) + 1);
    file->committed = mem_zeroed(1, sizeof *file->committed);
    file->committed->refs = 1;
    return file;
}

static struct disk_fate ask(const MDB_env *env, enum disk_moment when) {
    return env->disk->fate ? env->disk->fate(env->disk->arg, env->file->path, when)
                           : (struct disk_fate){.kept = true};
}

bool disk_exists(const struct disk *disk, const char *path) {
    return find_file(disk, path) != NULL;
}

void disk_copy(struct disk *disk, const char *from, const char *to) {
    struct file *target = make_file(disk, to), *file = find_file(disk, from);
    ASSERT(file != NULL && !target->written);
    version_release(target->committed);
    target->committed = file->committed;
    target->committed->refs++;
}

/* What a killed process would have taken away stays. */
void disk_remove(struct disk *disk, const char *path) {
    struct file *file = find_file(disk, path);
    if (file != NULL && (disk->fate == NULL || disk->fate(disk->arg, path, DISK_OPEN).code == 0))
        file->gone = true;
}

bool disk_get(const struct disk *disk, const char *path, const char *table, struct str key,
              struct str *value) {
    const struct file *file = find_file(disk, path);
    size_t index;
    bool exact = false;
    const struct table *rows = file ? version_table(file->committed, table, &index) : NULL;
    size_t at = rows ? table_find(rows, key, &exact) : 0;
    if (!exact)
        return false;
    MDB_val found = row_value(rows->row[at]);
    *value = (struct str){found.mv_data, found.mv_size};
    return true;
}

/* ---- environments ---- */

int mdb_env_create(MDB_env **out) {
    ASSERT(in_use != NULL);
    MDB_env *env = mem_zeroed(1, sizeof *env);
    env->disk = in_use;
    env->map_bytes = (size_t)1 << 20;
    *out = env;
    return 0;
}

int mdb_env_open(MDB_env *env, const char *path, unsigned int flags, mdb_mode_t mode) {
    (void)mode;
    char full[PATH_LENGTH];
    size_t len = strlen(path);
    ASSERT(env->file == NULL && len + sizeof "/data.mdb" <= sizeof full);
    memcpy(full, path, len + 1);
    if (!(flags & MDB_NOSUBDIR))
        memcpy(full + len, "/data.mdb", sizeof "/data.mdb");
    env->file = make_file(env->disk, full);
    return ask(env, DISK_OPEN).code;
}

void mdb_env_close(MDB_env *env) {
    free(env);
}

int mdb_env_set_maxdbs(MDB_env *env, MDB_dbi tables) {
    ASSERT(tables <= TABLES_MAX);
    env->max_tables = tables;
    return 0;
}

int mdb_env_set_maxreaders(MDB_env *env, unsigned int readers) {
    (void)env, (void)readers;
    return 0;
}

int mdb_env_set_mapsize(MDB_env *env, size_t bytes) {
    env->map_bytes = bytes;
    return 0;
}

int mdb_env_info(MDB_env *env, MDB_envinfo *info) {
    *info = (MDB_envinfo){.me_mapsize = env->map_bytes};
    return 0;
}

int mdb_env_stat(MDB_env *env, MDB_stat *stat) {
    *stat = (MDB_stat){.ms_psize = PAGE, .ms_entries = env->file->committed->count};
    return 0;
}

char *mdb_strerror(int code) {
    static char ours[] = "an error of LMDB";
    return code > 0 ? strerror(code) : ours;
}

/* ---- transactions ---- */

int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned int flags, MDB_txn **out) {
    ASSERT(parent == NULL);
    if (env->broken)
        return MDB_PANIC;
    MDB_txn *txn = mem_zeroed(1, sizeof *txn);
    txn->env = env;
    txn->reads = flags & MDB_RDONLY;
    txn->open_tables = env->open_tables;
    if (txn->reads) {
        txn->version = env->file->committed;
        txn->version->refs++;
    } else {
        ASSERT(!env->file->written); /* LMDB would wait for ever */
        env->file->written = true;
        txn->version = version_copy(env->file->committed);
    }
    *out = txn;
    return 0;
}

static void unlink_cursor(MDB_cursor *cursor) {
    for (MDB_cursor **at = &cursor->txn->cursors; *at; at = &(*at)->next)
        if (*at == cursor) {
            *at = cursor->next;
            return;
        }
}

/* The cursors of a write end with it; those of a read outlive it until they are closed. */
static void end_cursors(MDB_txn *txn) {
    while (txn->cursors) {
        MDB_cursor *cursor = txn->cursors;
        ASSERT(!txn->reads);
        txn->cursors = cursor->next;
        row_release(cursor->row);
        free(cursor);
    }
}

void mdb_txn_abort(MDB_txn *txn) {
    end_cursors(txn);
    if (!txn->reads)
        txn->env->file->written = false;
    version_release(txn->version);
    free(txn);
}

void mdb_txn_reset(MDB_txn *txn) {
    ASSERT(txn->reads);
    version_release(txn->version);
    txn->version = NULL;
}

int mdb_txn_renew(MDB_txn *txn) {
    ASSERT(txn->reads && txn->version == NULL);
    if (txn->env->broken)
        return MDB_PANIC;
    txn->version = txn->env->file->committed;
    txn->version->refs++;
    return 0;
}

int mdb_txn_commit(MDB_txn *txn) {
    MDB_env *env = txn->env;
    int code = txn->failed ? MDB_BAD_TXN : 0;
    if (code == 0 && txn->changed) {
        struct disk_fate fate = ask(env, DISK_COMMIT);
        code = fate.code;
        env->broken = fate.broken;
        if (fate.kept) {
            version_release(env->file->committed);
            env->file->committed = txn->version;
            txn->version = NULL;
        }
    }
    if (code == 0)
        env->open_tables |= txn->open_tables;
    mdb_txn_abort(txn);
    return code;
}

/* 0: the transaction can do that. */
static int check(const MDB_txn *txn, MDB_dbi dbi, bool writes) {
    if (txn->failed || txn->version == NULL)
        return MDB_BAD_TXN;
    if (dbi >= txn->version->count || !(txn->open_tables & 1u << dbi))
        return EINVAL;
    return writes && txn->reads ? EACCES : 0;
}

static int check_key(const MDB_val *key) {
    return key->mv_size == 0 || key->mv_size > KEY_MAX ? MDB_BAD_VALSIZE : 0;
}

/* The table, this transaction's own from now on. */
static struct table *to_change(MDB_txn *txn, MDB_dbi dbi) {
    struct table **table = &txn->version->table[dbi];
    if ((*table)->refs > 1) {
        struct table *own = table_copy(*table);
        table_release(*table);
        *table = own;
    }
    txn->changed = true;
    return *table;
}

/* Room for a change, or the transaction is spoilt. */
static int take_room(MDB_txn *txn) {
    int code = ask(txn->env, DISK_PUT).code;
    txn->failed = code != 0;
    return code;
}

/* ---- tables ---- */

int mdb_dbi_open(MDB_txn *txn, const char *name, unsigned int flags, MDB_dbi *dbi) {
    ASSERT(name != NULL && (flags & ~(unsigned)MDB_CREATE) == 0);
    size_t index;
    if (txn->failed)
        return MDB_BAD_TXN;
    if (version_table(txn->version, name, &index) == NULL) {
        if (!(flags & MDB_CREATE))
            return MDB_NOTFOUND;
        if (txn->reads)
            return EACCES;
        if (txn->version->count == txn->env->max_tables)
            return MDB_DBS_FULL;
        index = txn->version->count++;
        txn->version->table[index] = table_new(name);
        txn->changed = true;
    }
    txn->open_tables |= 1u << index;
    *dbi = (MDB_dbi)index;
    return 0;
}

int mdb_stat(MDB_txn *txn, MDB_dbi dbi, MDB_stat *stat) {
    int code = check(txn, dbi, false);
    if (code == 0)
        *stat = (MDB_stat){.ms_psize = PAGE, .ms_entries = txn->version->table[dbi]->count};
    return code;
}

int mdb_drop(MDB_txn *txn, MDB_dbi dbi, int del) {
    ASSERT(!del);
    int code = check(txn, dbi, true);
    if (code == 0) {
        struct table *table = to_change(txn, dbi);
        while (table->count > 0)
            table_remove(table, table->count - 1);
    }
    return code;
}

int mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data) {
    int code = check(txn, dbi, false);
    if (code == 0)
        code = check_key(key);
    if (code)
        return code;
    bool exact;
    struct table *table = txn->version->table[dbi];
    size_t at = table_find(table, (struct str){key->mv_data, key->mv_size}, &exact);
    if (!exact)
        return MDB_NOTFOUND;
    *data = row_value(table->row[at]);
    return 0;
}

/* *out: the row that has that key now. */
static int put(MDB_txn *txn, MDB_dbi dbi, const MDB_val *key, MDB_val *data, unsigned int flags,
               struct row **out) {
    ASSERT((flags & ~(unsigned)(MDB_NOOVERWRITE | MDB_RESERVE | MDB_APPEND)) == 0);
    int code = check(txn, dbi, true);
    if (code == 0)
        code = check_key(key);
    if (code)
        return code;
    struct table *table = to_change(txn, dbi);
    struct str name = {key->mv_data, key->mv_size};
    bool exact;
    size_t at = table_find(table, name, &exact);
    if ((flags & MDB_APPEND) && at < table->count)
        return MDB_KEYEXIST;
    if ((flags & MDB_NOOVERWRITE) && exact) {
        *data = row_value(table->row[at]);
        return MDB_KEYEXIST;
    }
    if ((code = take_room(txn)))
        return code;
    MDB_val content = {data->mv_size, flags & MDB_RESERVE ? NULL : data->mv_data};
    struct row *row = row_new(name, &content);
    table_put(table, at, exact, row);
    if (flags & MDB_RESERVE)
        *data = row_value(row);
    *out = row;
    return 0;
}

int mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned int flags) {
    struct row *row;
    return put(txn, dbi, key, data, flags, &row);
}

int mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data) {
    ASSERT(data == NULL);
    int code = check(txn, dbi, true);
    if (code == 0)
        code = check_key(key);
    if (code)
        return code;
    bool exact;
    size_t at = table_find(txn->version->table[dbi], (struct str){key->mv_data, key->mv_size}, &exact);
    if (!exact)
        return MDB_NOTFOUND;
    code = take_room(txn);
    if (code == 0)
        table_remove(to_change(txn, dbi), at);
    return code;
}

/* ---- cursors ---- */

int mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **out) {
    int code = check(txn, dbi, false);
    if (code)
        return code;
    MDB_cursor *cursor = mem_zeroed(1, sizeof *cursor);
    *cursor = (MDB_cursor){.txn = txn, .dbi = dbi, .next = txn->cursors};
    txn->cursors = cursor;
    *out = cursor;
    return 0;
}

void mdb_cursor_close(MDB_cursor *cursor) {
    unlink_cursor(cursor);
    row_release(cursor->row);
    free(cursor);
}

static void stand_on(MDB_cursor *cursor, struct row *row) {
    row->refs++;
    row_release(cursor->row);
    cursor->row = row;
    cursor->state = CURSOR_ON;
}

/* Index of the row that `op` leads to; the table's count, or more: there is none. */
static size_t find_target(const MDB_cursor *cursor, const struct table *table, const MDB_val *key,
                          MDB_cursor_op op) {
    bool exact, unset = cursor->state != CURSOR_ON;
    size_t here = unset ? 0 : table_find(table, row_key(cursor->row), &exact), none = table->count;
    switch (op) {
    case MDB_FIRST:
        return 0;
    case MDB_LAST:
        return table->count - 1;
    case MDB_NEXT:
        return unset ? 0 : here + exact;
    case MDB_PREV:
        return (unset ? none : here) - 1;
    case MDB_GET_CURRENT:
        return here;
    case MDB_SET_RANGE:
        return table_find(table, (struct str){key->mv_data, key->mv_size}, &exact);
    default:
        here = table_find(table, (struct str){key->mv_data, key->mv_size}, &exact);
        return exact ? here : none;
    }
}

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op) {
    ASSERT(op == MDB_FIRST || op == MDB_LAST || op == MDB_NEXT || op == MDB_PREV || op == MDB_GET_CURRENT ||
           op == MDB_SET || op == MDB_SET_KEY || op == MDB_SET_RANGE);
    bool by_key = op == MDB_SET || op == MDB_SET_KEY || op == MDB_SET_RANGE;
    int code = check(cursor->txn, cursor->dbi, false);
    if (code == 0 && by_key)
        code = check_key(key);
    if (code == 0 && op == MDB_GET_CURRENT && cursor->state == CURSOR_UNSET)
        code = EINVAL;
    if (code)
        return code;
    /* Where a cursor stands after it found nothing LMDB does not say: nobody may count on it. */
    ASSERT(by_key || op == MDB_FIRST || op == MDB_LAST || cursor->state != CURSOR_LOST);
    struct table *table = cursor->txn->version->table[cursor->dbi];
    size_t at = find_target(cursor, table, key, op);
    if (at >= table->count) {
        if (by_key)
            cursor->state = CURSOR_LOST;
        return MDB_NOTFOUND;
    }
    struct row *row = table->row[at];
    stand_on(cursor, row);
    if (key && op != MDB_SET)
        *key = (MDB_val){row->key_len, row->bytes};
    if (data)
        *data = row_value(row);
    return 0;
}

int mdb_cursor_put(MDB_cursor *cursor, MDB_val *key, MDB_val *data, unsigned int flags) {
    if (flags & MDB_CURRENT) {
        if (cursor->state != CURSOR_ON)
            return EINVAL;
        ASSERT(str_equal(row_key(cursor->row), (struct str){key->mv_data, key->mv_size}));
    }
    struct row *row;
    int code = put(cursor->txn, cursor->dbi, key, data, flags & ~(unsigned)MDB_CURRENT, &row);
    if (code == 0)
        stand_on(cursor, row);
    return code;
}

int mdb_cursor_del(MDB_cursor *cursor, unsigned int flags) {
    ASSERT(flags == 0);
    bool exact = false;
    int code = check(cursor->txn, cursor->dbi, true);
    if (code)
        return code;
    if (cursor->state != CURSOR_ON)
        return EINVAL;
    size_t at = table_find(cursor->txn->version->table[cursor->dbi], row_key(cursor->row), &exact);
    ASSERT(exact);
    code = take_room(cursor->txn);
    if (code == 0)
        table_remove(to_change(cursor->txn, cursor->dbi), at);
    return code;
}
