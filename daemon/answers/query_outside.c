#include <stdlib.h>

#include "daemon/answers/query_priv.h"
#include "proto/check.h"

static bool is_small(const struct query_figure *figure, int64_t threshold) {
    return (figure->state == MESSAGE_STATE_VALUE && figure->value > 0 && figure->value < threshold) ||
           (figure->has_reported && figure->reported > 0 && figure->reported < threshold);
}

static void withhold(struct query_figures *figures, struct query_figure *figure) {
    *figure = (struct query_figure){.period = figure->period,
                                    .group = figure->group,
                                    .state = MESSAGE_STATE_WITHHELD,
                                    .note = kept_note(&figures->kept, "")};
}

/* ---- sums of windows ---- */

/* A window of a period and breakdown that outsiders are not told. */
struct hidden {
    int32_t period; /* of the sum */
    const struct str *dim;
};

struct hiding {
    const struct query_figures *figures;
    struct query_figures parts;
    struct hidden *hidden;
    size_t count;
};

static int compare_hidden(const void *left, const void *right, void *arg) {
    const struct hidden *a = left, *b = right;
    const struct query_figures *figures = arg;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    for (size_t i = 0; i < figures->split_count; i++) {
        int order = str_compare(a->dim[i], b->dim[i]);
        if (order)
            return order;
    }
    return 0;
}

/* The windows that the figures are sums of, if they are. */
static int find_hidden(struct hiding *hiding, struct fault *why) {
    struct query_figures *figures = (struct query_figures *)(uintptr_t)hiding->figures;
    const struct query_scope *scope = figures->scope;
    enum kind kind = framework_indicator_at(scope->framework, figures->indicator)->kind;
    enum period_type window = fold_window(&(struct fold_question){.framework = scope->framework,
                                                                  .indicator = figures->indicator,
                                                                  .by = scope->by,
                                                                  .has_sum_of = scope->has_sum_of,
                                                                  .sum_of = scope->sum_of});
    struct query_scope narrow = *scope;
    if ((kind != KIND_DISTINCT && kind != KIND_ROSTER) || window >= scope->by)
        return 0;
    narrow.by = window;
    narrow.has_sum_of = false;
    int err = query_figures_make_all(&hiding->parts, &narrow, figures->indicator, why);
    if (err)
        return err;
    const struct query_list *shown = &hiding->parts.shown;
    hiding->hidden = mem_zeroed(shown->count + 1, sizeof *hiding->hidden);
    for (size_t i = 0; i < shown->count; i++)
        if (shown->figure[i].state == MESSAGE_STATE_WITHHELD)
            hiding->hidden[hiding->count++] =
                (struct hidden){query_period(scope, shown->figure[i].period).first,
                                hiding->parts.kept.dim[shown->figure[i].group]};
    if (hiding->count > 1)
        qsort_r(hiding->hidden, hiding->count, sizeof *hiding->hidden, compare_hidden, figures);
    return 0;
}

/* Told, it would give the window away. */
static bool gives_away(const struct hiding *hiding, const struct query_figure *figure) {
    const struct query_figures *figures = hiding->figures;
    const struct hidden wanted = {figure->period, figures->kept.dim[figure->group]};
    size_t low = 0, high = hiding->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_hidden(&hiding->hidden[middle], &wanted, (void *)(uintptr_t)figures);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* ---- periods ---- */

/* Of one period. Exactly one that is withheld could be had from the total: the smallest other one goes with it. */
static void withhold_in(struct query_figures *figures, const struct hiding *hiding,
                        struct query_figure *figure, size_t count, int64_t threshold) {
    size_t withheld = 0;
    struct query_figure *smallest = NULL;
    for (size_t i = 0; i < count; i++) {
        if (is_small(&figure[i], threshold) || gives_away(hiding, &figure[i])) {
            withhold(figures, &figure[i]);
            withheld++;
        } else if (figure[i].state == MESSAGE_STATE_VALUE && figure[i].value > 0 &&
                   (smallest == NULL || figure[i].value < smallest->value)) {
            smallest = &figure[i];
        }
    }
    if (withheld == 1 && smallest)
        withhold(figures, smallest);
}

int query_withhold(struct query_figures *figures, struct fault *why) {
    const struct query_scope *scope = figures->scope;
    struct query_list *shown = &figures->shown;
    struct hiding hiding = {.figures = figures};
    int64_t threshold = framework_small_number(scope->framework, figures->indicator);
    unsigned decimals = framework_indicator_at(scope->framework, figures->indicator)->decimals;
    if (threshold == 0 || (figures->split_count == 0 && figures->where == NULL))
        return 0;
    for (unsigned i = 0; i < decimals; i++)
        threshold *= 10;
    int err = find_hidden(&hiding, why);
    for (size_t i = 0, end; i < shown->count && err == 0; i = end) {
        for (end = i; end < shown->count && shown->figure[end].period == shown->figure[i].period;)
            end++;
        withhold_in(figures, &hiding, &shown->figure[i], end - i, threshold);
    }
    free(hiding.hidden);
    query_figures_clear(&hiding.parts);
    return err;
}
