/* Days, times and periods in words, in English and UTC. Each writes to `out` and returns it. */
#ifndef SUIVI_CLI_WORDS_H
#define SUIVI_CLI_WORDS_H

#include <stdint.h>

#include "proto/period.h"

#define WORDS_MAX     64
#define WORDS_NO_YEAR 0

/* `year`: the one that goes without saying; WORDS_NO_YEAR: none does. */
const char *words_day(int32_t day, int year, char out[static WORDS_MAX]); /* 3 Feb, 3 Feb 2018 */
const char *words_long_day(int32_t day, char out[static WORDS_MAX]);      /* 31 March 2018 */
const char *words_month(int month);                                       /* March, for 3 */
const char *words_days(int32_t first, int32_t last, int year,
                       char out[static WORDS_MAX]);                                /* 1-3 Feb, 28 Jan-3 Feb */
const char *words_moment(int64_t at, int year, char out[static WORDS_MAX]);        /* 3 Feb 23:50; "" for 0 */
const char *words_period(const struct period *period, char out[static WORDS_MAX]); /* February 2018 */
const char *words_iso(int64_t at, char out[static WORDS_MAX]); /* 2018-02-03T23:50:00Z; "" for 0 */

/* "1 day", "28 days". */
const char *words_count(uint64_t count, const char *one, const char *many, char out[static WORDS_MAX]);

/* What comes as the text of a day or of two is said as above; other text as it is. */
const char *words_day_text(const char *day, int year, char out[static WORDS_MAX]);
const char *words_days_text(const char *first, const char *last, int year, char out[static WORDS_MAX]);

#endif
