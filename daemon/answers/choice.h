/* Which indicators are meant: ids, codes in the plan, or globs of either with * and ?. */
#ifndef SUIVI_DAEMON_ANSWERS_CHOICE_H
#define SUIVI_DAEMON_ANSWERS_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/framework.h"
#include "daemon/books/catalogue.h"
#include "proto/dims.h"

/* `text` has at most CHOICE_TEXT_MAX bytes, `pattern` any number. */
#define CHOICE_TEXT_MAX 128
bool choice_is_glob(struct str pattern);
bool choice_matches(struct str pattern, struct str text);

/* Whether it is meant by one of the patterns; no pattern: all are. Those that mean it are set in `found`. */
bool choice_means(const struct str *pattern, uint32_t pattern_count, struct str id, struct str code,
                  bool *found);

/* Indexes of the indicators, in the framework's order; `chosen` has room for all that it has. Which of the patterns mean any
 * goes into `found`. -EINVAL: one of them is too long. */
int choice_find(const struct framework *framework, const struct str *pattern, uint32_t pattern_count,
                size_t *chosen, size_t *count, bool *found, struct fault *why);

/* The same. -EINVAL with `why` for the one who asks: one matches none. choice_missing says that of a pattern. */
int choice_indicators(const struct framework *framework, const struct str *pattern, uint32_t pattern_count,
                      size_t *chosen, size_t *count, struct fault *why);
int choice_missing(struct str pattern, struct fault *why);
void choice_sort(const struct framework *framework, size_t *chosen, size_t count); /* by id */

/* -EINVAL with `why` for the one who asks: that dimension of these indicators is a closed list, of which this is none; nor
 * is anything known of it. An indicator without the dimension has no say. */
int choice_check_value(const struct framework *framework, struct catalogue *catalogue, const size_t *chosen,
                       size_t count, const struct dim *wanted, struct fault *why);

#endif
