/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef SUIVI_PROTO_UTF8_H
#define SUIVI_PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/fault.h"
#include "proto/str.h"

bool utf8_valid(struct str text);

/* Bytes of the character that `text` begins with; 0 when it begins with none (or is empty). */
size_t utf8_step(struct str text);

/* Whether the character that `text` begins with is a control character: U+0000-1F, U+007F-9F. */
bool utf8_is_control(struct str text);

/* What people write: no control characters, but for line ends and tabs where there may be several lines. -EINVAL with
 * `why`, which calls it by that name. */
int utf8_check_text(const char *name, struct str text, bool lines, struct fault *why);

#endif
