/* The command line of suivi-listserv. */
#ifndef SUIVI_LISTSERV_OPTIONS_H
#define SUIVI_LISTSERV_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/collector/common.h"
#include "proto/fault.h"

struct options {
    bool follow, dry_run;
    struct common_options common;
    const char *list, *config; /* of argv; may be NULL */
    char *const *paths;        /* of argv, with `list` */
    size_t path_count;
};

/* -EINVAL: wrong usage, `why` says how. With help or version the rest is not looked at. */
int options_parse(struct options *options, int argc, char *const *argv, struct fault *why);
void options_free(struct options *options);

extern const char options_help[];

#endif
