/* How many entries each series has, so that none gets more than a question can weigh against each other. It is an
 * estimate from above, since an entry that comes twice is kept once: where it reaches the bound, those on disk are
 * counted anew. For the thread that drives intake. */
#ifndef SUIVI_DAEMON_BOOKS_QUOTA_H
#define SUIVI_DAEMON_BOOKS_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/store.h"

struct quota;

/* Borrows the store. At most `max` entries of a series. */
void quota_new(struct quota **out, struct store *store, uint32_t max);
void quota_destroy(struct quota **quota);

/* One more of that series; false: it has as many as may be. */
bool quota_take(struct quota *quota, uint32_t series);

/* What is taken between these two is not kept, but given back. */
void quota_try(struct quota *quota);
void quota_give_back(struct quota *quota);

/* What was taken up to now is on its way to the disk; what was so before this call is there, or was given up. */
void quota_turn(struct quota *quota);

#endif
