/* What waits to be taken, each peer's by itself: peers come in turn, one thing of each, so that who has little there
 * waits for about one thing of each other peer, however much these have. Of one peer it stays in the order in which
 * it came.
 *
 * Putting and taking cost the same however many wait. A peer of which nothing waits is not known here. */
#ifndef SUIVI_DAEMON_INTAKE_TURNS_H
#define SUIVI_DAEMON_INTAKE_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/str.h"

#define TURNS_COUNT_MAX 4096u         /* that wait, of all peers together */
#define TURNS_BYTES_MAX (256u << 20u) /* likewise; one more may be on top of it */

struct turns;

void turns_new(struct turns **out);
void turns_destroy(struct turns **turns); /* nothing may wait any more: take it all before */

bool turns_room(const struct turns *turns);
bool turns_empty(const struct turns *turns);

/* Needs turns_room. Borrows `thing` until turns_take gives it back; copies `peer`. */
void turns_put(struct turns *turns, struct str peer, void *thing, size_t bytes);
void *turns_take(struct turns *turns); /* not when it is empty */

#endif
