#include <errno.h>
#include <inttypes.h>

#include "proto/check.h"
#include "proto/message.h"
#include "proto/message_priv.h"
#include "proto/period.h"

#define CODE_MAX     64 /* bytes of an indicator's code in the plan */
#define KIND_MAX     32
#define LANGUAGE_MAX 35 /* bytes of the longest usual tag of RFC 5646 */

static int read_patterns(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_query *query = message;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_PATTERNS_MAX, "query", "indicators",
                           "use a glob such as web.*", why) != 0)
        return -EPROTO;
    for (uint32_t i = 0; i < count; i++) {
        if (wire_read_str(reader, &query->pattern[i], INDICATOR_ID_MAX) != 0)
            return fault_set(why, -EPROTO,
                             "query: indicator %" PRIu32 " must be a text (UTF-8) of at most %d bytes", i,
                             INDICATOR_ID_MAX);
    }
    query->pattern_count = count;
    return 0;
}

static int read_split(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_query *query = message;
    uint32_t count;
    struct fault cause;
    if (message_read_count(reader, &count, DIMS_MAX, "query", "split", "no series has more dimensions",
                           why) != 0)
        return -EPROTO;
    for (uint32_t i = 0; i < count; i++) {
        if (wire_read_str(reader, &query->split[i], UINT32_MAX) != 0)
            return fault_set(why, -EPROTO, "query: \"split\" must hold texts (UTF-8)");
        if (dims_check_name(query->split[i], &cause) != 0)
            return fault_set(why, -EPROTO, "query: \"split\": %s", cause.text);
    }
    query->split_count = count;
    return 0;
}

static int read_where(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_query *query = message;
    uint32_t pairs;
    struct fault cause;
    if (wire_read_map(reader, &pairs, DIMS_MAX) != 0)
        return fault_set(why, -EPROTO, "query: \"where\" must be a map of at most %d pairs", DIMS_MAX);
    for (uint32_t i = 0; i < pairs; i++) {
        struct str name, value;
        if (wire_read_str(reader, &name, UINT32_MAX) != 0 || wire_read_str(reader, &value, UINT32_MAX) != 0)
            return fault_set(why, -EPROTO, "query: \"where\" must map text to text (UTF-8)");
        if (dims_add(&query->where, name, value, &cause) != 0)
            return fault_set(why, -EPROTO, "query: \"where\": %s", cause.text);
    }
    return 0;
}

static const struct message_field query_fields[] = {
    {.key = "id",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_query, id),
     .max = UINT64_MAX},
    {.key = "indicators", .type = MESSAGE_FIELD_OWN, .optional = true, .read = read_patterns},
    {.key = "from",
     .type = MESSAGE_FIELD_TEXT,
     .optional = true,
     .offset = offsetof(struct message_query, from),
     .max = PERIOD_TEXT_MAX},
    {.key = "to",
     .type = MESSAGE_FIELD_TEXT,
     .optional = true,
     .offset = offsetof(struct message_query, to),
     .max = PERIOD_TEXT_MAX},
    {.key = "by",
     .type = MESSAGE_FIELD_TEXT,
     .optional = true,
     .offset = offsetof(struct message_query, by),
     .max = PERIOD_TEXT_MAX},
    {.key = "language",
     .type = MESSAGE_FIELD_TEXT,
     .optional = true,
     .offset = offsetof(struct message_query, language),
     .max = LANGUAGE_MAX},
    {.key = "split", .type = MESSAGE_FIELD_OWN, .optional = true, .read = read_split},
    {.key = "where", .type = MESSAGE_FIELD_OWN, .optional = true, .read = read_where},
};

static const struct message_form query_form = {MESSAGE_QUERY, sizeof query_fields / sizeof query_fields[0],
                                               query_fields};

int message_read_query(struct wire_reader *reader, struct message_query *out, struct fault *why) {
    struct message_query query = {.from = STR(""), .to = STR(""), .by = STR(""), .language = STR("")};
    int rc = message_read_form(reader, &query_form, &query, why);
    if (rc == 0)
        *out = query;
    return rc;
}

void message_write_query(struct wire_writer *writer, const struct message_query *query) {
    message_write_head(writer, MESSAGE_QUERY, 8);
    message_write_key(writer, "id");
    wire_write_uint(writer, query->id);
    message_write_key(writer, "indicators");
    wire_write_array(writer, query->pattern_count);
    for (uint32_t i = 0; i < query->pattern_count; i++)
        wire_write_str(writer, query->pattern[i]);
    message_write_key(writer, "from");
    wire_write_str(writer, query->from);
    message_write_key(writer, "to");
    wire_write_str(writer, query->to);
    message_write_key(writer, "by");
    wire_write_str(writer, query->by);
    message_write_key(writer, "language");
    wire_write_str(writer, query->language);
    message_write_key(writer, "split");
    wire_write_array(writer, query->split_count);
    for (uint32_t i = 0; i < query->split_count; i++)
        wire_write_str(writer, query->split[i]);
    message_write_key(writer, "where");
    wire_write_map(writer, query->where.count);
    for (size_t i = 0; i < query->where.count; i++) {
        wire_write_str(writer, query->where.dim[i].name);
        wire_write_str(writer, query->where.dim[i].value);
    }
}

static int skip_elements(struct wire_reader *reader, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (wire_skip(reader) != 0)
            return -EPROTO;
    }
    return 0;
}

static int read_one_indicator(struct wire_reader *reader, struct message_indicator *out) {
    struct message_indicator read;
    uint32_t elements;
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < 5 ||
        wire_read_str(reader, &read.id, INDICATOR_ID_MAX) != 0 ||
        wire_read_str(reader, &read.code, CODE_MAX) != 0 ||
        wire_read_str(reader, &read.kind, KIND_MAX) != 0 ||
        wire_read_str(reader, &read.label, MESSAGE_TEXT_MAX) != 0 ||
        wire_read_str(reader, &read.note, MESSAGE_TEXT_MAX) != 0 || skip_elements(reader, elements - 5) != 0)
        return -EPROTO;
    *out = read;
    return 0;
}

static int read_one_figure(struct wire_reader *reader, struct message_figure *out) {
    struct message_figure read = {.note = STR("")};
    uint32_t elements;
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < 4 ||
        wire_read_str(reader, &read.indicator, INDICATOR_ID_MAX) != 0 ||
        wire_read_str(reader, &read.period, PERIOD_TEXT_MAX) != 0 ||
        wire_read_array(reader, &read.dim_count, DIMS_MAX) != 0)
        return -EPROTO;
    for (uint32_t i = 0; i < read.dim_count; i++) {
        if (wire_read_str(reader, &read.dim[i], DIM_VALUE_MAX) != 0)
            return -EPROTO;
    }
    if (wire_read_int(reader, &read.value) != 0 ||
        (elements > 4 && wire_read_str(reader, &read.note, MESSAGE_TEXT_MAX) != 0) ||
        (elements > 5 && skip_elements(reader, elements - 5) != 0))
        return -EPROTO;
    *out = read;
    return 0;
}

static int read_indicators(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_figures *figures = message;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_FIGURES_MAX, "figures", "indicators",
                           "send several chunks", why) != 0)
        return -EPROTO;
    figures->indicators = *reader;
    figures->indicator_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct message_indicator indicator;
        if (read_one_indicator(reader, &indicator) != 0)
            return fault_set(
                why, -EPROTO,
                "figures: indicator %" PRIu32 " must be an array [id, code, kind, label, note] of texts", i);
    }
    figures->indicators.end = reader->at;
    return 0;
}

static int read_figures(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_figures *figures = message;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_FIGURES_MAX, "figures", "figures", "send several chunks",
                           why) != 0)
        return -EPROTO;
    figures->figures = *reader;
    figures->figure_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct message_figure figure;
        if (read_one_figure(reader, &figure) != 0)
            return fault_set(
                why, -EPROTO,
                "figures: figure %" PRIu32 " must be an array [indicator, period, [dimensions], value]", i);
    }
    figures->figures.end = reader->at;
    return 0;
}

static const struct message_field figures_fields[] = {
    {.key = "id",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_figures, id),
     .max = UINT64_MAX},
    {.key = "last", .type = MESSAGE_FIELD_BOOL, .offset = offsetof(struct message_figures, last)},
    {.key = "indicators", .type = MESSAGE_FIELD_OWN, .optional = true, .read = read_indicators},
    {.key = "figures", .type = MESSAGE_FIELD_OWN, .read = read_figures},
};

static const struct message_form figures_form = {
    MESSAGE_FIGURES, sizeof figures_fields / sizeof figures_fields[0], figures_fields};

int message_read_figures(struct wire_reader *reader, struct message_figures *out, struct fault *why) {
    struct message_figures figures = {0};
    int rc = message_read_form(reader, &figures_form, &figures, why);
    if (rc == 0)
        *out = figures;
    return rc;
}

void message_next_indicator(struct message_figures *figures, struct message_indicator *out) {
    int rc = read_one_indicator(&figures->indicators, out);
    ASSERT(rc == 0);
}

void message_next_figure(struct message_figures *figures, struct message_figure *out) {
    int rc = read_one_figure(&figures->figures, out);
    ASSERT(rc == 0);
}

void message_write_indicator(struct wire_writer *writer, const struct message_indicator *indicator) {
    wire_write_array(writer, 5);
    wire_write_str(writer, indicator->id);
    wire_write_str(writer, indicator->code);
    wire_write_str(writer, indicator->kind);
    wire_write_str(writer, indicator->label);
    wire_write_str(writer, indicator->note);
}

void message_write_figure(struct wire_writer *writer, const struct message_figure *figure) {
    wire_write_array(writer, figure->note.len > 0 ? 5 : 4);
    wire_write_str(writer, figure->indicator);
    wire_write_str(writer, figure->period);
    wire_write_array(writer, figure->dim_count);
    for (uint32_t i = 0; i < figure->dim_count; i++)
        wire_write_str(writer, figure->dim[i]);
    wire_write_int(writer, figure->value);
    if (figure->note.len > 0)
        wire_write_str(writer, figure->note);
}

void message_write_figures(struct wire_writer *writer, uint64_t id, bool last, uint32_t indicator_count,
                           const struct wire_writer *indicators, uint32_t figure_count,
                           const struct wire_writer *figures) {
    message_write_head(writer, MESSAGE_FIGURES, 4);
    message_write_key(writer, "id");
    wire_write_uint(writer, id);
    message_write_key(writer, "last");
    wire_write_bool(writer, last);
    message_write_key(writer, "indicators");
    wire_write_elements(writer, indicator_count, indicators);
    message_write_key(writer, "figures");
    wire_write_elements(writer, figure_count, figures);
}
