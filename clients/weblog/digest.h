/* The digest of the first so many bytes of a log, which says later whether a file goes on from there,
 * whatever it is called and whatever it is packed in; no byte of the log is kept.
 *
 * Blocks of 64 KiB, XXH3 of 128 bits with a secret seed: chain(i) = hash(chain(i-1), hash(block i)), and the
 * digest at an offset is hash(chain, hash(the block begun there)). So it goes on from a stored chain by
 * reading the last block's bytes again. */
#ifndef SUIVI_WEBLOG_DIGEST_H
#define SUIVI_WEBLOG_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES 16
#define DIGEST_BLOCK (64u << 10)
#define DIGEST_HEAD  4096 /* where the digest is kept as the file's head, to tell files apart quickly */

struct digest_value {
    unsigned char bytes[DIGEST_BYTES];
};

struct digest;

void digest_new(struct digest **out, uint64_t seed);
void digest_destroy(struct digest **digest);

void digest_reset(struct digest *digest); /* at byte 0 */

/* At the start of the block that holds `offset`, whose chain is known; feed it the bytes from digest_offset
 * to `offset` next. `head`: as known, for offsets past DIGEST_HEAD. */
void digest_resume(struct digest *digest, uint64_t offset, const struct digest_value *chain,
                   const struct digest_value *head);

void digest_feed(struct digest *digest, const void *bytes, size_t len);

uint64_t digest_offset(const struct digest *digest);
struct digest_value digest_now(const struct digest *digest);
struct digest_value digest_chain(const struct digest *digest); /* up to the block that holds the offset */
struct digest_value digest_head(const struct digest *digest);  /* zero before DIGEST_HEAD */

#endif
