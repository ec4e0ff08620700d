/* What the message_*.c files share: a message's map is described by a table of fields, and read and written
 * by it. */
#ifndef SUIVI_PROTO_MESSAGE_PRIV_H
#define SUIVI_PROTO_MESSAGE_PRIV_H

#include "proto/message.h"

#define MESSAGE_SEQ_MAX    INT64_MAX /* so that every language can hold it */
#define MESSAGE_FIELDS_MAX 16

enum message_field_type {
    MESSAGE_FIELD_TEXT,   /* struct str of at most `max` bytes */
    MESSAGE_FIELD_SOURCE, /* struct str that dims_check_value accepts, of at most `max` bytes */
    MESSAGE_FIELD_UINT,   /* uint64_t from `min` to `max` */
    MESSAGE_FIELD_INT,    /* int64_t */
    MESSAGE_FIELD_BOOL,   /* bool */
    MESSAGE_FIELD_OWN,    /* read by `read` */
};

/* A field's place is its offset in the struct; one that is optional keeps what the struct held when its key
 * is missing. */
struct message_field {
    const char *key;
    enum message_field_type type;
    bool optional;
    size_t offset;
    uint64_t min, max;
    int (*read)(struct wire_reader *reader, void *message, struct fault *why);
};

struct message_form {
    enum message_type type;
    size_t field_count;
    const struct message_field *fields; /* at most MESSAGE_FIELDS_MAX */
};

/* Reads the map, which must be the last thing in the frame. Keys come in any order, none of the form's own
 * twice; others are passed over. -EPROTO with `why`; `message` then holds some of it. */
int message_read_form(struct wire_reader *reader, const struct message_form *form, void *message,
                      struct fault *why);

/* An array's count; -EPROTO when it is none, above `max`, or more than the frame can hold. The sentence is
 * put together as "MESSAGE: 17 NOUN, the limit is 16: MEND". */
int message_read_count(struct wire_reader *reader, uint32_t *count, uint32_t max, const char *message,
                       const char *noun, const char *mend, struct fault *why);

/* Writes what stands before the first key. */
void message_write_head(struct wire_writer *writer, enum message_type type, size_t keys);
void message_write_key(struct wire_writer *writer, const char *key);

#endif
