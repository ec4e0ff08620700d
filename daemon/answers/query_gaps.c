#include <stdlib.h>

#include "daemon/answers/query_priv.h"
#include "daemon/figures/absence.h"
#include "proto/check.h"

/* Each breakdown that has a figure, once and in order; without a split the one there is. */
static uint32_t *list_groups(struct query_figures *figures, size_t *count) {
    const struct query_list *shown = &figures->shown;
    uint32_t *group = mem_zeroed(shown->count + 1, sizeof *group);
    *count = 0;
    if (figures->split_count == 0) {
        group[(*count)++] = shown->count ? shown->figure[0].group : kept_new_group(&figures->kept);
        return group;
    }
    bool *met = mem_zeroed(figures->kept.group_count + 1, sizeof *met);
    for (size_t i = 0; i < shown->count; i++) {
        if (!met[shown->figure[i].group] && !shown->figure[i].stands_for_others)
            group[(*count)++] = shown->figure[i].group;
        met[shown->figure[i].group] = true;
    }
    free(met);
    return group;
}

static int compare_groups(const void *left, const void *right, void *arg) {
    return query_figures_compare_groups(arg, *(const uint32_t *)left, *(const uint32_t *)right);
}

static void order_groups(struct query_figures *figures, uint32_t *group, size_t *count) {
    size_t kept = 0;
    if (*count > 1)
        qsort_r(group, *count, sizeof *group, compare_groups, figures);
    for (size_t i = 0; i < *count; i++)
        if (kept == 0 || query_figures_compare_groups(figures, group[kept - 1], group[i]) != 0)
            group[kept++] = group[i];
    *count = kept;
}

/* From where to where rows are wanted; an open end goes as far as there are figures, and not past the plan. */
static bool find_range(const struct query_figures *figures, int32_t *first, int32_t *last) {
    const struct query_scope *scope = figures->scope;
    const struct period *years = framework_plan(scope->framework);
    const struct query_list *shown = &figures->shown;
    *first = scope->first;
    *last = scope->last;
    if (scope->by == PERIOD_PLAN || (!scope->open_start && !scope->open_end))
        return *first <= *last;
    if (shown->count == 0)
        return false;
    int32_t from = shown->figure[0].period, to = shown->figure[shown->count - 1].period;
    if (scope->open_start)
        *first = from > years->first ? from : years->first;
    if (scope->open_end)
        *last = to < years->last ? to : years->last;
    return *first <= *last;
}

struct filling {
    struct query_figures *figures;
    const uint32_t *group;
    size_t group_count;
    struct query_list old, filled;
    size_t next;  /* of the old ones */
    size_t empty; /* note */
    struct fault *why;
};

static int fill_period(struct filling *filling, const struct period *period) {
    const struct query_scope *scope = filling->figures->scope;
    const struct query_list *old = &filling->old;
    struct query_figure gap = {.period = period->first, .note = filling->empty};
    int err = 0;
    gap.state = absence_state(scope->framework, filling->figures->indicator, period, scope->today);
    for (size_t g = 0; g < filling->group_count && err == 0; g++) {
        const struct query_figure *next = filling->next < old->count ? &old->figure[filling->next] : NULL;
        gap.group = filling->group[g];
        if (next && next->period == period->first &&
            query_figures_compare_groups(filling->figures, next->group, gap.group) == 0)
            filling->next++;
        else
            next = &gap;
        err = query_figures_add(filling->figures, &filling->filled, next, filling->why);
    }
    return err;
}

/* Where something is withheld it is not told either of what there is nothing. */
static bool has_withheld(const struct filling *filling, int32_t period) {
    const struct query_list *old = &filling->old;
    bool found = false;
    for (size_t i = filling->next; i < old->count && old->figure[i].period == period; i++)
        found = found || old->figure[i].state == MESSAGE_STATE_WITHHELD;
    return found;
}

static int copy_until(struct filling *filling, int32_t period) {
    int err = 0;
    while (err == 0 && filling->next < filling->old.count &&
           filling->old.figure[filling->next].period < period)
        err = query_figures_add(filling->figures, &filling->filled, &filling->old.figure[filling->next++],
                                filling->why);
    return err;
}

int query_fill_gaps(struct query_figures *figures, struct fault *why) {
    struct filling filling = {.figures = figures, .why = why};
    int32_t first, last;
    if (!find_range(figures, &first, &last))
        return 0;
    uint32_t *group = list_groups(figures, &filling.group_count);
    order_groups(figures, group, &filling.group_count);
    filling.group = group;
    filling.old = figures->shown;
    filling.empty = kept_note(&figures->kept, "");
    struct period period = query_period(figures->scope, first);
    int err = copy_until(&filling, period.first);
    do {
        if (period.first > last || err)
            break;
        err = has_withheld(&filling, period.first) ? copy_until(&filling, period.last + 1)
                                                   : fill_period(&filling, &period);
    } while (period_next(&period));
    if (err == 0)
        err = copy_until(&filling, INT32_MAX);
    free(group);
    free(filling.old.figure);
    figures->shown = filling.filled;
    return err;
}
