#include "proto/check.h"
#include "proto/message_priv.h"
#include "proto/period.h"

static const struct message_field due_fields[] = {
    MESSAGE_FIELD(message_due, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_due, on, TEXT, .optional = true, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_due, within, UINT, .optional = true, .max = UINT32_MAX),
    MESSAGE_FIELD(message_due, language, TEXT, .optional = true, .max = MESSAGE_LANGUAGE_MAX),
};

static const struct message_form due_form = {MESSAGE_DUE, MESSAGE_FIELDS(due_fields)};

int message_read_due(struct wire_reader *reader, struct message_due *out, struct fault *why) {
    struct message_due due = {.on = STR(""), .language = STR("")};
    int rc = message_read_form(reader, &due_form, &due, why);
    if (rc == 0)
        *out = due;
    return rc;
}

void message_write_due(struct wire_writer *writer, const struct message_due *due) {
    message_write_form(writer, &due_form, due, NULL);
}

static const char *const state_names[] = {
    [MESSAGE_DUTY_LATE] = "late",     [MESSAGE_DUTY_MISSING] = "missing", [MESSAGE_DUTY_SHORT] = "short",
    [MESSAGE_DUTY_SILENT] = "silent", [MESSAGE_DUTY_SOON] = "soon",
};

const char *message_duty_state_name(enum message_duty_state state) {
    ASSERT(state >= MESSAGE_DUTY_LATE && state <= MESSAGE_DUTY_SOON);
    return state_names[state];
}

static const struct message_field duty_fields[] = {
    MESSAGE_FIELD(message_duty, state, NAME, .names = state_names, .min = MESSAGE_DUTY_LATE,
                  .max = MESSAGE_DUTY_SOON),
    MESSAGE_FIELD(message_duty, indicator, TEXT, .max = INDICATOR_ID_MAX),
    MESSAGE_FIELD(message_duty, code, TEXT, .max = MESSAGE_CODE_MAX),
    MESSAGE_FIELD(message_duty, label, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_duty, dims, DIMS),
    MESSAGE_FIELD(message_duty, period, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_duty, due, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_duty, days, INT),
    MESSAGE_FIELD(message_duty, value, INT),
    MESSAGE_FIELD(message_duty, target, INT),
    MESSAGE_FIELD(message_duty, heard, INT),
    MESSAGE_FIELD(message_duty, note, TEXT, .max = MESSAGE_TEXT_MAX),
};

static const struct message_row duty_row = {"row", sizeof(struct message_duty), MESSAGE_FIELDS(duty_fields),
                                            NULL};

static const struct message_field duties_fields[] = {
    MESSAGE_FIELD(message_duties, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_duties, last, BOOL),
    MESSAGE_ROWS(message_duties, rows, row_count, &duty_row, MESSAGE_ROWS_MAX, "send several chunks"),
};

static const struct message_form duties_form = {MESSAGE_DUTIES, MESSAGE_FIELDS(duties_fields)};

int message_read_duties(struct wire_reader *reader, struct message_duties *out, struct fault *why) {
    struct message_duties duties = {0};
    int rc = message_read_form(reader, &duties_form, &duties, why);
    if (rc == 0)
        *out = duties;
    return rc;
}

void message_next_duty(struct message_duties *duties, struct message_duty *out) {
    message_next_row(&duties->rows, &duty_row, out);
}

void message_write_duty(struct wire_writer *writer, const struct message_duty *duty) {
    message_write_row(writer, &duty_row, duty);
}

void message_write_duties(struct wire_writer *writer, uint64_t id, bool last, uint32_t row_count,
                          const struct wire_writer *rows) {
    message_write_form(writer, &duties_form,
                       &(struct message_duties){.id = id, .last = last, .row_count = row_count}, &rows);
}
