/* What the daemon refused, kept for a person: STATE/refused.log, one line an event, on disk before its batch
 * is dropped from the outbox. Tab-separated; the first line names the columns. After a crash between the two the
 * batch is refused again, and a line that is there is not written a second time. */
#ifndef SUIVI_LIB_REFUSED_H
#define SUIVI_LIB_REFUSED_H

#include "clients/lib/outbox.h"
#include "clients/lib/suivi.h"
#include "proto/fault.h"
#include "proto/message.h"

struct refused;

/* Copies both; `source` is named where a batch cannot be asked. */
void refused_new(struct refused **out, const char *directory, struct str source);
void refused_destroy(struct refused **refused);

/* Writes down the events that `ack` refuses of `batch`, and adds them to the tally, also those that were written
 * down when it was refused before. A batch that cannot be read is one line instead, and counts as one. */
int refused_keep(struct refused *refused, const struct outbox_batch *batch, const struct message_ack *ack,
                 struct suivi_tally *tally, struct fault *why);

/* The same with every event of a batch that was refused whole. */
int refused_keep_all(struct refused *refused, const struct outbox_batch *batch, struct str reason,
                     struct suivi_tally *tally, struct fault *why);

#endif
