/* The months of one site: which of them have visitors' records in the state, which are over and forgotten,
 * and how far the site's own time has come. Each has a key, which may
 * be that of a longer epoch (clients/collector/keys.h).
 *
 * Last month's key is kept one month longer, because a returning visitor may have been seen then; everything
 * before the horizon is closed: its records and keys are gone, and nobody can be recognised there any more.
 */
#ifndef SUIVI_WEBLOG_EPOCHS_H
#define SUIVI_WEBLOG_EPOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/weblog/records.h"

#define EPOCHS_LATE 7200 /* seconds that a line may come late and still be judged in order */

struct epochs;

/* Unix seconds. Asked whenever a line seems to come from the future, for a program that stays sees years go
 * by. */
struct epochs_clock {
    int64_t (*now)(void *arg); /* NULL: the system's clock */
    void *arg;
};

/* A line from the future does not move the site's time past the clock's (by more than a day). `records` is
 * borrowed, `site` copied. -EINVAL: the stored record is not one of ours. */
int epochs_load(struct epochs **out, const struct records *records, struct str site,
                struct epochs_clock clock, struct fault *why);
void epochs_destroy(struct epochs **epochs);

int epochs_save(struct epochs *epochs, struct fault *why);

void epochs_seen(struct epochs *epochs, int64_t at); /* a line of that time */
int64_t epochs_newest(const struct epochs *epochs);  /* INT64_MIN: none yet */

/* A month gets records; and may it have some that are not in memory: stored before this run, or before
 * epochs_reload? */
void epochs_open(struct epochs *epochs, int32_t month);
bool epochs_stored(const struct epochs *epochs, int32_t month);
void epochs_reload(struct epochs *epochs);

bool epochs_closed(const struct epochs *epochs, int32_t month);

/* Months can be closed; and closes them: moves the horizon to the month before the newest time's. */
bool epochs_over(const struct epochs *epochs);
void epochs_advance(struct epochs *epochs);

/* The first second of a month, and of the one after it. */
void epochs_bounds(int32_t month, int64_t *begin, int64_t *end);

/* Is this horizon of another site more than a month behind? */
bool epochs_lags(const struct epochs *epochs, int32_t horizon);

/* Closes all months, for good: no line of this site is expected any more. One that comes in a later run is a new site's. */
void epochs_end(struct epochs *epochs);
bool epochs_ended(const struct epochs *epochs); /* in this run */

/* The newest time (INT64_MIN: no line was read) and the horizon in a stored record of epochs; to agree with the other sites of a
 * state on the keys that may go. */
int epochs_read(struct str value, int64_t *newest, int32_t *horizon);

#endif
