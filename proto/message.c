#include "proto/message.h"

#include <errno.h>
#include <inttypes.h>
#include <xxhash.h>

#include "proto/check.h"
#include "proto/message_priv.h"

static const char *const type_names[] = {
    [MESSAGE_HELLO] = "hello",
    [MESSAGE_WELCOME] = "welcome",
    [MESSAGE_BATCH] = "batch",
    [MESSAGE_ACK] = "ack",
    [MESSAGE_QUERY] = "query",
    [MESSAGE_FIGURES] = "figures",
    [MESSAGE_ERROR] = "error",
    [MESSAGE_SOURCES] = "sources",
    [MESSAGE_LEDGER] = "ledger",
    [MESSAGE_CHECK] = "check",
    [MESSAGE_FINDINGS] = "findings",
    [MESSAGE_PLAN] = "plan",
    [MESSAGE_INDICATORS] = "indicators",
    [MESSAGE_EXPLAIN] = "explain",
    [MESSAGE_EXPLANATION] = "explanation",
    [MESSAGE_DUE] = "due",
    [MESSAGE_DUTIES] = "duties",
    [MESSAGE_CLOSINGS] = "closings",
    [MESSAGE_CLOSE] = "close",
    [MESSAGE_CLOSED] = "closed",
    [MESSAGE_WITHDRAW] = "withdraw",
    [MESSAGE_WITHDRAWN] = "withdrawn",
};

const char *message_type_name(enum message_type type) {
    ASSERT(type >= MESSAGE_HELLO && type <= MESSAGE_TYPE_LAST);
    return type_names[type];
}

/* With elements after the map, the frame is cut behind the map, so that the map's reader finds its end. */
static int pass_extra(struct wire_reader *reader, uint32_t extra, struct fault *why) {
    struct wire_reader walk = *reader;
    if (wire_skip(&walk) != 0)
        return fault_set(why, -EPROTO, "the message's map is cut off or not MessagePack");
    const uint8_t *map_end = walk.at;
    for (uint32_t i = 0; i < extra; i++) {
        if (wire_skip(&walk) != 0)
            return fault_set(why, -EPROTO, "what follows the message's map is cut off or not MessagePack");
    }
    if (!wire_at_end(&walk))
        return fault_set(why, -EPROTO, "%td bytes follow the message: send one message in a frame",
                         walk.end - walk.at);
    reader->end = map_end;
    return 0;
}

int message_open(struct wire_reader *reader, enum message_type *type, struct fault *why) {
    struct wire_reader walk = *reader;
    uint32_t count;
    uint64_t version;
    struct str name;
    if (walk.end - walk.at > (ptrdiff_t)MESSAGE_BYTES_MAX)
        return fault_set(why, -EPROTO, "a frame of %td bytes, the limit is %u: send several messages",
                         walk.end - walk.at, MESSAGE_BYTES_MAX);
    if (wire_read_array(&walk, &count, UINT32_MAX) != 0 || count < 1 ||
        wire_read_uint(&walk, &version, UINT64_MAX) != 0)
        return fault_set(why, -EPROTO, "not a message: it must be a MessagePack array [version, type, map]");
    if (version != MESSAGE_VERSION)
        return fault_set(why, -EPROTONOSUPPORT,
                         "a message of protocol version %" PRIu64
                         ", but version %d is spoken here: use programs of "
                         "the same release on both sides",
                         version, MESSAGE_VERSION);
    if (count < 3 || wire_read_str(&walk, &name, MESSAGE_TEXT_MAX) != 0)
        return fault_set(why, -EPROTO, "not a message: it must be a MessagePack array [version, type, map]");
    for (enum message_type known = MESSAGE_HELLO; known <= MESSAGE_TYPE_LAST; known++) {
        if (!str_equal(name, str_of(type_names[known])))
            continue;
        if (count > 3 && pass_extra(&walk, count - 3, why) != 0)
            return -EPROTO;
        *reader = walk;
        *type = known;
        return 0;
    }
    return fault_set(why, -EPROTO, "a message of type \"%.*s\", which protocol version %d does not have",
                     (int)(name.len < 64 ? name.len : 64), name.at, MESSAGE_VERSION);
}

static const struct message_field hello_fields[] = {
    MESSAGE_FIELD(message_hello, source, SOURCE, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_hello, outbox, SOURCE, .optional = true, .max = MESSAGE_OUTBOX_MAX),
    MESSAGE_FIELD(message_hello, software, TEXT, .optional = true, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_hello, first, UINT, .optional = true, .min = 1, .max = MESSAGE_SEQ_MAX),
};

static const struct message_form hello_form = {MESSAGE_HELLO, MESSAGE_FIELDS(hello_fields)};

int message_read_hello(struct wire_reader *reader, struct message_hello *out, struct fault *why) {
    struct message_hello hello = {.outbox = STR(""), .software = STR(""), .first = 1};
    int rc = message_read_form(reader, &hello_form, &hello, why);
    if (rc == 0)
        *out = hello;
    return rc;
}

void message_write_hello(struct wire_writer *writer, const struct message_hello *hello) {
    message_write_form(writer, &hello_form, hello, NULL);
}

static const struct message_field welcome_fields[] = {
    MESSAGE_FIELD(message_welcome, source, SOURCE, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_welcome, last, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_welcome, credit, UINT, .min = 1, .max = UINT32_MAX),
    MESSAGE_FIELD(message_welcome, max_bytes, UINT, .min = 1, .max = UINT32_MAX),
    MESSAGE_FIELD(message_welcome, max_series, UINT, .min = 1, .max = UINT32_MAX),
    MESSAGE_FIELD(message_welcome, max_events, UINT, .min = 1, .max = UINT32_MAX),
    MESSAGE_FIELD(message_welcome, max_others, UINT, .optional = true, .max = UINT32_MAX),
    MESSAGE_FIELD(message_welcome, digest, UINT, .optional = true, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_welcome, missing, UINT, .optional = true, .max = MESSAGE_SEQ_MAX),
};

static const struct message_form welcome_form = {MESSAGE_WELCOME, MESSAGE_FIELDS(welcome_fields)};

int message_read_welcome(struct wire_reader *reader, struct message_welcome *out, struct fault *why) {
    struct message_welcome welcome = {0};
    int rc = message_read_form(reader, &welcome_form, &welcome, why);
    if (rc == 0)
        *out = welcome;
    return rc;
}

void message_write_welcome(struct wire_writer *writer, const struct message_welcome *welcome) {
    message_write_form(writer, &welcome_form, welcome, NULL);
}

uint64_t message_digest(struct str frame) {
    uint64_t digest = XXH3_64bits(frame.at, frame.len) >> 1;
    return digest ? digest : 1; /* 0 stands for none */
}

static const struct message_field error_fields[] = {
    MESSAGE_FIELD(message_error, code, TEXT, .max = DIM_NAME_MAX),
    MESSAGE_FIELD(message_error, text, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_error, source, SOURCE, .optional = true, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_error, seq, UINT, .optional = true, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_error, id, UINT, .optional = true, .max = UINT64_MAX),
};

static const struct message_form error_form = {MESSAGE_ERROR, MESSAGE_FIELDS(error_fields)};

void message_read_about(struct wire_reader reader, struct message_error *error) {
    uint32_t pairs;
    struct str key, source;
    error->source = STR("");
    error->seq = error->id = 0;
    if (wire_read_map(&reader, &pairs, UINT32_MAX) != 0)
        return;
    for (uint32_t i = 0; i < pairs && wire_read_str(&reader, &key, UINT32_MAX) == 0; i++) {
        struct wire_reader value = reader;
        if (wire_skip(&reader) != 0)
            return;
        if (str_equal(key, STR("source")) && wire_read_str(&value, &source, MESSAGE_SOURCE_MAX) == 0 &&
            dims_check_value(source, NULL) == 0)
            error->source = source;
        else if (str_equal(key, STR("seq")))
            (void)wire_read_uint(&value, &error->seq, MESSAGE_SEQ_MAX);
        else if (str_equal(key, STR("id")))
            (void)wire_read_uint(&value, &error->id, UINT64_MAX);
    }
}

int message_read_error(struct wire_reader *reader, struct message_error *out, struct fault *why) {
    struct message_error error = {.source = STR("")};
    int rc = message_read_form(reader, &error_form, &error, why);
    if (rc == 0)
        *out = error;
    return rc;
}

void message_write_error(struct wire_writer *writer, const struct message_error *error) {
    message_write_form(writer, &error_form, error, NULL);
}
