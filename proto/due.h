/* By when the figure of a period is due: on the period's last day, or as a plan says: "09-30", a day of the
 * period's last year, or "+30d", "-10d", days after or before its last day. */
#ifndef SUIVI_PROTO_DUE_H
#define SUIVI_PROTO_DUE_H

#include <stdint.h>

#include "proto/fault.h"
#include "proto/period.h"
#include "proto/str.h"

#define DUE_DAYS_MAX 1830 /* five years after the period */

struct due {
    enum { DUE_AT_END, DUE_ON_DATE, DUE_AFTER_DAYS } how;
    int month, day; /* on a date, of the period's last year */
    int32_t days;   /* after the period's last day; before it when below 0 */
};

/* Empty: at the end. -EINVAL with `why`. */
int due_parse(struct due *out, struct str text, struct fault *why);

int32_t due_day(const struct due *due, const struct period *period);

#endif
