#include "daemon/store/hash.h"

#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_seed(void) {
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
        return seed;
    struct timespec now; /* at boot, before the system has any: better than none */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return hash_mix((uint64_t)now.tv_sec, (uint64_t)now.tv_nsec);
}

uint64_t hash_text(uint64_t seed, struct str text) {
    return XXH3_64bits_withSeed(text.at, text.len, seed);
}
