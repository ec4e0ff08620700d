/* A CSV file as RFC 4180 has it and as spreadsheets write it: with a BOM or without, separated by commas, semicolons or
 * tabs, quoted fields over several lines. The first row names the columns. Fields are UTF-8, without white space at
 * their ends. Rows without anything in them are passed over. */
#ifndef SUIVI_CLI_CSV_FILE_H
#define SUIVI_CLI_CSV_FILE_H

#include <stddef.h>

#include "proto/fault.h"

#define CSV_FILE_BYTES_MAX (64u << 20)
#define CSV_FILE_ROWS_MAX  (1u << 20)

struct csv_file;

struct csv_row {
    size_t line; /* of the file, at which the row begins */
    size_t count;
    const char *const *field;
};

/* `encoding`: UTF-8, or what iconv knows; `delimiter` '\0': the one that the header has most of. A negative errno with
 * `why` when the file as a whole cannot be read. Rows with too few or too many fields are for the caller to see. */
int csv_file_read(struct csv_file **out, const char *path, const char *encoding, char delimiter,
                  struct fault *why);
void csv_file_destroy(struct csv_file **file);

/* All borrowed as long as the file. The header is no row. */
size_t csv_file_columns(const struct csv_file *file);
const char *csv_file_column(const struct csv_file *file, size_t index);
size_t csv_file_rows(const struct csv_file *file);
struct csv_row csv_file_row(const struct csv_file *file, size_t index);

/* The column of that name. -EINVAL with `why`, which names one that looks like it: there is none, or there are two. */
int csv_file_find(const struct csv_file *file, const char *name, size_t *index, struct fault *why);

#endif
