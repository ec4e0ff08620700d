/* The double buffer: while one transaction is written and synced on another thread, the next one fills.
 * Replies that say "counted" are held with the transaction they speak of and leave only when it is on disk.
 *
 * One thread, which drives intake, calls everything but committer_run. */
#ifndef SUIVI_DAEMON_INTAKE_COMMITTER_H
#define SUIVI_DAEMON_INTAKE_COMMITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/books/catalogue.h"
#include "daemon/intake/ledger.h"
#include "daemon/intake/pending.h"

#define COMMITTER_HELD_MAX       (16u << 10) /* replies held for one transaction */
#define COMMITTER_HELD_BYTES_MAX (64u << 20)

struct committer;

/* A reply that waits. When the commit fails, an error about (source, seq), or about the question `id`, goes out in
 * its place; seq and id are 0 where it speaks of none. */
struct committer_reply {
    struct str peer, frame, source;
    uint64_t seq, id;
};

/* Borrows all of them. */
void committer_new(struct committer **out, struct store *store, struct catalogue *catalogue,
                   struct ledger *ledger);
void committer_destroy(struct committer **committer);

/* The transaction that fills. */
struct pending *committer_filling(struct committer *committer);
void committer_hold(struct committer *committer, const struct committer_reply *reply); /* copies */

/* The row of a verdict (daemon/books/verdicts.h), wherever it is by now: copied to *row, the caller's to free; empty when there
 * is none. */
int committer_verdict(struct committer *committer, struct str key, struct str *row, struct fault *why);

/* Takes the act, which is done as the last thing of this transaction, and answers it then; nothing more is taken before
 * (committer_full). */
void committer_act(struct committer *committer, struct str peer, struct act *act);

bool committer_full(const struct committer *committer); /* take no more until a commit is done */
bool committer_busy(const struct committer *committer);
bool committer_wanted(const struct committer *committer); /* something waits, nothing is being written */

/* Swaps the buffers at `now`, Unix time (needs committer_wanted); then committer_run on any thread; then committer_finish, which
 * calls `release` for each reply that waited for this transaction. When it failed, `release` gets each reply
 * of both buffers with failed = true: nothing of them was counted, the sources will send them again. Returns
 * what committer_run returned, with `why`. */
void committer_start(struct committer *committer, int64_t now);
void committer_run(struct committer *committer);
int committer_finish(struct committer *committer,
                     void (*release)(void *arg, const struct committer_reply *reply, bool failed,
                                     const char *why),
                     void *arg, struct fault *why);

#endif
