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
        {1, -1, 0, 0, 4}, {0, 2, 0, 0, 11}, {1, 2, 0, 0, 20},
        {1, 2, 1, 0, 5},  {3, 2, 0, 0, 7},  {4, 1, 9, 0, 0},
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

/* ---- vintages ---- */

#define NOON INT64_C(1520424000) /* of 2018-03-07 */

static struct store_write *begin_at(struct store *store, int64_t now) {
    struct store_write *write;
    assert_int_equal(store_begin(store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, now, NULL), 0);
    return write;
}

static uint32_t commit_at(struct store *store, int64_t now, bool end) {
    struct store_write *write = begin_at(store, now);
    uint32_t number = store_write_vintage(write);
    if (end)
        assert_int_equal(store_end_vintage(write, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    return number;
}

static void a_vintage_is_a_day_or_less(void **state) {
    (void)state;
    struct store *store;
    struct store_snapshot *snapshot;
    struct store_vintage vintage;
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    assert_int_equal(commit_at(store, NOON, false), 1);
    assert_int_equal(commit_at(store, NOON + 3600, false), 1);
    assert_int_equal(commit_at(store, NOON - 7 * 86400, false), 1); /* a clock that went back */
    assert_int_equal(commit_at(store, NOON + 86400, true), 2);
    assert_int_equal(commit_at(store, NOON, false), 3); /* the one before has ended */
    struct store_write *write = begin_at(store, NOON + 5 * 86400);
    assert_int_equal(store_write_vintage(write), 4);
    store_abort(&write);
    store_close(&store);
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    assert_int_equal(store_snapshot_open(store, &snapshot, NULL), 0);
    assert_int_equal(store_vintage_at(snapshot, INT64_MAX, &vintage, NULL), 0);
    assert_true(vintage.number == 3 && vintage.began == NOON + 86400 && !vintage.ended);
    assert_int_equal(store_vintage_at(snapshot, NOON + 86399, &vintage, NULL), 0);
    assert_true(vintage.number == 1 && vintage.began == NOON);
    assert_int_equal(store_vintage_at(snapshot, NOON - 1, &vintage, NULL), 0);
    assert_int_equal(vintage.number, 0);
    assert_int_equal(store_vintage_get(snapshot, 2, &vintage, NULL), 0);
    assert_true(vintage.ended);
    assert_int_equal(store_vintage_get(snapshot, 4, &vintage, NULL), -ENOENT);
    store_snapshot_close(&snapshot);
    store_close(&store);
}

static void days_keep_their_vintage_and_months_do_not(void **state) {
    (void)state;
    static const uint32_t wanted[] = {5};
    struct store *store;
    struct store_snapshot *snapshot;
    struct sums sums = {0};
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    for (int i = 0; i < 3; i++) { /* twice on the first day, once on the second */
        struct store_write *write = begin_at(store, NOON + (i == 2 ? 86400 : 0));
        assert_int_equal(store_add(write, STORE_DAYS, 5, 7, 1, 10 + i, NULL), 0);
        assert_int_equal(store_add(write, STORE_MONTHS, 5, 0, 1, 10 + i, NULL), 0);
        assert_int_equal(store_commit(&write, NULL), 0);
    }
    assert_int_equal(store_snapshot_open(store, &snapshot, NULL), 0);
    assert_int_equal(store_each_sum(snapshot, STORE_DAYS, wanted, 1, 0, 9, see_sum, &sums, NULL), 0);
    assert_int_equal(sums.count, 2);
    assert_true(sums.sum[0].vintage == 1 && sums.sum[0].sum == 21 && sums.sum[1].vintage == 2 &&
                sums.sum[1].sum == 12);
    sums.count = 0;
    assert_int_equal(store_each_sum(snapshot, STORE_MONTHS, wanted, 1, 0, 9, see_sum, &sums, NULL), 0);
    assert_true(sums.count == 1 && sums.sum[0].sum == 33);
    store_snapshot_close(&snapshot);
    store_close(&store);
}

/* ---- entries and rows ---- */

struct entries {
    size_t count;
    struct store_entry entry[16];
    char value[16];
};

static int see_entry(void *arg, const struct store_entry *entry) {
    struct entries *entries = arg;
    assert_in_range(entries->count, 0, 15);
    assert_int_equal(entry->value.len, 1);
    entries->value[entries->count] = entry->value.at[0];
    entries->entry[entries->count++] = *entry;
    return 0;
}

static void entries_come_in_order(void **state) {
    (void)state;
    struct store *store;
    struct store_snapshot *snapshot;
    struct entries entries = {0};
    struct str value;
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    struct store_write *write = begin_at(store, NOON);
    assert_int_equal(store_put_entry(write, 5, 3, 1, 9, STR("c"), NULL), 0);
    assert_int_equal(store_put_entry(write, 5, 3, 1, 8, STR("b"), NULL), 0);
    assert_int_equal(store_put_entry(write, 5, -1, 1, 7, STR("a"), NULL), 0);
    assert_int_equal(store_put_entry(write, 6, 3, 1, 8, STR("x"), NULL), 0);
    assert_int_equal(store_put_entry(write, 5, 3, 1, 9, STR("d"), NULL), 0); /* in the place of the other */
    assert_int_equal(store_get_entry(write, 5, 3, 1, 9, &value, NULL), 0);
    assert_true(str_equal(value, STR("d")));
    assert_int_equal(store_get_entry(write, 5, 3, 2, 9, &value, NULL), -ENOENT);
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_int_equal(store_snapshot_open(store, &snapshot, NULL), 0);
    assert_true(store_has_entries(snapshot));
    assert_int_equal(store_each_entry(snapshot, 5, -5, 3, see_entry, &entries, NULL), 0);
    assert_int_equal(entries.count, 3);
    assert_memory_equal(entries.value, "abd", 3);
    assert_true(entries.entry[0].day == -1 && entries.entry[1].id == 8 && entries.entry[2].vintage == 1);
    entries.count = 0;
    assert_int_equal(store_each_entry(snapshot, 5, 0, 2, see_entry, &entries, NULL), 0);
    assert_int_equal(entries.count, 0);
    store_snapshot_close(&snapshot);
    store_close(&store);
}

static int see_row(void *arg, struct str key, struct str row) {
    struct entries *seen = arg;
    (void)key;
    seen->value[seen->count++] = row.at[0];
    return 0;
}

static void rows_are_found_by_key_and_by_prefix(void **state) {
    (void)state;
    struct store *store;
    struct store_snapshot *snapshot;
    struct entries seen = {0};
    struct str row;
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    struct store_write *write = begin_at(store, NOON);
    static const char *const keys[] = {"b2", "a1", "b1", "b", "c"};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(
            store_put_row(write, STORE_CLOSINGS, str_of(keys[i]), (struct str){&"12345"[i], 1}, NULL), 0);
    assert_int_equal(store_get_row(write, STORE_CLOSINGS, STR("b1"), &row, NULL), 0);
    assert_int_equal(store_get_row(write, STORE_REFUSALS, STR("b1"), &row, NULL), -ENOENT);
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_int_equal(store_snapshot_open(store, &snapshot, NULL), 0);
    assert_int_equal(store_each_row(snapshot, STORE_CLOSINGS, STR("b"), see_row, &seen, NULL), 0);
    assert_int_equal(seen.count, 3);
    assert_memory_equal(seen.value, "431", 3);
    assert_int_equal(store_find_row(snapshot, STORE_CLOSINGS, STR("c"), &row, NULL), 0);
    assert_int_equal(store_find_row(snapshot, STORE_CLOSINGS, STR("d"), &row, NULL), -ENOENT);
    store_snapshot_close(&snapshot);
    store_close(&store);
}

static void months_are_dropped_of_one_source(void **state) {
    (void)state;
    static const uint32_t wanted[] = {1, 100};
    struct store *store;
    struct sums sums = {0};
    struct seen seen = {0};
    assert_int_equal(store_open(&store, directory, NULL, NULL), 0);
    struct store_write *write = begin_at(store, NOON);
    for (uint32_t source = 0; source < 2; source++)
        for (int32_t month = 0; month < 4; month++) {
            assert_int_equal(store_add(write, STORE_MONTHS, 1, month, source, month, NULL), 0);
            assert_int_equal(store_add(write, STORE_MONTHS, 100, month, source, month, NULL), 0);
            assert_int_equal(store_put_cell(write, STORE_MONTHS, 7, month, source, STR("x"), NULL), 0);
        }
    assert_int_equal(store_drop_months(write, 1, 1, 2, NULL), 0);
    assert_int_equal(store_add(write, STORE_MONTHS, 1, 2, 1, 50, NULL), 0);
    struct store_snapshot *view;
    assert_int_equal(store_write_view(write, &view, NULL), 0);
    assert_int_equal(store_each_sum(view, STORE_MONTHS, wanted, 2, 0, 9, see_sum, &sums, NULL), 0);
    assert_int_equal(sums.count, 2 * 8 - 4 + 1);
    for (size_t i = 0; i < sums.count; i++)
        assert_true(sums.sum[i].source == 0 || sums.sum[i].when == 0 || sums.sum[i].when == 3 ||
                    sums.sum[i].sum == 50);
    assert_int_equal(store_each_cell(view, STORE_MONTHS, 7, 0, 9, see, &seen, NULL), 0);
    assert_int_equal(seen.count, 6);
    assert_int_equal(store_commit(&write, NULL), 0);
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
        cmocka_unit_test_setup_teardown(a_vintage_is_a_day_or_less, set_up, tear_down),
        cmocka_unit_test_setup_teardown(days_keep_their_vintage_and_months_do_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_come_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_are_found_by_key_and_by_prefix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(months_are_dropped_of_one_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_map_grows_by_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_daemon_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_store_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_cut_short_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_parent_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
