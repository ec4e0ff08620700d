#include "daemon/answers/closed.h"

#include "daemon/figures/closings.h"

#define CHUNK_BYTES (1u << 20) /* a chunk is closed past this */

static void write_closings(const struct closings *closings, uint64_t id, struct frames *answer) {
    struct wire_writer *rows, *frame;
    wire_writer_new(&rows, MESSAGE_BYTES_MAX / 2);
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    size_t at = 0;
    bool last;
    do {
        uint32_t count = 0;
        wire_writer_reset(rows);
        wire_writer_reset(frame);
        while (at < closings_count(closings) && count < MESSAGE_ROWS_MAX &&
               wire_writer_len(rows) < CHUNK_BYTES) {
            closing_write_row(closings_at(closings, at++), rows);
            count++;
        }
        last = at == closings_count(closings);
        message_write_closed(frame, id, last, count, rows);
        frames_add(answer, frame);
    } while (!last);
    wire_writer_destroy(&rows);
    wire_writer_destroy(&frame);
}

int closed_run(struct frames **out, const struct message_closings *question, struct store *store,
               struct fault *why) {
    struct store_snapshot *snapshot = NULL;
    struct closings *closings = NULL;
    int err = store_snapshot_open(store, &snapshot, why);
    if (err == 0)
        err = closings_load(&closings, snapshot, why);
    if (err == 0) {
        frames_new(out);
        write_closings(closings, question->id, *out);
    }
    closings_destroy(&closings);
    store_snapshot_close(&snapshot);
    return err;
}
