/* What was said of an indicator, entry by entry, in words. */
#ifndef SUIVI_CLI_EXPLAIN_ENTRIES_H
#define SUIVI_CLI_EXPLAIN_ENTRIES_H

#include <stdbool.h>
#include <stdio.h>

#include "clients/lib/suivi.h"

/* What stands behind a number. A plan names its units for many; of one, the number stands alone. */
const char *explain_unit_of(const struct suivi_indicator *indicator, int64_t value);

void explain_entries_write(FILE *stream, const struct suivi_explanation *explanation, bool full);

/* "12.5 %", "in force", "1 234", "missing": the value of a figure of that indicator. */
const char *explain_value(const struct suivi_indicator *indicator, const struct suivi_figure *figure,
                          char *out, size_t room);

#endif
