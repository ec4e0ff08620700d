/* The sockets, and a thread that empties them into a window, so that nothing is lost in the kernel's queue while the other thread
 * saves the window before. Datagrams (UDP) are lost where that queue is full all the same, and the kernel counts them; a
 * stream (TCP) waits. */
#ifndef SUIVI_STATSD_RECEIVER_H
#define SUIVI_STATSD_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/statsd/window.h"
#include "proto/fault.h"

#define RECEIVER_STREAMS_MAX 512

struct receiver;

/* Binds all addresses ("udp://127.0.0.1:8125"; port 0: any free one). Errno with `why`. */
int receiver_open(struct receiver **out, const char *const *listen, size_t count, struct fault *why);
void receiver_close(struct receiver **receiver); /* ends the thread */

/* Address `index` as it was bound. */
const char *receiver_address(const struct receiver *receiver, size_t index);

/* Starts the thread, which fills `window` from now on. */
int receiver_start(struct receiver *receiver, struct window *window, struct fault *why);

/* Readable when the window is full, or the thread has failed. */
int receiver_descriptor(const struct receiver *receiver);

/* From now on `empty` is filled; returns the one that was. The failure of the thread, if it has failed, in *rc and `why`. */
struct window *receiver_swap(struct receiver *receiver, struct window *empty, int *rc, struct fault *why);

/* Takes no more connections, reads what the sockets hold at this moment, and ends the thread. Then swap once more. */
void receiver_drain(struct receiver *receiver);

/* Between these two calls the thread uses no hasher of the windows it was given (receiver_start, receiver_swap). */
void receiver_lock(struct receiver *receiver);
void receiver_unlock(struct receiver *receiver);

uint64_t receiver_lost(const struct receiver *receiver);    /* datagrams, by the kernel's own count */
uint64_t receiver_refused(const struct receiver *receiver); /* connections above RECEIVER_STREAMS_MAX */

#endif
