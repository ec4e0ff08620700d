#include <errno.h>
#include <inttypes.h>

#include "proto/check.h"
#include "proto/message.h"
#include "proto/message_priv.h"

#define ROW_NUMBERS  8 /* those from 0 on, before the time */
#define ROW_ELEMENTS (2 + ROW_NUMBERS + 1)

static const struct message_field sources_fields[] = {
    {.key = "id",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_sources, id),
     .max = UINT64_MAX},
};

static const struct message_form sources_form = {
    MESSAGE_SOURCES, sizeof sources_fields / sizeof sources_fields[0], sources_fields};

int message_read_sources(struct wire_reader *reader, struct message_sources *out, struct fault *why) {
    struct message_sources sources = {0};
    int rc = message_read_form(reader, &sources_form, &sources, why);
    if (rc == 0)
        *out = sources;
    return rc;
}

void message_write_sources(struct wire_writer *writer, const struct message_sources *sources) {
    message_write_head(writer, MESSAGE_SOURCES, 1);
    message_write_key(writer, "id");
    wire_write_uint(writer, sources->id);
}

static int read_row(struct wire_reader *reader, struct message_ledger_row *out) {
    struct message_ledger_row row;
    uint64_t *const number[ROW_NUMBERS] = {&row.batches,  &row.read,          &row.accepted, &row.refused,
                                           &row.repeated, &row.batches_again, &row.last,     &row.missing};
    uint32_t elements;
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < ROW_ELEMENTS ||
        wire_read_str(reader, &row.source, MESSAGE_SOURCE_MAX) != 0 ||
        wire_read_str(reader, &row.outbox, MESSAGE_OUTBOX_MAX) != 0)
        return -EPROTO;
    for (size_t i = 0; i < ROW_NUMBERS; i++) {
        if (wire_read_uint(reader, number[i], MESSAGE_SEQ_MAX) != 0)
            return -EPROTO;
    }
    if (wire_read_int(reader, &row.heard) != 0)
        return -EPROTO;
    for (uint32_t i = ROW_ELEMENTS; i < elements; i++) {
        if (wire_skip(reader) != 0)
            return -EPROTO;
    }
    *out = row;
    return 0;
}

static int read_rows(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_ledger *ledger = message;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_ROWS_MAX, "ledger", "rows", "send several chunks", why) !=
        0)
        return -EPROTO;
    ledger->rows = *reader;
    ledger->row_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct message_ledger_row row;
        if (read_row(reader, &row) != 0)
            return fault_set(why, -EPROTO,
                             "ledger: row %" PRIu32
                             " must be an array [source, outbox, batches, read, accepted, refused, repeated, "
                             "batches again, last, missing, heard]",
                             i);
    }
    ledger->rows.end = reader->at;
    return 0;
}

static const struct message_field ledger_fields[] = {
    {.key = "id",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_ledger, id),
     .max = UINT64_MAX},
    {.key = "last", .type = MESSAGE_FIELD_BOOL, .offset = offsetof(struct message_ledger, last)},
    {.key = "rows", .type = MESSAGE_FIELD_OWN, .read = read_rows},
};

static const struct message_form ledger_form = {
    MESSAGE_LEDGER, sizeof ledger_fields / sizeof ledger_fields[0], ledger_fields};

int message_read_ledger(struct wire_reader *reader, struct message_ledger *out, struct fault *why) {
    struct message_ledger ledger = {0};
    int rc = message_read_form(reader, &ledger_form, &ledger, why);
    if (rc == 0)
        *out = ledger;
    return rc;
}

void message_next_ledger_row(struct message_ledger *ledger, struct message_ledger_row *out) {
    int rc = read_row(&ledger->rows, out);
    ASSERT(rc == 0);
}

void message_write_ledger_row(struct wire_writer *writer, const struct message_ledger_row *row) {
    const uint64_t number[ROW_NUMBERS] = {row->batches,  row->read,          row->accepted, row->refused,
                                          row->repeated, row->batches_again, row->last,     row->missing};
    wire_write_array(writer, ROW_ELEMENTS);
    wire_write_str(writer, row->source);
    wire_write_str(writer, row->outbox);
    for (size_t i = 0; i < ROW_NUMBERS; i++)
        wire_write_uint(writer, number[i]);
    wire_write_int(writer, row->heard);
}

void message_write_ledger(struct wire_writer *writer, uint64_t id, bool last, uint32_t row_count,
                          const struct wire_writer *rows) {
    message_write_head(writer, MESSAGE_LEDGER, 3);
    message_write_key(writer, "id");
    wire_write_uint(writer, id);
    message_write_key(writer, "last");
    wire_write_bool(writer, last);
    message_write_key(writer, "rows");
    wire_write_elements(writer, row_count, rows);
}
