#include "clients/cli/figures_csv.h"

#include <inttypes.h>

#include "clients/cli/print.h"

/* Columns after the value, each there only when some row has something in it. */
static const struct {
    const char *name;
    enum answer_part part;
} extras[] = {
    {"note", ANSWER_NOTE},       {"state", ANSWER_MISSING},  {"reported", ANSWER_REPORTED},
    {"target", ANSWER_TARGET},   {"heard", ANSWER_COVERAGE}, {"days", ANSWER_COVERAGE},
    {"on_time", ANSWER_ON_TIME},
};

enum extra {
    EXTRA_NOTE,
    EXTRA_STATE,
    EXTRA_REPORTED,
    EXTRA_TARGET,
    EXTRA_HEARD,
    EXTRA_DAYS,
    EXTRA_ON_TIME,
    EXTRAS
};

_Static_assert(sizeof extras / sizeof *extras == EXTRAS, "a name for each column");

static bool is_shown(const struct answer *answer, enum extra extra) {
    if (extra == EXTRA_STATE && (answer_has(answer, ANSWER_NOT_DUE) || answer_has(answer, ANSWER_WITHHELD)))
        return true;
    return answer_has(answer, extras[extra].part);
}

static void put_extra(FILE *stream, const struct answer_figure *figure, enum extra extra) {
    char number[PRINT_NUMBER];
    switch (extra) {
    case EXTRA_NOTE:
        print_csv_field(stream, figure->note);
        break;
    case EXTRA_STATE:
        fputs(answer_state_name(figure->state), stream);
        break;
    case EXTRA_REPORTED:
        if (figure->has_reported)
            fputs(print_plain_value(figure->reported, figure->decimals, number), stream);
        break;
    case EXTRA_TARGET:
        if (figure->has_target)
            fputs(print_plain_value(figure->target, figure->decimals, number), stream);
        break;
    case EXTRA_ON_TIME:
        if (figure->has_on_time)
            fputs(print_plain_value(figure->on_time, 0, number), stream);
        break;
    default:
        if (figure->days > 0)
            fprintf(stream, "%" PRIu32, extra == EXTRA_HEARD ? figure->heard : figure->days);
    }
}

static void put_head(FILE *stream, const struct answer *answer) {
    fputs("indicator,period,", stream);
    for (size_t i = 0; i < answer_split_count(answer); i++) {
        print_csv_field(stream, answer_split(answer, i));
        fputc(',', stream);
    }
    fputs("value", stream);
    for (enum extra extra = 0; extra < EXTRAS; extra++)
        if (is_shown(answer, extra))
            fprintf(stream, ",%s", extras[extra].name);
    fputc('\n', stream);
}

void figures_csv_write(FILE *stream, struct answer *answer) {
    char number[PRINT_NUMBER];
    answer_sort(answer);
    put_head(stream, answer);
    for (size_t row = 0; row < answer_count(answer); row++) {
        const struct answer_figure *figure = answer_at(answer, row);
        print_csv_field(stream, figure->indicator);
        fputc(',', stream);
        print_csv_field(stream, figure->period);
        for (size_t i = 0; i < answer_split_count(answer); i++) {
            fputc(',', stream);
            print_csv_field(stream, figure->dims[i]);
        }
        fputc(',', stream);
        if (figure->state == SUIVI_VALUE)
            fputs(print_plain_value(figure->value, figure->decimals, number), stream);
        for (enum extra extra = 0; extra < EXTRAS; extra++) {
            if (!is_shown(answer, extra))
                continue;
            fputc(',', stream);
            put_extra(stream, figure, extra);
        }
        fputc('\n', stream);
    }
}
