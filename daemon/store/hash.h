/* Hashing for tables whose keys a peer chooses: with a seed that nobody outside knows, so that keys cannot be
 * made to meet in one place. */
#ifndef SUIVI_DAEMON_STORE_HASH_H
#define SUIVI_DAEMON_STORE_HASH_H

#include <stdint.h>

#include "proto/str.h"

uint64_t hash_seed(void); /* a new one each time */

static inline uint64_t hash_mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9fb21c651e98df25u;
    return hash ^ hash >> 29;
}

uint64_t hash_text(uint64_t seed, struct str text);

#endif
