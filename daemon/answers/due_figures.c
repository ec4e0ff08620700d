#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/answers/due_priv.h"
#include "daemon/figures/fold.h"
#include "proto/check.h"
#include "proto/civil.h"

struct value {
    int32_t period; /* its first day */
    int64_t value;
    double error;
};

/* What is known of one indicator in all. */
struct measured {
    struct duties *duties;
    size_t indicator;
    struct value *value; /* by period */
    size_t count, room;
    int32_t *said; /* levels: the days on which something was said of any of its series, rising */
    size_t said_count, said_room;
};

/* ---- what is known ---- */

static int take_figure(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct measured *measured = arg;
    (void)why;
    if (figure->state != MESSAGE_STATE_VALUE)
        return 0;
    if (measured->count == measured->room) {
        measured->room = measured->room ? measured->room * 2 : 32;
        measured->value = mem_resize(measured->value, measured->room, sizeof *measured->value);
    }
    measured->value[measured->count++] = (struct value){figure->period, figure->value, figure->error};
    return 0;
}

static int stop_at_value(void *arg, const struct fold_figure *figure, struct fault *why) {
    (void)arg;
    (void)why;
    return figure->state == MESSAGE_STATE_VALUE;
}

static struct fold_question question_of(const struct measured *measured, enum period_type by, int32_t first,
                                        int32_t last) {
    const struct duties *duties = measured->duties;
    return (struct fold_question){.framework = duties->framework,
                                  .catalogue = duties->catalogue,
                                  .snapshot = duties->snapshot,
                                  .withdrawals = duties->withdrawals,
                                  .indicator = measured->indicator,
                                  .by = by,
                                  .first = first,
                                  .last = last,
                                  .today = duties->on};
}

static int compare_days(const void *left, const void *right) {
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

/* Each day once: so there are never more than the calendar has. */
static void settle_said(struct measured *measured) {
    size_t kept = 0;
    if (measured->said_count > 1)
        qsort(measured->said, measured->said_count, sizeof *measured->said, compare_days);
    for (size_t i = 0; i < measured->said_count; i++)
        if (kept == 0 || measured->said[kept - 1] != measured->said[i])
            measured->said[kept++] = measured->said[i];
    measured->said_count = kept;
}

static void note_said(struct measured *measured, int32_t day) {
    if (measured->said_count == measured->said_room) {
        settle_said(measured);
        if (measured->said_count * 2 >= measured->said_room) {
            measured->said_room = measured->said_room ? measured->said_room * 2 : 64;
            measured->said = mem_resize(measured->said, measured->said_room, sizeof *measured->said);
        }
    }
    measured->said[measured->said_count++] = day;
}

static int take_statements(void *arg, uint32_t series, const struct dims *dims) {
    struct measured *measured = arg;
    const struct duties *duties = measured->duties;
    struct known known = {0};
    (void)dims;
    int err = known_add(&known, duties->snapshot, series, CIVIL_DAY_MIN, duties->on, 0, duties->withdrawals,
                        duties->why);
    for (size_t i = 0; i < known.count; i++)
        if (known_says(&known.entry[i]))
            note_said(measured, known.entry[i].day);
    known_clear(&known);
    return err;
}

static int measure(struct measured *measured) {
    struct duties *duties = measured->duties;
    enum period_type by = framework_indicator_at(duties->framework, measured->indicator)->frequency;
    struct period first, last;
    if (!due_first_period(duties, measured->indicator, &first))
        return 0;
    last = first;
    while (due_next_period(duties, &last))
        ;
    struct fold_question question = question_of(measured, by, first.first, last.last);
    int err = fold_run(&question, take_figure, measured, duties->why);
    if (err == 0 && framework_indicator_at(duties->framework, measured->indicator)->kind == KIND_LEVEL)
        err = catalogue_each_series(duties->catalogue, measured->indicator, take_statements, measured);
    settle_said(measured);
    return err;
}

static int compare_values(const void *left, const void *right) {
    const struct value *a = left, *b = right;
    return (a->period > b->period) - (a->period < b->period);
}

static const struct value *value_of(const struct measured *measured, const struct period *period) {
    struct value probe = {.period = period->first};
    return measured->count == 0
               ? NULL
               : bsearch(&probe, measured->value, measured->count, sizeof probe, compare_values);
}

/* Of a period that was not over on a day that has passed only what had happened by then counts. */
static int has_figure(struct measured *measured, const struct period *period, bool *out) {
    const struct duties *duties = measured->duties;
    *out = value_of(measured, period) != NULL;
    if (!*out || period->last <= duties->on || duties->on >= duties->today)
        return 0;
    struct fold_question question = question_of(measured, PERIOD_DAY, period->first, duties->on);
    int found = fold_run(&question, stop_at_value, NULL, duties->why);
    *out = found > 0;
    return found < 0 ? found : 0;
}

/* The day of the last statement up to the end of the period; false: there was none. */
static bool last_said(const struct measured *measured, const struct period *period, int32_t *out) {
    size_t low = 0, high = measured->said_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (measured->said[middle] <= period->last)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0)
        *out = measured->said[low - 1];
    return low > 0;
}

/* A level holds on, but not for ever: more than one period before the end of this one it says nothing of it. */
static bool is_stale(const struct duties *duties, const struct period *period, int32_t said) {
    if (period->type == PERIOD_PLAN || period->first == CIVIL_DAY_MIN)
        return said < period->first;
    struct period before = period_of_day(period->type, period->first - 1, framework_plan(duties->framework));
    return said < before.last;
}

/* ---- judging it ---- */

/* What people have to remember, they are reminded of. */
static bool is_fed_by_people(const struct framework *framework, size_t indicator) {
    if (framework_indicator_at(framework, indicator)->frequency < PERIOD_QUARTER)
        return false;
    for (size_t i = 0; i < framework_feeder_count(framework, indicator); i++)
        if (framework_feeder_is_people(framework, indicator, i))
            return true;
    return false;
}

/* What is found of one indicator, period by period. */
struct judging {
    struct measured *measured;
    bool by_people;
    bool any_due, any_missing;
    struct period latest;  /* that is due */
    struct period missing; /* the latest of them */
    size_t missing_count;
};

static int add(const struct judging *judging, enum message_duty_state state, const struct period *period,
               const struct duty *more) {
    struct duties *duties = judging->measured->duties;
    struct duty duty = *more;
    duty.state = state;
    duty.has_indicator = true;
    duty.indicator = judging->measured->indicator;
    duty.has_period = true;
    duty.period = *period;
    duty.due = framework_due(duties->framework, duty.indicator, period);
    return due_add(duties, &duty);
}

static int judge_period(struct judging *judging, const struct period *period) {
    struct measured *measured = judging->measured;
    const struct duties *duties = measured->duties;
    bool is_level = framework_indicator_at(duties->framework, measured->indicator)->kind == KIND_LEVEL;
    int32_t due = framework_due(duties->framework, measured->indicator, period), said;
    bool has;
    int err = has_figure(measured, period, &has);
    if (err || due > duties->until)
        return err;
    if (is_level)
        has = last_said(measured, period, &said) && (due < duties->on || !is_stale(duties, period, said));
    if (due >= duties->on)
        return has || !judging->by_people ? 0 : add(judging, MESSAGE_DUTY_SOON, period, &(struct duty){0});
    judging->any_due = true;
    judging->latest = *period;
    if (!has) {
        judging->any_missing = true;
        judging->missing = *period;
        judging->missing_count++;
    }
    return 0;
}

static int tell_missing(const struct judging *judging) {
    struct duty duty = {0};
    size_t before = judging->missing_count - 1;
    if (before)
        (void)snprintf(duty.note, sizeof duty.note, "and %zu period%s before", before,
                       before == 1 ? "" : "s");
    return add(judging, MESSAGE_DUTY_MISSING, &judging->missing, &duty);
}

/* A level that was said once holds for the periods that nobody spoke of. */
static bool is_past(const struct judging *judging) {
    int32_t said;
    return judging->any_due && last_said(judging->measured, &judging->latest, &said);
}

/* The latest period that is due: what was said of it may be too old, or too little. */
static int judge_latest(const struct judging *judging) {
    const struct measured *measured = judging->measured;
    const struct duties *duties = measured->duties;
    const struct period *period = &judging->latest;
    const struct value *value = value_of(measured, period);
    int64_t target;
    int32_t said;
    if (last_said(measured, period, &said) && is_stale(duties, period, said)) {
        struct duty duty = {0};
        char text[PERIOD_TEXT_MAX];
        (void)snprintf(duty.note, sizeof duty.note, "last said %s", period_print_day(said, text));
        return add(judging, MESSAGE_DUTY_MISSING, period, &duty);
    }
    bool judged = period->last <= duties->on || duties->on >= duties->today;
    if (value == NULL || !judged ||
        !framework_target(duties->framework, measured->indicator, period, &target) || value->value >= target)
        return 0;
    struct duty duty = {.value = value->value, .target = target};
    char note[FOLD_NOTE_MAX];
    (void)snprintf(
        duty.note, sizeof duty.note, "%s",
        fold_figure_note(&(struct fold_figure){.value = value->value, .error = value->error, .note = ""},
                         note));
    return add(judging, MESSAGE_DUTY_SHORT, period, &duty);
}

int due_figure(struct duties *duties, size_t indicator) {
    struct measured measured = {.duties = duties, .indicator = indicator};
    struct judging judging = {.measured = &measured,
                              .by_people = is_fed_by_people(duties->framework, indicator)};
    struct period period;
    int err = measure(&measured);
    bool more = due_first_period(duties, indicator, &period);
    while (err == 0 && more) {
        err = judge_period(&judging, &period);
        more = due_next_period(duties, &period);
    }
    judging.any_missing = judging.any_missing && !is_past(&judging);
    if (err == 0 && judging.any_missing)
        err = tell_missing(&judging);
    if (err == 0 && judging.any_due &&
        !(judging.any_missing && judging.missing.first == judging.latest.first))
        err = judge_latest(&judging);
    free(measured.said);
    free(measured.value);
    return err;
}
