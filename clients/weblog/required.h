/* What a text must contain, literally, for a PCRE2 pattern to be found in it. */
#ifndef SUIVI_WEBLOG_REQUIRED_H
#define SUIVI_WEBLOG_REQUIRED_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/str.h"

#define REQUIRED_MAX 64

struct required {
    char text[REQUIRED_MAX];
    size_t len;  /* 0: none is known, the pattern has to be tried on every text */
    bool simple; /* the pattern is nothing but this literal */
};

/* Errs on the side of "none": understands the everyday part of the syntax and gives up at the rest. The
 * pattern need not be valid. */
void required_find(struct str pattern, struct required *out);

#endif
