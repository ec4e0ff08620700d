/* Ratios: rounded, missing, of estimates. */
#include "tests/unit/crowds.h"

static void a_ratio_is_rounded_and_may_be_missing(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    books_count(&books, "a@1", "north", "2018-01-05", 1);
    say_value(&books, "staff", "north", "2018-01-20", 1, 8);
    assert_figures(&books, &(struct ask){"rate", "2018-Q1", "2018-Q1", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-01-01 125");
    books_count(&books, "a@1", "north", "2018-01-05", -4);
    say_value(&books, "staff", "north", "2018-01-21", 2, 16); /* -18.75 */
    assert_figures(&books, &(struct ask){"rate", "2018-Q1", "2018-Q1", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-01-01 -188");
    books_count(&books, "a@1", "north", "2018-04-05", 1);
    assert_figures(&books, &(struct ask){"rate", "2018-Q2", "2018-Q2", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-04-01 63 (as of 2018-01-21)");
    say_value(&books, "staff", "north", "2018-04-20", 3, 0);
    assert_figures(&books, &(struct ask){"rate", "2018-Q2", "2018-Q2", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-04-01 missing");
    books_destroy(&books);
}

static void a_ratio_of_estimates_tells_its_error(void **state) {
    (void)state;
    struct books books;
    char wanted[128];
    books_new(&books, "2018-12-01");
    books_plan(&books, estimates);
    long long few = tell_crowd(&books, "a", "2018-01-02", 1, 700);
    long long many = tell_crowd(&books, "b", "2018-01-02", 2, 70000);
    (void)snprintf(wanted, sizeof wanted, "2018-01-01 %.0f (\xc2\xb1 0.8 %%)",
                   round(100 * (double)few / (double)many));
    assert_figures(&books, ASK_OF("share", "2018-01", PERIOD_MONTH), wanted);
    long long more = tell_crowd(&books, "a", "2018-02-02", 3, 35000);
    many = tell_crowd(&books, "b", "2018-02-02", 2, 70000);
    (void)snprintf(wanted, sizeof wanted, "2018-02-01 %.0f (\xc2\xb1 1.2 %%)",
                   round(100 * (double)more / (double)many));
    assert_figures(&books, ASK_OF("share", "2018-02", PERIOD_MONTH), wanted);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ratio_is_rounded_and_may_be_missing),
        cmocka_unit_test(a_ratio_of_estimates_tells_its_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
