/* What has been combined in memory and is to be written in one transaction: cells, and the ledger rows that
 * say which batches they came from. While one is being written, the next one fills.
 *
 * Filling happens on the thread that drives intake, writing on another; never both at once for the same object. */
#ifndef SUIVI_DAEMON_PENDING_H
#define SUIVI_DAEMON_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/catalogue.h"
#include "daemon/counts.h"
#include "daemon/store.h"
#include "proto/kind.h"

/* When one is reached, nothing more is taken until it is written; one batch may be on top of it. */
#define PENDING_COUNTS_MAX (8u << 20)   /* numbers, 16 bytes each */
#define PENDING_SETS_MAX   (1u << 20)   /* cells that are no sums */
#define PENDING_BYTES_MAX  (256u << 20) /* of sets */

struct pending;

void pending_new(struct pending **out);
void pending_destroy(struct pending **pending);
void pending_clear(struct pending *pending);
bool pending_empty(const struct pending *pending);
bool pending_full(const struct pending *pending);

/* Numbers of count kinds go to the end of the log. */
struct counts *pending_counts(struct pending *pending);

void pending_add_set(struct pending *pending, uint32_t series, int32_t day, uint32_t source,
                     struct str set); /* a valid set */

/* Copies key and row. */
void pending_ledger(struct pending *pending, struct str key, struct str row);

/* Writes everything in one synced transaction, `names` with it. Begins anew when the store had to make room. */
int pending_write(struct pending *pending, struct store *store, const struct catalogue_name *names,
                  size_t name_count, struct fault *why);

#endif
