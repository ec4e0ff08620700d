/* Visitors by stamp: a cookie whose whole content is a day and a mark, the same for everybody who came on that day. What
 * it says when it comes back, together with today, is all that is needed to count somebody once in a day, a month, a
 * quarter and a year (docs/stamp.md has the table of states).
 *
 *   2018-03-07n   sent on that day, and has not come back since: not counted yet
 *   2018-03-07f   counted on that day, for the first time in the month, and was not here in the month before
 *   2018-03-07    counted on that day, and among the month's returning visitors */
#ifndef SUIVI_WEBLOG_STAMP_H
#define SUIVI_WEBLOG_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/weblog/line.h"

/* A day as it is written, for a stamp may name one that no calendar has: year, month and day of the month. */
struct stamp {
    int year, month, day;
    char mark; /* 'n', 'f', or 0 */
};

enum stamp_field {
    STAMP_ABSENT, /* the line has no such field, or something else in it */
    STAMP_NONE,   /* the browser sent none */
    STAMP_SENT,
};

/* The last field of a line in quotes, or "stamp" of a JSON line. */
enum stamp_field stamp_read(const struct line *line, struct stamp *out);

/* For whom it is the first time in a day, a month, a quarter, a year; and who is returning, once a month. */
struct stamp_firsts {
    bool day, month, quarter, year, returning;
};

/* What is counted of a page that is asked for with this stamp `today`, a day that the calendar has. */
struct stamp_firsts stamp_judge(const struct stamp *stamp, int32_t today);

#endif
