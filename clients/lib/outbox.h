/* The outbox: batches until the daemon has them on disk, and the caller's records, in one LMDB file of the
 * client's state directory. Each change is one synced transaction. The file grows as needed, up to a bound.
 *
 * meta: "format" -> "1"; "id" -> 32 hex digits, drawn when the outbox is made; "source"; "next" -> 8 bytes,
 * big-endian; "stale" -> a sentence, see outbox_mark_stale.
 *
 * batches: sequence number, 8 bytes big-endian -> the batch message as it is sent.
 *
 * records: the caller's keys -> values. */
#ifndef SUIVI_LIB_OUTBOX_H
#define SUIVI_LIB_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "clients/lib/staged.h"
#include "proto/fault.h"
#include "proto/str.h"

#define OUTBOX_FORMAT    "1"
#define OUTBOX_BYTES_MAX (UINT64_C(4) << 30)
#define OUTBOX_KEY_MAX   255 /* bytes of a record's key; at least one */

struct outbox;

struct outbox_batch {
    uint64_t seq;
    struct str bytes;
};

/* Opens or makes DIRECTORY/outbox.mdb, which belongs to `source`; the caller holds the directory's lock.
 * Commits are refused past `max_bytes`. -ENOTSUP: written by another version; -EBADMSG: damaged, or no
 * outbox; -EINVAL: of another source. */
int outbox_open(struct outbox **out, const char *directory, const char *source, uint64_t max_bytes,
                struct fault *why);
void outbox_close(struct outbox **outbox);

struct str outbox_id(const struct outbox *outbox);    /* borrowed as long as the outbox */
const char *outbox_path(const struct outbox *outbox); /* of its file; likewise */
uint64_t outbox_next(const struct outbox *outbox);    /* number of the next batch; the first one is 1 */
uint64_t outbox_waiting(const struct outbox *outbox); /* batches in it */

/* After a write that failed, what is on disk shows only when the file is opened anew: 0 when that was done,
 * and the two above are right again. */
int outbox_look_again(struct outbox *outbox, struct fault *why);

/* This outbox was put back from an older copy, as `sentence` says: from now on it takes no batch and none is
 * to be sent from it, also when it is opened anew. When that cannot be written down, it is known to this
 * process only. outbox_stale: the sentence, or NULL. */
int outbox_mark_stale(struct outbox *outbox, const char *sentence, struct fault *why);
const char *outbox_stale(const struct outbox *outbox);

/* Saves batches, numbered from outbox_next without gaps, and records. 0, or nothing was saved: -ENOSPC
 * (outbox or disk full), -ESTALE, another errno. The same, and more behind it, can be tried again. */
int outbox_commit(struct outbox *outbox, const struct outbox_batch *batches, size_t count,
                  struct staged *records, struct fault *why);

/* The first batch numbered `from` or higher, borrowed until the next call on `outbox`; -ENOENT when there is
 * none. */
int outbox_read(struct outbox *outbox, uint64_t from, struct outbox_batch *out, struct fault *why);

/* Puts other bytes in the place of a batch that is there. */
int outbox_replace(struct outbox *outbox, const struct outbox_batch *batch, struct fault *why);

/* Drops batches; numbers that are not there are passed over. */
int outbox_remove(struct outbox *outbox, const uint64_t *seqs, size_t count, struct fault *why);

/* A saved record, borrowed until the next call on `outbox`; -ENOENT when there is none. */
int outbox_record(struct outbox *outbox, struct str key, struct str *value, struct fault *why);

/* Visits the records whose keys begin with `prefix`, in key order, as they will be once `staged` is
 * committed, until `visit` returns other than 0: that is returned. `visit` may call neither. */
int outbox_scan(struct outbox *outbox, struct staged *staged, struct str prefix,
                int (*visit)(void *arg, struct str key, struct str value), void *arg, struct fault *why);

#endif
