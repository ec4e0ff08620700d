/* Options that all collectors have, with their defaults. */
#ifndef SUIVI_COLLECTOR_COMMON_H
#define SUIVI_COLLECTOR_COMMON_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "proto/fault.h"

struct common_options {
    bool help, version;
    const char *endpoint; /* NULL: the usual */
    char *state, *source; /* owned; NULL until common_defaults */
    int timeout_ms;
};

#define COMMON_OPTIONS_NONE ((struct common_options){.timeout_ms = 10000})

/* Last lines of --help. */
#define COMMON_HELP(collector)                                                                               \
    "  --endpoint ENDPOINT      of the daemon (default: $SUIVI_ENDPOINT, else as suivid listens)\n"          \
    "  --source NAME            name of this collector (default: " collector "@HOSTNAME)\n"                  \
    "  --timeout SECONDS        how long to wait for an answer of the daemon (default: 10)\n"                \
    "  --help, --version\n"

/* For getopt_long: their letters, and their rows of the table. */
enum {
    COMMON_ENDPOINT = 1000,
    COMMON_STATE,
    COMMON_SOURCE,
    COMMON_TIMEOUT,
    COMMON_SHOW_HELP,
    COMMON_SHOW_VERSION
};
#define COMMON_LONG_OPTIONS                                                                                  \
    {"endpoint", required_argument, NULL, COMMON_ENDPOINT},                                                  \
        {"state", required_argument, NULL, COMMON_STATE},                                                    \
        {"source", required_argument, NULL, COMMON_SOURCE},                                                  \
        {"timeout", required_argument, NULL, COMMON_TIMEOUT}, {"help", no_argument, NULL, COMMON_SHOW_HELP}, \
    {                                                                                                        \
        "version", no_argument, NULL, COMMON_SHOW_VERSION                                                    \
    }

/* The next letter of getopt_long; -1 at the end, or when help or version was asked for: the rest is not looked at. */
int common_next(const struct common_options *options, int argc, char *const *argv,
                const struct option *table);

/* Takes a letter that the collector has no case for: one of these, or what getopt_long says of an option that is unknown or lacks its
 * value. -EINVAL with `why`. Texts are borrowed from `argv`. */
int common_take(struct common_options *options, int letter, char *const *argv, struct fault *why);

/* Standard input (-) may be one of the paths once, and cannot be followed. -EINVAL with `why`. */
int common_check_streams(char *const *paths, size_t count, bool follow, struct fault *why);

/* `parsed`: what the collector's options_parse returned. True: help, the version or what is wrong was told, and *status is what the program
 * ends with. */
bool common_told(const struct common_options *options, const char *program, const char *help, int parsed,
                 const struct fault *why, int *status);

/* STATE/`collector` and `collector`@HOSTNAME, where nothing was said. */
void common_defaults(struct common_options *options, const char *collector);
void common_free(struct common_options *options);

#endif
