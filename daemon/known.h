/* The entries of a series as they are known at a vintage: each with what became of it. */
#ifndef SUIVI_DAEMON_KNOWN_H
#define SUIVI_DAEMON_KNOWN_H

#include "daemon/store.h"
#include "daemon/withdrawals.h"
#include "proto/message.h"

#define KNOWN_ENTRIES_MAX (1u << 20) /* of one series */

struct known_entry {
    uint32_t series, source, vintage;
    int32_t day;
    int64_t at;
    struct entry entry; /* borrows from the snapshot */
    enum message_entry_state
        state; /* COUNTS, RETRACTED or WITHDRAWN; SUPERSEDED: another with its id counts */
};

struct known {
    struct known_entry *entry; /* by (at, entry_compare) */
    size_t count, room;
};

/* Zero-initialise; then adds the entries of one series up to `last`, of what had come by the end of `vintage` (0: all).
 * Those of later days are heeded for what they retract. -EBADMSG: one of them is damaged; -E2BIG: too many. */
int known_add(struct known *known, struct store_snapshot *snapshot, uint32_t series, int32_t last,
              uint32_t vintage, const struct withdrawals *withdrawals, struct fault *why);
void known_clear(struct known *known); /* frees */

/* Whether it says something of its series that counts: a retraction in force does not, though its state is COUNTS. */
static inline bool known_says(const struct known_entry *entry) {
    return entry->state == MESSAGE_ENTRY_COUNTS && entry->entry.retracts == 0;
}

#endif
