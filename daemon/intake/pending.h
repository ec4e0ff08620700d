/* What has been combined in memory and is to be written in one transaction: cells and entries, what was refused,
 * the ledger rows that say which batches they came from, and at most one act as its last thing. While one is being
 * written, the next one fills.
 *
 * Filling happens on the thread that drives intake, writing on another; never both at once for the same object. */
#ifndef SUIVI_DAEMON_INTAKE_PENDING_H
#define SUIVI_DAEMON_INTAKE_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/books/catalogue.h"
#include "daemon/books/counts.h"
#include "daemon/books/refusals.h"
#include "daemon/intake/acts.h"
#include "daemon/store/store.h"
#include "proto/kind.h"

/* When one is reached, nothing more is taken until it is written; one batch may be on top of it. */
#define PENDING_COUNTS_MAX   (8u << 20)  /* numbers, 16 bytes each */
#define PENDING_SETS_MAX     (1u << 15)  /* sets, and likewise entries: some hundredths of a second */
#define PENDING_BYTES_MAX    (32u << 20) /* of sets as they travel, and of entries */
#define PENDING_REFUSALS_MAX (64u << 10)

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

/* Copies the value (daemon/store/cell.h). Of those of one id in a series, day, source and vintage the one that counts is kept
 * (docs/kinds.md); PENDING_LAST_READING in the place of an id: the last one. */
#define PENDING_LAST_READING 0
void pending_add_entry(struct pending *pending, uint32_t series, int32_t day, uint32_t source, uint64_t id,
                       struct str value);

/* Copies the reason; the indicator is the framework's. */
void pending_add_refusal(struct pending *pending, const struct refusal *refusal);

/* Copies both. pending_find_verdict: NULL when it is not here; borrowed until pending_clear. May be asked while it is
 * being written. */
void pending_add_verdict(struct pending *pending, struct str key, struct str row);
const struct str *pending_find_verdict(const struct pending *pending, struct str key);

/* So many events of a source were added to the log of counts; what the other functions add they count themselves. */
void pending_count_events(struct pending *pending, uint32_t source, uint64_t events);

/* Borrows the act, which is done last; nothing more is taken then (pending_full). */
void pending_act(struct pending *pending, struct act *act);

/* Copies key and row. */
void pending_ledger(struct pending *pending, struct str key, struct str row);

struct pending_writing {
    const struct catalogue_name *names;
    size_t name_count;
    struct catalogue *catalogue;
    int64_t now; /* Unix time */
};

/* Writes everything in one synced transaction, `names` with it. Begins anew when the store had to make room. An act
 * that was refused hinders nothing else: *act_err is -EINVAL then, with `act_why`; both may be NULL without an act. */
int pending_write(struct pending *pending, struct store *store, const struct pending_writing *writing,
                  int *act_err, struct fault *act_why, struct fault *why);

#endif
