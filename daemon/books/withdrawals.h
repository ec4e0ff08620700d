/* What was taken back: rows that say from which source, for which days, and up to which vintage. The cells and
 * entries themselves stay. */
#ifndef SUIVI_DAEMON_BOOKS_WITHDRAWALS_H
#define SUIVI_DAEMON_BOOKS_WITHDRAWALS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/store.h"

struct withdrawal {
    uint32_t source;
    int32_t first, last; /* days */
    uint32_t vintage;    /* which it ends; what came by then does not count any more */
    int64_t at;          /* Unix time */
    struct str reason;   /* borrowed from `withdrawals` */
    size_t place;        /* among those of withdrawals_at */
};

struct withdrawals;

/* As they are in the snapshot; -EBADMSG: a row is damaged. */
int withdrawals_load(struct withdrawals **out, struct store_snapshot *snapshot, struct fault *why);
void withdrawals_destroy(struct withdrawals **withdrawals);
size_t withdrawals_count(const struct withdrawals *withdrawals);
const struct withdrawal *withdrawals_at(const struct withdrawals *withdrawals,
                                        size_t index); /* oldest first */

/* Whether what `source` gave to `day` in `vintage` counts, as far as was known at the end of vintage `known` (0: now). */
bool withdrawals_counts(const struct withdrawals *withdrawals, uint32_t source, int32_t day, uint32_t vintage,
                        uint32_t known);

/* The first that took back what `source` gave to `day` in `vintage`; NULL: none did. */
const struct withdrawal *withdrawals_taking(const struct withdrawals *withdrawals, uint32_t source,
                                            int32_t day, uint32_t vintage);

/* Sets the marks of those that took back what `source` gave to `day` in `vintage`; one mark for each of withdrawals_at. */
void withdrawals_mark(const struct withdrawals *withdrawals, uint32_t source, int32_t day, uint32_t vintage,
                      bool *marks);

/* Adds a row. */
int withdrawals_put(struct store_write *write, const struct withdrawal *withdrawal, struct fault *why);

/* Whether it is a row, for who checks the store. */
bool withdrawals_valid(struct str key, struct str row);

#endif
