/* Counts the messages of one list's archive, each post once: every message goes through here, and what is counted is committed
 * here, in one transaction with the identities of the posts. */
#ifndef SUIVI_LISTSERV_COUNTER_H
#define SUIVI_LISTSERV_COUNTER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "clients/lib/suivi.h"
#include "clients/listserv/identity.h"
#include "clients/listserv/mbox.h"
#include "proto/fault.h"

#define COUNTER_NO_DAY INT32_MIN

struct counter;

struct counter_sums { /* of this run */
    uint64_t read, known, undated;
    int64_t
        posts; /* a last message that has grown since is counted anew, and what it was before taken back */
};

/* Borrows all. `suivi` NULL: of a dry run without a state. `keys`: the directory of the months' keys; NULL in a dry run. */
int counter_open(struct counter **out, struct suivi *suivi, const struct identities *identities,
                 const char *list, const char *keys, struct fault *why);
void counter_close(struct counter **counter); /* what is not committed is lost */

struct str counter_list(const struct counter *counter);

/* What became of a message. */
struct counted {
    struct identity identity;
    bool added;
    int32_t day; /* COUNTER_NO_DAY: it has none */
};

int counter_message(struct counter *counter, const struct mbox_message *message, struct counted *counted,
                    struct fault *why);

/* Nothing of that is counted, if it still is. */
int counter_take_back(struct counter *counter, const struct identity *identity, int32_t day,
                      struct fault *why);

/* -ENOSPC: nothing was saved, everything is still held, call it again before any other. */
int counter_commit(struct counter *counter, struct fault *why);
bool counter_full(const struct counter *counter); /* commit */

/* At the end of a run: destroys the keys of months that are over. All lists of a state share them; the month of the newest post of
 * any, and the one before it, are not over. */
int counter_destroy_keys(struct counter *counter, struct fault *why);

/* What would be sent, as CSV; nothing is held any more. */
void counter_print(struct counter *counter, FILE *out);

struct counter_sums counter_sums(const struct counter *counter);

#endif
