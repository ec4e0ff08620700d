#include "proto/message_priv.h"
#include "proto/period.h"

#define DIGEST_MAX 64 /* bytes of a SHA-256 in hexadecimal */

/* --- which periods are closed, and closing one --- */

static const struct message_field closings_fields[] = {
    MESSAGE_FIELD(message_closings, id, UINT, .max = UINT64_MAX),
};

static const struct message_form closings_form = {MESSAGE_CLOSINGS, MESSAGE_FIELDS(closings_fields)};

int message_read_closings(struct wire_reader *reader, struct message_closings *out, struct fault *why) {
    struct message_closings closings = {0};
    int rc = message_read_form(reader, &closings_form, &closings, why);
    if (rc == 0)
        *out = closings;
    return rc;
}

void message_write_closings(struct wire_writer *writer, const struct message_closings *closings) {
    message_write_form(writer, &closings_form, closings, NULL);
}

static const struct message_field close_fields[] = {
    MESSAGE_FIELD(message_close, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_close, period, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_close, note, TEXT, .optional = true, .max = ENTRY_NOTE_MAX),
};

static const struct message_form close_form = {MESSAGE_CLOSE, MESSAGE_FIELDS(close_fields)};

int message_read_close(struct wire_reader *reader, struct message_close *out, struct fault *why) {
    struct message_close close = {.note = STR("")};
    int rc = message_read_form(reader, &close_form, &close, why);
    if (rc == 0)
        *out = close;
    return rc;
}

void message_write_close(struct wire_writer *writer, const struct message_close *close) {
    message_write_form(writer, &close_form, close, NULL);
}

/* --- the answer to both --- */

static const struct message_field closing_fields[] = {
    MESSAGE_FIELD(message_closing_row, period, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_closing_row, at, INT),
    MESSAGE_FIELD(message_closing_row, digest, TEXT, .max = DIGEST_MAX),
    MESSAGE_FIELD(message_closing_row, note, TEXT, .max = ENTRY_NOTE_MAX),
    MESSAGE_FIELD(message_closing_row, figures, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_closing_row, vintage, UINT32, .max = UINT32_MAX),
};

const struct message_row message_row_closing = {"closing", sizeof(struct message_closing_row),
                                                MESSAGE_FIELDS(closing_fields), NULL};

static const struct message_field closed_fields[] = {
    MESSAGE_FIELD(message_closed, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_closed, last, BOOL),
    MESSAGE_ROWS(message_closed, rows, row_count, &message_row_closing, MESSAGE_ROWS_MAX,
                 "send several chunks"),
};

static const struct message_form closed_form = {MESSAGE_CLOSED, MESSAGE_FIELDS(closed_fields)};

int message_read_closed(struct wire_reader *reader, struct message_closed *out, struct fault *why) {
    struct message_closed closed = {0};
    int rc = message_read_form(reader, &closed_form, &closed, why);
    if (rc == 0)
        *out = closed;
    return rc;
}

void message_next_closed(struct message_closed *closed, struct message_closing_row *out) {
    message_next_row(&closed->rows, &message_row_closing, out);
}

void message_write_closed(struct wire_writer *writer, uint64_t id, bool last, uint32_t row_count,
                          const struct wire_writer *rows) {
    message_write_form(writer, &closed_form,
                       &(struct message_closed){.id = id, .last = last, .row_count = row_count}, &rows);
}

/* --- withdrawing --- */

static const struct message_field withdraw_fields[] = {
    MESSAGE_FIELD(message_withdraw, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_withdraw, source, SOURCE, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_withdraw, from, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_withdraw, to, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_withdraw, reason, TEXT, .max = ENTRY_NOTE_MAX),
};

static const struct message_form withdraw_form = {MESSAGE_WITHDRAW, MESSAGE_FIELDS(withdraw_fields)};

int message_read_withdraw(struct wire_reader *reader, struct message_withdraw *out, struct fault *why) {
    struct message_withdraw withdraw;
    int rc = message_read_form(reader, &withdraw_form, &withdraw, why);
    if (rc == 0)
        *out = withdraw;
    return rc;
}

void message_write_withdraw(struct wire_writer *writer, const struct message_withdraw *withdraw) {
    message_write_form(writer, &withdraw_form, withdraw, NULL);
}

static const struct message_field withdrawn_fields[] = {
    MESSAGE_FIELD(message_withdrawn, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_withdrawn, source, SOURCE, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_withdrawn, first, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_withdrawn, last, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_withdrawn, figures, UINT, .max = MESSAGE_SEQ_MAX),
};

static const struct message_form withdrawn_form = {MESSAGE_WITHDRAWN, MESSAGE_FIELDS(withdrawn_fields)};

int message_read_withdrawn(struct wire_reader *reader, struct message_withdrawn *out, struct fault *why) {
    struct message_withdrawn withdrawn;
    int rc = message_read_form(reader, &withdrawn_form, &withdrawn, why);
    if (rc == 0)
        *out = withdrawn;
    return rc;
}

void message_write_withdrawn(struct wire_writer *writer, const struct message_withdrawn *withdrawn) {
    message_write_form(writer, &withdrawn_form, withdrawn, NULL);
}
