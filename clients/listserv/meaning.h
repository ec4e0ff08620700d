/* What header fields say: dates and addresses, read by GMime, which forgives much. */
#ifndef SUIVI_LISTSERV_MEANING_H
#define SUIVI_LISTSERV_MEANING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/str.h"

#define MEANING_TEXT_MAX 4096 /* longer dates and addresses are cut before they are read */

struct meaning;

void meaning_new(struct meaning **out);
void meaning_destroy(struct meaning **meaning);

/* The Unix time of a Date field, or of a Received field, which has it behind its last semicolon. False: none that can be
 * read, or outside the years 1970 to 2100. */
bool meaning_date(const struct meaning *meaning, struct str field, int64_t *at);
bool meaning_received(const struct meaning *meaning, struct str field, int64_t *at);

/* The first address of a From field, in lower case, also where an archive wrote "name at host" in whatever language.
 * Empty: there is none. Borrowed until the next call. */
struct str meaning_address(struct meaning *meaning, struct str field);

#endif
