#include "clients/lib/delivery.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "clients/lib/batcher.h"
#include "proto/check.h"
#include "proto/message.h"

#define DELIVERY_MAGIC 0xde11e401u
#define SEQUENCE_MAX   8 /* complaints about a missing batch, without an ack in between */

enum state {
    STATE_HELLO,   /* hello is to be said */
    STATE_WELCOME, /* it was said, the answer is awaited */
    STATE_OPEN,    /* batches go out, acks come in */
};

struct flying {
    uint64_t seq;
    size_t len;
};

struct delivery {
    unsigned magic;
    struct outbox *outbox;
    struct refused *refused;
    char source[MESSAGE_SOURCE_MAX], software[MESSAGE_TEXT_MAX];
    size_t source_len, software_len;
    struct wire_writer *hello, *empty;

    enum state state;
    int64_t since_ms; /* last sign of life, or last thing said, that patience counts from */
    int64_t patience_ms;
    int64_t heard_ms;
    int64_t hello_due_ms;      /* not before; 0: now */
    char busy[FAULT_TEXT_MAX]; /* why hello was turned away; "": it was not */
    unsigned complaints;

    uint64_t credit;
    uint64_t next;               /* batch to be sent next, or the first after it that is there */
    struct outbox_batch offered; /* what delivery_next gave; seq 0: nothing, or hello */

    struct flying flying[DELIVERY_FLIGHT_BATCHES];
    size_t flying_count, flying_bytes;
    uint64_t acked[DELIVERY_FLIGHT_BATCHES]; /* not yet dropped from the outbox */
    size_t acked_count;
    struct suivi_tally tally;
};

static size_t copy_text(char *out, size_t room, struct str text) {
    size_t len = text.len < room ? text.len : room;
    memcpy(out, text.at, len);
    return len;
}

void delivery_new(struct delivery **out, struct outbox *outbox, struct refused *refused, struct str source,
                  struct str software) {
    struct delivery *delivery = mem_zeroed(1, sizeof *delivery);
    delivery->magic = DELIVERY_MAGIC;
    delivery->outbox = outbox;
    delivery->refused = refused;
    ASSERT(source.len <= sizeof delivery->source);
    delivery->source_len = copy_text(delivery->source, sizeof delivery->source, source);
    delivery->software_len = copy_text(delivery->software, sizeof delivery->software, software);
    wire_writer_new(&delivery->hello, MESSAGE_BYTES_MAX);
    wire_writer_new(&delivery->empty, MESSAGE_BYTES_MAX);
    delivery->heard_ms = INT64_MIN;
    delivery_restart(delivery);
    *out = delivery;
}

void delivery_destroy(struct delivery **delivery) {
    if (!*delivery)
        return;
    OBJ_CHECK(*delivery, DELIVERY_MAGIC);
    wire_writer_destroy(&(*delivery)->hello);
    wire_writer_destroy(&(*delivery)->empty);
    (*delivery)->magic = 0;
    free(*delivery);
    *delivery = NULL;
}

static struct str our_source(const struct delivery *delivery) {
    return (struct str){delivery->source, delivery->source_len};
}

/* Whatever is on the way may be lost: all that is not acknowledged goes out again. */
static void say_hello_again(struct delivery *delivery) {
    delivery->state = STATE_HELLO;
    delivery->flying_count = 0;
    delivery->flying_bytes = 0;
    delivery->offered = (struct outbox_batch){0};
}

void delivery_restart(struct delivery *delivery) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    say_hello_again(delivery);
    delivery->patience_ms = DELIVERY_PATIENCE_MS;
    delivery->hello_due_ms = 0;
    delivery->busy[0] = '\0';
    delivery->complaints = 0;
}

const char *delivery_busy(const struct delivery *delivery) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    return delivery->busy[0] ? delivery->busy : NULL;
}

bool delivery_done(const struct delivery *delivery) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    return delivery->acked_count == 0 && outbox_waiting(delivery->outbox) == 0;
}

int64_t delivery_heard_ms(const struct delivery *delivery) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    return delivery->heard_ms;
}

struct suivi_tally delivery_tally(const struct delivery *delivery) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    return delivery->tally;
}

static bool awaits_answer(const struct delivery *delivery) {
    return delivery->state == STATE_WELCOME || (delivery->state == STATE_OPEN && delivery->flying_count > 0);
}

int64_t delivery_wake_ms(const struct delivery *delivery) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    if (delivery->state == STATE_HELLO && delivery->hello_due_ms > 0)
        return delivery->hello_due_ms;
    return awaits_answer(delivery) ? delivery->since_ms + delivery->patience_ms : INT64_MAX;
}

/* --- batches of the outbox --- */

static bool is_flying(const struct delivery *delivery, uint64_t seq) {
    for (size_t i = 0; i < delivery->flying_count; i++)
        if (delivery->flying[i].seq == seq)
            return true;
    return false;
}

static bool is_acked(const struct delivery *delivery, uint64_t seq) {
    for (size_t i = 0; i < delivery->acked_count; i++)
        if (delivery->acked[i] == seq)
            return true;
    return false;
}

/* The batch that a message of the daemon is about; -ENOENT when it is not in the outbox (any more). */
static int find_batch(struct delivery *delivery, uint64_t seq, struct outbox_batch *out, struct fault *why) {
    if (is_acked(delivery, seq))
        return -ENOENT;
    struct outbox_batch batch;
    int rc = outbox_read(delivery->outbox, seq, &batch, why);
    if (rc == 0 && batch.seq != seq)
        rc = -ENOENT;
    if (rc == 0)
        *out = batch;
    return rc;
}

/* Reads a batch of the outbox as the daemon will. -EBADMSG: it was damaged since it was committed. */
static int read_batch(const struct delivery *delivery, const struct outbox_batch *batch,
                      struct message_batch *out, struct fault *why) {
    struct wire_reader reader;
    enum message_type type;
    wire_reader_init(&reader, batch->bytes.at, batch->bytes.len);
    if (message_open(&reader, &type, why) != 0)
        return -EBADMSG;
    if (type != MESSAGE_BATCH)
        return fault_set(why, -EBADMSG, "not a batch");
    if (message_read_batch(&reader, out, why) != 0)
        return -EBADMSG;
    if (out->seq != batch->seq || !str_equal(out->source, our_source(delivery)) ||
        !str_equal(out->outbox, outbox_id(delivery->outbox)))
        return fault_set(why, -EBADMSG, "damaged in the outbox: it says to be batch %" PRIu64 " of %.*s",
                         out->seq, STR_ARG(out->source));
    return 0;
}

/* The daemon will never take this batch: its events go to the refused ones, and an empty batch takes its
 * number, for the daemon takes numbers without gaps only. */
static int give_up_batch(struct delivery *delivery, uint64_t seq, struct str reason, struct fault *why) {
    struct outbox_batch batch;
    int rc = find_batch(delivery, seq, &batch, why);
    if (rc == -ENOENT)
        return 0;
    wire_writer_reset(delivery->empty);
    batcher_write_empty(delivery->empty, our_source(delivery), outbox_id(delivery->outbox), seq);
    ASSERT(!wire_writer_failed(delivery->empty));
    struct outbox_batch empty = {
        .seq = seq,
        .bytes = {(const char *)wire_writer_data(delivery->empty), wire_writer_len(delivery->empty)},
    };
    if (rc == 0 && str_equal(batch.bytes, empty.bytes))
        return fault_set(why, -EPROTO, "the daemon refuses even an empty batch: %.*s", STR_ARG(reason));
    if (rc == 0)
        rc = refused_keep_all(delivery->refused, &batch, reason, &delivery->tally, why);
    return rc == 0 ? outbox_replace(delivery->outbox, &empty, why) : rc;
}

/* --- what goes out --- */

/* Acks come in bursts, so the outbox drops their batches in one transaction. */
static int drop_acked(struct delivery *delivery, struct fault *why) {
    if (delivery->acked_count == 0)
        return 0;
    int rc = outbox_remove(delivery->outbox, delivery->acked, delivery->acked_count, why);
    if (rc == 0)
        delivery->acked_count = 0;
    return rc;
}

static int offer_hello(struct delivery *delivery, struct str *frame, struct fault *why) {
    struct outbox_batch first;
    int rc = outbox_read(delivery->outbox, 0, &first, why);
    if (rc != 0 && rc != -ENOENT)
        return rc;
    wire_writer_reset(delivery->hello);
    message_write_hello(delivery->hello, &(struct message_hello){
                                             .source = our_source(delivery),
                                             .outbox = outbox_id(delivery->outbox),
                                             .software = {delivery->software, delivery->software_len},
                                             .first = rc == 0 ? first.seq : outbox_next(delivery->outbox),
                                         });
    ASSERT(!wire_writer_failed(delivery->hello));
    *frame = (struct str){(const char *)wire_writer_data(delivery->hello), wire_writer_len(delivery->hello)};
    return 0;
}

/* -ENOENT: none to be sent now. */
static int offer_batch(struct delivery *delivery, struct str *frame, struct fault *why) {
    if (delivery->flying_count >= delivery->credit)
        return -ENOENT;
    struct outbox_batch batch;
    int rc = outbox_read(delivery->outbox, delivery->next, &batch, why);
    if (rc != 0)
        return rc;
    if (delivery->flying_count > 0 && delivery->flying_bytes + batch.bytes.len > DELIVERY_FLIGHT_BYTES)
        return -ENOENT;
    struct message_batch content;
    struct fault damage;
    if (read_batch(delivery, &batch, &content, &damage) != 0) {
        rc = give_up_batch(delivery, batch.seq, str_of(damage.text), why);
        if (rc == 0)
            rc = outbox_read(delivery->outbox, delivery->next, &batch, why);
        if (rc != 0)
            return rc;
    }
    delivery->offered = batch;
    *frame = batch.bytes;
    return 0;
}

bool delivery_next(struct delivery *delivery, int64_t now_ms, struct str *frame, int *rc, struct fault *why) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    *rc = drop_acked(delivery, why);
    if (*rc != 0 || delivery_done(delivery))
        return false;
    if (awaits_answer(delivery) && now_ms >= delivery_wake_ms(delivery)) {
        say_hello_again(delivery);
        delivery->busy[0] = '\0'; /* nobody answers any more, which is another matter */
        delivery->patience_ms *= 2;
        if (delivery->patience_ms > DELIVERY_PATIENCE_MAX_MS)
            delivery->patience_ms = DELIVERY_PATIENCE_MAX_MS;
    }
    if (delivery->state == STATE_WELCOME || now_ms < delivery->hello_due_ms)
        return false;
    delivery->hello_due_ms = 0;
    *rc = delivery->state == STATE_HELLO ? offer_hello(delivery, frame, why)
                                         : offer_batch(delivery, frame, why);
    if (*rc == 0)
        return true;
    if (*rc == -ENOENT)
        *rc = 0;
    return false;
}

void delivery_sent(struct delivery *delivery, int64_t now_ms) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    if (delivery->state == STATE_HELLO) {
        delivery->state = STATE_WELCOME;
        delivery->since_ms = now_ms;
        return;
    }
    ASSERT(delivery->state == STATE_OPEN && delivery->offered.seq > 0);
    if (delivery->flying_count == 0)
        delivery->since_ms = now_ms;
    delivery->flying[delivery->flying_count++] =
        (struct flying){delivery->offered.seq, delivery->offered.bytes.len};
    delivery->flying_bytes += delivery->offered.bytes.len;
    delivery->next = delivery->offered.seq + 1;
    delivery->offered = (struct outbox_batch){0};
}

/* --- what comes in --- */

static void answered(struct delivery *delivery, int64_t now_ms) {
    delivery->since_ms = now_ms;
    delivery->heard_ms = now_ms;
    delivery->patience_ms = DELIVERY_PATIENCE_MS;
}

/* Is the daemon's last batch the one that we have by that number, as far as we still have it? One that was
 * damaged here or given up says nothing. */
static int compare_last(struct delivery *delivery, const struct message_welcome *welcome, bool *same,
                        struct fault *why) {
    struct outbox_batch batch;
    struct message_batch content;
    *same = true;
    if (welcome->last == 0 || welcome->digest == 0)
        return 0;
    int rc = outbox_read(delivery->outbox, welcome->last, &batch, why);
    if (rc != 0)
        return rc == -ENOENT ? 0 : rc;
    *same = batch.seq != welcome->last || message_digest(batch.bytes) == welcome->digest ||
            read_batch(delivery, &batch, &content, NULL) != 0 || content.event_count == 0;
    return 0;
}

/* An outbox that was put back from an older copy uses numbers again: what it sends would pass for repeated.
 * It is noted for good, for later numbers would hide it. */
static int check_fresh(struct delivery *delivery, const struct message_welcome *welcome, struct fault *why) {
    bool same = false;
    int rc = 0;
    if (welcome->last < outbox_next(delivery->outbox))
        rc = compare_last(delivery, welcome, &same, why);
    if (rc != 0 || same)
        return rc;
    struct fault sentence;
    fault_set(
        &sentence, -ESTALE,
        "the daemon has a batch %" PRIu64 " that %s does not know: this state was put back from an older "
        "copy, or a copy of it is in use, and going on could lose or double. What the daemon has is safe, "
        "and nothing more is sent from here; move the directory away, and give an empty one only what was "
        "logged since the daemon last "
        "heard from this one: what was counted since the copy was made would count again",
        welcome->last, outbox_path(delivery->outbox));
    rc = outbox_mark_stale(delivery->outbox, sentence.text, why);
    return rc != 0 ? rc : fault_set(why, -ESTALE, "%s", sentence.text);
}

static int take_welcome(struct delivery *delivery, const struct message_welcome *welcome, int64_t now_ms,
                        struct fault *why) {
    if (delivery->state != STATE_WELCOME || !str_equal(welcome->source, our_source(delivery)))
        return 0;
    int rc = check_fresh(delivery, welcome, why);
    if (rc != 0)
        return rc;
    if (welcome->max_bytes < BATCHER_BATCH_MAX || welcome->max_series < BATCHER_SERIES_MAX ||
        welcome->max_events < BATCHER_EVENTS_MAX ||
        (welcome->max_others != 0 && welcome->max_others < BATCHER_OTHERS_MAX))
        return fault_set(why, -EPROTO,
                         "the daemon takes batches of at most %" PRIu64 " bytes, %" PRIu64 " series, %" PRIu64
                         " events and %" PRIu64
                         " sets, names and entries, and this program makes larger ones",
                         welcome->max_bytes, welcome->max_series, welcome->max_events,
                         welcome->max_others ? welcome->max_others : welcome->max_events);
    delivery->tally.missing += welcome->missing;
    delivery->heard_ms = now_ms; /* patience is not renewed: only acks show that batches arrive */
    delivery->since_ms = now_ms;
    delivery->state = STATE_OPEN;
    delivery->busy[0] = '\0';
    delivery->next = 0;
    delivery->credit = welcome->credit;
    if (delivery->credit < 1)
        delivery->credit = 1;
    if (delivery->credit > DELIVERY_FLIGHT_BATCHES)
        delivery->credit = DELIVERY_FLIGHT_BATCHES;
    return 0;
}

static void land(struct delivery *delivery, uint64_t seq) {
    for (size_t i = 0; i < delivery->flying_count; i++) {
        if (delivery->flying[i].seq != seq)
            continue;
        delivery->flying_bytes -= delivery->flying[i].len;
        delivery->flying[i] = delivery->flying[--delivery->flying_count];
        return;
    }
}

/* How many events a batch carried, by itself and not by what the daemon says of it. */
static uint64_t events_in(const struct delivery *delivery, const struct outbox_batch *batch,
                          const struct message_ack *ack) {
    struct message_batch content;
    return read_batch(delivery, batch, &content, NULL) == 0 ? content.event_count
                                                            : ack->accepted + ack->refused_count;
}

static int take_ack(struct delivery *delivery, const struct message_ack *ack, int64_t now_ms,
                    struct fault *why) {
    struct outbox_batch batch;
    if (!str_equal(ack->source, our_source(delivery)))
        return 0;
    int rc = delivery->acked_count == DELIVERY_FLIGHT_BATCHES ? drop_acked(delivery, why) : 0;
    if (rc == 0)
        rc = find_batch(delivery, ack->seq, &batch, why);
    if (rc == -ENOENT)
        return 0; /* an ack of something acknowledged before */
    uint64_t events = rc == 0 ? events_in(delivery, &batch, ack) : 0;
    if (rc == 0 && ack->refused_count > 0)
        rc = refused_keep(delivery->refused, &batch, ack, &delivery->tally, why);
    if (rc != 0)
        return rc;
    answered(delivery, now_ms);
    delivery->complaints = 0;
    delivery->acked[delivery->acked_count++] = ack->seq;
    land(delivery, ack->seq);
    delivery->tally.batches++;
    delivery->tally.events += events;
    delivery->tally.counted += ack->accepted;
    delivery->tally.again += ack->repeated && events > ack->refused_count ? events - ack->refused_count : 0;
    delivery->tally.repeated += ack->repeated;
    return 0;
}

/* Most often the other one is done soon. Not a sign of life that patience is renewed for: it may last. */
static int wait_our_turn(struct delivery *delivery, struct str reason, int64_t now_ms) {
    if (delivery->state != STATE_WELCOME)
        return 0;
    struct fault clean; /* a reason is a peer's text */
    (void)fault_set(&clean, -EBUSY, "%.*s", STR_ARG(reason));
    memcpy(delivery->busy, clean.text, sizeof delivery->busy);
    say_hello_again(delivery);
    delivery->hello_due_ms = now_ms + DELIVERY_BUSY_MS;
    return 0;
}

static int take_error(struct delivery *delivery, const struct message_error *error, int64_t now_ms,
                      struct fault *why) {
    bool ours = str_equal(error->source, our_source(delivery));
    if (str_equal(error->code, STR(MESSAGE_ERROR_VERSION)))
        return fault_set(why, -EPROTO, "the daemon speaks another version of the protocol: %.*s",
                         STR_ARG(error->text));
    if (error->id != 0 || (error->source.len > 0 && !ours))
        return 0;
    if (ours && error->seq == 0 && str_equal(error->code, STR(MESSAGE_ERROR_BUSY)))
        return wait_our_turn(delivery, error->text, now_ms);
    delivery->heard_ms = now_ms;
    if (str_equal(error->code, STR(MESSAGE_ERROR_SEQUENCE))) {
        if (delivery->state != STATE_OPEN)
            return 0; /* a gap brings a complaint for each batch on the way: the first one was enough */
        if (++delivery->complaints > SEQUENCE_MAX)
            return fault_set(why, -EPROTO, "the daemon keeps missing a batch before those of %s: %.*s",
                             outbox_path(delivery->outbox), STR_ARG(error->text));
        say_hello_again(delivery);
        return 0;
    }
    if (str_equal(error->code, STR(MESSAGE_ERROR_BAD)) && ours && error->seq != 0) {
        int rc = give_up_batch(delivery, error->seq, error->text, why);
        say_hello_again(delivery);
        return rc;
    }
    /* Likewise a commit that failed there brings one for each batch that was to be in it. */
    if (ours && error->seq != 0 && !is_flying(delivery, error->seq))
        return 0;
    bool later =
        str_equal(error->code, STR(MESSAGE_ERROR_STORE)) || str_equal(error->code, STR(MESSAGE_ERROR_BUSY));
    return fault_set(why, later ? -EAGAIN : -EPROTO, "the daemon cannot take what was sent: %.*s",
                     STR_ARG(error->text));
}

int delivery_receive(struct delivery *delivery, struct str frame, int64_t now_ms, struct fault *why) {
    OBJ_CHECK(delivery, DELIVERY_MAGIC);
    struct wire_reader reader;
    enum message_type type;
    struct message_welcome welcome;
    struct message_ack ack;
    struct message_error error;
    wire_reader_init(&reader, frame.at, frame.len);
    int rc = message_open(&reader, &type, why);
    if (rc == -EPROTONOSUPPORT)
        return fault_set(why, -EPROTO, "the daemon speaks another version of the protocol");
    if (rc != 0)
        return 0;
    switch (type) {
    case MESSAGE_WELCOME:
        return message_read_welcome(&reader, &welcome, why) == 0
                   ? take_welcome(delivery, &welcome, now_ms, why)
                   : 0;
    case MESSAGE_ACK:
        return message_read_ack(&reader, &ack, why) == 0 ? take_ack(delivery, &ack, now_ms, why) : 0;
    case MESSAGE_ERROR:
        return message_read_error(&reader, &error, why) == 0 ? take_error(delivery, &error, now_ms, why) : 0;
    default:
        return 0;
    }
}
