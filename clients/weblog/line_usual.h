/* Nearly every line of a log has one shape: address - - [time] "request" status size "referrer" "agent", with no
 * backslash in it. That shape is read here, fast; any other is left to the parser that knows them all. Both give
 * the same for a line that both take: a test compares them. */
#ifndef SUIVI_WEBLOG_LINE_USUAL_H
#define SUIVI_WEBLOG_LINE_USUAL_H

#include <stdbool.h>

#include "clients/weblog/line.h"
#include "clients/weblog/logtime.h"

/* False: not that shape, or no such time; *out may hold anything then. */
bool line_usual(struct logtime *times, const char *at, const char *end, struct line *out);

#endif
