/* Counts the messages of one list's archive, each post once: every message goes through here, and what is counted is committed
 * here, in one transaction with the identities of the posts. */
#ifndef SUIVI_LISTSERV_CENSUS_H
#define SUIVI_LISTSERV_CENSUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "clients/lib/suivi.h"
#include "clients/listserv/identity.h"
#include "clients/listserv/mbox.h"
#include "clients/listserv/poster_keys.h"
#include "proto/fault.h"

#define CENSUS_NO_DAY INT32_MIN

struct census;

struct census_sums { /* of this run */
    uint64_t read, known, undated;
    int64_t
        posts; /* a last message that has grown since is counted anew, and what it was before taken back */
};

/* Borrows all. `suivi` NULL: of a dry run without a state. `keys`: of all lists. */
int census_open(struct census **out, struct suivi *suivi, const struct identities *identities,
                const char *list, struct poster_keys *keys, struct fault *why);
void census_close(struct census **census); /* what is not committed is lost */

struct str census_list(const struct census *census);

/* What became of a message. */
struct counted {
    struct identity identity;
    bool added;
    int32_t day; /* CENSUS_NO_DAY: it has none */
};

int census_message(struct census *census, const struct mbox_message *message, struct counted *counted,
                   struct fault *why);

/* Nothing of that is counted, if it still is. */
int census_take_back(struct census *census, const struct identity *identity, int32_t day, struct fault *why);

/* -ENOSPC: nothing was saved, everything is still held, call it again before any other. */
int census_commit(struct census *census, struct fault *why);
bool census_full(const struct census *census); /* commit */

/* At the end of a run: destroys the keys of months that are over. All lists of a state share them; the month of the newest post of
 * any, and the one before it, are not over. */
int census_destroy_keys(struct suivi *suivi, struct poster_keys *keys, struct fault *why);

/* What would be sent, as CSV; nothing is held any more. */
void census_print(struct census *census, FILE *out);

struct census_sums census_sums(const struct census *census);

#endif
