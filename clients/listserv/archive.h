/* Reads one file of an archive from where it ended, and counts its messages. What is wrong with the file itself (it is
 * not there, damaged, no mailbox) is told apart from what ends the run, as in clients/weblog/reader.h. */
#ifndef SUIVI_LISTSERV_ARCHIVE_H
#define SUIVI_LISTSERV_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "clients/listserv/census.h"
#include "clients/listserv/identity.h"
#include "clients/listserv/walk.h"
#include "proto/fault.h"

/* What all files of a list share. */
struct archive {
    struct suivi *suivi; /* NULL: a dry run without a state */
    struct identities *identities;
    struct census *census;
    bool dry;   /* nothing is committed */
    bool stays; /* sending is left to the caller */
    int64_t committed_ms;
    void (*progress)(void *arg, uint64_t consumed); /* may be NULL; of the present file's bytes on disk */
    void *progress_arg;
};

enum archive_found {
    ARCHIVE_READ,
    ARCHIVE_UNCHANGED,  /* since it was read: it was not read again */
    ARCHIVE_NO_MAILBOX, /* bytes, but no message in them */
    ARCHIVE_WRONG,      /* `wrong` says what; what stands before the damage is counted */
};

int archive_read(struct archive *archive, const struct walk_file *file, enum archive_found *found,
                 struct fault *wrong, struct fault *why);

/* Saves what was counted; -ENOSPC as census_commit. Nothing in a dry run. */
int archive_commit(struct archive *archive, struct fault *why);

#endif
