/* A cell's value as bytes, by kind, and how two of them fold into one. Folding is commutative and
 * associative, so the order of arrival does not matter.
 *
 *   count     8 bytes, big-endian two's complement; folds by sum (held at the ends of int64)
 *   distinct  a set as in proto/distinct.h; folds by union */
#ifndef SUIVI_DAEMON_CELL_H
#define SUIVI_DAEMON_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/distinct.h"
#include "proto/kind.h"
#include "proto/str.h"

#define CELL_COUNT_BYTES 8

/* Run before every put and after every get. */
bool cell_valid(enum kind kind, struct str bytes);

int64_t cell_count(struct str bytes); /* of a valid count */
void cell_encode_count(int64_t value, uint8_t out[static CELL_COUNT_BYTES]);
int64_t cell_add(int64_t a, int64_t b);

#endif
