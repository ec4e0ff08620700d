#include "proto/message_priv.h"
#include "proto/period.h"

static const struct message_field query_fields[] = {
    MESSAGE_FIELD(message_query, id, UINT, .max = UINT64_MAX),
    MESSAGE_PATTERNS(message_query),
    MESSAGE_FIELD(message_query, from, TEXT, .optional = true, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_query, to, TEXT, .optional = true, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_query, by, TEXT, .optional = true, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_query, language, TEXT, .optional = true, .max = MESSAGE_LANGUAGE_MAX),
    MESSAGE_FIELD(message_query, split, TEXTS, .optional = true, .max = UINT32_MAX, .most = DIMS_MAX,
                  .count = offsetof(struct message_query, split_count), .check = dims_check_name,
                  .mend = "no series has more dimensions"),
    MESSAGE_FIELD(message_query, where, DIMS, .optional = true),
    MESSAGE_FIELD(message_query, as_of, TEXT, .optional = true, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_query, sum_of, TEXT, .optional = true, .max = PERIOD_TEXT_MAX),
    MESSAGE_FIELD(message_query, reported, BOOL, .optional = true),
    MESSAGE_FIELD(message_query, gaps, BOOL, .optional = true),
    MESSAGE_FIELD(message_query, outside, BOOL, .optional = true),
};

static const struct message_form query_form = {MESSAGE_QUERY, MESSAGE_FIELDS(query_fields)};

int message_read_query(struct wire_reader *reader, struct message_query *out, struct fault *why) {
    struct message_query query = {.from = STR(""),
                                  .to = STR(""),
                                  .by = STR(""),
                                  .language = STR(""),
                                  .as_of = STR(""),
                                  .sum_of = STR("")};
    int rc = message_read_form(reader, &query_form, &query, why);
    if (rc == 0)
        *out = query;
    return rc;
}

void message_write_query(struct wire_writer *writer, const struct message_query *query) {
    message_write_form(writer, &query_form, query, NULL);
}
