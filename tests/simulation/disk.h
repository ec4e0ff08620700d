/* A disk without a disk: the functions of LMDB that the two sides use, linked in the place of liblmdb, on
 * sorted tables in memory. A commit is there whole or not at all, a transaction sees one moment, and whoever
 * runs the simulation says which puts and commits fail, and how.
 *
 * A process that is killed needs nothing special: what it did not commit is dropped with its environment.
 * LMDB's own functions take no context, so the disk they work on is named with disk_use. */
#ifndef SUIVI_SIMULATION_DISK_H
#define SUIVI_SIMULATION_DISK_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/str.h"

struct disk;

enum disk_moment { DISK_OPEN, DISK_PUT, DISK_COMMIT };

/* What comes of it. `code` is what the caller is told: 0, an errno, or (of a put) MDB_MAP_FULL. A commit is on
 * the disk when `kept`, whatever the caller is told. `broken`: LMDB failed in its last step, and this
 * environment refuses all work until it is opened anew. */
struct disk_fate {
    int code;
    bool kept, broken;
};

/* `fate` is asked about the file at `path` each time; NULL: nothing ever fails. */
void disk_new(struct disk **out, struct disk_fate (*fate)(void *arg, const char *path, enum disk_moment when),
              void *arg);
void disk_destroy(struct disk **disk); /* every environment was closed */
void disk_use(struct disk *disk);

/* What is on the disk, past LMDB. A file that is not there has nothing in it. */
bool disk_exists(const struct disk *disk, const char *path);
void disk_copy(struct disk *disk, const char *from, const char *to);
void disk_remove(struct disk *disk, const char *path);
bool disk_get(const struct disk *disk, const char *path, const char *table, struct str key,
              struct str *value); /* borrowed until the next commit */

#endif
