/* Sending what is in the outbox, for collectors that stay, and what a person is told of it: each kind of trouble once, until batches are
 * taken again. */
#ifndef SUIVI_COLLECTOR_SENDING_H
#define SUIVI_COLLECTOR_SENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/suivi.h"

#define SENDING_SAID_MAX 8

struct sending {
    const char *program;
    struct suivi *suivi;
    const char *state;
    int said[SENDING_SAID_MAX]; /* from here on zeros at first */
    size_t said_count;
    uint64_t acknowledged, missing, refused; /* batches, batches, events: when last looked */
};

/* Sends and takes acks for `timeout_ms` at most. */
void sending_turn(struct sending *sending, int timeout_ms);

/* At the end, after suivi_deliver, which returned `delivered`: says what is to be said and was not yet. True: nothing was refused, and the
 * daemon has all that it had acknowledged. */
bool sending_end(const struct sending *sending, int delivered);

#endif
