/* What moved after it was reported: that and what moved make what is known. */
#include "tests/unit/explaining.h"

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
                                               {"b@1", "came later", 1000}, /* came and went */
                                               {"b@1", "counted the wrong list", -1100},
                                               {"b@1", "came later", 90},
                                               {"desk", "forgotten", 3},
                                               {"desk", "was no call", -7}};
    struct books books;
    struct fault why;
    books_new(&books, "2018-03-05");
    books_count(&books, "a@1", "north", "2018-02-05", 4);
    books_count(&books, "b@1", "south", "2018-02-05", 100);
    say(&books, "desk", "calls", "north", "2018-02-05", 1, 7, "");
    do_close(&books, "2018-02");
    expect_moves(&books, "calls", "2018-02", 111, 111, NULL, 0);
    books_count(&books, "a@1", "north", "2018-02-06", 11);
    books_count(&books, "b@1", "south", "2018-02-07", 1000);
    assert_int_equal(books_withdraw(&books, "b@1", "2018-02", "2018-02", "counted the wrong list", &why), 0);
    books_count(&books, "b@1", "south", "2018-02-05", 90);
    books_count(&books, "b@1", "south", "2018-03-01", 9999);
    retract(&books, "desk", "calls", "north", "2018-02-05", 2, 1, "was no call");
    say(&books, "desk", "calls", "north", "2018-02-20", 3, 3, "forgotten");
    expect_moves(&books, "calls", "2018-02", 111, 108, moves, 6);
    books_destroy(&books);
}

static void other_kinds_moved_too(void **state) {
    (void)state;
    static const struct wanted_move staff[] = {{"desk", "came later", 5}, {"other", "not ours", -20}},
                                    people[] = {{"a@1", "came later", 2}, {"desk", "one came twice", -1}},
                                    nets[] = {{"desk", "came later", 1}},
                                    audit[] = {{"desk", "came later", 1}},
                                    papers[] = {{"desk", "came later", 1}, {"desk", "was another year", -1}},
                                    rate[] = {{"a@1", "came later", 1140},
                                              {"desk", "came later", -111},
                                              {"other", "not ours", 634}};
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
    do_close(&books, "2017-12");
    do_close(&books, "2017-Q4");
    do_close(&books, "2017");

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
    expect_moves(&books, "rate", "2017-Q4", 80, 1743, rate, 3);

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
    static const struct wanted_move nets[] = {{"desk", "came later", 1}, {"desk", "it has left", -1}},
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
    expect_moves(&books, "nets", "2017-Q4", 1, 1, nets, 2);
    expect_moves(&books, "calls", "2017-Q4", 7, 7, calls, 1);
    expect_moves(&books, "staff", "2017-Q4", 30, 30, staff, 1);
    books_destroy(&books);
}

static void a_ratio_moves_for_the_reasons_of_its_operands(void **state) {
    (void)state;
    static const struct wanted_move rate[] = {
        {"a@1", "came later", 600}, {"desk", "forgotten", 400}, {"desk", "was no call", -700}};
    struct books books;
    books_new(&books, "2018-05-05");
    say(&books, "desk", "calls", "north", "2017-12-05", 1, 7, "");
    say(&books, "desk", "staff", "north", "2017-12-05", 2, 10, "");
    do_close(&books, "2017-Q4");
    retract(&books, "desk", "calls", "north", "2017-12-05", 3, 1, "was no call");
    say(&books, "desk", "calls", "north", "2017-12-06", 4, 4, "forgotten");
    books_count(&books, "a@1", "north", "2017-12-06", 6);
    expect_moves(&books, "rate", "2017-Q4", 700, 1000, rate, 3);
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

/* What came before a withdrawal in one vintage is not told to be taken back by it when it took nothing of the figure. */
static void a_withdrawal_of_other_things_is_no_reason(void **state) {
    (void)state;
    static const struct wanted_move later[] = {{"a@1", "came later", 2}};
    struct books books;
    struct fault why;
    books_new(&books, "2018-05-05");
    meet(&books, "a@1", "2018-01-10", 1, 3);
    books_count(&books, "a@1", "north", "2018-02-05", 4);
    do_close(&books, "2018-Q1");
    books_turn(&books, "2018-05-06");
    meet(&books, "a@1", "2018-03-10", 11, 2);
    assert_int_equal(books_withdraw(&books, "a@1", "2018-02", "2018-02", "wrong calls", &why), 0);
    expect_moves(&books, "people", "2018-Q1", 3, 5, later, 1);
    books_destroy(&books);
}

static void what_moved_on_many_days_is_told_day_by_day(void **state) {
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
    assert_int_equal(told->move_count, 70);
    for (uint32_t i = 0; i < told->move_count; i++) {
        message_next_move(told, &move);
        assert_int_equal(move.difference, 1);
        assert_true(books_is(move.what, "came later"));
        assert_int_equal(move.at, books.now - (int64_t)(69 - i) * CIVIL_DAY_SECONDS);
    }
    frames_destroy(&explained.answer);
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

/* Each retracts the one before, for a reason of its own: with each all of them are to be weighed anew. */
static void what_is_too_much_work_is_told_as_one(void **state) {
    (void)state;
    enum { CHAIN = 4200 };
    struct books books;
    struct explained explained;
    struct message_move_row move;
    struct store_write *write;
    struct name_found series;
    uint32_t source;
    char reason[16];
    struct entry entry = {.id = 1, .recorded = 1, .done = ENTRY_NO_DAY, .title = STR("Paper")};
    books_new(&books, "2018-02-05");
    say_many(&books, "papers", &entry, 1);
    do_close(&books, "2018-01");
    assert_int_equal(catalogue_series(books.room.catalogue, STR("papers"), &(struct dims){0}, &series, NULL),
                     0);
    assert_int_equal(catalogue_source(books.room.catalogue, STR("desk"), &source, NULL), 0);
    assert_int_equal(store_begin(books.room.store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, books.now, NULL), 0);
    for (uint64_t i = 1; i < CHAIN; i++) {
        (void)snprintf(reason, sizeof reason, "no %d", (int)i);
        entry = (struct entry){.id = i + 1, .recorded = (int64_t)i, .done = ENTRY_NO_DAY, .retracts = i};
        entry.reason = str_of(reason);
        books_put(write, series.number, source, &(struct books_event){.day = "2018-01-05", .entry = &entry});
    }
    assert_int_equal(store_commit(&write, NULL), 0);
    struct message_explanation *told = explain(&books, "papers", "2018-01", NULL, &explained);
    int64_t value = told->figure.reported;
    assert_int_equal(value, 1);
    assert_int_equal(told->figure.value, 0);
    assert_in_range(told->move_count, 100, CHAIN / 2);
    for (uint32_t i = 0; i < told->move_count; i++) {
        message_next_move(told, &move);
        value += move.difference;
        assert_int_equal(value, i + 1 == told->move_count ? 0 : i % 2);
    }
    assert_true(books_is(move.what, "and all the rest"));
    assert_int_equal(told->more, CHAIN - told->move_count + CHAIN - told->entry_count);
    frames_destroy(&explained.answer);
    books_destroy(&books);
}

static const char beside[] =
    "name: beside\n"
    "title: {en: Beside}\n"
    "plan: 2016/2020\n"
    "languages: [en]\n"
    "indicators:\n"
    "  - {id: people, kind: distinct, frequency: month, label: {en: People},"
    " firsts: {day: first.day, quarter: first.quarter}}\n"
    "  - {id: first.day, kind: count, frequency: day, label: {en: First of the day}}\n"
    "  - {id: first.quarter, kind: count, frequency: quarter, label: {en: First of the quarter}}\n";

static void tell_firsts(struct books *books, const char *indicator, const char *day, int64_t number) {
    books_tell(books,
               &(struct books_event){.source = "b@1", .indicator = indicator, .day = day, .number = number});
}

static void hold(struct books *books, const char *indicator, const char *day, uint64_t id, int64_t figure,
                 const char *reason) {
    books_say(books, "desk", indicator, NULL, day,
              &(struct entry){.id = id,
                              .recorded = books->now,
                              .holds = true,
                              .value = figure,
                              .done = ENTRY_NO_DAY,
                              .reason = str_of(reason)});
}

/* A window is nothing when days that hold take more than its sets and its firsts have; what comes later is first to make up
 * for that. */
static void firsts_move_the_window_of_the_sets(void **state) {
    (void)state;
    static const struct wanted_move moves[] = {{"desk", "so says the list", -6}, {"desk", "was closed", -1},
                                               {"b@1", "came later", 3},         {"b@1", "came later", 2},
                                               {"desk", "all were known", -2},   {"b@1", "wrong log", -3}};
    struct books books;
    struct fault why;
    books_new(&books, "2018-05-01");
    books_plan(&books, beside);
    meet(&books, "a@1", "2018-01-05", 1, 3);
    meet(&books, "a@1", "2018-01-06", 1, 3);
    tell_firsts(&books, "first.day", "2018-01-05", 4);
    tell_firsts(&books, "first.quarter", "2018-01-05", 4);
    do_close(&books, "2018-Q1");
    books_turn(&books, "2018-05-02");
    hold(&books, "people", "2018-01-05", 1, 1, "so says the list");
    books_turn(&books, "2018-05-03");
    hold(&books, "people", "2018-01-06", 2, 0, "was closed"); /* 3 + 4 - 6 - 3 */
    books_turn(&books, "2018-05-04");
    tell_firsts(&books, "first.quarter", "2018-01-20", 5);
    books_turn(&books, "2018-05-05");
    tell_firsts(&books, "first.quarter", "2018-02-10", 2); /* of another window */
    books_turn(&books, "2018-05-06");
    hold(&books, "first.quarter", "2018-02-10", 3, 0, "all were known");
    books_turn(&books, "2018-05-07");
    assert_int_equal(books_withdraw(&books, "b@1", "2018-01-20", "2018-01-20", "wrong log", &why), 0);
    expect_moves(&books, "people", "2018-Q1", 7, 0, moves, 6);
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
        cmocka_unit_test(numbers_moved_by_what_came_later),
        cmocka_unit_test(other_kinds_moved_too),
        cmocka_unit_test(a_correction_that_moves_nothing_is_told),
        cmocka_unit_test(a_ratio_moves_for_the_reasons_of_its_operands),
        cmocka_unit_test(moves_stand_in_order_of_time),
        cmocka_unit_test(a_withdrawal_of_other_things_is_no_reason),
        cmocka_unit_test(what_moved_on_many_days_is_told_day_by_day),
        cmocka_unit_test(what_moved_has_one_row_for_each_cause),
        cmocka_unit_test(what_is_too_much_work_is_told_as_one),
        cmocka_unit_test(firsts_move_the_window_of_the_sets),
        cmocka_unit_test(a_move_of_no_known_day_is_no_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
