/* Is the store whole? All of it is gone through, on one snapshot and any thread, while batches come in: every
 * record has its shape, names are numbered without gaps, every cell's series and source exist, every month is
 * the fold of its days and has some, the ledger balances, and what it counted is what the cells hold.
 *
 * Memory stays within bounds whatever the store's size: a byte for each series, some for each source, and what
 * the sources counted in one month, in 64 neighbouring series' sums (34 MB with as many sources as there may
 * be) or one series' sets (one source's set, and 24 bytes for each set of a day). */
#ifndef SUIVI_DAEMON_AUDIT_AUDIT_H
#define SUIVI_DAEMON_AUDIT_AUDIT_H

#include <stdbool.h>

#include "daemon/io/frames.h"
#include "daemon/store/store.h"
#include "proto/message.h"

#define AUDIT_FINDINGS_MAX 1000 /* told one by one, more are only numbered */

/* `now` is Unix time. `go_on` is asked for every page and record; -ECANCELED when it says no. Else store errors;
 * `why` is for the one who asks. Damage is no error. */
int audit_run(struct frames **out, const struct message_check *question, struct store *store, int64_t now,
              bool (*go_on)(void *arg), void *arg, struct fault *why);

#endif
