#include "daemon/figures/absence.h"

enum message_state absence_state(const struct framework *framework, size_t indicator,
                                 const struct period *period, int32_t today) {
    const struct period *plan = framework_plan(framework);
    bool wanted = period->type >= framework_indicator_at(framework, indicator)->frequency;
    bool over = period->last < today;
    bool within = period->first >= plan->first && period->last <= plan->last;
    return wanted && over && within ? MESSAGE_STATE_MISSING : MESSAGE_STATE_NOT_DUE;
}
