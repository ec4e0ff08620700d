/* A log of numbers to be added to sums: appended as they come, then sorted and summed up once before they are
 * written. Appending touches no memory but the end of the log, however many series there are; a table of
 * sums would miss the cache at each step.
 *
 * An entry's place (series, when, source) is packed into one word whose order is that in which the store takes
 * sums quickly. */
#ifndef SUIVI_DAEMON_COUNTS_H
#define SUIVI_DAEMON_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#define COUNTS_SERIES_MAX  (64u << 20) /* numbers below it can be packed */
#define COUNTS_SOURCES_MAX (64u << 10)

struct counts;

struct count {
    uint64_t place;
    int64_t value;
};

/* `when`: days or months from 1970, within the years 1 to 9999. */
uint64_t count_place(uint32_t series, int32_t when, uint32_t source);
uint32_t count_series(uint64_t place);
int32_t count_when(uint64_t place);
uint32_t count_source(uint64_t place);

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
