#include "daemon/intake/committer.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/intake/acts.h"
#include "proto/check.h"
#include "proto/message.h"

#define COMMITTER_MAGIC 0x434f4d4du

/* One side of the double buffer. */
struct side {
    struct pending *pending;
    struct committer_reply *held; /* text owned */
    size_t held_count, held_room, held_bytes;
    struct act *act; /* owned; NULL: none */
    struct str act_peer;
};

struct committer {
    unsigned magic;
    struct store *store;
    struct catalogue *catalogue;
    struct ledger *ledger;
    struct side filling, flying;
    bool busy;

    /* What committer_run works with. */
    struct catalogue_name *names;
    size_t name_count;
    int64_t now;
    int err, act_err;
    struct fault why, act_why;
};

void committer_new(struct committer **out, struct store *store, struct catalogue *catalogue,
                   struct ledger *ledger) {
    struct committer *committer = mem_zeroed(1, sizeof *committer);
    committer->magic = COMMITTER_MAGIC;
    committer->store = store;
    committer->catalogue = catalogue;
    committer->ledger = ledger;
    pending_new(&committer->filling.pending);
    pending_new(&committer->flying.pending);
    *out = committer;
}

static void side_clear(struct side *side) {
    pending_clear(side->pending);
    for (size_t i = 0; i < side->held_count; i++) {
        str_free(side->held[i].peer);
        str_free(side->held[i].frame);
        str_free(side->held[i].source);
    }
    side->held_count = side->held_bytes = 0;
    if (side->act) {
        act_destroy(&side->act);
        str_free(side->act_peer);
    }
}

void committer_destroy(struct committer **committer) {
    struct committer *c = *committer;
    if (c == NULL)
        return;
    OBJ_CHECK(c, COMMITTER_MAGIC);
    ASSERT(!c->busy);
    struct side *sides[] = {&c->filling, &c->flying};
    for (size_t i = 0; i < 2; i++) {
        side_clear(sides[i]);
        pending_destroy(&sides[i]->pending);
        free(sides[i]->held);
    }
    free(c->names);
    c->magic = 0;
    free(c);
    *committer = NULL;
}

struct pending *committer_filling(struct committer *committer) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    return committer->filling.pending;
}

void committer_hold(struct committer *committer, const struct committer_reply *reply) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    struct side *side = &committer->filling;
    if (side->held_count == side->held_room) {
        side->held_room = side->held_room ? side->held_room * 2 : 64;
        side->held = mem_resize(side->held, side->held_room, sizeof *side->held);
    }
    side->held_bytes += reply->frame.len;
    side->held[side->held_count++] = (struct committer_reply){str_copy(reply->peer), str_copy(reply->frame),
                                                              str_copy(reply->source), reply->seq, reply->id};
}

int committer_verdict(struct committer *committer, struct str key, struct str *row, struct fault *why) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    const struct str *found = pending_find_verdict(committer->filling.pending, key);
    if (found == NULL)
        found = pending_find_verdict(committer->flying.pending, key);
    struct store_snapshot *snapshot = NULL;
    struct str kept = STR("");
    int err = 0;
    if (found == NULL) {
        err = store_snapshot_open(committer->store, &snapshot, why);
        if (err == 0)
            err = store_find_row(snapshot, STORE_VERDICTS, key, &kept, why);
        found = &kept;
    }
    if (err == 0 || err == -ENOENT)
        *row = str_copy(err == 0 ? *found : STR(""));
    store_snapshot_close(&snapshot);
    return err == -ENOENT ? 0 : err;
}

void committer_act(struct committer *committer, struct str peer, struct act *act) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    struct side *side = &committer->filling;
    ASSERT(side->act == NULL);
    side->act = act;
    side->act_peer = str_copy(peer);
    pending_act(side->pending, act);
}

bool committer_full(const struct committer *committer) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    return pending_full(committer->filling.pending) || committer->filling.held_count >= COMMITTER_HELD_MAX ||
           committer->filling.held_bytes >= COMMITTER_HELD_BYTES_MAX;
}

bool committer_busy(const struct committer *committer) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    return committer->busy;
}

bool committer_wanted(const struct committer *committer) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    return !committer->busy && (committer->filling.held_count > 0 || ledger_changed(committer->ledger) ||
                                !pending_empty(committer->filling.pending));
}

void committer_start(struct committer *committer, int64_t now) {
    ASSERT(committer_wanted(committer));
    committer->now = now;
    struct side side = committer->flying;
    committer->flying = committer->filling;
    committer->filling = side;
    ledger_write(committer->ledger, committer->flying.pending);
    quota_turn(catalogue_entries(committer->catalogue));
    committer->name_count = catalogue_unsaved(committer->catalogue, &committer->names);
    committer->busy = true;
}

void committer_run(struct committer *committer) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    ASSERT(committer->busy);
    committer->err = pending_write(committer->flying.pending, committer->store,
                                   &(struct pending_writing){.names = committer->names,
                                                             .name_count = committer->name_count,
                                                             .catalogue = committer->catalogue,
                                                             .now = committer->now},
                                   &committer->act_err, &committer->act_why, &committer->why);
}

static void release_side(struct side *side,
                         void (*release)(void *, const struct committer_reply *, bool, const char *),
                         void *arg, bool failed, const char *why) {
    for (size_t i = 0; i < side->held_count; i++)
        release(arg, &side->held[i], failed, why);
    if (side->act && failed)
        release(arg,
                &(struct committer_reply){.peer = side->act_peer, .source = STR(""), .id = act_id(side->act)},
                true, why);
    side_clear(side);
}

static void answer_act(const struct committer *committer,
                       void (*release)(void *, const struct committer_reply *, bool, const char *),
                       void *arg) {
    const struct side *side = &committer->flying;
    struct wire_writer *frame;
    if (side->act == NULL)
        return;
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    if (committer->act_err)
        message_write_error(frame, &(struct message_error){.code = STR(MESSAGE_ERROR_QUERY),
                                                           .text = str_of(committer->act_why.text),
                                                           .id = act_id(side->act)});
    else
        act_write_reply(side->act, frame);
    ASSERT(!wire_writer_failed(frame));
    release(
        arg,
        &(struct committer_reply){.peer = side->act_peer,
                                  .frame = {(const char *)wire_writer_data(frame), wire_writer_len(frame)},
                                  .source = STR(""),
                                  .id = act_id(side->act)},
        false, "");
    wire_writer_destroy(&frame);
}

/* Commit, then acknowledge: the only place where replies of counted batches leave. */
int committer_finish(struct committer *committer,
                     void (*release)(void *arg, const struct committer_reply *reply, bool failed,
                                     const char *why),
                     void *arg, struct fault *why) {
    OBJ_CHECK(committer, COMMITTER_MAGIC);
    ASSERT(committer->busy);
    committer->busy = false;
    if (committer->err == 0) {
        ledger_settled(committer->ledger);
        catalogue_saved(committer->catalogue, committer->names, committer->name_count);
        answer_act(committer, release, arg);
        release_side(&committer->flying, release, arg, false, "");
    } else {
        /* What fills now follows on what has just failed: without it, it would leave a hole in its source's
         * numbers. */
        ledger_undone(committer->ledger);
        release_side(&committer->flying, release, arg, true, committer->why.text);
        release_side(&committer->filling, release, arg, true, committer->why.text);
        if (why)
            *why = committer->why;
    }
    free(committer->names);
    committer->names = NULL;
    return committer->err;
}
