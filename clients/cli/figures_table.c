#include "clients/cli/figures_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/print.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"

#define COLUMNS_MAX 4096
#define MARK_TEXT   16
#define LABEL_MIN   24

/* One indicator and breakdown: figures `first` to `first + count - 1` of the sorted answer. */
struct row {
    size_t first, count;
    int64_t lowest, highest;
    const char *id;
    char *label;          /* "1.2.4  Unique website visitors" */
    char mark[MARK_TEXT]; /* of the note at the label; may be empty */
    size_t note;          /* number of the note that all figures share; 0: none, or each has its own */
};

struct table_view {
    FILE *stream;
    const struct answer *answer;
    const struct figures_table_layout *layout;
    char **periods; /* column heads, in order */
    size_t period_count;
    struct row *rows;
    size_t row_count;
    const char **notes; /* numbered from 1; borrowed */
    size_t note_count, note_room;
    int label_width, dim_width[DIMS_MAX], value_width;
};

/* --- columns --- */

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_period(struct table_view *view, const char *text) {
    if (view->period_count % 64 == 0)
        view->periods = mem_resize(view->periods, view->period_count + 64, sizeof *view->periods);
    view->periods[view->period_count++] = mem_string(text, strlen(text));
}

/* The days from which to which there are figures, or figures were asked for; false when they have no such
 * order. */
static bool find_span(const struct table_view *view, int32_t *first, int32_t *last) {
    bool any = false;
    const struct period *from = view->layout->from, *to = view->layout->to;
    for (size_t i = 0; i < answer_count(view->answer); i++) {
        struct period period;
        if (period_parse(&period, str_of(answer_at(view->answer, i)->period), NULL) != 0 ||
            period.type != view->layout->by)
            return false;
        *first = !any || period.first < *first ? period.first : *first;
        *last = !any || period.last > *last ? period.last : *last;
        any = true;
    }
    if (any && from && from->first < *first)
        *first = from->first;
    if (any && to && to->last > *last)
        *last = to->last;
    return any;
}

/* A column for every period of the span, so that a gap in the data is a gap in the table. */
static void make_columns(struct table_view *view) {
    int32_t first = 0, last = 0;
    for (size_t i = 0; i < answer_count(view->answer); i++) {
        const char *text = answer_at(view->answer, i)->period;
        if (view->period_count == 0 || strcmp(view->periods[view->period_count - 1], text) != 0)
            add_period(view, text);
    }
    if (view->layout->by != PERIOD_PLAN && find_span(view, &first, &last)) {
        struct period period = period_of_day(view->layout->by, first, NULL);
        size_t extra = 0;
        do {
            char text[PERIOD_TEXT_MAX];
            add_period(view, period_print(&period, text));
        } while (++extra < COLUMNS_MAX && period.last < last && period_next(&period));
    }
    if (view->period_count == 0)
        return;
    qsort(view->periods, view->period_count, sizeof *view->periods, compare_texts);
    size_t kept = 1;
    for (size_t i = 1; i < view->period_count; i++) {
        if (strcmp(view->periods[i], view->periods[kept - 1]) == 0)
            free(view->periods[i]);
        else
            view->periods[kept++] = view->periods[i];
    }
    view->period_count = kept;
}

/* --- notes --- */

/* The number of a note, from 1; 0 for none. */
static size_t number_note(struct table_view *view, const char *note) {
    if (note[0] == '\0')
        return 0;
    for (size_t i = 0; i < view->note_count; i++)
        if (strcmp(view->notes[i], note) == 0)
            return i + 1;
    if (view->note_count == view->note_room) {
        view->note_room = view->note_room ? 2 * view->note_room : 8;
        view->notes = mem_resize(view->notes, view->note_room, sizeof *view->notes);
    }
    view->notes[view->note_count++] = note;
    return view->note_count;
}

/* 12 as ¹². */
static const char *mark_of(size_t number, char out[static MARK_TEXT]) {
    static const char *const digits[] = {"\xe2\x81\xb0", "\xc2\xb9",     "\xc2\xb2",     "\xc2\xb3",
                                         "\xe2\x81\xb4", "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7",
                                         "\xe2\x81\xb8", "\xe2\x81\xb9"};
    char plain[8];
    out[0] = '\0';
    if (number == 0 || number > 999)
        return out;
    snprintf(plain, sizeof plain, "%zu", number);
    for (const char *digit = plain; *digit; digit++)
        strcat(out, digits[*digit - '0']);
    return out;
}

/* --- rows --- */

/* An indicator's own note stands at its label, and so does one that all figures of the row share. */
static void name_row(struct table_view *view, struct row *row, const char *id) {
    struct suivi_indicator indicator = answer_indicator(view->answer, id);
    size_t own = number_note(view, indicator.note);
    if (own != 0 && row->note != own)
        row->note = 0; /* two notes, one place: the figures keep theirs */
    mark_of(own != 0 ? own : row->note, row->mark);
    bool code = indicator.code[0] != '\0';
    row->id = id;
    ASSERT(asprintf(&row->label, "%s%s%s", indicator.code, code ? "  " : "", indicator.label) >= 0);
}

static void make_row(struct table_view *view, size_t first, size_t count) {
    struct row row = {.first = first, .count = count};
    const struct answer_figure *figure = answer_at(view->answer, first);
    row.lowest = row.highest = figure->value;
    bool same = true;
    for (size_t i = first; i < first + count; i++) {
        const struct answer_figure *other = answer_at(view->answer, i);
        row.lowest = other->value < row.lowest ? other->value : row.lowest;
        row.highest = other->value > row.highest ? other->value : row.highest;
        same = same && strcmp(other->note, figure->note) == 0;
    }
    row.note = same ? number_note(view, figure->note) : 0;
    name_row(view, &row, figure->indicator);
    if (view->row_count % 64 == 0)
        view->rows = mem_resize(view->rows, view->row_count + 64, sizeof *view->rows);
    view->rows[view->row_count++] = row;
}

static void make_rows(struct table_view *view) {
    size_t count = answer_count(view->answer);
    for (size_t first = 0, next; first < count; first = next) {
        for (next = first + 1; next < count; next++)
            if (!answer_same_row(view->answer, answer_at(view->answer, first), answer_at(view->answer, next)))
                break;
        make_row(view, first, next - first);
    }
}

/* The figure of a row in a column; NULL: missing. */
static const struct answer_figure *cell_at(const struct table_view *view, const struct row *row,
                                           const char *period) {
    size_t low = row->first, high = row->first + row->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(answer_at(view->answer, middle)->period, period);
        if (order == 0)
            return answer_at(view->answer, middle);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- widths --- */

static void widen(int *width, const char *text) {
    int columns = terminal_columns(text);
    if (columns > *width)
        *width = columns;
}

static void measure(struct table_view *view) {
    char number[PRINT_NUMBER];
    widen(&view->label_width, "indicator");
    for (size_t i = 0; i < answer_split_count(view->answer); i++)
        widen(&view->dim_width[i], answer_split(view->answer, i));
    for (size_t i = 0; i < view->period_count; i++)
        widen(&view->value_width, view->periods[i]);
    for (size_t i = 0; i < view->row_count; i++) {
        int label = terminal_columns(view->rows[i].label) + terminal_columns(view->rows[i].mark);
        view->label_width = label > view->label_width ? label : view->label_width;
        widen(&view->value_width, print_number(view->rows[i].lowest, number));
        widen(&view->value_width, print_number(view->rows[i].highest, number));
        for (size_t d = 0; d < answer_split_count(view->answer); d++)
            widen(&view->dim_width[d], answer_at(view->answer, view->rows[i].first)->dims[d]);
    }
    int half = view->layout->width / 2 > LABEL_MIN ? view->layout->width / 2 : LABEL_MIN;
    if (view->label_width > half)
        view->label_width = half;
}

/* Columns of periods that fit one block, at least one; each takes a column of the trend too. */
static size_t columns_in_block(const struct table_view *view) {
    int left = view->layout->width - view->label_width - PRINT_GAP;
    for (size_t i = 0; i < answer_split_count(view->answer); i++)
        left -= PRINT_GAP + view->dim_width[i];
    int each = PRINT_GAP + view->value_width + 1;
    return left > each ? (size_t)(left / each) : 1;
}

/* --- printing --- */

static const char *bar_of(const struct row *row, int64_t value) {
    static const char *const bars[] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84",
                                       "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
    if (row->lowest == row->highest)
        return bars[value == 0 ? 0 : 3];
    double height = ((double)value - (double)row->lowest) / ((double)row->highest - (double)row->lowest);
    return bars[(int)(height * 7 + 0.5)];
}

static void put_head(const struct table_view *view, size_t first, size_t count) {
    fputs(view->layout->colour ? PRINT_BOLD : "", view->stream);
    print_left(view->stream, "indicator", view->label_width);
    for (size_t i = 0; i < answer_split_count(view->answer); i++) {
        print_spaces(view->stream, PRINT_GAP);
        print_left(view->stream, answer_split(view->answer, i), view->dim_width[i]);
    }
    for (size_t i = first; i < first + count; i++) {
        print_spaces(view->stream, PRINT_GAP);
        print_right(view->stream, view->periods[i], view->value_width);
    }
    if (view->period_count > 1) {
        print_spaces(view->stream, PRINT_GAP);
        fputs("trend", view->stream);
    }
    fputs(view->layout->colour ? PRINT_PLAIN "\n" : "\n", view->stream);
}

/* Once for all breakdowns of an indicator, unless their notes differ. */
static void put_label(const struct table_view *view, size_t index) {
    const struct row *row = &view->rows[index], *before = index > 0 ? row - 1 : NULL;
    if (before && strcmp(row->id, before->id) == 0 && strcmp(row->mark, before->mark) == 0) {
        print_spaces(view->stream, view->label_width);
        return;
    }
    int room = view->label_width - terminal_columns(row->mark), columns = terminal_columns(row->label);
    print_left(view->stream, row->label, columns < room ? columns : room);
    fputs(row->mark, view->stream);
    print_spaces(view->stream, room - columns);
}

/* A bar for each figure of the block, its height that within the whole row. */
static void put_trend(const struct table_view *view, const struct row *row, size_t first, size_t count) {
    int blank = 0; /* held back, so that no line ends in spaces */
    for (size_t i = first; i < first + count; i++) {
        const struct answer_figure *cell = cell_at(view, row, view->periods[i]);
        if (!cell) {
            blank++;
            continue;
        }
        print_spaces(view->stream, blank);
        blank = 0;
        fputs(bar_of(row, cell->value), view->stream);
    }
}

static void put_row(struct table_view *view, size_t index, size_t first, size_t count) {
    const struct row *row = &view->rows[index];
    const struct answer_figure *figure = answer_at(view->answer, row->first);
    put_label(view, index);
    for (size_t i = 0; i < answer_split_count(view->answer); i++) {
        print_spaces(view->stream, PRINT_GAP);
        print_left(view->stream, figure->dims[i], view->dim_width[i]);
    }
    int gap = PRINT_GAP;
    for (size_t i = first; i < first + count; i++) {
        char number[PRINT_NUMBER], mark[MARK_TEXT] = "";
        const struct answer_figure *cell = cell_at(view, row, view->periods[i]);
        print_spaces(view->stream, gap);
        print_right(view->stream, cell ? print_number(cell->value, number) : PRINT_MISSING,
                    view->value_width);
        if (cell && row->note == 0)
            mark_of(number_note(view, cell->note), mark);
        fputs(mark, view->stream);
        gap = PRINT_GAP - terminal_columns(mark);
    }
    if (view->period_count > 1) {
        print_spaces(view->stream, gap);
        put_trend(view, row, first, count);
    }
    fputc('\n', view->stream);
}

static void put_notes(const struct table_view *view) {
    if (view->note_count > 0)
        fputc('\n', view->stream);
    for (size_t i = 0; i < view->note_count; i++) {
        char mark[MARK_TEXT];
        fprintf(view->stream, "%s %s\n", mark_of(i + 1, mark), view->notes[i]);
    }
}

void figures_table_write(FILE *stream, struct answer *answer, const struct figures_table_layout *layout) {
    struct table_view view = {.stream = stream, .answer = answer, .layout = layout};
    if (answer_count(answer) == 0)
        return;
    answer_sort_by_plan(answer);
    make_columns(&view);
    make_rows(&view);
    measure(&view);
    size_t block = columns_in_block(&view);
    for (size_t first = 0; first < view.period_count; first += block) {
        size_t count = view.period_count - first < block ? view.period_count - first : block;
        fputs(first > 0 ? "\n" : "", stream);
        put_head(&view, first, count);
        for (size_t i = 0; i < view.row_count; i++)
            put_row(&view, i, first, count);
    }
    put_notes(&view);
    for (size_t i = 0; i < view.period_count; i++)
        free(view.periods[i]);
    for (size_t i = 0; i < view.row_count; i++)
        free(view.rows[i].label);
    free(view.periods);
    free(view.rows);
    free(view.notes);
}
