/* The audit names every damage: each one is done to a store on purpose, below all that would refuse it. */
#include "tests/unit/room.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bytes.h"
#include "daemon/books/balance.h"
#include "daemon/books/refusals.h"
#include "daemon/books/withdrawals.h"
#include "daemon/store/block.h"
#include "daemon/store/cell.h"
#include "damage.h"
#include "proto/civil.h"
#include "proto/sketch.h"

#define DAY     17597 /* 2018-03-07 */
#define MONTH   578
#define AT(day) ((int64_t)(day)*CIVIL_DAY_SECONDS)

enum { COUNT_EN, COUNT_FR, DISTINCT_EN, SERIES }; /* numbers of the series in the sound store */

static int send_all(struct room *room) {
    static const uint64_t first[] = {1, 2}, second[] = {2, 3};
    const struct room_event event[] = {
        {.indicator = "t.count", .site = "a", .language = "en", .at = AT(DAY), .number = 3},
        {.indicator = "t.count", .site = "a", .language = "fr", .at = AT(DAY), .number = -5},
        {.indicator = "t.distinct",
         .site = "a",
         .language = "en",
         .at = AT(DAY),
         .member = first,
         .member_count = 2},
        {.indicator = "t.count", .site = "a", .language = "en", .at = AT(DAY + 1), .number = 4},
        {.indicator = "t.distinct",
         .site = "a",
         .language = "en",
         .at = AT(DAY + 1),
         .member = second,
         .member_count = 2},
        {.indicator = "t.count", .site = "a", .language = "en", .at = AT(DAY + 60), .number = 8},
        {.indicator = "t.none", .at = AT(DAY), .number = 1},
    };
    (void)room_send(room, "s", "o", 1, event, 7);
    (void)room_send(room, "t", "", 1, event, 7);
    (void)room_commit(room);
    (void)room_send(room, "s", "p", 1, event, 7);
    (void)room_send(room, "t", "", 1, event, 7);
    return (int)room_commit(room).failed;
}

/* ---- damage ---- */

static void put_set(struct damaged *b, const char *table, uint32_t series, int32_t when, uint32_t source,
                    struct str set) {
    struct damage_key key = damage_cell(table, series, when, source);
    damage_put(b, table, damage_cell_str(&key), set);
}

static void put_sum(struct damaged *b, const char *table, uint32_t series, int32_t when, uint32_t source,
                    int64_t value) {
    struct block block = {0};
    uint8_t bytes[BLOCK_BYTES_MAX];
    struct damage_key key = damage_cell(table, series / BLOCK_SERIES, when, source);
    MDB_val k = {damage_cell_str(&key).len, key.word}, v;
    if (mdb_get(b->txn, damage_table(b, table), &k, &v) == 0)
        block_decode((struct str){v.mv_data, v.mv_size}, &block);
    block.mask |= UINT64_C(1) << series % BLOCK_SERIES;
    block.sum[series % BLOCK_SERIES] = value;
    damage_put(b, table, damage_cell_str(&key), (struct str){(char *)bytes, block_encode(&block, bytes)});
}

static void drop_cell(struct damaged *b, const char *table, uint32_t series, int32_t when, uint32_t source) {
    struct damage_key key = damage_cell(table, series, when, source);
    damage_drop(b, table, damage_cell_str(&key));
}

static void put_name(struct damaged *b, const char *table, uint32_t number, struct str text) {
    uint32_t key = htobe32(number);
    damage_put(b, table, (struct str){(const char *)&key, sizeof key}, text);
}

static void drop_name(struct damaged *b, const char *table, uint32_t number) {
    uint32_t key = htobe32(number);
    damage_drop(b, table, (struct str){(const char *)&key, sizeof key});
}

#define S_O STR("s\0o")

static void change_row(struct damaged *b, void (*change)(struct balance *row)) {
    struct balance row;
    uint8_t bytes[BALANCE_BYTES];
    MDB_val k = {3, (void *)(uintptr_t) "s\0o"}, v;
    assert_int_equal(mdb_get(b->txn, damage_table(b, "ledger"), &k, &v), 0);
    assert_int_equal(balance_decode((struct str){v.mv_data, v.mv_size}, &row), 0);
    change(&row);
    balance_encode(&row, bytes);
    damage_put(b, "ledger", S_O, (struct str){(char *)bytes, sizeof bytes});
}

static void read_one_more(struct balance *row) {
    row->read++;
}

static void lose_a_batch(struct balance *row) {
    row->last++;
}

static void forget_a_batch(struct balance *row) {
    row->last--;
    row->batches--;
    row->read -= row->accepted;
    row->accepted = 0;
}

static void count_one_more(struct balance *row) {
    row->total++;
}

/* ---- what is done, and what must be said ---- */

static void do_nothing(struct damaged *b) {
    (void)b;
}

static void month_is_wrong(struct damaged *b) {
    put_sum(b, "month_sums", COUNT_EN, MONTH, 0, 15);
}

static void month_is_gone(struct damaged *b) {
    drop_cell(b, "month_sums", 0, MONTH + 2, 1);
}

static void day_is_gone(struct damaged *b) {
    drop_cell(b, "day_sums", 0, DAY + 60, 1);
}

static void day_is_wrong(struct damaged *b) {
    put_sum(b, "day_sums", COUNT_FR, DAY, 1, -4);
}

static void series_is_unknown(struct damaged *b) {
    put_sum(b, "day_sums", 70, DAY, 0, 0);
    put_sum(b, "month_sums", 70, MONTH, 0, 0);
}

static void source_is_unknown(struct damaged *b) {
    put_sum(b, "day_sums", COUNT_EN, DAY, 2, 5);
    put_sum(b, "month_sums", COUNT_EN, MONTH, 2, 5);
}

static void sum_of_a_set(struct damaged *b) {
    put_sum(b, "day_sums", DISTINCT_EN, DAY, 0, 0);
    put_sum(b, "month_sums", DISTINCT_EN, MONTH, 0, 0);
}

static void sums_outside_the_calendar(struct damaged *b) {
    put_sum(b, "day_sums", COUNT_EN, CIVIL_DAY_MAX + 1, 0, 0);
    put_sum(b, "day_sums", COUNT_EN, CIVIL_DAY_MIN - 1, 0, 0);
    put_sum(b, "month_sums", COUNT_EN, 8030 * 12, 0, 0);
}

static void sum_is_held(struct damaged *b) {
    put_sum(b, "day_sums", COUNT_EN, DAY, 0, INT64_MAX);
    put_sum(b, "month_sums", COUNT_EN, MONTH, 0, INT64_MAX);
}

static void only_the_month_is_held(struct damaged *b) {
    put_sum(b, "month_sums", COUNT_EN, MONTH, 0, INT64_MIN);
}

static void sums_are_none(struct damaged *b) {
    struct damage_key key = damage_cell("day_sums", 0, DAY, 0);
    damage_put(b, "day_sums", damage_cell_str(&key), STR("12345678"));
    damage_put(b, "month_sums", STR("short"), STR("1234567812345678"));
}

static void set_is_damaged(struct damaged *b) {
    put_set(b, "days", DISTINCT_EN, DAY, 0,
            STR("\x01"
                "1234567"));
}

static void set_of_month_is_damaged(struct damaged *b) {
    put_set(b, "months", DISTINCT_EN, MONTH, 0,
            STR("\x01"
                "22222222"
                "11111111"));
}

static void set_of_month_lacks_one(struct damaged *b) {
    put_set(b, "months", DISTINCT_EN, MONTH, 0,
            STR("\x01"
                "\0\0\0\0\0\0\0\x01"
                "\0\0\0\0\0\0\0\x03"));
}

static void set_of_month_is_gone(struct damaged *b) {
    drop_cell(b, "months", DISTINCT_EN, MONTH, 0);
}

static void last_set_of_month_is_gone(struct damaged *b) {
    drop_cell(b, "months", DISTINCT_EN, MONTH, 1);
}

static void sets_of_days_are_gone(struct damaged *b) {
    drop_cell(b, "days", DISTINCT_EN, DAY, 1);
    drop_cell(b, "days", DISTINCT_EN, DAY + 1, 1);
}

static void set_of_a_count(struct damaged *b) {
    put_set(b, "days", COUNT_EN, DAY, 0, STR("\x01"));
    put_set(b, "months", COUNT_EN, MONTH, 0, STR("\x01"));
}

static void set_of_an_unknown_series(struct damaged *b) {
    put_set(b, "days", 9, DAY, 0, STR("\x01"));
    put_set(b, "months", 9, MONTH, 0, STR("\x01"));
}

static void set_of_an_unknown_source(struct damaged *b) {
    put_set(b, "days", DISTINCT_EN, DAY, 9, STR("\x01"));
    put_set(b, "months", DISTINCT_EN, MONTH, 9, STR("\x01"));
}

static void set_outside_the_calendar(struct damaged *b) {
    put_set(b, "days", DISTINCT_EN, INT32_MIN, 0, STR("\x01"));
    put_set(b, "months", DISTINCT_EN, INT32_MAX, 0, STR("\x01"));
}

static void sets_are_none(struct damaged *b) {
    damage_put(b, "days", STR("x"), STR("\x01"));
    damage_put(b, "months", STR("12345678901234"), STR("\x01"));
}

static void row_does_not_balance(struct damaged *b) {
    change_row(b, read_one_more);
}

static void row_has_lost_a_batch(struct damaged *b) {
    change_row(b, lose_a_batch);
}

static void row_has_another_total(struct damaged *b) {
    change_row(b, count_one_more);
}

static void row_is_an_older_one(struct damaged *b) {
    change_row(b, forget_a_batch);
}

static void row_cannot_be_read(struct damaged *b) {
    damage_put(b, "ledger", S_O, STR("\x02 short"));
}

static void row_names_nobody(struct damaged *b) {
    damage_put(b, "ledger", STR("nobody"), STR("x"));
}

static void rows_are_gone(struct damaged *b) {
    damage_drop(b, "ledger", STR("t\0"));
}

static void series_has_no_name(struct damaged *b) {
    drop_name(b, "series", COUNT_FR);
}

static void series_have_no_names(struct damaged *b) {
    put_name(b, "series", SERIES + 2,
             STR("\x01"
                 "t.count\0"));
}

static void name_is_none(struct damaged *b) {
    put_name(b, "series", SERIES,
             STR("\x01"
                 "T count\0"));
    put_name(b, "series", SERIES + 1,
             STR("\x09"
                 "t.count\0"));
}

static void name_is_past_the_limit(struct damaged *b) {
    put_name(b, "series", UINT32_MAX,
             STR("\x01"
                 "t.count\0"));
    put_name(b, "sources", UINT32_MAX, STR("u"));
}

static void source_has_no_name(struct damaged *b) {
    drop_name(b, "sources", 0);
}

static void source_has_a_bad_name(struct damaged *b) {
    put_name(b, "sources", 2, STR("\x1b[31m"));
}

static void two_sources_have_one_name(struct damaged *b) {
    put_name(b, "sources", 2, STR("s"));
}

static void names_are_none(struct damaged *b) {
    damage_put(b, "series", STR("12345"),
               STR("\x01"
                   "t.count\0"));
}

static void format_is_another(struct damaged *b) {
    damage_put(b, "meta", STR("mood"), STR("calm"));
}

#define SEAL_OF(source)                                                                                      \
    source ": its sets and entries are not those that were counted: their seal does not fit\n"

static const struct {
    const char *name;
    void (*damage)(struct damaged *b);
    const char *said; /* all of it, but for the mend */
} cases[] = {
    {"nothing", do_nothing, ""},
    {"a wrong month", month_is_wrong,
     "t.count (language=en, site=a): the row of 2018-03 from s says 15, but its days add up to 14\n"},
    {"no month", month_is_gone,
     "t.count (language=en, site=a): there are days of 2018-05 from t, but no row of the month\n"},
    {"no day", day_is_gone,
     "t.count (language=en, site=a): there is a row of 2018-05 from t, but no day of it\n"
     "the ledger has counted 10 in all from t, but the cells of its days add up to 2\n"},
    {"a wrong day", day_is_wrong,
     "t.count (language=fr, site=a): the row of 2018-03 from t says -5, but its days add up to -4\n"
     "the ledger has counted 10 in all from t, but the cells of its days add up to 11\n"},
    {"a sum of an unknown series", series_is_unknown,
     "series 70 (no name): there is a sum of 2018-03-07 from s, but it is no known series\n"
     "series 70 (no name): there is a sum of 2018-03 from s, but it is no known series\n"},
    {"a sum of an unknown source", source_is_unknown,
     "series 0 and its neighbours have sums of 2018-03-07 from source 2, which has no name\n"
     "series 0 and its neighbours have sums of 2018-03 from source 2, which has no name\n"},
    {"a sum of a set", sum_of_a_set,
     "t.distinct (language=en, site=a): there is a sum of 2018-03-07 from s, but it is not counted by sums\n"
     "t.distinct (language=en, site=a): there is a sum of 2018-03 from s, but it is not counted by sums\n"},
    {"sums outside the calendar", sums_outside_the_calendar,
     "series 0 and its neighbours have sums of day -719163, outside the calendar\n"
     "series 0 and its neighbours have sums of month 96360, outside the calendar\n"
     "series 0 and its neighbours have sums of day 2932897, outside the calendar\n"},
    {"a sum at its end", sum_is_held,
     "t.count (language=en, site=a): the sum of 2018-03-07 from s is at the end of what 64 bits hold and "
     "cannot be "
     "checked\n"},
    {"a month at its end", only_the_month_is_held,
     "t.count (language=en, site=a): the sum of 2018-03 from s is at the end of what 64 bits hold and cannot "
     "be "
     "checked\n"},
    {"sums that are none", sums_are_none,
     "the store's table \"day_sums\" holds a record that is none (a key of 16 bytes, a value of 8)\n"
     "t.count (language=en, site=a): the row of 2018-03 from s says 14, but its days add up to 8\n"
     "the store's table \"month_sums\" holds a record that is none (a key of 5 bytes, a value of 16)\n"},
    {"a damaged set", set_is_damaged,
     "t.distinct (language=en, site=a): the set of 2018-03-07 from s is damaged\n" SEAL_OF("s")},
    {"a damaged set of a month", set_of_month_is_damaged,
     "t.distinct (language=en, site=a): the set of 2018-03 from s is damaged\n"},
    {"a set of a month that lacks one", set_of_month_lacks_one,
     "t.distinct (language=en, site=a): the row of 2018-03 from s has 2 members, and not the 3 of its "
     "days\n"},
    {"no set of the month", set_of_month_is_gone,
     "t.distinct (language=en, site=a): there are days of 2018-03 from s, but no row of the month\n"},
    {"no set of the month, the last", last_set_of_month_is_gone,
     "t.distinct (language=en, site=a): there are days of 2018-03 from t, but no row of the month\n"},
    {"no sets of days", sets_of_days_are_gone,
     "t.distinct (language=en, site=a): there is a row of 2018-03 from t, but no day of it\n" SEAL_OF("t")},
    {"a set of a count", set_of_a_count,
     "t.count (language=en, site=a): a set of 2018-03-07 from s is there, but this is not counted by sets\n"
     "t.count (language=en, site=a): a set of 2018-03 from s is there, but this is not counted by "
     "sets\n" SEAL_OF("s")},
    {"a set of an unknown series", set_of_an_unknown_series,
     "series 9 (no name): a set of 2018-03-07 from s is there, but this is no known series\n"
     "series 9 (no name): a set of 2018-03 from s is there, but this is no known series\n" SEAL_OF("s")},
    {"a set of an unknown source", set_of_an_unknown_source,
     "t.distinct (language=en, site=a): a set of 2018-03-07 from source 9 (no name) is there\n"
     "t.distinct (language=en, site=a): a set of 2018-03 from source 9 (no name) is there\n"},
    {"a set outside the calendar", set_outside_the_calendar,
     "t.distinct (language=en, site=a): a set of day -2147483648 from s is outside the calendar\n"
     "t.distinct (language=en, site=a): a set of month 2147483647 from s is outside the calendar\n" SEAL_OF(
         "s")},
    {"sets that are none", sets_are_none,
     "the store's table \"days\" holds a record that is none (a key of 1 bytes, a value of 1)\n"
     "the store's table \"months\" holds a record that is none (a key of 14 bytes, a value of 1)\n"},
    {"a row that does not balance", row_does_not_balance,
     "the ledger's row of s, outbox o, does not balance: 8 events read are not 6 accepted + 1 refused + 0 "
     "repeated\n"},
    {"a row that lost a batch", row_has_lost_a_batch,
     "the ledger's row of s, outbox o, does not balance: the last batch is 2, not 1 counted + 0 missing\n"},
    {"a row with another total", row_has_another_total,
     "the ledger has counted 21 in all from s, but the cells of its days add up to 20\n"},
    {"a row that cannot be read", row_cannot_be_read, "the ledger's row of s, outbox o, cannot be read\n"},
    {"a row that names nobody", row_names_nobody, "the ledger has a row that names no source and outbox\n"},
    {"an older row", row_is_an_older_one,
     "the ledger has accepted 6 events from s, but 12 went into its figures\n"},
    {"no row", rows_are_gone, "t has cells, but no row in the ledger\n"},
    {"a series without a name", series_has_no_name,
     "series 1 has no name in the store, though later ones have\n"
     "series 1 (no name): there is a sum of 2018-03-07 from s, but it is no known series\n"
     "series 1 (no name): there is a sum of 2018-03-07 from t, but it is no known series\n"
     "series 1 (no name): there is a sum of 2018-03 from s, but it is no known series\n"
     "series 1 (no name): there is a sum of 2018-03 from t, but it is no known series\n"},
    {"several without names", series_have_no_names,
     "series 3 to 4 have no name in the store, though later ones have\n"},
    {"a name that is none", name_is_none, "the name of series 3 is none\nthe name of series 4 is none\n"},
    {"a name past the limit", name_is_past_the_limit,
     "the store names a series 4294967295, past its limit\nthe store names a source 4294967295, past its "
     "limit\n"},
    {"a source with a bad name", source_has_a_bad_name, "the name of source 2 is none\n"},
    {"two sources of one name", two_sources_have_one_name, "two sources have the name s\n"},
    {"names that are none", names_are_none,
     "the store's table \"series\" holds a record that is none (a key of 5 bytes, a value of 9)\n"},
    {"another format", format_is_another,
     "the store's table \"meta\" holds a record that is none (a key of 4 bytes, a value of 4)\n"},
};

static void every_damage_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct room room;
        room_new(&room);
        assert_int_equal(send_all(&room), 0);
        room_leave(&room);
        damage_reach(&room, cases[i].damage);
        struct store *store = damage_open(&room);
        struct audited audited = audited_run(store);
        audited_cut_mends(audited.text);
        if (strcmp(audited.text, cases[i].said) != 0)
            fail_msg("%s:\nsaid\n%swanted\n%s", cases[i].name, audited.text, cases[i].said);
        assert_int_equal(audited.checked.more, 0);
        store_close(&store);
        damage_remove(&room);
    }
}

/* A source that lost its name takes many sentences with it, but no crash. */
static void what_has_no_source(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    assert_int_equal(send_all(&room), 0);
    room_leave(&room);
    damage_reach(&room, source_has_no_name);
    struct store *store = damage_open(&room);
    struct audited audited = audited_run(store);
    assert_non_null(strstr(audited.text, "source 0 has no name in the store, though later ones have"));
    assert_non_null(strstr(audited.text, "the ledger has a row of s, which is not among the names"));
    store_close(&store);
    damage_remove(&room);
}

static void what_was_checked_is_told(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct audited empty = audited_run(room.store);
    assert_int_equal(empty.told, 0);
    assert_int_equal(empty.checked.names + empty.checked.cells + empty.checked.sources, 0);
    assert_int_equal(send_all(&room), 0);
    struct audited audited = audited_run(room.store);
    assert_int_equal(audited.told, 0);
    assert_int_equal(audited.checked.names, SERIES + 2);
    assert_int_equal(audited.checked.cells, 2 * (4 + 2));
    assert_int_equal(audited.checked.months, 2 * (3 + 1));
    assert_int_equal(audited.checked.sources, 2);
    assert_true(audited.checked.bytes > 500);
    room_destroy(&room);
}

/* Neither memory nor the answer grows with the damage. */
static void more_faults_than_are_told(void **state) {
    (void)state;
    enum { FAULTS = AUDIT_FINDINGS_MAX + 77 };
    struct room room;
    struct store_write *write;
    room_new(&room);
    assert_int_equal(send_all(&room), 0);
    assert_int_equal(store_begin(room.store, &write, NULL), 0);
    for (int i = 0; i < FAULTS; i++)
        assert_int_equal(store_add(write, STORE_MONTHS, COUNT_EN, MONTH - FAULTS + i, 0, 1, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    struct audited audited = audited_run(room.store);
    assert_int_equal(audited.told, AUDIT_FINDINGS_MAX);
    assert_int_equal(audited.checked.more, 77);
    room_destroy(&room);
}

/* Sums that no long name, odd name or broken name can make into a sentence that is cut or breaks a terminal. */
static void names_of_any_length_fit_a_sentence(void **state) {
    (void)state;
    struct room room;
    struct store_write *write;
    char text[1 + SERIES_KEY_MAX] = {KIND_COUNT};
    struct dims dims = {0};
    char value[DIM_VALUE_MAX], name[DIMS_MAX][4];
    memset(value, 'x', sizeof value);
    for (size_t i = 0; i < DIMS_MAX; i++) {
        (void)snprintf(name[i], sizeof name[i], "d%zu", i);
        assert_int_equal(dims_add(&dims, str_of(name[i]), (struct str){value, sizeof value}, NULL), 0);
    }
    size_t len = 1 + dims_series_key(STR("t.long"), &dims, text + 1);
    room_new(&room);
    assert_int_equal(store_begin(room.store, &write, NULL), 0);
    assert_int_equal(store_put_name(write, STORE_SERIES, 0, (struct str){text, len}, NULL), 0);
    assert_int_equal(store_put_name(write, STORE_SOURCES, 0, (struct str){value, sizeof value}, NULL), 0);
    assert_int_equal(store_stamp(write, AT(DAY), NULL), 0);
    assert_int_equal(store_add(write, STORE_DAYS, 0, DAY, 0, INT64_MIN + 1, NULL), 0);
    assert_int_equal(store_add(write, STORE_MONTHS, 0, MONTH, 0, INT64_MIN + 2, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    struct audited audited = audited_run(room.store);
    assert_int_equal(audited.told, 2);
    assert_non_null(strstr(audited.text, "t.long (d0=xxx"));
    char *end = strchr(audited.text, '\n');
    assert_memory_equal(end - strlen("restore the store from a backup"), "restore the store from a backup",
                        31);
    room_destroy(&room);
}

/* ---- beside other work ---- */

/* So many days of one series that going through them takes a while. */
static void fill(struct room *room, int32_t days) {
    struct pending *pending;
    struct balance row = {.last = 1, .batches = 1, .read = (uint64_t)days, .accepted = (uint64_t)days};
    uint8_t bytes[BALANCE_BYTES];
    const struct catalogue_name names[] = {{STORE_SERIES, 0, STR("\x01t.count\0")},
                                           {STORE_SOURCES, 0, STR("s")}};
    pending_new(&pending);
    struct count *count = counts_reserve(pending_counts(pending), (size_t)days);
    for (int32_t i = 0; i < days; i++) {
        count[i] = (struct count){count_place(0, i, 0), i % 7};
        row.total += (uint64_t)(i % 7);
    }
    counts_extend(pending_counts(pending), (size_t)days);
    pending_count_events(pending, 0, (uint64_t)days);
    balance_encode(&row, bytes);
    pending_ledger(pending, S_O, (struct str){(char *)bytes, sizeof bytes});
    assert_int_equal(pending_write(pending, room->store,
                                   &(struct pending_writing){.names = names, .name_count = 2}, NULL, NULL,
                                   NULL),
                     0);
    pending_destroy(&pending);
}

/* What the audit asks all along. */
struct beside {
    struct store *store;
    uint64_t asked, stop_at; /* 0: never */

    /* From the asking at `grow_at` on, the map is to grow. */
    uint64_t grow_at;
    struct store_snapshot *snapshot; /* by which it is seen that the writer waits */
    pthread_t writer;
    char *large;
};

static void *grow(void *arg) {
    struct beside *beside = arg;
    struct store_write *write;
    assert_int_equal(store_begin(beside->store, &write, NULL), 0);
    int err = store_put_cell(write, STORE_DAYS, 1, 0, 0, (struct str){beside->large, 64u << 20}, NULL);
    store_abort(&write);
    return err == -EAGAIN ? NULL : beside;
}

static bool goes_on(void *arg) {
    struct beside *beside = arg;
    if (++beside->asked == beside->stop_at)
        return false;
    if (beside->asked == beside->grow_at) {
        assert_int_equal(pthread_create(&beside->writer, NULL, grow, beside), 0);
        while (!store_snapshot_unwanted(beside->snapshot))
            (void)sched_yield();
        store_snapshot_close(&beside->snapshot);
    }
    return true;
}

static int run_beside(struct beside *beside) {
    struct frames *frames = NULL;
    struct fault why = {""};
    int err =
        audit_run(&frames, &(struct message_check){1}, beside->store, AUDITED_AT, goes_on, beside, &why);
    assert_true((err == 0) == (frames != NULL));
    if (err == -ECANCELED)
        assert_non_null(strstr(why.text, "ended"));
    frames_destroy(&frames);
    return err;
}

static void it_ends_whenever_it_is_told_to(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    fill(&room, 100);
    struct beside whole = {.store = room.store};
    assert_int_equal(run_beside(&whole), 0);
    assert_true(whole.asked > 100);
    for (uint64_t at = 1; at <= whole.asked; at++) {
        struct beside beside = {.store = room.store, .stop_at = at};
        assert_int_equal(run_beside(&beside), -ECANCELED);
        assert_int_equal(beside.asked, at);
    }
    room_destroy(&room);
}

/* A transaction that does not fit makes the map grow, for which every snapshot must go: the audit lets go soon, and
 * begins anew. */
static void the_store_can_grow_meanwhile(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    fill(&room, 20000);
    struct beside whole = {.store = room.store};
    assert_int_equal(run_beside(&whole), 0);
    struct beside beside = {.store = room.store, .grow_at = whole.asked / 2, .large = calloc(1, 64u << 20)};
    void *failed;
    assert_non_null(beside.large);
    assert_int_equal(store_snapshot_open(room.store, &beside.snapshot, NULL), 0);
    assert_int_equal(run_beside(&beside), 0);
    assert_int_equal(pthread_join(beside.writer, &failed), 0);
    assert_null(failed);
    assert_in_range(beside.asked, whole.asked + beside.grow_at, whole.asked + beside.grow_at + 256);
    free(beside.large);
    room_destroy(&room);
}

/* ---- pages overwritten below LMDB ---- */

static void put_entries(struct store_write *write, uint64_t count) {
    struct wire_writer *value;
    wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
    for (uint64_t id = 1; id <= count; id++) {
        wire_writer_reset(value);
        cell_entry_encode(value, AT(DAY),
                          &(struct entry){.id = id,
                                          .recorded = AT(DAY),
                                          .has_value = true,
                                          .reason = STR("Two were twins"),
                                          .done = ENTRY_NO_DAY});
        struct str bytes = {(const char *)wire_writer_data(value), wire_writer_len(value)};
        assert_int_equal(store_put_entry(write, 1, DAY, 0, id, bytes, NULL), 0);
    }
    wire_writer_destroy(&value);
}

/* Of days on which there is nothing. */
static void put_rows(struct store_write *write) {
    const struct refusal refusal = {.indicator = STR("t.count"), .count = 1, .reason = STR("No")};
    const struct withdrawal withdrawal = {
        .first = 40000, .last = 40001, .vintage = 1, .reason = STR("Counted twice")};
    assert_int_equal(refusals_add(write, &refusal, NULL), 0);
    assert_int_equal(withdrawals_put(write, &withdrawal, NULL), 0);
    assert_int_equal(store_end_vintage(write, NULL), 0);
}

/* A store of nearly every kind of record, on pages of which some are branches and some are long values. */
static void make_pages(struct room *room) {
    struct store_write *write;
    char *set = calloc(1, SKETCH_BYTES_MAX);
    assert_non_null(set);
    set[0] = 1;
    for (uint64_t i = 1; i < SKETCH_EXACT_MAX; i++) {
        uint64_t big = htobe64(i);
        memcpy(set + 1 + 8 * i, &big, sizeof big);
    }
    room_new(room);
    fill(room, 3000);
    assert_int_equal(store_begin(room->store, &write, NULL), 0);
    assert_int_equal(store_put_name(write, STORE_SERIES, 1, STR("\x02t.distinct\0"), NULL), 0);
    assert_int_equal(store_put_cell(write, STORE_DAYS, 1, DAY, 0, (struct str){set, SKETCH_BYTES_MAX}, NULL),
                     0);
    assert_int_equal(
        store_put_cell(write, STORE_MONTHS, 1, MONTH, 0, (struct str){set, SKETCH_BYTES_MAX}, NULL), 0);
    put_entries(write, 500);
    put_rows(write);
    assert_int_equal(store_commit(&write, NULL), 0);
    free(set);
    assert_int_equal(audited_run(room->store).told, 0);
    room_leave(room);
}

/* In a child, which opens the store first: 0: nothing was told; 1: something was; -1: it crashed. */
static int audit_with_bytes(const struct room *room, const char *bytes, size_t len, off_t at) {
    pid_t child = fork();
    if (child == 0) {
        char path[96];
        struct store *store = damage_open(room);
        (void)snprintf(path, sizeof path, "%s/data/data.mdb", room->directory);
        int file = open(path, O_WRONLY);
        if (file < 0 || pwrite(file, bytes, len, at) != (ssize_t)len)
            _exit(9);
        bool told = audited_run(store).told > 0;
        _exit(told);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct file {
    char path[96];
    char *bytes;
    size_t len;
};

static void keep_file(const struct room *room, struct file *file) {
    struct stat stat;
    (void)snprintf(file->path, sizeof file->path, "%s/data/data.mdb", room->directory);
    FILE *stream = fopen(file->path, "rb");
    assert_non_null(stream);
    assert_int_equal(fstat(fileno(stream), &stat), 0);
    file->len = (size_t)stat.st_size;
    file->bytes = malloc(file->len);
    assert_non_null(file->bytes);
    assert_int_equal(fread(file->bytes, 1, file->len, stream), file->len);
    (void)fclose(stream);
}

static void put_file_back(const struct file *file) {
    FILE *stream = fopen(file->path, "r+b");
    assert_non_null(stream);
    assert_int_equal(fwrite(file->bytes, 1, file->len, stream), file->len);
    assert_int_equal(fclose(stream), 0);
}

/* Each page in turn, but for the file's two beginnings. */
static void a_page_of_zeros_is_told_and_crashes_nothing(void **state) {
    (void)state;
    struct room room;
    struct file file;
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), told = 0, pages = 0;
    char *zeros = calloc(1, page_bytes);
    assert_non_null(zeros);
    make_pages(&room);
    keep_file(&room, &file);
    for (size_t at = 2 * page_bytes; at < file.len; at += page_bytes, pages++) {
        int came = audit_with_bytes(&room, zeros, page_bytes, (off_t)at);
        if (came != 0 && came != 1)
            fail_msg("page %zu: %d", at / page_bytes, came);
        told += came == 1;
        put_file_back(&file);
    }
    print_message("%zu of %zu pages told\n", told, pages);
    assert_true(told >= 45 && told + 25 >= pages); /* some are free, or lie within a long value */
    free(zeros);
    free(file.bytes);
    damage_remove(&room);
}

static uint64_t seed_of_test(void) {
    const char *told = getenv("SUIVI_SEED");
    uint64_t seed = told ? strtoull(told, NULL, 10) : 20180307;
    print_message("SUIVI_SEED=%llu\n", (unsigned long long)seed);
    return seed ? seed : 1;
}

/* Where pages and records tell what they are. */
static void random_bytes_crash_nothing(void **state) {
    (void)state;
    struct room room;
    struct file file;
    uint64_t random = seed_of_test();
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), told = 0;
    make_pages(&room);
    keep_file(&room, &file);
    for (int round = 0; round < 300; round++) {
        char bytes[4];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)bytes_random(&random);
        size_t page = 2 + bytes_random(&random) % (file.len / page_bytes - 2);
        size_t in_page =
            bytes_random(&random) % 3 ? bytes_random(&random) % 64 : bytes_random(&random) % (page_bytes - 4);
        size_t len = 1 + bytes_random(&random) % sizeof bytes;
        int came = audit_with_bytes(&room, bytes, len, (off_t)(page * page_bytes + in_page));
        if (came != 0 && came != 1)
            fail_msg("round %d, page %zu at %zu: %d", round, page, in_page, came);
        told += came == 1;
        put_file_back(&file);
    }
    print_message("%zu of 300 told\n", told);
    assert_true(told > 100);
    free(file.bytes);
    damage_remove(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_damage_is_named),
        cmocka_unit_test(what_has_no_source),
        cmocka_unit_test(what_was_checked_is_told),
        cmocka_unit_test(more_faults_than_are_told),
        cmocka_unit_test(names_of_any_length_fit_a_sentence),
        cmocka_unit_test(it_ends_whenever_it_is_told_to),
        cmocka_unit_test(the_store_can_grow_meanwhile),
        cmocka_unit_test(a_page_of_zeros_is_told_and_crashes_nothing),
        cmocka_unit_test(random_bytes_crash_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
