/* The line in which everything that a run read and sent adds up, put together piece by piece. */
#ifndef SUIVI_COLLECTOR_BALANCE_H
#define SUIVI_COLLECTOR_BALANCE_H

#include <stdint.h>

#include "clients/lib/suivi.h"

struct balance { /* zeros at first */
    char line[1024];
};

void balance_add(struct balance *balance, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "; 2 batches acknowledged: 61 events, 60 counted, 1 refused": each event that was sent is counted, refused, or was counted before. */
void balance_add_sent(struct balance *balance, const struct suivi_tally *sent);

const char *balance_plural(uint64_t count); /* "" or "s" */

#endif
