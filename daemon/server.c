#include "daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "daemon/catalogue.h"
#include "daemon/committer.h"
#include "daemon/ingest.h"
#include "daemon/ledger.h"
#include "daemon/log.h"
#include "daemon/query.h"
#include "daemon/socket.h"
#include "proto/check.h"
#include "proto/message.h"

#define SERVER_MAGIC 0x53455256u
#define JOB_MAGIC    0x51554a42u

#define DRAIN_MAX       256 /* messages taken in one turn of the loop */
#define ENDPOINT_BYTES  256
#define QUERIES_RUNNING 3 /* of libuv's four threads: one is always free to commit */
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
    struct ledger *ledger;
    struct committer *committer;
    struct ingest *ingest;
    struct socket *socket;
    struct wire_writer *reply;
    char endpoints[SETTINGS_LISTEN_MAX * ENDPOINT_BYTES];

    uv_loop_t loop;
    uv_poll_t readable;
    uv_idle_t again; /* runs while there may be more to take than one turn takes */
    uv_signal_t on_term, on_int;
    uv_work_t commit_work;
    bool loop_made, stopping, closed;

    struct query_job *waiting_first, *waiting_last;
    size_t waiting, running;

    struct log_episode refused, undelivered, commit_failed;
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

/* What a peer sent is never logged, only what was wrong with it in our own words. `error` names what it is
 * about as far as that could be read. */
static void refuse(struct server *server, struct str peer, const char *code, const struct fault *why,
                   struct message_error error) {
    uint64_t unsaid;
    if (log_episode_speak(&server->refused, &unsaid))
        log_event(LOG_LEVEL_WARNING, "message.refused", "code=%s unsaid=%llu", code,
                  (unsigned long long)unsaid);
    error.code = str_of(code);
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

static void take_batch(struct server *server, struct str peer, struct message_batch *batch, uint64_t digest) {
    wire_writer_reset(server->reply);
    struct str source = batch->source;
    uint64_t seq = batch->seq;
    enum ingest_reply when = ingest_batch(server->ingest, batch, digest, server->reply);
    struct str frame = reply_frame(server);
    if (when == INGEST_HOLD)
        committer_hold(server->committer, &(struct committer_reply){peer, frame, source, seq});
    else
        (void)send_frame(server, peer, frame);
}

/* Opens the frame; *about is a reader of the map that stays where it is. */
static int open_message(const struct socket_message *message, struct wire_reader *reader,
                        struct wire_reader *about, enum message_type *type, struct fault *why) {
    struct str frame = socket_message_frame(message);
    if (socket_message_parts(message) != 1)
        return fault_set(
            why, -EPROTO,
            "a message is one frame, this one has %d: send from a DEALER, without an empty frame before it",
            socket_message_parts(message));
    wire_reader_init(reader, frame.at, frame.len);
    int err = message_open(reader, type, why);
    if (err == 0)
        *about = *reader;
    return err;
}

static void take_message(struct server *server, struct socket_message *message) {
    struct str peer = socket_message_peer(message);
    struct wire_reader reader, about;
    enum message_type type;
    union {
        struct message_hello hello;
        struct message_batch batch;
        struct message_query query;
    } in;
    struct message_error error = {0};
    struct fault why;
    wire_reader_init(&about, "", 0);
    int err = open_message(message, &reader, &about, &type, &why);
    if (err == 0 && type == MESSAGE_HELLO && (err = message_read_hello(&reader, &in.hello, &why)) == 0) {
        wire_writer_reset(server->reply);
        ingest_hello(server->ingest, &in.hello, server->reply);
        (void)send_frame(server, peer, reply_frame(server));
    } else if (err == 0 && type == MESSAGE_BATCH &&
               (err = message_read_batch(&reader, &in.batch, &why)) == 0) {
        take_batch(server, peer, &in.batch, message_digest(socket_message_frame(message)));
    } else if (err == 0 && type == MESSAGE_QUERY &&
               (err = message_read_query(&reader, &in.query, &why)) == 0) {
        take_query(server, message, &in.query);
        return;
    } else if (err == 0) {
        err = fault_set(&why, -EPROTO, "the daemon takes hello, batch and query, not %s",
                        message_type_name(type));
    }
    if (err) {
        message_read_about(about, &error);
        refuse(server, peer, err == -EPROTONOSUPPORT ? MESSAGE_ERROR_VERSION : MESSAGE_ERROR_BAD, &why,
               error);
    }
    socket_message_destroy(&message);
}

/* ---- commits ---- */

static void release_reply(void *arg, const struct committer_reply *reply, bool failed, const char *why) {
    struct server *server = arg;
    OBJ_CHECK(server, SERVER_MAGIC);
    if (failed)
        send_error(server, reply->peer,
                   &(struct message_error){.code = STR(MESSAGE_ERROR_STORE),
                                           .text = str_of(why),
                                           .source = reply->source,
                                           .seq = reply->seq});
    else
        (void)send_frame(server, reply->peer, reply->frame);
}

static void run_commit(uv_work_t *work) {
    struct server *server = work->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    committer_run(server->committer);
}

static void finish_commit(uv_work_t *work, int status) {
    struct server *server = work->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    (void)status;
    struct fault why;
    uint64_t unsaid;
    if (committer_finish(server->committer, release_reply, server, &why) != 0 &&
        log_episode_speak(&server->commit_failed, &unsaid))
        log_event(LOG_LEVEL_ERROR, "commit.failed", "unsaid=%llu why=\"%s\"", (unsigned long long)unsaid,
                  why.text);
    server_turn(server);
}

static void start_commit(struct server *server) {
    committer_start(server->committer);
    server->commit_work.data = server;
    int err = uv_queue_work(&server->loop, &server->commit_work, run_commit, finish_commit);
    ASSERT(err == 0);
}

/* ---- the loop ---- */

static void close_handles(struct server *server) {
    uv_handle_t *handles[] = {(uv_handle_t *)&server->readable, (uv_handle_t *)&server->again,
                              (uv_handle_t *)&server->on_term, (uv_handle_t *)&server->on_int};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], NULL);
    server->closed = true;
}

static void on_again(uv_idle_t *idle) {
    struct server *server = idle->data;
    OBJ_CHECK(server, SERVER_MAGIC);
    server_turn(server);
}

/* Takes what has come, to a bound, and starts a commit when one is wanted. The descriptor is edge-triggered,
 * so as long as there may be more the loop comes back here by itself. */
static void server_turn(struct server *server) {
    bool more = false;
    if (!server->stopping) {
        struct socket_message *message;
        int taken = 0;
        while (taken < DRAIN_MAX && !committer_full(server->committer) &&
               socket_receive(server->socket, &message)) {
            take_message(server, message);
            taken++;
        }
        more = taken == DRAIN_MAX;
    }
    if (committer_wanted(server->committer))
        start_commit(server);
    if (more)
        (void)uv_idle_start(&server->again, on_again);
    else
        (void)uv_idle_stop(&server->again);
    if (server->stopping && !server->closed && !committer_busy(server->committer) && server->running == 0)
        close_handles(server);
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
    server->readable.data = server->again.data = server->on_term.data = server->on_int.data = server;
    if ((err = uv_poll_init(&server->loop, &server->readable, socket_descriptor(server->socket))) ||
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
    int err = catalogue_new(&server->catalogue, framework, store, why);
    if (err == 0)
        err = ledger_new(&server->ledger, store, why);
    if (err == 0) {
        committer_new(&server->committer, store, server->catalogue, server->ledger);
        ingest_new(&server->ingest, server->catalogue, server->ledger, server->committer);
        err = socket_new(&server->socket, why);
    }
    if (err == 0)
        err = bind_all(server, settings, why);
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
    if (s->loop_made)
        (void)uv_loop_close(&s->loop);
    socket_destroy(&s->socket);
    ingest_destroy(&s->ingest);
    committer_destroy(&s->committer);
    ledger_destroy(&s->ledger);
    catalogue_destroy(&s->catalogue);
    wire_writer_destroy(&s->reply);
    s->magic = 0;
    free(s);
    *server = NULL;
}
