#include "proto/check.h"
#include "proto/message_priv.h"
#include "proto/period.h"

static const struct message_field explain_fields[] = {
    MESSAGE_FIELD(message_explain, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_explain, indicator, TEXT, .max = INDICATOR_ID_MAX),
    MESSAGE_FIELD(message_explain, period, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_explain, where, DIMS, .optional = true),
    MESSAGE_FIELD(message_explain, language, TEXT, .optional = true, .max = MESSAGE_LANGUAGE_MAX),
};

static const struct message_form explain_form = {MESSAGE_EXPLAIN, MESSAGE_FIELDS(explain_fields)};

int message_read_explain(struct wire_reader *reader, struct message_explain *out, struct fault *why) {
    struct message_explain explain = {.language = STR("")};
    int rc = message_read_form(reader, &explain_form, &explain, why);
    if (rc == 0)
        *out = explain;
    return rc;
}

void message_write_explain(struct wire_writer *writer, const struct message_explain *explain) {
    message_write_form(writer, &explain_form, explain, NULL);
}

/* --- the records --- */

static const struct message_field part_fields[] = {
    MESSAGE_FIELD(message_part, source, TEXT, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_part, value, INT),
    MESSAGE_FIELD(message_part, days, UINT32, .max = UINT32_MAX),
    MESSAGE_FIELD(message_part, first, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_part, last, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_part, heard, INT),
    MESSAGE_FIELD(message_part, error, UINT, .optional = true, .max = INT64_MAX),
};

static size_t part_elements(const void *row) {
    const struct message_part *part = row;
    return part->error > 0 ? 7 : 6;
}

static const char *const entry_state_names[] = {
    [MESSAGE_ENTRY_COUNTS] = "counts",       [MESSAGE_ENTRY_RETRACTED] = "retracted",
    [MESSAGE_ENTRY_WITHDRAWN] = "withdrawn", [MESSAGE_ENTRY_SUPERSEDED] = "superseded",
    [MESSAGE_ENTRY_REPLACED] = "replaced",
};

const char *message_entry_state_name(enum message_entry_state state) {
    ASSERT(state <= MESSAGE_ENTRY_REPLACED);
    return entry_state_names[state];
}

static int read_entry(struct wire_reader *reader, void *place, struct fault *why) {
    return entry_read(reader, place, why);
}

static void write_entry(struct wire_writer *writer, const void *place) {
    entry_write(writer, place);
}

static const struct message_field entry_fields[] = {
    MESSAGE_FIELD(message_entry_row, source, TEXT, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_entry_row, dims, DIMS),
    MESSAGE_FIELD(message_entry_row, at, INT),
    MESSAGE_FIELD(message_entry_row, received, INT),
    MESSAGE_FIELD(message_entry_row, state, NAME, .names = entry_state_names, .max = MESSAGE_ENTRY_REPLACED),
    MESSAGE_FIELD(message_entry_row, entry, PART, .part = read_entry, .write = write_entry),
};

static const struct message_field withdrawal_fields[] = {
    MESSAGE_FIELD(message_withdrawal_row, source, TEXT, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_withdrawal_row, first, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_withdrawal_row, last, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_withdrawal_row, reason, TEXT, .max = ENTRY_NOTE_MAX),
    MESSAGE_FIELD(message_withdrawal_row, at, INT),
};

static const struct message_field refusal_fields[] = {
    MESSAGE_FIELD(message_refusal_row, source, TEXT, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_refusal_row, reason, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_refusal_row, count, UINT, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_refusal_row, at, INT),
};

static const struct message_field version_fields[] = {
    MESSAGE_FIELD(message_version_row, version, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_version_row, since, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_version_row, seen, INT),
};

static const struct message_field move_fields[] = {
    MESSAGE_FIELD(message_move_row, at, INT),
    MESSAGE_FIELD(message_move_row, source, TEXT, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_move_row, what, TEXT, .max = ENTRY_NOTE_MAX),
    MESSAGE_FIELD(message_move_row, difference, INT),
};

static const struct message_field operand_fields[] = {
    MESSAGE_FIELD(message_operand_row, indicator, TEXT, .max = INDICATOR_ID_MAX),
    MESSAGE_FIELD(message_operand_row, label, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_operand_row, figure, ROW, .row = &message_row_figure),
};

static const struct message_field remark_fields[] = {
    MESSAGE_FIELD(message_remark_row, remark, NAME, .names = entry_remark_names, .min = ENTRY_REMARK_METHOD,
                  .max = ENTRY_REMARK_LAST),
    MESSAGE_FIELD(message_remark_row, source, TEXT, .max = MESSAGE_SOURCE_MAX),
    MESSAGE_FIELD(message_remark_row, dims, DIMS),
    MESSAGE_FIELD(message_remark_row, first, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_remark_row, last, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_remark_row, days, UINT32, .max = UINT32_MAX),
    MESSAGE_FIELD(message_remark_row, title, TEXT, .max = ENTRY_TITLE_MAX),
    MESSAGE_FIELD(message_remark_row, note, TEXT, .max = ENTRY_NOTE_MAX),
};

static const struct message_field meaning_fields[] = {
    MESSAGE_FIELD(message_meaning_row, period, TEXT, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_meaning_row, version, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_meaning_row, changed, BOOL),
    MESSAGE_FIELD(message_meaning_row, kept, BOOL),
    MESSAGE_FIELD(message_meaning_row, label, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_meaning_row, definition, TEXT, .max = MESSAGE_LONG_MAX),
    MESSAGE_FIELD(message_meaning_row, method, TEXT, .max = MESSAGE_LONG_MAX),
};

static const struct message_row
    part_row = {"part", sizeof(struct message_part), MESSAGE_FIELDS(part_fields), part_elements},
    entry_row = {"entry", sizeof(struct message_entry_row), MESSAGE_FIELDS(entry_fields), NULL},
    withdrawal_row = {"withdrawal", sizeof(struct message_withdrawal_row), MESSAGE_FIELDS(withdrawal_fields),
                      NULL},
    refusal_row = {"refusal", sizeof(struct message_refusal_row), MESSAGE_FIELDS(refusal_fields), NULL},
    version_row = {"version", sizeof(struct message_version_row), MESSAGE_FIELDS(version_fields), NULL},
    move_row = {"move", sizeof(struct message_move_row), MESSAGE_FIELDS(move_fields), NULL},
    operand_row = {"operand", sizeof(struct message_operand_row), MESSAGE_FIELDS(operand_fields), NULL},
    remark_row = {"remark", sizeof(struct message_remark_row), MESSAGE_FIELDS(remark_fields), NULL},
    meaning_row = {"meaning", sizeof(struct message_meaning_row), MESSAGE_FIELDS(meaning_fields), NULL};

/* --- the answer --- */

#define BEFORE_LISTS 9 /* fields */

#define LIST(list, member, counted, row)                                                                     \
    [BEFORE_LISTS + (list)] = MESSAGE_ROWS(message_explanation, member, counted, row, MESSAGE_EXPLAINED_MAX, \
                                           "count the others in \"more\"", .optional = true)

static const struct message_field explanation_fields[] = {
    MESSAGE_FIELD(message_explanation, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_explanation, indicator, ROW, .row = &message_row_indicator),
    MESSAGE_FIELD(message_explanation, definition, TEXT, .optional = true, .max = MESSAGE_LONG_MAX),
    MESSAGE_FIELD(message_explanation, method, TEXT, .optional = true, .max = MESSAGE_LONG_MAX),
    MESSAGE_FIELD(message_explanation, method_version, TEXT, .optional = true, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_explanation, fed_by, TEXT, .optional = true, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_explanation, figure, ROW, .row = &message_row_figure),
    MESSAGE_FIELD(message_explanation, more, UINT, .optional = true, .max = MESSAGE_SEQ_MAX),
    MESSAGE_FIELD(message_explanation, gone, BOOL, .optional = true),
    LIST(MESSAGE_LIST_PARTS, parts, part_count, &part_row),
    LIST(MESSAGE_LIST_ENTRIES, entries, entry_count, &entry_row),
    LIST(MESSAGE_LIST_WITHDRAWALS, withdrawals, withdrawal_count, &withdrawal_row),
    LIST(MESSAGE_LIST_REFUSALS, refusals, refusal_count, &refusal_row),
    LIST(MESSAGE_LIST_VERSIONS, versions, version_count, &version_row),
    LIST(MESSAGE_LIST_CLOSINGS, closings, closing_count, &message_row_closing),
    LIST(MESSAGE_LIST_MOVES, moves, move_count, &move_row),
    LIST(MESSAGE_LIST_OPERANDS, operands, operand_count, &operand_row),
    LIST(MESSAGE_LIST_REMARKS, remarks, remark_count, &remark_row),
    LIST(MESSAGE_LIST_MEANINGS, meanings, meaning_count, &meaning_row),
};

_Static_assert(sizeof explanation_fields / sizeof *explanation_fields == BEFORE_LISTS + MESSAGE_LISTS,
               "no gap");

static const struct message_form explanation_form = {MESSAGE_EXPLANATION, MESSAGE_FIELDS(explanation_fields)};

int message_read_explanation(struct wire_reader *reader, struct message_explanation *out, struct fault *why) {
    struct message_explanation explanation = {
        .definition = STR(""), .method = STR(""), .method_version = STR(""), .fed_by = STR("")};
    int rc = message_read_form(reader, &explanation_form, &explanation, why);
    if (rc == 0)
        *out = explanation;
    return rc;
}

void message_next_part(struct message_explanation *explanation, struct message_part *out) {
    message_next_row(&explanation->parts, &part_row, out);
}

void message_next_entry(struct message_explanation *explanation, struct message_entry_row *out) {
    message_next_row(&explanation->entries, &entry_row, out);
}

void message_next_withdrawal(struct message_explanation *explanation, struct message_withdrawal_row *out) {
    message_next_row(&explanation->withdrawals, &withdrawal_row, out);
}

void message_next_refusal(struct message_explanation *explanation, struct message_refusal_row *out) {
    message_next_row(&explanation->refusals, &refusal_row, out);
}

void message_next_version(struct message_explanation *explanation, struct message_version_row *out) {
    message_next_row(&explanation->versions, &version_row, out);
}

void message_next_closing(struct message_explanation *explanation, struct message_closing_row *out) {
    message_next_row(&explanation->closings, &message_row_closing, out);
}

void message_next_move(struct message_explanation *explanation, struct message_move_row *out) {
    message_next_row(&explanation->moves, &move_row, out);
}

void message_next_operand(struct message_explanation *explanation, struct message_operand_row *out) {
    message_next_row(&explanation->operands, &operand_row, out);
}

void message_next_remark(struct message_explanation *explanation, struct message_remark_row *out) {
    message_next_row(&explanation->remarks, &remark_row, out);
}

void message_next_meaning(struct message_explanation *explanation, struct message_meaning_row *out) {
    message_next_row(&explanation->meanings, &meaning_row, out);
}

void message_write_part(struct wire_writer *writer, const struct message_part *part) {
    message_write_row(writer, &part_row, part);
}

void message_write_entry_row(struct wire_writer *writer, const struct message_entry_row *row) {
    message_write_row(writer, &entry_row, row);
}

void message_write_withdrawal(struct wire_writer *writer, const struct message_withdrawal_row *row) {
    message_write_row(writer, &withdrawal_row, row);
}

void message_write_refusal(struct wire_writer *writer, const struct message_refusal_row *row) {
    message_write_row(writer, &refusal_row, row);
}

void message_write_version(struct wire_writer *writer, const struct message_version_row *row) {
    message_write_row(writer, &version_row, row);
}

void message_write_closing(struct wire_writer *writer, const struct message_closing_row *row) {
    message_write_row(writer, &message_row_closing, row);
}

void message_write_move(struct wire_writer *writer, const struct message_move_row *row) {
    message_write_row(writer, &move_row, row);
}

void message_write_operand(struct wire_writer *writer, const struct message_operand_row *row) {
    message_write_row(writer, &operand_row, row);
}

void message_write_remark(struct wire_writer *writer, const struct message_remark_row *row) {
    message_write_row(writer, &remark_row, row);
}

void message_write_meaning(struct wire_writer *writer, const struct message_meaning_row *row) {
    message_write_row(writer, &meaning_row, row);
}

void message_write_explanation(struct wire_writer *writer, const struct message_explanation *head,
                               const struct wire_writer *const lists[MESSAGE_LISTS]) {
    message_write_form(writer, &explanation_form, head, lists);
}
