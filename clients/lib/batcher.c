#include "clients/lib/batcher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "clients/lib/table.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/kind.h"
#include "proto/message.h"
#include "proto/sketch.h"

#define BATCHER_MAGIC    0x9e4d1401u
#define NUMBER_BYTES     32u /* an event with a number, encoded, at most */
#define SET_HEAD_BYTES   40u /* the same with a set, without the set */
#define SERIES_BYTES     (SERIES_KEY_MAX + 96u)
#define BATCH_HEAD_BYTES 1024u /* what a message has around its two lists */
#define ENTRY_HEAD_BYTES 40u   /* an event with an entry, without the entry */
_Static_assert(SKETCH_BYTES_MAX < ENTRY_BYTES_MAX && SET_HEAD_BYTES <= ENTRY_HEAD_BYTES &&
                   ENTRY_BYTES_MAX + SERIES_BYTES + ENTRY_HEAD_BYTES + BATCH_HEAD_BYTES < BATCHER_BATCH_MAX,
               "one event fits a batch");
_Static_assert(BATCHER_OTHERS_MAX <= MESSAGE_OTHERS_TOLD && BATCHER_EVENTS_MAX <= MESSAGE_OTHERS_MAX,
               "nobody is held up, and what older versions have in their outboxes is taken");
_Static_assert(BATCHER_SERIES_MAX <= MESSAGE_SERIES_MAX && BATCHER_EVENTS_MAX <= MESSAGE_EVENTS_MAX &&
                   BATCHER_BATCH_MAX <= MESSAGE_BYTES_MAX,
               "what is written here can be read there");

struct batcher {
    unsigned magic;
    char source[MESSAGE_SOURCE_MAX], outbox[MESSAGE_OUTBOX_MAX];
    size_t source_len, outbox_len;
    uint64_t seq; /* of the batch being filled */
    int64_t base; /* time of its first event */
    bool whole;   /* it counts as a whole or not at all */
    uint32_t event_count, other_count;
    struct table *series;
    struct wire_writer *series_out, *events_out, *message;
    struct sketch *set;
    struct outbox_batch *closed; /* owns its bytes */
    size_t closed_count, closed_room, closed_bytes;
};

void batcher_new(struct batcher **out, struct str source, struct str outbox, uint64_t next) {
    struct batcher *batcher = mem_zeroed(1, sizeof *batcher);
    batcher->magic = BATCHER_MAGIC;
    ASSERT(source.len <= sizeof batcher->source && outbox.len <= sizeof batcher->outbox);
    memcpy(batcher->source, source.at, source.len);
    memcpy(batcher->outbox, outbox.at, outbox.len);
    batcher->source_len = source.len;
    batcher->outbox_len = outbox.len;
    batcher->seq = next;
    table_new(&batcher->series);
    wire_writer_new(&batcher->series_out, BATCHER_BATCH_MAX);
    wire_writer_new(&batcher->events_out, BATCHER_BATCH_MAX);
    wire_writer_new(&batcher->message, BATCHER_BATCH_MAX);
    sketch_new(&batcher->set);
    *out = batcher;
}

static void start_batch(struct batcher *batcher) {
    table_clear(batcher->series);
    wire_writer_reset(batcher->series_out);
    wire_writer_reset(batcher->events_out);
    batcher->event_count = batcher->other_count = 0;
}

void batcher_clear(struct batcher *batcher, uint64_t next) {
    OBJ_CHECK(batcher, BATCHER_MAGIC);
    for (size_t i = 0; i < batcher->closed_count; i++)
        free((void *)(uintptr_t)batcher->closed[i].bytes.at);
    batcher->closed_count = 0;
    batcher->closed_bytes = 0;
    batcher->seq = next;
    batcher->whole = false;
    start_batch(batcher);
}

void batcher_whole(struct batcher *batcher) {
    OBJ_CHECK(batcher, BATCHER_MAGIC);
    batcher->whole = true;
}

void batcher_number_from(struct batcher *batcher, uint64_t next) {
    OBJ_CHECK(batcher, BATCHER_MAGIC);
    ASSERT(batcher->event_count == 0 && batcher->closed_count == 0);
    batcher->seq = next;
}

void batcher_destroy(struct batcher **batcher) {
    if (!*batcher)
        return;
    batcher_clear(*batcher, 0);
    table_destroy(&(*batcher)->series);
    wire_writer_destroy(&(*batcher)->series_out);
    wire_writer_destroy(&(*batcher)->events_out);
    wire_writer_destroy(&(*batcher)->message);
    sketch_destroy(&(*batcher)->set);
    free((*batcher)->closed);
    (*batcher)->magic = 0;
    free(*batcher);
    *batcher = NULL;
}

/* So that no two batches are equal by chance: a copy of a state that counts the same is told from its original. */
static uint64_t draw_nonce(void) {
    uint64_t nonce = 0;
    if (getrandom(&nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce)
        return 0;
    return nonce >> 1;
}

static void close_batch(struct batcher *batcher) {
    struct wire_writer *message = batcher->message;
    wire_writer_reset(message);
    message_write_batch(message,
                        &(struct message_batch){.source = {batcher->source, batcher->source_len},
                                                .outbox = {batcher->outbox, batcher->outbox_len},
                                                .seq = batcher->seq,
                                                .nonce = draw_nonce(),
                                                .whole = batcher->whole,
                                                .base = batcher->base,
                                                .series_count = table_count(batcher->series),
                                                .event_count = batcher->event_count},
                        batcher->series_out, batcher->events_out);
    ASSERT(!wire_writer_failed(message) && !wire_writer_failed(batcher->series_out) &&
           !wire_writer_failed(batcher->events_out));
    if (batcher->closed_count == batcher->closed_room) {
        batcher->closed_room = batcher->closed_room ? batcher->closed_room * 2 : 8;
        batcher->closed = mem_resize(batcher->closed, batcher->closed_room, sizeof *batcher->closed);
    }
    size_t len = wire_writer_len(message);
    batcher->closed[batcher->closed_count++] = (struct outbox_batch){
        .seq = batcher->seq++, .bytes = {.at = mem_copy(wire_writer_data(message), len), .len = len}};
    batcher->closed_bytes += len;
    start_batch(batcher);
}

const struct outbox_batch *batcher_close(struct batcher *batcher, size_t *count) {
    OBJ_CHECK(batcher, BATCHER_MAGIC);
    if (batcher->event_count > 0)
        close_batch(batcher);
    *count = batcher->closed_count;
    return batcher->closed;
}

void batcher_write_empty(struct wire_writer *writer, struct str source, struct str outbox, uint64_t seq) {
    struct wire_writer *none;
    wire_writer_new(&none, 1);
    message_write_batch(writer, &(struct message_batch){.source = source, .outbox = outbox, .seq = seq}, none,
                        none);
    wire_writer_destroy(&none);
}

/* Judged before anything of a call is taken, so that a call counts whole or not at all. */
static int check_total(const struct batcher *batcher, size_t bytes, struct fault *why) {
    if (batcher->closed_bytes + bytes <= BATCHER_TOTAL_MAX)
        return 0;
    return fault_set(why, -ENOBUFS, "%u MiB are counted and not yet committed: commit more often",
                     BATCHER_TOTAL_MAX >> 20);
}

static bool is_full(const struct batcher *batcher, bool is_number) {
    return batcher->event_count == BATCHER_EVENTS_MAX ||
           (!is_number && !batcher->whole && batcher->other_count >= BATCHER_OTHERS_MAX);
}

/* Makes room for one more event of `bytes` bytes and finds the number of its series in the batch. */
static int make_room(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                     size_t bytes, bool is_number, uint32_t *series, struct fault *why) {
    int32_t day;
    if (!civil_day_of_time(at, &day))
        return fault_set(why, -EINVAL,
                         "an event of %.*s has the time %" PRId64 ", which is in no year from 1 to 9999",
                         STR_ARG(indicator), at);
    size_t filled = wire_writer_len(batcher->series_out) + wire_writer_len(batcher->events_out);
    char text[SERIES_KEY_MAX];
    struct str key = {text, dims_series_key(indicator, dims, text)};
    bool known = table_find(batcher->series, key, series);
    size_t wanted = bytes + (known ? 0 : SERIES_BYTES) + BATCH_HEAD_BYTES;
    if (is_full(batcher, is_number) || filled + wanted > BATCHER_BATCH_MAX ||
        (!known && table_count(batcher->series) == BATCHER_SERIES_MAX)) {
        close_batch(batcher);
        known = false;
    }
    if (!known) {
        *series = table_add(batcher->series, key);
        message_write_series(batcher->series_out, indicator, dims);
    }
    if (!is_number)
        batcher->other_count++;
    if (batcher->event_count++ == 0)
        batcher->base = at;
    return 0;
}

int batcher_number(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                   int64_t number, struct fault *why) {
    OBJ_CHECK(batcher, BATCHER_MAGIC);
    if (number > KIND_COUNT_MAX || number < -KIND_COUNT_MAX)
        return fault_set(why, -EINVAL,
                         "an event of %.*s has the value %" PRId64 "; one event counts at most %" PRId64,
                         STR_ARG(indicator), number, (int64_t)KIND_COUNT_MAX);
    uint32_t series;
    int rc = check_total(batcher, NUMBER_BYTES, why);
    if (rc == 0)
        rc = make_room(batcher, indicator, dims, at, NUMBER_BYTES, true, &series, why);
    if (rc == 0)
        message_write_event_number(batcher->events_out, series, at - batcher->base, number);
    return rc;
}

int batcher_set(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                const uint64_t *hashes, size_t count, struct fault *why) {
    OBJ_CHECK(batcher, BATCHER_MAGIC);
    sketch_clear(batcher->set);
    for (size_t i = 0; i < count; i++)
        sketch_add(batcher->set, hashes[i]);
    struct str bytes = sketch_bytes(batcher->set);
    uint32_t series;
    int rc = check_total(batcher, bytes.len + SET_HEAD_BYTES, why);
    if (rc == 0)
        rc = make_room(batcher, indicator, dims, at, bytes.len + SET_HEAD_BYTES, false, &series, why);
    if (rc == 0)
        message_write_event_set(batcher->events_out, series, at - batcher->base, bytes);
    return rc;
}

int batcher_name(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                 struct str name, struct fault *why) {
    OBJ_CHECK(batcher, BATCHER_MAGIC);
    struct fault cause;
    uint32_t series;
    if (dims_check_value(name, &cause) != 0)
        return fault_set(why, -EINVAL, "a name of %.*s: %s", STR_ARG(indicator), cause.text);
    size_t bytes = name.len + ENTRY_HEAD_BYTES;
    int rc = check_total(batcher, bytes, why);
    if (rc == 0)
        rc = make_room(batcher, indicator, dims, at, bytes, false, &series, why);
    if (rc == 0)
        message_write_event_name(batcher->events_out, series, at - batcher->base, name);
    return rc;
}

int batcher_entry(struct batcher *batcher, struct str indicator, const struct dims *dims, int64_t at,
                  const struct entry *entry, struct fault *why) {
    OBJ_CHECK(batcher, BATCHER_MAGIC);
    struct wire_writer *measure;
    uint32_t series;
    wire_writer_new(&measure, ENTRY_BYTES_MAX);
    entry_write(measure, entry);
    size_t bytes = wire_writer_len(measure) + ENTRY_HEAD_BYTES;
    int rc = wire_writer_failed(measure)
                 ? fault_set(why, -EINVAL, "an entry of %.*s has more than %u bytes: say it shorter",
                             STR_ARG(indicator), ENTRY_BYTES_MAX)
                 : check_total(batcher, bytes, why);
    wire_writer_destroy(&measure);
    if (rc == 0)
        rc = make_room(batcher, indicator, dims, at, bytes, false, &series, why);
    if (rc == 0)
        message_write_event_entry(batcher->events_out, series, at - batcher->base, entry);
    return rc;
}
