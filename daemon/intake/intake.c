#include "daemon/intake/intake.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/intake/acts.h"
#include "daemon/intake/committer.h"
#include "daemon/intake/ingest.h"
#include "daemon/intake/ledger.h"
#include "daemon/io/log.h"
#include "proto/check.h"
#include "proto/message_flat.h"

#define INTAKE_MAGIC 0x494e544bu

struct intake {
    unsigned magic;
    struct intake_peers peers;
    struct ledger *ledger;
    struct committer *committer;
    struct ingest *ingest;
    struct wire_writer *reply;
    struct message_flat flat;
    int64_t now; /* when the last frame came, Unix time */
    struct log_episode refused, disk_full, commit_failed;
};

int intake_new(struct intake **out, struct catalogue *catalogue, struct store *store,
               const struct intake_peers *peers, struct fault *why) {
    struct intake *intake = mem_zeroed(1, sizeof *intake);
    intake->magic = INTAKE_MAGIC;
    intake->peers = *peers;
    wire_writer_new(&intake->reply, MESSAGE_BYTES_MAX);
    int err = ledger_new(&intake->ledger, store, why);
    if (err) {
        intake_destroy(&intake);
        return err;
    }
    committer_new(&intake->committer, store, catalogue, intake->ledger);
    ingest_new(&intake->ingest, catalogue, intake->ledger, intake->committer,
               &(struct ingest_reach){peers->reach, peers->arg});
    *out = intake;
    return 0;
}

void intake_destroy(struct intake **intake) {
    struct intake *i = *intake;
    if (i == NULL)
        return;
    OBJ_CHECK(i, INTAKE_MAGIC);
    ingest_destroy(&i->ingest);
    committer_destroy(&i->committer);
    ledger_destroy(&i->ledger);
    wire_writer_destroy(&i->reply);
    message_flat_clear(&i->flat);
    i->magic = 0;
    free(i);
    *intake = NULL;
}

/* ---- replies ---- */

static struct str reply_frame(const struct intake *intake) {
    ASSERT(!wire_writer_failed(intake->reply));
    return (struct str){(const char *)wire_writer_data(intake->reply), wire_writer_len(intake->reply)};
}

static void send_error(struct intake *intake, struct str peer, const struct message_error *error) {
    wire_writer_reset(intake->reply);
    message_write_error(intake->reply, error);
    intake->peers.send(intake->peers.arg, peer, reply_frame(intake));
}

/* What a peer sent is never logged, only what was wrong with it in our own words. */
static void refuse(struct intake *intake, struct str peer, int err, const struct fault *why,
                   struct wire_reader about) {
    struct message_error error = {0};
    uint64_t unsaid;
    const char *code = err == -EPROTONOSUPPORT ? MESSAGE_ERROR_VERSION : MESSAGE_ERROR_BAD;
    if (log_episode_speak(&intake->refused, &unsaid))
        log_event(LOG_LEVEL_WARNING, "message.refused", "code=%s unsaid=%llu", code,
                  (unsigned long long)unsaid);
    message_read_about(about, &error);
    error.code = str_of(code);
    error.text = str_of(why->text);
    send_error(intake, peer, &error);
}

/* ---- frames ---- */

static void answer(struct intake *intake, enum ingest_reply when, struct str peer, struct str source,
                   uint64_t seq) {
    if (when == INGEST_HOLD)
        committer_hold(intake->committer,
                       &(struct committer_reply){
                           .peer = peer, .frame = reply_frame(intake), .source = source, .seq = seq});
    else
        intake->peers.send(intake->peers.arg, peer, reply_frame(intake));
}

static void take_hello(struct intake *intake, struct str peer, const struct message_hello *hello) {
    wire_writer_reset(intake->reply);
    answer(intake, ingest_hello(intake->ingest, peer, hello, intake->reply), peer, hello->source, 0);
}

static int take_batch(struct intake *intake, struct str peer, struct str frame,
                      const struct message_batch *batch, int64_t now, struct fault *why) {
    wire_writer_reset(intake->reply);
    enum ingest_reply when = ingest_batch(intake->ingest, peer, batch, &intake->flat, message_digest(frame),
                                          now, intake->reply, why);
    if (when == INGEST_BAD)
        return -EPROTO;
    answer(intake, when, peer, batch->source, batch->seq);
    return 0;
}

static int take_act(struct intake *intake, struct str peer, enum message_type type,
                    struct wire_reader *reader, struct fault *why) {
    struct act *act;
    int err = act_new(&act, type, reader, why);
    if (err == 0)
        committer_act(intake->committer, peer, act);
    return err;
}

static int take_open(struct intake *intake, struct str peer, struct str frame, enum message_type type,
                     struct wire_reader *reader, int64_t now, struct fault *why) {
    struct message_hello hello;
    struct message_batch batch;
    int err;
    if (acts_are(type))
        return take_act(intake, peer, type, reader, why);
    switch (type) {
    case MESSAGE_HELLO:
        if ((err = message_read_hello(reader, &hello, why)) == 0)
            take_hello(intake, peer, &hello);
        return err;
    case MESSAGE_BATCH:
        err = message_read_flat(reader, &intake->flat, &batch, why);
        return err ? err : take_batch(intake, peer, frame, &batch, now, why);
    default:
        return fault_set(why, -EPROTO, "a collector sends hello and batch, not %s", message_type_name(type));
    }
}

void intake_take(struct intake *intake, struct str peer, struct str frame, int64_t now) {
    OBJ_CHECK(intake, INTAKE_MAGIC);
    struct wire_reader reader, about;
    enum message_type type;
    struct fault why;
    intake->now = now;
    wire_reader_init(&reader, frame.at, frame.len);
    wire_reader_init(&about, "", 0);
    int err = message_open(&reader, &type, &why);
    if (err == 0) {
        about = reader;
        err = take_open(intake, peer, frame, type, &reader, now, &why);
    }
    if (err)
        refuse(intake, peer, err, &why, about);
}

bool intake_full(const struct intake *intake) {
    OBJ_CHECK(intake, INTAKE_MAGIC);
    return committer_full(intake->committer);
}

/* ---- commits ---- */

bool intake_wanted(const struct intake *intake) {
    OBJ_CHECK(intake, INTAKE_MAGIC);
    return committer_wanted(intake->committer);
}

bool intake_busy(const struct intake *intake) {
    OBJ_CHECK(intake, INTAKE_MAGIC);
    return committer_busy(intake->committer);
}

void intake_start(struct intake *intake) {
    OBJ_CHECK(intake, INTAKE_MAGIC);
    committer_start(intake->committer, intake->now);
}

void intake_run(struct intake *intake) {
    OBJ_CHECK(intake, INTAKE_MAGIC);
    committer_run(intake->committer);
}

static void release_reply(void *arg, const struct committer_reply *reply, bool failed, const char *why) {
    struct intake *intake = arg;
    if (failed)
        send_error(intake, reply->peer,
                   &(struct message_error){.code = STR(MESSAGE_ERROR_STORE),
                                           .text = str_of(why),
                                           .source = reply->source,
                                           .seq = reply->seq,
                                           .id = reply->id});
    else
        intake->peers.send(intake->peers.arg, reply->peer, reply->frame);
}

void intake_finish(struct intake *intake) {
    OBJ_CHECK(intake, INTAKE_MAGIC);
    struct fault why;
    uint64_t unsaid;
    int err = committer_finish(intake->committer, release_reply, intake, &why);
    if (err != 0 && log_episode_speak(err == -ENOSPC ? &intake->disk_full : &intake->commit_failed, &unsaid))
        log_event(LOG_LEVEL_ERROR, "commit.failed", "unsaid=%llu why=\"%s\"", (unsigned long long)unsaid,
                  why.text);
}
