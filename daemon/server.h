/* suivid at work: one loop, one ROUTER socket on all endpoints, and the threads that commit and answer.
 *
 * server_new takes what must be there before the daemon may say it is ready; server_run runs until SIGTERM or
 * SIGINT, then finishes what it has taken, commits, lets the acks go and returns. */
#ifndef SUIVI_DAEMON_SERVER_H
#define SUIVI_DAEMON_SERVER_H

#include "config/framework.h"
#include "config/settings.h"
#include "daemon/store/store.h"
#include "proto/fault.h"

struct server;

/* Borrows all of them. -EADDRINUSE: somebody listens there already. */
int server_new(struct server **out, const struct settings *settings, const struct framework *framework,
               struct store *store, struct fault *why);
void server_destroy(struct server **server);

/* The endpoints as bound ("tcp://127.0.0.1:40123"), joined by spaces. Borrowed. */
const char *server_endpoints(const struct server *server);

void server_run(struct server *server);

#endif
