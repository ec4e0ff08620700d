/* Questions on their way: they wait in line, are answered on libuv's threads, each from one snapshot of the
 * store, and the answers leave by the loop. All functions are for the loop's thread. */
#ifndef SUIVI_DAEMON_ANSWERS_QUESTIONS_H
#define SUIVI_DAEMON_ANSWERS_QUESTIONS_H

#include <stdbool.h>
#include <uv.h>

#include "config/framework.h"
#include "daemon/books/catalogue.h"
#include "daemon/io/socket.h"
#include "daemon/store/store.h"
#include "proto/message.h"

#define QUESTIONS_RUNNING   4 /* as many as libuv has threads */
#define QUESTIONS_WAITING   256
#define QUESTIONS_BYTES_MAX (64u << 10) /* a question's frame waits with it */

struct questions;

/* `send` is true when the peer is there; `done` is called after each answer. */
struct questions_way {
    bool (*send)(void *arg, struct str peer, struct str frame);
    void (*done)(void *arg);
    void *arg;
};

/* Borrows all of them. */
int questions_new(struct questions **out, uv_loop_t *loop, const struct framework *framework,
                  struct catalogue *catalogue, struct store *store, const struct questions_way *way,
                  struct fault *why);
void questions_destroy(struct questions **questions); /* its handles are closed, and the loop has ended */

/* Takes a message of these types, `reader` as message_open left it. -EPROTO with `why`: it is no such message,
 * and still the caller's. */
bool questions_are(enum message_type type);
int questions_take(struct questions *questions, enum message_type type, struct wire_reader reader,
                   struct socket_message *message, struct fault *why);

/* What waits is dropped, what is long is ended; then questions_stopped says when nothing runs any more. */
void questions_stop(struct questions *questions);
bool questions_stopped(const struct questions *questions);
void questions_close(struct questions *questions); /* its handles */

#endif
