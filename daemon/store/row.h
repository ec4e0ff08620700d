/* Rows of the store's small tables: numbers in them are big-endian, so many bytes each. */
#ifndef SUIVI_DAEMON_STORE_ROW_H
#define SUIVI_DAEMON_STORE_ROW_H

#include <stddef.h>
#include <stdint.h>

/* Returns where the next one goes. */
static inline uint8_t *row_put(uint8_t *at, uint64_t value, size_t bytes) {
    for (size_t i = bytes; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
    return at + bytes;
}

static inline uint64_t row_get(const char *at, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (uint8_t)at[i];
    return value;
}

#endif
