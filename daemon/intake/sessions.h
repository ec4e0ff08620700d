/* Who speaks for a source now: the one connection (a peer, as the socket names it) and the outbox it said
 * hello with. One source has one session; a hello from elsewhere ends the one before, if ingest lets it.
 *
 * Bounded: when all are taken, the one that was quiet longest is forgotten, and has to say hello again. */
#ifndef SUIVI_DAEMON_INTAKE_SESSIONS_H
#define SUIVI_DAEMON_INTAKE_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"

#define SESSIONS_MAX (16u << 10)

struct sessions;

struct session {
    struct str source, outbox, peer;
    uint64_t skipped; /* the numbers up to this one were given up, and the ledger does not know yet */
    uint64_t heard;   /* counts hellos and batches of all sessions: the lowest was quiet longest */
};

void sessions_new(struct sessions **out);
void sessions_destroy(struct sessions **sessions);

/* NULL: nobody speaks for that source. Borrowed until the next call but this. */
const struct session *sessions_find(const struct sessions *sessions, struct str source);

/* Copies the texts. */
void sessions_begin(struct sessions *sessions, struct str source, struct str outbox, struct str peer,
                    uint64_t skipped);

void sessions_end(struct sessions *sessions, struct str source); /* nobody speaks for it any more */

/* Whether this peer may send batches of that source and outbox; if so, it was heard. */
bool sessions_speaks(struct sessions *sessions, struct str source, struct str outbox, struct str peer);

#endif
