/* Delivery, told what comes and what time it is: every batch is acknowledged once, whatever is lost on the
 * way. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/lib/batcher.h"
#include "clients/lib/delivery.h"
#include "proto/check.h"
#include "proto/message.h"

#define SOURCE "test@here"
#define DAY    1520380800 /* 2018-03-07 */

struct talk {
    char directory[64];
    struct outbox *outbox;
    struct refused *refused;
    struct staged *staged;
    struct delivery *delivery;
    struct wire_writer *writer, *first, *second;
    int64_t now;
    struct fault why;
};

static int setup(void **state) {
    struct talk *talk = mem_zeroed(1, sizeof *talk);
    strcpy(talk->directory, "/tmp/test_delivery.XXXXXX");
    assert_non_null(mkdtemp(talk->directory));
    assert_int_equal(outbox_open(&talk->outbox, talk->directory, SOURCE, OUTBOX_BYTES_MAX, &talk->why), 0);
    refused_new(&talk->refused, talk->directory, STR(SOURCE));
    staged_new(&talk->staged);
    delivery_new(&talk->delivery, talk->outbox, talk->refused, STR(SOURCE), STR("test 1"));
    wire_writer_new(&talk->writer, MESSAGE_BYTES_MAX);
    wire_writer_new(&talk->first, MESSAGE_BYTES_MAX);
    wire_writer_new(&talk->second, MESSAGE_BYTES_MAX);
    talk->now = 1000000;
    *state = talk;
    return 0;
}

static int teardown(void **state) {
    struct talk *talk = *state;
    delivery_destroy(&talk->delivery);
    refused_destroy(&talk->refused);
    staged_destroy(&talk->staged);
    outbox_close(&talk->outbox);
    wire_writer_destroy(&talk->writer);
    wire_writer_destroy(&talk->first);
    wire_writer_destroy(&talk->second);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", talk->directory);
    assert_int_equal(system(command), 0);
    free(talk);
    return 0;
}

/* `count` batches of two events each. */
static void fill(struct talk *talk, size_t count) {
    struct dims dims = {0};
    assert_int_equal(dims_add(&dims, STR("site"), STR("here"), NULL), 0);
    for (size_t i = 0; i < count; i++) {
        struct batcher *batcher;
        batcher_new(&batcher, STR(SOURCE), outbox_id(talk->outbox), outbox_next(talk->outbox));
        assert_int_equal(batcher_number(batcher, STR("web.pageviews"), &dims, DAY + (int)i, 5, NULL), 0);
        assert_int_equal(
            batcher_set(batcher, STR("web.visitors.unique"), &dims, DAY, (uint64_t[]){1, 2, 3}, 3, NULL), 0);
        size_t batches;
        const struct outbox_batch *closed = batcher_close(batcher, &batches);
        assert_int_equal(batches, 1);
        assert_int_equal(outbox_commit(talk->outbox, closed, batches, talk->staged, &talk->why), 0);
        batcher_destroy(&batcher);
    }
}

/* --- what the delivery says --- */

static bool next_frame(struct talk *talk, struct wire_reader *reader, enum message_type *type) {
    struct str frame;
    int rc;
    bool any = delivery_next(talk->delivery, talk->now, &frame, &rc, &talk->why);
    assert_int_equal(rc, 0);
    if (!any)
        return false;
    wire_reader_init(reader, frame.at, frame.len);
    assert_int_equal(message_open(reader, type, &talk->why), 0);
    return true;
}

static void says_nothing(struct talk *talk) {
    struct wire_reader reader;
    enum message_type type;
    assert_false(next_frame(talk, &reader, &type));
}

static void says_hello(struct talk *talk, uint64_t first) {
    struct wire_reader reader;
    enum message_type type;
    struct message_hello hello;
    assert_true(next_frame(talk, &reader, &type));
    assert_int_equal(type, MESSAGE_HELLO);
    assert_int_equal(message_read_hello(&reader, &hello, &talk->why), 0);
    assert_true(str_equal(hello.source, STR(SOURCE)));
    assert_true(str_equal(hello.outbox, outbox_id(talk->outbox)));
    assert_true(str_equal(hello.software, STR("test 1")));
    assert_int_equal(hello.first, first);
    delivery_sent(talk->delivery, talk->now);
}

static void sends_batch(struct talk *talk, uint64_t seq, uint32_t events) {
    struct wire_reader reader;
    enum message_type type;
    struct message_batch batch;
    assert_true(next_frame(talk, &reader, &type));
    assert_int_equal(type, MESSAGE_BATCH);
    assert_int_equal(message_read_batch(&reader, &batch, &talk->why), 0);
    assert_int_equal(batch.seq, seq);
    assert_int_equal(batch.event_count, events);
    assert_true(str_equal(batch.source, STR(SOURCE)));
    assert_true(str_equal(batch.outbox, outbox_id(talk->outbox)));
    delivery_sent(talk->delivery, talk->now);
}

/* --- what the daemon says --- */

static int hear(struct talk *talk) {
    struct str frame = {(const char *)wire_writer_data(talk->writer), wire_writer_len(talk->writer)};
    /* A copy of just its size, so that reading past the end is seen by the sanitizer. */
    char *copy = mem_copy(frame.at, frame.len);
    int rc = delivery_receive(talk->delivery, (struct str){copy, frame.len}, talk->now, &talk->why);
    free(copy);
    wire_writer_reset(talk->writer);
    return rc;
}

static int welcome_knowing(struct talk *talk, uint64_t last, uint64_t credit, uint64_t digest) {
    message_write_welcome(talk->writer, &(struct message_welcome){
                                            .source = STR(SOURCE),
                                            .last = last,
                                            .credit = credit,
                                            .max_bytes = MESSAGE_BYTES_MAX,
                                            .max_series = MESSAGE_SERIES_MAX,
                                            .max_events = MESSAGE_EVENTS_MAX,
                                            .digest = digest,
                                        });
    return hear(talk);
}

static int welcome(struct talk *talk, uint64_t last, uint64_t credit) {
    return welcome_knowing(talk, last, credit, 0);
}

static int ack(struct talk *talk, uint64_t seq, bool repeated) {
    wire_writer_reset(talk->first);
    message_write_ack(talk->writer, STR(SOURCE), seq, repeated, repeated ? 0 : 2, 0, talk->first, 0,
                      talk->first);
    return hear(talk);
}

static int ack_again(struct talk *talk, uint64_t seq, bool repeated, uint32_t index, struct str reason) {
    wire_writer_reset(talk->first);
    wire_writer_reset(talk->second);
    wire_write_str(talk->first, reason);
    message_write_refused(talk->second, index, 0);
    message_write_ack(talk->writer, STR(SOURCE), seq, repeated, repeated ? 0 : 1, 1, talk->first, 1,
                      talk->second);
    return hear(talk);
}

static int ack_refusing(struct talk *talk, uint64_t seq, uint32_t index, struct str reason) {
    return ack_again(talk, seq, false, index, reason);
}

static int error(struct talk *talk, const char *code, uint64_t seq) {
    message_write_error(talk->writer, &(struct message_error){
                                          .code = str_of(code),
                                          .text = STR("because it is so"),
                                          .source = STR(SOURCE),
                                          .seq = seq,
                                      });
    return hear(talk);
}

static void open_talk(struct talk *talk, uint64_t first, uint64_t last) {
    says_hello(talk, first);
    says_nothing(talk);
    assert_int_equal(welcome(talk, last, 64), 0);
}

static char *read_refused(const struct talk *talk) {
    char path[128], *text = mem_zeroed(1, 65536);
    snprintf(path, sizeof path, "%s/refused.log", talk->directory);
    FILE *file = fopen(path, "r");
    if (file) {
        text[fread(text, 1, 65535, file)] = '\0';
        fclose(file);
    }
    return text;
}

static void refused_has_once(const struct talk *talk, const char *line) {
    char *text = read_refused(talk), *found = strstr(text, line);
    if (!found || strstr(found + 1, line))
        fail_msg("refused.log has this %s: %s\n%s", found ? "twice" : "not", line, text);
    free(text);
}

static void refused_has(const struct talk *talk, const char *line, bool wanted) {
    char *text = read_refused(talk);
    if (!strstr(text, line) == wanted)
        fail_msg("refused.log %s:\n%s", wanted ? "lacks" : "should not have", text);
    free(text);
}

/* --- tests --- */

static void test_empty_outbox_says_nothing(void **state) {
    struct talk *talk = *state;
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
}

static void test_every_batch_is_sent_and_dropped_when_acked(void **state) {
    struct talk *talk = *state;
    fill(talk, 3);
    open_talk(talk, 1, 0);
    for (uint64_t seq = 1; seq <= 3; seq++)
        sends_batch(talk, seq, 2);
    says_nothing(talk);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_false(delivery_done(talk->delivery));
        assert_int_equal(ack(talk, seq, false), 0);
        says_nothing(talk);
        assert_int_equal(outbox_waiting(talk->outbox), 3 - seq);
    }
    assert_true(delivery_done(talk->delivery));
    struct suivi_tally tally = delivery_tally(talk->delivery);
    assert_int_equal(tally.batches, 3);
    assert_int_equal(tally.events, 6);
    assert_int_equal(tally.counted + tally.again, 6);
    assert_int_equal(tally.repeated, 0);
    assert_int_equal(tally.refused, 0);
    /* What is committed later goes out without another hello. */
    fill(talk, 1);
    sends_batch(talk, 4, 2);
    assert_int_equal(ack(talk, 4, false), 0);
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
}

static void test_no_more_than_the_credit_is_on_the_way(void **state) {
    struct talk *talk = *state;
    fill(talk, 5);
    says_hello(talk, 1);
    assert_int_equal(welcome(talk, 0, 2), 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 2);
    says_nothing(talk);
    assert_int_equal(ack(talk, 1, false), 0);
    sends_batch(talk, 3, 2);
    says_nothing(talk);
}

static void test_lost_ack_brings_the_batch_again(void **state) {
    struct talk *talk = *state;
    fill(talk, 2);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 2);
    assert_int_equal(delivery_wake_ms(talk->delivery), talk->now + DELIVERY_PATIENCE_MS);
    talk->now += DELIVERY_PATIENCE_MS - 1;
    says_nothing(talk);
    talk->now += 1;
    open_talk(talk, 1, 2); /* the daemon has them: it was the acks that went lost */
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 2);
    assert_int_equal(ack(talk, 1, true), 0);
    assert_int_equal(ack(talk, 2, true), 0);
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
    assert_int_equal(delivery_tally(talk->delivery).repeated, 2);
    assert_int_equal(delivery_tally(talk->delivery).events, 4);
    assert_int_equal(delivery_tally(talk->delivery).again, 4);
    assert_int_equal(delivery_tally(talk->delivery).counted, 0);
}

static void test_acks_count_in_any_order_and_once(void **state) {
    struct talk *talk = *state;
    fill(talk, 3);
    open_talk(talk, 1, 0);
    for (uint64_t seq = 1; seq <= 3; seq++)
        sends_batch(talk, seq, 2);
    assert_int_equal(ack(talk, 3, false), 0);
    assert_int_equal(ack(talk, 3, true), 0); /* before and .. */
    says_nothing(talk);
    assert_int_equal(ack(talk, 3, true), 0); /* .. after it was dropped */
    assert_int_equal(ack(talk, 99, true), 0);
    assert_int_equal(ack(talk, 2, false), 0);
    says_nothing(talk);
    assert_int_equal(outbox_waiting(talk->outbox), 1);
    assert_int_equal(delivery_tally(talk->delivery).batches, 2);
    /* The first one is still on the way, and comes again in time. */
    talk->now += DELIVERY_PATIENCE_MS;
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    says_nothing(talk);
}

static void test_ack_that_comes_after_another_hello_counts(void **state) {
    struct talk *talk = *state;
    fill(talk, 2);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 2);
    talk->now += DELIVERY_PATIENCE_MS;
    says_hello(talk, 1);
    assert_int_equal(ack(talk, 1, false), 0);
    assert_int_equal(welcome(talk, 1, 64), 0);
    sends_batch(talk, 2, 2);
    says_nothing(talk);
}

static void test_hello_is_said_again_less_and_less_often(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    int64_t wait = DELIVERY_PATIENCE_MS;
    for (int i = 0; i < 8; i++) {
        says_hello(talk, 1);
        talk->now += wait - 1;
        says_nothing(talk);
        talk->now += 1;
        wait = wait * 2 < DELIVERY_PATIENCE_MAX_MS ? wait * 2 : DELIVERY_PATIENCE_MAX_MS;
    }
    assert_int_equal(delivery_heard_ms(talk->delivery), INT64_MIN);
    says_hello(talk, 1);
    assert_int_equal(welcome(talk, 0, 64), 0);
    assert_int_equal(delivery_heard_ms(talk->delivery), talk->now);
    sends_batch(talk, 1, 2);
}

static void test_missing_batch_starts_again(void **state) {
    struct talk *talk = *state;
    fill(talk, 20);
    open_talk(talk, 1, 0);
    for (uint64_t seq = 1; seq <= 20; seq++)
        sends_batch(talk, seq, 2);
    for (uint64_t seq = 2; seq <= 20;
         seq++) /* the first one went lost: one complaint for each of the others */
        assert_int_equal(error(talk, MESSAGE_ERROR_SEQUENCE, seq), 0);
    open_talk(talk, 1, 0);
    for (uint64_t seq = 1; seq <= 20; seq++) {
        sends_batch(talk, seq, 2);
        assert_int_equal(ack(talk, seq, false), 0);
    }
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
}

static void test_daemon_that_only_complains_is_given_up(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    int rc = 0, rounds = 0;
    while (rc == 0 && ++rounds < 100) {
        open_talk(talk, 1, 0);
        sends_batch(talk, 1, 2);
        rc = error(talk, MESSAGE_ERROR_SEQUENCE, 1);
    }
    assert_int_equal(rc, -EPROTO);
    assert_int_equal(outbox_waiting(talk->outbox), 1);
}

static void test_full_disk_there_is_said_and_the_batch_stays(void **state) {
    struct talk *talk = *state;
    const char *codes[] = {MESSAGE_ERROR_STORE, MESSAGE_ERROR_BUSY};
    fill(talk, 1);
    for (size_t i = 0; i < 2; i++) {
        open_talk(talk, 1, 0);
        sends_batch(talk, 1, 2);
        assert_int_equal(error(talk, codes[i], 1), -EAGAIN);
        assert_non_null(strstr(talk->why.text, "because it is so"));
        assert_int_equal(outbox_waiting(talk->outbox), 1);
        delivery_restart(talk->delivery);
    }
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
}

/* A commit that failed there brings an error for each of its batches: one of them is enough. */
static void test_failed_commit_there_is_said_once(void **state) {
    struct talk *talk = *state;
    fill(talk, 3);
    open_talk(talk, 1, 0);
    for (uint64_t seq = 1; seq <= 3; seq++)
        sends_batch(talk, seq, 2);
    assert_int_equal(error(talk, MESSAGE_ERROR_STORE, 1), -EAGAIN);
    delivery_restart(talk->delivery);
    assert_int_equal(error(talk, MESSAGE_ERROR_STORE, 2), 0);
    says_hello(talk, 1);
    assert_int_equal(error(talk, MESSAGE_ERROR_STORE, 3), 0);
    assert_int_equal(welcome(talk, 0, 64), 0);
    sends_batch(talk, 1, 2);
    assert_int_equal(error(talk, MESSAGE_ERROR_STORE, 1), -EAGAIN); /* the next commit */
    assert_int_equal(error(talk, MESSAGE_ERROR_STORE, 0), -EAGAIN);
}

/* Another collector sends as this source: it may soon be done. */
static void test_busy_daemon_is_asked_again(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    for (int i = 0; i < 5; i++) {
        says_hello(talk, 1);
        assert_int_equal(error(talk, MESSAGE_ERROR_BUSY, 0), 0);
        assert_string_equal(delivery_busy(talk->delivery), "because it is so");
        assert_int_equal(delivery_heard_ms(talk->delivery), INT64_MIN); /* which would renew patience */
        says_nothing(talk);
        assert_int_equal(delivery_wake_ms(talk->delivery), talk->now + DELIVERY_BUSY_MS);
        talk->now += DELIVERY_BUSY_MS;
    }
    open_talk(talk, 1, 0);
    assert_null(delivery_busy(talk->delivery));
    sends_batch(talk, 1, 2);
    assert_int_equal(error(talk, MESSAGE_ERROR_BUSY, 0), 0); /* late, and of no meaning any more */
    assert_null(delivery_busy(talk->delivery));
    assert_int_equal(ack(talk, 1, false), 0);
    says_nothing(talk);
}

static void test_busy_daemon_that_fell_silent_is_not_busy(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    says_hello(talk, 1);
    assert_int_equal(error(talk, MESSAGE_ERROR_BUSY, 0), 0);
    talk->now += DELIVERY_BUSY_MS;
    says_hello(talk, 1);
    assert_non_null(delivery_busy(talk->delivery));
    talk->now += DELIVERY_PATIENCE_MS;
    says_hello(talk, 1);
    assert_null(delivery_busy(talk->delivery));
}

static void test_another_version_is_said(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    says_hello(talk, 1);
    assert_int_equal(error(talk, MESSAGE_ERROR_VERSION, 0), -EPROTO);
    assert_non_null(strstr(talk->why.text, "version"));
    wire_write_array(talk->writer, 3);
    wire_write_uint(talk->writer, MESSAGE_VERSION + 1);
    wire_write_uint(talk->writer, MESSAGE_WELCOME);
    wire_write_map(talk->writer, 0);
    assert_int_equal(hear(talk), -EPROTO);
    assert_non_null(strstr(talk->why.text, "version"));
    assert_int_equal(outbox_waiting(talk->outbox), 1);
}

static void test_refused_event_is_written_down(void **state) {
    struct talk *talk = *state;
    fill(talk, 2);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 2);
    assert_int_equal(ack(talk, 1, false), 0);
    assert_int_equal(ack_refusing(talk, 2, 0, STR("no such\tindicator")), 0);
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
    refused_has(talk,
                "\ttest@here\t2\t0\tweb.pageviews\tsite=here\t2018-03-07T00:00:01Z\t5\tno such?indicator\n",
                true);
    refused_has(talk, "unique", false);
    struct suivi_tally tally = delivery_tally(talk->delivery);
    assert_int_equal(tally.refused, 1);
    assert_int_equal(tally.events, 4);
    assert_int_equal(tally.counted, 3);
    assert_string_equal(tally.first_reason, "no such?indicator");
}

/* Killed, and started again. */
static void die(struct talk *talk) {
    delivery_destroy(&talk->delivery);
    refused_destroy(&talk->refused);
    outbox_close(&talk->outbox);
    assert_int_equal(outbox_open(&talk->outbox, talk->directory, SOURCE, OUTBOX_BYTES_MAX, &talk->why), 0);
    refused_new(&talk->refused, talk->directory, STR(SOURCE));
    delivery_new(&talk->delivery, talk->outbox, talk->refused, STR(SOURCE), STR("test 1"));
}

static void append_refused(const struct talk *talk, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/refused.log", talk->directory);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#define NO_VIEWS "\t0\tweb.pageviews\tsite=here\t2018-03-07T00:00:0"

static void test_event_refused_again_is_written_down_once(void **state) {
    struct talk *talk = *state;
    fill(talk, 2);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 2);
    assert_int_equal(ack_refusing(talk, 1, 0, STR("no")), 0);
    die(talk); /* before its batch was dropped, and the ack of the other one is lost */
    assert_int_equal(outbox_waiting(talk->outbox), 2);
    append_refused(talk, "2018-03-07T00:00:00Z\ttest@here\t2" NO_VIEWS "1Z\t5\tno"); /* cut short */
    open_talk(talk, 1, 2);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 2);
    assert_int_equal(ack_again(talk, 1, true, 0, STR("no")), 0);
    assert_int_equal(ack_again(talk, 2, true, 0, STR("no")), 0);
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
    refused_has_once(talk, "\ttest@here\t1" NO_VIEWS "0Z\t5\tno\n");
    refused_has_once(talk, "Z\ttest@here\t2" NO_VIEWS "1Z\t5\tno\n");
    refused_has(talk, "\tno2", false);
    assert_int_equal(delivery_tally(talk->delivery).refused, 2);
}

/* Another event of the batch, or the same for another reason, is another line. */
static void test_only_the_same_refusal_is_written_down_once(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    assert_int_equal(ack_refusing(talk, 1, 0, STR("no")), 0);
    die(talk);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    assert_int_equal(ack_again(talk, 1, true, 1, STR("no")), 0);
    die(talk);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    assert_int_equal(error(talk, MESSAGE_ERROR_BAD, 1), 0);
    refused_has_once(talk, "\t1" NO_VIEWS "0Z\t5\tno\n");
    refused_has_once(talk, "\t1\t1\tweb.visitors.unique\tsite=here\t2018-03-07T00:00:00Z\tset of 3\tno\n");
    refused_has_once(talk, "\t1" NO_VIEWS "0Z\t5\tbecause it is so\n");
}

static void test_batch_stays_when_its_refusal_cannot_be_written(void **state) {
    struct talk *talk = *state;
    char path[128];
    snprintf(path, sizeof path, "mkdir '%s/refused.log'", talk->directory);
    assert_int_equal(system(path), 0);
    fill(talk, 1);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    assert_int_equal(ack_refusing(talk, 1, 0, STR("no")), -EISDIR);
    assert_non_null(strstr(talk->why.text, "refused.log"));
    says_nothing(talk);
    assert_int_equal(outbox_waiting(talk->outbox), 1);
    assert_int_equal(delivery_tally(talk->delivery).refused, 0);
}

static void test_batch_stays_when_the_state_directory_is_gone(void **state) {
    struct talk *talk = *state;
    char elsewhere[80];
    snprintf(elsewhere, sizeof elsewhere, "%s.away", talk->directory);
    fill(talk, 1);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    assert_int_equal(rename(talk->directory, elsewhere), 0);
    int rc = ack_refusing(talk, 1, 0, STR("no"));
    assert_int_equal(rename(elsewhere, talk->directory), 0);
    assert_int_equal(rc, -ENOENT);
    assert_non_null(strstr(talk->why.text, "refused.log"));
    says_nothing(talk);
    assert_int_equal(outbox_waiting(talk->outbox), 1);
    assert_int_equal(ack_refusing(talk, 1, 0, STR("no")), 0);
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
}

static void test_bad_batch_is_written_down_and_its_number_kept(void **state) {
    struct talk *talk = *state;
    fill(talk, 3);
    open_talk(talk, 1, 0);
    for (uint64_t seq = 1; seq <= 3; seq++)
        sends_batch(talk, seq, 2);
    assert_int_equal(ack(talk, 1, false), 0);
    assert_int_equal(error(talk, MESSAGE_ERROR_BAD, 2), 0);
    assert_int_equal(error(talk, MESSAGE_ERROR_SEQUENCE, 3), 0);
    refused_has(talk, "\t2\t0\tweb.pageviews\tsite=here\t2018-03-07T00:00:01Z\t5\tbecause it is so\n", true);
    refused_has(talk,
                "\t2\t1\tweb.visitors.unique\tsite=here\t2018-03-07T00:00:00Z\tset of 3\tbecause it is so\n",
                true);
    open_talk(talk, 2, 1);
    sends_batch(talk, 2, 0); /* nothing in it */
    sends_batch(talk, 3, 2);
    assert_int_equal(ack(talk, 2, false), 0);
    assert_int_equal(ack(talk, 3, false), 0);
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
    assert_int_equal(delivery_tally(talk->delivery).refused, 2);
}

static void test_daemon_that_refuses_all_is_given_up(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    assert_int_equal(error(talk, MESSAGE_ERROR_BAD, 1), 0);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 0);
    assert_int_equal(error(talk, MESSAGE_ERROR_BAD, 1), -EPROTO);
}

static void test_outbox_put_back_from_a_copy_is_noticed(void **state) {
    struct talk *talk = *state;
    fill(talk, 3);
    says_hello(talk, 1);
    assert_int_equal(welcome(talk, 3, 64), 0);
    delivery_restart(talk->delivery);
    says_hello(talk, 1);
    assert_int_equal(welcome(talk, 4, 64), -ESTALE);
    assert_non_null(strstr(talk->why.text, "older copy"));
    assert_non_null(outbox_stale(talk->outbox));
}

/* Numbers used again for other content: the daemon's last batch is not ours, though we have one of that
 * number. */
static void test_numbers_used_again_are_noticed(void **state) {
    struct talk *talk = *state;
    struct outbox_batch second;
    fill(talk, 3);
    assert_int_equal(outbox_read(talk->outbox, 2, &second, &talk->why), 0);
    uint64_t digest = message_digest(second.bytes);
    says_hello(talk, 1);
    assert_int_equal(welcome_knowing(talk, 2, 64, digest), 0);
    assert_null(outbox_stale(talk->outbox));
    delivery_restart(talk->delivery);
    says_hello(talk, 1);
    assert_int_equal(welcome_knowing(talk, 2, 64, digest + 1), -ESTALE);
    assert_non_null(outbox_stale(talk->outbox));
    struct outbox_batch more = {.seq = outbox_next(talk->outbox), .bytes = STR("x")};
    assert_int_equal(outbox_commit(talk->outbox, &more, 1, NULL, &talk->why), -ESTALE);
}

/* --- a batch that was damaged in the outbox --- */

static void damage(struct talk *talk, uint64_t seq, struct str bytes) {
    struct outbox_batch batch = {.seq = seq, .bytes = bytes};
    assert_int_equal(outbox_replace(talk->outbox, &batch, &talk->why), 0);
}

/* The second of three, which is told as one line; what it counted is not known. */
static void is_set_aside(struct talk *talk, const char *shown) {
    refused_has(talk, "\ttest@here\t2\t-\t-\t-\t-\t", true);
    refused_has(talk, shown, true);
    struct suivi_tally tally = delivery_tally(talk->delivery);
    assert_int_equal(tally.refused, 1);
    assert_non_null(strstr(tally.first_reason, "batch 2 was damaged in the outbox"));
    assert_int_equal(outbox_waiting(talk->outbox), 0);
    assert_true(delivery_done(talk->delivery));
}

static void test_damaged_batch_is_set_aside_before_it_is_sent(void **state) {
    struct talk *talk = *state;
    fill(talk, 3);
    damage(talk, 2, STR("garbage"));
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 0); /* nothing in it */
    sends_batch(talk, 3, 2);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(ack(talk, seq, false), 0);
    says_nothing(talk);
    is_set_aside(talk, "\t7 bytes\t");
    refused_has(talk, ", bytes 67617262616765)\n", true);
}

static void test_batch_by_anothers_number_is_set_aside(void **state) {
    struct talk *talk = *state;
    struct outbox_batch first;
    fill(talk, 3);
    assert_int_equal(outbox_read(talk->outbox, 1, &first, &talk->why), 0);
    char *copy = mem_copy(first.bytes.at, first.bytes.len);
    damage(talk, 2, (struct str){copy, first.bytes.len});
    free(copy);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 0);
    sends_batch(talk, 3, 2);
    refused_has(
        talk,
        "\tweb.pageviews\tsite=here\t2018-03-07T00:00:00Z\t5\tdamaged in the outbox: it says to be batch 1",
        true); /* it can be read, so its events are told */
    assert_int_equal(delivery_tally(talk->delivery).refused, 2);
}

static void test_batch_damaged_after_it_was_sent_is_set_aside(void **state) {
    struct talk *talk = *state;
    fill(talk, 3);
    open_talk(talk, 1, 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 2);
    damage(talk, 2, STR("garbage, and more of it than the line in refused.log shows"));
    assert_int_equal(ack(talk, 1, false), 0);
    assert_int_equal(error(talk, MESSAGE_ERROR_BAD, 2), 0);
    open_talk(talk, 2, 1);
    sends_batch(talk, 2, 0);
    sends_batch(talk, 3, 2);
    assert_int_equal(ack(talk, 2, false), 0);
    assert_int_equal(ack(talk, 3, false), 0);
    says_nothing(talk);
    is_set_aside(talk, "...)\n");
}

static void test_batch_damaged_before_its_refusal_came_is_set_aside(void **state) {
    struct talk *talk = *state;
    fill(talk, 3);
    open_talk(talk, 1, 0);
    for (uint64_t seq = 1; seq <= 3; seq++)
        sends_batch(talk, seq, 2);
    damage(talk, 2, STR("garbage"));
    assert_int_equal(ack(talk, 1, false), 0);
    assert_int_equal(ack_refusing(talk, 2, 0, STR("no")), 0);
    assert_int_equal(ack(talk, 3, false), 0);
    says_nothing(talk);
    is_set_aside(talk, "\t7 bytes\t");
}

/* The daemon has the batch as it was: that tells of no older copy. */
static void test_damage_is_not_taken_for_an_older_copy(void **state) {
    struct talk *talk = *state;
    struct outbox_batch second;
    fill(talk, 3);
    assert_int_equal(outbox_read(talk->outbox, 2, &second, &talk->why), 0);
    uint64_t digest = message_digest(second.bytes);
    damage(talk, 2, STR("garbage"));
    says_hello(talk, 1);
    assert_int_equal(welcome_knowing(talk, 2, 64, digest), 0);
    sends_batch(talk, 1, 2);
    sends_batch(talk, 2, 0);
    delivery_restart(talk->delivery);
    says_hello(talk, 1);
    assert_int_equal(welcome_knowing(talk, 2, 64, digest), 0); /* now that an empty one has its number */
    assert_null(outbox_stale(talk->outbox));
}

static void test_what_is_not_ours_is_passed_over(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    assert_int_equal(welcome(talk, 0, 64), 0); /* not asked for */
    says_hello(talk, 1);
    const char *garbage[] = {
        "", "\xc1", "hello", "\x93\x01\x02", "\x93\x01\x02\xc0", "\x93\x01\x63\x80", "\xdf\xff\xff\xff\xff"};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        wire_write_raw(talk->writer, garbage[i], strlen(garbage[i]));
        assert_int_equal(hear(talk), 0);
    }
    message_write_welcome(talk->writer,
                          &(struct message_welcome){.source = STR("other@there"), .credit = 64});
    assert_int_equal(hear(talk), 0);
    says_nothing(talk);
    assert_int_equal(welcome(talk, 0, 64), 0);
    sends_batch(talk, 1, 2);
    wire_writer_reset(talk->first);
    message_write_ack(talk->writer, STR("other@there"), 1, false, 2, 0, talk->first, 0, talk->first);
    assert_int_equal(hear(talk), 0);
    assert_false(delivery_done(talk->delivery));
    assert_int_equal(outbox_waiting(talk->outbox), 1);
    assert_int_equal(ack(talk, 1, false), 0);
    says_nothing(talk);
    assert_true(delivery_done(talk->delivery));
}

/* A daemon and a line that lose, repeat and delay at random: at the end it has every batch once, in order. */
/* So that who sends at the same time is not held up; a batch that counts as a whole is not cut. */
static void test_batches_of_names_and_sets_are_small(void **state) {
    struct talk *talk = *state;
    struct dims dims = {0};
    struct batcher *batcher;
    size_t batches;
    batcher_new(&batcher, STR(SOURCE), outbox_id(talk->outbox), 1);
    for (int whole = 0; whole < 2; whole++) {
        if (whole)
            batcher_whole(batcher);
        for (int i = 0; i < 10; i++)
            assert_int_equal(batcher_number(batcher, STR("a.count"), &dims, DAY, 1, NULL), 0);
        for (uint32_t i = 0; i < BATCHER_OTHERS_MAX; i++)
            assert_int_equal(
                i & 1 ? batcher_name(batcher, STR("a.roster"), &dims, DAY, STR("n"), NULL)
                      : batcher_set(batcher, STR("a.distinct"), &dims, DAY, &(uint64_t){i + 1}, 1, NULL),
                0);
        (void)batcher_number(batcher, STR("a.count"), &dims, DAY, 1, NULL);
        (void)batcher_close(batcher, &batches);
        assert_int_equal(batches, 1);
        batcher_clear(batcher, 1);
        if (whole)
            batcher_whole(batcher);
        for (uint32_t i = 0; i <= BATCHER_OTHERS_MAX; i++)
            assert_int_equal(batcher_name(batcher, STR("a.roster"), &dims, DAY, STR("n"), NULL), 0);
        (void)batcher_close(batcher, &batches);
        assert_int_equal(batches, whole ? 1 : 2);
        batcher_clear(batcher, 1);
    }
    batcher_destroy(&batcher);
}

static void test_daemon_that_takes_less_is_told(void **state) {
    struct talk *talk = *state;
    fill(talk, 1);
    says_hello(talk, 1);
    message_write_welcome(talk->writer, &(struct message_welcome){.source = STR(SOURCE),
                                                                  .credit = 64,
                                                                  .max_bytes = MESSAGE_BYTES_MAX,
                                                                  .max_series = MESSAGE_SERIES_MAX,
                                                                  .max_events = MESSAGE_EVENTS_MAX,
                                                                  .max_others = BATCHER_OTHERS_MAX - 1});
    assert_int_equal(hear(talk), -EPROTO);
    assert_non_null(strstr(talk->why.text, "16383 sets, names and entries"));
    assert_int_equal(outbox_waiting(talk->outbox), 1);
}

static void test_any_loss_ends_well(void **state) {
    struct talk *talk = *state;
    unsigned seed = (unsigned)getpid();
    print_message("seed %u\n", seed);
    enum { BATCHES = 60 };
    fill(talk, BATCHES);
    uint64_t last = 0;
    int steps = 0;
    for (; !delivery_done(talk->delivery) && steps < 100000; steps++) {
        struct wire_reader reader;
        enum message_type type;
        bool lost = rand_r(&seed) % 5 == 0;
        if (!next_frame(talk, &reader, &type)) {
            talk->now += 200;
            continue;
        }
        struct message_batch batch = {0};
        if (type == MESSAGE_BATCH)
            assert_int_equal(message_read_batch(&reader, &batch, &talk->why), 0);
        delivery_sent(talk->delivery, talk->now);
        if (lost)
            continue;
        bool known = type == MESSAGE_BATCH && batch.seq <= last;
        if (type == MESSAGE_BATCH && batch.seq == last + 1)
            last++;
        if (rand_r(&seed) % 5 == 0)
            continue; /* the answer is lost */
        int rc = 0;
        if (type == MESSAGE_HELLO)
            rc = welcome(talk, last, 8);
        else if (batch.seq <= last)
            rc = ack(talk, batch.seq, known);
        else if (rand_r(&seed) % 2 == 0)
            delivery_restart(talk->delivery); /* as after an error that ends a run */
        else
            rc = error(talk, MESSAGE_ERROR_SEQUENCE, batch.seq);
        if (rc == -EPROTO) /* missing a batch too often in a row: the run ends, another one begins */
            delivery_restart(talk->delivery), rc = 0;
        assert_int_equal(rc, 0);
    }
    assert_true(delivery_done(talk->delivery));
    assert_int_equal(last, BATCHES);
    assert_int_equal(delivery_tally(talk->delivery).batches, BATCHES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_outbox_says_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_batch_is_sent_and_dropped_when_acked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_more_than_the_credit_is_on_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_ack_brings_the_batch_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_acks_count_in_any_order_and_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ack_that_comes_after_another_hello_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello_is_said_again_less_and_less_often, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_batch_starts_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_daemon_that_only_complains_is_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk_there_is_said_and_the_batch_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_commit_there_is_said_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy_daemon_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy_daemon_that_fell_silent_is_not_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_version_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batches_of_names_and_sets_are_small, setup, teardown),
        cmocka_unit_test_setup_teardown(test_daemon_that_takes_less_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_event_is_written_down, setup, teardown),
        cmocka_unit_test_setup_teardown(test_event_refused_again_is_written_down_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_the_same_refusal_is_written_down_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch_stays_when_its_refusal_cannot_be_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch_stays_when_the_state_directory_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_batch_is_written_down_and_its_number_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_daemon_that_refuses_all_is_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_used_again_are_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outbox_put_back_from_a_copy_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_batch_is_set_aside_before_it_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch_by_anothers_number_is_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch_damaged_after_it_was_sent_is_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch_damaged_before_its_refusal_came_is_set_aside, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_not_taken_for_an_older_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_ours_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_loss_ends_well, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
