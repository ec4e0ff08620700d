#include <endian.h>
#include <errno.h>
#include <inttypes.h>

#include "proto/check.h"
#include "proto/message.h"
#include "proto/message_priv.h"

#define SET_BYTES_MAX   (8u << 20)
#define SERIES_HEAD     0x92 /* an array of two, which nearly every series is */
#define EVENT_HEAD      0x93 /* an array of three, which nearly every event is */
#define INT_BYTES_MAX   9
#define EVENT_BYTES_MAX (1 + 3 * INT_BYTES_MAX) /* of such an event with a number */

/* The events may stand before the base and the dictionary that judge them, so their extremes are kept. */
struct reading {
    struct message_batch batch;
    uint32_t last_series; /* the highest named */
    int64_t lowest, highest;
};

struct raw_event {
    uint32_t series;
    bool has_set;
    int64_t delta, number;
    struct str set;
};

static int read_one_series(struct wire_reader *reader, struct str *indicator, struct dims *dims,
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

static int read_series(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_batch *batch = &((struct reading *)message)->batch;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_SERIES_MAX, "batch", "series", "send several batches",
                           why) != 0)
        return -EPROTO;
    batch->series = *reader;
    batch->series_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct str indicator;
        struct dims dims;
        struct fault cause;
        if (read_one_series(reader, &indicator, &dims, &cause) != 0)
            return fault_set(why, -EPROTO, "batch: series %" PRIu32 ": %s", i, cause.text);
    }
    batch->series.end = reader->at;
    return 0;
}

/* Any integer, INT_BYTES_MAX bytes of which can be read or are known to be there; NULL when it is none or too
 * large. */
static inline const uint8_t *take_int(const uint8_t *at, int64_t *out) {
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    uint8_t first = at[0];
    if (first < 0x80 || first >= 0xe0) {
        *out = (int8_t)first;
        return at + 1;
    }
    switch (first) {
    case 0xcc:
        *out = at[1];
        return at + 2;
    case 0xd0:
        *out = (int8_t)at[1];
        return at + 2;
    case 0xcd:
        memcpy(&two, at + 1, sizeof two);
        *out = be16toh(two);
        return at + 3;
    case 0xd1:
        memcpy(&two, at + 1, sizeof two);
        *out = (int16_t)be16toh(two);
        return at + 3;
    case 0xce:
        memcpy(&four, at + 1, sizeof four);
        *out = be32toh(four);
        return at + 5;
    case 0xd2:
        memcpy(&four, at + 1, sizeof four);
        *out = (int32_t)be32toh(four);
        return at + 5;
    case 0xcf:
    case 0xd3:
        memcpy(&eight, at + 1, sizeof eight);
        *out = (int64_t)be64toh(eight);
        return first == 0xcf && *out < 0 ? NULL : at + 9;
    default:
        return NULL;
    }
}

/* Any event, with every check. */
static int read_event(struct wire_reader *reader, struct raw_event *out, struct fault *why) {
    uint32_t elements;
    uint64_t series;
    struct raw_event event = {.set = STR("")};
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < 3)
        return fault_set(why, -EPROTO, "it must be an array [series, delta, value]");
    if (wire_read_uint(reader, &series, UINT32_MAX) != 0)
        return fault_set(why, -EPROTO, "its series must be a place in the dictionary, from 0");
    if (wire_read_int(reader, &event.delta) != 0)
        return fault_set(why, -EPROTO, "its delta must be a whole number of 64 bits");
    event.series = (uint32_t)series;
    event.has_set = wire_read_int(reader, &event.number) != 0;
    if (event.has_set && wire_read_bin(reader, &event.set, SET_BYTES_MAX) != 0)
        return fault_set(why, -EPROTO,
                         "its value must be a whole number of 64 bits, or at most %u bytes of bin",
                         SET_BYTES_MAX);
    for (uint32_t i = 3; i < elements; i++) {
        if (wire_skip(reader) != 0)
            return fault_set(why, -EPROTO, "it is cut off or not MessagePack");
    }
    *out = event;
    return 0;
}

/* Passes the common event; NULL leaves it to read_event, also to say what is wrong with it. */
static inline const uint8_t *check_quickly(const struct wire_reader *reader, int64_t *series,
                                           int64_t *delta) {
    const uint8_t *at = reader->at;
    int64_t number;
    if (reader->end - at < EVENT_BYTES_MAX || *at != EVENT_HEAD)
        return NULL;
    if ((at = take_int(at + 1, series)) == NULL || (at = take_int(at, delta)) == NULL)
        return NULL;
    return *series >= 0 && *series <= UINT32_MAX ? take_int(at, &number) : NULL;
}

static int read_events(struct wire_reader *reader, void *message, struct fault *why) {
    struct reading *reading = message;
    struct message_batch *batch = &reading->batch;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_EVENTS_MAX, "batch", "events", "send several batches",
                           why) != 0)
        return -EPROTO;
    struct wire_reader walk = *reader;
    int64_t last_series = 0, lowest = 0, highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t series, delta;
        const uint8_t *next = check_quickly(&walk, &series, &delta);
        if (next == NULL) {
            struct raw_event event;
            struct fault cause;
            if (read_event(&walk, &event, &cause) != 0)
                return fault_set(why, -EPROTO, "batch: event %" PRIu32 ": %s", i, cause.text);
            series = event.series;
            delta = event.delta;
        } else {
            walk.at = next;
        }
        last_series = series > last_series ? series : last_series;
        lowest = delta < lowest ? delta : lowest;
        highest = delta > highest ? delta : highest;
    }
    batch->events = (struct wire_reader){reader->at, walk.at};
    batch->event_count = count;
    reading->last_series = (uint32_t)last_series;
    reading->lowest = lowest;
    reading->highest = highest;
    reader->at = walk.at;
    return 0;
}

/* What can only be judged when the whole map has been read. */
static int judge(const struct reading *reading, struct fault *why) {
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
     .offset = offsetof(struct reading, batch.source),
     .max = MESSAGE_SOURCE_MAX},
    {.key = "outbox",
     .type = MESSAGE_FIELD_SOURCE,
     .optional = true,
     .offset = offsetof(struct reading, batch.outbox),
     .max = MESSAGE_OUTBOX_MAX},
    {.key = "seq",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct reading, batch.seq),
     .min = 1,
     .max = MESSAGE_SEQ_MAX},
    {.key = "base", .type = MESSAGE_FIELD_INT, .offset = offsetof(struct reading, batch.base)},
    {.key = "series", .type = MESSAGE_FIELD_OWN, .read = read_series},
    {.key = "events", .type = MESSAGE_FIELD_OWN, .read = read_events},
};

static const struct message_form batch_form = {MESSAGE_BATCH, sizeof batch_fields / sizeof batch_fields[0],
                                               batch_fields};

int message_read_batch(struct wire_reader *reader, struct message_batch *out, struct fault *why) {
    struct reading reading = {.batch.outbox = STR("")};
    int rc = message_read_form(reader, &batch_form, &reading, why);
    if (rc == 0)
        rc = judge(&reading, why);
    if (rc == 0)
        *out = reading.batch;
    return rc;
}

/* A text of up to 255 bytes, known to be there; NULL when its head is another one. */
static inline const uint8_t *take_text(const uint8_t *at, struct str *out) {
    if ((*at & 0xe0) == 0xa0)
        *out = (struct str){(const char *)at + 1, *at & 0x1fu};
    else if (*at == 0xd9)
        *out = (struct str){(const char *)at + 2, at[1]};
    else
        return NULL;
    return (const uint8_t *)out->at + out->len;
}

/* Passes a series as message_write_series wrote it; NULL leaves any other form to read_one_series. */
static const uint8_t *next_usual_series(const uint8_t *at, struct str *indicator, struct dims *dims) {
    if (*at != SERIES_HEAD || (at = take_text(at + 1, indicator)) == NULL || (*at & 0xf0) != 0x80)
        return NULL;
    dims->count = *at++ & 0x0f;
    for (size_t i = 0; i < dims->count; i++) {
        if ((at = take_text(at, &dims->dim[i].name)) == NULL ||
            (at = take_text(at, &dims->dim[i].value)) == NULL)
            return NULL;
        if (i > 0 && str_compare(dims->dim[i - 1].name, dims->dim[i].name) >= 0)
            return NULL;
    }
    return at;
}

void message_next_series(struct message_batch *batch, struct str *indicator, struct dims *dims) {
    ASSERT(batch->series.at < batch->series.end);
    const uint8_t *next = next_usual_series(batch->series.at, indicator, dims);
    if (next != NULL) {
        batch->series.at = next;
        return;
    }
    int rc = read_one_series(&batch->series, indicator, dims, NULL);
    ASSERT(rc == 0);
}

static void next_unusual_event(struct message_batch *batch, struct message_event *event) {
    struct raw_event raw;
    int rc = read_event(&batch->events, &raw, NULL);
    ASSERT(rc == 0);
    *event = (struct message_event){
        .series = raw.series,
        .has_set = raw.has_set,
        .at = batch->base + raw.delta,
        .number = raw.number,
        .set = raw.set,
    };
}

void message_next_event(struct message_batch *batch, struct message_event *event) {
    const uint8_t *at = batch->events.at;
    int64_t series = 0, delta = 0, number = 0;
    ASSERT(at < batch->events.end);
    /* Checked before: the first two are integers, and all their bytes are there. */
    if (*at != EVENT_HEAD ||
        (at = take_int(take_int(at + 1, &series), &delta), at = take_int(at, &number)) == NULL) {
        next_unusual_event(batch, event);
        return;
    }
    batch->events.at = at;
    *event = (struct message_event){
        .series = (uint32_t)series,
        .at = batch->base + delta,
        .number = number,
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

void message_write_batch(struct wire_writer *writer, struct str source, struct str outbox, uint64_t seq,
                         int64_t base, uint32_t series_count, const struct wire_writer *series,
                         uint32_t event_count, const struct wire_writer *events) {
    message_write_head(writer, MESSAGE_BATCH, 6);
    message_write_key(writer, "source");
    wire_write_str(writer, source);
    message_write_key(writer, "outbox");
    wire_write_str(writer, outbox);
    message_write_key(writer, "seq");
    wire_write_uint(writer, seq);
    message_write_key(writer, "base");
    wire_write_int(writer, base);
    message_write_key(writer, "series");
    wire_write_elements(writer, series_count, series);
    message_write_key(writer, "events");
    wire_write_elements(writer, event_count, events);
}
