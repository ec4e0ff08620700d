/* What is late, missing, short of its target, silent or soon due, on a day: the plan's calendar held against what is
 * known (docs/reporting.md says by which rules). */
#ifndef SUIVI_DAEMON_ANSWERS_DUE_H
#define SUIVI_DAEMON_ANSWERS_DUE_H

#include "config/framework.h"
#include "daemon/books/catalogue.h"
#include "daemon/io/frames.h"
#include "daemon/store/store.h"
#include "proto/message.h"

#define DUE_SERIES_MAX 4096 /* that are expected of one indicator, as the product of closed lists */
#define DUE_ROWS_MAX   (256u << 10)

/* `now` is Unix time. -EINVAL: the question cannot be answered as put; -E2BIG: there is too much; store errors. */
int due_run(struct frames **out, const struct message_due *question, const struct framework *framework,
            struct catalogue *catalogue, struct store *store, int64_t now, struct fault *why);

#endif
