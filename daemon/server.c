#include "daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/answers/questions.h"
#include "daemon/books/catalogue.h"
#include "daemon/books/definitions.h"
#include "daemon/intake/lane.h"
#include "daemon/io/log.h"
#include "daemon/io/priority.h"
#include "daemon/io/socket.h"
#include "proto/check.h"
#include "proto/message.h"

#define SERVER_MAGIC 0x53455256u

#define DRAIN_MAX      256 /* messages taken in one turn of the loop */
#define ENDPOINT_BYTES 256

struct server {
    unsigned magic;
    struct catalogue *catalogue;
    struct lane *lane;
    struct questions *questions;
    struct socket *socket;
    struct wire_writer *reply;
    char endpoints[SETTINGS_LISTEN_MAX * ENDPOINT_BYTES];

    uv_loop_t loop;
    uv_poll_t readable;
    uv_idle_t again; /* runs while there may be more to take than one turn takes */
    uv_signal_t on_term, on_int, on_hup;
    int bell; /* an eventfd that the lane rings: uv_async_send would let the loop wait, busily, for a sender
                     * that is interrupted in it, and the lane's threads often are */
    uv_poll_t rung;
    bool loop_made, stopping, closed;

    struct log_episode refused, undelivered;
};

/* ---- replies ---- */

static bool send_frame(struct server *server, struct str peer, struct str frame) {
    uint64_t unsaid;
    bool sent = socket_send(server->socket, peer, frame);
    if (!sent && log_episode_speak(&server->undelivered, &unsaid))
        log_event(LOG_LEVEL_INFO, "reply.undelivered", "unsaid=%llu", (unsigned long long)unsaid);
    return sent;
}

static struct str reply_frame(const struct server *server) {
    ASSERT(!wire_writer_failed(server->reply));
    return (struct str){(const char *)wire_writer_data(server->reply), wire_writer_len(server->reply)};
}

static void send_error(struct server *server, struct str peer, const struct message_error *error) {
    wire_writer_reset(server->reply);
    message_write_error(server->reply, error);
    (void)send_frame(server, peer, reply_frame(server));
}

/* What a peer sent is never logged, only what was wrong with it in our own words. */
static void refuse(struct server *server, struct str peer, const struct fault *why,
                   struct wire_reader about) {
    struct message_error error = {0};
    uint64_t unsaid;
    if (log_episode_speak(&server->refused, &unsaid))
        log_event(LOG_LEVEL_WARNING, "message.refused", "code=" MESSAGE_ERROR_BAD " unsaid=%llu",
                  (unsigned long long)unsaid);
    message_read_about(about, &error);
    error.code = STR(MESSAGE_ERROR_BAD);
    error.text = str_of(why->text);
    send_error(server, peer, &error);
}

/* ---- messages ---- */

/* A question is for here; everything else takes the lane, in the order in which it came. */
static void take_message(struct server *server, struct socket_message *message) {
    struct str peer = socket_message_peer(message), frame = socket_message_frame(message);
    struct wire_reader reader, about;
    enum message_type type = MESSAGE_ERROR;
    struct fault why;
    if (socket_message_parts(message) != 1) {
        int parts = socket_message_parts(message);
        (void)fault_set(&why, -EPROTO,
                        "a message is one frame, this one has %d: send from a DEALER, without an empty frame "
                        "before it",
                        parts);
        wire_reader_init(&about, "", 0);
        refuse(server, peer, &why, about);
        socket_message_destroy(&message);
        return;
    }
    wire_reader_init(&reader, frame.at, frame.len);
    if (message_open(&reader, &type, &why) != 0 || !questions_are(type)) {
        lane_put(server->lane, message);
        return;
    }
    if (questions_take(server->questions, type, reader, message, &why) == 0)
        return;
    refuse(server, peer, &why, reader);
    socket_message_destroy(&message);
}

static bool send_reply(void *arg, struct str peer, struct str frame) {
    struct server *server = arg;
    OBJ_CHECK(server, SERVER_MAGIC);
    return send_frame(server, peer, frame);
}

static void server_turn(struct server *server);

static void after_answer(void *arg) {
    struct server *server = arg;
    OBJ_CHECK(server, SERVER_MAGIC);
    server_turn(server);
}

/* ---- the loop ---- */

static void close_handles(struct server *server) {
    uv_handle_t *handles[] = {(uv_handle_t *)&server->readable, (uv_handle_t *)&server->again,
                              (uv_handle_t *)&server->on_term,  (uv_handle_t *)&server->on_int,
                              (uv_handle_t *)&server->on_hup,   (uv_handle_t *)&server->rung};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], NULL);
    questions_close(server->questions);
    server->closed = true;
}

static void on_again(uv_idle_t *idle) {
    struct server *server = idle->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    server_turn(server);
}

static void on_rung(uv_poll_t *poll, int status, int events) {
    struct server *server = poll->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    uint64_t times;
    (void)status;
    (void)events;
    (void)!read(server->bell, &times, sizeof times);
    server_turn(server);
}

/* Called from the lane's threads. */
static void wake(void *arg) {
    const struct server *server = arg;
    const uint64_t once = 1;
    (void)!write(server->bell, &once, sizeof once);
}

/* Sends what is ready and takes what has come, to a bound. The descriptor is edge-triggered, so as long as
 * there may be more the loop comes back here by itself; when the lane is full, it will wake us. */
static void server_turn(struct server *server) {
    bool more = false;
    lane_replies(server->lane, send_reply, server);
    if (!server->stopping) {
        struct socket_message *message;
        int taken = 0;
        while (taken < DRAIN_MAX && lane_room(server->lane) && socket_receive(server->socket, &message)) {
            take_message(server, message);
            taken++;
        }
        more = taken == DRAIN_MAX;
    }
    if (more)
        (void)uv_idle_start(&server->again, on_again);
    else
        (void)uv_idle_stop(&server->again);
    if (server->stopping && !server->closed && lane_stopped(server->lane) &&
        questions_stopped(server->questions)) {
        lane_replies(server->lane, send_reply, server); /* the last ones */
        close_handles(server);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events) {
    struct server *server = poll->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    (void)status;
    (void)events;
    server_turn(server);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct server *server = handle->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    if (server->stopping)
        return;
    log_event(LOG_LEVEL_INFO, "stopping", "signal=%d", number);
    server->stopping = true;
    questions_stop(server->questions);
    lane_stop(server->lane);
    server_turn(server);
}

/* By custom: read the configuration anew. Nothing is read while it runs, and ending would be no answer. */
static void on_hangup(uv_signal_t *handle, int number) {
    struct server *server = handle->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    log_event(LOG_LEVEL_WARNING, "hangup.ignored",
              "signal=%d why=\"settings and framework are read at the start: restart suivid\"", number);
}

/* ---- life ---- */

static int bind_all(struct server *server, const struct settings *settings, struct fault *why) {
    size_t used = 0;
    for (size_t i = 0; i < settings->listen_count; i++) {
        char bound[ENDPOINT_BYTES];
        int err = socket_bind(server->socket, settings->listen[i], bound, sizeof bound, why);
        if (err)
            return err;
        int len =
            snprintf(server->endpoints + used, sizeof server->endpoints - used, "%s%s", i ? " " : "", bound);
        ASSERT(len > 0 && (size_t)len < sizeof server->endpoints - used);
        used += (size_t)len;
    }
    return 0;
}

static int start_loop(struct server *server, struct fault *why) {
    int err = uv_loop_init(&server->loop);
    if (err)
        return fault_set(why, err, "cannot start the event loop: %s", uv_strerror(err));
    server->loop_made = true;
    server->readable.data = server->again.data = server->on_term.data = server->on_int.data =
        server->on_hup.data = server->rung.data = server;
    if ((err = uv_poll_init(&server->loop, &server->rung, server->bell)) ||
        (err = uv_poll_start(&server->rung, UV_READABLE, on_rung)) ||
        (err = uv_poll_init(&server->loop, &server->readable, socket_descriptor(server->socket))) ||
        (err = uv_poll_start(&server->readable, UV_READABLE, on_readable)) ||
        (err = uv_idle_init(&server->loop, &server->again)) ||
        (err = uv_signal_init(&server->loop, &server->on_term)) ||
        (err = uv_signal_start(&server->on_term, on_signal, SIGTERM)) ||
        (err = uv_signal_init(&server->loop, &server->on_int)) ||
        (err = uv_signal_start(&server->on_int, on_signal, SIGINT)) ||
        (err = uv_signal_init(&server->loop, &server->on_hup)) ||
        (err = uv_signal_start(&server->on_hup, on_hangup, SIGHUP)))
        return fault_set(why, err, "cannot start the event loop: %s", uv_strerror(err));
    return 0;
}

int server_new(struct server **out, const struct settings *settings, const struct framework *framework,
               struct store *store, struct fault *why) {
    struct server *server = mem_zeroed(1, sizeof *server);
    server->magic = SERVER_MAGIC;
    wire_writer_new(&server->reply, MESSAGE_BYTES_MAX);
    priority_prompt();
    server->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int err =
        server->bell < 0 ? fault_set(why, -errno, "cannot start the event loop: %s", strerror(errno)) : 0;
    if (err == 0)
        err = catalogue_new(&server->catalogue, framework, store, why);
    if (err == 0)
        err = definitions_update(store, framework, (int64_t)time(NULL), why);
    if (err == 0)
        err = socket_new(&server->socket, why);
    if (err == 0)
        err = bind_all(server, settings, why);
    if (err == 0)
        err = lane_new(&server->lane, server->catalogue, store, wake, server, why);
    if (err == 0)
        err = start_loop(server, why);
    if (err == 0)
        err = questions_new(&server->questions, &server->loop, framework, server->catalogue, store,
                            &(struct questions_way){send_reply, after_answer, server}, why);
    if (err) {
        server_destroy(&server);
        return err;
    }
    *out = server;
    return 0;
}

const char *server_endpoints(const struct server *server) {
    OBJ_CHECK(server, SERVER_MAGIC);
    return server->endpoints;
}

void server_run(struct server *server) {
    OBJ_CHECK(server, SERVER_MAGIC);
    server_turn(server); /* what came before the descriptor was watched gave no edge */
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
}

void server_destroy(struct server **server) {
    struct server *s = *server;
    if (s == NULL)
        return;
    OBJ_CHECK(s, SERVER_MAGIC);
    lane_destroy(&s->lane);
    questions_destroy(&s->questions);
    if (s->loop_made)
        (void)uv_loop_close(&s->loop);
    if (s->bell >= 0)
        (void)close(s->bell);
    socket_destroy(&s->socket);
    catalogue_destroy(&s->catalogue);
    wire_writer_destroy(&s->reply);
    s->magic = 0;
    free(s);
    *server = NULL;
}
