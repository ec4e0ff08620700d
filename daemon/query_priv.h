/* What query.c (what is asked, and the answer's frames) and query_fold.c (the folding of one indicator's
 * cells) share. */
#ifndef SUIVI_DAEMON_QUERY_PRIV_H
#define SUIVI_DAEMON_QUERY_PRIV_H

#include "daemon/query.h"

/* The question, understood. */
struct query_plan {
    const struct message_query *query;
    const struct framework *framework;
    struct catalogue *catalogue;
    enum period_type by;
    int32_t first, last; /* days; whole periods of `by` */
};

struct query_figure {
    int32_t period; /* its first day */
    int64_t value;
    const struct str *dim; /* values, split_count of them; borrowed from the fold */
};

/* Folds the cells of one indicator and calls back with its figures, sorted by period and then by dimensions,
 * until a result other than 0, which is returned. */
int query_fold(const struct query_plan *plan, size_t indicator, struct store_snapshot *snapshot,
               int (*figure)(void *arg, const struct query_figure *figure, struct fault *why), void *arg,
               struct fault *why);

#endif
