/* Periods: the spans of days that figures are asked and told for.
 *
 *   day 2018-03-07, month 2018-03, quarter 2018-Q1, half 2018-H1, year 2018, biennium 2018/2019,
 *   plan 2016/2020
 *
 * Two years that follow each other and start on an even year are a biennium; other YEAR/YEAR are a plan. */
#ifndef SUIVI_PROTO_PERIOD_H
#define SUIVI_PROTO_PERIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/str.h"

#define PERIOD_TEXT_MAX 16 /* with the closing NUL */

enum period_type {
    PERIOD_DAY,
    PERIOD_MONTH,
    PERIOD_QUARTER,
    PERIOD_HALF,
    PERIOD_YEAR,
    PERIOD_BIENNIUM,
    PERIOD_PLAN,
};

struct period {
    enum period_type type;
    int32_t first, last; /* days, both included */
};

/* 0, or -EINVAL with `why`: what was read and what a period looks like. Strict: "2018-3" is not a month. */
int period_parse(struct period *out, struct str text, struct fault *why);

/* Writes the text form above into `text` and returns it. */
const char *period_print(const struct period *period, char text[static PERIOD_TEXT_MAX]);
const char *period_print_day(int32_t day, char text[static PERIOD_TEXT_MAX]);

/* "day" .. "plan"; -EINVAL with `why` naming the choices. */
int period_type_parse(enum period_type *out, struct str text, struct fault *why);
const char *period_type_name(enum period_type type);

bool period_contains(const struct period *period, int32_t day);

/* The period of that type which holds `day`. For PERIOD_PLAN the plan itself, `plan` (whatever the day; may
 * be NULL for every other type). */
struct period period_of_day(enum period_type type, int32_t day, const struct period *plan);

/* The next period of the same type; false past year 9999, and always for a plan. */
bool period_next(struct period *period);

#endif
