/* The daemon's side of the conversation with collectors: a hello opens a session and is answered with what is
 * on disk; a batch is counted once, by its number, and its ack is written to be held until the commit.
 *
 * Knows nothing of sockets, of threads or of how the store is kept. */
#ifndef SUIVI_DAEMON_INTAKE_INGEST_H
#define SUIVI_DAEMON_INTAKE_INGEST_H

#include "daemon/books/catalogue.h"
#include "daemon/intake/committer.h"
#include "daemon/intake/ledger.h"
#include "proto/message_flat.h"

struct ingest;

/* Sends a frame to a peer at once, and says whether the peer is still there to get it. */
struct ingest_reach {
    bool (*reach)(void *arg, struct str peer, struct str frame);
    void *arg;
};

/* Borrows all of them. */
void ingest_new(struct ingest **out, struct catalogue *catalogue, struct ledger *ledger,
                struct committer *committer, const struct ingest_reach *reach);
void ingest_destroy(struct ingest **ingest);

/* INGEST_HOLD: the reply speaks of what is not on disk yet, hold it with committer_hold. INGEST_BAD: it is no
 * batch, as `why` says, and there is no reply. */
enum ingest_reply { INGEST_SEND, INGEST_HOLD, INGEST_BAD };

/* Writes the welcome, or an error, into `reply`. A source that speaks through another outbox and connection
 * now keeps its name: that is an error. */
enum ingest_reply ingest_hello(struct ingest *ingest, struct str peer, const struct message_hello *hello,
                               struct wire_writer *reply);

/* Takes one batch whole or not at all (`digest` is message_digest of its frame, `now` Unix time), and writes
 * an ack or an error. */
enum ingest_reply ingest_batch(struct ingest *ingest, struct str peer, const struct message_batch *batch,
                               const struct message_flat *flat, uint64_t digest, int64_t now,
                               struct wire_writer *reply, struct fault *why);

#endif
