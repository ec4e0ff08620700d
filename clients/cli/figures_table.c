#include "clients/cli/figures_table.h"

#include <string.h>

#include "clients/cli/figures_table_priv.h"
#include "clients/cli/print.h"
#include "clients/collector/terminal.h"

#define LABEL_MIN 24
#define TREND     "trend"
#define TARGET    "target"

/* The columns of periods that stand beside each other. */
struct block {
    size_t first, count;
    bool last;
    bool remarks; /* stand at the ends of its rows; else they are notes */
};

/* --- widths --- */

static void widen(int *width, const char *text) {
    int columns = terminal_columns(text);
    if (columns > *width)
        *width = columns;
}

static const char *value_text(const struct answer_figure *cell, char out[static PRINT_NUMBER]) {
    switch (cell ? cell->state : SUIVI_MISSING) {
    case SUIVI_VALUE:
        return print_value(cell->value, cell->decimals, out);
    case SUIVI_NOT_DUE:
        return PRINT_NOT_DUE;
    case SUIVI_WITHHELD:
        return PRINT_WITHHELD;
    default:
        return PRINT_MISSING;
    }
}

/* What the last period of a row is to reach; "" where nothing is said, or it is broken down. */
static const char *target_text(const struct table_view *view, const struct table_row *row,
                               char out[static PRINT_NUMBER]) {
    size_t note;
    const struct answer_figure *cell = table_cell(view, row, view->periods[view->period_count - 1], &note);
    out[0] = '\0';
    if (!cell || !cell->has_target || answer_split_count(view->answer) > 0)
        return out;
    return print_value(cell->target, cell->decimals, out);
}

static void measure(struct table_view *view) {
    char number[PRINT_NUMBER];
    widen(&view->label_width, "indicator");
    for (size_t i = 0; i < answer_split_count(view->answer); i++)
        widen(&view->dim_width[i], answer_split(view->answer, i));
    for (size_t i = 0; i < view->period_count; i++)
        widen(&view->value_width, view->periods[i]);
    for (size_t i = 0; i < view->row_count; i++) {
        const struct table_row *row = &view->rows[i];
        int label = terminal_columns(row->label) + terminal_columns(row->mark);
        view->label_width = label > view->label_width ? label : view->label_width;
        widen(&view->value_width, print_value(row->lowest, row->decimals, number));
        widen(&view->value_width, print_value(row->highest, row->decimals, number));
        widen(&view->target_width, target_text(view, row, number));
        for (size_t d = 0; d < answer_split_count(view->answer); d++)
            widen(&view->dim_width[d], answer_at(view->answer, row->first)->dims[d]);
    }
    if (view->target_width > 0)
        widen(&view->target_width, TARGET);
    int half = view->layout->width / 2 > LABEL_MIN ? view->layout->width / 2 : LABEL_MIN;
    if (view->label_width > half)
        view->label_width = half;
}

static int width_before_periods(const struct table_view *view) {
    int width = view->label_width;
    for (size_t i = 0; i < answer_split_count(view->answer); i++)
        width += PRINT_GAP + view->dim_width[i];
    return width;
}

/* Columns of periods that fit one block, at least one; each takes a column of the trend too. */
static size_t columns_in_block(const struct table_view *view) {
    int left = view->layout->width - width_before_periods(view) - PRINT_GAP;
    int each = PRINT_GAP + view->value_width + 1;
    if (view->target_width > 0)
        left -= PRINT_GAP + view->target_width;
    return left > each ? (size_t)(left / each) : 1;
}

static int trend_width(const struct table_view *view, const struct block *block) {
    int bars = (int)block->count, head = terminal_columns(TREND);
    return view->period_count < 2 ? 0 : bars > head ? bars : head;
}

/* Whether all remarks fit the ends of their rows. */
static bool remarks_fit(const struct table_view *view, const struct block *block) {
    int used = width_before_periods(view) + (int)block->count * (PRINT_GAP + view->value_width);
    used += view->period_count > 1 ? PRINT_GAP + trend_width(view, block) : 0;
    used += view->target_width > 0 ? PRINT_GAP + view->target_width : 0;
    for (size_t i = 0; i < view->row_count; i++) {
        const char *remark = view->rows[i].remark;
        if (remark && used + PRINT_GAP + terminal_columns(remark) > view->layout->width)
            return false;
    }
    return true;
}

/* --- printing --- */

static const char *bar_of(const struct table_row *row, int64_t value) {
    static const char *const bars[] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84",
                                       "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
    if (row->lowest == row->highest)
        return bars[value == 0 ? 0 : 3];
    double height = ((double)value - (double)row->lowest) / ((double)row->highest - (double)row->lowest);
    return bars[(int)(height * 7 + 0.5)];
}

static void put_head(const struct table_view *view, const struct block *block) {
    fputs(view->layout->colour ? PRINT_BOLD : "", view->stream);
    print_left(view->stream, "indicator", view->label_width);
    for (size_t i = 0; i < answer_split_count(view->answer); i++) {
        print_spaces(view->stream, PRINT_GAP);
        print_left(view->stream, answer_split(view->answer, i), view->dim_width[i]);
    }
    for (size_t i = block->first; i < block->first + block->count; i++) {
        print_spaces(view->stream, PRINT_GAP);
        print_right(view->stream, view->periods[i], view->value_width);
    }
    bool target = block->last && view->target_width > 0;
    if (view->period_count > 1) {
        print_spaces(view->stream, PRINT_GAP);
        print_left(view->stream, TREND, target ? trend_width(view, block) : terminal_columns(TREND));
    }
    if (target) {
        print_spaces(view->stream, PRINT_GAP);
        print_right(view->stream, TARGET, view->target_width);
    }
    fputs(view->layout->colour ? PRINT_PLAIN "\n" : "\n", view->stream);
}

/* Once for all breakdowns of an indicator, unless their notes differ. */
static void put_label(const struct table_view *view, size_t index) {
    const struct table_row *row = &view->rows[index], *before = index > 0 ? row - 1 : NULL;
    if (before && strcmp(row->id, before->id) == 0 && strcmp(row->mark, before->mark) == 0) {
        print_spaces(view->stream, view->label_width);
        return;
    }
    int room = view->label_width - terminal_columns(row->mark), columns = terminal_columns(row->label);
    print_left(view->stream, row->label, columns < room ? columns : room);
    fputs(row->mark, view->stream);
    print_spaces(view->stream, room - columns);
}

/* Spaces are held back until something follows them, so that no line ends in any. */
static void put_after(const struct table_view *view, int *spaces, const char *text) {
    print_spaces(view->stream, *spaces);
    fputs(text, view->stream);
    *spaces = 0;
}

/* A bar for each figure of the block, its height that within the whole row. */
static void put_trend(const struct table_view *view, const struct table_row *row, const struct block *block,
                      int *spaces) {
    *spaces += PRINT_GAP;
    for (size_t i = block->first; i < block->first + block->count; i++) {
        size_t note;
        const struct answer_figure *cell = table_cell(view, row, view->periods[i], &note);
        if (cell && cell->state == SUIVI_VALUE)
            put_after(view, spaces, bar_of(row, cell->value));
        else
            ++*spaces;
    }
    *spaces += trend_width(view, block) - (int)block->count;
}

static void put_end(const struct table_view *view, const struct table_row *row, const struct block *block,
                    int spaces) {
    char number[PRINT_NUMBER], mark[NOTES_MARK];
    if (view->period_count > 1)
        put_trend(view, row, block, &spaces);
    if (block->last && view->target_width > 0) {
        const char *target = target_text(view, row, number);
        spaces += PRINT_GAP + view->target_width - terminal_columns(target);
        if (target[0] != '\0')
            put_after(view, &spaces, target);
    }
    spaces += PRINT_GAP;
    if (block->last && row->remark)
        put_after(view, &spaces, block->remarks ? row->remark : notes_mark(row->remark_note, mark));
    fputc('\n', view->stream);
}

static void put_row(const struct table_view *view, size_t index, const struct block *block) {
    const struct table_row *row = &view->rows[index];
    const struct answer_figure *figure = answer_at(view->answer, row->first);
    put_label(view, index);
    for (size_t i = 0; i < answer_split_count(view->answer); i++) {
        print_spaces(view->stream, PRINT_GAP);
        print_left(view->stream, figure->dims[i], view->dim_width[i]);
    }
    int spaces = 0; /* a mark takes of the next gap */
    for (size_t i = block->first; i < block->first + block->count; i++) {
        char number[PRINT_NUMBER], mark[NOTES_MARK];
        size_t note;
        const struct answer_figure *cell = table_cell(view, row, view->periods[i], &note);
        if (cell == NULL && table_is_cover(view, row)) {
            spaces += PRINT_GAP + view->value_width;
            continue;
        }
        print_spaces(view->stream, PRINT_GAP + spaces);
        print_right(view->stream, value_text(cell, number), view->value_width);
        fputs(notes_mark(note, mark), view->stream);
        spaces = -terminal_columns(mark);
    }
    put_end(view, row, block, spaces);
}

/* --- below the table --- */

static void put_below(const struct table_view *view) {
    static const char *const legend[] = {
        [SUIVI_MISSING] = PRINT_MISSING " missing: the period is over, and nothing is known",
        [SUIVI_NOT_DUE] = PRINT_NOT_DUE " not due: no figure is wanted, or not yet",
        [SUIVI_WITHHELD] = PRINT_WITHHELD " withheld: it would tell too much of few people",
    };
    bool any = view->notes.count > 0;
    for (size_t state = SUIVI_MISSING; state <= SUIVI_WITHHELD; state++)
        any = any || view->shown[state];
    if (any)
        fputc('\n', view->stream);
    notes_print(&view->notes, view->stream);
    for (size_t state = SUIVI_MISSING; state <= SUIVI_WITHHELD; state++)
        if (view->shown[state])
            fprintf(view->stream, "%s\n", legend[state]);
}

static struct block block_at(struct table_view *view, size_t first, size_t most) {
    size_t left = view->period_count - first;
    struct block block = {.first = first, .count = left < most ? left : most, .last = left <= most};
    block.remarks = block.last && remarks_fit(view, &block);
    for (size_t i = 0; block.last && !block.remarks && i < view->row_count; i++)
        if (view->rows[i].remark)
            view->rows[i].remark_note = notes_number(&view->notes, view->rows[i].remark);
    return block;
}

static void put_blocks(struct table_view *view) {
    size_t most = columns_in_block(view);
    for (size_t first = 0; first < view->period_count; first += most) {
        struct block block = block_at(view, first, most);
        fputs(first > 0 ? "\n" : "", view->stream);
        put_head(view, &block);
        for (size_t i = 0; i < view->row_count; i++)
            put_row(view, i, &block);
    }
    put_below(view);
}

static bool is_worth_it(const struct answer *answer, const struct figures_table_layout *layout) {
    return answer_tells(answer) || layout->all_periods || layout->from || layout->to;
}

void figures_table_write(FILE *stream, struct answer *answer, const struct figures_table_layout *layout) {
    struct table_view view = {.stream = stream, .answer = answer, .layout = layout};
    if (answer_count(answer) == 0 || !is_worth_it(answer, layout))
        return;
    answer_sort_by_plan(answer);
    table_make_columns(&view);
    table_make_rows(&view);
    if (view.row_count > 0) {
        measure(&view);
        put_blocks(&view);
    }
    table_free(&view);
}
