#include "proto/message_flat.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "proto/check.h"
#include "proto/message_batch_priv.h"
#include "proto/pause.h"

#define SERIES_HEAD     0x92 /* an array of two, which nearly every series is */
#define EVENT_HEAD      0x93 /* an array of three, which nearly every event is */
#define INT_BYTES_MAX   9
#define SERIES_PIECE    4096u /* between two pauses */
#define EVENTS_PIECE    16384u
#define EVENT_BYTES_MAX (1 + 3 * INT_BYTES_MAX) /* of such an event with a number */

void message_flat_clear(struct message_flat *flat) {
    free(flat->keys);
    free(flat->key_end);
    free(flat->series);
    free(flat->delta);
    free(flat->number);
    free(flat->other);
    *flat = (struct message_flat){0};
}

/* ---- series ---- */

static void reserve_series(struct message_flat *flat, uint32_t count) {
    if (flat->series_room >= count)
        return;
    free(flat->key_end);
    flat->key_end = mem_resize(NULL, count, sizeof *flat->key_end);
    flat->series_room = count;
}

#define STRIDE 16u

/* Room for one more key, whatever it is. */
static char *reserve_key(struct message_flat *flat, uint32_t used) {
    if (flat->keys_room - used < SERIES_KEY_MAX + STRIDE) {
        flat->keys_room = flat->keys_room * 2 + 16 * SERIES_KEY_MAX;
        flat->keys = mem_resize(flat->keys, flat->keys_room, 1);
    }
    return flat->keys + used;
}

/* Puts a text of 1 to `max` bytes in a usual form, not near the end of the frame, to the end of the key. Texts
 * are short: whole strides are copied, and what is too much is written over. */
static inline const uint8_t *take_text(const uint8_t *at, const uint8_t *end, size_t max, char **key) {
    if (end - at < 2)
        return NULL;
    uint8_t head = *at;
    size_t len = head == 0xd9 ? at[1] : head & 0x1fu;
    at += head == 0xd9 ? 2 : 1;
    if (((head & 0xe0) != 0xa0 && head != 0xd9) || len > max || (size_t)(end - at) < len + STRIDE)
        return NULL;
    for (size_t i = 0; i < len; i += STRIDE)
        memcpy(*key + i, at + i, STRIDE);
    (*key)[len] = '\0';
    *key += len + 1;
    return at + len;
}

/* The key of a series as message_write_series wrote it, with dimensions in rising order; NULL leaves any other
 * to message_read_series. A NUL within a text would make one key look like another, so none may be there. */
static const uint8_t *take_usual_series(const uint8_t *at, const uint8_t *end, char **key) {
    const uint8_t *start = at;
    if (end - at < 2 || *at != SERIES_HEAD || (at = take_text(at + 1, end, INDICATOR_ID_MAX, key)) == NULL)
        return NULL;
    if ((*at & 0xf0) != 0x80 || (*at & 0x0f) > DIMS_MAX)
        return NULL;
    const char *before = NULL;
    for (int rest = *at++ & 0x0f; rest > 0; rest--) {
        const char *name = *key;
        if ((at = take_text(at, end, DIM_NAME_MAX, key)) == NULL ||
            (before != NULL && strcmp(before, name) >= 0) ||
            (at = take_text(at, end, DIM_VALUE_MAX, key)) == NULL)
            return NULL;
        before = name;
    }
    return memchr(start, '\0', (size_t)(at - start)) == NULL ? at : NULL;
}

int message_flat_series(struct wire_reader *reader, struct message_batch_reading *reading, uint32_t count,
                        struct fault *why) {
    struct message_flat *flat = reading->flat;
    uint32_t used = 0;
    reserve_series(flat, count);
    for (uint32_t i = 0; i < count; i++) {
        pause_after(i, SERIES_PIECE);
        char *start = reserve_key(flat, used), *key = start;
        const uint8_t *next = take_usual_series(reader->at, reader->end, &key);
        if (next != NULL) {
            reader->at = next;
            used += (uint32_t)(key - start);
        } else {
            struct str indicator;
            struct dims dims;
            struct fault cause;
            if (message_read_series(reader, &indicator, &dims, &cause) != 0)
                return fault_set(why, -EPROTO, "batch: series %" PRIu32 ": %s", i, cause.text);
            used += (uint32_t)dims_series_key(indicator, &dims, start);
        }
        flat->key_end[i] = used;
    }
    return 0;
}

int message_flat_check(const struct message_flat *flat, const struct message_batch *batch, uint32_t index,
                       struct str *indicator, struct dims *dims, struct fault *why) {
    ASSERT(index < batch->series_count);
    uint32_t from = index == 0 ? 0 : flat->key_end[index - 1];
    struct str key = {flat->keys + from, flat->key_end[index] - from};
    if (dims_series_parse(key, indicator, dims) == 0)
        return 0;
    struct wire_reader walk = batch->series;
    struct fault cause = {""};
    for (uint32_t i = 0; i < index; i++)
        (void)wire_skip(&walk);
    int err = message_read_series(&walk, indicator, dims, &cause);
    ASSERT(err != 0);
    return fault_set(why, -EPROTO, "batch: series %" PRIu32 ": %s", index, cause.text);
}

/* ---- events ---- */

static void reserve_events(struct message_flat *flat, uint32_t count) {
    if (flat->event_room >= count)
        return;
    free(flat->series);
    free(flat->delta);
    free(flat->number);
    flat->series = mem_resize(NULL, count, sizeof *flat->series);
    flat->delta = mem_resize(NULL, count, sizeof *flat->delta);
    flat->number = mem_resize(NULL, count, sizeof *flat->number);
    flat->event_room = count;
}

/* Any integer, INT_BYTES_MAX bytes of which can be read; NULL when it is none or too large. In MessagePack the
 * lower bits of 0xcc to 0xd3 say how long it is, and whether it has a sign. */
static inline const uint8_t *take_int(const uint8_t *at, int64_t *out) {
    uint8_t first = *at;
    uint64_t eight;
    if (first < 0x80 || first >= 0xe0) {
        *out = (int8_t)first;
        return at + 1;
    }
    if (first < 0xcc || first > 0xd3)
        return NULL;
    memcpy(&eight, at + 1, sizeof eight);
    eight = be64toh(eight);
    unsigned bytes = 1u << (first & 3), spare = 64 - 8 * bytes;
    int64_t with_sign = (int64_t)eight >> spare, without = (int64_t)(eight >> spare);
    *out = first & 4 ? without : with_sign;
    return first == 0xcf && without < 0 ? NULL : at + 1 + bytes;
}

/* Takes usual events, which have a number, from event `i` on, as long as there are any and they do not come
 * near the end of the frame. Returns the first event that it leaves. */
static uint32_t take_usual_events(struct wire_reader *reader, struct message_flat *flat, uint32_t i,
                                  uint32_t count) {
    const uint8_t *at = reader->at, *end = reader->end;
    for (; i < count && end - at >= EVENT_BYTES_MAX && *at == EVENT_HEAD; i++) {
        int64_t series;
        const uint8_t *next = take_int(at + 1, &series);
        if (next == NULL || series < 0 || series > UINT32_MAX ||
            (next = take_int(next, &flat->delta[i])) == NULL ||
            (next = take_int(next, &flat->number[i])) == NULL)
            break;
        flat->series[i] = (uint32_t)series;
        at = next;
    }
    reader->at = at;
    return i;
}

static int take_event(struct wire_reader *reader, struct message_flat *flat, uint32_t i, struct fault *why) {
    struct message_raw_event event;
    struct fault cause;
    if (message_read_event(reader, &event, &cause) != 0)
        return fault_set(why, -EPROTO, "batch: event %" PRIu32 ": %s", i, cause.text);
    flat->series[i] = event.series;
    flat->delta[i] = event.delta;
    flat->number[i] = event.number;
    if (event.form == MESSAGE_VALUE_NUMBER)
        return 0;
    if (flat->other_count == flat->other_room) {
        flat->other_room = flat->other_room ? flat->other_room * 2 : 64;
        flat->other = mem_resize(flat->other, flat->other_room, sizeof *flat->other);
    }
    flat->other[flat->other_count++] = (struct message_flat_other){i, event.form, event.bytes};
    return 0;
}

/* In passes of their own, which the compiler makes of wide instructions. */
static void find_extremes(struct message_batch_reading *reading, uint32_t count) {
    struct message_flat *flat = reading->flat;
    uint32_t last = 0;
    int64_t lowest = count ? flat->delta[0] : 0, highest = lowest;
    int64_t least = count ? flat->number[0] : 0, most = least;
    for (uint32_t i = 0; i < count; i++)
        last = flat->series[i] > last ? flat->series[i] : last;
    for (uint32_t i = 0; i < count; i++) {
        lowest = flat->delta[i] < lowest ? flat->delta[i] : lowest;
        highest = flat->delta[i] > highest ? flat->delta[i] : highest;
    }
    for (uint32_t i = 0; i < count; i++) {
        least = flat->number[i] < least ? flat->number[i] : least;
        most = flat->number[i] > most ? flat->number[i] : most;
    }
    reading->last_series = last;
    reading->lowest = lowest;
    reading->highest = highest;
    flat->least = least;
    flat->most = most;
}

int message_flat_events(struct wire_reader *reader, struct message_batch_reading *reading, uint32_t count,
                        struct fault *why) {
    struct message_flat *flat = reading->flat;
    reserve_events(flat, count);
    flat->other_count = 0;
    for (uint32_t i = 0; i < count;) {
        uint32_t end = count - i < EVENTS_PIECE ? count : (i / EVENTS_PIECE + 1) * EVENTS_PIECE;
        pause_after(i, EVENTS_PIECE);
        i = take_usual_events(reader, flat, i, end);
        if (i == end)
            continue;
        int err = take_event(reader, flat, i++, why);
        if (err)
            return err;
    }
    pause_work();
    find_extremes(reading, count);
    return 0;
}
