#include "clients/statsd/receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clients/collector/clock.h"
#include "clients/statsd/stream.h"
#include "proto/check.h"

#define RECEIVER_MAGIC 0x4ece17e4u
#define DATAGRAM_BYTES 65536
#define DATAGRAMS      64         /* taken at once */
#define TURNS          64         /* of these, before others have a turn */
#define QUEUE_BYTES    (16 << 20) /* asked for; the kernel gives what net.core.rmem_max allows */
#define EVENTS         64
#define REST_MS        2000

struct listener {
    int descriptor;
    bool datagrams;
    char *address;
};

struct receiver {
    unsigned magic;
    struct listener listener[STATSD_LISTEN_MAX];
    size_t listener_count;
    struct stream *stream[RECEIVER_STREAMS_MAX];
    int poll, wake, full; /* wake: for the thread; full: for the other one */
    bool started;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below, and of what the window uses */
    pthread_cond_t emptied;
    struct window *window;
    bool draining; /* the window takes more than it should: the thread that empties it waits for the end */
    int rc;        /* why the thread has ended */
    struct fault why;
    atomic_ulong refused;

    struct mmsghdr message[DATAGRAMS];
    struct iovec part[DATAGRAMS];
    char *buffer; /* DATAGRAMS of DATAGRAM_BYTES */
};

/* --- sockets --- */

static int socket_fault(const char *doing, const char *address, struct fault *why) {
    int err = errno;
    return fault_set(why, -err, "cannot %s %s: %s", doing, address, strerror(err));
}

static char *print_address(int descriptor, bool datagrams) {
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?", *text = NULL;
    if (getsockname(descriptor, (struct sockaddr *)&bound, &len) == 0)
        (void)getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
                          NI_NUMERICHOST | NI_NUMERICSERV);
    bool six = strchr(host, ':') != NULL;
    ASSERT(asprintf(&text, "%s://%s%s%s:%s", datagrams ? "udp" : "tcp", six ? "[" : "", host, six ? "]" : "",
                    port) > 0);
    return text;
}

static int bind_one(struct listener *listener, const struct addrinfo *to, const char *address,
                    struct fault *why) {
    int on = 1, bytes = QUEUE_BYTES;
    listener->descriptor = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->descriptor < 0)
        return socket_fault("open a socket for", address, why);
    if (!listener->datagrams)
        (void)setsockopt(listener->descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    else if (setsockopt(listener->descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(listener->descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (bind(listener->descriptor, to->ai_addr, to->ai_addrlen) != 0 ||
        (!listener->datagrams && listen(listener->descriptor, SOMAXCONN) != 0))
        return socket_fault("listen on", address, why);
    listener->address = print_address(listener->descriptor, listener->datagrams);
    return 0;
}

/* "udp://[::1]:8125" */
static int resolve(const char *address, struct addrinfo **out, struct fault *why) {
    const char *host = address + strlen("udp://"), *colon = strrchr(host, ':');
    char name[NI_MAXHOST];
    size_t len = (size_t)(colon - host);
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    snprintf(name, sizeof name, "%.*s", (int)len, host);
    const struct addrinfo want = {.ai_socktype = address[0] == 'u' ? SOCK_DGRAM : SOCK_STREAM,
                                  .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int rc = getaddrinfo(name, colon + 1, &want, out);
    return rc == 0 ? 0 : fault_set(why, -EINVAL, "cannot listen on %s: %s", address, gai_strerror(rc));
}

static int add_listener(struct receiver *receiver, const char *address, struct fault *why) {
    struct addrinfo *to = NULL;
    int rc = statsd_check_listen(address, why);
    if (rc == 0)
        rc = resolve(address, &to, why);
    if (rc != 0)
        return rc;
    struct listener *listener = &receiver->listener[receiver->listener_count++];
    *listener = (struct listener){.descriptor = -1, .datagrams = address[0] == 'u'};
    rc = bind_one(listener, to, address, why);
    freeaddrinfo(to);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = listener};
    if (rc == 0 && epoll_ctl(receiver->poll, EPOLL_CTL_ADD, listener->descriptor, &event) != 0)
        rc = socket_fault("wait for", address, why);
    return rc;
}

int receiver_open(struct receiver **out, const char *const *listen, size_t count, struct fault *why) {
    struct receiver *receiver = mem_zeroed(1, sizeof *receiver);
    receiver->magic = RECEIVER_MAGIC;
    receiver->poll = epoll_create1(EPOLL_CLOEXEC);
    receiver->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    receiver->full = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&receiver->lock, NULL);
    pthread_cond_init(&receiver->emptied, NULL);
    receiver->buffer = mem_pages((size_t)DATAGRAMS * DATAGRAM_BYTES);
    for (size_t i = 0; i < DATAGRAMS; i++) {
        receiver->part[i] = (struct iovec){receiver->buffer + i * DATAGRAM_BYTES, DATAGRAM_BYTES};
        receiver->message[i].msg_hdr = (struct msghdr){.msg_iov = &receiver->part[i], .msg_iovlen = 1};
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = receiver};
    int rc = receiver->poll < 0 || receiver->wake < 0 || receiver->full < 0 ||
                     epoll_ctl(receiver->poll, EPOLL_CTL_ADD, receiver->wake, &event) != 0
                 ? socket_fault("wait for", "what comes", why)
                 : 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add_listener(receiver, listen[i], why);
    if (rc != 0)
        receiver_close(&receiver);
    *out = receiver;
    return rc;
}

const char *receiver_address(const struct receiver *receiver, size_t index) {
    OBJ_CHECK(receiver, RECEIVER_MAGIC);
    ASSERT(index < receiver->listener_count);
    return receiver->listener[index].address;
}

/* --- taking what comes, under the lock --- */

static void ring(int descriptor) {
    uint64_t one = 1;
    ASSERT(write(descriptor, &one, sizeof one) == (ssize_t)sizeof one || errno == EAGAIN);
}

/* While the window is full nothing is taken: streams wait, datagrams queue in the kernel. */
static bool has_room(struct receiver *receiver) {
    while (receiver->rc == 0 && !receiver->draining && window_full(receiver->window)) {
        ring(receiver->full);
        pthread_cond_wait(&receiver->emptied, &receiver->lock);
    }
    return receiver->rc == 0;
}

static int take_lines(struct receiver *receiver, struct str text, int64_t now) {
    while (text.len > 0 && receiver->rc == 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct str line = {text.at, end ? (size_t)(end - text.at) : text.len};
        size_t used = line.len + (end != NULL);
        text = (struct str){text.at + used, text.len - used};
        receiver->rc = window_take(receiver->window, line, now, &receiver->why);
    }
    return receiver->rc;
}

static void take_datagrams(struct receiver *receiver, int descriptor) {
    for (int turn = 0; turn < TURNS; turn++) {
        int count = recvmmsg(descriptor, receiver->message, DATAGRAMS, MSG_DONTWAIT, NULL);
        int64_t now = (int64_t)time(NULL);
        if (count <= 0)
            return;
        pthread_mutex_lock(&receiver->lock);
        for (int i = 0; i < count && has_room(receiver); i++)
            (void)take_lines(receiver, (struct str){receiver->part[i].iov_base, receiver->message[i].msg_len},
                             now);
        pthread_mutex_unlock(&receiver->lock);
        if (count < DATAGRAMS || receiver->rc != 0)
            return;
    }
}

static int take_line(void *arg, struct str line) {
    struct receiver *receiver = arg;
    return has_room(receiver) ? take_lines(receiver, line, (int64_t)time(NULL)) : receiver->rc;
}

static void end_stream(struct receiver *receiver, struct stream *stream) {
    for (size_t i = 0; i < RECEIVER_STREAMS_MAX; i++)
        if (receiver->stream[i] == stream)
            receiver->stream[i] = NULL;
    stream_close(&stream);
}

static void take_stream(struct receiver *receiver, struct stream *stream) {
    pthread_mutex_lock(&receiver->lock);
    bool goes_on = stream_read(stream, receiver->buffer, DATAGRAM_BYTES, take_line, receiver);
    pthread_mutex_unlock(&receiver->lock);
    if (!goes_on)
        end_stream(receiver, stream);
}

static void add_stream(struct receiver *receiver, int descriptor) {
    int taken = accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (taken < 0)
        return;
    for (size_t i = 0; i < RECEIVER_STREAMS_MAX; i++) {
        if (receiver->stream[i] != NULL)
            continue;
        stream_new(&receiver->stream[i], taken);
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = receiver->stream[i]};
        if (epoll_ctl(receiver->poll, EPOLL_CTL_ADD, taken, &event) != 0)
            end_stream(receiver, receiver->stream[i]);
        return;
    }
    atomic_fetch_add(&receiver->refused, 1);
    close(taken);
}

static void take(struct receiver *receiver, void *from) {
    for (size_t i = 0; i < receiver->listener_count; i++) {
        struct listener *listener = &receiver->listener[i];
        if (listener != from)
            continue;
        if (listener->datagrams)
            take_datagrams(receiver, listener->descriptor);
        else
            add_stream(receiver, listener->descriptor);
        return;
    }
    take_stream(receiver, from);
}

static bool is_ready(int descriptor) {
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
    return poll(&wanted, 1, 0) == 1;
}

/* What the sockets hold: until they are empty, or senders who do not stop have had REST_MS. */
static void take_rest(struct receiver *receiver) {
    int64_t until = clock_ms() + REST_MS;
    for (size_t i = 0; i < receiver->listener_count; i++)
        while (is_ready(receiver->listener[i].descriptor) && receiver->rc == 0 && clock_ms() < until)
            take(receiver, &receiver->listener[i]);
    for (size_t i = 0; i < RECEIVER_STREAMS_MAX; i++)
        while (receiver->stream[i] != NULL && is_ready(stream_descriptor(receiver->stream[i])) &&
               receiver->rc == 0 && clock_ms() < until)
            take_stream(receiver, receiver->stream[i]);
    pthread_mutex_lock(&receiver->lock);
    for (size_t i = 0; i < RECEIVER_STREAMS_MAX; i++)
        if (receiver->stream[i] != NULL && receiver->rc == 0)
            (void)stream_end(receiver->stream[i], take_line, receiver);
    pthread_mutex_unlock(&receiver->lock);
}

static void *run(void *arg) {
    struct receiver *receiver = arg;
    struct epoll_event event[EVENTS];
    bool draining = false;
    while (!draining && receiver->rc == 0) {
        int count = epoll_wait(receiver->poll, event, EVENTS, -1);
        for (int i = 0; i < count && receiver->rc == 0; i++)
            if (event[i].data.ptr == receiver)
                draining = true;
            else
                take(receiver, event[i].data.ptr);
    }
    if (receiver->rc == 0)
        take_rest(receiver);
    if (receiver->rc != 0)
        ring(receiver->full);
    return NULL;
}

/* --- the other thread's side --- */

int receiver_start(struct receiver *receiver, struct window *window, struct fault *why) {
    OBJ_CHECK(receiver, RECEIVER_MAGIC);
    receiver->window = window;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&receiver->thread, NULL, run, receiver);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    receiver->started = rc == 0;
    return rc == 0 ? 0 : fault_set(why, -rc, "cannot start a thread: %s", strerror(rc));
}

int receiver_descriptor(const struct receiver *receiver) {
    OBJ_CHECK(receiver, RECEIVER_MAGIC);
    return receiver->full;
}

struct window *receiver_swap(struct receiver *receiver, struct window *empty, int *rc, struct fault *why) {
    OBJ_CHECK(receiver, RECEIVER_MAGIC);
    uint64_t count;
    (void)!read(receiver->full, &count, sizeof count);
    pthread_mutex_lock(&receiver->lock);
    struct window *filled = receiver->window;
    receiver->window = empty;
    *rc = receiver->rc;
    if (*rc != 0)
        *why = receiver->why;
    pthread_cond_signal(&receiver->emptied);
    pthread_mutex_unlock(&receiver->lock);
    return filled;
}

void receiver_drain(struct receiver *receiver) {
    OBJ_CHECK(receiver, RECEIVER_MAGIC);
    if (!receiver->started)
        return;
    pthread_mutex_lock(&receiver->lock);
    receiver->draining = true;
    pthread_cond_signal(&receiver->emptied);
    pthread_mutex_unlock(&receiver->lock);
    ring(receiver->wake);
    pthread_join(receiver->thread, NULL);
    receiver->started = false;
}

void receiver_lock(struct receiver *receiver) {
    OBJ_CHECK(receiver, RECEIVER_MAGIC);
    pthread_mutex_lock(&receiver->lock);
}

void receiver_unlock(struct receiver *receiver) {
    pthread_mutex_unlock(&receiver->lock);
}

uint64_t receiver_lost(const struct receiver *receiver) {
    OBJ_CHECK(receiver, RECEIVER_MAGIC);
    uint64_t lost = 0;
    for (size_t i = 0; i < receiver->listener_count; i++) {
        uint32_t info[SK_MEMINFO_VARS];
        socklen_t len = sizeof info;
        if (receiver->listener[i].datagrams &&
            getsockopt(receiver->listener[i].descriptor, SOL_SOCKET, SO_MEMINFO, info, &len) == 0)
            lost += info[SK_MEMINFO_DROPS];
    }
    return lost;
}

uint64_t receiver_refused(const struct receiver *receiver) {
    OBJ_CHECK(receiver, RECEIVER_MAGIC);
    return atomic_load(&receiver->refused);
}

void receiver_close(struct receiver **receiver) {
    struct receiver *gone = *receiver;
    if (gone == NULL)
        return;
    OBJ_CHECK(gone, RECEIVER_MAGIC);
    receiver_drain(gone);
    for (size_t i = 0; i < RECEIVER_STREAMS_MAX; i++)
        stream_close(&gone->stream[i]);
    for (size_t i = 0; i < gone->listener_count; i++) {
        if (gone->listener[i].descriptor >= 0)
            close(gone->listener[i].descriptor);
        free(gone->listener[i].address);
    }
    const int descriptors[] = {gone->poll, gone->wake, gone->full};
    for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    pthread_mutex_destroy(&gone->lock);
    pthread_cond_destroy(&gone->emptied);
    free(gone->buffer);
    gone->magic = 0;
    free(gone);
    *receiver = NULL;
}
