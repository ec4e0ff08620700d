#include "daemon/query_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/choice.h"
#include "proto/check.h"
#include "proto/civil.h"

_Static_assert(FRAMEWORK_LABEL_MAX <= MESSAGE_TEXT_MAX, "every label can be sent");

#define CHUNK_BYTES (1u << 20) /* a chunk is closed past this */

/* The answer while it is written. */
struct writing {
    const struct query_plan *plan;
    struct frames *answer;
    struct wire_writer *indicators, *figures, *frame;
    uint32_t indicator_count, figure_count;
    size_t figures_in_all;
    const struct framework_indicator *indicator;
    struct str note; /* of every figure of this indicator */
    char period_text[PERIOD_TEXT_MAX];
    int32_t period_of_text;
    bool has_period;
};

/* ---- the answer ---- */

static void close_chunk(struct writing *writing, bool last) {
    wire_writer_reset(writing->frame);
    message_write_figures(writing->frame, writing->plan->query->id, last, writing->indicator_count,
                          writing->indicators, writing->figure_count, writing->figures);
    frames_add(writing->answer, writing->frame);
    wire_writer_reset(writing->indicators);
    wire_writer_reset(writing->figures);
    writing->indicator_count = writing->figure_count = 0;
}

static int write_figure(void *arg, const struct query_figure *figure, struct fault *why) {
    struct writing *writing = arg;
    const struct query_plan *plan = writing->plan;
    if (++writing->figures_in_all > QUERY_FIGURES_MAX)
        return fault_set(why, -E2BIG, "more than %u figures: ask for fewer periods or indicators at once",
                         QUERY_FIGURES_MAX);
    if (!writing->has_period || writing->period_of_text != figure->period) {
        struct period period = period_of_day(plan->by, figure->period, framework_plan(plan->framework));
        (void)period_print(&period, writing->period_text);
        writing->period_of_text = figure->period;
        writing->has_period = true;
    }
    struct message_figure out = {.indicator = writing->indicator->id,
                                 .period = str_of(writing->period_text),
                                 .dim_count = plan->query->split_count,
                                 .value = figure->value,
                                 .note = writing->note};
    for (uint32_t i = 0; i < out.dim_count; i++)
        out.dim[i] = figure->dim[i];
    message_write_figure(writing->figures, &out);
    writing->figure_count++;
    if (writing->figure_count == MESSAGE_FIGURES_MAX || wire_writer_len(writing->figures) > CHUNK_BYTES)
        close_chunk(writing, false);
    return 0;
}

static int write_indicator(struct writing *writing, size_t index, struct store_snapshot *snapshot,
                           struct fault *why) {
    const struct query_plan *plan = writing->plan;
    char note[64] = "";
    writing->indicator = framework_indicator_at(plan->framework, index);
    if (writing->indicator->kind == KIND_DISTINCT && plan->by > writing->indicator->window)
        (void)snprintf(note, sizeof note, "sum of %ss", period_type_name(writing->indicator->window));
    writing->note = str_of(note);
    message_write_indicator(
        writing->indicators,
        &(struct message_indicator){.id = writing->indicator->id,
                                    .code = writing->indicator->code,
                                    .kind = str_of(kind_name(writing->indicator->kind)),
                                    .label = framework_label(plan->framework, index, plan->query->language),
                                    .note = writing->note});
    writing->indicator_count++;
    return query_fold(plan, index, snapshot, write_figure, writing, why);
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

static int check_dims(const struct message_query *query, const struct framework *framework,
                      const size_t *chosen, size_t count, struct fault *why) {
    for (uint32_t i = 0; i < query->split_count; i++)
        if (!any_has_dim(framework, chosen, count, query->split[i]))
            return fault_set(why, -EINVAL, "none of these indicators has a dimension \"%.*s\" to split by",
                             STR_ARG(query->split[i]));
    for (size_t i = 0; i < query->where.count; i++)
        if (!any_has_dim(framework, chosen, count, query->where.dim[i].name))
            return fault_set(why, -EINVAL, "none of these indicators has a dimension \"%.*s\"",
                             STR_ARG(query->where.dim[i].name));
    return 0;
}

static int plan_range(struct query_plan *plan, struct fault *why) {
    const struct message_query *query = plan->query;
    struct period from, to;
    int err;
    plan->by = PERIOD_MONTH;
    plan->first = CIVIL_DAY_MIN;
    plan->last = CIVIL_DAY_MAX;
    if (query->by.len && (err = period_type_parse(&plan->by, query->by, why)) != 0)
        return err;
    if (query->from.len) {
        if ((err = period_parse(&from, query->from, why)) != 0)
            return err;
        plan->first = from.first;
    }
    if (query->to.len) {
        if ((err = period_parse(&to, query->to, why)) != 0)
            return err;
        plan->last = to.last;
    }
    if (plan->first > plan->last)
        return fault_set(why, -EINVAL, "the range ends (%.*s) before it begins (%.*s)", STR_ARG(query->to),
                         STR_ARG(query->from));
    const struct period *years = framework_plan(plan->framework);
    if (plan->by == PERIOD_PLAN) { /* one period: the plan, or nothing when the range misses it */
        bool touches = plan->first <= years->last && plan->last >= years->first;
        plan->first = touches ? years->first : CIVIL_DAY_MAX;
        plan->last = touches ? years->last : CIVIL_DAY_MIN;
    } else {
        plan->first = period_of_day(plan->by, plan->first, NULL).first;
        plan->last = period_of_day(plan->by, plan->last, NULL).last;
    }
    return 0;
}

static int answer_all(struct writing *writing, const size_t *chosen, size_t count, struct store *store,
                      struct fault *why) {
    struct store_snapshot *snapshot = NULL;
    int err = store_snapshot_open(store, &snapshot, why);
    for (size_t i = 0; i < count && err == 0; i++)
        err = write_indicator(writing, chosen[i], snapshot, why);
    if (err == 0)
        close_chunk(writing, true);
    store_snapshot_close(&snapshot);
    return err;
}

int query_run(struct frames **out, const struct message_query *query, const struct framework *framework,
              struct catalogue *catalogue, struct store *store, struct fault *why) {
    struct query_plan plan = {.query = query, .framework = framework, .catalogue = catalogue};
    size_t *chosen = mem_zeroed(framework_indicator_count(framework) + 1, sizeof *chosen), count;
    int err = choice_indicators(framework, query->pattern, query->pattern_count, chosen, &count, why);
    if (err == 0)
        err = check_dims(query, framework, chosen, count, why);
    if (err == 0)
        err = plan_range(&plan, why);
    if (err == 0) {
        struct writing writing = {.plan = &plan};
        frames_new(&writing.answer);
        wire_writer_new(&writing.indicators, MESSAGE_BYTES_MAX / 2);
        wire_writer_new(&writing.figures, MESSAGE_BYTES_MAX / 4);
        wire_writer_new(&writing.frame, MESSAGE_BYTES_MAX);
        err = answer_all(&writing, chosen, count, store, why);
        wire_writer_destroy(&writing.indicators);
        wire_writer_destroy(&writing.figures);
        wire_writer_destroy(&writing.frame);
        if (err)
            frames_destroy(&writing.answer);
        else
            *out = writing.answer;
    }
    free(chosen);
    return err;
}
