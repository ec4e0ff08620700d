#include "daemon/io/socket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/check.h"

#define SOCKET_MAGIC  0x534f434bu
#define MESSAGE_MAGIC 0x534f4d53u

#define LINGER_MS 1000

/* A peer whose machine is gone is asked this often, and after that long without a word cut off: its source may
 * then speak from elsewhere. */
#define HEARTBEAT_MS      10000
#define HEARTBEAT_GONE_MS 30000

/* Connections are shared out by their number, in which each endpoint counts as one: with two threads one that sends
 * much and one that asks were often together. */
#define IO_THREADS     4
#define RECEIVE_BUFFER (256 << 10) /* bytes: no more of a large frame is read in one go */

struct socket {
    unsigned magic;
    void *context, *router;
};

struct socket_message {
    unsigned magic;
    zmq_msg_t peer, frame;
    int parts;
};

int socket_new(struct socket **out, struct fault *why) {
    struct socket *socket = mem_zeroed(1, sizeof *socket);
    socket->magic = SOCKET_MAGIC;
    socket->context = zmq_ctx_new();
    if (socket->context)
        (void)zmq_ctx_set(socket->context, ZMQ_IO_THREADS, IO_THREADS);
    socket->router = socket->context ? zmq_socket(socket->context, ZMQ_ROUTER) : NULL;
    int64_t frame_max = SOCKET_FRAME_MAX;
    int in = SOCKET_QUEUE_IN, queue_out = SOCKET_QUEUE_OUT, linger = LINGER_MS, yes = 1;
    int buffer = RECEIVE_BUFFER;
    int heartbeat = HEARTBEAT_MS, gone = HEARTBEAT_GONE_MS;
    if (socket->router == NULL ||
        zmq_setsockopt(socket->router, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) ||
        zmq_setsockopt(socket->router, ZMQ_RCVHWM, &in, sizeof in) ||
        zmq_setsockopt(socket->router, ZMQ_RCVBUF, &buffer, sizeof buffer) ||
        zmq_setsockopt(socket->router, ZMQ_SNDHWM, &queue_out, sizeof queue_out) ||
        zmq_setsockopt(socket->router, ZMQ_HEARTBEAT_IVL, &heartbeat, sizeof heartbeat) ||
        zmq_setsockopt(socket->router, ZMQ_HEARTBEAT_TIMEOUT, &gone, sizeof gone) ||
        zmq_setsockopt(socket->router, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_setsockopt(socket->router, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes)) {
        int err = fault_set(why, -EIO, "cannot open a socket: %s", zmq_strerror(zmq_errno()));
        socket_destroy(&socket);
        return err;
    }
    *out = socket;
    return 0;
}

void socket_destroy(struct socket **socket) {
    struct socket *s = *socket;
    if (s == NULL)
        return;
    OBJ_CHECK(s, SOCKET_MAGIC);
    if (s->router)
        (void)zmq_close(s->router);
    if (s->context)
        while (zmq_ctx_term(s->context) != 0 && zmq_errno() == EINTR)
            continue;
    s->magic = 0;
    free(s);
    *socket = NULL;
}

#define IPC_PREFIX "ipc://"

/* ZeroMQ takes an ipc path over from whoever listens there: ask first. The socket's folder is made when
 * missing. */
static int prepare_ipc(const char *path, struct fault *why) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fault_set(why, -ENAMETOOLONG, "cannot listen on ipc://%s: the path is longer than %zu bytes",
                         path, sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    char *slash = strrchr(address.sun_path, '/');
    if (slash && slash != address.sun_path) {
        *slash = '\0';
        if (mkdir(address.sun_path, 0750) != 0 && errno != EEXIST)
            return fault_set(why, -errno, "cannot make the folder of the socket ipc://%s: %s", path,
                             strerror(errno));
        *slash = '/';
    }
    /* One that is stopped takes no connections, and waiting for it would not end: EAGAIN. */
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return fault_set(why, -errno, "cannot open a socket: %s", strerror(errno));
    int rc = connect(probe, (const struct sockaddr *)&address, sizeof address);
    bool listens = rc == 0 || errno == EAGAIN;
    (void)close(probe);
    if (listens)
        return fault_set(why, -EADDRINUSE,
                         "another program listens on ipc://%s; stop it or name another --listen endpoint",
                         path);
    return 0;
}

int socket_bind(struct socket *socket, const char *endpoint, char *bound, size_t size, struct fault *why) {
    OBJ_CHECK(socket, SOCKET_MAGIC);
    if (strncmp(endpoint, IPC_PREFIX, strlen(IPC_PREFIX)) == 0) {
        int err = prepare_ipc(endpoint + strlen(IPC_PREFIX), why);
        if (err)
            return err;
    }
    int ipv6 = strchr(endpoint, '[') != NULL; /* else 127.0.0.1 is bound, and shown, as a mapped address */
    if (zmq_setsockopt(socket->router, ZMQ_IPV6, &ipv6, sizeof ipv6) != 0 ||
        zmq_bind(socket->router, endpoint) != 0)
        return fault_set(why, -zmq_errno(), "cannot listen on %s: %s; name another --listen endpoint",
                         endpoint, zmq_strerror(zmq_errno()));
    if (zmq_getsockopt(socket->router, ZMQ_LAST_ENDPOINT, bound, &size) != 0)
        return fault_set(why, -EIO, "cannot tell what %s was bound to: %s", endpoint,
                         zmq_strerror(zmq_errno()));
    return 0;
}

int socket_descriptor(const struct socket *socket) {
    OBJ_CHECK(socket, SOCKET_MAGIC);
    int descriptor;
    size_t size = sizeof descriptor;
    int rc = zmq_getsockopt(socket->router, ZMQ_FD, &descriptor, &size);
    ASSERT(rc == 0);
    return descriptor;
}

/* Throws away the frames that follow the one just read. */
static int drop_rest(struct socket *socket, const zmq_msg_t *first) {
    int parts = 1, more = zmq_msg_more(first);
    while (more) {
        zmq_msg_t extra;
        (void)zmq_msg_init(&extra);
        if (zmq_msg_recv(&extra, socket->router, ZMQ_DONTWAIT) < 0)
            more = 0;
        else {
            parts++;
            more = zmq_msg_more(&extra);
        }
        (void)zmq_msg_close(&extra);
    }
    return parts;
}

bool socket_receive(struct socket *socket, struct socket_message **out) {
    OBJ_CHECK(socket, SOCKET_MAGIC);
    struct socket_message *message = mem_zeroed(1, sizeof *message);
    message->magic = MESSAGE_MAGIC;
    (void)zmq_msg_init(&message->peer);
    (void)zmq_msg_init(&message->frame);
    int rc;
    do
        rc = zmq_msg_recv(&message->peer, socket->router, ZMQ_DONTWAIT);
    while (rc < 0 && zmq_errno() == EINTR);
    if (rc < 0) {
        socket_message_destroy(&message);
        return false;
    }
    /* The frames of one message arrive together: what follows is there. */
    if (zmq_msg_more(&message->peer) && zmq_msg_recv(&message->frame, socket->router, ZMQ_DONTWAIT) >= 0)
        message->parts = drop_rest(socket, &message->frame);
    *out = message;
    return true;
}

static struct str message_part(const zmq_msg_t *part) {
    return (struct str){zmq_msg_data((zmq_msg_t *)(uintptr_t)part), zmq_msg_size(part)};
}

struct str socket_message_peer(const struct socket_message *message) {
    OBJ_CHECK(message, MESSAGE_MAGIC);
    return message_part(&message->peer);
}

struct str socket_message_frame(const struct socket_message *message) {
    OBJ_CHECK(message, MESSAGE_MAGIC);
    return message_part(&message->frame);
}

int socket_message_parts(const struct socket_message *message) {
    OBJ_CHECK(message, MESSAGE_MAGIC);
    return message->parts;
}

void socket_message_destroy(struct socket_message **message) {
    struct socket_message *m = *message;
    if (m == NULL)
        return;
    OBJ_CHECK(m, MESSAGE_MAGIC);
    (void)zmq_msg_close(&m->peer);
    (void)zmq_msg_close(&m->frame);
    m->magic = 0;
    free(m);
    *message = NULL;
}

bool socket_send(struct socket *socket, struct str peer, struct str frame) {
    OBJ_CHECK(socket, SOCKET_MAGIC);
    if (zmq_send(socket->router, peer.at, peer.len, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
        return false;
    return zmq_send(socket->router, frame.at, frame.len, ZMQ_DONTWAIT) >= 0;
}
