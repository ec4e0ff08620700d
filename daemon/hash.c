#include "daemon/hash.h"

#include <sys/random.h>
#include <time.h>

uint64_t hash_seed(void) {
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
        return seed;
    struct timespec now; /* at boot, before the system has any: better than none */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return hash_mix((uint64_t)now.tv_sec, (uint64_t)now.tv_nsec);
}

uint64_t hash_text(uint64_t seed, struct str text) {
    uint64_t hash = hash_mix(seed, text.len), word;
    size_t i = 0;
    for (; i + sizeof word <= text.len; i += sizeof word) {
        memcpy(&word, text.at + i, sizeof word);
        hash = hash_mix(hash, word);
    }
    word = 0;
    if (i < text.len)
        memcpy(&word, text.at + i, text.len - i);
    hash = hash_mix(hash, word);
    return (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
}
