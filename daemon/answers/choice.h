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

/* Indexes of the indicators, in the framework's order; `chosen` has room for all that it has. No pattern: all of them.
 * -EINVAL with `why` for the one who asks: one matches none. */
int choice_indicators(const struct framework *framework, const struct str *pattern, uint32_t pattern_count,
                      size_t *chosen, size_t *count, struct fault *why);
void choice_sort(const struct framework *framework, size_t *chosen, size_t count); /* by id */

/* -EINVAL with `why` for the one who asks: that dimension of these indicators is a closed list, of which this is none; nor
 * is anything known of it. An indicator without the dimension has no say. */
int choice_check_value(const struct framework *framework, struct catalogue *catalogue, const size_t *chosen,
                       size_t count, const struct dim *wanted, struct fault *why);

#endif
