/* What of a file the daemon has already, by the ids of its entries: these need not be sent again. */
#ifndef SUIVI_CLI_IMPORT_KNOWN_H
#define SUIVI_CLI_IMPORT_KNOWN_H

#include "clients/cli/import_rows.h"
#include "clients/cli/recording.h"

struct import_known {
    size_t before;    /* entries that the daemon has */
    size_t retracted; /* of these, ones that were retracted since, and so do not count */
    size_t people;    /* of whom nobody can tell whether they were recorded before */
    bool complete;    /* of all other entries it could be told */
};

/* Marks the items that are known; all have their ids. One question for each indicator and month, up to a bound; none while no
 * daemon answers. 0, or VERB_FAILED, which was said. */
int import_known_check(struct recording *recording, struct import_rows *rows, struct import_known *out);

#endif
