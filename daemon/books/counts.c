#include "daemon/books/counts.h"

#include <stdbool.h>
#include <stdlib.h>

#include "daemon/store/cell.h"
#include "proto/check.h"
#include "proto/pause.h"

#define COUNTS_MAGIC 0x434e5453u

#define ROOM_FIRST 4096u
#define ROOM_KEPT  (64u << 10) /* entries; a burst's memory goes back when it is over */
#define PIECE      32768u      /* entries between two pauses */
#define RADIX_MIN  2048u       /* below, qsort is as quick */

#define DIGIT_BITS   11
#define DIGIT_VALUES ((size_t)1 << DIGIT_BITS)
#define DIGITS_MAX   6

struct counts {
    unsigned magic;
    struct count *count;
    size_t len, room;
};

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

/* The bits that differ among all places, cut into digits: passes of a radix sort, from the lowest. */
struct digits {
    unsigned shift[DIGITS_MAX];
    unsigned count;
};

static void find_digits(const struct count *count, size_t len, struct digits *digits) {
    uint64_t differs = 0, first = count[0].place;
    for (size_t i = 1; i < len; i++)
        differs |= count[i].place ^ first;
    digits->count = 0;
    while (differs != 0) {
        unsigned shift = (unsigned)__builtin_ctzll(differs);
        digits->shift[digits->count++] = shift;
        differs = differs >> shift >> DIGIT_BITS << DIGIT_BITS << shift;
    }
}

/* One pass: by the digit at `shift`, in the order of the passes before among equals. */
static void sort_by_digit(const struct count *from, struct count *to, size_t len, unsigned shift) {
    size_t start[DIGIT_VALUES] = {0}, sum = 0;
    for (size_t i = 0; i < len; i++)
        start[from[i].place >> shift & (DIGIT_VALUES - 1)]++;
    for (size_t value = 0; value < DIGIT_VALUES; value++) {
        size_t here = start[value];
        start[value] = sum;
        sum += here;
    }
    pause_work();
    for (size_t i = 0; i < len; i++) {
        pause_after(i, PIECE);
        to[start[from[i].place >> shift & (DIGIT_VALUES - 1)]++] = from[i];
    }
}

static void radix_sort(struct counts *counts) {
    struct digits digits;
    struct count *from = counts->count, *to = mem_resize(NULL, counts->room, sizeof *to);
    find_digits(from, counts->len, &digits);
    for (unsigned pass = 0; pass < digits.count; pass++) {
        sort_by_digit(from, to, counts->len, digits.shift[pass]);
        struct count *swap = from;
        from = to;
        to = swap;
    }
    counts->count = from;
    free(to);
}

/* Returns how many places there are. */
static size_t sum_up(struct count *count, size_t len) {
    size_t last = 0;
    for (size_t i = 1; i < len; i++) {
        pause_after(i, PIECE);
        if (count[i].place == count[last].place)
            count[last].value = cell_add(count[last].value, count[i].value);
        else
            count[++last] = count[i];
    }
    return last + 1;
}

static bool is_sorted(const struct count *count, size_t len) {
    size_t i = 1;
    while (i < len && count[i - 1].place <= count[i].place)
        i++;
    return i >= len;
}

void counts_settle(struct counts *counts) {
    OBJ_CHECK(counts, COUNTS_MAGIC);
    if (counts->len < 2)
        return;
    if (!is_sorted(counts->count, counts->len)) { /* as months mostly are, whose days were sorted */
        if (counts->len < RADIX_MIN)
            qsort(counts->count, counts->len, sizeof *counts->count, compare_places);
        else
            radix_sort(counts);
    }
    counts->len = sum_up(counts->count, counts->len);
}

void counts_months(const struct counts *days, struct counts *months) {
    OBJ_CHECK(days, COUNTS_MAGIC);
    ASSERT(counts_len(months) == 0);
    struct count *out = counts_reserve(months, days->len);
    bool known = false;
    int32_t day = 0, month = 0;
    for (size_t i = 0; i < days->len; i++) {
        uint64_t place = days->count[i].place;
        pause_after(i, PIECE);
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
