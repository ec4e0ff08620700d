/* From a 128-bit hash (random seed, so that nobody can aim at one place) to a number below 2^32 - 1. 96 bits of
 * it tell hashes apart: a slot is then a quarter of a cache line. */
#ifndef SUIVI_COLLECTOR_HASH_INDEX_H
#define SUIVI_COLLECTOR_HASH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_index_slot {
    uint64_t low;
    uint32_t high;
    uint32_t number; /* plus 1; 0: free */
};

struct hash_index { /* all zero: empty */
    struct hash_index_slot *slot;
    size_t slots, count;
};

/* The number of that hash; `otherwise` is put there when it has none, and *added set. */
uint32_t hash_index_find(struct hash_index *index, const uint64_t hash[2], uint32_t otherwise, bool *added);
bool hash_index_get(const struct hash_index *index, const uint64_t hash[2], uint32_t *number);
void hash_index_hint(const struct hash_index *index, const uint64_t hash[2]); /* it will be asked for soon */
void hash_index_clear(struct hash_index *index);

#endif
