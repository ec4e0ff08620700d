/* Kinds of indicator, by their names in framework files and on the wire. What an event of each is and how its
 * days become a period's figure: docs/kinds.md. */
#ifndef SUIVI_PROTO_KIND_H
#define SUIVI_PROTO_KIND_H

#include <stdbool.h>

#include "proto/fault.h"
#include "proto/str.h"

/* The numbers are on disk. */
enum kind {
    KIND_COUNT = 1,     /* numbers; a period is their sum */
    KIND_DISTINCT = 2,  /* sets of keyed hashes; a period is their union */
    KIND_LEVEL = 3,     /* a number that holds from its day on; a period is the last one known at its end */
    KIND_ROSTER = 4,    /* names; a period is their union */
    KIND_STATUS = 5,    /* in force or not, from its day on */
    KIND_MILESTONE = 6, /* done on a day */
    KIND_EVIDENCE = 7,  /* documented items */
    KIND_NARRATIVE = 8, /* case studies */
    KIND_RATIO = 9,     /* computed from two others, never stored */
};

#define KIND_LAST KIND_RATIO

/* The most that one event may add to or take from a count: far past any real one, far from overflow when
 * summed. */
#define KIND_COUNT_MAX 1000000000000

int kind_parse(enum kind *out, struct str name, struct fault *why);
const char *kind_name(enum kind kind);

/* Whether it is kept as entries (proto/entry.h), and neither as sums nor as sets. */
bool kind_is_entered(enum kind kind);

/* Whether a longer period is the sum of shorter ones. */
bool kind_adds_up(enum kind kind);

/* Whether what was said last holds on after its day. */
bool kind_carries(enum kind kind);

#endif
