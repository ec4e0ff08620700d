/* Puts what the rows of a file come to into the outbox, as one batch that counts whole or not at all, and sends it. */
#ifndef SUIVI_CLI_IMPORT_SEND_H
#define SUIVI_CLI_IMPORT_SEND_H

#include "clients/cli/import_rows.h"
#include "clients/cli/recording.h"
#include "clients/collector/pseudonyms.h"

/* -E2BIG with `why` when it would not fit one batch. */
int import_send_check(const struct import_rows *rows, const char *reason, struct fault *why);

/* The id of an entry: it follows from what it says and from its row, and so is the same however often it is sent.
 * Hashed with the key, for a row may hold names of people. */
uint64_t import_send_id(const struct import_rows *rows, const struct import_item *item,
                        const struct pseudonyms *pseudonyms);

/* *before: how many the daemon has, or were put into this outbox by an earlier run. 0, or VERB_FAILED, which was said. */
int import_send(struct recording *recording, struct import_rows *rows, const char *path, size_t *before);

#endif
