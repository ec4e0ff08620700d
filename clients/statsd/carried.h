/* What of a metric has to be known from one window to the next, as records of libsuivi: of a counter what was not sent yet, of a gauge its
 * value and what was last sent of it. Records' keys are short, metrics with tags may not be: so they are known by hash. */
#ifndef SUIVI_STATSD_CARRIED_H
#define SUIVI_STATSD_CARRIED_H

#include <stdint.h>

#include "clients/lib/suivi.h"
#include "proto/fault.h"
#include "proto/str.h"

struct carried_gauge {
    double value;
    int64_t sent; /* the number */
    int32_t day;  /* it was sent for */
};

/* Nothing known is 0, and of a gauge INT32_MIN as its day. -EINVAL: what is stored cannot be read. Errno with `why`. */
int carried_counter(struct suivi *suivi, struct str metric, double *left, struct fault *why);
int carried_gauge(struct suivi *suivi, struct str metric, struct carried_gauge *out, struct fault *why);

/* Saved with the next commit. */
int carried_put_counter(struct suivi *suivi, struct str metric, double left, struct fault *why);
int carried_put_gauge(struct suivi *suivi, struct str metric, const struct carried_gauge *gauge,
                      struct fault *why);

#endif
