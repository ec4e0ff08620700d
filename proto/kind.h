/* Kinds of indicator, by their names in framework files and on the wire. How each folds: daemon/cell.h. */
#ifndef SUIVI_PROTO_KIND_H
#define SUIVI_PROTO_KIND_H

#include "proto/fault.h"
#include "proto/str.h"

enum kind {
    KIND_COUNT = 1,    /* numbers; a period is their sum */
    KIND_DISTINCT = 2, /* sets of keyed hashes; a period is their union */
};

/* The most that one event may add to or take from a count: far past any real one, far from overflow when
 * summed. */
#define KIND_COUNT_MAX 1000000000000

int kind_parse(enum kind *out, struct str name, struct fault *why);
const char *kind_name(enum kind kind);

#endif
