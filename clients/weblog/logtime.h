/* The two ways in which logs write a moment: "03/Feb/2023:10:00:00 +0100" (the common log format) and
 * "2023-02-03T10:00:00+01:00" (ISO 8601). Valid means: a day that exists, hour < 24, minute < 60, second <=
 * 60 (a leap second is the next minute's first), an offset below 24 hours, and a UTC time within the years 1
 * to 9999. */
#ifndef SUIVI_WEBLOG_LOGTIME_H
#define SUIVI_WEBLOG_LOGTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/str.h"

#define LOGTIME_CLF_LENGTH 26

/* The last date seen, so that the calendar is asked once per date and not once per line, and the last hour, whose
 * seconds need no more than counting. Starts all zero. */
struct logtime {
    char date[11];
    int32_t day;
    bool hour_known;
    char hour[LOGTIME_CLF_LENGTH]; /* a time in it */
    int64_t hour_at;               /* its first second */
};

/* Do these LOGTIME_CLF_LENGTH bytes have the shape of a time: digits, letters and signs where they belong? */
bool logtime_clf_shape(const char *text);

/* The time in LOGTIME_CLF_LENGTH bytes that have the shape; false when there is no such time. */
bool logtime_clf(struct logtime *last, const char *text, int64_t *at);

/* The same for any LOGTIME_CLF_LENGTH bytes, when they are a time in the hour seen last; false tells nothing. */
bool logtime_clf_again(const struct logtime *last, const char *text, int64_t *at);

/* The first two for a string that may be anything. */
bool logtime_clf_text(struct logtime *last, struct str text, int64_t *at);

/* "YYYY-MM-DDThh:mm:ss", a fraction or none, then "Z" or an offset with or without colon. */
bool logtime_iso(struct str text, int64_t *at);

/* By how many seconds the clock that wrote this, a time that one of these took, was ahead of UTC. */
int logtime_offset(struct str text);

#endif
