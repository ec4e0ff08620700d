/* Builds that are broken on purpose, each in one way, to show that the simulation notices. The linker puts the
 * functions here in the place of the real ones (--wrap), so that the sources of both sides stay as they are. */
#include <errno.h>
#include <stdlib.h>

#include "clients/lib/outbox.h"
#include "clients/lib/suivi.h"
#include "daemon/intake/combine.h"
#include "daemon/intake/committer.h"
#include "daemon/intake/ingest.h"
#include "daemon/intake/intake.h"
#include "daemon/intake/ledger.h"
#include "daemon/intake/sessions.h"
#include "daemon/store/store.h"
#include "proto/check.h"

/* The real function, and the head of the one in its place. */
#define INSTEAD_OF(type, name, ...)                                                                          \
    type __real_##name(__VA_ARGS__);                                                                         \
    type __wrap_##name(__VA_ARGS__);                                                                         \
    _Static_assert(__builtin_types_compatible_p(__typeof__(name), __typeof__(__wrap_##name)),                \
                   "the linker would not notice another type");                                              \
    type __wrap_##name(__VA_ARGS__)

#if defined BREAK_ACK_BEFORE_COMMIT

/* Acks do not wait. What they speak of still fills, and is committed when it gets to it. */
static struct intake_peers peers;

INSTEAD_OF(int, intake_new, struct intake **out, struct catalogue *catalogue, struct store *store,
           const struct intake_peers *them, struct fault *why) {
    peers = *them;
    return __real_intake_new(out, catalogue, store, them, why);
}

INSTEAD_OF(void, committer_hold, struct committer *committer, const struct committer_reply *reply) {
    (void)committer;
    peers.send(peers.arg, reply->peer, reply->frame);
}

#elif defined BREAK_POSITION_AFTER_BATCH || defined BREAK_POSITION_BEFORE_BATCH

/* The batches in one transaction, the position in another. */
INSTEAD_OF(int, outbox_commit, struct outbox *outbox, const struct outbox_batch *batches, size_t count,
           struct staged *records, struct fault *why) {
    struct staged *none;
    staged_new(&none);
#ifdef BREAK_POSITION_BEFORE_BATCH
    int rc = __real_outbox_commit(outbox, NULL, 0, records, why);
    if (rc == 0 && count > 0)
        rc = __real_outbox_commit(outbox, batches, count, none, why);
#else
    int rc = count > 0 ? __real_outbox_commit(outbox, batches, count, none, why) : 0;
    if (rc == 0)
        rc = __real_outbox_commit(outbox, NULL, 0, records, why);
#endif
    staged_destroy(&none);
    return rc;
}

#elif defined BREAK_SEQUENCE_APART

/* The cells in one transaction, the ledger's rows in the next. */
static struct { struct str key, row; } later[64];
static size_t later_count;

INSTEAD_OF(int, store_put_ledger, struct store_write *write, struct str key, struct str row,
           struct fault *why) {
    (void)write, (void)why;
    ASSERT(later_count < sizeof later / sizeof *later);
    later[later_count].key = str_copy(key);
    later[later_count++].row = str_copy(row);
    return 0;
}

static struct store *written;

INSTEAD_OF(int, store_begin, struct store *store, struct store_write **out, struct fault *why) {
    written = store;
    return __real_store_begin(store, out, why);
}

INSTEAD_OF(int, store_commit, struct store_write **write, struct fault *why) {
    struct store_write *second;
    int err = __real_store_commit(write, why);
    if (err == 0)
        err = __real_store_begin(written, &second, why);
    for (size_t i = 0; i < later_count; i++) {
        if (err == 0 && (err = __real_store_put_ledger(second, later[i].key, later[i].row, why)) != 0)
            store_abort(&second);
        str_free(later[i].key);
        str_free(later[i].row);
    }
    later_count = 0;
    return err ? err : __real_store_commit(&second, why);
}

#elif defined BREAK_FAILED_COMMIT_SETTLES

/* A commit that failed leaves the ledger as if it had not. */
INSTEAD_OF(void, ledger_undone, struct ledger *ledger) {
    ledger_settled(ledger);
}

#elif defined BREAK_REPEAT_COUNTS

/* What is on its way to the disk is not known to have come: when it comes again it counts again. */
INSTEAD_OF(uint64_t, ledger_taken, const struct ledger_entry *entry) {
    return ledger_on_disk(entry);
}

#elif defined BREAK_FRESH_IDS

/* An entry has another id each time that it is said. */
INSTEAD_OF(int, suivi_record, struct suivi *client, const char *indicator, const struct suivi_dim *dims,
           size_t dim_count, int64_t at, const struct suivi_entry *entry, uint64_t *id) {
    struct suivi_entry fresh = *entry;
    fresh.id = 0;
    return __real_suivi_record(client, indicator, dims, dim_count, at, &fresh, id);
}

#elif defined BREAK_WHOLE_IN_PART

/* What is good of a batch that counts as a whole is taken without the rest. */
INSTEAD_OF(void, combine_events, struct combine *combine, const struct message_batch *batch,
           const struct message_flat *flat, uint32_t source, int64_t now, struct pending *into,
           struct combine_result *result) {
    struct message_batch loose = *batch;
    loose.whole = false;
    __real_combine_events(combine, &loose, flat, source, now, into, result);
}

#elif defined BREAK_LAST_COMER_STAYS

/* Of entries in one place the one that came last is kept. */
INSTEAD_OF(int, store_get_entry, struct store_write *write, uint32_t series, int32_t day, uint32_t source,
           uint64_t id, struct str *value, struct fault *why) {
    (void)write, (void)series, (void)day, (void)source, (void)id, (void)value, (void)why;
    return -ENOENT;
}

#elif defined BREAK_COPIES_PASS

/* No digest is known, so that a copy is not told from its original. */
INSTEAD_OF(bool, ledger_same, const struct ledger_entry *entry, uint64_t seq, uint64_t digest) {
    (void)entry, (void)seq, (void)digest;
    return true;
}

INSTEAD_OF(uint64_t, ledger_taken_digest, const struct ledger_entry *entry) {
    (void)entry;
    return 0;
}

#elif defined BREAK_WELCOME_EARLY

/* A welcome does not wait for what it speaks of. */
INSTEAD_OF(enum ingest_reply, ingest_hello, struct ingest *ingest, struct str peer,
           const struct message_hello *hello, struct wire_writer *reply) {
    (void)__real_ingest_hello(ingest, peer, hello, reply);
    return INGEST_SEND;
}

#elif defined BREAK_ANYBODY_SPEAKS

/* Whoever has said hello once may send for ever, whoever took the source over since. */
INSTEAD_OF(bool, sessions_speaks, struct sessions *sessions, struct str source, struct str outbox,
           struct str peer) {
    (void)sessions, (void)source, (void)outbox, (void)peer;
    return true;
}

#endif
