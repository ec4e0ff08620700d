/* The quick reader against the plain one: what one takes the other takes, to the last event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/check.h"
#include "proto/message_flat.h"
#include "random.h"

#define FRAMES    400
#define MUTATIONS 60

struct parts {
    struct wire_writer *frame, *series, *events;
};

static const char *const texts[] = {"site",
                                    "language",
                                    "a",
                                    "web.requests",
                                    "www-example-org",
                                    "\xc3\xa9",
                                    "",
                                    "Bad Name",
                                    "x",
                                    "a-value-that-is-longer-than-thirty-one-bytes"};

static struct str any_text(void) {
    return random_below(40) == 0 ? STR("a\0b") : str_of(texts[random_below(random_below(4) ? 6 : 10)]);
}

/* Most series are as anyone would write them; some are not. */
static void write_series(struct wire_writer *writer) {
    bool odd = random_below(8) == 0;
    uint64_t dims = odd ? random_below(10) : random_below(3);
    wire_write_array(writer, odd ? 2 + random_below(3) : 2);
    wire_write_str(writer, odd ? any_text() : STR("web.requests"));
    wire_write_map(writer, dims);
    for (uint64_t i = 0; i < dims; i++) {
        wire_write_str(writer, odd ? any_text() : str_of(i == 0 ? "language" : "site"));
        wire_write_str(writer, odd ? any_text() : str_of(texts[random_below(6)]));
    }
    if (odd && random_below(2))
        wire_write_uint(writer, 1);
}

static int64_t any_number(void) {
    int64_t number = (int64_t)(random_next() >> random_below(64));
    return random_below(2) ? number : -number;
}

/* An integer in any form that holds it. */
static void write_int(struct wire_writer *writer, int64_t number) {
    uint8_t raw[9] = {0xd3};
    for (size_t i = 0; i < 8; i++)
        raw[8 - i] = (uint8_t)((uint64_t)number >> (8 * i));
    if (random_below(4) == 0)
        wire_write_raw(writer, raw, sizeof raw);
    else
        wire_write_int(writer, number);
}

static void write_event(struct wire_writer *writer, uint64_t series) {
    bool odd = random_below(8) == 0;
    wire_write_array(writer, odd ? 3 + random_below(2) : 3);
    write_int(writer, (int64_t)(series ? random_below(series + (odd && random_below(20) == 0)) : 0));
    write_int(writer, odd ? any_number() : (int64_t)random_below(100000));
    if (odd && random_below(2))
        wire_write_bin(writer, "\x01\0\0\0\0\0\0\0\x07", random_below(2) ? 9 : 1);
    else
        write_int(writer, odd ? any_number() : (int64_t)random_below(300));
}

static void write_frame(struct parts *parts) {
    uint32_t series = (uint32_t)random_below(12), events = series ? (uint32_t)random_below(60) : 0;
    wire_writer_reset(parts->frame);
    wire_writer_reset(parts->series);
    wire_writer_reset(parts->events);
    for (uint32_t i = 0; i < series; i++)
        write_series(parts->series);
    for (uint32_t i = 0; i < events; i++)
        write_event(parts->events, series);
    message_write_batch(parts->frame,
                        &(struct message_batch){.source = STR("s@h"),
                                                .outbox = STR("o"),
                                                .seq = 1 + random_below(1000),
                                                .base = random_below(20) ? 1520380800 : any_number(),
                                                .series_count = series,
                                                .event_count = events},
                        parts->series, parts->events);
}

static int open_frame(struct str frame, struct wire_reader *reader) {
    enum message_type type;
    wire_reader_init(reader, frame.at, frame.len);
    return message_open(reader, &type, NULL) == 0 && type == MESSAGE_BATCH ? 0 : -1;
}

static void expect_same_series(const struct message_flat *flat, struct message_batch *batch) {
    for (uint32_t i = 0; i < batch->series_count; i++) {
        struct str indicator, flat_indicator;
        struct dims dims, flat_dims;
        struct message_batch whole = *batch;
        message_next_series(batch, &indicator, &dims);
        assert_int_equal(message_flat_check(flat, &whole, i, &flat_indicator, &flat_dims, NULL), 0);
        assert_true(str_equal(indicator, flat_indicator) && dims_equal(&dims, &flat_dims));
    }
}

static void expect_same_events(const struct message_flat *flat, struct message_batch *batch) {
    uint32_t sets = 0;
    int64_t earliest = 0, latest = 0, least = 0, most = 0;
    for (uint32_t i = 0; i < batch->event_count; i++) {
        struct message_event event;
        message_next_event(batch, &event);
        int64_t number = event.number;
        assert_int_equal(flat->series[i], event.series);
        assert_true(batch->base + flat->delta[i] == event.at && flat->number[i] == number);
        if (event.form != MESSAGE_VALUE_NUMBER) {
            assert_int_equal(flat->other[sets].event, i);
            assert_true(str_equal(flat->other[sets++].bytes, event.bytes));
        }
        earliest = i == 0 || event.at < earliest ? event.at : earliest;
        latest = i == 0 || event.at > latest ? event.at : latest;
        least = i == 0 || number < least ? number : least;
        most = i == 0 || number > most ? number : most;
    }
    assert_int_equal(flat->other_count, sets);
    assert_true(batch->event_count == 0 || (flat->earliest == earliest && flat->latest == latest));
    assert_true(flat->least == least && flat->most == most);
}

/* The frame in memory of just its length, so that a sanitizer sees one byte too much. 1: both took it. */
static int compare(struct message_flat *flat, struct str frame) {
    struct str exact = str_copy(frame);
    struct wire_reader plain_reader, flat_reader;
    struct message_batch plain, quick;
    struct fault plain_why = {""}, flat_why = {""};
    int taken = 0;
    if (open_frame(exact, &plain_reader) == 0) {
        flat_reader = plain_reader;
        int plain_rc = message_read_batch(&plain_reader, &plain, &plain_why);
        int flat_rc = message_read_flat(&flat_reader, flat, &quick, &flat_why);
        for (uint32_t i = 0; flat_rc == 0 && i < quick.series_count; i++) {
            struct str indicator;
            struct dims dims;
            flat_rc = message_flat_check(flat, &quick, i, &indicator, &dims, &flat_why);
        }
        if (plain_rc != flat_rc)
            fail_msg("plain: %d \"%s\", flat: %d \"%s\"", plain_rc, plain_why.text, flat_rc, flat_why.text);
        if (plain_rc == 0) {
            assert_true(str_equal(plain.source, quick.source) && plain.seq == quick.seq);
            assert_int_equal(plain.event_count, quick.event_count);
            expect_same_series(flat, &plain);
            expect_same_events(flat, &plain);
            taken = 1;
        }
    }
    str_free(exact);
    return taken;
}

static void both_readers_take_the_same(void **state) {
    (void)state;
    struct parts parts;
    struct message_flat flat = {0};
    int taken = 0, damaged = 0;
    random_begin();
    wire_writer_new(&parts.frame, MESSAGE_BYTES_MAX);
    wire_writer_new(&parts.series, MESSAGE_BYTES_MAX);
    wire_writer_new(&parts.events, MESSAGE_BYTES_MAX);
    for (int i = 0; i < FRAMES; i++) {
        write_frame(&parts);
        struct str frame = {(const char *)wire_writer_data(parts.frame), wire_writer_len(parts.frame)};
        taken += compare(&flat, frame);
        for (int k = 0; k < MUTATIONS; k++) {
            char *bytes = mem_copy(frame.at, frame.len);
            size_t len = random_below(4) ? frame.len : random_below(frame.len);
            for (uint64_t flips = 1 + random_below(3); flips > 0 && len > 0; flips--)
                bytes[random_below(len)] = (char)random_next();
            damaged += compare(&flat, (struct str){bytes, len});
            free(bytes);
        }
    }
    assert_in_range(taken, FRAMES / 10, FRAMES - 1);
    assert_in_range(damaged, FRAMES / 10, FRAMES * MUTATIONS);
    message_flat_clear(&flat);
    wire_writer_destroy(&parts.frame);
    wire_writer_destroy(&parts.series);
    wire_writer_destroy(&parts.events);
}

/* A NUL inside a value would make the key of another series. */
static void a_key_cannot_be_forged(void **state) {
    (void)state;
    struct parts parts;
    struct message_flat flat = {0};
    struct message_batch batch;
    struct wire_reader reader;
    struct fault why;
    wire_writer_new(&parts.frame, MESSAGE_BYTES_MAX);
    wire_writer_new(&parts.series, MESSAGE_BYTES_MAX);
    wire_writer_new(&parts.events, MESSAGE_BYTES_MAX);
    wire_write_array(parts.series, 2);
    wire_write_str(parts.series, STR("web.requests"));
    wire_write_map(parts.series, 1);
    wire_write_str(parts.series, STR("language"));
    wire_write_str(parts.series, STR("en\0site\0a"));
    message_write_event_number(parts.events, 0, 1, 1);
    message_write_batch(
        parts.frame,
        &(struct message_batch){
            .source = STR("s"), .outbox = STR("o"), .seq = 1, .base = 0, .series_count = 1, .event_count = 1},
        parts.series, parts.events);
    struct str frame = {(const char *)wire_writer_data(parts.frame), wire_writer_len(parts.frame)};
    assert_int_equal(open_frame(frame, &reader), 0);
    assert_true(message_read_flat(&reader, &flat, &batch, &why) != 0);
    assert_non_null(strstr(why.text, "control character"));
    message_flat_clear(&flat);
    wire_writer_destroy(&parts.frame);
    wire_writer_destroy(&parts.series);
    wire_writer_destroy(&parts.events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_readers_take_the_same),
        cmocka_unit_test(a_key_cannot_be_forged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
