/* The daemon's one ZeroMQ socket: a ROUTER bound to every endpoint. The only file here that knows zmq.h. */
#ifndef SUIVI_DAEMON_IO_SOCKET_H
#define SUIVI_DAEMON_IO_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/fault.h"
#include "proto/str.h"

#define SOCKET_FRAME_MAX ((size_t)16 << 20) /* as the protocol has it: a peer that sends more is cut off */
#define SOCKET_QUEUE_IN  2                  /* frames that wait from one peer, then it waits */
#define SOCKET_QUEUE_OUT 1024 /* frames that wait for one peer; what is more is dropped, it can ask again */

struct socket;

int socket_new(struct socket **out, struct fault *why);
void socket_destroy(struct socket **socket); /* lets what was sent leave, a second at most */

/* `bound` gets the endpoint as it came to be (a port that was left open is named). */
int socket_bind(struct socket *socket, const char *endpoint, char *bound, size_t size, struct fault *why);

/* Readable when something may have happened: edge-triggered, so receive until socket_receive says there is no
 * more, after each time it was readable and after each socket_send. */
int socket_descriptor(const struct socket *socket);

/* One message. `parts` counts the frames after the peer's address; only the first is kept. False: there is
 * none now. */
struct socket_message;

bool socket_receive(struct socket *socket, struct socket_message **out);
struct str socket_message_peer(const struct socket_message *message);
struct str socket_message_frame(const struct socket_message *message);
int socket_message_parts(const struct socket_message *message);
void socket_message_destroy(struct socket_message **message);

/* False when the peer is gone or takes nothing: it will ask again. */
bool socket_send(struct socket *socket, struct str peer, struct str frame);

#endif
