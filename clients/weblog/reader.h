/* Reads one log from its position on, counts its lines, and saves the new position with the counts. */
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
    enum line_format format; /* LINE_AUTO: as the log's position says, or by looking */
    bool stays;              /* --follow: commit is left to the caller, last lines are waited for */
    uint64_t bytes;          /* read since the last commit */
    int64_t committed_ms;
    void (*progress)(void *arg, uint64_t consumed); /* may be NULL; of the present log's bytes on disk */
    void *progress_arg;
};

/* Commits what was counted so far if it is time (or, with `now`, in any case), and lets libsuivi send without
 * waiting. */
int reading_commit(struct reading *reading, bool now, struct fault *why);

struct reader;

struct reader_report {
    uint64_t lines;           /* new ones */
    uint64_t malformed;       /* of these */
    uint64_t first_malformed; /* line number of the first of these; 0: none */
};

/* `path`: absolute, or "-". `only`: when not 0, the log must go on from that position; -ENOENT when it does
 * not. */
int reader_open(struct reader **out, struct reading *reading, const char *path, uint64_t only,
                struct fault *why);
void reader_close(struct reader **reader);

/* Counts to the end of what is there. -EBADMSG, -EIO: the log is damaged there, what came before was counted.
 */
int reader_read(struct reader *reader, struct fault *why);

/* The log is at its end for good (one-shot run, or rotated away): judges a last line without a line end.
 * -EINVAL: nothing in it is a line of a log, nothing was counted. */
int reader_finish(struct reader *reader, struct fault *why);

/* Puts the position; saved with the next commit. Nothing when it did not move. */
int reader_save(struct reader *reader, struct fault *why);

uint64_t reader_position(const struct reader *reader); /* id of the position it goes on from; 0: none */
uint64_t reader_offset(const struct reader *reader);   /* of the bytes read so far, for a plain file */
bool reader_is_at(const struct reader *reader, uint64_t dev, uint64_t ino);
bool reader_packed(const struct reader *reader);
struct reader_report reader_report(const struct reader *reader);

#endif
