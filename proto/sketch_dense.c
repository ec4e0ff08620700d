#include <endian.h>
#include <math.h>

#include "proto/sketch_priv.h"

#define VALUE_MAX 208u /* 51 zeros and then nothing, and both low bits set */
#define ZEROS_MAX 51u
#define RARE_MAX  53u                 /* no value is rarer than 2^-53 */
#define BIAS      0.09119360205952269 /* c of the paper, t = 2 and d = 24 */
#define ENOUGH    1e-12
#define STEPS_MAX 200

static uint32_t register_at(const char *bytes, size_t index) {
    uint32_t big;
    memcpy(&big, bytes + index * sizeof big, sizeof big);
    return be32toh(big);
}

/* A largest value up to 24 has the value 0 among those below it, which counts as having come, and none below that. */
static bool register_valid(uint32_t held) {
    uint32_t largest = held >> DENSE_SEEN;
    if (largest == 0 || largest > VALUE_MAX)
        return held == 0;
    if (largest > DENSE_SEEN)
        return true;
    uint32_t zero = DENSE_TOP >> largest;
    return (held & (2 * zero - 1)) == zero;
}

/* Registers are independent, and any that is not 0 can stand for as many hashes as one likes: its largest value or
 * one that is no longer kept has 2^44 hashes at least. So more than fit the exact form can make whatever passes. */
bool dense_valid(const char *bytes) {
    uint32_t any = 0;
    for (size_t i = 0; i < DENSE_REGISTERS; i++) {
        uint32_t held = register_at(bytes, i);
        if (!register_valid(held))
            return false;
        any |= held;
    }
    return any != 0;
}

void dense_read(uint32_t *registers, const char *bytes) {
    for (size_t i = 0; i < DENSE_REGISTERS; i++)
        registers[i] = register_at(bytes, i);
}

void dense_write(const uint32_t *registers, uint8_t *bytes) {
    for (size_t i = 0; i < DENSE_REGISTERS; i++) {
        uint32_t big = htobe32(registers[i]);
        memcpy(bytes + i * sizeof big, &big, sizeof big);
    }
}

void dense_merge(uint32_t *registers, const char *bytes) {
    for (size_t i = 0; i < DENSE_REGISTERS; i++) {
        uint32_t mine = registers[i], other = register_at(bytes, i);
        uint32_t more = mine > other ? mine : other, less = mine > other ? other : mine;
        uint32_t by = (more >> DENSE_SEEN) - (less >> DENSE_SEEN);
        uint64_t seen = DENSE_TOP | (less & (DENSE_TOP - 1));
        registers[i] = more | (uint32_t)((by <= DENSE_SEEN ? seen >> by : 0) & (DENSE_TOP - 1));
    }
}

/* ---- the estimate ---- */

/* What the registers tell of how many hashes came: the likelihood of `rate` hashes a register is
 * exp(-rate * missed) times (1 - exp(-rate / 2^i))^came[i] for each i. */
struct evidence {
    /* How likely one hash is to have a value that did not come, in 2^-53, over all registers. */
    uint64_t missed;
    uint32_t came[RARE_MAX + 1]; /* values that came, by their probability 2^-i */
};

/* Values come in fours: those of as many zeros have the same probability 2^-rarity. */
static unsigned rarity(unsigned zeros) {
    return zeros + 3 < RARE_MAX ? zeros + 3 : RARE_MAX;
}

static void weigh(struct evidence *evidence, uint32_t held) {
    static const uint8_t ones[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
    unsigned largest = held >> DENSE_SEEN;
    if (largest == 0) {
        evidence->missed += UINT64_C(1) << RARE_MAX;
        return;
    }
    unsigned zeros = (largest - 1) / 4, place = (largest - 1) % 4;
    unsigned below = largest - 1 < DENSE_SEEN ? largest - 1 : DENSE_SEEN;
    evidence->missed += (uint64_t)(3 - place) << (RARE_MAX - rarity(zeros));
    evidence->missed += zeros < ZEROS_MAX ? UINT64_C(1) << (RARE_MAX - 1 - zeros) : 0;
    /* One bit for each value from the largest down, the fours in hexadecimal digits. */
    uint32_t known = (2 * DENSE_TOP - (DENSE_TOP >> below)) << place;
    uint32_t came = (DENSE_TOP | (held & (DENSE_TOP - 1))) << place & known, missed = known & ~came;
    for (unsigned digit = DENSE_SEEN / 4 + 1; digit-- > 0; zeros--) {
        evidence->came[rarity(zeros)] += ones[came >> 4 * digit & 15];
        evidence->missed += (uint64_t)ones[missed >> 4 * digit & 15] << (RARE_MAX - rarity(zeros));
        if (zeros == 0)
            break;
    }
}

/* The rate at which the likelihood is greatest is where f(rate) = sum of came[i] 2^-i / (exp(rate / 2^i) - 1) -
 * missed is 0. f falls and is convex, and so Newton's steps from a rate that is too small never pass it; Jensen's
 * inequality gives one to begin with. Of the exponentials only the least is computed: squaring gives the others. */
static double most_likely(const struct evidence *evidence) {
    double missed = ldexp((double)evidence->missed, -(int)RARE_MAX), all = 0, weight = 0;
    int rarest = 0;
    for (int i = 0; i <= (int)RARE_MAX; i++) {
        if (evidence->came[i] == 0)
            continue;
        all += evidence->came[i];
        weight += ldexp(evidence->came[i], -i);
        rarest = i;
    }
    double rate = all / weight * log1p(weight / missed);
    for (unsigned step = 0; step < STEPS_MAX; step++) {
        double share = ldexp(1, -rarest), power = expm1(rate * share), f = -missed, slope = 0;
        for (int i = rarest; i > 0; i--) {
            double term = evidence->came[i] * share / power;
            f += term;
            slope += term * share * (1 + 1 / power);
            power *= power + 2;
            share *= 2;
        }
        double by = f / slope;
        rate += by;
        if (!(by > rate * ENOUGH))
            break;
    }
    return rate;
}

uint64_t dense_estimate(const uint32_t *registers) {
    struct evidence evidence = {0};
    for (size_t i = 0; i < DENSE_REGISTERS; i++)
        weigh(&evidence, registers[i]);
    if (evidence.missed == 0)
        return INT64_MAX;
    double count = DENSE_REGISTERS * most_likely(&evidence) / (1 + BIAS / DENSE_REGISTERS);
    return count < 0x1p63 ? (uint64_t)llround(count) : INT64_MAX;
}
