#include "daemon/intake/combine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/books/refusals.h"
#include "daemon/store/cell.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/pause.h"
#include "proto/sketch.h"

#define COMBINE_MAGIC 0x434f4d42u

#define NO_REASON   UINT32_MAX
#define DENSE_FIRST 1024u
#define EACH_PIECE  256u /* series or events between two pauses */

_Static_assert(FAULT_TEXT_MAX <= MESSAGE_TEXT_MAX + 1, "every reason is kept whole");

_Static_assert(CATALOGUE_ENTRIES_MAX == 262144, "a sentence says so");

_Static_assert((INT64_C(1) << 40) > KIND_COUNT_MAX && MESSAGE_EVENTS_MAX <= 1u << 22,
               "the numbers of a batch add up within 62 bits");

/* What goes wrong with an event whatever its series: each is one reason in an ack, at most. */
enum event_fault {
    FAULT_COUNT,
    FAULT_DISTINCT,
    FAULT_LEVEL,
    FAULT_STATUS,
    FAULT_ROSTER,
    FAULT_ENTRY,
    FAULT_TOO_LARGE,
    FAULT_BAD_SET,
    FAULT_TIME,
    FAULT_FUTURE,
    FAULT_CROWDED,
    FAULT_WHOLE,
    EVENT_FAULTS
};

static const char *const event_fault_text[EVENT_FAULTS] = {
    [FAULT_COUNT] = "the value must be a number, or an entry: the indicator is a count",
    [FAULT_DISTINCT] = "the value must be a set of hashes, or an entry: the indicator is distinct",
    [FAULT_LEVEL] = "the value must be a number, or an entry: the indicator is a level",
    [FAULT_STATUS] = "the value must be 1 (in force) or 0, or an entry: the indicator is a status",
    [FAULT_ROSTER] = "the value must be a name, or an entry: the indicator is a roster",
    [FAULT_ENTRY] = "the value must be an entry: the indicator is a milestone, evidence or a narrative",
    [FAULT_TOO_LARGE] = "the number is out of bounds: at most 1000000000000 either way",
    [FAULT_BAD_SET] =
        "the value is no set: 0x01, then at most 1024 rising 8-byte hashes; or 0x02, then 2048 registers",
    [FAULT_TIME] = "the time is outside the years 1 to 9999",
    [FAULT_FUTURE] = "the time lies in the future: only what has happened can be stated",
    [FAULT_CROWDED] =
        ("the series has 262144 entries, as many as may be: send what machines count as numbers, or "
         "break it down by one more dimension under a new id"),
    [FAULT_WHOLE] = MESSAGE_REASON_WHOLE,
};

#define FUTURE_SECONDS CIVIL_DAY_SECONDS /* clocks and time zones differ by less */

struct combine {
    unsigned magic;
    struct catalogue *catalogue;
    struct name_found *found; /* by series of the batch; NAMES_NONE: its events are refused */
    uint32_t *reason;         /* then why; NO_REASON: not told yet */
    uint32_t found_room, unknown;

    /* Sums of one batch by series and day, when there are not many more of them than events. */
    int64_t *sum;
    uint8_t *there;
    size_t sum_room;

    struct wire_writer *reasons, *refused;
    uint32_t reason_count, refused_count;
    uint32_t fault_reason[EVENT_FAULTS];

    /* Refused events by indicator of the framework, and of none, with the last reason. */
    struct {
        uint64_t count;
        uint32_t reason;
    } * refusals;
    char (*reason_text)[MESSAGE_TEXT_MAX + 1];
    struct wire_writer *entry;
};

void combine_new(struct combine **out, struct catalogue *catalogue) {
    struct combine *combine = mem_zeroed(1, sizeof *combine);
    combine->magic = COMBINE_MAGIC;
    combine->catalogue = catalogue;
    combine->refusals =
        mem_zeroed(framework_indicator_count(catalogue_framework(catalogue)) + 1, sizeof *combine->refusals);
    combine->reason_text = mem_zeroed(MESSAGE_REASONS_MAX, sizeof *combine->reason_text);
    wire_writer_new(&combine->entry, CELL_ENTRY_BYTES_MAX);
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
    free(c->refusals);
    free(c->reason_text);
    wire_writer_destroy(&c->entry);
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
    (void)snprintf(combine->reason_text[combine->reason_count], MESSAGE_TEXT_MAX + 1, "%s", text);
    return combine->reason_count++;
}

/* The same, for sentences that many events may share. */
static uint32_t find_reason(struct combine *combine, const char *text) {
    for (uint32_t i = 0; i < combine->reason_count; i++)
        if (strcmp(combine->reason_text[i], text) == 0)
            return i;
    return add_reason(combine, text);
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

/* The kind of a series that has no number yet; 0: it will get none. */
static char kind_to_be(const struct combine *combine, struct str indicator) {
    const struct framework *framework = catalogue_framework(combine->catalogue);
    int index = framework_find(framework, indicator);
    return index < 0 ? 0 : (char)framework_indicator_at(framework, (size_t)index)->kind;
}

/* What is kept one by one takes a hundred times as long as numbers that are added up, and whoever sends at the same
 * time waits for it. */
static int check_others(const struct combine *combine, const struct message_batch *batch,
                        const struct message_flat *flat, struct fault *why) {
    uint32_t others = flat->other_count;
    if (batch->event_count <= MESSAGE_OTHERS_MAX)
        return 0;
    for (uint32_t i = 0; i < batch->event_count; i++)
        others += kind_is_entered((enum kind)combine->found[flat->series[i]].mark);
    for (uint32_t i = 0; i < flat->other_count; i++) /* which were counted already */
        others -= kind_is_entered((enum kind)combine->found[flat->series[flat->other[i].event]].mark);
    if (others <= MESSAGE_OTHERS_MAX)
        return 0;
    return fault_set(
        why, -EPROTO,
        "batch: more than %u of its events are sets, names, entries, levels or statuses, which are "
        "kept one by one: send several batches",
        MESSAGE_OTHERS_MAX);
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
        combine->reason[i] = NO_REASON;
        if (combine->found[i].number != NAMES_NONE && !(combine->found[i].mark & CATALOGUE_OF_REMARKS))
            continue;
        if (message_flat_check(flat, batch, i, &indicator, &dims, why) != 0)
            return -EPROTO;
        combine->found[i].mark = kind_to_be(combine, indicator);
        combine->unknown++;
    }
    return check_others(combine, batch, flat, why);
}

/* Makes the series that nobody has sent before; the events of those that may not be are refused. */
static void meet_unknown(struct combine *combine, const struct message_batch *batch,
                         const struct message_flat *flat) {
    for (uint32_t i = 0; combine->unknown > 0; i++) {
        struct name_found *found = &combine->found[i];
        struct str indicator;
        struct dims dims;
        struct fault why;
        if (found->number != NAMES_NONE)
            continue;
        pause_after(combine->unknown, EACH_PIECE);
        combine->unknown--;
        int err = message_flat_check(flat, batch, i, &indicator, &dims, &why);
        ASSERT(err == 0);
        if (catalogue_series(combine->catalogue, indicator, &dims, found, &why) != 0)
            found->number = NAMES_NONE;
    }
}

/* ---- events, one by one ---- */

/* An event as it is judged and taken. */
struct taking {
    struct combine *combine;
    const struct message_batch *batch;
    const struct message_flat *flat;
    uint32_t source;
    int64_t now;
    struct pending *into; /* NULL: judges only */
    bool refuse_all;
    uint64_t accepted;
    int64_t total;
};

static const enum event_fault kind_fault[] = {
    [KIND_COUNT] = FAULT_COUNT,    [KIND_DISTINCT] = FAULT_DISTINCT, [KIND_LEVEL] = FAULT_LEVEL,
    [KIND_ROSTER] = FAULT_ROSTER,  [KIND_STATUS] = FAULT_STATUS,     [KIND_MILESTONE] = FAULT_ENTRY,
    [KIND_EVIDENCE] = FAULT_ENTRY, [KIND_NARRATIVE] = FAULT_ENTRY,   [KIND_RATIO] = FAULT_COUNT,
};

/* EVENT_FAULTS: none. */
static enum event_fault check_number(enum kind kind, int64_t number) {
    if (kind == KIND_STATUS)
        return number == 0 || number == 1 ? EVENT_FAULTS : FAULT_STATUS;
    if (kind != KIND_COUNT && kind != KIND_LEVEL)
        return kind_fault[kind];
    return number > KIND_COUNT_MAX || number < -KIND_COUNT_MAX ? FAULT_TOO_LARGE : EVENT_FAULTS;
}

/* What is not an entry; `other` NULL is a number. */
static enum event_fault check_value(enum kind kind, int64_t number, const struct message_flat_other *other) {
    if (other == NULL)
        return check_number(kind, number);
    if (other->form == MESSAGE_VALUE_SET) {
        if (kind != KIND_DISTINCT)
            return kind_fault[kind];
        return sketch_valid(other->bytes) ? EVENT_FAULTS : FAULT_BAD_SET;
    }
    return kind == KIND_ROSTER && dims_check_value(other->bytes, NULL) == 0 ? EVENT_FAULTS : kind_fault[kind];
}

/* Why there is no such series. */
static uint32_t reason_of_series(const struct taking *taking, uint32_t series) {
    struct combine *combine = taking->combine;
    struct name_found found;
    struct str indicator;
    struct dims dims;
    struct fault why;
    if (combine->reason[series] == NO_REASON) {
        int err = message_flat_check(taking->flat, taking->batch, series, &indicator, &dims, &why);
        ASSERT(err == 0);
        err = catalogue_series(combine->catalogue, indicator, &dims, &found, &why);
        ASSERT(err != 0);
        combine->reason[series] = add_reason(combine, why.text);
    }
    return combine->reason[series];
}

static uint32_t reason_for(struct combine *combine, enum event_fault fault) {
    if (combine->fault_reason[fault] == NO_REASON)
        combine->fault_reason[fault] = add_reason(combine, event_fault_text[fault]);
    return combine->fault_reason[fault];
}

/* The framework's number of a series' indicator; its count when it has none of that id. */
static size_t indicator_of(const struct taking *taking, uint32_t series) {
    const struct framework *framework = catalogue_framework(taking->combine->catalogue);
    const char *key = taking->flat->keys + (series == 0 ? 0 : taking->flat->key_end[series - 1]);
    int index = framework_find(framework, str_of(key));
    return index < 0 ? framework_indicator_count(framework) : (size_t)index;
}

static void refuse(struct taking *taking, uint32_t index, uint32_t reason) {
    struct combine *combine = taking->combine;
    message_write_refused(combine->refused, index, reason);
    combine->refused_count++;
    if (taking->into) {
        size_t indicator = indicator_of(taking, taking->flat->series[index]);
        combine->refusals[indicator].count++;
        combine->refusals[indicator].reason = reason;
    }
}

static void log_count(struct pending *into, uint64_t place, int64_t value) {
    *counts_reserve(pending_counts(into), 1) = (struct count){place, value};
    counts_extend(pending_counts(into), 1);
    pending_count_events(into, count_source(place), 1);
}

static void keep_entry(struct taking *taking, uint32_t series, int32_t day, uint64_t key, int64_t at,
                       const struct entry *entry) {
    struct wire_writer *writer = taking->combine->entry;
    wire_writer_reset(writer);
    cell_entry_encode(writer, at, entry);
    ASSERT(!wire_writer_failed(writer));
    pending_add_entry(taking->into, series, day, taking->source, key,
                      (struct str){(const char *)wire_writer_data(writer), wire_writer_len(writer)});
}

/* What a machine reads is an entry, too, whose id is made of what it says: the same again counts once. Of the
 * levels and statuses of a day and source the last one is kept, under no id. */
static void keep_reading(struct taking *taking, uint32_t index, uint32_t series, int32_t day, int64_t at,
                         const struct message_flat_other *other) {
    char text[ENTRY_NAME_MAX + 96];
    struct entry entry = ENTRY_NONE;
    entry.recorded = at;
    entry.has_value = other == NULL;
    entry.value = other == NULL ? taking->flat->number[index] : 0;
    entry.name = other == NULL ? STR("") : other->bytes;
    int len = other == NULL ? snprintf(text, sizeof text, "%" PRIu32 " %" PRId64 " %" PRId64 " %" PRIu32,
                                       series, at, entry.value, taking->source)
                            : snprintf(text, sizeof text, "%" PRIu32 " %" PRId32 " %.*s", series, day,
                                       STR_ARG(entry.name));
    ASSERT(len > 0 && (size_t)len < sizeof text);
    entry.id = entry_id_of((struct str){text, (size_t)len});
    keep_entry(taking, series, day, other == NULL ? PENDING_LAST_READING : entry.id, at, &entry);
}

static bool is_future(const struct taking *taking, int64_t at) {
    return at > taking->now + FUTURE_SECONDS;
}

static bool has_room(const struct taking *taking, uint32_t series) {
    return quota_take(catalogue_entries(taking->combine->catalogue), series);
}

static struct entry read_entry(const struct message_flat_other *other) {
    struct wire_reader reader;
    struct entry entry;
    wire_reader_init(&reader, other->bytes.at, other->bytes.len);
    int err = entry_read(&reader, &entry, NULL);
    ASSERT(err == 0);
    return entry;
}

/* Of a remark: the series of those. */
static int find_remarks(const struct taking *taking, uint32_t series, struct name_found *out,
                        struct fault *why) {
    struct str indicator;
    struct dims dims;
    int err = message_flat_check(taking->flat, taking->batch, series, &indicator, &dims, why);
    ASSERT(err == 0);
    return catalogue_remarks(taking->combine->catalogue, indicator, &dims, out, why);
}

/* The reason for which an entry is refused; NO_REASON: it was taken. */
static uint32_t take_entry(struct taking *taking, uint32_t index, int32_t day, int64_t at,
                           const struct message_flat_other *other) {
    uint32_t series = taking->flat->series[index];
    struct name_found found = taking->combine->found[series];
    struct entry entry = read_entry(other);
    struct fault why;
    if (entry.remark != ENTRY_REMARK_NONE && find_remarks(taking, series, &found, &why) != 0)
        return find_reason(taking->combine, why.text);
    if (found.number == NAMES_NONE)
        return reason_of_series(taking, series);
    if (entry.remark == ENTRY_REMARK_NONE && is_future(taking, at))
        return reason_for(taking->combine, FAULT_FUTURE);
    if (entry_check(&entry, (enum kind)(found.mark & ~CATALOGUE_OF_REMARKS), &why) != 0)
        return find_reason(taking->combine, why.text);
    if (entry.done != ENTRY_NO_DAY && is_future(taking, (int64_t)entry.done * CIVIL_DAY_SECONDS))
        return reason_for(taking->combine, FAULT_FUTURE);
    if (!has_room(taking, found.number))
        return reason_for(taking->combine, FAULT_CROWDED);
    if (taking->into && !taking->refuse_all)
        keep_entry(taking, found.number, day, entry.id, at, &entry);
    return NO_REASON;
}

/* The reason for which an event is refused; NO_REASON: it was taken. */
static uint32_t take_event(struct taking *taking, uint32_t index, const struct message_flat_other *other) {
    struct combine *combine = taking->combine;
    const struct message_flat *flat = taking->flat;
    struct name_found found = combine->found[flat->series[index]];
    int64_t at = taking->batch->base + flat->delta[index];
    int32_t day;
    bool is_entry = other != NULL && other->form == MESSAGE_VALUE_ENTRY;
    if (found.number == NAMES_NONE && !is_entry)
        return reason_of_series(taking, flat->series[index]);
    if (!civil_day_of_time(at, &day))
        return reason_for(combine, FAULT_TIME);
    if (is_entry)
        return take_entry(taking, index, day, at, other);
    enum kind kind = (enum kind)found.mark;
    if (kind_is_entered(kind) && is_future(taking, at))
        return reason_for(combine, FAULT_FUTURE);
    enum event_fault fault = check_value(kind, flat->number[index], other);
    if (fault == EVENT_FAULTS && kind_is_entered(kind) && !has_room(taking, found.number))
        fault = FAULT_CROWDED;
    if (fault != EVENT_FAULTS)
        return reason_for(combine, fault);
    if (kind == KIND_COUNT)
        taking->total += flat->number[index];
    if (taking->into == NULL || taking->refuse_all)
        return NO_REASON;
    if (kind == KIND_COUNT)
        log_count(taking->into, count_place(found.number, day, taking->source), flat->number[index]);
    else if (kind == KIND_DISTINCT)
        pending_add_set(taking->into, found.number, day, taking->source, other->bytes);
    else
        keep_reading(taking, index, found.number, day, at, other);
    return NO_REASON;
}

static void take_each(struct taking *taking) {
    const struct message_flat *flat = taking->flat;
    const struct message_flat_other *next = flat->other, *end = flat->other + flat->other_count;
    for (uint32_t i = 0; i < taking->batch->event_count; i++) {
        const struct message_flat_other *other = next != end && next->event == i ? next++ : NULL;
        pause_after(i, EACH_PIECE);
        uint32_t reason = take_event(taking, i, other);
        if (reason == NO_REASON && taking->refuse_all)
            reason = reason_for(taking->combine, FAULT_WHOLE);
        if (reason == NO_REASON)
            taking->accepted++;
        else
            refuse(taking, i, reason);
    }
    if (taking->refuse_all)
        taking->total = 0;
}

/* Judges all of a batch that counts as a whole before anything of it is taken. */
static bool is_refused_whole(const struct taking *taking) {
    struct combine *combine = taking->combine;
    struct taking trial = *taking;
    if (!taking->batch->whole)
        return false;
    trial.into = NULL;
    quota_try(catalogue_entries(combine->catalogue));
    struct wire_writer *kept = combine->reasons;
    wire_writer_new(&combine->reasons, MESSAGE_BYTES_MAX / 4);
    take_each(&trial);
    quota_give_back(catalogue_entries(combine->catalogue));
    bool refused = combine->refused_count > 0;
    wire_writer_destroy(&combine->reasons);
    combine->reasons = kept;
    combine->reason_count = combine->refused_count = 0;
    wire_writer_reset(combine->refused);
    for (int i = 0; i < EVENT_FAULTS; i++)
        combine->fault_reason[i] = NO_REASON;
    for (uint32_t i = 0; i < taking->batch->series_count; i++)
        combine->reason[i] = NO_REASON;
    return refused;
}

/* Hands on what was refused, by indicator. */
static void note_refusals(const struct taking *taking) {
    struct combine *combine = taking->combine;
    const struct framework *framework = catalogue_framework(combine->catalogue);
    size_t count = framework_indicator_count(framework);
    for (size_t i = 0; i <= count; i++) {
        if (combine->refusals[i].count == 0)
            continue;
        struct str id = i < count ? framework_indicator_at(framework, i)->id : STR("");
        pending_add_refusal(
            taking->into,
            &(struct refusal){.source = taking->source,
                              .indicator = id,
                              .count = combine->refusals[i].count,
                              .at = taking->now,
                              .reason = str_of(combine->reason_text[combine->refusals[i].reason])});
        combine->refusals[i].count = 0;
    }
}

/* ---- events, all at once ---- */

/* Nothing in the batch can be refused, and all of it is to be added up. */
static bool is_plain(const struct combine *combine, const struct message_batch *batch,
                     const struct message_flat *flat, int32_t *first, int32_t *last) {
    bool counts = flat->other_count == 0;
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
    pending_count_events(into, source, batch->event_count);
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
    pending_count_events(into, source, batch->event_count);
    return total;
}

static int64_t take_plain(struct combine *combine, const struct message_batch *batch,
                          const struct message_flat *flat, uint32_t source, int32_t first, int32_t last,
                          struct pending *into) {
    size_t days = (size_t)(last - first) + 1;
    if (!reserve_sums(combine, batch->series_count * days, batch->event_count))
        return log_each(combine, batch, flat, source, into);
    sum_up(combine, batch, flat, first, days);
    pause_work();
    return log_sums(combine, batch, first, days, source, into);
}

void combine_events(struct combine *combine, const struct message_batch *batch,
                    const struct message_flat *flat, uint32_t source, int64_t now, struct pending *into,
                    struct combine_result *result) {
    OBJ_CHECK(combine, COMBINE_MAGIC);
    int32_t first, last;
    struct taking taking = {
        .combine = combine, .batch = batch, .flat = flat, .source = source, .now = now, .into = into};
    meet_unknown(combine, batch, flat);
    if (is_plain(combine, batch, flat, &first, &last)) {
        taking.accepted = batch->event_count;
        if (into && batch->event_count > 0)
            taking.total = take_plain(combine, batch, flat, source, first, last, into);
    } else {
        taking.refuse_all = is_refused_whole(&taking);
        bool takes = into && !taking.refuse_all;
        if (!takes)
            quota_try(catalogue_entries(combine->catalogue));
        take_each(&taking);
        if (!takes)
            quota_give_back(catalogue_entries(combine->catalogue));
        if (into && combine->refused_count > 0)
            note_refusals(&taking);
    }
    *result = (struct combine_result){.accepted = taking.accepted,
                                      .total = taking.total,
                                      .reason_count = combine->reason_count,
                                      .refused_count = combine->refused_count,
                                      .reasons = combine->reasons,
                                      .refused = combine->refused};
}
