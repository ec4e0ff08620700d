#include "daemon/combine.h"

#include <stdlib.h>

#include "proto/check.h"
#include "proto/civil.h"
#include "proto/distinct.h"

#define COMBINE_MAGIC 0x434f4d42u

#define NO_REASON UINT32_MAX

/* A batch's series as its events need it. */
struct series_ref {
    uint32_t id;
    uint32_t reason; /* why its events are refused; NO_REASON: they are not */
    enum kind kind;
    bool known;
};

struct combine {
    unsigned magic;
    struct catalogue *catalogue;
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

void combine_new(struct combine **out, struct catalogue *catalogue) {
    struct combine *combine = mem_zeroed(1, sizeof *combine);
    combine->magic = COMBINE_MAGIC;
    combine->catalogue = catalogue;
    /* Together they fit an ack whatever a batch holds: 256 sentences, and 9 bytes for each of its events. */
    wire_writer_new(&combine->reasons, MESSAGE_BYTES_MAX / 4);
    wire_writer_new(&combine->refused, MESSAGE_BYTES_MAX / 4 * 3 - 4096);
    *out = combine;
}

void combine_destroy(struct combine **combine) {
    struct combine *c = *combine;
    if (c == NULL)
        return;
    OBJ_CHECK(c, COMBINE_MAGIC);
    free(c->ref);
    wire_writer_destroy(&c->reasons);
    wire_writer_destroy(&c->refused);
    c->magic = 0;
    free(c);
    *combine = NULL;
}

/* The number of a reason in the ack that is being written. Past the limit the last one stands for all others.
 */
static uint32_t add_reason(struct combine *combine, const char *text) {
    if (combine->reason_count == MESSAGE_REASONS_MAX)
        return MESSAGE_REASONS_MAX - 1;
    if (combine->reason_count == MESSAGE_REASONS_MAX - 1)
        text = "refused for one of too many different reasons to tell them all in one ack";
    wire_write_str(combine->reasons, str_of(text));
    return combine->reason_count++;
}

/* Looks every series of the dictionary up, once. */
static void resolve_series(struct combine *combine, struct message_batch *batch) {
    if (batch->series_count > combine->ref_room) {
        combine->ref_room = batch->series_count;
        combine->ref = mem_resize(combine->ref, combine->ref_room, sizeof *combine->ref);
    }
    for (uint32_t i = 0; i < batch->series_count; i++) {
        struct series_ref *ref = &combine->ref[i];
        struct str indicator;
        struct dims dims;
        struct fault why;
        *ref = (struct series_ref){.reason = NO_REASON};
        message_next_series(batch, &indicator, &dims);
        if (catalogue_series(combine->catalogue, indicator, &dims, &ref->id, &why) == 0) {
            ref->known = true;
            ref->kind = catalogue_kind(combine->catalogue, ref->id);
        } else {
            ref->reason = add_reason(combine, why.text);
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

static void refuse(struct combine *combine, uint32_t index, uint32_t reason) {
    message_write_refused(combine->refused, index, reason);
    combine->refused_count++;
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
static bool judge_event(struct combine *combine, struct judging *judging, uint32_t index,
                        const struct message_event *event, int32_t *day) {
    const struct series_ref *ref = &combine->ref[event->series];
    if (!ref->known) {
        refuse(combine, index, ref->reason);
        return false;
    }
    enum event_fault fault = check_event(event, ref->kind);
    if (!day_of(&judging->day, event->at, day))
        fault = FAULT_TIME;
    if (fault == EVENT_FAULTS)
        return true;
    if (judging->fault_reason[fault] == NO_REASON)
        judging->fault_reason[fault] = add_reason(combine, event_fault_text[fault]);
    refuse(combine, index, judging->fault_reason[fault]);
    return false;
}

void combine_batch(struct combine *combine, struct message_batch *batch, uint32_t source,
                   struct pending *into, struct combine_result *result) {
    OBJ_CHECK(combine, COMBINE_MAGIC);
    struct judging judging;
    wire_writer_reset(combine->reasons);
    wire_writer_reset(combine->refused);
    combine->reason_count = combine->refused_count = 0;
    uint64_t accepted = 0;
    int64_t total = 0;
    judging_start(&judging);
    resolve_series(combine, batch);
    for (uint32_t index = 0; index < batch->event_count; index++) {
        struct message_event event;
        int32_t day;
        message_next_event(batch, &event);
        if (!judge_event(combine, &judging, index, &event, &day))
            continue;
        accepted++;
        if (into == NULL)
            continue;
        struct series_ref *ref = &combine->ref[event.series];
        if (ref->kind == KIND_COUNT) {
            *counts_reserve(pending_counts(into), 1) =
                (struct count){count_place(ref->id, day, source), event.number};
            counts_extend(pending_counts(into), 1);
            total += event.number;
        } else {
            pending_add_set(into, ref->id, day, source, event.set);
        }
    }
    *result = (struct combine_result){.accepted = accepted,
                                      .total = total,
                                      .reason_count = combine->reason_count,
                                      .refused_count = combine->refused_count,
                                      .reasons = combine->reasons,
                                      .refused = combine->refused};
}
