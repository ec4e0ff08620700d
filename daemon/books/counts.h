/* A log of numbers to be added to sums: appended as they come, then sorted and summed up once before they are
 * written. Appending touches no memory but the end of the log, however many series there are; a table of
 * sums would miss the cache at each step.
 *
 * An entry's place (series, when, source) is packed into one word whose order is that in which the store takes
 * sums quickly. */
#ifndef SUIVI_DAEMON_BOOKS_COUNTS_H
#define SUIVI_DAEMON_BOOKS_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/store/block.h"
#include "proto/civil.h"

#define COUNTS_SERIES_MAX  (64u << 20) /* numbers below it can be packed */
#define COUNTS_SOURCES_MAX (64u << 10)

/* A place, from its highest bit: block of the series (20 bits), when (22), source (16), series within the block
 * (6). */
#define COUNT_PLACE_BITS  6
#define COUNT_SOURCE_BITS 16
#define COUNT_WHEN_BITS   22
#define COUNT_WHEN_BIAS   (-CIVIL_DAY_MIN)

_Static_assert(1u << COUNT_PLACE_BITS == BLOCK_SERIES, "neighbours share all but these bits");
_Static_assert(COUNTS_SERIES_MAX >> COUNT_PLACE_BITS ==
                   1u << (64 - COUNT_PLACE_BITS - COUNT_SOURCE_BITS - COUNT_WHEN_BITS),
               "a block's number fits");
_Static_assert(CIVIL_DAY_MAX + COUNT_WHEN_BIAS < 1 << COUNT_WHEN_BITS, "every day, and so every month, fits");
_Static_assert(COUNTS_SOURCES_MAX == 1u << COUNT_SOURCE_BITS, "a source's number fits");

struct counts;

struct count {
    uint64_t place;
    int64_t value;
};

/* `when`: days or months from 1970, within the years 1 to 9999. */
static inline uint64_t count_place(uint32_t series, int32_t when, uint32_t source) {
    uint64_t place = series >> COUNT_PLACE_BITS;
    place = place << COUNT_WHEN_BITS | (uint64_t)(when + COUNT_WHEN_BIAS);
    place = place << COUNT_SOURCE_BITS | source;
    return place << COUNT_PLACE_BITS | (series & (BLOCK_SERIES - 1));
}

static inline uint32_t count_series(uint64_t place) {
    return (uint32_t)(place >> (COUNT_WHEN_BITS + COUNT_SOURCE_BITS + COUNT_PLACE_BITS) << COUNT_PLACE_BITS |
                      (place & (BLOCK_SERIES - 1)));
}

static inline int32_t count_when(uint64_t place) {
    return (int32_t)(place >> (COUNT_SOURCE_BITS + COUNT_PLACE_BITS) & ((1u << COUNT_WHEN_BITS) - 1)) -
           COUNT_WHEN_BIAS;
}

static inline uint32_t count_source(uint64_t place) {
    return (uint32_t)(place >> COUNT_PLACE_BITS & (COUNTS_SOURCES_MAX - 1));
}

void counts_new(struct counts **out);
void counts_destroy(struct counts **counts);
void counts_clear(struct counts *counts); /* gives much memory back */
size_t counts_len(const struct counts *counts);
const struct count *counts_at(const struct counts *counts); /* all of them; until the next call */

/* Room for `more` entries at the end; counts_extend says how many of them were filled in. */
struct count *counts_reserve(struct counts *counts, size_t more);
void counts_extend(struct counts *counts, size_t more);

/* Sorts by place, and sums equal places up into one entry. */
void counts_settle(struct counts *counts);

/* Appends the settled days of `days` to the empty `months`, as months; settled. */
void counts_months(const struct counts *days, struct counts *months);

#endif
