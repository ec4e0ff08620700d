#include "clients/weblog/lookup.h"

#include <stdlib.h>

#include "proto/check.h"

static uint32_t *chain_of(const struct lookup *lookup, uint64_t key) {
    return &lookup->chain[key & (lookup->chains - 1)];
}

static void link_entry(struct lookup *lookup, uint32_t place) {
    uint32_t *chain = chain_of(lookup, lookup->entry[place].key);
    lookup->entry[place].next = *chain;
    *chain = place + 1;
}

/* Only when every entry is in use. */
static void grow(struct lookup *lookup) {
    ASSERT(lookup->size < UINT32_MAX / 4);
    lookup->size = lookup->size ? 2 * lookup->size : 64;
    lookup->entry = mem_resize(lookup->entry, lookup->size, sizeof *lookup->entry);
    free(lookup->chain);
    lookup->chains = lookup->size;
    lookup->chain = mem_zeroed(lookup->chains, sizeof *lookup->chain);
    for (uint32_t place = 0; place < lookup->count; place++)
        link_entry(lookup, place);
}

void lookup_add(struct lookup *lookup, uint64_t key, uint32_t number) {
    uint32_t place = lookup->unused - 1;
    if (lookup->unused != 0) {
        lookup->unused = lookup->entry[place].next;
    } else {
        if (lookup->count == lookup->size)
            grow(lookup);
        place = lookup->count++;
    }
    lookup->entry[place] = (struct lookup_entry){.key = key, .number = number};
    link_entry(lookup, place);
}

void lookup_remove(struct lookup *lookup, uint64_t key, uint32_t number) {
    ASSERT(lookup->chains > 0);
    uint32_t *link = chain_of(lookup, key);
    for (;;) {
        ASSERT(*link != 0);
        struct lookup_entry *entry = &lookup->entry[*link - 1];
        if (entry->key == key && entry->number == number)
            break;
        link = &entry->next;
    }
    uint32_t place = *link - 1;
    *link = lookup->entry[place].next;
    lookup->entry[place].next = lookup->unused;
    lookup->unused = place + 1;
}

void lookup_clear(struct lookup *lookup) {
    free(lookup->chain);
    free(lookup->entry);
    *lookup = (struct lookup){0};
}

bool lookup_next(const struct lookup *lookup, uint64_t key, uint32_t *cursor, uint32_t *number) {
    uint32_t next = 0;
    if (*cursor != 0)
        next = lookup->entry[*cursor - 1].next;
    else if (lookup->chains > 0)
        next = *chain_of(lookup, key);
    while (next != 0 && lookup->entry[next - 1].key != key)
        next = lookup->entry[next - 1].next;
    if (next == 0)
        return false;
    *cursor = next;
    *number = lookup->entry[next - 1].number;
    return true;
}
