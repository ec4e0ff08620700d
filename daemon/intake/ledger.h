/* What was counted, exactly once: the balance of each numbering of batches (daemon/books/balance.h). Rows go to disk
 * in the same transaction as the cells they speak of.
 *
 * A row runs ahead in memory while its batches wait for their commit; ledger_settled and ledger_undone say
 * what came of it. */
#ifndef SUIVI_DAEMON_INTAKE_LEDGER_H
#define SUIVI_DAEMON_INTAKE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/intake/pending.h"
#include "daemon/store/store.h"
#include "proto/str.h"

#define LEDGER_ENTRIES_MAX (64u << 10)
#define LEDGER_RECENT      64 /* batches whose digests are kept in memory: as many as a source's credit */

struct ledger;
struct ledger_entry;

int ledger_new(struct ledger **out, struct store *store, struct fault *why);
void ledger_destroy(struct ledger **ledger);

/* NULL when there is none. */
struct ledger_entry *ledger_find(struct ledger *ledger, struct str source, struct str outbox);

/* Finds or makes it; -ENOSPC at LEDGER_ENTRIES_MAX. */
int ledger_open(struct ledger *ledger, struct str source, struct str outbox, struct ledger_entry **out,
                struct fault *why);

uint64_t ledger_on_disk(const struct ledger_entry *entry); /* last sequence number that is synced */
uint64_t ledger_taken(const struct ledger_entry *entry);   /* last one taken, on disk or on its way */

/* message_digest of the last one on disk, and of the last one taken; 0: not known */
uint64_t ledger_digest(const struct ledger_entry *entry);
uint64_t ledger_taken_digest(const struct ledger_entry *entry);

/* Whether batch `seq`, which was taken, had that digest, as far as is known. */
bool ledger_same(const struct ledger_entry *entry, uint64_t seq, uint64_t digest);

/* Whether batch `seq` was given up: it was never counted, and never will be. Of several gaps the last one is known. */
bool ledger_given_up(const struct ledger_entry *entry, uint64_t seq);

struct str ledger_key(const struct ledger_entry *entry); /* of its row; borrowed as long as the ledger */

/* What a batch brought. */
struct ledger_batch {
    uint64_t digest;            /* of its frame */
    uint64_t read;              /* events, as many as it says to carry */
    uint64_t accepted, refused; /* of these, each counted for itself */
    int64_t total;              /* of the accepted numbers */
    int64_t now;                /* Unix time */
};

/* Batch `taken + 1` is combined. */
void ledger_take(struct ledger *ledger, struct ledger_entry *entry, const struct ledger_batch *batch);

/* One that was taken came again, with so many events. */
void ledger_repeat(struct ledger *ledger, struct ledger_entry *entry, uint64_t read, int64_t now);

/* The source no longer has the batches up to `last` (> taken): they are counted as a gap. */
void ledger_skip(struct ledger *ledger, struct ledger_entry *entry, uint64_t last);

/* There are rows that ledger_write has not handed on. */
bool ledger_changed(const struct ledger *ledger);

/* Hands the changed rows to the transaction that is about to be written; then one of the two below must
 * follow before the next call. After ledger_undone every row stands as on disk: whatever was taken since must
 * come again. */
void ledger_write(struct ledger *ledger, struct pending *pending);
void ledger_settled(struct ledger *ledger);
void ledger_undone(struct ledger *ledger);

#endif
