#include <errno.h>
#include <inttypes.h>

#include "proto/check.h"
#include "proto/message_batch_priv.h"

#define SET_BYTES_MAX (8u << 20)

int message_read_series(struct wire_reader *reader, struct str *indicator, struct dims *dims,
                        struct fault *why) {
    uint32_t elements, pairs;
    struct str id;
    struct dims read = {.count = 0};
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < 2)
        return fault_set(why, -EPROTO, "it must be an array [indicator, dimensions]");
    if (wire_read_str(reader, &id, UINT32_MAX) != 0)
        return fault_set(why, -EPROTO, "its indicator must be a text (UTF-8)");
    if (dims_check_indicator(id, why) != 0)
        return -EPROTO;
    if (wire_read_map(reader, &pairs, DIMS_MAX) != 0)
        return fault_set(why, -EPROTO, "its dimensions must be a map of at most %d pairs", DIMS_MAX);
    for (uint32_t i = 0; i < pairs; i++) {
        struct str name, value;
        if (wire_read_str(reader, &name, UINT32_MAX) != 0 || wire_read_str(reader, &value, UINT32_MAX) != 0)
            return fault_set(why, -EPROTO, "its dimensions must map text to text (UTF-8)");
        if (dims_add(&read, name, value, why) != 0)
            return -EPROTO;
    }
    for (uint32_t i = 2; i < elements; i++) {
        if (wire_skip(reader) != 0)
            return fault_set(why, -EPROTO, "it is cut off or not MessagePack");
    }
    *indicator = id;
    *dims = read;
    return 0;
}

static int walk_series(struct wire_reader *reader, uint32_t count, struct fault *why) {
    for (uint32_t i = 0; i < count; i++) {
        struct str indicator;
        struct dims dims;
        struct fault cause;
        if (message_read_series(reader, &indicator, &dims, &cause) != 0)
            return fault_set(why, -EPROTO, "batch: series %" PRIu32 ": %s", i, cause.text);
    }
    return 0;
}

static int read_series(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_batch_reading *reading = message;
    struct message_batch *batch = &reading->batch;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_SERIES_MAX, "batch", "series", "send several batches",
                           why) != 0)
        return -EPROTO;
    batch->series = *reader;
    batch->series_count = count;
    int err =
        reading->flat ? message_flat_series(reader, reading, count, why) : walk_series(reader, count, why);
    batch->series.end = reader->at;
    return err;
}

/* An int, bin, str or map. */
static int read_value(struct wire_reader *reader, struct message_raw_event *event, struct fault *why) {
    struct entry entry;
    const uint8_t *start = reader->at;
    switch (wire_peek(reader)) {
    case WIRE_BIN:
        event->form = MESSAGE_VALUE_SET;
        if (wire_read_bin(reader, &event->bytes, SET_BYTES_MAX) == 0)
            return 0;
        break;
    case WIRE_STR:
        event->form = MESSAGE_VALUE_NAME;
        if (wire_read_str(reader, &event->bytes, ENTRY_NAME_MAX) == 0)
            return 0;
        break;
    case WIRE_MAP:
        event->form = MESSAGE_VALUE_ENTRY;
        if (entry_read(reader, &entry, why) != 0)
            return -EPROTO;
        event->bytes = (struct str){(const char *)start, (size_t)(reader->at - start)};
        return 0;
    default:
        event->form = MESSAGE_VALUE_NUMBER;
        if (wire_read_int(reader, &event->number) == 0)
            return 0;
    }
    return fault_set(
        why, -EPROTO,
        "its value must be a whole number of 64 bits, at most %u bytes of bin, a text (UTF-8) of at "
        "most %d bytes, or an entry",
        SET_BYTES_MAX, ENTRY_NAME_MAX);
}

int message_read_event(struct wire_reader *reader, struct message_raw_event *out, struct fault *why) {
    uint32_t elements;
    uint64_t series;
    struct message_raw_event event = {.bytes = STR("")};
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < 3)
        return fault_set(why, -EPROTO, "it must be an array [series, delta, value]");
    if (wire_read_uint(reader, &series, UINT32_MAX) != 0)
        return fault_set(why, -EPROTO, "its series must be a place in the dictionary, from 0");
    if (wire_read_int(reader, &event.delta) != 0)
        return fault_set(why, -EPROTO, "its delta must be a whole number of 64 bits");
    event.series = (uint32_t)series;
    if (read_value(reader, &event, why) != 0)
        return -EPROTO;
    for (uint32_t i = 3; i < elements; i++) {
        if (wire_skip(reader) != 0)
            return fault_set(why, -EPROTO, "it is cut off or not MessagePack");
    }
    *out = event;
    return 0;
}

static int walk_events(struct wire_reader *reader, struct message_batch_reading *reading, uint32_t count,
                       struct fault *why) {
    for (uint32_t i = 0; i < count; i++) {
        struct message_raw_event event;
        struct fault cause;
        if (message_read_event(reader, &event, &cause) != 0)
            return fault_set(why, -EPROTO, "batch: event %" PRIu32 ": %s", i, cause.text);
        if (event.series > reading->last_series)
            reading->last_series = event.series;
        if (event.delta < reading->lowest)
            reading->lowest = event.delta;
        if (event.delta > reading->highest)
            reading->highest = event.delta;
    }
    return 0;
}

static int read_events(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_batch_reading *reading = message;
    struct message_batch *batch = &reading->batch;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_EVENTS_MAX, "batch", "events", "send several batches",
                           why) != 0)
        return -EPROTO;
    batch->events = *reader;
    batch->event_count = count;
    int err = reading->flat ? message_flat_events(reader, reading, count, why)
                            : walk_events(reader, reading, count, why);
    batch->events.end = reader->at;
    return err;
}

/* What can only be judged when the whole map has been read. */
static int judge(const struct message_batch_reading *reading, struct fault *why) {
    const struct message_batch *batch = &reading->batch;
    int64_t at;
    if (batch->event_count > 0 && reading->last_series >= batch->series_count)
        return fault_set(why, -EPROTO,
                         "batch: an event counts in series %" PRIu32 ", but there are only %" PRIu32,
                         reading->last_series, batch->series_count);
    if (__builtin_add_overflow(batch->base, reading->lowest, &at) ||
        __builtin_add_overflow(batch->base, reading->highest, &at))
        return fault_set(why, -EPROTO,
                         "batch: \"base\" and an event's delta add up to more than 64 bits hold");
    return 0;
}

static const struct message_field batch_fields[] = {
    {.key = "source",
     .type = MESSAGE_FIELD_SOURCE,
     .offset = offsetof(struct message_batch_reading, batch.source),
     .max = MESSAGE_SOURCE_MAX},
    {.key = "outbox",
     .type = MESSAGE_FIELD_SOURCE,
     .optional = true,
     .offset = offsetof(struct message_batch_reading, batch.outbox),
     .max = MESSAGE_OUTBOX_MAX},
    {.key = "seq",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_batch_reading, batch.seq),
     .min = 1,
     .max = MESSAGE_SEQ_MAX},
    {.key = "nonce",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_batch_reading, batch.nonce),
     .min = 1,
     .max = MESSAGE_SEQ_MAX},
    {.key = "whole",
     .type = MESSAGE_FIELD_BOOL,
     .optional = true,
     .offset = offsetof(struct message_batch_reading, batch.whole)},
    {.key = "base", .type = MESSAGE_FIELD_INT, .offset = offsetof(struct message_batch_reading, batch.base)},
    {.key = "series", .type = MESSAGE_FIELD_OWN, .read = read_series},
    {.key = "events", .type = MESSAGE_FIELD_OWN, .read = read_events},
};

static const struct message_form batch_form = {MESSAGE_BATCH, sizeof batch_fields / sizeof batch_fields[0],
                                               batch_fields};

static int read_batch(struct wire_reader *reader, struct message_batch_reading *reading,
                      struct message_batch *out, struct fault *why) {
    reading->batch.outbox = STR("");
    int rc = message_read_form(reader, &batch_form, reading, why);
    if (rc == 0)
        rc = judge(reading, why);
    if (rc == 0)
        *out = reading->batch;
    return rc;
}

int message_read_batch(struct wire_reader *reader, struct message_batch *out, struct fault *why) {
    struct message_batch_reading reading = {0};
    return read_batch(reader, &reading, out, why);
}

int message_read_flat(struct wire_reader *reader, struct message_flat *flat, struct message_batch *out,
                      struct fault *why) {
    struct message_batch_reading reading = {.flat = flat};
    int rc = read_batch(reader, &reading, out, why);
    if (rc == 0) {
        flat->earliest = out->base + reading.lowest;
        flat->latest = out->base + reading.highest;
    }
    return rc;
}

void message_next_series(struct message_batch *batch, struct str *indicator, struct dims *dims) {
    ASSERT(batch->series.at < batch->series.end);
    int rc = message_read_series(&batch->series, indicator, dims, NULL);
    ASSERT(rc == 0);
}

void message_next_event(struct message_batch *batch, struct message_event *event) {
    struct message_raw_event raw;
    ASSERT(batch->events.at < batch->events.end);
    int rc = message_read_event(&batch->events, &raw, NULL);
    ASSERT(rc == 0);
    *event = (struct message_event){
        .series = raw.series,
        .form = raw.form,
        .at = batch->base + raw.delta,
        .number = raw.number,
        .bytes = raw.bytes,
    };
}

void message_write_series(struct wire_writer *writer, struct str indicator, const struct dims *dims) {
    wire_write_array(writer, 2);
    wire_write_str(writer, indicator);
    wire_write_map(writer, dims->count);
    for (size_t i = 0; i < dims->count; i++) {
        wire_write_str(writer, dims->dim[i].name);
        wire_write_str(writer, dims->dim[i].value);
    }
}

static void write_event_head(struct wire_writer *writer, uint32_t series, int64_t delta) {
    wire_write_array(writer, 3);
    wire_write_uint(writer, series);
    wire_write_int(writer, delta);
}

void message_write_event_number(struct wire_writer *writer, uint32_t series, int64_t delta, int64_t number) {
    write_event_head(writer, series, delta);
    wire_write_int(writer, number);
}

void message_write_event_set(struct wire_writer *writer, uint32_t series, int64_t delta, struct str set) {
    write_event_head(writer, series, delta);
    wire_write_bin(writer, set.at, set.len);
}

void message_write_event_name(struct wire_writer *writer, uint32_t series, int64_t delta, struct str name) {
    write_event_head(writer, series, delta);
    wire_write_str(writer, name);
}

void message_write_event_entry(struct wire_writer *writer, uint32_t series, int64_t delta,
                               const struct entry *entry) {
    write_event_head(writer, series, delta);
    entry_write(writer, entry);
}

void message_write_batch(struct wire_writer *writer, const struct message_batch *batch,
                         const struct wire_writer *series, const struct wire_writer *events) {
    message_write_head(writer, MESSAGE_BATCH, 6 + (size_t)(batch->nonce != 0) + (size_t)batch->whole);
    message_write_key(writer, "source");
    wire_write_str(writer, batch->source);
    message_write_key(writer, "outbox");
    wire_write_str(writer, batch->outbox);
    message_write_key(writer, "seq");
    wire_write_uint(writer, batch->seq);
    if (batch->nonce != 0) {
        message_write_key(writer, "nonce");
        wire_write_uint(writer, batch->nonce);
    }
    if (batch->whole) {
        message_write_key(writer, "whole");
        wire_write_bool(writer, true);
    }
    message_write_key(writer, "base");
    wire_write_int(writer, batch->base);
    message_write_key(writer, "series");
    wire_write_elements(writer, batch->series_count, series);
    message_write_key(writer, "events");
    wire_write_elements(writer, batch->event_count, events);
}
