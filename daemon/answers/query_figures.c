#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/answers/outside.h"
#include "daemon/answers/query_priv.h"
#include "daemon/answers/reported.h"
#include "proto/check.h"

#define NOTHING_REPORTED "nothing was reported"
#define NO_ROOM          "what was reported has too many digits to stand beside it: ask with --reported"

/* ---- lists ---- */

struct period query_period(const struct query_scope *scope, int32_t first) {
    return period_of_day(scope->by, first, framework_plan(scope->framework));
}

int query_figures_add(const struct query_figures *figures, struct query_list *list,
                      const struct query_figure *figure, struct fault *why) {
    if (list->count == FOLD_FIGURES_MAX)
        return fault_set(why, -E2BIG,
                         "more than %u figures of %.*s: ask for fewer periods, or split by fewer dimensions",
                         FOLD_FIGURES_MAX,
                         STR_ARG(framework_indicator_at(figures->scope->framework, figures->indicator)->id));
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->figure = mem_resize(list->figure, list->room, sizeof *list->figure);
    }
    list->figure[list->count++] = *figure;
    return 0;
}

int query_figures_compare_groups(const struct query_figures *figures, uint32_t a, uint32_t b) {
    for (size_t i = 0; i < figures->split_count && a != b; i++) {
        int c = str_compare(figures->kept.dim[a][i], figures->kept.dim[b][i]);
        if (c)
            return c;
    }
    return 0;
}

static int compare_figures(const void *left, const void *right, void *arg) {
    const struct query_figure *a = left, *b = right;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    return query_figures_compare_groups(arg, a->group, b->group);
}

/* ---- the fold ---- */

/* One run. */
struct folding {
    struct query_figures *figures;
    struct query_list *into;
    uint32_t base;                 /* the run's groups follow those that are there */
    const struct closing *closing; /* of reported figures: the one they are of */
    bool kept;                     /* it may hold just these */
    unsigned decimals;             /* of the next figure */
    uint32_t records;              /* so many were told */
    struct fault *why;
};

static int keep_figure(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct folding *folding = arg;
    struct query_figures *figures = folding->figures;
    uint32_t group = folding->base + figure->group;
    char note[FOLD_NOTE_MAX];
    kept_group(&figures->kept, group, figure->dim, figures->split_count);
    return query_figures_add(
        figures, folding->into,
        &(struct query_figure){.period = figure->period,
                               .group = group,
                               .state = figure->state,
                               .value = figure->value,
                               .decimals = folding->decimals,
                               .heard = figure->heard,
                               .days = figure->days,
                               .has_on_time = figure->has_on_time,
                               .on_time = figure->on_time,
                               .note = kept_note(&figures->kept, fold_figure_note(figure, note))},
        why);
}

static struct fold_question question_of(const struct query_figures *figures) {
    const struct query_scope *scope = figures->scope;
    return (struct fold_question){.framework = scope->framework,
                                  .catalogue = scope->catalogue,
                                  .snapshot = scope->snapshot,
                                  .withdrawals = scope->withdrawals,
                                  .indicator = figures->indicator,
                                  .by = scope->by,
                                  .first = scope->first,
                                  .last = scope->last,
                                  .open_end = scope->open_end,
                                  .today = scope->today,
                                  .split = figures->split,
                                  .split_count = figures->split_count,
                                  .where = figures->where,
                                  .has_sum_of = scope->has_sum_of,
                                  .sum_of = scope->sum_of,
                                  .vintage = scope->vintage,
                                  .coverage = scope->query->gaps};
}

static unsigned decimals_of(const struct query_figures *figures) {
    return framework_indicator_at(figures->scope->framework, figures->indicator)->decimals;
}

static int run(struct folding *folding, const struct fold_question *question,
               int (*figure)(void *arg, const struct fold_figure *figure, struct fault *why),
               struct fault *why) {
    folding->base = (uint32_t)folding->figures->kept.group_count;
    folding->decimals = decimals_of(folding->figures);
    return fold_run(question, figure, folding, why);
}

/* ---- as reported ---- */

static size_t where_count(const struct query_figures *figures) {
    return figures->where ? figures->where->count : 0;
}

/* Whether it is by just the dimensions that are asked for, whatever their values. */
static bool has_asked_dims(const struct query_figures *figures, const struct dims *dims) {
    if (dims->count != figures->split_count + where_count(figures))
        return false;
    for (size_t i = 0; i < figures->split_count; i++)
        if (dims_get(dims, figures->split[i]).len == 0)
            return false;
    for (size_t i = 0; i < where_count(figures); i++)
        if (dims_get(dims, figures->where->dim[i].name).len == 0)
            return false;
    return true;
}

static int is_asked(void *arg, const struct closing_figure *kept) {
    return has_asked_dims(arg, &kept->dims);
}

/* Whether the closing kept such figures by themselves, of its own period. */
static int find_kept_so(const struct query_figures *figures, const struct closing *closing, bool *out,
                        struct fault *why) {
    const struct query_scope *scope = figures->scope;
    struct str id = framework_indicator_at(scope->framework, figures->indicator)->id;
    *out = false;
    if (scope->has_sum_of || scope->by != closing->period.type)
        return 0;
    int found = closing_each_figure(closing, id, is_asked, (void *)(uintptr_t)figures, why);
    *out = found > 0;
    return found < 0 ? found : 0;
}

/* Whether this was kept; in the decimals of that time. */
static int find_kept(const struct folding *folding, const struct str *dim, bool *found,
                     struct closing_figure *kept, struct fault *why) {
    const struct query_figures *figures = folding->figures;
    const struct framework_indicator *indicator =
        framework_indicator_at(figures->scope->framework, figures->indicator);
    struct dims dims = {0};
    *found = false;
    for (size_t i = 0; i < figures->split_count; i++)
        if (dims_add(&dims, figures->split[i], dim[i], NULL) != 0)
            return 0;
    for (size_t i = 0; i < where_count(figures); i++)
        if (dims_add(&dims, figures->where->dim[i].name, figures->where->dim[i].value, NULL) != 0)
            return 0;
    int err = closing_find(folding->closing, indicator->id, &dims, kept, why);
    *found = err == 0;
    return err == -ENOENT ? 0 : err;
}

/* Due days may be others by now: what was on time is told from the record or, without one, not at all. */
static void take_on_time(struct fold_figure *figure, const struct closing_figure *kept,
                         char note[static CLOSING_NOTE_MAX + 1]) {
    figure->has_on_time = kept && kept->has_on_time;
    figure->on_time = figure->has_on_time ? kept->on_time : 0;
    (void)snprintf(note, CLOSING_NOTE_MAX + 1, "%.*s", STR_ARG(figure->has_on_time ? kept->note : STR("")));
    figure->note = note;
}

/* The kept figure stands, should the framework reckon otherwise by now. */
static int keep_reported(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct folding *folding = arg;
    const struct query_scope *scope = folding->figures->scope;
    struct period period = query_period(scope, figure->period);
    struct fold_figure reported = *figure;
    struct closing_figure kept;
    char note[CLOSING_NOTE_MAX + 1];
    bool found = false;
    if (closings_of(scope->closings, &period) != folding->closing)
        return 0;
    int err = folding->kept ? find_kept(folding, figure->dim, &found, &kept, why) : 0;
    if (err)
        return err;
    folding->decimals = found ? kept.decimals : decimals_of(folding->figures);
    if (found) {
        reported.state = kept.state;
        reported.value = kept.value;
    }
    if (reported.has_on_time || (found && kept.has_on_time))
        take_on_time(&reported, found ? &kept : NULL, note);
    return reported.state == MESSAGE_STATE_VALUE ? keep_figure(folding, &reported, why) : 0;
}

/* The first of the periods asked for of which this closing tells what was reported. */
static bool tells_any(const struct query_scope *scope, const struct closing *closing, struct period *period) {
    int32_t start = closing->period.first > scope->first ? closing->period.first : scope->first;
    if (start > scope->last || start > closing->period.last)
        return false;
    *period = query_period(scope, start);
    do {
        if (period->last > scope->last || period->last > closing->period.last)
            return false;
        if (closings_of(scope->closings, period) == closing)
            return true;
    } while (period_next(period));
    return false;
}

/* The whole as it was reported, of a period that nothing is known of any more. */
static int keep_unknown(struct folding *folding, struct fault *why) {
    struct closing_figure kept;
    char note[CLOSING_NOTE_MAX + 1];
    bool found;
    int err = find_kept(folding, NULL, &found, &kept, why);
    if (err || !found || kept.state != MESSAGE_STATE_VALUE)
        return err;
    struct fold_figure figure = {.period = folding->closing->period.first,
                                 .value = kept.value,
                                 .heard = kept.heard,
                                 .days = kept.days};
    folding->decimals = kept.decimals;
    take_on_time(&figure, &kept, note);
    return keep_figure(folding, &figure, why);
}

/* A kept figure, by nothing but the record. */
static int keep_record(void *arg, const struct closing_figure *kept) {
    struct folding *folding = arg;
    const struct query_figures *figures = folding->figures;
    struct fold_figure figure = {.period = folding->closing->period.first,
                                 .value = kept->value,
                                 .heard = kept->heard,
                                 .days = kept->days};
    struct str dim[DIMS_MAX];
    char note[CLOSING_NOTE_MAX + 1];
    if (kept->state != MESSAGE_STATE_VALUE || !has_asked_dims(figures, &kept->dims))
        return 0;
    for (size_t i = 0; i < where_count(figures); i++)
        if (!str_equal(dims_get(&kept->dims, figures->where->dim[i].name), figures->where->dim[i].value))
            return 0;
    for (size_t i = 0; i < figures->split_count; i++)
        dim[i] = dims_get(&kept->dims, figures->split[i]);
    figure.group = folding->records++;
    figure.dim = dim;
    take_on_time(&figure, kept, note);
    folding->decimals = kept->decimals;
    return keep_figure(folding, &figure, folding->why);
}

/* What the plan means something else by now: only what was kept is told. */
static int add_records(struct folding *folding, struct fault *why) {
    const struct query_figures *figures = folding->figures;
    struct str id = framework_indicator_at(figures->scope->framework, figures->indicator)->id;
    folding->base = (uint32_t)figures->kept.group_count;
    folding->why = why;
    return folding->kept ? closing_each_figure(folding->closing, id, keep_record, folding, why) : 0;
}

static int add_reported(struct query_figures *figures, const struct closing *closing,
                        struct query_list *reported, struct fault *why) {
    const struct query_scope *scope = figures->scope;
    struct fold_question question = question_of(figures);
    struct folding folding = {.figures = figures, .into = reported, .closing = closing};
    struct period period;
    size_t before = reported->count;
    if (!tells_any(scope, closing, &period))
        return 0;
    question.first = period.first;
    if (closing->period.last < question.last)
        question.last = closing->period.last;
    question.vintage = closing->vintage;
    enum reported_plan plan;
    int err = reported_plan(&plan, scope->snapshot, scope->framework, figures->indicator, closing, why);
    if (err == 0)
        err = find_kept_so(figures, closing, &folding.kept, why);
    if (err || plan != REPORTED_SAME)
        return err ? err : add_records(&folding, why);
    err = run(&folding, &question, keep_reported, why);
    if (err == 0 && folding.kept && figures->split_count == 0 && reported->count == before)
        err = keep_unknown(&folding, why);
    return err;
}

static int collect_reported(struct query_figures *figures, struct query_list *reported, struct fault *why) {
    const struct closings *closings = figures->scope->closings;
    int err = 0;
    for (size_t i = 0; i < closings_count(closings) && err == 0; i++)
        err = add_reported(figures, closings_at(closings, i), reported, why);
    if (reported->count > 1)
        qsort_r(reported->figure, reported->count, sizeof *reported->figure, compare_figures, figures);
    return err;
}

static void add_note(struct query_figures *figures, struct query_figure *figure, const char *more) {
    char note[FOLD_NOTE_MAX + MESSAGE_TEXT_MAX];
    const char *own = kept_note_at(&figures->kept, figure->note);
    (void)snprintf(note, sizeof note, "%s%s%s", own, *own ? "; " : "", more);
    figure->note = kept_note(&figures->kept, note);
}

/* Why it was not reported: of periods in a row. */
struct unreported {
    const struct closing *closing;
    const char *note;
};

static int find_why(const struct query_figures *figures, const struct closing *closing,
                    struct unreported *unreported, struct fault *why) {
    const struct query_scope *scope = figures->scope;
    enum reported_plan plan;
    bool kept = false;
    if (unreported->closing == closing)
        return 0;
    int err = reported_plan(&plan, scope->snapshot, scope->framework, figures->indicator, closing, why);
    if (err == 0)
        err = find_kept_so(figures, closing, &kept, why);
    unreported->closing = closing;
    unreported->note = plan == REPORTED_CHANGED && !kept ? REPORTED_NOT_KEPT : NOTHING_REPORTED;
    return err;
}

/* A figure that is known of a period which was closed without one. */
static int merge_unreported(struct query_figures *figures, const struct query_figure *known,
                            struct unreported *unreported, struct query_list *merged, struct fault *why) {
    const struct query_scope *scope = figures->scope;
    struct query_figure figure = *known;
    struct period period = query_period(scope, known->period);
    const struct closing *closing = closings_of(scope->closings, &period);
    if (known->state == MESSAGE_STATE_VALUE && closing) {
        int err = find_why(figures, closing, unreported, why);
        if (err)
            return err;
        bool not_kept = strcmp(unreported->note, REPORTED_NOT_KEPT) == 0;
        if (scope->query->reported && !not_kept)
            return 0;
        if (scope->query->reported)
            figure = (struct query_figure){.period = known->period,
                                           .group = known->group,
                                           .state = MESSAGE_STATE_MISSING,
                                           .not_kept = true,
                                           .note = kept_note(&figures->kept, "")};
        add_note(figures, &figure, unreported->note);
    }
    return query_figures_add(figures, merged, &figure, why);
}

/* `known` is NULL when nothing is known any more. */
static int merge_reported(struct query_figures *figures, const struct query_figure *known,
                          const struct query_figure *reported, struct query_list *merged, struct fault *why) {
    struct query_figure figure = *reported;
    if (!figures->scope->query->reported) {
        if (known)
            figure = *known;
        else
            figure = (struct query_figure){.period = reported->period,
                                           .group = reported->group,
                                           .state = MESSAGE_STATE_MISSING,
                                           .note = kept_note(&figures->kept, "")};
    }
    unsigned most = figure.decimals > reported->decimals ? figure.decimals : reported->decimals;
    int64_t value = figure.value;
    figure.reported = reported->value;
    figure.has_reported = closing_scale(&value, figure.decimals, most) &&
                          closing_scale(&figure.reported, reported->decimals, most);
    if (!figure.has_reported) {
        add_note(figures, &figure, NO_ROOM);
    } else {
        figure.value = value;
        figure.decimals = most;
    }
    return query_figures_add(figures, merged, &figure, why);
}

static int merge(struct query_figures *figures, const struct query_list *reported, struct fault *why) {
    struct query_list known = figures->shown, merged = {0};
    struct unreported unreported = {0};
    int err = 0;
    for (size_t i = 0, k = 0; err == 0 && (i < known.count || k < reported->count);) {
        int c = i == known.count       ? 1
                : k == reported->count ? -1
                                       : compare_figures(&known.figure[i], &reported->figure[k], figures);
        if (c < 0)
            err = merge_unreported(figures, &known.figure[i], &unreported, &merged, why);
        else
            err =
                merge_reported(figures, c == 0 ? &known.figure[i] : NULL, &reported->figure[k], &merged, why);
        i += c <= 0;
        k += c >= 0;
    }
    free(known.figure);
    figures->shown = merged;
    return err;
}

/* ---- all of it ---- */

/* What is not there has no row unless gaps are asked for, or it was reported once. */
static void drop_missing(struct query_figures *figures) {
    struct query_list *shown = &figures->shown;
    size_t kept = 0;
    for (size_t i = 0; i < shown->count; i++)
        if (shown->figure[i].state == MESSAGE_STATE_VALUE ||
            shown->figure[i].state == MESSAGE_STATE_WITHHELD || shown->figure[i].has_reported ||
            shown->figure[i].not_kept)
            shown->figure[kept++] = shown->figure[i];
    shown->count = kept;
}

static void choose_split(struct query_figures *figures) {
    const struct message_query *query = figures->scope->query;
    figures->split_count = query->split_count;
    for (size_t i = 0; i < query->split_count; i++)
        figures->split[i] = query->split[i];
    figures->where = query->where.count ? &query->where : NULL;
}

static int add_known(struct query_figures *figures, const struct fold_question *question, struct fault *why) {
    if (figures->scope->too_early)
        return 0;
    return run(&(struct folding){.figures = figures, .into = &figures->shown}, question, keep_figure, why);
}

static int add_all_reported(struct query_figures *figures, struct fault *why) {
    struct query_list reported = {0};
    int err = collect_reported(figures, &reported, why);
    if (err == 0)
        err = merge(figures, &reported, why);
    free(reported.figure);
    return err;
}

int query_figures_make(struct query_figures *figures, const struct query_scope *scope, size_t indicator,
                       struct fault *why) {
    *figures = (struct query_figures){.scope = scope, .indicator = indicator};
    choose_split(figures);
    struct fold_question question = question_of(figures);
    bool guarded = scope->outside && outside_guards(&question);
    int err = add_known(figures, &question, why);
    if (err == 0 && scope->closings && !(guarded && outside_is_breakdown(&question)))
        err = add_all_reported(figures, why);
    if (err == 0 && guarded)
        err = query_withhold(figures, &question, why);
    if (err)
        return err;
    drop_missing(figures);
    return scope->query->gaps ? query_fill_gaps(figures, why) : 0;
}

/* ---- restated ---- */

static bool same_value(const struct query_figure *a, const struct query_figure *b) {
    unsigned most = a->decimals > b->decimals ? a->decimals : b->decimals;
    int64_t left = a->value, right = b->value;
    return closing_scale(&left, a->decimals, most) && closing_scale(&right, b->decimals, most) &&
           left == right;
}

static bool same_figures(const struct query_figures *figures, const struct query_list *known, size_t from,
                         size_t to, const struct query_list *reported, size_t at, size_t end) {
    bool same = to - from == end - at;
    for (size_t i = 0; same && i < to - from; i++)
        same = compare_figures(&known->figure[from + i], &reported->figure[at + i],
                               (void *)(uintptr_t)figures) == 0 &&
               known->figure[from + i].state == reported->figure[at + i].state &&
               same_value(&known->figure[from + i], &reported->figure[at + i]);
    return same;
}

static size_t skip_period(const struct query_list *list, size_t at, int32_t period) {
    while (at < list->count && list->figure[at].period == period)
        at++;
    return at;
}

static void compare_periods(const struct query_figures *figures, const struct query_list *reported,
                            void (*found)(void *arg, int32_t period), void *arg) {
    const struct query_list *known = &figures->shown;
    for (size_t i = 0, k = 0; i < known->count || k < reported->count;) {
        int32_t period = i < known->count ? known->figure[i].period : INT32_MAX;
        if (k < reported->count && reported->figure[k].period < period)
            period = reported->figure[k].period;
        size_t known_end = skip_period(known, i, period), reported_end = skip_period(reported, k, period);
        struct period whole = query_period(figures->scope, period);
        if (closings_of(figures->scope->closings, &whole) &&
            !same_figures(figures, known, i, known_end, reported, k, reported_end))
            found(arg, period);
        i = known_end;
        k = reported_end;
    }
}

int query_each_restated(const struct query_figures *of, const struct str *dim, size_t dims,
                        void (*found)(void *arg, int32_t period), void *arg, struct fault *why) {
    struct query_figures figures = {.scope = of->scope, .indicator = of->indicator, .split_count = dims};
    struct query_list reported = {0};
    memcpy(figures.split, dim, dims * sizeof *dim);
    struct fold_question question = question_of(&figures);
    int err = add_known(&figures, &question, why);
    if (err == 0)
        err = collect_reported(&figures, &reported, why);
    if (err == 0)
        compare_periods(&figures, &reported, found, arg);
    free(reported.figure);
    query_figures_clear(&figures);
    return err;
}

void query_figures_clear(struct query_figures *figures) {
    kept_clear(&figures->kept);
    free(figures->shown.figure);
    *figures = (struct query_figures){0};
}
