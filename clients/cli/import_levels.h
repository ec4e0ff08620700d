/* Levels are held against what the daemon has of the very day: what is known need not be sent, and what was said otherwise
 * needs a reason. */
#ifndef SUIVI_CLI_IMPORT_LEVELS_H
#define SUIVI_CLI_IMPORT_LEVELS_H

#include "clients/cli/import_rows.h"
#include "clients/cli/recording.h"

/* One question for each indicator and day. 0, also when there are now faults of rows; or VERB_FAILED, which was said. Nothing
 * is asked while no daemon answers. */
int import_levels_check(struct recording *recording, struct import_rows *rows);

#endif
