#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/civil.h"
#include "proto/period.h"

static struct period period_of(const char *text) {
    struct period period;
    struct fault why;
    if (period_parse(&period, str_of(text), &why) != 0)
        fail_msg("%s", why.text);
    return period;
}

static void test_accepted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum period_type type;
        struct civil first, last;
    } good[] = {
        {"2018-03-07", PERIOD_DAY, {2018, 3, 7}, {2018, 3, 7}},
        {"2016-02-29", PERIOD_DAY, {2016, 2, 29}, {2016, 2, 29}},
        {"0001-01-01", PERIOD_DAY, {1, 1, 1}, {1, 1, 1}},
        {"9999-12-31", PERIOD_DAY, {9999, 12, 31}, {9999, 12, 31}},
        {"2018-03", PERIOD_MONTH, {2018, 3, 1}, {2018, 3, 31}},
        {"2016-02", PERIOD_MONTH, {2016, 2, 1}, {2016, 2, 29}},
        {"1900-02", PERIOD_MONTH, {1900, 2, 1}, {1900, 2, 28}},
        {"9999-12", PERIOD_MONTH, {9999, 12, 1}, {9999, 12, 31}},
        {"2018-Q1", PERIOD_QUARTER, {2018, 1, 1}, {2018, 3, 31}},
        {"2018-Q2", PERIOD_QUARTER, {2018, 4, 1}, {2018, 6, 30}},
        {"2018-Q3", PERIOD_QUARTER, {2018, 7, 1}, {2018, 9, 30}},
        {"2018-Q4", PERIOD_QUARTER, {2018, 10, 1}, {2018, 12, 31}},
        {"2018-H1", PERIOD_HALF, {2018, 1, 1}, {2018, 6, 30}},
        {"2018-H2", PERIOD_HALF, {2018, 7, 1}, {2018, 12, 31}},
        {"2018", PERIOD_YEAR, {2018, 1, 1}, {2018, 12, 31}},
        {"2018/2019", PERIOD_BIENNIUM, {2018, 1, 1}, {2019, 12, 31}},
        {"2017/2018", PERIOD_PLAN, {2017, 1, 1}, {2018, 12, 31}},
        {"2016/2020", PERIOD_PLAN, {2016, 1, 1}, {2020, 12, 31}},
        {"2018/2018", PERIOD_PLAN, {2018, 1, 1}, {2018, 12, 31}},
        {"0001/9999", PERIOD_PLAN, {1, 1, 1}, {9999, 12, 31}},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct period period = period_of(good[i].text);
        char text[PERIOD_TEXT_MAX];
        assert_int_equal(period.type, good[i].type);
        assert_int_equal(period.first,
                         civil_to_day(good[i].first.year, good[i].first.month, good[i].first.day));
        assert_int_equal(period.last, civil_to_day(good[i].last.year, good[i].last.month, good[i].last.day));
        assert_string_equal(period_print(&period, text), good[i].text);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",           "2",         "201",        "20180",       "2018-",      "2018-3",     "2018-13",
        "2018-00",    "2018-3-7",  "2018-03-7",  "2018-02-29",  "2018-02-30", "2018-04-31", "2018-03-00",
        "2018-03-32", "18-03-07",  "2018-Q0",    "2018-Q5",     "2018-q1",    "2018-H0",    "2018-H3",
        "2018-h1",    "2018-Q12",  "2018Q1",     "0000",        "0000-01",    "0000-01-01", "10000",
        "+201",       "-201",      " 2018",      "2018 ",       "2018-03 ",   " 2018-03",   "2018/03",
        "2018-+3",    "2018- 3",   "2018-03-+7", "2018/03/07",  "2018.03.07", "2018-2019",  "2020/2016",
        "2018/0000",  "0000/2018", "2018/20x9",  "2018/2019/2", "2018-0x",    "2018-03T07", "2018-03-071",
        "20180307",   "201803",    "march",      "2018-W10",    "2018-Q",     "2018/19",    "٢٠١٨",
        "2018-1Q",    "2018-Q1 ",  "2018/2019 ", "2018\n",      "201a",       "20 8",       "2018-0a",
        "2018-03-0a",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct period period = {PERIOD_PLAN, 17, 18};
        struct fault why = {.text = ""};
        if (period_parse(&period, str_of(bad[i]), &why) != -EINVAL)
            fail_msg("\"%s\" was taken for a period", bad[i]);
        assert_non_null(strstr(why.text, "2018-Q1"));
        assert_true(period.type == PERIOD_PLAN && period.first == 17 && period.last == 18);
    }
    struct period period;
    assert_int_equal(period_parse(&period, (struct str){"2018\0", 5}, NULL), -EINVAL);
    assert_int_equal(period_parse(&period, (struct str){"2018-0\0", 7}, NULL), -EINVAL);
    assert_int_equal(period_parse(&period, (struct str){NULL, 0}, NULL), -EINVAL);
}

/* Every day of 400 years lies in the period of its day; periods of a type follow each other without gap. */
static void test_periods_tile_the_calendar(void **state) {
    (void)state;
    for (enum period_type type = PERIOD_DAY; type <= PERIOD_BIENNIUM; type++) {
        struct period period = period_of_day(type, civil_to_day(1800, 1, 1), NULL);
        assert_int_equal(period.first, civil_to_day(1800, 1, 1));
        while (period.last < civil_to_day(2200, 1, 1)) {
            char text[PERIOD_TEXT_MAX];
            struct period back = period_of(period_print(&period, text));
            assert_true(back.type == type && back.first == period.first && back.last == period.last);
            for (int32_t day = period.first; day <= period.last; day++) {
                struct period same = period_of_day(type, day, NULL);
                assert_true(same.type == type && same.first == period.first && same.last == period.last);
                assert_true(period_contains(&period, day));
            }
            assert_false(period_contains(&period, period.first - 1));
            assert_false(period_contains(&period, period.last + 1));
            struct period next = period;
            assert_true(period_next(&next));
            assert_true(next.type == type && next.first == period.last + 1 && next.last >= next.first);
            period = next;
        }
    }
}

static void test_the_ends_of_the_calendar(void **state) {
    (void)state;
    for (enum period_type type = PERIOD_DAY; type <= PERIOD_BIENNIUM; type++) {
        struct period last = period_of_day(type, CIVIL_DAY_MAX, NULL), before = last;
        assert_int_equal(last.last, CIVIL_DAY_MAX);
        assert_false(period_next(&last));
        assert_memory_equal(&last, &before, sizeof last);
        struct period first = period_of_day(type, CIVIL_DAY_MIN, NULL);
        assert_int_equal(first.first, CIVIL_DAY_MIN);
        assert_true(period_next(&first));
    }
}

static void test_the_plan(void **state) {
    (void)state;
    struct period plan = period_of("2016/2020");
    struct period same = period_of_day(PERIOD_PLAN, civil_to_day(1999, 1, 1), &plan);
    assert_true(same.type == PERIOD_PLAN && same.first == plan.first && same.last == plan.last);
    assert_false(period_next(&same));
    struct period two_years = period_of("2018/2019");
    same = period_of_day(PERIOD_PLAN, civil_to_day(2018, 1, 1), &two_years);
    assert_true(same.type == PERIOD_PLAN && same.first == two_years.first && same.last == two_years.last);
}

static void test_types(void **state) {
    (void)state;
    static const char *const names[] = {"day", "month", "quarter", "half", "year", "biennium", "plan"};
    enum period_type type;
    struct fault why;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(period_type_parse(&type, str_of(names[i]), &why), 0);
        assert_int_equal(type, i);
        assert_string_equal(period_type_name(type), names[i]);
    }
    static const char *const bad[] = {"", "days", "Day", "month ", "week", "quarterly", "d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(period_type_parse(&type, str_of(bad[i]), &why), -EINVAL);
        assert_non_null(strstr(why.text, "biennium"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_periods_tile_the_calendar),
        cmocka_unit_test(test_the_ends_of_the_calendar),
        cmocka_unit_test(test_the_plan),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
