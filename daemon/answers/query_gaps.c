#include <stdlib.h>

#include "daemon/answers/query_priv.h"
#include "daemon/figures/absence.h"
#include "proto/check.h"

/* ---- breakdowns ---- */

#define WANTED_MAX 4096 /* breakdowns by closed lists; of more only those that have figures have rows */

struct listing {
    struct query_figures *figures;
    struct str *value[DIMS_MAX]; /* of each dimension that is split by: those that the plan lists */
    size_t value_count[DIMS_MAX];
    uint32_t *group;
    size_t count;
};

/* Each breakdown that has a figure. */
static void list_met(struct listing *listing) {
    const struct query_list *shown = &listing->figures->shown;
    bool *met = mem_zeroed(listing->figures->kept.group_count + 1, sizeof *met);
    for (size_t i = 0; i < shown->count; i++) {
        uint32_t group = shown->figure[i].group;
        if (!met[group] && !shown->figure[i].stands_for_others)
            listing->group[listing->count++] = group;
        met[group] = true;
    }
    free(met);
}

/* A dimension that the indicator does not have has one value, which is empty. */
static void list_values(struct listing *listing, size_t split) {
    const struct query_figures *figures = listing->figures;
    const struct framework *framework = figures->scope->framework;
    size_t dims = framework_indicator_at(framework, figures->indicator)->dim_count, dim = 0;
    while (dim < dims &&
           !str_equal(framework_dim_name(framework, figures->indicator, dim), figures->split[split]))
        dim++;
    size_t values = dim < dims ? framework_dim_value_count(framework, figures->indicator, dim) : 1;
    struct str asked = figures->where ? dims_get(figures->where, figures->split[split]) : STR("");
    listing->value[split] = mem_zeroed(values + 1, sizeof *listing->value[split]);
    for (size_t i = 0; i < values; i++) {
        struct str listed =
            dim < dims ? framework_dim_value_at(framework, figures->indicator, dim, i) : STR("");
        if (asked.len == 0 || str_equal(asked, listed))
            listing->value[split][listing->value_count[split]++] = listed;
    }
}

/* All breakdowns by closed lists, whether anything is known of them or not; 0: not all of them are closed. */
static size_t count_wanted(const struct listing *listing) {
    size_t wanted = 1;
    for (size_t i = 0; i < listing->figures->split_count && wanted <= WANTED_MAX; i++)
        wanted *= listing->value_count[i];
    return wanted <= WANTED_MAX ? wanted : 0;
}

static void list_wanted(struct listing *listing, size_t wanted) {
    struct query_figures *figures = listing->figures;
    for (size_t w = 0; w < wanted; w++) {
        struct str dim[DIMS_MAX];
        size_t rest = w;
        for (size_t i = 0; i < figures->split_count; i++) {
            dim[i] = listing->value[i][rest % listing->value_count[i]];
            rest /= listing->value_count[i];
        }
        uint32_t group = kept_new_group(&figures->kept);
        kept_group(&figures->kept, group, dim, figures->split_count);
        listing->group[listing->count++] = group;
    }
}

static int compare_groups(const void *left, const void *right, void *arg) {
    return query_figures_compare_groups(arg, *(const uint32_t *)left, *(const uint32_t *)right);
}

static void order_groups(struct listing *listing) {
    size_t kept = 0;
    if (listing->count > 1)
        qsort_r(listing->group, listing->count, sizeof *listing->group, compare_groups, listing->figures);
    for (size_t i = 0; i < listing->count; i++)
        if (kept == 0 ||
            query_figures_compare_groups(listing->figures, listing->group[kept - 1], listing->group[i]) != 0)
            listing->group[kept++] = listing->group[i];
    listing->count = kept;
}

/* Those that are to have a row for each period, once and in order; without a split the one there is. To be freed. */
static uint32_t *list_groups(struct query_figures *figures, size_t *count) {
    struct listing listing = {.figures = figures};
    for (size_t i = 0; i < figures->split_count; i++)
        list_values(&listing, i);
    size_t wanted = count_wanted(&listing);
    listing.group = mem_zeroed(figures->shown.count + wanted + 1, sizeof *listing.group);
    list_met(&listing);
    list_wanted(&listing, wanted);
    order_groups(&listing);
    for (size_t i = 0; i < figures->split_count; i++)
        free(listing.value[i]);
    *count = listing.count;
    return listing.group;
}

/* ---- rows ---- */

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
