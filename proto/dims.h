/* Dimensions: the breakdown of one series, as (name, value) pairs sorted by name, no name twice. */
#ifndef SUIVI_PROTO_DIMS_H
#define SUIVI_PROTO_DIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/fault.h"
#include "proto/str.h"

#define DIMS_MAX         8   /* pairs in one series */
#define DIM_NAME_MAX     32  /* bytes: a-z, 0-9, '_', '-', starting with a letter */
#define DIM_VALUE_MAX    128 /* bytes of UTF-8, none of them a control character; at least one */
#define INDICATOR_ID_MAX 64  /* bytes: words of a-z, 0-9, '_', '-' joined by dots */

struct dim {
    struct str name, value;
};

struct dims {
    size_t count;
    struct dim dim[DIMS_MAX]; /* borrowed text */
};

/* Adds a pair, keeping the order. -E2BIG (too many), -EINVAL (bad name or value), -EEXIST (name twice). */
int dims_add(struct dims *dims, struct str name, struct str value, struct fault *why);

/* The value of `name`, or an empty view. */
struct str dims_get(const struct dims *dims, struct str name);

/* Same pairs. */
bool dims_equal(const struct dims *a, const struct dims *b);

/* Checks of one name or text; 0 or -EINVAL with `why`. */
int dims_check_name(struct str name, struct fault *why);
int dims_check_value(struct str value, struct fault *why);
int dims_check_indicator(struct str id, struct fault *why);

/* One canonical text of a series, "id\0name\0value\0...": equal for equal series, and a key for maps and
 * tables. Returns its length; `out` holds SERIES_KEY_MAX bytes. */
#define SERIES_KEY_MAX (INDICATOR_ID_MAX + 1 + DIMS_MAX * (DIM_NAME_MAX + DIM_VALUE_MAX + 2))
size_t dims_series_key(struct str indicator, const struct dims *dims, char out[static SERIES_KEY_MAX]);

/* Reads such a key back; views point into `key`. -EINVAL when it is not one. */
int dims_series_parse(struct str key, struct str *indicator, struct dims *dims);

#endif
