/* Which periods are closed, as an answer. */
#ifndef SUIVI_DAEMON_ANSWERS_CLOSED_H
#define SUIVI_DAEMON_ANSWERS_CLOSED_H

#include "daemon/io/frames.h"
#include "daemon/store/store.h"
#include "proto/message.h"

/* Store errors. */
int closed_run(struct frames **out, const struct message_closings *question, struct store *store,
               struct fault *why);

#endif
