/* Frameworks as texts of a test. */
#ifndef TESTS_FRAMEWORKS_H
#define TESTS_FRAMEWORKS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/framework.h"

/* A temporary file with that content; its name is `path`. */
static inline void write_file(char path[static 32], const void *text, size_t len) {
    strcpy(path, "/tmp/test_framework.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static inline int load(struct framework **out, const char *text, char path[static 32], struct fault *why) {
    write_file(path, text, strlen(text));
    int err = framework_load(out, path, why);
    unlink(path);
    return err;
}

/* All that is told of a file, a line each. */
static inline void gather(void *arg, const char *fault) {
    char *all = arg;
    size_t len = strlen(all);
    assert_true(len + strlen(fault) + 2 < 1 << 14);
    sprintf(all + len, "%s\n", strstr(fault, "/test_framework.") + strlen("/test_framework.XXXXXX:"));
}

static inline int check(const char *text, char all[static 1 << 14]) {
    char path[32];
    all[0] = '\0';
    write_file(path, text, strlen(text));
    int count = framework_check_file(path, gather, all);
    unlink(path);
    return count;
}

static inline const char *dims_of(const struct framework *f, size_t index, char out[static 64]) {
    out[0] = '\0';
    for (size_t d = 0; d < framework_indicator_at(f, index)->dim_count; d++) {
        struct str name = framework_dim_name(f, index, d);
        snprintf(out + strlen(out), 64 - strlen(out), "%s%.*s", d ? " " : "", STR_ARG(name));
    }
    return out;
}

#endif
