/* From a 64-bit key to the numbers put there, any of them several times: an index of things that lie elsewhere. */
#ifndef SUIVI_WEBLOG_LOOKUP_H
#define SUIVI_WEBLOG_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_entry {
    uint64_t key;
    uint32_t number, next; /* next: place of the one after it in its chain plus 1; 0: none */
};

struct lookup {      /* all zero: empty */
    uint32_t *chain; /* places plus 1 */
    size_t chains;   /* a power of two */
    struct lookup_entry *entry;
    uint32_t count, size, unused; /* unused: chain of entries taken out */
};

void lookup_add(struct lookup *lookup, uint64_t key, uint32_t number);
void lookup_remove(struct lookup *lookup, uint64_t key, uint32_t number); /* it must be there */
void lookup_clear(struct lookup *lookup);

/* The numbers under a key, in no order: begins with *cursor 0. Nothing may be added or removed meanwhile. */
bool lookup_next(const struct lookup *lookup, uint64_t key, uint32_t *cursor, uint32_t *number);

#endif
