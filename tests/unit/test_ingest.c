/* Batches in, acks and errors out, over a real store: what is counted, what is refused, what comes again. */
#include "tests/unit/room.h"

#include <string.h>

#include "daemon/answers/query.h"

static struct room_event count_event(int64_t at, int64_t number) {
    return (struct room_event){
        .indicator = "t.count", .site = "a", .language = "en", .at = at, .number = number};
}

/* The only figure of t.count over all time, or -1. */
static int64_t total(struct room *room) {
    struct message_query query = {.pattern_count = 1, .pattern = {STR("t.count")}, .by = STR("year")};
    struct frames *answer;
    struct fault why = {""};
    struct wire_reader reader;
    enum message_type type;
    struct message_figures figures;
    if (query_run(&answer, &query, room->framework, room->catalogue, room->store, ROOM_NOW, &why) != 0)
        fail_msg("%s", why.text);
    struct str frame = frames_at(answer, 0);
    wire_reader_init(&reader, frame.at, frame.len);
    assert_int_equal(message_open(&reader, &type, NULL), 0);
    assert_int_equal(message_read_figures(&reader, &figures, NULL), 0);
    int64_t sum = figures.figure_count ? 0 : -1;
    for (uint32_t i = 0; i < figures.figure_count; i++) {
        struct message_figure figure;
        message_next_figure(&figures, &figure);
        sum += figure.value;
    }
    frames_destroy(&answer);
    return sum;
}

static struct message_ack expect_ack(struct room *room) {
    struct wire_reader reader;
    struct message_ack ack;
    assert_int_equal(room_reply(room, &reader), MESSAGE_ACK);
    assert_int_equal(message_read_ack(&reader, &ack, NULL), 0);
    return ack;
}

static void expect_error(struct room *room, const char *code) {
    struct wire_reader reader;
    struct message_error error;
    assert_int_equal(room_reply(room, &reader), MESSAGE_ERROR);
    assert_int_equal(message_read_error(&reader, &error, NULL), 0);
    assert_true(str_equal(error.code, str_of(code)));
}

/* `when`: whether the welcome has to wait for a commit. */
static struct message_welcome greet(struct room *room, uint64_t first, enum ingest_reply when) {
    struct wire_reader reader;
    struct message_welcome welcome;
    wire_writer_reset(room->reply);
    assert_int_equal(
        ingest_hello(room->ingest, STR("peer"),
                     &(struct message_hello){.source = STR("s"), .outbox = STR("o"), .first = first},
                     room->reply),
        when);
    assert_int_equal(room_reply(room, &reader), MESSAGE_WELCOME);
    assert_int_equal(message_read_welcome(&reader, &welcome, NULL), 0);
    return welcome;
}

static uint64_t hello(struct room *room, uint64_t first) {
    return greet(room, first, INGEST_SEND).last;
}

static void nothing_is_said_before_it_is_on_disk(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct room_event event = count_event(10, 3);
    assert_int_equal(room_send(&room, "s", "o", 1, &event, 1), INGEST_HOLD);
    assert_int_equal(expect_ack(&room).accepted, 1);
    assert_int_equal(greet(&room, 1, INGEST_HOLD).last, 1);
    assert_int_equal(total(&room), -1);
    assert_int_equal(room_commit(&room).replies, 1);
    assert_int_equal(hello(&room, 1), 1);
    assert_int_equal(total(&room), 3);
    room_destroy(&room);
}

static void a_batch_that_comes_again_counts_once(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct room_event event = count_event(10, 3);
    (void)room_send(&room, "s", "o", 1, &event, 1);
    /* Again while the first is on its way: its ack waits too. */
    assert_int_equal(room_send(&room, "s", "o", 1, &event, 1), INGEST_HOLD);
    assert_true(expect_ack(&room).repeated);
    assert_int_equal(room_commit(&room).replies, 2);
    assert_int_equal(room_send(&room, "s", "o", 1, &event, 1), INGEST_HOLD);
    assert_true(expect_ack(&room).repeated);
    assert_int_equal(room_commit(&room).replies, 1);
    assert_int_equal(total(&room), 3);
    room_leave(&room);
    room_enter(&room);
    assert_int_equal(room_send(&room, "s", "o", 1, &event, 1), INGEST_HOLD);
    assert_true(expect_ack(&room).repeated);
    assert_int_equal(room_commit(&room).replies, 1);
    assert_int_equal(total(&room), 3);
    room_destroy(&room);
}

static void what_was_not_committed_comes_again(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct room_event event = count_event(10, 3);
    (void)room_send(&room, "s", "o", 1, &event, 1);
    (void)room_commit(&room);
    (void)room_send(&room, "s", "o", 2, &event, 1);
    room_leave(&room);
    room_enter(&room);
    assert_int_equal(hello(&room, 1), 1);
    assert_int_equal(total(&room), 3);
    assert_int_equal(room_send(&room, "s", "o", 2, &event, 1), INGEST_HOLD);
    assert_false(expect_ack(&room).repeated);
    (void)room_commit(&room);
    assert_int_equal(total(&room), 6);
    room_destroy(&room);
}

static void a_hole_in_the_numbers_is_refused(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct room_event event = count_event(10, 3);
    assert_int_equal(room_send(&room, "s", "o", 2, &event, 1), INGEST_SEND);
    expect_error(&room, MESSAGE_ERROR_SEQUENCE);
    (void)room_send(&room, "s", "o", 1, &event, 1);
    assert_int_equal(room_send(&room, "s", "o", 3, &event, 1), INGEST_SEND);
    expect_error(&room, MESSAGE_ERROR_SEQUENCE);
    /* Batches 2 to 6 are gone at the source: it says so, and goes on. */
    assert_int_equal(greet(&room, 7, INGEST_HOLD).last, 6);
    assert_int_equal(room_send(&room, "s", "o", 7, &event, 1), INGEST_HOLD);
    (void)room_commit(&room);
    assert_int_equal(total(&room), 6);
    room_destroy(&room);
}

/* By this a collector finds out that it was put back from an older copy, or that the daemon was. */
static void the_welcome_knows_the_last_batch_and_what_is_missing(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct room_event first = count_event(10, 3), second = count_event(10, 4);
    assert_int_equal(greet(&room, 1, INGEST_SEND).digest, 0);
    (void)room_send(&room, "s", "o", 1, &first, 1);
    assert_int_equal(greet(&room, 1, INGEST_HOLD).digest, room.digest);
    (void)room_commit(&room);
    assert_int_equal(greet(&room, 1, INGEST_SEND).digest, room.digest);
    (void)room_send(&room, "s", "o", 2, &second, 1);
    assert_int_equal(greet(&room, 1, INGEST_HOLD).digest, room.digest);
    (void)room_commit(&room);
    assert_int_equal(greet(&room, 1, INGEST_SEND).digest, room.digest);
    assert_int_equal(greet(&room, 1, INGEST_SEND).missing, 0);
    room_leave(&room);
    room_enter(&room);
    assert_int_equal(greet(&room, 3, INGEST_SEND).digest, room.digest);
    struct message_welcome behind = greet(&room, 7, INGEST_HOLD);
    assert_int_equal(behind.last, 6);
    assert_int_equal(behind.missing, 4);
    assert_int_equal(behind.digest, 0);
    assert_int_equal(greet(&room, 7, INGEST_HOLD).missing, 0);
    room_destroy(&room);
}

static void each_outbox_has_its_own_numbers(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct room_event event = count_event(10, 3);
    (void)room_send(&room, "s", "o", 1, &event, 1);
    (void)room_send(&room, "s", "p", 1, &event, 1);
    assert_false(expect_ack(&room).repeated);
    (void)room_send(&room, "s", "", 1, &event, 1);
    assert_false(expect_ack(&room).repeated);
    (void)room_commit(&room);
    assert_int_equal(total(&room), 9);
    room_destroy(&room);
}

/* A member of two days is two, when members are told apart within a day only. */
static void a_window_of_a_day_adds_days_up(void **state) {
    (void)state;
    static const uint64_t member[] = {7};
    static const char *const by[] = {"day", "month", "quarter", "half", "year", "biennium", "plan"};
    static const int64_t wanted[] = {1, 2, 2, 2, 2, 2, 2};
    struct room room;
    room_new(&room);
    struct room_event event[] = {{"t.daily", "a", "en", 1520380800, 0, member, 1, NULL, NULL, NULL},
                                 {"t.daily", "a", "en", 1520380800 + 86400, 0, member, 1, NULL, NULL, NULL}};
    (void)room_send(&room, "s", "o", 1, event, 2);
    (void)room_commit(&room);
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        struct message_query query = {.pattern_count = 1, .pattern = {STR("t.daily")}, .by = str_of(by[i])};
        struct frames *answer;
        struct wire_reader reader;
        enum message_type type;
        struct message_figures figures;
        struct message_figure figure;
        assert_int_equal(
            query_run(&answer, &query, room.framework, room.catalogue, room.store, ROOM_NOW, NULL), 0);
        struct str frame = frames_at(answer, 0);
        wire_reader_init(&reader, frame.at, frame.len);
        assert_int_equal(message_open(&reader, &type, NULL), 0);
        assert_int_equal(message_read_figures(&reader, &figures, NULL), 0);
        assert_in_range(figures.figure_count, 1, 2);
        message_next_figure(&figures, &figure);
        assert_int_equal(figure.value, wanted[i]);
        frames_destroy(&answer);
    }
    room_destroy(&room);
}

static void the_refused_are_named_and_the_rest_counts(void **state) {
    (void)state;
    static const uint64_t member[] = {1};
    static const struct {
        struct room_event event;
        const char *reason; /* part of it; NULL: accepted */
    } rows[] = {
        {{"t.count", "a", "en", 10, 1, NULL, 0, NULL, NULL, NULL}, NULL},
        {{"t.none", "a", "en", 10, 1, NULL, 0, NULL, NULL, NULL}, "unknown indicator \"t.none\""},
        {{"t.count", "a", NULL, 10, 1, NULL, 0, NULL, NULL, NULL}, "language"},
        {{"t.count", "a", "xx", 10, 1, NULL, 0, NULL, NULL, NULL}, "\"xx\""},
        {{"t.count", "a", "fr", 10, -1, NULL, 0, NULL, NULL, NULL}, NULL},
        {{"t.count", "a", "en", 10, KIND_COUNT_MAX + 1, NULL, 0, NULL, NULL, NULL}, "out of bounds"},
        {{"t.count", "a", "en", 10, 0, member, 1, NULL, NULL, NULL}, "must be a number"},
        {{"t.distinct", "a", "en", 10, 1, NULL, 0, NULL, NULL, NULL}, "must be a set"},
        {{"t.count", "a", "en", INT64_MAX, 1, NULL, 0, NULL, NULL, NULL}, "the years 1 to 9999"},
        {{"t.distinct", "a", "en", 10, 0, member, 1, NULL, NULL, NULL}, NULL},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    struct room room;
    struct room_event event[ROWS];
    room_new(&room);
    for (size_t i = 0; i < ROWS; i++)
        event[i] = rows[i].event;
    assert_int_equal(room_send(&room, "s", "o", 1, event, ROWS), INGEST_HOLD);
    struct message_ack ack = expect_ack(&room);
    assert_int_equal(ack.accepted, 3);
    assert_int_equal(ack.accepted + ack.refused_count, ROWS);
    struct str reason[ROWS];
    for (uint32_t i = 0; i < ack.reason_count; i++)
        message_next_reason(&ack, &reason[i]);
    for (uint32_t i = 0; i < ack.refused_count; i++) {
        uint32_t index, which;
        message_next_refused(&ack, &index, &which);
        assert_non_null(rows[index].reason);
        assert_non_null(
            memmem(reason[which].at, reason[which].len, rows[index].reason, strlen(rows[index].reason)));
    }
    (void)room_commit(&room);
    assert_int_equal(total(&room), 0);
    room_destroy(&room);
}

/* The ack that told of them may be the one that was lost. */
static void a_repeated_ack_names_the_refused_again(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct room_event event[] = {count_event(10, 3), {.indicator = "t.none", .at = 10, .number = 1}};
    (void)room_send(&room, "s", "o", 1, event, 2);
    (void)room_commit(&room);
    assert_int_equal(room_send(&room, "s", "o", 1, event, 2), INGEST_HOLD);
    struct message_ack ack = expect_ack(&room);
    assert_true(ack.repeated);
    assert_int_equal(ack.accepted, 0);
    assert_int_equal(ack.refused_count, 1);
    assert_int_equal(total(&room), 3);
    room_destroy(&room);
}

static void more_reasons_than_an_ack_holds(void **state) {
    (void)state;
    enum { COUNT = MESSAGE_REASONS_MAX + 50 };
    static struct room_event event[COUNT];
    static char id[COUNT][16];
    struct room room;
    room_new(&room);
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(id[i], sizeof id[i], "no.n%zu", i);
        event[i] = (struct room_event){.indicator = id[i], .at = 10, .number = 1};
    }
    (void)room_send(&room, "s", "o", 1, event, COUNT);
    struct message_ack ack = expect_ack(&room);
    assert_int_equal(ack.refused_count, COUNT);
    assert_int_equal(ack.reason_count, MESSAGE_REASONS_MAX);
    room_destroy(&room);
}

/* The disk fills between two commits: what filled meanwhile follows on what failed, so both must come again.
 */
static void a_failed_commit_acks_nothing(void **state) {
    (void)state;
    struct room room;
    struct room_released released = {0};
    room_new(&room);
    struct room_event event = count_event(10, 3);
    (void)room_send(&room, "s", "o", 1, &event, 1);
    (void)room_commit(&room);

    (void)room_send(&room, "s", "o", 2, &event, 1);
    committer_start(room.committer, ROOM_NOW);
    (void)room_send(&room, "s", "o", 3, &event, 1);
    room_limit_files(4096);
    committer_run(room.committer);
    room_limit_files(RLIM_INFINITY);
    assert_true(committer_finish(room.committer, room_count_release, &released, NULL) < 0);
    assert_int_equal(released.replies, 2);
    assert_int_equal(released.failed, 2);
    assert_int_equal(hello(&room, 2), 1);
    assert_int_equal(total(&room), 3);

    assert_int_equal(room_send(&room, "s", "o", 2, &event, 1), INGEST_HOLD);
    assert_false(expect_ack(&room).repeated);
    assert_int_equal(room_send(&room, "s", "o", 3, &event, 1), INGEST_HOLD);
    assert_int_equal(room_commit(&room).failed, 0);
    assert_int_equal(total(&room), 9);
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said_before_it_is_on_disk),
        cmocka_unit_test(a_batch_that_comes_again_counts_once),
        cmocka_unit_test(what_was_not_committed_comes_again),
        cmocka_unit_test(a_hole_in_the_numbers_is_refused),
        cmocka_unit_test(the_welcome_knows_the_last_batch_and_what_is_missing),
        cmocka_unit_test(each_outbox_has_its_own_numbers),
        cmocka_unit_test(a_window_of_a_day_adds_days_up),
        cmocka_unit_test(the_refused_are_named_and_the_rest_counts),
        cmocka_unit_test(a_repeated_ack_names_the_refused_again),
        cmocka_unit_test(more_reasons_than_an_ack_holds),
        cmocka_unit_test(a_failed_commit_acks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
