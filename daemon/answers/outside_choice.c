#include <stdlib.h>

#include "daemon/answers/outside_priv.h"
#include "proto/check.h"

#define ROUNDS_MAX 64 /* after so many the whole is withheld: the time is bounded */

bool outside_is_small(int64_t number, int64_t threshold) {
    return number != 0 && number < threshold;
}

static struct outside_line *smallest_shown(struct outside_line *line, size_t count) {
    struct outside_line *smallest = NULL;
    for (size_t i = 0; i < count; i++)
        if (!line[i].hidden && line[i].number != 0 && (smallest == NULL || line[i].number < smallest->number))
            smallest = &line[i];
    return smallest;
}

/* ---- one dimension ---- */

/* Their sum can be had from the total. With two or more of them it leaves as many possible numbers for each as there are small
 * ones, although each is known to be at least 1. */
static bool hides(const struct outside_line *line, size_t count, int64_t threshold) {
    int64_t sum = 0, hidden = 0;
    for (size_t i = 0; i < count; i++)
        if (line[i].hidden && !__builtin_add_overflow(sum, line[i].number, &sum))
            hidden++;
    return hidden == 0 || (hidden > 1 && sum >= threshold + hidden - 2);
}

bool outside_choose(struct outside_line *line, size_t count, int64_t threshold) {
    for (size_t i = 0; i < count; i++)
        line[i].hidden = outside_is_small(line[i].number, threshold);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        if (hides(line, count, threshold))
            return true;
        struct outside_line *next = smallest_shown(line, count);
        if (next == NULL)
            return false;
        next->hidden = true;
    }
    return false;
}

/* ---- two dimensions ---- */

struct grid {
    struct outside_line *row, *column;
    size_t rows, columns;
    const struct outside_cell *cell;
    size_t cells;
    int64_t threshold;
    int64_t *of_row, *of_column; /* what is hidden of each in hidden columns, rows */
    int64_t corner;              /* hidden in both */
};

static void add_up(struct grid *grid) {
    memset(grid->of_row, 0, grid->rows * sizeof *grid->of_row);
    memset(grid->of_column, 0, grid->columns * sizeof *grid->of_column);
    grid->corner = 0;
    for (size_t i = 0; i < grid->cells; i++) {
        const struct outside_cell *cell = &grid->cell[i];
        bool by_row = grid->row[cell->row].hidden, by_column = grid->column[cell->column].hidden;
        int64_t *sum = by_row && by_column ? &grid->corner
                       : by_row            ? &grid->of_column[cell->column]
                       : by_column         ? &grid->of_row[cell->row]
                                           : NULL;
        if (sum && __builtin_add_overflow(*sum, cell->number, sum))
            *sum = INT64_MAX;
    }
}

/* One alone would be no secret: what is told of the others, and the total, tell it. */
static bool pair_up(struct outside_line *line, size_t count) {
    size_t hidden = 0;
    for (size_t i = 0; i < count; i++)
        hidden += line[i].hidden && line[i].number != 0;
    struct outside_line *next = hidden == 1 ? smallest_shown(line, count) : NULL;
    if (next)
        next->hidden = true;
    return hidden != 1 || next;
}

static bool hide_small_cells(struct grid *grid) {
    bool changed = false;
    for (size_t i = 0; i < grid->cells; i++) {
        struct outside_line *row = &grid->row[grid->cell[i].row],
                            *column = &grid->column[grid->cell[i].column];
        if (row->hidden || column->hidden || !outside_is_small(grid->cell[i].number, grid->threshold))
            continue;
        if (row->number <= column->number)
            row->hidden = true;
        else
            column->hidden = true;
        changed = true;
    }
    return changed;
}

static bool hide_small_sums(struct outside_line *line, const int64_t *sum, size_t count, int64_t threshold) {
    bool changed = false;
    for (size_t i = 0; i < count; i++)
        if (!line[i].hidden && outside_is_small(sum[i], threshold))
            line[i].hidden = changed = true;
    return changed;
}

static bool hide_one_more(struct grid *grid) {
    struct outside_line *row = smallest_shown(grid->row, grid->rows),
                        *column = smallest_shown(grid->column, grid->columns);
    struct outside_line *next = column == NULL || (row && row->number <= column->number) ? row : column;
    if (next)
        next->hidden = true;
    return next != NULL;
}

static bool choose_cells(struct grid *grid) {
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool changed = hide_small_cells(grid);
        if (!pair_up(grid->row, grid->rows) || !pair_up(grid->column, grid->columns))
            return false;
        add_up(grid);
        changed = hide_small_sums(grid->row, grid->of_row, grid->rows, grid->threshold) || changed;
        changed = hide_small_sums(grid->column, grid->of_column, grid->columns, grid->threshold) || changed;
        if (!changed && outside_is_small(grid->corner, grid->threshold))
            changed = hide_one_more(grid);
        if (!changed)
            return smallest_shown(grid->row, grid->rows) && smallest_shown(grid->column, grid->columns) &&
                   !outside_is_small(grid->corner, grid->threshold);
    }
    return false;
}

bool outside_choose_cells(struct outside_line *row, size_t rows, struct outside_line *column, size_t columns,
                          const struct outside_cell *cell, size_t cells, int64_t threshold) {
    struct grid grid = {.row = row,
                        .column = column,
                        .rows = rows,
                        .columns = columns,
                        .cell = cell,
                        .cells = cells,
                        .threshold = threshold,
                        .of_row = mem_zeroed(rows + 1, sizeof *grid.of_row),
                        .of_column = mem_zeroed(columns + 1, sizeof *grid.of_column)};
    bool shows = choose_cells(&grid);
    free(grid.of_row);
    free(grid.of_column);
    return shows;
}
