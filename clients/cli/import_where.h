/* Which rows of a file an entry of a mapping takes: its conditions. Words are the same however they are capitalised; one that
 * the mapping does not know is never passed over. */
#ifndef SUIVI_CLI_IMPORT_WHERE_H
#define SUIVI_CLI_IMPORT_WHERE_H

#include <stddef.h>
#include <stdint.h>

#include "clients/cli/csv_file.h"
#include "config/mapping.h"

enum import_where_answer {
    IMPORT_WHERE_NO,
    IMPORT_WHERE_YES,
    IMPORT_WHERE_LATER, /* it would be taken, but is of a day after that of the file */
    IMPORT_WHERE_BAD,   /* `why` says what is wrong with the row */
};

struct import_where;

/* Borrows both. -EINVAL with `why`: a column is missing. */
int import_where_make(struct import_where **out, const struct mapping *mapping, const struct csv_file *file,
                      struct fault *why);
void import_where_destroy(struct import_where **where);

/* The columns in which words decide. Each of them is read before the row is asked about. -EINVAL with `why`: what stands there
 * is none of the words that the mapping knows. */
size_t import_where_columns(const struct import_where *where);
int import_where_read(struct import_where *where, size_t index, const struct csv_row *row, struct fault *why);

/* Whether the entry takes the row that was read; `day` is that of the file. */
enum import_where_answer import_where_takes(const struct import_where *where, size_t entry,
                                            const struct csv_row *row, int32_t day, struct fault *why);

#endif
