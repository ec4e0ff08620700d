/* What happens to the keys, for who reads the figures of visitors: how long each day's key is used (a method); that another key
 * counts from some day on, and so visitors who came before and after it are two (a break); and that the key of an
 * epoch was destroyed (an event). What was told and what is to be told lies in records, so that each is told once, whatever is
 * killed. */
#ifndef SUIVI_WEBLOG_KEY_EVENTS_H
#define SUIVI_WEBLOG_KEY_EVENTS_H

#include <stdint.h>

#include "clients/collector/keys.h"
#include "clients/weblog/days.h"
#include "clients/weblog/epochs.h"
#include "clients/weblog/records.h"

/* A remark on the figures of visitors of a site. */
enum key_remark { KEY_METHOD, KEY_BREAK, KEY_DESTROYED };
struct key_teller {
    void *arg;
    int (*tell)(void *arg, struct str site, int32_t day, enum key_remark remark, const char *note,
                struct fault *why);
};

struct key_events;

/* Borrows all but `site`, which is copied. */
void key_events_new(struct key_events **out, const struct records *records, struct keys *keys,
                    const struct epochs *epochs, const struct key_teller *teller, struct str site,
                    struct days days);
void key_events_destroy(struct key_events **events);

/* -EINVAL: this state has its keys elsewhere, or the directory is not the one it shared before. Else the others who share it know
 * from now on that this collector needs keys. */
int key_events_begin(struct key_events *events, struct fault *why);

/* A visitor of that day is sent under the key of its month. */
void key_events_counted(struct key_events *events, int32_t day);

/* Puts and tells what was counted since the last time, before it is committed. */
int key_events_settle(struct key_events *events, struct fault *why);
void key_events_forget(struct key_events *events); /* it never was */

/* After keys_destroy_before, for all sites of this state: tells of each key that is gone. *told: of some; the caller commits. */
int key_events_gone(struct key_events *events, int32_t month, bool *told, struct fault *why);

#endif
