#include "tests/unit/books.h"

#include "daemon/answers/plan.h"

static struct frames *ask(struct books *books, const struct message_plan *question) {
    struct frames *answer;
    struct fault why = {""};
    if (plan_run(&answer, question, books->room.framework, &why) != 0)
        fail_msg("%s", why.text);
    return answer;
}

static void every_indicator_is_told(void **state) {
    (void)state;
    static const char *const ids[] = {
        "calls", "people", "staff",  "nets", "manual",
        "audit", "visits", "papers", "rate"}; /* as they stand in the framework */
    static const struct {
        const char *id, *kind, *frequency, *target;
    } wanted[] = {{"audit", "milestone", "year", ""},
                  {"calls", "count", "month", "10 a month"},
                  {"manual", "status", "year", "in force"},
                  {"papers", "evidence", "year", "2 a year"}};
    struct books books;
    struct wire_reader reader;
    struct message_indicators head;
    books_new(&books, "2018-01-10");
    struct frames *answer = ask(&books, &(struct message_plan){.id = 9, .language = STR("fr")});
    books_open(answer, MESSAGE_INDICATORS, &reader);
    assert_int_equal(message_read_indicators(&reader, &head, NULL), 0);
    assert_int_equal(head.id, 9);
    assert_true(head.last);
    assert_true(books_is(head.name, "books"));
    assert_true(books_is(head.title, "Books"));
    assert_true(books_is(head.plan, "2016/2020"));
    assert_int_equal(head.row_count, sizeof ids / sizeof *ids);
    for (size_t i = 0; i < head.row_count; i++) {
        struct message_indicator_row row;
        struct str value;
        message_next_indicator_row(&head, &row);
        assert_true(books_is(row.id, ids[i]));
        for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
            if (!books_is(row.id, wanted[k].id))
                continue;
            assert_true(books_is(row.kind, wanted[k].kind));
            assert_true(books_is(row.frequency, wanted[k].frequency));
            if (!books_is(row.target, wanted[k].target))
                fail_msg("%s: %.*s", wanted[k].id, STR_ARG(row.target));
        }
        if (!books_is(row.id, "calls"))
            continue;
        assert_true(books_is(row.label, "Appels"));
        assert_true(books_is(row.code, "1.1"));
        assert_true(books_is(row.unit, "calls"));
        assert_true(books_is(row.definition, "Calls that were answered."));
        assert_true(books_is(row.fed_by, "record, statsd bridge"));
        assert_true(books_is(row.baseline, "80 (2015)"));
        assert_int_equal(row.dim_count, 1);
        assert_true(books_is(row.dim[0], "region"));
        assert_int_equal(row.value_count[0], 2);
        assert_int_equal(wire_read_str(&row.values[0], &value, DIM_VALUE_MAX), 0);
        assert_true(books_is(value, "north"));
        assert_int_equal(wire_read_str(&row.values[0], &value, DIM_VALUE_MAX), 0);
        assert_true(books_is(value, "south"));
    }
    frames_destroy(&answer);
    books_destroy(&books);
}

static void patterns_choose(void **state) {
    (void)state;
    struct books books;
    struct wire_reader reader;
    struct message_indicators head;
    struct message_indicator_row row;
    struct fault why;
    struct frames *answer;
    books_new(&books, "2018-01-10");
    answer = ask(&books, &(struct message_plan){.pattern_count = 2, .pattern = {STR("pe*"), STR("audi?")}});
    books_open(answer, MESSAGE_INDICATORS, &reader);
    assert_int_equal(message_read_indicators(&reader, &head, NULL), 0);
    assert_int_equal(head.row_count, 2);
    message_next_indicator_row(&head, &row);
    assert_true(books_is(row.id, "people"));
    message_next_indicator_row(&head, &row);
    assert_true(books_is(row.id, "audit"));
    frames_destroy(&answer);
    assert_int_equal(plan_run(&answer, &(struct message_plan){.pattern_count = 1, .pattern = {STR("cals")}},
                              books.room.framework, &why),
                     -EINVAL);
    assert_non_null(strstr(why.text, "\"cals\""));
    books_destroy(&books);
}

/* A target for one period, for all of them, that changes, and of a ratio. */
static void targets_are_told_as_people_say_them(void **state) {
    (void)state;
    static const char framework[] =
        "name: t\nplan: 2016/2018\nindicators:\n"
        "  - {id: a, kind: level, frequency: year, label: {en: A}, target: {value: 250}}\n"
        "  - {id: b, kind: count, frequency: year, label: {en: B}, target: {value: 6, per: year},"
        " targets: [{period: 2017, value: 5}]}\n"
        "  - {id: c, kind: count, frequency: plan, label: {en: C}, target: {value: 10, per: plan}}\n"
        "  - {id: d, kind: ratio, frequency: year, numerator: b, denominator: a, factor: 100, decimals: 1,"
        " label: {en: D}, target: {value: 12.5}}\n"
        "  - {id: e, kind: count, frequency: month, label: {en: E}, target: {value: 120, per: year}}\n";
    static const char *const wanted[] = {"250", "6 a year from 2016, 5 a year from 2017, 6 a year from 2018",
                                         "10 in the plan", "12.5", "120 a year"};
    struct books books;
    struct wire_reader reader;
    struct message_indicators head;
    books_new(&books, "2018-01-10");
    books_plan(&books, framework);
    struct frames *answer = ask(&books, &(struct message_plan){.id = 9});
    books_open(answer, MESSAGE_INDICATORS, &reader);
    assert_int_equal(message_read_indicators(&reader, &head, NULL), 0);
    assert_int_equal(head.row_count, 5);
    for (size_t i = 0; i < 5; i++) {
        struct message_indicator_row row;
        message_next_indicator_row(&head, &row);
        if (!books_is(row.target, wanted[i]))
            fail_msg("%.*s: %.*s", STR_ARG(row.id), STR_ARG(row.target));
    }
    frames_destroy(&answer);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_indicator_is_told),
        cmocka_unit_test(patterns_choose),
        cmocka_unit_test(targets_are_told_as_people_say_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
