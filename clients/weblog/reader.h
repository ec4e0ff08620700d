/* Reads one log from its position on, counts its lines, and saves the new position with the counts.
 *
 * What fails is either the log's own (it is not there, damaged, not a log): then the others can still be
 * read, and what was counted of it stands. Or it is not (the state, the keys, the disk): then the run cannot
 * go on, and what was not committed must not be. The functions below return the second and tell the first
 * apart from it. */
#ifndef SUIVI_WEBLOG_READER_H
#define SUIVI_WEBLOG_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "clients/weblog/counter.h"
#include "clients/weblog/line.h"
#include "clients/weblog/position.h"

/* What all logs of a run share. */
struct reading {
    struct suivi *suivi;
    struct counter *counter;
    struct positions *positions;
    const char *state;       /* the directory, for sentences */
    enum line_format format; /* LINE_AUTO: as the log's position says, or by looking */
    bool stays; /* --follow: commit is left to the caller, but when it is much; last lines are waited for */
    uint64_t bytes; /* read since the last commit */
    int64_t committed_ms;
    void (*progress)(void *arg, uint64_t consumed); /* may be NULL; of the present log's bytes on disk */
    void *progress_arg;
};

/* Commits what was counted so far; who does not stay lets libsuivi send without waiting. -ENOSPC: as
 * counter_commit. */
int reading_commit(struct reading *reading, struct fault *why);

struct reader;

struct reader_report {
    bool heard;               /* a line of it parsed, now or before: else nothing of it is counted */
    uint64_t lines;           /* new ones */
    uint64_t malformed;       /* of these */
    uint64_t first_malformed; /* line number of the first of these; 0: none */
};

/* What is wrong with a log itself. */
struct reader_fault {
    int rc; /* 0: nothing */
    struct fault why;
};

/* `path`: absolute, or "-". `only`: when not 0, the log must go on from that position; wrong->rc is -ENOENT
 * when it does not. *out is set when nothing is wrong. */
int reader_open(struct reader **out, struct reading *reading, const char *path, uint64_t only,
                struct reader_fault *wrong, struct fault *why);
void reader_close(struct reader **reader);

/* Counts to the end of what is there, or to where the log is damaged, and puts the position: whatever is
 * committed next has both. */
int reader_read(struct reader *reader, struct reader_fault *wrong, struct fault *why);

/* The log is at its end for good (one-shot run, or rotated away): judges a last line without a line end, and
 * puts the position. wrong->rc is -EINVAL: nothing in it is a line of a log, nothing was counted. */
int reader_finish(struct reader *reader, struct reader_fault *wrong, struct fault *why);

/* The file does not hold any more what was read from it: it was cut short, and perhaps written anew. Reads
 * the last block again. A packed log never is. */
bool reader_replaced(struct reader *reader);

uint64_t reader_position(const struct reader *reader); /* id of the position it goes on from; 0: none */
uint64_t reader_offset(const struct reader *reader);   /* of the bytes read so far, for a plain file */
bool reader_is_at(const struct reader *reader, uint64_t dev, uint64_t ino);
struct reader_report reader_report(const struct reader *reader);

#endif
