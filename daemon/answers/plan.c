#include "daemon/answers/plan.h"

#include <stdlib.h>

#include "daemon/answers/choice.h"
#include "daemon/answers/words.h"
#include "proto/check.h"

#define CHUNK_BYTES (1u << 20) /* a chunk is closed past this */
#define RUNS_MAX    8          /* different targets that are told of one indicator */

/* The answer while it is written. */
struct writing {
    const struct framework *framework;
    const struct message_plan *question;
    struct frames *answer;
    struct wire_writer *rows, *frame, *values[DIMS_MAX];
    uint32_t row_count;
};

/* ---- what a person reads ---- */

static const char *const rhythm[] = {
    [PERIOD_DAY] = "a day",        [PERIOD_MONTH] = "a month", [PERIOD_QUARTER] = "a quarter",
    [PERIOD_HALF] = "a half-year", [PERIOD_YEAR] = "a year",   [PERIOD_BIENNIUM] = "in two years",
    [PERIOD_PLAN] = "in the plan",
};

static void print_wanted(const struct framework_indicator *indicator, int64_t value, struct words *out) {
    char number[WORDS_NUMBER_MAX];
    if (indicator->kind == KIND_STATUS)
        words_add(out, "%s", value ? "in force" : "not in force");
    else
        words_add(out, "%s", words_number(value, indicator->decimals, number));
}

/* "2 a year"; "250"; "100 from 2016, 150 from 2018". False: nothing is wanted for periods of that type. */
static bool print_targets_of(const struct framework *framework, size_t index, enum period_type type,
                             struct words *out) {
    const struct framework_indicator *indicator = framework_indicator_at(framework, index);
    const struct period *plan = framework_plan(framework);
    struct period period = period_of_day(type, plan->first, plan), from[RUNS_MAX];
    int64_t wanted, value[RUNS_MAX];
    char text[PERIOD_TEXT_MAX];
    size_t runs = 0;
    do {
        if (!framework_target(framework, index, &period, &wanted) || (runs && value[runs - 1] == wanted))
            continue;
        from[runs] = period;
        value[runs++] = wanted;
    } while (runs < RUNS_MAX && period_next(&period) && period.first <= plan->last);
    for (size_t i = 0; i < runs; i++) {
        words_add(out, "%s", i ? ", " : "");
        print_wanted(indicator, value[i], out);
        if (kind_adds_up(indicator->kind))
            words_add(out, " %s", rhythm[type]);
        if (runs > 1 || from[i].first > plan->first)
            words_add(out, " from %s", period_print(&from[i], text));
    }
    return runs > 0;
}

/* The plan may want something of longer periods only than those it wants figures of. */
static void print_target(const struct framework *framework, size_t index, struct words *out) {
    enum period_type type = framework_indicator_at(framework, index)->frequency;
    while (!print_targets_of(framework, index, type, out) && type < PERIOD_PLAN)
        type++;
}

static void print_baseline(const struct framework *framework, size_t index, struct words *out) {
    struct period period;
    int64_t value;
    char text[PERIOD_TEXT_MAX];
    if (!framework_baseline(framework, index, &period, &value))
        return;
    print_wanted(framework_indicator_at(framework, index), value, out);
    words_add(out, " (%s)", period_print(&period, text));
}

/* ---- the answer ---- */

static void close_chunk(struct writing *writing, bool last) {
    char plan[PERIOD_TEXT_MAX];
    const struct framework *framework = writing->framework;
    wire_writer_reset(writing->frame);
    message_write_indicators(
        writing->frame,
        &(struct message_indicators){.id = writing->question->id,
                                     .last = last,
                                     .name = framework_name(framework),
                                     .title = framework_title(framework, writing->question->language),
                                     .plan = str_of(period_print(framework_plan(framework), plan)),
                                     .row_count = writing->row_count},
        writing->rows);
    frames_add(writing->answer, writing->frame);
    wire_writer_reset(writing->rows);
    writing->row_count = 0;
}

static void write_dims(struct writing *writing, size_t index, struct message_indicator_row *row) {
    const struct framework *framework = writing->framework;
    row->dim_count = (uint32_t)framework_indicator_at(framework, index)->dim_count;
    for (uint32_t i = 0; i < row->dim_count; i++) {
        struct wire_writer *values = writing->values[i];
        size_t count = framework_dim_value_count(framework, index, i);
        wire_writer_reset(values);
        for (size_t k = 0; k < count; k++)
            wire_write_str(values, framework_dim_value_at(framework, index, i, k));
        row->dim[i] = framework_dim_name(framework, index, i);
        row->value_count[i] = (uint32_t)count;
        wire_reader_init(&row->values[i], wire_writer_data(values), wire_writer_len(values));
    }
}

static void write_row(struct writing *writing, size_t index) {
    const struct framework *framework = writing->framework;
    const struct framework_indicator *indicator = framework_indicator_at(framework, index);
    struct words fed_by = {{0}}, target = {{0}}, baseline = {{0}};
    words_feeders(framework, index, &fed_by);
    print_target(framework, index, &target);
    print_baseline(framework, index, &baseline);
    struct message_indicator_row row = {
        .id = indicator->id,
        .code = indicator->code,
        .area = indicator->area,
        .kind = str_of(kind_name(indicator->kind)),
        .frequency = str_of(period_type_name(indicator->frequency)),
        .unit = indicator->unit,
        .label = framework_label(framework, index, writing->question->language),
        .definition = framework_definition(framework, index, writing->question->language),
        .method = indicator->method,
        .method_version = indicator->method_version,
        .fed_by = str_of(fed_by.text),
        .target = str_of(target.text),
        .baseline = str_of(baseline.text),
        .due = framework_due_text(framework, index)};
    write_dims(writing, index, &row);
    message_write_indicator_row(writing->rows, &row);
    writing->row_count++;
    if (writing->row_count == MESSAGE_ROWS_MAX || wire_writer_len(writing->rows) > CHUNK_BYTES)
        close_chunk(writing, false);
}

int plan_run(struct frames **out, const struct message_plan *question, const struct framework *framework,
             struct fault *why) {
    struct writing writing = {.framework = framework, .question = question};
    size_t *chosen = mem_zeroed(framework_indicator_count(framework) + 1, sizeof *chosen), count;
    int err = choice_indicators(framework, question->pattern, question->pattern_count, chosen, &count, why);
    if (err == 0) {
        frames_new(&writing.answer);
        wire_writer_new(&writing.rows, MESSAGE_BYTES_MAX / 2);
        wire_writer_new(&writing.frame, MESSAGE_BYTES_MAX);
        for (size_t i = 0; i < DIMS_MAX; i++)
            wire_writer_new(&writing.values[i], CHUNK_BYTES);
        for (size_t i = 0; i < count; i++)
            write_row(&writing, chosen[i]);
        close_chunk(&writing, true);
        for (size_t i = 0; i < DIMS_MAX; i++)
            wire_writer_destroy(&writing.values[i]);
        wire_writer_destroy(&writing.rows);
        wire_writer_destroy(&writing.frame);
        *out = writing.answer;
    }
    free(chosen);
    return err;
}
