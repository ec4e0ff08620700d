#include <stdlib.h>

#include "daemon/answers/outside.h"
#include "daemon/answers/query_priv.h"
#include "proto/check.h"

struct withholding {
    struct query_figures *figures;
    struct outside outside;
    size_t place[DIMS_MAX]; /* of each of its dimensions in the split; SIZE_MAX: it is in --where */
};

static void find_places(struct withholding *withholding) {
    const struct query_figures *figures = withholding->figures;
    for (size_t i = 0; i < withholding->outside.dim_count; i++) {
        withholding->place[i] = SIZE_MAX;
        for (size_t k = 0; k < figures->split_count; k++)
            if (str_equal(figures->split[k], withholding->outside.dim[i]))
                withholding->place[i] = k;
    }
}

static bool is_own_secret(const struct withholding *withholding, const struct query_figure *figure) {
    const struct query_figures *figures = withholding->figures;
    const struct outside *outside = &withholding->outside;
    if (outside_has(outside, figure->period, OUTSIDE_WHOLE, (struct str){0}))
        return true;
    for (size_t i = 0; i < outside->dim_count; i++) {
        size_t place = withholding->place[i];
        struct str value = place == SIZE_MAX ? dims_get(figures->where, outside->dim[i])
                                             : figures->kept.dim[figure->group][place];
        if (outside_has(outside, figure->period, i, value))
            return true;
    }
    return false;
}

/* A ratio may have a threshold of its own. */
static bool is_small_ratio(const struct query_figures *figures, const struct query_figure *figure) {
    const struct framework_indicator *indicator =
        framework_indicator_at(figures->scope->framework, figures->indicator);
    int64_t threshold = framework_small_number(figures->scope->framework, figures->indicator);
    for (unsigned i = 0; i < figure->decimals; i++)
        threshold *= 10;
    return indicator->kind == KIND_RATIO && figure->value > 0 && figure->value < threshold;
}

/* ---- rows ---- */

/* In the place of all figures with that value, of the period, or of all its values: so many rows for so many
 * withheld ones would tell which there are. */
static int add_row(struct withholding *withholding, struct query_list *list, int32_t period, size_t place,
                   struct str value, struct fault *why) {
    struct query_figures *figures = withholding->figures;
    uint32_t group = kept_new_group(&figures->kept);
    for (size_t i = 0; i < figures->split_count; i++)
        figures->kept.dim[group][i] = str_copy(i == place ? value : STR(""));
    return query_figures_add(
        figures, list,
        &(struct query_figure){.period = period,
                               .group = group,
                               .state = MESSAGE_STATE_WITHHELD,
                               .stands_for_others = figures->split_count > 1 || place == SIZE_MAX,
                               .note = kept_note(&figures->kept, "")},
        why);
}

/* Whether that secret withholds everything that is asked for of its period. */
static bool is_of_all(const struct withholding *withholding, const struct outside_secret *secret) {
    if (secret->dim == OUTSIDE_WHOLE)
        return true;
    return withholding->place[secret->dim] == SIZE_MAX &&
           str_equal(dims_get(withholding->figures->where, withholding->outside.dim[secret->dim]),
                     secret->value);
}

/* Of one period. */
static int add_rows(struct withholding *withholding, struct query_list *list,
                    const struct outside_secret *secret, size_t count, struct fault *why) {
    int err = 0;
    for (size_t i = 0; i < count; i++)
        if (is_of_all(withholding, &secret[i]))
            return add_row(withholding, list, secret->period, SIZE_MAX, STR(""), why);
    for (size_t i = 0; i < count && err == 0; i++)
        if (withholding->place[secret[i].dim] != SIZE_MAX)
            err = add_row(withholding, list, secret[i].period, withholding->place[secret[i].dim],
                          secret[i].value, why);
    return err;
}

static int compare_rows(const void *left, const void *right, void *arg) {
    const struct query_figure *a = left, *b = right;
    if (a->period != b->period)
        return a->period < b->period ? -1 : 1;
    return query_figures_compare_groups(arg, a->group, b->group);
}

static int replace_rows(struct withholding *withholding, struct fault *why) {
    struct query_figures *figures = withholding->figures;
    const struct outside *outside = &withholding->outside;
    struct query_list told = {0};
    int err = 0;
    for (size_t i = 0; i < figures->shown.count && err == 0; i++) {
        struct query_figure figure = figures->shown.figure[i];
        if (is_own_secret(withholding, &figure))
            continue;
        if (outside->dim_count > 0 && is_small_ratio(figures, &figure))
            figure = (struct query_figure){.period = figure.period,
                                           .group = figure.group,
                                           .state = MESSAGE_STATE_WITHHELD,
                                           .note = kept_note(&figures->kept, "")};
        err = query_figures_add(figures, &told, &figure, why);
    }
    for (size_t i = 0, end; i < outside->count && err == 0; i = end) {
        for (end = i; end < outside->count && outside->secret[end].period == outside->secret[i].period;)
            end++;
        err = add_rows(withholding, &told, &outside->secret[i], end - i, why);
    }
    if (told.count > 1)
        qsort_r(told.figure, told.count, sizeof *told.figure, compare_rows, figures);
    free(figures->shown.figure);
    figures->shown = told;
    return err;
}

static void hide_restated(void *arg, int32_t period) {
    outside_add(arg, period, OUTSIDE_WHOLE, (struct str){0});
}

int query_withhold(struct query_figures *figures, const struct fold_question *question, struct fault *why) {
    struct withholding withholding = {.figures = figures};
    if (figures->scope->too_early)
        return 0;
    int err = outside_load(&withholding.outside, question, why);
    /* What was reported and is another by now would tell, beside that, of the few who came since. */
    if (err == 0 && withholding.outside.dim_count > 0 && figures->scope->query->reported &&
        figures->scope->closings)
        err = query_each_restated(figures, withholding.outside.dim, withholding.outside.dim_count,
                                  hide_restated, &withholding.outside, why);
    outside_order(&withholding.outside);
    find_places(&withholding);
    if (err == 0)
        err = replace_rows(&withholding, why);
    outside_clear(&withholding.outside);
    return err;
}
