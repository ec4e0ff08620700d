/* From a window to events of libsuivi: sums, levels, sets. Keeps in the state what has to be known from one window to the next: of a counter
 * the fraction that was not sent yet (samples are divided by their rate), of a gauge its value (clients send changes to it, too). */
#ifndef SUIVI_STATSD_SENDER_H
#define SUIVI_STATSD_SENDER_H

#include <stdint.h>

#include "clients/lib/suivi.h"
#include "clients/statsd/window.h"

/* Hands all of it to `suivi`, as events and records; they are saved by suivi_commit. `lost`: datagrams were lost meanwhile, and whoever
 * reads these figures is to know. *too_large grows by the sums and values that no indicator takes. Errno with `why`. */
int sender_hand_over(struct suivi *suivi, struct window *window, bool lost, uint64_t *too_large,
                     struct fault *why);

/* Prints what would be handed over: a line each, "INDICATOR DAY NUMBER DIM=VALUE ...". */
void sender_print(struct window *window);

#endif
