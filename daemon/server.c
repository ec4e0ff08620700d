#include "daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "daemon/catalogue.h"
#include "daemon/lane.h"
#include "daemon/log.h"
#include "daemon/priority.h"
#include "daemon/query.h"
#include "daemon/socket.h"
#include "proto/check.h"
#include "proto/message.h"

#define SERVER_MAGIC 0x53455256u
#define JOB_MAGIC    0x51554a42u

#define DRAIN_MAX       256 /* messages taken in one turn of the loop */
#define ENDPOINT_BYTES  256
#define QUERIES_RUNNING 4 /* as many as libuv has threads */
#define QUERIES_WAITING 256
#define QUERY_BYTES_MAX (64u << 10) /* a question's frame waits with it */

/* A question on its way: through the queue, over a thread, back. */
struct query_job {
    unsigned magic;
    struct server *server;
    struct socket_message *message;
    struct message_query query; /* borrows from the message */
    struct query_answer *answer;
    struct fault why;
    int err;
    uv_work_t work;
    struct query_job *next;
};

struct server {
    unsigned magic;
    const struct framework *framework;
    struct store *store;
    struct catalogue *catalogue;
    struct lane *lane;
    struct socket *socket;
    struct wire_writer *reply;
    char endpoints[SETTINGS_LISTEN_MAX * ENDPOINT_BYTES];

    uv_loop_t loop;
    uv_poll_t readable;
    uv_idle_t again; /* runs while there may be more to take than one turn takes */
    uv_signal_t on_term, on_int;
    uv_async_t woken; /* by the lane */
    bool loop_made, stopping, closed;

    struct query_job *waiting_first, *waiting_last;
    size_t waiting, running;

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

/* ---- queries ---- */

static void job_destroy(struct query_job *job) {
    OBJ_CHECK(job, JOB_MAGIC);
    query_answer_destroy(&job->answer);
    socket_message_destroy(&job->message);
    job->magic = 0;
    free(job);
}

static void start_queries(struct server *server);
static void server_turn(struct server *server);

static void run_query(uv_work_t *work) {
    struct query_job *job = work->data;
    OBJ_CHECK(job, JOB_MAGIC);
    job->err = query_run(&job->answer, &job->query, job->server->framework, job->server->catalogue,
                         job->server->store, &job->why);
}

static void finish_query(uv_work_t *work, int status) {
    struct query_job *job = work->data;
    OBJ_CHECK(job, JOB_MAGIC);
    struct server *server = job->server;
    (void)status; /* never cancelled */
    struct str peer = socket_message_peer(job->message);
    if (job->err == 0) {
        /* An answer with a hole would pass for a whole one: after a frame that did not go, none goes. */
        for (size_t i = 0; i < query_answer_count(job->answer); i++)
            if (!send_frame(server, peer, query_answer_frame(job->answer, i)))
                break;
    } else {
        const char *code =
            job->err == -EINVAL || job->err == -E2BIG ? MESSAGE_ERROR_QUERY : MESSAGE_ERROR_STORE;
        send_error(server, peer,
                   &(struct message_error){
                       .code = str_of(code), .text = str_of(job->why.text), .id = job->query.id});
    }
    server->running--;
    job_destroy(job);
    start_queries(server);
    server_turn(server);
}

static void start_queries(struct server *server) {
    while (server->running < QUERIES_RUNNING && server->waiting_first) {
        struct query_job *job = server->waiting_first;
        server->waiting_first = job->next;
        if (server->waiting_first == NULL)
            server->waiting_last = NULL;
        server->waiting--;
        server->running++;
        job->work.data = job;
        int err = uv_queue_work(&server->loop, &job->work, run_query, finish_query);
        ASSERT(err == 0);
    }
}

/* Takes the message. */
static void take_query(struct server *server, struct socket_message *message,
                       const struct message_query *query) {
    bool too_long = socket_message_frame(message).len > QUERY_BYTES_MAX;
    if (too_long || server->waiting == QUERIES_WAITING) {
        struct message_error error = {.id = query->id};
        error.code = too_long ? STR(MESSAGE_ERROR_QUERY) : STR(MESSAGE_ERROR_BUSY);
        error.text = too_long ? STR("a question of more than 65536 bytes: ask for less at once")
                              : STR("too many questions at once: ask again later");
        send_error(server, socket_message_peer(message), &error);
        socket_message_destroy(&message);
        return;
    }
    struct query_job *job = mem_zeroed(1, sizeof *job);
    job->magic = JOB_MAGIC;
    job->server = server;
    job->message = message;
    job->query = *query;
    if (server->waiting_last)
        server->waiting_last->next = job;
    else
        server->waiting_first = job;
    server->waiting_last = job;
    server->waiting++;
    start_queries(server);
}

/* ---- messages ---- */

/* A question is for here; everything else takes the lane, in the order in which it came. */
static void take_message(struct server *server, struct socket_message *message) {
    struct str peer = socket_message_peer(message), frame = socket_message_frame(message);
    struct wire_reader reader, about;
    enum message_type type = MESSAGE_ERROR;
    struct message_query query;
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
    if (message_open(&reader, &type, &why) != 0 || type != MESSAGE_QUERY) {
        lane_put(server->lane, message);
        return;
    }
    about = reader;
    if (message_read_query(&reader, &query, &why) == 0) {
        take_query(server, message, &query);
        return;
    }
    refuse(server, peer, &why, about);
    socket_message_destroy(&message);
}

static bool send_reply(void *arg, struct str peer, struct str frame) {
    struct server *server = arg;
    OBJ_CHECK(server, SERVER_MAGIC);
    return send_frame(server, peer, frame);
}

/* ---- the loop ---- */

static void close_handles(struct server *server) {
    uv_handle_t *handles[] = {(uv_handle_t *)&server->readable, (uv_handle_t *)&server->again,
                              (uv_handle_t *)&server->on_term, (uv_handle_t *)&server->on_int,
                              (uv_handle_t *)&server->woken};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], NULL);
    server->closed = true;
}

static void on_again(uv_idle_t *idle) {
    struct server *server = idle->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    server_turn(server);
}

static void on_woken(uv_async_t *woken) {
    struct server *server = woken->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    server_turn(server);
}

/* Called from the lane's threads. */
static void wake(void *arg) {
    struct server *server = arg;
    if (server->loop_made)
        (void)uv_async_send(&server->woken);
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
    if (server->stopping && !server->closed && lane_stopped(server->lane) && server->running == 0) {
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
    while (server->waiting_first) {
        struct query_job *job = server->waiting_first;
        server->waiting_first = job->next;
        job_destroy(job);
    }
    server->waiting_last = NULL;
    server->waiting = 0;
    lane_stop(server->lane);
    server_turn(server);
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
        server->woken.data = server;
    if ((err = uv_async_init(&server->loop, &server->woken, on_woken)) ||
        (err = uv_poll_init(&server->loop, &server->readable, socket_descriptor(server->socket))) ||
        (err = uv_poll_start(&server->readable, UV_READABLE, on_readable)) ||
        (err = uv_idle_init(&server->loop, &server->again)) ||
        (err = uv_signal_init(&server->loop, &server->on_term)) ||
        (err = uv_signal_start(&server->on_term, on_signal, SIGTERM)) ||
        (err = uv_signal_init(&server->loop, &server->on_int)) ||
        (err = uv_signal_start(&server->on_int, on_signal, SIGINT)))
        return fault_set(why, err, "cannot start the event loop: %s", uv_strerror(err));
    return 0;
}

int server_new(struct server **out, const struct settings *settings, const struct framework *framework,
               struct store *store, struct fault *why) {
    struct server *server = mem_zeroed(1, sizeof *server);
    server->magic = SERVER_MAGIC;
    server->framework = framework;
    server->store = store;
    wire_writer_new(&server->reply, MESSAGE_BYTES_MAX);
    priority_prompt();
    int err = catalogue_new(&server->catalogue, framework, store, why);
    if (err == 0)
        err = socket_new(&server->socket, why);
    if (err == 0)
        err = bind_all(server, settings, why);
    if (err == 0)
        err = lane_new(&server->lane, server->catalogue, store, wake, server, why);
    if (err == 0)
        err = start_loop(server, why);
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
    if (s->loop_made)
        (void)uv_loop_close(&s->loop);
    socket_destroy(&s->socket);
    catalogue_destroy(&s->catalogue);
    wire_writer_destroy(&s->reply);
    s->magic = 0;
    free(s);
    *server = NULL;
}
