/* The dense form, for sketch.c: registers, and the estimate that is made of them.
 *
 * A hash has one of 208 update values k and goes into one of the 2048 registers. Bits 2 to 12 choose the register;
 * k = 4 * (zeros at the head of bits 63 to 13) + (bits 0 and 1) + 1. A register keeps the largest k that came, in its
 * upper 8 bits, and in its lower 24 bits which of the 24 values below it came, too: bit 24 - j for k - j. A register
 * that nothing came to is 0; in others the value 0 counts as having come. */
#ifndef SUIVI_PROTO_SKETCH_PRIV_H
#define SUIVI_PROTO_SKETCH_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/str.h"

#define DENSE_REGISTERS 2048u
#define DENSE_BYTES     (DENSE_REGISTERS * 4)
#define DENSE_SEEN      24u /* bits for the values below the largest */
#define DENSE_TOP       (1u << DENSE_SEEN)
#define DENSE_INDEXED   13u /* bits of a hash below those whose zeros are counted */

static inline void dense_add(uint32_t *registers, uint64_t hash) {
    uint32_t *at = &registers[hash >> 2 & (DENSE_REGISTERS - 1)];
    unsigned zeros = (unsigned)__builtin_clzll(hash | ((UINT64_C(1) << DENSE_INDEXED) - 1));
    unsigned value = 4 * zeros + (unsigned)(hash & 3) + 1, largest = *at >> DENSE_SEEN;
    if (value > largest) {
        unsigned by = value - largest;
        uint32_t seen = DENSE_TOP | (*at & (DENSE_TOP - 1));
        *at = value << DENSE_SEEN | (by <= DENSE_SEEN ? seen >> by : 0);
    } else if (value < largest && largest - value <= DENSE_SEEN) {
        *at |= DENSE_TOP >> (largest - value);
    }
}

/* `bytes`: DENSE_BYTES of them; those of a merge are valid. */
bool dense_valid(const char *bytes);
void dense_read(uint32_t *registers, const char *bytes);
void dense_write(const uint32_t *registers, uint8_t *bytes);
void dense_merge(uint32_t *registers, const char *bytes);
uint64_t dense_estimate(const uint32_t *registers);

#endif
