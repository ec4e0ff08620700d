#include "daemon/intake/lane.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/intake/intake.h"
#include "daemon/intake/turns.h"
#include "daemon/io/priority.h"
#include "proto/check.h"

#define LANE_MAGIC 0x4c414e45u

struct reply {
    struct str peer, frame; /* owned */
};

struct lane {
    unsigned magic;
    struct intake *intake; /* the intake thread's, but for intake_run */
    void (*wake)(void *arg);
    void *arg;
    pthread_t intake_thread, commit_thread;
    int threads; /* started */

    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t for_intake, for_commit, for_reach;
    struct turns *turns; /* of messages */
    bool was_full;
    struct reply *reply;
    size_t reply_count, reply_room;
    const struct reply *reach; /* that the intake thread waits for; NULL: none, or answered */
    bool reached;
    bool commit_due, commit_done, stopping, stopped, closing;
};

/* ---- from the intake thread to the loop ---- */

static void send_later(void *arg, struct str peer, struct str frame) {
    struct lane *lane = arg;
    struct reply reply = {str_copy(peer), str_copy(frame)};
    (void)pthread_mutex_lock(&lane->lock);
    if (lane->reply_count == lane->reply_room) {
        lane->reply_room = lane->reply_room ? lane->reply_room * 2 : 64;
        lane->reply = mem_resize(lane->reply, lane->reply_room, sizeof *lane->reply);
    }
    lane->reply[lane->reply_count++] = reply;
    bool first = lane->reply_count == 1; /* whoever comes for it finds the others too */
    (void)pthread_mutex_unlock(&lane->lock);
    if (first)
        lane->wake(lane->arg);
}

static bool reach_now(void *arg, struct str peer, struct str frame) {
    struct lane *lane = arg;
    struct reply reach = {peer, frame};
    (void)pthread_mutex_lock(&lane->lock);
    lane->reach = &reach;
    lane->wake(lane->arg);
    while (lane->reach)
        (void)pthread_cond_wait(&lane->for_reach, &lane->lock);
    bool reached = lane->reached;
    (void)pthread_mutex_unlock(&lane->lock);
    return reached;
}

static void free_reply(struct reply *reply) {
    str_free(reply->peer);
    str_free(reply->frame);
}

void lane_replies(struct lane *lane, bool (*send)(void *arg, struct str peer, struct str frame), void *arg) {
    OBJ_CHECK(lane, LANE_MAGIC);
    (void)pthread_mutex_lock(&lane->lock);
    struct reply *reply = lane->reply;
    size_t count = lane->reply_count;
    lane->reply = NULL;
    lane->reply_count = lane->reply_room = 0;
    if (lane->reach) {
        lane->reached = send(arg, lane->reach->peer, lane->reach->frame);
        lane->reach = NULL;
        (void)pthread_cond_signal(&lane->for_reach);
    }
    (void)pthread_mutex_unlock(&lane->lock);
    for (size_t i = 0; i < count; i++) {
        (void)send(arg, reply[i].peer, reply[i].frame);
        free_reply(&reply[i]);
    }
    free(reply);
}

/* ---- the threads ---- */

/* Takes the message whose turn it is, with the lock let go meanwhile. */
static void take_one(struct lane *lane) {
    struct socket_message *message = turns_take(lane->turns);
    bool was_full = lane->was_full;
    lane->was_full = false;
    (void)pthread_mutex_unlock(&lane->lock);
    if (was_full)
        lane->wake(lane->arg);
    intake_take(lane->intake, socket_message_peer(message), socket_message_frame(message),
                (int64_t)time(NULL));
    socket_message_destroy(&message);
    (void)pthread_mutex_lock(&lane->lock);
}

static void *run_intake(void *arg) {
    struct lane *lane = arg;
    priority_patient();
    (void)pthread_mutex_lock(&lane->lock);
    for (;;) {
        if (lane->commit_done) {
            lane->commit_done = false;
            (void)pthread_mutex_unlock(&lane->lock);
            intake_finish(lane->intake);
            (void)pthread_mutex_lock(&lane->lock);
        } else if (!lane->stopping && !turns_empty(lane->turns) && !intake_full(lane->intake)) {
            take_one(lane);
        } else if (lane->stopping && !intake_busy(lane->intake) && !intake_wanted(lane->intake)) {
            break;
        } else if (!intake_wanted(lane->intake)) {
            (void)pthread_cond_wait(&lane->for_intake, &lane->lock);
        }
        if (intake_wanted(lane->intake)) {
            (void)pthread_mutex_unlock(&lane->lock);
            intake_start(lane->intake);
            (void)pthread_mutex_lock(&lane->lock);
            lane->commit_due = true;
            (void)pthread_cond_signal(&lane->for_commit);
        }
    }
    lane->stopped = true;
    lane->wake(lane->arg); /* before anyone can see it, and close what is woken */
    (void)pthread_mutex_unlock(&lane->lock);
    return NULL;
}

static void *run_commits(void *arg) {
    struct lane *lane = arg;
    priority_patient();
    (void)pthread_mutex_lock(&lane->lock);
    for (;;) {
        while (!lane->commit_due && !lane->closing)
            (void)pthread_cond_wait(&lane->for_commit, &lane->lock);
        if (lane->closing)
            break;
        lane->commit_due = false;
        (void)pthread_mutex_unlock(&lane->lock);
        intake_run(lane->intake);
        (void)pthread_mutex_lock(&lane->lock);
        lane->commit_done = true;
        (void)pthread_cond_signal(&lane->for_intake);
    }
    (void)pthread_mutex_unlock(&lane->lock);
    return NULL;
}

/* ---- the loop's side ---- */

bool lane_room(struct lane *lane) {
    OBJ_CHECK(lane, LANE_MAGIC);
    (void)pthread_mutex_lock(&lane->lock);
    bool room = turns_room(lane->turns);
    lane->was_full = !room;
    (void)pthread_mutex_unlock(&lane->lock);
    return room;
}

void lane_put(struct lane *lane, struct socket_message *message) {
    OBJ_CHECK(lane, LANE_MAGIC);
    (void)pthread_mutex_lock(&lane->lock);
    turns_put(lane->turns, socket_message_peer(message), message, socket_message_frame(message).len);
    (void)pthread_cond_signal(&lane->for_intake);
    (void)pthread_mutex_unlock(&lane->lock);
}

/* ---- life ---- */

int lane_new(struct lane **out, struct catalogue *catalogue, struct store *store, void (*wake)(void *arg),
             void *arg, struct fault *why) {
    struct lane *lane = mem_zeroed(1, sizeof *lane);
    lane->magic = LANE_MAGIC;
    lane->wake = wake;
    lane->arg = arg;
    turns_new(&lane->turns);
    int err = pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_t *cond[] = {&lane->for_intake, &lane->for_commit, &lane->for_reach};
    for (size_t i = 0; i < sizeof cond / sizeof *cond && err == 0; i++)
        err = pthread_cond_init(cond[i], NULL);
    ASSERT(err == 0);
    err =
        intake_new(&lane->intake, catalogue, store, &(struct intake_peers){send_later, reach_now, lane}, why);
    if (err == 0 && (err = -pthread_create(&lane->commit_thread, NULL, run_commits, lane)) == 0) {
        lane->threads = 1;
        (void)pthread_setname_np(lane->commit_thread, "commit");
        if ((err = -pthread_create(&lane->intake_thread, NULL, run_intake, lane)) == 0) {
            lane->threads = 2;
            (void)pthread_setname_np(lane->intake_thread, "intake");
        }
    }
    if (err && lane->intake)
        (void)fault_set(why, err, "cannot start a thread: %s", strerror(-err));
    if (err) {
        lane_destroy(&lane);
        return err;
    }
    *out = lane;
    return 0;
}

void lane_stop(struct lane *lane) {
    OBJ_CHECK(lane, LANE_MAGIC);
    (void)pthread_mutex_lock(&lane->lock);
    lane->stopping = true;
    (void)pthread_cond_signal(&lane->for_intake);
    (void)pthread_mutex_unlock(&lane->lock);
}

bool lane_stopped(struct lane *lane) {
    OBJ_CHECK(lane, LANE_MAGIC);
    (void)pthread_mutex_lock(&lane->lock);
    bool stopped = lane->stopped;
    (void)pthread_mutex_unlock(&lane->lock);
    return stopped;
}

static void end_threads(struct lane *lane) {
    if (lane->threads == 2) {
        lane_stop(lane);
        (void)pthread_join(lane->intake_thread, NULL);
    }
    (void)pthread_mutex_lock(&lane->lock);
    lane->closing = true;
    (void)pthread_cond_signal(&lane->for_commit);
    (void)pthread_mutex_unlock(&lane->lock);
    if (lane->threads >= 1)
        (void)pthread_join(lane->commit_thread, NULL);
}

void lane_destroy(struct lane **lane) {
    struct lane *l = *lane;
    if (l == NULL)
        return;
    OBJ_CHECK(l, LANE_MAGIC);
    end_threads(l);
    while (!turns_empty(l->turns)) {
        struct socket_message *message = turns_take(l->turns);
        socket_message_destroy(&message);
    }
    turns_destroy(&l->turns);
    for (size_t i = 0; i < l->reply_count; i++)
        free_reply(&l->reply[i]);
    free(l->reply);
    intake_destroy(&l->intake);
    pthread_cond_t *cond[] = {&l->for_intake, &l->for_commit, &l->for_reach};
    for (size_t i = 0; i < sizeof cond / sizeof *cond; i++)
        (void)pthread_cond_destroy(cond[i]);
    (void)pthread_mutex_destroy(&l->lock);
    l->magic = 0;
    free(l);
    *lane = NULL;
}
