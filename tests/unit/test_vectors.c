/* proto/vectors: each good message is read and compared field by field, and written again, byte by byte; each
 * bad one is refused with the sentence that it names. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bytes.h"
#include "messages.h"
#include "proto/message.h"
#include "proto/period.h"
#include "proto/sketch.h"

#define VECTORS SUIVI_SOURCE_DIR "/proto/vectors/"

static json_t *text_of(struct str text) {
    json_t *json = json_stringn(text.at, text.len);
    assert_non_null(json);
    return json;
}

static json_t *number_of(uint64_t number) {
    assert_true(number <= INT64_MAX);
    return json_integer((json_int_t)number);
}

static json_t *dims_of(const struct dims *dims) {
    json_t *map = json_object();
    for (size_t i = 0; i < dims->count; i++) {
        char name[DIM_NAME_MAX + 1];
        snprintf(name, sizeof name, "%.*s", STR_ARG(dims->dim[i].name));
        json_object_set_new(map, name, text_of(dims->dim[i].value));
    }
    return map;
}

/* Each of these reads a message, tells it as JSON, and writes it again with `writer`. */
static json_t *hello_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_hello hello;
    struct fault why;
    if (message_read_hello(reader, &hello, &why) != 0)
        fail_msg("%s", why.text);
    message_write_hello(writer, &hello);
    return json_pack("{s:o, s:o, s:o, s:o}", "source", text_of(hello.source), "outbox", text_of(hello.outbox),
                     "software", text_of(hello.software), "first", number_of(hello.first));
}

static json_t *welcome_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_welcome welcome;
    struct fault why;
    if (message_read_welcome(reader, &welcome, &why) != 0)
        fail_msg("%s", why.text);
    message_write_welcome(writer, &welcome);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "source", text_of(welcome.source),
                     "last", number_of(welcome.last), "credit", number_of(welcome.credit), "max_bytes",
                     number_of(welcome.max_bytes), "max_series", number_of(welcome.max_series), "max_events",
                     number_of(welcome.max_events), "max_others", number_of(welcome.max_others), "digest",
                     number_of(welcome.digest), "missing", number_of(welcome.missing));
}

/* The keys that say something, as an encoder writes them. */
static json_t *entry_told(const struct entry *entry) {
    json_t *told =
        json_pack("{s:o, s:I}", "id", number_of(entry->id), "recorded", (json_int_t)entry->recorded);
    const struct {
        const char *key;
        struct str text;
    } texts[] = {{"name", entry->name}, {"title", entry->title}, {"link", entry->link},
                 {"file", entry->file}, {"note", entry->note},   {"reason", entry->reason}};
    if (entry->has_value)
        json_object_set_new(told, "value", json_integer(entry->value));
    if (entry->holds)
        json_object_set_new(told, "holds", json_integer(entry->value));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].text.len > 0)
            json_object_set_new(told, texts[i].key, text_of(texts[i].text));
    if (entry->removed)
        json_object_set_new(told, "removed", json_true());
    if (entry->done != ENTRY_NO_DAY) {
        char text[PERIOD_TEXT_MAX];
        struct period day = {PERIOD_DAY, entry->done, entry->done};
        json_object_set_new(told, "done", json_string(period_print(&day, text)));
    }
    if (entry->sha256.len > 0)
        json_object_set_new(told, "sha256", messages_bin(entry->sha256));
    if (entry->part[0].len > 0) {
        json_t *parts = json_array();
        for (size_t i = 0; i < ENTRY_PARTS; i++)
            json_array_append_new(parts, text_of(entry->part[i]));
        json_object_set_new(told, "parts", parts);
    }
    if (entry->retracts != 0)
        json_object_set_new(told, "retracts", number_of(entry->retracts));
    if (entry->remark != ENTRY_REMARK_NONE)
        json_object_set_new(told, "remark", json_string(entry_remark_name(entry->remark)));
    return told;
}

static json_t *value_told(struct wire_writer *events, const struct message_event *event, int64_t delta) {
    struct wire_reader reader;
    struct entry entry;
    switch (event->form) {
    case MESSAGE_VALUE_SET:
        assert_true(sketch_valid(event->bytes));
        message_write_event_set(events, event->series, delta, event->bytes);
        return messages_bin(event->bytes);
    case MESSAGE_VALUE_NAME:
        message_write_event_name(events, event->series, delta, event->bytes);
        return text_of(event->bytes);
    case MESSAGE_VALUE_ENTRY:
        wire_reader_init(&reader, event->bytes.at, event->bytes.len);
        assert_int_equal(entry_read(&reader, &entry, NULL), 0);
        message_write_event_entry(events, event->series, delta, &entry);
        return entry_told(&entry);
    case MESSAGE_VALUE_NUMBER:
        break;
    }
    message_write_event_number(events, event->series, delta, event->number);
    return json_integer(event->number);
}

static json_t *batch_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_batch batch;
    struct fault why;
    struct wire_writer *series_writer, *events_writer;
    json_t *series = json_array(), *events = json_array();
    if (message_read_batch(reader, &batch, &why) != 0)
        fail_msg("%s", why.text);
    wire_writer_new(&series_writer, MESSAGE_BYTES_MAX);
    wire_writer_new(&events_writer, MESSAGE_BYTES_MAX);
    for (uint32_t i = 0; i < batch.series_count; i++) {
        struct str id;
        struct dims dims;
        message_next_series(&batch, &id, &dims);
        message_write_series(series_writer, id, &dims);
        json_array_append_new(series, json_pack("[o, o]", text_of(id), dims_of(&dims)));
    }
    for (uint32_t i = 0; i < batch.event_count; i++) {
        struct message_event event;
        message_next_event(&batch, &event);
        int64_t delta = event.at - batch.base;
        assert_true(event.series < batch.series_count);
        json_array_append_new(events, json_pack("[I, I, o]", (json_int_t)event.series, (json_int_t)delta,
                                                value_told(events_writer, &event, delta)));
    }
    assert_true(wire_at_end(&batch.series) && wire_at_end(&batch.events));
    message_write_batch(writer, &batch, series_writer, events_writer);
    wire_writer_destroy(&series_writer);
    wire_writer_destroy(&events_writer);
    json_t *told = json_pack("{s:o, s:o, s:o, s:I, s:o, s:o}", "source", text_of(batch.source), "outbox",
                             text_of(batch.outbox), "seq", number_of(batch.seq), "base",
                             (json_int_t)batch.base, "series", series, "events", events);
    if (batch.nonce != 0)
        json_object_set_new(told, "nonce", number_of(batch.nonce));
    if (batch.whole)
        json_object_set_new(told, "whole", json_true());
    return told;
}

static json_t *ack_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_ack ack;
    struct fault why;
    struct wire_writer *reasons_writer, *refused_writer;
    json_t *reasons = json_array(), *refused = json_array();
    if (message_read_ack(reader, &ack, &why) != 0)
        fail_msg("%s", why.text);
    wire_writer_new(&reasons_writer, MESSAGE_BYTES_MAX);
    wire_writer_new(&refused_writer, MESSAGE_BYTES_MAX);
    for (uint32_t i = 0; i < ack.reason_count; i++) {
        struct str reason;
        message_next_reason(&ack, &reason);
        wire_write_str(reasons_writer, reason);
        json_array_append_new(reasons, text_of(reason));
    }
    for (uint32_t i = 0; i < ack.refused_count; i++) {
        uint32_t index, reason;
        message_next_refused(&ack, &index, &reason);
        message_write_refused(refused_writer, index, reason);
        json_array_append_new(refused, json_pack("[I, I]", (json_int_t)index, (json_int_t)reason));
    }
    message_write_ack(writer, ack.source, ack.seq, ack.repeated, ack.accepted, ack.reason_count,
                      reasons_writer, ack.refused_count, refused_writer);
    wire_writer_destroy(&reasons_writer);
    wire_writer_destroy(&refused_writer);
    return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o}", "source", text_of(ack.source), "seq",
                     number_of(ack.seq), "repeated", ack.repeated, "accepted", number_of(ack.accepted),
                     "reasons", reasons, "refused", refused);
}

static json_t *texts_of(const struct str *texts, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, text_of(texts[i]));
    return list;
}

static json_t *query_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_query query;
    struct fault why;
    if (message_read_query(reader, &query, &why) != 0)
        fail_msg("%s", why.text);
    message_write_query(writer, &query);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b}", "id",
                     number_of(query.id), "indicators", texts_of(query.pattern, query.pattern_count), "from",
                     text_of(query.from), "to", text_of(query.to), "by", text_of(query.by), "language",
                     text_of(query.language), "split", texts_of(query.split, query.split_count), "where",
                     dims_of(&query.where), "as_of", text_of(query.as_of), "sum_of", text_of(query.sum_of),
                     "reported", query.reported, "gaps", query.gaps, "outside", query.outside);
}

/* What it says of itself beside its value, as an encoder writes it. */
static json_t *extras_told(const struct message_figure *figure) {
    json_t *extras = json_object();
    if (figure->state != MESSAGE_STATE_VALUE)
        json_object_set_new(extras, "state", json_string(message_state_name(figure->state)));
    if (figure->decimals > 0)
        json_object_set_new(extras, "decimals", json_integer(figure->decimals));
    if (figure->has_reported)
        json_object_set_new(extras, "reported", json_integer(figure->reported));
    if (figure->has_target)
        json_object_set_new(extras, "target", json_integer(figure->target));
    if (figure->days > 0) {
        json_object_set_new(extras, "heard", json_integer(figure->heard));
        json_object_set_new(extras, "days", json_integer(figure->days));
    }
    if (figure->has_on_time)
        json_object_set_new(extras, "on_time", json_integer(figure->on_time));
    return extras;
}

static json_t *figure_told(const struct message_figure *figure) {
    json_t *told = json_pack("[o, o, o, I]", text_of(figure->indicator), text_of(figure->period),
                             texts_of(figure->dim, figure->dim_count), (json_int_t)figure->value);
    json_t *extras = extras_told(figure);
    if (figure->note.len > 0 || json_object_size(extras) > 0)
        json_array_append_new(told, text_of(figure->note));
    if (json_object_size(extras) > 0)
        json_array_append(told, extras);
    json_decref(extras);
    return told;
}

static json_t *figures_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_figures chunk;
    struct fault why;
    struct wire_writer *indicators_writer, *figures_writer;
    json_t *indicators = json_array(), *figures = json_array();
    if (message_read_figures(reader, &chunk, &why) != 0)
        fail_msg("%s", why.text);
    wire_writer_new(&indicators_writer, MESSAGE_BYTES_MAX);
    wire_writer_new(&figures_writer, MESSAGE_BYTES_MAX);
    for (uint32_t i = 0; i < chunk.indicator_count; i++) {
        struct message_indicator indicator;
        message_next_indicator(&chunk, &indicator);
        message_write_indicator(indicators_writer, &indicator);
        json_array_append_new(indicators,
                              json_pack("[o, o, o, o, o, o]", text_of(indicator.id), text_of(indicator.code),
                                        text_of(indicator.kind), text_of(indicator.label),
                                        text_of(indicator.note), text_of(indicator.unit)));
    }
    for (uint32_t i = 0; i < chunk.figure_count; i++) {
        struct message_figure figure;
        message_next_figure(&chunk, &figure);
        message_write_figure(figures_writer, &figure);
        json_array_append_new(figures, figure_told(&figure));
    }
    message_write_figures(writer, chunk.id, chunk.last, chunk.indicator_count, indicators_writer,
                          chunk.figure_count, figures_writer);
    wire_writer_destroy(&indicators_writer);
    wire_writer_destroy(&figures_writer);
    return json_pack("{s:o, s:b, s:o, s:o}", "id", number_of(chunk.id), "last", chunk.last, "indicators",
                     indicators, "figures", figures);
}

static json_t *error_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_error error;
    struct fault why;
    if (message_read_error(reader, &error, &why) != 0)
        fail_msg("%s", why.text);
    message_write_error(writer, &error);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "code", text_of(error.code), "text", text_of(error.text),
                     "source", text_of(error.source), "seq", number_of(error.seq), "id", number_of(error.id));
}

static json_t *sources_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_sources sources;
    struct fault why;
    if (message_read_sources(reader, &sources, &why) != 0)
        fail_msg("%s", why.text);
    message_write_sources(writer, &sources);
    return json_pack("{s:o}", "id", number_of(sources.id));
}

static json_t *ledger_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_ledger chunk;
    struct fault why;
    struct wire_writer *rows_writer;
    json_t *rows = json_array();
    if (message_read_ledger(reader, &chunk, &why) != 0)
        fail_msg("%s", why.text);
    wire_writer_new(&rows_writer, MESSAGE_BYTES_MAX);
    for (uint32_t i = 0; i < chunk.row_count; i++) {
        struct message_ledger_row row;
        message_next_ledger_row(&chunk, &row);
        message_write_ledger_row(rows_writer, &row);
        json_array_append_new(
            rows, json_pack("[o, o, o, o, o, o, o, o, o, o, I]", text_of(row.source), text_of(row.outbox),
                            number_of(row.batches), number_of(row.read), number_of(row.accepted),
                            number_of(row.refused), number_of(row.repeated), number_of(row.batches_again),
                            number_of(row.last), number_of(row.missing), (json_int_t)row.heard));
    }
    message_write_ledger(writer, chunk.id, chunk.last, chunk.row_count, rows_writer);
    wire_writer_destroy(&rows_writer);
    return json_pack("{s:o, s:b, s:o}", "id", number_of(chunk.id), "last", chunk.last, "rows", rows);
}

static json_t *check_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_check check;
    struct fault why;
    if (message_read_check(reader, &check, &why) != 0)
        fail_msg("%s", why.text);
    message_write_check(writer, &check);
    return json_pack("{s:o}", "id", number_of(check.id));
}

static json_t *findings_told(struct wire_reader *reader, struct wire_writer *writer) {
    struct message_findings chunk;
    struct fault why;
    struct wire_writer *findings_writer;
    json_t *findings = json_array();
    if (message_read_findings(reader, &chunk, &why) != 0)
        fail_msg("%s", why.text);
    wire_writer_new(&findings_writer, MESSAGE_BYTES_MAX);
    for (uint32_t i = 0; i < chunk.finding_count; i++) {
        struct str text;
        message_next_finding(&chunk, &text);
        message_write_finding(findings_writer, text);
        json_array_append_new(findings, json_pack("[o]", text_of(text)));
    }
    message_write_findings(writer, chunk.id, chunk.last, &chunk.checked, chunk.finding_count,
                           findings_writer);
    wire_writer_destroy(&findings_writer);
    return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", number_of(chunk.id), "last",
                     chunk.last, "findings", findings, "more", number_of(chunk.checked.more), "names",
                     number_of(chunk.checked.names), "cells", number_of(chunk.checked.cells), "months",
                     number_of(chunk.checked.months), "sources", number_of(chunk.checked.sources), "bytes",
                     number_of(chunk.checked.bytes));
}

static json_t *(*const told[])(struct wire_reader *, struct wire_writer *) = {
    [MESSAGE_HELLO] = hello_told, [MESSAGE_WELCOME] = welcome_told,   [MESSAGE_BATCH] = batch_told,
    [MESSAGE_ACK] = ack_told,     [MESSAGE_QUERY] = query_told,       [MESSAGE_FIGURES] = figures_told,
    [MESSAGE_ERROR] = error_told, [MESSAGE_SOURCES] = sources_told,   [MESSAGE_LEDGER] = ledger_told,
    [MESSAGE_CHECK] = check_told, [MESSAGE_FINDINGS] = findings_told,
};

/* The later types: what was written again, as another decoder has it. */
static json_t *tell(enum message_type type, struct wire_reader *reader, struct wire_writer *writer) {
    struct fault why;
    if (type < MESSAGE_PLAN)
        return told[type](reader, writer);
    if (messages_rewrite(type, reader, writer, &why) != 0)
        fail_msg("%s", why.text);
    json_t *message = messages_frame_json(writer), *map = json_incref(json_array_get(message, 2));
    json_decref(message);
    return map;
}

static json_t *load(const char *kind) {
    char path[sizeof VECTORS + 32];
    json_error_t error;
    snprintf(path, sizeof path, VECTORS "%s.json", kind);
    json_t *list = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (list == NULL)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return list;
}

static const char *string_in(const json_t *entry, const char *key) {
    const char *text = json_string_value(json_object_get(entry, key));
    assert_non_null(text);
    return text;
}

static void check_good(const json_t *entry, enum message_type wanted) {
    struct bytes frame = bytes_of_hex(string_in(entry, "hex"));
    struct wire_reader reader;
    struct wire_writer *writer;
    enum message_type type;
    struct fault why;
    wire_reader_init(&reader, frame.at, frame.len);
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    if (message_open(&reader, &type, &why) != 0)
        fail_msg("%s: %s", string_in(entry, "name"), why.text);
    assert_int_equal(type, wanted);
    json_t *got = tell(type, &reader, writer);
    const json_t *expected = json_object_get(entry, "reads");
    if (expected == NULL)
        expected = json_array_get(json_object_get(entry, "message"), 2);
    if (!json_equal(got, expected))
        fail_msg("%s: read as %s", string_in(entry, "name"), json_dumps(got, 0));
    json_decref(got);
    assert_false(wire_writer_failed(writer));
    if (json_is_true(json_object_get(entry, "canonical"))) {
        assert_int_equal(wire_writer_len(writer), frame.len);
        assert_memory_equal(wire_writer_data(writer), frame.at, frame.len);
    }
    wire_writer_destroy(&writer);
    free(frame.at);
}

static void test_good(void **state) {
    (void)state;
    for (enum message_type type = MESSAGE_HELLO; type <= MESSAGE_TYPE_LAST; type++) {
        json_t *list = load(message_type_name(type)), *entry;
        size_t i;
        assert_in_range(json_array_size(list), 3, 1000);
        json_array_foreach(list, i, entry) {
            check_good(entry, type);
        }
        json_decref(list);
    }
}

static int read_any(enum message_type type, struct wire_reader *reader, struct fault *why) {
    union {
        struct message_hello hello;
        struct message_welcome welcome;
        struct message_batch batch;
        struct message_ack ack;
        struct message_query query;
        struct message_figures figures;
        struct message_error error;
        struct message_sources sources;
        struct message_ledger ledger;
        struct message_check check;
        struct message_findings findings;
    } any;
    switch (type) {
    case MESSAGE_HELLO:
        return message_read_hello(reader, &any.hello, why);
    case MESSAGE_WELCOME:
        return message_read_welcome(reader, &any.welcome, why);
    case MESSAGE_BATCH:
        return message_read_batch(reader, &any.batch, why);
    case MESSAGE_ACK:
        return message_read_ack(reader, &any.ack, why);
    case MESSAGE_QUERY:
        return message_read_query(reader, &any.query, why);
    case MESSAGE_FIGURES:
        return message_read_figures(reader, &any.figures, why);
    case MESSAGE_ERROR:
        return message_read_error(reader, &any.error, why);
    case MESSAGE_SOURCES:
        return message_read_sources(reader, &any.sources, why);
    case MESSAGE_LEDGER:
        return message_read_ledger(reader, &any.ledger, why);
    case MESSAGE_CHECK:
        return message_read_check(reader, &any.check, why);
    case MESSAGE_FINDINGS:
        return message_read_findings(reader, &any.findings, why);
    default:
        break;
    }
    struct wire_writer *writer;
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    int rc = messages_rewrite(type, reader, writer, why);
    wire_writer_destroy(&writer);
    return rc;
}

static void test_bad(void **state) {
    (void)state;
    json_t *list = load("bad"), *entry;
    size_t i;
    assert_in_range(json_array_size(list), 50, 1000);
    json_array_foreach(list, i, entry) {
        struct bytes frame = bytes_of_hex(string_in(entry, "hex"));
        struct wire_reader reader;
        enum message_type type;
        struct fault why = {.text = ""};
        wire_reader_init(&reader, frame.at, frame.len);
        int rc = message_open(&reader, &type, &why);
        if (rc == 0)
            rc = read_any(type, &reader, &why);
        bool version = strcmp(string_in(entry, "code"), MESSAGE_ERROR_VERSION) == 0;
        if (rc != (version ? -EPROTONOSUPPORT : -EPROTO) ||
            strstr(why.text, string_in(entry, "error")) == NULL)
            fail_msg("%s: %d, \"%s\"", string_in(entry, "name"), rc, why.text);
        free(frame.at);
    }
    json_decref(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
