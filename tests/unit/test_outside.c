/* Which figures of one period outsiders are not told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/answers/outside_priv.h"
#include "tests/unit/random.h"

enum { THRESHOLD = 5, LINES_MAX = 8 };

/* "3 9 20" to "x x 20"; "all" where the whole is to be withheld. */
static const char *chosen(const char *numbers, int64_t threshold) {
    static char out[128];
    struct outside_line line[LINES_MAX] = {{0}};
    size_t count = 0, len = 0;
    for (char *next; count < LINES_MAX; numbers = next, count++) {
        line[count].number = strtoll(numbers, &next, 10);
        if (next == numbers)
            break;
    }
    if (!outside_choose(line, count, threshold))
        return "all";
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)(line[i].hidden ? snprintf(out + len, sizeof out - len, "%sx", i ? " " : "")
                                       : snprintf(out + len, sizeof out - len, "%s%lld", i ? " " : "",
                                                  (long long)line[i].number));
    return out;
}

static void of_one_dimension(void **state) {
    (void)state;
    static const struct {
        const char *numbers, *told;
    } cases[] = {
        {"", ""},
        {"5 6 0", "5 6 0"},       /* nothing small */
        {"3 9 20", "x x 20"},     /* the smallest other one */
        {"3 0 20 9", "x 0 20 x"}, /* a zero hides nothing */
        {"9 3 9", "x x 9"},       /* of equals the first */
        {"2 3 20", "x x 20"},     /* two that are enough: each may be 1 to 4 */
        {"2 2 20", "x x x"},      /* 1 to 3 only */
        {"2 2 1 20", "x x x x"},  /* three have to be 6 */
        {"2 2 2 20", "x x x 20"}, /* and are */
        {"3", "all"},             /* the total tells */
        {"3 0", "all"},           /* likewise */
        {"1 2", "all"},           /* 1 or 2 */
        {"4 1", "x x"},           /* 1 to 4 */
        {"-3 9 20", "x x 20"},    /* a correction is small, too */
        {"-300 9 20", "all"},     /* and their sum never is enough */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(chosen(cases[i].numbers, THRESHOLD), cases[i].told);
    assert_string_equal(chosen("1 2 3", 1), "1 2 3");
    assert_string_equal(chosen("1 2 3", 2), "x x 3");
}

/* ---- two dimensions ---- */

struct grid {
    size_t rows, columns;
    int64_t number[LINES_MAX][LINES_MAX];
    struct outside_line row[LINES_MAX], column[LINES_MAX];
    bool shows;
};

static void choose_in(struct grid *grid) {
    struct outside_cell cell[LINES_MAX * LINES_MAX];
    size_t count = 0;
    memset(grid->row, 0, sizeof grid->row);
    memset(grid->column, 0, sizeof grid->column);
    for (size_t i = 0; i < grid->rows; i++)
        for (size_t k = 0; k < grid->columns; k++) {
            cell[count++] = (struct outside_cell){i, k, grid->number[i][k]};
            grid->row[i].number += grid->number[i][k];
            grid->column[k].number += grid->number[i][k];
        }
    grid->shows =
        outside_choose(grid->row, grid->rows, THRESHOLD) &&
        outside_choose(grid->column, grid->columns, THRESHOLD) &&
        outside_choose_cells(grid->row, grid->rows, grid->column, grid->columns, cell, count, THRESHOLD);
}

/* What is hidden of a row (by_row) or a column beside what is shown of it; of none: in hidden rows and columns. */
static int64_t sum_hidden(const struct grid *grid, size_t row, size_t column) {
    int64_t sum = 0;
    for (size_t i = 0; i < grid->rows; i++)
        for (size_t k = 0; k < grid->columns; k++)
            if ((row < LINES_MAX ? i == row : grid->row[i].hidden) &&
                (column < LINES_MAX ? k == column : grid->column[k].hidden))
                sum += grid->number[i][k];
    return sum;
}

static void assert_not_small(int64_t number) {
    assert_false(number > 0 && number < THRESHOLD);
}

static void assert_hides(const struct grid *grid) {
    size_t hidden_rows = 0, hidden_columns = 0;
    for (size_t i = 0; i < grid->rows; i++) {
        hidden_rows += grid->row[i].hidden;
        if (!grid->row[i].hidden)
            assert_not_small(sum_hidden(grid, i, LINES_MAX));
    }
    for (size_t k = 0; k < grid->columns; k++) {
        hidden_columns += grid->column[k].hidden;
        if (!grid->column[k].hidden)
            assert_not_small(sum_hidden(grid, LINES_MAX, k));
    }
    for (size_t i = 0; i < grid->rows; i++)
        for (size_t k = 0; k < grid->columns; k++)
            if (!grid->row[i].hidden && !grid->column[k].hidden)
                assert_not_small(grid->number[i][k]);
    assert_not_small(sum_hidden(grid, LINES_MAX, LINES_MAX));
    assert_int_not_equal(hidden_rows, 1);
    assert_int_not_equal(hidden_columns, 1);
}

static void of_two_dimensions(void **state) {
    (void)state;
    struct grid grid = {3, 3, {{30, 20, 10}, {40, 25, 15}, {3, 8, 50}}, {{0}}, {{0}}, false};
    choose_in(&grid);
    assert_true(grid.shows);
    assert_true(grid.row[0].hidden && !grid.row[1].hidden && grid.row[2].hidden);
    assert_false(grid.column[0].hidden || grid.column[1].hidden || grid.column[2].hidden);
    grid = (struct grid){2, 2, {{20, 3}, {30, 10}}, {{0}}, {{0}}, false};
    choose_in(&grid); /* one small one of four: the others would tell it */
    assert_false(grid.shows);
    grid = (struct grid){2, 2, {{20, 5}, {30, 0}}, {{0}}, {{0}}, false};
    choose_in(&grid);
    assert_true(grid.shows && !grid.row[0].hidden && !grid.row[1].hidden);
}

static void of_any_two_dimensions(void **state) {
    (void)state;
    static const int64_t numbers[] = {0, 0, 1, 3, 4, 5, 6, 8, 12, 40, 40, 90};
    random_begin();
    size_t shown = 0;
    for (int i = 0; i < 20000; i++) {
        struct grid grid = {.rows = 1 + random_below(LINES_MAX), .columns = 1 + random_below(LINES_MAX)};
        size_t least = random_below(sizeof numbers / sizeof *numbers);
        for (size_t r = 0; r < grid.rows; r++)
            for (size_t k = 0; k < grid.columns; k++) {
                size_t drawn = random_below(sizeof numbers / sizeof *numbers);
                grid.number[r][k] = numbers[drawn < least && random_below(20) ? least : drawn];
            }
        choose_in(&grid);
        shown += grid.shows;
        if (grid.shows)
            assert_hides(&grid);
    }
    assert_true(shown > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_one_dimension),
        cmocka_unit_test(of_two_dimensions),
        cmocka_unit_test(of_any_two_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
