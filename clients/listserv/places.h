/* How far the files of an archive were read, so that what was read need not be read again. Nothing rests on it: a post
 * that is met again is known. A file is known by its path, of which a keyed hash is kept; and is read on from where it
 * ended only when all that stands before that digests to the same. */
#ifndef SUIVI_LISTSERV_PLACES_H
#define SUIVI_LISTSERV_PLACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "clients/lib/suivi.h"
#include "clients/listserv/identity.h"
#include "proto/fault.h"
#include "proto/str.h"

#define PLACE_DIGEST_BYTES 16

/* The file as the system tells of it. */
struct place_file {
    uint64_t dev, ino, size;
    int64_t modified, changed; /* nanoseconds since 1970 */
};

struct place {
    struct place_file file; /* before it was read */
    int64_t read;           /* when, likewise */
    uint64_t digested;      /* so many of its first bytes digest to: 0: none, it is packed */
    unsigned char digest[PLACE_DIGEST_BYTES];
    uint64_t resume; /* where its last message begins, which may have been only half there */
    bool tail_open;  /* its headers were not all there: it is counted anew, whatever it is now */
    bool has_tail; /* that one's identity may change as it grows: as which it was counted, and on which day */
    struct identity tail;
    int32_t tail_day;
};

struct place_file place_file_of(const struct stat *status);

/* Nothing can have been written to it since it was read. */
bool place_unchanged(const struct place *place, const struct place_file *file);

/* -ENOENT: it is not known. `path`: absolute. */
int place_load(struct place *out, struct suivi *suivi, const struct identities *identities, struct str list,
               struct str path, struct fault *why);

/* Saved with the next commit. */
int place_save(const struct place *place, struct suivi *suivi, const struct identities *identities,
               struct str list, struct str path, struct fault *why);

#endif
