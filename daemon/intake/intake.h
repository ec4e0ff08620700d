/* All that collectors meet, without sockets and threads: frames go in, replies come out, and between them
 * commits are started, run and finished. The daemon drives it from a thread of its own (daemon/intake/lane.h), a
 * simulation from a loop.
 *
 *   while there are frames and intake_full says no: intake_take
 *   when intake_wanted: intake_start; then intake_run, on any thread; then intake_finish */
#ifndef SUIVI_DAEMON_INTAKE_INTAKE_H
#define SUIVI_DAEMON_INTAKE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/books/catalogue.h"
#include "daemon/store/store.h"

struct intake;

/* The way out: `send` lets a frame go, and it may get lost; `reach` sends it at once and says whether the peer
 * is still there. */
struct intake_peers {
    void (*send)(void *arg, struct str peer, struct str frame);
    bool (*reach)(void *arg, struct str peer, struct str frame);
    void *arg;
};

/* Borrows `catalogue` and `store`; reads the ledger. */
int intake_new(struct intake **out, struct catalogue *catalogue, struct store *store,
               const struct intake_peers *peers, struct fault *why);
void intake_destroy(struct intake **intake); /* what was not committed is gone: it was not acknowledged */

/* Takes one frame whole; `now` is Unix time. Whatever it is, it gets an answer, now or after the commit. */
void intake_take(struct intake *intake, struct str peer, struct str frame, int64_t now);
bool intake_full(const struct intake *intake); /* take no more until a commit is finished */

bool intake_wanted(const struct intake *intake); /* something waits for a commit, and none is under way */
bool intake_busy(const struct intake *intake);   /* one is */
void intake_start(struct intake *intake);
void intake_run(struct intake *intake);
void intake_finish(struct intake *intake);

#endif
