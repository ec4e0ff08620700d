/* The months' keys under which posters are hashed (clients/collector/keys.h): all lists of a run share them, and each learns of a key
 * that was made anew. */
#ifndef SUIVI_LISTSERV_POSTER_KEYS_H
#define SUIVI_LISTSERV_POSTER_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/str.h"

struct poster_keys;

/* NULL: one key for now, which is nowhere. */
int poster_keys_open(struct poster_keys **out, const char *directory, struct fault *why);
void poster_keys_close(struct poster_keys **keys);

/* *renewed: the key of that month stands in the place of one that was destroyed, and was made since poster_keys_open. */
int poster_keys_hash(struct poster_keys *keys, int32_t month, struct str address, uint64_t *out,
                     bool *renewed, struct fault *why);

/* Nobody who posted in a month before that one can be known again. */
int poster_keys_destroy_before(struct poster_keys *keys, int32_t month, struct fault *why);

#endif
