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
    {.key = "source",
     .type = MESSAGE_FIELD_SOURCE,
     .offset = offsetof(struct message_hello, source),
     .max = MESSAGE_SOURCE_MAX},
    {.key = "outbox",
     .type = MESSAGE_FIELD_SOURCE,
     .optional = true,
     .offset = offsetof(struct message_hello, outbox),
     .max = MESSAGE_OUTBOX_MAX},
    {.key = "software",
     .type = MESSAGE_FIELD_TEXT,
     .optional = true,
     .offset = offsetof(struct message_hello, software),
     .max = MESSAGE_TEXT_MAX},
    {.key = "first",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_hello, first),
     .min = 1,
     .max = MESSAGE_SEQ_MAX},
};

static const struct message_form hello_form = {MESSAGE_HELLO, sizeof hello_fields / sizeof hello_fields[0],
                                               hello_fields};

int message_read_hello(struct wire_reader *reader, struct message_hello *out, struct fault *why) {
    struct message_hello hello = {.outbox = STR(""), .software = STR(""), .first = 1};
    int rc = message_read_form(reader, &hello_form, &hello, why);
    if (rc == 0)
        *out = hello;
    return rc;
}

void message_write_hello(struct wire_writer *writer, const struct message_hello *hello) {
    message_write_head(writer, MESSAGE_HELLO, 4);
    message_write_key(writer, "source");
    wire_write_str(writer, hello->source);
    message_write_key(writer, "outbox");
    wire_write_str(writer, hello->outbox);
    message_write_key(writer, "software");
    wire_write_str(writer, hello->software);
    message_write_key(writer, "first");
    wire_write_uint(writer, hello->first);
}

static const struct message_field welcome_fields[] = {
    {.key = "source",
     .type = MESSAGE_FIELD_SOURCE,
     .offset = offsetof(struct message_welcome, source),
     .max = MESSAGE_SOURCE_MAX},
    {.key = "last",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_welcome, last),
     .max = MESSAGE_SEQ_MAX},
    {.key = "credit",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_welcome, credit),
     .min = 1,
     .max = UINT32_MAX},
    {.key = "max_bytes",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_welcome, max_bytes),
     .min = 1,
     .max = UINT32_MAX},
    {.key = "max_series",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_welcome, max_series),
     .min = 1,
     .max = UINT32_MAX},
    {.key = "max_events",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_welcome, max_events),
     .min = 1,
     .max = UINT32_MAX},
    {.key = "digest",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_welcome, digest),
     .max = MESSAGE_SEQ_MAX},
    {.key = "missing",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_welcome, missing),
     .max = MESSAGE_SEQ_MAX},
};

static const struct message_form welcome_form = {
    MESSAGE_WELCOME, sizeof welcome_fields / sizeof welcome_fields[0], welcome_fields};

int message_read_welcome(struct wire_reader *reader, struct message_welcome *out, struct fault *why) {
    struct message_welcome welcome = {0};
    int rc = message_read_form(reader, &welcome_form, &welcome, why);
    if (rc == 0)
        *out = welcome;
    return rc;
}

void message_write_welcome(struct wire_writer *writer, const struct message_welcome *welcome) {
    message_write_head(writer, MESSAGE_WELCOME, 8);
    message_write_key(writer, "source");
    wire_write_str(writer, welcome->source);
    message_write_key(writer, "last");
    wire_write_uint(writer, welcome->last);
    message_write_key(writer, "credit");
    wire_write_uint(writer, welcome->credit);
    message_write_key(writer, "max_bytes");
    wire_write_uint(writer, welcome->max_bytes);
    message_write_key(writer, "max_series");
    wire_write_uint(writer, welcome->max_series);
    message_write_key(writer, "max_events");
    wire_write_uint(writer, welcome->max_events);
    message_write_key(writer, "digest");
    wire_write_uint(writer, welcome->digest);
    message_write_key(writer, "missing");
    wire_write_uint(writer, welcome->missing);
}

uint64_t message_digest(struct str frame) {
    uint64_t digest = XXH3_64bits(frame.at, frame.len) >> 1;
    return digest ? digest : 1; /* 0 stands for none */
}

static const struct message_field error_fields[] = {
    {.key = "code",
     .type = MESSAGE_FIELD_TEXT,
     .offset = offsetof(struct message_error, code),
     .max = DIM_NAME_MAX},
    {.key = "text",
     .type = MESSAGE_FIELD_TEXT,
     .offset = offsetof(struct message_error, text),
     .max = MESSAGE_TEXT_MAX},
    {.key = "source",
     .type = MESSAGE_FIELD_SOURCE,
     .optional = true,
     .offset = offsetof(struct message_error, source),
     .max = MESSAGE_SOURCE_MAX},
    {.key = "seq",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_error, seq),
     .max = MESSAGE_SEQ_MAX},
    {.key = "id",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_error, id),
     .max = UINT64_MAX},
};

static const struct message_form error_form = {MESSAGE_ERROR, sizeof error_fields / sizeof error_fields[0],
                                               error_fields};

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
    message_write_head(writer, MESSAGE_ERROR, 5);
    message_write_key(writer, "code");
    wire_write_str(writer, error->code);
    message_write_key(writer, "text");
    wire_write_str(writer, error->text);
    message_write_key(writer, "source");
    wire_write_str(writer, error->source);
    message_write_key(writer, "seq");
    wire_write_uint(writer, error->seq);
    message_write_key(writer, "id");
    wire_write_uint(writer, error->id);
}
