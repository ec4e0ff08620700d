/* Options that every collector has. */
#ifndef SUIVI_COLLECTOR_USUAL_H
#define SUIVI_COLLECTOR_USUAL_H

#include "proto/fault.h"

#define USUAL_TIMEOUT_MS 10000

/* --timeout, in seconds. -EINVAL with `why`. */
int usual_timeout(int *timeout_ms, const char *text, struct fault *why);

/* The name of a collector that was given none: COLLECTOR@HOSTNAME. Caller frees. */
char *usual_source(const char *collector);

#endif
