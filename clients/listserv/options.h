/* The command line of suivi-listserv. */
#ifndef SUIVI_LISTSERV_OPTIONS_H
#define SUIVI_LISTSERV_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/fault.h"

struct options {
    bool help, version, follow, dry_run;
    const char *endpoint, *list, *config; /* of argv; may be NULL */
    char *state, *source;                 /* set, ours */
    int timeout_ms;
    char *const *paths; /* of argv, with `list` */
    size_t path_count;
};

/* -EINVAL: wrong usage, `why` says how. With help or version the rest is not looked at. */
int options_parse(struct options *options, int argc, char *const *argv, struct fault *why);
void options_free(struct options *options);

extern const char options_help[];

#endif
