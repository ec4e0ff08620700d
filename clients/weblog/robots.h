/* Is this user agent a robot? Patterns come from a data file (config/robots.txt) that can be replaced without
 * a build.
 *
 * File format, UTF-8 text: a line "date: YYYY-MM-DD"; then one pattern a line, "s PATTERN" (with regard to
 * case) or "i PATTERN" (without), PCRE2 syntax, found anywhere in the agent. '#' starts a comment line; empty
 * lines are fine. */
#ifndef SUIVI_WEBLOG_ROBOTS_H
#define SUIVI_WEBLOG_ROBOTS_H

#include <stdbool.h>

#include "proto/fault.h"
#include "proto/str.h"

struct robots;

/* -ENOENT and the like, or -EINVAL with file, line and mend. */
int robots_load(struct robots **out, const char *path, struct fault *why);
void robots_destroy(struct robots **robots);
const char *robots_date(const struct robots *robots);

/* Empty and "-" are robots. Remembers verdicts (most agents repeat), a bounded number of them. */
bool robots_match(struct robots *robots, struct str agent);

#endif
