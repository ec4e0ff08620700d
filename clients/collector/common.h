/* Options that all collectors have, with their defaults. */
#ifndef SUIVI_COLLECTOR_COMMON_H
#define SUIVI_COLLECTOR_COMMON_H

#include "proto/fault.h"

struct common_options {
    const char *endpoint; /* NULL: the usual */
    char *state, *source; /* owned; NULL until common_defaults */
    int timeout_ms;
};

#define COMMON_OPTIONS_NONE ((struct common_options){.timeout_ms = 10000})

/* Lines of --help. */
#define COMMON_HELP(collector)                                                                               \
    "  --endpoint ENDPOINT      of the daemon (default: $SUIVI_ENDPOINT, else as suivid listens)\n"          \
    "  --source NAME            name of this collector (default: " collector "@HOSTNAME)\n"                  \
    "  --timeout SECONDS        how long to wait for an answer of the daemon (default: 10)\n"

/* For getopt_long: their letters, and their rows of the table. */
enum { COMMON_ENDPOINT = 1000, COMMON_STATE, COMMON_SOURCE, COMMON_TIMEOUT };
#define COMMON_LONG_OPTIONS                                                                                  \
    {"endpoint", required_argument, NULL, COMMON_ENDPOINT},                                                  \
        {"state", required_argument, NULL, COMMON_STATE},                                                    \
        {"source", required_argument, NULL, COMMON_SOURCE}, {                                                \
        "timeout", required_argument, NULL, COMMON_TIMEOUT                                                   \
    }

/* Takes one of these letters. -EINVAL with `why`; -ENOENT: it is none of them. `argument` is borrowed. */
int common_take(struct common_options *options, int letter, const char *argument, struct fault *why);

/* STATE/`collector` and `collector`@HOSTNAME, where nothing was said. */
void common_defaults(struct common_options *options, const char *collector);
void common_free(struct common_options *options);

#endif
