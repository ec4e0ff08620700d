/* Levels and statuses: what holds on, and since when. */
#include "tests/unit/folding.h"

static void a_level_tells_of_when_it_is(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    say_value(&books, "staff", "north", "2018-01-20", 1, 4);
    say_value(&books, "staff", "south", "2018-02-10", 2, 3);
    say_value(&books, "staff", "north", "2018-03-31", 3, 6);
    assert_figures(
        &books, &(struct ask){"staff", "2018-01", "2018-12", PERIOD_MONTH, "2018-05-15", NULL},
        "2018-01-01 4, 2018-02-01 7 (1 of 2 as of 2018-01-20), 2018-03-01 9 (1 of 2 as of 2018-02-10), "
        "2018-04-01 9 (as of 2018-02-10 to 2018-03-31), 2018-05-01 9 (as of 2018-02-10 to 2018-03-31)");
    assert_figures(&books, &(struct ask){"staff", "2018-03-30", "2018-04-02", PERIOD_DAY, "2018-04-01", NULL},
                   "2018-03-30 7 (as of 2018-01-20 to 2018-02-10), 2018-03-31 9 (1 of 2 as of 2018-02-10), "
                   "2018-04-01 9 (as of 2018-02-10 to 2018-03-31)");
    assert_figures(&books, &(struct ask){"staff", "2016", "2020", PERIOD_PLAN, "2018-04-01", NULL},
                   "2016-01-01 9");
    books_destroy(&books);
}

/* With an end it goes on to today; without one to the plan's end, or to what was said last. */
static void a_level_ends_with_the_plan(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    say_value(&books, "staff", "north", "2019-01-20", 1, 4);
    assert_figures(&books, &(struct ask){"staff", "2019", "2030", PERIOD_YEAR, "2023-05-01", NULL},
                   "2019-01-01 4, 2020-01-01 4 (as of 2019-01-20), 2021-01-01 4 (as of 2019-01-20), "
                   "2022-01-01 4 (as of 2019-01-20), 2023-01-01 4 (as of 2019-01-20)");
    assert_figures(&books, &(struct ask){"staff", "2019", NULL, PERIOD_YEAR, "2023-05-01", NULL},
                   "2019-01-01 4, 2020-01-01 4 (as of 2019-01-20)");
    say_value(&books, "staff", "south", "2021-06-01", 1, 5);
    assert_figures(&books, &(struct ask){"staff", "2020", NULL, PERIOD_YEAR, "2023-05-01", NULL},
                   "2020-01-01 4 (as of 2019-01-20), 2021-01-01 9 (1 of 2 as of 2019-01-20)");
    assert_figures(&books, &(struct ask){"staff", "2016", NULL, PERIOD_PLAN, "2023-05-01", NULL},
                   "2016-01-01 4");
    books_destroy(&books);
}

static void a_status_tells_since_when(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    say_value(&books, "manual", NULL, "2016-02-01", 1, 0);
    say_value(&books, "manual", NULL, "2016-03-01", 2, 1);
    say_value(&books, "manual", NULL, "2017-06-01", 3, 1);
    say_value(&books, "manual", NULL, "2018-01-05", 4, 0);
    assert_figures(&books, &(struct ask){"manual", "2016-02", "2016-03", PERIOD_MONTH, "2018-05-01", NULL},
                   "2016-02-01 0 (not in force since 2016-02-01), 2016-03-01 1 (in force since 2016-03-01)");
    assert_figures(&books, &(struct ask){"manual", "2016", "2018", PERIOD_YEAR, "2018-05-01", NULL},
                   "2016-01-01 1 (in force since 2016-03-01), 2017-01-01 1 (in force since 2016-03-01), "
                   "2018-01-01 0 (not in force since 2018-01-05)");
    books_destroy(&books);
}

/* Of one day the last statement holds: what it outdoes does not break the run. */
static void a_corrected_status_is_so_since_the_run_began(void **state) {
    (void)state;
    struct books books;
    struct ask months = {"manual", "2018-05", "2018-06", PERIOD_MONTH, "2018-09-01", NULL};
    books_new(&books, "2018-09-01");
    say_value(&books, "manual", NULL, "2018-02-01", 1, 1);
    books_say(&books, "desk", "manual", NULL, "2018-06-01",
              &(struct entry){.id = 2, .recorded = 1, .has_value = true, .done = ENTRY_NO_DAY});
    assert_figures(&books, &months,
                   "2018-05-01 1 (in force since 2018-02-01), 2018-06-01 0 (not in force since 2018-06-01)");
    books_say(&books, "desk", "manual", NULL, "2018-06-01",
              &(struct entry){.id = 3, .recorded = 2, .has_value = true, .value = 1, .done = ENTRY_NO_DAY});
    assert_figures(&books, &months,
                   "2018-05-01 1 (in force since 2018-02-01), 2018-06-01 1 (in force since 2018-02-01)");
    /* An end on a day of its own does. */
    say_value(&books, "manual", NULL, "2018-05-20", 4, 0);
    assert_figures(&books, &months,
                   "2018-05-01 0 (not in force since 2018-05-20), 2018-06-01 1 (in force since 2018-06-01)");
    books_say(&books, "desk", "manual", NULL, "2018-05-20",
              &(struct entry){.id = 5, .recorded = 2, .retracts = 4, .done = ENTRY_NO_DAY});
    assert_figures(&books, &months,
                   "2018-05-01 1 (in force since 2018-02-01), 2018-06-01 1 (in force since 2018-02-01)");
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_tells_of_when_it_is),
        cmocka_unit_test(a_level_ends_with_the_plan),
        cmocka_unit_test(a_status_tells_since_when),
        cmocka_unit_test(a_corrected_status_is_so_since_the_run_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
