#include "proto/period.h"

#include <errno.h>

#include "proto/check.h"
#include "proto/civil.h"

static const char *const type_names[] = {
    [PERIOD_DAY] = "day",   [PERIOD_MONTH] = "month", [PERIOD_QUARTER] = "quarter",
    [PERIOD_HALF] = "half", [PERIOD_YEAR] = "year",   [PERIOD_BIENNIUM] = "biennium",
    [PERIOD_PLAN] = "plan",
};

#define TYPE_COUNT (sizeof type_names / sizeof type_names[0])

/* `months` of one year, from `month` on. */
static struct period of_months(enum period_type type, int year, int month, int months) {
    int end = month + months - 1;
    return (struct period){
        .type = type,
        .first = civil_to_day(year, month, 1),
        .last = civil_to_day(year, end, civil_days_in_month(year, end)),
    };
}

static struct period of_years(enum period_type type, int first, int last) {
    return (struct period){type, civil_to_day(first, 1, 1), civil_to_day(last, 12, 31)};
}

/* `count` digits at `from`; -1 when one of them is none. */
static int digits(struct str text, size_t from, size_t count) {
    int value = 0;
    for (size_t i = from; i < from + count; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return -1;
        value = value * 10 + (text.at[i] - '0');
    }
    return value;
}

static bool parse_day(struct period *out, struct str text, int year) {
    if (text.at[4] != '-' || text.at[7] != '-')
        return false;
    int month = digits(text, 5, 2), day = digits(text, 8, 2);
    if (!civil_valid(year, month, day))
        return false;
    int32_t number = civil_to_day(year, month, day);
    *out = (struct period){PERIOD_DAY, number, number};
    return true;
}

static bool parse_part_of_year(struct period *out, struct str text, int year) {
    if (text.at[4] != '-')
        return false;
    if (text.at[5] == 'Q' && text.at[6] >= '1' && text.at[6] <= '4') {
        *out = of_months(PERIOD_QUARTER, year, 1 + 3 * (text.at[6] - '1'), 3);
        return true;
    }
    if (text.at[5] == 'H' && text.at[6] >= '1' && text.at[6] <= '2') {
        *out = of_months(PERIOD_HALF, year, 1 + 6 * (text.at[6] - '1'), 6);
        return true;
    }
    int month = digits(text, 5, 2);
    if (!civil_valid(year, month, 1))
        return false;
    *out = of_months(PERIOD_MONTH, year, month, 1);
    return true;
}

static bool parse_years(struct period *out, struct str text, int first) {
    int last = digits(text, 5, 4);
    if (text.at[4] != '/' || !civil_valid(last, 1, 1) || last < first)
        return false;
    bool biennium = first % 2 == 0 && last == first + 1;
    *out = of_years(biennium ? PERIOD_BIENNIUM : PERIOD_PLAN, first, last);
    return true;
}

static bool parse(struct period *out, struct str text) {
    int year = text.len >= 4 ? digits(text, 0, 4) : -1;
    if (!civil_valid(year, 1, 1))
        return false;
    switch (text.len) {
    case 4:
        *out = of_years(PERIOD_YEAR, year, year);
        return true;
    case 7:
        return parse_part_of_year(out, text, year);
    case 9:
        return parse_years(out, text, year);
    case 10:
        return parse_day(out, text, year);
    default:
        return false;
    }
}

int period_parse(struct period *out, struct str text, struct fault *why) {
    if (parse(out, text))
        return 0;
    return fault_set(
        why, -EINVAL,
        "\"%.*s\" is no period: write 2018-03-07, 2018-03, 2018-Q1, 2018-H1, 2018, 2018/2019 or 2016/2020",
        (int)(text.len < 32 ? text.len : 32), text.at);
}

static char *put_digits(char *at, int value, int count) {
    for (int i = count; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

/* Not by snprintf: an answer prints a period for each of its figures. */
const char *period_print(const struct period *period, char text[static PERIOD_TEXT_MAX]) {
    struct civil first = civil_of_day(period->first);
    char *at = put_digits(text, first.year, 4);
    switch (period->type) {
    case PERIOD_DAY:
    case PERIOD_MONTH:
        *at++ = '-';
        at = put_digits(at, first.month, 2);
        if (period->type == PERIOD_MONTH)
            break;
        *at++ = '-';
        at = put_digits(at, first.day, 2);
        break;
    case PERIOD_QUARTER:
        *at++ = '-';
        *at++ = 'Q';
        at = put_digits(at, (first.month + 2) / 3, 1);
        break;
    case PERIOD_HALF:
        *at++ = '-';
        *at++ = 'H';
        at = put_digits(at, (first.month + 5) / 6, 1);
        break;
    case PERIOD_YEAR:
        break;
    case PERIOD_BIENNIUM:
    case PERIOD_PLAN:
        *at++ = '/';
        at = put_digits(at, civil_of_day(period->last).year, 4);
        break;
    }
    *at = '\0';
    return text;
}

const char *period_print_day(int32_t day, char text[static PERIOD_TEXT_MAX]) {
    return period_print(&(struct period){PERIOD_DAY, day, day}, text);
}

int period_type_parse(enum period_type *out, struct str text, struct fault *why) {
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (str_equal(text, str_of(type_names[i]))) {
            *out = (enum period_type)i;
            return 0;
        }
    }
    return fault_set(why, -EINVAL,
                     "\"%.*s\" is no type of period: use day, month, quarter, half, year, biennium or plan",
                     (int)(text.len < 32 ? text.len : 32), text.at);
}

const char *period_type_name(enum period_type type) {
    ASSERT((size_t)type < TYPE_COUNT);
    return type_names[type];
}

bool period_contains(const struct period *period, int32_t day) {
    return period->first <= day && day <= period->last;
}

struct period period_of_day(enum period_type type, int32_t day, const struct period *plan) {
    if (type == PERIOD_PLAN) {
        ASSERT(plan != NULL);
        return (struct period){PERIOD_PLAN, plan->first, plan->last};
    }
    struct civil at = civil_of_day(day);
    switch (type) {
    case PERIOD_DAY:
        return (struct period){PERIOD_DAY, day, day};
    case PERIOD_MONTH:
        return of_months(type, at.year, at.month, 1);
    case PERIOD_QUARTER:
        return of_months(type, at.year, (at.month - 1) / 3 * 3 + 1, 3);
    case PERIOD_HALF:
        return of_months(type, at.year, (at.month - 1) / 6 * 6 + 1, 6);
    case PERIOD_YEAR:
        return of_years(type, at.year, at.year);
    case PERIOD_BIENNIUM:
        /* Year 1 would pair with a year 0 that the calendar does not have. */
        return of_years(type, at.year == 1 ? 1 : at.year - at.year % 2, at.year - at.year % 2 + 1);
    case PERIOD_PLAN:
        break;
    }
    ASSERT(false && "a type of period");
    return (struct period){0};
}

bool period_next(struct period *period) {
    if (period->type == PERIOD_PLAN || period->last >= CIVIL_DAY_MAX)
        return false;
    *period = period_of_day(period->type, period->last + 1, NULL);
    return true;
}
