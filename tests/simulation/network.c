#include "tests/simulation/network.h"

#include <stdio.h>
#include <stdlib.h>

#include "clients/lib/connection.h"
#include "proto/check.h"
#include "proto/message.h"

#define PEER_TEXT    32
#define QUICK_MS     5
#define LATE_MS      4000
#define NOTICE_MS    5000
#define IN_FLIGHT    256 /* beyond which a collector cannot send */
#define CUT_PERMILLE 700 /* that one more frame is lost when a connection breaks */

struct frame {
    struct str bytes; /* owned */
    size_t connection;
    unsigned identity; /* of the peer that the daemon sent it to */
    bool to_daemon;
    int64_t due_ms;
    uint64_t number; /* in the order sent */
};

struct connection {
    struct network *network;
    size_t index;
    unsigned collector;
    bool open;
    unsigned identity;
    int64_t noticed_ms; /* when the daemon learns that the identity before this one is gone */
    uint64_t latest[2]; /* highest number that arrived, by direction */
    char *received;     /* owned: lent to the collector */
};

struct network {
    struct dice *dice;
    struct tally *tally;
    struct network_faults faults;
    bool (*sending)(void *arg, unsigned collector);
    void *arg;
    int64_t now_ms, clock_ms;
    struct connection **connection;
    size_t connection_count;
    struct frame *frame; /* in the order in which they arrive */
    size_t frame_count, frame_room;
    uint64_t numbers;
    char peer[PEER_TEXT];
    char *taken; /* owned: lent to the daemon */
};

/* Whom the functions of connection.h belong to, which know no network. */
static struct network *in_use;

void network_new(struct network **out, struct dice *dice, struct tally *tally,
                 bool (*sending)(void *arg, unsigned collector), void *arg) {
    struct network *network = mem_zeroed(1, sizeof *network);
    network->dice = dice;
    network->tally = tally;
    network->sending = sending;
    network->arg = arg;
    in_use = network;
    *out = network;
}

void network_destroy(struct network **network) {
    struct network *n = *network;
    if (n == NULL)
        return;
    for (size_t i = 0; i < n->frame_count; i++)
        str_free(n->frame[i].bytes);
    for (size_t i = 0; i < n->connection_count; i++) {
        free(n->connection[i]->received);
        free(n->connection[i]);
    }
    free(n->connection);
    free(n->frame);
    free(n->taken);
    free(n);
    in_use = NULL;
    *network = NULL;
}

void network_faults(struct network *network, const struct network_faults *faults) {
    network->faults = *faults;
}

void network_set_time(struct network *network, int64_t now_ms) {
    network->now_ms = now_ms;
}

void network_set_clock(struct network *network, int64_t clock_ms) {
    network->clock_ms = clock_ms;
}

/* ---- frames ---- */

static enum message_type type_of(struct str frame) {
    struct wire_reader reader;
    enum message_type type;
    wire_reader_init(&reader, frame.at, frame.len);
    return message_open(&reader, &type, NULL) == 0 ? type : MESSAGE_ERROR;
}

static void remove_frame(struct network *network, size_t at) {
    network->frame_count--;
    memmove(&network->frame[at], &network->frame[at + 1],
            (network->frame_count - at) * sizeof *network->frame);
}

static void insert_frame(struct network *network, struct frame frame) {
    if (network->frame_count == network->frame_room) {
        network->frame_room = network->frame_room ? network->frame_room * 2 : 64;
        network->frame = mem_resize(network->frame, network->frame_room, sizeof *network->frame);
    }
    size_t at = network->frame_count++;
    for (; at > 0 && network->frame[at - 1].due_ms > frame.due_ms; at--)
        network->frame[at] = network->frame[at - 1];
    network->frame[at] = frame;
}

/* Not before what went out before it on the same way, unless it overtakes. */
static int64_t arrival(const struct network *network, const struct frame *frame) {
    const struct network_faults *faults = &network->faults;
    int64_t due = network->now_ms + dice_roll(network->dice, QUICK_MS);
    if (dice_chance(network->dice, faults->late))
        due += dice_roll(network->dice, LATE_MS);
    if (!dice_chance(network->dice, faults->overtaking))
        for (size_t i = 0; i < network->frame_count; i++) {
            const struct frame *other = &network->frame[i];
            if (other->connection == frame->connection && other->to_daemon == frame->to_daemon &&
                other->due_ms > due)
                due = other->due_ms;
        }
    return due;
}

static void dispatch(struct network *network, struct frame frame, struct str bytes) {
    enum message_type type = type_of(bytes);
    if (dice_chance(network->dice, network->faults.lost)) {
        network->tally->count[TALLY_FRAME_LOST]++;
        network->tally->count[TALLY_BATCH_LOST] += type == MESSAGE_BATCH;
        network->tally->count[TALLY_ACK_LOST] += type == MESSAGE_ACK;
        return;
    }
    bool doubled = dice_chance(network->dice, network->faults.doubled);
    network->tally->count[TALLY_FRAME_DOUBLED] += doubled;
    network->tally->count[TALLY_BATCH_DOUBLED] += doubled && type == MESSAGE_BATCH;
    frame.number = ++network->numbers;
    for (int i = 0; i < 1 + doubled; i++) {
        frame.bytes = str_copy(bytes);
        frame.due_ms = arrival(network, &frame);
        insert_frame(network, frame);
    }
}

/* The first frame that is due for the daemon, or for one connection of a collector. */
static bool next_due(const struct network *network, const struct connection *connection, size_t *at) {
    for (size_t i = 0; i < network->frame_count && network->frame[i].due_ms <= network->now_ms; i++) {
        const struct frame *frame = &network->frame[i];
        if (connection ? !frame->to_daemon && frame->connection == connection->index : frame->to_daemon) {
            *at = i;
            return true;
        }
    }
    return false;
}

/* Takes it off the way; the bytes are the caller's. */
static struct frame arrive(struct network *network, size_t at) {
    struct frame frame = network->frame[at];
    struct connection *connection = network->connection[frame.connection];
    uint64_t *latest = &connection->latest[frame.to_daemon];
    network->tally->count[TALLY_FRAME_OVERTOOK] += frame.number < *latest;
    if (frame.number > *latest)
        *latest = frame.number;
    remove_frame(network, at);
    return frame;
}

/* ---- connections ---- */

static struct connection *of_peer(const struct network *network, struct str peer, unsigned *identity) {
    char text[PEER_TEXT];
    size_t index;
    ASSERT(peer.len < sizeof text);
    memcpy(text, peer.at, peer.len);
    text[peer.len] = '\0';
    ASSERT(sscanf(text, "peer %zu.%u", &index, identity) == 2 && index < network->connection_count);
    return network->connection[index];
}

/* What goes to the collector is lost. Of what goes to the daemon the first frames are, which had left, while the rest goes
 * by the next connection; or the last ones, which had not. */
static void cut(struct network *network, const struct connection *connection, bool first_ones) {
    bool losing = true;
    size_t count = network->frame_count, lost = 0;
    for (size_t k = 0; k < count; k++) {
        size_t at = first_ones ? k - lost : count - 1 - k;
        struct frame *frame = &network->frame[at];
        if (frame->connection != connection->index)
            continue;
        if (frame->to_daemon)
            losing = losing && dice_chance(network->dice, CUT_PERMILLE);
        if (frame->to_daemon && !losing)
            continue;
        str_free(frame->bytes);
        remove_frame(network, at);
        lost++;
    }
}

static void break_one(struct network *network, struct connection *connection, bool daemon_is_there) {
    cut(network, connection, true);
    connection->identity++;
    connection->noticed_ms =
        network->now_ms + (daemon_is_there ? (int64_t)dice_roll(network->dice, NOTICE_MS) : 0);
}

void network_break(struct network *network, unsigned collector) {
    for (size_t i = 0; i < network->connection_count; i++)
        if (network->connection[i]->open && network->connection[i]->collector == collector) {
            break_one(network, network->connection[i], true);
            network->tally->count[TALLY_CONNECTION_BROKEN]++;
        }
}

void network_daemon_gone(struct network *network) {
    for (size_t i = 0; i < network->connection_count; i++)
        break_one(network, network->connection[i], false);
}

/* ---- the daemon's side ---- */

unsigned network_collector(const struct network *network, struct str peer) {
    unsigned identity;
    return of_peer(network, peer, &identity)->collector;
}

bool network_take(struct network *network, struct str *peer, struct str *frame) {
    size_t at;
    if (!next_due(network, NULL, &at))
        return false;
    struct frame taken = arrive(network, at);
    const struct connection *connection = network->connection[taken.connection];
    int len =
        snprintf(network->peer, sizeof network->peer, "peer %zu.%u", connection->index, connection->identity);
    *peer = (struct str){network->peer, (size_t)len};
    free(network->taken);
    network->taken = (char *)(uintptr_t)taken.bytes.at;
    *frame = taken.bytes;
    return true;
}

void network_send(struct network *network, struct str peer, struct str frame) {
    unsigned identity;
    const struct connection *connection = of_peer(network, peer, &identity);
    if (connection->open && connection->identity == identity)
        dispatch(network, (struct frame){.connection = connection->index, .identity = identity}, frame);
}

bool network_reach(struct network *network, struct str peer, struct str frame) {
    unsigned identity;
    const struct connection *connection = of_peer(network, peer, &identity);
    bool stands = connection->open && connection->identity == identity;
    bool gone_unnoticed =
        !stands && identity + 1 >= connection->identity && connection->noticed_ms > network->now_ms;
    network->tally->count[TALLY_REACHED_GHOST] += gone_unnoticed;
    network_send(network, peer, frame);
    return stands || gone_unnoticed;
}

/* ---- the collectors' side: clients/lib/connection.h ---- */

int connection_open(struct connection **out, const char *endpoint, struct fault *why) {
    (void)why;
    struct network *network = in_use;
    struct connection *connection = mem_zeroed(1, sizeof *connection);
    connection->network = network;
    connection->index = network->connection_count++;
    ASSERT(sscanf(endpoint, "collector %u", &connection->collector) == 1);
    connection->open = true;
    network->connection =
        mem_resize(network->connection, network->connection_count, sizeof(struct connection *));
    network->connection[connection->index] = connection;
    *out = connection;
    return 0;
}

/* What was sent before may still arrive. */
void connection_close(struct connection **connection) {
    struct connection *c = *connection;
    if (c == NULL)
        return;
    c->open = false;
    cut(c->network, c, false);
    c->noticed_ms = c->network->now_ms + dice_roll(c->network->dice, NOTICE_MS);
    *connection = NULL;
}

bool connection_send(struct connection *connection, struct str frame) {
    struct network *network = connection->network;
    if (network->frame_count >= IN_FLIGHT || dice_chance(network->dice, network->faults.blocked) ||
        !network->sending(network->arg, connection->collector))
        return false;
    dispatch(network, (struct frame){.connection = connection->index, .to_daemon = true}, frame);
    return network->sending(network->arg, connection->collector);
}

bool connection_receive(struct connection *connection, struct str *frame) {
    size_t at;
    if (!next_due(connection->network, connection, &at))
        return false;
    struct frame received = arrive(connection->network, at);
    free(connection->received);
    connection->received = (char *)(uintptr_t)received.bytes.at;
    *frame = received.bytes;
    return true;
}

/* A collector here never asks for time to pass: it exchanges with a timeout of 0. */
void connection_wait(struct connection *connection, bool to_send, int64_t timeout_ms) {
    (void)connection, (void)to_send;
    ASSERT(timeout_ms <= 0);
}

bool connection_deserted(const char *endpoint) {
    (void)endpoint;
    return false;
}

bool connection_silent(const char *endpoint) {
    (void)endpoint;
    return false;
}

bool connection_forbidden(const char *endpoint) {
    (void)endpoint;
    return false;
}

int64_t connection_clock_ms(void) {
    return in_use->clock_ms;
}
