/* Many PCRE2 patterns; does one of them occur in a text? Made for texts as short as a user agent and patterns
 * that are mostly plain words: those are sought all at once, and a real expression is tried only where a word
 * that it needs was found. */
#ifndef SUIVI_WEBLOG_PATTERNS_H
#define SUIVI_WEBLOG_PATTERNS_H

#include <stdbool.h>

#include "proto/fault.h"
#include "proto/str.h"

struct patterns;

void patterns_new(struct patterns **out);
void patterns_destroy(struct patterns **patterns);

/* Bytes, not characters, are matched; letters without regard to case are those of ASCII. -EINVAL when it is
 * no PCRE2 pattern, -E2BIG when there are too many; `why` is to be put after a file and line. */
int patterns_add(struct patterns *patterns, struct str pattern, bool caseless, struct fault *why);

/* Once, after the last patterns_add and before the first patterns_match. */
void patterns_build(struct patterns *patterns);

/* An expression that at some place of the text needs more than PATTERNS_STEPS_MAX attempts to go on counts as
 * not found: a text that costs so much is made to, as no real agent is that long. */
#define PATTERNS_STEPS_MAX 4096
bool patterns_match(struct patterns *patterns, struct str text);

#endif
