/* One line of a JSON log (nginx with escape=json, and the usual names of its kin).
 *
 *   time     "date" or "time_iso8601" in ISO 8601, else "time" or "time_local" in the common log format
 *   address  "ip", "remote_addr" or "remote_ip"
 *   status   "status" or "response", a number (0 only as a response) or a string of digits
 *   request  "request", else "GET " + "path" + " HTTP/1.1"
 *   agent    "user_agent", "http_user_agent" or "agent", else empty
 *   referrer "referer", "http_referer" or "referrer", else empty; no string is as good as absent
 *   stamp    "stamp", an empty string when the browser sent none (clients/weblog/stamp.h)
 *
 * Of several names the first that holds something counts: null, false, zero, "", [] and {} are as good as
 * absent. A text field that holds something else than a string makes the line malformed, and so does JSON
 * that is not valid UTF-8. */
#ifndef SUIVI_WEBLOG_LINE_JSON_H
#define SUIVI_WEBLOG_LINE_JSON_H

#include <stdbool.h>

#include "clients/weblog/line.h"
#include "clients/weblog/logtime.h"

struct line_json;

void line_json_new(struct line_json **out);
void line_json_destroy(struct line_json **json);

/* The strings of `out` are borrowed until the next call. */
bool line_json_parse(struct line_json *json, struct str text, struct logtime *times, struct line *out);

#endif
