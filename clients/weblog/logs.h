/* The logs of one run, as they are named: in which order to read them, where a rotated one went on, and what
 * to say of each. */
#ifndef SUIVI_WEBLOG_LOGS_H
#define SUIVI_WEBLOG_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/weblog/reader.h"

#define LOGS_PROGRAM "suivi-weblog"

/* The absolute name of a file as given, without looking whether it is there ("-" stays); caller frees. */
char *logs_absolute(const char *path);

/* Sorts paths by the time of the first line that parses; those without one come last but for "-". */
void logs_sort(char **paths, size_t count, enum line_format format);

struct logs_total {
    uint64_t lines, malformed;
    bool failed; /* something was said that makes the run a failure */
};

/* Reads one log to its end, first what is left of it in a rotated file beside it. What is wrong with the log
 * is said on stderr and noted in `total`; returned is only what is not its own (see reader.h). */
int logs_read(struct reading *reading, const char *path, struct logs_total *total, struct fault *why);

/* The log at `path` is not any more what was read there (`id`: the position of that; 0 is fine): reads the
 * rest of it where it was moved or copied to, PATH.* or PATH-*, if one of these goes on from there. */
int logs_catch_up(struct reading *reading, const char *path, uint64_t id, struct logs_total *total,
                  struct fault *why);

/* The same for a log that is open already, which stays open. */
int logs_read_through(struct reader *reader, const char *path, struct logs_total *total, struct fault *why);

/* Says so when a key whose time is over is kept for a collector that has not run for a week, or for a site of this state that is
 * months behind. */
bool logs_say_held_key(const struct counter *counter);

/* Adds a log's report, and says so when some lines were malformed. */
void logs_add_report(struct logs_total *total, const char *path, const struct reader *reader);

#endif
