/* What a reader must know of a figure, in few words. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "daemon/figures/fold_priv.h"

static const char *const plural_of[] = {
    [PERIOD_DAY] = "days",    [PERIOD_MONTH] = "months", [PERIOD_QUARTER] = "quarters",
    [PERIOD_HALF] = "halves", [PERIOD_YEAR] = "years",   [PERIOD_BIENNIUM] = "bienniums",
};

static bool is_fixed(const struct fold_question *ask, struct str dim) {
    for (size_t i = 0; i < ask->split_count; i++)
        if (str_equal(ask->split[i], dim))
            return true;
    for (size_t i = 0; ask->where && i < ask->where->count; i++)
        if (str_equal(ask->where->dim[i].name, dim))
            return true;
    return false;
}

/* How many series the plan expects of a group: all combinations of the values that the dimensions may have; where
 * one may have any, those that are known. */
static uint64_t expected(const struct fold *fold, uint32_t group) {
    const struct fold_question *ask = fold->ask;
    uint64_t product = 1;
    for (size_t k = 0; k < fold->indicator->dim_count; k++) {
        size_t values = framework_dim_value_count(ask->framework, ask->indicator, k);
        if (is_fixed(ask, framework_dim_name(ask->framework, ask->indicator, k)))
            continue;
        if (values == 0 || product > CATALOGUE_SERIES_MAX)
            return fold->group[group].series_count;
        product *= values;
    }
    return product;
}

/* From before the period, and by how many of the series. */
static void note_level(const struct period *period, const struct fold_item *item, size_t count, char *note) {
    char first_day[PERIOD_TEXT_MAX], last_day[PERIOD_TEXT_MAX], days[2 * PERIOD_TEXT_MAX + 8];
    size_t carried = 0;
    int32_t first = INT32_MAX, last = INT32_MIN;
    for (size_t i = 0; i < count; i++) {
        if (item[i].mark >= period->first)
            continue;
        carried++;
        first = item[i].mark < first ? item[i].mark : first;
        last = item[i].mark > last ? item[i].mark : last;
    }
    if (carried == 0)
        return;
    if (first == last)
        (void)snprintf(days, sizeof days, "as of %s", period_print_day(first, first_day));
    else
        (void)snprintf(days, sizeof days, "as of %s to %s", period_print_day(first, first_day),
                       period_print_day(last, last_day));
    if (carried == count)
        (void)snprintf(note, FOLD_NOTE_MAX, "%s", days);
    else
        (void)snprintf(note, FOLD_NOTE_MAX, "%zu of %zu %s", carried, count, days);
}

static void note_status(const struct fold *fold, const struct fold_item *item, size_t count, char *note) {
    char day[PERIOD_TEXT_MAX];
    uint64_t of = expected(fold, item->group);
    int64_t in_force = 0;
    for (size_t i = 0; i < count; i++)
        in_force += item[i].sum;
    if (of < count)
        of = count;
    if (of == 1)
        (void)snprintf(note, FOLD_NOTE_MAX, "%s since %s", in_force ? "in force" : "not in force",
                       period_print_day(item->mark, day));
    else
        (void)snprintf(note, FOLD_NOTE_MAX, "in force in %" PRId64 " of %" PRIu64, in_force, of);
}

/* How many periods of the frequency lie within that one and are due. */
static uint64_t count_due(const struct fold_question *ask, const struct period *within) {
    const struct period *plan = framework_plan(ask->framework);
    enum period_type frequency = framework_indicator_at(ask->framework, ask->indicator)->frequency;
    int32_t first = within->first > plan->first ? within->first : plan->first;
    int32_t last = within->last < plan->last ? within->last : plan->last;
    uint64_t count = 0;
    if (first > last)
        return 0;
    struct period period = period_of_day(frequency, first, plan);
    do {
        if (period.last > last)
            break;
        if (period.first >= first && framework_due(ask->framework, ask->indicator, &period) <= ask->today)
            count++;
    } while (period_next(&period));
    return count;
}

int64_t fold_count_on_time(const struct fold_item *item, size_t count) {
    int64_t on_time = 0;
    for (size_t i = 0; i < count; i++)
        on_time += (item[i].mark & FOLD_LATE) == 0;
    return on_time;
}

static void note_milestone(const struct fold *fold, const struct period *period, const struct fold_item *item,
                           size_t count, char *note) {
    uint64_t due = count_due(fold->ask, period) * expected(fold, item->group), done = 0;
    size_t on_time = (size_t)fold_count_on_time(item, count);
    int len = 0;
    for (size_t i = 0; i < count; i++)
        done += (item[i].mark & FOLD_DUE) != 0;
    if (due > 0)
        len = snprintf(note, FOLD_NOTE_MAX, "%" PRIu64 " of %" PRIu64 " due", done, due);
    if (on_time == count)
        return;
    if (count == 1)
        (void)snprintf(note + len, FOLD_NOTE_MAX - (size_t)len, "%slate", len ? ", " : "");
    else
        (void)snprintf(note + len, FOLD_NOTE_MAX - (size_t)len, "%s%zu on time, %zu late", len ? ", " : "",
                       on_time, count - on_time);
}

/* Members that sets hold, and members counted one by one: who is among both counts twice. */
static void note_distinct(const struct fold *fold, const struct fold_item *item, size_t count, char *note) {
    enum period_type firsts = fold->firsts_of;
    size_t counted = 0, sets = 0;
    for (size_t i = 0; i < count; i++) {
        counted += (item[i].mark & FOLD_FIRSTS) != 0;
        sets += item[i].set.at != NULL;
    }
    if (counted > 0 && sets > 0)
        (void)snprintf(note, FOLD_NOTE_MAX, "two methods, added up");
    else if (counted > 0 && firsts < fold->ask->by)
        (void)snprintf(note, FOLD_NOTE_MAX, "sum of %s", plural_of[firsts]);
    else if (counted == 0 && fold->window < fold->ask->by)
        (void)snprintf(note, FOLD_NOTE_MAX, "sum of %s", plural_of[fold->window]);
}

void fold_note_figure(const struct fold *fold, const struct period *period, const struct fold_item *item,
                      size_t count, char note[static FOLD_NOTE_MAX]) {
    note[0] = '\0';
    switch (fold->indicator->kind) {
    case KIND_DISTINCT:
        note_distinct(fold, item, count, note);
        break;
    case KIND_ROSTER:
        (void)fold_note(fold->ask, note);
        break;
    case KIND_LEVEL:
        note_level(period, item, count, note);
        break;
    case KIND_STATUS:
        note_status(fold, item, count, note);
        break;
    case KIND_MILESTONE:
        note_milestone(fold, period, item, count, note);
        break;
    case KIND_COUNT:
    case KIND_EVIDENCE:
    case KIND_NARRATIVE:
    case KIND_RATIO:
        break;
    }
}

/* In tenths of a percent, rounded up; a value that is no larger than its error has none worth naming. */
const char *fold_figure_note(const struct fold_figure *figure, char note[static FOLD_NOTE_MAX]) {
    double value = fabs((double)figure->value), tenths = ceil(1000 * figure->error / value - 1e-6);
    if (!(figure->error > 0))
        return figure->note;
    int len = tenths <= 1000 ? snprintf(note, FOLD_NOTE_MAX, "\xc2\xb1 %.1f %%", tenths / 10)
                             : snprintf(note, FOLD_NOTE_MAX, "\xc2\xb1 %.0f", ceil(figure->error));
    if (*figure->note != '\0')
        (void)snprintf(note + len, FOLD_NOTE_MAX - (size_t)len, ", %s", figure->note);
    return note;
}

const char *fold_note(const struct fold_question *question, char note[static FOLD_NOTE_MAX]) {
    const struct framework_indicator *indicator =
        framework_indicator_at(question->framework, question->indicator);
    note[0] = '\0';
    if (indicator->kind == KIND_RATIO) {
        struct fold_question operand = *question;
        operand.indicator = indicator->numerator;
        if (*fold_note(&operand, note) == '\0') {
            operand.indicator = indicator->denominator;
            (void)fold_note(&operand, note);
        }
        return note;
    }
    enum period_type window = fold_window(question);
    if (fold_has_firsts(question))
        return note; /* each figure has its own */
    if ((indicator->kind == KIND_DISTINCT || indicator->kind == KIND_ROSTER) && window < question->by)
        (void)snprintf(note, FOLD_NOTE_MAX, "sum of %s", plural_of[window]);
    return note;
}
