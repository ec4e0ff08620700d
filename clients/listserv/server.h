/* What a list server (Mailman 3) knows without any message: how many lists there are, which are moderated, how many
 * members each has, and how many posts it has numbered, beside the archive. */
#ifndef SUIVI_LISTSERV_SERVER_H
#define SUIVI_LISTSERV_SERVER_H

#include <stdbool.h>
#include <stdio.h>

#include "clients/lib/suivi.h"
#include "clients/listserv/listserv_settings.h"
#include "proto/fault.h"

struct server_options {
    struct suivi *suivi; /* NULL: a dry run */
    FILE *out;           /* of a dry run: what would be sent; else NULL */
    const struct listserv_settings *settings;
    /* How many posts of a list the archives hold, by what was counted; -1: its archive is not read. */
    int64_t (*archived)(void *arg, const char *list);
    void (*say)(void *arg, const char *sentence);
    void *arg;
};

/* Asks, counts, and commits. Of a server that cannot be asked nothing is counted: -EIO, -EACCES ... with `why`.
 * -ENOSPC: nothing was saved. */
int server_count(const struct server_options *options, struct fault *why);

#endif
