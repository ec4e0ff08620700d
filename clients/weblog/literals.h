/* Many literals sought at once in one pass over a text, without regard to the case of ASCII letters.
 * (A. V. Aho, M. J. Corasick, "Efficient string matching", CACM 18(6), 1975.) */
#ifndef SUIVI_WEBLOG_LITERALS_H
#define SUIVI_WEBLOG_LITERALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"

/* Bytes of all literals together. */
#define LITERALS_BYTES_MAX 65536

struct literals;

void literals_new(struct literals **out);
void literals_destroy(struct literals **literals);

/* Copies `text`, which is not empty. `id` comes back with each hit; several literals may be the same text.
 * -E2BIG past LITERALS_BYTES_MAX. */
int literals_add(struct literals *literals, struct str text, uint32_t id);

/* Once, after the last literals_add and before the first literals_find. */
void literals_build(struct literals *literals);

/* Calls `hit` for every place where a literal ends, `end` bytes into the text, until it returns true. Did it?
 */
typedef bool literals_hit(void *context, uint32_t id, size_t end);
bool literals_find(const struct literals *literals, struct str text, literals_hit *hit, void *context);

#endif
