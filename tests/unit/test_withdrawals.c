#include "tests/unit/room.h"

#include <errno.h>
#include <string.h>

#include "daemon/books/withdrawals.h"
#include "proto/civil.h"
#include "proto/entry.h"
#include "tests/unit/random.h"

static struct withdrawals *load(struct room *room) {
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct fault why = {""};
    assert_int_equal(store_snapshot_open(room->store, &snapshot, NULL), 0);
    if (withdrawals_load(&withdrawals, snapshot, &why) != 0)
        fail_msg("%s", why.text);
    store_snapshot_close(&snapshot);
    return withdrawals;
}

static void put(struct room *room, const struct withdrawal *withdrawal, size_t count) {
    struct store_write *write;
    assert_int_equal(store_begin(room->store, &write, NULL), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(withdrawals_put(write, &withdrawal[i], NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
}

static void what_is_put_is_there(void **state) {
    (void)state;
    static char long_reason[ENTRY_NOTE_MAX];
    const struct withdrawal given[] = {
        {.source = 7,
         .first = 17000,
         .last = 17030,
         .vintage = 300,
         .at = 1520380800,
         .reason = STR("twice")},
        {.source = 0,
         .first = -5,
         .last = -5,
         .vintage = 2,
         .at = -1,
         .reason = {long_reason, ENTRY_NOTE_MAX}},
    };
    struct room room;
    room_new(&room);
    memset(long_reason, 'x', sizeof long_reason);
    struct withdrawals *withdrawals = load(&room);
    assert_int_equal(withdrawals_count(withdrawals), 0);
    assert_true(withdrawals_counts(withdrawals, 7, 17000, 1, 0));
    withdrawals_destroy(&withdrawals);
    assert_null(withdrawals);
    withdrawals_destroy(&withdrawals);

    put(&room, given, 2);
    withdrawals = load(&room);
    assert_int_equal(withdrawals_count(withdrawals), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct withdrawal *got = withdrawals_at(withdrawals, i), *wanted = &given[1 - i];
        assert_int_equal(got->source, wanted->source);
        assert_int_equal(got->first, wanted->first);
        assert_int_equal(got->last, wanted->last);
        assert_int_equal(got->vintage, wanted->vintage);
        assert_int_equal(got->at, wanted->at);
        assert_true(str_equal(got->reason, wanted->reason));
    }
    withdrawals_destroy(&withdrawals);
    room_destroy(&room);
}

/* Of one withdrawal of vintage 5: whether a row of that vintage counts, as known at that one. */
static void it_holds_from_its_vintage_on(void **state) {
    (void)state;
    static const struct {
        uint32_t source;
        int32_t day;
        uint32_t vintage, known;
        bool counts;
    } rows[] = {
        {1, 10, 5, 0, false}, {1, 10, 1, 0, false}, {1, 20, 5, 0, false}, {1, 9, 5, 0, true},
        {1, 21, 5, 0, true},  {1, 10, 6, 0, true},  {2, 10, 5, 0, true},  {0, 10, 5, 0, true},
        {1, 10, 5, 5, false}, {1, 10, 5, 4, true},  {1, 10, 6, 6, true},  {1, 10, 5, 9, false},
    };
    struct room room;
    room_new(&room);
    put(&room, &(struct withdrawal){.source = 1, .first = 10, .last = 20, .vintage = 5, .reason = STR("r")},
        1);
    struct withdrawals *withdrawals = load(&room);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (withdrawals_counts(withdrawals, rows[i].source, rows[i].day, rows[i].vintage, rows[i].known) !=
            rows[i].counts)
            fail_msg("row %zu", i);
    withdrawals_destroy(&withdrawals);
    room_destroy(&room);
}

static void many_are_as_one_by_one(void **state) {
    (void)state;
    enum { COUNT = 40 };
    struct withdrawal given[COUNT];
    struct room room;
    random_begin();
    room_new(&room);
    for (size_t i = 0; i < COUNT; i++) {
        int32_t first = (int32_t)random_below(40) - 20;
        given[i] = (struct withdrawal){.source = (uint32_t)random_below(4),
                                       .first = first,
                                       .last = first + (int32_t)random_below(8),
                                       .vintage = (uint32_t)random_below(9) + 1,
                                       .reason = STR("r")};
    }
    put(&room, given, COUNT);
    struct withdrawals *withdrawals = load(&room);
    for (uint32_t n = 0; n < 20000; n++) {
        uint32_t source = (uint32_t)random_below(5), vintage = (uint32_t)random_below(10) + 1;
        uint32_t known = (uint32_t)random_below(11);
        int32_t day = (int32_t)random_below(50) - 25;
        bool counts = true;
        for (size_t i = 0; i < COUNT; i++)
            if (given[i].source == source && given[i].first <= day && day <= given[i].last &&
                vintage <= given[i].vintage && (known == 0 || given[i].vintage <= known))
                counts = false;
        if (withdrawals_counts(withdrawals, source, day, vintage, known) != counts)
            fail_msg("source %u day %d vintage %u known %u", source, day, vintage, known);
    }
    withdrawals_destroy(&withdrawals);
    room_destroy(&room);
}

struct row {
    char key[64], row[4096];
    size_t key_len, row_len;
};

static int keep_row(void *arg, struct str key, struct str row) {
    struct row *out = arg;
    memcpy(out->key, key.at, out->key_len = key.len);
    memcpy(out->row, row.at, out->row_len = row.len);
    return 1;
}

static bool is_valid(const struct row *row) {
    return withdrawals_valid((struct str){row->key, row->key_len}, (struct str){row->row, row->row_len});
}

static void a_damaged_row_is_told(void **state) {
    (void)state;
    struct room room;
    struct row good = {0};
    struct store_snapshot *snapshot;
    struct store_write *write;
    struct withdrawals *withdrawals = NULL;
    struct fault why;
    room_new(&room);
    put(&room,
        &(struct withdrawal){.source = 1, .first = 10, .last = 20, .vintage = 5, .reason = STR("r\xc3\xa9")},
        1);
    assert_int_equal(store_snapshot_open(room.store, &snapshot, NULL), 0);
    assert_int_equal(store_each_row(snapshot, STORE_WITHDRAWALS, STR(""), keep_row, &good, NULL), 0);
    store_snapshot_close(&snapshot);
    assert_true(is_valid(&good));

    struct row bad = good;
    bad.row[0]++;
    assert_false(is_valid(&bad)); /* another version */
    bad = good;
    bad.row_len--;
    assert_false(is_valid(&bad)); /* half a letter */
    bad.row_len = 8;
    assert_false(is_valid(&bad));
    bad = good;
    bad.key_len--;
    assert_false(is_valid(&bad));
    bad = good;
    bad.key[3] = 0;
    assert_false(is_valid(&bad)); /* vintage 0 */
    bad = good;
    bad.key[11] = 21;
    assert_false(is_valid(&bad)); /* ends before it begins */
    bad = good;
    bad.key[8] = (char)0x80;
    assert_false(is_valid(&bad)); /* no day */

    assert_int_equal(store_begin(room.store, &write, NULL), 0);
    assert_int_equal(store_put_row(write, STORE_WITHDRAWALS, (struct str){good.key, good.key_len},
                                   (struct str){good.row, 3}, NULL),
                     0);
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_int_equal(store_snapshot_open(room.store, &snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&withdrawals, snapshot, &why), -EBADMSG);
    assert_null(withdrawals);
    assert_non_null(strstr(why.text, "withdrawals"));
    store_snapshot_close(&snapshot);
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_there),
        cmocka_unit_test(it_holds_from_its_vintage_on),
        cmocka_unit_test(many_are_as_one_by_one),
        cmocka_unit_test(a_damaged_row_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
