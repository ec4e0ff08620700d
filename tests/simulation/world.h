/* One run: a daemon and a few collectors on a simulated disk and network, everything that happens drawn from
 * one seed. Faults go on for some hundred steps; then they stop, all that waits is delivered, and the figures
 * are compared with what the collectors had to read. */
#ifndef SUIVI_SIMULATION_WORLD_H
#define SUIVI_SIMULATION_WORLD_H

#include "config/framework.h"
#include "tests/simulation/tally.h"

struct world_result {
    bool failed;
    char why[512];   /* what was wrong */
    uint64_t digest; /* of all that happened: the same for the same seed */
};

/* `trace`: each step is told on stdout. Adds to `tally`. */
void world_run(uint64_t seed, const struct framework *framework, bool trace, struct tally *tally,
               struct world_result *result);

#endif
