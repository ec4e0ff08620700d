#include "proto/due.h"

#include <errno.h>

#include "proto/civil.h"

#define SHOWN_MAX  32
#define DIGITS_MAX 5

/* `count` digits; -1 when one of them is none. */
static int32_t digits(const char *at, size_t count) {
    int32_t number = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

/* "+30d", "-10d", "+0d". */
static int parse_days(struct due *out, struct str text, struct fault *why) {
    size_t count = text.len >= 3 ? text.len - 2 : 0;
    int32_t days =
        count >= 1 && count <= DIGITS_MAX && text.at[text.len - 1] == 'd' ? digits(text.at + 1, count) : -1;
    if (days < 0 || days > DUE_DAYS_MAX)
        return fault_set(why, -EINVAL, "\"%.*s\" is no number of days up to %d, such as +30d or -10d",
                         (int)(text.len < SHOWN_MAX ? text.len : SHOWN_MAX), text.at, DUE_DAYS_MAX);
    *out = (struct due){.how = DUE_AFTER_DAYS, .days = text.at[0] == '-' ? -days : days};
    return 0;
}

/* "09-30": a day of every year, so not 29 February. */
static int parse_date(struct due *out, struct str text, struct fault *why) {
    int month = text.len == 5 && text.at[2] == '-' ? digits(text.at, 2) : -1;
    int day = month > 0 ? digits(text.at + 3, 2) : -1;
    if (month < 1 || !civil_valid(2017, month, day))
        return fault_set(
            why, -EINVAL,
            "\"%.*s\" is no day that every year has, such as 09-30, and no number of days after the "
            "period, such as +30d",
            (int)(text.len < SHOWN_MAX ? text.len : SHOWN_MAX), text.at);
    *out = (struct due){.how = DUE_ON_DATE, .month = month, .day = day};
    return 0;
}

int due_parse(struct due *out, struct str text, struct fault *why) {
    if (text.len == 0) {
        *out = (struct due){.how = DUE_AT_END};
        return 0;
    }
    return text.at[0] == '+' || text.at[0] == '-' ? parse_days(out, text, why) : parse_date(out, text, why);
}

int32_t due_day(const struct due *due, const struct period *period) {
    switch (due->how) {
    case DUE_ON_DATE:
        return civil_to_day(civil_of_day(period->last).year, due->month, due->day);
    case DUE_AFTER_DAYS:
        return due->days > CIVIL_DAY_MAX - period->last ? CIVIL_DAY_MAX : period->last + due->days;
    case DUE_AT_END:
        break;
    }
    return period->last;
}
