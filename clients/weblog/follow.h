/* --follow: stays with the logs as they grow and are rotated, and sends what is new at most once a second. */
#ifndef SUIVI_WEBLOG_FOLLOW_H
#define SUIVI_WEBLOG_FOLLOW_H

#include "clients/weblog/logs.h"

/* SIGTERM and SIGINT end it: block them before (follow_block_signals), so that none is missed. Returns 0
 * then, all committed; a negative errno when nothing can be saved any more, or a path is no regular file. */
void follow_block_signals(void);
int follow_run(struct reading *reading, char *const *paths, size_t count, struct logs_total *total,
               struct fault *why);

#endif
