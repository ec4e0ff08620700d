/* The outbox: what is committed is there after a crash, what is not is held, and what is damaged is refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/lib/directory.h"
#include "clients/lib/outbox.h"
#include "proto/check.h"

#define SOURCE "test@here"

struct place {
    char directory[64], file[96], aside[96];
    struct outbox *outbox;
    struct staged *staged;
    struct fault why;
};

static int setup(void **state) {
    struct place *place = mem_zeroed(1, sizeof *place);
    strcpy(place->directory, "/tmp/test_outbox.XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->file, sizeof place->file, "%s/outbox.mdb", place->directory);
    snprintf(place->aside, sizeof place->aside, "%s/outbox.mdb-lock", place->directory);
    staged_new(&place->staged);
    *state = place;
    return 0;
}

static int teardown(void **state) {
    struct place *place = *state;
    outbox_close(&place->outbox);
    staged_destroy(&place->staged);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
    assert_int_equal(system(command), 0);
    free(place);
    return 0;
}

static int open_with(struct place *place, const char *source, uint64_t max_bytes) {
    outbox_close(&place->outbox);
    return outbox_open(&place->outbox, place->directory, source, max_bytes, &place->why);
}

static void open_again(struct place *place) {
    if (open_with(place, SOURCE, OUTBOX_BYTES_MAX) != 0)
        fail_msg("%s", place->why.text);
}

static struct outbox_batch batch(uint64_t seq, struct str bytes) {
    return (struct outbox_batch){seq, bytes};
}

static void commit_one(struct place *place, struct str bytes) {
    struct outbox_batch one = batch(outbox_next(place->outbox), bytes);
    assert_int_equal(outbox_commit(place->outbox, &one, 1, place->staged, &place->why), 0);
    staged_clear(place->staged);
}

static void assert_batch(struct place *place, uint64_t from, uint64_t seq, struct str bytes) {
    struct outbox_batch found;
    assert_int_equal(outbox_read(place->outbox, from, &found, &place->why), 0);
    assert_int_equal(found.seq, seq);
    assert_true(str_equal(found.bytes, bytes));
}

static void assert_record(struct place *place, struct str key, struct str value) {
    struct str found;
    assert_int_equal(outbox_record(place->outbox, key, &found, &place->why), 0);
    assert_true(str_equal(found, value));
}

static void test_new_outbox_is_empty_and_numbers_from_one(void **state) {
    struct place *place = *state;
    open_again(place);
    struct outbox_batch none;
    assert_int_equal(outbox_next(place->outbox), 1);
    assert_int_equal(outbox_waiting(place->outbox), 0);
    assert_int_equal(outbox_read(place->outbox, 0, &none, &place->why), -ENOENT);
    assert_int_equal(outbox_id(place->outbox).len, 32);
    struct stat about;
    assert_int_equal(stat(place->file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void test_what_is_committed_is_there_when_opened_again(void **state) {
    struct place *place = *state;
    open_again(place);
    char id[32];
    memcpy(id, outbox_id(place->outbox).at, sizeof id);
    staged_put(place->staged, STR("position"), STR("17"));
    commit_one(place, STR("first"));
    commit_one(place, STR("second"));
    open_again(place);
    assert_memory_equal(outbox_id(place->outbox).at, id, sizeof id);
    assert_int_equal(outbox_next(place->outbox), 3);
    assert_int_equal(outbox_waiting(place->outbox), 2);
    assert_batch(place, 0, 1, STR("first"));
    assert_batch(place, 2, 2, STR("second"));
    assert_record(place, STR("position"), STR("17"));
}

/* A process that ends without closing anything, as kill -9 does. */
static void test_a_crash_loses_nothing_committed(void **state) {
    struct place *place = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct outbox_batch one = batch(1, STR("from the child"));
        if (open_with(place, SOURCE, OUTBOX_BYTES_MAX) != 0)
            _exit(1);
        staged_put(place->staged, STR("k"), STR("v"));
        if (outbox_commit(place->outbox, &one, 1, place->staged, NULL) != 0)
            _exit(2);
        staged_put(place->staged, STR("k"), STR("never committed"));
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    open_again(place);
    assert_batch(place, 0, 1, STR("from the child"));
    assert_record(place, STR("k"), STR("v"));
}

static void test_numbers_go_on_after_batches_are_removed(void **state) {
    struct place *place = *state;
    open_again(place);
    for (int i = 0; i < 3; i++)
        commit_one(place, STR("x"));
    assert_int_equal(outbox_remove(place->outbox, (uint64_t[]){1, 3, 99}, 3, &place->why), 0);
    assert_int_equal(outbox_waiting(place->outbox), 1);
    assert_batch(place, 0, 2, STR("x"));
    assert_int_equal(outbox_remove(place->outbox, (uint64_t[]){2}, 1, &place->why), 0);
    open_again(place);
    assert_int_equal(outbox_waiting(place->outbox), 0);
    assert_int_equal(outbox_next(place->outbox), 4);
}

static void test_replaced_batch_keeps_its_number(void **state) {
    struct place *place = *state;
    open_again(place);
    commit_one(place, STR("old"));
    struct outbox_batch other = batch(1, STR("new and longer"));
    assert_int_equal(outbox_replace(place->outbox, &other, &place->why), 0);
    assert_int_equal(outbox_waiting(place->outbox), 1);
    assert_batch(place, 0, 1, STR("new and longer"));
}

static void test_stale_outbox_stays_so_and_takes_nothing(void **state) {
    struct place *place = *state;
    open_again(place);
    commit_one(place, STR("one"));
    assert_null(outbox_stale(place->outbox));
    assert_int_equal(outbox_mark_stale(place->outbox, "put back from an older copy", &place->why), 0);
    struct outbox_batch more = {.seq = 2, .bytes = STR("two")};
    for (int i = 0; i < 2; i++) {
        assert_string_equal(outbox_stale(place->outbox), "put back from an older copy");
        assert_int_equal(outbox_commit(place->outbox, &more, 1, place->staged, &place->why), -ESTALE);
        assert_string_equal(place->why.text, "put back from an older copy");
        assert_int_equal(outbox_next(place->outbox), 2);
        assert_batch(place, 0, 1, STR("one"));
        open_again(place);
    }
}

static void test_map_grows(void **state) {
    struct place *place = *state;
    enum { LEN = 6 << 20, COUNT = 10 };
    char *large = mem_zeroed(LEN, 1);
    open_again(place);
    for (int i = 0; i < COUNT; i++) {
        memset(large, 'a' + i, LEN);
        staged_put(place->staged, STR("position"), (struct str){large, 100});
        commit_one(place, (struct str){large, LEN});
    }
    open_again(place);
    for (int i = 0; i < COUNT; i++) {
        memset(large, 'a' + i, LEN);
        assert_batch(place, (uint64_t)i + 1, (uint64_t)i + 1, (struct str){large, LEN});
    }
    assert_record(place, STR("position"), (struct str){large, 100});
    free(large);
}

static void test_full_outbox_saves_nothing_and_can_be_tried_again(void **state) {
    struct place *place = *state;
    enum { LEN = 400000 };
    char *large = mem_zeroed(LEN, 1);
    assert_int_equal(open_with(place, SOURCE, 1 << 20), 0);
    commit_one(place, (struct str){large, LEN});
    commit_one(place, (struct str){large, LEN});
    struct outbox_batch third = batch(3, (struct str){large, LEN});
    staged_put(place->staged, STR("position"), STR("3"));
    assert_int_equal(outbox_commit(place->outbox, &third, 1, place->staged, &place->why), -ENOSPC);
    assert_non_null(strstr(place->why.text, "is full"));
    assert_int_equal(outbox_next(place->outbox), 3);
    assert_int_equal(outbox_waiting(place->outbox), 2);
    struct str found;
    assert_int_equal(outbox_record(place->outbox, STR("position"), &found, &place->why), -ENOENT);
    /* Room is made although the outbox is full, and then the same commit goes through. */
    assert_int_equal(outbox_remove(place->outbox, (uint64_t[]){1}, 1, &place->why), 0);
    assert_int_equal(outbox_remove(place->outbox, (uint64_t[]){2}, 1, &place->why), 0);
    assert_int_equal(outbox_commit(place->outbox, &third, 1, place->staged, &place->why), 0);
    assert_record(place, STR("position"), STR("3"));
    free(large);
}

static void test_outbox_full_of_records_says_so(void **state) {
    struct place *place = *state;
    char value[900] = {0}, name[32];
    int rc = 0, count = 0;
    assert_int_equal(open_with(place, SOURCE, 1 << 20), 0);
    for (; rc == 0 && count < 2000; count++) {
        int len = snprintf(name, sizeof name, "record %d", count);
        staged_put(place->staged, (struct str){name, (size_t)len}, (struct str){value, sizeof value});
        rc = outbox_commit(place->outbox, NULL, 0, place->staged, &place->why);
    }
    assert_int_equal(rc, -ENOSPC);
    assert_in_range(count, 100, 1200);
    assert_non_null(strstr(place->why.text, "no batch waits"));
    assert_null(strstr(place->why.text, "suivid"));
}

/* A write that fails under LMDB (here: past the size that files may have) leaves an outbox that still works.
 */
static void test_failed_write_can_be_tried_again(void **state) {
    struct place *place = *state;
    enum { LEN = 4 << 20 };
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char *large = mem_zeroed(LEN, 1);
        struct outbox_batch one = batch(1, (struct str){large, LEN});
        struct rlimit before, small;
        if (open_with(place, SOURCE, OUTBOX_BYTES_MAX) != 0 || getrlimit(RLIMIT_FSIZE, &before) != 0)
            _exit(1);
        small = before;
        small.rlim_cur = 1000000;
        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &small) != 0)
            _exit(1);
        if (outbox_commit(place->outbox, &one, 1, place->staged, NULL) == 0 ||
            outbox_next(place->outbox) != 1)
            _exit(2);
        small.rlim_cur = 0; /* also said to be want of room, so that who waits for room waits */
        if (setrlimit(RLIMIT_FSIZE, &small) != 0 ||
            outbox_commit(place->outbox, &one, 1, place->staged, &place->why) != -ENOSPC ||
            strstr(place->why.text, "ulimit -f") == NULL)
            _exit(5);
        if (setrlimit(RLIMIT_FSIZE, &before) != 0)
            _exit(3);
        _exit(outbox_commit(place->outbox, &one, 1, place->staged, NULL) == 0 ? 0 : 4);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    open_again(place);
    assert_int_equal(outbox_waiting(place->outbox), 1);
}

struct list {
    char text[256];
    int stop_after, visited;
};

static int note(void *arg, struct str key, struct str value) {
    struct list *list = arg;
    size_t used = strlen(list->text);
    snprintf(list->text + used, sizeof list->text - used, "%.*s=%.*s ", STR_ARG(key), STR_ARG(value));
    return ++list->visited == list->stop_after ? 7 : 0;
}

static void assert_scan(struct place *place, struct str prefix, const char *wanted) {
    struct list list = {.text = ""};
    assert_int_equal(outbox_scan(place->outbox, place->staged, prefix, note, &list, &place->why), 0);
    assert_string_equal(list.text, wanted);
}

static void test_scan_merges_what_is_staged(void **state) {
    struct place *place = *state;
    open_again(place);
    assert_scan(place, STR(""), "");
    const char *saved[] = {"a", "b/1", "b/3", "b/5", "c"};
    for (size_t i = 0; i < sizeof saved / sizeof *saved; i++)
        staged_put(place->staged, str_of(saved[i]), STR("old"));
    assert_scan(place, STR("b/"), "b/1=old b/3=old b/5=old ");
    assert_int_equal(outbox_commit(place->outbox, NULL, 0, place->staged, &place->why), 0);
    staged_clear(place->staged);
    assert_scan(place, STR("b/"), "b/1=old b/3=old b/5=old ");

    staged_put(place->staged, STR("b/0"), STR("new"));
    staged_put(place->staged, STR("b/3"), STR("new"));
    staged_put(place->staged, STR("b/9"), STR("new"));
    staged_delete(place->staged, STR("b/5"));
    staged_delete(place->staged, STR("b/7"));
    assert_scan(place, STR("b/"), "b/0=new b/1=old b/3=new b/9=new ");
    assert_scan(place, STR(""), "a=old b/0=new b/1=old b/3=new b/9=new c=old ");
    assert_scan(place, STR("d"), "");
    struct list list = {.stop_after = 2};
    assert_int_equal(outbox_scan(place->outbox, place->staged, STR("b/"), note, &list, &place->why), 7);
    assert_string_equal(list.text, "b/0=new b/1=old ");

    assert_int_equal(outbox_commit(place->outbox, NULL, 0, place->staged, &place->why), 0);
    staged_clear(place->staged);
    assert_scan(place, STR(""), "a=old b/0=new b/1=old b/3=new b/9=new c=old ");
}

/* Against a plain array, with keys of few letters so that they meet often. */
static void test_staged_records_equal_a_plain_list(void **state) {
    struct place *place = *state;
    unsigned seed = (unsigned)getpid();
    print_message("seed %u\n", seed);
    enum { KEYS = 400 };
    int64_t wanted[KEYS];
    memset(wanted, 0xff, sizeof wanted);
    open_again(place);
    for (int i = 0; i < 20000; i++) {
        int at = rand_r(&seed) % KEYS;
        char key[16], value[16];
        snprintf(key, sizeof key, "%d", at);
        snprintf(value, sizeof value, "%d", i);
        if (rand_r(&seed) % 4 == 0) {
            staged_delete(place->staged, str_of(key));
            wanted[at] = -1;
        } else {
            staged_put(place->staged, str_of(key), str_of(value));
            wanted[at] = i;
        }
        if (rand_r(&seed) % 1000 == 0) {
            assert_int_equal(outbox_commit(place->outbox, NULL, 0, place->staged, &place->why), 0);
            staged_clear(place->staged);
        }
    }
    assert_int_equal(outbox_commit(place->outbox, NULL, 0, place->staged, &place->why), 0);
    for (int at = 0; at < KEYS; at++) {
        char key[16], value[16];
        struct str found;
        snprintf(key, sizeof key, "%d", at);
        snprintf(value, sizeof value, "%d", (int)wanted[at]);
        int rc = outbox_record(place->outbox, str_of(key), &found, &place->why);
        assert_int_equal(rc, wanted[at] < 0 ? -ENOENT : 0);
        if (rc == 0)
            assert_true(str_equal(found, str_of(value)));
    }
}

static void refused_with(struct place *place, int code, const char *words) {
    assert_int_equal(open_with(place, SOURCE, OUTBOX_BYTES_MAX), code);
    assert_null(place->outbox);
    if (!strstr(place->why.text, words))
        fail_msg("\"%s\" does not say \"%s\"", place->why.text, words);
}

static void test_another_source_is_refused(void **state) {
    struct place *place = *state;
    open_again(place);
    assert_int_equal(open_with(place, "other@here", OUTBOX_BYTES_MAX), -EINVAL);
    assert_non_null(strstr(place->why.text, SOURCE));
    assert_non_null(strstr(place->why.text, "other@here"));
}

static void put_meta(const struct place *place, const char *table, const char *name, const char *content) {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
    assert_int_equal(mdb_env_open(env, place->file, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, table, MDB_CREATE, &dbi), 0);
    MDB_val key = {strlen(name), (void *)(uintptr_t)name},
            value = {strlen(content), (void *)(uintptr_t)content};
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void test_another_format_is_refused(void **state) {
    struct place *place = *state;
    open_again(place);
    outbox_close(&place->outbox);
    put_meta(place, "meta", "format", "2");
    refused_with(place, -ENOTSUP, "has format 2");
}

static void test_damaged_numbers_are_refused(void **state) {
    struct place *place = *state;
    open_again(place);
    outbox_close(&place->outbox);
    put_meta(place, "meta", "next", "12");
    refused_with(place, -EBADMSG, "damaged");
}

static void test_anothers_database_is_refused(void **state) {
    struct place *place = *state;
    put_meta(place, "recipes", "bread", "flour");
    refused_with(place, -EBADMSG, "no outbox");
}

static void test_other_files_are_refused(void **state) {
    struct place *place = *state;
    FILE *file = fopen(place->file, "w");
    assert_non_null(file);
    for (int i = 0; i < 4000; i++)
        fputs("this is no database\n", file);
    fclose(file);
    refused_with(place, -EBADMSG, "no outbox");
}

/* Reading past the end of a mapped file would end the process; it must be a sentence. */
static void test_file_cut_short_is_refused(void **state) {
    struct place *place = *state;
    open_again(place);
    for (int i = 0; i < 50; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        staged_put(place->staged, str_of(key), STR("value"));
        commit_one(place, STR("some batch"));
    }
    outbox_close(&place->outbox);
    assert_int_equal(truncate(place->file, 2 * 4096), 0);
    refused_with(place, -EBADMSG, "damaged");
}

static void test_directory_is_for_one_process(void **state) {
    struct place *place = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/new/deep", place->directory);
    assert_int_equal(directory_make(path, &place->why), 0);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    int first, second;
    assert_int_equal(directory_lock(path, &first, &place->why), 0);
    assert_int_equal(directory_lock(path, &second, &place->why), -EBUSY);
    assert_non_null(strstr(place->why.text, "another process uses"));
    close(first);
    assert_int_equal(directory_lock(path, &second, &place->why), 0);
    close(second);
    snprintf(path, sizeof path, "%s/outbox.mdb/below", place->directory);
    open_again(place);
    assert_int_equal(directory_make(path, &place->why), -ENOTDIR);
    assert_non_null(strstr(place->why.text, "outbox.mdb"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_outbox_is_empty_and_numbers_from_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_committed_is_there_when_opened_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_crash_loses_nothing_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_go_on_after_batches_are_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_batch_keeps_its_number, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stale_outbox_stays_so_and_takes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_map_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_outbox_saves_nothing_and_can_be_tried_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_outbox_full_of_records_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_write_can_be_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_merges_what_is_staged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_staged_records_equal_a_plain_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_source_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_format_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_numbers_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_anothers_database_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_cut_short_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory_is_for_one_process, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
