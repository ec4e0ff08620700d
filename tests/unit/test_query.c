/* Figures against a slow, obvious fold of the same events: random batches, any order, several commits. */
#include "tests/unit/room.h"

#include <string.h>
#include <time.h>

#include "daemon/query.h"
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
    query = (struct message_query){.split_count = 1, .split = {STR("colour")}};
    assert_int_equal(ask(&room, &query, &why), -22);
    assert_non_null(strstr(why.text, "colour"));
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_is_the_fold_of_its_events),
        cmocka_unit_test(a_question_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
