#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/store/block.h"
#include "daemon/store/store_lmdb_priv.h"
#include "proto/check.h"

#define STEPS 4096 /* records between two looks at whether the snapshot is in the way */

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

/* Long walks let go when the writer needs room. */
static int step(struct store_snapshot *snapshot, struct fault *why) {
    if (++snapshot->steps % STEPS != 0 || !store_snapshot_unwanted(snapshot))
        return 0;
    return fault_set(why, -EAGAIN, "%s: the store makes room; begin anew", snapshot->store->directory);
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
    while (rc == 0 && (err = step(snapshot, why)) == 0 && (err = visit(arg, key, value, why)) == 0)
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

/* ---- rows ---- */

struct row_walk {
    enum table table;
    struct str prefix;
    int (*visit)(void *arg, struct str key, struct str row);
    void *arg;
};

static int visit_row(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct row_walk *walking = arg;
    struct str prefix = walking->prefix;
    if (key.mv_size > ROW_KEY_MAX)
        return damaged(why, store_table_names[walking->table]);
    if (key.mv_size < prefix.len || (prefix.len > 0 && memcmp(key.mv_data, prefix.at, prefix.len) != 0))
        return 1;
    return walking->visit(walking->arg, str_of_val(key), str_of_val(value));
}

int store_each_row(struct store_snapshot *snapshot, enum store_rows table, struct str prefix,
                   int (*visit)(void *arg, struct str key, struct str row), void *arg, struct fault *why) {
    struct row_walk walking = {store_table_of_rows(table), prefix, visit, arg};
    return walk(snapshot, walking.table, val_of(prefix), visit_row, &walking, why);
}

int store_each_ledger(struct store_snapshot *snapshot,
                      int (*visit)(void *arg, struct str key, struct str row), void *arg, struct fault *why) {
    return store_each_row(snapshot, STORE_LEDGER, STR(""), visit, arg, why);
}

int store_find_row(struct store_snapshot *snapshot, enum store_rows table, struct str key, struct str *row,
                   struct fault *why) {
    OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    MDB_val at = val_of(key), value;
    int rc = mdb_get(snapshot->txn, snapshot->store->table[store_table_of_rows(table)], &at, &value);
    if (rc == MDB_NOTFOUND)
        return -ENOENT;
    if (rc)
        return store_fault(snapshot->store, rc, "read", why);
    *row = str_of_val(value);
    return 0;
}

/* ---- vintages ---- */

bool store_vintage_read(struct str key, struct str row, struct store_vintage *out) {
    if (key.len != NAME_KEY_BYTES || row.len != VINTAGE_BYTES || (uint8_t)row.at[VINTAGE_BYTES - 1] > 1 ||
        store_get_u32(key.at) == 0)
        return false;
    *out = (struct store_vintage){.number = store_get_u32(key.at),
                                  .began = (int64_t)store_get_u64(row.at),
                                  .ended = row.at[VINTAGE_BYTES - 1] == 1};
    return true;
}

/* From the last one back: mostly that one is meant. */
int store_vintage_at(struct store_snapshot *snapshot, int64_t at, struct store_vintage *out,
                     struct fault *why) {
    OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(snapshot->txn, snapshot->store->table[TABLE_VINTAGES], &cursor), err = 0;
    if (rc)
        return store_fault(snapshot->store, rc, "read", why);
    *out = (struct store_vintage){0};
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST); rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV)) {
        struct store_vintage vintage;
        if (!store_vintage_read(str_of_val(key), str_of_val(value), &vintage)) {
            err = damaged(why, store_table_names[TABLE_VINTAGES]);
            break;
        }
        if (vintage.began <= at) {
            *out = vintage;
            break;
        }
    }
    mdb_cursor_close(cursor);
    return rc != 0 && rc != MDB_NOTFOUND ? store_fault(snapshot->store, rc, "read", why) : err;
}

int store_vintage_get(struct store_snapshot *snapshot, uint32_t number, struct store_vintage *out,
                      struct fault *why) {
    uint8_t bytes[NAME_KEY_BYTES];
    struct str row, key = {(char *)bytes, sizeof bytes};
    store_put_u32(bytes, number);
    int err = store_find_row(snapshot, STORE_VINTAGES, key, &row, why);
    if (err == 0 && !store_vintage_read(key, row, out))
        err = damaged(why, store_table_names[TABLE_VINTAGES]);
    return err;
}

/* ---- cells ---- */

struct cell_walk {
    enum store_grain grain;
    uint32_t series;
    int32_t last;
    int (*visit)(void *arg, const struct store_cell *cell);
    void *arg;
};

static int visit_cell(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct cell_walk *walking = arg;
    if (key.mv_size != cell_key_bytes(walking->grain))
        return damaged(why, store_table_names[table_of_cells(walking->grain)]);
    struct cell_key at = cell_key_read(key.mv_data, walking->grain);
    if (at.series != walking->series || at.when > walking->last)
        return 1;
    struct store_cell cell = {
        .when = at.when, .source = at.source, .vintage = at.vintage, .value = str_of_val(value)};
    return walking->visit(walking->arg, &cell);
}

int store_each_cell(struct store_snapshot *snapshot, enum store_grain grain, uint32_t series, int32_t first,
                    int32_t last, int (*visit)(void *arg, const struct store_cell *cell), void *arg,
                    struct fault *why) {
    struct cell_walk walking = {grain, series, last, visit, arg};
    uint8_t bytes[DAY_KEY_BYTES];
    size_t len = cell_key_write(&(struct cell_key){series, first, 0, 0}, grain, bytes);
    return walk(snapshot, table_of_cells(grain), (MDB_val){len, bytes}, visit_cell, &walking, why);
}

struct entry_walk {
    uint32_t series;
    int32_t last;
    int (*visit)(void *arg, const struct store_entry *entry);
    void *arg;
};

static int visit_entry(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct entry_walk *walking = arg;
    struct store_entry entry = {.value = str_of_val(value)};
    if (key.mv_size != ENTRY_KEY_BYTES)
        return damaged(why, store_table_names[TABLE_ENTRIES]);
    struct cell_key at = entry_key_read(key.mv_data, &entry.id);
    if (at.series != walking->series || at.when > walking->last)
        return 1;
    entry.day = at.when;
    entry.source = at.source;
    entry.vintage = at.vintage;
    return walking->visit(walking->arg, &entry);
}

int store_each_entry(struct store_snapshot *snapshot, uint32_t series, int32_t first, int32_t last,
                     int (*visit)(void *arg, const struct store_entry *entry), void *arg, struct fault *why) {
    struct entry_walk walking = {series, last, visit, arg};
    uint8_t bytes[ENTRY_KEY_BYTES];
    entry_key_write(&(struct cell_key){series, first, 0, 0}, 0, bytes);
    return walk(snapshot, TABLE_ENTRIES, (MDB_val){sizeof bytes, bytes}, visit_entry, &walking, why);
}

bool store_has_entries(struct store_snapshot *snapshot) {
    OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    MDB_stat stat;
    return mdb_stat(snapshot->txn, snapshot->store->table[TABLE_ENTRIES], &stat) != 0 || stat.ms_entries > 0;
}

static int stop_at_entry(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    uint64_t id;
    (void)value;
    if (key.mv_size != ENTRY_KEY_BYTES)
        return damaged(why, store_table_names[TABLE_ENTRIES]);
    *(int64_t *)arg = entry_key_read(key.mv_data, &id).series;
    return 1;
}

int store_next_entries(struct store_snapshot *snapshot, uint32_t series, uint32_t *out, struct fault *why) {
    uint8_t bytes[ENTRY_KEY_BYTES] = {0};
    int64_t found = -1;
    entry_key_write(&(struct cell_key){series, INT32_MIN, 0, 0}, 0, bytes);
    int err = walk(snapshot, TABLE_ENTRIES, (MDB_val){sizeof bytes, bytes}, stop_at_entry, &found, why);
    if (err == 0 && found < 0)
        return fault_set(why, -ENOENT, "no series from that on has entries");
    *out = (uint32_t)found;
    return err;
}

/* The walk over one block, for those of the wanted series that are in it. */
struct sum_walk {
    enum store_grain grain;
    uint32_t block;
    int32_t last;
    const uint32_t *series; /* the first wanted one in this block */
    size_t first, count;    /* its index among all, and how many are in this block */
    int (*visit)(void *arg, const struct store_sum *sum);
    void *arg;
};

static int visit_block(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct sum_walk *walking = arg;
    const char *table = store_table_names[table_of_sums(walking->grain)];
    if (key.mv_size != cell_key_bytes(walking->grain))
        return damaged(why, table);
    struct cell_key at = cell_key_read(key.mv_data, walking->grain);
    struct str bytes = str_of_val(value);
    if (at.series != walking->block || at.when > walking->last)
        return 1;
    if (!block_valid(bytes))
        return damaged(why, table);
    for (size_t i = 0; i < walking->count; i++) {
        struct store_sum sum = {
            .index = walking->first + i, .when = at.when, .source = at.source, .vintage = at.vintage};
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
    struct sum_walk walking = {.grain = grain, .last = last, .visit = visit, .arg = arg};
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
        uint8_t bytes[DAY_KEY_BYTES];
        size_t len = cell_key_write(&(struct cell_key){walking.block, first, 0, 0}, grain, bytes);
        err = walk(snapshot, table_of_sums(grain), (MDB_val){len, bytes}, visit_block, &walking, why);
    }
    return err;
}

/* ---- of one source ---- */

struct given_walk {
    enum store_sort sort;
    uint32_t source;
    int32_t first, last;
    int (*visit)(void *arg, const struct store_given *given);
    void *arg;
};

static const struct {
    enum table table;
    size_t key_bytes;
} sorts[] = {
    [STORE_SUMS] = {TABLE_DAY_SUMS, DAY_KEY_BYTES},
    [STORE_SETS] = {TABLE_DAYS, DAY_KEY_BYTES},
    [STORE_ENTRIES] = {TABLE_ENTRIES, ENTRY_KEY_BYTES},
};

static int visit_sums(const struct given_walk *walking, struct str bytes, uint32_t block,
                      struct store_given *given) {
    int result = 0;
    for (uint32_t i = 0; i < BLOCK_SERIES && result == 0; i++) {
        given->series = block * BLOCK_SERIES + i;
        if (block_sum(bytes, i, &given->sum))
            result = walking->visit(walking->arg, given);
    }
    return result;
}

static int visit_given(void *arg, MDB_val key, MDB_val value, struct fault *why) {
    const struct given_walk *walking = arg;
    const char *table = store_table_names[sorts[walking->sort].table];
    if (key.mv_size != sorts[walking->sort].key_bytes)
        return damaged(why, table);
    struct cell_key at = cell_key_read(key.mv_data, STORE_DAYS); /* with which that of entries begins */
    if (at.source != walking->source || at.when < walking->first || at.when > walking->last)
        return 0;
    struct str bytes = str_of_val(value);
    struct store_given given = {.series = at.series, .day = at.when, .vintage = at.vintage, .value = bytes};
    if (walking->sort != STORE_SUMS)
        return walking->visit(walking->arg, &given);
    return block_valid(bytes) ? visit_sums(walking, bytes, at.series, &given) : damaged(why, table);
}

int store_each_given(struct store_snapshot *snapshot, enum store_sort sort, uint32_t source, uint32_t series,
                     int32_t from, int32_t first, int32_t last,
                     int (*visit)(void *arg, const struct store_given *given), void *arg, struct fault *why) {
    struct given_walk walking = {sort, source, first, last, visit, arg};
    struct cell_key start = {sort == STORE_SUMS ? series / BLOCK_SERIES : series, from, 0, 0};
    uint8_t bytes[ENTRY_KEY_BYTES];
    entry_key_write(&start, 0, bytes);
    return walk(snapshot, sorts[sort].table, (MDB_val){sorts[sort].key_bytes, bytes}, visit_given, &walking,
                why);
}
