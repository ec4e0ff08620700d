/* For tests of messages: a frame as JSON, as any decoder of MessagePack has it, and a message read and written
 * again. */
#ifndef TESTS_MESSAGES_H
#define TESTS_MESSAGES_H

#include <jansson.h>

#include "proto/message.h"

/* JSON has no bytes: {"bin": "00ff"} stands for them. */
static inline json_t *messages_bin(struct str bytes) {
    char *hex = calloc(2 * bytes.len + 1, 1);
    assert_non_null(hex);
    for (size_t i = 0; i < bytes.len; i++)
        snprintf(hex + 2 * i, 3, "%02x", (uint8_t)bytes.at[i]);
    json_t *json = json_pack("{s:s}", "bin", hex);
    free(hex);
    return json;
}

static inline json_t *messages_json(struct wire_reader *reader) {
    struct str text;
    uint32_t count;
    int64_t number;
    bool truth;
    json_t *json;
    switch (wire_peek(reader)) {
    case WIRE_BOOL:
        assert_int_equal(wire_read_bool(reader, &truth), 0);
        return json_boolean(truth);
    case WIRE_INT:
        assert_int_equal(wire_read_int(reader, &number), 0);
        return json_integer(number);
    case WIRE_STR:
        assert_int_equal(wire_read_str(reader, &text, UINT32_MAX), 0);
        json = json_stringn(text.at, text.len);
        assert_non_null(json);
        return json;
    case WIRE_BIN:
        assert_int_equal(wire_read_bin(reader, &text, UINT32_MAX), 0);
        return messages_bin(text);
    case WIRE_ARRAY:
        assert_int_equal(wire_read_array(reader, &count, UINT32_MAX), 0);
        json = json_array();
        for (uint32_t i = 0; i < count; i++)
            json_array_append_new(json, messages_json(reader));
        return json;
    case WIRE_MAP:
        assert_int_equal(wire_read_map(reader, &count, UINT32_MAX), 0);
        json = json_object();
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(wire_read_str(reader, &text, UINT32_MAX), 0);
            json_object_setn_new_nocheck(json, text.at, text.len, messages_json(reader));
        }
        return json;
    default:
        fail_msg("a value that no message holds");
        return NULL;
    }
}

static inline json_t *messages_frame_json(const struct wire_writer *writer) {
    struct wire_reader reader;
    assert_false(wire_writer_failed(writer));
    wire_reader_init(&reader, wire_writer_data(writer), wire_writer_len(writer));
    json_t *json = messages_json(&reader);
    assert_true(wire_at_end(&reader));
    return json;
}

#define MESSAGES_LISTS MESSAGE_LISTS

struct messages_lists {
    struct wire_writer *at[MESSAGES_LISTS];
};

static inline struct messages_lists messages_lists_new(void) {
    struct messages_lists lists;
    for (size_t i = 0; i < MESSAGES_LISTS; i++)
        wire_writer_new(&lists.at[i], MESSAGE_BYTES_MAX);
    return lists;
}

static inline void messages_lists_free(struct messages_lists *lists) {
    for (size_t i = 0; i < MESSAGES_LISTS; i++)
        wire_writer_destroy(&lists->at[i]);
}

/* Goes through a list of `message` to its end, each row from `next` to `write`. */
#define MESSAGES_EACH(message, list, count, row_type, next, write, writer)                                   \
    do {                                                                                                     \
        for (uint32_t row_i = 0; row_i < (message).count; row_i++) {                                         \
            row_type row;                                                                                    \
            next(&(message), &row);                                                                          \
            write((writer), &row);                                                                           \
        }                                                                                                    \
        assert_true(wire_at_end(&(message).list));                                                           \
    } while (0)

/* Of a type from MESSAGE_PLAN on, what message_open left: reads the message and all in it, and writes it again. */
static inline int messages_rewrite(enum message_type type, struct wire_reader *reader,
                                   struct wire_writer *writer, struct fault *why) {
    struct messages_lists lists = messages_lists_new();
    struct wire_writer **at = lists.at;
    int rc = -1;
    union {
        struct message_plan plan;
        struct message_indicators indicators;
        struct message_explain explain;
        struct message_explanation explanation;
        struct message_due due;
        struct message_duties duties;
        struct message_closings closings;
        struct message_close close;
        struct message_closed closed;
        struct message_withdraw withdraw;
        struct message_withdrawn withdrawn;
    } any;
    switch (type) {
    case MESSAGE_PLAN:
        if ((rc = message_read_plan(reader, &any.plan, why)) == 0)
            message_write_plan(writer, &any.plan);
        break;
    case MESSAGE_INDICATORS:
        if ((rc = message_read_indicators(reader, &any.indicators, why)) != 0)
            break;
        MESSAGES_EACH(any.indicators, rows, row_count, struct message_indicator_row,
                      message_next_indicator_row, message_write_indicator_row, at[0]);
        message_write_indicators(writer, &any.indicators, at[0]);
        break;
    case MESSAGE_EXPLAIN:
        if ((rc = message_read_explain(reader, &any.explain, why)) == 0)
            message_write_explain(writer, &any.explain);
        break;
    case MESSAGE_EXPLANATION:
        if ((rc = message_read_explanation(reader, &any.explanation, why)) != 0)
            break;
        MESSAGES_EACH(any.explanation, parts, part_count, struct message_part, message_next_part,
                      message_write_part, at[MESSAGE_LIST_PARTS]);
        MESSAGES_EACH(any.explanation, entries, entry_count, struct message_entry_row, message_next_entry,
                      message_write_entry_row, at[MESSAGE_LIST_ENTRIES]);
        MESSAGES_EACH(any.explanation, withdrawals, withdrawal_count, struct message_withdrawal_row,
                      message_next_withdrawal, message_write_withdrawal, at[MESSAGE_LIST_WITHDRAWALS]);
        MESSAGES_EACH(any.explanation, refusals, refusal_count, struct message_refusal_row,
                      message_next_refusal, message_write_refusal, at[MESSAGE_LIST_REFUSALS]);
        MESSAGES_EACH(any.explanation, versions, version_count, struct message_version_row,
                      message_next_version, message_write_version, at[MESSAGE_LIST_VERSIONS]);
        MESSAGES_EACH(any.explanation, closings, closing_count, struct message_closing_row,
                      message_next_closing, message_write_closing, at[MESSAGE_LIST_CLOSINGS]);
        MESSAGES_EACH(any.explanation, moves, move_count, struct message_move_row, message_next_move,
                      message_write_move, at[MESSAGE_LIST_MOVES]);
        MESSAGES_EACH(any.explanation, operands, operand_count, struct message_operand_row,
                      message_next_operand, message_write_operand, at[MESSAGE_LIST_OPERANDS]);
        MESSAGES_EACH(any.explanation, remarks, remark_count, struct message_remark_row, message_next_remark,
                      message_write_remark, at[MESSAGE_LIST_REMARKS]);
        MESSAGES_EACH(any.explanation, meanings, meaning_count, struct message_meaning_row,
                      message_next_meaning, message_write_meaning, at[MESSAGE_LIST_MEANINGS]);
        message_write_explanation(writer, &any.explanation, (const struct wire_writer *const *)at);
        break;
    case MESSAGE_DUE:
        if ((rc = message_read_due(reader, &any.due, why)) == 0)
            message_write_due(writer, &any.due);
        break;
    case MESSAGE_DUTIES:
        if ((rc = message_read_duties(reader, &any.duties, why)) != 0)
            break;
        MESSAGES_EACH(any.duties, rows, row_count, struct message_duty, message_next_duty, message_write_duty,
                      at[0]);
        message_write_duties(writer, any.duties.id, any.duties.last, any.duties.row_count, at[0]);
        break;
    case MESSAGE_CLOSINGS:
        if ((rc = message_read_closings(reader, &any.closings, why)) == 0)
            message_write_closings(writer, &any.closings);
        break;
    case MESSAGE_CLOSE:
        if ((rc = message_read_close(reader, &any.close, why)) == 0)
            message_write_close(writer, &any.close);
        break;
    case MESSAGE_CLOSED:
        if ((rc = message_read_closed(reader, &any.closed, why)) != 0)
            break;
        MESSAGES_EACH(any.closed, rows, row_count, struct message_closing_row, message_next_closed,
                      message_write_closing, at[0]);
        message_write_closed(writer, any.closed.id, any.closed.last, any.closed.row_count, at[0]);
        break;
    case MESSAGE_WITHDRAW:
        if ((rc = message_read_withdraw(reader, &any.withdraw, why)) == 0)
            message_write_withdraw(writer, &any.withdraw);
        break;
    case MESSAGE_WITHDRAWN:
        if ((rc = message_read_withdrawn(reader, &any.withdrawn, why)) == 0)
            message_write_withdrawn(writer, &any.withdrawn);
        break;
    default:
        fail_msg("a type of another test");
    }
    messages_lists_free(&lists);
    return rc;
}

#endif
