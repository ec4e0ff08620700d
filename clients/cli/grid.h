/* Columns of text as wide as what is in them, and lines between the rows. */
#ifndef SUIVI_CLI_GRID_H
#define SUIVI_CLI_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define GRID_COLUMNS_MAX 8

struct grid;

void grid_new(struct grid **out, size_t columns);
void grid_destroy(struct grid **grid);

/* Cells fill the rows from left to right; a line stands between two rows, as it is. Both copy and clean. */
void grid_cell(struct grid *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));
void grid_line(struct grid *grid, const char *format, ...) __attribute__((format(printf, 2, 3)));

void grid_right(struct grid *grid, size_t column); /* its cells end together, as numbers do */

/* Each row begins with `indent` spaces; columns without any text are left out; no line ends in spaces. `heads` (may be
 * NULL) names the columns, in bold when `colour`. */
void grid_print(const struct grid *grid, FILE *stream, int indent, const char *const *heads, bool colour);

#endif
