/* Questions: which figures, for which periods, broken down how. Answered from one snapshot of the store, on
 * any thread.
 *
 * A figure is that of a whole period: the range asked for is widened to the periods it touches. A period
 * without data has no figure; one with nothing but zeros has the figure 0. */
#ifndef SUIVI_DAEMON_QUERY_H
#define SUIVI_DAEMON_QUERY_H

#include "config/framework.h"
#include "daemon/catalogue.h"
#include "daemon/store.h"
#include "proto/message.h"

#define QUERY_ITEMS_MAX   (4u << 20) /* cells that one question may bring together for one indicator */
#define QUERY_FIGURES_MAX (1u << 20)

/* The answer: frames to be sent in this order. */
struct query_answer;

/* -EINVAL: the question cannot be answered as put; -E2BIG: it asks for too much; store errors. `why` is for
 * the one who asks. */
int query_run(struct query_answer **out, const struct message_query *query, const struct framework *framework,
              struct catalogue *catalogue, struct store *store, struct fault *why);

size_t query_answer_count(const struct query_answer *answer);
struct str query_answer_frame(const struct query_answer *answer, size_t index); /* borrowed */
void query_answer_destroy(struct query_answer **answer);

#endif
