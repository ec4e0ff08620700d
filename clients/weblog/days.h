/* Which days of the logs are counted, when it is not all of them: to count again what was withdrawn. Lines of other days
 * are read all the same, since visits and visitors go by them.
 *
 * A state is for one such range, or for none: its positions say that lines were counted, and not of which days. */
#ifndef SUIVI_WEBLOG_DAYS_H
#define SUIVI_WEBLOG_DAYS_H

#include <stdint.h>

#include "clients/weblog/records.h"
#include "proto/civil.h"
#include "proto/period.h"

struct days {
    int32_t first, last;
};

#define DAYS_ALL ((struct days){CIVIL_DAY_MIN, CIVIL_DAY_MAX})

#define DAYS_TEXT_MAX 64
const char *days_print(struct days days,
                       char out[static DAYS_TEXT_MAX]); /* "--from 2018-02-10"; of all: "" */

/* -EINVAL with `why`: this state was used for other days. */
int days_check(struct days days, const struct records *records, struct fault *why);

/* Puts them into the state, so that days_check knows them again. */
int days_save(struct days days, const struct records *records, struct fault *why);

#endif
