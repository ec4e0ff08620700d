/* Days, times, periods and numbers as a person reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/cli/print.h"
#include "clients/cli/words.h"
#include "proto/civil.h"

static int32_t day(int year, int month, int of_month) {
    return civil_to_day(year, month, of_month);
}

static void days_name_the_year_only_where_it_is_another(void **state) {
    (void)state;
    char out[WORDS_MAX];
    assert_string_equal(words_day(day(2018, 2, 3), 2018, out), "3 Feb");
    assert_string_equal(words_day(day(2018, 2, 3), 2019, out), "3 Feb 2018");
    assert_string_equal(words_day(day(2018, 9, 30), WORDS_NO_YEAR, out), "30 Sep 2018");
}

static void spans_say_what_they_share_once(void **state) {
    (void)state;
    char out[WORDS_MAX];
    assert_string_equal(words_days(day(2018, 2, 1), day(2018, 2, 3), 2018, out), "1-3 Feb");
    assert_string_equal(words_days(day(2018, 2, 1), day(2018, 2, 3), WORDS_NO_YEAR, out), "1-3 Feb 2018");
    assert_string_equal(words_days(day(2018, 1, 28), day(2018, 2, 3), 2018, out), "28 Jan-3 Feb");
    assert_string_equal(words_days(day(2017, 12, 28), day(2018, 2, 3), 2018, out), "28 Dec 2017-3 Feb 2018");
    assert_string_equal(words_days(day(2018, 2, 3), day(2018, 2, 3), 2018, out), "3 Feb");
    assert_string_equal(words_days_text("2018-02-01", "2018-02-03", 2018, out), "1-3 Feb");
    assert_string_equal(words_days_text("", "", 2018, out), "");
    assert_string_equal(words_days_text("then", "now", 2018, out), "then to now");
}

static void moments_are_in_utc(void **state) {
    (void)state;
    char out[WORDS_MAX];
    int64_t at = (int64_t)day(2018, 2, 3) * CIVIL_DAY_SECONDS + 23 * 3600 + 50 * 60 + 59;
    assert_string_equal(words_moment(at, 2018, out), "3 Feb 23:50");
    assert_string_equal(words_moment(at, 2017, out), "3 Feb 2018 23:50");
    assert_string_equal(words_moment(0, 2018, out), "");
    assert_string_equal(words_moment(INT64_MAX, 2018, out), "");
    assert_string_equal(words_iso(at, out), "2018-02-03T23:50:59Z");
    assert_string_equal(words_iso(-1, out), "1969-12-31T23:59:59Z");
    assert_string_equal(words_iso(0, out), "");
}

static void periods_have_names(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"2018-03-07", "7 Mar 2018"},
        {"2018-02", "February 2018"},
        {"2018-Q4", "October to December 2018"},
        {"2018-H1", "January to June 2018"},
        {"2018", "2018"},
        {"2018/2019", "2018 to 2019"},
        {"2016/2020", "2016 to 2020"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[WORDS_MAX];
        struct period period;
        assert_int_equal(period_parse(&period, str_of(cases[i].text), NULL), 0);
        assert_string_equal(words_period(&period, out), cases[i].words);
    }
}

static void counts_know_one_from_many(void **state) {
    (void)state;
    char out[WORDS_MAX];
    assert_string_equal(words_count(1, "day", "days", out), "1 day");
    assert_string_equal(words_count(0, "day", "days", out), "0 days");
    assert_string_equal(words_count(12345, "figure", "figures", out), "12 345 figures");
}

static void numbers_have_thousands_and_decimals(void **state) {
    (void)state;
    static const struct {
        int64_t value;
        unsigned decimals;
        const char *people, *files;
    } cases[] = {
        {125, 1, "12.5", "12.5"},
        {-5, 1, "-0.5", "-0.5"},
        {1234567, 2, "12 345.67", "12345.67"},
        {-123456, 0, "-123 456", "-123456"},
        {7, 3, "0.007", "0.007"},
        {0, 0, "0", "0"},
        {INT64_MIN, 0, "-9 223 372 036 854 775 808", "-9223372036854775808"},
        {INT64_MIN, 6, "-9 223 372 036 854.775808", "-9223372036854.775808"},
        {1, 99, "0.000000000000001", "0.000000000000001"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[PRINT_NUMBER];
        assert_string_equal(print_value(cases[i].value, cases[i].decimals, out), cases[i].people);
        assert_string_equal(print_plain_value(cases[i].value, cases[i].decimals, out), cases[i].files);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_name_the_year_only_where_it_is_another),
        cmocka_unit_test(spans_say_what_they_share_once),
        cmocka_unit_test(moments_are_in_utc),
        cmocka_unit_test(periods_have_names),
        cmocka_unit_test(counts_know_one_from_many),
        cmocka_unit_test(numbers_have_thousands_and_decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
