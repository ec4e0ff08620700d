#include "daemon/cell.h"

#include "proto/check.h"

bool cell_valid(enum kind kind, struct str bytes) {
    switch (kind) {
    case KIND_COUNT:
        return bytes.len == CELL_COUNT_BYTES;
    case KIND_DISTINCT:
        return distinct_valid(bytes);
    }
    return false;
}

int64_t cell_count(struct str bytes) {
    ASSERT(bytes.len == CELL_COUNT_BYTES);
    uint64_t value = 0;
    for (size_t i = 0; i < CELL_COUNT_BYTES; i++)
        value = value << 8 | (uint8_t)bytes.at[i];
    return (int64_t)value;
}

void cell_encode_count(int64_t value, uint8_t out[static CELL_COUNT_BYTES]) {
    uint64_t bits = (uint64_t)value;
    for (size_t i = CELL_COUNT_BYTES; i-- > 0; bits >>= 8)
        out[i] = (uint8_t)bits;
}

int64_t cell_add(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}
