/* Closing and withdrawing, and that rows of months stay what the days make them. */
#include "tests/unit/books.h"

#include <time.h>

#include "daemon/figures/closings.h"

static void do_close(struct books *books, const char *period) {
    struct fault why = {""};
    if (books_close(books, period, "", &why) != 0)
        fail_msg("%s", why.text);
}

static void do_withdraw(struct books *books, const char *source, const char *from, const char *to) {
    struct fault why = {""};
    if (books_withdraw(books, source, from, to, "counted twice", &why) != 0)
        fail_msg("%s", why.text);
}

static void say_number(struct books *books, const char *indicator, const char *region, const char *day,
                       uint64_t id, int64_t value) {
    books_say(
        books, "desk", indicator, region, day,
        &(struct entry){.id = id, .recorded = 1, .has_value = true, .value = value, .done = ENTRY_NO_DAY});
}

static void a_period_is_closed_once_and_when_it_is_over(void **state) {
    (void)state;
    static const struct {
        const char *period, *part;
    } refused[] = {{"2018-Q1", "is not over: its last day is 2018-03-31, close it from 2018-04-01 on"},
                   {"2018-03-31", "is not over"},
                   {"2018-03-30", "is a day"},
                   {"2018", "is not over"},
                   {"2016/2020", "is not over"},
                   {"2001/2005", "is not the plan, which is 2016/2020"},
                   {"2015-Q4", "2015-Q4 is outside the plan, which is 2016/2020"},
                   {"0218", "0218 is outside the plan, which is 2016/2020"},
                   {"2018-3", "no period"},
                   {"", "no period"}};
    struct books books;
    struct fault why;
    struct wire_reader reader;
    struct message_closed closed;
    struct message_closing_row row;
    enum message_type type;
    books_new(&books, "2018-03-31");
    books_count(&books, "a@1", "north", "2018-03-05", 4);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(books_close(&books, refused[i].period, "", &why), -EINVAL);
        if (strstr(why.text, refused[i].part) == NULL)
            fail_msg("%s", why.text);
    }
    books_turn(&books, "2018-04-01");
    assert_int_equal(books_close(&books, "2018-Q1", "to \033]0;the donors", &why), -EINVAL);
    assert_string_equal(why.text, "the note has a control character: take it out");
    do_close(&books, "2018-Q1");
    wire_reader_init(&reader, wire_writer_data(books.reply), wire_writer_len(books.reply));
    assert_int_equal(message_open(&reader, &type, NULL), 0);
    assert_int_equal(type, MESSAGE_CLOSED);
    assert_int_equal(message_read_closed(&reader, &closed, NULL), 0);
    assert_int_equal(closed.id, 7);
    assert_true(closed.last);
    assert_int_equal(closed.row_count, 1);
    message_next_closed(&closed, &row);
    assert_true(books_is(row.period, "2018-Q1"));
    assert_int_equal(row.at, books.now);
    assert_int_equal(row.figures, 10); /* of nine indicators, calls for one region, too */

    char digest[13], wanted[80];
    (void)snprintf(digest, sizeof digest, "%.12s", row.digest.at);
    (void)snprintf(wanted, sizeof wanted, "2018-Q1 was closed on 2018-04-01 under %s", digest);
    books_turn(&books, "2018-06-01");
    assert_int_equal(books_close(&books, "2018-Q1", "", &why), -EINVAL);
    if (strstr(why.text, wanted) == NULL)
        fail_msg("%s", why.text);
    (void)snprintf(wanted, sizeof wanted, "2018-03 was closed with 2018-Q1 on 2018-04-01 under %.8s", digest);
    assert_int_equal(books_close(&books, "2018-03", "", &why),
                     -EINVAL); /* what was reported of it stays, too */
    if (strstr(why.text, wanted) == NULL)
        fail_msg("%s", why.text);
    do_close(&books, "2018-04");
    books_destroy(&books);
}

/* What comes on the same day after it belongs to another vintage, and what was known is still known. */
static void an_act_ends_the_vintage(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-04-01");
    books_count(&books, "a@1", "north", "2018-03-05", 4);
    do_close(&books, "2018-Q1");
    books_count(&books, "a@1", "north", "2018-03-05", 40);
    do_withdraw(&books, "a@1", "2018-03-01", "2018-03");
    books_count(&books, "a@1", "north", "2018-03-06", 400);
    assert_int_equal(books_value(&books, "calls", "2018-Q1", 1), 4);
    assert_int_equal(books_value(&books, "calls", "2018-Q1", 2), INT64_MIN);
    assert_int_equal(books_value(&books, "calls", "2018-Q1", 3), 400);
    assert_int_equal(books_value(&books, "calls", "2018-Q1", 0), 400);
    books_destroy(&books);
}

static void a_withdrawal_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *source, *from, *to, *reason, *part;
    } refused[] = {{"c@1", "2018", "2018", "why", "no source \"c@1\""},
                   {"a@1", "2018-02", "2018-01", "why", "before they begin"},
                   {"a@1", "2018", "2018", "", "needs a reason"},
                   {"a@1", "2018", "2018", " \n", "needs a reason"},
                   {"a@1", "2018", "2018", "wrong \033[2Jlog", "the reason has a control character"},
                   {"a@1", "2018", "2018", "wrong\xc2\x9blog", "the reason has a control character"},
                   {"a@1", "2017", "2017", "why", "nothing that counts came from a@1"},
                   {"a@1", "20", "2017", "why", "no period"},
                   {"a@1", "2017", "yesterday", "why", "no period"}};
    struct books books;
    struct fault why;
    books_new(&books, "2018-04-01");
    books_count(&books, "a@1", "north", "2018-03-05", 4);
    books_count(&books, "b@1", "north", "2017-03-05", 4);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(books_withdraw(&books, refused[i].source, refused[i].from, refused[i].to,
                                        refused[i].reason, &why),
                         -EINVAL);
        if (strstr(why.text, refused[i].part) == NULL)
            fail_msg("%s", why.text);
    }
    assert_int_equal(books_value(&books, "calls", "2018-03", 0), 4);
    do_withdraw(&books, "a@1", "2018", "2018");
    assert_int_equal(books_withdraw(&books, "a@1", "2018", "2018", "again", &why), -EINVAL);
    books_destroy(&books);
}

static void one_source_is_taken_back_and_counted_again(void **state) {
    (void)state;
    static const uint64_t members[] = {1, 2, 3, 4, 5};
    struct books books;
    struct wire_reader reader;
    struct message_withdrawn withdrawn;
    enum message_type type;
    books_new(&books, "2018-04-01");
    for (int i = 0; i < 2; i++) {
        const char *source = i ? "b@1" : "a@1";
        books_count(&books, source, "north", "2018-01-31", 1);
        books_count(&books, source, "north", "2018-02-01", 10);
        books_count(&books, source, "south", "2018-02-28", 100);
        books_count(&books, source, "south", "2018-03-01", 1000);
        books_tell(&books, &(struct books_event){source, "people", NULL, NULL, "2018-01-31", 0, members + i,
                                                 2, NULL});
        books_tell(&books, &(struct books_event){source, "people", NULL, NULL, "2018-02-10", 0,
                                                 members + 2 * i, 3, NULL});
    }
    say_number(&books, "staff", "north", "2018-02-01", 1, 9);
    do_withdraw(&books, "a@1", "2018-01-31", "2018-02-01");

    wire_reader_init(&reader, wire_writer_data(books.reply), wire_writer_len(books.reply));
    assert_int_equal(message_open(&reader, &type, NULL), 0);
    assert_int_equal(type, MESSAGE_WITHDRAWN);
    assert_int_equal(message_read_withdrawn(&reader, &withdrawn, NULL), 0);
    assert_int_equal(withdrawn.id, 8);
    assert_int_equal(withdrawn.figures, 3);
    assert_true(books_is(withdrawn.source, "a@1"));
    assert_true(books_is(withdrawn.first, "2018-01-31"));
    assert_true(books_is(withdrawn.last, "2018-02-01"));

    assert_int_equal(books_value(&books, "calls", "2018-01", 0), 1);
    assert_int_equal(books_value(&books, "calls", "2018-02", 0), 210);
    assert_int_equal(books_value(&books, "calls", "2018-03", 0), 2000);
    assert_int_equal(books_value(&books, "people", "2018-01", 0), 2);
    assert_int_equal(books_value(&books, "people", "2018-02", 0), 5);
    assert_int_equal(books_value(&books, "calls", "2018-Q1", 1), 2211); /* a vintage ends with it */

    books_count(&books, "a@1", "north", "2018-02-01", 7);
    assert_int_equal(books_value(&books, "calls", "2018-02", 0), 217);
    do_withdraw(&books, "desk", "2016", "2020");
    assert_int_equal(books_value(&books, "staff", "2018-Q1", 0), INT64_MIN);
    say_number(&books, "staff", "north", "2018-02-01", 1, 8);
    assert_int_equal(books_value(&books, "staff", "2018-Q1", 0), 8);
    books_destroy(&books);
}

/* Series whose indicator the plan has no more keep their rows of months, too. */
static void what_the_plan_has_no_more_is_refolded_too(void **state) {
    (void)state;
    static const char without[] = "name: t\nplan: 2016/2020\nindicators:\n"
                                  "  - {id: other, kind: count, frequency: month, label: {en: Other}}\n";
    struct books books;
    books_new(&books, "2018-04-01");
    books_count(&books, "a@1", "north", "2018-02-01", 1);
    books_count(&books, "a@1", "north", "2018-02-05", 10);
    books_plan(&books, without);
    do_withdraw(&books, "a@1", "2018-02-01", "2018-02-01");
    books_plan(&books, books_framework);
    assert_int_equal(books_value(&books, "calls", "2018-02", 0), 10);
    books_destroy(&books);
}

/* The row of the closing alone is larger than what the store had room for. */
static void a_closing_makes_room(void **state) {
    (void)state;
    enum { LISTS = 30000 };
    struct books books;
    struct store_write *write;
    struct store_snapshot *snapshot;
    struct closings *closings;
    struct closing_figure figure;
    uint32_t source;
    books_new(&books, "2018-04-01");
    books_plan(&books,
               "name: t\nplan: 2016/2020\ndimensions: [{name: list}]\nindicators:\n"
               "  - {id: posts, kind: count, frequency: month, dimensions: [list], label: {en: P}}\n");
    assert_int_equal(catalogue_source(books.room.catalogue, STR("a@1"), &source, NULL), 0);
    for (uint32_t done = 0; done < LISTS;) { /* by few, so that the map grows with them and not far past */
        assert_int_equal(store_begin(books.room.store, &write, NULL), 0);
        assert_int_equal(store_stamp(write, books.now, NULL), 0);
        int err = 0;
        uint32_t end = done + 500;
        for (uint32_t i = done; i < end && err == 0; i++) {
            char name[48];
            struct dims dims = {0};
            struct name_found series;
            (void)snprintf(name, sizeof name, "list-of-a-longer-name-%05u", i);
            assert_int_equal(dims_add(&dims, STR("list"), str_of(name), NULL), 0);
            assert_int_equal(catalogue_series(books.room.catalogue, STR("posts"), &dims, &series, NULL), 0);
            err = store_add(write, STORE_DAYS, series.number, books_day("2018-03-05"), source, i, NULL);
            if (err == 0)
                err = store_add(write, STORE_MONTHS, series.number,
                                civil_month_of_day(books_day("2018-03-05")), source, i, NULL);
        }
        if (err == 0)
            err = store_commit(&write, NULL);
        else
            store_abort(&write);
        assert_true(err == 0 || err == -EAGAIN);
        done = err == 0 ? end : done;
    }
    do_close(&books, "2018-Q1");
    assert_true(books.anew > 0);
    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    assert_int_equal(closings_load(&closings, snapshot, NULL), 0);
    assert_int_equal(closings_at(closings, 0)->figure_count, LISTS + 1);
    for (uint32_t i = 0; i < LISTS; i += 777) {
        char name[32];
        struct dims dims = {0};
        (void)snprintf(name, sizeof name, "list-of-a-longer-name-%05u", i);
        assert_int_equal(dims_add(&dims, STR("list"), str_of(name), NULL), 0);
        assert_int_equal(closing_find(closings_at(closings, 0), STR("posts"), &dims, &figure, NULL), 0);
        assert_int_equal(figure.value, i);
    }
    closings_destroy(&closings);
    store_snapshot_close(&snapshot);
    books_destroy(&books);
}

/* ---- any history ---- */

enum { FACTS = 600, SOURCES = 3, DAYS = 150, MEMBERS = 40 };

struct fact {
    size_t source;
    int32_t day;
    bool is_set, withdrawn;
    int64_t number;
    uint64_t member[3];
};

static uint64_t seed;

static uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static const char *const sources[SOURCES] = {"a@1", "b@1", "c@1"};

static const char *print_day(int32_t day, char text[static PERIOD_TEXT_MAX]) {
    return period_print(&(struct period){PERIOD_DAY, day, day}, text);
}

static void tell_fact(struct books *books, struct fact *fact) {
    char day[PERIOD_TEXT_MAX];
    *fact = (struct fact){.source = draw(SOURCES), .is_set = draw(2)};
    fact->day = books_day("2017-11-01") + (int32_t)draw(DAYS);
    fact->number = (int64_t)draw(1000);
    for (size_t i = 0; i < 3; i++)
        fact->member[i] = draw(MEMBERS) * 0x9e3779b97f4a7c15u;
    struct books_event event = {.source = sources[fact->source],
                                .indicator = fact->is_set ? "people" : "calls",
                                .day = print_day(fact->day, day),
                                .number = fact->number};
    if (fact->is_set) {
        event.member = fact->member;
        event.member_count = 3;
    } else {
        event.dim = "region";
        event.value = draw(2) ? "north" : "south";
    }
    books_tell(books, &event);
}

static void withdraw_some(struct books *books, struct fact *fact, size_t count) {
    char from[PERIOD_TEXT_MAX], to[PERIOD_TEXT_MAX];
    size_t source = draw(SOURCES), taken = 0;
    int32_t first = books_day("2017-11-01") + (int32_t)draw(DAYS), last = first + (int32_t)draw(50);
    struct fault why;
    for (size_t i = 0; i < count; i++) {
        if (fact[i].source != source || fact[i].day < first || fact[i].day > last || fact[i].withdrawn)
            continue;
        fact[i].withdrawn = true;
        taken++;
    }
    int err = books_withdraw(books, sources[source], print_day(first, from), print_day(last, to), "so", &why);
    assert_int_equal(err, taken ? 0 : -EINVAL);
}

static int64_t sum_of(const struct fact *fact, size_t count, const struct period *period) {
    int64_t sum = INT64_MIN;
    for (size_t i = 0; i < count; i++)
        if (!fact[i].is_set && !fact[i].withdrawn && period_contains(period, fact[i].day))
            sum = (sum == INT64_MIN ? 0 : sum) + fact[i].number;
    return sum;
}

static int64_t different_in(const struct fact *fact, size_t count, const struct period *period) {
    bool there[MEMBERS] = {false}, any = false;
    int64_t different = 0;
    for (size_t i = 0; i < count; i++) {
        if (!fact[i].is_set || fact[i].withdrawn || !period_contains(period, fact[i].day))
            continue;
        any = true;
        for (size_t k = 0; k < 3; k++)
            for (size_t m = 0; m < MEMBERS; m++)
                if (fact[i].member[k] == m * 0x9e3779b97f4a7c15u)
                    there[m] = true;
    }
    for (size_t m = 0; m < MEMBERS; m++)
        different += there[m];
    return any ? different : INT64_MIN;
}

/* The store finds its rows of months right, and they make the right figures. */
static void compare(struct books *books, const struct fact *fact, size_t count) {
    struct period month = period_of_day(PERIOD_MONTH, books_day("2017-11-01"), NULL);
    char text[PERIOD_TEXT_MAX];
    for (int i = 0; i < 6; i++, (void)period_next(&month)) {
        (void)period_print(&month, text);
        assert_int_equal(books_value(books, "calls", text, 0), sum_of(fact, count, &month));
        assert_int_equal(books_value(books, "people", text, 0), different_in(fact, count, &month));
    }
}

static void months_stay_what_the_days_make_them(void **state) {
    (void)state;
    static struct fact fact[FACTS];
    struct books books;
    const char *given = getenv("SUIVI_TEST_SEED");
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;
    (void)printf("seed: SUIVI_TEST_SEED=%llu\n", (unsigned long long)seed);
    seed |= 1;
    books_new(&books, "2018-06-01");
    for (size_t i = 0; i < FACTS; i++) {
        if (i && draw(15) == 0) {
            withdraw_some(&books, fact, i);
            compare(&books, fact, i);
        }
        if (draw(50) == 0)
            books.now += CIVIL_DAY_SECONDS;
        tell_fact(&books, &fact[i]);
    }
    compare(&books, fact, FACTS);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_period_is_closed_once_and_when_it_is_over),
        cmocka_unit_test(an_act_ends_the_vintage),
        cmocka_unit_test(a_withdrawal_that_makes_no_sense_is_refused),
        cmocka_unit_test(one_source_is_taken_back_and_counted_again),
        cmocka_unit_test(what_the_plan_has_no_more_is_refolded_too),
        cmocka_unit_test(a_closing_makes_room),
        cmocka_unit_test(months_stay_what_the_days_make_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
