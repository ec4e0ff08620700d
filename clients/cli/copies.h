/* Texts that outlive the call that lent them. */
#ifndef SUIVI_CLI_COPIES_H
#define SUIVI_CLI_COPIES_H

#include <stddef.h>

#include "clients/lib/suivi.h"

char *copies_text(const char *text);  /* as it is; "" for NULL */
char *copies_clean(const char *text); /* as a terminal may have it */
struct suivi_dim *copies_dims(const struct suivi_dim *dims, size_t count);

/* NULL is fine. */
void copies_drop(const char *text);
void copies_drop_dims(const struct suivi_dim *dims, size_t count);

#endif
