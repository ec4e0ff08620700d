#include "daemon/figures/absence.h"

/* Of a period that holds several of the indicator's frequency: the first of these that the plan wants. That day itself
 * is in time. */
static bool is_past_due(const struct framework *framework, size_t indicator, const struct period *period,
                        int32_t today) {
    const struct period *plan = framework_plan(framework);
    enum period_type frequency = framework_indicator_at(framework, indicator)->frequency;
    int32_t first = period->first > plan->first ? period->first : plan->first;
    struct period wanted = period_of_day(frequency, first, plan);
    return framework_due(framework, indicator, &wanted) < today;
}

enum message_state absence_state(const struct framework *framework, size_t indicator,
                                 const struct period *period, int32_t today) {
    const struct period *plan = framework_plan(framework);
    bool wanted = period->type >= framework_indicator_at(framework, indicator)->frequency;
    bool over = period->last < today;
    bool within = period->first >= plan->first && period->last <= plan->last;
    return wanted && over && within && is_past_due(framework, indicator, period, today)
               ? MESSAGE_STATE_MISSING
               : MESSAGE_STATE_NOT_DUE;
}
