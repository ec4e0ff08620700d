#include "clients/collector/hash_index.h"

#include <stdlib.h>

#include "proto/check.h"

static size_t place_of(const struct hash_index *index, uint64_t low, uint32_t high) {
    size_t at = low & (index->slots - 1);
    while (index->slot[at].number != 0 && (index->slot[at].low != low || index->slot[at].high != high))
        at = (at + 1) & (index->slots - 1);
    return at;
}

static void grow(struct hash_index *index) {
    struct hash_index old = *index;
    index->slots = old.slots ? 2 * old.slots : 1024;
    index->slot = mem_table(index->slots, sizeof *index->slot);
    for (size_t i = 0; i < old.slots; i++)
        if (old.slot[i].number != 0)
            index->slot[place_of(index, old.slot[i].low, old.slot[i].high)] = old.slot[i];
    free(old.slot);
}

uint32_t hash_index_find(struct hash_index *index, const uint64_t hash[2], uint32_t otherwise, bool *added) {
    if (index->slots - index->slots / 4 < index->count + 1)
        grow(index);
    struct hash_index_slot *slot = &index->slot[place_of(index, hash[0], (uint32_t)hash[1])];
    *added = slot->number == 0;
    if (*added) {
        ASSERT(otherwise < UINT32_MAX);
        *slot = (struct hash_index_slot){.low = hash[0], .high = (uint32_t)hash[1], .number = otherwise + 1};
        index->count++;
    }
    return slot->number - 1;
}

bool hash_index_get(const struct hash_index *index, const uint64_t hash[2], uint32_t *number) {
    if (index->slots == 0)
        return false;
    const struct hash_index_slot *slot = &index->slot[place_of(index, hash[0], (uint32_t)hash[1])];
    if (slot->number == 0)
        return false;
    *number = slot->number - 1;
    return true;
}

void hash_index_hint(const struct hash_index *index, const uint64_t hash[2]) {
    if (index->slots > 0)
        __builtin_prefetch(&index->slot[hash[0] & (index->slots - 1)]);
}

void hash_index_clear(struct hash_index *index) {
    free(index->slot);
    *index = (struct hash_index){0};
}
