/* Questions on their way over a real socket, with checks that last: the store is kept from being read, as when its
 * map is to grow, until the test lets go. */
#include "tests/unit/room.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "clients/lib/connection.h"
#include "daemon/answers/questions.h"

#define WAIT_MS 20000

struct hall {
    struct room room;
    struct socket *socket;
    struct questions *questions;
    uv_loop_t loop;
    char endpoint[96];
    char last_code[MESSAGE_TEXT_MAX]; /* of the last error that was sent, whether it arrived or not */
    size_t undelivered;

    /* What keeps the store. */
    struct store_snapshot *snapshot;
    pthread_t writer;
    char *large;
};

static bool send_frame(void *arg, struct str peer, struct str frame) {
    struct hall *hall = arg;
    struct wire_reader reader;
    enum message_type type;
    struct message_error error;
    wire_reader_init(&reader, frame.at, frame.len);
    assert_int_equal(message_open(&reader, &type, NULL), 0);
    if (type == MESSAGE_ERROR) {
        assert_int_equal(message_read_error(&reader, &error, NULL), 0);
        (void)snprintf(hall->last_code, sizeof hall->last_code, "%.*s: %.*s", STR_ARG(error.code),
                       STR_ARG(error.text));
    }
    bool sent = socket_send(hall->socket, peer, frame);
    hall->undelivered += !sent;
    return sent;
}

static void nothing(void *arg) {
    (void)arg;
}

static void hall_new(struct hall *hall) {
    struct fault why = {""};
    char bound[256];
    *hall = (struct hall){0};
    room_new(&hall->room);
    (void)snprintf(hall->endpoint, sizeof hall->endpoint, "ipc://%s/q.ipc", hall->room.directory);
    assert_int_equal(uv_loop_init(&hall->loop), 0);
    if (socket_new(&hall->socket, &why) != 0 ||
        socket_bind(hall->socket, hall->endpoint, bound, sizeof bound, &why) != 0 ||
        questions_new(&hall->questions, &hall->loop, hall->room.framework, hall->room.catalogue,
                      hall->room.store, &(struct questions_way){send_frame, nothing, hall}, &why) != 0)
        fail_msg("%s", why.text);
}

static void hall_destroy(struct hall *hall) {
    questions_stop(hall->questions);
    while (!questions_stopped(hall->questions))
        (void)uv_run(&hall->loop, UV_RUN_ONCE);
    questions_close(hall->questions);
    (void)uv_run(&hall->loop, UV_RUN_DEFAULT);
    questions_destroy(&hall->questions);
    assert_int_equal(uv_loop_close(&hall->loop), 0);
    socket_destroy(&hall->socket);
    (void)remove(hall->endpoint + strlen("ipc://"));
    room_destroy(&hall->room);
}

/* ---- the store is kept ---- */

static void *grow(void *arg) {
    struct hall *hall = arg;
    struct store_write *write;
    assert_int_equal(store_begin(hall->room.store, &write, NULL), 0);
    int err = store_put_cell(write, STORE_DAYS, 0, 0, 0, (struct str){hall->large, 4u << 20}, NULL);
    store_abort(&write);
    return err == -EAGAIN ? NULL : hall;
}

/* A writer waits for our snapshot, and whoever wants another one waits for the writer. */
static void keep_store(struct hall *hall) {
    hall->large = calloc(1, 4u << 20);
    assert_non_null(hall->large);
    assert_int_equal(store_snapshot_open(hall->room.store, &hall->snapshot, NULL), 0);
    assert_false(store_snapshot_unwanted(hall->snapshot));
    assert_int_equal(pthread_create(&hall->writer, NULL, grow, hall), 0);
    while (!store_snapshot_unwanted(hall->snapshot))
        (void)sched_yield();
}

static void let_store_go(struct hall *hall) {
    void *failed;
    store_snapshot_close(&hall->snapshot);
    assert_int_equal(pthread_join(hall->writer, &failed), 0);
    assert_null(failed);
    free(hall->large);
}

/* ---- both sides of the conversation ---- */

static struct connection *client_of(struct hall *hall) {
    struct connection *client;
    struct fault why = {""};
    if (connection_open(&client, hall->endpoint, &why) != 0)
        fail_msg("%s", why.text);
    return client;
}

/* One turn of everything; true when a frame came for `client`. */
static bool turn(struct hall *hall, struct connection *client, struct str *frame) {
    struct socket_message *message;
    while (socket_receive(hall->socket, &message)) {
        struct wire_reader reader;
        enum message_type type;
        struct fault why = {""};
        struct str taken = socket_message_frame(message);
        wire_reader_init(&reader, taken.at, taken.len);
        assert_int_equal(message_open(&reader, &type, NULL), 0);
        assert_true(questions_are(type));
        if (questions_take(hall->questions, type, reader, message, &why) != 0)
            fail_msg("%s", why.text);
    }
    (void)uv_run(&hall->loop, UV_RUN_NOWAIT);
    if (connection_receive(client, frame))
        return true;
    connection_wait(client, false, 5);
    return false;
}

static void write_question(struct wire_writer *writer, enum message_type type, uint64_t id) {
    struct str indicator = STR("t.count"), none = STR("");
    if (type == MESSAGE_QUERY)
        message_write_query(writer, &(struct message_query){.id = id});
    else if (type == MESSAGE_CHECK)
        message_write_check(writer, &(struct message_check){id});
    else if (type == MESSAGE_PLAN)
        message_write_plan(writer, &(struct message_plan){.id = id, .language = none});
    else if (type == MESSAGE_EXPLAIN)
        message_write_explain(
            writer, &(struct message_explain){
                        .id = id, .indicator = indicator, .period = STR("2018-03"), .language = none});
    else if (type == MESSAGE_DUE)
        message_write_due(writer, &(struct message_due){.id = id, .on = none, .language = none});
    else if (type == MESSAGE_CLOSINGS)
        message_write_closings(writer, &(struct message_closings){id});
    else
        message_write_sources(writer, &(struct message_sources){id});
}

static void ask(struct hall *hall, struct connection *client, enum message_type type, uint64_t id) {
    struct wire_writer *writer;
    struct str frame;
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    write_question(writer, type, id);
    int64_t end = connection_clock_ms() + WAIT_MS;
    while (!connection_send(client,
                            (struct str){(const char *)wire_writer_data(writer), wire_writer_len(writer)})) {
        assert_false(turn(hall, client, &frame));
        assert_true(connection_clock_ms() < end);
    }
    wire_writer_destroy(&writer);
}

/* The next answer, opened for its reader. */
static enum message_type hear(struct hall *hall, struct connection *client, struct wire_reader *reader) {
    struct str frame;
    enum message_type type;
    int64_t end = connection_clock_ms() + WAIT_MS;
    while (!turn(hall, client, &frame))
        assert_true(connection_clock_ms() < end);
    wire_reader_init(reader, frame.at, frame.len);
    assert_int_equal(message_open(reader, &type, NULL), 0);
    return type;
}

static struct message_findings hear_findings(struct hall *hall, struct connection *client) {
    struct wire_reader reader;
    struct message_findings findings;
    assert_int_equal(hear(hall, client, &reader), MESSAGE_FINDINGS);
    assert_int_equal(message_read_findings(&reader, &findings, NULL), 0);
    return findings;
}

static struct message_error hear_error(struct hall *hall, struct connection *client) {
    struct wire_reader reader;
    struct message_error error;
    assert_int_equal(hear(hall, client, &reader), MESSAGE_ERROR);
    assert_int_equal(message_read_error(&reader, &error, NULL), 0);
    return error;
}

/* ---- promises ---- */

static void a_check_that_lasts_gives_signs_of_life(void **state) {
    (void)state;
    struct hall hall;
    hall_new(&hall);
    struct connection *client = client_of(&hall);
    keep_store(&hall);
    ask(&hall, client, MESSAGE_CHECK, 5);
    for (int i = 0; i < 2; i++) {
        struct message_findings sign = hear_findings(&hall, client);
        assert_int_equal(sign.id, 5);
        assert_false(sign.last);
        assert_int_equal(sign.finding_count, 0);
    }
    let_store_go(&hall);
    struct message_findings findings = hear_findings(&hall, client);
    while (!findings.last) /* one more may have been on its way */
        findings = hear_findings(&hall, client);
    assert_int_equal(findings.id, 5);
    assert_int_equal(findings.finding_count, 0);
    connection_close(&client);
    hall_destroy(&hall);
}

static void a_second_check_is_told_busy_and_later_served(void **state) {
    (void)state;
    struct hall hall;
    hall_new(&hall);
    struct connection *client = client_of(&hall), *other = client_of(&hall);
    keep_store(&hall);
    ask(&hall, client, MESSAGE_CHECK, 1);
    assert_false(hear_findings(&hall, client).last); /* it runs */
    ask(&hall, other, MESSAGE_CHECK, 2);
    struct message_error error = hear_error(&hall, other);
    assert_int_equal(error.id, 2);
    assert_true(str_equal(error.code, STR(MESSAGE_ERROR_BUSY)));
    let_store_go(&hall);
    while (!hear_findings(&hall, client).last)
        ;
    ask(&hall, other, MESSAGE_CHECK, 3);
    struct message_findings findings = hear_findings(&hall, other);
    assert_int_equal(findings.id, 3);
    assert_true(findings.last);
    connection_close(&client);
    connection_close(&other);
    hall_destroy(&hall);
}

/* Nobody is there to hear a sign of life: nothing is told any more, but that it was ended. */
static void a_client_that_goes_away_ends_its_check(void **state) {
    (void)state;
    struct hall hall;
    hall_new(&hall);
    struct connection *client = client_of(&hall), *other = client_of(&hall);
    struct str frame;
    keep_store(&hall);
    ask(&hall, client, MESSAGE_CHECK, 1);
    (void)hear_findings(&hall, client);
    connection_close(&client);
    int64_t end = connection_clock_ms() + WAIT_MS;
    while (hall.undelivered == 0) {
        assert_false(turn(&hall, other, &frame));
        assert_true(connection_clock_ms() < end);
    }
    let_store_go(&hall);
    while (!questions_stopped(hall.questions))
        assert_false(turn(&hall, other, &frame));
    assert_non_null(strstr(hall.last_code, "busy: the check was ended"));
    ask(&hall, other, MESSAGE_CHECK, 2); /* and the next one is not */
    assert_true(hear_findings(&hall, other).last);
    connection_close(&other);
    hall_destroy(&hall);
}

static void stopping_ends_a_check(void **state) {
    (void)state;
    struct hall hall;
    hall_new(&hall);
    struct connection *client = client_of(&hall);
    keep_store(&hall);
    ask(&hall, client, MESSAGE_CHECK, 1);
    (void)hear_findings(&hall, client);
    questions_stop(hall.questions);
    let_store_go(&hall);
    struct wire_reader reader;
    while (hear(&hall, client, &reader) == MESSAGE_FINDINGS)
        ;
    assert_non_null(strstr(hall.last_code, "busy: the check was ended"));
    assert_true(questions_stopped(hall.questions));
    connection_close(&client);
    hall_destroy(&hall);
}

static int count_cell(void *arg, const struct store_cell *cell) {
    size_t *count = arg;
    (void)cell;
    ++*count;
    return 0;
}

/* The writer waits for it: it ends before its end, and the same walk anew goes all the way. */
static void a_long_walk_lets_go(void **state) {
    (void)state;
    enum { CELLS = 10000 };
    struct hall hall;
    struct store_write *write;
    struct fault why = {""};
    size_t count = 0;
    hall_new(&hall);
    assert_int_equal(store_begin(hall.room.store, &write, NULL), 0);
    for (uint32_t source = 0; source < CELLS; source++)
        assert_int_equal(store_put_cell(write, STORE_MONTHS, 0, 0, source, STR("x"), NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    keep_store(&hall);
    assert_int_equal(store_each_cell(hall.snapshot, STORE_MONTHS, 0, 0, 0, count_cell, &count, &why),
                     -EAGAIN);
    assert_true(count > 0 && count < CELLS);
    let_store_go(&hall);
    count = 0;
    assert_int_equal(store_snapshot_open(hall.room.store, &hall.snapshot, NULL), 0);
    assert_int_equal(store_each_cell(hall.snapshot, STORE_MONTHS, 0, 0, 0, count_cell, &count, &why), 0);
    assert_int_equal(count, CELLS);
    store_snapshot_close(&hall.snapshot);
    hall_destroy(&hall);
}

static void each_question_has_its_answer(void **state) {
    (void)state;
    static const struct {
        enum message_type question, answer;
    } pairs[] = {{MESSAGE_QUERY, MESSAGE_FIGURES},       {MESSAGE_SOURCES, MESSAGE_LEDGER},
                 {MESSAGE_CHECK, MESSAGE_FINDINGS},      {MESSAGE_PLAN, MESSAGE_INDICATORS},
                 {MESSAGE_EXPLAIN, MESSAGE_EXPLANATION}, {MESSAGE_DUE, MESSAGE_DUTIES},
                 {MESSAGE_CLOSINGS, MESSAGE_CLOSED}};
    struct hall hall;
    struct wire_reader reader;
    hall_new(&hall);
    struct connection *client = client_of(&hall);
    bool is_question[MESSAGE_TYPE_LAST + 1] = {false};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ask(&hall, client, pairs[i].question, i + 1);
        assert_int_equal(hear(&hall, client, &reader), pairs[i].answer);
        is_question[pairs[i].question] = true;
    }
    for (int type = MESSAGE_HELLO; type <= MESSAGE_TYPE_LAST; type++) /* an act is none */
        assert_int_equal(questions_are((enum message_type)type), is_question[type]);
    connection_close(&client);
    hall_destroy(&hall);
}

/* Those that wait when the end comes are dropped; the one that runs is answered. */
static void stopping_drops_what_waits(void **state) {
    (void)state;
    struct hall hall;
    struct str frame;
    hall_new(&hall);
    struct connection *client = client_of(&hall);
    keep_store(&hall);
    for (uint64_t id = 1; id <= QUESTIONS_RUNNING + 3; id++)
        ask(&hall, client, MESSAGE_SOURCES, id);
    ask(&hall, client, MESSAGE_CHECK, 100);
    ask(&hall, client, MESSAGE_CHECK, 101);
    struct message_error error = hear_error(&hall, client); /* all before it have been taken */
    assert_int_equal(error.id, 101);
    questions_stop(hall.questions);
    let_store_go(&hall);
    for (uint64_t id = 1; id <= QUESTIONS_RUNNING; id++) {
        struct wire_reader reader;
        assert_int_equal(hear(&hall, client, &reader), MESSAGE_LEDGER);
    }
    assert_true(questions_stopped(hall.questions));
    assert_false(turn(&hall, client, &frame));
    connection_close(&client);
    hall_destroy(&hall);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_walk_lets_go),
        cmocka_unit_test(each_question_has_its_answer),
        cmocka_unit_test(a_check_that_lasts_gives_signs_of_life),
        cmocka_unit_test(a_second_check_is_told_busy_and_later_served),
        cmocka_unit_test(a_client_that_goes_away_ends_its_check),
        cmocka_unit_test(stopping_ends_a_check),
        cmocka_unit_test(stopping_drops_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
