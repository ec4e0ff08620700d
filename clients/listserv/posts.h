/* The posts of one list that were counted: a set of identities, in the state's records, and of the present run in
 * memory until they are saved. In 65536 records by the identities' first two bytes, so that ten million posts are as
 * many records as sixty thousand. */
#ifndef SUIVI_LISTSERV_POSTS_H
#define SUIVI_LISTSERV_POSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "clients/listserv/identity.h"
#include "proto/fault.h"
#include "proto/str.h"

struct posts;

/* `suivi` NULL: nothing was counted before. */
void posts_new(struct posts **out, struct suivi *suivi, struct str list);
void posts_destroy(struct posts **posts);

int posts_known(struct posts *posts, const struct identity *post, bool *known, struct fault *why);
int posts_add(struct posts *posts, const struct identity *post,
              struct fault *why); /* one that is not known */

/* *removed: it was there. */
int posts_remove(struct posts *posts, const struct identity *post, bool *removed, struct fault *why);

/* There is about as much to save as one commit should hold. */
bool posts_full(const struct posts *posts);

/* Puts what changed into the records; saved with the next commit. And once that is done, or is not to be: forgets it. */
int posts_save(struct posts *posts, struct fault *why);
void posts_saved(struct posts *posts);

/* How many posts of a list the records hold; negative errno. */
int64_t posts_count(struct suivi *suivi, struct str list);

#endif
