#include "clients/weblog/digest.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "proto/check.h"

#define DIGEST_MAGIC 0x46a1d163u

struct digest {
    unsigned magic;
    uint64_t seed, offset;
    struct digest_value chain, head;
    XXH3_state_t *block; /* of the block begun */
};

void digest_new(struct digest **out, uint64_t seed) {
    struct digest *digest = mem_zeroed(1, sizeof *digest);
    digest->magic = DIGEST_MAGIC;
    digest->seed = seed;
    digest->block = XXH3_createState();
    ASSERT(digest->block != NULL);
    digest_reset(digest);
    *out = digest;
}

void digest_destroy(struct digest **pointer) {
    struct digest *digest = *pointer;
    if (digest == NULL)
        return;
    OBJ_CHECK(digest, DIGEST_MAGIC);
    XXH3_freeState(digest->block);
    digest->magic = 0;
    free(digest);
    *pointer = NULL;
}

static void begin_block(struct digest *digest) {
    XXH3_128bits_reset_withSeed(digest->block, digest->seed);
}

void digest_reset(struct digest *digest) {
    OBJ_CHECK(digest, DIGEST_MAGIC);
    digest->offset = 0;
    digest->chain = (struct digest_value){{0}};
    digest->head = (struct digest_value){{0}};
    begin_block(digest);
}

void digest_resume(struct digest *digest, uint64_t offset, const struct digest_value *chain,
                   const struct digest_value *head) {
    OBJ_CHECK(digest, DIGEST_MAGIC);
    digest->offset = offset - offset % DIGEST_BLOCK;
    digest->chain = *chain;
    digest->head = *head;
    begin_block(digest);
}

static struct digest_value chained(const struct digest *digest) {
    unsigned char joined[2 * DIGEST_BYTES];
    XXH128_canonical_t block, both;
    XXH128_canonicalFromHash(&block, XXH3_128bits_digest(digest->block));
    memcpy(joined, digest->chain.bytes, DIGEST_BYTES);
    memcpy(joined + DIGEST_BYTES, block.digest, DIGEST_BYTES);
    XXH128_canonicalFromHash(&both, XXH3_128bits_withSeed(joined, sizeof joined, digest->seed));
    struct digest_value value;
    memcpy(value.bytes, both.digest, DIGEST_BYTES);
    return value;
}

void digest_feed(struct digest *digest, const void *bytes, size_t len) {
    OBJ_CHECK(digest, DIGEST_MAGIC);
    const char *at = bytes;
    while (len > 0) {
        size_t within = digest->offset % DIGEST_BLOCK;
        size_t stop = digest->offset < DIGEST_HEAD ? DIGEST_HEAD : DIGEST_BLOCK;
        size_t take = stop - within < len ? stop - within : len;
        XXH3_128bits_update(digest->block, at, take);
        at += take;
        len -= take;
        digest->offset += take;
        if (digest->offset == DIGEST_HEAD)
            digest->head = chained(digest);
        if (digest->offset % DIGEST_BLOCK == 0) {
            digest->chain = chained(digest);
            begin_block(digest);
        }
    }
}

uint64_t digest_offset(const struct digest *digest) {
    OBJ_CHECK(digest, DIGEST_MAGIC);
    return digest->offset;
}

struct digest_value digest_now(const struct digest *digest) {
    OBJ_CHECK(digest, DIGEST_MAGIC);
    return chained(digest);
}

struct digest_value digest_chain(const struct digest *digest) {
    OBJ_CHECK(digest, DIGEST_MAGIC);
    return digest->chain;
}

struct digest_value digest_head(const struct digest *digest) {
    OBJ_CHECK(digest, DIGEST_MAGIC);
    return digest->head;
}
