#include "clients/lib/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/check.h"
#include "proto/message.h"

#define CONNECTION_MAGIC 0xc0eec701u
#define FRAMES_MAX       256 /* waiting in one direction */

struct connection {
    unsigned magic;
    void *context, *socket;
    zmq_msg_t frame;
};

static int configure(void *socket) {
    const struct {
        int option, value;
    } settings[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_IMMEDIATE, 1}, /* queue nothing for a daemon that is not there: what is said would be stale */
        {ZMQ_SNDHWM, FRAMES_MAX},
        {ZMQ_RCVHWM, FRAMES_MAX},
        {ZMQ_RECONNECT_IVL, 50},
        {ZMQ_RECONNECT_IVL_MAX, 1000},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_IPV6, 1},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (zmq_setsockopt(socket, settings[i].option, &settings[i].value, sizeof settings[i].value) != 0)
            return -errno;
    int64_t max = MESSAGE_BYTES_MAX;
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof max) == 0 ? 0 : -errno;
}

int connection_open(struct connection **out, const char *endpoint, struct fault *why) {
    struct connection *connection = mem_zeroed(1, sizeof *connection);
    connection->magic = CONNECTION_MAGIC;
    zmq_msg_init(&connection->frame);
    int rc = 0;
    connection->context = zmq_ctx_new();
    connection->socket = connection->context ? zmq_socket(connection->context, ZMQ_DEALER) : NULL;
    if (!connection->socket)
        rc = fault_set(why, -errno, "cannot make a socket: %s", zmq_strerror(errno));
    else if ((rc = configure(connection->socket)) != 0)
        fault_set(why, rc, "cannot set up a socket: %s", zmq_strerror(-rc));
    else if (zmq_connect(connection->socket, endpoint) != 0) {
        rc = -errno;
        fault_set(why, rc,
                  "cannot connect to %s: %s; an endpoint looks like ipc:///run/suivi/suivid.ipc or "
                  "tcp://127.0.0.1:7311",
                  endpoint, zmq_strerror(-rc));
    }
    if (rc != 0) {
        connection_close(&connection);
        return rc;
    }
    *out = connection;
    return 0;
}

void connection_close(struct connection **connection) {
    if (!*connection)
        return;
    OBJ_CHECK(*connection, CONNECTION_MAGIC);
    zmq_msg_close(&(*connection)->frame);
    if ((*connection)->socket)
        zmq_close((*connection)->socket);
    if ((*connection)->context)
        zmq_ctx_term((*connection)->context);
    (*connection)->magic = 0;
    free(*connection);
    *connection = NULL;
}

bool connection_send(struct connection *connection, struct str frame) {
    OBJ_CHECK(connection, CONNECTION_MAGIC);
    int sent;
    do
        sent = zmq_send(connection->socket, frame.at, frame.len, ZMQ_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

/* One part of a message into connection->frame. */
static bool receive_part(struct connection *connection) {
    zmq_msg_close(&connection->frame);
    zmq_msg_init(&connection->frame);
    int got;
    do
        got = zmq_msg_recv(&connection->frame, connection->socket, ZMQ_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got >= 0;
}

bool connection_receive(struct connection *connection, struct str *frame) {
    OBJ_CHECK(connection, CONNECTION_MAGIC);
    for (int dropped = 0; dropped < FRAMES_MAX && receive_part(connection); dropped++) {
        if (!zmq_msg_more(&connection->frame)) {
            *frame = (struct str){zmq_msg_data(&connection->frame), zmq_msg_size(&connection->frame)};
            return true;
        }
        /* The daemon sends single frames; anything else is dropped whole. */
        while (zmq_msg_more(&connection->frame))
            if (!receive_part(connection))
                return false;
    }
    return false;
}

void connection_wait(struct connection *connection, bool to_send, int64_t timeout_ms) {
    OBJ_CHECK(connection, CONNECTION_MAGIC);
    zmq_pollitem_t item = {.socket = connection->socket,
                           .events = (short)(ZMQ_POLLIN | (to_send ? ZMQ_POLLOUT : 0))};
    zmq_poll(&item, 1, timeout_ms > 0 ? (long)timeout_ms : 0);
}

/* What connecting to a local socket comes to: 0, a negative errno, or 0 for an endpoint that is none. */
static int probe_local(const char *endpoint) {
    static const char scheme[] = "ipc://";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strncmp(endpoint, scheme, sizeof scheme - 1) != 0)
        return 0;
    const char *path = endpoint + sizeof scheme - 1;
    if (strlen(path) >= sizeof address.sun_path)
        return 0;
    memcpy(address.sun_path, path, strlen(path) + 1);
    /* A daemon that is stopped takes no connections, and has room for so many: -EAGAIN after that. */
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return 0;
    int rc = connect(probe, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
    close(probe);
    return rc;
}

bool connection_deserted(const char *endpoint) {
    int rc = probe_local(endpoint);
    return rc == -ENOENT || rc == -ECONNREFUSED || rc == -EACCES;
}

bool connection_silent(const char *endpoint) {
    int rc = probe_local(endpoint);
    return strncmp(endpoint, "ipc://", 6) == 0 && (rc == 0 || rc == -EAGAIN);
}

bool connection_forbidden(const char *endpoint) {
    return probe_local(endpoint) == -EACCES;
}

int64_t connection_clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
