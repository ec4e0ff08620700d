/* Many small arrays that grow by doubling and are all dropped at once, as the visits of clients are. Blocks
 * lie in the order in which they were taken, so that arrays of one client mostly share a cache line; one
 * that was outgrown is given out again. */
#ifndef SUIVI_WEBLOG_POOL_H
#define SUIVI_WEBLOG_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_CLASSES 32

struct pool { /* all zero: empty */
    char **chunk;
    size_t chunks, room; /* chunks held; room for pointers to them */
    char *at;            /* free bytes of the newest chunk */
    size_t left, chunk_size;
    void *outgrown[POOL_CLASSES]; /* free blocks of 2^i bytes, each pointing to the next */
};

/* Room for one element more in an array of *size, which holds `count`: the array, moved when it was full. */
void *pool_reserve(struct pool *pool, void *array, uint32_t count, uint32_t *size, size_t element);

/* The array is not needed any more (NULL, 0: it never was). */
void pool_give_back(struct pool *pool, void *array, uint32_t size, size_t element);

void pool_clear(struct pool *pool);

#endif
