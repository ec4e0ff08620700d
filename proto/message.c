#include "proto/message.h"

#include <errno.h>
#include <inttypes.h>
#include <xxhash.h>

#include "proto/check.h"
#include "proto/message_priv.h"

static const char *const type_names[] = {
    [MESSAGE_HELLO] = "hello", [MESSAGE_WELCOME] = "welcome",   [MESSAGE_BATCH] = "batch",
    [MESSAGE_ACK] = "ack",     [MESSAGE_QUERY] = "query",       [MESSAGE_FIGURES] = "figures",
    [MESSAGE_ERROR] = "error", [MESSAGE_SOURCES] = "sources",   [MESSAGE_LEDGER] = "ledger",
    [MESSAGE_CHECK] = "check", [MESSAGE_FINDINGS] = "findings",
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

static int read_source(struct wire_reader *reader, const char *message, const struct message_field *field,
                       struct str *out, struct fault *why) {
    struct str text;
    struct fault cause;
    if (wire_read_str(reader, &text, MESSAGE_TEXT_MAX) != 0)
        return fault_set(why, -EPROTO, "%s: \"%s\" must be a text (UTF-8)", message, field->key);
    if (text.len > field->max)
        return fault_set(why, -EPROTO, "%s: \"%s\" has %zu bytes, the limit is %" PRIu64, message, field->key,
                         text.len, field->max);
    bool may_be_empty = field->optional && text.len == 0;
    if (!may_be_empty && dims_check_value(text, &cause) != 0)
        return fault_set(why, -EPROTO, "%s: \"%s\": %s", message, field->key, cause.text);
    *out = text;
    return 0;
}

static int read_field(struct wire_reader *reader, const char *message, const struct message_field *field,
                      void *out, struct fault *why) {
    void *place = (char *)out + field->offset;
    switch (field->type) {
    case MESSAGE_FIELD_TEXT:
        if (wire_read_str(reader, place, field->max) == 0)
            return 0;
        return fault_set(why, -EPROTO, "%s: \"%s\" must be a text (UTF-8) of at most %" PRIu64 " bytes",
                         message, field->key, field->max);
    case MESSAGE_FIELD_SOURCE:
        return read_source(reader, message, field, place, why);
    case MESSAGE_FIELD_UINT: {
        uint64_t number;
        if (wire_read_uint(reader, &number, field->max) != 0 || number < field->min)
            return fault_set(why, -EPROTO, "%s: \"%s\" must be a number from %" PRIu64 " to %" PRIu64,
                             message, field->key, field->min, field->max);
        *(uint64_t *)place = number;
        return 0;
    }
    case MESSAGE_FIELD_INT:
        if (wire_read_int(reader, place) == 0)
            return 0;
        return fault_set(why, -EPROTO, "%s: \"%s\" must be a whole number of 64 bits", message, field->key);
    case MESSAGE_FIELD_BOOL:
        if (wire_read_bool(reader, place) == 0)
            return 0;
        return fault_set(why, -EPROTO, "%s: \"%s\" must be true or false", message, field->key);
    case MESSAGE_FIELD_OWN:
        return field->read(reader, out, why);
    }
    ASSERT(false && "a type of field");
    return -EPROTO;
}

static size_t find_field(const struct message_form *form, struct str key) {
    size_t i = 0;
    while (i < form->field_count && !str_equal(key, str_of(form->fields[i].key)))
        i++;
    return i;
}

int message_read_form(struct wire_reader *reader, const struct message_form *form, void *message,
                      struct fault *why) {
    const char *name = message_type_name(form->type);
    bool seen[MESSAGE_FIELDS_MAX] = {false};
    uint32_t pairs;
    ASSERT(form->field_count <= MESSAGE_FIELDS_MAX);
    if (wire_read_map(reader, &pairs, UINT32_MAX) != 0)
        return fault_set(why, -EPROTO, "%s: no map, or one that is cut off", name);
    for (uint32_t i = 0; i < pairs; i++) {
        struct str key;
        if (wire_read_str(reader, &key, UINT32_MAX) != 0)
            return fault_set(why, -EPROTO, "%s: key %" PRIu32 " of the map is cut off or no text (UTF-8)",
                             name, i);
        size_t place = find_field(form, key);
        if (place == form->field_count) {
            if (wire_skip(reader) != 0)
                return fault_set(
                    why, -EPROTO,
                    "%s: the value of \"%.*s\" is cut off, not MessagePack, or over %d containers deep", name,
                    (int)(key.len < 64 ? key.len : 64), key.at, WIRE_DEPTH_MAX);
            continue;
        }
        if (seen[place])
            return fault_set(why, -EPROTO, "%s: key \"%s\" is there twice", name, form->fields[place].key);
        seen[place] = true;
        int rc = read_field(reader, name, &form->fields[place], message, why);
        if (rc != 0)
            return rc;
    }
    for (size_t i = 0; i < form->field_count; i++) {
        if (!seen[i] && !form->fields[i].optional)
            return fault_set(why, -EPROTO, "%s: key \"%s\" is missing", name, form->fields[i].key);
    }
    if (!wire_at_end(reader))
        return fault_set(why, -EPROTO, "%s: %td bytes follow the message: send one message in a frame", name,
                         reader->end - reader->at);
    return 0;
}

/* What an array's head claims, whether or not the frame can hold it, so that the sentence can name it. */
static bool claimed_count(const struct wire_reader *reader, uint32_t *count) {
    const uint8_t *at = reader->at;
    ptrdiff_t left = reader->end - at;
    if (left >= 1 && (at[0] & 0xf0) == 0x90)
        *count = at[0] & 0x0f;
    else if (left >= 3 && at[0] == 0xdc)
        *count = (uint32_t)(at[1] << 8 | at[2]);
    else if (left >= 5 && at[0] == 0xdd)
        *count = (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
    else
        return false;
    return true;
}

int message_read_count(struct wire_reader *reader, uint32_t *count, uint32_t max, const char *message,
                       const char *noun, const char *mend, struct fault *why) {
    uint32_t claimed;
    if (!claimed_count(reader, &claimed))
        return fault_set(why, -EPROTO, "%s: \"%s\" must be an array", message, noun);
    if (claimed > max)
        return fault_set(why, -EPROTO, "%s: %" PRIu32 " %s, the limit is %" PRIu32 ": %s", message, claimed,
                         noun, max, mend);
    if (wire_read_array(reader, count, max) != 0)
        return fault_set(why, -EPROTO, "%s: %" PRIu32 " %s are promised, but the frame ends before that",
                         message, claimed, noun);
    return 0;
}

void message_write_key(struct wire_writer *writer, const char *key) {
    wire_write_str(writer, str_of(key));
}

void message_write_head(struct wire_writer *writer, enum message_type type, size_t keys) {
    wire_write_array(writer, 3);
    wire_write_uint(writer, MESSAGE_VERSION);
    wire_write_str(writer, str_of(message_type_name(type)));
    wire_write_map(writer, keys);
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
