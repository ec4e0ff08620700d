/* The command line of suivi-statsd. */
#ifndef SUIVI_STATSD_OPTIONS_H
#define SUIVI_STATSD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/collector/common.h"
#include "config/statsd.h"

struct options {
    struct common_options common;
    const char *config;
    const char *listen[STATSD_LISTEN_MAX]; /* instead of those of the settings */
    size_t listen_count;
    bool dry_run;
};

extern const char options_help[];

/* -EINVAL with `why`. With help or version the rest is not looked at. Texts are borrowed from `argv`. */
int options_parse(struct options *options, int argc, char *const *argv, struct fault *why);
void options_free(struct options *options);

#endif
