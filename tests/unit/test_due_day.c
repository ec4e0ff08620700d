#include "proto/due.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *day_of(const char *text, const char *of, char out[static PERIOD_TEXT_MAX]) {
    struct due due;
    struct period period;
    assert_int_equal(due_parse(&due, str_of(text), NULL), 0);
    assert_int_equal(period_parse(&period, str_of(of), NULL), 0);
    int32_t day = due_day(&due, &period);
    return period_print(&(struct period){PERIOD_DAY, day, day}, out);
}

static void a_period_has_its_day(void **state) {
    (void)state;
    char out[PERIOD_TEXT_MAX];
    assert_string_equal(day_of("", "2018-Q1", out), "2018-03-31");
    assert_string_equal(day_of("+30d", "2018-Q1", out), "2018-04-30");
    assert_string_equal(day_of("-10d", "2018-03", out), "2018-03-21");
    assert_string_equal(day_of("+0d", "2018", out), "2018-12-31");
    assert_string_equal(day_of("09-30", "2018", out), "2018-09-30");
    assert_string_equal(day_of("09-30", "2018/2019", out), "2019-09-30");
    assert_string_equal(day_of("+1830d", "9999", out), "9999-12-31");
}

static void what_is_no_day_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"+",     "+d",     "+30",   "30d",   "+1831d", "-99999d",
                                      "+3 d",  "09",     "9-30",  "09-31", "02-29",  "00-10",
                                      "13-01", "09-30x", "+1.5d", "09/30"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct due due;
        struct fault why = {""};
        assert_int_equal(due_parse(&due, str_of(bad[i]), &why), -EINVAL);
        assert_non_null(strstr(why.text, bad[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_period_has_its_day),
        cmocka_unit_test(what_is_no_day_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
