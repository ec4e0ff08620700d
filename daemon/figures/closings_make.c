/* The figures of a period, to be kept. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/figures/absence.h"
#include "daemon/figures/closings_priv.h"
#include "daemon/figures/fold.h"
#include "daemon/store/row.h"
#include "proto/check.h"

_Static_assert(CLOSING_NOTE_MAX >= FOLD_NOTE_MAX - 1, "every note can be kept");

struct making {
    const struct closing_task *task;
    struct wire_writer *figures, *records;
    uint8_t *index;
    size_t index_len, index_room;
    size_t dim_count;
    const struct str *dim; /* names, rising */
    bool any;
    uint64_t count;
};

static void add_record(struct making *making, const struct dims *dims, const struct fold_figure *figure) {
    char text[SERIES_KEY_MAX];
    struct str key = closing_breakdown_key(dims, text);
    if (making->index_len == making->index_room) {
        making->index_room = making->index_room ? making->index_room * 2 : 64 * CLOSING_INDEX_BYTES;
        making->index = mem_resize(making->index, making->index_room, 1);
    }
    (void)row_put(making->index + making->index_len, wire_writer_len(making->records), CLOSING_INDEX_BYTES);
    making->index_len += CLOSING_INDEX_BYTES;
    wire_write_array(making->records, figure->has_on_time ? CLOSING_DUE_FIELDS : CLOSING_RECORD_FIELDS);
    wire_write_bin(making->records, key.at, key.len);
    wire_write_uint(making->records, figure->state);
    wire_write_int(making->records, figure->value);
    wire_write_uint(making->records, figure->heard);
    wire_write_uint(making->records, figure->days);
    if (figure->has_on_time) {
        wire_write_int(making->records, figure->on_time);
        wire_write_str(making->records, str_of(figure->note));
    }
    making->count++;
}

static int too_many(const struct closing_task *task, struct fault *why) {
    char text[PERIOD_TEXT_MAX];
    return fault_set(why, -E2BIG, "%s has more than %u figures, too many to keep: close shorter periods",
                     period_print(&task->period, text), FOLD_FIGURES_MAX);
}

static int take_figure(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct making *making = arg;
    struct dims dims = {0};
    if (making->count == FOLD_FIGURES_MAX || wire_writer_failed(making->records))
        return too_many(making->task, why);
    for (size_t i = 0; i < making->dim_count; i++)
        dims.dim[dims.count++] = (struct dim){making->dim[i], figure->dim[i]};
    making->any = true;
    add_record(making, &dims, figure);
    return 0;
}

static int run_fold(struct making *making, size_t indicator, const struct str *dim, size_t dim_count,
                    struct fault *why) {
    const struct closing_task *task = making->task;
    making->dim = dim;
    making->dim_count = dim_count;
    making->any = false;
    return fold_run(&(struct fold_question){.framework = task->framework,
                                            .catalogue = task->catalogue,
                                            .snapshot = task->snapshot,
                                            .withdrawals = task->withdrawals,
                                            .indicator = indicator,
                                            .by = task->period.type,
                                            .first = task->period.first,
                                            .last = task->period.last,
                                            .today = task->today,
                                            .split = dim,
                                            .split_count = dim_count,
                                            .coverage = true},
                    take_figure, making, why);
}

/* The names of its dimensions in rising order, in which a breakdown's key has them. */
static size_t sorted_dims(const struct framework *framework, size_t indicator, struct str *out) {
    struct dims dims = {0};
    size_t count = framework_indicator_at(framework, indicator)->dim_count;
    for (size_t i = 0; i < count; i++) {
        int err = dims_add(&dims, framework_dim_name(framework, indicator, i), STR("-"), NULL);
        ASSERT(err == 0);
    }
    for (size_t i = 0; i < count; i++)
        out[i] = dims.dim[i].name;
    return count;
}

static int make_element(struct making *making, size_t index, struct fault *why) {
    const struct closing_task *task = making->task;
    const struct framework_indicator *indicator = framework_indicator_at(task->framework, index);
    struct str dim[DIMS_MAX];
    size_t dim_count = sorted_dims(task->framework, index, dim);
    making->index_len = 0;
    wire_writer_reset(making->records);
    int err = run_fold(making, index, NULL, 0, why);
    if (err == 0 && !making->any) {
        struct fold_figure none = {.state =
                                       absence_state(task->framework, index, &task->period, task->today)};
        add_record(making, &(struct dims){0}, &none);
    } else if (err == 0 && dim_count) {
        err = run_fold(making, index, dim, dim_count, why);
    }
    if (err == 0 && wire_writer_failed(making->records))
        err = too_many(task, why);
    if (err)
        return err;
    wire_write_array(making->figures, CLOSING_ELEMENT_FIELDS);
    wire_write_str(making->figures, indicator->id);
    wire_write_uint(making->figures, indicator->decimals);
    wire_write_str(making->figures, indicator->method_version);
    wire_write_bin(making->figures, making->index, making->index_len);
    wire_write_bin(making->figures, wire_writer_data(making->records), wire_writer_len(making->records));
    return wire_writer_failed(making->figures) ? too_many(task, why) : 0;
}

struct sorting {
    size_t index;
    struct str id;
};

static int compare_ids(const void *left, const void *right) {
    const struct sorting *a = left, *b = right;
    return str_compare(a->id, b->id);
}

int closing_make(struct wire_writer *figures, uint64_t *count, const struct closing_task *task,
                 struct fault *why) {
    size_t indicators = framework_indicator_count(task->framework);
    struct making making = {.task = task, .figures = figures};
    char period[PERIOD_TEXT_MAX];
    struct sorting *sorting = mem_zeroed(indicators + 1, sizeof *sorting);
    int err = 0;
    wire_writer_new(&making.records, CLOSING_BYTES_MAX);
    for (size_t i = 0; i < indicators; i++)
        sorting[i] = (struct sorting){i, framework_indicator_at(task->framework, i)->id};
    qsort(sorting, indicators, sizeof *sorting, compare_ids);
    wire_write_array(figures, CLOSING_HEAD_FIELDS);
    wire_write_str(figures, framework_name(task->framework));
    wire_write_str(figures, str_of(period_print(&task->period, period)));
    wire_write_array(figures, indicators);
    for (size_t i = 0; i < indicators && err == 0; i++)
        err = make_element(&making, sorting[i].index, why);
    if (err == 0)
        *count = making.count;
    wire_writer_destroy(&making.records);
    free(making.index);
    free(sorting);
    return err;
}
