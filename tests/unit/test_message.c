#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "proto/message.h"

#define BIG   (64u << 20)
#define TYPES MESSAGE_FINDINGS

struct writers {
    struct wire_writer *message, *first, *second;
};

static int open_writers(void **state) {
    struct writers *writers = calloc(1, sizeof *writers);
    if (writers == NULL)
        return -1;
    wire_writer_new(&writers->message, BIG);
    wire_writer_new(&writers->first, BIG);
    wire_writer_new(&writers->second, BIG);
    *state = writers;
    return 0;
}

static int close_writers(void **state) {
    struct writers *writers = *state;
    wire_writer_destroy(&writers->message);
    wire_writer_destroy(&writers->first);
    wire_writer_destroy(&writers->second);
    free(writers);
    return 0;
}

static struct bytes frame_of(const struct wire_writer *writer) {
    assert_false(wire_writer_failed(writer));
    return bytes_copy(wire_writer_data(writer), wire_writer_len(writer));
}

static int read_batch(struct bytes frame, struct message_batch *batch, struct fault *why) {
    struct wire_reader reader;
    enum message_type type;
    wire_reader_init(&reader, frame.at, frame.len);
    int rc = message_open(&reader, &type, why);
    if (rc != 0)
        return rc;
    assert_int_equal(type, MESSAGE_BATCH);
    return message_read_batch(&reader, batch, why);
}

static void write_batch(struct writers *writers, uint32_t series_count, uint32_t event_count) {
    wire_writer_reset(writers->message);
    message_write_batch(writers->message,
                        &(struct message_batch){.source = STR("weblog@www1"),
                                                .outbox = STR(""),
                                                .seq = 1,
                                                .base = 1520380800,
                                                .series_count = series_count,
                                                .event_count = event_count},
                        writers->first, writers->second);
}

static void test_names(void **state) {
    (void)state;
    static const char *const names[] = {
        "hello",  "welcome",  "batch",    "ack",    "query",      "figures",  "error",       "sources",
        "ledger", "check",    "findings", "plan",   "indicators", "explain",  "explanation", "due",
        "duties", "closings", "close",    "closed", "withdraw",   "withdrawn"};
    for (enum message_type type = MESSAGE_HELLO; type <= MESSAGE_TYPE_LAST; type++)
        assert_string_equal(message_type_name(type), names[type - 1]);
}

/* Events with every mix of integer widths, written and read back; the last lies at the frame's very end. */
static void test_events_there_and_back(void **state) {
    struct writers *writers = *state;
    static const int64_t numbers[] = {0,
                                      1,
                                      127,
                                      128,
                                      255,
                                      256,
                                      65535,
                                      65536,
                                      -1,
                                      -32,
                                      -33,
                                      -128,
                                      -129,
                                      -32768,
                                      -32769,
                                      UINT32_MAX,
                                      INT32_MIN,
                                      INT64_C(1) << 40,
                                      -(INT64_C(1) << 40),
                                      INT64_MAX,
                                      INT64_MIN};
    static const size_t count = sizeof numbers / sizeof numbers[0];
    static const uint32_t series[] = {0, 127, 128, 255, 256, 65535, 65536, 99999};
    for (uint32_t i = 0; i < 100000; i++) {
        struct dims dims = {0};
        char value[16];
        snprintf(value, sizeof value, "%u", i);
        assert_int_equal(dims_add(&dims, STR("number"), str_of(value), NULL), 0);
        message_write_series(writers->first, STR("a.b"), &dims);
    }
    uint32_t events = 0;
    for (size_t s = 0; s < 8; s++) {
        for (size_t d = 0; d < count - 2; d++) {
            for (size_t v = 0; v < count; v++, events++)
                message_write_event_number(writers->second, series[s], numbers[d], numbers[v]);
        }
    }
    write_batch(writers, 100000, events);
    struct bytes frame = frame_of(writers->message);
    struct message_batch batch;
    struct fault why;
    if (read_batch(frame, &batch, &why) != 0)
        fail_msg("%s", why.text);
    assert_int_equal(batch.series_count, 100000);
    assert_int_equal(batch.event_count, events);
    for (uint32_t i = 0; i < 100000; i++) {
        struct dims dims;
        struct str id;
        char value[16];
        snprintf(value, sizeof value, "%u", i);
        message_next_series(&batch, &id, &dims);
        assert_true(str_equal(id, STR("a.b")) && str_equal(dims_get(&dims, STR("number")), str_of(value)));
    }
    for (size_t s = 0; s < 8; s++) {
        for (size_t d = 0; d < count - 2; d++) {
            for (size_t v = 0; v < count; v++) {
                struct message_event event;
                message_next_event(&batch, &event);
                assert_true(event.series == series[s] && event.at == 1520380800 + numbers[d] &&
                            event.form == MESSAGE_VALUE_NUMBER && event.number == numbers[v]);
            }
        }
    }
    assert_true(wire_at_end(&batch.series) && wire_at_end(&batch.events));
    free(frame.at);
}

static void test_a_set_beside_numbers(void **state) {
    struct writers *writers = *state;
    struct dims none = {0};
    static const char set[] = "\x01\0\0\0\0\0\0\0\x07";
    message_write_series(writers->first, STR("a"), &none);
    message_write_event_number(writers->second, 0, 1, 5);
    message_write_event_set(writers->second, 0, -1, (struct str){set, 9});
    message_write_event_number(writers->second, 0, 2, 6);
    write_batch(writers, 1, 3);
    struct bytes frame = frame_of(writers->message);
    struct message_batch batch;
    struct message_event event;
    assert_int_equal(read_batch(frame, &batch, NULL), 0);
    message_next_event(&batch, &event);
    assert_true(event.form == MESSAGE_VALUE_NUMBER && event.number == 5);
    message_next_event(&batch, &event);
    assert_true(event.form == MESSAGE_VALUE_SET && event.at == 1520380799 &&
                str_equal(event.bytes, (struct str){set, 9}));
    message_next_event(&batch, &event);
    assert_true(event.form == MESSAGE_VALUE_NUMBER && event.number == 6 && event.at == 1520380802);
    free(frame.at);
}

static void test_limits_of_a_batch(void **state) {
    struct writers *writers = *state;
    struct message_batch batch;
    struct fault why;
    struct dims none = {0};
    for (uint32_t i = 0; i < MESSAGE_SERIES_MAX; i++)
        message_write_series(writers->first, STR("a"), &none);
    for (uint32_t i = 0; i < MESSAGE_EVENTS_MAX; i++)
        message_write_event_number(writers->second, i, 0, 1);
    write_batch(writers, MESSAGE_SERIES_MAX, MESSAGE_EVENTS_MAX);
    struct bytes frame = frame_of(writers->message);
    if (read_batch(frame, &batch, &why) != 0)
        fail_msg("%s", why.text);
    free(frame.at);

    message_write_event_number(writers->second, 0, 0, 1);
    write_batch(writers, MESSAGE_SERIES_MAX, MESSAGE_EVENTS_MAX + 1);
    frame = frame_of(writers->message);
    assert_int_equal(read_batch(frame, &batch, &why), -EPROTO);
    assert_string_equal(why.text, "batch: 1048577 events, the limit is 1048576: send several batches");
    free(frame.at);

    message_write_series(writers->first, STR("a"), &none);
    write_batch(writers, MESSAGE_SERIES_MAX + 1, MESSAGE_EVENTS_MAX + 1);
    frame = frame_of(writers->message);
    assert_int_equal(read_batch(frame, &batch, &why), -EPROTO);
    assert_string_equal(why.text, "batch: 1048577 series, the limit is 1048576: send several batches");
    free(frame.at);
}

static void test_limits_of_a_frame_and_a_set(void **state) {
    struct writers *writers = *state;
    struct message_batch batch;
    struct fault why;
    struct dims none = {0};
    char *set = calloc(1, (8u << 20) + 1);
    assert_non_null(set);
    message_write_series(writers->first, STR("a"), &none);
    message_write_event_set(writers->second, 0, 0, (struct str){set, 8u << 20});
    write_batch(writers, 1, 1);
    struct bytes frame = frame_of(writers->message);
    assert_int_equal(read_batch(frame, &batch, &why), 0);
    free(frame.at);

    wire_writer_reset(writers->second);
    message_write_event_set(writers->second, 0, 0, (struct str){set, (8u << 20) + 1});
    write_batch(writers, 1, 1);
    frame = frame_of(writers->message);
    assert_int_equal(read_batch(frame, &batch, &why), -EPROTO);
    assert_non_null(strstr(why.text, "batch: event 0: its value"));
    free(frame.at);

    wire_writer_reset(writers->second);
    for (int i = 0; i < 2; i++)
        message_write_event_set(writers->second, 0, 0, (struct str){set, 8u << 20});
    write_batch(writers, 1, 2);
    frame = frame_of(writers->message);
    assert_int_equal(read_batch(frame, &batch, &why), -EPROTO);
    assert_non_null(strstr(why.text, "the limit is 16777216"));
    free(frame.at);
    free(set);
}

/* Events are read in two ways, one of them quick; every cut of a frame is refused by both. */
static void test_every_cut_is_refused(void **state) {
    struct writers *writers = *state;
    struct dims dims = {0};
    struct fault why;
    dims_add(&dims, STR("site"), STR("nswp"), NULL);
    message_write_series(writers->first, STR("web.pageviews"), &dims);
    for (uint32_t i = 0; i < 40; i++)
        message_write_event_number(writers->second, 0, i * 100, -(int64_t)i);
    write_batch(writers, 1, 40);
    struct bytes frame = frame_of(writers->message);
    for (size_t cut = 0; cut < frame.len; cut++) {
        struct bytes part = bytes_copy(frame.at, cut);
        struct message_batch batch;
        why.text[0] = '\0';
        assert_int_equal(read_batch(part, &batch, &why), -EPROTO);
        assert_true(why.text[0] != '\0');
        free(part.at);
    }
    free(frame.at);
}

/* Good events on both sides, so that the bad one is not met at the frame's end alone. */
static void test_a_bad_event_among_good_ones(void **state) {
    struct writers *writers = *state;
    struct dims none = {0};
    static const char *const bad[] = {
        "93 cf8000000000000000 00 01",
        "93 cf0000000100000000 00 01",
        "93 ff 00 01",
        "93 d3ffffffffffffffff 00 01",
        "93 00 cf8000000000000000 01",
        "93 00 00 cf8000000000000000",
        "93 00 00 c0",
        "93 00 00 ca3f800000",
        "93 00 a0 01",
        "93 c3 00 01",
        "93 00 00 80",
        "92 00 00",
        "c0",
        "80",
        "93 00 00 90",
        "93 00 00 c1",
    };
    message_write_series(writers->first, STR("a"), &none);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct message_batch batch;
        struct fault why = {.text = ""};
        struct bytes event = bytes_of_hex(bad[i]);
        wire_writer_reset(writers->second);
        for (uint32_t e = 0; e < 51; e++) {
            if (e == 10)
                wire_write_raw(writers->second, event.at, event.len);
            else
                message_write_event_number(writers->second, 0, e * 40, e * 1000);
        }
        write_batch(writers, 1, 51);
        struct bytes frame = frame_of(writers->message);
        assert_int_equal(read_batch(frame, &batch, &why), -EPROTO);
        if (strstr(why.text, "batch: event 10: ") == NULL)
            fail_msg("%s: \"%s\"", bad[i], why.text);
        free(frame.at);
        free(event.at);
    }
}

/* Events and series that another encoder may make, among ours. */
static void test_unusual_forms_among_usual_ones(void **state) {
    struct writers *writers = *state;
    struct dims dims = {0}, read;
    struct str id;
    struct bytes series = bytes_of_hex("92 a1 61 82 a1 79 a1 31 a1 78 a1 32");
    dims_add(&dims, STR("x"), STR("2"), NULL);
    dims_add(&dims, STR("y"), STR("1"), NULL);
    wire_write_raw(writers->first, series.at, series.len);
    message_write_series(writers->first, STR("b"), &dims);
    static const char *const forms[] = {"dc0003 01 05 07",
                                        "dd00000003 01 05 07",
                                        "94 01 05 07 c0",
                                        "93 d001 d10005 d200000007",
                                        "93 cf0000000000000001 ce00000005 cf0000000000000007",
                                        "96 01 05 07 90 80 a0"};
    static const uint32_t count = sizeof forms / sizeof forms[0];
    for (uint32_t i = 0; i < count; i++) {
        struct bytes event = bytes_of_hex(forms[i]);
        wire_write_raw(writers->second, event.at, event.len);
        message_write_event_number(writers->second, 0, 300, 70000);
        free(event.at);
    }
    write_batch(writers, 2, 2 * count);
    struct bytes frame = frame_of(writers->message);
    struct message_batch batch;
    struct fault why;
    if (read_batch(frame, &batch, &why) != 0)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < 2; i++) {
        message_next_series(&batch, &id, &read);
        assert_true(str_equal(id, i == 0 ? STR("a") : STR("b")) && dims_equal(&read, &dims));
    }
    for (uint32_t i = 0; i < count; i++) {
        struct message_event event;
        message_next_event(&batch, &event);
        assert_true(event.series == 1 && event.at == 1520380805 && event.form == MESSAGE_VALUE_NUMBER &&
                    event.number == 7);
        message_next_event(&batch, &event);
        assert_true(event.series == 0 && event.at == 1520381100 && event.form == MESSAGE_VALUE_NUMBER &&
                    event.number == 70000);
    }
    assert_true(wire_at_end(&batch.events));
    free(frame.at);
    free(series.at);
}

static void test_nothing_is_written_on_failure(void **state) {
    (void)state;
    struct bytes frame = bytes_of_hex("9301a568656c6c6f81a56669727374 05");
    struct wire_reader reader, opened;
    enum message_type type = MESSAGE_ERROR;
    struct message_hello hello = {.first = 99};
    wire_reader_init(&reader, frame.at, frame.len);
    opened = reader;
    assert_int_equal(message_open(&opened, &type, NULL), 0);
    assert_int_equal(message_read_hello(&opened, &hello, NULL), -EPROTO);
    assert_int_equal(hello.first, 99);
    frame.at[1] = 0x02;
    struct wire_reader before = reader;
    type = MESSAGE_ERROR;
    assert_int_equal(message_open(&reader, &type, NULL), -EPROTONOSUPPORT);
    assert_int_equal(type, MESSAGE_ERROR);
    assert_memory_equal(&reader, &before, sizeof reader);
    free(frame.at);
}

static void test_what_a_bad_message_is_about(void **state) {
    (void)state;
    static const struct {
        const char *hex;
        struct str source;
        uint64_t seq, id;
    } cases[] = {
        {"9301a5626174636884 a6736f75726365a178 a373657105 a673657269657390 a46261736500", STR("x"), 5, 0},
        {"9301a5626174636884 a673657269657390 a6736f75726365a178 a373657105 a66576656e7473c1", STR("x"), 5,
         0},
        {"9301a5626174636883 a6736f75726365a178 a66576656e7473c1 a373657105", STR("x"), 0, 0},
        {"9301a5626174636882 a6736f75726365a10a a373657100", STR(""), 0, 0},
        {"9301a5717565727982 a2696407 a46672616dc0", STR(""), 0, 7},
        {"9301a5717565727982 05 a2696407", STR(""), 0, 0},
        {"9301a5717565727992 01 02", STR(""), 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes frame = bytes_of_hex(cases[i].hex);
        struct wire_reader reader;
        enum message_type type;
        struct message_error error = {.source = STR("old"), .seq = 99, .id = 99};
        wire_reader_init(&reader, frame.at, frame.len);
        assert_int_equal(message_open(&reader, &type, NULL), 0);
        message_read_about(reader, &error);
        assert_true(str_equal(error.source, cases[i].source));
        assert_int_equal(error.seq, cases[i].seq);
        assert_int_equal(error.id, cases[i].id);
        free(frame.at);
    }
}

static void test_what_does_not_fit_is_told(void **state) {
    struct writers *writers = *state;
    struct wire_writer *tight;
    struct message_hello hello = {STR("weblog@www1"), STR("1"), STR("suivi"), 1};
    message_write_hello(writers->message, &hello);
    size_t len = wire_writer_len(writers->message);
    for (size_t room = 0; room <= len; room++) {
        wire_writer_new(&tight, room);
        message_write_hello(tight, &hello);
        assert_true(wire_writer_failed(tight) == (room < len));
        wire_writer_destroy(&tight);
    }
    wire_writer_new(&tight, 2);
    message_write_event_number(tight, 0, 0, 1);
    assert_true(wire_writer_failed(tight));
    wire_writer_reset(writers->message);
    message_write_batch(
        writers->message,
        &(struct message_batch){
            .source = STR("x"), .outbox = STR(""), .seq = 1, .base = 0, .series_count = 0, .event_count = 1},
        writers->first, tight);
    assert_true(wire_writer_failed(writers->message));
    wire_writer_destroy(&tight);
}

/* Walks what was accepted, so that a sanitizer sees every byte that is looked at. */
static uint64_t walk_batch(struct wire_reader *reader) {
    struct message_batch batch;
    struct fault why;
    uint64_t sum = 0;
    if (message_read_batch(reader, &batch, &why) != 0)
        return 0;
    for (uint32_t i = 0; i < batch.series_count; i++) {
        struct str id;
        struct dims dims;
        message_next_series(&batch, &id, &dims);
        assert_int_equal(dims_check_indicator(id, NULL), 0);
        for (size_t d = 0; d < dims.count; d++) {
            assert_int_equal(dims_check_name(dims.dim[d].name, NULL), 0);
            assert_int_equal(dims_check_value(dims.dim[d].value, NULL), 0);
            assert_true(d == 0 || str_compare(dims.dim[d - 1].name, dims.dim[d].name) < 0);
        }
    }
    assert_true(wire_at_end(&batch.series));
    for (uint32_t i = 0; i < batch.event_count; i++) {
        struct message_event event;
        message_next_event(&batch, &event);
        assert_true(event.series < batch.series_count);
        for (size_t b = 0; event.form != MESSAGE_VALUE_NUMBER && b < event.bytes.len; b++)
            sum += (uint8_t)event.bytes.at[b];
    }
    assert_true(wire_at_end(&batch.events));
    return sum + 1;
}

static uint64_t walk_ack(struct wire_reader *reader) {
    struct message_ack ack;
    if (message_read_ack(reader, &ack, NULL) != 0)
        return 0;
    for (uint32_t i = 0; i < ack.reason_count; i++) {
        struct str reason;
        message_next_reason(&ack, &reason);
    }
    for (uint32_t i = 0; i < ack.refused_count; i++) {
        uint32_t index, reason;
        message_next_refused(&ack, &index, &reason);
        assert_true(reason < ack.reason_count && index < MESSAGE_EVENTS_MAX);
    }
    assert_true(ack.refused_count == 0 || wire_at_end(&ack.refused));
    return 1;
}

static uint64_t walk_figures(struct wire_reader *reader) {
    struct message_figures figures;
    if (message_read_figures(reader, &figures, NULL) != 0)
        return 0;
    for (uint32_t i = 0; i < figures.indicator_count; i++) {
        struct message_indicator indicator;
        message_next_indicator(&figures, &indicator);
    }
    for (uint32_t i = 0; i < figures.figure_count; i++) {
        struct message_figure figure;
        message_next_figure(&figures, &figure);
        assert_true(figure.dim_count <= DIMS_MAX);
    }
    return 1;
}

static uint64_t walk_ledger(struct wire_reader *reader) {
    struct message_ledger ledger;
    struct fault why;
    uint64_t sum = 1;
    if (message_read_ledger(reader, &ledger, &why) != 0)
        return 0;
    for (uint32_t i = 0; i < ledger.row_count; i++) {
        struct message_ledger_row row;
        message_next_ledger_row(&ledger, &row);
        sum += row.source.len + row.outbox.len;
    }
    assert_true(wire_at_end(&ledger.rows));
    return sum;
}

static uint64_t walk_findings(struct wire_reader *reader) {
    struct message_findings findings;
    struct fault why;
    uint64_t sum = 1;
    if (message_read_findings(reader, &findings, &why) != 0)
        return 0;
    for (uint32_t i = 0; i < findings.finding_count; i++) {
        struct str text;
        message_next_finding(&findings, &text);
        sum += text.len;
    }
    assert_true(findings.finding_count == 0 || wire_at_end(&findings.findings));
    return sum;
}

static uint64_t walk_any(struct bytes frame) {
    struct wire_reader reader;
    enum message_type type;
    struct fault why;
    union {
        struct message_hello hello;
        struct message_welcome welcome;
        struct message_query query;
        struct message_error error;
        struct message_sources sources;
        struct message_check check;
    } any;
    wire_reader_init(&reader, frame.at, frame.len);
    if (message_open(&reader, &type, &why) != 0)
        return 0;
    switch (type) {
    case MESSAGE_HELLO:
        return message_read_hello(&reader, &any.hello, &why) == 0;
    case MESSAGE_WELCOME:
        return message_read_welcome(&reader, &any.welcome, &why) == 0;
    case MESSAGE_BATCH:
        return walk_batch(&reader);
    case MESSAGE_ACK:
        return walk_ack(&reader);
    case MESSAGE_QUERY:
        return message_read_query(&reader, &any.query, &why) == 0;
    case MESSAGE_FIGURES:
        return walk_figures(&reader);
    case MESSAGE_ERROR:
        return message_read_error(&reader, &any.error, &why) == 0;
    case MESSAGE_SOURCES:
        return message_read_sources(&reader, &any.sources, &why) == 0;
    case MESSAGE_LEDGER:
        return walk_ledger(&reader);
    case MESSAGE_CHECK:
        return message_read_check(&reader, &any.check, &why) == 0;
    case MESSAGE_FINDINGS:
        return walk_findings(&reader);
    default:
        return 0;
    }
}

/* One frame of each type but those of test_message_rows.c, as a writer makes it. */
static size_t write_all(struct writers *writers, struct bytes out[static TYPES]) {
    struct dims dims = {0};
    size_t count = 0;
    dims_add(&dims, STR("site"), STR("nswp"), NULL);
    dims_add(&dims, STR("language"), STR("русский"), NULL);
    struct message_query query = {.id = 7,
                                  .pattern_count = 1,
                                  .split_count = 1,
                                  .pattern = {STR("web.*")},
                                  .from = STR("2018"),
                                  .to = STR("2019"),
                                  .by = STR("month"),
                                  .language = STR("en"),
                                  .split = {STR("site")},
                                  .where = dims,
                                  .as_of = STR("2018-04-30"),
                                  .sum_of = STR("month"),
                                  .reported = true,
                                  .gaps = true};
    struct message_indicator indicator = {STR("web.visits"), STR("1.2"), STR("count"),
                                          STR("Visits"),     STR(""),    STR("visits")};
    struct message_figure figure = {.indicator = STR("web.visits"),
                                    .period = STR("2018-03"),
                                    .dim_count = 1,
                                    .dim = {STR("nswp")},
                                    .value = 70000,
                                    .note = STR("sum of months"),
                                    .decimals = 2,
                                    .has_reported = true,
                                    .reported = 60000,
                                    .has_target = true,
                                    .target = -1,
                                    .heard = 30,
                                    .days = 31};
    for (enum message_type type = MESSAGE_HELLO; type <= TYPES; type++) {
        struct wire_writer *message = writers->message, *first = writers->first, *second = writers->second;
        wire_writer_reset(message);
        wire_writer_reset(first);
        wire_writer_reset(second);
        switch (type) {
        case MESSAGE_HELLO:
            message_write_hello(message,
                                &(struct message_hello){STR("weblog@www1"), STR("1f"), STR("suivi"), 300});
            break;
        case MESSAGE_WELCOME:
            message_write_welcome(message, &(struct message_welcome){STR("weblog@www1"), 5, 64, 1u << 24,
                                                                     1u << 20, 1u << 20, 1u << 14, 77, 2});
            break;
        case MESSAGE_BATCH:
            message_write_series(first, STR("web.visits"), &dims);
            message_write_series(first, STR("web.visitors.unique"), &dims);
            for (uint32_t i = 0; i < 12; i++)
                message_write_event_number(second, i % 2, i * 20, i * 30);
            message_write_event_set(second, 1, 0,
                                    STR("\x01"
                                        "12345678"));
            message_write_batch(message,
                                &(struct message_batch){.source = STR("weblog@www1"),
                                                        .outbox = STR("1f"),
                                                        .seq = 9,
                                                        .base = 1520380800,
                                                        .series_count = 2,
                                                        .event_count = 13},
                                first, second);
            break;
        case MESSAGE_ACK:
            wire_write_str(first, STR("no such indicator"));
            message_write_refused(second, 3, 0);
            message_write_refused(second, 300, 0);
            message_write_ack(message, STR("weblog@www1"), 9, false, 11, 1, first, 2, second);
            break;
        case MESSAGE_QUERY:
            message_write_query(message, &query);
            break;
        case MESSAGE_FIGURES:
            message_write_indicator(first, &indicator);
            message_write_figure(second, &figure);
            message_write_figure(second, &(struct message_figure){.state = MESSAGE_STATE_WITHHELD});
            message_write_figures(message, 7, true, 1, first, 2, second);
            break;
        case MESSAGE_ERROR:
            message_write_error(message,
                                &(struct message_error){STR("bad"), STR("no"), STR("weblog@www1"), 9, 0});
            break;
        case MESSAGE_SOURCES:
            message_write_sources(message, &(struct message_sources){8});
            break;
        case MESSAGE_LEDGER:
            message_write_ledger_row(first, &(struct message_ledger_row){STR("a@b"), STR(""), 2, 300, 200, 40,
                                                                         60, 1, 2, 0, 1520380800});
            message_write_ledger_row(first, &(struct message_ledger_row){.source = STR("a@b")});
            message_write_ledger(message, 8, true, 2, first);
            break;
        case MESSAGE_CHECK:
            message_write_check(message, &(struct message_check){9});
            break;
        case MESSAGE_FINDINGS:
            message_write_finding(first, STR("the month row is 5"));
            message_write_finding(first, STR("é"));
            message_write_findings(message, 9, true, &(struct message_checked){0, 1, 200, 70000, 1, 1u << 20},
                                   2, first);
            break;
        default:
            break;
        }
        out[count++] = frame_of(message);
    }
    return count;
}

static void test_mutated_frames(void **state) {
    struct bytes frames[TYPES];
    uint64_t random = 31415926, accepted = 0;
    size_t count = write_all(*state, frames);
    print_message("seed %llu\n", (unsigned long long)random);
    for (size_t i = 0; i < count; i++)
        assert_true(walk_any(frames[i]) > 0);
    for (unsigned round = 0; round < 20000; round++) {
        for (size_t i = 0; i < count; i++) {
            struct bytes frame = bytes_copy(frames[i].at, frames[i].len);
            for (uint64_t changes = 1 + bytes_random(&random) % 4; changes > 0; changes--) {
                uint8_t *byte = &frame.at[bytes_random(&random) % frame.len];
                uint64_t how = bytes_random(&random) % 3;
                if (how == 0)
                    *byte ^= (uint8_t)(1u << bytes_random(&random) % 8);
                else if (how == 1)
                    *byte = (uint8_t)bytes_random(&random);
                else
                    *byte = (uint8_t)(*byte + 1);
            }
            accepted += walk_any(frame) > 0;
            free(frame.at);
        }
    }
    print_message("%llu of %u accepted\n", (unsigned long long)accepted, 20000 * TYPES);
    assert_true(accepted > 1000);
    for (size_t i = 0; i < count; i++)
        free(frames[i].at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_events_there_and_back, open_writers, close_writers),
        cmocka_unit_test_setup_teardown(test_a_set_beside_numbers, open_writers, close_writers),
        cmocka_unit_test_setup_teardown(test_limits_of_a_batch, open_writers, close_writers),
        cmocka_unit_test_setup_teardown(test_limits_of_a_frame_and_a_set, open_writers, close_writers),
        cmocka_unit_test_setup_teardown(test_every_cut_is_refused, open_writers, close_writers),
        cmocka_unit_test_setup_teardown(test_a_bad_event_among_good_ones, open_writers, close_writers),
        cmocka_unit_test_setup_teardown(test_unusual_forms_among_usual_ones, open_writers, close_writers),
        cmocka_unit_test(test_nothing_is_written_on_failure),
        cmocka_unit_test(test_what_a_bad_message_is_about),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_told, open_writers, close_writers),
        cmocka_unit_test_setup_teardown(test_mutated_frames, open_writers, close_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
