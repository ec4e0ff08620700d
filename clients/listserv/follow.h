/* suivi-listserv --follow: stays with archives and counts posts as they come. */
#ifndef SUIVI_LISTSERV_FOLLOW_H
#define SUIVI_LISTSERV_FOLLOW_H

#include "clients/lib/suivi.h"
#include "clients/listserv/lists.h"
#include "proto/fault.h"

/* Before anything else: SIGTERM and SIGINT end it, once all is saved. */
void follow_block_signals(void);

/* `hourly` is called at the start, and then every hour; -ENOSPC from it is waited out. */
int follow_run(struct lists *lists, struct suivi *suivi, const char *state,
               int (*hourly)(void *arg, struct fault *why), void *arg, struct fault *why);

#endif
