/* The secret keys that turn people into numbers, one for each epoch (a calendar month), each in a file of its
 * own: STATE/keys/2018-03, 32 random bytes, mode 0600, never in the database. Without its key no stored hash
 * can be tested against an address; destroying a key is how a month's visitors are forgotten. */
#ifndef SUIVI_COLLECTOR_KEYS_H
#define SUIVI_COLLECTOR_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"

struct keys;

/* `directory` is made when missing, mode 0700. */
int keys_open(struct keys **out, const char *directory, struct fault *why);
void keys_close(struct keys **keys); /* wipes them from memory */

/* Keys of another state are used where `directory` has them; it is only read, and none of its keys is ever destroyed. A month of
 * which only a part lies in the days `first` to `last` must have its key there, or who came on its other days, too,
 * would be two. -ENOENT when there is no such directory. Once, before the first hash. */
int keys_borrow(struct keys *keys, const char *directory, int32_t first, int32_t last, struct fault *why);

/* The hash of `data` under the key of that month (counted from 1970-01, as in proto/civil.h). A month without
 * a key gets a new one, synced to disk before it is used. Keyed 64-bit hash: SipHash-2-4 (Aumasson, Bernstein
 * 2012) of libsodium. */
int keys_hash(struct keys *keys, int32_t month, const void *data, size_t len, uint64_t *out,
              struct fault *why);

/* Overwrites and removes the keys of all months before `month`. */
int keys_destroy_before(struct keys *keys, int32_t month, struct fault *why);

#endif
