/* How far each known log of a site was counted. A log is known by its content, not by its name: see digest.h.
 */
#ifndef SUIVI_WEBLOG_POSITION_H
#define SUIVI_WEBLOG_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/weblog/digest.h"
#include "clients/weblog/line.h"
#include "clients/weblog/records.h"

#define POSITION_MARKS    8
#define POSITION_PATH_MAX 4096
#define POSITIONS_MAX     16384 /* logs of one site; the one not seen for longest goes first */

/* What became of a last line without a line end. */
enum tail {
    TAIL_NONE,     /* there was none */
    TAIL_COUNTED,  /* counted: what comes up to its line end belongs to it and is skipped */
    TAIL_DOUBTFUL, /* taken for malformed, and not passed: when more comes, that is taken back and the line
                      read anew */
};

struct mark {
    uint64_t offset; /* of the unpacked bytes; everything before it is counted */
    struct digest_value digest;
    enum tail tail;
    uint64_t tail_len; /* DOUBTFUL: its bytes, and the day it was counted on */
    int32_t tail_day;
};

struct position {
    uint64_t id;
    struct mark
        mark[POSITION_MARKS]; /* newest first: then where runs before ended, to know an older copy again */
    size_t marks;             /* at least one */
    struct digest_value chain, head; /* of mark[0] */
    uint64_t dev, ino;               /* where it was seen last */
    const char *path;                /* absolute; "-" for standard input */
    bool packed;
    enum line_format format;
    int32_t last_day; /* of the last line that parsed */
    uint64_t lines;   /* up to mark[0] */
    int64_t used;     /* microseconds of the calendar */
};

struct positions;

/* Borrows `records`, copies `site`. Draws the seed of the digests when there is none yet. */
int positions_load(struct positions **out, const struct records *records, struct str site, struct fault *why);
void positions_destroy(struct positions **positions);

uint64_t positions_seed(const struct positions *positions);

/* The position of that id, or NULL; and the one last used for the log at that path, or NULL. */
const struct position *positions_find(const struct positions *positions, uint64_t id);
const struct position *positions_by_path(const struct positions *positions, const char *path);

/* Those of a file as it was seen last, of a log whose head is that, or with a mark just there (offset up to
 * DIGEST_HEAD), oldest first; begin with {0}. A few others may come with them. NULL: no more. Borrowed until the next
 * put. */
struct positions_cursor {
    size_t past;
};

const struct position *positions_of_file(const struct positions *positions, uint64_t dev, uint64_t ino,
                                         struct positions_cursor *cursor);
const struct position *positions_of_head(const struct positions *positions, const struct digest_value *head,
                                         struct positions_cursor *cursor);
const struct position *positions_of_mark(const struct positions *positions, uint64_t offset,
                                         const struct digest_value *digest, struct positions_cursor *cursor);

/* The first offset after that one, and up to DIGEST_HEAD, where any mark lies; UINT64_MAX: none. And whether any lies
 * behind DIGEST_HEAD. */
uint64_t positions_next_offset(const struct positions *positions, uint64_t after);
bool positions_beyond_head(const struct positions *positions);

/* Stores it under its id, a new one when that is 0; `position->id` is set. Saved with the next commit. */
int positions_put(struct positions *positions, struct position *position, struct fault *why);

/* The record's bytes; -EINVAL: not one of ours. `path` is borrowed from `bytes` with a length (it has no
 * terminator). */
struct wire_writer;
void position_write(struct wire_writer *writer, const struct position *position);
int position_read(struct str bytes, struct position *position, struct str *path);

#endif
