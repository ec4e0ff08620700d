#include "proto/message_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "proto/check.h"

#define NAME_MAX 128 /* bytes of what a sentence begins with */

_Static_assert(sizeof(enum message_state) == sizeof(unsigned), "a field of type NAME is an unsigned");

/* --- reading --- */

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

static int read_uint(struct wire_reader *reader, const char *message, const struct message_field *field,
                     uint64_t *out, struct fault *why) {
    uint64_t number;
    if (wire_read_uint(reader, &number, field->max) != 0 || number < field->min)
        return fault_set(why, -EPROTO, "%s: \"%s\" must be a number from %" PRIu64 " to %" PRIu64, message,
                         field->key, field->min, field->max);
    *out = number;
    return 0;
}

static int read_name(struct wire_reader *reader, const char *message, const struct message_field *field,
                     unsigned *out, struct fault *why) {
    struct str name;
    if (wire_read_str(reader, &name, MESSAGE_TEXT_MAX) != 0)
        return fault_set(why, -EPROTO, "%s: \"%s\" must be a text (UTF-8)", message, field->key);
    for (uint64_t i = field->min; i <= field->max; i++) {
        if (str_equal(name, str_of(field->names[i]))) {
            *out = (unsigned)i;
            return 0;
        }
    }
    return fault_set(why, -EPROTO, "%s: \"%s\" may not be \"%.*s\"", message, field->key,
                     (int)(name.len < 64 ? name.len : 64), name.at);
}

static int read_dims(struct wire_reader *reader, const char *message, const struct message_field *field,
                     struct dims *out, struct fault *why) {
    uint32_t pairs;
    struct fault cause;
    struct dims dims = {.count = 0};
    if (wire_read_map(reader, &pairs, DIMS_MAX) != 0)
        return fault_set(why, -EPROTO, "%s: \"%s\" must be a map of at most %d pairs", message, field->key,
                         DIMS_MAX);
    for (uint32_t i = 0; i < pairs; i++) {
        struct str name, value;
        if (wire_read_str(reader, &name, UINT32_MAX) != 0 || wire_read_str(reader, &value, UINT32_MAX) != 0)
            return fault_set(why, -EPROTO, "%s: \"%s\" must map text to text (UTF-8)", message, field->key);
        if (dims_add(&dims, name, value, &cause) != 0)
            return fault_set(why, -EPROTO, "%s: \"%s\": %s", message, field->key, cause.text);
    }
    *out = dims;
    return 0;
}

static int read_texts(struct wire_reader *reader, const char *message, const struct message_field *field,
                      void *record, struct fault *why) {
    struct str *texts = (struct str *)((char *)record + field->offset);
    uint32_t count;
    struct fault cause;
    if (message_read_count(reader, &count, field->most, message, field->key, field->mend, why) != 0)
        return -EPROTO;
    for (uint32_t i = 0; i < count; i++) {
        if (wire_read_str(reader, &texts[i], field->max) != 0)
            return fault_set(why, -EPROTO,
                             "%s: \"%s\": text %" PRIu32 " must be a text (UTF-8) of at most %" PRIu64
                             " bytes",
                             message, field->key, i, field->max);
        if (field->check && field->check(texts[i], &cause) != 0)
            return fault_set(why, -EPROTO, "%s: \"%s\": %s", message, field->key, cause.text);
    }
    *(uint32_t *)((char *)record + field->count) = count;
    return 0;
}

static int read_record(struct wire_reader *reader, const char *message, const struct message_field *field,
                       void *out, struct fault *why) {
    struct wire_reader again = *reader;
    char name[NAME_MAX];
    if (message_read_row(reader, field->row, message, out, NULL) == 0)
        return 0;
    snprintf(name, sizeof name, "%s: %s", message, field->key);
    return message_read_row(&again, field->row, name, out, why);
}

static int read_rows(struct wire_reader *reader, const char *message, const struct message_field *field,
                     void *record, struct fault *why) {
    union {
        max_align_t aligned;
        char bytes[MESSAGE_ROW_BYTES];
    } row;
    uint32_t count;
    char name[NAME_MAX];
    if (message_read_count(reader, &count, field->most, message, field->key, field->mend, why) != 0)
        return -EPROTO;
    struct wire_reader first = *reader;
    for (uint32_t i = 0; i < count; i++) {
        struct wire_reader again = *reader;
        if (message_read_row(reader, field->row, message, &row, NULL) == 0)
            continue;
        snprintf(name, sizeof name, "%s: %s %" PRIu32, message, field->row->name, i);
        return message_read_row(&again, field->row, name, &row, why);
    }
    first.end = reader->at;
    *(struct wire_reader *)((char *)record + field->offset) = first;
    *(uint32_t *)((char *)record + field->count) = count;
    return 0;
}

static int read_part(struct wire_reader *reader, const char *message, const struct message_field *field,
                     void *place, struct fault *why) {
    struct fault cause = {.text = ""};
    if (field->part(reader, place, &cause) == 0)
        return 0;
    return fault_set(why, -EPROTO, "%s: \"%s\": %s", message, field->key, cause.text);
}

static int read_field(struct wire_reader *reader, const char *message, const struct message_field *field,
                      void *out, struct fault *why) {
    void *place = (char *)out + field->offset;
    uint64_t number;
    int rc;
    switch (field->type) {
    case MESSAGE_FIELD_TEXT:
        if (wire_read_str(reader, place, field->max) == 0)
            return 0;
        return fault_set(why, -EPROTO, "%s: \"%s\" must be a text (UTF-8) of at most %" PRIu64 " bytes",
                         message, field->key, field->max);
    case MESSAGE_FIELD_SOURCE:
        return read_source(reader, message, field, place, why);
    case MESSAGE_FIELD_UINT:
        return read_uint(reader, message, field, place, why);
    case MESSAGE_FIELD_UINT32:
        rc = read_uint(reader, message, field, &number, why);
        if (rc == 0)
            *(uint32_t *)place = (uint32_t)number;
        return rc;
    case MESSAGE_FIELD_INT:
        if (wire_read_int(reader, place) == 0)
            return 0;
        return fault_set(why, -EPROTO, "%s: \"%s\" must be a whole number of 64 bits", message, field->key);
    case MESSAGE_FIELD_BOOL:
        if (wire_read_bool(reader, place) == 0)
            return 0;
        return fault_set(why, -EPROTO, "%s: \"%s\" must be true or false", message, field->key);
    case MESSAGE_FIELD_NAME:
        return read_name(reader, message, field, place, why);
    case MESSAGE_FIELD_DIMS:
        return read_dims(reader, message, field, place, why);
    case MESSAGE_FIELD_TEXTS:
        return read_texts(reader, message, field, out, why);
    case MESSAGE_FIELD_ROW:
        return read_record(reader, message, field, place, why);
    case MESSAGE_FIELD_ROWS:
        return read_rows(reader, message, field, out, why);
    case MESSAGE_FIELD_PART:
        return read_part(reader, message, field, place, why);
    case MESSAGE_FIELD_OWN:
        return field->read(reader, out, why);
    }
    ASSERT(false && "a type of field");
    return -EPROTO;
}

static int no_row(const struct message_row *row, const char *name, struct fault *why) {
    char fields[FAULT_TEXT_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < row->field_count && used < sizeof fields; i++)
        used += (size_t)snprintf(fields + used, sizeof fields - used, "%s%s", i > 0 ? ", " : "",
                                 row->fields[i].key);
    return fault_set(why, -EPROTO, "%s must be an array [%s]", name, fields);
}

int message_read_row(struct wire_reader *reader, const struct message_row *row, const char *name, void *out,
                     struct fault *why) {
    union {
        max_align_t aligned;
        char bytes[MESSAGE_ROW_BYTES];
    } read;
    uint32_t elements;
    ASSERT(row->size <= sizeof read);
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0)
        return no_row(row, name, why);
    memset(&read, 0, row->size);
    for (size_t i = 0; i < row->field_count; i++) {
        const struct message_field *field = &row->fields[i];
        if (i >= elements && !field->optional)
            return no_row(row, name, why);
        if (i < elements && read_field(reader, name, field, &read, why) != 0)
            return -EPROTO;
        if (i >= elements && field->type == MESSAGE_FIELD_TEXT)
            *(struct str *)(read.bytes + field->offset) = STR("");
    }
    for (size_t i = row->field_count; i < elements; i++) {
        if (wire_skip(reader) != 0)
            return fault_set(why, -EPROTO, "%s is cut off or not MessagePack", name);
    }
    memcpy(out, &read, row->size);
    return 0;
}

void message_next_row(struct wire_reader *rows, const struct message_row *row, void *out) {
    int rc = message_read_row(rows, row, row->name, out, NULL);
    ASSERT(rc == 0);
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

/* --- writing --- */

void message_write_key(struct wire_writer *writer, const char *key) {
    wire_write_str(writer, str_of(key));
}

void message_write_head(struct wire_writer *writer, enum message_type type, size_t keys) {
    wire_write_array(writer, 3);
    wire_write_uint(writer, MESSAGE_VERSION);
    wire_write_str(writer, str_of(message_type_name(type)));
    wire_write_map(writer, keys);
}

static void write_dims(struct wire_writer *writer, const struct dims *dims) {
    wire_write_map(writer, dims->count);
    for (size_t i = 0; i < dims->count; i++) {
        wire_write_str(writer, dims->dim[i].name);
        wire_write_str(writer, dims->dim[i].value);
    }
}

static void write_texts(struct wire_writer *writer, const struct str *texts, uint32_t count) {
    wire_write_array(writer, count);
    for (uint32_t i = 0; i < count; i++)
        wire_write_str(writer, texts[i]);
}

/* All but ROWS, which come from a writer of their own. */
static void write_field(struct wire_writer *writer, const struct message_field *field, const void *record) {
    const void *place = (const char *)record + field->offset;
    switch (field->type) {
    case MESSAGE_FIELD_TEXT:
    case MESSAGE_FIELD_SOURCE:
        wire_write_str(writer, *(const struct str *)place);
        return;
    case MESSAGE_FIELD_UINT:
        wire_write_uint(writer, *(const uint64_t *)place);
        return;
    case MESSAGE_FIELD_UINT32:
        wire_write_uint(writer, *(const uint32_t *)place);
        return;
    case MESSAGE_FIELD_INT:
        wire_write_int(writer, *(const int64_t *)place);
        return;
    case MESSAGE_FIELD_BOOL:
        wire_write_bool(writer, *(const bool *)place);
        return;
    case MESSAGE_FIELD_NAME: {
        unsigned name = *(const unsigned *)place;
        ASSERT(name >= field->min && name <= field->max);
        wire_write_str(writer, str_of(field->names[name]));
        return;
    }
    case MESSAGE_FIELD_DIMS:
        write_dims(writer, place);
        return;
    case MESSAGE_FIELD_TEXTS:
        write_texts(writer, place, *(const uint32_t *)((const char *)record + field->count));
        return;
    case MESSAGE_FIELD_ROW:
        message_write_row(writer, field->row, place);
        return;
    case MESSAGE_FIELD_PART:
        field->write(writer, place);
        return;
    case MESSAGE_FIELD_ROWS:
    case MESSAGE_FIELD_OWN:
        break;
    }
    ASSERT(false && "a type of field that is written by its table");
}

void message_write_row(struct wire_writer *writer, const struct message_row *row, const void *record) {
    size_t count = row->written ? row->written(record) : row->field_count;
    wire_write_array(writer, count);
    for (size_t i = 0; i < count; i++)
        write_field(writer, &row->fields[i], record);
}

void message_write_form(struct wire_writer *writer, const struct message_form *form, const void *message,
                        const struct wire_writer *const *lists) {
    message_write_head(writer, form->type, form->field_count);
    for (size_t i = 0; i < form->field_count; i++) {
        const struct message_field *field = &form->fields[i];
        message_write_key(writer, field->key);
        if (field->type == MESSAGE_FIELD_ROWS)
            wire_write_elements(writer, *(const uint32_t *)((const char *)message + field->count), *lists++);
        else
            write_field(writer, field, message);
    }
}
