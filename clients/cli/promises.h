/* What the plan promises to measure, as far as one must know it to feed it: from the daemon, else from the file of
 * the plan. */
#ifndef SUIVI_CLI_PROMISES_H
#define SUIVI_CLI_PROMISES_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/lib/suivi.h"
#include "proto/dims.h"
#include "proto/due.h"
#include "proto/fault.h"
#include "proto/kind.h"
#include "proto/period.h"

struct promise_dim {
    char *name;
    char **values; /* the closed list */
    size_t value_count;
};

struct promise {
    char *id, *code, *label;
    char *fed_by; /* those who feed it, with ", " between them; may be empty */
    enum kind kind;
    enum period_type frequency;
    struct due due;
    struct promise_dim dim[DIMS_MAX];
    size_t dim_count;
};

struct promises;

/* Asks `client`. When no daemon answers: reads `framework`, or when that is NULL /etc/suivi/framework.yaml, or the
 * shipped plan. */
int promises_get(struct promises **out, struct suivi *client, const char *framework, int timeout_ms,
                 struct fault *why);
void promises_destroy(struct promises **promises);

bool promises_answered(const struct promises *promises); /* a daemon did */
const struct period *promises_plan(const struct promises *promises);

/* By id, or by code in the plan. Borrowed as long as the promises. NULL: there is none; `why` names one that looks like it. */
const struct promise *promises_find(const struct promises *promises, const char *id, struct fault *why);

/* Whether the plan has it fed by collectors, and by nobody who records. */
bool promise_is_collected(const struct promise *promise);

/* The period of its frequency that something done on `day` is done for: the one that holds the day; but where a period
 * is due only after its end, the first one that is not overdue on that day. */
struct period promises_period(const struct promises *promises, const struct promise *promise, int32_t day);

/* May an event of it have these dimensions? All that it has, no other, and of a closed list a value that is in it.
 * -EINVAL with `why`, which says how one of them is to be given: "add --dim region=VALUE" (`how` is "--dim "). The
 * second and third judge the names alone, and the value of one of its dimensions. */
int promise_check_dims(const struct promise *promise, const struct suivi_dim *dims, size_t dim_count,
                       const char *how, struct fault *why);
int promise_check_names(const struct promise *promise, const struct suivi_dim *dims, size_t dim_count,
                        const char *how, struct fault *why);
int promise_check_value(const struct promise *promise, size_t dim, const char *value, struct fault *why);

#endif
