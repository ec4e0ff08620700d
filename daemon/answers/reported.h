/* Whether what a closing did not keep by itself can still be told as it was reported then: it is reckoned anew, from what
 * was known, by the plan of today. */
#ifndef SUIVI_DAEMON_ANSWERS_REPORTED_H
#define SUIVI_DAEMON_ANSWERS_REPORTED_H

#include "config/framework.h"
#include "daemon/figures/closings.h"
#include "daemon/store/store.h"

#define REPORTED_NOT_KEPT "was not kept by itself, and the definition changed since"

enum reported_plan {
    REPORTED_SAME = 1, /* the indicator means what it meant */
    REPORTED_CHANGED,  /* it means something else, itself or what it is made of */
    REPORTED_NEW,      /* the plan did not have it: nothing was reported */
};

/* How the plan stands to the one that the closing was made by. -EBADMSG with `why`; store errors. */
int reported_plan(enum reported_plan *out, struct store_snapshot *snapshot, const struct framework *framework,
                  size_t indicator, const struct closing *closing, struct fault *why);

#endif
