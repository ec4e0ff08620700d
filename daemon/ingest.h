/* What comes from collectors: hellos and batches. A batch is checked against the framework series by series,
 * its events are combined in memory, and its ack is written to be held until the commit.
 *
 * Knows nothing of sockets or of how the store is kept. */
#ifndef SUIVI_DAEMON_INGEST_H
#define SUIVI_DAEMON_INGEST_H

#include "daemon/catalogue.h"
#include "daemon/committer.h"
#include "daemon/ledger.h"
#include "proto/message.h"

struct ingest;

/* Borrows all of them. */
void ingest_new(struct ingest **out, struct catalogue *catalogue, struct ledger *ledger,
                struct committer *committer);
void ingest_destroy(struct ingest **ingest);

/* Writes the welcome, or an error, into `reply`; it may leave at once. */
void ingest_hello(struct ingest *ingest, const struct message_hello *hello, struct wire_writer *reply);

/* Takes one batch whole or not at all (`digest` is message_digest of its frame), and writes an ack or an
 * error. INGEST_HOLD: the reply speaks of what is not on disk yet, hold it with committer_hold. */
enum ingest_reply { INGEST_SEND, INGEST_HOLD };

enum ingest_reply ingest_batch(struct ingest *ingest, struct message_batch *batch, uint64_t digest,
                               struct wire_writer *reply);

#endif
