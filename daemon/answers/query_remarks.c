/* Where an indicator was counted in another way: a note at the first figure from that day on, and at each one that two
 * methods went into. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answers/query_priv.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/utf8.h"

#define TOLD_BYTES   80 /* of a title or note: figures are no place for more */
#define METHODS_TOLD 4

static bool is_method(const struct remark *remark) {
    return remark->remark == ENTRY_REMARK_METHOD;
}

static int compare_methods(const void *left, const void *right) {
    const struct remark *a = *(const struct remark *const *)left, *b = *(const struct remark *const *)right;
    int c = remarks_compare_said(a, b);
    return c ? c : (a->first > b->first) - (a->first < b->first);
}

static bool same_title(const struct remark *a, const struct remark *b) {
    return is_method(a) && is_method(b) && str_equal(a->title, b->title);
}

static bool several_methods(const struct remarks *remarks) {
    for (size_t i = 0; i < remarks->count; i++)
        for (size_t k = 0; k < i; k++)
            if (same_title(&remarks->run[i], &remarks->run[k]) &&
                !str_equal(remarks->run[i].note, remarks->run[k].note))
                return true;
    return false;
}

int query_remarks_load(struct query_breaks *breaks, struct fault *why) {
    const struct query_scope *scope = breaks->scope;
    size_t index = breaks->figures->indicator;
    const struct framework_indicator *indicator = framework_indicator_at(scope->framework, index);
    const struct remarks_scope remarked = {.snapshot = scope->snapshot,
                                           .catalogue = scope->catalogue,
                                           .withdrawals = scope->withdrawals,
                                           .where = breaks->figures->where,
                                           .first = CIVIL_DAY_MIN,
                                           .last = scope->last,
                                           .vintage = scope->vintage};
    if (scope->too_early)
        return 0;
    bool ratio = indicator->kind == KIND_RATIO;
    int err = remarks_add(&breaks->remarks, &remarked, ratio ? indicator->numerator : index, why);
    if (err == 0 && ratio)
        err = remarks_add(&breaks->remarks, &remarked, indicator->denominator, why);
    remarks_sort(&breaks->remarks);
    breaks->by_several = several_methods(&breaks->remarks);
    return err;
}

static struct str brief(struct str text) {
    size_t len = 0;
    while (len < text.len && len + utf8_step((struct str){text.at + len, text.len - len}) <= TOLD_BYTES)
        len += utf8_step((struct str){text.at + len, text.len - len});
    return (struct str){text.at, len};
}

static const char *cut_mark(struct str text) {
    return brief(text).len < text.len ? "..." : "";
}

static bool is_about(const struct query_breaks *breaks, const struct remark *remark,
                     const struct query_figure *figure) {
    const struct query_figures *figures = breaks->figures;
    return remarks_are_about(remark, figures->split, figures->kept.dim[figure->group], figures->split_count);
}

static void tell_break(const struct remark *remark, struct query_note *note) {
    char day[PERIOD_TEXT_MAX];
    struct str title = brief(remark->title), text = brief(remark->note);
    (void)period_print_day(remark->first, day);
    if (is_method(remark))
        query_note_add(note, "%.*s%s changed on %s (%.*s%s)", STR_ARG(title), cut_mark(remark->title), day,
                       STR_ARG(text), cut_mark(remark->note));
    else
        query_note_add(note, "break on %s: %.*s%s", day, STR_ARG(text), cut_mark(remark->note));
}

static void note_breaks(const struct query_breaks *breaks, const struct query_figure *figure,
                        const struct period *period, int32_t before, struct query_note *note) {
    const struct remark *last = NULL;
    for (size_t i = 0; i < breaks->remarks.count; i++) {
        const struct remark *run = &breaks->remarks.run[i];
        bool marks = is_method(run) ? run->changed : run->remark == ENTRY_REMARK_BREAK;
        if (!marks || !query_is_first_since(breaks, period, before, run->first) ||
            !is_about(breaks, run, figure))
            continue;
        if (last == NULL || last->first != run->first || remarks_compare_said(last, run) != 0)
            tell_break(run, note);
        last = run;
    }
}

/* Of one title, by note: nothing, when they are all one or a change within the period was told. */
static void note_methods(const struct remark *const *method, size_t count, const struct period *period,
                         struct query_note *note) {
    char list[METHODS_TOLD * (TOLD_BYTES + 8)] = "";
    size_t notes = 0;
    int len = 0;
    for (size_t i = 0; i < count; i++) {
        if (method[i]->changed && method[i]->first >= period->first)
            return;
        if (i > 0 && str_equal(method[i - 1]->note, method[i]->note))
            continue;
        struct str text = brief(method[i]->note);
        if (notes++ < METHODS_TOLD)
            len += snprintf(list + len, sizeof list - (size_t)len, "%s%.*s%s", len ? ", " : "", STR_ARG(text),
                            cut_mark(method[i]->note));
    }
    struct str title = brief(method[0]->title);
    if (notes > 1)
        query_note_add(note, "counted by %s (%.*s%s: %s%s)", notes == 2 ? "two methods" : "several methods",
                       STR_ARG(title), cut_mark(method[0]->title), list, notes > METHODS_TOLD ? ", ..." : "");
}

static void note_mixed(const struct query_breaks *breaks, const struct query_figure *figure,
                       const struct period *period, struct query_note *note) {
    const struct remark *method[REMARKS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < breaks->remarks.count; i++) {
        const struct remark *run = &breaks->remarks.run[i];
        if (is_method(run) && run->first <= period->last && run->last >= period->first &&
            is_about(breaks, run, figure))
            method[count++] = run;
    }
    if (count > 1)
        qsort(method, count, sizeof *method, compare_methods);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && same_title(method[i], method[end]);)
            end++;
        note_methods(method + i, end - i, period, note);
    }
}

/* As long as members of a figure's sets are told apart by the plan. */
static enum period_type window_of(const struct query_breaks *breaks, size_t index) {
    const struct query_scope *scope = breaks->scope;
    const struct framework_indicator *indicator = framework_indicator_at(scope->framework, index);
    if (indicator->kind == KIND_RATIO) {
        enum period_type a = window_of(breaks, indicator->numerator),
                         b = window_of(breaks, indicator->denominator);
        return a > b ? a : b;
    }
    return indicator->kind == KIND_DISTINCT
               ? fold_window(&(struct fold_question){.framework = scope->framework,
                                                     .indicator = index,
                                                     .by = scope->by,
                                                     .has_sum_of = scope->has_sum_of,
                                                     .sum_of = scope->sum_of})
               : PERIOD_DAY;
}

static bool read_key(const struct remark *run, enum period_type *length) {
    const struct str told = STR(ENTRY_KEY_NOTE);
    if (!is_method(run) || !str_equal(run->title, STR(ENTRY_KEY_TITLE)) || run->note.len <= told.len ||
        memcmp(run->note.at, told.at, told.len) != 0)
        return false;
    return period_type_parse(length, (struct str){run->note.at + told.len, run->note.len - told.len}, NULL) ==
           0;
}

/* The plan takes for one who came in two months of a quarter, and the collector's key of each month makes two of him. */
static void note_keys(const struct query_breaks *breaks, const struct query_figure *figure,
                      const struct period *period, struct query_note *note) {
    enum period_type window = window_of(breaks, breaks->figures->indicator), shortest = window, length;
    for (size_t i = 0; i < breaks->remarks.count; i++) {
        const struct remark *run = &breaks->remarks.run[i];
        if (run->first <= period->last && run->last >= period->first && read_key(run, &length) &&
            length < shortest && is_about(breaks, run, figure))
            shortest = length;
    }
    if (shortest < window)
        query_note_add(note, "who came in several %ss of it counts in each: a key is used for a %s only",
                       period_type_name(shortest), period_type_name(shortest));
}

void query_remarks_note(const struct query_breaks *breaks, const struct query_figure *figure,
                        const struct period *period, int32_t before, struct query_note *note) {
    if (breaks->remarks.count == 0)
        return;
    note_keys(breaks, figure, period, note);
    note_breaks(breaks, figure, period, before, note);
    if (breaks->by_several)
        note_mixed(breaks, figure, period, note);
}
