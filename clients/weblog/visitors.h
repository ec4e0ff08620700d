/* Who visited, how often, and who came back: page views of clients folded into visits, in whatever order they
 * come.
 *
 * A visit is an interval of page views without a gap over 30 minutes; it counts on the day, and in the
 * language, of its first view (of the first in the log when several share a second). A view that joins,
 * begins or splits none of them changes nothing; one that joins two visits or moves the start of one changes
 * the tally by a plus and a minus.
 *
 * Memory is a cache before the records: per client and month, under the hash of that month's key, the visits
 * that begin in it. Its bound is kept by the caller: when visitors_full, save, commit and forget. */
#ifndef SUIVI_WEBLOG_VISITORS_H
#define SUIVI_WEBLOG_VISITORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/weblog/client.h"
#include "clients/weblog/epochs.h"
#include "clients/weblog/records.h"
#include "clients/weblog/tally.h"

#define VISITORS_GAP 1800 /* seconds of silence that end a visit: one more and it is over */

struct visitors;

/* Borrows all of them but `site`, which is copied. */
void visitors_new(struct visitors **out, const struct records *records, struct epochs *epochs,
                  struct tally *tally, struct str site, size_t clients_max);
void visitors_destroy(struct visitors **visitors);

/* One page view; `day` and `month` are those of `at`, `language` below TALLY_LANGUAGES. */
int visitors_view(struct visitors *visitors, const struct client *client, int64_t at, int32_t day,
                  int32_t month, unsigned language, struct fault *why);

/* Asks for the memory that visitors_view will want for this client, without waiting for it: called with 0 to
 * VISITORS_HINTS - 1 in turn, some time apart, each finds what the one before asked for. */
#define VISITORS_HINTS 3
void visitors_hint(const struct visitors *visitors, const struct client *client, unsigned hint);

/* Tells the tally about returning visitors among the clients seen since the last time. A set cannot be taken
 * back, so this waits until late lines have settled: the end of a run. */
void visitors_judge(struct visitors *visitors);

/* The same for clients that are in the records only (forgotten, or left by a run that was killed): some of
 * them; `more` says that there were some, and that after a commit it should be called again. Only while
 * nothing is held in memory. */
int visitors_judge_stored(struct visitors *visitors, bool *more, struct fault *why);

/* Puts what changed into the records. */
int visitors_save(struct visitors *visitors, struct fault *why);

bool visitors_full(const struct visitors *visitors);
bool visitors_unjudged(const struct visitors *visitors); /* visitors_judge has something to do */
void visitors_forget(struct visitors *visitors);         /* what is in memory, saved or not */

/* Page views in closed months, which know no visitors any more. */
uint64_t visitors_too_late(const struct visitors *visitors);

#endif
