/* By which method the visitors of a site are counted, from which day on: by hashes under a key (epochs.h), or by stamp
 * (stamp.h). One day is never counted by both: a change holds from the day after the last one that was heard from. */
#ifndef SUIVI_WEBLOG_METHODS_H
#define SUIVI_WEBLOG_METHODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/weblog/records.h"

#define METHODS_MAX 64

struct methods { /* all zero: by hashes since ever */
    size_t count;
    struct method {
        int32_t from; /* a day */
        bool stamp;
    } at[METHODS_MAX];
    bool changed; /* not saved yet */
};

#define METHODS_NO_DAY INT32_MIN

/* `newest`: the last day that was heard from, or METHODS_NO_DAY. -EINVAL: the stored record is not one of ours; -E2BIG: it
 * was changed too often. */
int methods_load(struct methods *methods, const struct records *records, struct str site, bool stamp,
                 int32_t newest, struct fault *why);
int methods_save(struct methods *methods, const struct records *records, struct str site, struct fault *why);

bool methods_stamp(const struct methods *methods, int32_t day);

/* "stamp" or "keyed hash": what the daemon is told of that day, for whom figures before and after a change are two series;
 * NULL: this site never knew but the one. */
const char *methods_name(const struct methods *methods, int32_t day);

/* The day from which on the present method holds, and another one did before; METHODS_NO_DAY: none did. */
int32_t methods_since(const struct methods *methods);

#endif
