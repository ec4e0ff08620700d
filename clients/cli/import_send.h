/* Puts what the rows of a file come to into the outbox, as one batch that counts whole or not at all, and sends it. */
#ifndef SUIVI_CLI_IMPORT_SEND_H
#define SUIVI_CLI_IMPORT_SEND_H

#include "clients/cli/import_known.h"
#include "clients/cli/import_rows.h"
#include "clients/cli/recording.h"

/* -E2BIG with `why` when it would not fit one batch. */
int import_send_check(const struct import_rows *rows, const char *reason, struct fault *why);

/* The id of an entry follows from what it says and from nothing else, so that the same file gives the same ids everywhere: the
 * indicator, dimensions, day, number or name of a roster, and the how-maniest of those that say the same it is. */
uint64_t import_send_id(const struct import_item *item);

/* Sends what the daemon does not have yet, as far as that can be known. 0, or VERB_FAILED, which was said. */
int import_send(struct recording *recording, struct import_rows *rows, const char *path,
                struct import_known *known);

#endif
