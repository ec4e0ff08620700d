/* The daemon's settings: defaults, then the file named by --config (or /etc/suivi/suivid.yaml when it is
 * there), then the command line. An unknown key or a bad value is fatal, with file and line. Loading starts
 * nothing. */
#ifndef SUIVI_CONFIG_SETTINGS_H
#define SUIVI_CONFIG_SETTINGS_H

#include <stddef.h>

#include "proto/fault.h"

#define SETTINGS_LISTEN_MAX 8

struct settings {
    char *data;      /* directory of the store */
    char *framework; /* file */
    size_t listen_count;
    char *listen[SETTINGS_LISTEN_MAX]; /* ZeroMQ endpoints, ipc:// or tcp:// on loopback; at least one after
                                          loading */
};

/* Reads `path` (NULL: the default place, which may be missing). Every pointer in `out` is owned by it. On
 * failure `out` is left as it was. */
int settings_load(struct settings *out, const char *path, struct fault *why);
void settings_clear(struct settings *settings);

/* Replace one value, as the command line does. The first settings_listen of a caller that passes `replace`
 * drops those of the file. -E2BIG past SETTINGS_LISTEN_MAX, -EINVAL for an endpoint that is neither ipc nor
 * tcp on loopback. */
void settings_set(char **value, const char *text);
int settings_listen(struct settings *settings, const char *endpoint, int replace, struct fault *why);

/* The table the file is read by, against which tests hold the sample file; NULL past its end. */
struct setting {
    const char *key;
    const char *standard; /* the default of the installed service, as it is written in the file */
    const char *help;     /* one line */
};
const struct setting *settings_at(size_t index);

#endif
