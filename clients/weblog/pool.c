#include "clients/weblog/pool.h"

#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define BLOCK_MIN_BITS 5 /* 32 bytes: two blocks in a cache line */
#define CHUNK_FIRST    ((size_t)64 << 10)
#define CHUNK_LARGEST  ((size_t)2 << 20)

static unsigned class_of(size_t bytes) {
    unsigned bits = bytes <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(bytes - 1);
    return bits < BLOCK_MIN_BITS ? BLOCK_MIN_BITS : bits;
}

static void *add_chunk(struct pool *pool, size_t bytes) {
    if (pool->chunks == pool->room) {
        pool->room = pool->room ? 2 * pool->room : 16;
        pool->chunk = mem_resize(pool->chunk, pool->room, sizeof *pool->chunk);
    }
    return pool->chunk[pool->chunks++] = mem_pages(bytes);
}

static void *take(struct pool *pool, unsigned class) {
    ASSERT(class < POOL_CLASSES);
    void *block = pool->outgrown[class];
    size_t bytes = (size_t)1 << class;
    if (block != NULL) {
        memcpy(&pool->outgrown[class], block, sizeof block);
        return block;
    }
    if (bytes > CHUNK_LARGEST / 4)
        return add_chunk(pool, bytes);
    if (pool->left < bytes) {
        size_t next = pool->chunk_size ? 2 * pool->chunk_size : CHUNK_FIRST;
        while (next < 4 * bytes)
            next *= 2;
        pool->chunk_size = next < CHUNK_LARGEST ? next : CHUNK_LARGEST;
        pool->at = add_chunk(pool, pool->chunk_size);
        pool->left = pool->chunk_size;
    }
    block = pool->at;
    pool->at += bytes;
    pool->left -= bytes;
    return block;
}

void pool_give_back(struct pool *pool, void *array, uint32_t size, size_t element) {
    if (size == 0)
        return;
    unsigned class = class_of(size * element);
    memcpy(array, &pool->outgrown[class], sizeof(void *));
    pool->outgrown[class] = array;
}

void *pool_reserve(struct pool *pool, void *array, uint32_t count, uint32_t *size, size_t element) {
    if (count < *size)
        return array;
    ASSERT(count < UINT32_MAX / 4);
    unsigned class = class_of((size_t)(*size ? 2 * *size : 1) * element);
    void *larger = take(pool, class);
    if (count > 0)
        memcpy(larger, array, count * element);
    pool_give_back(pool, array, *size, element);
    *size = (uint32_t)(((size_t)1 << class) / element);
    return larger;
}

void pool_clear(struct pool *pool) {
    for (size_t i = 0; i < pool->chunks; i++)
        free(pool->chunk[i]);
    free(pool->chunk);
    *pool = (struct pool){0};
}
