/* The keyed digest of a message's text, fed piece by piece: BLAKE2b of libsodium over the text with LF as line ends,
 * without those at its end. */
#ifndef SUIVI_LISTSERV_CONTENT_H
#define SUIVI_LISTSERV_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTENT_KEY_BYTES    32
#define CONTENT_DIGEST_BYTES 16

struct content;

void content_new(struct content **out, const unsigned char key[static CONTENT_KEY_BYTES]);
void content_destroy(struct content **content); /* wipes the key */

void content_begin(struct content *content);
void content_feed(struct content *content, const char *bytes, size_t len);
bool content_empty(const struct content *content); /* nothing yet but line ends */
void content_end(struct content *content, unsigned char digest[static CONTENT_DIGEST_BYTES]);

#endif
