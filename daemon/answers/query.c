#include "daemon/answers/query_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/answers/choice.h"
#include "daemon/answers/gone.h"
#include "proto/check.h"
#include "proto/civil.h"

_Static_assert(FRAMEWORK_LABEL_MAX <= MESSAGE_TEXT_MAX, "every label can be sent");

#define CHUNK_BYTES (1u << 20) /* a chunk is closed past this */

/* The answer while it is written. */
struct writing {
    const struct query_scope *scope;
    struct frames *answer;
    struct wire_writer *indicators, *figures, *frame;
    uint32_t indicator_count, figure_count;
    size_t figures_in_all;
    size_t *chosen, chosen_count; /* of the plan's indicators, by id */

    /* The indicator that is written. */
    size_t index;
    const struct framework_indicator *indicator;
    struct query_breaks breaks;
    struct period period; /* of the last figure, and its text */
    char period_text[PERIOD_TEXT_MAX];
};

/* ---- the answer ---- */

static void close_chunk(struct writing *writing, bool last) {
    wire_writer_reset(writing->frame);
    message_write_figures(writing->frame, writing->scope->query->id, last, writing->indicator_count,
                          writing->indicators, writing->figure_count, writing->figures);
    frames_add(writing->answer, writing->frame);
    wire_writer_reset(writing->indicators);
    wire_writer_reset(writing->figures);
    writing->indicator_count = writing->figure_count = 0;
}

/* Targets are of the whole, and of what the kind itself tells. */
static bool find_target(const struct writing *writing, int64_t *target) {
    const struct query_scope *scope = writing->scope;
    bool other_sum = scope->has_sum_of &&
                     (writing->indicator->kind == KIND_DISTINCT || writing->indicator->kind == KIND_ROSTER);
    return scope->query->split_count == 0 && scope->query->where.count == 0 && !other_sum &&
           framework_target(scope->framework, writing->index, &writing->period, target);
}

static int add_figure(void *arg, const struct message_figure *figure, struct fault *why) {
    struct writing *writing = arg;
    if (++writing->figures_in_all > FOLD_FIGURES_MAX)
        return fault_set(why, -E2BIG, "more than %u figures: ask for fewer periods or indicators at once",
                         FOLD_FIGURES_MAX);
    message_write_figure(writing->figures, figure);
    writing->figure_count++;
    if (writing->figure_count == MESSAGE_FIGURES_MAX || wire_writer_len(writing->figures) > CHUNK_BYTES)
        close_chunk(writing, false);
    return 0;
}

/* The target has the decimals of the plan, what was reported may have others: both are written with the most. */
static bool align_target(const struct writing *writing, struct message_figure *figure) {
    unsigned own = writing->indicator->decimals, had = (unsigned)figure->decimals;
    unsigned most = own > had ? own : had;
    int64_t value = figure->value, reported = figure->reported;
    if (!closing_scale(&figure->target, own, most) || !closing_scale(&value, had, most) ||
        !closing_scale(&reported, had, most))
        return false;
    figure->value = value;
    figure->reported = reported;
    figure->decimals = most;
    return true;
}

static int write_figure(struct writing *writing, const struct query_figures *figures,
                        const struct query_figure *figure, struct fault *why) {
    const struct query_scope *scope = writing->scope;
    char note[MESSAGE_TEXT_MAX + 1];
    bool has_digits = figure->state == MESSAGE_STATE_VALUE || figure->has_reported;
    if (writing->period_text[0] == '\0' || writing->period.first != figure->period) {
        writing->period = query_period(scope, figure->period);
        (void)period_print(&writing->period, writing->period_text);
    }
    struct message_figure out = {.indicator = writing->indicator->id,
                                 .period = str_of(writing->period_text),
                                 .dim_count = scope->query->split_count,
                                 .value = figure->value,
                                 .state = figure->state,
                                 .decimals = has_digits ? figure->decimals : writing->indicator->decimals,
                                 .has_reported = figure->has_reported,
                                 .reported = figure->reported,
                                 .heard = figure->heard,
                                 .days = figure->days,
                                 .has_on_time = figure->has_on_time,
                                 .on_time = figure->on_time};
    const char *own = kept_note_at(&figures->kept, figure->note);
    out.note = str_of(figure->state == MESSAGE_STATE_VALUE
                          ? query_breaks_note(&writing->breaks, figure, &writing->period, own, note)
                          : own);
    out.has_target = find_target(writing, &out.target) && align_target(writing, &out);
    for (uint32_t i = 0; i < out.dim_count; i++)
        out.dim[i] = figures->kept.dim[figure->group][i];
    return add_figure(writing, &out, why);
}

static void write_head(struct writing *writing) {
    const struct query_scope *scope = writing->scope;
    char note[FOLD_NOTE_MAX];
    const struct fold_question question = {.framework = scope->framework,
                                           .catalogue = scope->catalogue,
                                           .indicator = writing->index,
                                           .by = scope->by,
                                           .has_sum_of = scope->has_sum_of,
                                           .sum_of = scope->sum_of};
    message_write_indicator(
        writing->indicators,
        &(struct message_indicator){
            .id = writing->indicator->id,
            .code = writing->indicator->code,
            .kind = str_of(kind_name(writing->indicator->kind)),
            .label = framework_label(scope->framework, writing->index, scope->query->language),
            .note = str_of(fold_note(&question, note)),
            .unit = writing->indicator->unit});
    writing->indicator_count++;
}

static int write_indicator(struct writing *writing, size_t index, struct fault *why) {
    const struct query_scope *scope = writing->scope;
    struct query_figures figures;
    writing->index = index;
    writing->indicator = framework_indicator_at(scope->framework, index);
    write_head(writing);
    int err = query_figures_make(&figures, scope, index, why);
    if (err == 0)
        err = query_breaks_load(&writing->breaks, &figures, why);
    for (size_t i = 0; i < figures.shown.count && err == 0; i++)
        err = write_figure(writing, &figures, &figures.shown.figure[i], why);
    query_breaks_clear(&writing->breaks);
    query_figures_clear(&figures);
    return err;
}

/* What the plan has no more. */
static int write_gone(struct writing *writing, struct str id, struct fault *why) {
    struct message_indicator head;
    int err = query_gone_head(writing->scope, id, &head, why);
    if (err)
        return err;
    message_write_indicator(writing->indicators, &head);
    writing->indicator_count++;
    return query_gone_figures(writing->scope, id, add_figure, writing, why);
}

/* ---- the question ---- */

static bool any_has_dim(const struct framework *framework, const size_t *chosen, size_t count,
                        struct str dim) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < framework_indicator_at(framework, chosen[i])->dim_count; k++)
            if (str_equal(framework_dim_name(framework, chosen[i], k), dim))
                return true;
    return false;
}

static int check_dims(const struct query_scope *scope, const size_t *chosen, size_t count,
                      struct fault *why) {
    const struct message_query *query = scope->query;
    const struct framework *framework = scope->framework;
    int err = 0;
    for (uint32_t i = 0; i < query->split_count; i++)
        if (!any_has_dim(framework, chosen, count, query->split[i]))
            return fault_set(why, -EINVAL, "none of these indicators has a dimension \"%.*s\" to split by",
                             STR_ARG(query->split[i]));
    for (size_t i = 0; i < query->where.count; i++)
        if (!any_has_dim(framework, chosen, count, query->where.dim[i].name))
            return fault_set(why, -EINVAL, "none of these indicators has a dimension \"%.*s\"",
                             STR_ARG(query->where.dim[i].name));
    for (size_t i = 0; i < query->where.count && err == 0; i++)
        err = choice_check_value(framework, scope->catalogue, chosen, count, &query->where.dim[i], why);
    return err;
}

static int scope_range(struct query_scope *scope, struct fault *why) {
    const struct message_query *query = scope->query;
    struct period from, to;
    int err;
    scope->by = PERIOD_MONTH;
    scope->first = CIVIL_DAY_MIN;
    scope->last = CIVIL_DAY_MAX;
    scope->open_start = query->from.len == 0;
    scope->open_end = query->to.len == 0;
    if (query->by.len && (err = period_type_parse(&scope->by, query->by, why)) != 0)
        return err;
    if (query->from.len) {
        if ((err = period_parse(&from, query->from, why)) != 0)
            return err;
        scope->first = from.first;
    }
    if (query->to.len) {
        if ((err = period_parse(&to, query->to, why)) != 0)
            return err;
        scope->last = to.last;
    }
    if (scope->first > scope->last)
        return fault_set(why, -EINVAL, "the range ends (%.*s) before it begins (%.*s)", STR_ARG(query->to),
                         STR_ARG(query->from));
    const struct period *years = framework_plan(scope->framework);
    if (scope->by == PERIOD_PLAN) { /* one period: the plan, or nothing when the range misses it */
        bool touches = scope->first <= years->last && scope->last >= years->first;
        scope->first = touches ? years->first : CIVIL_DAY_MAX;
        scope->last = touches ? years->last : CIVIL_DAY_MIN;
    } else {
        scope->first = period_of_day(scope->by, scope->first, NULL).first;
        scope->last = period_of_day(scope->by, scope->last, NULL).last;
    }
    return 0;
}

/* What day it is for the one who asks. */
static int scope_moment(struct query_scope *scope, int64_t now, struct fault *why) {
    const struct message_query *query = scope->query;
    struct period day;
    int err;
    scope->known_at = INT64_MAX;
    if ((err = civil_today(now, &scope->today, why)) != 0)
        return err;
    if (query->sum_of.len) {
        scope->has_sum_of = true;
        if ((err = period_type_parse(&scope->sum_of, query->sum_of, why)) != 0)
            return err;
    }
    if (query->as_of.len == 0)
        return 0;
    if ((err = period_parse(&day, query->as_of, why)) != 0)
        return err;
    if (day.type != PERIOD_DAY)
        return fault_set(why, -EINVAL,
                         "\"%.*s\" is no day: what was known is told as of a day, such as 2018-04-30",
                         STR_ARG(query->as_of));
    if (query->reported)
        return fault_set(
            why, -EINVAL,
            "what was reported and what was known on a day are two questions: leave out --reported "
            "or --as-of");
    scope->known_at = ((int64_t)day.first + 1) * CIVIL_DAY_SECONDS - 1;
    scope->today = day.first < scope->today ? day.first : scope->today;
    return 0;
}

/* What was reported is told beside what is known now. */
static int scope_knowledge(struct query_scope *scope, struct fault *why) {
    int err = withdrawals_load(&scope->withdrawals, scope->snapshot, why);
    if (err)
        return err;
    if (scope->known_at == INT64_MAX) {
        err = closings_load(&scope->closings, scope->snapshot, why);
        if (err == 0 && closings_count(scope->closings) == 0)
            closings_destroy(&scope->closings);
        return err;
    }
    struct store_vintage vintage;
    err = store_vintage_at(scope->snapshot, scope->known_at, &vintage, why);
    if (err == 0) {
        scope->vintage = vintage.number;
        scope->too_early = vintage.number == 0;
    }
    return err;
}

/* Indicators of the plan and others, by id. */
static int write_all(struct writing *writing, const struct query_gone *gone, struct fault *why) {
    const struct framework *framework = writing->scope->framework;
    int err = 0;
    for (size_t i = 0, k = 0; (i < writing->chosen_count || k < gone->count) && err == 0;) {
        bool known =
            k == gone->count ||
            (i < writing->chosen_count &&
             str_compare(framework_indicator_at(framework, writing->chosen[i])->id, gone->id[k]) < 0);
        err = known ? write_indicator(writing, writing->chosen[i++], why)
                    : write_gone(writing, gone->id[k++], why);
    }
    return err;
}

/* Of a pattern that means nothing in the plan but what it had. */
static int check_gone(const struct query_scope *scope, const struct query_gone *gone, struct str pattern,
                      struct fault *why) {
    struct words periods = {{0}};
    if (!scope->query->reported)
        return fault_set(why, -EINVAL,
                         "the plan has no more indicator \"%.*s\"; what was reported of it is told with "
                         "--reported",
                         STR_ARG(pattern));
    for (size_t i = 0; i < gone->count; i++)
        if (choice_matches(pattern, gone->id[i]))
            return 0;
    int err = choice_is_glob(pattern) ? 0 : gone_periods(scope->closings, pattern, &periods, why);
    return err == 0 && *periods.text ? gone_refuse(pattern, &periods, why) : err;
}

static int find_gone(const struct writing *writing, struct query_gone *gone, bool *found, struct fault *why) {
    const struct message_query *query = writing->scope->query;
    bool named[MESSAGE_PATTERNS_MAX] = {false};
    int err = query_gone_find(gone, writing->scope, named, why);
    for (uint32_t p = 0; p < query->pattern_count && err == 0; p++)
        if (!found[p])
            err = named[p] ? check_gone(writing->scope, gone, query->pattern[p], why)
                           : choice_missing(query->pattern[p], why);
    return err;
}

static int answer_all(struct writing *writing, struct query_scope *scope, bool *found, struct store *store,
                      struct fault *why) {
    struct query_gone gone = {0};
    int err = store_snapshot_open(store, &scope->snapshot, why);
    if (err == 0)
        err = scope_knowledge(scope, why);
    if (err == 0)
        err = find_gone(writing, &gone, found, why);
    if (err == 0)
        err = write_all(writing, &gone, why);
    if (err == 0)
        close_chunk(writing, true);
    query_gone_clear(&gone);
    closings_destroy(&scope->closings);
    withdrawals_destroy(&scope->withdrawals);
    store_snapshot_close(&scope->snapshot);
    return err;
}

static int answer(struct writing *writing, struct query_scope *scope, bool *found, struct store *store,
                  struct fault *why) {
    frames_new(&writing->answer);
    wire_writer_new(&writing->indicators, MESSAGE_BYTES_MAX / 2);
    wire_writer_new(&writing->figures, MESSAGE_BYTES_MAX / 4);
    wire_writer_new(&writing->frame, MESSAGE_BYTES_MAX);
    int err = answer_all(writing, scope, found, store, why);
    wire_writer_destroy(&writing->indicators);
    wire_writer_destroy(&writing->figures);
    wire_writer_destroy(&writing->frame);
    if (err)
        frames_destroy(&writing->answer);
    return err;
}

int query_run(struct frames **out, const struct message_query *query, const struct framework *framework,
              struct catalogue *catalogue, struct store *store, int64_t now, struct fault *why) {
    struct query_scope scope = {
        .query = query, .framework = framework, .catalogue = catalogue, .outside = query->outside};
    struct writing writing = {.scope = &scope};
    bool found[MESSAGE_PATTERNS_MAX] = {false};
    writing.chosen = mem_zeroed(framework_indicator_count(framework) + 1, sizeof *writing.chosen);
    int err = choice_find(framework, query->pattern, query->pattern_count, writing.chosen,
                          &writing.chosen_count, found, why);
    if (err == 0 && writing.chosen_count > 0) {
        choice_sort(framework, writing.chosen, writing.chosen_count);
        err = check_dims(&scope, writing.chosen, writing.chosen_count, why);
    }
    if (err == 0)
        err = scope_range(&scope, why);
    if (err == 0)
        err = scope_moment(&scope, now, why);
    if (err == 0)
        err = answer(&writing, &scope, found, store, why);
    if (err == 0)
        *out = writing.answer;
    free(writing.chosen);
    return err;
}
