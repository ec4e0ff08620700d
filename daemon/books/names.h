/* Texts and their numbers: each text once, numbered in order from 0, found by either. Texts never move and are
 * never taken away.
 *
 * Made for millions: a text costs its length and about 24 bytes, and looking up many at once asks memory for all
 * of them before it waits for one. */
#ifndef SUIVI_DAEMON_BOOKS_NAMES_H
#define SUIVI_DAEMON_BOOKS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"

#define NAMES_TEXT_MAX UINT16_MAX
#define NAMES_NONE     UINT32_MAX

struct names;

void names_new(struct names **out);
void names_destroy(struct names **names);
uint32_t names_count(const struct names *names);

/* Adds a text that is not there and returns its number. `mark` is kept right before the text, which is how
 * names_marked shows both; it takes no part in looking up. */
uint32_t names_add(struct names *names, char mark, struct str text);
struct str names_text(const struct names *names, uint32_t number);
struct str names_marked(const struct names *names, uint32_t number);

struct name_found {
    uint32_t number; /* NAMES_NONE: it is not there */
    char mark;
};

struct name_found names_find(const struct names *names, struct str text);

/* Texts that stand one after the other in `texts`: number i from end[i - 1] (0 for the first) to end[i]. */
void names_find_all(const struct names *names, const char *texts, const uint32_t *end, size_t count,
                    struct name_found *found);

#endif
