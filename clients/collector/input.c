#include "clients/collector/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/collector/unpack.h"
#include "proto/check.h"

#define INPUT_MAGIC 0x494e5054
#define BUFFER_SIZE (128 << 10)

struct input {
    unsigned magic;
    char *path;
    int fd;
    bool owns_fd, regular, seekable;
    dev_t dev;
    ino_t ino;
    enum packing packing;

    uint8_t *buffer; /* bytes of the file not given out or unpacked yet: buffer[start .. start + held) */
    size_t start, held;
    uint64_t taken;  /* bytes read from the file, those held among them */
    bool file_ended; /* of a packed file: read to its end */

    struct unpack *unpack;
    bool between_members;
    int failure; /* what every further read says */
    struct fault why;
};

static int say_errno(const struct input *input, const char *what, int error, struct fault *why) {
    return fault_set(why, -error, "%s: cannot be %s: %s", input->path, what, strerror(error));
}

/* read(2), however often it is interrupted, and waiting for a pipe that somebody made non-blocking. */
static int read_some(struct input *input, void *buffer, size_t size, size_t *got, struct fault *why) {
    for (;;) {
        ssize_t n = read(input->fd, buffer, size);
        if (n >= 0) {
            *got = (size_t)n;
            input->taken += *got;
            return 0;
        }
        if (errno == EAGAIN) {
            struct pollfd wait = {.fd = input->fd, .events = POLLIN};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            say_errno(input, "read", errno, why);
            return -EIO;
        }
    }
}

/* Holds at least `wanted` bytes, unless the file ends before. */
static int hold(struct input *input, size_t wanted, struct fault *why) {
    if (input->held >= wanted)
        return 0;
    memmove(input->buffer, input->buffer + input->start, input->held);
    input->start = 0;
    while (input->held < wanted && !input->file_ended) {
        size_t got;
        int error = read_some(input, input->buffer + input->held, BUFFER_SIZE - input->held, &got, why);
        if (error)
            return error;
        input->held += got;
        input->file_ended = got == 0;
    }
    return 0;
}

/* The first bytes tell the packing. They are looked at in place where the file allows it, so that a plain
 * file, which may grow, is read straight into the caller's memory. */
static int find_packing(struct input *input, struct fault *why) {
    uint8_t first[PACKING_MAGIC_MAX];
    ssize_t got = input->seekable ? pread(input->fd, first, sizeof(first), 0) : -1;
    if (got >= 0) {
        input->packing = packing_of(first, (size_t)got);
    } else {
        input->seekable = false;
        input->buffer = mem_zeroed(BUFFER_SIZE, 1);
        int error = hold(input, PACKING_MAGIC_MAX, why);
        if (error)
            return error;
        input->packing = packing_of(input->buffer, input->held);
    }
    if (input->packing == PACKING_NONE)
        return 0;
    input->seekable = false;
    if (input->buffer == NULL)
        input->buffer = mem_zeroed(BUFFER_SIZE, 1);
    unpack_new(&input->unpack, input->packing);
    return 0;
}

static int open_file(struct input *input, struct fault *why) {
    bool standard = strcmp(input->path, "-") == 0;
    input->owns_fd = !standard;
    input->fd = standard ? STDIN_FILENO : open(input->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat stat;
    if (input->fd < 0 || fstat(input->fd, &stat) != 0)
        return say_errno(input, "opened", errno, why);
    if (S_ISDIR(stat.st_mode))
        return fault_set(why, -EISDIR, "%s: is a directory; name the files in it", input->path);
    input->dev = stat.st_dev;
    input->ino = stat.st_ino;
    input->regular = S_ISREG(stat.st_mode);
    /* A redirected standard input may have been read by somebody else before us: then it is only a stream. */
    input->seekable = input->regular && lseek(input->fd, 0, SEEK_CUR) == 0;
    if (input->regular)
        posix_fadvise(input->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return find_packing(input, why);
}

int input_open(struct input **out, const char *path, struct fault *why) {
    struct input *input = mem_zeroed(1, sizeof(*input));
    input->magic = INPUT_MAGIC;
    input->fd = -1;
    input->path = mem_string(path, strlen(path));
    int error = open_file(input, why);
    if (error) {
        input_close(&input);
        return error;
    }
    *out = input;
    return 0;
}

void input_close(struct input **input) {
    if (*input == NULL)
        return;
    OBJ_CHECK(*input, INPUT_MAGIC);
    struct input *self = *input;
    unpack_destroy(&self->unpack);
    if (self->owns_fd && self->fd >= 0)
        close(self->fd);
    free(self->buffer);
    free(self->path);
    self->magic = 0;
    free(self);
    *input = NULL;
}

const char *input_path(const struct input *input) {
    OBJ_CHECK(input, INPUT_MAGIC);
    return input->path;
}

bool input_packed(const struct input *input) {
    OBJ_CHECK(input, INPUT_MAGIC);
    return input->packing != PACKING_NONE;
}

bool input_seekable(const struct input *input) {
    OBJ_CHECK(input, INPUT_MAGIC);
    return input->seekable;
}

uint64_t input_size(const struct input *input) {
    OBJ_CHECK(input, INPUT_MAGIC);
    struct stat stat;
    if (!input->regular || fstat(input->fd, &stat) != 0 || stat.st_size < 0)
        return 0;
    return (uint64_t)stat.st_size;
}

uint64_t input_consumed(const struct input *input) {
    OBJ_CHECK(input, INPUT_MAGIC);
    return input->taken - input->held;
}

dev_t input_dev(const struct input *input) {
    OBJ_CHECK(input, INPUT_MAGIC);
    return input->dev;
}

ino_t input_ino(const struct input *input) {
    OBJ_CHECK(input, INPUT_MAGIC);
    return input->ino;
}

static ssize_t read_plain(struct input *input, void *buffer, size_t size, struct fault *why) {
    if (input->held > 0) {
        size_t n = input->held < size ? input->held : size;
        memcpy(buffer, input->buffer + input->start, n);
        input->start += n;
        input->held -= n;
        return (ssize_t)n;
    }
    size_t got;
    int error = read_some(input, buffer, size, &got, why);
    return error ? error : (ssize_t)got;
}

/* After a complete member: zeros are padding (tapes, preallocated files), the same packing again is the next
 * member. */
static int next_member(struct input *input, bool *end, struct fault *why) {
    int error;
    *end = false;
    while ((error = hold(input, 1, why)) == 0 && input->held > 0 && input->buffer[input->start] == 0) {
        input->start++;
        input->held--;
    }
    if (error == 0)
        error = hold(input, PACKING_MAGIC_MAX, why);
    if (error)
        return error;
    if (input->held == 0) {
        *end = true;
        return 0;
    }
    if (packing_of(input->buffer + input->start, input->held) != input->packing)
        return fault_set(why, -EBADMSG,
                         "%s: after byte %" PRIu64
                         " comes junk, no more %s data; all that stands before it was read",
                         input->path, input_consumed(input), packing_name(input->packing));
    input->between_members = false;
    unpack_restart(input->unpack);
    return 0;
}

/* One step of unpacking into `buffer`; `got` may be 0 though it is not the end. */
static int unpack_some(struct input *input, void *buffer, size_t size, size_t *got, struct fault *why) {
    int error = hold(input, 1, why);
    if (error)
        return error;
    struct unpack_io io = {input->buffer + input->start, input->held, buffer, size};
    bool member_ended = false;
    error = unpack_step(input->unpack, &io, &member_ended);
    size_t used = input->held - io.in_len;
    input->start += used;
    input->held -= used;
    *got = size - io.out_len;
    input->between_members = member_ended;
    if (error)
        return fault_set(
            why, error,
            "%s: the %s data is damaged after byte %" PRIu64 " (%s); what stands before it was read",
            input->path, packing_name(input->packing), input_consumed(input), unpack_reason(input->unpack));
    if (*got == 0 && used == 0 && input->held == 0 && !member_ended)
        return fault_set(why, -EBADMSG,
                         "%s: the %s data is cut off at byte %" PRIu64
                         "; what stands before it was read, copy the file again",
                         input->path, packing_name(input->packing), input_consumed(input));
    return 0;
}

/* A fault that comes with the last good bytes waits for the next call. */
static ssize_t read_packed(struct input *input, void *buffer, size_t size, struct fault *why) {
    size_t got = 0;
    while (got == 0 && !input->failure) {
        bool end = false;
        if (input->between_members)
            input->failure = next_member(input, &end, &input->why);
        if (end)
            return 0;
        if (!input->failure)
            input->failure = unpack_some(input, buffer, size, &got, &input->why);
    }
    if (got > 0)
        return (ssize_t)got;
    return fault_set(why, input->failure, "%s", input->why.text);
}

ssize_t input_read(struct input *input, void *buffer, size_t size, struct fault *why) {
    OBJ_CHECK(input, INPUT_MAGIC);
    ASSERT(size > 0 && size <= SSIZE_MAX);
    return input->packing == PACKING_NONE ? read_plain(input, buffer, size, why)
                                          : read_packed(input, buffer, size, why);
}

int input_seek(struct input *input, uint64_t offset, struct fault *why) {
    OBJ_CHECK(input, INPUT_MAGIC);
    ASSERT(input->seekable);
    if (offset > INT64_MAX)
        return fault_set(why, -EINVAL, "%s: there is no byte %" PRIu64, input->path, offset);
    if (lseek(input->fd, (off_t)offset, SEEK_SET) < 0)
        return say_errno(input, "read from its middle", errno, why);
    input->taken = offset;
    return 0;
}
