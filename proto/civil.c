#include "proto/civil.h"

#include <errno.h>

#include "proto/check.h"

/* The algorithms start the year in March, so that the leap day is its last; an era is 400 years. */
#define ERA_YEARS    400
#define ERA_DAYS     146097
#define EPOCH_OFFSET 719468 /* from 0000-03-01 to 1970-01-01 */
#define EPOCH_YEAR   1970
#define YEAR_MIN     1
#define YEAR_MAX     9999

static bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int civil_days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    ASSERT(month >= 1 && month <= 12);
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool civil_valid(int year, int month, int day) {
    return year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12 && day >= 1 &&
           day <= civil_days_in_month(year, month);
}

int32_t civil_to_day(int year, int month, int day) {
    ASSERT(civil_valid(year, month, day));
    int march_year = month <= 2 ? year - 1 : year; /* never negative, so plain division rounds down */
    int era = march_year / ERA_YEARS;
    int year_of_era = march_year - era * ERA_YEARS;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_OFFSET;
}

struct civil civil_of_day(int32_t day) {
    ASSERT(day >= CIVIL_DAY_MIN && day <= CIVIL_DAY_MAX);
    int shifted = day + EPOCH_OFFSET;
    int era = shifted / ERA_DAYS;
    int day_of_era = shifted - era * ERA_DAYS;
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;
    int month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct civil){
        .year = year_of_era + era * ERA_YEARS + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * march_month + 2) / 5 + 1,
    };
}

bool civil_day_of_time(int64_t at, int32_t *day) {
    int64_t whole = at / CIVIL_DAY_SECONDS - (at % CIVIL_DAY_SECONDS < 0 ? 1 : 0);
    if (whole < CIVIL_DAY_MIN || whole > CIVIL_DAY_MAX)
        return false;
    *day = (int32_t)whole;
    return true;
}

int civil_today(int64_t now, int32_t *day, struct fault *why) {
    if (civil_day_of_time(now, day))
        return 0;
    return fault_set(why, -EINVAL, "the clock of the daemon's machine tells no day; set it");
}

int32_t civil_month_of_day(int32_t day) {
    struct civil civil = civil_of_day(day);
    return (civil.year - EPOCH_YEAR) * 12 + civil.month - 1;
}

int32_t civil_first_day_of_month(int32_t month) {
    int from_year_0 = month + EPOCH_YEAR * 12;
    ASSERT(from_year_0 >= YEAR_MIN * 12 && from_year_0 < (YEAR_MAX + 1) * 12);
    return civil_to_day(from_year_0 / 12, from_year_0 % 12 + 1, 1);
}
