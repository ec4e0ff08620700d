#include <errno.h>

#include "proto/check.h"
#include "proto/message_priv.h"
#include "proto/period.h"

#define DECIMALS_MAX 18 /* what an int64 has room for */

static const char *const state_names[] = {
    [MESSAGE_STATE_VALUE] = "",
    [MESSAGE_STATE_MISSING] = "missing",
    [MESSAGE_STATE_NOT_DUE] = "not due",
    [MESSAGE_STATE_WITHHELD] = "withheld",
};

const char *message_state_name(enum message_state state) {
    ASSERT(state <= MESSAGE_STATE_WITHHELD);
    return state_names[state];
}

/* --- what a figure has beside its value --- */

enum extra {
    EXTRA_STATE,
    EXTRA_DECIMALS,
    EXTRA_REPORTED,
    EXTRA_TARGET,
    EXTRA_HEARD,
    EXTRA_DAYS,
    EXTRA_ON_TIME,
    EXTRAS
};

static const char *const extra_names[EXTRAS] = {"state", "decimals", "reported", "target",
                                                "heard", "days",     "on_time"};

/* As said of this figure: bits of 1 << enum extra. */
static unsigned extras_of(const struct message_figure *figure) {
    unsigned said = 0;
    said |= (unsigned)(figure->state != MESSAGE_STATE_VALUE) << EXTRA_STATE;
    said |= (unsigned)(figure->decimals > 0) << EXTRA_DECIMALS;
    said |= (unsigned)figure->has_reported << EXTRA_REPORTED;
    said |= (unsigned)figure->has_target << EXTRA_TARGET;
    said |= (unsigned)(figure->days > 0) << EXTRA_HEARD;
    said |= (unsigned)(figure->days > 0) << EXTRA_DAYS;
    said |= (unsigned)figure->has_on_time << EXTRA_ON_TIME;
    return said;
}

static int read_state(struct wire_reader *reader, enum message_state *out) {
    struct str name;
    if (wire_read_str(reader, &name, MESSAGE_TEXT_MAX) != 0)
        return -EPROTO;
    for (enum message_state state = MESSAGE_STATE_VALUE; state <= MESSAGE_STATE_WITHHELD; state++) {
        if (str_equal(name, str_of(state_names[state]))) {
            *out = state;
            return 0;
        }
    }
    return -EPROTO;
}

static int read_extra(struct wire_reader *reader, enum extra extra, struct message_figure *figure) {
    uint64_t number = 0;
    int rc = 0;
    switch (extra) {
    case EXTRA_STATE:
        return read_state(reader, &figure->state);
    case EXTRA_DECIMALS:
        rc = wire_read_uint(reader, &number, DECIMALS_MAX);
        figure->decimals = (unsigned)number;
        return rc;
    case EXTRA_REPORTED:
        figure->has_reported = true;
        return wire_read_int(reader, &figure->reported);
    case EXTRA_TARGET:
        figure->has_target = true;
        return wire_read_int(reader, &figure->target);
    case EXTRA_HEARD:
        rc = wire_read_uint(reader, &number, UINT32_MAX);
        figure->heard = (uint32_t)number;
        return rc;
    case EXTRA_DAYS:
        rc = wire_read_uint(reader, &number, UINT32_MAX);
        figure->days = (uint32_t)number;
        return rc;
    case EXTRA_ON_TIME:
        figure->has_on_time = true;
        return wire_read_int(reader, &figure->on_time);
    case EXTRAS:
        break;
    }
    return wire_skip(reader);
}

static int read_extras(struct wire_reader *reader, void *record, struct fault *why) {
    struct message_figure *figure = record;
    uint32_t pairs;
    unsigned seen = 0;
    if (wire_read_map(reader, &pairs, UINT32_MAX) != 0)
        return fault_set(why, -EPROTO, "it must be a map, or it is cut off");
    for (uint32_t i = 0; i < pairs; i++) {
        struct str key;
        enum extra extra = 0;
        if (wire_read_str(reader, &key, UINT32_MAX) != 0)
            return fault_set(why, -EPROTO, "its keys must be texts (UTF-8)");
        while (extra < EXTRAS && !str_equal(key, str_of(extra_names[extra])))
            extra++;
        if (extra < EXTRAS && seen & 1u << extra)
            return fault_set(why, -EPROTO, "\"%s\" is there twice", extra_names[extra]);
        seen |= 1u << extra;
        if (read_extra(reader, extra, figure) != 0)
            return fault_set(why, -EPROTO, "the value of \"%.*s\" is none that it may have",
                             (int)(key.len < 64 ? key.len : 64), key.at);
    }
    return 0;
}

static void write_extras(struct wire_writer *writer, const void *record) {
    const struct message_figure *figure = record;
    unsigned said = extras_of(figure);
    wire_write_map(writer, (size_t)__builtin_popcount(said));
    for (enum extra extra = 0; extra < EXTRAS; extra++) {
        if (!(said & 1u << extra))
            continue;
        message_write_key(writer, extra_names[extra]);
        if (extra == EXTRA_STATE)
            wire_write_str(writer, str_of(message_state_name(figure->state)));
        else if (extra == EXTRA_DECIMALS)
            wire_write_uint(writer, figure->decimals);
        else if (extra == EXTRA_REPORTED)
            wire_write_int(writer, figure->reported);
        else if (extra == EXTRA_TARGET)
            wire_write_int(writer, figure->target);
        else if (extra == EXTRA_ON_TIME)
            wire_write_int(writer, figure->on_time);
        else
            wire_write_uint(writer, extra == EXTRA_HEARD ? figure->heard : figure->days);
    }
}

/* --- the records --- */

static const struct message_field indicator_fields[] = {
    MESSAGE_FIELD(message_indicator, id, TEXT, .max = INDICATOR_ID_MAX),
    MESSAGE_FIELD(message_indicator, code, TEXT, .max = MESSAGE_CODE_MAX),
    MESSAGE_FIELD(message_indicator, kind, TEXT, .max = MESSAGE_KIND_MAX),
    MESSAGE_FIELD(message_indicator, label, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicator, note, TEXT, .max = MESSAGE_TEXT_MAX),
    MESSAGE_FIELD(message_indicator, unit, TEXT, .optional = true, .max = MESSAGE_TEXT_MAX),
};

const struct message_row message_row_indicator = {"indicator", sizeof(struct message_indicator),
                                                  MESSAGE_FIELDS(indicator_fields), NULL};

static const struct message_field figure_fields[] = {
    MESSAGE_FIELD(message_figure, indicator, TEXT, .max = INDICATOR_ID_MAX),
    MESSAGE_FIELD(message_figure, period, TEXT, .max = PERIOD_TEXT_MAX),
    {.key = "dimensions",
     .type = MESSAGE_FIELD_TEXTS,
     .offset = offsetof(struct message_figure, dim),
     .max = DIM_VALUE_MAX,
     .most = DIMS_MAX,
     .count = offsetof(struct message_figure, dim_count),
     .mend = "no series has more"},
    MESSAGE_FIELD(message_figure, value, INT),
    MESSAGE_FIELD(message_figure, note, TEXT, .optional = true, .max = MESSAGE_TEXT_MAX),
    {.key = "extras",
     .type = MESSAGE_FIELD_PART,
     .optional = true,
     .part = read_extras,
     .write = write_extras}, /* of the whole figure */
};

/* Up to the last element that says something. */
static size_t figure_elements(const void *row) {
    const struct message_figure *figure = row;
    return extras_of(figure) != 0 ? 6 : figure->note.len > 0 ? 5 : 4;
}

const struct message_row message_row_figure = {"figure", sizeof(struct message_figure),
                                               MESSAGE_FIELDS(figure_fields), figure_elements};

static const struct message_field figures_fields[] = {
    MESSAGE_FIELD(message_figures, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_figures, last, BOOL),
    MESSAGE_ROWS(message_figures, indicators, indicator_count, &message_row_indicator, MESSAGE_FIGURES_MAX,
                 "send several chunks", .optional = true),
    MESSAGE_ROWS(message_figures, figures, figure_count, &message_row_figure, MESSAGE_FIGURES_MAX,
                 "send several chunks"),
};

static const struct message_form figures_form = {MESSAGE_FIGURES, MESSAGE_FIELDS(figures_fields)};

int message_read_figures(struct wire_reader *reader, struct message_figures *out, struct fault *why) {
    struct message_figures figures = {0};
    int rc = message_read_form(reader, &figures_form, &figures, why);
    if (rc == 0)
        *out = figures;
    return rc;
}

void message_next_indicator(struct message_figures *figures, struct message_indicator *out) {
    message_next_row(&figures->indicators, &message_row_indicator, out);
}

void message_next_figure(struct message_figures *figures, struct message_figure *out) {
    message_next_row(&figures->figures, &message_row_figure, out);
}

void message_write_indicator(struct wire_writer *writer, const struct message_indicator *indicator) {
    message_write_row(writer, &message_row_indicator, indicator);
}

void message_write_figure(struct wire_writer *writer, const struct message_figure *figure) {
    message_write_row(writer, &message_row_figure, figure);
}

void message_write_figures(struct wire_writer *writer, uint64_t id, bool last, uint32_t indicator_count,
                           const struct wire_writer *indicators, uint32_t figure_count,
                           const struct wire_writer *figures) {
    const struct wire_writer *const lists[] = {indicators, figures};
    message_write_form(
        writer, &figures_form,
        &(struct message_figures){
            .id = id, .last = last, .indicator_count = indicator_count, .figure_count = figure_count},
        lists);
}
