/* Who posted on which day, as keyed hashes: each month has a key of its own. */
#ifndef SUIVI_LISTSERV_POSTERS_H
#define SUIVI_LISTSERV_POSTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/listserv/poster_keys.h"
#include "proto/fault.h"
#include "proto/str.h"

struct posters;

/* Of one list. Borrows `keys`, which all lists share. */
void posters_new(struct posters **out, struct poster_keys *keys);
void posters_destroy(struct posters **posters);

int posters_add(struct posters *posters, int32_t day, struct str address, struct fault *why);
bool posters_full(const struct posters *posters);

/* Hands on the months of which somebody was added, and whose key stands in the place of one that was destroyed: who posted in them before is not
 * known again. */
int posters_each_renewed(struct posters *posters, int (*take)(void *arg, int32_t month), void *arg);

/* Hands on who posted, by day, in order, each once a day; what `take` returns other than 0 is returned. */
int posters_each(struct posters *posters,
                 int (*take)(void *arg, int32_t day, const uint64_t *hashes, size_t count), void *arg);
void posters_forget(struct posters *posters);

#endif
