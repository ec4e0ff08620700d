/* Puts what the rows of a file come to into the outbox, as one batch that counts whole or not at all, and sends it. */
#ifndef SUIVI_CLI_IMPORT_SEND_H
#define SUIVI_CLI_IMPORT_SEND_H

#include "clients/cli/import_rows.h"
#include "clients/cli/recording.h"

/* -E2BIG with `why` when it would not fit one batch. */
int import_send_check(const struct import_rows *rows, const char *reason, struct fault *why);

/* Each entry gets an id that follows from what it says and from its row, so that it counts once however often it is
 * sent. *before: how many were put into this outbox by an earlier run. 0, or VERB_FAILED, which was said. */
int import_send(struct recording *recording, struct import_rows *rows, const char *path, size_t *before);

#endif
