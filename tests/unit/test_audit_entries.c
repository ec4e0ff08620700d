/* What the audit says of entries, seals, vintages and the small tables: of a store in which a source was late, was
 * withdrawn and came again, and a month was closed. */
#include "tests/unit/room.h"

#include <errno.h>
#include <string.h>

#include "books.h"
#include "daemon/books/definitions.h"
#include "damage.h"

#define DAY   17595 /* 2018-03-05 */
#define MONTH 578
#define NOON  ((int64_t)DAY * CIVIL_DAY_SECONDS + CIVIL_DAY_SECONDS / 2)

enum { S, T }; /* numbers of the sources, */
enum { CALLS, PEOPLE, STAFF, NETS, AUDIT, PAPERS, MANUAL, SERIES };

/* and of what is said; the level under no id is a reading. */
enum { AUDIT_ID = 0xa1, PAPER_ID = 0xa2, STAFF_ID = 0xa3, LATE_ID = 0xa4, REMOVED_ID = 0xa5 };

static const struct entry audit_filed = {.id = AUDIT_ID, .recorded = NOON, .done = DAY};
static const struct entry paper = {
    .id = PAPER_ID, .recorded = NOON, .title = {"A paper", 7}, .done = ENTRY_NO_DAY};
static const struct entry staff_said = {
    .id = STAFF_ID, .recorded = NOON, .has_value = true, .value = 41, .done = ENTRY_NO_DAY};
static const struct entry late_calls = {
    .id = LATE_ID, .recorded = NOON, .has_value = true, .value = 2, .done = ENTRY_NO_DAY};
static const struct entry removed = {.id = REMOVED_ID,
                                     .recorded = NOON + 9,
                                     .name = {"alpha", 5},
                                     .removed = true,
                                     .reason = {"Twice there", 11},
                                     .done = ENTRY_NO_DAY};

static void send(struct books *books, const char *source, uint64_t seq, const struct room_event *event,
                 size_t count) {
    books->room.now = books->now;
    assert_int_equal(room_send(&books->room, source, "o", seq, event, count), INGEST_HOLD);
    assert_int_equal(room_commit(&books->room).failed, 0);
}

static void live(struct books *books) {
    static const uint64_t first[] = {1, 2}, second[] = {2, 3};
    const struct room_event early[] = {
        {.indicator = "k.count", .site = "a", .at = NOON, .number = 3},
        {.indicator = "k.distinct", .site = "a", .at = NOON, .member = first, .member_count = 2},
        {.indicator = "k.level", .site = "a", .at = NOON, .number = 40},
        {.indicator = "k.roster", .site = "a", .at = NOON, .name = "alpha"},
        {.indicator = "k.milestone", .site = "a", .at = NOON, .entry = &audit_filed},
        {.indicator = "k.evidence", .site = "a", .at = NOON, .entry = &paper},
        {.indicator = "k.status", .site = "a", .at = NOON, .number = 1},
        {.indicator = "k.nothing", .at = NOON, .number = 1},
    };
    const struct room_event late[] = {
        {.indicator = "k.count", .site = "a", .at = NOON + 1, .number = 4},
        {.indicator = "k.count", .site = "a", .at = NOON + 2, .entry = &late_calls},
        {.indicator = "k.distinct", .site = "a", .at = NOON + 1, .member = second, .member_count = 2},
        {.indicator = "k.level", .site = "a", .at = NOON + 1, .entry = &staff_said},
        {.indicator = "k.roster", .site = "a", .at = NOON + 9, .entry = &removed},
    };
    books_plan(books, room_kinds);
    assert_int_equal(definitions_update(books->room.store, books->room.framework, books->now, NULL), 0);
    send(books, "s", 1, early, 8);
    send(books, "t", 1, late + 2, 1);
    books_turn(books, "2018-04-03");
    send(books, "s", 2, late, 5);
    assert_int_equal(books_close(books, "2018-03", "As sent to the board", NULL), 0);
    assert_int_equal(books_withdraw(books, "s", "2018-03-05", "2018-03-06", "The log was cut short", NULL),
                     0);
    send(books, "s", 3, early, 3);
}

/* ---- damage ---- */

struct entry_key {
    uint32_t series;
    int32_t day;
    uint32_t source, vintage;
    uint64_t id;
};

static struct str write_key(const struct entry_key *key, uint32_t word[static 6]) {
    word[0] = htobe32(key->series);
    word[1] = htobe32((uint32_t)key->day ^ 0x80000000u);
    word[2] = htobe32(key->source);
    word[3] = htobe32(key->vintage);
    word[4] = htobe32((uint32_t)(key->id >> 32));
    word[5] = htobe32((uint32_t)key->id);
    return (struct str){(const char *)word, 24};
}

static struct entry_key paper_key(void) {
    return (struct entry_key){PAPERS, DAY, S, 1, PAPER_ID};
}

static void put_bytes(struct damaged *b, struct entry_key key, struct str value) {
    uint32_t word[6];
    damage_put(b, "entries", write_key(&key, word), value);
}

static void put_entry(struct damaged *b, struct entry_key key, int64_t at, const struct entry *entry) {
    struct wire_writer *value;
    wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
    cell_entry_encode(value, at, entry);
    put_bytes(b, key, (struct str){(const char *)wire_writer_data(value), wire_writer_len(value)});
    wire_writer_destroy(&value);
}

static void drop_entry(struct damaged *b, struct entry_key key) {
    uint32_t word[6];
    damage_drop(b, "entries", write_key(&key, word));
}

static void do_nothing(struct damaged *b) {
    (void)b;
}

static void entry_cannot_be_read(struct damaged *b) {
    put_bytes(b, paper_key(), STR("12345678\x81"));
}

static void entry_goes_on_after_its_end(struct damaged *b) {
    struct wire_writer *value;
    wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
    cell_entry_encode(value, NOON, &paper);
    wire_write_raw(value, "x", 1);
    put_bytes(b, paper_key(), (struct str){(const char *)wire_writer_data(value), wire_writer_len(value)});
    wire_writer_destroy(&value);
}

static void entry_of_an_unknown_series(struct damaged *b) {
    put_entry(b, (struct entry_key){99, DAY, S, 1, PAPER_ID}, NOON, &paper);
}

static void entry_on_another_day(struct damaged *b) {
    put_entry(b, (struct entry_key){PAPERS, DAY + 1, S, 1, PAPER_ID}, NOON, &paper);
}

static void entry_at_no_time(struct damaged *b) {
    put_entry(b, paper_key(), INT64_MAX, &paper);
}

static void entry_under_another_id(struct damaged *b) {
    put_entry(b, (struct entry_key){PAPERS, DAY, S, 1, PAPER_ID + 1}, NOON, &paper);
}

static void entry_under_no_id(struct damaged *b) {
    put_entry(b, (struct entry_key){PAPERS, DAY, S, 1, 0}, NOON, &paper);
}

static void entry_of_another_kind(struct damaged *b) {
    put_entry(b, (struct entry_key){STAFF, DAY, S, 1, PAPER_ID}, NOON, &paper);
}

static void entry_of_an_unknown_source(struct damaged *b) {
    put_entry(b, (struct entry_key){PAPERS, DAY, 9, 1, PAPER_ID}, NOON, &paper);
}

static void entry_of_a_later_vintage(struct damaged *b) {
    put_entry(b, (struct entry_key){PAPERS, DAY, S, 5, PAPER_ID}, NOON, &paper);
}

static void entry_of_no_vintage(struct damaged *b) {
    put_entry(b, (struct entry_key){PAPERS, DAY, S, 0, PAPER_ID}, NOON, &paper);
}

static void entry_says_something_else(struct damaged *b) {
    struct entry other = paper;
    other.title = STR("Another");
    put_entry(b, paper_key(), NOON, &other);
}

static void entry_is_gone(struct damaged *b) {
    drop_entry(b, paper_key());
}

static void entry_is_there_twice(struct damaged *b) {
    put_entry(b, (struct entry_key){PAPERS, DAY, T, 1, PAPER_ID}, NOON, &paper);
}

static void entries_are_none(struct damaged *b) {
    damage_put(b, "entries", STR("short"), STR("x"));
    drop_entry(b, paper_key());
}

/* ---- seals ---- */

static void set_of_a_day_is_another(struct damaged *b) {
    struct damage_key key = damage_cell("days", PEOPLE, DAY, T);
    damage_put(b, "days", damage_cell_str(&key), STR("\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x04"));
}

static void put_seal(struct damaged *b, uint32_t source, struct str seal) {
    uint32_t key = htobe32(source);
    damage_put(b, "seals", (struct str){(const char *)&key, sizeof key}, seal);
}

static void seal_of_an_unknown_source(struct damaged *b) {
    put_seal(b, 9, STR("1234567890123456"));
}

static void seal_is_another(struct damaged *b) {
    put_seal(b, T, STR("12345678\0\0\0\0\0\0\0\1"));
}

static void seal_is_gone(struct damaged *b) {
    uint32_t key = htobe32(S);
    damage_drop(b, "seals", (struct str){(const char *)&key, sizeof key});
}

static void seal_is_none(struct damaged *b) {
    put_seal(b, T, STR("short"));
}

/* ---- vintages ---- */

static void put_vintage(struct damaged *b, uint32_t number, int64_t began, bool ended) {
    uint32_t key = htobe32(number);
    uint64_t big = htobe64((uint64_t)began);
    char row[9];
    memcpy(row, &big, sizeof big);
    row[8] = (char)ended;
    damage_put(b, "vintages", (struct str){(const char *)&key, sizeof key}, (struct str){row, sizeof row});
}

static void drop_vintage(struct damaged *b, uint32_t number) {
    uint32_t key = htobe32(number);
    damage_drop(b, "vintages", (struct str){(const char *)&key, sizeof key});
}

static void vintages_have_a_gap(struct damaged *b) {
    drop_vintage(b, 2);
}

static void first_vintage_is_gone(struct damaged *b) {
    drop_vintage(b, 1);
}

static void vintages_go_back(struct damaged *b) {
    put_vintage(b, 4, NOON, false);
}

/* Only the first is told: the others follow from it. A clock that was a few minutes ahead is none. */
static void vintages_lie_ahead(struct damaged *b) {
    put_vintage(b, 4, AUDITED_AT + 600, true);
    put_vintage(b, 5, AUDITED_AT + 400 * CIVIL_DAY_SECONDS, true);
    put_vintage(b, 6, AUDITED_AT + 400 * CIVIL_DAY_SECONDS, false);
}

static void vintage_is_none(struct damaged *b) {
    uint32_t key = htobe32(2);
    damage_put(b, "vintages", (struct str){(const char *)&key, sizeof key}, STR("12345678\x02"));
}

static void vintage_has_not_ended(struct damaged *b) {
    put_vintage(b, 2, books_noon("2018-04-03"), false);
}

/* The ledger does not feel a sum of nothing, nor the month what its row has. */
static void days_of_a_later_vintage(struct damaged *b) {
    struct damage_key sum = damage_cell("day_sums", 0, DAY, T), set = damage_cell("days", PEOPLE, DAY, T);
    struct block block = {.mask = 1 << PEOPLE};
    uint8_t bytes[BLOCK_BYTES_MAX];
    sum.word[3] = set.word[3] = htobe32(5);
    damage_put(b, "days", damage_cell_str(&set), STR("\x01\0\0\0\0\0\0\0\x02"));
    block.mask = 1 << CALLS;
    damage_put(b, "day_sums", damage_cell_str(&sum),
               (struct str){(const char *)bytes, block_encode(&block, bytes)});
    sum = damage_cell("month_sums", 0, MONTH, T);
    damage_put(b, "month_sums", damage_cell_str(&sum),
               (struct str){(const char *)bytes, block_encode(&block, bytes)});
}

/* ---- the small tables ---- */

static void change_first(struct damaged *b, const char *table, void (*change)(MDB_val *key, MDB_val *row)) {
    MDB_cursor *cursor;
    MDB_val key, row;
    char key_bytes[512], *row_bytes;
    assert_int_equal(mdb_cursor_open(b->txn, damage_table(b, table), &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &row, MDB_FIRST), 0);
    row_bytes = malloc(row.mv_size);
    assert_non_null(row_bytes);
    memcpy(key_bytes, key.mv_data, key.mv_size);
    memcpy(row_bytes, row.mv_data, row.mv_size);
    key.mv_data = key_bytes;
    row.mv_data = row_bytes;
    assert_int_equal(mdb_cursor_del(cursor, 0), 0);
    change(&key, &row);
    assert_int_equal(mdb_put(b->txn, damage_table(b, table), &key, &row, 0), 0);
    mdb_cursor_close(cursor);
    free(row_bytes);
}

static void change_version(MDB_val *key, MDB_val *row) {
    (void)key;
    *(char *)row->mv_data = 9;
}

static void change_end(MDB_val *key, MDB_val *row) {
    (void)key;
    ((char *)row->mv_data)[row->mv_size - 1] ^= 1;
}

static void put_word(MDB_val *in, size_t at, uint32_t value) {
    uint32_t big = htobe32(value);
    memcpy((char *)in->mv_data + at, &big, sizeof big);
}

static void change_vintage_of_withdrawal(MDB_val *key, MDB_val *row) {
    (void)row;
    put_word(key, 0, 4);
}

static void change_source_of_withdrawal(MDB_val *key, MDB_val *row) {
    (void)row;
    put_word(key, 4, 9);
}

static void change_vintage_of_closing(MDB_val *key, MDB_val *row) {
    (void)key;
    put_word(row, 1, 9);
}

static void withdrawal_is_damaged(struct damaged *b) {
    change_first(b, "withdrawals", change_version);
}

static void withdrawal_is_gone(struct damaged *b) {
    assert_int_equal(mdb_drop(b->txn, damage_table(b, "withdrawals"), 0), 0);
}

static void withdrawal_of_an_open_vintage(struct damaged *b) {
    change_first(b, "withdrawals", change_vintage_of_withdrawal);
}

static void withdrawal_of_an_unknown_source(struct damaged *b) {
    change_first(b, "withdrawals", change_source_of_withdrawal);
}

static void closing_has_another_figure(struct damaged *b) {
    change_first(b, "closings", change_end);
}

static void closing_of_another_vintage(struct damaged *b) {
    change_first(b, "closings", change_vintage_of_closing);
}

static void refusal_is_damaged(struct damaged *b) {
    change_first(b, "refusals", change_version);
}

static void definition_is_damaged(struct damaged *b) {
    change_first(b, "definitions", change_version);
}

#define SEAL_OF(source)                                                                                      \
    source ": its sets and entries are not those that were counted: their seal does not fit\n"
#define PAPER(id, of) "k.evidence (site=a): the entry 00000000000000" id " of " of ": "

static const struct {
    const char *name;
    void (*damage)(struct damaged *b);
    const char *said; /* all of it, but for the mend */
} cases[] = {
    {"nothing", do_nothing, ""},
    {"an entry that cannot be read", entry_cannot_be_read,
     PAPER("a2", "2018-03-05 from s") "it cannot be read\n" SEAL_OF("s")},
    {"an entry that goes on", entry_goes_on_after_its_end,
     PAPER("a2", "2018-03-05 from s") "it cannot be read\n" SEAL_OF("s")},
    {"an entry of an unknown series", entry_of_an_unknown_series,
     "series 99 (no name): the entry 00000000000000a2 of 2018-03-05 from s: this is no known "
     "series\n" SEAL_OF("s")},
    {"an entry on another day", entry_on_another_day,
     PAPER("a2", "2018-03-06 from s") "its time is on another day\n" SEAL_OF("s")},
    {"an entry at no time", entry_at_no_time,
     PAPER("a2", "2018-03-05 from s") "its time is on another day\n" SEAL_OF("s")},
    {"an entry under another id", entry_under_another_id,
     PAPER("a3", "2018-03-05 from s") "it has another id than its key\n" SEAL_OF("s")},
    {"an entry under no id", entry_under_no_id,
     PAPER("00", "2018-03-05 from s") "it has no id\n" SEAL_OF("s")},
    {"an entry of another kind", entry_of_another_kind,
     "k.level (site=a): the entry 00000000000000a2 of 2018-03-05 from s: a level takes a value, and nothing "
     "else\n" SEAL_OF("s")},
    {"an entry of an unknown source", entry_of_an_unknown_source,
     PAPER("a2", "2018-03-05 from source 9 (no name)") "its source has no name\n"},
    {"an entry of a later vintage", entry_of_a_later_vintage,
     PAPER("a2", "2018-03-05 from s") "its vintage has not begun\n" SEAL_OF("s")},
    {"an entry of no vintage", entry_of_no_vintage,
     PAPER("a2", "2018-03-05 from s") "its vintage has not begun\n" SEAL_OF("s")},
    {"an entry that says something else", entry_says_something_else, SEAL_OF("s")},
    {"an entry gone", entry_is_gone, SEAL_OF("s")},
    {"an entry twice", entry_is_there_twice, SEAL_OF("t")},
    {"entries that are none", entries_are_none,
     "the store's table \"entries\" holds a record that is none (a key of 5 bytes, a value of 1)\n"},
    {"another set of a day", set_of_a_day_is_another,
     "k.distinct (site=a): the row of 2018-03 from t has other members than its days\n" SEAL_OF("t")},
    {"a seal of an unknown source", seal_of_an_unknown_source,
     "there is a seal of source 9, which has no name\n"},
    {"another seal", seal_is_another, SEAL_OF("t")},
    {"no seal", seal_is_gone,
     SEAL_OF("s") "the ledger has accepted 15 events from s, but 0 went into its figures\n"},
    {"a seal that is none", seal_is_none,
     "the store's table \"seals\" holds a record that is none (a key of 4 bytes, a value of 5)\n"},
    {"a gap in the vintages", vintages_have_a_gap,
     "vintage 3 comes after vintage 1\n"
     "the closing of 2018-03 ends vintage 2, which has not ended\n"},
    {"no first vintage", first_vintage_is_gone, "vintage 2 comes after vintage 0\n"},
    {"vintages that go back", vintages_go_back, "vintage 4 began before the one before it\n"},
    {"vintages that lie ahead", vintages_lie_ahead,
     "vintage 5 begins on 2031-02-05, a day to come: the clock was wrong when it was written, and what came "
     "since counts as known from that day on only, in --as-of and revisions\n"},
    {"a vintage that is none", vintage_is_none,
     "the store's table \"vintages\" holds a record that is none (a key of 4 bytes, a value of 9)\n"},
    {"a vintage that has not ended", vintage_has_not_ended,
     "the closing of 2018-03 ends vintage 2, which has not ended\n"},
    {"days of a later vintage", days_of_a_later_vintage,
     "series 0 and its neighbours have sums of 2018-03-05 of vintage 5, which has not begun\n"
     "k.distinct (site=a): a set of 2018-03-05 from t is there, of a vintage that has not begun\n" SEAL_OF(
         "t")},
    {"a damaged withdrawal", withdrawal_is_damaged,
     "the store holds a damaged record of what was withdrawn\n"},
    {"no withdrawal", withdrawal_is_gone,
     "k.count (site=a): the row of 2018-03 from s says 3, but its days add up to 10\n"
     "k.distinct (site=a): the row of 2018-03 from s has 2 members, and not the 3 of its days\n"},
    {"a withdrawal of an open vintage", withdrawal_of_an_open_vintage,
     "a withdrawal of s ends vintage 4, which has not ended\n"
     "k.count (site=a): there is a row of 2018-03 from s, but no day of it\n"
     "k.distinct (site=a): there is a row of 2018-03 from s, but no day of it\n"},
    {"a withdrawal of an unknown source", withdrawal_of_an_unknown_source,
     "there is a withdrawal of source 9 (no name)\n"
     "k.count (site=a): the row of 2018-03 from s says 3, but its days add up to 10\n"
     "k.distinct (site=a): the row of 2018-03 from s has 2 members, and not the 3 of its days\n"},
    {"a closing with another figure", closing_has_another_figure,
     "the store holds a damaged record of a closed period, or its figures are not those that were "
     "reported\n"},
    {"a closing of another vintage", closing_of_another_vintage,
     "the closing of 2018-03 ends vintage 9, which has not ended\n"},
    {"a damaged refusal", refusal_is_damaged, "the store holds a damaged record of what was refused\n"},
    {"a damaged definition", definition_is_damaged,
     "the store holds a damaged record of what an indicator meant\n"},
};

static void every_damage_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct books books;
        books_new(&books, "2018-04-02");
        live(&books);
        room_leave(&books.room);
        damage_reach(&books.room, cases[i].damage);
        struct store *store = damage_open(&books.room);
        struct audited audited = audited_run(store);
        audited_cut_mends(audited.text);
        if (strcmp(audited.text, cases[i].said) != 0)
            fail_msg("%s:\nsaid\n%swanted\n%s", cases[i].name, audited.text, cases[i].said);
        store_close(&store);
        wire_writer_destroy(&books.reply);
        damage_remove(&books.room);
    }
}

static void what_was_checked_is_told(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-04-02");
    live(&books);
    struct audited audited = audited_run(books.room.store);
    assert_int_equal(audited.told, 0);
    assert_int_equal(audited.checked.names, SERIES + 2);
    /* calls: 3 times; people: 3 of s, 1 of t; entries: 5 early (2 of them readings), 3 late, 1 reading again */
    assert_int_equal(audited.checked.cells, 3 + 4 + 5 + 3 + 1);
    assert_int_equal(audited.checked.months, 1 + 2);
    assert_int_equal(audited.checked.sources, 2);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_damage_is_named),
        cmocka_unit_test(what_was_checked_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
