/* The settings of suivi-listserv: archives that are read when no list is named, and a list server that is asked. An unknown key
 * or a bad value is fatal, with file and line. */
#ifndef SUIVI_LISTSERV_LISTSERV_SETTINGS_H
#define SUIVI_LISTSERV_LISTSERV_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/str.h"

#define LISTSERV_SETTINGS_FILE "/etc/suivi/listserv.yaml"

struct listserv_archive {
    char *list;
    char **paths;
    uint32_t path_count;
};

struct listserv_content {
    char *server, *user, *password_file; /* NULL: no server */
    struct listserv_archive *archives;
    uint32_t archive_count;
};

struct listserv_settings;

/* `path` NULL: the default place. -ENOENT: it is not there. */
int listserv_settings_load(struct listserv_settings **out, const char *path, struct fault *why);
void listserv_settings_free(struct listserv_settings **settings);

const struct listserv_content *listserv_settings_content(const struct listserv_settings *settings);

/* The language that a list has by the settings; empty: they do not say. */
struct str listserv_settings_language(const struct listserv_settings *settings, const char *list);

#endif
