#include "daemon/store/block.h"

#include <endian.h>

#include "daemon/store/cell.h"
#include "proto/check.h"

static uint64_t word_at(struct str bytes, size_t index) {
    uint64_t big;
    memcpy(&big, bytes.at + index * sizeof big, sizeof big);
    return be64toh(big);
}

static void put_word(uint8_t *out, size_t index, uint64_t word) {
    uint64_t big = htobe64(word);
    memcpy(out + index * sizeof big, &big, sizeof big);
}

bool block_valid(struct str bytes) {
    if (bytes.len < 16 || bytes.len > BLOCK_BYTES_MAX || bytes.len % 8 != 0)
        return false;
    return (size_t)__builtin_popcountll(word_at(bytes, 0)) == bytes.len / 8 - 1;
}

void block_decode(struct str bytes, struct block *block) {
    ASSERT(bytes.len >= 8);
    block->mask = word_at(bytes, 0);
    size_t index = 1;
    for (uint64_t rest = block->mask; rest != 0; rest &= rest - 1)
        block->sum[__builtin_ctzll(rest)] = (int64_t)word_at(bytes, index++);
}

bool block_sum(struct str bytes, unsigned place, int64_t *sum) {
    ASSERT(bytes.len >= 8 && place < BLOCK_SERIES);
    uint64_t mask = word_at(bytes, 0), bit = UINT64_C(1) << place;
    if ((mask & bit) == 0)
        return false;
    *sum = (int64_t)word_at(bytes, 1 + (size_t)__builtin_popcountll(mask & (bit - 1)));
    return true;
}

void block_add(struct block *block, unsigned place, int64_t value) {
    ASSERT(place < BLOCK_SERIES);
    uint64_t bit = UINT64_C(1) << place;
    block->sum[place] = block->mask & bit ? cell_add(block->sum[place], value) : value;
    block->mask |= bit;
}

size_t block_encode(const struct block *block, uint8_t out[static BLOCK_BYTES_MAX]) {
    size_t index = 1;
    put_word(out, 0, block->mask);
    for (uint64_t rest = block->mask; rest != 0; rest &= rest - 1)
        put_word(out, index++, (uint64_t)block->sum[__builtin_ctzll(rest)]);
    return index * 8;
}
