/* The civil calendar: days counted from 1970-01-01 (day 0), proleptic Gregorian, years 1 to 9999.
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil). */
#ifndef SUIVI_PROTO_CIVIL_H
#define SUIVI_PROTO_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"

#define CIVIL_DAY_MIN     (-719162) /* 0001-01-01 */
#define CIVIL_DAY_MAX     2932896   /* 9999-12-31 */
#define CIVIL_DAY_SECONDS 86400

struct civil {
    int year, month, day; /* month and day from 1 */
};

bool civil_valid(int year, int month, int day);
int32_t civil_to_day(int year, int month, int day); /* needs a valid date */
struct civil civil_of_day(int32_t day);             /* needs a day in range */
int civil_days_in_month(int year, int month);

/* The UTC day of a Unix time, rounding down; false when it lies outside the years above. */
bool civil_day_of_time(int64_t at, int32_t *day);

/* The same of a clock's time; -EINVAL with `why` for who can set the clock. */
int civil_today(int64_t now, int32_t *day, struct fault *why);

/* Months counted from 1970-01 (month 0). */
int32_t civil_month_of_day(int32_t day);
int32_t civil_first_day_of_month(int32_t month);

#endif
