#include "config/paths.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/check.h"

static char *joined(const char *a, const char *b, const char *c) {
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *out = mem_zeroed(size, 1);
    snprintf(out, size, "%s%s%s", a, b, c);
    return out;
}

/* The variable's value when it is an absolute path; anything else is as good as unset (XDG Base Directory
 * Specification). */
static const char *directory_from(const char *variable) {
    const char *value = getenv(variable);
    return value != NULL && value[0] == '/' ? value : NULL;
}

char *paths_endpoint(void) {
    const char *told = getenv("SUIVI_ENDPOINT");
    if (told != NULL && told[0] != '\0') {
        return joined(told, "", "");
    }
    if (geteuid() == 0) {
        return joined("ipc:///run/suivi/suivid.ipc", "", "");
    }
    const char *runtime = directory_from("XDG_RUNTIME_DIR");
    if (runtime != NULL) {
        return joined("ipc://", runtime, "/suivi/suivid.ipc");
    }
    char user[24];
    snprintf(user, sizeof user, "%lu", (unsigned long)geteuid());
    return joined("ipc:///run/user/", user, "/suivi/suivid.ipc");
}

char *paths_state(const char *name) {
    const char *slash = name ? "/" : "";
    name = name ? name : "";
    if (geteuid() == 0) {
        return joined("/var/lib/suivi", slash, name);
    }
    const char *state = directory_from("XDG_STATE_HOME"), *home = directory_from("HOME");
    if (state == NULL && home == NULL) {
        return joined("/var/lib/suivi", slash, name);
    }
    char *base = state ? joined(state, "/suivi", "") : joined(home, "/.local/state/suivi", "");
    char *out = joined(base, slash, name);
    free(base);
    return out;
}

char *paths_shipped(const char *file) {
    const char *told = getenv("SUIVI_DATADIR");
    if (told != NULL && told[0] != '\0') {
        return joined(told, "/", file);
    }
    char *installed = joined(SUIVI_INSTALLED_DATADIR, "/", file);
    if (access(installed, F_OK) == 0) {
        return installed;
    }
    char *source = joined(SUIVI_SOURCE_DATADIR, "/", file);
    if (access(source, F_OK) == 0) {
        free(installed);
        return source;
    }
    free(source);
    return installed; /* neither: the name that a user of an installed program can mend */
}
