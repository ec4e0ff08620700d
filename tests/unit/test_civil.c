#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "proto/civil.h"

/* The calendar counted out by hand, one day after the other, against the formulas: every day there is. */
static void test_every_day(void **state) {
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t day = CIVIL_DAY_MIN, month_number = -1969 * 12;
    for (int year = 1; year <= 9999; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++, month_number++) {
            int length = lengths[month - 1] + (leap && month == 2 ? 1 : 0);
            assert_int_equal(civil_days_in_month(year, month), length);
            assert_int_equal(civil_first_day_of_month(month_number), day);
            for (int date = 1; date <= length; date++, day++) {
                assert_int_equal(civil_to_day(year, month, date), day);
                struct civil back = civil_of_day(day);
                assert_true(back.year == year && back.month == month && back.day == date);
                assert_int_equal(civil_month_of_day(day), month_number);
            }
        }
    }
    assert_int_equal(day, CIVIL_DAY_MAX + 1);
}

static void test_known_days(void **state) {
    (void)state;
    assert_int_equal(civil_to_day(1970, 1, 1), 0);
    assert_int_equal(civil_to_day(1969, 12, 31), -1);
    assert_int_equal(civil_to_day(2000, 3, 1), 11017);
    assert_int_equal(civil_to_day(2018, 3, 7), 17597);
    assert_int_equal(civil_to_day(1, 1, 1), CIVIL_DAY_MIN);
    assert_int_equal(civil_to_day(9999, 12, 31), CIVIL_DAY_MAX);
}

static void test_valid(void **state) {
    (void)state;
    assert_true(civil_valid(2016, 2, 29));
    assert_true(civil_valid(2000, 2, 29));
    assert_true(civil_valid(1, 1, 1));
    assert_true(civil_valid(9999, 12, 31));
    static const struct civil bad[] = {
        {2018, 2, 29},  {1900, 2, 29}, {2018, 4, 31}, {2018, 0, 1},  {2018, 13, 1},  {2018, 1, 0},
        {2018, 1, 32},  {0, 12, 31},   {10000, 1, 1}, {-1, 1, 1},    {2018, -1, 1},  {2018, 1, -1},
        {2018, 1, 400}, {2100, 2, 29}, {2018, 6, 31}, {2018, 9, 31}, {2018, 11, 31},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(civil_valid(bad[i].year, bad[i].month, bad[i].day));
}

static void test_day_of_time(void **state) {
    (void)state;
    static const struct {
        int64_t at;
        int32_t day;
    } good[] = {
        {0, 0},
        {86399, 0},
        {86400, 1},
        {-1, -1},
        {-86400, -1},
        {-86401, -2},
        {1520380800, 17597},
        {(int64_t)CIVIL_DAY_MIN * 86400, CIVIL_DAY_MIN},
        {(int64_t)CIVIL_DAY_MAX * 86400 + 86399, CIVIL_DAY_MAX},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int32_t day = 12345;
        assert_true(civil_day_of_time(good[i].at, &day));
        assert_int_equal(day, good[i].day);
    }
    static const int64_t bad[] = {
        (int64_t)CIVIL_DAY_MIN * 86400 - 1,
        ((int64_t)CIVIL_DAY_MAX + 1) * 86400,
        INT64_MIN,
        INT64_MAX,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int32_t day = 12345;
        assert_false(civil_day_of_time(bad[i], &day));
        assert_int_equal(day, 12345);
    }
}

static void test_against_the_c_library(void **state) {
    (void)state;
    for (int64_t at = -3000000000; at < 6000000000; at += 7777777) {
        time_t clock = (time_t)at;
        struct tm tm;
        int32_t day;
        assert_non_null(gmtime_r(&clock, &tm));
        assert_true(civil_day_of_time(at, &day));
        struct civil civil = civil_of_day(day);
        assert_true(civil.year == tm.tm_year + 1900 && civil.month == tm.tm_mon + 1 &&
                    civil.day == tm.tm_mday);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_known_days),
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_day_of_time),
        cmocka_unit_test(test_against_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
