/* Questions: which figures, for which periods, broken down how. Answered from one snapshot of the store, on
 * any thread.
 *
 * A figure is that of a whole period: the range asked for is widened to the periods it touches. A period
 * without data has no figure (unless gaps are asked for); one with nothing but zeros has the figure 0. */
#ifndef SUIVI_DAEMON_ANSWERS_QUERY_H
#define SUIVI_DAEMON_ANSWERS_QUERY_H

#include "config/framework.h"
#include "daemon/books/catalogue.h"
#include "daemon/io/frames.h"
#include "daemon/store/store.h"
#include "proto/message.h"

/* `now` is Unix time. -EINVAL: the question cannot be answered as put; -E2BIG: it asks for too much; store errors.
 * `why` is for the one who asks. */
int query_run(struct frames **out, const struct message_query *query, const struct framework *framework,
              struct catalogue *catalogue, struct store *store, int64_t now, struct fault *why);

#endif
