/* Acts among batches: frames in, answers out, and when each may leave. */
#include "tests/unit/room.h"

#include <errno.h>
#include <string.h>

#include "books.h"
#include "daemon/figures/closings.h"
#include "daemon/intake/intake.h"
#include "damage.h"

enum { SENT_MAX = 16 };

/* A frame that left, and what was on disk then. */
struct left {
    char peer[8];
    enum message_type type;
    struct message_error error;
    char code[16], text[MESSAGE_TEXT_MAX + 1];
    uint64_t id;
    size_t closings, withdrawals;
};

struct acting {
    struct books books;
    struct intake *intake;
    struct left left[SENT_MAX];
    size_t count;
    uint64_t seq;
};

/* ---- what leaves ---- */

static void note_disk(const struct acting *acting, struct left *left) {
    struct store_snapshot *snapshot;
    struct closings *closings;
    struct withdrawals *withdrawals;
    assert_int_equal(store_snapshot_open(acting->books.room.store, &snapshot, NULL), 0);
    assert_int_equal(closings_load(&closings, snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&withdrawals, snapshot, NULL), 0);
    left->closings = closings_count(closings);
    left->withdrawals = withdrawals_count(withdrawals);
    closings_destroy(&closings);
    withdrawals_destroy(&withdrawals);
    store_snapshot_close(&snapshot);
}

static void note_sent(void *arg, struct str peer, struct str frame) {
    struct acting *acting = arg;
    struct wire_reader reader;
    struct message_closed closed;
    struct message_withdrawn withdrawn;
    assert_true(acting->count < SENT_MAX);
    struct left *left = &acting->left[acting->count++];
    *left = (struct left){0};
    (void)snprintf(left->peer, sizeof left->peer, "%.*s", STR_ARG(peer));
    wire_reader_init(&reader, frame.at, frame.len);
    assert_int_equal(message_open(&reader, &left->type, NULL), 0);
    if (left->type == MESSAGE_ERROR) {
        assert_int_equal(message_read_error(&reader, &left->error, NULL), 0);
        (void)snprintf(left->code, sizeof left->code, "%.*s", STR_ARG(left->error.code));
        (void)snprintf(left->text, sizeof left->text, "%.*s", STR_ARG(left->error.text));
        left->id = left->error.id;
    } else if (left->type == MESSAGE_CLOSED) {
        assert_int_equal(message_read_closed(&reader, &closed, NULL), 0);
        left->id = closed.id;
    } else if (left->type == MESSAGE_WITHDRAWN) {
        assert_int_equal(message_read_withdrawn(&reader, &withdrawn, NULL), 0);
        left->id = withdrawn.id;
    }
    note_disk(acting, left);
}

static void expect(struct acting *acting, size_t at, const char *peer, enum message_type type, uint64_t id) {
    assert_true(at < acting->count);
    assert_string_equal(acting->left[at].peer, peer);
    assert_int_equal(acting->left[at].type, type);
    assert_int_equal(acting->left[at].id, id);
}

static void expect_error(struct acting *acting, size_t at, const char *peer, const char *code, uint64_t id) {
    expect(acting, at, peer, MESSAGE_ERROR, id);
    assert_string_equal(acting->left[at].code, code);
}

/* ---- what comes ---- */

static void take(struct acting *acting, const char *peer, struct wire_writer *frame) {
    assert_false(intake_full(acting->intake));
    intake_take(acting->intake, str_of(peer),
                (struct str){(const char *)wire_writer_data(frame), wire_writer_len(frame)},
                acting->books.now);
    wire_writer_destroy(&frame);
}

static struct wire_writer *frame_new(void) {
    struct wire_writer *frame;
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    return frame;
}

static void take_close(struct acting *acting, const char *period, uint64_t id) {
    struct wire_writer *frame = frame_new();
    message_write_close(frame, &(struct message_close){.id = id, .period = str_of(period)});
    take(acting, "closer", frame);
}

static void take_withdraw(struct acting *acting, const char *source, uint64_t id) {
    struct wire_writer *frame = frame_new();
    message_write_withdraw(frame, &(struct message_withdraw){.id = id,
                                                             .source = str_of(source),
                                                             .from = STR("2018-03"),
                                                             .to = STR("2018-03"),
                                                             .reason = STR("Counted twice")});
    take(acting, "taker", frame);
}

static void take_batch(struct acting *acting, int64_t number) {
    struct wire_writer *frame = frame_new(), *series = frame_new(), *events = frame_new();
    struct dims dims = {0};
    assert_int_equal(dims_add(&dims, STR("region"), STR("north"), NULL), 0);
    message_write_series(series, STR("calls"), &dims);
    message_write_event_number(events, 0, books_noon("2018-03-05"), number);
    message_write_batch(frame,
                        &(struct message_batch){
                            .source = STR("s"), .seq = ++acting->seq, .series_count = 1, .event_count = 1},
                        series, events);
    take(acting, "sender", frame);
    wire_writer_destroy(&series);
    wire_writer_destroy(&events);
}

static void take_hello(struct acting *acting) {
    struct wire_writer *frame = frame_new();
    message_write_hello(frame, &(struct message_hello){.source = STR("s"), .first = 1});
    take(acting, "sender", frame);
    assert_int_equal(acting->left[0].type, MESSAGE_WELCOME);
    acting->count = 0;
}

static void commit(struct acting *acting) {
    intake_start(acting->intake);
    intake_run(acting->intake);
    intake_finish(acting->intake);
}

static bool reach(void *arg, struct str peer, struct str frame) {
    (void)arg, (void)peer, (void)frame;
    return true;
}

static void acting_new(struct acting *acting) {
    *acting = (struct acting){0};
    books_new(&acting->books, "2018-04-02");
    assert_int_equal(intake_new(&acting->intake, acting->books.room.catalogue, acting->books.room.store,
                                &(struct intake_peers){note_sent, reach, acting}, NULL),
                     0);
    take_hello(acting);
}

static void acting_destroy(struct acting *acting) {
    intake_destroy(&acting->intake);
    assert_int_equal(audited_run(acting->books.room.store).told, 0);
    books_destroy(&acting->books);
}

/* ---- the tests ---- */

static void an_act_is_answered_when_it_is_on_disk(void **state) {
    (void)state;
    struct acting acting;
    acting_new(&acting);
    take_batch(&acting, 5);
    take_close(&acting, "2018-03", 77);
    assert_true(intake_wanted(acting.intake));
    assert_int_equal(acting.count, 0);
    intake_start(acting.intake);
    assert_int_equal(acting.count, 0);
    intake_run(acting.intake);
    assert_int_equal(acting.count, 0);
    intake_finish(acting.intake);
    assert_int_equal(acting.count, 2);
    expect(&acting, 0, "closer", MESSAGE_CLOSED, 77);
    expect(&acting, 1, "sender", MESSAGE_ACK, 0);
    assert_int_equal(acting.left[0].closings, 1);
    acting_destroy(&acting);
}

/* The batches before it, of its own transaction, too, and not those after it. */
static void an_act_sees_what_came_before_it(void **state) {
    (void)state;
    struct acting acting;
    acting_new(&acting);
    take_batch(&acting, 5);
    take_withdraw(&acting, "s", 1);
    commit(&acting);
    take_batch(&acting, 3);
    take_close(&acting, "2018-03", 2);
    commit(&acting);
    take_batch(&acting, 4);
    commit(&acting);
    expect(&acting, 0, "taker", MESSAGE_WITHDRAWN, 1);
    expect(&acting, 2, "closer", MESSAGE_CLOSED, 2);
    assert_int_equal(books_value(&acting.books, "calls", "2018-03", 0), 7);
    assert_int_equal(books_value(&acting.books, "calls", "2018-03", 2), 3); /* what was closed */
    assert_int_equal(books_value(&acting.books, "calls", "2018-03", 1), INT64_MIN);
    acting_destroy(&acting);
}

static void nothing_is_taken_before_an_act_is_done(void **state) {
    (void)state;
    struct acting acting;
    acting_new(&acting);
    take_batch(&acting, 5);
    assert_false(intake_full(acting.intake));
    take_close(&acting, "2018-03", 1);
    assert_true(intake_full(acting.intake));
    intake_start(acting.intake);
    /* What comes while it is written goes into the next transaction, another act also. */
    assert_false(intake_full(acting.intake));
    take_withdraw(&acting, "s", 2);
    assert_true(intake_full(acting.intake));
    intake_run(acting.intake);
    intake_finish(acting.intake);
    assert_int_equal(acting.count, 2);
    assert_int_equal(acting.left[0].withdrawals, 0);
    assert_true(intake_full(acting.intake) && intake_wanted(acting.intake));
    commit(&acting);
    expect(&acting, 2, "taker", MESSAGE_WITHDRAWN, 2);
    assert_int_equal(acting.left[2].withdrawals, 1);
    assert_false(intake_full(acting.intake) || intake_wanted(acting.intake));
    acting_destroy(&acting);
}

static void a_refused_act_hinders_nothing_else(void **state) {
    (void)state;
    struct acting acting;
    struct store_snapshot *snapshot;
    struct store_vintage vintage;
    acting_new(&acting);
    take_batch(&acting, 5);
    take_withdraw(&acting, "nobody", 9);
    commit(&acting);
    assert_int_equal(acting.count, 2);
    expect_error(&acting, 0, "taker", MESSAGE_ERROR_QUERY, 9);
    assert_non_null(strstr(acting.left[0].text, "nobody"));
    expect(&acting, 1, "sender", MESSAGE_ACK, 0);
    assert_int_equal(books_value(&acting.books, "calls", "2018-03", 0), 5);
    take_close(&acting, "2018-04", 10); /* which is not over, and alone in its transaction */
    commit(&acting);
    expect_error(&acting, 2, "closer", MESSAGE_ERROR_QUERY, 10);
    assert_int_equal(acting.left[2].closings + acting.left[2].withdrawals, 0);
    assert_int_equal(store_snapshot_open(acting.books.room.store, &snapshot, NULL), 0);
    assert_int_equal(store_vintage_at(snapshot, INT64_MAX, &vintage, NULL), 0);
    assert_true(vintage.number == 1 && !vintage.ended);
    store_snapshot_close(&snapshot);
    acting_destroy(&acting);
}

static void what_is_no_act_is_said_at_once(void **state) {
    (void)state;
    struct acting acting;
    struct wire_writer *frame = frame_new();
    acting_new(&acting);
    wire_write_array(frame, 3);
    wire_write_uint(frame, MESSAGE_VERSION);
    wire_write_str(frame, str_of(message_type_name(MESSAGE_CLOSE)));
    wire_write_map(frame, 2);
    wire_write_str(frame, STR("id"));
    wire_write_uint(frame, 12);
    wire_write_str(frame, STR("period"));
    wire_write_uint(frame, 2018);
    take(&acting, "closer", frame);
    assert_int_equal(acting.count, 1);
    expect_error(&acting, 0, "closer", MESSAGE_ERROR_BAD, 12);
    assert_false(intake_full(acting.intake) || intake_wanted(acting.intake));
    acting_destroy(&acting);
}

/* The act that was written and the one that waited, with their ids; the batches with their numbers. */
static void a_failed_commit_answers_acts_with_an_error(void **state) {
    (void)state;
    struct acting acting;
    acting_new(&acting);
    take_batch(&acting, 5);
    commit(&acting);
    acting.count = 0;
    take_batch(&acting, 2);
    take_close(&acting, "2018-03", 21);
    intake_start(acting.intake);
    take_batch(&acting, 2);
    take_withdraw(&acting, "s", 22);
    room_limit_files(4096);
    intake_run(acting.intake);
    room_limit_files(RLIM_INFINITY);
    intake_finish(acting.intake);
    assert_int_equal(acting.count, 4);
    expect_error(&acting, 0, "sender", MESSAGE_ERROR_STORE, 0);
    assert_int_equal(acting.left[0].error.seq, 2);
    expect_error(&acting, 1, "closer", MESSAGE_ERROR_STORE, 21);
    assert_int_equal(acting.left[1].error.seq, 0);
    expect_error(&acting, 2, "sender", MESSAGE_ERROR_STORE, 0);
    assert_int_equal(acting.left[2].error.seq, 3);
    expect_error(&acting, 3, "taker", MESSAGE_ERROR_STORE, 22);
    assert_int_equal(acting.left[3].closings + acting.left[3].withdrawals, 0);
    assert_false(intake_full(acting.intake) || intake_wanted(acting.intake));
    assert_int_equal(books_value(&acting.books, "calls", "2018-03", 0), 5);
    acting_destroy(&acting);
}

static void what_was_not_committed_is_forgotten(void **state) {
    (void)state;
    struct acting acting;
    acting_new(&acting);
    take_batch(&acting, 5);
    take_close(&acting, "2018-03", 1);
    intake_destroy(&acting.intake);
    assert_int_equal(acting.count, 0);
    acting_destroy(&acting);
}

/* So much that the map grows in the middle: all is done anew, the act, too, and once. */
static void an_act_is_done_once_when_the_map_grows(void **state) {
    (void)state;
    enum { DAYS = 3000 };
    struct acting acting;
    acting_new(&acting);
    struct wire_writer *frame = frame_new(), *series = frame_new(), *events = frame_new();
    for (uint32_t i = 0; i < DAYS; i++) {
        struct entry entry = {.id = i + 1, .recorded = acting.books.now, .done = ENTRY_NO_DAY};
        char title[ENTRY_TITLE_MAX];
        memset(title, 'x', sizeof title);
        entry.title = (struct str){title, sizeof title};
        entry.note = entry.title;
        message_write_event_entry(events, 0, books_noon("2018-03-05"), &entry);
    }
    message_write_series(series, STR("papers"), &(struct dims){0});
    message_write_batch(frame,
                        &(struct message_batch){
                            .source = STR("s"), .seq = ++acting.seq, .series_count = 1, .event_count = DAYS},
                        series, events);
    take(&acting, "sender", frame);
    take_withdraw(&acting, "s", 31);
    commit(&acting);
    assert_int_equal(acting.count, 2);
    expect(&acting, 0, "taker", MESSAGE_WITHDRAWN, 31);
    assert_int_equal(acting.left[0].withdrawals, 1);
    assert_int_equal(books_value(&acting.books, "papers", "2018", 0), INT64_MIN);
    assert_int_equal(books_value(&acting.books, "papers", "2018", 1), INT64_MIN);
    wire_writer_destroy(&series);
    wire_writer_destroy(&events);
    acting_destroy(&acting);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_act_is_answered_when_it_is_on_disk),
        cmocka_unit_test(an_act_sees_what_came_before_it),
        cmocka_unit_test(nothing_is_taken_before_an_act_is_done),
        cmocka_unit_test(a_refused_act_hinders_nothing_else),
        cmocka_unit_test(what_is_no_act_is_said_at_once),
        cmocka_unit_test(a_failed_commit_answers_acts_with_an_error),
        cmocka_unit_test(what_was_not_committed_is_forgotten),
        cmocka_unit_test(an_act_is_done_once_when_the_map_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
