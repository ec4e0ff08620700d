#include "clients/cli/import_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/print.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"

#define COLUMNS  4
#define CELL_MAX 400

struct table {
    char (*cell)[COLUMNS][CELL_MAX];
    size_t count;
    int width[COLUMNS];
};

static void add(struct table *table, const char *const cells[static COLUMNS]) {
    table->cell = mem_resize(table->cell, table->count + 1, sizeof *table->cell);
    for (size_t i = 0; i < COLUMNS; i++) {
        char *cell = table->cell[table->count][i];
        snprintf(cell, CELL_MAX, "%s", cells[i]);
        int width = terminal_columns(terminal_clean(cell));
        if (width > table->width[i])
            table->width[i] = width;
    }
    table->count++;
}

/* What `count` items of one series and day, the first of which is `item`, come to. */
static void add_group(struct table *table, const struct import_item *item, size_t count, int64_t sum) {
    char dims[CELL_MAX] = "", day[PERIOD_TEXT_MAX], number[PRINT_NUMBER], what[PRINT_NUMBER + 64];
    const struct period on = {PERIOD_DAY, item->day, item->day};
    for (size_t i = 0; i < item->promise->dim_count; i++)
        snprintf(dims + strlen(dims), sizeof dims - strlen(dims), "%s%s", i ? ", " : "", item->dims[i].value);
    bool level = item->promise->kind == KIND_LEVEL;
    bool names = item->promise->kind == KIND_ROSTER || item->promise->kind == KIND_DISTINCT;
    print_number(names ? (int64_t)count : level ? item->value : sum, number);
    snprintf(what, sizeof what, "%s%s%s", names || level ? "" : "+", number,
             !names                                 ? ""
             : item->promise->kind == KIND_DISTINCT ? (count == 1 ? " person" : " people at most")
             : count == 1                           ? " name"
                                                    : " names at most");
    add(table, (const char *const[]){item->promise->id, dims, period_print(&on, day), what});
}

void import_table_print(FILE *stream, const struct import_rows *rows) {
    struct table table = {0};
    add(&table, (const char *const[]){"indicator", "dimensions", "day", "value"});
    for (size_t i = 0, next; i < import_rows_count(rows); i = next) {
        const struct import_item *item = import_rows_item(rows, i);
        int64_t sum = 0;
        for (next = i; next < import_rows_count(rows) && import_rows_item(rows, next)->from == item->from &&
                       import_item_compare(import_rows_item(rows, next), item) == 0;
             next++)
            sum += import_rows_item(rows, next)->value;
        add_group(&table, item, next - i, sum);
    }
    for (size_t i = 0; i < table.count; i++) {
        for (size_t j = 0; j < COLUMNS - 1; j++) {
            print_left(stream, table.cell[i][j], table.width[j]);
            print_spaces(stream, PRINT_GAP);
        }
        print_right(stream, table.cell[i][COLUMNS - 1], table.width[COLUMNS - 1]);
        fputc('\n', stream);
    }
    free(table.cell);
}
