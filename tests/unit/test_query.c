/* Figures against a slow, obvious fold of the same events: random batches, any order, several commits. */
#include "tests/unit/books.h"

#include <string.h>
#include <time.h>

#include "daemon/answers/query.h"
#include "daemon/books/definitions.h"
#include "proto/civil.h"

enum { EVENTS = 4000, MEMBERS = 300 };

static const char *const sites[] = {"a", "b", "c"};
static const char *const languages[] = {"en", "fr"};

struct fact {
    struct room_event event;
    uint64_t member[4];
};

static uint64_t seed;

static uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static void make_facts(struct fact *fact) {
    int64_t first = (int64_t)civil_to_day(2016, 11, 1) * CIVIL_DAY_SECONDS;
    for (size_t i = 0; i < EVENTS; i++) {
        struct room_event *event = &fact[i].event;
        *event = (struct room_event){.site = sites[draw(3)], .language = languages[draw(2)]};
        event->at = first + (int64_t)draw(500 * CIVIL_DAY_SECONDS);
        if (draw(2)) {
            event->indicator = "t.count";
            event->number = (int64_t)draw(20) - 5;
        } else {
            event->indicator = "t.distinct";
            event->member = fact[i].member;
            event->member_count = draw(5);
            for (size_t k = 0; k < event->member_count; k++)
                fact[i].member[k] = draw(MEMBERS) * 0x9e3779b97f4a7c15u;
        }
    }
}

static bool member_known(const uint64_t *known, size_t count, uint64_t member) {
    for (size_t i = 0; i < count; i++)
        if (known[i] == member)
            return true;
    return false;
}

/* The figure by its definition; *any says whether there is one. A distinct period longer than a month is the
 * sum of its months. */
static int64_t reference(const struct fact *fact, const char *indicator, const struct period *period,
                         const char *site, const char *language, bool *any) {
    static uint64_t known[EVENTS * 4];
    size_t known_count = 0;
    int64_t value = 0;
    int32_t step = period->first;
    *any = false;
    while (step <= period->last) {
        struct period part = *period;
        if (period->type > PERIOD_MONTH)
            part = period_of_day(PERIOD_MONTH, step, NULL);
        known_count = 0;
        for (size_t i = 0; i < EVENTS; i++) {
            const struct room_event *event = &fact[i].event;
            int32_t day;
            (void)civil_day_of_time(event->at, &day);
            if (strcmp(event->indicator, indicator) != 0 || !period_contains(&part, day) ||
                (site && strcmp(event->site, site) != 0) ||
                (language && strcmp(event->language, language) != 0))
                continue;
            *any = true;
            value += event->number;
            for (size_t k = 0; k < event->member_count; k++)
                if (!member_known(known, known_count, event->member[k]))
                    known[known_count++] = event->member[k];
        }
        value += (int64_t)known_count;
        step = part.last + 1;
    }
    return value;
}

/* Every figure of the answer equals the reference; and there are as many as the reference has. */
static void compare(struct room *room, const struct fact *fact, const char *indicator, const char *by,
                    size_t split, const char *where) {
    struct message_query query = {
        .pattern_count = 1, .pattern = {str_of(indicator)}, .by = str_of(by), .split_count = (uint32_t)split};
    if (split)
        query.split[0] = STR("site");
    if (where)
        assert_int_equal(dims_add(&query.where, STR("language"), str_of(where), NULL), 0);
    struct frames *answer;
    struct fault why = {""};
    if (query_run(&answer, &query, room->framework, room->catalogue, room->store, ROOM_NOW, &why) != 0)
        fail_msg("%s", why.text);
    size_t got = 0, wanted = 0;
    char before[PERIOD_TEXT_MAX + 8] = "";
    for (size_t i = 0; i < frames_count(answer); i++) {
        struct str frame = frames_at(answer, i);
        struct wire_reader reader;
        enum message_type message;
        struct message_figures figures;
        wire_reader_init(&reader, frame.at, frame.len);
        assert_int_equal(message_open(&reader, &message, NULL), 0);
        assert_int_equal(message_read_figures(&reader, &figures, NULL), 0);
        assert_int_equal(figures.last, i + 1 == frames_count(answer));
        for (uint32_t k = 0; k < figures.figure_count; k++, got++) {
            struct message_figure figure;
            struct period period;
            char site[8] = "", order[PERIOD_TEXT_MAX + 8];
            bool any;
            message_next_figure(&figures, &figure);
            assert_int_equal(period_parse(&period, figure.period, NULL), 0);
            if (split)
                (void)snprintf(site, sizeof site, "%.*s", STR_ARG(figure.dim[0]));
            assert_int_equal(figure.value,
                             reference(fact, indicator, &period, split ? site : NULL, where, &any));
            assert_true(any);
            (void)snprintf(order, sizeof order, "%.*s %s", STR_ARG(figure.period), site);
            assert_true(strcmp(before, order) < 0);
            memcpy(before, order, sizeof before);
        }
    }
    enum period_type type;
    assert_int_equal(period_type_parse(&type, str_of(by), NULL), 0);
    struct period period = period_of_day(type, civil_to_day(2016, 11, 1), framework_plan(room->framework));
    do {
        for (size_t s = 0; s < (split ? 3 : 1); s++) {
            bool any;
            (void)reference(fact, indicator, &period, split ? sites[s] : NULL, where, &any);
            wanted += any;
        }
    } while (period_next(&period) && period.first < civil_to_day(2018, 6, 1));
    assert_int_equal(got, wanted);
    frames_destroy(&answer);
}

static void every_figure_is_the_fold_of_its_events(void **state) {
    (void)state;
    static struct fact fact[EVENTS];
    static const char *const by[] = {"month", "quarter", "half", "year", "biennium", "plan"};
    static const char *const indicators[] = {"t.count", "t.distinct"};
    struct room room;
    const char *given = getenv("SUIVI_TEST_SEED");
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;
    (void)printf("seed: SUIVI_TEST_SEED=%llu\n", (unsigned long long)seed);
    seed |= 1;
    room_new(&room);
    make_facts(fact);

    static struct room_event batch[EVENTS];
    uint64_t seq[2] = {0, 0};
    for (size_t at = 0; at < EVENTS;) {
        size_t count = draw(200) + 1, which = draw(2);
        if (count > EVENTS - at)
            count = EVENTS - at;
        for (size_t i = 0; i < count; i++)
            batch[i] = fact[at + i].event;
        assert_int_equal(room_send(&room, which ? "x@1" : "y@2", "o", ++seq[which], batch, count),
                         INGEST_HOLD);
        at += count;
        if (draw(3) == 0)
            (void)room_commit(&room);
    }
    (void)room_commit(&room);
    room_leave(&room);
    room_enter(&room);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof by / sizeof *by; k++) {
            compare(&room, fact, indicators[i], by[k], 0, NULL);
            compare(&room, fact, indicators[i], by[k], 1, NULL);
            compare(&room, fact, indicators[i], by[k], 1, "fr");
        }
        compare(&room, fact, indicators[i], "day", 0, "en");
    }
    room_destroy(&room);
}

/* ---- one by one ---- */

/* A row of an answer as text: period, breakdown, value or state, what else is told. */
static void print_figure(const struct message_figure *figure, char *out, size_t room) {
    int len = snprintf(out, room, "%.*s", STR_ARG(figure->period));
    for (uint32_t i = 0; i < figure->dim_count; i++)
        len += snprintf(out + len, room - (size_t)len, " %.*s", STR_ARG(figure->dim[i]));
    if (figure->state == MESSAGE_STATE_VALUE)
        len += snprintf(out + len, room - (size_t)len, " %lld", (long long)figure->value);
    else
        len += snprintf(out + len, room - (size_t)len, " %s", message_state_name(figure->state));
    if (figure->decimals)
        len += snprintf(out + len, room - (size_t)len, " /10^%u", figure->decimals);
    if (figure->has_reported)
        len += snprintf(out + len, room - (size_t)len, " was %lld", (long long)figure->reported);
    if (figure->has_target)
        len += snprintf(out + len, room - (size_t)len, " of %lld", (long long)figure->target);
    if (figure->days)
        len += snprintf(out + len, room - (size_t)len, " %u/%u", figure->heard, figure->days);
    if (figure->note.len)
        (void)snprintf(out + len, room - (size_t)len, " (%.*s)", STR_ARG(figure->note));
}

/* All rows, joined by commas; or the error and its sentence. */
static void ask_books(struct books *books, const struct message_query *query, char out[static 4096]) {
    struct frames *answer = NULL;
    struct fault why = {""};
    size_t len = 0;
    out[0] = '\0';
    int err = query_run(&answer, query, books->room.framework, books->room.catalogue, books->room.store,
                        books->now, &why);
    if (err) {
        (void)snprintf(out, 4096, "%d: %s", err, why.text);
        return;
    }
    for (size_t i = 0; i < frames_count(answer); i++) {
        struct str frame = frames_at(answer, i);
        struct wire_reader reader;
        enum message_type type;
        struct message_figures figures;
        wire_reader_init(&reader, frame.at, frame.len);
        assert_int_equal(message_open(&reader, &type, NULL), 0);
        assert_int_equal(message_read_figures(&reader, &figures, NULL), 0);
        for (uint32_t k = 0; k < figures.figure_count; k++) {
            struct message_figure figure;
            char text[512];
            message_next_figure(&figures, &figure);
            print_figure(&figure, text, sizeof text);
            len += (size_t)snprintf(out + len, 4096 - len, "%s%s", len ? ", " : "", text);
            assert_in_range(len, 1, 4095);
        }
    }
    frames_destroy(&answer);
}

static void assert_answer(struct books *books, const struct message_query *query, const char *wanted) {
    char got[4096];
    ask_books(books, query, got);
    assert_string_equal(got, wanted);
}

#define QUERY(what, since, until, type, ...)                                                                 \
    &(struct message_query) {                                                                                \
        .pattern_count = 1, .pattern = {STR(what)}, .from = STR(since), .to = STR(until), .by = STR(type),   \
        __VA_ARGS__                                                                                          \
    }

#define BY_REGION .split_count = 1, .split = {STR("region")}

static struct dims in_region(const char *region) {
    struct dims dims = {0};
    assert_int_equal(dims_add(&dims, STR("region"), str_of(region), NULL), 0);
    return dims;
}

static void close_it(struct books *books, const char *period) {
    struct fault why = {""};
    if (books_close(books, period, "", &why) != 0)
        fail_msg("%s", why.text);
}

static void as_of_a_day_is_what_was_known_then(void **state) {
    (void)state;
    struct books books;
    struct fault why = {""};
    books_new(&books, "2018-04-02");
    books_count(&books, "a@1", "north", "2018-03-05", 7);
    books_say(&books, "desk", "staff", "north", "2018-01-20",
              &(struct entry){.id = 1, .recorded = 1, .has_value = true, .value = 4, .done = ENTRY_NO_DAY});
    books_turn(&books, "2018-04-05");
    books_count(&books, "a@1", "south", "2018-03-06", 5);
    books_turn(&books, "2018-05-10");
    assert_int_equal(books_withdraw(&books, "a@1", "2018-03-05", "2018-03-05", "twice", &why), 0);
    books_count(&books, "a@1", "north", "2018-03-05", 1);
    books_turn(&books, "2018-06-01");

    assert_answer(&books, QUERY("calls", "2018-03", "2018-04", "month"), "2018-03 6 of 10");
    assert_answer(&books, QUERY("calls", "2018-03", "2018-04", "month", .as_of = STR("2018-05-10")),
                  "2018-03 6 of 10");
    assert_answer(&books, QUERY("calls", "2018-03", "2018-04", "month", .as_of = STR("2018-05-09")),
                  "2018-03 12 of 10");
    assert_answer(&books,
                  QUERY("calls", "2018-03", "2018-04", "month", .as_of = STR("2018-04-04"), BY_REGION),
                  "2018-03 north 7");
    assert_answer(&books, QUERY("calls", "2018-03", "2018-04", "month", .as_of = STR("2018-04-01")), "");
    assert_answer(&books,
                  QUERY("calls", "2018-03", "2018-03", "month", .as_of = STR("2018-04-01"), .gaps = true),
                  "2018-03 missing of 10");
    assert_answer(&books,
                  QUERY("calls", "2018-04", "2018-04", "month", .as_of = STR("2018-04-30"), .gaps = true),
                  "2018-04 not due of 10");
    /* On that day nobody knew what holds in June. */
    assert_answer(&books, QUERY("staff", "2018-03", "2018-12", "month", .as_of = STR("2018-04-30")),
                  "2018-03 4 (as of 2018-01-20), 2018-04 4 (as of 2018-01-20)");
    assert_answer(&books, QUERY("staff", "2018-05", "2018-12", "month"),
                  "2018-05 4 (as of 2018-01-20), 2018-06 4 (as of 2018-01-20)");
    books_destroy(&books);
}

static void what_was_reported_stands_beside_what_is_known(void **state) {
    (void)state;
    struct books books;
    struct fault why = {""};
    books_new(&books, "2018-04-02");
    books_count(&books, "a@1", "north", "2018-01-05", 7);
    books_count(&books, "a@1", "south", "2018-01-06", 1);
    books_count(&books, "b@1", "north", "2018-02-06", 3);
    close_it(&books, "2018-Q1");
    assert_answer(&books, QUERY("calls", "2018-Q1", "2018-Q2", "quarter"), "2018-Q1 11 was 11 of 30");
    books_count(&books, "a@1", "north", "2018-01-05", 2);
    books_count(&books, "a@1", "north", "2018-03-05", 4);
    books_count(&books, "a@1", "north", "2018-04-01", 9);
    assert_int_equal(books_withdraw(&books, "b@1", "2018-02", "2018-02", "wrong", &why), 0);
    assert_answer(&books, QUERY("calls", "2018-Q1", "2018-Q2", "quarter"),
                  "2018-Q1 14 was 11 of 30, 2018-Q2 9 of 30");
    assert_answer(&books, QUERY("calls", "2018-Q1", "2018-Q2", "quarter", .reported = true),
                  "2018-Q1 11 was 11 of 30, 2018-Q2 9 of 30");
    /* Months of a closed quarter are closed with it. */
    assert_answer(&books, QUERY("calls", "2018", "2018", "month", BY_REGION),
                  "2018-01 north 9 was 7, 2018-01 south 1 was 1, 2018-02 north missing was 3, "
                  "2018-03 north 4 (nothing was reported), 2018-04 north 9");
    assert_answer(&books, QUERY("calls", "2018", "2018", "month", BY_REGION, .reported = true),
                  "2018-01 north 7 was 7, 2018-01 south 1 was 1, 2018-02 north 3 was 3, 2018-04 north 9");
    assert_answer(&books, QUERY("calls", "2018-02", "2018-03", "month", BY_REGION, .gaps = true),
                  "2018-02 north missing was 3, 2018-02 south missing, "
                  "2018-03 north 4 1/31 (nothing was reported), 2018-03 south missing");
    assert_answer(&books,
                  QUERY("calls", "2018-02", "2018-03", "month", BY_REGION, .gaps = true, .reported = true),
                  "2018-02 north 3 was 3 1/28, 2018-02 south missing, 2018-03 north missing, "
                  "2018-03 south missing");
    assert_answer(&books, QUERY("calls", "2018-01", "2018-02", "month", BY_REGION, .gaps = true),
                  "2018-01 north 9 was 7 1/31, 2018-01 south 1 was 1 1/31, 2018-02 north missing was 3, "
                  "2018-02 south missing");
    assert_answer(&books, QUERY("calls", "2018-02", "2018-02", "month", .where = in_region("north")),
                  "2018-02 missing was 3");
    assert_answer(&books, QUERY("calls", "2018", "2018", "year"), "2018 23 of 120");
    /* It cannot be closed once more, by itself: what it was reported as stays. */
    assert_int_equal(books_close(&books, "2018-01", "", &why), -EINVAL);
    books_count(&books, "a@1", "north", "2018-01-05", 100);
    assert_answer(&books, QUERY("calls", "2018-01", "2018-02", "month"),
                  "2018-01 110 was 8 of 10, 2018-02 missing was 3 of 10");
    assert_answer(&books, QUERY("calls", "2018-Q1", "2018-Q1", "quarter"), "2018-Q1 114 was 11 of 30");
    assert_answer(&books, QUERY("calls", "2018-Q1", "2018-Q1", "quarter", .as_of = STR("2018-04-02")),
                  "2018-Q1 114 of 30");
    char got[4096];
    ask_books(&books,
              QUERY("calls", "2018-Q1", "2018-Q1", "quarter", .as_of = STR("2018-04-02"), .reported = true),
              got);
    assert_non_null(strstr(got, "-22: what was reported and what was known"));
    books_destroy(&books);
}

/* The framework reckons otherwise by now: what was reported stays. */
static void what_was_kept_stands(void **state) {
    (void)state;
    struct books books;
    static char changed[sizeof books_framework];
    books_new(&books, "2018-04-02");
    books_count(&books, "a@1", "north", "2018-01-05", 7);
    books_say(&books, "desk", "staff", "north", "2018-01-20",
              &(struct entry){.id = 1, .recorded = 1, .has_value = true, .value = 4, .done = ENTRY_NO_DAY});
    close_it(&books, "2018-Q1");
    memcpy(changed, books_framework, sizeof changed);
    memcpy(strstr(changed, "factor: 100"), "factor: 200", 11);
    books_plan(&books, changed);
    assert_answer(&books, QUERY("rate", "2018-Q1", "2018-Q1", "quarter"), "2018-Q1 3500 /10^1 was 1750");
    assert_answer(&books, QUERY("rate", "2018-Q1", "2018-Q1", "quarter", BY_REGION),
                  "2018-Q1 north 3500 /10^1 was 1750");
    books_destroy(&books);
}

static void gaps_are_told_apart(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-15");
    books_count(&books, "a@1", "north", "2018-02-05", 7);
    books_count(&books, "a@1", "north", "2018-02-07", 0);
    books_count(&books, "a@1", "south", "2018-04-05", 0);
    assert_answer(&books, QUERY("calls", "2018-01", "2018-06", "month", .gaps = true),
                  "2018-01 missing of 10, 2018-02 7 of 10 2/28, 2018-03 missing of 10, 2018-04 0 of 10 1/30, "
                  "2018-05 not due of 10, 2018-06 not due of 10");
    assert_answer(
        &books, QUERY("calls", "2018-02", "2018-03", "month", .gaps = true, BY_REGION),
        "2018-02 north 7 2/28, 2018-02 south missing, 2018-03 north missing, 2018-03 south missing");
    assert_answer(
        &books,
        QUERY("calls", "2018-03", "2018-03", "month", .gaps = true, BY_REGION, .where = in_region("south")),
        "2018-03 south missing");
    assert_answer(
        &books, QUERY("calls", "", "", "month", .gaps = true, BY_REGION),
        "2018-02 north 7 2/28, 2018-02 south missing, 2018-03 north missing, 2018-03 south missing, "
        "2018-04 north missing, 2018-04 south 0 1/30");
    assert_answer(&books, QUERY("calls", "2018-01", "", "month", .gaps = true, .where = in_region("north")),
                  "2018-01 missing, 2018-02 7 2/28");
    assert_answer(&books, QUERY("calls", "", "2018-02-08", "day", .gaps = true),
                  "2018-02-05 7 1/1, 2018-02-06 not due, 2018-02-07 0 1/1, 2018-02-08 not due");
    assert_answer(&books, QUERY("staff", "", "", "month", .gaps = true), "");
    assert_answer(
        &books, QUERY("calls", "2015", "2021", "year", .gaps = true),
        "2015 not due, 2016 missing of 120, 2017 missing of 120, 2018 7 of 120 3/135, 2019 not due of 120, "
        "2020 not due of 120, 2021 not due");
    assert_answer(&books, QUERY("papers", "", "", "plan", .gaps = true), "2016/2020 not due of 10");
    /* A figure outside the plan is told, what is not there is not asked for. */
    books_turn(&books, "2021-03-15");
    books_count(&books, "a@1", "north", "2021-02-05", 2);
    assert_answer(&books, QUERY("calls", "2020-11", "", "month", .gaps = true),
                  "2020-11 missing of 10, 2020-12 missing of 10, 2021-02 2 1/28");
    books_count(&books, "a@1", "north", "2014-11-05", 1);
    assert_answer(&books, QUERY("calls", "", "2016-02", "month", .gaps = true),
                  "2014-11 1 1/30, 2016-01 missing of 10, 2016-02 missing of 10");
    books_destroy(&books);
}

static void outsiders_are_not_told_of_few(void **state) {
    (void)state;
    static const uint64_t members[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const struct {
        const char *day, *list;
        size_t members;
    } rows[] = {
        {"2018-01-05", "a", 3},  {"2018-01-05", "b", 9},
        {"2018-01-05", "c", 7}, /* one: and the smallest other */
        {"2018-02-05", "a", 2},  {"2018-02-05", "b", 4},
        {"2018-02-05", "c", 6}, /* two */
        {"2018-03-05", "a", 12}, {"2018-03-05", "b", 5},
        {"2018-03-05", "c", 0}, /* none: 5 is enough, 0 tells none */
        {"2018-04-05", "a", 1}, /* the only one: not even which */
    };
    struct books books;
    char more[4096];
    books_new(&books, "2018-05-15");
    (void)snprintf(
        more, sizeof more, "%s%s", books_framework,
        "  - {id: heads, kind: distinct, frequency: month, dimensions: [list], label: {en: Heads}}\n");
    books_plan(&books, more);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        books_tell(&books, &(struct books_event){.source = "a@1",
                                                 .indicator = "heads",
                                                 .dim = "list",
                                                 .value = rows[i].list,
                                                 .day = rows[i].day,
                                                 .member = members,
                                                 .member_count = rows[i].members});
    static const struct str list = STR("list");
    assert_answer(&books,
                  QUERY("heads", "2018", "2018", "month", .outside = true, .split_count = 1, .split = {list}),
                  "2018-01 a withheld, 2018-01 b 9, 2018-01 c withheld, "
                  "2018-02 a withheld, 2018-02 b withheld, 2018-02 c 6, "
                  "2018-03 a 12, 2018-03 b 5, 2018-03 c 0, 2018-04  withheld");
    assert_answer(&books, QUERY("heads", "2018", "2018", "month", .outside = true),
                  "2018-01 9, 2018-02 6, 2018-03 12, 2018-04 1");
    struct dims where = {0};
    assert_int_equal(dims_add(&where, list, STR("c"), NULL), 0);
    assert_answer(&books, QUERY("heads", "2018", "2018", "month", .outside = true, .where = where),
                  "2018-01 withheld, 2018-02 6, 2018-03 0, 2018-04 withheld");
    assert_answer(
        &books, QUERY("heads", "2018-01", "2018-04", "month", .outside = true, .where = where, .gaps = true),
        "2018-01 withheld, 2018-02 6 1/28, 2018-03 0 1/31, 2018-04 withheld");
    assert_answer(&books, QUERY("heads", "2018-01", "2018-01", "month", .where = where), "2018-01 7");
    /* A sum of months tells of none that is withheld; the other one of February goes with it. */
    assert_answer(
        &books,
        QUERY("heads", "2018-02", "2018-03", "month", .outside = true, .split_count = 1, .split = {list}),
        "2018-02 a withheld, 2018-02 b withheld, 2018-02 c 6, 2018-03 a 12, 2018-03 b 5, 2018-03 c 0");
    assert_answer(&books, QUERY("heads", "2018", "2018-Q2", "quarter", .split_count = 1, .split = {list}),
                  "2018-Q1 a 17 (sum of months), 2018-Q1 b 18 (sum of months), 2018-Q1 c 13 (sum of months), "
                  "2018-Q2 a 1 (sum of months)");
    assert_answer(
        &books,
        QUERY("heads", "2018", "2018-Q2", "quarter", .outside = true, .split_count = 1, .split = {list}),
        "2018-Q1 a withheld, 2018-Q1 b withheld, 2018-Q1 c withheld, 2018-Q2  withheld");
    assert_answer(&books, QUERY("heads", "2018-Q1", "2018-Q1", "quarter", .outside = true, .where = where),
                  "2018-Q1 withheld");
    /* What was reported is not told beside what is known now. */
    close_it(&books, "2018-02");
    books_tell(&books, &(struct books_event){.source = "a@1",
                                             .indicator = "heads",
                                             .dim = "list",
                                             .value = "b",
                                             .day = "2018-02-05",
                                             .member = members,
                                             .member_count = 8});
    assert_answer(
        &books,
        QUERY("heads", "2018-02", "2018-02", "month", .outside = true, .split_count = 1, .split = {list}),
        "2018-02 a withheld, 2018-02 b 8, 2018-02 c withheld");
    books_destroy(&books);
}

static void a_changed_definition_is_marked(void **state) {
    (void)state;
    struct books books;
    static char changed[sizeof books_framework];
    struct fault why = {""};
    books_new(&books, "2018-01-10");
    assert_int_equal(definitions_update(books.room.store, books.room.framework, books.now, &why), 0);
    books_count(&books, "a@1", "north", "2018-02-05", 7);
    books_count(&books, "a@1", "north", "2018-03-05", 8);
    memcpy(changed, books_framework, sizeof changed);
    memcpy(strstr(changed, "method_version: \"1\""), "method_version: \"2\"", 19);
    books_turn(&books, "2018-03-12");
    books_plan(&books, changed);
    assert_int_equal(definitions_update(books.room.store, books.room.framework, books.now, &why), 0);
    assert_answer(&books, QUERY("calls", "2018", "2018", "month"),
                  "2018-02 7 of 10, 2018-03 8 of 10 (method changed on 2018-03-12 (version 2))");
    assert_answer(&books, QUERY("calls", "2018", "2018", "year"),
                  "2018 15 of 120 (method changed on 2018-03-12 (version 2))");
    assert_answer(&books, QUERY("calls", "2018-03", "2018-03", "month", .as_of = STR("2018-03-11")),
                  "2018-03 8 of 10");
    /* Of its own month there is no figure: then the next one bears it, of each breakdown for itself. */
    books_count(&books, "a@1", "south", "2018-02-05", 1);
    books_count(&books, "a@1", "south", "2018-06-05", 2);
    books_count(&books, "a@1", "south", "2018-07-05", 3);
    close_it(&books, "2018-02");
    assert_answer(&books, QUERY("calls", "2018", "2018", "month", BY_REGION),
                  "2018-02 north 7 was 7, 2018-02 south 1 was 1, "
                  "2018-03 north 8 (method changed on 2018-03-12 (version 2)), "
                  "2018-06 south 2 (method changed on 2018-03-12 (version 2)), 2018-07 south 3");
    assert_answer(&books, QUERY("calls", "2018", "2018", "month", .where = in_region("south")),
                  "2018-02 1 was 1, 2018-06 2 (method changed on 2018-03-12 (version 2)), 2018-07 3");
    assert_answer(&books, QUERY("calls", "2018-06", "2018", "month"), "2018-06 2 of 10, 2018-07 3 of 10");
    books_destroy(&books);
}

static void changes_of_one_day_are_told_once(void **state) {
    (void)state;
    static const char *const verbs[] = {"received", "answered", "returned"};
    struct books books;
    static char changed[sizeof books_framework];
    books_new(&books, "2018-01-10");
    assert_int_equal(definitions_update(books.room.store, books.room.framework, books.now, NULL), 0);
    books_turn(&books, "2018-02-11");
    books_count(&books, "a@1", "north", "2018-02-11", 1);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        memcpy(changed, books_framework, sizeof changed);
        memcpy(strstr(changed, "that were answered") + 10, verbs[i], 8);
        books_plan(&books, changed);
        assert_int_equal(definitions_update(books.room.store, books.room.framework, books.now, NULL), 0);
    }
    assert_answer(&books, QUERY("calls", "2018", "2018", "month"),
                  "2018-02 1 of 10 (definition changed on 2018-02-11)");
    books_destroy(&books);
}

/* The text alone; then the version, too; then both as they were; then the text alone and back. */
static void what_changed_is_said_in_the_right_word(void **state) {
    (void)state;
    static const struct {
        const char *day, *version, *verb;
    } changes[] = {{"2018-02-11", "1", "received"},
                   {"2018-03-11", "2", "received"},
                   {"2018-04-11", "1", "answered"},
                   {"2018-05-11", "1", "received"},
                   {"2018-06-11", "1", "answered"}};
    struct books books;
    static char changed[sizeof books_framework];
    struct fault why = {""};
    books_new(&books, "2018-01-10");
    assert_int_equal(definitions_update(books.room.store, books.room.framework, books.now, &why), 0);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(changed, books_framework, sizeof changed);
        memcpy(strstr(changed, "method_version: \"1\"") + 17, changes[i].version, 1);
        memcpy(strstr(changed, "that were answered") + 10, changes[i].verb, 8);
        books_turn(&books, changes[i].day);
        books_count(&books, "a@1", "north", changes[i].day, (int64_t)i + 1);
        books_plan(&books, changed);
        assert_int_equal(definitions_update(books.room.store, books.room.framework, books.now, &why), 0);
    }
    assert_answer(&books, QUERY("calls", "2018", "2018", "month"),
                  "2018-02 1 of 10 (definition changed on 2018-02-11), "
                  "2018-03 2 of 10 (method changed on 2018-03-11 (version 2)), "
                  "2018-04 3 of 10 (method changed on 2018-04-11 (version 1)), "
                  "2018-05 4 of 10 (definition changed on 2018-05-11), "
                  "2018-06 5 of 10 (definition changed on 2018-06-11)");
    books_destroy(&books);
}

static void a_sum_is_asked_for(void **state) {
    (void)state;
    static const uint64_t members[] = {1, 2};
    struct books books;
    char got[4096];
    books_new(&books, "2018-05-15");
    for (int i = 0; i < 2; i++)
        books_tell(&books, &(struct books_event){.source = "a@1",
                                                 .indicator = "people",
                                                 .day = i ? "2018-02-03" : "2018-02-02",
                                                 .member = members,
                                                 .member_count = 2});
    assert_answer(&books, QUERY("people", "2018", "2018", "month", .sum_of = STR("day")),
                  "2018-02 4 (sum of days)");
    assert_answer(&books, QUERY("people", "2018", "2018", "year"), "2018 2 (sum of months)");
    ask_books(&books, QUERY("staff", "2018", "2018", "year", .sum_of = STR("month")), got);
    assert_non_null(strstr(got, "-22: staff is a level"));
    ask_books(&books, QUERY("people", "2018", "2018", "year", .sum_of = STR("week")), got);
    assert_non_null(strstr(got, "-22: \"week\" is no type of period"));
    books_destroy(&books);
}

static void a_value_that_is_none_is_refused_with_the_choices(void **state) {
    (void)state;
    struct books books;
    char more[4096];
    books_new(&books, "2018-05-15");
    books_count(&books, "a@1", "north", "2018-02-05", 7);
    assert_answer(&books, QUERY("calls", "2018", "2018", "month", .where = in_region("nort")),
                  "-22: dimension \"region\" cannot be \"nort\": it is one of north, south");
    assert_answer(&books, QUERY("calls", "2018", "2018", "month", .where = in_region("south")), "");
    (void)snprintf(more, sizeof more, "%s", books_framework); /* the plan has it no more, and it is known */
    memcpy(strstr(more, "[north, south]"), "[south, west ]", 14);
    books_plan(&books, more);
    assert_answer(&books, QUERY("calls", "2018", "2018", "month", .where = in_region("north")), "2018-02 7");
    books_destroy(&books);
}

static int ask(struct room *room, const struct message_query *query, struct fault *why) {
    struct frames *answer = NULL;
    int err = query_run(&answer, query, room->framework, room->catalogue, room->store, ROOM_NOW, why);
    frames_destroy(&answer);
    return err;
}

static void a_question_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    struct room room;
    struct fault why;
    struct message_query query = {0};
    room_new(&room);
    assert_int_equal(ask(&room, &query, &why), 0);
    query = (struct message_query){.pattern_count = 1, .pattern = {STR("t.nothing")}};
    assert_int_equal(ask(&room, &query, &why), -22);
    assert_non_null(strstr(why.text, "t.nothing"));
    query = (struct message_query){.by = STR("fortnight")};
    assert_int_equal(ask(&room, &query, &why), -22);
    query = (struct message_query){.from = STR("2018-13")};
    assert_int_equal(ask(&room, &query, &why), -22);
    query = (struct message_query){.from = STR("2018-02"), .to = STR("2018-01")};
    assert_int_equal(ask(&room, &query, &why), -22);
    query = (struct message_query){.as_of = STR("2018-04")};
    assert_int_equal(ask(&room, &query, &why), -22);
    assert_non_null(strstr(why.text, "2018-04-30"));
    query = (struct message_query){.split_count = 1, .split = {STR("colour")}};
    assert_int_equal(ask(&room, &query, &why), -22);
    assert_non_null(strstr(why.text, "colour"));
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_is_the_fold_of_its_events),
        cmocka_unit_test(as_of_a_day_is_what_was_known_then),
        cmocka_unit_test(what_was_reported_stands_beside_what_is_known),
        cmocka_unit_test(what_was_kept_stands),
        cmocka_unit_test(gaps_are_told_apart),
        cmocka_unit_test(outsiders_are_not_told_of_few),
        cmocka_unit_test(a_changed_definition_is_marked),
        cmocka_unit_test(changes_of_one_day_are_told_once),
        cmocka_unit_test(what_changed_is_said_in_the_right_word),
        cmocka_unit_test(a_sum_is_asked_for),
        cmocka_unit_test(a_value_that_is_none_is_refused_with_the_choices),
        cmocka_unit_test(a_question_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
