/* What explain_gone.c and query_gone.c say of an indicator that the plan has no more. */
#ifndef SUIVI_DAEMON_ANSWERS_GONE_H
#define SUIVI_DAEMON_ANSWERS_GONE_H

#include "daemon/answers/words.h"
#include "daemon/figures/closings.h"

#define GONE_NOTE "as reported; the plan has this indicator no more"

/* Adds the periods of which it was reported: "2018-Q1, 2018". Empty: of none. -EBADMSG with `why`. */
int gone_periods(const struct closings *closings, struct str indicator, struct words *words,
                 struct fault *why);

/* -EINVAL, with the periods in `why`, for who asked for others. */
int gone_refuse(struct str indicator, const struct words *periods, struct fault *why);

#endif
