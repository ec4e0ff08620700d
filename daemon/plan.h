/* What the plan promises to measure: the framework's indicators as an answer, and which periods are closed. */
#ifndef SUIVI_DAEMON_PLAN_H
#define SUIVI_DAEMON_PLAN_H

#include "config/framework.h"
#include "daemon/frames.h"
#include "daemon/store.h"
#include "proto/message.h"

/* -EINVAL: a pattern matches no indicator; `why` is for the one who asks. */
int plan_run(struct frames **out, const struct message_plan *question, const struct framework *framework,
             struct fault *why);

/* Store errors. */
int plan_closings_run(struct frames **out, const struct message_closings *question, struct store *store,
                      struct fault *why);

#endif
