#include "clients/lib/asking.h"
#include "clients/lib/client_priv.h"
#include "clients/lib/texts.h"
#include "proto/message.h"

struct listing {
    void (*on_source)(void *arg, const struct suivi_source *source);
    void *arg;
    struct message_ledger ledger;
    struct texts texts;
};

static void write_question(void *arg, struct wire_writer *writer, uint64_t id) {
    (void)arg;
    message_write_sources(writer, &(struct message_sources){.id = id});
}

static int read_rows(void *arg, struct wire_reader *reader, struct asking_chunk *chunk, struct fault *why) {
    struct listing *listing = arg;
    int rc = message_read_ledger(reader, &listing->ledger, why);
    if (rc == 0)
        *chunk = (struct asking_chunk){listing->ledger.id, listing->ledger.last};
    return rc;
}

static void tell_rows(void *arg) {
    struct listing *listing = arg;
    for (uint32_t i = 0; i < listing->ledger.row_count; i++) {
        struct message_ledger_row row;
        message_next_ledger_row(&listing->ledger, &row);
        texts_begin(&listing->texts, row.source.len + row.outbox.len + 2);
        struct suivi_source source = {
            .source = texts_add(&listing->texts, row.source),
            .outbox = texts_add(&listing->texts, row.outbox),
            .batches = row.batches,
            .read = row.read,
            .accepted = row.accepted,
            .refused = row.refused,
            .repeated = row.repeated,
            .batches_again = row.batches_again,
            .last = row.last,
            .missing = row.missing,
            .heard = row.heard,
        };
        listing->on_source(listing->arg, &source);
    }
}

int suivi_sources(struct suivi *client, int timeout_ms,
                  void (*on_source)(void *arg, const struct suivi_source *source), void *arg) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct listing listing = {.on_source = on_source, .arg = arg};
    int rc = asking_run(client,
                        &(struct asking){.answer = MESSAGE_LEDGER,
                                         .write = write_question,
                                         .read = read_rows,
                                         .tell = tell_rows,
                                         .arg = &listing},
                        timeout_ms);
    texts_free(&listing.texts);
    return rc;
}
