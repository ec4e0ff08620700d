/* Values of cells: how sums are added, and how an entry lies in the store. */
#ifndef SUIVI_DAEMON_STORE_CELL_H
#define SUIVI_DAEMON_STORE_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/entry.h"
#include "proto/str.h"

int64_t cell_add(int64_t a, int64_t b); /* held at the ends of int64 */

/* An entry as it is stored: the Unix time of its event, 8 bytes, then its canonical form (proto/entry.h). */
#define CELL_ENTRY_BYTES_MAX (8 + ENTRY_BYTES_MAX)

/* Writes it to the end of `writer`. */
void cell_entry_encode(struct wire_writer *writer, int64_t at, const struct entry *entry);

/* -EBADMSG: it is none. The entry borrows from `value`. */
int cell_entry_decode(struct str value, int64_t *at, struct entry *out);

/* Whether it may retract another, as its end tells, without reading the whole: false only if it does not. */
bool cell_entry_retracts(struct str value);

/* Its bytes without the time of its event, its id and when it was said: equal ones say the same. Empty: it is none. */
struct str cell_entry_said(struct str value);

#endif
