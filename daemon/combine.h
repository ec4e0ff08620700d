/* One batch judged and combined: each series of its dictionary looked up once, each event checked against the
 * framework and either added to the cells of a transaction or noted as refused, with its reason. */
#ifndef SUIVI_DAEMON_COMBINE_H
#define SUIVI_DAEMON_COMBINE_H

#include "daemon/catalogue.h"
#include "daemon/pending.h"
#include "proto/message.h"

struct combine;

/* Borrows `catalogue`. */
void combine_new(struct combine **out, struct catalogue *catalogue);
void combine_destroy(struct combine **combine);

/* What came of a batch: each of its events is either accepted or refused. The lists are as message_write_ack takes them,
 * borrowed until the next call on `combine`. */
struct combine_result {
    uint64_t accepted;
    int64_t total; /* of the accepted numbers */
    uint32_t reason_count, refused_count;
    const struct wire_writer *reasons, *refused;
};

/* `into` NULL: judges only. Takes the batch's lists to their ends. */
void combine_batch(struct combine *combine, struct message_batch *batch, uint32_t source,
                   struct pending *into, struct combine_result *result);

#endif
