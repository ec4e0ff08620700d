#include "daemon/counts.h"

#include <stdbool.h>
#include <stdlib.h>

#include "daemon/block.h"
#include "daemon/cell.h"
#include "proto/check.h"
#include "proto/civil.h"

#define COUNTS_MAGIC 0x434e5453u

#define ROOM_FIRST 4096u
#define ROOM_KEPT  (64u << 10) /* entries; a burst's memory goes back when it is over */
#define RADIX_MIN  512u        /* below, qsort is as quick */

/* A place from its highest bit: block (20 bits), when (22), source (16), place within the block (6). */
#define PLACE_BITS  6
#define SOURCE_BITS 16
#define WHEN_BITS   22
#define WHEN_BIAS   (-CIVIL_DAY_MIN)

_Static_assert(1u << PLACE_BITS == BLOCK_SERIES, "neighbours share all but these bits");
_Static_assert(COUNTS_SERIES_MAX >> PLACE_BITS == 1u << (64 - PLACE_BITS - SOURCE_BITS - WHEN_BITS),
               "a block's number fits");
_Static_assert(CIVIL_DAY_MAX + WHEN_BIAS < 1 << WHEN_BITS, "every day, and so every month, fits");
_Static_assert(COUNTS_SOURCES_MAX == 1u << SOURCE_BITS, "a source's number fits");

struct counts {
    unsigned magic;
    struct count *count;
    size_t len, room;
};

uint64_t count_place(uint32_t series, int32_t when, uint32_t source) {
    uint64_t biased = (uint64_t)(when + WHEN_BIAS);
    ASSERT(series < COUNTS_SERIES_MAX && source < COUNTS_SOURCES_MAX && biased >> WHEN_BITS == 0);
    return (((uint64_t)(series >> PLACE_BITS) << WHEN_BITS | biased) << SOURCE_BITS | source) << PLACE_BITS |
           (series & (BLOCK_SERIES - 1));
}

uint32_t count_series(uint64_t place) {
    return (uint32_t)(place >> (WHEN_BITS + SOURCE_BITS + PLACE_BITS) << PLACE_BITS |
                      (place & (BLOCK_SERIES - 1)));
}

int32_t count_when(uint64_t place) {
    return (int32_t)(place >> (SOURCE_BITS + PLACE_BITS) & ((1u << WHEN_BITS) - 1)) - WHEN_BIAS;
}

uint32_t count_source(uint64_t place) {
    return (uint32_t)(place >> PLACE_BITS & (COUNTS_SOURCES_MAX - 1));
}

void counts_new(struct counts **out) {
    struct counts *counts = mem_zeroed(1, sizeof *counts);
    counts->magic = COUNTS_MAGIC;
    *out = counts;
}

void counts_destroy(struct counts **counts) {
    struct counts *c = *counts;
    if (c == NULL)
        return;
    OBJ_CHECK(c, COUNTS_MAGIC);
    free(c->count);
    c->magic = 0;
    free(c);
    *counts = NULL;
}

void counts_clear(struct counts *counts) {
    OBJ_CHECK(counts, COUNTS_MAGIC);
    counts->len = 0;
    if (counts->room > ROOM_KEPT) {
        free(counts->count);
        counts->count = NULL;
        counts->room = 0;
    }
}

size_t counts_len(const struct counts *counts) {
    OBJ_CHECK(counts, COUNTS_MAGIC);
    return counts->len;
}

const struct count *counts_at(const struct counts *counts) {
    OBJ_CHECK(counts, COUNTS_MAGIC);
    return counts->count;
}

struct count *counts_reserve(struct counts *counts, size_t more) {
    OBJ_CHECK(counts, COUNTS_MAGIC);
    if (counts->room - counts->len < more) {
        size_t room = counts->room ? counts->room : ROOM_FIRST;
        while (room - counts->len < more)
            room *= 2;
        counts->count = mem_resize(counts->count, room, sizeof *counts->count);
        counts->room = room;
    }
    return counts->count + counts->len;
}

void counts_extend(struct counts *counts, size_t more) {
    OBJ_CHECK(counts, COUNTS_MAGIC);
    ASSERT(counts->room - counts->len >= more);
    counts->len += more;
}

/* ---- sorting ---- */

static int compare_places(const void *left, const void *right) {
    const struct count *a = left, *b = right;
    return (a->place > b->place) - (a->place < b->place);
}

/* One pass of a radix sort: by the byte at `shift`, keeping the order of the passes before. */
static void sort_by_byte(const struct count *from, struct count *to, size_t len, unsigned shift) {
    size_t start[256] = {0}, sum = 0;
    for (size_t i = 0; i < len; i++)
        start[from[i].place >> shift & 0xff]++;
    for (size_t i = 0; i < 256; i++) {
        size_t here = start[i];
        start[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < len; i++)
        to[start[from[i].place >> shift & 0xff]++] = from[i];
}

/* Byte by byte from the lowest that differs; bytes that are the same everywhere need no pass. */
static void radix_sort(struct counts *counts) {
    struct count *from = counts->count, *to = mem_resize(NULL, counts->room, sizeof *to);
    uint64_t differs = 0;
    for (size_t i = 1; i < counts->len; i++)
        differs |= from[i].place ^ from[0].place;
    for (unsigned shift = differs ? (unsigned)__builtin_ctzll(differs) : 64; shift < 64;) {
        sort_by_byte(from, to, counts->len, shift);
        struct count *swap = from;
        from = to;
        to = swap;
        uint64_t rest = shift + 8 < 64 ? differs >> (shift + 8) : 0;
        if (rest == 0)
            break;
        shift += 8 + (unsigned)__builtin_ctzll(rest);
    }
    counts->count = from;
    free(to);
}

static void sum_up(struct counts *counts) {
    struct count *count = counts->count;
    size_t last = 0;
    for (size_t i = 1; i < counts->len; i++) {
        if (count[i].place == count[last].place)
            count[last].value = cell_add(count[last].value, count[i].value);
        else
            count[++last] = count[i];
    }
    counts->len = last + 1;
}

void counts_settle(struct counts *counts) {
    OBJ_CHECK(counts, COUNTS_MAGIC);
    if (counts->len < 2)
        return;
    if (counts->len < RADIX_MIN)
        qsort(counts->count, counts->len, sizeof *counts->count, compare_places);
    else
        radix_sort(counts);
    sum_up(counts);
}

void counts_months(const struct counts *days, struct counts *months) {
    OBJ_CHECK(days, COUNTS_MAGIC);
    ASSERT(counts_len(months) == 0);
    struct count *out = counts_reserve(months, days->len);
    bool known = false;
    int32_t day = 0, month = 0;
    for (size_t i = 0; i < days->len; i++) {
        uint64_t place = days->count[i].place;
        if (!known || count_when(place) != day) {
            day = count_when(place);
            month = civil_month_of_day(day);
            known = true;
        }
        out[i] = (struct count){count_place(count_series(place), month, count_source(place)),
                                days->count[i].value};
    }
    counts_extend(months, days->len);
    counts_settle(months);
}
