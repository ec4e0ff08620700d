/* suivid's command line. */
#ifndef SUIVI_DAEMON_OPTIONS_H
#define SUIVI_DAEMON_OPTIONS_H

#include "config/settings.h"
#include "proto/fault.h"

/* Reads the settings file and the command line on top of it. 0: run; 1: nothing to run (--help, --version:
 * printed); -EINVAL: wrong usage; other negative: the settings cannot be used. `why` for the last two. */
int options_read(struct settings *out, int argc, char **argv, struct fault *why);

#endif
