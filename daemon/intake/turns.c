#include "daemon/intake/turns.h"

#include <stdint.h>
#include <stdlib.h>

#include "daemon/store/hash.h"
#include "proto/check.h"

#define TURNS_MAGIC 0x5455524eu

struct waiting {
    void *thing;
    size_t bytes;
    struct waiting *next;
};

/* There is one for each peer of which something waits. */
struct queue {
    struct waiting *first, *last;
    struct queue *next;   /* whose turn comes after it */
    struct queue *beside; /* in the same place of the table */
    size_t place, peer_len;
    char peer[];
};

struct turns {
    unsigned magic;
    uint64_t seed;
    struct queue *place[TURNS_COUNT_MAX]; /* by peer; there can be no more peers than things */
    struct queue *first, *last;           /* in turn */
    size_t count, bytes;
};

void turns_new(struct turns **out) {
    struct turns *turns = mem_zeroed(1, sizeof *turns);
    turns->magic = TURNS_MAGIC;
    turns->seed = hash_seed();
    *out = turns;
}

void turns_destroy(struct turns **turns) {
    struct turns *t = *turns;
    if (t == NULL)
        return;
    OBJ_CHECK(t, TURNS_MAGIC);
    for (size_t i = 0; i < TURNS_COUNT_MAX; i++)
        ASSERT(t->place[i] == NULL);
    t->magic = 0;
    free(t);
    *turns = NULL;
}

bool turns_room(const struct turns *turns) {
    OBJ_CHECK(turns, TURNS_MAGIC);
    return turns->count < TURNS_COUNT_MAX && turns->bytes < TURNS_BYTES_MAX;
}

bool turns_empty(const struct turns *turns) {
    OBJ_CHECK(turns, TURNS_MAGIC);
    return turns->count == 0;
}

static void add_last(struct turns *turns, struct queue *queue) {
    queue->next = NULL;
    if (turns->last)
        turns->last->next = queue;
    else
        turns->first = queue;
    turns->last = queue;
}

static struct queue *queue_of(struct turns *turns, struct str peer) {
    size_t place = hash_text(turns->seed, peer) % TURNS_COUNT_MAX;
    struct queue *queue = turns->place[place];
    while (queue && !str_equal((struct str){queue->peer, queue->peer_len}, peer))
        queue = queue->beside;
    if (queue)
        return queue;
    queue = mem_zeroed(1, sizeof *queue + peer.len);
    queue->peer_len = peer.len;
    if (peer.len)
        memcpy(queue->peer, peer.at, peer.len);
    queue->place = place;
    queue->beside = turns->place[place];
    turns->place[place] = queue;
    add_last(turns, queue);
    return queue;
}

static void forget(struct turns *turns, struct queue *queue) {
    struct queue **at = &turns->place[queue->place];
    while (*at != queue)
        at = &(*at)->beside;
    *at = queue->beside;
    free(queue);
}

void turns_put(struct turns *turns, struct str peer, void *thing, size_t bytes) {
    OBJ_CHECK(turns, TURNS_MAGIC);
    ASSERT(turns_room(turns));
    struct queue *queue = queue_of(turns, peer);
    struct waiting *waiting = mem_zeroed(1, sizeof *waiting);
    waiting->thing = thing;
    waiting->bytes = bytes;
    if (queue->last)
        queue->last->next = waiting;
    else
        queue->first = waiting;
    queue->last = waiting;
    turns->count++;
    turns->bytes += bytes;
}

void *turns_take(struct turns *turns) {
    OBJ_CHECK(turns, TURNS_MAGIC);
    ASSERT(!turns_empty(turns));
    struct queue *queue = turns->first;
    struct waiting *waiting = queue->first;
    void *thing = waiting->thing;
    turns->first = queue->next;
    if (turns->first == NULL)
        turns->last = NULL;
    turns->count--;
    turns->bytes -= waiting->bytes;
    queue->first = waiting->next;
    free(waiting);
    if (queue->first)
        add_last(turns, queue);
    else
        forget(turns, queue);
    return thing;
}
