#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/block.h"
#include "daemon/store_lmdb_priv.h"
#include "proto/check.h"

int store_snapshot_open(struct store *store, struct store_snapshot **out, struct fault *why) {
    OBJ_CHECK(store, STORE_MAGIC);
    (void)pthread_rwlock_rdlock(&store->map);
    MDB_txn *txn;
    int rc = store->env ? mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) : MDB_PANIC;
    if (rc) {
        (void)pthread_rwlock_unlock(&store->map);
        return store_fault(store, rc, "read", why);
    }
    struct store_snapshot *snapshot = mem_zeroed(1, sizeof *snapshot);
    *snapshot = (struct store_snapshot){.magic = SNAPSHOT_MAGIC, .store = store, .txn = txn};
    *out = snapshot;
    return 0;
}

void store_snapshot_close(struct store_snapshot **snapshot) {
    struct store_snapshot *s = *snapshot;
    if (s == NULL)
        return;
    OBJ_CHECK(s, SNAPSHOT_MAGIC);
    mdb_txn_abort(s->txn);
    (void)pthread_rwlock_unlock(&s->store->map);
    s->magic = 0;
    free(s);
    *snapshot = NULL;
}

bool store_snapshot_unwanted(const struct store_snapshot *snapshot) {
    OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    return atomic_load(&snapshot->store->growing);
}

/* Walks one table from `key` (or its start when empty) while `visit` returns 0; a result above 0 ends the
 * walk well. */
static int walk(struct store_snapshot *snapshot, enum table table, MDB_val key,
                int (*visit)(void *arg, MDB_val key, MDB_val value, struct fault *why), void *arg,
                struct fault *why) {
    OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(snapshot->txn, snapshot->store->table[table], &cursor);
    if (rc)
        return store_fault(snapshot->store, rc, "read", why);
    MDB_val value;
    int err = 0;
    rc = mdb_cursor_get(cursor, &key, &value, key.mv_size ? MDB_SET_RANGE : MDB_FIRST);
    while (rc == 0 && (err = visit(arg, key, value, why)) == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    mdb_cursor_close(cursor);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return store_fault(snapshot->store, rc, "read", why);
    return err < 0 ? err : 0;
}

static int damaged(struct fault *why, const char *table) {
    return fault_set(why, -EBADMSG,
                     "the store's table \"%s\" holds a record that is none; restore it from a backup", table);
}

struct name_walk {
    enum table table;
    int (*visit)(void *arg, uint32_t id, struct str text);
    void *arg;
};

static int visit_name(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct name_walk *walking = arg;
    if (key.mv_size != 4)
        return damaged(why, store_table_names[walking->table]);
    uint32_t big;
    memcpy(&big, key.mv_data, sizeof big);
    return walking->visit(walking->arg, be32toh(big), str_of_val(value));
}

int store_each_name(struct store_snapshot *snapshot, enum store_names table,
                    int (*visit)(void *arg, uint32_t id, struct str text), void *arg, struct fault *why) {
    struct name_walk walking = {table_of_names(table), visit, arg};
    return walk(snapshot, walking.table, (MDB_val){0}, visit_name, &walking, why);
}

int store_find_name(struct store_snapshot *snapshot, enum store_names table, uint32_t id, struct str *text,
                    struct fault *why) {
    OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    uint32_t big = htobe32(id);
    MDB_val key = {sizeof big, &big}, value;
    int rc = mdb_get(snapshot->txn, snapshot->store->table[table_of_names(table)], &key, &value);
    if (rc == MDB_NOTFOUND)
        return fault_set(why, -ENOENT, "there is no name of that number");
    if (rc)
        return store_fault(snapshot->store, rc, "read", why);
    *text = str_of_val(value);
    return 0;
}

struct ledger_walk {
    int (*visit)(void *arg, struct str key, struct str row);
    void *arg;
};

static int visit_ledger(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct ledger_walk *walking = arg;
    if (key.mv_size > LEDGER_KEY_MAX)
        return damaged(why, store_table_names[TABLE_LEDGER]);
    return walking->visit(walking->arg, str_of_val(key), str_of_val(value));
}

int store_each_ledger(struct store_snapshot *snapshot,
                      int (*visit)(void *arg, struct str key, struct str row), void *arg, struct fault *why) {
    struct ledger_walk walking = {visit, arg};
    return walk(snapshot, TABLE_LEDGER, (MDB_val){0}, visit_ledger, &walking, why);
}

struct cell_walk {
    enum table table;
    uint32_t series;
    int32_t last;
    int (*visit)(void *arg, const struct store_cell *cell);
    void *arg;
};

static int visit_cell(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct cell_walk *walking = arg;
    if (key.mv_size != CELL_KEY_BYTES)
        return damaged(why, store_table_names[walking->table]);
    struct cell_key at = cell_key_read(key.mv_data);
    if (at.series != walking->series || at.when > walking->last)
        return 1;
    struct store_cell cell = {.when = at.when, .source = at.source, .value = str_of_val(value)};
    return walking->visit(walking->arg, &cell);
}

int store_each_cell(struct store_snapshot *snapshot, enum store_grain grain, uint32_t series, int32_t first,
                    int32_t last, int (*visit)(void *arg, const struct store_cell *cell), void *arg,
                    struct fault *why) {
    struct cell_walk walking = {table_of_cells(grain), series, last, visit, arg};
    uint8_t bytes[CELL_KEY_BYTES];
    cell_key_write(&(struct cell_key){series, first, 0}, bytes);
    return walk(snapshot, walking.table, (MDB_val){sizeof bytes, bytes}, visit_cell, &walking, why);
}

/* The walk over one block, for those of the wanted series that are in it. */
struct sum_walk {
    enum table table;
    uint32_t block;
    int32_t last;
    const uint32_t *series; /* the first wanted one in this block */
    size_t first, count;    /* its index among all, and how many are in this block */
    int (*visit)(void *arg, const struct store_sum *sum);
    void *arg;
};

static int visit_block(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct sum_walk *walking = arg;
    if (key.mv_size != CELL_KEY_BYTES)
        return damaged(why, store_table_names[walking->table]);
    struct cell_key at = cell_key_read(key.mv_data);
    struct str bytes = str_of_val(value);
    if (at.series != walking->block || at.when > walking->last)
        return 1;
    if (!block_valid(bytes))
        return damaged(why, store_table_names[walking->table]);
    for (size_t i = 0; i < walking->count; i++) {
        struct store_sum sum = {.index = walking->first + i, .when = at.when, .source = at.source};
        if (!block_sum(bytes, walking->series[i] % BLOCK_SERIES, &sum.sum))
            continue;
        int result = walking->visit(walking->arg, &sum);
        if (result)
            return result;
    }
    return 0;
}

int store_each_sum(struct store_snapshot *snapshot, enum store_grain grain, const uint32_t *series,
                   size_t count, int32_t first, int32_t last,
                   int (*visit)(void *arg, const struct store_sum *sum), void *arg, struct fault *why) {
    struct sum_walk walking = {.table = table_of_sums(grain), .last = last, .visit = visit, .arg = arg};
    int err = 0;
    for (size_t i = 0; i < count && err == 0; i += walking.count) {
        walking.block = series[i] / BLOCK_SERIES;
        walking.series = series + i;
        walking.first = i;
        for (walking.count = 1; i + walking.count < count; walking.count++) {
            ASSERT(series[i + walking.count] > series[i + walking.count - 1]);
            if (series[i + walking.count] / BLOCK_SERIES != walking.block)
                break;
        }
        uint8_t bytes[CELL_KEY_BYTES];
        cell_key_write(&(struct cell_key){walking.block, first, 0}, bytes);
        err = walk(snapshot, walking.table, (MDB_val){sizeof bytes, bytes}, visit_block, &walking, why);
    }
    return err;
}
