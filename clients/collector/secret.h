/* Memory for secret keys, and a process that leaves no picture of itself: neither the swap nor a core dump gets to
 * see it. */
#ifndef SUIVI_COLLECTOR_SECRET_H
#define SUIVI_COLLECTOR_SECRET_H

#include <stddef.h>

#include "proto/fault.h"

/* From here on the kernel writes no core dump of this process, also for a program that collects them, and nobody but
 * root looks into its memory. */
int secret_no_dumps(struct fault *why);

/* Zeroed memory that is never swapped out, between pages that may not be touched; implies secret_no_dumps. -EPERM or -ENOMEM
 * where the system does not let it be locked: there is no second best. */
int secret_new(void **out, size_t bytes, struct fault *why);
void secret_free(void *memory); /* wipes it; NULL: nothing */

#endif
