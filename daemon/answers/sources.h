/* What was heard from each source: the ledger's rows as an answer, from one snapshot of the store, on any
 * thread. */
#ifndef SUIVI_DAEMON_ANSWERS_SOURCES_H
#define SUIVI_DAEMON_ANSWERS_SOURCES_H

#include "daemon/io/frames.h"
#include "daemon/store/store.h"
#include "proto/message.h"

/* Store errors; `why` is for the one who asks. */
int sources_run(struct frames **out, const struct message_sources *question, struct store *store,
                struct fault *why);

#endif
