/* What each indicator meant, and since when: a row for each change of its definition that the daemon met when it
 * started. Figures on both sides of a change do not compare. */
#ifndef SUIVI_DAEMON_BOOKS_DEFINITIONS_H
#define SUIVI_DAEMON_BOOKS_DEFINITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/framework.h"
#include "daemon/store/store.h"

struct definition {
    struct str version; /* as the framework says; may be empty */
    int32_t since;      /* day from which the figures are by it */
    int64_t seen;       /* Unix time at which the daemon first met it */
    uint64_t meaning;   /* framework_meaning */
};

/* Compares the framework with what the store knows and writes down what is new; at start, before anything else is
 * written, and after catalogue_new, which refuses an indicator that is now of another kind. A disk without room is no
 * failure: the next start tries again. */
int definitions_update(struct store *store, const struct framework *framework, int64_t now,
                       struct fault *why);

/* Those of one indicator, oldest first; borrowed from the snapshot. */
int definitions_each(struct store_snapshot *snapshot, struct str indicator,
                     int (*visit)(void *arg, const struct definition *definition), void *arg,
                     struct fault *why);

bool definitions_valid(struct str key, struct str row);

#endif
