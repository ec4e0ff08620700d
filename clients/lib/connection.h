/* The connection to suivid: a ZeroMQ DEALER socket that carries whole frames. The only module of the clients
 * that knows ZeroMQ. libzmq connects, and connects again, by itself; what was on the way then is lost, and
 * said again by the caller. */
#ifndef SUIVI_LIB_CONNECTION_H
#define SUIVI_LIB_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/str.h"

struct connection;

/* Begins to connect and returns at once, whether anybody is there or not. -EINVAL: not an endpoint. */
int connection_open(struct connection **out, const char *endpoint, struct fault *why);
void connection_close(struct connection **connection);

/* Takes a copy of the frame and sends it; false when it cannot take any now, because nobody is connected or
 * too much is on the way. */
bool connection_send(struct connection *connection, struct str frame);

/* The next frame that has come, borrowed until the next call on `connection`; false when there is none. */
bool connection_receive(struct connection *connection, struct str *frame);

/* Waits until a frame has come, or (with `to_send`) one can be sent, or `timeout_ms` have passed. A signal
 * may end it early. */
void connection_wait(struct connection *connection, bool to_send, int64_t timeout_ms);

/* Nobody listens there, for certain: a local socket that is missing or refuses. ZeroMQ itself would go on
 * trying without a word. Ask once the first CONNECTION_GRACE_MS have brought no answer: a daemon that is just
 * starting gets its chance. */
#define CONNECTION_GRACE_MS 2000
bool connection_deserted(const char *endpoint);

/* Somebody listens there, for certain: a local socket that can be connected to. Whoever has no answer from it
 * has to do with a daemon that is stopped, or too busy. */
bool connection_silent(const char *endpoint);

/* Somebody may listen there, but we may not connect: the socket, or its folder, is not for this user. */
bool connection_forbidden(const char *endpoint);

/* A clock that never jumps. */
int64_t connection_clock_ms(void);

#endif
