/* Is disk.c what liblmdb is? This program is linked once with each, and must say the same both times: what both
 * sides rely on, one by one, and then whatever a long random walk comes upon. Run as `test_disk SEED`, it prints
 * that walk, for the two to be compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/check.h"
#include "tests/simulation/dice.h"

#ifdef WITH_DISK
#include "tests/simulation/disk.h"
static struct disk *disk;
#endif

struct ground {
    char directory[32];
    MDB_env *env;
    MDB_dbi table;
};

static void open_env(struct ground *ground) {
    MDB_txn *txn;
    ASSERT(mdb_env_create(&ground->env) == 0 && mdb_env_set_maxdbs(ground->env, 4) == 0 &&
           mdb_env_set_mapsize(ground->env, (size_t)64 << 20) == 0 &&
           mdb_env_open(ground->env, ground->directory, MDB_NOTLS | MDB_NOSYNC, 0600) == 0 &&
           mdb_txn_begin(ground->env, NULL, 0, &txn) == 0 &&
           mdb_dbi_open(txn, "rows", MDB_CREATE, &ground->table) == 0 && mdb_txn_commit(txn) == 0);
}

static void ground_new(struct ground *ground) {
#ifdef WITH_DISK
    *ground = (struct ground){.directory = "/test"};
    disk_new(&disk, NULL, NULL);
    disk_use(disk);
#else
    *ground = (struct ground){.directory = "/tmp/test_disk.XXXXXX"};
    ASSERT(mkdtemp(ground->directory) != NULL);
#endif
    open_env(ground);
}

static void ground_destroy(struct ground *ground) {
    mdb_env_close(ground->env);
#ifdef WITH_DISK
    disk_destroy(&disk);
#else
    static const char *const names[] = {"data.mdb", "lock.mdb", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", ground->directory, names[i]);
        (void)remove(path);
    }
#endif
}

/* ---- one by one ---- */

static MDB_txn *begin(struct ground *ground, unsigned flags) {
    MDB_txn *txn;
    assert_int_equal(mdb_txn_begin(ground->env, NULL, flags, &txn), 0);
    return txn;
}

static MDB_val val(const char *text) {
    return (MDB_val){strlen(text), (void *)(uintptr_t)text};
}

static int put(struct ground *ground, MDB_txn *txn, const char *key, const char *value, unsigned flags) {
    MDB_val k = val(key), v = val(value);
    return mdb_put(txn, ground->table, &k, &v, flags);
}

static void is(MDB_val found, const char *text) {
    assert_int_equal(found.mv_size, strlen(text));
    assert_memory_equal(found.mv_data, text, found.mv_size);
}

static void has(struct ground *ground, MDB_txn *txn, const char *key, const char *value) {
    MDB_val k = val(key), v;
    int rc = mdb_get(txn, ground->table, &k, &v);
    if (value == NULL) {
        assert_int_equal(rc, MDB_NOTFOUND);
    } else {
        assert_int_equal(rc, 0);
        is(v, value);
    }
}

static void keys_are_in_the_order_of_their_bytes_the_shorter_first(void **state) {
    (void)state;
    static const char *const sorted[] = {"a", "aa", "b", "ba", "c\x01", "c\x80", "d"};
    static const size_t order[] = {3, 0, 6, 5, 1, 2, 4};
    struct ground ground;
    ground_new(&ground);
    MDB_txn *txn = begin(&ground, 0);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(put(&ground, txn, sorted[order[i]], "", 0), 0);
    MDB_cursor *cursor;
    MDB_val key, value;
    assert_int_equal(mdb_cursor_open(txn, ground.table, &cursor), 0);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
        is(key, sorted[i]);
        assert_int_equal(value.mv_size, 0);
    }
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), MDB_NOTFOUND);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_PREV), 0);
    is(key, sorted[5]);
    mdb_txn_abort(txn);
    ground_destroy(&ground);
}

static void a_transaction_sees_one_moment(void **state) {
    (void)state;
    struct ground ground;
    ground_new(&ground);
    MDB_txn *before = begin(&ground, MDB_RDONLY), *write = begin(&ground, 0);
    assert_int_equal(put(&ground, write, "k", "1", 0), 0);
    has(&ground, write, "k", "1");
    has(&ground, before, "k", NULL);
    assert_int_equal(mdb_txn_commit(write), 0);
    has(&ground, before, "k", NULL);
    MDB_txn *after = begin(&ground, MDB_RDONLY);
    has(&ground, after, "k", "1");
    mdb_txn_reset(before);
    assert_int_equal(mdb_txn_renew(before), 0);
    has(&ground, before, "k", "1");
    assert_int_equal(put(&ground, after, "k", "2", 0), EACCES);
    mdb_txn_abort(before);
    mdb_txn_abort(after);
    ground_destroy(&ground);
}

static void what_was_not_committed_is_gone(void **state) {
    (void)state;
    struct ground ground;
    ground_new(&ground);
    MDB_txn *txn = begin(&ground, 0);
    assert_int_equal(put(&ground, txn, "kept", "1", 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    txn = begin(&ground, 0);
    assert_int_equal(put(&ground, txn, "kept", "2", 0), 0);
    assert_int_equal(put(&ground, txn, "lost", "2", 0), 0);
    mdb_txn_abort(txn);
    mdb_env_close(ground.env);
    open_env(&ground);
    txn = begin(&ground, MDB_RDONLY);
    has(&ground, txn, "kept", "1");
    has(&ground, txn, "lost", NULL);
    mdb_txn_abort(txn);
    ground_destroy(&ground);
}

static void a_table_is_there_when_it_was_made_and_open_when_that_was_committed(void **state) {
    (void)state;
    struct ground ground;
    MDB_dbi other;
    MDB_stat stat;
    ground_new(&ground);
    MDB_txn *txn = begin(&ground, MDB_RDONLY);
    assert_int_equal(mdb_dbi_open(txn, "other", 0, &other), MDB_NOTFOUND);
    mdb_txn_abort(txn);
    txn = begin(&ground, 0);
    assert_int_equal(mdb_dbi_open(txn, "other", MDB_CREATE, &other), 0);
    mdb_txn_abort(txn);
    txn = begin(&ground, 0);
    assert_int_equal(mdb_dbi_open(txn, "other", 0, &other), MDB_NOTFOUND);
    assert_int_equal(mdb_dbi_open(txn, "other", MDB_CREATE, &other), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    txn = begin(&ground, MDB_RDONLY);
    assert_int_equal(mdb_stat(txn, other, &stat), 0);
    assert_int_equal(stat.ms_entries, 0);
    mdb_txn_abort(txn);
    assert_int_equal(mdb_env_stat(ground.env, &stat), 0);
    assert_int_equal(stat.ms_entries, 2);
    ground_destroy(&ground);
}

static void a_key_has_1_to_511_bytes(void **state) {
    (void)state;
    struct ground ground;
    char key[512];
    ground_new(&ground);
    MDB_txn *txn = begin(&ground, 0);
    MDB_val k = {sizeof key - 1, key}, v = val("v");
    memset(key, 'k', sizeof key);
    assert_int_equal(mdb_put(txn, ground.table, &k, &v, 0), 0);
    k.mv_size = sizeof key;
    assert_int_equal(mdb_put(txn, ground.table, &k, &v, 0), MDB_BAD_VALSIZE);
    mdb_txn_abort(txn);
    txn = begin(&ground, 0);
    k.mv_size = 0;
    assert_int_equal(mdb_get(txn, ground.table, &k, &v), MDB_BAD_VALSIZE);
    assert_int_equal(mdb_put(txn, ground.table, &k, &v, 0), MDB_BAD_VALSIZE);
    mdb_txn_abort(txn);
    ground_destroy(&ground);
}

static void a_reserved_value_is_filled_in_later(void **state) {
    (void)state;
    struct ground ground;
    ground_new(&ground);
    MDB_txn *txn = begin(&ground, 0);
    MDB_val k = val("k"), v = {3, NULL};
    assert_int_equal(mdb_put(txn, ground.table, &k, &v, MDB_RESERVE), 0);
    memcpy(v.mv_data, "abc", 3);
    assert_int_equal(mdb_txn_commit(txn), 0);
    txn = begin(&ground, MDB_RDONLY);
    has(&ground, txn, "k", "abc");
    mdb_txn_abort(txn);
    ground_destroy(&ground);
}

static void a_table_that_is_emptied_is_empty(void **state) {
    (void)state;
    struct ground ground;
    MDB_stat stat;
    ground_new(&ground);
    MDB_txn *txn = begin(&ground, 0);
    assert_int_equal(put(&ground, txn, "k", "v", 0), 0);
    assert_int_equal(mdb_drop(txn, ground.table, 0), 0);
    has(&ground, txn, "k", NULL);
    assert_int_equal(mdb_stat(txn, ground.table, &stat), 0);
    assert_int_equal(stat.ms_entries, 0);
    mdb_txn_abort(txn);
    ground_destroy(&ground);
}

#ifdef WITH_DISK
static struct disk_fate next_fate;

static struct disk_fate tell_fate(void *arg, const char *path, enum disk_moment when) {
    (void)arg, (void)path;
    return when == DISK_COMMIT ? next_fate : (struct disk_fate){.kept = true};
}

/* Only here can a disk be told to fail. */
static void a_commit_that_fails_does_what_it_was_told(void **state) {
    (void)state;
    struct ground ground = {.directory = "/test"};
    next_fate = (struct disk_fate){.kept = true};
    disk_new(&disk, tell_fate, NULL);
    disk_use(disk);
    open_env(&ground);
    static const struct disk_fate fates[] = {{ENOSPC, false, false}, {EIO, false, true}, {EIO, true, true}};
    for (size_t i = 0; i < sizeof fates / sizeof *fates; i++) {
        MDB_txn *txn = begin(&ground, 0);
        assert_int_equal(put(&ground, txn, "k", "v", 0), 0);
        next_fate = fates[i];
        assert_int_equal(mdb_txn_commit(txn), fates[i].code);
        next_fate = (struct disk_fate){.kept = true};
        if (fates[i].broken) {
            assert_int_equal(mdb_txn_begin(ground.env, NULL, 0, &txn), MDB_PANIC);
            mdb_env_close(ground.env);
            open_env(&ground);
        }
        txn = begin(&ground, MDB_RDONLY);
        has(&ground, txn, "k", fates[i].kept ? "v" : NULL);
        mdb_txn_abort(txn);
    }
    ground_destroy(&ground);
}
#endif

/* ---- a walk ---- */

#define STEPS   20000
#define CURSORS 3

struct walk {
    struct dice dice;
    struct ground ground;
    MDB_txn *write, *snapshot;
    MDB_cursor *cursor[CURSORS];
    MDB_val at[CURSORS]; /* the key it stands on; in at_bytes */
    char at_bytes[CURSORS][16];
    bool orphaned[CURSORS]; /* that row was deleted */
    /* It found nothing, or more was changed after that: LMDB does not say where it stands. */
    bool lost[CURSORS];
    char key[16], value[4000];
};

static MDB_val draw_key(struct walk *walk) {
    size_t len = 1 + dice_roll(&walk->dice, 3);
    for (size_t i = 0; i < len; i++)
        walk->key[i] = (char)("\x01\x40\x80\xff"[dice_roll(&walk->dice, 4)] + (int)dice_roll(&walk->dice, 2));
    return (MDB_val){len, walk->key};
}

static MDB_val draw_value(struct walk *walk) {
    size_t len = dice_roll(&walk->dice, dice_chance(&walk->dice, 50) ? sizeof walk->value : 40);
    memset(walk->value, (int)dice_roll(&walk->dice, 256), len);
    return (MDB_val){len, walk->value};
}

static void tell(const char *what, int rc, const MDB_val *key, const MDB_val *value) {
    printf("%s %d", what, rc);
    for (size_t i = 0; rc == 0 && key && i < key->mv_size; i++)
        printf(" %02x", ((const unsigned char *)key->mv_data)[i]);
    if (rc == 0 && value)
        printf(" (%zu of %02x)", value->mv_size,
               value->mv_size ? (unsigned)*(const unsigned char *)value->mv_data : 0);
    putchar('\n');
}

static void tell_all(const char *what, struct walk *walk, MDB_txn *txn) {
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_stat stat;
    ASSERT(mdb_cursor_open(txn, walk->ground.table, &cursor) == 0 &&
           mdb_stat(txn, walk->ground.table, &stat) == 0);
    printf("%zu rows\n", stat.ms_entries);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        tell(what, 0, &key, &value);
    mdb_cursor_close(cursor);
}

static void changed(struct walk *walk, const MDB_val *deleted) {
    for (size_t i = 0; i < CURSORS; i++) {
        walk->lost[i] |= walk->orphaned[i];
        walk->orphaned[i] |= deleted && deleted->mv_size == walk->at[i].mv_size &&
                             memcmp(deleted->mv_data, walk->at_bytes[i], deleted->mv_size) == 0;
    }
}

static void change_row(struct walk *walk) {
    static const unsigned flags[] = {0, 0, 0, MDB_NOOVERWRITE, MDB_APPEND};
    MDB_val key = draw_key(walk), value = draw_value(walk);
    if (dice_chance(&walk->dice, 350)) {
        int rc = mdb_del(walk->write, walk->ground.table, &key, NULL);
        tell("del", rc, NULL, NULL);
        if (rc == 0)
            changed(walk, &key);
    } else {
        unsigned flag = flags[dice_roll(&walk->dice, 5)];
        int rc = mdb_put(walk->write, walk->ground.table, &key, &value, flag);
        tell("put", rc, &key, NULL);
        if (rc == 0)
            changed(walk, NULL);
        if (rc == MDB_KEYEXIST && flag == MDB_NOOVERWRITE)
            tell("is there", 0, &key, &value);
    }
}

static void move_cursor(struct walk *walk) {
    /* LMDB 0.9 does not even find the last row with a cursor that has found nothing. */
    static const MDB_cursor_op ops[] = {MDB_FIRST, MDB_SET,  MDB_SET_KEY, MDB_SET_RANGE,
                                        MDB_LAST,  MDB_NEXT, MDB_NEXT,    MDB_PREV};
    size_t which = dice_roll(&walk->dice, CURSORS);
    MDB_cursor **cursor = &walk->cursor[which];
    MDB_val key = draw_key(walk), value;
    if (*cursor == NULL) {
        ASSERT(mdb_cursor_open(walk->write, walk->ground.table, cursor) == 0);
        walk->lost[which] = walk->orphaned[which] = false;
        walk->at[which].mv_size = 0;
    }
    MDB_cursor_op op = ops[dice_roll(&walk->dice, walk->lost[which] ? 4 : 8)];
    int rc = mdb_cursor_get(*cursor, &key, &value, op);
    printf("cursor %zu op %d: ", which, (int)op);
    tell("get", rc, &key, &value);
    walk->lost[which] = rc != 0;
    walk->orphaned[which] = false;
    if (rc != 0)
        return;
    walk->at[which].mv_size = key.mv_size;
    memcpy(walk->at_bytes[which], key.mv_data, key.mv_size);
    key.mv_data = walk->at_bytes[which]; /* LMDB's own bytes may move */
    if (dice_chance(&walk->dice, 200)) {
        tell("cursor del", mdb_cursor_del(*cursor, 0), NULL, NULL);
        changed(walk, &key);
    } else if (dice_chance(&walk->dice, 300)) {
        changed(walk, NULL);
        value = draw_value(walk);
        tell("cursor put", mdb_cursor_put(*cursor, &key, &value, MDB_CURRENT), NULL, NULL);
    }
}

static void end_write(struct walk *walk) {
    bool commit = dice_chance(&walk->dice, 700);
    for (size_t i = 0; i < CURSORS; i++)
        walk->cursor[i] = NULL;
    if (commit)
        tell("commit", mdb_txn_commit(walk->write), NULL, NULL);
    else
        mdb_txn_abort(walk->write);
    walk->write = NULL;
}

static void snapshot(struct walk *walk) {
    if (walk->snapshot == NULL) {
        ASSERT(mdb_txn_begin(walk->ground.env, NULL, MDB_RDONLY, &walk->snapshot) == 0);
        return;
    }
    tell_all("snapshot", walk, walk->snapshot);
    mdb_txn_abort(walk->snapshot);
    walk->snapshot = NULL;
}

static int run_walk(uint64_t seed) {
    struct walk *walk = mem_zeroed(1, sizeof *walk);
    walk->dice.state = seed;
    ground_new(&walk->ground);
    for (int i = 0; i < STEPS; i++) {
        if (walk->write == NULL)
            ASSERT(mdb_txn_begin(walk->ground.env, NULL, 0, &walk->write) == 0);
        unsigned what = dice_roll(&walk->dice, 100);
        if (what < 40)
            change_row(walk);
        else if (what < 90)
            move_cursor(walk);
        else if (what < 97)
            snapshot(walk);
        else
            end_write(walk);
    }
    if (walk->write)
        end_write(walk);
    snapshot(walk);
    if (walk->snapshot)
        snapshot(walk);
    ground_destroy(&walk->ground);
    free(walk);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_in_the_order_of_their_bytes_the_shorter_first),
        cmocka_unit_test(a_transaction_sees_one_moment),
        cmocka_unit_test(what_was_not_committed_is_gone),
        cmocka_unit_test(a_table_is_there_when_it_was_made_and_open_when_that_was_committed),
        cmocka_unit_test(a_key_has_1_to_511_bytes),
        cmocka_unit_test(a_reserved_value_is_filled_in_later),
        cmocka_unit_test(a_table_that_is_emptied_is_empty),
#ifdef WITH_DISK
        cmocka_unit_test(a_commit_that_fails_does_what_it_was_told),
#endif
    };
    if (argc == 2)
        return run_walk(strtoull(argv[1], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
