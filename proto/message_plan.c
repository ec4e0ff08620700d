#include <errno.h>

#include "proto/message_priv.h"

#define FREQUENCY_MAX 16 /* bytes of the name of a type of period */
#define VALUES_MAX    4096

static const struct message_field plan_fields[] = {
    MESSAGE_FIELD(message_plan, id, UINT, .max = UINT64_MAX),
    MESSAGE_PATTERNS(message_plan),
    MESSAGE_FIELD(message_plan, language, TEXT, .optional = true, .max = MESSAGE_LANGUAGE_MAX),
};

static const struct message_form plan_form = {MESSAGE_PLAN, MESSAGE_FIELDS(plan_fields)};

int message_read_plan(struct wire_reader *reader, struct message_plan *out, struct fault *why) {
    struct message_plan plan = {.language = STR("")};
    int rc = message_read_form(reader, &plan_form, &plan, why);
    if (rc == 0)
        *out = plan;
    return rc;
}

void message_write_plan(struct wire_writer *writer, const struct message_plan *plan) {
    message_write_form(writer, &plan_form, plan, NULL);
}

static int read_values(struct wire_reader *reader, struct wire_reader *values, uint32_t *count,
                       struct fault *why) {
    if (wire_read_array(reader, count, VALUES_MAX) != 0)
        return fault_set(why, -EPROTO, "each must be an array [name, values], of at most %d values",
                         VALUES_MAX);
    *values = *reader;
    for (uint32_t i = 0; i < *count; i++) {
        struct str value;
        if (wire_read_str(reader, &value, DIM_VALUE_MAX) != 0)
            return fault_set(why, -EPROTO, "its values must be texts (UTF-8) of at most %d bytes",
                             DIM_VALUE_MAX);
    }
    values->end = reader->at;
    return 0;
}

static int read_dims(struct wire_reader *reader, void *record, struct fault *why) {
    struct message_indicator_row *row = record;
    uint32_t elements;
    if (wire_read_array(reader, &row->dim_count, DIMS_MAX) != 0)
        return fault_set(why, -EPROTO, "it must be an array of at most %d dimensions", DIMS_MAX);
    for (uint32_t i = 0; i < row->dim_count; i++) {
        if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < 2 ||
            wire_read_str(reader, &row->dim[i], DIM_NAME_MAX) != 0)
            return fault_set(why, -EPROTO, "each must be an array [name, values]");
        if (read_values(reader, &row->values[i], &row->value_count[i], why) != 0)
            return -EPROTO;
        for (uint32_t e = 2; e < elements; e++) {
            if (wire_skip(reader) != 0)
                return fault_set(why, -EPROTO, "it is cut off or not MessagePack");
        }
    }
    return 0;
}

static void write_dims(struct wire_writer *writer, const void *record) {
    const struct message_indicator_row *row = record;
    wire_write_array(writer, row->dim_count);
    for (uint32_t i = 0; i < row->dim_count; i++) {
        wire_write_array(writer, 2);
        wire_write_str(writer, row->dim[i]);
        wire_write_array(writer, row->value_count[i]);
        wire_write_raw(writer, row->values[i].at, (size_t)(row->values[i].end - row->values[i].at));
    }
}

static const struct message_field row_fields[] = {
    MESSAGE_FIELD(message_indicator_row, id, TEXT, .max = INDICATOR_ID_MAX),
    MESSAGE_FIELD(message_indicator_row, code, TEXT, .max = MESSAGE_CODE_MAX),
    MESSAGE_FIELD(message_indicator_row, area, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicator_row, kind, TEXT, .max = MESSAGE_KIND_MAX),
    MESSAGE_FIELD(message_indicator_row, frequency, TEXT, .max = FREQUENCY_MAX),
    MESSAGE_FIELD(message_indicator_row, unit, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicator_row, label, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicator_row, definition, TEXT, .max = MESSAGE_LONG_MAX),
    MESSAGE_FIELD(message_indicator_row, method, TEXT, .max = MESSAGE_LONG_MAX),
    MESSAGE_FIELD(message_indicator_row, method_version, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicator_row, fed_by, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicator_row, target, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicator_row, baseline, TEXT, .max = MESSAGE_TEXT_MAX),
    {.key = "dimensions",
     .type = MESSAGE_FIELD_PART,
     .part = read_dims,
     .write = write_dims}, /* of the row */
    MESSAGE_FIELD(message_indicator_row, due, TEXT, .max = MESSAGE_TEXT_MAX),
};

static const struct message_row indicator_row = {"row", sizeof(struct message_indicator_row),
                                                 MESSAGE_FIELDS(row_fields), NULL};

static const struct message_field indicators_fields[] = {
    MESSAGE_FIELD(message_indicators, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_indicators, last, BOOL),
    MESSAGE_FIELD(message_indicators, name, TEXT, .optional = true, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicators, title, TEXT, .optional = true, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicators, plan, TEXT, .optional = true, .max = MESSAGE_TEXT_MAX),
    MESSAGE_ROWS(message_indicators, rows, row_count, &indicator_row, MESSAGE_ROWS_MAX,
                 "send several chunks"),
};

static const struct message_form indicators_form = {MESSAGE_INDICATORS, MESSAGE_FIELDS(indicators_fields)};

int message_read_indicators(struct wire_reader *reader, struct message_indicators *out, struct fault *why) {
    struct message_indicators indicators = {.name = STR(""), .title = STR(""), .plan = STR("")};
    int rc = message_read_form(reader, &indicators_form, &indicators, why);
    if (rc == 0)
        *out = indicators;
    return rc;
}

void message_next_indicator_row(struct message_indicators *indicators, struct message_indicator_row *out) {
    message_next_row(&indicators->rows, &indicator_row, out);
}

void message_write_indicator_row(struct wire_writer *writer, const struct message_indicator_row *row) {
    message_write_row(writer, &indicator_row, row);
}

void message_write_indicators(struct wire_writer *writer, const struct message_indicators *head,
                              const struct wire_writer *rows) {
    message_write_form(writer, &indicators_form, head, &rows);
}
