#include "tests/unit/room.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static char directory[] = "/tmp/suivi-store-XXXXXX";

static void in_directory(char *path, const char *name) {
    (void)snprintf(path, 96, "%s/%s", directory, name);
}

static int set_up(void **state) {
    (void)state;
    memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    static const char *const files[] = {"data.mdb", "lock.mdb", "suivid.lock", ""};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[96];
        in_directory(path, files[i]);
        (void)remove(path);
    }
    return 0;
}

struct seen {
    size_t count;
    int32_t when[64];
    uint32_t source[64];
    char value[64];
};

static int see(void *arg, const struct store_cell *cell) {
    struct seen *seen = arg;
    assert_int_equal(cell->value.len, 1);
    seen->when[seen->count] = cell->when;
    seen->source[seen->count] = cell->source;
    seen->value[seen->count++] = cell->value.at[0];
    return 0;
}

static void put_cell(struct store_write *write, uint32_t series, int32_t when, uint32_t source,
                     const char *value) {
    assert_int_equal(store_put_cell(write, STORE_DAYS, series, when, source, (struct str){value, 1}, NULL),
                     0);
}

static void cells_come_in_order_and_within_bounds(void **state) {
    (void)state;
    struct store *store;
    struct store_write *write;
    struct store_snapshot *snapshot;
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    assert_int_equal(store_begin(store, &write, NULL), 0);
    put_cell(write, 7, 1, 0, "d");
    put_cell(write, 7, -1, 2, "b");
    put_cell(write, 7, -1, 1, "a");
    put_cell(write, 7, 0, 0, "c");
    put_cell(write, 7, -2, 0, "-");
    put_cell(write, 7, 2, 0, "-");
    put_cell(write, 6, 0, 0, "-");
    put_cell(write, 8, 0, 0, "-");
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_null(write);

    struct seen seen = {0};
    assert_int_equal(store_snapshot_open(store, &snapshot, NULL), 0);
    assert_int_equal(store_each_cell(snapshot, STORE_DAYS, 7, -1, 1, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 4);
    assert_memory_equal(seen.value, "abcd", 4);
    assert_int_equal(seen.when[0], -1);
    assert_int_equal(seen.source[1], 2);
    seen.count = 0;
    assert_int_equal(store_each_cell(snapshot, STORE_MONTHS, 7, -1, 1, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 0);
    store_snapshot_close(&snapshot);
    store_close(&store);
}

static void a_snapshot_sees_one_moment(void **state) {
    (void)state;
    struct store *store;
    struct store_write *write;
    struct store_snapshot *before, *after;
    struct seen seen = {0};
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    assert_int_equal(store_begin(store, &write, NULL), 0);
    put_cell(write, 1, 1, 1, "x");
    assert_int_equal(store_snapshot_open(store, &before, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_int_equal(store_snapshot_open(store, &after, NULL), 0);
    assert_int_equal(store_each_cell(before, STORE_DAYS, 1, 0, 9, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 0);
    assert_int_equal(store_each_cell(after, STORE_DAYS, 1, 0, 9, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 1);
    store_snapshot_close(&before);
    store_snapshot_close(&after);
    store_close(&store);
}

static void what_was_aborted_is_not_there(void **state) {
    (void)state;
    struct store *store;
    struct store_write *write;
    struct store_snapshot *snapshot;
    struct str value;
    struct seen seen = {0};
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    assert_int_equal(store_begin(store, &write, NULL), 0);
    put_cell(write, 1, 1, 1, "x");
    assert_int_equal(store_get_cell(write, STORE_DAYS, 1, 1, 1, &value, NULL), 0);
    assert_int_equal(store_get_cell(write, STORE_DAYS, 1, 1, 2, &value, NULL), -ENOENT);
    store_abort(&write);
    assert_int_equal(store_snapshot_open(store, &snapshot, NULL), 0);
    assert_int_equal(store_each_cell(snapshot, STORE_DAYS, 1, 0, 9, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 0);
    store_snapshot_close(&snapshot);
    store_close(&store);
}

struct sums {
    size_t count;
    struct store_sum sum[64];
};

static int see_sum(void *arg, const struct store_sum *sum) {
    struct sums *sums = arg;
    assert_in_range(sums->count, 0, 63);
    sums->sum[sums->count++] = *sum;
    return 0;
}

static void add(struct store *store, uint32_t series, int32_t when, uint32_t source, int64_t value) {
    struct store_write *write;
    assert_int_equal(store_begin(store, &write, NULL), 0);
    assert_int_equal(store_add(write, STORE_DAYS, series, when, source, value, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
}

static void sums_are_added_to_and_come_in_order(void **state) {
    (void)state;
    static const uint32_t wanted[] = {3, 5, 63, 64, 200};
    static const struct store_sum expected[] = {
        {1, -1, 0, 4}, {0, 2, 0, 11}, {1, 2, 0, 20}, {1, 2, 1, 5}, {3, 2, 0, 7}, {4, 1, 9, 0},
    };
    struct store *store;
    struct store_write *write;
    struct store_snapshot *snapshot;
    struct sums sums = {0};
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    /* In one transaction, and in no good order; then once more. */
    assert_int_equal(store_begin(store, &write, NULL), 0);
    static const struct {
        uint32_t series;
        int32_t when;
        uint32_t source;
        int64_t value;
    } rows[] = {{5, 2, 0, 20}, {3, 2, 0, 1},  {5, 2, 1, 5},  {4, 2, 0, 99},  {64, 2, 0, 7},
                {5, -1, 0, 4}, {3, 2, 0, 10}, {5, 3, 0, 99}, {5, -2, 0, 99}, {200, 1, 9, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            store_add(write, STORE_DAYS, rows[i].series, rows[i].when, rows[i].source, rows[i].value, NULL),
            0);
    assert_int_equal(store_commit(&write, NULL), 0);
    add(store, 200, 1, 9, -3);
    assert_int_equal(store_snapshot_open(store, &snapshot, NULL), 0);
    assert_int_equal(store_each_sum(snapshot, STORE_DAYS, wanted, 5, -1, 2, see_sum, &sums, NULL), 0);
    assert_int_equal(sums.count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < sums.count; i++) {
        assert_int_equal(sums.sum[i].index, expected[i].index);
        assert_int_equal(sums.sum[i].when, expected[i].when);
        assert_int_equal(sums.sum[i].source, expected[i].source);
        assert_int_equal(sums.sum[i].sum, expected[i].sum);
    }
    sums.count = 0;
    assert_int_equal(store_each_sum(snapshot, STORE_MONTHS, wanted, 5, -1, 2, see_sum, &sums, NULL), 0);
    assert_int_equal(sums.count, 0);
    store_snapshot_close(&snapshot);
    store_close(&store);
}

static void the_map_grows_by_itself(void **state) {
    (void)state;
    struct store *store;
    struct store_write *write = NULL;
    static char value[200000];
    int grown = 0, err;
    uint32_t put = 0;
    assert_int_equal(store_open(&store, directory, &(struct store_options){.map_bytes = 1 << 20}, NULL), 0);
    while (put < 100) {
        assert_int_equal(store_begin(store, &write, NULL), 0);
        err = store_put_cell(write, STORE_DAYS, put, 0, 0, (struct str){value, sizeof value}, NULL);
        if (err == 0)
            err = store_commit(&write, NULL);
        else
            store_abort(&write);
        if (err == -EAGAIN)
            grown++;
        else {
            assert_int_equal(err, 0);
            put++;
        }
    }
    assert_in_range(grown, 1, 10);
    store_close(&store);
}

static void one_daemon_at_a_time(void **state) {
    (void)state;
    struct store *first, *second = NULL;
    struct fault why;
    assert_int_equal(store_open(&first, directory, NULL, NULL), 0);
    assert_int_equal(store_open(&second, directory, NULL, &why), -EBUSY);
    assert_null(second);
    assert_non_null(strstr(why.text, "in use by another suivid"));
    store_close(&first);
    assert_int_equal(store_open(&second, directory, NULL, NULL), 0);
    store_close(&second);
}

static void a_file_that_is_no_store_is_refused(void **state) {
    (void)state;
    struct store *store;
    struct fault why;
    char path[96];
    in_directory(path, "data.mdb");
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 5000; i++)
        (void)fputs("not a database ", file);
    (void)fclose(file);
    assert_int_equal(store_open(&store, directory, NULL, &why), -EBADMSG);
    assert_non_null(strstr(why.text, "is not a store"));
}

static void a_file_that_was_cut_short_is_refused(void **state) {
    (void)state;
    struct store *store;
    struct store_write *write;
    struct fault why;
    static char value[100000];
    char path[96];
    in_directory(path, "data.mdb");
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    assert_int_equal(store_begin(store, &write, NULL), 0);
    assert_int_equal(store_put_cell(write, STORE_DAYS, 1, 1, 1, (struct str){value, sizeof value}, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    store_close(&store);
    struct stat whole;
    assert_int_equal(stat(path, &whole), 0);
    assert_int_equal(truncate(path, whole.st_size / 2), 0);
    assert_int_equal(store_open(&store, directory, NULL, &why), -EBADMSG);
    assert_non_null(strstr(why.text, "cut short"));
}

static void a_missing_parent_is_said(void **state) {
    (void)state;
    struct store *store;
    struct fault why;
    char path[96];
    in_directory(path, "no/such");
    assert_int_equal(store_open(&store, path, NULL, &why), -ENOENT);
    assert_non_null(strstr(why.text, path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cells_come_in_order_and_within_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_snapshot_sees_one_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_aborted_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sums_are_added_to_and_come_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_map_grows_by_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_daemon_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_store_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_cut_short_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_parent_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
