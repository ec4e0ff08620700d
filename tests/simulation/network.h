/* The network between collectors and the daemon, in memory: frames are lost, doubled, delayed, overtaken, and
 * connections break, by the dice. It is the collectors' clients/lib/connection.h too, in the place of ZeroMQ:
 * their endpoint is "collector N".
 *
 * As with ROUTER, the daemon knows a peer by an identity that is another after each new connection; what was
 * on the way when one broke may be lost, or reach the next one. */
#ifndef SUIVI_SIMULATION_NETWORK_H
#define SUIVI_SIMULATION_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/tally.h"

struct network;

/* Chances, per mille of frames. */
struct network_faults {
    unsigned lost, doubled, late, overtaking, blocked;
};

/* `sending` is told of each frame of a collector before it goes out and after; false: it was killed then.
 * Borrows `dice` and `tally`. */
void network_new(struct network **out, struct dice *dice, struct tally *tally,
                 bool (*sending)(void *arg, unsigned collector), void *arg);
void network_destroy(struct network **network);

void network_faults(struct network *network, const struct network_faults *faults);
void network_set_time(struct network *network, int64_t now_ms);

void network_set_clock(struct network *network, int64_t clock_ms); /* that of the collector which runs now */

/* The daemon's side. *peer and *frame are borrowed until the next call on `network`. */
bool network_take(struct network *network, struct str *peer, struct str *frame);
unsigned network_collector(const struct network *network, struct str peer);
void network_send(struct network *network, struct str peer, struct str frame);
bool network_reach(struct network *network, struct str peer, struct str frame);
void network_daemon_gone(struct network *network); /* every connection breaks */

/* The collector's connection breaks and is made anew without a word to it. The daemon may notice later. */
void network_break(struct network *network, unsigned collector);

#endif
