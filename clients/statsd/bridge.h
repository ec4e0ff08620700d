/* The loop of suivi-statsd: a window of lines, saved as one transaction every few seconds, and sent. */
#ifndef SUIVI_STATSD_BRIDGE_H
#define SUIVI_STATSD_BRIDGE_H

#include "clients/statsd/options.h"
#include "config/statsd.h"
#include "proto/fault.h"

#define BRIDGE_PROGRAM "suivi-statsd"

void bridge_block_signals(void); /* first of all */

/* Runs until SIGTERM or SIGINT; SIGUSR1 has it say how things stand. *well: all is sent and nothing was refused. Errno with
 * `why`. */
int bridge_run(const struct options *options, const struct statsd_settings *settings, bool *well,
               struct fault *why);

#endif
