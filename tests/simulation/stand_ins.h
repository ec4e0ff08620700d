/* What both sides stand on beside LMDB and the network, in the simulation: files.h, the collector's directory
 * and refused.log, the daemon's log. */
#ifndef SUIVI_SIMULATION_STAND_INS_H
#define SUIVI_SIMULATION_STAND_INS_H

#include "proto/str.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/disk.h"

struct stand_ins {
    struct disk *disk;
    struct dice *dice;
    bool trace; /* the daemon's log is shown */

    /* An event of the collector in `directory`, which happened at `at`, is kept as refused. Asked with
     * `begin` first, before the events of a batch, and with `end` after: below 0, the keeping fails. */
    enum { REFUSED_BEGIN, REFUSED_EVENT, REFUSED_END } refused_moments;
    int (*refused)(void *arg, const char *directory, int moment, int64_t at);
    void *arg;
};

/* From now on; borrowed. */
void stand_ins_use(const struct stand_ins *stand_ins);

#endif
