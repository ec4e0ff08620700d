#include "daemon/ingest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/distinct.h"

#define INGEST_MAGIC 0x494e4745u

#define NO_REASON UINT32_MAX
#define NO_SLOT   UINT32_MAX

/* A batch's series as its events need it. The slot of the last day seen is kept: most events of a series are
 * of one day. */
struct series_ref {
    uint32_t id, slot;
    int32_t slot_day;
    uint32_t reason; /* why its events are refused; NO_REASON: they are not */
    enum kind kind;
    bool known;
};

struct ingest {
    unsigned magic;
    struct catalogue *catalogue;
    struct ledger *ledger;
    struct committer *committer;
    struct series_ref *ref;
    uint32_t ref_room;
    struct wire_writer *reasons, *refused;
    uint32_t reason_count, refused_count;
};

/* What goes wrong with an event whatever its series: each is one reason in an ack, at most. */
enum event_fault {
    FAULT_WANTS_NUMBER,
    FAULT_WANTS_SET,
    FAULT_TOO_LARGE,
    FAULT_BAD_SET,
    FAULT_TIME,
    EVENT_FAULTS
};

static const char *const event_fault_text[EVENT_FAULTS] = {
    [FAULT_WANTS_NUMBER] = "the value must be a number: the indicator is a count",
    [FAULT_WANTS_SET] = "the value must be a set of hashes: the indicator is distinct",
    [FAULT_TOO_LARGE] = "the number is out of bounds: at most 1000000000000 either way",
    [FAULT_BAD_SET] = "the value is not a set of version 1: 0x01, then rising 8-byte hashes",
    [FAULT_TIME] = "the time is outside the years 1 to 9999",
};

void ingest_new(struct ingest **out, struct catalogue *catalogue, struct ledger *ledger,
                struct committer *committer) {
    struct ingest *ingest = mem_zeroed(1, sizeof *ingest);
    ingest->magic = INGEST_MAGIC;
    ingest->catalogue = catalogue;
    ingest->ledger = ledger;
    ingest->committer = committer;
    /* Together they fit an ack whatever a batch holds: 256 sentences, and 9 bytes for each of its events. */
    wire_writer_new(&ingest->reasons, MESSAGE_BYTES_MAX / 4);
    wire_writer_new(&ingest->refused, MESSAGE_BYTES_MAX / 4 * 3 - 4096);
    *out = ingest;
}

void ingest_destroy(struct ingest **ingest) {
    struct ingest *i = *ingest;
    if (i == NULL)
        return;
    OBJ_CHECK(i, INGEST_MAGIC);
    free(i->ref);
    wire_writer_destroy(&i->reasons);
    wire_writer_destroy(&i->refused);
    i->magic = 0;
    free(i);
    *ingest = NULL;
}

static void reply_error(struct wire_writer *reply, const char *code, const char *text, struct str source,
                        uint64_t seq) {
    message_write_error(reply, &(struct message_error){
                                   .code = str_of(code), .text = str_of(text), .source = source, .seq = seq});
}

void ingest_hello(struct ingest *ingest, const struct message_hello *hello, struct wire_writer *reply) {
    OBJ_CHECK(ingest, INGEST_MAGIC);
    struct ledger_entry *entry = ledger_find(ingest->ledger, hello->source, hello->outbox);
    uint64_t taken = entry ? ledger_taken(entry) : 0, missing = 0;
    if (hello->first > taken + 1) {
        struct fault why;
        if (ledger_open(ingest->ledger, hello->source, hello->outbox, &entry, &why) != 0) {
            reply_error(reply, MESSAGE_ERROR_BUSY, why.text, hello->source, 0);
            return;
        }
        missing = hello->first - 1 - taken;
        log_event(LOG_LEVEL_WARNING, "source.gap", "source=\"%.*s\" missing=%" PRIu64, STR_ARG(hello->source),
                  missing);
        ledger_skip(ingest->ledger, entry, hello->first - 1);
    }
    /* Only what is on disk, since the collector forgets what it is told of here; what it no longer has needs
     * no telling. */
    uint64_t last = entry ? ledger_on_disk(entry) : 0, digest = entry ? ledger_digest(entry) : 0;
    if (last < hello->first - 1) {
        last = hello->first - 1;
        digest = 0;
    }
    message_write_welcome(reply, &(struct message_welcome){.source = hello->source,
                                                           .last = last,
                                                           .credit = MESSAGE_CREDIT,
                                                           .max_bytes = MESSAGE_BYTES_MAX,
                                                           .max_series = MESSAGE_SERIES_MAX,
                                                           .max_events = MESSAGE_EVENTS_MAX,
                                                           .digest = digest,
                                                           .missing = missing});
}

/* ---- a batch ---- */

/* The number of a reason in the ack that is being written. Past the limit the last one stands for all others.
 */
static uint32_t add_reason(struct ingest *ingest, const char *text) {
    if (ingest->reason_count == MESSAGE_REASONS_MAX)
        return MESSAGE_REASONS_MAX - 1;
    if (ingest->reason_count == MESSAGE_REASONS_MAX - 1)
        text = "refused for one of too many different reasons to tell them all in one ack";
    wire_write_str(ingest->reasons, str_of(text));
    return ingest->reason_count++;
}

/* Looks every series of the dictionary up, once. */
static void resolve_series(struct ingest *ingest, struct message_batch *batch) {
    if (batch->series_count > ingest->ref_room) {
        ingest->ref_room = batch->series_count;
        ingest->ref = mem_resize(ingest->ref, ingest->ref_room, sizeof *ingest->ref);
    }
    for (uint32_t i = 0; i < batch->series_count; i++) {
        struct series_ref *ref = &ingest->ref[i];
        struct str indicator;
        struct dims dims;
        struct fault why;
        *ref = (struct series_ref){.slot = NO_SLOT, .reason = NO_REASON};
        message_next_series(batch, &indicator, &dims);
        if (catalogue_series(ingest->catalogue, indicator, &dims, &ref->id, &why) == 0) {
            ref->known = true;
            ref->kind = catalogue_kind(ingest->catalogue, ref->id);
        } else {
            ref->reason = add_reason(ingest, why.text);
        }
    }
}

/* The UTC day that events fall on, found again without a division while they stay on it. */
struct day_cache {
    int64_t start;
    int32_t day;
    bool valid;
};

static bool day_of(struct day_cache *cache, int64_t at, int32_t *day) {
    if (!cache->valid || (uint64_t)at - (uint64_t)cache->start >= CIVIL_DAY_SECONDS) {
        if (!civil_day_of_time(at, &cache->day)) {
            cache->valid = false;
            return false;
        }
        cache->start = (int64_t)cache->day * CIVIL_DAY_SECONDS;
        cache->valid = true;
    }
    *day = cache->day;
    return true;
}

/* EVENT_FAULTS: none. */
static enum event_fault check_event(const struct message_event *event, enum kind kind) {
    if (kind == KIND_COUNT) {
        if (event->has_set)
            return FAULT_WANTS_NUMBER;
        return event->number > KIND_COUNT_MAX || event->number < -KIND_COUNT_MAX ? FAULT_TOO_LARGE
                                                                                 : EVENT_FAULTS;
    }
    if (!event->has_set)
        return FAULT_WANTS_SET;
    return distinct_valid(event->set) ? EVENT_FAULTS : FAULT_BAD_SET;
}

static void refuse(struct ingest *ingest, uint32_t index, uint32_t reason) {
    message_write_refused(ingest->refused, index, reason);
    ingest->refused_count++;
}

/* The judging of one batch's events, one after the other. */
struct judging {
    struct day_cache day;
    uint32_t fault_reason[EVENT_FAULTS];
};

static void judging_start(struct judging *judging) {
    *judging = (struct judging){0};
    for (int i = 0; i < EVENT_FAULTS; i++)
        judging->fault_reason[i] = NO_REASON;
}

/* Whether the event counts; if not, it is noted as refused. */
static bool judge_event(struct ingest *ingest, struct judging *judging, uint32_t index,
                        const struct message_event *event, int32_t *day) {
    const struct series_ref *ref = &ingest->ref[event->series];
    if (!ref->known) {
        refuse(ingest, index, ref->reason);
        return false;
    }
    enum event_fault fault = check_event(event, ref->kind);
    if (!day_of(&judging->day, event->at, day))
        fault = FAULT_TIME;
    if (fault == EVENT_FAULTS)
        return true;
    if (judging->fault_reason[fault] == NO_REASON)
        judging->fault_reason[fault] = add_reason(ingest, event_fault_text[fault]);
    refuse(ingest, index, judging->fault_reason[fault]);
    return false;
}

static void combine_events(struct ingest *ingest, struct message_batch *batch, uint32_t source) {
    struct pending *pending = committer_filling(ingest->committer);
    struct judging judging;
    judging_start(&judging);
    for (uint32_t index = 0; index < batch->event_count; index++) {
        struct message_event event;
        int32_t day;
        message_next_event(batch, &event);
        if (!judge_event(ingest, &judging, index, &event, &day))
            continue;
        struct series_ref *ref = &ingest->ref[event.series];
        if (ref->slot == NO_SLOT || ref->slot_day != day) {
            ref->slot = pending_slot(pending, ref->kind, ref->id, day, source);
            ref->slot_day = day;
        }
        if (ref->kind == KIND_COUNT)
            pending_add_count(pending, ref->slot, event.number);
        else
            pending_add_set(pending, ref->slot, event.set);
    }
}

/* Counts nothing, but judges again: the ack that was lost may have been the one that told of refused events.
 */
static enum ingest_reply repeat(struct ingest *ingest, struct ledger_entry *entry,
                                struct message_batch *batch, struct wire_writer *reply) {
    struct judging judging;
    judging_start(&judging);
    resolve_series(ingest, batch);
    for (uint32_t index = 0; index < batch->event_count; index++) {
        struct message_event event;
        int32_t day;
        message_next_event(batch, &event);
        (void)judge_event(ingest, &judging, index, &event, &day);
    }
    ledger_repeat(ingest->ledger, entry);
    message_write_ack(reply, batch->source, batch->seq, true, 0, ingest->reason_count, ingest->reasons,
                      ingest->refused_count, ingest->refused);
    return batch->seq <= ledger_on_disk(entry) ? INGEST_SEND : INGEST_HOLD;
}

enum ingest_reply ingest_batch(struct ingest *ingest, struct message_batch *batch, uint64_t digest,
                               struct wire_writer *reply) {
    OBJ_CHECK(ingest, INGEST_MAGIC);
    struct ledger_entry *entry;
    struct fault why;
    uint32_t source;
    wire_writer_reset(ingest->reasons);
    wire_writer_reset(ingest->refused);
    ingest->reason_count = ingest->refused_count = 0;

    entry = ledger_find(ingest->ledger, batch->source, batch->outbox);
    uint64_t taken = entry ? ledger_taken(entry) : 0;
    if (entry && batch->seq <= taken)
        return repeat(ingest, entry, batch, reply);
    if (batch->seq != taken + 1) {
        (void)fault_set(&why, -EPROTO,
                        "batch %" PRIu64 " came, but %" PRIu64 " is the next: say hello and send from there",
                        batch->seq, taken + 1);
        reply_error(reply, MESSAGE_ERROR_SEQUENCE, why.text, batch->source, batch->seq);
        return INGEST_SEND;
    }
    if (ledger_open(ingest->ledger, batch->source, batch->outbox, &entry, &why) != 0 ||
        catalogue_source(ingest->catalogue, batch->source, &source, &why) != 0) {
        reply_error(reply, MESSAGE_ERROR_STORE, why.text, batch->source, batch->seq);
        return INGEST_SEND;
    }
    resolve_series(ingest, batch);
    combine_events(ingest, batch, source);
    uint64_t accepted = batch->event_count - ingest->refused_count;
    ledger_take(ingest->ledger, entry, digest, accepted, ingest->refused_count);
    message_write_ack(reply, batch->source, batch->seq, false, accepted, ingest->reason_count,
                      ingest->reasons, ingest->refused_count, ingest->refused);
    return INGEST_HOLD;
}
