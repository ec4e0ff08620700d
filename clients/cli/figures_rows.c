#include <stdlib.h>
#include <string.h>

#include "clients/cli/figures_table_priv.h"
#include "clients/cli/print.h"
#include "proto/check.h"

#define COLUMNS_MAX 4096
#define WORST       2 /* periods that are named when little was heard in them */

static bool tells(const struct answer_figure *figure) {
    return figure->state == SUIVI_VALUE || figure->state == SUIVI_WITHHELD || figure->has_reported;
}

/* --- columns --- */

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_period(struct table_view *view, const char *text) {
    if (view->period_count % 64 == 0)
        view->periods = mem_resize(view->periods, view->period_count + 64, sizeof *view->periods);
    view->periods[view->period_count++] = mem_string(text, strlen(text));
}

struct span {
    bool any;
    int32_t first, last;
};

static void widen_span(struct span *span, const struct period *period) {
    span->first = !span->any || period->first < span->first ? period->first : span->first;
    span->last = !span->any || period->last > span->last ? period->last : span->last;
    span->any = true;
}

bool figures_table_span(const struct answer *answer, const struct figures_table_layout *layout,
                        int32_t *first, int32_t *last) {
    struct span values = {0}, all = {0};
    const struct period *from = layout->from, *to = layout->to;
    for (size_t i = 0; i < answer_count(answer); i++) {
        const struct answer_figure *figure = answer_at(answer, i);
        struct period period;
        if (period_parse(&period, str_of(figure->period), NULL) != 0 || period.type != layout->by)
            return false;
        widen_span(&all, &period);
        if (tells(figure))
            widen_span(&values, &period);
    }
    bool every = layout->all_periods || !values.any;
    *first = every ? all.first : values.first;
    *last = every ? all.last : values.last;
    if (from && from->first < *first)
        *first = from->first;
    if (to && to->last > *last)
        *last = to->last;
    return all.any;
}

static void drop_repeated(struct table_view *view) {
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

/* A figure of another century is no reason for a column for each month up to it. */
static bool keep_to_the_plan(const struct figures_table_layout *layout, int32_t *first, int32_t *last) {
    const struct period *years = layout->years;
    if (years && !layout->from && *first < years->first)
        *first = years->first;
    if (years && !layout->to && *last > years->last)
        *last = years->last;
    return *first <= *last;
}

/* A column for every period of the span, so that a gap in the data is a gap in the table. */
void table_make_columns(struct table_view *view) {
    int32_t first = 0, last = 0;
    bool ordered =
        view->layout->by != PERIOD_PLAN && figures_table_span(view->answer, view->layout, &first, &last);
    for (size_t i = 0; i < answer_count(view->answer); i++) {
        const struct answer_figure *figure = answer_at(view->answer, i);
        if (ordered && !tells(figure))
            continue;
        if (view->period_count == 0 || strcmp(view->periods[view->period_count - 1], figure->period) != 0)
            add_period(view, figure->period);
    }
    if (ordered)
        ordered = keep_to_the_plan(view->layout, &first, &last);
    if (ordered) {
        struct period period = period_of_day(view->layout->by, first, NULL);
        size_t extra = 0;
        do {
            char text[PERIOD_TEXT_MAX];
            add_period(view, period_print(&period, text));
        } while (++extra < COLUMNS_MAX && period.last < last && period_next(&period));
    }
    drop_repeated(view);
}

static bool has_column(const struct table_view *view, const struct answer_figure *figure) {
    return bsearch(&figure->period, view->periods, view->period_count, sizeof *view->periods,
                   compare_texts) != NULL;
}

/* --- notes --- */

/* What was reported of a closed period, where it is no longer what is known. */
static char *restated(const struct answer_figure *figure) {
    char *text, was[PRINT_NUMBER], is[PRINT_NUMBER];
    bool same = figure->state == SUIVI_VALUE && figure->value == figure->reported;
    if (!figure->has_reported || same)
        return NULL;
    print_value(figure->reported, figure->decimals, was);
    print_value(figure->value, figure->decimals, is);
    ASSERT(asprintf(&text, "reported %s (closed), now %s", was,
                    figure->state == SUIVI_VALUE ? is : answer_state_name(figure->state)) >= 0);
    return text;
}

static void note_cell(struct table_view *view, size_t index, bool at_label) {
    const struct answer_figure *figure = answer_at(view->answer, index);
    const char *own = at_label && figure->state == SUIVI_VALUE ? "" : figure->note;
    char *moved = restated(figure), *both = NULL;
    if (moved && own[0] != '\0')
        ASSERT(asprintf(&both, "%s; %s", own, moved) >= 0);
    view->cell_note[index] = notes_number(&view->notes, both ? both : moved ? moved : own);
    free(moved);
    free(both);
}

/* An indicator's own note stands at its label, and so does one that all figures of the row share. Returns whether
 * the figures' notes stand there. */
static bool note_label(struct table_view *view, struct table_row *row, const char *shared) {
    struct suivi_indicator indicator = answer_indicator(view->answer, row->id);
    size_t own = notes_number(&view->notes, indicator.note);
    bool at_label = shared && (own == 0 || strcmp(shared, indicator.note) == 0);
    notes_mark(own != 0 || !at_label ? own : notes_number(&view->notes, shared), row->mark);
    bool code = indicator.code[0] != '\0';
    ASSERT(asprintf(&row->label, "%s%s%s", indicator.code, code ? "  " : "", indicator.label) >= 0);
    return at_label;
}

/* --- coverage --- */

/* Of what is missing without anybody having been heard from, the dash says enough. */
static bool heard_too_little(const struct table_view *view, const struct answer_figure *figure) {
    return figure->heard < figure->days && (figure->heard > 0 || figure->state == SUIVI_VALUE) &&
           has_column(view, figure);
}

static bool is_worse(const struct answer_figure *a, const struct answer_figure *b) {
    return (uint64_t)a->heard * b->days < (uint64_t)b->heard * a->days;
}

static char *remark_of(const struct table_view *view, const struct table_row *row) {
    const struct answer_figure *worst[WORST + 1] = {0};
    size_t count = 0;
    for (size_t i = row->first; i < row->first + row->count; i++) {
        const struct answer_figure *figure = answer_at(view->answer, i);
        if (!heard_too_little(view, figure))
            continue;
        size_t place = count < WORST ? count : WORST;
        for (; place > 0 && is_worse(figure, worst[place - 1]); place--)
            worst[place] = worst[place - 1];
        worst[place] = figure;
        count++;
    }
    if (count == 0)
        return NULL;
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    ASSERT(stream);
    fprintf(stream, "heard from on %u of %u days in %s", worst[0]->heard, worst[0]->days, worst[0]->period);
    if (count > 1)
        fprintf(stream, "%s%u of %u in %s", count == 2 ? " and " : ", ", worst[1]->heard, worst[1]->days,
                worst[1]->period);
    if (count > WORST)
        fprintf(stream, ", and not every day in %zu more %s", count - WORST,
                count - WORST == 1 ? "period" : "periods");
    ASSERT(fclose(stream) == 0);
    return text;
}

/* --- rows --- */

static void measure_row(const struct table_view *view, struct table_row *row, const char **shared) {
    bool same = true;
    for (size_t i = row->first; i < row->first + row->count; i++) {
        const struct answer_figure *figure = answer_at(view->answer, i);
        if (figure->state != SUIVI_VALUE)
            continue;
        if (!row->has_value) {
            row->lowest = row->highest = figure->value;
            *shared = figure->note;
        }
        row->lowest = figure->value < row->lowest ? figure->value : row->lowest;
        row->highest = figure->value > row->highest ? figure->value : row->highest;
        row->decimals = figure->decimals > row->decimals ? figure->decimals : row->decimals;
        same = same && strcmp(figure->note, *shared) == 0;
        row->has_value = true;
    }
    if (!same)
        *shared = NULL;
}

static bool is_wanted(const struct table_view *view, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) {
        const struct answer_figure *figure = answer_at(view->answer, i);
        if ((view->layout->all_rows || figure->state != SUIVI_NOT_DUE) && has_column(view, figure))
            return true;
    }
    return false;
}

static void make_row(struct table_view *view, size_t first, size_t count) {
    struct table_row row = {.first = first, .count = count, .id = answer_at(view->answer, first)->indicator};
    const char *shared = NULL;
    measure_row(view, &row, &shared);
    bool at_label = note_label(view, &row, shared);
    for (size_t i = first; i < first + count; i++) {
        const struct answer_figure *figure = answer_at(view->answer, i);
        if (!has_column(view, figure))
            continue;
        note_cell(view, i, at_label);
        view->shown[figure->state] = true;
    }
    row.remark = remark_of(view, &row);
    if (view->row_count % 64 == 0)
        view->rows = mem_resize(view->rows, view->row_count + 64, sizeof *view->rows);
    view->rows[view->row_count++] = row;
}

/* --- covers --- */

bool table_is_cover(const struct table_view *view, const struct table_row *row) {
    const struct answer_figure *figure = answer_at(view->answer, row->first);
    bool partial = false;
    for (size_t i = 0; i < answer_split_count(view->answer); i++)
        partial = partial || figure->dims[i][0] == '\0';
    for (size_t i = row->first; partial && i < row->first + row->count; i++)
        partial = answer_at(view->answer, i)->state == SUIVI_WITHHELD;
    return partial;
}

static bool covers(const struct table_view *view, const struct table_row *cover,
                   const struct table_row *row) {
    const struct answer_figure *wide = answer_at(view->answer, cover->first),
                               *narrow = answer_at(view->answer, row->first);
    bool fits = strcmp(cover->id, row->id) == 0;
    for (size_t i = 0; fits && i < answer_split_count(view->answer); i++)
        fits = wide->dims[i][0] == '\0' || strcmp(wide->dims[i], narrow->dims[i]) == 0;
    return fits;
}

static void free_row(struct table_row *row) {
    free(row->label);
    free(row->remark);
}

/* Takes out those that every period of is shown by the rows that they stand for. */
static void take_covers_out(struct table_view *view) {
    size_t kept = 0;
    view->covers = mem_zeroed(view->row_count + 1, sizeof *view->covers);
    for (size_t i = 0; i < view->row_count; i++)
        if (table_is_cover(view, &view->rows[i]))
            view->covers[view->cover_count++] = view->rows[i];
    for (size_t i = 0; i < view->row_count; i++) {
        bool shown = true;
        for (size_t k = i + 1; shown && k < view->row_count && table_is_cover(view, &view->rows[i]); k++)
            shown = table_is_cover(view, &view->rows[k]) || !covers(view, &view->rows[i], &view->rows[k]);
        if (shown)
            view->rows[kept++] = view->rows[i];
        else
            free_row(&view->rows[i]);
    }
    view->row_count = kept;
}

void table_make_rows(struct table_view *view) {
    size_t count = answer_count(view->answer);
    view->cell_note = mem_zeroed(count, sizeof *view->cell_note);
    for (size_t first = 0, next; first < count; first = next) {
        for (next = first + 1; next < count; next++)
            if (!answer_same_row(view->answer, answer_at(view->answer, first), answer_at(view->answer, next)))
                break;
        if (is_wanted(view, first, next - first))
            make_row(view, first, next - first);
    }
    take_covers_out(view);
}

static const struct answer_figure *find_cell(const struct table_view *view, const struct table_row *row,
                                             const char *period, size_t *note) {
    size_t low = row->first, high = row->first + row->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct answer_figure *figure = answer_at(view->answer, middle);
        int order = strcmp(figure->period, period);
        if (order == 0) {
            *note = view->cell_note[middle];
            return figure;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *note = 0;
    return NULL;
}

const struct answer_figure *table_cell(const struct table_view *view, const struct table_row *row,
                                       const char *period, size_t *note) {
    const struct answer_figure *cell = find_cell(view, row, period, note);
    size_t none;
    for (size_t i = 0; cell == NULL && i < view->cover_count; i++)
        if (covers(view, &view->covers[i], row))
            cell = find_cell(view, &view->covers[i], period, &none);
    return cell;
}

void table_free(struct table_view *view) {
    for (size_t i = 0; i < view->period_count; i++)
        free(view->periods[i]);
    for (size_t i = 0; i < view->row_count; i++)
        free_row(&view->rows[i]);
    free(view->periods);
    free(view->rows);
    free(view->covers);
    free(view->cell_note);
    notes_free(&view->notes);
}
