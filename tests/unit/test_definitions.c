#include "tests/unit/books.h"

#include "daemon/books/definitions.h"

#define HEAD "name: t\nplan: 2016/2020\nindicators:\n"
#define CALLS(definition, more)                                                                              \
    "  - {id: calls, kind: count, frequency: month, label: {en: Calls}, definition: {en: " definition        \
    "}" more "}\n"

struct seen {
    size_t count;
    struct definition row[8];
    char version[8][16];
};

static int see(void *arg, const struct definition *definition) {
    struct seen *seen = arg;
    seen->row[seen->count] = *definition;
    (void)snprintf(seen->version[seen->count++], 16, "%.*s", STR_ARG(definition->version));
    return 0;
}

static struct seen look(struct books *books, const char *indicator) {
    struct store_snapshot *snapshot;
    struct seen seen = {0};
    assert_int_equal(store_snapshot_open(books->room.store, &snapshot, NULL), 0);
    assert_int_equal(definitions_each(snapshot, str_of(indicator), see, &seen, NULL), 0);
    store_snapshot_close(&snapshot);
    return seen;
}

static void start(struct books *books, const char *framework, const char *day) {
    struct fault why = {""};
    books_plan(books, framework);
    books_turn(books, day);
    if (definitions_update(books->room.store, books->room.framework, books->now, &why) != 0)
        fail_msg("%s", why.text);
}

static void a_change_is_written_down_once(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-01-10");
    start(&books, HEAD CALLS("Answered.", ", method_version: \"1\""), "2018-01-10");
    start(&books, HEAD CALLS("Answered.", ", method_version: \"1\""), "2018-01-11");
    struct seen seen = look(&books, "calls");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.row[0].since, FRAMEWORK_NO_DAY);
    assert_int_equal(seen.row[0].seen, books_noon("2018-01-10"));
    assert_string_equal(seen.version[0], "1");

    start(&books, HEAD CALLS("Made.", ", method_version: \"2\""), "2018-02-01");
    start(&books, HEAD CALLS("Made.", ", method_version: \"2\""), "2018-02-02");
    start(&books, HEAD CALLS("Made well.", ", method_version: \"3\", since: 2018-01-15"), "2018-03-01");
    seen = look(&books, "calls");
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.row[1].since, books_day("2018-02-01"));
    assert_int_equal(seen.row[1].seen, books_noon("2018-02-01"));
    assert_string_equal(seen.version[1], "2");
    assert_int_equal(seen.row[2].since, books_day("2018-01-15"));
    assert_string_equal(seen.version[2], "3");
    assert_int_not_equal(seen.row[0].meaning, seen.row[1].meaning);
    assert_int_equal(seen.row[2].meaning, framework_meaning(books.room.framework, 0));
    books_destroy(&books);
}

/* An indicator more has a definition of its own, and one whose id begins alike is another. */
static void each_indicator_has_its_own(void **state) {
    (void)state;
    static const char more[] = HEAD CALLS("A.", "") "  - {id: calls.more, kind: level, frequency: year, "
                                                    "label: {en: B}, since: 2017-05-01}\n";
    struct books books;
    books_new(&books, "2018-01-10");
    start(&books, HEAD CALLS("A.", ""), "2018-01-10");
    start(&books, more, "2018-01-12");
    assert_int_equal(look(&books, "calls").count, 1);
    struct seen seen = look(&books, "calls.more");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.row[0].since, books_day("2017-05-01"));
    start(&books, HEAD CALLS("A.", ""), "2018-01-13"); /* gone, and back again: no break */
    start(&books, more, "2018-01-14");
    assert_int_equal(look(&books, "calls.more").count, 1);
    books_destroy(&books);
}

static void a_label_is_no_break_and_a_day_can_be_said_later(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-01-10");
    start(&books, HEAD CALLS("A.", ""), "2018-01-10");
    start(&books,
          HEAD "  - {id: calls, kind: count, frequency: month, label: {en: Talks}, definition: {en: A.}}\n",
          "2018-01-11");
    assert_int_equal(look(&books, "calls").count, 1);
    start(&books, HEAD CALLS("B.", ""), "2018-03-01");
    start(&books, HEAD CALLS("B.", ", since: 2018-02-01"), "2018-03-05");
    struct seen seen = look(&books, "calls");
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.row[1].since, books_day("2018-02-01"));
    assert_int_equal(seen.row[1].seen, books_noon("2018-03-01"));
    books_destroy(&books);
}

static int hold_against(void *arg, struct str key, struct str row) {
    size_t *count = arg;
    assert_true(definitions_valid(key, row));
    assert_false(definitions_valid((struct str){key.at, key.len - 1}, row));
    for (size_t len = 0; len < 21; len++)
        assert_false(definitions_valid(key, (struct str){row.at, len}));
    char bytes[64];
    memcpy(bytes, row.at, row.len);
    bytes[1] = 0x7f; /* no such day */
    assert_false(definitions_valid(key, (struct str){bytes, row.len}));
    ++*count;
    return 0;
}

static void damaged_rows_are_known(void **state) {
    (void)state;
    struct books books;
    struct store_snapshot *snapshot;
    size_t count = 0;
    books_new(&books, "2018-01-10");
    start(&books, HEAD CALLS("A.", ", method_version: \"1\", since: 2017-01-01"), "2018-01-10");
    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    assert_int_equal(store_each_row(snapshot, STORE_DEFINITIONS, STR(""), hold_against, &count, NULL), 0);
    assert_int_equal(count, 1);
    store_snapshot_close(&snapshot);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_written_down_once),
        cmocka_unit_test(each_indicator_has_its_own),
        cmocka_unit_test(a_label_is_no_break_and_a_day_can_be_said_later),
        cmocka_unit_test(damaged_rows_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
