#include "daemon/answers/outside.h"

#include <stdlib.h>

#include "daemon/answers/outside_priv.h"
#include "proto/check.h"

/* ---- secrets ---- */

void outside_add(struct outside *outside, int32_t period, size_t dim, struct str value) {
    if (outside->count == outside->room) {
        outside->room = outside->room ? outside->room * 2 : 64;
        outside->secret = mem_resize(outside->secret, outside->room, sizeof *outside->secret);
    }
    outside->secret[outside->count++] =
        (struct outside_secret){period, dim, value.at ? str_copy(value) : value};
}

static int compare_secrets(const void *left, const void *right) {
    const struct outside_secret *a = left, *b = right;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    size_t x = a->dim == OUTSIDE_WHOLE ? 0 : a->dim + 1, y = b->dim == OUTSIDE_WHOLE ? 0 : b->dim + 1;
    if (x != y)
        return x < y ? -1 : 1;
    return str_compare(a->value, b->value);
}

void outside_order(struct outside *outside) {
    size_t kept = 0;
    if (outside->count > 1)
        qsort(outside->secret, outside->count, sizeof *outside->secret, compare_secrets);
    for (size_t i = 0; i < outside->count; i++) {
        if (kept > 0 && compare_secrets(&outside->secret[kept - 1], &outside->secret[i]) == 0)
            str_free(outside->secret[i].value);
        else
            outside->secret[kept++] = outside->secret[i];
    }
    outside->count = kept;
}

bool outside_has(const struct outside *outside, int32_t period, size_t dim, struct str value) {
    const struct outside_secret wanted = {period, dim, value};
    return outside->count > 0 && bsearch(&wanted, outside->secret, outside->count, sizeof *outside->secret,
                                         compare_secrets) != NULL;
}

void outside_clear(struct outside *outside) {
    for (size_t i = 0; i < outside->count; i++)
        str_free(outside->secret[i].value);
    free(outside->secret);
    *outside = (struct outside){0};
}

/* ---- what is asked ---- */

static bool is_asked_by(const struct fold_question *asked, struct str dim) {
    for (size_t i = 0; i < asked->split_count; i++)
        if (str_equal(asked->split[i], dim))
            return true;
    return asked->where && dims_get(asked->where, dim).len > 0;
}

/* The indicator's own dimensions that they are broken down by, in its order; so a set of them is one, however it is
 * asked for. */
static size_t list_dims(const struct fold_question *asked, struct str dim[static DIMS_MAX]) {
    size_t all = framework_indicator_at(asked->framework, asked->indicator)->dim_count, count = 0;
    for (size_t i = 0; i < all; i++) {
        struct str name = framework_dim_name(asked->framework, asked->indicator, i);
        if (is_asked_by(asked, name))
            dim[count++] = name;
    }
    return count;
}

/* Of what has no breakdowns there is nothing to withhold. */
static bool has_secrets(const struct framework *framework, size_t indicator) {
    const struct framework_indicator *it = framework_indicator_at(framework, indicator);
    if (it->kind == KIND_RATIO)
        return has_secrets(framework, it->numerator) || has_secrets(framework, it->denominator) ||
               (it->dim_count > 0 && framework_small_number(framework, indicator) > 0);
    return it->dim_count > 0 && framework_small_number(framework, indicator) > 0;
}

/* What is asked of a dimension that it has not got has no figure. */
static bool has_all_of_where(const struct fold_question *asked, const struct str *dim, size_t count) {
    size_t had = 0;
    for (size_t i = 0; asked->where && i < count; i++)
        had += dims_get(asked->where, dim[i]).len > 0;
    return asked->where == NULL || had == asked->where->count;
}

bool outside_guards(const struct fold_question *asked) {
    struct str dim[DIMS_MAX];
    return has_secrets(asked->framework, asked->indicator) &&
           has_all_of_where(asked, dim, list_dims(asked, dim));
}

bool outside_is_breakdown(const struct fold_question *asked) {
    struct str dim[DIMS_MAX];
    return list_dims(asked, dim) > 0;
}

/* ---- of which periods it is decided ---- */

/* One indicator, the one asked for or an operand of it. */
struct deciding {
    struct outside *outside;
    const struct fold_question *asked;
    size_t indicator;
    int64_t threshold;
    struct fold_question base; /* by the periods of which it is decided, without dimensions */
};

static int hide_whole(void *arg, const struct fold_figure *figure, struct fault *why) {
    (void)why;
    outside_add(arg, figure->period, OUTSIDE_WHOLE, (struct str){0});
    return 0;
}

/* In every period of which there is a figure at all, as the total tells. */
static int hide_all(struct deciding *deciding, struct fault *why) {
    struct fold_question total = *deciding->asked;
    total.split_count = 0;
    total.where = NULL;
    total.coverage = false;
    return fold_run(&total, hide_whole, deciding->outside, why);
}

/* Whether the periods asked for are made of whole ones of which it is decided, and are added up of nothing shorter: few
 * people come on a day, and when all who came in the month are of one part, the day's total is that part's. So it is
 * with what was known on a day: few of what is known now. */
static bool is_made_of_base(const struct deciding *deciding) {
    const struct fold_question *asked = deciding->asked;
    enum period_type base = deciding->base.by;
    struct fold_question natural = *asked;
    natural.indicator = deciding->indicator;
    natural.has_sum_of = false;
    enum period_type window = fold_window(&natural);
    natural.has_sum_of = asked->has_sum_of;
    return asked->vintage == 0 && base <= asked->by &&
           !(base == PERIOD_BIENNIUM && asked->by == PERIOD_PLAN) &&
           (fold_window(&natural) >= base || fold_window(&natural) == window);
}

static void hide(const struct deciding *deciding, int32_t base, size_t dim, struct str value) {
    const struct fold_question *asked = deciding->asked;
    outside_add(deciding->outside, period_of_day(asked->by, base, framework_plan(asked->framework)).first,
                dim, value);
}

/* Until it is over its numbers grow, and one could watch them. */
static bool is_over(const struct deciding *deciding, int32_t base) {
    return period_of_day(deciding->base.by, base, framework_plan(deciding->base.framework)).last <
           deciding->base.today;
}

static bool any_is_small(const struct deciding *deciding, const struct outside_table *table, size_t at,
                         size_t end) {
    for (; at < end; at++)
        if (outside_is_small(table->number[at].number, deciding->threshold))
            return true;
    return false;
}

/* All or nothing. */
static int decide_whole(const struct deciding *deciding, const struct str *dim, size_t count,
                        struct fault *why) {
    struct outside_table table;
    struct fold_question question = deciding->base;
    question.split = dim;
    question.split_count = count;
    int err = outside_table_load(&table, &question, why);
    for (size_t at = 0, end; err == 0 && at < table.count; at = end) {
        end = outside_table_end(&table, at);
        if (!is_over(deciding, table.number[at].period) || any_is_small(deciding, &table, at, end))
            hide(deciding, table.number[at].period, OUTSIDE_WHOLE, (struct str){0});
    }
    outside_table_clear(&table);
    return err;
}

/* ---- one dimension ---- */

static struct outside_line *make_lines(const struct outside_table *table, size_t at, size_t end) {
    struct outside_line *line = mem_zeroed(end - at + 1, sizeof *line);
    for (size_t i = at; i < end; i++)
        line[i - at].number = table->number[i].number;
    return line;
}

static void hide_lines(const struct deciding *deciding, const struct outside_table *table, size_t at,
                       size_t end, size_t dim, const struct outside_line *line) {
    for (size_t i = at; i < end; i++)
        if (line[i - at].hidden)
            hide(deciding, table->number[i].period, dim, outside_table_value(table, i, 0));
}

static int decide_line(const struct deciding *deciding, const struct str *dim, struct fault *why) {
    struct outside_table table;
    struct fold_question question = deciding->base;
    question.split = dim;
    question.split_count = 1;
    int err = outside_table_load(&table, &question, why);
    for (size_t at = 0, end; err == 0 && at < table.count; at = end) {
        end = outside_table_end(&table, at);
        int32_t period = table.number[at].period;
        struct outside_line *line = make_lines(&table, at, end);
        if (is_over(deciding, period) && outside_choose(line, end - at, deciding->threshold))
            hide_lines(deciding, &table, at, end, 0, line);
        else
            hide(deciding, period, OUTSIDE_WHOLE, (struct str){0});
        free(line);
    }
    outside_table_clear(&table);
    return err;
}

/* ---- two dimensions ---- */

/* The tables by each and by both, and where the period is in each. */
struct crossing {
    struct outside_table row, column, cell;
    size_t row_at, row_end, column_at, column_end, cell_at, cell_end;
};

static void move_to(const struct outside_table *table, int32_t period, size_t *at, size_t *end) {
    for (*at = *end; *at < table->count && table->number[*at].period < period;)
        *at = outside_table_end(table, *at);
    *end = *at < table->count && table->number[*at].period == period ? outside_table_end(table, *at) : *at;
}

static bool find_line(const struct outside_table *table, size_t at, size_t end, struct str value,
                      size_t *line) {
    size_t low = at, high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(outside_table_value(table, middle, 0), value);
        if (order == 0) {
            *line = middle - at;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool make_cells(const struct crossing *crossing, struct outside_cell *cell) {
    for (size_t i = crossing->cell_at; i < crossing->cell_end; i++, cell++) {
        cell->number = crossing->cell.number[i].number;
        if (!find_line(&crossing->row, crossing->row_at, crossing->row_end,
                       outside_table_value(&crossing->cell, i, 0), &cell->row) ||
            !find_line(&crossing->column, crossing->column_at, crossing->column_end,
                       outside_table_value(&crossing->cell, i, 1), &cell->column))
            return false;
    }
    return true;
}

static void decide_crossing(const struct deciding *deciding, const struct crossing *crossing) {
    size_t rows = crossing->row_end - crossing->row_at, columns = crossing->column_end - crossing->column_at,
           cells = crossing->cell_end - crossing->cell_at;
    int64_t threshold = deciding->threshold;
    struct outside_line *row = make_lines(&crossing->row, crossing->row_at, crossing->row_end),
                        *column = make_lines(&crossing->column, crossing->column_at, crossing->column_end);
    struct outside_cell *cell = mem_zeroed(cells + 1, sizeof *cell);
    int32_t period = crossing->cell.number[crossing->cell_at].period;
    if (is_over(deciding, period) && make_cells(crossing, cell) && outside_choose(row, rows, threshold) &&
        outside_choose(column, columns, threshold) &&
        outside_choose_cells(row, rows, column, columns, cell, cells, threshold)) {
        hide_lines(deciding, &crossing->row, crossing->row_at, crossing->row_end, 0, row);
        hide_lines(deciding, &crossing->column, crossing->column_at, crossing->column_end, 1, column);
    } else {
        hide(deciding, period, OUTSIDE_WHOLE, (struct str){0});
    }
    free(row);
    free(column);
    free(cell);
}

static int decide_cells(const struct deciding *deciding, const struct str *dim, struct fault *why) {
    struct crossing crossing = {0};
    struct fold_question question = deciding->base;
    question.split = dim;
    question.split_count = 1;
    int err = outside_table_load(&crossing.row, &question, why);
    question.split = dim + 1;
    if (err == 0)
        err = outside_table_load(&crossing.column, &question, why);
    question.split = dim;
    question.split_count = 2;
    if (err == 0)
        err = outside_table_load(&crossing.cell, &question, why);
    while (err == 0 && crossing.cell_end < crossing.cell.count) {
        int32_t period = crossing.cell.number[crossing.cell_end].period;
        move_to(&crossing.cell, period, &crossing.cell_at, &crossing.cell_end);
        move_to(&crossing.row, period, &crossing.row_at, &crossing.row_end);
        move_to(&crossing.column, period, &crossing.column_at, &crossing.column_end);
        decide_crossing(deciding, &crossing);
    }
    outside_table_clear(&crossing.row);
    outside_table_clear(&crossing.column);
    outside_table_clear(&crossing.cell);
    return err;
}

/* ---- all of it ---- */

/* With three dimensions or more what is told by each two of them could tell what is not told by all. */
static int decide_all_dims(const struct deciding *deciding, struct fault *why) {
    const struct framework *framework = deciding->asked->framework;
    struct str dim[DIMS_MAX];
    size_t count = framework_indicator_at(framework, deciding->indicator)->dim_count;
    for (size_t i = 0; i < count; i++)
        dim[i] = framework_dim_name(framework, deciding->indicator, i);
    return decide_whole(deciding, dim, count, why);
}

static int decide(struct deciding *deciding, const struct str *dim, size_t count, struct fault *why) {
    size_t all = framework_indicator_at(deciding->asked->framework, deciding->indicator)->dim_count;
    if (!is_made_of_base(deciding))
        return hide_all(deciding, why);
    if (count == 0)
        return 0;
    if (count > 2 || (count == 2 && all > 2))
        return decide_all_dims(deciding, why);
    for (size_t i = 0; i < count; i++)
        if (outside_is_nested(deciding->asked, deciding->indicator, dim[i]))
            return decide_whole(deciding, dim, count, why);
    return count == 1 ? decide_line(deciding, dim, why) : decide_cells(deciding, dim, why);
}

/* A ratio is as secret as what it is made of. */
static int load(struct outside *outside, const struct fold_question *asked, size_t indicator,
                const struct str *dim, struct fault *why) {
    const struct framework_indicator *it = framework_indicator_at(asked->framework, indicator);
    struct deciding deciding = {.outside = outside,
                                .asked = asked,
                                .indicator = indicator,
                                .threshold = framework_small_number(asked->framework, indicator),
                                .base = *asked};
    if (it->kind == KIND_RATIO) {
        int err = load(outside, asked, it->numerator, dim, why);
        return err ? err : load(outside, asked, it->denominator, dim, why);
    }
    if (deciding.threshold == 0 || it->dim_count == 0)
        return 0;
    deciding.base.indicator = indicator;
    deciding.base.by = it->frequency < PERIOD_MONTH ? PERIOD_MONTH : it->frequency;
    deciding.base.has_sum_of = false;
    deciding.base.where = NULL;
    deciding.base.coverage = false;
    return decide(&deciding, dim, outside->dim_count, why);
}

int outside_load(struct outside *outside, const struct fold_question *asked, struct fault *why) {
    *outside = (struct outside){0};
    outside->dim_count = list_dims(asked, outside->dim);
    int err = load(outside, asked, asked->indicator, outside->dim, why);
    outside_order(outside);
    return err;
}
