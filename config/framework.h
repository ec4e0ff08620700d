/* The framework: the plan as data. Indicators with their kind, frequency, dimensions and labels, read from
 * YAML.
 *
 * A loaded framework never changes; indicators are known by their index in it. All views borrow from it. */
#ifndef SUIVI_CONFIG_FRAMEWORK_H
#define SUIVI_CONFIG_FRAMEWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/dims.h"
#include "proto/fault.h"
#include "proto/kind.h"
#include "proto/period.h"

#define FRAMEWORK_LABEL_MAX 256 /* bytes */

struct framework;

/* -ENOENT and the like when the file cannot be read, -EINVAL when it is not a framework; `why` names file,
 * line and mend. */
int framework_load(struct framework **out, const char *path, struct fault *why);
void framework_destroy(struct framework **framework);

struct str framework_name(const struct framework *framework);
const struct period *framework_plan(const struct framework *framework); /* the years it covers */

struct framework_indicator {
    struct str id, code; /* "web.downloads", "1.2.6" (code may be empty) */
    enum kind kind;
    enum period_type frequency; /* how often the plan wants it */
    /* Distinct kinds: the longest period over which members can be told apart; a longer period is the sum of
     * these. */
    enum period_type window;
    size_t dim_count;
};

size_t framework_indicator_count(const struct framework *framework);
const struct framework_indicator *framework_indicator_at(const struct framework *framework, size_t index);

/* Index of the indicator, or -ENOENT. */
int framework_find(const struct framework *framework, struct str id);

/* The label in that language, else in English, else the id. */
struct str framework_label(const struct framework *framework, size_t index, struct str language);

/* Name of an indicator's dimension, `dim` < dim_count. */
struct str framework_dim_name(const struct framework *framework, size_t index, size_t dim);

/* May this indicator be broken down so? Every dimension it declares is there, no other, and each value is in
 * its closed list where it has one. 0, or -EINVAL with `why` for the sender ("web.downloads has no dimension
 * \"region\"..."). */
int framework_check(const struct framework *framework, size_t index, const struct dims *dims,
                    struct fault *why);

#endif
