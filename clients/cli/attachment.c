#include "clients/cli/attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/str.h"
#include "proto/utf8.h"

#define PIECE (64u << 10)
_Static_assert(crypto_hash_sha256_BYTES == ENTRY_SHA256, "SHA-256");

static int cannot(const char *path, struct fault *why) {
    int code = errno;
    return fault_set(why, -code, "%s: cannot be read: %s", path, strerror(code));
}

static int take_name(struct attachment *out, const char *path, struct fault *why) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (strlen(name) > ENTRY_FILE_MAX || !utf8_valid(str_of(name)))
        return fault_set(why, -EINVAL, "%s: the file's name must be UTF-8 of at most %d bytes: rename it",
                         path, ENTRY_FILE_MAX);
    strcpy(out->name, name);
    return 0;
}

static int digest(int file, const char *path, unsigned char out[static ENTRY_SHA256], struct fault *why) {
    crypto_hash_sha256_state state;
    unsigned char piece[PIECE];
    ssize_t got;
    crypto_hash_sha256_init(&state);
    while ((got = read(file, piece, sizeof piece)) > 0)
        crypto_hash_sha256_update(&state, piece, (unsigned long long)got);
    if (got < 0)
        return cannot(path, why);
    crypto_hash_sha256_final(&state, out);
    return 0;
}

int attachment_read(struct attachment *out, const char *path, struct fault *why) {
    struct attachment read_in = {0};
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */
    if (file < 0)
        return cannot(path, why);
    int rc = 0;
    if (fstat(file, &about) != 0)
        rc = cannot(path, why);
    else if (!S_ISREG(about.st_mode))
        rc = fault_set(why, -EINVAL, "%s: this is no plain file: name the file that documents it", path);
    else
        rc = take_name(&read_in, path, why);
    if (rc == 0)
        rc = digest(file, path, read_in.sha256, why);
    close(file);
    if (rc == 0)
        *out = read_in;
    return rc;
}
