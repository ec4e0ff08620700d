/* A set of distinct things, known only by their keyed 64-bit hashes, as bytes that travel and are stored as
 * they are.
 *
 * Encoding, version 1: one byte 0x01, then the hashes in rising order, none twice, 8 bytes each, big-endian.
 * The empty set is the version byte alone. Exact. Union is commutative, associative and idempotent. */
#ifndef SUIVI_PROTO_DISTINCT_H
#define SUIVI_PROTO_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"

#define DISTINCT_VERSION 1

bool distinct_valid(struct str bytes);
uint64_t distinct_count(struct str bytes); /* of a valid set */

struct distinct;

void distinct_new(struct distinct **out);
void distinct_destroy(struct distinct **set);
void distinct_clear(struct distinct *set);
void distinct_add(struct distinct *set, uint64_t hash);      /* any order, repeats welcome */
void distinct_merge(struct distinct *set, struct str bytes); /* union with a valid set */
uint64_t distinct_size(struct distinct *set);
struct str distinct_bytes(struct distinct *set); /* the encoding; borrowed until the next call on `set` */

#endif
