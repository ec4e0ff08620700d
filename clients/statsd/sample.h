/* One line of the statsd protocol, as clients of Etsy's statsd and its successors send it:
 *
 *     NAME:VALUE|c   |@RATE |#TAGS    counter: added, divided by the rate at which the client sampled
 *     NAME:VALUE|g          |#TAGS    gauge: the value from now on; with a sign, a change to it
 *     NAME:TEXT|s           |#TAGS    set: how many different texts
 *     NAME:VALUE|ms, h, d ...         how long or large something was: read, and of no use here
 *
 * Fields may come in any order after the type. Of those that Datadog's clients add, T (a Unix time) is taken, and c: (a container) and e:
 * (an external name) passed over. */
#ifndef SUIVI_STATSD_SAMPLE_H
#define SUIVI_STATSD_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/str.h"

#define SAMPLE_BYTES_MAX 8192 /* of a line */
#define SAMPLE_NAME_MAX  512
#define SAMPLE_TEXT_MAX  1024 /* of a set's member */

enum sample_type {
    SAMPLE_COUNTER,
    SAMPLE_GAUGE,
    SAMPLE_SET,
    SAMPLE_TIMER, /* and histograms, distributions, meters, key-value pairs */
};

struct sample {
    struct str name; /* views into the line */
    enum sample_type type;
    double value;    /* of a counter divided by its rate */
    bool relative;   /* a gauge's change */
    struct str text; /* of a set */
    struct str tags; /* "region:africa,beta", or empty */
    bool has_at;
    int64_t at; /* Unix time */
};

/* `line` has no line end. False: it is no such line. */
bool sample_read(struct sample *out, struct str line);

/* The value of the tag `name` of these tags, which may be empty; false: there is none. */
bool sample_tag(struct str tags, struct str name, struct str *value);

#endif
