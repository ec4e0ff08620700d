/* Page views on their way to the visitors, a few lines behind the log.
 *
 * With many clients nearly every view waits for memory three times: for the client's place in the index, for
 * the client, and for its visits. Held back for a few lines, each of these is asked for while others are
 * counted. The order stays as it is. */
#ifndef SUIVI_WEBLOG_VIEWS_H
#define SUIVI_WEBLOG_VIEWS_H

#include <stdint.h>

#include "clients/weblog/client.h"
#include "clients/weblog/visitors.h"

struct views;

void views_new(struct views **out, struct visitors *visitors); /* borrows */
void views_destroy(struct views **views);

/* As visitors_view, later; what the texts of `client` point to is copied. An error may be that of an earlier
 * view. */
int views_add(struct views *views, const struct client *client, int64_t at, int32_t day, int32_t month,
              unsigned language, struct fault *why);

int views_settle(struct views *views, struct fault *why); /* hands over all that are held */
void views_forget(struct views *views);                   /* drops them */

#endif
