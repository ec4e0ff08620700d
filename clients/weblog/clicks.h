/* Downloads: the same path by the same client within 30 seconds of the last counted one is counted once, in
 * the order of time whatever the order of lines.
 *
 * Clicks are gathered and judged when clicks_settle is asked to: a click that counted and no longer does,
 * because an earlier one came late, is taken back from the tally. Clicks of the last two hours of the site's
 * time (EPOCHS_LATE) go into the records, under the hash of client and path with the month's key, for the
 * next run. */
#ifndef SUIVI_WEBLOG_CLICKS_H
#define SUIVI_WEBLOG_CLICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/weblog/client.h"
#include "clients/weblog/epochs.h"
#include "clients/weblog/records.h"
#include "clients/weblog/tally.h"

#define CLICKS_GAP 30 /* seconds */

struct clicks;

/* Borrows all of them but `site`, which is copied. */
void clicks_new(struct clicks **out, const struct records *records, struct epochs *epochs,
                struct tally *tally, struct str site, size_t clicks_max);
void clicks_destroy(struct clicks **clicks);

int clicks_add(struct clicks *clicks, const struct client *client, struct str path, int64_t at, int32_t month,
               unsigned language, struct fault *why);

/* Judges what is new, tells the tally, and puts what the next run must know into the records. */
int clicks_settle(struct clicks *clicks, struct fault *why);

/* Drops records that are too old to matter; after a commit. `more`: there may be others, call it again after
 * another. */
int clicks_prune(struct clicks *clicks, bool *more, struct fault *why);

bool clicks_full(const struct clicks *clicks);
void clicks_forget(struct clicks *clicks); /* what is in memory, settled or not */

#endif
