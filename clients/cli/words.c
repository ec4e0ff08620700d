#include "clients/cli/words.h"

#include <stdio.h>
#include <string.h>

#include "clients/cli/print.h"
#include "proto/check.h"
#include "proto/civil.h"

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

const char *words_month(int month) {
    ASSERT(month >= 1 && month <= 12);
    return months[month - 1];
}

/* "3 Feb": a month's first three letters are enough for all of them. */
static int put_day(struct civil day, char *out, size_t room) {
    return snprintf(out, room, "%d %.3s", day.day, months[day.month - 1]);
}

static void put_year(int year, int known, char *out, size_t room) {
    if (year != known)
        snprintf(out, room, " %d", year);
}

const char *words_day(int32_t day, int year, char out[static WORDS_MAX]) {
    struct civil civil = civil_of_day(day);
    int used = put_day(civil, out, WORDS_MAX);
    put_year(civil.year, year, out + used, WORDS_MAX - (size_t)used);
    return out;
}

const char *words_long_day(int32_t day, char out[static WORDS_MAX]) {
    struct civil civil = civil_of_day(day);
    snprintf(out, WORDS_MAX, "%d %s %d", civil.day, words_month(civil.month), civil.year);
    return out;
}

const char *words_days(int32_t first, int32_t last, int year, char out[static WORDS_MAX]) {
    struct civil from = civil_of_day(first), to = civil_of_day(last);
    int used = 0;
    if (first == last)
        return words_day(first, year, out);
    if (from.year != to.year) {
        words_day(first, WORDS_NO_YEAR, out);
        used = (int)strlen(out);
    } else if (from.month != to.month) {
        used = put_day(from, out, WORDS_MAX);
    } else {
        used = snprintf(out, WORDS_MAX, "%d", from.day);
    }
    out[used++] = '-';
    words_day(last, from.year != to.year ? WORDS_NO_YEAR : year, out + used);
    return out;
}

const char *words_moment(int64_t at, int year, char out[static WORDS_MAX]) {
    int32_t day;
    out[0] = '\0';
    if (at == 0 || !civil_day_of_time(at, &day))
        return out;
    words_day(day, year, out);
    int seconds = (int)(at - (int64_t)day * CIVIL_DAY_SECONDS);
    size_t used = strlen(out);
    snprintf(out + used, WORDS_MAX - used, " %02d:%02d", seconds / 3600, seconds / 60 % 60);
    return out;
}

const char *words_iso(int64_t at, char out[static WORDS_MAX]) {
    int32_t number;
    out[0] = '\0';
    if (at == 0 || !civil_day_of_time(at, &number))
        return out;
    struct civil day = civil_of_day(number);
    int seconds = (int)(at - (int64_t)number * CIVIL_DAY_SECONDS);
    snprintf(out, WORDS_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", day.year, day.month, day.day, seconds / 3600,
             seconds / 60 % 60, seconds % 60);
    return out;
}

const char *words_period(const struct period *period, char out[static WORDS_MAX]) {
    struct civil first = civil_of_day(period->first), last = civil_of_day(period->last);
    switch (period->type) {
    case PERIOD_DAY:
        return words_day(period->first, WORDS_NO_YEAR, out);
    case PERIOD_MONTH:
        snprintf(out, WORDS_MAX, "%s %d", months[first.month - 1], first.year);
        break;
    case PERIOD_QUARTER:
    case PERIOD_HALF:
        snprintf(out, WORDS_MAX, "%s to %s %d", months[first.month - 1], months[last.month - 1], first.year);
        break;
    case PERIOD_YEAR:
        snprintf(out, WORDS_MAX, "%d", first.year);
        break;
    case PERIOD_BIENNIUM:
    case PERIOD_PLAN:
        snprintf(out, WORDS_MAX, "%d to %d", first.year, last.year);
        break;
    }
    return out;
}

const char *words_count(uint64_t count, const char *one, const char *many, char out[static WORDS_MAX]) {
    char number[PRINT_NUMBER];
    snprintf(out, WORDS_MAX, "%s %s", print_number((int64_t)count, number), count == 1 ? one : many);
    return out;
}

static bool read_day(const char *text, int32_t *day) {
    struct period period;
    if (period_parse(&period, str_of(text), NULL) != 0 || period.type != PERIOD_DAY)
        return false;
    *day = period.first;
    return true;
}

const char *words_day_text(const char *day, int year, char out[static WORDS_MAX]) {
    int32_t number;
    if (read_day(day, &number))
        return words_day(number, year, out);
    snprintf(out, WORDS_MAX, "%s", day);
    return out;
}

const char *words_days_text(const char *first, const char *last, int year, char out[static WORDS_MAX]) {
    int32_t from, to;
    if (read_day(first, &from) && read_day(last, &to))
        return words_days(from, to, year, out);
    snprintf(out, WORDS_MAX, "%s%s%s", first, first[0] && last[0] ? " to " : "", last);
    return out;
}
