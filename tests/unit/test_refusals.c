#include "tests/unit/books.h"

#include "daemon/books/refusals.h"

struct seen {
    size_t count;
    uint32_t source[8];
    uint64_t times[8];
    int64_t at[8];
    char reason[8][32];
};

static int see(void *arg, const struct refusal *refusal) {
    struct seen *seen = arg;
    seen->source[seen->count] = refusal->source;
    seen->times[seen->count] = refusal->count;
    seen->at[seen->count] = refusal->at;
    (void)snprintf(seen->reason[seen->count++], 32, "%.*s", STR_ARG(refusal->reason));
    return 0;
}

static struct seen look(struct room *room, const char *indicator) {
    struct store_snapshot *snapshot;
    struct seen seen = {0};
    assert_int_equal(store_snapshot_open(room->store, &snapshot, NULL), 0);
    assert_int_equal(refusals_each(snapshot, str_of(indicator), see, &seen, NULL), 0);
    store_snapshot_close(&snapshot);
    return seen;
}

static void add(struct store_write *write, uint32_t source, const char *indicator, uint64_t count, int64_t at,
                const char *reason) {
    assert_int_equal(
        refusals_add(write, &(struct refusal){source, str_of(indicator), count, at, str_of(reason)}, NULL),
        0);
}

static void they_add_up_by_source_and_indicator(void **state) {
    (void)state;
    struct room room;
    struct store_write *write;
    room_new(&room);
    assert_int_equal(store_begin(room.store, &write, NULL), 0);
    add(write, 3, "t.count", 2, 100, "too large");
    add(write, 1, "t.count", 1, 101, "no site");
    add(write, 3, "t.count", 5, 102, "");
    add(write, 3, "t.counts", 9, 103, "another indicator");
    add(write, 3, "", 4, 104, "no such indicator");
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_int_equal(store_begin(room.store, &write, NULL), 0);
    add(write, 3, "t.count", 10, 90, "again");
    assert_int_equal(store_commit(&write, NULL), 0);

    struct seen seen = look(&room, "t.count");
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.source[0], 1);
    assert_int_equal(seen.times[0], 1);
    assert_string_equal(seen.reason[0], "no site");
    assert_int_equal(seen.source[1], 3);
    assert_int_equal(seen.times[1], 17);
    assert_int_equal(seen.at[1], 90);
    assert_string_equal(seen.reason[1], "again");
    seen = look(&room, "");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.times[0], 4);
    assert_int_equal(look(&room, "t.coun").count, 0);
    room_destroy(&room);
}

static int hold_against(void *arg, struct str key, struct str row) {
    size_t *count = arg;
    char bytes[64];
    assert_true(refusals_valid(key, row));
    assert_false(refusals_valid((struct str){key.at, key.len - 1}, row));
    assert_false(refusals_valid((struct str){key.at, 0}, row));
    for (size_t len = 0; len < 17; len++)
        assert_false(refusals_valid(key, (struct str){row.at, len}));
    memcpy(bytes, row.at, row.len);
    bytes[0] = 9;
    assert_false(refusals_valid(key, (struct str){bytes, row.len}));
    bytes[0] = row.at[0];
    bytes[row.len - 1] = '\xff';
    assert_false(refusals_valid(key, (struct str){bytes, row.len}));
    ++*count;
    return 0;
}

static void damaged_rows_are_known(void **state) {
    (void)state;
    struct room room;
    struct store_write *write;
    struct store_snapshot *snapshot;
    size_t count = 0;
    struct fault why = {""};
    room_new(&room);
    assert_int_equal(store_begin(room.store, &write, NULL), 0);
    add(write, 3, "t.count", 2, 100, "too large");
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_int_equal(store_snapshot_open(room.store, &snapshot, NULL), 0);
    assert_int_equal(store_each_row(snapshot, STORE_REFUSALS, STR(""), hold_against, &count, NULL), 0);
    assert_int_equal(count, 1);
    store_snapshot_close(&snapshot);

    assert_int_equal(store_begin(room.store, &write, NULL), 0);
    assert_int_equal(
        store_put_row(write, STORE_REFUSALS, (struct str){"t.count\0\0\0\0\3", 12}, STR("?"), NULL), 0);
    assert_int_equal(refusals_add(write, &(struct refusal){3, STR("t.count"), 1, 1, STR("x")}, &why),
                     -EBADMSG);
    assert_non_null(strstr(why.text, "suivi check"));
    store_abort(&write);
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_add_up_by_source_and_indicator),
        cmocka_unit_test(damaged_rows_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
