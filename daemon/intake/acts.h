/* What changes more than cells: closing a period, withdrawing what a source gave. An act is the last thing of its
 * transaction, after all batches that came before it, and ends the vintage. */
#ifndef SUIVI_DAEMON_INTAKE_ACTS_H
#define SUIVI_DAEMON_INTAKE_ACTS_H

#include "daemon/books/catalogue.h"
#include "daemon/store/store.h"
#include "proto/message.h"

struct act;

/* Reads a message of type MESSAGE_CLOSE or MESSAGE_WITHDRAW and copies it. -EPROTO: it is none. */
bool acts_are(enum message_type type);
int act_new(struct act **out, enum message_type type, struct wire_reader *reader, struct fault *why);
void act_destroy(struct act **act);
uint64_t act_id(const struct act *act);

/* Does it within `write`, after everything else. -EINVAL with `why`: refused, and nothing was put; other failures are
 * those of the write. `now` is Unix time. May run again after a write that had to begin anew. */
int act_run(struct act *act, struct store_write *write, const struct framework *framework,
            struct catalogue *catalogue, int64_t now, struct fault *why);

/* The answer, once it is on disk. */
void act_write_reply(const struct act *act, struct wire_writer *reply);

#endif
