/* Delivery: the conversation in which an outbox is emptied. It knows neither sockets nor clocks: it is told
 * what came and what time it is, and says what to send, so that a simulation can run it too.
 *
 *   say hello -> wait for the welcome -> send batches, as many at once as the daemon gives credit for
 *             -> take acks
 *
 * Every batch that is still in the outbox is sent, also one that the daemon has already: it answers with what
 * it refused of it, which may not have arrived the first time. When acks stay away, or one batch is missing
 * there, the conversation starts again with hello; a batch that comes twice is counted once. One that was
 * damaged in the outbox is set aside in refused.log, and an empty batch goes out by its number. */
#ifndef SUIVI_LIB_DELIVERY_H
#define SUIVI_LIB_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/lib/outbox.h"
#include "clients/lib/refused.h"
#include "clients/lib/suivi.h"
#include "proto/fault.h"
#include "proto/str.h"

/* Without an answer, before hello is said again; doubled each time, up to .._MAX_MS. */
#define DELIVERY_PATIENCE_MS     1000
#define DELIVERY_PATIENCE_MAX_MS 8000
#define DELIVERY_BUSY_MS         250         /* before hello is said again to a daemon that was busy */
#define DELIVERY_FLIGHT_BYTES    (32u << 20) /* sent and not acknowledged; or one batch, however large */
#define DELIVERY_FLIGHT_BATCHES  256

struct delivery;

/* Borrows `outbox` and `refused`; copies the texts. `software` may be empty. */
void delivery_new(struct delivery **out, struct outbox *outbox, struct refused *refused, struct str source,
                  struct str software);
void delivery_destroy(struct delivery **delivery);

/* Starts with hello, whatever was. */
void delivery_restart(struct delivery *delivery);

/* What is to be sent now: true, and *frame borrowed until the next call on `delivery`; delivery_sent, called
 * next, says that it was sent. False: nothing to send, or `*rc` is not 0, a negative errno with `why`. Also
 * drops from the outbox what was acknowledged. */
bool delivery_next(struct delivery *delivery, int64_t now_ms, struct str *frame, int *rc, struct fault *why);
void delivery_sent(struct delivery *delivery, int64_t now_ms);

/* Takes one frame from the daemon. What is not ours, or makes no sense, is passed over. -EAGAIN: the daemon
 * cannot take batches now (disk full, too busy); -EPROTO: it and we will not understand each other; -ESTALE:
 * it has more from this outbox than the outbox knows of, or other content by its numbers, which the outbox is
 * marked with; or an errno of the state directory. */
int delivery_receive(struct delivery *delivery, struct str frame, int64_t now_ms, struct fault *why);

bool delivery_done(const struct delivery *delivery); /* the outbox is empty */

/* Why the daemon does not let us begin now (another collector sends as this source, say), which hello is said
 * again for until it does; borrowed until the next call. NULL: it does, or says nothing. */
const char *delivery_busy(const struct delivery *delivery);
struct suivi_tally delivery_tally(const struct delivery *delivery);

/* When delivery_next has something new to say for lack of an answer; INT64_MAX: never. */
int64_t delivery_wake_ms(const struct delivery *delivery);
int64_t delivery_heard_ms(const struct delivery *delivery); /* time of the last answer; INT64_MIN: none yet */

#endif
