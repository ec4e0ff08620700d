#include "clients/cli/import_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/grid.h"
#include "clients/cli/print.h"
#include "clients/collector/terminal.h"

static const char *const heads[] = {"indicator", "dimensions", "day", "value"};

#define COLUMNS (sizeof heads / sizeof *heads)

/* What `count` items of one series and day, the first of which is `item`, come to. */
static void add_group(struct grid *grid, const struct import_item *item, size_t count, int64_t sum) {
    char dims[DIMS_MAX * (DIM_VALUE_MAX + 2) + 1] = "", day[PERIOD_TEXT_MAX], number[PRINT_NUMBER];
    const struct period on = {PERIOD_DAY, item->day, item->day};
    for (size_t i = 0; i < item->promise->dim_count; i++) {
        size_t len = strlen(dims);
        snprintf(dims + len, sizeof dims - len, "%s%s", i ? ", " : "", item->dims[i].value);
    }
    bool level = item->promise->kind == KIND_LEVEL;
    bool names = item->promise->kind == KIND_ROSTER || item->promise->kind == KIND_DISTINCT;
    print_number(names ? (int64_t)count : level ? item->value : sum, number);
    grid_cell(grid, "%s", item->promise->id);
    grid_cell(grid, "%s", dims);
    grid_cell(grid, "%s", period_print(&on, day));
    grid_cell(grid, "%s%s%s", names || level ? "" : "+", number,
              !names                                 ? ""
              : item->promise->kind == KIND_DISTINCT ? (count == 1 ? " person" : " people at most")
              : count == 1                           ? " name"
                                                     : " names at most");
}

void import_table_print(FILE *stream, const struct import_rows *rows) {
    struct grid *grid;
    grid_new(&grid, COLUMNS);
    grid_right(grid, COLUMNS - 1);
    for (size_t i = 0, next; i < import_rows_count(rows); i = next) {
        const struct import_item *item = import_rows_item(rows, i);
        int64_t sum = 0;
        for (next = i; next < import_rows_count(rows) && import_rows_item(rows, next)->from == item->from &&
                       import_item_compare(import_rows_item(rows, next), item) == 0;
             next++)
            sum += import_rows_item(rows, next)->value;
        add_group(grid, item, next - i, sum);
    }
    grid_print(grid, stream, 0, heads, terminal_colour(stream));
    grid_destroy(&grid);
}
