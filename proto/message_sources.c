#include "proto/message_priv.h"

static const struct message_field sources_fields[] = {
    MESSAGE_FIELD(message_sources, id, UINT, .max = UINT64_MAX),
};

static const struct message_form sources_form = {MESSAGE_SOURCES, MESSAGE_FIELDS(sources_fields)};

int message_read_sources(struct wire_reader *reader, struct message_sources *out, struct fault *why) {
    struct message_sources sources = {0};
    int rc = message_read_form(reader, &sources_form, &sources, why);
    if (rc == 0)
        *out = sources;
    return rc;
}

void message_write_sources(struct wire_writer *writer, const struct message_sources *sources) {
    message_write_form(writer, &sources_form, sources, NULL);
}

static const struct message_field row_fields[] = {
    MESSAGE_FIELD(message_ledger_row, source, TEXT, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_ledger_row, outbox, TEXT, .max = MESSAGE_OUTBOX_MAX),
    MESSAGE_FIELD(message_ledger_row, batches, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_ledger_row, read, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_ledger_row, accepted, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_ledger_row, refused, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_ledger_row, repeated, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_ledger_row, batches_again, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_ledger_row, last, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_ledger_row, missing, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_ledger_row, heard, INT),
};

static const struct message_row ledger_row = {"row", sizeof(struct message_ledger_row),
                                              MESSAGE_FIELDS(row_fields), NULL};

static const struct message_field ledger_fields[] = {
    MESSAGE_FIELD(message_ledger, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_ledger, last, BOOL),
    MESSAGE_ROWS(message_ledger, rows, row_count, &ledger_row, MESSAGE_ROWS_MAX, "send several chunks"),
};

static const struct message_form ledger_form = {MESSAGE_LEDGER, MESSAGE_FIELDS(ledger_fields)};

int message_read_ledger(struct wire_reader *reader, struct message_ledger *out, struct fault *why) {
    struct message_ledger ledger = {0};
    int rc = message_read_form(reader, &ledger_form, &ledger, why);
    if (rc == 0)
        *out = ledger;
    return rc;
}

void message_next_ledger_row(struct message_ledger *ledger, struct message_ledger_row *out) {
    message_next_row(&ledger->rows, &ledger_row, out);
}

void message_write_ledger_row(struct wire_writer *writer, const struct message_ledger_row *row) {
    message_write_row(writer, &ledger_row, row);
}

void message_write_ledger(struct wire_writer *writer, uint64_t id, bool last, uint32_t row_count,
                          const struct wire_writer *rows) {
    message_write_form(writer, &ledger_form,
                       &(struct message_ledger){.id = id, .last = last, .row_count = row_count}, &rows);
}
