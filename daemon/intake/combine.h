/* One batch judged and combined: each series of its dictionary looked up once, each event checked against the
 * framework and either added to the cells of a transaction or noted as refused, with its reason. */
#ifndef SUIVI_DAEMON_INTAKE_COMBINE_H
#define SUIVI_DAEMON_INTAKE_COMBINE_H

#include "daemon/books/catalogue.h"
#include "daemon/intake/pending.h"
#include "proto/message_flat.h"

struct combine;

/* Borrows `catalogue`. */
void combine_new(struct combine **out, struct catalogue *catalogue);
void combine_destroy(struct combine **combine);

/* Looks every series of a batch up. -EPROTO with `why`: the batch is none. combine_events goes on from here, with
 * the same batch. */
int combine_open(struct combine *combine, const struct message_batch *batch, const struct message_flat *flat,
                 struct fault *why);

/* What came of a batch: each of its events is either accepted or refused. The lists are as message_write_ack takes them,
 * borrowed until the next call on `combine`. */
struct combine_result {
    uint64_t accepted;
    int64_t total; /* of the accepted numbers of counts; it fits, since each is at most KIND_COUNT_MAX */
    uint32_t reason_count, refused_count;
    const struct wire_writer *reasons, *refused;
};

/* Makes the series that are new, and takes or refuses each event. `into` NULL: judges only. `now` is Unix time: what
 * people state may not lie in the future. */
void combine_events(struct combine *combine, const struct message_batch *batch,
                    const struct message_flat *flat, uint32_t source, int64_t now, struct pending *into,
                    struct combine_result *result);

#endif
