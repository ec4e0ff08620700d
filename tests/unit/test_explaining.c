/* How figures came to be. */
#include "tests/unit/explaining.h"

#include "daemon/books/definitions.h"
#include "daemon/books/refusals.h"

static void a_figure_is_what_its_sources_gave(void **state) {
    (void)state;
    struct books books;
    struct explained explained;
    struct message_part part;
    books_new(&books, "2018-03-05");
    books_count(&books, "b@1", "north", "2018-02-09", 30);
    books_count(&books, "a@1", "north", "2018-02-01", 4);
    books_count(&books, "a@1", "south", "2018-02-01", 1);
    books_count(&books, "a@1", "north", "2018-02-09", 5);
    books_count(&books, "b@1", "north", "2018-03-01", 300);
    say(&books, "desk", "calls", "north", "2018-02-11", 1, 2, "");
    say(&books, "desk", "calls", "north", "2018-02-12", 2, 1, "");
    say(&books, "desk", "calls", "south", "2018-02-11", 3, -1, "");
    struct message_explanation *told = explain(&books, "calls", "2018-02", NULL, &explained);
    assert_int_equal(told->figure.value, 42);
    assert_int_equal(told->figure.state, MESSAGE_STATE_VALUE);
    assert_int_equal(told->figure.days, 28);
    assert_true(told->figure.has_target);
    assert_int_equal(told->figure.target, 10);
    assert_false(told->figure.has_reported);
    assert_true(books_is(told->indicator.label, "Calls"));
    assert_true(books_is(told->definition, "Calls that were answered."));
    assert_true(books_is(told->fed_by, "record, statsd bridge"));
    assert_int_equal(told->part_count, 3);
    message_next_part(told, &part);
    assert_true(books_is(part.source, "a@1"));
    assert_int_equal(part.value, 10);
    assert_int_equal(part.days, 2);
    assert_true(books_is(part.first, "2018-02-01"));
    assert_true(books_is(part.last, "2018-02-09"));
    assert_int_equal(part.heard, books.now);
    message_next_part(told, &part);
    assert_true(books_is(part.source, "b@1"));
    assert_int_equal(part.value, 30);
    message_next_part(told, &part);
    assert_true(books_is(part.source, "desk"));
    assert_int_equal(part.value, 2);
    assert_int_equal(part.days, 2);
    assert_int_equal(told->entry_count, 3);
    frames_destroy(&explained.answer);

    told = explain(&books, "calls", "2018-02", "south", &explained);
    assert_int_equal(told->figure.value, 0);
    assert_int_equal(told->part_count, 2);
    assert_int_equal(told->entry_count, 1);
    frames_destroy(&explained.answer);

    told = explain(&books, "calls", "2018-01", NULL, &explained);
    assert_int_equal(told->figure.state, MESSAGE_STATE_MISSING);
    assert_int_equal(told->part_count, 0);
    frames_destroy(&explained.answer);
    told = explain(&books, "calls", "2018-04", NULL, &explained);
    assert_int_equal(told->figure.state, MESSAGE_STATE_NOT_DUE);
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

static void sets_are_told_by_how_many_there_are(void **state) {
    (void)state;
    struct books books;
    struct explained explained;
    struct message_part part;
    books_new(&books, "2018-05-05");
    meet(&books, "a@1", "2018-02-01", 1, 3);
    meet(&books, "a@1", "2018-02-03", 3, 2);
    meet(&books, "b@1", "2018-02-03", 4, 3);
    meet(&books, "a@1", "2018-03-03", 1, 1);
    struct message_explanation *told = explain(&books, "people", "2018-02", NULL, &explained);
    assert_int_equal(told->figure.value, 6);
    message_next_part(told, &part);
    assert_int_equal(part.value, 4);
    message_next_part(told, &part);
    assert_int_equal(part.value, 3);
    frames_destroy(&explained.answer);
    told = explain(&books, "people", "2018-Q1", NULL, &explained); /* the sum of months */
    assert_int_equal(told->figure.value, 7);
    assert_true(books_is(told->figure.note, "sum of months"));
    message_next_part(told, &part);
    assert_int_equal(part.value, 5);
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

static void entries_come_with_what_became_of_them(void **state) {
    (void)state;
    static const struct {
        uint64_t id;
        enum message_entry_state state;
    } wanted[] = {{1, MESSAGE_ENTRY_COUNTS},
                  {2, MESSAGE_ENTRY_RETRACTED},
                  {4, MESSAGE_ENTRY_COUNTS},
                  {5, MESSAGE_ENTRY_WITHDRAWN},
                  {3, MESSAGE_ENTRY_COUNTS}};
    struct books books;
    struct explained explained;
    struct message_entry_row row;
    struct message_withdrawal_row withdrawal;
    struct fault why;
    books_new(&books, "2018-05-05");
    say(&books, "desk", "staff", "north", "2017-05-01", 9, 1, "");
    say(&books, "desk", "staff", "north", "2017-06-01", 1, 10, ""); /* carried into the quarter */
    say(&books, "desk", "staff", "north", "2018-01-05", 2, 11, "");
    say(&books, "desk", "staff", "north", "2018-02-05", 4, 12, "");
    say(&books, "other", "staff", "north", "2018-03-05", 5, 13, "");
    say(&books, "weblog@x", "nets", NULL, "2018-03-05", 6, 13, "");
    retract(&books, "desk", "staff", "north", "2018-05-01", 3, 2, "was a guess"); /* said on another day */
    assert_int_equal(books_withdraw(&books, "other", "2018", "2018", "nobody of ours", &why), 0);
    struct message_explanation *told = explain(&books, "staff", "2018-Q1", NULL, &explained);
    assert_int_equal(told->figure.value, 12);
    assert_int_equal(told->entry_count, 5);
    for (size_t i = 0; i < told->entry_count; i++) {
        message_next_entry(told, &row);
        assert_int_equal(row.entry.id, wanted[i].id);
        assert_int_equal(row.state, wanted[i].state);
        assert_true(books_is(row.dims.dim[0].value, "north"));
        assert_int_equal(row.received, books.now);
    }
    assert_true(books_is(row.entry.reason, "was a guess"));
    assert_int_equal(told->withdrawal_count, 1);
    message_next_withdrawal(told, &withdrawal);
    assert_true(books_is(withdrawal.source, "other"));
    assert_true(books_is(withdrawal.reason, "nobody of ours"));
    assert_true(books_is(withdrawal.first, "2018-01-01"));
    assert_true(books_is(withdrawal.last, "2018-12-31"));
    assert_int_equal(told->part_count, 1);
    frames_destroy(&explained.answer);
    told = explain(&books, "calls", "2018-Q1", NULL, &explained); /* which it gave nothing to */
    assert_int_equal(told->withdrawal_count, 0);
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

static void assert_withdrawals(struct books *books, const char *indicator, const char *period,
                               const char *region, const char *wanted) {
    struct explained explained;
    struct message_withdrawal_row row;
    char told[256] = "";
    const struct message_explanation *explanation = explain(books, indicator, period, region, &explained);
    for (size_t i = 0; i < explanation->withdrawal_count; i++) {
        size_t len = strlen(told);
        message_next_withdrawal(&explained.told, &row);
        (void)snprintf(told + len, sizeof told - len, "%s%.*s", len ? ", " : "", STR_ARG(row.reason));
    }
    assert_string_equal(told, wanted);
    frames_destroy(&explained.answer);
}

/* The source gave to each of these figures, but not to the days that were withdrawn, or only later. */
static void a_withdrawal_that_took_nothing_is_not_told(void **state) {
    (void)state;
    struct books books;
    struct fault why;
    books_new(&books, "2018-05-05");
    books_count(&books, "a@1", "north", "2018-01-10", 3);
    books_count(&books, "a@1", "south", "2018-02-10", 4);
    meet(&books, "a@1", "2018-03-10", 1, 2);
    meet(&books, "a@1", "2018-01-10", 3, 2);
    say(&books, "a@1", "staff", "north", "2017-06-01", 1, 10, "");
    say(&books, "a@1", "staff", "north", "2018-01-05", 2, 11, "");
    say(&books, "a@1", "staff", "south", "2018-02-05", 3, 12, "");
    assert_int_equal(books_withdraw(&books, "a@1", "2018-02", "2018-02", "of February", &why), 0);
    assert_int_equal(books_withdraw(&books, "a@1", "2018-03", "2018-03", "of March", &why), 0);
    assert_int_equal(books_withdraw(&books, "a@1", "2017", "2017", "of the year before", &why), 0);
    books_turn(&books, "2018-05-06");
    books_count(&books, "a@1", "north", "2018-03-10", 5);
    meet(&books, "a@1", "2018-02-10", 5, 2);
    assert_withdrawals(&books, "calls", "2018", NULL, "of February");
    assert_withdrawals(&books, "calls", "2018-03", NULL, "");
    assert_withdrawals(&books, "calls", "2018", "north", "");
    assert_withdrawals(&books, "calls", "2018", "south", "of February");
    assert_withdrawals(&books, "people", "2018", NULL, "of March");
    assert_withdrawals(&books, "people", "2018-02", NULL, "");
    assert_withdrawals(&books, "staff", "2018", NULL, "of February, of the year before");
    assert_withdrawals(&books, "staff", "2018", "north", "of the year before");
    assert_withdrawals(&books, "staff", "2018", "south", "of February");
    assert_withdrawals(&books, "staff", "2017", "north", "of the year before");
    books_destroy(&books);
}

static void the_last_statement_of_a_day_holds(void **state) {
    (void)state;
    static const struct {
        uint64_t id;
        enum message_entry_state state;
    } wanted[] = {{1, MESSAGE_ENTRY_SUPERSEDED},
                  {2, MESSAGE_ENTRY_COUNTS},
                  {3, MESSAGE_ENTRY_RETRACTED},
                  {4, MESSAGE_ENTRY_COUNTS}};
    struct books books;
    struct explained explained;
    struct message_entry_row row;
    books_new(&books, "2018-05-05");
    say(&books, "desk", "manual", NULL, "2018-02-05", 1, 1, "");
    books.now++;
    say(&books, "desk", "manual", NULL, "2018-02-05", 2, 0, "");
    books.now++;
    say(&books, "desk", "manual", NULL, "2018-02-05", 3, 1, "");
    books.now++;
    retract(&books, "desk", "manual", NULL, "2018-02-05", 4, 3, "wrong");
    struct message_explanation *told = explain(&books, "manual", "2018", NULL, &explained);
    assert_int_equal(told->entry_count, 4);
    for (size_t i = 0; i < told->entry_count; i++) {
        message_next_entry(told, &row);
        assert_int_equal(row.entry.id, wanted[i].id);
        assert_int_equal(row.state, wanted[i].state);
    }
    frames_destroy(&explained.answer);
    say(&books, "desk", "calls", "north", "2018-02-05", 5, 1, ""); /* these add up */
    say(&books, "desk", "calls", "north", "2018-02-05", 6, 1, "");
    told = explain(&books, "calls", "2018", NULL, &explained);
    for (size_t i = 0; i < told->entry_count; i++) {
        message_next_entry(told, &row);
        assert_int_equal(row.state, MESSAGE_ENTRY_COUNTS);
    }
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

static void refusals_versions_operands_and_closings_are_told(void **state) {
    (void)state;
    struct books books;
    struct explained explained;
    struct store_write *write;
    struct message_refusal_row refusal;
    struct message_version_row version;
    struct message_operand_row operand;
    struct message_closing_row closing;
    books_new(&books, "2018-05-05");
    books_count(&books, "a@1", "north", "2018-02-01", 5);
    say(&books, "desk", "staff", "north", "2018-02-01", 1, 40, "");
    assert_int_equal(store_begin(books.room.store, &write, NULL), 0);
    assert_int_equal(refusals_add(write, &(struct refusal){0, STR("rate"), 3, 77, STR("computed")}, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_int_equal(definitions_update(books.room.store, books.room.framework, books.now, NULL), 0);
    do_close(&books, "2018-02");
    do_close(&books, "2018-Q1");
    struct message_explanation *told = explain(&books, "rate", "2018-Q1", NULL, &explained);
    assert_int_equal(told->figure.value, 125);
    assert_int_equal(told->figure.decimals, 1);
    assert_true(told->figure.has_reported);
    assert_int_equal(told->figure.reported, 125);
    assert_int_equal(told->refusal_count, 1);
    message_next_refusal(told, &refusal);
    assert_true(books_is(refusal.source, "a@1"));
    assert_int_equal(refusal.count, 3);
    assert_true(books_is(refusal.reason, "computed"));
    assert_int_equal(told->version_count, 1);
    message_next_version(told, &version);
    assert_int_equal(version.seen, books.now);
    assert_int_equal(version.since.len, 0);
    assert_int_equal(told->operand_count, 2);
    message_next_operand(told, &operand);
    assert_true(books_is(operand.indicator, "calls"));
    assert_int_equal(operand.figure.value, 5);
    message_next_operand(told, &operand);
    assert_true(books_is(operand.indicator, "staff"));
    assert_int_equal(operand.figure.value, 40);
    assert_int_equal(told->closing_count, 1);
    message_next_closing(told, &closing);
    assert_true(books_is(closing.period, "2018-Q1"));
    frames_destroy(&explained.answer);
    told = explain(&books, "calls", "2018-02", NULL, &explained);
    assert_int_equal(told->closing_count, 2);
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

static void what_cannot_be_explained_is_said(void **state) {
    (void)state;
    static const struct {
        const char *indicator, *period, *region, *part;
    } refused[] = {{"cals", "2018", NULL, "no indicator \"cals\""},
                   {"calls", "2018-13", NULL, "no period"},
                   {"calls", "2011/2015", NULL, "is not the plan, which is 2016/2020"},
                   {"calls", "2018", "nort", "cannot be \"nort\": it is one of north, south"},
                   {"people", "2018", "north", "has no dimension \"region\""}};
    struct books books;
    struct explained explained;
    struct fault why;
    books_new(&books, "2018-05-05");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(
            try_explain(&books, refused[i].indicator, refused[i].period, refused[i].region, &explained, &why),
            -EINVAL);
        if (strstr(why.text, refused[i].part) == NULL)
            fail_msg("%s", why.text);
    }
    books_destroy(&books);
}

static void what_has_no_room_is_counted(void **state) {
    (void)state;
    enum { MANY = MESSAGE_EXPLAINED_MAX + 100, LARGE = 60 };
    struct books books;
    struct explained explained;
    struct message_entry_row row;
    struct entry entry = {.id = 1, .recorded = 1, .done = ENTRY_NO_DAY, .title = STR("Paper")};
    books_new(&books, "2018-02-05");
    books_plan(&books, "name: t\nplan: 2016/2020\nindicators:\n"
                       "  - {id: papers, kind: evidence, frequency: year, label: {en: P}}\n"
                       "  - {id: studies, kind: narrative, frequency: year, label: {en: S}}\n");
    char *part = malloc(ENTRY_PART_MAX);
    assert_non_null(part);
    memset(part, 'a', ENTRY_PART_MAX);
    say_many(&books, "papers", &entry, MANY);
    struct message_explanation *told = explain(&books, "papers", "2018", NULL, &explained);
    assert_int_equal(told->figure.value, MANY);
    assert_int_equal(told->entry_count, MESSAGE_EXPLAINED_MAX);
    assert_int_equal(told->more, 100);
    frames_destroy(&explained.answer);

    for (size_t i = 0; i < ENTRY_PARTS; i++)
        entry.part[i] = (struct str){part, ENTRY_PART_MAX};
    say_many(&books, "studies", &entry, LARGE);
    told = explain(&books, "studies", "2018", NULL, &explained);
    assert_int_equal(told->figure.value, LARGE);
    assert_true(told->entry_count > 20 && told->entry_count < LARGE);
    assert_int_equal(told->entry_count + told->more, LARGE);
    message_next_entry(told, &row);
    assert_int_equal(row.entry.part[5].len, ENTRY_PART_MAX);
    frames_destroy(&explained.answer);
    free(part);
    books_destroy(&books);
}

/* Of what people alone feed nobody expects a word every day. */
static void coverage_is_of_collectors(void **state) {
    (void)state;
    static const struct {
        const char *fed_by;
        uint32_t days;
    } wanted[] = {{"", 28},
                  {", fed_by: [record (pseudonym only)]", 0},
                  {", fed_by: [membership CSV, record]", 0},
                  {", fed_by: [web log]", 28},
                  {", fed_by: [record, list server]", 28},
                  {", fed_by: [recordings csv]", 0}};
    struct books books;
    struct explained told;
    char framework[512];
    books_new(&books, "2018-05-01");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        (void)snprintf(framework, sizeof framework,
                       "name: t\nplan: 2016/2020\nindicators:\n"
                       "  - {id: people, kind: distinct, frequency: month, label: {en: People}%s}\n",
                       wanted[i].fed_by);
        books_plan(&books, framework);
        meet(&books, "desk", "2018-02-03", 1, 3);
        const struct message_explanation *explanation = explain(&books, "people", "2018-02", NULL, &told);
        assert_int_equal(explanation->figure.value, 3);
        if (explanation->figure.days != wanted[i].days)
            fail_msg("%s: of %u days", wanted[i].fed_by, explanation->figure.days);
        assert_int_equal(explanation->figure.heard, wanted[i].days ? 1 : 0);
        assert_int_equal(explanation->part_count, 1);
        frames_destroy(&told.answer);
    }
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_is_what_its_sources_gave),
        cmocka_unit_test(sets_are_told_by_how_many_there_are),
        cmocka_unit_test(entries_come_with_what_became_of_them),
        cmocka_unit_test(a_withdrawal_that_took_nothing_is_not_told),
        cmocka_unit_test(the_last_statement_of_a_day_holds),
        cmocka_unit_test(refusals_versions_operands_and_closings_are_told),
        cmocka_unit_test(what_cannot_be_explained_is_said),
        cmocka_unit_test(what_has_no_room_is_counted),
        cmocka_unit_test(coverage_is_of_collectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
