/* The command line of suivi-weblog. */
#ifndef SUIVI_WEBLOG_OPTIONS_H
#define SUIVI_WEBLOG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/collector/common.h"
#include "clients/weblog/days.h"
#include "clients/weblog/line.h"
#include "clients/weblog/tally.h"
#include "proto/fault.h"

struct options {
    bool follow;
    struct common_options common;
    const char *site, *robots, *keys, *shared_keys; /* of argv; may be NULL: the site with make_key only */
    enum line_format format;
    struct days days;
    enum period_type epoch;
    bool forget_site;
    bool make_key; /* of the epoch `key`, and nothing else */
    struct period key;
    struct str languages[TALLY_LANGUAGES];
    size_t language_count, default_language;
    bool stamp;
    const char *stamp_path; /* of argv; NULL: none */
    char *const *files;     /* of argv */
    size_t file_count;
};

/* -EINVAL: wrong usage, `why` says how. With help or version the rest is not looked at. */
int options_parse(struct options *options, int argc, char *const *argv, struct fault *why);
void options_free(struct options *options);

extern const char options_help[];

#endif
