/* A file as a stream of bytes, whatever it is packed in: plain, gzip, zstd or xz, told by its first bytes and
 * not by its name. Several members in one file are one stream. Memory is bounded however well the file is
 * packed. */
#ifndef SUIVI_COLLECTOR_INPUT_H
#define SUIVI_COLLECTOR_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/fault.h"

struct input;

/* "-" is standard input: a stream, unless it is redirected from a file that nobody has read from. -ENOENT,
 * -EACCES, -EISDIR ... with `why`. */
int input_open(struct input **out, const char *path, struct fault *why);
void input_close(struct input **input);

const char *input_path(const struct input *input);
bool input_packed(const struct input *input);   /* then it is finished: it does not grow */
bool input_seekable(const struct input *input); /* a plain regular file: input_seek works */
/* Bytes of the file itself as it stands now, 0 when not known. */
uint64_t input_size(const struct input *input);
uint64_t input_consumed(const struct input *input); /* of these bytes, for a progress bar */
dev_t input_dev(const struct input *input);
ino_t input_ino(const struct input *input);

/* Up to `size` bytes of the unpacked stream. >0: how many; 0: the end (of a plain file: for now); negative
 * with `why`: -EIO read error, -EBADMSG damaged or cut-off packing. Bytes before the damage are given out
 * first. */
ssize_t input_read(struct input *input, void *buffer, size_t size, struct fault *why);

/* Goes to that byte of a seekable input. */
int input_seek(struct input *input, uint64_t offset, struct fault *why);

#endif
