#include "clients/cli/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/print.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"

#define GRID_MAGIC 0x6421d003u

struct item {
    bool is_line;
    char *text;
};

struct grid {
    unsigned magic;
    size_t columns;
    bool right[GRID_COLUMNS_MAX];
    struct item *item;
    size_t count, room, cells;
};

void grid_new(struct grid **out, size_t columns) {
    ASSERT(columns > 0 && columns <= GRID_COLUMNS_MAX);
    struct grid *grid = mem_zeroed(1, sizeof *grid);
    grid->magic = GRID_MAGIC;
    grid->columns = columns;
    *out = grid;
}

void grid_destroy(struct grid **grid) {
    if (!*grid)
        return;
    OBJ_CHECK(*grid, GRID_MAGIC);
    for (size_t i = 0; i < (*grid)->count; i++)
        free((*grid)->item[i].text);
    free((*grid)->item);
    (*grid)->magic = 0;
    free(*grid);
    *grid = NULL;
}

__attribute__((format(printf, 3, 0))) static void add(struct grid *grid, bool is_line, const char *format,
                                                      va_list args) {
    char *text;
    ASSERT(vasprintf(&text, format, args) >= 0);
    if (grid->count == grid->room) {
        grid->room = grid->room ? 2 * grid->room : 64;
        grid->item = mem_resize(grid->item, grid->room, sizeof *grid->item);
    }
    grid->item[grid->count++] = (struct item){is_line, terminal_clean(text)};
}

void grid_cell(struct grid *grid, const char *format, ...) {
    OBJ_CHECK(grid, GRID_MAGIC);
    va_list args;
    va_start(args, format);
    add(grid, false, format, args);
    va_end(args);
    grid->cells++;
}

void grid_line(struct grid *grid, const char *format, ...) {
    OBJ_CHECK(grid, GRID_MAGIC);
    ASSERT(grid->cells % grid->columns == 0);
    va_list args;
    va_start(args, format);
    add(grid, true, format, args);
    va_end(args);
}

void grid_right(struct grid *grid, size_t column) {
    OBJ_CHECK(grid, GRID_MAGIC);
    ASSERT(column < grid->columns);
    grid->right[column] = true;
}

static void put_cell(FILE *stream, const char *text, int width, bool right, int *spaces) {
    int before = right ? width - terminal_columns(text) : 0;
    if (width == 0)
        return;
    if (text[0] != '\0') {
        print_spaces(stream, *spaces + before);
        fputs(text, stream);
        *spaces = -before;
    }
    *spaces += width - terminal_columns(text) + PRINT_GAP;
}

static void put_heads(const struct grid *grid, FILE *stream, int indent, const char *const *heads,
                      const int *width, bool colour) {
    fputs(colour ? PRINT_BOLD : "", stream);
    for (size_t c = 0; c < grid->columns; c++)
        put_cell(stream, heads[c], width[c], grid->right[c], &indent);
    fputs(colour ? PRINT_PLAIN "\n" : "\n", stream);
}

void grid_print(const struct grid *grid, FILE *stream, int indent, const char *const *heads, bool colour) {
    OBJ_CHECK(grid, GRID_MAGIC);
    int width[GRID_COLUMNS_MAX] = {0}, spaces = indent;
    size_t cell = 0;
    for (size_t i = 0; i < grid->count; i++) {
        if (grid->item[i].is_line)
            continue;
        int columns = terminal_columns(grid->item[i].text);
        size_t column = cell++ % grid->columns;
        width[column] = columns > width[column] ? columns : width[column];
    }
    for (size_t c = 0; heads && c < grid->columns; c++)
        if (width[c] > 0 && terminal_columns(heads[c]) > width[c])
            width[c] = terminal_columns(heads[c]);
    if (heads)
        put_heads(grid, stream, indent, heads, width, colour);
    cell = 0;
    for (size_t i = 0; i < grid->count; i++) {
        const struct item *item = &grid->item[i];
        if (item->is_line) {
            fprintf(stream, "%s\n", item->text);
            continue;
        }
        size_t column = cell % grid->columns;
        put_cell(stream, item->text, width[column], grid->right[column], &spaces);
        if (++cell % grid->columns == 0) {
            fputc('\n', stream);
            spaces = indent;
        }
    }
}
