/* What came in since the last commit: one slot for each metric (name and tags), type and day, into which its samples are added up.
 * Filled by one thread and emptied by another, never at once (receiver.h). */
#ifndef SUIVI_STATSD_WINDOW_H
#define SUIVI_STATSD_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "clients/statsd/sample.h"
#include "config/statsd.h"
#include "proto/fault.h"

#define WINDOW_METRICS_MAX (1u << 16)
#define WINDOW_HASHES_MAX  (4u << 20) /* of sets */

/* What became of a line. Every line is one of these: read = the sum of all. */
enum verdict {
    VERDICT_COUNTED,
    VERDICT_IGNORED,   /* the settings say that it is for others */
    VERDICT_UNMATCHED, /* no rule for this metric */
    VERDICT_TIMER,     /* durations are of no use here */
    VERDICT_TYPE,      /* the rule is for another type */
    VERDICT_DIMENSION, /* a tag is missing, or what a star or tag stands for cannot be a dimension's value */
    VERDICT_MALFORMED,
    VERDICT_NUMBER, /* too large, or its time lies outside the calendar */
    VERDICT_CROWD,  /* more different metrics than WINDOW_METRICS_MAX */
    VERDICTS
};

struct window_slot {
    const struct statsd_rule *rule; /* NULL: none of it counts */
    enum verdict verdict;
    int32_t day;
    struct suivi_dim dims[DIMS_MAX];
    size_t dim_count;
    struct str metric; /* name and tags; owned */
    double number;     /* of a counter the sum; of a gauge the value, or the change */
    bool relative;     /* of a gauge: nothing but changes came */
    int64_t at;        /* of the last sample */
    uint64_t *hashes;  /* of a set, some of them perhaps several times */
    size_t hash_count, hash_room;
    char *texts; /* of dims; owned */
};

/* Turns a set's member into a number that means nothing without a key. */
struct window_hasher {
    void *arg;
    int (*hash)(void *arg, int32_t day, struct str data, uint64_t *out, struct fault *why);
};

struct window;

void window_new(struct window **out, const struct statsd_settings *settings,
                const struct window_hasher *hasher);
void window_destroy(struct window **window);

/* Takes a line that came at `now` (Unix time). 0, or what the hasher returned. */
int window_take(struct window *window, struct str line, int64_t now, struct fault *why);

bool window_full(const struct window *window); /* empty it before more is taken */

size_t window_count(const struct window *window);
struct window_slot *window_at(struct window *window, size_t index);

struct window_sums {
    uint64_t lines[VERDICTS];
    char example[VERDICTS][80]; /* the first one's metric, or what there was of it */
};

const struct window_sums *window_sums(const struct window *window);
void window_clear(struct window *window);

#endif
