/* What a client is made of: for client.c and those who ask. */
#ifndef SUIVI_LIB_CLIENT_PRIV_H
#define SUIVI_LIB_CLIENT_PRIV_H

#include <stdint.h>

#include "clients/lib/batcher.h"
#include "clients/lib/connection.h"
#include "clients/lib/delivery.h"
#include "clients/lib/outbox.h"
#include "clients/lib/refused.h"
#include "clients/lib/staged.h"
#include "clients/lib/suivi.h"
#include "proto/check.h"
#include "proto/fault.h"

#define CLIENT_MAGIC 0x5b1c11e7u

struct suivi {
    unsigned magic;
    struct fault why;
    char *endpoint;
    struct connection *asking; /* opened by the first query */
    uint64_t last_query;

    /* Only with a state directory, from here on; `outbox` tells. */
    char *state, *source;
    int lock;
    struct outbox *outbox;
    struct staged *staged;
    struct batcher *batcher;
    bool unnumbered; /* what the next batch's number is cannot be said: nothing goes into the batcher */
    struct refused *refused;
    struct delivery *delivery;
    struct connection *sending; /* opened by the first delivery */
    int64_t waiting_since_ms;   /* there has been something to send; 0: there was nothing */
};

struct dims;

/* An event's indicator and dimensions, judged and sorted, when the state takes events. */
int client_series(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
                  struct dims *out);

#endif
