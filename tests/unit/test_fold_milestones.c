/* Milestones against their calendar. */
#include "tests/unit/folding.h"

static void a_milestone_tells_what_is_due(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    say_done(&books, "audit", NULL, "2017-12-31", 1, "2017-11-03");
    say_done(&books, "audit", NULL, "2017-12-30", 2, "2017-09-30");
    say_done(&books, "audit", NULL, "2016-12-31", 3, "2016-10-01");
    assert_figures(&books, &(struct ask){"audit", "2016", "2018", PERIOD_YEAR, "2018-05-01", NULL},
                   "2016-01-01 1 (1 of 1 due, late), 2017-01-01 1 (1 of 1 due)");
    assert_figures(&books, &(struct ask){"audit", "2016-12", "2016-12", PERIOD_MONTH, "2018-05-01", NULL},
                   "2016-12-01 1 (late)");
    assert_figures(&books, &(struct ask){"audit", "2016", "2020", PERIOD_PLAN, "2018-05-01", NULL},
                   "2016-01-01 2 (2 of 2 due, 1 on time, 1 late)");
    say_done(&books, "visits", "north", "2018-02-01", 4, "2018-02-01");
    say_done(&books, "visits", "north", "2018-05-01", 5, "2018-05-01");
    assert_figures(&books, &(struct ask){"visits", "2018", "2018", PERIOD_YEAR, "2018-05-01", NULL},
                   "2018-01-01 2 (1 of 2 due)");
    assert_figures(&books, &(struct ask){"visits", "2018-Q2", "2018-Q2", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-04-01 1");
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_milestone_tells_what_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
