/* The answer to `suivi figures`, gathered so that it can be sorted and laid out. */
#ifndef SUIVI_CLI_ANSWER_H
#define SUIVI_CLI_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "proto/dims.h"

#define ANSWER_FIGURES_MAX (4u << 20) /* more are not kept; answer_cut tells */

struct answer;

struct answer_figure {
    const char *indicator, *period, *note;
    const char *dims[DIMS_MAX];
    int64_t value;
    enum suivi_state state;
    unsigned decimals; /* of value, reported and target */
    bool has_reported, has_target, has_on_time;
    int64_t reported, target, on_time;
    uint32_t heard, days; /* coverage; days 0: not said */
};

/* What some figure of an answer has. */
enum answer_part {
    ANSWER_VALUE,
    ANSWER_MISSING,
    ANSWER_NOT_DUE,
    ANSWER_WITHHELD,
    ANSWER_NOTE,
    ANSWER_REPORTED,
    ANSWER_TARGET,
    ANSWER_COVERAGE,
    ANSWER_ON_TIME,
};

/* `split` names the columns of breakdown; copied. */
void answer_new(struct answer **out, const char *const *split, size_t split_count);
void answer_destroy(struct answer **answer);

/* Both copy. */
void answer_add_indicator(struct answer *answer, const struct suivi_indicator *indicator);
void answer_add_figure(struct answer *answer, const struct suivi_figure *figure);

/* By indicator, period, dimensions: the order of rows in a file. */
void answer_sort(struct answer *answer);
/* By the plan's codes, then indicator, dimensions, period: the order in which a person reads. */
void answer_sort_by_plan(struct answer *answer);

/* All borrowed as long as the answer. */
size_t answer_split_count(const struct answer *answer);
const char *answer_split(const struct answer *answer, size_t index);
size_t answer_count(const struct answer *answer);
const struct answer_figure *answer_at(const struct answer *answer, size_t index);
bool answer_cut(const struct answer *answer);
bool answer_has(const struct answer *answer, enum answer_part part);
bool answer_tells(const struct answer *answer); /* anything but what is missing or not due */

/* What is known of an indicator; one that the daemon told nothing of has its id for a label. */
struct suivi_indicator answer_indicator(const struct answer *answer, const char *id);

/* A figure in words where it has no value: "missing", "not due", "withheld"; else "". */
const char *answer_state_name(enum suivi_state state);

/* Same indicator and dimensions: one row of a table. */
bool answer_same_row(const struct answer *answer, const struct answer_figure *a,
                     const struct answer_figure *b);

#endif
