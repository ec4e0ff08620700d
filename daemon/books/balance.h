/* The balance of one numbering of batches (a source and its outbox), as the ledger keeps it on disk: every
 * event that was read is counted, refused or repeated. */
#ifndef SUIVI_DAEMON_BOOKS_BALANCE_H
#define SUIVI_DAEMON_BOOKS_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/message.h"
#include "proto/str.h"

struct balance {
    uint64_t last;                /* sequence number of the last batch */
    uint64_t batches;             /* counted */
    uint64_t batches_again;       /* that came again, and were not */
    uint64_t read;                /* events in all of these, as many as each said to carry */
    uint64_t accepted, refused;   /* events of the counted batches */
    uint64_t repeated;            /* events of the others */
    uint64_t missing;             /* numbers that the source had nothing for any more */
    int64_t heard;                /* Unix time of the last batch; 0: there was none */
    uint64_t digest;              /* of batch `last`; 0: it is missing */
    uint64_t total;               /* of the accepted numbers of count indicators; wraps round */
    uint64_t gap_first, gap_last; /* the last numbers that were given up; 0: none were */
};

#define BALANCE_FIELDS  13
#define BALANCE_BYTES   (1 + 8 * BALANCE_FIELDS) /* a version, then numbers of 8 bytes */
#define BALANCE_KEY_MAX (MESSAGE_SOURCE_MAX + 1 + MESSAGE_OUTBOX_MAX)

void balance_encode(const struct balance *balance, uint8_t out[static BALANCE_BYTES]);
int balance_decode(struct str bytes, struct balance *out); /* -EBADMSG: no row of this version */

/* read = accepted + refused + repeated, and last = batches + missing. -EBADMSG with `why` in numbers. */
int balance_check(const struct balance *balance, struct fault *why);

/* A row's key: source, NUL, outbox. */
struct str balance_key(char key[static BALANCE_KEY_MAX], struct str source, struct str outbox);
int balance_key_parse(struct str key, struct str *source, struct str *outbox); /* -EBADMSG: none of ours */

#endif
