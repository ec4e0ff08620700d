/* Counts and distinct kinds: sums and their labels, estimates, figures of days that hold. */
#include "tests/unit/crowds.h"

static void a_sum_is_labelled_or_refused(void **state) {
    (void)state;
    static const uint64_t members[] = {1, 2};
    struct books books;
    struct line line;
    struct fault why;
    books_new(&books, "2018-05-01");
    for (int i = 0; i < 2; i++)
        books_tell(&books, &(struct books_event){.source = "a@1",
                                                 .indicator = "people",
                                                 .day = i ? "2018-02-03" : "2018-02-02",
                                                 .member = members,
                                                 .member_count = 2});
    assert_figures(&books, &(struct ask){"people", "2018-02", "2018-02", PERIOD_MONTH, "2018-05-01", NULL},
                   "2018-02-01 2");
    assert_figures(&books, &(struct ask){"people", "2018-02", "2018-02", PERIOD_MONTH, "2018-05-01", "day"},
                   "2018-02-01 4 (sum of days)");
    assert_figures(&books, &(struct ask){"people", "2018", "2018", PERIOD_YEAR, "2018-05-01", NULL},
                   "2018-01-01 2 (sum of months)");
    static const struct {
        const char *indicator, *told;
    } refused[] = {
        {"staff", "last value"}, {"manual", "in force at its end"}, {"rate", "sums of calls and staff"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(
            run(&books,
                &(struct ask){refused[i].indicator, "2018", "2018", PERIOD_YEAR, "2018-05-01", "month"},
                &line, &why),
            -EINVAL);
        assert_non_null(strstr(why.text, refused[i].told));
        assert_non_null(strstr(why.text, refused[i].indicator));
    }
    assert_int_equal(
        run(&books, &(struct ask){"people", "2018", "2018", PERIOD_MONTH, "2018-05-01", "year"}, &line, &why),
        -EINVAL);
    books_destroy(&books);
}

static void correct(struct books *books, const char *day, uint64_t id, long long difference) {
    books_say(books, "desk", "a", NULL, day,
              &(struct entry){.id = id,
                              .recorded = 1,
                              .has_value = true,
                              .value = difference,
                              .reason = STR("counted elsewhere"),
                              .done = ENTRY_NO_DAY});
}

/* A figure that is not exact says by how much it may be off: all of it, the part that is estimated, or more than all. */
static void an_estimate_tells_its_error(void **state) {
    (void)state;
    struct books books;
    char wanted[128];
    books_new(&books, "2018-12-01");
    books_plan(&books, estimates);
    (void)tell_crowd(&books, "a", "2018-01-02", 1, 1000);
    (void)tell_crowd(&books, "a", "2018-01-03", 1, 1024);
    assert_figures(&books, ASK_OF("a", "2018-01", PERIOD_MONTH), "2018-01-01 1024");
    long long february = tell_crowd(&books, "a", "2018-02-03", 2, 1500);
    (void)snprintf(wanted, sizeof wanted, "2018-02-01 %lld (\xc2\xb1 0.8 %%)", february);
    assert_figures(&books, ASK_OF("a", "2018-02", PERIOD_MONTH), wanted);
    /* 8 per mille of 1500 in 2524 */
    (void)snprintf(wanted, sizeof wanted, "2018-01-01 %lld (\xc2\xb1 0.5 %%, sum of months)",
                   1024 + february);
    assert_figures(&books, ASK_OF("a", "2018-Q1", PERIOD_QUARTER), wanted);
    /* of 150 */
    correct(&books, "2018-02-04", 1, 150 - february);
    (void)snprintf(wanted, sizeof wanted, "2018-02-01 150 (\xc2\xb1 %.1f %%)",
                   ceil((double)february * 8 / 150) / 10);
    assert_figures(&books, ASK_OF("a", "2018-02", PERIOD_MONTH), wanted);
    correct(&books, "2018-02-05", 2, -150);
    assert_figures(&books, ASK_OF("a", "2018-02", PERIOD_MONTH), "2018-02-01 0 (\xc2\xb1 12)");
    books_destroy(&books);
}

static void hold(struct books *books, const char *source, const char *indicator, const char *region,
                 const char *day, uint64_t id, int64_t figure, int64_t recorded) {
    books_say(books, source, indicator, region, day,
              &(struct entry){.id = id,
                              .recorded = recorded,
                              .holds = true,
                              .value = figure,
                              .done = ENTRY_NO_DAY,
                              .reason = STR("so says the list")});
}

static void differ(struct books *books, const char *day, uint64_t id, int64_t difference, int64_t recorded) {
    books_say(books, "desk", "calls", "north", day,
              &(struct entry){.id = id,
                              .recorded = recorded,
                              .has_value = true,
                              .value = difference,
                              .done = ENTRY_NO_DAY,
                              .reason = STR("one more, one less")});
}

/* Whatever comes, goes or is counted again. */
static void a_corrected_figure_holds(void **state) {
    (void)state;
    struct books books;
    struct fault why;
    struct ask day = {"calls", "2018-02-05", "2018-02-05", PERIOD_DAY, "2018-05-01", NULL};
    struct ask month = {"calls", "2018-02", "2018-02", PERIOD_MONTH, "2018-05-01", NULL};
    books_new(&books, "2018-05-01");
    books_count(&books, "a@1", "north", "2018-02-05", 10);
    books_count(&books, "a@1", "north", "2018-02-06", 100);
    say_value(&books, "calls", "north", "2018-02-05", 1, 4);
    differ(&books, "2018-02-05", 2, -3, 5);
    assert_figures(&books, &day, "2018-02-05 11");
    hold(&books, "office", "calls", "north", "2018-02-05", 3, 12, 9);
    assert_figures(&books, &day, "2018-02-05 12");
    assert_figures(&books, &month, "2018-02-01 112");
    books_count(&books, "b@1", "north", "2018-02-05", 1000);
    say_value(&books, "calls", "north", "2018-02-05", 4, 7);
    assert_int_equal(books_withdraw(&books, "a@1", "2018-02-05", "2018-02-05", "wrong log", &why), 0);
    assert_figures(&books, &month, "2018-02-01 112");
    books_count(&books, "a@1", "north", "2018-02-05", 8);
    books_count(&books, "a@1", "south", "2018-02-05", 1);
    assert_figures(&books, &day, "2018-02-05 13");
    differ(&books, "2018-02-05", 5, -2, 10);
    assert_figures(&books, &day, "2018-02-05 11");
    hold(&books, "office", "calls", "north", "2018-02-05", 6, 3, 9); /* of one time the larger figure */
    assert_figures(&books, &day, "2018-02-05 11");
    differ(&books, "2018-02-05", 7, -50, 11);
    assert_figures(&books, &day, "2018-02-05 1");
    assert_int_equal(books_withdraw(&books, "office", "2018-02", "2018-02", "no such list", &why), 0);
    assert_figures(&books, &day, "2018-02-05 965"); /* 1000 + 8 + 4 + 7 - 3 - 2 - 50, and 1 */
    books_destroy(&books);
}

static void a_corrected_figure_of_people_holds(void **state) {
    (void)state;
    static const uint64_t members[] = {1, 2, 3};
    struct books books;
    struct fault why;
    struct ask day = {"people", "2018-02-02", "2018-02-02", PERIOD_DAY, "2018-05-01", NULL};
    struct ask month = {"people", "2018-02", "2018-02", PERIOD_MONTH, "2018-05-01", NULL};
    books_new(&books, "2018-05-01");
    for (int i = 0; i < 2; i++)
        books_tell(&books, &(struct books_event){.source = "a@1",
                                                 .indicator = "people",
                                                 .day = i ? "2018-02-03" : "2018-02-02",
                                                 .member = members,
                                                 .member_count = 3});
    hold(&books, "office", "people", NULL, "2018-02-02", 1, 5, 9);
    assert_figures(&books, &day, "2018-02-02 5");
    assert_figures(&books, &month, "2018-02-01 5");
    assert_int_equal(books_withdraw(&books, "a@1", "2018-02-02", "2018-02-02", "wrong log", &why), 0);
    assert_figures(&books, &day, "2018-02-02 5");
    assert_figures(&books, &month, "2018-02-01 8");
    books_tell(&books, &(struct books_event){.source = "a@1",
                                             .indicator = "people",
                                             .day = "2018-02-02",
                                             .member = members,
                                             .member_count = 3});
    hold(&books, "office", "people", NULL, "2018-02-02", 2, 0, 10);
    hold(&books, "office", "people", NULL, "2018-02-03", 3, 0, 10);
    assert_figures(&books, &month, "2018-02-01 0"); /* not 3 - 3 - 3 */
    books_destroy(&books);
}

/* What was said of a crowd is no estimate. */
static void a_corrected_estimate_is_exact_on_its_day(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-12-01");
    books_plan(&books, estimates);
    (void)tell_crowd(&books, "a", "2018-02-03", 2, 1500);
    books_say(&books, "desk", "a", NULL, "2018-02-03",
              &(struct entry){.id = 1,
                              .recorded = 1,
                              .holds = true,
                              .value = 1480,
                              .reason = STR("so says the gate"),
                              .done = ENTRY_NO_DAY});
    assert_figures(&books, ASK_OF("a", "2018-02-03", PERIOD_DAY), "2018-02-03 1480");
    assert_figures(&books, ASK_OF("a", "2018-02", PERIOD_MONTH), "2018-02-01 1480 (\xc2\xb1 0.9 %)");
    books_destroy(&books);
}

static const char beside[] =
    "name: beside\n"
    "title: {en: Beside}\n"
    "plan: 2016/2020\n"
    "languages: [en]\n"
    "indicators:\n"
    "  - {id: people, kind: distinct, frequency: month, label: {en: People},"
    " firsts: {day: first.day, month: first.month, quarter: first.quarter}}\n"
    "  - {id: first.day, kind: count, frequency: day, label: {en: First of the day}}\n"
    "  - {id: first.month, kind: count, frequency: month, label: {en: First of the month}}\n"
    "  - {id: first.quarter, kind: count, frequency: quarter, label: {en: First of the quarter}}\n";

static void tell_firsts(struct books *books, const char *indicator, const char *day, int64_t number) {
    books_tell(books,
               &(struct books_event){.source = "b@1", .indicator = indicator, .day = day, .number = number});
}

/* Those who were counted one by one fall into the windows of the sets: a window that would be less than nothing, with both
 * of them, is nothing, and takes nothing from the others. */
static void firsts_stand_beside_sets_in_their_windows(void **state) {
    (void)state;
    static const uint64_t members[] = {1, 2, 3};
    const struct ask quarter = {"people", "2018-Q1", "2018-Q1", PERIOD_QUARTER, "2018-12-01", NULL};
    struct books books;
    books_new(&books, "2018-12-01");
    books_plan(&books, beside);
    for (int i = 0; i < 2; i++)
        books_tell(&books, &(struct books_event){.source = "a@1",
                                                 .indicator = "people",
                                                 .day = i ? "2018-01-06" : "2018-01-05",
                                                 .member = members,
                                                 .member_count = 3});
    tell_firsts(&books, "first.day", "2018-01-05", 4);
    tell_firsts(&books, "first.month", "2018-01-05", 4);
    tell_firsts(&books, "first.quarter", "2018-01-05", 4);
    tell_firsts(&books, "first.month", "2018-02-10", 3);
    tell_firsts(&books, "first.quarter", "2018-02-10", 2);
    assert_figures(&books, &quarter, "2018-01-01 9 (two methods, added up)");
    hold(&books, "office", "people", NULL, "2018-01-05", 1, 1, 9); /* of 3 and 4 */
    hold(&books, "office", "people", NULL, "2018-01-06", 2, 0, 9); /* of the same 3 */
    assert_figures(&books, ASK_OF("people", "2018-01-05", PERIOD_DAY),
                   "2018-01-05 1 (two methods, added up)");
    /* not 3 + 4 - 6 - 3 */
    assert_figures(&books, ASK_OF("people", "2018-01", PERIOD_MONTH), "2018-01-01 0 (two methods, added up)");
    assert_figures(&books, &quarter, "2018-01-01 2 (two methods, added up)");
    assert_figures(&books, ASK_OF("people", "2018", PERIOD_YEAR), "2018-01-01 2 (two methods, added up)");
    assert_figures(&books,
                   &(struct ask){"people", "2018-Q1", "2018-Q1", PERIOD_QUARTER, "2018-12-01", "month"},
                   "2018-01-01 3 (two methods, added up)");
    assert_figures(&books, &(struct ask){"people", "2018-Q1", "2018-Q1", PERIOD_QUARTER, "2018-12-01", "day"},
                   "2018-01-01 1 (two methods, added up)");
    say_value(&books, "first.quarter", NULL, "2018-02-11", 3, -5);
    assert_figures(&books, &quarter, "2018-01-01 -3 (two methods, added up)");
    hold(&books, "office", "first.quarter", NULL, "2018-02-10", 4, 1, 9);
    assert_figures(&books, &quarter, "2018-01-01 0 (two methods, added up)");
    assert_figures(&books, ASK_OF("first.quarter", "2018-Q1", PERIOD_QUARTER), "2018-01-01 0");
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_is_labelled_or_refused),
        cmocka_unit_test(an_estimate_tells_its_error),
        cmocka_unit_test(a_corrected_figure_holds),
        cmocka_unit_test(a_corrected_figure_of_people_holds),
        cmocka_unit_test(a_corrected_estimate_is_exact_on_its_day),
        cmocka_unit_test(firsts_stand_beside_sets_in_their_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
