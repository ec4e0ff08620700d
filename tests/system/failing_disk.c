/* A disk that fails when told to: loaded before the C library (LD_PRELOAD) into the real programs, it stands
 * between them and their files.
 *
 * Files at or below $FAILING_DISK are concerned, for as long as the file $FAILING_DISK_ORDER is there. It holds
 *
 *     WHAT ERRNO [SKIP]
 *
 * WHAT: "sync" (fsync, fdatasync, msync), "write" (pwrite, writev, pwritev), "header" (pwrite to a file opened for
 * synced writing, as LMDB does for the page that makes a commit count) or "any". The first SKIP calls of the
 * process that it matches go through. A call that fails does nothing else. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_concerned(int file) {
    const char *under = getenv("FAILING_DISK");
    char link[64], path[PATH_MAX];
    if (!under)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len < 0)
        return false;
    path[len] = '\0';
    size_t root = strlen(under);
    return strncmp(path, under, root) == 0 && (path[root] == '\0' || path[root] == '/');
}

/* The errno that a call of this kind is to fail with now; 0: none. */
static int ordered(const char *kind, bool is_header) {
    static atomic_long matched;
    const char *order = getenv("FAILING_DISK_ORDER");
    FILE *file = order ? fopen(order, "re") : NULL;
    if (!file)
        return 0;
    char what[16] = "";
    int code = 0;
    long skip = 0;
    int fields = fscanf(file, "%15s %d %ld", what, &code, &skip);
    fclose(file);
    bool matches =
        strcmp(what, "any") == 0 || strcmp(what, kind) == 0 || (is_header && strcmp(what, "header") == 0);
    return fields >= 2 && matches && atomic_fetch_add(&matched, 1) >= skip ? code : 0;
}

static bool fails(int file, const char *kind, bool is_header) {
    int before = errno, code = is_concerned(file) ? ordered(kind, is_header) : 0;
    errno = code ? code : before;
    return code != 0;
}

/* What would have been called. */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

int fsync(int file) {
    return fails(file, "sync", false) ? -1 : REAL(fsync)(file);
}

int fdatasync(int file) {
    return fails(file, "sync", false) ? -1 : REAL(fdatasync)(file);
}

/* Which file is mapped there is not asked: the programs map those of LMDB. */
int msync(void *at, size_t len, int flags) {
    int code = getenv("FAILING_DISK") ? ordered("sync", false) : 0;
    if (code)
        errno = code;
    return code ? -1 : REAL(msync)(at, len, flags);
}

ssize_t pwrite(int file, const void *bytes, size_t len, off_t at) {
    return fails(file, "write", (fcntl(file, F_GETFL) & O_DSYNC) != 0) ? -1
                                                                       : REAL(pwrite)(file, bytes, len, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t len, off64_t at) __attribute__((alias("pwrite")));

/* LMDB is built with one of these two. */
ssize_t writev(int file, const struct iovec *parts, int count) {
    return fails(file, "write", false) ? -1 : REAL(writev)(file, parts, count);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) {
    return fails(file, "write", false) ? -1 : REAL(pwritev)(file, parts, count, at);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at)
    __attribute__((alias("pwritev")));
