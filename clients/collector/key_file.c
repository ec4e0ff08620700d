#include "clients/collector/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int key_file_fault(const char *doing, const char *path, struct fault *why) {
    int code = errno;
    return fault_set(why, -code, "cannot %s the key %s: %s", doing, path, strerror(code));
}

int key_file_read(const char *path, const char *lost, unsigned char out[static KEY_FILE_BYTES],
                  struct fault *why) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return errno == ENOENT ? -ENOENT : key_file_fault("open", path, why);
    struct stat about;
    int rc = 0;
    if (fstat(file, &about) != 0)
        rc = key_file_fault("look at", path, why);
    else if (!S_ISREG(about.st_mode) || about.st_size != (off_t)KEY_FILE_BYTES)
        rc = fault_set(why, -EBADMSG,
                       "%s is no key: it must be a file of %u bytes. Put it back from a copy; without it %s",
                       path, KEY_FILE_BYTES, lost);
    else if ((about.st_mode & 077) != 0)
        rc = fault_set(why, -EPERM, "others can read the secret key %s: chmod 600 it", path);
    else if (read(file, out, KEY_FILE_BYTES) != (ssize_t)KEY_FILE_BYTES)
        rc = key_file_fault("read", path, why);
    close(file);
    return rc;
}

int key_file_write(const char *path, const unsigned char bytes[static KEY_FILE_BYTES], struct fault *why) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return key_file_fault("make", path, why);
    errno = ENOSPC; /* what a short write without an error means */
    int rc = write(file, bytes, KEY_FILE_BYTES) != (ssize_t)KEY_FILE_BYTES || fsync(file) != 0
                 ? key_file_fault("write", path, why)
                 : 0;
    close(file);
    return rc;
}
