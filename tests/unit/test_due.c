/* What is due: the plan of books.h, held against what was told, on several days. */
#include "tests/unit/books.h"

#include "daemon/answers/due.h"
#include "tests/unit/bytes.h"

struct row {
    char text[160]; /* "late audit 2017 due 2017-09-30 +100 [and 2 before]" */
    struct message_duty duty;
};

struct rows {
    struct frames *answer;
    size_t count;
    struct row row[128];
};

static void ask(struct books *books, const char *on, uint64_t within, struct rows *rows) {
    struct wire_reader reader;
    struct message_duties duties;
    struct fault why = {""};
    *rows = (struct rows){0};
    if (due_run(&rows->answer, &(struct message_due){.id = 4, .on = str_of(on), .within = within},
                books->room.framework, books->room.catalogue, books->room.store, books->now, &why) != 0)
        fail_msg("%s", why.text);
    books_open(rows->answer, MESSAGE_DUTIES, &reader);
    assert_int_equal(message_read_duties(&reader, &duties, NULL), 0);
    assert_int_equal(duties.id, 4);
    assert_true(duties.last);
    for (uint32_t i = 0; i < duties.row_count; i++) {
        struct row *row = &rows->row[rows->count++];
        struct message_duty *duty = &row->duty;
        message_next_duty(&duties, duty);
        struct str name = duty->indicator.len ? duty->indicator : duty->label;
        (void)snprintf(row->text, sizeof row->text, "%s %.*s %.*s %.*s due %.*s %+d [%.*s]",
                       message_duty_state_name(duty->state), STR_ARG(name),
                       duty->dims.count ? (int)duty->dims.dim[0].value.len : 1,
                       duty->dims.count ? duty->dims.dim[0].value.at : "-", STR_ARG(duty->period),
                       STR_ARG(duty->due), (int)duty->days, STR_ARG(duty->note));
    }
}

/* The row of that state and indicator; NULL: there is none. */
static const struct row *find(const struct rows *rows, enum message_duty_state state, const char *name) {
    for (size_t i = 0; i < rows->count; i++) {
        const struct message_duty *duty = &rows->row[i].duty;
        if (duty->state == state && (books_is(duty->indicator, name) || books_is(duty->label, name)))
            return &rows->row[i];
    }
    return NULL;
}

static size_t count_of(const struct rows *rows, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        count += books_is(rows->row[i].duty.indicator, name);
    return count;
}

/* NULL: there must be no row at all of that indicator, or source. */
static void expect(struct books *books, const char *on, uint64_t within, const char *name,
                   const char *wanted) {
    struct rows rows;
    const char *got = NULL;
    ask(books, on, within, &rows);
    for (int state = MESSAGE_DUTY_LATE; state <= MESSAGE_DUTY_SOON && got == NULL; state++) {
        const struct row *row = find(&rows, (enum message_duty_state)state, name);
        got = row ? row->text : NULL;
    }
    if ((got == NULL) != (wanted == NULL) || (got && strcmp(got, wanted) != 0))
        fail_msg("on %s: %s, not %s", on, got ? got : "nothing", wanted ? wanted : "nothing");
    frames_destroy(&rows.answer);
}

static struct entry number(uint64_t id, int64_t value) {
    return (struct entry){.id = id, .recorded = 1, .has_value = true, .value = value, .done = ENTRY_NO_DAY};
}

static void a_milestone_is_late_from_the_day_after(void **state) {
    (void)state;
    struct books books;
    struct entry done = {.id = 1, .recorded = 1};
    books_new(&books, "2018-12-31");
    expect(&books, "2016-08-01", 30, "audit", NULL);
    expect(&books, "2016-09-10", 30, "audit", "soon audit - 2016 due 2016-09-30 -20 []");
    expect(&books, "2016-09-30", 0, "audit", "soon audit - 2016 due 2016-09-30 +0 []");
    expect(&books, "2016-10-01", 0, "audit", "late audit - 2016 due 2016-09-30 +1 []");
    done.done = books_day("2016-12-01");
    books_say(&books, "desk", "audit", NULL, "2016-12-31", &done);
    expect(&books, "2016-11-30", 0, "audit", "late audit - 2016 due 2016-09-30 +61 []");
    expect(&books, "2016-12-01", 0, "audit", NULL);
    expect(&books, "2018-12-31", 0, "audit", "late audit - 2017 due 2017-09-30 +457 []");
    books_destroy(&books);
}

/* Four of the latest are told of each series of a closed list, and how many there are before. */
static void what_is_long_late_is_counted(void **state) {
    (void)state;
    struct books books;
    struct rows rows;
    struct entry done = {.id = 1, .recorded = 1, .done = books_day("2018-02-01")};
    books_new(&books, "2018-04-10");
    books_say(&books, "desk", "visits", "north", "2018-03-01", &done);
    ask(&books, "", 30, &rows);
    assert_int_equal(count_of(&rows, "visits"), 8);
    assert_string_equal(find(&rows, MESSAGE_DUTY_LATE, "visits")->text,
                        "late visits north 2017-Q1 due 2017-03-31 +375 [and 4 before]");
    size_t south = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const struct message_duty *duty = &rows.row[i].duty;
        if (books_is(duty->indicator, "visits") && books_is(duty->dims.dim[0].value, "south"))
            south++;
        if (i) /* by state, then by day */
            assert_true(duty->state > rows.row[i - 1].duty.state ||
                        (duty->state == rows.row[i - 1].duty.state &&
                         str_compare(duty->due, rows.row[i - 1].duty.due) >= 0));
    }
    assert_int_equal(south, 4);
    assert_true(books_is(find(&rows, MESSAGE_DUTY_LATE, "visits")->duty.label, "Visit made"));
    assert_true(books_is(find(&rows, MESSAGE_DUTY_LATE, "visits")->duty.code, "2.3"));
    frames_destroy(&rows.answer);
    books_destroy(&books);
}

static void a_status_is_to_be_in_force(void **state) {
    (void)state;
    struct books books;
    struct entry said;
    books_new(&books, "2018-12-31");
    expect(&books, "2016-12-01", 30, "manual", "soon manual - 2016 due 2016-12-31 -30 []");
    expect(&books, "2017-01-02", 0, "manual", "late manual - 2016 due 2016-12-31 +2 []");
    expect(&books, "2018-01-02", 0, "manual", "late manual - 2016 due 2016-12-31 +367 []");
    said = number(1, 1);
    books_say(&books, "desk", "manual", NULL, "2017-05-01", &said);
    expect(&books, "2017-04-30", 0, "manual", "late manual - 2016 due 2016-12-31 +120 []");
    expect(&books, "2017-05-01", 0, "manual", NULL);
    said = number(2, 0);
    books_say(&books, "desk", "manual", NULL, "2018-03-01", &said);
    expect(&books, "2018-02-28", 400, "manual", NULL);
    expect(&books, "2018-03-01", 0, "manual", NULL); /* wanted at the end of the year */
    expect(&books, "2018-12-15", 30, "manual",
           "soon manual - 2018 due 2018-12-31 -16 [in force until 2018-02-28]");
    expect(&books, "2019-01-01", 0, "manual",
           "late manual - 2018 due 2018-12-31 +1 [in force until 2018-02-28]");
    books_destroy(&books);
}

static void a_figure_is_missing_short_or_soon(void **state) {
    (void)state;
    struct books books;
    struct rows rows;
    books_new(&books, "2018-06-15");
    expect(&books, "2016-01-31", 30, "calls", NULL); /* months are not announced */
    expect(&books, "2016-02-01", 0, "calls", "missing calls - 2016-01 due 2016-01-31 +1 []");
    books_count(&books, "a@1", "north", "2018-05-31", 9);
    books_count(&books, "a@1", "north", "2018-03-31", 0);
    ask(&books, "2018-06-15", 0, &rows);
    assert_int_equal(count_of(&rows, "calls"), 2);
    assert_string_equal(find(&rows, MESSAGE_DUTY_MISSING, "calls")->text,
                        "missing calls - 2018-04 due 2018-04-30 +46 [and 26 periods before]");
    const struct row *few = find(&rows, MESSAGE_DUTY_SHORT, "calls");
    assert_string_equal(few->text, "short calls - 2018-05 due 2018-05-31 +15 []");
    assert_int_equal(few->duty.value, 9);
    assert_int_equal(few->duty.target, 10);
    frames_destroy(&rows.answer);
    books_count(&books, "a@1", "south", "2018-05-01", 1);
    books_count(&books, "a@1", "south", "2018-04-01", 0);
    expect(&books, "2018-06-15", 0, "calls",
           "missing calls - 2018-02 due 2018-02-28 +107 [and 25 periods before]");

    struct entry paper = {.id = 5, .recorded = 1, .title = STR("Paper"), .done = ENTRY_NO_DAY};
    expect(&books, "2016-12-20", 30, "papers", "soon papers - 2016 due 2016-12-31 -11 []");
    books_say(&books, "desk", "papers", NULL, "2016-12-25", &paper);
    expect(&books, "2016-12-20", 30, "papers", "soon papers - 2016 due 2016-12-31 -11 []"); /* not yet then */
    expect(&books, "2016-12-26", 30, "papers", NULL);
    expect(&books, "2017-01-01", 30, "papers", "short papers - 2016 due 2016-12-31 +1 []");
    expect(&books, "2018-01-01", 30, "papers", "missing papers - 2017 due 2017-12-31 +1 []");
    books_destroy(&books);
}

static void a_level_holds_on_for_a_while(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-12-31");
    struct entry said = number(1, 40);
    expect(&books, "2016-03-31", 30, "staff", NULL); /* nobody is said to record it */
    expect(&books, "2016-07-01", 0, "staff",
           "missing staff - 2016-Q2 due 2016-06-30 +1 [and 1 period before]");
    books_say(&books, "desk", "staff", "north", "2017-03-30", &said);
    expect(&books, "2017-04-01", 0, "staff", NULL);
    expect(&books, "2017-06-30", 0, "staff", NULL);
    expect(&books, "2017-07-01", 0, "staff",
           "missing staff - 2017-Q2 due 2017-06-30 +1 [last said 2017-03-30]");
    said = number(2, 41);
    books_say(&books, "desk", "staff", "south", "2017-03-31", &said);
    expect(&books, "2017-07-01", 0, "staff", NULL);
    expect(&books, "2017-10-01", 0, "staff",
           "missing staff - 2017-Q3 due 2017-09-30 +1 [last said 2017-03-31]");
    books_destroy(&books);
}

static void what_was_taken_back_is_not_there(void **state) {
    (void)state;
    struct books books;
    struct fault why;
    struct entry done = {.id = 1, .recorded = 1, .done = books_day("2016-09-01")};
    books_new(&books, "2017-02-01");
    books_count(&books, "a@1", "north", "2017-01-05", 50);
    books_say(&books, "desk", "audit", NULL, "2016-12-31", &done);
    expect(&books, "", 0, "audit", NULL);
    assert_int_equal(books_withdraw(&books, "a@1", "2017", "2017", "wrong", &why), 0);
    assert_int_equal(books_withdraw(&books, "desk", "2016", "2016", "wrong", &why), 0);
    expect(&books, "", 0, "calls", "missing calls - 2017-01 due 2017-01-31 +1 [and 12 periods before]");
    expect(&books, "", 0, "audit", "late audit - 2016 due 2016-09-30 +124 []");
    books_destroy(&books);
}

/* Whose donors there are nobody knows before they are named. */
static void a_series_of_an_open_list_is_expected_from_its_first_statement(void **state) {
    (void)state;
    struct books books;
    struct rows rows;
    char more[4096];
    struct entry entry = {.id = 1, .recorded = 1, .done = ENTRY_NO_DAY};
    books_new(&books, "2020-01-10");
    (void)snprintf(
        more, sizeof more, "%s%s", books_framework,
        "  - {id: reports, kind: milestone, frequency: year, dimensions: [list], label: {en: R}}\n");
    books_plan(&books, more);
    expect(&books, "2020-01-10", 0, "reports", "late reports - 2016 due 2016-12-31 +1105 []");
    entry.done = books_day("2019-01-05");
    books_tell(&books, &(struct books_event){.source = "desk",
                                             .indicator = "reports",
                                             .dim = "list",
                                             .value = "fund",
                                             .day = "2018-12-31",
                                             .entry = &entry});
    ask(&books, "2020-02-10", 0, &rows);
    assert_int_equal(count_of(&rows, "reports"), 1);
    assert_true(books_is(find(&rows, MESSAGE_DUTY_LATE, "reports")->duty.period, "2019"));
    frames_destroy(&rows.answer);
    books_destroy(&books);
}

static void a_source_is_silent(void **state) {
    (void)state;
    struct books books;
    struct rows rows;
    books_new(&books, "2018-03-10");
    expect(&books, "2018-03-10", 0, "weblog@*", "silent weblog@* -  due  +0 [never heard; expected daily]");
    books_count(&books, "weblog@www1", "north", "2018-03-10", 1);
    books_count(&books, "other@www1", "north", "2018-03-10", 1);
    expect(&books, "2018-03-01", 0, "weblog@www1", NULL); /* it spoke later */
    expect(&books, "2018-03-11", 0, "weblog@www1", NULL);
    expect(&books, "2018-03-12", 0, "weblog@*", NULL);
    expect(&books, "2018-03-12", 0, "weblog@www1", "silent weblog@www1 -  due  +0 [expected daily]");
    expect(&books, "2018-03-12", 0, "other@www1", NULL);
    ask(&books, "2018-03-12", 0, &rows);
    assert_int_equal(find(&rows, MESSAGE_DUTY_SILENT, "weblog@www1")->duty.heard, books.now);
    assert_int_equal(find(&rows, MESSAGE_DUTY_SILENT, "payroll")->duty.heard, 0);
    frames_destroy(&rows.answer);
    books_count(&books, "payroll", "north", "2018-03-10", 1);
    expect(&books, "2018-04-10", 0, "payroll", NULL);
    expect(&books, "2018-04-11", 0, "payroll", "silent payroll -  due  +0 [expected monthly]");
    books_destroy(&books);
}

static void a_question_is_about_a_day(void **state) {
    (void)state;
    static const char *const bad[] = {"2018-03", "2018-02-30", "soon"};
    struct books books;
    struct frames *answer;
    struct fault why;
    books_new(&books, "2018-03-10");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(due_run(&answer, &(struct message_due){.on = str_of(bad[i])}, books.room.framework,
                                 books.room.catalogue, books.room.store, books.now, &why),
                         -EINVAL);
    expect(&books, "9999-12-31", UINT32_MAX, "audit",
           "late audit - 2017 due 2017-09-30 +2915457 [and 1 before]");
    expect(&books, "2015-12-31", 0, "audit", NULL); /* before the plan */
    books_destroy(&books);
}

static void a_short_estimate_tells_its_error(void **state) {
    (void)state;
    static const char plan[] = "name: estimates\n"
                               "title: {en: Estimates}\n"
                               "plan: 2016/2020\n"
                               "languages: [en]\n"
                               "indicators:\n"
                               "  - {id: crowd, kind: distinct, frequency: month, label: {en: Crowd},"
                               " target: {value: 100000, per: month}}\n";
    struct books books;
    struct rows rows;
    uint64_t member[2000], random = 5;
    books_new(&books, "2018-06-15");
    books_plan(&books, plan);
    for (size_t i = 0; i < 2000; i++)
        member[i] = bytes_random(&random);
    books_tell(&books, &(struct books_event){.source = "a@1",
                                             .indicator = "crowd",
                                             .day = "2018-05-02",
                                             .member = member,
                                             .member_count = 2000});
    ask(&books, "2018-06-15", 30, &rows);
    const struct row *few = find(&rows, MESSAGE_DUTY_SHORT, "crowd");
    assert_non_null(few);
    assert_string_equal(few->text, "short crowd - 2018-05 due 2018-05-31 +15 [\xc2\xb1 0.8 %]");
    frames_destroy(&rows.answer);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_milestone_is_late_from_the_day_after),
        cmocka_unit_test(what_is_long_late_is_counted),
        cmocka_unit_test(a_status_is_to_be_in_force),
        cmocka_unit_test(a_figure_is_missing_short_or_soon),
        cmocka_unit_test(a_short_estimate_tells_its_error),
        cmocka_unit_test(a_level_holds_on_for_a_while),
        cmocka_unit_test(what_was_taken_back_is_not_there),
        cmocka_unit_test(a_series_of_an_open_list_is_expected_from_its_first_statement),
        cmocka_unit_test(a_source_is_silent),
        cmocka_unit_test(a_question_is_about_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
