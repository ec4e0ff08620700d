/* The messages whose records are read and written by tables: each element stands where PROTOCOL.md says, limits
 * hold, and no frame does harm. */
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
#include "messages.h"
#include "proto/message.h"
#include "random.h"

#define VECTORS SUIVI_SOURCE_DIR "/proto/vectors/"

static struct wire_writer *new_writer(void) {
    struct wire_writer *writer;
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    return writer;
}

/* Takes the writer. */
static void check_written(struct wire_writer *writer, const char *expected) {
    json_error_t error;
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, &error), *got = messages_frame_json(writer);
    if (wanted == NULL)
        fail_msg("%s: %s", expected, error.text);
    if (!json_equal(wanted, got))
        fail_msg("%s\nshould be\n%s", json_dumps(got, JSON_ENCODE_ANY), expected);
    json_decref(wanted);
    json_decref(got);
    wire_writer_destroy(&writer);
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(message_state_name(MESSAGE_STATE_VALUE), "");
    assert_string_equal(message_state_name(MESSAGE_STATE_MISSING), "missing");
    assert_string_equal(message_state_name(MESSAGE_STATE_NOT_DUE), "not due");
    assert_string_equal(message_state_name(MESSAGE_STATE_WITHHELD), "withheld");
    assert_string_equal(message_entry_state_name(MESSAGE_ENTRY_COUNTS), "counts");
    assert_string_equal(message_entry_state_name(MESSAGE_ENTRY_RETRACTED), "retracted");
    assert_string_equal(message_entry_state_name(MESSAGE_ENTRY_WITHDRAWN), "withdrawn");
    assert_string_equal(message_entry_state_name(MESSAGE_ENTRY_SUPERSEDED), "superseded");
    assert_string_equal(message_duty_state_name(MESSAGE_DUTY_LATE), "late");
    assert_string_equal(message_duty_state_name(MESSAGE_DUTY_MISSING), "missing");
    assert_string_equal(message_duty_state_name(MESSAGE_DUTY_SHORT), "short");
    assert_string_equal(message_duty_state_name(MESSAGE_DUTY_SILENT), "silent");
    assert_string_equal(message_duty_state_name(MESSAGE_DUTY_SOON), "soon");
}

/* --- each element in its place --- */

static void test_questions(void **state) {
    (void)state;
    struct wire_writer *writer = new_writer();
    message_write_plan(writer, &(struct message_plan){
                                   .id = 1, .pattern_count = 1, .pattern = {STR("p")}, .language = STR("l")});
    check_written(writer, "[1, \"plan\", {\"id\": 1, \"indicators\": [\"p\"], \"language\": \"l\"}]");
    struct message_explain explain = {
        .id = 2, .indicator = STR("i"), .period = STR("p"), .language = STR("l")};
    assert_int_equal(dims_add(&explain.where, STR("d"), STR("v"), NULL), 0);
    writer = new_writer();
    message_write_explain(writer, &explain);
    check_written(writer, "[1, \"explain\", {\"id\": 2, \"indicator\": \"i\", \"period\": \"p\", "
                          "\"where\": {\"d\": \"v\"}, \"language\": \"l\"}]");
    writer = new_writer();
    message_write_due(writer,
                      &(struct message_due){.id = 3, .on = STR("o"), .within = 4, .language = STR("l")});
    check_written(writer, "[1, \"due\", {\"id\": 3, \"on\": \"o\", \"within\": 4, \"language\": \"l\"}]");
    writer = new_writer();
    message_write_closings(writer, &(struct message_closings){5});
    check_written(writer, "[1, \"closings\", {\"id\": 5}]");
    writer = new_writer();
    message_write_close(writer, &(struct message_close){.id = 6, .period = STR("p"), .note = STR("n")});
    check_written(writer, "[1, \"close\", {\"id\": 6, \"period\": \"p\", \"note\": \"n\"}]");
    writer = new_writer();
    message_write_withdraw(
        writer, &(struct message_withdraw){
                    .id = 7, .source = STR("s"), .from = STR("f"), .to = STR("t"), .reason = STR("r")});
    check_written(writer, "[1, \"withdraw\", {\"id\": 7, \"source\": \"s\", \"from\": \"f\", \"to\": \"t\", "
                          "\"reason\": \"r\"}]");
    writer = new_writer();
    message_write_withdrawn(
        writer, &(struct message_withdrawn){
                    .id = 8, .source = STR("s"), .first = STR("f"), .last = STR("l"), .figures = 9});
    check_written(writer, "[1, \"withdrawn\", {\"id\": 8, \"source\": \"s\", \"first\": \"f\", "
                          "\"last\": \"l\", \"figures\": 9}]");
}

static void test_records_of_figures(void **state) {
    (void)state;
    struct wire_writer *writer = new_writer();
    message_write_indicator(writer, &(struct message_indicator){.id = STR("i"),
                                                                .code = STR("c"),
                                                                .kind = STR("k"),
                                                                .label = STR("l"),
                                                                .note = STR("n"),
                                                                .unit = STR("u")});
    check_written(writer, "[\"i\", \"c\", \"k\", \"l\", \"n\", \"u\"]");
    struct message_figure figure = {
        .indicator = STR("i"), .period = STR("p"), .dim_count = 2, .dim = {STR("x"), STR("")}, .value = -5};
    writer = new_writer();
    message_write_figure(writer, &figure);
    check_written(writer, "[\"i\", \"p\", [\"x\", \"\"], -5]");
    figure.note = STR("n");
    writer = new_writer();
    message_write_figure(writer, &figure);
    check_written(writer, "[\"i\", \"p\", [\"x\", \"\"], -5, \"n\"]");
    figure.note = STR("");
    figure.has_target = true;
    writer = new_writer();
    message_write_figure(writer, &figure);
    check_written(writer, "[\"i\", \"p\", [\"x\", \"\"], -5, \"\", {\"target\": 0}]");
    figure.decimals = 1;
    figure.has_reported = true;
    figure.reported = 2;
    figure.target = 3;
    figure.heard = 4;
    figure.days = 5;
    figure.state = MESSAGE_STATE_NOT_DUE;
    writer = new_writer();
    message_write_figure(writer, &figure);
    check_written(writer, "[\"i\", \"p\", [\"x\", \"\"], -5, \"\", {\"state\": \"not due\", \"decimals\": 1, "
                          "\"reported\": 2, \"target\": 3, \"heard\": 4, \"days\": 5}]");
}

static void test_records_of_the_plan(void **state) {
    (void)state;
    struct wire_writer *values = new_writer(), *writer = new_writer(), *message = new_writer();
    wire_write_str(values, STR("x"));
    wire_write_str(values, STR("y"));
    struct message_indicator_row row = {.id = STR("1"),
                                        .code = STR("2"),
                                        .area = STR("3"),
                                        .kind = STR("4"),
                                        .frequency = STR("5"),
                                        .unit = STR("6"),
                                        .label = STR("7"),
                                        .definition = STR("8"),
                                        .method = STR("9"),
                                        .method_version = STR("10"),
                                        .fed_by = STR("11"),
                                        .target = STR("12"),
                                        .baseline = STR("13"),
                                        .dim_count = 2,
                                        .dim = {STR("a"), STR("b")},
                                        .value_count = {0, 2},
                                        .due = STR("14")};
    wire_reader_init(&row.values[1], wire_writer_data(values), wire_writer_len(values));
    message_write_indicator_row(writer, &row);
    message_write_indicators(
        message,
        &(struct message_indicators){
            .id = 1, .last = true, .name = STR("n"), .title = STR("t"), .plan = STR("p"), .row_count = 1},
        writer);
    check_written(message,
                  "[1, \"indicators\", {\"id\": 1, \"last\": true, \"name\": \"n\", \"title\": \"t\", "
                  "\"plan\": \"p\", \"rows\": [[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", "
                  "\"8\", \"9\", \"10\", \"11\", \"12\", \"13\", [[\"a\", []], [\"b\", [\"x\", "
                  "\"y\"]]], \"14\"]]}]");
    wire_writer_destroy(&writer);
    wire_writer_destroy(&values);
}

static void test_records_of_an_explanation(void **state) {
    (void)state;
    struct messages_lists lists = messages_lists_new();
    struct message_entry_row entry = {
        .source = STR("s"), .at = 1, .received = 2, .state = MESSAGE_ENTRY_SUPERSEDED, .entry = ENTRY_NONE};
    assert_int_equal(dims_add(&entry.dims, STR("d"), STR("v"), NULL), 0);
    entry.entry.id = 3;
    entry.entry.recorded = 4;
    message_write_part(lists.at[MESSAGE_LIST_PARTS], &(struct message_part){.source = STR("s"),
                                                                            .value = 1,
                                                                            .days = 2,
                                                                            .first = STR("f"),
                                                                            .last = STR("l"),
                                                                            .heard = 3,
                                                                            .error = 4});
    message_write_entry_row(lists.at[MESSAGE_LIST_ENTRIES], &entry);
    message_write_withdrawal(
        lists.at[MESSAGE_LIST_WITHDRAWALS],
        &(struct message_withdrawal_row){
            .source = STR("s"), .first = STR("f"), .last = STR("l"), .reason = STR("r"), .at = 1});
    message_write_refusal(
        lists.at[MESSAGE_LIST_REFUSALS],
        &(struct message_refusal_row){.source = STR("s"), .reason = STR("r"), .count = 1, .at = 2});
    message_write_version(lists.at[MESSAGE_LIST_VERSIONS],
                          &(struct message_version_row){.version = STR("v"), .since = STR("s"), .seen = 1});
    message_write_closing(
        lists.at[MESSAGE_LIST_CLOSINGS],
        &(struct message_closing_row){
            .period = STR("p"), .at = 1, .digest = STR("d"), .note = STR("n"), .figures = 2, .vintage = 3});
    message_write_move(
        lists.at[MESSAGE_LIST_MOVES],
        &(struct message_move_row){.at = 1, .source = STR("s"), .what = STR("w"), .difference = 2});
    message_write_operand(
        lists.at[MESSAGE_LIST_OPERANDS],
        &(struct message_operand_row){
            .indicator = STR("i"),
            .label = STR("l"),
            .figure = {.indicator = STR("i"), .period = STR("p"), .value = 1, .note = STR("n")}});
    struct message_remark_row remark = {.remark = ENTRY_REMARK_METHOD,
                                        .source = STR("s"),
                                        .first = STR("f"),
                                        .last = STR("l"),
                                        .days = 1,
                                        .title = STR("t"),
                                        .note = STR("n")};
    assert_int_equal(dims_add(&remark.dims, STR("d"), STR("v"), NULL), 0);
    message_write_remark(lists.at[MESSAGE_LIST_REMARKS], &remark);
    message_write_meaning(lists.at[MESSAGE_LIST_MEANINGS],
                          &(struct message_meaning_row){.period = STR("p"),
                                                        .version = STR("v"),
                                                        .changed = true,
                                                        .kept = true,
                                                        .label = STR("l"),
                                                        .definition = STR("d"),
                                                        .method = STR("m")});
    struct wire_writer *writer = new_writer();
    message_write_explanation(writer,
                              &(struct message_explanation){.id = 1,
                                                            .indicator = {.id = STR("i")},
                                                            .definition = STR("d"),
                                                            .method = STR("m"),
                                                            .method_version = STR("v"),
                                                            .fed_by = STR("f"),
                                                            .figure = {.indicator = STR("i"), .value = 2},
                                                            .more = 3,
                                                            .part_count = 1,
                                                            .entry_count = 1,
                                                            .withdrawal_count = 1,
                                                            .refusal_count = 1,
                                                            .version_count = 1,
                                                            .closing_count = 1,
                                                            .move_count = 1,
                                                            .operand_count = 1,
                                                            .remark_count = 1,
                                                            .meaning_count = 1},
                              (const struct wire_writer *const *)lists.at);
    check_written(
        writer,
        "[1, \"explanation\", {\"id\": 1, \"indicator\": [\"i\", \"\", \"\", \"\", \"\", \"\"], "
        "\"definition\": \"d\", \"method\": \"m\", \"method_version\": \"v\", \"fed_by\": \"f\", "
        "\"figure\": [\"i\", \"\", [], 2], \"more\": 3, \"gone\": false, \"parts\": [[\"s\", 1, 2, \"f\", "
        "\"l\", 3, 4]], "
        "\"entries\": [[\"s\", {\"d\": \"v\"}, 1, 2, \"superseded\", {\"id\": 3, \"recorded\": 4}]], "
        "\"withdrawals\": [[\"s\", \"f\", \"l\", \"r\", 1]], \"refusals\": [[\"s\", \"r\", 1, 2]], "
        "\"versions\": [[\"v\", \"s\", 1]], \"closings\": [[\"p\", 1, \"d\", \"n\", 2, 3]], "
        "\"moves\": [[1, \"s\", \"w\", 2]], \"operands\": [[\"i\", \"l\", [\"i\", \"p\", [], 1, \"n\"]]], "
        "\"remarks\": [[\"method\", \"s\", {\"d\": \"v\"}, \"f\", \"l\", 1, \"t\", \"n\"]], "
        "\"meanings\": [[\"p\", \"v\", true, true, \"l\", \"d\", \"m\"]]}]");
    messages_lists_free(&lists);
}

static void test_records_of_duties_and_closings(void **state) {
    (void)state;
    struct wire_writer *rows = new_writer(), *writer = new_writer();
    struct message_duty duty = {.state = MESSAGE_DUTY_SHORT,
                                .indicator = STR("i"),
                                .code = STR("c"),
                                .label = STR("l"),
                                .period = STR("p"),
                                .due = STR("d"),
                                .days = -1,
                                .value = 2,
                                .target = 3,
                                .heard = 4,
                                .note = STR("n")};
    assert_int_equal(dims_add(&duty.dims, STR("d"), STR("v"), NULL), 0);
    message_write_duty(rows, &duty);
    message_write_duties(writer, 1, true, 1, rows);
    check_written(writer, "[1, \"duties\", {\"id\": 1, \"last\": true, \"rows\": [[\"short\", \"i\", \"c\", "
                          "\"l\", {\"d\": \"v\"}, \"p\", \"d\", -1, 2, 3, 4, \"n\"]]}]");
    wire_writer_reset(rows);
    writer = new_writer();
    message_write_closing(
        rows,
        &(struct message_closing_row){
            .period = STR("p"), .at = 1, .digest = STR("d"), .note = STR("n"), .figures = 2, .vintage = 3});
    message_write_closed(writer, 1, false, 1, rows);
    check_written(writer,
                  "[1, \"closed\", {\"id\": 1, \"last\": false, \"rows\": [[\"p\", 1, \"d\", \"n\", 2, "
                  "3]]}]");
    wire_writer_destroy(&rows);
}

/* --- what is read --- */

static enum message_type open_frame(const struct wire_writer *writer, struct wire_reader *reader) {
    enum message_type type;
    struct fault why;
    assert_false(wire_writer_failed(writer));
    wire_reader_init(reader, wire_writer_data(writer), wire_writer_len(writer));
    if (message_open(reader, &type, &why) != 0)
        fail_msg("%s", why.text);
    return type;
}

static void test_a_figure_is_read(void **state) {
    (void)state;
    struct wire_writer *none = new_writer(), *figures = new_writer(), *writer = new_writer();
    struct message_figure sent = {
        .indicator = STR("i"),
        .period = STR("p"),
        .dim_count = DIMS_MAX,
        .dim = {STR("0"), STR("1"), STR("2"), STR("3"), STR("4"), STR("5"), STR("6"), STR("7")},
        .value = INT64_MIN,
        .note = STR("n"),
        .decimals = 18,
        .has_reported = true,
        .reported = INT64_MAX,
        .has_target = true,
        .target = INT64_MIN,
        .heard = UINT32_MAX - 1,
        .days = UINT32_MAX};
    struct message_figures chunk;
    struct message_figure got;
    struct wire_reader reader;
    message_write_figure(figures, &sent);
    message_write_figure(figures, &(struct message_figure){.state = MESSAGE_STATE_MISSING});
    message_write_figure(figures, &(struct message_figure){.value = 3});
    message_write_figures(writer, 1, true, 0, none, 3, figures);
    assert_int_equal(open_frame(writer, &reader), MESSAGE_FIGURES);
    assert_int_equal(message_read_figures(&reader, &chunk, NULL), 0);
    message_next_figure(&chunk, &got);
    assert_true(got.dim_count == DIMS_MAX && str_equal(got.dim[7], STR("7")) && got.value == INT64_MIN);
    assert_true(str_equal(got.note, STR("n")) && got.state == MESSAGE_STATE_VALUE && got.decimals == 18);
    assert_true(got.has_reported && got.reported == INT64_MAX && got.has_target && got.target == INT64_MIN);
    assert_true(got.heard == UINT32_MAX - 1 && got.days == UINT32_MAX);
    message_next_figure(&chunk, &got);
    assert_true(got.state == MESSAGE_STATE_MISSING && !got.has_reported && !got.has_target && got.days == 0);
    message_next_figure(&chunk, &got);
    assert_true(got.value == 3 && got.state == MESSAGE_STATE_VALUE && got.note.len == 0 && !got.has_target);
    assert_true(wire_at_end(&chunk.figures));
    wire_writer_destroy(&none);
    wire_writer_destroy(&figures);
    wire_writer_destroy(&writer);
}

/* Texts of each length about the limit, in a record and in a message. */
static void test_limits_of_texts(void **state) {
    (void)state;
    char *text = malloc(8192);
    assert_non_null(text);
    memset(text, 'x', 8192);
    static const size_t lengths[] = {0, 1, ENTRY_NOTE_MAX - 1, ENTRY_NOTE_MAX, ENTRY_NOTE_MAX + 1, 8192};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct wire_writer *rows = new_writer(), *writer = new_writer();
        struct message_closed closed;
        struct message_close close = {.period = STR("untouched")};
        struct wire_reader reader;
        struct fault why = {.text = ""};
        struct str note = {text, lengths[i]};
        int expected = lengths[i] <= ENTRY_NOTE_MAX ? 0 : -EPROTO;
        message_write_closing(rows, &(struct message_closing_row){.period = STR("2018"), .note = note});
        message_write_closed(writer, 1, true, 1, rows);
        assert_int_equal(open_frame(writer, &reader), MESSAGE_CLOSED);
        assert_int_equal(message_read_closed(&reader, &closed, &why), expected);
        assert_string_equal(why.text, expected == 0 ? ""
                                                    : "closed: closing 0: \"note\" must be a text (UTF-8) of "
                                                      "at most 2000 bytes");
        wire_writer_reset(writer);
        message_write_close(writer, &(struct message_close){.period = STR("2018"), .note = note});
        assert_int_equal(open_frame(writer, &reader), MESSAGE_CLOSE);
        assert_int_equal(message_read_close(&reader, &close, &why), expected);
        assert_true(str_equal(close.period, expected == 0 ? STR("2018") : STR("untouched")));
        wire_writer_destroy(&rows);
        wire_writer_destroy(&writer);
    }
    free(text);
}

static void test_limits_of_lists(void **state) {
    (void)state;
    struct wire_writer *rows = new_writer(), *writer = new_writer();
    struct message_duties duties;
    struct wire_reader reader;
    struct fault why;
    for (uint32_t i = 0; i < MESSAGE_ROWS_MAX; i++)
        message_write_duty(rows, &(struct message_duty){.state = MESSAGE_DUTY_SOON, .days = i});
    message_write_duties(writer, 1, true, MESSAGE_ROWS_MAX, rows);
    assert_int_equal(open_frame(writer, &reader), MESSAGE_DUTIES);
    assert_int_equal(message_read_duties(&reader, &duties, &why), 0);
    for (uint32_t i = 0; i < MESSAGE_ROWS_MAX; i++) {
        struct message_duty duty;
        message_next_duty(&duties, &duty);
        assert_int_equal(duty.days, i);
    }
    assert_true(wire_at_end(&duties.rows));
    message_write_duty(rows, &(struct message_duty){.state = MESSAGE_DUTY_SOON});
    wire_writer_reset(writer);
    message_write_duties(writer, 1, true, MESSAGE_ROWS_MAX + 1, rows);
    assert_int_equal(open_frame(writer, &reader), MESSAGE_DUTIES);
    assert_int_equal(message_read_duties(&reader, &duties, &why), -EPROTO);
    assert_string_equal(why.text, "duties: 4097 rows, the limit is 4096: send several chunks");
    wire_writer_destroy(&rows);
    wire_writer_destroy(&writer);
}

static void test_what_does_not_fit_is_told(void **state) {
    (void)state;
    struct wire_writer *tight, *rows, *writer = new_writer();
    wire_writer_new(&tight, 40);
    message_write_withdraw(
        tight, &(struct message_withdraw){
                   .source = STR("a@b"), .from = STR("2018"), .to = STR("2018"), .reason = STR("because")});
    assert_true(wire_writer_failed(tight));
    wire_writer_new(&rows, 4);
    message_write_closing(rows, &(struct message_closing_row){.period = STR("2018")});
    message_write_closed(writer, 1, true, 1, rows);
    assert_true(wire_writer_failed(writer));
    wire_writer_destroy(&tight);
    wire_writer_destroy(&rows);
    wire_writer_destroy(&writer);
}

/* --- frames that others may send --- */

struct frames {
    size_t count;
    struct bytes at[256];
};

static void load_frames(struct frames *frames) {
    frames->count = 0;
    for (enum message_type type = MESSAGE_PLAN; type <= MESSAGE_TYPE_LAST; type++) {
        char path[sizeof VECTORS + 32];
        json_t *entry;
        size_t i;
        snprintf(path, sizeof path, VECTORS "%s.json", message_type_name(type));
        json_t *list = json_load_file(path, 0, NULL);
        assert_non_null(list);
        json_array_foreach(list, i, entry) {
            assert_true(frames->count < 256);
            frames->at[frames->count++] = bytes_of_hex(json_string_value(json_object_get(entry, "hex")));
        }
        json_decref(list);
    }
}

static void free_frames(struct frames *frames) {
    for (size_t i = 0; i < frames->count; i++)
        free(frames->at[i].at);
}

/* Whether it is taken; what is taken is the same when it was written and read again. */
static bool taken(struct bytes frame, struct wire_writer *first, struct wire_writer *second) {
    struct wire_reader reader;
    enum message_type type;
    struct fault why = {.text = ""};
    wire_reader_init(&reader, frame.at, frame.len);
    if (message_open(&reader, &type, &why) != 0 || type < MESSAGE_PLAN)
        return false;
    wire_writer_reset(first);
    int rc = messages_rewrite(type, &reader, first, &why);
    assert_true(rc == 0 || (rc == -EPROTO && why.text[0] != '\0'));
    if (rc != 0)
        return false;
    wire_writer_reset(second);
    assert_int_equal(open_frame(first, &reader), type);
    if (messages_rewrite(type, &reader, second, &why) != 0)
        fail_msg("what was written cannot be read: %s", why.text);
    assert_int_equal(wire_writer_len(second), wire_writer_len(first));
    assert_memory_equal(wire_writer_data(second), wire_writer_data(first), wire_writer_len(first));
    return true;
}

static void test_every_cut_is_refused(void **state) {
    (void)state;
    struct frames frames;
    struct wire_writer *first = new_writer(), *second = new_writer();
    load_frames(&frames);
    for (size_t i = 0; i < frames.count; i++) {
        assert_true(taken(frames.at[i], first, second));
        for (size_t len = 0; len < frames.at[i].len; len++) {
            struct bytes cut = bytes_copy(frames.at[i].at, len);
            assert_false(taken(cut, first, second));
            free(cut.at);
        }
    }
    wire_writer_destroy(&first);
    wire_writer_destroy(&second);
    free_frames(&frames);
}

static void test_changed_frames(void **state) {
    (void)state;
    struct frames frames;
    struct wire_writer *first = new_writer(), *second = new_writer();
    unsigned accepted = 0, rounds = 200000;
    load_frames(&frames);
    random_begin();
    for (unsigned round = 0; round < rounds; round++) {
        const struct bytes *from = &frames.at[random_below(frames.count)];
        struct bytes frame = bytes_copy(from->at, from->len);
        for (uint64_t changes = 1 + random_below(4); changes > 0; changes--) {
            uint8_t *byte = &frame.at[random_below(frame.len)];
            uint64_t how = random_below(3);
            if (how == 0)
                *byte ^= (uint8_t)(1u << random_below(8));
            else if (how == 1)
                *byte = (uint8_t)random_next();
            else
                *byte = (uint8_t)(*byte + 1);
        }
        accepted += taken(frame, first, second);
        free(frame.at);
    }
    print_message("%u of %u accepted\n", accepted, rounds);
    assert_true(accepted > rounds / 20);
    wire_writer_destroy(&first);
    wire_writer_destroy(&second);
    free_frames(&frames);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_records_of_figures),
        cmocka_unit_test(test_records_of_the_plan),
        cmocka_unit_test(test_records_of_an_explanation),
        cmocka_unit_test(test_records_of_duties_and_closings),
        cmocka_unit_test(test_a_figure_is_read),
        cmocka_unit_test(test_limits_of_texts),
        cmocka_unit_test(test_limits_of_lists),
        cmocka_unit_test(test_what_does_not_fit_is_told),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_changed_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
