/* How a figure came to be: what each source gave to it, which entries count, what was withdrawn or refused, by which
 * definition, and what moved after it was reported. From one snapshot of the store, on any thread. */
#ifndef SUIVI_DAEMON_ANSWERS_EXPLAIN_H
#define SUIVI_DAEMON_ANSWERS_EXPLAIN_H

#include "config/framework.h"
#include "daemon/books/catalogue.h"
#include "daemon/io/frames.h"
#include "daemon/store/store.h"
#include "proto/message.h"

/* `now` is Unix time. -EINVAL: the question cannot be answered as put; -E2BIG: there is too much; store errors. */
int explain_run(struct frames **out, const struct message_explain *question,
                const struct framework *framework, struct catalogue *catalogue, struct store *store,
                int64_t now, struct fault *why);

#endif
