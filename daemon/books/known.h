/* The entries of a series as they are known at a vintage: each with what became of it. */
#ifndef SUIVI_DAEMON_BOOKS_KNOWN_H
#define SUIVI_DAEMON_BOOKS_KNOWN_H

#include "daemon/books/withdrawals.h"
#include "daemon/store/store.h"
#include "proto/message.h"

#define KNOWN_ENTRIES_MAX (1u << 20) /* of one series */

struct known_entry {
    uint32_t series, source, vintage;
    int32_t day;
    int64_t at;
    struct entry entry; /* borrows from the snapshot, as does */
    struct str stored;  /* the same as it lies */
    /* COUNTS, RETRACTED or WITHDRAWN; SUPERSEDED: another with its id counts; REPLACED: a figure of its day holds. */
    enum message_entry_state state;
};

struct known {
    struct known_entry *entry; /* by known_compare */
    size_t count, room;
    uint32_t *by_id; /* places, see known_index; NULL: none */
};

/* Zero-initialise; then adds the entries of one series from `first` to `last`, of what had come by the end of `vintage`
 * (0: all). Those of other days are heeded as far as they retract any of these, or have an id of theirs. -EBADMSG: one of
 * them is damaged; -E2BIG: too many, as `why` says of which indicator; store errors. */
int known_add(struct known *known, struct store_snapshot *snapshot, uint32_t series, int32_t first,
              int32_t last, uint32_t vintage, const struct withdrawals *withdrawals, struct fault *why);
void known_clear(struct known *known); /* frees */

/* By time and entry_compare, then by series, vintage and source. */
int known_compare(const struct known_entry *a, const struct known_entry *b);

/* Settles the states of the entries of one series at these places (which are put in another order): of each id one counts,
 * unless it is retracted. */
void known_weigh(struct known_entry *entry, uint32_t *place, size_t count);

/* Of the entries of one series and day the one whose figure holds: the last said of those that count. NULL: there is none. */
const struct known_entry *known_holding(const struct known_entry *entry, size_t count);

/* Whether that figure stands for what another entry of its day says, too: for all but differences that were said of it
 * afterwards. */
bool known_is_replaced(const struct known_entry *holding, const struct known_entry *entry);

/* Once all was added: what known_is_within looks up. */
void known_index(struct known *known);

/* Whether one of that id, in any state, is of these days. */
bool known_is_within(const struct known *known, uint64_t id, int32_t first, int32_t last);

/* Whether it says something of its series that counts: a retraction in force does not, though its state is COUNTS. */
static inline bool known_says(const struct known_entry *entry) {
    return entry->state == MESSAGE_ENTRY_COUNTS && entry->entry.retracts == 0;
}

#endif
