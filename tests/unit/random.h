/* Random tests that can be run again: the seed is printed, and SUIVI_SEED gives it back. */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t random_state;

static inline void random_begin(void) {
    const char *given = getenv("SUIVI_SEED");
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    random_state = given ? strtoull(given, NULL, 10) : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
    printf("SUIVI_SEED=%" PRIu64 "\n", random_state);
}

/* splitmix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014). */
static inline uint64_t random_next(void) {
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* From 0 to below `bound`. */
static inline uint64_t random_below(uint64_t bound) {
    return random_next() % bound;
}

#endif
