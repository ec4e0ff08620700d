#include "daemon/combine.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/check.h"
#include "proto/civil.h"
#include "proto/distinct.h"

#define COMBINE_MAGIC 0x434f4d42u

#define NO_REASON   UINT32_MAX
#define DENSE_FIRST 1024u

_Static_assert((INT64_C(1) << 40) > KIND_COUNT_MAX && MESSAGE_EVENTS_MAX <= 1u << 22,
               "the numbers of a batch add up within 62 bits");

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

struct combine {
    unsigned magic;
    struct catalogue *catalogue;
    struct name_found *found; /* by series of the batch; NAMES_NONE: its events are refused */
    uint32_t *reason;         /* then why */
    uint32_t found_room, unknown;

    /* Sums of one batch by series and day, when there are not many more of them than events. */
    int64_t *sum;
    uint8_t *there;
    size_t sum_room;

    struct wire_writer *reasons, *refused;
    uint32_t reason_count, refused_count;
    uint32_t fault_reason[EVENT_FAULTS];
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
    free(c->found);
    free(c->reason);
    free(c->sum);
    free(c->there);
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

/* ---- series ---- */

static void start(struct combine *combine, uint32_t series_count) {
    wire_writer_reset(combine->reasons);
    wire_writer_reset(combine->refused);
    combine->reason_count = combine->refused_count = combine->unknown = 0;
    for (int i = 0; i < EVENT_FAULTS; i++)
        combine->fault_reason[i] = NO_REASON;
    if (series_count > combine->found_room) {
        free(combine->found);
        free(combine->reason);
        combine->found = mem_resize(NULL, series_count, sizeof *combine->found);
        combine->reason = mem_resize(NULL, series_count, sizeof *combine->reason);
        combine->found_room = series_count;
    }
}

int combine_open(struct combine *combine, const struct message_batch *batch, const struct message_flat *flat,
                 struct fault *why) {
    OBJ_CHECK(combine, COMBINE_MAGIC);
    struct str indicator;
    struct dims dims;
    uint32_t count = batch->series_count;
    start(combine, count);
    catalogue_find(combine->catalogue, flat->keys, flat->key_end, count, combine->found);
    for (uint32_t i = 0; i < count; i++) {
        if (combine->found[i].number != NAMES_NONE)
            continue;
        if (message_flat_check(flat, batch, i, &indicator, &dims, why) != 0)
            return -EPROTO;
        combine->unknown++;
    }
    return 0;
}

/* Makes the series that nobody has sent before, or notes why their events are refused. */
static void meet_unknown(struct combine *combine, const struct message_batch *batch,
                         const struct message_flat *flat) {
    for (uint32_t i = 0; combine->unknown > 0; i++) {
        struct name_found *found = &combine->found[i];
        struct str indicator;
        struct dims dims;
        struct fault why;
        if (found->number != NAMES_NONE)
            continue;
        combine->unknown--;
        int err = message_flat_check(flat, batch, i, &indicator, &dims, &why);
        ASSERT(err == 0);
        if (catalogue_series(combine->catalogue, indicator, &dims, found, &why) == 0)
            continue;
        found->number = NAMES_NONE;
        combine->reason[i] = add_reason(combine, why.text);
    }
}

/* ---- events, one by one ---- */

/* EVENT_FAULTS: none. `set` is NULL for a number. */
static enum event_fault check_value(enum kind kind, int64_t number, const struct str *set) {
    if (kind == KIND_COUNT) {
        if (set)
            return FAULT_WANTS_NUMBER;
        return number > KIND_COUNT_MAX || number < -KIND_COUNT_MAX ? FAULT_TOO_LARGE : EVENT_FAULTS;
    }
    if (set == NULL)
        return FAULT_WANTS_SET;
    return distinct_valid(*set) ? EVENT_FAULTS : FAULT_BAD_SET;
}

static void refuse(struct combine *combine, uint32_t index, uint32_t reason) {
    message_write_refused(combine->refused, index, reason);
    combine->refused_count++;
}

static void refuse_for(struct combine *combine, uint32_t index, enum event_fault fault) {
    if (combine->fault_reason[fault] == NO_REASON)
        combine->fault_reason[fault] = add_reason(combine, event_fault_text[fault]);
    refuse(combine, index, combine->fault_reason[fault]);
}

static void log_count(struct pending *into, uint64_t place, int64_t value) {
    *counts_reserve(pending_counts(into), 1) = (struct count){place, value};
    counts_extend(pending_counts(into), 1);
}

/* Returns the total of the numbers that were accepted; *accepted counts all that were. */
static int64_t take_each(struct combine *combine, const struct message_batch *batch,
                         const struct message_flat *flat, uint32_t source, struct pending *into,
                         uint64_t *accepted) {
    const struct message_flat_set *next = flat->set, *sets_end = flat->set + flat->set_count;
    int64_t total = 0;
    for (uint32_t i = 0; i < batch->event_count; i++) {
        struct name_found found = combine->found[flat->series[i]];
        const struct str *set = next != sets_end && next->event == i ? &next++->set : NULL;
        int32_t day;
        if (found.number == NAMES_NONE) {
            refuse(combine, i, combine->reason[flat->series[i]]);
            continue;
        }
        enum event_fault fault = check_value((enum kind)found.mark, flat->number[i], set);
        if (!civil_day_of_time(batch->base + flat->delta[i], &day))
            fault = FAULT_TIME;
        if (fault != EVENT_FAULTS) {
            refuse_for(combine, i, fault);
            continue;
        }
        ++*accepted;
        if (set == NULL) {
            total += flat->number[i];
            if (into)
                log_count(into, count_place(found.number, day, source), flat->number[i]);
        } else if (into) {
            pending_add_set(into, found.number, day, source, *set);
        }
    }
    return total;
}

/* ---- events, all at once ---- */

/* Nothing in the batch can be refused, and all of it is to be added up. */
static bool is_plain(const struct combine *combine, const struct message_batch *batch,
                     const struct message_flat *flat, int32_t *first, int32_t *last) {
    bool counts = flat->set_count == 0;
    for (uint32_t i = 0; i < batch->series_count; i++)
        counts &= combine->found[i].number != NAMES_NONE && combine->found[i].mark == KIND_COUNT;
    return counts && flat->most <= KIND_COUNT_MAX && flat->least >= -KIND_COUNT_MAX &&
           civil_day_of_time(flat->earliest, first) && civil_day_of_time(flat->latest, last);
}

static bool reserve_sums(struct combine *combine, size_t wanted, uint32_t event_count) {
    if (wanted > (size_t)event_count * 2 + DENSE_FIRST)
        return false;
    if (wanted > combine->sum_room) {
        free(combine->sum);
        free(combine->there);
        combine->sum = mem_resize(NULL, wanted, sizeof *combine->sum);
        combine->there = mem_resize(NULL, wanted, 1);
        combine->sum_room = wanted;
    }
    memset(combine->sum, 0, wanted * sizeof *combine->sum);
    memset(combine->there, 0, wanted);
    return true;
}

/* Sums up by (series of the batch, day from `first`), `days` of them. */
static void sum_up(struct combine *combine, const struct message_batch *batch,
                   const struct message_flat *flat, int32_t first, size_t days) {
    int64_t *sum = combine->sum;
    uint8_t *there = combine->there;
    const uint32_t *series = flat->series;
    const int64_t *number = flat->number;
    if (days == 1) {
        for (uint32_t i = 0; i < batch->event_count; i++) {
            sum[series[i]] += number[i];
            there[series[i]] = 1;
        }
        return;
    }
    int64_t since = batch->base - (int64_t)first * CIVIL_DAY_SECONDS;
    for (uint32_t i = 0; i < batch->event_count; i++) {
        size_t day = (uint64_t)(since + flat->delta[i]) / CIVIL_DAY_SECONDS;
        size_t at = series[i] * days + day;
        sum[at] += number[i];
        there[at] = 1;
    }
}

static int64_t log_sums(struct combine *combine, const struct message_batch *batch, int32_t first,
                        size_t days, uint32_t source, struct pending *into) {
    size_t logged = 0;
    struct count *count = counts_reserve(pending_counts(into), batch->series_count * days);
    int64_t total = 0;
    for (uint32_t i = 0; i < batch->series_count; i++)
        for (size_t day = 0; day < days; day++) {
            size_t at = i * days + day;
            if (!combine->there[at])
                continue;
            total += combine->sum[at];
            count[logged++] = (struct count){
                count_place(combine->found[i].number, first + (int32_t)day, source), combine->sum[at]};
        }
    counts_extend(pending_counts(into), logged);
    return total;
}

static int64_t log_each(struct combine *combine, const struct message_batch *batch,
                        const struct message_flat *flat, uint32_t source, struct pending *into) {
    struct count *count = counts_reserve(pending_counts(into), batch->event_count);
    int64_t total = 0;
    for (uint32_t i = 0; i < batch->event_count; i++) {
        int32_t day = 0;
        (void)civil_day_of_time(batch->base + flat->delta[i], &day);
        count[i] =
            (struct count){count_place(combine->found[flat->series[i]].number, day, source), flat->number[i]};
        total += flat->number[i];
    }
    counts_extend(pending_counts(into), batch->event_count);
    return total;
}

void combine_events(struct combine *combine, const struct message_batch *batch,
                    const struct message_flat *flat, uint32_t source, struct pending *into,
                    struct combine_result *result) {
    OBJ_CHECK(combine, COMBINE_MAGIC);
    int32_t first, last;
    int64_t total = 0;
    uint64_t accepted = 0;
    meet_unknown(combine, batch, flat);
    bool plain = is_plain(combine, batch, flat, &first, &last);
    if (plain)
        accepted = batch->event_count;
    if (!plain) {
        total = take_each(combine, batch, flat, source, into, &accepted);
    } else if (into && batch->event_count > 0) {
        size_t days = (size_t)(last - first) + 1;
        if (reserve_sums(combine, batch->series_count * days, batch->event_count)) {
            sum_up(combine, batch, flat, first, days);
            total = log_sums(combine, batch, first, days, source, into);
        } else {
            total = log_each(combine, batch, flat, source, into);
        }
    }
    *result = (struct combine_result){.accepted = accepted,
                                      .total = total,
                                      .reason_count = combine->reason_count,
                                      .refused_count = combine->refused_count,
                                      .reasons = combine->reasons,
                                      .refused = combine->refused};
}
