/* Bytes for tests: read from hexadecimal text, in memory of exactly their size so that sanitizers see a read
 * past the end, and made up from a seed. */
#ifndef SUIVI_TESTS_BYTES_H
#define SUIVI_TESTS_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    uint8_t *at;
    size_t len;
};

static inline struct bytes bytes_copy(const void *data, size_t len) {
    struct bytes copy = {malloc(len > 0 ? len : 1), len};
    if (copy.at == NULL)
        abort();
    if (len > 0)
        memcpy(copy.at, data, len);
    return copy;
}

/* Pairs of digits; '-' and ' ' between them are passed over. Aborts on anything else. */
static inline struct bytes bytes_of_hex(const char *hex) {
    uint8_t *room = malloc(strlen(hex) / 2 + 1);
    size_t len = 0;
    if (room == NULL)
        abort();
    for (; *hex != '\0'; hex++) {
        if (*hex == '-' || *hex == ' ')
            continue;
        char pair[3] = {hex[0], hex[1], '\0'}, *end;
        room[len++] = (uint8_t)strtoul(pair, &end, 16);
        if (end != pair + 2)
            abort();
        hex++;
    }
    struct bytes exact = bytes_copy(room, len);
    free(room);
    return exact;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t bytes_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
