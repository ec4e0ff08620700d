#include <errno.h>
#include <inttypes.h>

#include "proto/check.h"
#include "proto/message.h"
#include "proto/message_priv.h"

/* The refused events may stand before the reasons that they count into. */
struct reading {
    struct message_ack ack;
    uint32_t last_reason;
};

static int read_reasons(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_ack *ack = &((struct reading *)message)->ack;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_REASONS_MAX, "ack", "reasons", "join some", why) != 0)
        return -EPROTO;
    ack->reasons = *reader;
    ack->reason_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct str reason;
        if (wire_read_str(reader, &reason, MESSAGE_TEXT_MAX) != 0)
            return fault_set(why, -EPROTO,
                             "ack: reason %" PRIu32 " must be a text (UTF-8) of at most %d bytes", i,
                             MESSAGE_TEXT_MAX);
    }
    ack->reasons.end = reader->at;
    return 0;
}

static int read_one_refused(struct wire_reader *reader, uint32_t *index, uint32_t *reason) {
    uint32_t elements;
    uint64_t event, place;
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < 2 ||
        wire_read_uint(reader, &event, MESSAGE_EVENTS_MAX - 1) != 0 ||
        wire_read_uint(reader, &place, MESSAGE_REASONS_MAX - 1) != 0)
        return -EPROTO;
    for (uint32_t i = 2; i < elements; i++) {
        if (wire_skip(reader) != 0)
            return -EPROTO;
    }
    *index = (uint32_t)event;
    *reason = (uint32_t)place;
    return 0;
}

static int read_refused(struct wire_reader *reader, void *message, struct fault *why) {
    struct reading *reading = message;
    struct message_ack *ack = &reading->ack;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_EVENTS_MAX, "ack", "refused", "a batch has no more",
                           why) != 0)
        return -EPROTO;
    ack->refused = *reader;
    ack->refused_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index, reason;
        if (read_one_refused(reader, &index, &reason) != 0)
            return fault_set(why, -EPROTO, "ack: refused %" PRIu32 " must be an array [index, reason]", i);
        reading->last_reason = reason > reading->last_reason ? reason : reading->last_reason;
    }
    ack->refused.end = reader->at;
    return 0;
}

static const struct message_field ack_fields[] = {
    {.key = "source",
     .type = MESSAGE_FIELD_SOURCE,
     .offset = offsetof(struct reading, ack.source),
     .max = MESSAGE_SOURCE_MAX},
    {.key = "seq",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct reading, ack.seq),
     .min = 1,
     .max = MESSAGE_SEQ_MAX},
    {.key = "repeated",
     .type = MESSAGE_FIELD_BOOL,
     .optional = true,
     .offset = offsetof(struct reading, ack.repeated)},
    {.key = "accepted",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct reading, ack.accepted),
     .max = MESSAGE_EVENTS_MAX},
    {.key = "reasons", .type = MESSAGE_FIELD_OWN, .optional = true, .read = read_reasons},
    {.key = "refused", .type = MESSAGE_FIELD_OWN, .optional = true, .read = read_refused},
};

static const struct message_form ack_form = {MESSAGE_ACK, sizeof ack_fields / sizeof ack_fields[0],
                                             ack_fields};

int message_read_ack(struct wire_reader *reader, struct message_ack *out, struct fault *why) {
    struct reading reading = {0};
    int rc = message_read_form(reader, &ack_form, &reading, why);
    if (rc != 0)
        return rc;
    if (reading.ack.refused_count > 0 && reading.last_reason >= reading.ack.reason_count)
        return fault_set(why, -EPROTO,
                         "ack: a refused event has reason %" PRIu32 ", but there are only %" PRIu32,
                         reading.last_reason, reading.ack.reason_count);
    *out = reading.ack;
    return 0;
}

void message_next_reason(struct message_ack *ack, struct str *reason) {
    int rc = wire_read_str(&ack->reasons, reason, MESSAGE_TEXT_MAX);
    ASSERT(rc == 0);
}

void message_next_refused(struct message_ack *ack, uint32_t *index, uint32_t *reason) {
    int rc = read_one_refused(&ack->refused, index, reason);
    ASSERT(rc == 0);
}

void message_write_refused(struct wire_writer *writer, uint32_t index, uint32_t reason) {
    wire_write_array(writer, 2);
    wire_write_uint(writer, index);
    wire_write_uint(writer, reason);
}

void message_write_ack(struct wire_writer *writer, struct str source, uint64_t seq, bool repeated,
                       uint64_t accepted, uint32_t reason_count, const struct wire_writer *reasons,
                       uint32_t refused_count, const struct wire_writer *refused) {
    message_write_head(writer, MESSAGE_ACK, 6);
    message_write_key(writer, "source");
    wire_write_str(writer, source);
    message_write_key(writer, "seq");
    wire_write_uint(writer, seq);
    message_write_key(writer, "repeated");
    wire_write_bool(writer, repeated);
    message_write_key(writer, "accepted");
    wire_write_uint(writer, accepted);
    message_write_key(writer, "reasons");
    wire_write_elements(writer, reason_count, reasons);
    message_write_key(writer, "refused");
    wire_write_elements(writer, refused_count, refused);
}
