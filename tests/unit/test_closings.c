#include "tests/unit/books.h"

#include "daemon/answers/closed.h"
#include "daemon/answers/explain.h"
#include "daemon/answers/query.h"
#include "daemon/figures/closings.h"

static struct dims region(const char *value) {
    struct dims dims = {0};
    assert_int_equal(dims_add(&dims, STR("region"), str_of(value), NULL), 0);
    return dims;
}

static struct closing_figure find(const struct closing *closing, const char *indicator,
                                  const struct dims *dims) {
    struct closing_figure figure = {0};
    assert_int_equal(closing_find(closing, str_of(indicator), dims, &figure, NULL), 0);
    return figure;
}

static void close_it(struct books *books, const char *period, const char *note) {
    struct fault why = {""};
    if (books_close(books, period, note, &why) != 0)
        fail_msg("%s", why.text);
}

static void figures_are_kept_as_they_were(void **state) {
    (void)state;
    struct books books;
    struct store_snapshot *snapshot;
    struct closings *closings;
    const struct dims none = {0}, north = region("north"), south = region("south"), west = region("west");
    books_new(&books, "2018-05-01");
    books_count(&books, "a@1", "north", "2018-01-05", 7);
    books_count(&books, "b@1", "north", "2018-03-31", 3);
    books_count(&books, "a@1", "south", "2018-02-01", -1);
    books_count(&books, "a@1", "south", "2018-04-01", 100);
    books_say(&books, "desk", "staff", "north", "2018-01-05",
              &(struct entry){.id = 1, .recorded = 1, .has_value = true, .value = 4, .done = ENTRY_NO_DAY});
    close_it(&books, "2018-Q1", "to the donors");
    books_count(&books, "a@1", "north", "2018-01-05", 1000);

    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    assert_int_equal(closings_load(&closings, snapshot, NULL), 0);
    assert_int_equal(closings_count(closings), 1);
    const struct closing *closing = closings_at(closings, 0);
    assert_int_equal(closing->at, books.now);
    assert_int_equal(closing->vintage, 1);
    assert_true(books_is(closing->note, "to the donors"));

    struct closing_figure figure = find(closing, "calls", &none);
    assert_int_equal(figure.value, 9);
    assert_int_equal(figure.state, MESSAGE_STATE_VALUE);
    assert_int_equal(figure.heard, 3);
    assert_int_equal(figure.days, 90);
    assert_true(books_is(figure.method_version, "1"));
    assert_int_equal(find(closing, "calls", &north).value, 10);
    assert_int_equal(find(closing, "calls", &south).value, -1);
    assert_int_equal(closing_find(closing, STR("calls"), &west, &figure, NULL), -ENOENT);
    assert_int_equal(closing_find(closing, STR("call"), &none, &figure, NULL), -ENOENT);
    assert_int_equal(find(closing, "staff", &none).value, 4);
    figure = find(closing, "rate", &none);
    assert_int_equal(figure.value, 2250);
    assert_int_equal(figure.decimals, 1);
    assert_int_equal(find(closing, "nets", &none).state, MESSAGE_STATE_MISSING);
    assert_int_equal(find(closing, "papers", &none).state, MESSAGE_STATE_NOT_DUE);

    closings_destroy(&closings);
    store_snapshot_close(&snapshot);
    books_destroy(&books);
}

static void a_period_belongs_to_the_shortest_closed_one_that_holds_it(void **state) {
    (void)state;
    static const struct {
        const char *period, *closing;
    } wanted[] = {{"2017-02", "2017-02"}, {"2017-03", "2017-Q1"}, {"2017-Q1", "2017-Q1"},
                  {"2017-05", "2017"},    {"2017-H1", "2017"},    {"2017-03-31", "2017-Q1"},
                  {"2018-01", NULL},      {"2016/2017", NULL},    {"2016/2020", NULL}};
    struct books books;
    struct store_snapshot *snapshot;
    struct closings *closings;
    struct period period;
    char text[PERIOD_TEXT_MAX];
    books_new(&books, "2018-05-01");
    books_count(&books, "a@1", "north", "2017-01-05", 7);
    close_it(&books, "2017-02", "");
    close_it(&books, "2017-Q1", "");
    close_it(&books, "2017", "");
    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    assert_int_equal(closings_load(&closings, snapshot, NULL), 0);
    assert_int_equal(closings_count(closings), 3);
    assert_string_equal(period_print(&closings_at(closings, 0)->period, text), "2017-02");
    assert_string_equal(period_print(&closings_at(closings, 2)->period, text), "2017");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_int_equal(period_parse(&period, str_of(wanted[i].period), NULL), 0);
        const struct closing *closing = closings_of(closings, &period);
        if (wanted[i].closing)
            assert_string_equal(period_print(&closing->period, text), wanted[i].closing);
        else
            assert_null(closing);
    }
    closings_destroy(&closings);
    store_snapshot_close(&snapshot);
    books_destroy(&books);
}

/* Whichever byte is another, it shows. */
static int hold_against(void *arg, struct str key, struct str row) {
    size_t *count = arg;
    assert_true(closings_valid(key, row));
    assert_false(closings_valid(STR("2018-Q2"), row));
    assert_false(closings_valid(key, (struct str){row.at, row.len - 1}));
    char *bytes = malloc(row.len);
    assert_non_null(bytes);
    memcpy(bytes, row.at, row.len);
    for (size_t i = 22; i < row.len; i++) { /* from the digest on */
        bool note = i >= 66 && i < 66 + strlen("noted");
        bytes[i] ^= 1;
        if (!note)
            assert_false(closings_valid(key, (struct str){bytes, row.len}));
        bytes[i] ^= 1;
    }
    assert_true(closings_valid(key, (struct str){bytes, row.len}));
    free(bytes);
    ++*count;
    return 0;
}

static int take_digest(void *arg, struct str key, struct str row) {
    char(*digest)[CLOSING_DIGEST] = arg;
    memcpy(digest[str_equal(key, STR("2017"))], row.at + 22, CLOSING_DIGEST);
    return 0;
}

/* Nothing is known of either year, and yet they are two. */
static void a_digest_is_of_its_period_and_framework(void **state) {
    (void)state;
    struct books books;
    struct store_snapshot *snapshot;
    char digest[2][CLOSING_DIGEST], other[2][CLOSING_DIGEST];
    for (size_t i = 0; i < 2; i++) {
        books_new(&books, "2018-05-01");
        if (i == 1) {
            const char *rest = strchr(books_framework, '\n');
            char text[sizeof books_framework + 16];
            (void)snprintf(text, sizeof text, "name: shelves%s", rest);
            books_plan(&books, text);
        }
        close_it(&books, "2016", "");
        close_it(&books, "2017", "");
        assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
        assert_int_equal(
            store_each_row(snapshot, STORE_CLOSINGS, STR(""), take_digest, i ? other : digest, NULL), 0);
        store_snapshot_close(&snapshot);
        books_destroy(&books);
    }
    assert_memory_not_equal(digest[0], digest[1], CLOSING_DIGEST);
    assert_memory_not_equal(digest[0], other[0], CLOSING_DIGEST);
}

static void a_row_that_was_touched_is_known(void **state) {
    (void)state;
    struct books books;
    struct store_snapshot *snapshot;
    size_t count = 0;
    books_new(&books, "2018-05-01");
    books_count(&books, "a@1", "north", "2018-01-05", 7);
    close_it(&books, "2018-Q1", "noted");
    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    assert_int_equal(store_each_row(snapshot, STORE_CLOSINGS, STR(""), hold_against, &count, NULL), 0);
    assert_int_equal(count, 1);
    store_snapshot_close(&snapshot);
    books_destroy(&books);
}

static void they_can_be_asked_for(void **state) {
    (void)state;
    struct books books;
    struct frames *answer;
    struct wire_reader reader;
    struct message_closed closed;
    struct message_closing_row row;
    books_new(&books, "2018-05-01");
    assert_int_equal(closed_run(&answer, &(struct message_closings){.id = 5}, books.room.store, NULL), 0);
    books_open(answer, MESSAGE_CLOSED, &reader);
    assert_int_equal(message_read_closed(&reader, &closed, NULL), 0);
    assert_int_equal(closed.row_count, 0);
    assert_true(closed.last);
    frames_destroy(&answer);

    books_count(&books, "a@1", "north", "2018-01-05", 7);
    close_it(&books, "2018-01", "one");
    close_it(&books, "2017", "");
    assert_int_equal(closed_run(&answer, &(struct message_closings){.id = 6}, books.room.store, NULL), 0);
    books_open(answer, MESSAGE_CLOSED, &reader);
    assert_int_equal(message_read_closed(&reader, &closed, NULL), 0);
    assert_int_equal(closed.id, 6);
    assert_int_equal(closed.row_count, 2);
    message_next_closed(&closed, &row);
    assert_true(books_is(row.period, "2018-01"));
    assert_true(books_is(row.note, "one"));
    assert_int_equal(row.digest.len, 64);
    assert_int_equal(row.vintage, 1);
    message_next_closed(&closed, &row);
    assert_true(books_is(row.period, "2017"));
    assert_int_equal(row.vintage, 2);
    frames_destroy(&answer);
    books_destroy(&books);
}

/* ---- damage ---- */

static int copy_row(void *arg, struct str key, struct str row) {
    struct str *copy = arg;
    (void)key;
    *copy = str_copy(row);
    return 0;
}

/* A closing of one milestone: with what was on time, or as an older daemon kept it. */
static void put_milestone(struct books *books, bool with_on_time) {
    static const char index[4] = {0};
    struct wire_writer *records, *figures;
    struct store_write *write;
    struct period period;
    wire_writer_new(&records, 4096);
    wire_writer_new(&figures, 4096);
    wire_write_array(records, with_on_time ? 7 : 5);
    wire_write_bin(records, "", 0);
    wire_write_uint(records, MESSAGE_STATE_VALUE);
    wire_write_int(records, 3);
    wire_write_uint(records, 0);
    wire_write_uint(records, 0);
    if (with_on_time) {
        wire_write_int(records, 2);
        wire_write_str(records, STR("3 of 3 due, 2 on time, 1 late"));
    }
    wire_write_array(figures, 3);
    wire_write_str(figures, STR("test"));
    wire_write_str(figures, STR("2018-Q1"));
    wire_write_array(figures, 1);
    wire_write_array(figures, 5);
    wire_write_str(figures, STR("papers"));
    wire_write_uint(figures, 0);
    wire_write_str(figures, STR(""));
    wire_write_bin(figures, index, sizeof index);
    wire_write_bin(figures, wire_writer_data(records), wire_writer_len(records));
    assert_int_equal(period_parse(&period, STR("2018-Q1"), NULL), 0);
    struct closing closing = {
        .period = period,
        .vintage = 1,
        .at = books->now,
        .note = STR(""),
        .figure_count = 1,
        .figures = {(const char *)wire_writer_data(figures), wire_writer_len(figures)},
    };
    assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
    assert_int_equal(closings_put(write, &closing, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    wire_writer_destroy(&records);
    wire_writer_destroy(&figures);
}

static int is_valid(void *arg, struct str key, struct str row) {
    (void)arg;
    assert_true(closings_valid(key, row));
    return 0;
}

static void older_ones_can_be_read(void **state) {
    (void)state;
    const struct dims none = {0};
    for (int with = 0; with < 2; with++) {
        struct books books;
        struct store_snapshot *snapshot;
        struct closings *closings;
        books_new(&books, "2018-05-01");
        put_milestone(&books, with);
        assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
        assert_int_equal(store_each_row(snapshot, STORE_CLOSINGS, STR(""), is_valid, NULL, NULL), 0);
        assert_int_equal(closings_load(&closings, snapshot, NULL), 0);
        struct closing_figure figure = find(closings_at(closings, 0), "papers", &none);
        assert_int_equal(figure.value, 3);
        assert_int_equal(figure.has_on_time, with);
        assert_int_equal(figure.on_time, with ? 2 : 0);
        assert_true(books_is(figure.note, with ? "3 of 3 due, 2 on time, 1 late" : ""));
        closings_destroy(&closings);
        store_snapshot_close(&snapshot);
        books_destroy(&books);
    }
}

/* The figures of the only closing begin with other bytes: what stands before them is whole. */
static void damage_figures(struct books *books, const char *period) {
    struct store_snapshot *snapshot;
    struct store_write *write;
    struct str row = {0};
    assert_int_equal(store_snapshot_open(books->room.store, &snapshot, NULL), 0);
    assert_int_equal(store_each_row(snapshot, STORE_CLOSINGS, STR(""), copy_row, &row, NULL), 0);
    store_snapshot_close(&snapshot);
    memset((char *)(uintptr_t)row.at + 66, 0xc1, 8);
    assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
    assert_int_equal(store_put_row(write, STORE_CLOSINGS, str_of(period), row, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    str_free(row);
}

static void a_damaged_one_is_no_other_figure(void **state) {
    (void)state;
    const struct dims none = {0};
    struct books books;
    struct store_snapshot *snapshot;
    struct closings *closings;
    struct closing_figure figure;
    struct frames *answer;
    struct fault why = {""};
    books_new(&books, "2018-05-01");
    books_count(&books, "a@1", "north", "2018-01-05", 7);
    close_it(&books, "2018-Q1", "");
    damage_figures(&books, "2018-Q1");
    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    assert_int_equal(closings_load(&closings, snapshot, NULL), 0);
    assert_int_equal(closing_find(closings_at(closings, 0), STR("calls"), &none, &figure, &why), -EBADMSG);
    assert_non_null(strstr(why.text, "2018-Q1"));
    closings_destroy(&closings);
    store_snapshot_close(&snapshot);

    struct message_query query = {.pattern_count = 1,
                                  .pattern = {STR("calls")},
                                  .from = STR("2018-Q1"),
                                  .to = STR("2018-Q1"),
                                  .by = STR("quarter")};
    assert_int_equal(query_run(&answer, &query, books.room.framework, books.room.catalogue, books.room.store,
                               books.now, &why),
                     -EBADMSG);
    assert_non_null(strstr(why.text, "suivi check"));
    struct message_explain explain = {.indicator = STR("calls"), .period = STR("2018-Q1")};
    assert_int_equal(explain_run(&answer, &explain, books.room.framework, books.room.catalogue,
                                 books.room.store, books.now, &why),
                     -EBADMSG);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_kept_as_they_were),
        cmocka_unit_test(a_period_belongs_to_the_shortest_closed_one_that_holds_it),
        cmocka_unit_test(a_digest_is_of_its_period_and_framework),
        cmocka_unit_test(older_ones_can_be_read),
        cmocka_unit_test(a_row_that_was_touched_is_known),
        cmocka_unit_test(they_can_be_asked_for),
        cmocka_unit_test(a_damaged_one_is_no_other_figure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
