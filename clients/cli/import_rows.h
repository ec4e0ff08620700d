/* What the rows of a CSV file come to, by a mapping: entries to be sent, or what is wrong with which line. */
#ifndef SUIVI_CLI_IMPORT_ROWS_H
#define SUIVI_CLI_IMPORT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/cli/csv_file.h"
#include "clients/cli/promises.h"
#include "config/mapping.h"

#define IMPORT_ENTRIES_MAX 200000

struct import_item {
    const struct mapping_entry *from;
    const struct promise *promise;
    const char *list; /* the mapping's name, of counts; NULL: none */
    size_t line;
    size_t occurrence; /* how many items that say the very same stand before it */
    int32_t day;
    struct suivi_dim dims[DIMS_MAX]; /* by the plan's order; borrowed from file and mapping */
    int64_t value;
    const char *name; /* rosters and people; borrowed from the file */

    bool known;       /* the daemon has it already: it need not be sent */
    uint64_t against; /* entry of that day that it contradicts; 0: none */
    int64_t recorded;
    uint64_t id;     /* of the entry; people have none */
    uint64_t person; /* the number that stands for the name */
};

struct import_source {
    const struct csv_file *file;
    const char *path, *mapping_path;
    const struct mapping *mapping;
    const struct promises *promises;
    bool has_day;
    int32_t day;
};

struct import_rows;

/* Goes through the whole file. 0, also when rows are bad: then there are faults, and the items are not to be sent. -EINVAL
 * with `why`: mapping, plan and columns do not fit one another. */
int import_rows_read(struct import_rows **out, const struct import_source *source, struct fault *why);
void import_rows_destroy(struct import_rows **rows);

size_t import_rows_count(const struct import_rows *rows);
struct import_item *import_rows_item(const struct import_rows *rows,
                                     size_t index); /* in the order of the mapping */

/* Rows that an entry leaves out because they are of a day after that of the file. */
size_t import_rows_later(const struct import_rows *rows);

/* One more fault of a line, from whoever looks closer; the same again is not kept. */
void import_rows_fault(struct import_rows *rows, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t import_rows_faults(struct import_rows *rows); /* puts them in the order of the lines */
const char *import_rows_fault_at(const struct import_rows *rows, size_t index, size_t *line);

/* Items of one series and day are equal; by indicator in the mapping's order, dimensions, day. */
int import_item_compare(const struct import_item *a, const struct import_item *b);

#endif
