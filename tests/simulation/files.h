/* Included before every file of both sides when they are built for the simulation: the few calls by which they
 * look past LMDB at files, and at the system's randomness, go to stand_ins.c. */
#ifndef SUIVI_SIMULATION_FILES_H
#define SUIVI_SIMULATION_FILES_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int files_stat(const char *path, struct stat *out);
int files_unlink(const char *path);
ssize_t files_random(void *out, size_t len);
static inline int files_nothing(int file) {
    (void)file;
    return 0;
}

#define stat(path, out)                files_stat(path, out)
#define getrandom(out, len, flags)     files_random(out, len)
#define statvfs(path, out)             ((void)(path), (void)(out), -1)
#define mkdir(path, mode)              0
#define open(path, flags, mode)        ((void)(path), 3)
#define close(file)                    files_nothing(file)
#define flock(file, how)               0
#define ftruncate(file, len)           0
#define posix_fallocate(file, at, len) 0
#define unlink(path)                   files_unlink(path)
#define truncate(path, len)            0
#define fsync(file)                    files_nothing(file)
#define pread(file, out, len, at)      ((void)(out), (ssize_t)0)
#define pwrite(file, from, len, at)    ((void)(from), (ssize_t)(len))

#endif
