/* The framework: the plan as data. Indicators with their kind, frequency, calendar, dimensions, targets and texts,
 * read from YAML (docs/framework.md).
 *
 * A loaded framework never changes; indicators are known by their index in it. All views borrow from it. */
#ifndef SUIVI_CONFIG_FRAMEWORK_H
#define SUIVI_CONFIG_FRAMEWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    struct str area;     /* code of the action area or result that it belongs to; may be empty */
    enum kind kind;
    enum period_type frequency; /* how often the plan wants it */
    /* Distinct kinds: the longest period over which members can be told apart; a longer period is the sum of
     * these. */
    enum period_type window;
    size_t dim_count;
    struct str unit, method, method_version; /* may be empty */
    int32_t since; /* the day from which method and definition hold; FRAMEWORK_NO_DAY: not said */
    size_t numerator, denominator; /* ratios: indexes, */
    int64_t factor;                /* what the quotient is multiplied by, */
    unsigned decimals;             /* and the digits after the point that are told */
};

#define FRAMEWORK_NO_DAY          INT32_MIN
#define FRAMEWORK_DECIMALS_MAX    6
#define FRAMEWORK_RATIO_DEPTH_MAX 8 /* ratios of ratios of ratios */

size_t framework_indicator_count(const struct framework *framework);
const struct framework_indicator *framework_indicator_at(const struct framework *framework, size_t index);

/* Of a distinct kind whose members may also be counted one by one, each when it is the first time in a period of some type:
 * the count that holds these for the longest such type up to `longest`. false: there is none. */
bool framework_firsts(const struct framework *framework, size_t index, enum period_type longest,
                      enum period_type *type, size_t *count);

/* Whether the indicator is such a count of another. */
bool framework_is_firsts(const struct framework *framework, size_t index);

/* Index of the indicator, or -ENOENT. framework_find_named takes its code in the plan, too: people know it by that. */
int framework_find(const struct framework *framework, struct str id);
int framework_find_named(const struct framework *framework, struct str name);

/* The label in that language, else in English, else the id. */
struct str framework_label(const struct framework *framework, size_t index, struct str language);

/* The definition in that language, else in English, else the first there is, else empty. */
struct str framework_definition(const struct framework *framework, size_t index, struct str language);

/* All of them, in the order of the file; `text` < what the count says. */
struct framework_text {
    struct str language, text;
};
size_t framework_label_count(const struct framework *framework, size_t index);
struct framework_text framework_label_at(const struct framework *framework, size_t index, size_t text);
size_t framework_definition_count(const struct framework *framework, size_t index);
struct framework_text framework_definition_at(const struct framework *framework, size_t index, size_t text);

struct str framework_title(const struct framework *framework, struct str language); /* else the name */
size_t framework_language_count(const struct framework *framework);

/* Name of an indicator's dimension, `dim` < dim_count, and the values that it may have; none: any. */
struct str framework_dim_name(const struct framework *framework, size_t index, size_t dim);
size_t framework_dim_value_count(const struct framework *framework, size_t index, size_t dim);
struct str framework_dim_value_at(const struct framework *framework, size_t index, size_t dim, size_t value);

/* Who feeds it, in the plan's words: "record", "web log". */
size_t framework_feeder_count(const struct framework *framework, size_t index);
struct str framework_feeder_at(const struct framework *framework, size_t index, size_t feeder);

/* Whether that is people, who record or import a CSV file when there is something to tell. */
bool framework_names_people(struct str feeder);
bool framework_feeder_is_people(const struct framework *framework, size_t index, size_t feeder);
bool framework_is_fed_by_people(const struct framework *framework,
                                size_t index); /* only; false: none is named */

/* The day by which the indicator's figure of that period, which is of its frequency, is due. */
int32_t framework_due(const struct framework *framework, size_t index, const struct period *period);
struct str framework_due_text(const struct framework *framework,
                              size_t index); /* proto/due.h; empty: at its end */

/* What the plan wants for a period; false: it says nothing. A target of 2 a year is 10 for five years of a kind
 * that adds up (count, milestone, evidence, narrative), and 2 of any other. Status: 1, to be in force. Of a ratio
 * both have its decimals: 125 with 1 is 12.5. */
bool framework_target(const struct framework *framework, size_t index, const struct period *period,
                      int64_t *value);
bool framework_baseline(const struct framework *framework, size_t index, struct period *period,
                        int64_t *value);

/* Below it a figure of a breakdown is withheld from outsiders; 0: never. */
int64_t framework_small_number(const struct framework *framework, size_t index);

/* A number that changes whenever kind, window, dimensions, ratio, definition, method or method_version do. */
uint64_t framework_meaning(const struct framework *framework, size_t index);

/* Action areas and results. */
size_t framework_area_count(const struct framework *framework);

/* Sources that are to be heard from regularly. */
struct framework_feed {
    struct str source;      /* name or glob (* and ?), "weblog@*" */
    enum period_type every; /* day, month ... */
};
size_t framework_feed_count(const struct framework *framework);
struct framework_feed framework_feed_at(const struct framework *framework, size_t feed);

/* For who writes a framework: goes on after a fault and calls back with each, as framework_load would say it.
 * Returns how many there are; a negative errno when the file cannot be read at all, which is told, too. */
int framework_check_file(const char *path, void (*found)(void *arg, const char *fault), void *arg);

/* May this indicator be broken down so? Every dimension it declares is there, no other, and each value is in
 * its closed list where it has one. 0, or -EINVAL with `why` for the sender ("web.downloads has no dimension
 * \"region\"..."). */
int framework_check(const struct framework *framework, size_t index, const struct dims *dims,
                    struct fault *why);

/* The same, but dimensions may be left out. */
int framework_check_some(const struct framework *framework, size_t index, const struct dims *dims,
                         struct fault *why);

#endif
