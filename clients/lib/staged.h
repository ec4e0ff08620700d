/* Records put or deleted since the last commit: held in memory, so that a transaction that did not fit can be
 * written again. */
#ifndef SUIVI_LIB_STAGED_H
#define SUIVI_LIB_STAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"

struct staged;

struct staged_record {
    struct str key, value; /* borrowed until the next put, delete or clear */
    bool deleted;
};

void staged_new(struct staged **out);
void staged_destroy(struct staged **staged);
void staged_clear(struct staged *staged);

void staged_put(struct staged *staged, struct str key, struct str value); /* copies both */
void staged_delete(struct staged *staged, struct str key);

bool staged_find(const struct staged *staged, struct str key, struct staged_record *out);
size_t staged_count(const struct staged *staged);
size_t staged_bytes(const struct staged *staged); /* memory taken, roughly */

/* The numbers of all records, in the order of their keys; borrowed until the next put, delete or clear. */
const uint32_t *staged_sort(struct staged *staged);
struct staged_record staged_at(const struct staged *staged, uint32_t number);

#endif
