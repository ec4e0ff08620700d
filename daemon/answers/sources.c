#include "daemon/answers/sources.h"

#include <errno.h>

#include "daemon/books/balance.h"

struct listing {
    struct frames *answer;
    struct wire_writer *rows, *frame;
    uint64_t id;
    uint32_t row_count;
    struct fault *why;
};

static void close_chunk(struct listing *listing, bool last) {
    wire_writer_reset(listing->frame);
    message_write_ledger(listing->frame, listing->id, last, listing->row_count, listing->rows);
    frames_add(listing->answer, listing->frame);
    wire_writer_reset(listing->rows);
    listing->row_count = 0;
}

static int write_row(void *arg, struct str key, struct str bytes) {
    struct listing *listing = arg;
    struct message_ledger_row row;
    struct balance balance;
    if (balance_key_parse(key, &row.source, &row.outbox) != 0 || balance_decode(bytes, &balance) != 0)
        return fault_set(listing->why, -EBADMSG,
                         "the store's ledger is damaged; \"suivi check\" tells where");
    row.batches = balance.batches;
    row.read = balance.read;
    row.accepted = balance.accepted;
    row.refused = balance.refused;
    row.repeated = balance.repeated;
    row.batches_again = balance.batches_again;
    row.last = balance.last;
    row.missing = balance.missing;
    row.heard = balance.heard;
    message_write_ledger_row(listing->rows, &row);
    if (++listing->row_count == MESSAGE_ROWS_MAX)
        close_chunk(listing, false);
    return 0;
}

int sources_run(struct frames **out, const struct message_sources *question, struct store *store,
                struct fault *why) {
    struct listing listing = {.id = question->id, .why = why};
    struct store_snapshot *snapshot = NULL;
    frames_new(&listing.answer);
    wire_writer_new(&listing.rows, MESSAGE_BYTES_MAX / 2);
    wire_writer_new(&listing.frame, MESSAGE_BYTES_MAX);
    int err = store_snapshot_open(store, &snapshot, why);
    if (err == 0)
        err = store_each_ledger(snapshot, write_row, &listing, why);
    if (err == 0)
        close_chunk(&listing, true);
    store_snapshot_close(&snapshot);
    wire_writer_destroy(&listing.rows);
    wire_writer_destroy(&listing.frame);
    if (err)
        frames_destroy(&listing.answer);
    else
        *out = listing.answer;
    return err;
}
