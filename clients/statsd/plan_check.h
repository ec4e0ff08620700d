/* Are the rules such as the plan wants it? A counter would be taken for readings of a level, a gauge would be added up to a count, and
 * nobody would see it. */
#ifndef SUIVI_STATSD_PLAN_CHECK_H
#define SUIVI_STATSD_PLAN_CHECK_H

#include "clients/lib/suivi.h"
#include "config/statsd.h"
#include "proto/fault.h"

/* Asks the daemon. -EINVAL with `why`: a rule is for another kind of indicator, or the plan has no such indicator. Otherwise what
 * suivi_ask_plan returns: the daemon did not answer, and it can be asked later. */
int plan_check(struct suivi *suivi, const struct statsd_settings *settings, int timeout_ms,
               struct fault *why);

#endif
