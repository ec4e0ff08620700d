/* The files of an archive: an mbox is one, a Maildir has one for each message, a directory has those of what lies in it. */
#ifndef SUIVI_LISTSERV_WALK_H
#define SUIVI_LISTSERV_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/listserv/places.h"
#include "proto/fault.h"

struct walk_file {
    char *path;
    char *name; /* the same, but that of a Maildir's message does not change with its flags */
    struct place_file status;
    bool regular; /* else a stream: standard input, a pipe */
    bool single;  /* a Maildir's: all of it is one message */
    bool found;   /* in a directory: it may be anything */
};

struct walk {
    struct walk_file *files; /* in order of their names */
    size_t count, room;
    char **folders; /* that were looked into, and those of files that were named */
    size_t folder_count, folder_room;
};

/* Adds what lies at `path`; "-" is standard input. -ENOENT ... with `wrong`: it cannot be read. */
int walk_add(struct walk *walk, const char *path, struct fault *wrong);
void walk_clear(struct walk *walk);

#endif
