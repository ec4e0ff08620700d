/* When each source was last heard from, whatever outbox it spoke through. */
#ifndef SUIVI_DAEMON_BOOKS_HEARD_H
#define SUIVI_DAEMON_BOOKS_HEARD_H

#include "daemon/store/store.h"

/* Calls back once for each source of the ledger, by its name, until a result other than 0, which is returned. `at` is
 * Unix time; 0: no batch came yet. The name is borrowed from the snapshot. -EBADMSG: the ledger is damaged. */
int heard_each(struct store_snapshot *snapshot, int (*visit)(void *arg, struct str source, int64_t at),
               void *arg, struct fault *why);

#endif
