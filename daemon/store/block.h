/* The sums of up to 64 neighbouring series that one source has for one day or month, as one row: a mask of who
 * is there, then their sums in order, all big-endian, 8 bytes each. A series that is there with 0 counted
 * nothing, one that is not was not heard of.
 *
 * Rows of their own for each series would be four times as large, and as many times as dear to write. */
#ifndef SUIVI_DAEMON_STORE_BLOCK_H
#define SUIVI_DAEMON_STORE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"

#define BLOCK_SERIES    64
#define BLOCK_BYTES_MAX (8 + 8 * BLOCK_SERIES)

struct block {
    uint64_t mask;
    int64_t sum[BLOCK_SERIES]; /* where the mask says so */
};

bool block_valid(struct str bytes);

/* `bytes` must be valid. block_sum: whether the series at `place` is there. */
void block_decode(struct str bytes, struct block *block);
bool block_sum(struct str bytes, unsigned place, int64_t *sum);

void block_add(struct block *block, unsigned place, int64_t value);
size_t block_encode(const struct block *block, uint8_t out[static BLOCK_BYTES_MAX]);

#endif
