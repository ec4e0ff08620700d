/* The line that begins a message in an mbox: "From ", an address, a date. The address may be written as list archives do,
 * "name at host" in any language; the date as asctime(3) does, or as in a header. */
#ifndef SUIVI_LISTSERV_SEPARATOR_H
#define SUIVI_LISTSERV_SEPARATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/str.h"

#define SEPARATOR_MAX    4096      /* bytes of such a line, at most */
#define SEPARATOR_NO_DAY INT64_MIN /* it has a date that no calendar has */

/* Whether the line is one; *at is then its Unix time. Without a zone it is UTC. */
bool separator_parse(struct str line, int64_t *at);

#endif
