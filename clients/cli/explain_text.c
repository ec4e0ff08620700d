#include "clients/cli/explain_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/explain_entries.h"
#include "clients/cli/grid.h"
#include "clients/cli/hints.h"
#include "clients/cli/print.h"
#include "clients/cli/words.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/dims.h"
#include "proto/kind.h"
#include "proto/period.h"

#define VALUE_MAX 96
#define ERROR_MAX 40

struct telling {
    FILE *stream;
    const struct suivi_explanation *from;
    const struct explain_asked *asked;
    int year; /* of the period, goes without saying; WORDS_NO_YEAR: it has several */
};

/* --- the figure --- */

static void put_coverage(FILE *stream, const struct suivi_figure *figure) {
    if (figure->days == 1)
        fputs(figure->heard > 0 ? "heard from on that day" : "not heard from on that day", stream);
    else if (figure->heard == figure->days)
        fprintf(stream, "heard from on all %" PRIu32 " days", figure->days);
    else if (figure->heard == 0)
        fprintf(stream, "heard from on none of %" PRIu32 " days", figure->days);
    else
        fprintf(stream, "heard from on %" PRIu32 " of %" PRIu32 " days", figure->heard, figure->days);
}

/* "Resources downloaded, February 2018: missing (heard from on 3 of 28 days)". */
static void put_figure(const struct telling *telling) {
    const struct suivi_explanation *from = telling->from;
    const struct suivi_figure *figure = &from->figure;
    char period[WORDS_MAX], value[VALUE_MAX];
    struct period read;
    print_text(telling->stream, from->indicator.label);
    fputs(", ", telling->stream);
    bool known = period_parse(&read, str_of(figure->period), NULL) == 0;
    print_text(telling->stream, known ? words_period(&read, period) : figure->period);
    for (size_t i = 0; i < telling->asked->where_count; i++) {
        const struct suivi_dim *dim = &telling->asked->where[i];
        fprintf(telling->stream, ", %s=", dim->name);
        print_text(telling->stream, dim->value);
    }
    fprintf(telling->stream, ": %s", explain_value(&from->indicator, figure, value, sizeof value));
    bool noted = figure->note[0] != '\0';
    if (noted || figure->days > 0) {
        fputs(" (", telling->stream);
        print_text(telling->stream, figure->note);
        fputs(noted && figure->days > 0 ? "; " : "", telling->stream);
        if (figure->days > 0)
            put_coverage(telling->stream, figure);
        fputc(')', telling->stream);
    }
    fputc('\n', telling->stream);
}

/* --- where it comes from --- */

static int32_t days_between(const char *first, const char *last) {
    struct period from, to;
    if (period_parse(&from, str_of(first), NULL) != 0 || period_parse(&to, str_of(last), NULL) != 0)
        return 0;
    return to.last - from.first + 1;
}

static bool adds_up(const struct suivi_indicator *indicator) {
    enum kind kind;
    return kind_parse(&kind, str_of(indicator->kind), NULL) != 0 || !kind_is_entered(kind);
}

unsigned explain_part_decimals(const struct suivi_explanation *explanation) {
    return adds_up(&explanation->indicator) ? explanation->figure.decimals : 0;
}

const char *explain_part_unit(const struct suivi_indicator *indicator, const struct suivi_part *part) {
    bool holds = strcmp(indicator->kind, "level") == 0 || strcmp(indicator->kind, "status") == 0;
    if (adds_up(indicator))
        return indicator->unit;
    if (holds)
        return part->value == 1 ? "statement" : "statements";
    return part->value == 1 ? "entry" : "entries";
}

/* As the figures have it: in tenths of a percent, rounded up; that the error came rounded up is not to count twice. */
static const char *part_error(const struct suivi_part *part, char out[static ERROR_MAX]) {
    double tenths = part->value ? ceil(1000 * ((double)part->error - 0.999) / fabs((double)part->value)) : 0;
    out[0] = '\0';
    if (part->error > 0 && tenths <= 1000)
        snprintf(out, ERROR_MAX, ", \xc2\xb1 %.1f %%", tenths / 10);
    else if (part->error > 0)
        snprintf(out, ERROR_MAX, ", \xc2\xb1 %" PRIu64, part->error);
    return out;
}

static void add_part(struct grid *grid, const struct telling *telling, const struct suivi_part *part) {
    const struct suivi_indicator *indicator = &telling->from->indicator;
    char days[WORDS_MAX], count[WORDS_MAX], value[PRINT_NUMBER], heard[WORDS_MAX], error[ERROR_MAX];
    bool whole = (int64_t)part->days >= days_between(part->first, part->last);
    grid_cell(grid, "%s", part->source);
    words_days_text(part->first, part->last, telling->year, days);
    if (whole)
        grid_cell(grid, "%s", days);
    else
        grid_cell(grid, "%s, %s", days, words_count(part->days, "day", "days", count));
    const char *unit = explain_part_unit(indicator, part);
    if (adds_up(indicator))
        unit = explain_unit_of(indicator, part->value);
    grid_cell(grid, "%s%s%s%s", print_value(part->value, explain_part_decimals(telling->from), value),
              unit[0] ? " " : "", unit, part_error(part, error));
    words_moment(part->heard, telling->year, heard);
    grid_cell(grid, "%s%s", heard[0] ? "last heard " : "", heard);
}

static void put_parts(const struct telling *telling) {
    struct grid *grid;
    grid_new(&grid, 4);
    for (size_t i = 0; i < telling->from->part_count; i++)
        add_part(grid, telling, &telling->from->parts[i]);
    grid_print(grid, telling->stream, 2, NULL, false);
    grid_destroy(&grid);
}

static void put_operands(const struct telling *telling) {
    static const char *const roles[] = {"this", "divided by this"};
    struct grid *grid;
    if (telling->from->operand_count == 0)
        return;
    grid_new(&grid, 4);
    for (size_t i = 0; i < telling->from->operand_count; i++) {
        const struct suivi_operand *operand = &telling->from->operands[i];
        const struct suivi_indicator plain = {.kind = "", .unit = ""};
        char value[VALUE_MAX];
        grid_cell(grid, "%s", i < 2 ? roles[i] : "");
        grid_cell(grid, "%s", operand->label);
        grid_cell(grid, "%s", explain_value(&plain, &operand->figure, value, sizeof value));
        grid_cell(grid, "suivi explain %s %s", operand->indicator, telling->from->figure.period);
    }
    fputs("Computed from:\n", telling->stream);
    grid_print(grid, telling->stream, 2, NULL, false);
    grid_destroy(&grid);
}

static const char *dims_text(const struct suivi_remark_row *remark, char *out, size_t room) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < remark->dim_count && len < room; i++)
        len += (size_t)snprintf(out + len, room - len, "%s%s=%s", i ? ", " : "", remark->dims[i].name,
                                remark->dims[i].value);
    return out;
}

/* Of a method the days on which it was said so; of anything else the day. */
static void add_remark(struct grid *grid, const struct telling *telling,
                       const struct suivi_remark_row *remark) {
    char days[WORDS_MAX], count[WORDS_MAX], about[DIMS_MAX * (DIM_NAME_MAX + DIM_VALUE_MAX + 4)];
    bool method = remark->remark == SUIVI_METHOD;
    bool whole = (int64_t)remark->days >= days_between(remark->first, remark->last);
    words_days_text(remark->first, remark->last, telling->year, days);
    if (method)
        grid_cell(grid, "%s %s", remark->title, remark->note);
    else
        grid_cell(grid, "%s%s: %s", remark->remark == SUIVI_BREAK ? "break, " : "", remark->title,
                  remark->note);
    if (whole)
        grid_cell(grid, "%s", days);
    else
        grid_cell(grid, "%s, %s", days, words_count(remark->days, "day", "days", count));
    grid_cell(grid, "%s", remark->source);
    grid_cell(grid, "%s", dims_text(remark, about, sizeof about));
}

static void put_remarks(const struct telling *telling, bool methods, const char *heading) {
    struct grid *grid;
    size_t count = 0;
    grid_new(&grid, 4);
    for (size_t i = 0; i < telling->from->remark_count; i++) {
        const struct suivi_remark_row *remark = &telling->from->remarks[i];
        if ((remark->remark == SUIVI_METHOD) != methods)
            continue;
        add_remark(grid, telling, remark);
        count++;
    }
    if (count > 0) {
        fputs(heading, telling->stream);
        grid_print(grid, telling->stream, 2, NULL, false);
    }
    grid_destroy(&grid);
}

static void put_refusals(const struct telling *telling) {
    struct grid *grid;
    if (telling->from->refusal_count == 0)
        return;
    grid_new(&grid, 3);
    for (size_t i = 0; i < telling->from->refusal_count; i++) {
        const struct suivi_refusal *refusal = &telling->from->refusals[i];
        char count[WORDS_MAX], moment[WORDS_MAX];
        grid_cell(grid, "%s", refusal->source);
        grid_cell(grid, "%s", words_count(refusal->count, "time", "times", count));
        grid_cell(grid, "last on %s: %s", words_moment(refusal->at, WORDS_NO_YEAR, moment), refusal->reason);
    }
    fputs("Refused, and not counted:\n", telling->stream);
    grid_print(grid, telling->stream, 2, NULL, false);
    grid_destroy(&grid);
}

static void put_withdrawals(const struct telling *telling) {
    struct grid *grid;
    if (telling->from->withdrawal_count == 0)
        return;
    grid_new(&grid, 3);
    for (size_t i = 0; i < telling->from->withdrawal_count; i++) {
        const struct suivi_withdrawal *withdrawal = &telling->from->withdrawals[i];
        char days[WORDS_MAX], moment[WORDS_MAX];
        grid_cell(grid, "%s", withdrawal->source);
        grid_cell(grid, "%s", words_days_text(withdrawal->first, withdrawal->last, WORDS_NO_YEAR, days));
        grid_cell(grid, "on %s: %s", words_moment(withdrawal->at, WORDS_NO_YEAR, moment), withdrawal->reason);
    }
    fputs("Withdrawn, so that it can be counted again:\n", telling->stream);
    grid_print(grid, telling->stream, 2, NULL, false);
    grid_destroy(&grid);
}

/* --- what was reported --- */

static const char *date_of(int64_t at, char out[static WORDS_MAX]) {
    int32_t day;
    out[0] = '\0';
    return civil_day_of_time(at, &day) ? words_day(day, WORDS_NO_YEAR, out) : out;
}

static void put_move(const struct telling *telling, const struct suivi_move *move) {
    char number[PRINT_NUMBER], day[WORDS_MAX];
    fprintf(telling->stream, "%s%s on %s", move->difference > 0 ? "+" : "",
            print_value(move->difference, telling->from->figure.decimals, number), date_of(move->at, day));
    if (move->source[0] != '\0') {
        fputs(" from ", telling->stream);
        print_text(telling->stream, move->source);
    }
    if (move->what[0] != '\0') {
        fputs(" (", telling->stream);
        print_text(telling->stream, move->what);
        fputc(')', telling->stream);
    }
    fputc('\n', telling->stream);
}

static void put_moves(const struct telling *telling) {
    const struct suivi_explanation *from = telling->from;
    if (from->move_count == 0 && from->gone) {
        fputs("; not counted any more\n", telling->stream);
        return;
    }
    if (from->move_count == 0) {
        bool moved = from->figure.state != SUIVI_VALUE || from->figure.value != from->figure.reported;
        fputs(moved && from->figure.has_reported ? "; it has moved since\n" : "; nothing has moved since\n",
              telling->stream);
        return;
    }
    fputs(from->move_count == 1 ? "; since then: " : "; since then:\n", telling->stream);
    for (size_t i = 0; i < from->move_count; i++) {
        fputs(from->move_count == 1 ? "" : "    ", telling->stream);
        put_move(telling, &from->moves[i]);
    }
}

/* Of several closings the shortest one tells what was reported; the period lies in the others, too. */
static size_t find_telling(const struct suivi_explanation *from) {
    size_t best = 0;
    int32_t days = INT32_MAX;
    for (size_t i = 0; i < from->closing_count; i++) {
        struct period period;
        if (period_parse(&period, str_of(from->closings[i].period), NULL) != 0 ||
            period.last - period.first >= days)
            continue;
        days = period.last - period.first;
        best = i;
    }
    return best;
}

static void put_closing(const struct telling *telling, const struct suivi_closing *closing, bool tells) {
    const struct suivi_figure *figure = &telling->from->figure;
    char day[WORDS_MAX], number[PRINT_NUMBER];
    if (tells)
        fprintf(telling->stream, "  as reported%s %s on %s", figure->has_reported ? "" : ":",
                figure->has_reported             ? print_value(figure->reported, figure->decimals, number)
                : figure->state == SUIVI_NOT_DUE ? "not due,"
                                                 : "missing,",
                date_of(closing->at, day));
    else
        fprintf(telling->stream, "  closed, too, on %s", date_of(closing->at, day));
    if (strcmp(closing->period, figure->period) != 0) {
        fputs(", with all of ", telling->stream);
        print_text(telling->stream, closing->period);
    }
    if (tells)
        put_moves(telling);
    else
        fputc('\n', telling->stream);
    fputs("  SHA-256 ", telling->stream);
    print_text(telling->stream, closing->digest);
    if (closing->note[0] != '\0') {
        fputs("; note: ", telling->stream);
        print_text(telling->stream, closing->note);
    }
    fputc('\n', telling->stream);
}

static void put_closings(const struct telling *telling) {
    if (telling->from->closing_count == 0)
        return;
    fputs("Closed:\n", telling->stream);
    for (size_t i = 0; i < telling->from->closing_count; i++)
        put_closing(telling, &telling->from->closings[i], i == find_telling(telling->from));
}

/* --- what it means --- */

static void put_text(const struct telling *telling, const char *what, const char *text) {
    if (text[0] == '\0')
        return;
    fprintf(telling->stream, "  %-12s", what);
    print_text(telling->stream, text);
    fputc('\n', telling->stream);
}

static const char *or_first(const char *version) {
    return version[0] ? version : "1";
}

size_t explain_version_of(const struct suivi_explanation *explanation) {
    struct period period, since;
    size_t held = 0;
    if (explanation->version_count == 0 ||
        period_parse(&period, str_of(explanation->figure.period), NULL) != 0)
        return held;
    for (size_t i = 1; i < explanation->version_count; i++)
        if (period_parse(&since, str_of(explanation->versions[i].since), NULL) == 0 &&
            since.first <= period.first)
            held = i;
    return held;
}

/* The texts told are those of the last version, which began after the period was over. */
static bool is_of_before(const struct suivi_explanation *from) {
    struct period period, since;
    return from->version_count > 1 && period_parse(&period, str_of(from->figure.period), NULL) == 0 &&
           period_parse(&since, str_of(from->versions[from->version_count - 1].since), NULL) == 0 &&
           since.first > period.last;
}

/* What it meant when it was reported; NULL: it was not, or nobody knows. */
static const struct suivi_meaning *find_reported(const struct suivi_explanation *from) {
    if (from->closing_count == 0)
        return NULL;
    for (size_t i = 0; i < from->meaning_count; i++)
        if (strcmp(from->meanings[i].period, from->closings[find_telling(from)].period) == 0)
            return &from->meanings[i];
    return NULL;
}

/* A text of now, and that by which the figure was reported where it was another. */
static void put_both(const struct telling *telling, const char *what, const char *now,
                     const struct suivi_meaning *reported, const char *then) {
    bool lost = reported && reported->changed && !reported->kept;
    if (!lost && (!reported || !reported->kept || strcmp(now, then) == 0)) {
        put_text(telling, what, now);
        return;
    }
    fprintf(telling->stream, "  %-12sreported by version ", what);
    print_text(telling->stream, or_first(reported->version));
    fputs(": ", telling->stream);
    print_text(telling->stream, lost ? "its words were not kept then" : then[0] ? then : "none was given");
    fprintf(telling->stream, "\n  %-12snow: ", "");
    print_text(telling->stream, now[0] ? now : "none is given");
    fputc('\n', telling->stream);
}

static void put_version_held(const struct telling *telling) {
    const struct suivi_explanation *from = telling->from;
    const struct suivi_version *held = &from->versions[explain_version_of(from)];
    char day[WORDS_MAX];
    const char *since = words_day_text(held->since, WORDS_NO_YEAR, day);
    fprintf(telling->stream, "  %-12s", "version");
    print_text(telling->stream, or_first(held->version));
    fprintf(telling->stream, "%s%s", since[0] ? ", since " : "", since);
    if (is_of_before(from) && !find_reported(from)) {
        const char *version = from->versions[from->version_count - 1].version;
        fputs(" (what is told above is the present text", telling->stream);
        if (strcmp(version, held->version) != 0) {
            fputs(", of version ", telling->stream);
            print_text(telling->stream, or_first(version));
        }
        fputc(')', telling->stream);
    }
    fputc('\n', telling->stream);
}

/* The version that held, and the days on which it or the definition changed. */
static void put_versions(const struct telling *telling) {
    const struct suivi_explanation *from = telling->from;
    char day[WORDS_MAX];
    if (from->version_count > 0)
        put_version_held(telling);
    for (size_t i = 1; i < from->version_count; i++) {
        const struct suivi_version *version = &from->versions[i];
        const char *since = words_day_text(version->since, WORDS_NO_YEAR, day);
        fprintf(telling->stream, "  %-12s", "break");
        print_text(telling->stream, since);
        if (strcmp(version->version, from->versions[i - 1].version) == 0) {
            fputs(": another definition", telling->stream);
        } else {
            fputs(": version ", telling->stream);
            print_text(telling->stream, or_first(version->version));
        }
        fputs(" from that day on; figures before and after are not counted alike\n", telling->stream);
    }
    if (from->version_count == 0)
        put_text(telling, "version", from->method_version);
}

static void put_meaning(const struct telling *telling) {
    const struct suivi_explanation *from = telling->from;
    const struct suivi_meaning *reported = find_reported(from);
    char number[PRINT_NUMBER];
    fputs(from->gone ? "What it meant:\n" : "What it means:\n", telling->stream);
    put_text(telling, "indicator", from->indicator.id);
    put_text(telling, "code", from->indicator.code);
    put_both(telling, "definition", from->definition, reported, reported ? reported->definition : "");
    put_both(telling, "method", from->method, reported, reported ? reported->method : "");
    put_versions(telling);
    put_text(telling, "fed by", from->fed_by);
    if (from->figure.has_target)
        put_text(telling, "target", print_value(from->figure.target, from->figure.decimals, number));
}

/* --- all of it --- */

static const char *site_asked(const struct explain_asked *asked) {
    for (size_t i = 0; i < asked->where_count; i++)
        if (strcmp(asked->where[i].name, "site") == 0)
            return asked->where[i].value;
    return NULL;
}

/* For days that were withdrawn another command is right than for days that were never read. */
static bool put_hint_of_withdrawn(const struct telling *telling) {
    const struct suivi_explanation *from = telling->from;
    for (size_t i = 0; i < from->withdrawal_count; i++) {
        const struct suivi_withdrawal *withdrawal = &from->withdrawals[i];
        if (hints_know(withdrawal->source)) {
            hints_count_withdrawn(telling->stream, withdrawal->source, withdrawal->first, withdrawal->last,
                                  site_asked(telling->asked));
            return true;
        }
    }
    return false;
}

static void put_hint(const struct telling *telling) {
    const struct suivi_explanation *from = telling->from;
    if (from->figure.heard >= from->figure.days || put_hint_of_withdrawn(telling))
        return;
    for (size_t i = 0; i < from->part_count; i++)
        if (hints_know(from->parts[i].source)) {
            hints_count_missing(telling->stream, from->parts[i].source, site_asked(telling->asked));
            return;
        }
}

void explain_text_write(FILE *stream, const struct suivi_explanation *explanation,
                        const struct explain_asked *asked) {
    struct telling telling = {.stream = stream, .from = explanation, .asked = asked};
    struct period period;
    if (period_parse(&period, str_of(explanation->figure.period), NULL) == 0 && period.type < PERIOD_BIENNIUM)
        telling.year = civil_of_day(period.first).year;
    put_figure(&telling);
    put_parts(&telling);
    put_operands(&telling);
    explain_entries_write(stream, explanation, asked->full);
    put_remarks(&telling, true, "How it was counted:\n");
    put_remarks(&telling, false, "To be known of these days:\n");
    put_refusals(&telling);
    put_withdrawals(&telling);
    put_closings(&telling);
    put_meaning(&telling);
    if (explanation->more > 0)
        fprintf(stream, "There is more than can be told at once: %" PRIu64 " %s left out.\n",
                explanation->more, explanation->more == 1 ? "row is" : "rows are");
    put_hint(&telling);
}
