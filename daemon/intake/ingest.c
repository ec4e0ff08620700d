#include "daemon/intake/ingest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/books/verdicts.h"
#include "daemon/intake/combine.h"
#include "daemon/intake/sessions.h"
#include "daemon/io/log.h"
#include "proto/check.h"

#define INGEST_MAGIC 0x494e4745u

_Static_assert(LEDGER_RECENT >= MESSAGE_CREDIT, "every batch on its way can be told from another");

struct ingest {
    unsigned magic;
    struct catalogue *catalogue;
    struct ledger *ledger;
    struct committer *committer;
    struct ingest_reach reach;
    struct sessions *sessions;
    struct combine *combine;
    struct wire_writer *probe;
    struct wire_writer *verdict, *reasons, *refused;
};

void ingest_new(struct ingest **out, struct catalogue *catalogue, struct ledger *ledger,
                struct committer *committer, const struct ingest_reach *reach) {
    struct ingest *ingest = mem_zeroed(1, sizeof *ingest);
    ingest->magic = INGEST_MAGIC;
    ingest->catalogue = catalogue;
    ingest->ledger = ledger;
    ingest->committer = committer;
    ingest->reach = *reach;
    sessions_new(&ingest->sessions);
    combine_new(&ingest->combine, catalogue);
    wire_writer_new(&ingest->probe, 4096);
    wire_writer_new(&ingest->verdict, MESSAGE_BYTES_MAX);
    wire_writer_new(&ingest->reasons, MESSAGE_BYTES_MAX);
    wire_writer_new(&ingest->refused, MESSAGE_BYTES_MAX);
    *out = ingest;
}

void ingest_destroy(struct ingest **ingest) {
    struct ingest *i = *ingest;
    if (i == NULL)
        return;
    OBJ_CHECK(i, INGEST_MAGIC);
    wire_writer_destroy(&i->probe);
    wire_writer_destroy(&i->verdict);
    wire_writer_destroy(&i->reasons);
    wire_writer_destroy(&i->refused);
    combine_destroy(&i->combine);
    sessions_destroy(&i->sessions);
    i->magic = 0;
    free(i);
    *ingest = NULL;
}

static void reply_error(struct wire_writer *reply, const char *code, const char *text, struct str source,
                        uint64_t seq) {
    message_write_error(reply, &(struct message_error){
                                   .code = str_of(code), .text = str_of(text), .source = source, .seq = seq});
}

static void write_welcome(struct wire_writer *reply, struct str source, uint64_t last, uint64_t digest,
                          uint64_t missing) {
    message_write_welcome(reply, &(struct message_welcome){.source = source,
                                                           .last = last,
                                                           .credit = MESSAGE_CREDIT,
                                                           .max_bytes = MESSAGE_BYTES_MAX,
                                                           .max_series = MESSAGE_SERIES_MAX,
                                                           .max_events = MESSAGE_EVENTS_MAX,
                                                           .max_others = MESSAGE_OTHERS_TOLD,
                                                           .digest = digest,
                                                           .missing = missing});
}

/* Does another outbox speak for this source, over a connection that still stands? Its peer is told once more
 * where it is, which does no harm. */
static bool is_taken(struct ingest *ingest, struct str peer, const struct message_hello *hello) {
    const struct session *session = sessions_find(ingest->sessions, hello->source);
    if (session == NULL || str_equal(session->outbox, hello->outbox) || str_equal(session->peer, peer))
        return false;
    const struct ledger_entry *entry = ledger_find(ingest->ledger, session->source, session->outbox);
    wire_writer_reset(ingest->probe);
    write_welcome(ingest->probe, session->source, entry ? ledger_on_disk(entry) : 0,
                  entry ? ledger_digest(entry) : 0, 0);
    struct str frame = {(const char *)wire_writer_data(ingest->probe), wire_writer_len(ingest->probe)};
    return ingest->reach.reach(ingest->reach.arg, session->peer, frame);
}

/* The welcome tells the last batch taken, not the last one on disk, and so may have to wait like an ack: who
 * is not the one that sent it must learn of it before he sends another by its number, or after it. */
enum ingest_reply ingest_hello(struct ingest *ingest, struct str peer, const struct message_hello *hello,
                               struct wire_writer *reply) {
    OBJ_CHECK(ingest, INGEST_MAGIC);
    struct fault why;
    if (is_taken(ingest, peer, hello)) {
        (void)fault_set(&why, -EBUSY,
                        "another collector sends as %.*s at this moment, from another state directory: wait "
                        "until it is done, or give one of the two a source name of its own",
                        STR_ARG(hello->source));
        reply_error(reply, MESSAGE_ERROR_BUSY, why.text, hello->source, 0);
        return INGEST_SEND;
    }
    struct ledger_entry *entry = ledger_find(ingest->ledger, hello->source, hello->outbox);
    uint64_t taken = entry ? ledger_taken(entry) : 0, skipped = hello->first - 1;
    uint64_t missing = skipped > taken ? skipped - taken : 0;
    if (missing > 0) {
        log_event(LOG_LEVEL_WARNING, "source.gap", "source=\"%.*s\" missing=%" PRIu64, STR_ARG(hello->source),
                  missing);
        if (entry)
            ledger_skip(ingest->ledger, entry, skipped);
    }
    /* A numbering of which nothing has come has no row yet: nobody fills the ledger with words alone. */
    sessions_begin(ingest->sessions, hello->source, hello->outbox, peer, entry ? 0 : skipped);
    write_welcome(reply, hello->source, entry ? ledger_taken(entry) : skipped,
                  entry ? ledger_taken_digest(entry) : 0, missing);
    return entry && ledger_taken(entry) > ledger_on_disk(entry) ? INGEST_HOLD : INGEST_SEND;
}

/* ---- a batch ---- */

static enum ingest_reply refuse_repeat(struct ingest *ingest, const struct message_batch *batch,
                                       const char *what, struct wire_writer *reply) {
    struct fault why;
    (void)fault_set(&why, -EPROTO, "batch %" PRIu64 " %s: say hello", batch->seq, what);
    sessions_end(ingest->sessions, batch->source);
    reply_error(reply, MESSAGE_ERROR_SEQUENCE, why.text, batch->source, batch->seq);
    return INGEST_SEND;
}

/* The ack that was lost may have been the one that told of refused events: they are told as they were then. */
static int write_first_verdict(struct ingest *ingest, const struct ledger_entry *entry,
                               const struct message_batch *batch, struct wire_writer *reply,
                               struct fault *why) {
    char key[VERDICTS_KEY_MAX];
    struct verdict verdict = {0};
    struct str row;
    int err =
        committer_verdict(ingest->committer, verdicts_key(key, ledger_key(entry), batch->seq), &row, why);
    if (err)
        return err;
    if (row.len > 0 && verdicts_decode(row, &verdict) != 0)
        err = fault_set(why, -EBADMSG,
                        "what was refused of batch %" PRIu64 " cannot be read; \"suivi check\" tells more",
                        batch->seq);
    if (err == 0) {
        wire_writer_reset(ingest->reasons);
        wire_writer_reset(ingest->refused);
        wire_write_raw(ingest->reasons, verdict.reasons.at, verdict.reasons.len);
        wire_write_raw(ingest->refused, verdict.refused.at, verdict.refused.len);
        message_write_ack(reply, batch->source, batch->seq, true, 0, verdict.reason_count, ingest->reasons,
                          verdict.refused_count, ingest->refused);
    }
    str_free(row);
    return err;
}

/* Counts nothing. This ack waits too, until the ledger knows of the repetition. */
static enum ingest_reply repeat(struct ingest *ingest, struct ledger_entry *entry,
                                const struct message_batch *batch, uint64_t digest, int64_t now,
                                struct wire_writer *reply) {
    struct fault why;
    /* An empty batch stands for one that was given up, and may come after that one was counted. What follows
     * on another content must not be taken either: not before a hello has told the sender how things are. */
    if (batch->event_count > 0 && ledger_given_up(entry, batch->seq))
        return refuse_repeat(ingest, batch, "was given up, and was never counted", reply);
    if (batch->event_count > 0 && !ledger_same(entry, batch->seq, digest))
        return refuse_repeat(ingest, batch, "came before, with other content", reply);
    if (write_first_verdict(ingest, entry, batch, reply, &why) != 0) {
        reply_error(reply, MESSAGE_ERROR_STORE, why.text, batch->source, batch->seq);
        return INGEST_SEND;
    }
    ledger_repeat(ingest->ledger, entry, batch->event_count, now);
    return INGEST_HOLD;
}

/* 0: it is the next one. */
static int check_next(const struct ledger_entry *entry, uint64_t skipped, const struct message_batch *batch,
                      const char **code, struct fault *why) {
    uint64_t taken = entry ? ledger_taken(entry) : skipped;
    *code = MESSAGE_ERROR_SEQUENCE;
    if (batch->seq != taken + 1)
        return fault_set(why, -EPROTO,
                         "batch %" PRIu64 " came, but %" PRIu64 " is the next: say hello and send from there",
                         batch->seq, taken + 1);
    *code = MESSAGE_ERROR_BUSY;
    if (entry && taken - ledger_on_disk(entry) >= MESSAGE_CREDIT)
        return fault_set(why, -EBUSY,
                         "%d batches wait for their acknowledgement, as many as may: wait for one",
                         MESSAGE_CREDIT);
    return 0;
}

/* Keeps what is refused of it, for the batch may come again. */
static void keep_verdict(struct ingest *ingest, const struct ledger_entry *entry,
                         const struct combine_result *judged) {
    char key[VERDICTS_KEY_MAX];
    if (judged->refused_count == 0)
        return;
    wire_writer_reset(ingest->verdict);
    verdicts_encode(ingest->verdict, judged->reason_count, judged->reasons, judged->refused_count,
                    judged->refused);
    ASSERT(!wire_writer_failed(ingest->verdict));
    pending_add_verdict(
        committer_filling(ingest->committer), verdicts_key(key, ledger_key(entry), ledger_taken(entry)),
        (struct str){(const char *)wire_writer_data(ingest->verdict), wire_writer_len(ingest->verdict)});
}

static void take(struct ingest *ingest, struct ledger_entry *entry, uint32_t source,
                 const struct message_batch *batch, const struct message_flat *flat, uint64_t digest,
                 int64_t now, struct wire_writer *reply) {
    struct combine_result judged;
    combine_events(ingest->combine, batch, flat, source, now, committer_filling(ingest->committer), &judged);
    ledger_take(ingest->ledger, entry,
                &(struct ledger_batch){.digest = digest,
                                       .read = batch->event_count,
                                       .accepted = judged.accepted,
                                       .refused = judged.refused_count,
                                       .total = judged.total,
                                       .now = now});
    keep_verdict(ingest, entry, &judged);
    message_write_ack(reply, batch->source, batch->seq, false, judged.accepted, judged.reason_count,
                      judged.reasons, judged.refused_count, judged.refused);
}

enum ingest_reply ingest_batch(struct ingest *ingest, struct str peer, const struct message_batch *batch,
                               const struct message_flat *flat, uint64_t digest, int64_t now,
                               struct wire_writer *reply, struct fault *why) {
    OBJ_CHECK(ingest, INGEST_MAGIC);
    const char *code;
    uint32_t source;
    if (combine_open(ingest->combine, batch, flat, why) != 0)
        return INGEST_BAD;
    if (!sessions_speaks(ingest->sessions, batch->source, batch->outbox, peer)) {
        reply_error(reply, MESSAGE_ERROR_SEQUENCE,
                    "a batch came without a hello on this connection, or another collector has said hello as "
                    "the same source since: say hello",
                    batch->source, batch->seq);
        return INGEST_SEND;
    }
    struct ledger_entry *entry = ledger_find(ingest->ledger, batch->source, batch->outbox);
    const struct session *session = sessions_find(ingest->sessions, batch->source);
    uint64_t skipped = entry || session == NULL ? 0 : session->skipped;
    bool repeated = entry && batch->seq <= ledger_taken(entry);
    if (!repeated && check_next(entry, skipped, batch, &code, why) != 0) {
        reply_error(reply, code, why->text, batch->source, batch->seq);
        return INGEST_SEND;
    }
    if (repeated)
        return repeat(ingest, entry, batch, digest, now, reply);
    if (ledger_open(ingest->ledger, batch->source, batch->outbox, &entry, why) != 0 ||
        catalogue_source(ingest->catalogue, batch->source, &source, why) != 0) {
        reply_error(reply, MESSAGE_ERROR_STORE, why->text, batch->source, batch->seq);
        return INGEST_SEND;
    }
    if (skipped > 0)
        ledger_skip(ingest->ledger, entry, skipped);
    take(ingest, entry, source, batch, flat, digest, now, reply);
    return INGEST_HOLD;
}
