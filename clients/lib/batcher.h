/* What was counted since the last commit, encoded into batches as it comes: the batch being filled, and those
 * that are full. */
#ifndef SUIVI_LIB_BATCHER_H
#define SUIVI_LIB_BATCHER_H

#include <stddef.h>
#include <stdint.h>

#include "clients/lib/outbox.h"
#include "proto/dims.h"
#include "proto/entry.h"
#include "proto/fault.h"
#include "proto/wire.h"

/* A batch is closed when one more event could take it past one of these; well below what the daemon takes. */
#define BATCHER_SERIES_MAX 65536u
#define BATCHER_EVENTS_MAX 262144u
/* Events that are no numbers; only a batch that counts as a whole has more. */
#define BATCHER_OTHERS_MAX 16384u
#define BATCHER_BATCH_MAX  (8u << 20)
#define BATCHER_TOTAL_MAX  (512u << 20) /* bytes held without a commit */

struct batcher;

/* `next` is the number of the first batch. */
void batcher_new(struct batcher **out, struct str source, struct str outbox, uint64_t next);
void batcher_destroy(struct batcher **batcher);
void batcher_clear(struct batcher *batcher, uint64_t next);

/* One event. -EINVAL: a time outside the years 1 to 9999, a number that no count may have; -ENOBUFS: too much
 * held. The caller has checked `indicator`. */
int batcher_number(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                   int64_t number, struct fault *why);

/* A set of hashes, in any order, some perhaps twice. */
int batcher_set(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                const uint64_t *hashes, size_t count, struct fault *why);

int batcher_name(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                 struct str name, struct fault *why);

/* -EINVAL too: it is too long. The caller has checked what it says. */
int batcher_entry(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                  const struct entry *entry, struct fault *why);

/* The batches up to the next batcher_clear count as a whole or not at all, each for itself. */
void batcher_whole(struct batcher *batcher);

/* The number of the next batch; nothing may have been taken. */
void batcher_number_from(struct batcher *batcher, uint64_t next);

/* Closes the batch being filled, when anything is in it, and gives all closed ones; borrowed until the next
 * call on `batcher`. */
const struct outbox_batch *batcher_close(struct batcher *batcher, size_t *count);

/* The message of a batch without events, for the place of one that cannot be sent. */
void batcher_write_empty(struct wire_writer *writer, struct str source, struct str outbox, uint64_t seq);

#endif
