/* What each indicator meant, since when and in which words: a row for each change of its definition or of its words that
 * the daemon met when it started. Figures on both sides of a change of what it means do not compare. */
#ifndef SUIVI_DAEMON_BOOKS_DEFINITIONS_H
#define SUIVI_DAEMON_BOOKS_DEFINITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/framework.h"
#include "daemon/books/wording.h"
#include "daemon/store/store.h"

struct definition {
    struct str version; /* as the framework says; may be empty */
    int32_t since;      /* day from which the figures are by it */
    int64_t seen;       /* Unix time at which the daemon first met it */
    uint64_t meaning;   /* framework_meaning */
    uint32_t vintage;   /* from which it holds; 0: not known, `seen` tells */
    struct str wording; /* daemon/books/wording.h; empty: not kept, it is of a daemon that did not yet */
};

/* Compares the framework with what the store knows and writes down what is new; at start, before anything else is
 * written, and after catalogue_new, which refuses an indicator that is now of another kind. A disk without room is no
 * failure: the next start tries again. */
int definitions_update(struct store *store, const struct framework *framework, int64_t now,
                       struct fault *why);

/* Those of one indicator, oldest first; borrowed from the snapshot. Other words for the same thing are not told apart: the
 * last ones stand for all. */
int definitions_each(struct store_snapshot *snapshot, struct str indicator,
                     int (*visit)(void *arg, const struct definition *definition), void *arg,
                     struct fault *why);

/* The one, and its words, that held at the end of a vintage, which was at that time. -ENOENT: none was known yet. */
int definitions_find(struct store_snapshot *snapshot, struct str indicator, uint32_t vintage, int64_t at,
                     struct definition *out, struct fault *why);

bool definitions_valid(struct str key, struct str row);

#endif
