#include "daemon/query_priv.h"

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

/* Of one period. Exactly one that is withheld could be had from the total: the smallest other one goes with it. */
static void withhold_in(struct query_figures *figures, struct query_figure *figure, size_t count,
                        int64_t threshold) {
    size_t withheld = 0;
    struct query_figure *smallest = NULL;
    for (size_t i = 0; i < count; i++) {
        if (is_small(&figure[i], threshold)) {
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

void query_withhold(struct query_figures *figures) {
    const struct query_scope *scope = figures->scope;
    struct query_list *shown = &figures->shown;
    int64_t threshold = framework_small_number(scope->framework, figures->indicator);
    unsigned decimals = framework_indicator_at(scope->framework, figures->indicator)->decimals;
    if (threshold == 0 || (figures->split_count == 0 && figures->where == NULL))
        return;
    for (unsigned i = 0; i < decimals; i++)
        threshold *= 10;
    for (size_t i = 0, end; i < shown->count; i = end) {
        for (end = i; end < shown->count && shown->figure[end].period == shown->figure[i].period;)
            end++;
        withhold_in(figures, &shown->figure[i], end - i, threshold);
    }
}
