/* Settings of suivi-statsd (docs/statsd.md): where it listens, and which metric becomes which indicator. A loaded file never
 * changes; all of it is borrowed from it. */
#ifndef SUIVI_CONFIG_STATSD_H
#define SUIVI_CONFIG_STATSD_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/dims.h"
#include "proto/fault.h"

#define STATSD_LISTEN_MAX  16
#define STATSD_RULES_MAX   4096
#define STATSD_PARTS_MAX   16 /* stars in one pattern */
#define STATSD_PATTERN_MAX 256
#define STATSD_SECONDS_MAX 3600

enum statsd_type { STATSD_COUNTER, STATSD_GAUGE, STATSD_SET };
const char *statsd_type_name(enum statsd_type type); /* "counter" */

/* Where a dimension's value comes from. */
enum statsd_from {
    STATSD_FIXED, /* the text */
    STATSD_STAR,  /* what the star of that number stands for, from 0 */
    STATSD_TAG,   /* the tag of that name */
};

struct statsd_dim {
    const char *name, *text;
    enum statsd_from from;
    size_t star;
};

/* A star in a pattern stands for one part of a name, between dots. */
struct statsd_rule {
    const char *pattern, *indicator;
    enum statsd_type type;
    struct statsd_dim dim[DIMS_MAX];
    size_t dim_count;
};

struct statsd_settings {
    unsigned magic;
    const char *const *listen; /* "udp://127.0.0.1:8125" */
    size_t listen_count;
    int seconds; /* from one commit to the next */
    struct statsd_rule *rules;
    size_t rule_count;
    const char *const *ignored; /* patterns of names that are meant for others */
    size_t ignored_count;
    struct statsd_content *content;
};

/* -EINVAL with `why`, which names file, line and mend; or the errno of a file that cannot be read. */
int statsd_settings_load(struct statsd_settings **out, const char *path, struct fault *why);
void statsd_settings_destroy(struct statsd_settings **settings);

/* Is it "udp://HOST:PORT" or "tcp://HOST:PORT"? -EINVAL */
int statsd_check_listen(const char *address, struct fault *why);

/* The first rule whose pattern is like `name`, and what its stars stand for there; NULL: there is none. */
const struct statsd_rule *statsd_rule_of(const struct statsd_settings *settings, struct str name,
                                         struct str star[static STATSD_PARTS_MAX]);
bool statsd_ignores(const struct statsd_settings *settings, struct str name);

#endif
