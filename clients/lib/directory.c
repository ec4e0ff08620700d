#include "clients/lib/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/check.h"

static bool is_directory(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static int make_one(const char *path, mode_t mode, struct fault *why) {
    if (mkdir(path, mode) == 0 || is_directory(path))
        return 0;
    int code = errno == EEXIST ? ENOTDIR : errno;
    return fault_set(why, -code, "cannot make the directory %s: %s; name one you may write", path,
                     strerror(code));
}

int directory_make(const char *path, struct fault *why) {
    if (path[0] == '\0')
        return fault_set(why, -EINVAL, "the name of a state directory is empty");
    if (!is_directory(path)) {
        char *part = mem_string(path, strlen(path));
        int rc = 0;
        for (char *slash = strchr(part + 1, '/'); slash && rc == 0; slash = strchr(slash + 1, '/')) {
            *slash = '\0';
            rc = make_one(part, 0755, why);
            *slash = '/';
        }
        if (rc == 0)
            rc = make_one(part, 0700, why);
        free(part);
        if (rc != 0)
            return rc;
    }
    if (access(path, R_OK | W_OK | X_OK) != 0) {
        int code = errno;
        return fault_set(why, -code, "cannot use the directory %s: %s; name one you may write", path,
                         strerror(code));
    }
    return 0;
}

int directory_lock(const char *path, int *descriptor, struct fault *why) {
    char *name = NULL;
    ASSERT(asprintf(&name, "%s/lock", path) > 0);
    int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int code = errno;
    if (file < 0) {
        fault_set(why, -code, "cannot open %s: %s", name, strerror(code));
        free(name);
        return -code;
    }
    free(name);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        code = errno;
        close(file);
        if (code == EWOULDBLOCK)
            return fault_set(why, -EBUSY, "another process uses %s; wait until it ends", path);
        return fault_set(why, -code, "cannot lock %s/lock: %s", path, strerror(code));
    }
    *descriptor = file;
    return 0;
}

int directory_sync(const char *path, struct fault *why) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = directory < 0 || fsync(directory) != 0 ? -errno : 0;
    if (directory >= 0)
        close(directory);
    return rc == 0 ? 0 : fault_set(why, rc, "cannot sync the directory %s: %s", path, strerror(-rc));
}
