/* What the plan promises to measure: the framework's indicators as an answer. */
#ifndef SUIVI_DAEMON_ANSWERS_PLAN_H
#define SUIVI_DAEMON_ANSWERS_PLAN_H

#include "config/framework.h"
#include "daemon/io/frames.h"
#include "proto/message.h"

/* -EINVAL: a pattern matches no indicator; `why` is for the one who asks. */
int plan_run(struct frames **out, const struct message_plan *question, const struct framework *framework,
             struct fault *why);

#endif
