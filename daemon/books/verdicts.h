/* Which events of a batch were refused when it was taken: a batch that comes again is answered as the first time,
 * whatever the framework says by then. A row for each of the last batches of an outbox of which events were
 * refused: the key is the ledger's (daemon/books/balance.h), NUL, and the sequence number. */
#ifndef SUIVI_DAEMON_BOOKS_VERDICTS_H
#define SUIVI_DAEMON_BOOKS_VERDICTS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/books/balance.h"
#include "daemon/store/store.h"
#include "proto/wire.h"

#define VERDICTS_KEPT    64 /* batches of an outbox: as many as may be unacknowledged */
#define VERDICTS_KEY_MAX (BALANCE_KEY_MAX + 1 + 8)

struct verdict {
    uint32_t reason_count, refused_count;
    struct str reasons, refused; /* as message_write_ack takes them, written already; borrowed */
};

struct str verdicts_key(char key[static VERDICTS_KEY_MAX], struct str ledger_key, uint64_t seq);

/* Writes the row to the end of `writer`. */
void verdicts_encode(struct wire_writer *writer, uint32_t reason_count, const struct wire_writer *reasons,
                     uint32_t refused_count, const struct wire_writer *refused);
int verdicts_decode(struct str row, struct verdict *out); /* -EBADMSG: it is none; borrows from `row` */

/* Puts a row, and takes those away that are too old to be asked for. */
int verdicts_put(struct store_write *write, struct str key, struct str row, struct fault *why);

bool verdicts_valid(struct str key, struct str row); /* for who checks the store */

#endif
