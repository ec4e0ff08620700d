/* A client's state directory: made when missing, and used by one process at a time. */
#ifndef SUIVI_LIB_DIRECTORY_H
#define SUIVI_LIB_DIRECTORY_H

#include "proto/fault.h"

/* Makes `path`, mode 0700, and whatever is missing above it. One that is there already is left as it is. */
int directory_make(const char *path, struct fault *why);

/* Locks `path` for this process through the file `path`/lock. -EBUSY: another process has it. The lock ends
 * when *descriptor is closed, or with the process. */
int directory_lock(const char *path, int *descriptor, struct fault *why);

/* Puts the directory's entries on disk, after a file was made, renamed or removed in it. */
int directory_sync(const char *path, struct fault *why);

#endif
