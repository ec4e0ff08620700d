/* Events that were refused, by source and indicator: how many, when last, and why. */
#ifndef SUIVI_DAEMON_BOOKS_REFUSALS_H
#define SUIVI_DAEMON_BOOKS_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/store.h"

struct refusal {
    uint32_t source;
    struct str indicator; /* empty: one that the framework does not have */
    uint64_t count;
    int64_t at;        /* Unix time of the last one */
    struct str reason; /* of the last one */
};

/* Adds to the row of that source and indicator. */
int refusals_add(struct store_write *write, const struct refusal *refusal, struct fault *why);

/* Those of one indicator, by source; borrowed from the snapshot. */
int refusals_each(struct store_snapshot *snapshot, struct str indicator,
                  int (*visit)(void *arg, const struct refusal *refusal), void *arg, struct fault *why);

bool refusals_valid(struct str key, struct str row);

#endif
