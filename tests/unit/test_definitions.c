#include "tests/unit/books.h"

#include <errno.h>

#include "daemon/books/definitions.h"
#include "daemon/store/row.h"

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

/* ---- words ---- */

#define WORDS(english, french)                                                                               \
    HEAD "  - {id: calls, kind: count, frequency: month, unit: calls, method: Ledger, label: {en: Calls}, "  \
         "definition: {en: " english ", fr: " french "}}\n"

static void plan_in_two_languages(struct books *books, const char *indicators, const char *day) {
    char plan[1024];
    (void)snprintf(plan, sizeof plan, "languages: [en, fr]\n%s", indicators);
    start(books, plan, day);
}

static struct definition find(struct store_snapshot *snapshot, uint32_t vintage, const char *day) {
    struct definition definition;
    assert_int_equal(definitions_find(snapshot, STR("calls"), vintage, books_noon(day), &definition, NULL),
                     0);
    return definition;
}

static void assert_words(const struct definition *definition, const char *language, const char *text) {
    struct wording wording;
    assert_int_equal(wording_read(&wording, definition->wording), 0);
    struct str told = wording_definition(&wording, str_of(language));
    assert_int_equal(told.len, strlen(text));
    assert_memory_equal(told.at, text, told.len);
    assert_true(str_equal(wording_label(&wording, str_of(language), STR("calls")), STR("Calls")));
    assert_true(str_equal(wording.method, STR("Ledger")) && str_equal(wording.unit, STR("calls")) &&
                str_equal(wording.kind, STR("count")));
}

/* A translation is no other meaning, and yet its words are kept. The clock stands still: vintages tell which is which. */
static void words_are_kept_as_they_were(void **state) {
    (void)state;
    struct books books;
    struct store_snapshot *snapshot;
    struct store_write *write;
    books_new(&books, "2018-01-10");
    plan_in_two_languages(&books, WORDS("Answered.", "Repondus."), "2018-01-10");
    assert_int_equal(store_begin(books.room.store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, books.now, NULL), 0);
    assert_int_equal(store_end_vintage(write, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    plan_in_two_languages(&books, WORDS("Answered.", "Decroches."), "2018-01-10");
    plan_in_two_languages(&books, WORDS("Made.", "Faits."), "2018-01-10");
    plan_in_two_languages(&books, WORDS("Made.", "Faits."), "2018-01-10");
    assert_int_equal(look(&books, "calls").count, 2); /* meanings */
    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    struct definition first = find(snapshot, 1, "2018-01-10"), last = find(snapshot, 2, "2018-01-10");
    assert_words(&first, "fr", "Repondus.");
    assert_words(&first, "ru", "Answered.");
    assert_words(&last, "fr", "Faits.");
    assert_int_not_equal(first.meaning, last.meaning);
    struct definition none;
    assert_int_equal(definitions_find(snapshot, STR("callers"), 2, 0, &none, NULL), -ENOENT);
    store_snapshot_close(&snapshot);
    books_destroy(&books);
}

/* As a daemon wrote it that kept no words: since, seen, meaning, version. */
static void put_wordless(struct books *books, const char *version) {
    uint8_t row[64] = {1}, *at = row_put(row + 1, (uint32_t)books_day("2017-01-01"), 4);
    struct store_write *write;
    at = row_put(at, (uint64_t)books_noon("2017-06-01"), 8);
    at = row_put(at, framework_meaning(books->room.framework, 0), 8);
    memcpy(at, version, strlen(version));
    size_t len = (size_t)(at - row) + strlen(version);
    assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
    assert_int_equal(store_put_row(write, STORE_DEFINITIONS, (struct str){"calls\0\0\0\0\1", 10},
                                   (struct str){(const char *)row, len}, NULL),
                     0);
    assert_int_equal(store_commit(&write, NULL), 0);
}

static void an_older_store_gets_words_from_now_on(void **state) {
    (void)state;
    struct books books;
    struct store_snapshot *snapshot;
    books_new(&books, "2018-01-10");
    books_plan(&books, HEAD CALLS("Answered.", ", method_version: \"7\""));
    put_wordless(&books, "7");
    start(&books, HEAD CALLS("Answered.", ", method_version: \"7\""), "2018-01-10");
    struct seen seen = look(&books, "calls");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.row[0].since, books_day("2017-01-01"));
    assert_int_equal(seen.row[0].seen, books_noon("2017-06-01"));
    assert_string_equal(seen.version[0], "7");
    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    assert_int_equal(find(snapshot, 0, "2017-12-31").wording.len, 0);
    assert_true(find(snapshot, 1, "2018-01-10").wording.len > 0);
    store_snapshot_close(&snapshot);
    books_destroy(&books);
}

static int hold_against(void *arg, struct str key, struct str row) {
    size_t *count = arg;
    assert_true(definitions_valid(key, row));
    assert_false(definitions_valid((struct str){key.at, key.len - 1}, row));
    for (size_t len = 0; len < 21; len++)
        assert_false(definitions_valid(key, (struct str){row.at, len}));
    for (size_t len = 21; len < row.len; len++)
        assert_false(definitions_valid(key, (struct str){row.at, len}));
    char bytes[256];
    assert_true(row.len <= sizeof bytes);
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
        cmocka_unit_test(words_are_kept_as_they_were),
        cmocka_unit_test(an_older_store_gets_words_from_now_on),
        cmocka_unit_test(damaged_rows_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
