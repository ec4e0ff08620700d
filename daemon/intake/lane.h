/* The lane that batches take: one thread on which intake takes them, one on which it commits. The loop's
 * thread puts messages in and gets replies out, and never waits for either, so that questions are answered
 * while batches come in as fast as they can. Peers are served in turn (daemon/intake/turns.h). Only when the lane is full
 * does the loop leave everything that comes, questions too, with the socket: a bound that the credits of some sources
 * together may reach.
 *
 * All functions are for the loop's thread. */
#ifndef SUIVI_DAEMON_INTAKE_LANE_H
#define SUIVI_DAEMON_INTAKE_LANE_H

#include <stdbool.h>

#include "daemon/books/catalogue.h"
#include "daemon/io/socket.h"
#include "daemon/store/store.h"

struct lane;

/* Starts the threads. `wake`, called from another thread, says that lane_replies has something to do, or that
 * there is room again. Borrows `catalogue` and `store`. */
int lane_new(struct lane **out, struct catalogue *catalogue, struct store *store, void (*wake)(void *arg),
             void *arg, struct fault *why);

/* Lets what was taken be committed, in the background; what still waits is dropped, unacknowledged. */
void lane_stop(struct lane *lane);
bool lane_stopped(struct lane *lane); /* it is done, and wakes the loop for the last time */
void lane_destroy(struct lane **lane);

/* Takes the message, of one frame; needs lane_room. */
bool lane_room(struct lane *lane);
void lane_put(struct lane *lane, struct socket_message *message);

/* Sends what waits to be sent. `send` is true when the peer is there. */
void lane_replies(struct lane *lane, bool (*send)(void *arg, struct str peer, struct str frame), void *arg);

#endif
