/* What the message_*.c files share: a message's map is described by a table of fields, and so is each record in
 * its lists; both are read and written by it. */
#ifndef SUIVI_PROTO_MESSAGE_PRIV_H
#define SUIVI_PROTO_MESSAGE_PRIV_H

#include "proto/message.h"

#define MESSAGE_SEQ_MAX    INT64_MAX /* so that every language can hold it */
#define MESSAGE_FIELDS_MAX 24
#define MESSAGE_CODE_MAX   64 /* bytes of an indicator's code in the plan */
#define MESSAGE_KIND_MAX   32 /* of the name of a kind */

enum message_field_type {
    MESSAGE_FIELD_TEXT,   /* struct str of at most `max` bytes */
    MESSAGE_FIELD_SOURCE, /* struct str that dims_check_value accepts, of at most `max` bytes */
    MESSAGE_FIELD_UINT,   /* uint64_t from `min` to `max` */
    MESSAGE_FIELD_UINT32, /* uint32_t, likewise */
    MESSAGE_FIELD_INT,    /* int64_t */
    MESSAGE_FIELD_BOOL,   /* bool */
    MESSAGE_FIELD_NAME,   /* an enum, from `min` to `max`, that travels as its name in `names` */
    MESSAGE_FIELD_DIMS,   /* struct dims, a map */
    MESSAGE_FIELD_TEXTS,  /* array of at most `most` struct str of at most `max` bytes that `check` accepts */
    MESSAGE_FIELD_ROW,    /* one record, as `row` says */
    MESSAGE_FIELD_ROWS,   /* struct wire_reader at the first of at most `most` records, as `row` says */
    MESSAGE_FIELD_PART,   /* read by `part`, which is given the field's place, and written by `write` */
    MESSAGE_FIELD_OWN,    /* read by `read`, which is given the whole message */
};

struct message_row;

/* A field's place is its offset in the struct; one that is optional keeps what the struct held when its key
 * is missing. */
struct message_field {
    const char *key;
    enum message_field_type type;
    bool optional;
    size_t offset;
    uint64_t min, max;
    int (*read)(struct wire_reader *reader, void *message, struct fault *why);

    const char *const *names;
    const struct message_row *row;
    size_t count; /* TEXTS and ROWS: offset of the uint32_t that says how many there are */
    uint32_t most;
    const char *mend; /* what to do when there are more */
    int (*check)(struct str text, struct fault *why);
    int (*part)(struct wire_reader *reader, void *place, struct fault *why); /* `why`: what it must be */
    void (*write)(struct wire_writer *writer, const void *place);
};

struct message_form {
    enum message_type type;
    size_t field_count;
    const struct message_field *fields; /* at most MESSAGE_FIELDS_MAX */
};

/* A record: an array of its fields in this order. Those at the end that are optional may be missing, and are
 * then zero or empty; elements past them are passed over. */
struct message_row {
    const char *name;
    size_t size; /* of the struct; at most MESSAGE_ROW_BYTES */
    size_t field_count;
    const struct message_field *fields;
    size_t (*written)(const void *row); /* how many of the fields to write; NULL: all */
};

#define MESSAGE_ROW_BYTES 1024

/* A field whose key is the name of its member. */
#define MESSAGE_FIELD(record, member, what, ...)                                                             \
    { .key = #member, .type = MESSAGE_FIELD_##what, .offset = offsetof(struct record, member), __VA_ARGS__ }
#define MESSAGE_ROWS(record, member, counted, of, limit, what, ...)                                          \
    MESSAGE_FIELD(record, member, ROWS, .count = offsetof(struct record, counted), .row = (of),              \
                  .most = (limit), .mend = (what), __VA_ARGS__)
#define MESSAGE_PATTERNS(record)                                                                             \
    {                                                                                                        \
        .key = "indicators", .type = MESSAGE_FIELD_TEXTS, .optional = true,                                  \
        .offset = offsetof(struct record, pattern), .max = INDICATOR_ID_MAX, .most = MESSAGE_PATTERNS_MAX,   \
        .count = offsetof(struct record, pattern_count), .mend = "use a glob such as web.*",                 \
    }
#define MESSAGE_FIELDS(fields) sizeof(fields) / sizeof(fields)[0], fields

/* Reads the map, which must be the last thing in the frame. Keys come in any order, none of the form's own
 * twice; others are passed over. -EPROTO with `why`; `message` then holds some of it. */
int message_read_form(struct wire_reader *reader, const struct message_form *form, void *message,
                      struct fault *why);

/* Writes a message. `lists` are its ROWS, in the order of the form. Not for a form that has OWN fields. */
void message_write_form(struct wire_writer *writer, const struct message_form *form, const void *message,
                        const struct wire_writer *const *lists);

/* One record. `name` begins the sentence. */
int message_read_row(struct wire_reader *reader, const struct message_row *row, const char *name, void *out,
                     struct fault *why);
void message_write_row(struct wire_writer *writer, const struct message_row *row, const void *record);

/* Takes the next record of a list that was checked. */
void message_next_row(struct wire_reader *rows, const struct message_row *row, void *out);

/* Records of more than one message. */
extern const struct message_row message_row_indicator, message_row_figure, message_row_closing;

/* An array's count; -EPROTO when it is none, above `max`, or more than the frame can hold. The sentence is
 * put together as "MESSAGE: 17 NOUN, the limit is 16: MEND". */
int message_read_count(struct wire_reader *reader, uint32_t *count, uint32_t max, const char *message,
                       const char *noun, const char *mend, struct fault *why);

/* Writes what stands before the first key. */
void message_write_head(struct wire_writer *writer, enum message_type type, size_t keys);
void message_write_key(struct wire_writer *writer, const char *key);

#endif
