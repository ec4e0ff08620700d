/* How figures came to be, and that what was reported and what moved since make what is known. */
#include "tests/unit/books.h"

#include <time.h>

#include "daemon/definitions.h"
#include "daemon/explain.h"
#include "daemon/refusals.h"

struct explained {
    struct frames *answer;
    struct message_explanation told;
};

static int try_explain(struct books *books, const char *indicator, const char *period, const char *region,
                       struct explained *out, struct fault *why) {
    struct message_explain question = {.id = 6, .indicator = str_of(indicator), .period = str_of(period)};
    struct wire_reader reader;
    if (region)
        assert_int_equal(dims_add(&question.where, STR("region"), str_of(region), NULL), 0);
    int err = explain_run(&out->answer, &question, books->room.framework, books->room.catalogue,
                          books->room.store, books->now, why);
    if (err)
        return err;
    books_open(out->answer, MESSAGE_EXPLANATION, &reader);
    assert_int_equal(message_read_explanation(&reader, &out->told, why), 0);
    assert_int_equal(out->told.id, 6);
    return 0;
}

static struct message_explanation *explain(struct books *books, const char *indicator, const char *period,
                                           const char *region, struct explained *out) {
    struct fault why = {""};
    if (try_explain(books, indicator, period, region, out, &why) != 0)
        fail_msg("%s", why.text);
    return &out->told;
}

static void say(struct books *books, const char *source, const char *indicator, const char *region,
                const char *day, uint64_t id, int64_t value, const char *reason) {
    books_say(books, source, indicator, region, day,
              &(struct entry){.id = id,
                              .recorded = books->now,
                              .has_value = true,
                              .value = value,
                              .done = ENTRY_NO_DAY,
                              .reason = str_of(reason)});
}

static void retract(struct books *books, const char *source, const char *indicator, const char *region,
                    const char *day, uint64_t id, uint64_t retracts, const char *reason) {
    books_say(books, source, indicator, region, day,
              &(struct entry){.id = id,
                              .recorded = books->now,
                              .done = ENTRY_NO_DAY,
                              .reason = str_of(reason),
                              .retracts = retracts});
}

static void meet(struct books *books, const char *source, const char *day, uint64_t first, size_t count) {
    uint64_t member[16];
    for (size_t i = 0; i < count; i++)
        member[i] = (first + i) * 0x9e3779b97f4a7c15u;
    books_tell(
        books,
        &(struct books_event){
            .source = source, .indicator = "people", .day = day, .member = member, .member_count = count});
}

static void do_close(struct books *books, const char *period) {
    struct fault why = {""};
    if (books_close(books, period, "", &why) != 0)
        fail_msg("%s", why.text);
}

/* ---- one by one ---- */

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
    do_close(&books, "2018-Q1");
    do_close(&books, "2018-02");
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

/* ---- what moved ---- */

struct wanted_move {
    const char *source, *what;
    int64_t difference;
};

static void expect_moves(struct books *books, const char *indicator, const char *period, int64_t reported,
                         int64_t value, const struct wanted_move *wanted, size_t count) {
    struct explained explained;
    struct message_explanation *told = explain(books, indicator, period, NULL, &explained);
    assert_true(told->figure.has_reported);
    assert_int_equal(told->figure.reported, reported);
    assert_int_equal(told->figure.value, value);
    assert_true(told->move_count <= count);
    for (size_t i = 0; i < told->move_count; i++) {
        struct message_move_row move;
        message_next_move(told, &move);
        if (!books_is(move.source, wanted[i].source) || !books_is(move.what, wanted[i].what) ||
            move.difference != wanted[i].difference)
            fail_msg("%s: %+d by %.*s (%.*s)", indicator, (int)move.difference, STR_ARG(move.source),
                     STR_ARG(move.what));
        reported += move.difference;
    }
    if (told->move_count != count || reported != value)
        fail_msg("%s moved %u times to %d", indicator, told->move_count, (int)reported);
    frames_destroy(&explained.answer);
}

static void numbers_moved_by_what_came_later(void **state) {
    (void)state;
    static const struct wanted_move moves[] = {{"a@1", "came later", 11},
                                               {"b@1", "came later", 90},
                                               {"b@1", "counted the wrong list", -100},
                                               {"desk", "was no call", -7},
                                               {"desk", "forgotten", 3}};
    struct books books;
    struct fault why;
    books_new(&books, "2018-03-05");
    books_count(&books, "a@1", "north", "2018-02-05", 4);
    books_count(&books, "b@1", "south", "2018-02-05", 100);
    say(&books, "desk", "calls", "north", "2018-02-05", 1, 7, "");
    do_close(&books, "2018-02");
    expect_moves(&books, "calls", "2018-02", 111, 111, NULL, 0);
    books_count(&books, "a@1", "north", "2018-02-06", 11);
    books_count(&books, "b@1", "south", "2018-02-07", 1000); /* came and went */
    assert_int_equal(books_withdraw(&books, "b@1", "2018-02", "2018-02", "counted the wrong list", &why), 0);
    books_count(&books, "b@1", "south", "2018-02-05", 90);
    books_count(&books, "b@1", "south", "2018-03-01", 9999);
    retract(&books, "desk", "calls", "north", "2018-02-05", 2, 1, "was no call");
    say(&books, "desk", "calls", "north", "2018-02-20", 3, 3, "forgotten");
    expect_moves(&books, "calls", "2018-02", 111, 108, moves, 5);
    books_destroy(&books);
}

static void other_kinds_moved_too(void **state) {
    (void)state;
    static const struct wanted_move staff[] = {{"desk", "came later", 5}, {"other", "not ours", -20}},
                                    people[] = {{"a@1", "came later", 2}, {"desk", "one came twice", -1}},
                                    nets[] = {{"desk", "came later", 1}},
                                    audit[] = {{"desk", "came later", 1}},
                                    papers[] = {{"desk", "was another year", -1}, {"desk", "came later", 1}},
                                    rate[] = {{"", "came later; taken back: not ours", 1663}};
    struct books books;
    struct fault why;
    struct entry entry = {.id = 30, .recorded = 1, .done = ENTRY_NO_DAY, .name = STR("Peru")};
    books_new(&books, "2018-05-05");
    books_count(&books, "a@1", "north", "2017-12-05", 4);
    say(&books, "desk", "staff", "north", "2017-02-05", 1, 30, "");
    say(&books, "other", "staff", "south", "2017-02-05", 2, 20, "");
    meet(&books, "a@1", "2017-12-01", 1, 3);
    books_say(&books, "desk", "nets", NULL, "2017-12-01", &entry);
    entry = (struct entry){.id = 31, .recorded = 1, .done = ENTRY_NO_DAY, .title = STR("Minutes")};
    books_say(&books, "desk", "papers", NULL, "2017-12-01", &entry);
    do_close(&books, "2017-Q4");
    do_close(&books, "2017");
    do_close(&books, "2017-12");

    books_count(&books, "a@1", "south", "2017-12-07", 57);
    say(&books, "desk", "staff", "north", "2017-12-07", 3, 35, "");
    meet(&books, "a@1", "2017-12-02", 3, 3);
    say(&books, "desk", "people", NULL, "2017-12-02", 4, -1, "one came twice");
    entry = (struct entry){.id = 32, .recorded = 1, .done = ENTRY_NO_DAY, .name = STR("Fiji")};
    books_say(&books, "desk", "nets", NULL, "2017-12-02", &entry);
    entry = (struct entry){.id = 33, .recorded = 1, .done = books_day("2018-01-05")};
    books_say(&books, "desk", "audit", NULL, "2017-12-31", &entry);
    entry.id = 34; /* said twice, done once */
    books_say(&books, "desk", "audit", NULL, "2017-12-31", &entry);
    retract(&books, "desk", "papers", NULL, "2017-12-01", 35, 31, "was another year");
    entry = (struct entry){.id = 36, .recorded = 1, .done = ENTRY_NO_DAY, .title = STR("More minutes")};
    books_say(&books, "desk", "papers", NULL, "2017-12-02", &entry);
    assert_int_equal(books_withdraw(&books, "other", "2017", "2017", "not ours", &why), 0);

    expect_moves(&books, "staff", "2017-Q4", 50, 35, staff, 2);
    expect_moves(&books, "people", "2017-12", 3, 4, people, 2);
    expect_moves(&books, "nets", "2017-Q4", 1, 2, nets, 1);
    expect_moves(&books, "papers", "2017", 1, 1, papers, 2);
    expect_moves(&books, "rate", "2017-Q4", 80, 1743, rate, 1);

    struct explained explained;
    struct message_explanation *told = explain(&books, "audit", "2017", NULL, &explained);
    struct message_move_row move;
    assert_false(told->figure.has_reported); /* there was nothing */
    assert_int_equal(told->figure.value, 1);
    assert_int_equal(told->move_count, 1);
    message_next_move(told, &move);
    assert_int_equal(move.difference, audit[0].difference);
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

static void put_name(struct books *books, uint64_t id, const char *name, bool removed, const char *reason) {
    books_say(books, "desk", "nets", NULL, "2017-12-01",
              &(struct entry){.id = id,
                              .recorded = books->now,
                              .done = ENTRY_NO_DAY,
                              .name = str_of(name),
                              .removed = removed,
                              .reason = str_of(reason)});
}

static void a_correction_that_moves_nothing_is_told(void **state) {
    (void)state;
    static const struct wanted_move nets[] = {{"desk", "came later; it has left", 0}},
                                    calls[] = {{"desk", "was of the 7th", 0}},
                                    staff[] = {{"desk", "the same, from the payroll", 0}};
    struct books books;
    books_new(&books, "2018-05-05");
    put_name(&books, 1, "Peru", false, "");
    say(&books, "desk", "calls", "north", "2017-12-05", 2, 7, "");
    say(&books, "desk", "staff", "north", "2017-12-05", 3, 30, "");
    do_close(&books, "2017-Q4");
    put_name(&books, 4, "Peru", true, "it has left");
    put_name(&books, 5, "Fiji", false, "");
    retract(&books, "desk", "calls", "north", "2017-12-05", 6, 2, "was of the 7th");
    say(&books, "desk", "calls", "north", "2017-12-07", 7, 7, "was of the 7th");
    say(&books, "desk", "staff", "north", "2017-12-09", 8, 30, "the same, from the payroll");
    say(&books, "desk", "calls", "north", "2018-01-07", 9, 1, "of another quarter");
    expect_moves(&books, "nets", "2017-Q4", 1, 1, nets, 1);
    expect_moves(&books, "calls", "2017-Q4", 7, 7, calls, 1);
    expect_moves(&books, "staff", "2017-Q4", 30, 30, staff, 1);
    books_destroy(&books);
}

static void a_ratio_moves_for_the_reasons_of_its_operands(void **state) {
    (void)state;
    static const struct wanted_move rate[] = {{"", "came later; was no call; forgotten", 300}};
    struct books books;
    books_new(&books, "2018-05-05");
    say(&books, "desk", "calls", "north", "2017-12-05", 1, 7, "");
    say(&books, "desk", "staff", "north", "2017-12-05", 2, 10, "");
    do_close(&books, "2017-Q4");
    retract(&books, "desk", "calls", "north", "2017-12-05", 3, 1, "was no call");
    say(&books, "desk", "calls", "north", "2017-12-06", 4, 4, "forgotten");
    books_count(&books, "a@1", "north", "2017-12-06", 6);
    expect_moves(&books, "rate", "2017-Q4", 700, 1000, rate, 1);
    books_destroy(&books);
}

static void moves_stand_in_order_of_time(void **state) {
    (void)state;
    static const struct wanted_move calls[] = {
        {"desk", "forgotten", 3}, {"a@1", "wrong list", -4}, {"b@1", "came later", 5}, {"desk", "late", 2}};
    struct books books;
    struct fault why;
    books_new(&books, "2018-05-05");
    books_count(&books, "a@1", "north", "2017-12-05", 4);
    do_close(&books, "2017-Q4");
    books_turn(&books, "2018-05-06");
    say(&books, "desk", "calls", "north", "2017-12-06", 1, 3, "forgotten");
    books_turn(&books, "2018-05-07");
    assert_int_equal(books_withdraw(&books, "a@1", "2017-12", "2017-12", "wrong list", &why), 0);
    books_turn(&books, "2018-05-08");
    books_count(&books, "b@1", "north", "2017-12-05", 5);
    books_turn(&books, "2018-05-09");
    say(&books, "desk", "calls", "north", "2017-12-04", 2, 2, "late");
    expect_moves(&books, "calls", "2017-Q4", 4, 10, calls, 4);
    books_destroy(&books);
}

/* Of many vintages the last ones are told as one. */
static void what_moved_on_many_days_still_adds_up(void **state) {
    (void)state;
    struct books books;
    struct explained explained;
    struct message_move_row move;
    char name[16];
    struct entry entry = {.id = 1, .recorded = 1, .done = ENTRY_NO_DAY, .name = STR("Peru")};
    books_new(&books, "2018-02-05");
    books_say(&books, "desk", "nets", NULL, "2017-12-01", &entry);
    do_close(&books, "2017-Q4");
    for (uint64_t i = 2; i <= 71; i++) {
        books.now += CIVIL_DAY_SECONDS;
        (void)snprintf(name, sizeof name, "n%d", (int)i);
        entry.id = i;
        entry.name = str_of(name);
        books_say(&books, "desk", "nets", NULL, "2017-12-01", &entry);
    }
    struct message_explanation *told = explain(&books, "nets", "2017-Q4", NULL, &explained);
    assert_int_equal(told->figure.value, 71);
    assert_int_equal(told->figure.reported, 1);
    assert_int_equal(told->move_count, 64);
    for (uint32_t i = 0; i < told->move_count; i++) {
        message_next_move(told, &move);
        assert_int_equal(move.difference, i == 63 ? 7 : 1);
    }
    assert_int_equal(move.at, books.now);
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

/* Puts many entries at once, from `id` on. */
static void say_many(struct books *books, const char *indicator, const struct entry *like, size_t count) {
    struct store_write *write;
    struct name_found series;
    uint32_t source;
    struct entry entry = *like;
    assert_int_equal(
        catalogue_series(books->room.catalogue, str_of(indicator), &(struct dims){0}, &series, NULL), 0);
    assert_int_equal(catalogue_source(books->room.catalogue, STR("desk"), &source, NULL), 0);
    struct wire_writer *value;
    wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
    int err;
    assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
    books_put_names(books, write);
    assert_int_equal(store_commit(&write, NULL), 0);
    do { /* until the store has made room */
        assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
        err = store_stamp(write, books->now, NULL);
        for (size_t i = 0; i < count && err == 0; i++) {
            entry.id = like->id + i;
            wire_writer_reset(value);
            cell_entry_encode(value, books_noon("2018-01-05"), &entry);
            err = store_put_entry(write, series.number, books_day("2018-01-05"), source, entry.id,
                                  (struct str){(const char *)wire_writer_data(value), wire_writer_len(value)},
                                  NULL);
        }
        if (err == 0)
            err = store_commit(&write, NULL);
        else
            store_abort(&write);
    } while (err == -EAGAIN);
    assert_int_equal(err, 0);
    wire_writer_destroy(&value);
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

static void what_moved_has_one_row_for_each_cause(void **state) {
    (void)state;
    enum { MANY = MESSAGE_EXPLAINED_MAX + 904, CAUSES = 600, REASON = 2000 };
    static const struct wanted_move moves[] = {{"desk", "all wrong", -MANY}};
    struct books books;
    struct explained explained;
    struct fault why;
    char reason[REASON + 1];
    struct entry entry = {.id = 1, .recorded = 1, .done = ENTRY_NO_DAY, .title = STR("Paper")};
    books_new(&books, "2018-02-05");
    say_many(&books, "papers", &entry, MANY);
    do_close(&books, "2018-01");
    assert_int_equal(books_withdraw(&books, "desk", "2018", "2018", "all wrong", &why), 0);
    expect_moves(&books, "papers", "2018-01", MANY, 0, moves, 1);

    for (uint64_t i = 0; i < CAUSES; i++) { /* more than there is room for */
        (void)snprintf(reason, sizeof reason, "%0*d", REASON, (int)i);
        entry.id = MANY + 1 + i;
        entry.reason = str_of(reason);
        say_many(&books, "papers", &entry, 1);
    }
    struct message_explanation *told = explain(&books, "papers", "2018-01", NULL, &explained);
    struct message_move_row move;
    int64_t sum = 0;
    assert_true(told->move_count > 100 && told->move_count < CAUSES);
    for (uint32_t i = 0; i < told->move_count; i++) {
        message_next_move(told, &move);
        sum += move.difference;
    }
    assert_true(books_is(move.what, "and all the rest"));
    assert_int_equal(told->figure.reported + sum, CAUSES);
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

/* ---- any history ---- */

static uint64_t seed;

static uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static const char *const regions[] = {"north", "south"};
static const char *const sources[] = {"a@1", "b@1", "desk"};

static void say_something(struct books *books, uint64_t id) {
    char day[PERIOD_TEXT_MAX];
    int32_t when = books_day("2017-09-01") + (int32_t)draw(160);
    const char *source = sources[draw(3)], *region = regions[draw(2)];
    struct entry entry = {.id = id, .recorded = (int64_t)draw(5), .done = ENTRY_NO_DAY};
    (void)period_print(&(struct period){PERIOD_DAY, when, when}, day);
    bool again = id > 3 && draw(4) == 0;
    if (again)
        entry.id = draw(id - 1) + 1; /* the same id, perhaps in the same series */
    if (id > 3 && draw(4) == 0) {
        entry.retracts = draw(id - 1) + 1;
        entry.reason = STR("mistaken");
    }
    entry.has_value = entry.retracts == 0;
    entry.value = entry.has_value ? (int64_t)draw(50) : 0;
    switch (draw(7)) {
    case 0:
        books_count(books, source, region, day, (int64_t)draw(100));
        break;
    case 1:
        meet(books, source, day, draw(20), draw(5) + 1);
        break;
    case 2:
        books_say(books, source, "calls", region, day, &entry);
        break;
    case 3:
        books_say(books, source, "staff", region, day, &entry);
        break;
    case 4:
        books_say(books, source, "people", NULL, day, &entry);
        break;
    case 5:
        entry.done = entry.retracts ? ENTRY_NO_DAY : when;
        books_say(books, source, "visits", region, day, &entry);
        break;
    default:
        books_say(books, source, "papers", NULL, day, &entry);
        break;
    }
}

static void check_sum(struct books *books, const char *indicator, const char *period) {
    struct explained explained;
    struct message_explanation *told = explain(books, indicator, period, NULL, &explained);
    int64_t sum = told->figure.has_reported ? told->figure.reported : 0;
    for (uint32_t i = 0; i < told->move_count; i++) {
        struct message_move_row move;
        message_next_move(told, &move);
        if (move.difference == 0 && books_is(move.what, "came later"))
            fail_msg("nothing came later");
        sum += move.difference;
    }
    if (sum != told->figure.value)
        fail_msg("%s of %s is %d, not %d as reported and %u moves, %d in all", indicator, period,
                 (int)told->figure.value, (int)told->figure.reported, told->move_count, (int)sum);
    assert_int_equal(told->figure.value == 0 ? 0 : books_value(books, indicator, period, 0),
                     told->figure.value);
    frames_destroy(&explained.answer);
}

static void reported_and_moves_make_what_is_known(void **state) {
    (void)state;
    static const char *const indicators[] = {"calls", "people", "staff", "visits", "papers", "rate"};
    static const char *const periods[] = {"2017", "2017-Q4", "2017-12"};
    struct books books;
    struct fault why;
    const char *given = getenv("SUIVI_TEST_SEED");
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;
    (void)printf("seed: SUIVI_TEST_SEED=%llu\n", (unsigned long long)seed);
    seed |= 1;
    books_new(&books, "2018-05-05");
    for (uint64_t id = 1; id <= 400; id++) {
        if (id == 120 || id == 200 || id == 202)
            do_close(&books, periods[id % 3]);
        if (draw(25) == 0)
            (void)books_withdraw(&books, sources[draw(3)], draw(2) ? "2017-11" : "2017-01",
                                 draw(2) ? "2017-12" : "2018", "wrong", &why);
        if (draw(20) == 0)
            books.now += CIVIL_DAY_SECONDS;
        say_something(&books, id);
        if (id > 120 && draw(20) == 0)
            check_sum(&books, indicators[draw(6)], periods[draw(3)]);
    }
    for (size_t i = 0; i < 6; i++)
        for (size_t p = 0; p < 3; p++)
            check_sum(&books, indicators[i], periods[p]);
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

/* When it came is not guessed. */
static void a_move_of_no_known_day_is_no_move(void **state) {
    (void)state;
    static const uint8_t number[] = {0, 0, 0, 2};
    struct books books;
    struct explained told;
    struct fault why = {""};
    struct store_write *write;
    books_new(&books, "2018-05-01");
    books_count(&books, "a@1", "north", "2018-01-05", 7);
    meet(&books, "a@1", "2018-01-05", 1, 3);
    do_close(&books, "2018-Q1");
    books_turn(&books, "2018-05-02");
    books_count(&books, "a@1", "north", "2018-01-06", 2);
    meet(&books, "a@1", "2018-01-06", 4, 3);
    assert_int_equal(store_begin(books.room.store, &write, NULL), 0);
    assert_int_equal(store_put_row(write, STORE_VINTAGES, (struct str){(const char *)number, sizeof number},
                                   STR("damaged"), NULL),
                     0);
    assert_int_equal(store_commit(&write, NULL), 0);
    assert_int_equal(try_explain(&books, "calls", "2018-Q1", NULL, &told, &why), -EBADMSG);
    assert_int_equal(try_explain(&books, "people", "2018-Q1", NULL, &told, &why), -EBADMSG);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_is_what_its_sources_gave),
        cmocka_unit_test(sets_are_told_by_how_many_there_are),
        cmocka_unit_test(entries_come_with_what_became_of_them),
        cmocka_unit_test(refusals_versions_operands_and_closings_are_told),
        cmocka_unit_test(what_cannot_be_explained_is_said),
        cmocka_unit_test(numbers_moved_by_what_came_later),
        cmocka_unit_test(other_kinds_moved_too),
        cmocka_unit_test(what_moved_on_many_days_still_adds_up),
        cmocka_unit_test(a_correction_that_moves_nothing_is_told),
        cmocka_unit_test(a_ratio_moves_for_the_reasons_of_its_operands),
        cmocka_unit_test(moves_stand_in_order_of_time),
        cmocka_unit_test(what_has_no_room_is_counted),
        cmocka_unit_test(what_moved_has_one_row_for_each_cause),
        cmocka_unit_test(reported_and_moves_make_what_is_known),
        cmocka_unit_test(coverage_is_of_collectors),
        cmocka_unit_test(a_move_of_no_known_day_is_no_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
