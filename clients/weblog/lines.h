/* Complete lines out of a stream of bytes. Lines are given out where they lie in the buffer; its size is
 * bounded by LINES_LONGEST however the stream looks.
 *
 * A byte is passed once its line was given out: the position to save is always lines_offset. A line that is
 * longer than LINES_LONGEST, or that was taken before its end came (lines_take_rest), is passed as far as it
 * goes; the bytes up to its end are then skipped when they come, and lines_inside says so meanwhile. */
#ifndef SUIVI_WEBLOG_LINES_H
#define SUIVI_WEBLOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/fault.h"
#include "proto/str.h"

#define LINES_LONGEST (8u << 20)

struct lines_source {
    void *arg;
    ssize_t (*read)(void *arg, void *buffer, size_t size, struct fault *why); /* as input_read */
    void (*passed)(void *arg, const void *bytes, size_t len);                 /* every byte, in order, once */
};

enum lines_found {
    LINES_END,      /* for now: what follows the last line end, if anything, is lines_rest */
    LINES_LINE,     /* without its line end (LF or CR LF) */
    LINES_TOO_LONG, /* over LINES_LONGEST: no text */
};

struct lines;

/* The stream's first byte is number `offset` of the file. `inside`: it belongs to a line that was taken
 * already. */
void lines_new(struct lines **out, const struct lines_source *source, uint64_t offset, bool inside);
void lines_destroy(struct lines **lines);

/* The next line; `text` is borrowed until the next call. After LINES_END it may be called again when the file
 * has grown. A negative errno is what `read` returned; what came before it was given out. */
int lines_next(struct lines *lines, enum lines_found *found, struct str *text, struct fault *why);

/* What came after the last line end (without CR at its end), at LINES_END; empty when there is nothing.
 * `raw_len`: its bytes. */
struct str lines_rest(const struct lines *lines, size_t *raw_len);
void lines_take_rest(struct lines *lines); /* as if its line end had come */

/* Tells `passed` about every byte given out so far, and returns the offset after them. */
uint64_t lines_offset(struct lines *lines);
bool lines_inside(const struct lines *lines);

#endif
