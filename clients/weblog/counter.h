/* Counts the lines of one site's logs into libsuivi: every line goes through here, and whatever is counted is
 * committed here, in one transaction with the records that say how far each log was read. */
#ifndef SUIVI_WEBLOG_COUNTER_H
#define SUIVI_WEBLOG_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/collector/keys.h"
#include "clients/lib/suivi.h"
#include "clients/weblog/days.h"
#include "clients/weblog/epochs.h"
#include "clients/weblog/line.h"
#include "clients/weblog/records.h"
#include "clients/weblog/robots.h"

struct counter;

struct counter_options {
    const char *site;
    const struct str *languages;
    size_t language_count;   /* at least one */
    size_t default_language; /* index into `languages` */
    struct robots *robots;
    bool stamp;                /* visitors are counted by stamp, by hashes if not */
    struct str stamp_path;     /* not a page, but who asks for it is counted, too; empty: none */
    struct days days;          /* what lies on others is not sent */
    struct epochs_clock clock; /* zeros: the system's */
};

struct counter_sums { /* of this run */
    uint64_t requests, robots;
    int64_t malformed; /* negative when a line taken for malformed before turned out well */
    uint64_t too_late; /* page views in closed months: not among unique visitors */
    uint64_t unlogged; /* page views that were to be counted by stamp, in lines that have no field for it */
};

/* Borrows all. -E2BIG, -EINVAL ... with `why`. */
int counter_open(struct counter **out, struct suivi *suivi, struct keys *keys,
                 const struct counter_options *options, struct fault *why);
void counter_close(struct counter **counter); /* what is not committed is lost */

/* Records for whoever keeps something beside the counts; put there, it is saved by counter_commit. */
const struct records *counter_records(struct counter *counter);
struct str counter_site(const struct counter *counter);
const struct keys *counter_keys(const struct counter *counter);

/* A line that parsed; `day` is set to its day. -ERANGE: its time lies outside the calendar, it is to be taken
 * as malformed. */
int counter_line(struct counter *counter, const struct line *line, int32_t *day, struct fault *why);
void counter_malformed(struct counter *counter, int32_t day, int64_t number);

/* Commits all that was counted and put. `settled`: late lines are not to be waited for, tell returning
 * visitors now. -ENOSPC: nothing was saved, everything is still held, try again; after any other failure
 * what was not committed is not to be. */
int counter_commit(struct counter *counter, bool settled, struct fault *why);
bool counter_full(const struct counter *counter); /* memory is at its bound: commit */

/* All that was counted and put since the last commit never was. */
void counter_forget(struct counter *counter);

/* The end of a run: commits, tells every returning visitor, closes the months that are over, forgets old
 * clicks and destroys keys. What a run before could not finish of that is done, too. -ENOSPC: try again. */
int counter_finish(struct counter *counter, struct fault *why);

/* The site is counted no more: forgets its visitors, so that their keys can go. -ENOSPC: try again. */
int counter_end_site(struct counter *counter, struct fault *why);

/* A site of this state for which keys are kept that this one has needed no more for a month; *newest: its last line's time. NULL:
 * there is none, or nothing was finished yet. */
const char *counter_slow_site(const struct counter *counter, int64_t *newest);

/* Who stays is to finish now: at the start, when a month is over, and every two hours of the site's time. */
bool counter_finish_due(const struct counter *counter);

/* The day from which on visitors are counted by another method than in the run before; METHODS_NO_DAY (methods.h): as there.
 * And whether they are counted by stamp now. */
int32_t counter_method_since(const struct counter *counter);
bool counter_stamps(const struct counter *counter);

struct counter_sums counter_sums(const struct counter *counter);

#endif
