/* Indicators that the plan has no more: what was reported of them stays to be read, as it was kept. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/answers/choice.h"
#include "daemon/answers/gone.h"
#include "daemon/answers/query_priv.h"
#include "daemon/books/definitions.h"
#include "proto/check.h"

/* ---- which ---- */

struct searching {
    struct query_gone *gone;
    const struct query_scope *scope;
    bool *found;
    bool told; /* the closing is of a period asked for */
};

static int take_indicator(void *arg, struct str id) {
    const struct searching *searching = arg;
    const struct message_query *query = searching->scope->query;
    struct query_gone *gone = searching->gone;
    if (framework_find(searching->scope->framework, id) >= 0 ||
        !choice_means(query->pattern, query->pattern_count, id, STR(""), searching->found) ||
        !searching->told)
        return 0;
    for (size_t i = 0; i < gone->count; i++)
        if (str_equal(gone->id[i], id))
            return 0;
    if (gone->count == gone->room) {
        gone->room = gone->room ? gone->room * 2 : 16;
        gone->id = mem_resize(gone->id, gone->room, sizeof *gone->id);
    }
    gone->id[gone->count++] = id;
    return 0;
}

/* Sub-periods of a closed one were not kept. */
static bool tells(const struct query_scope *scope, const struct closing *closing) {
    return scope->query->reported && closing->period.type == scope->by &&
           closing->period.first >= scope->first && closing->period.last <= scope->last;
}

static int compare_ids(const void *left, const void *right) {
    return str_compare(*(const struct str *)left, *(const struct str *)right);
}

int query_gone_find(struct query_gone *gone, const struct query_scope *scope, bool *found,
                    struct fault *why) {
    int err = 0;
    for (size_t i = 0; scope->closings && i < closings_count(scope->closings) && err == 0; i++) {
        const struct closing *closing = closings_at(scope->closings, i);
        err = closing_each_indicator(closing, take_indicator,
                                     &(struct searching){gone, scope, found, tells(scope, closing)}, why);
    }
    if (gone->count > 1)
        qsort(gone->id, gone->count, sizeof *gone->id, compare_ids);
    return err;
}

void query_gone_clear(struct query_gone *gone) {
    free(gone->id);
    *gone = (struct query_gone){0};
}

/* ---- how it is told ---- */

int query_gone_head(const struct query_scope *scope, struct str id, struct message_indicator *head,
                    struct fault *why) {
    struct definition definition = {0};
    struct wording wording;
    int err = definitions_find(scope->snapshot, id, UINT32_MAX, INT64_MAX, &definition, why);
    if (err && err != -ENOENT)
        return err;
    *head = (struct message_indicator){
        .id = id, .code = STR(""), .kind = STR(""), .label = id, .note = STR(GONE_NOTE), .unit = STR("")};
    if (definition.wording.len == 0)
        return 0;
    err = wording_read(&wording, definition.wording);
    ASSERT(err == 0);
    head->code = wording.code;
    head->kind = wording.kind;
    head->label = wording_label(&wording, scope->query->language, id);
    head->unit = wording.unit;
    return 0;
}

struct telling {
    const struct query_scope *scope;
    char period[PERIOD_TEXT_MAX];
    int (*tell)(void *arg, const struct message_figure *figure, struct fault *why);
    void *arg;
    struct fault *why;
};

/* Whether it is the breakdown asked for. Outsiders are told the whole: nobody says any more which numbers are small. */
static bool is_asked_for(const struct query_scope *scope, const struct dims *dims) {
    const struct message_query *query = scope->query;
    if (dims->count != query->split_count + query->where.count || (scope->outside && dims->count > 0))
        return false;
    for (uint32_t i = 0; i < query->split_count; i++)
        if (dims_get(dims, query->split[i]).len == 0)
            return false;
    for (size_t i = 0; i < query->where.count; i++)
        if (!str_equal(dims_get(dims, query->where.dim[i].name), query->where.dim[i].value))
            return false;
    return true;
}

static int tell_figure(void *arg, const struct closing_figure *kept) {
    const struct telling *telling = arg;
    const struct message_query *query = telling->scope->query;
    struct message_figure out = {.indicator = kept->indicator,
                                 .period = str_of(telling->period),
                                 .dim_count = query->split_count,
                                 .value = kept->value,
                                 .note = STR(GONE_NOTE),
                                 .decimals = kept->decimals,
                                 .has_reported = true,
                                 .reported = kept->value,
                                 .heard = kept->heard,
                                 .days = kept->days,
                                 .has_on_time = kept->has_on_time,
                                 .on_time = kept->on_time};
    if (kept->state != MESSAGE_STATE_VALUE || !is_asked_for(telling->scope, &kept->dims))
        return 0;
    for (uint32_t i = 0; i < query->split_count; i++)
        out.dim[i] = dims_get(&kept->dims, query->split[i]);
    return telling->tell(telling->arg, &out, telling->why);
}

static int compare_periods(const void *left, const void *right) {
    const struct closing *const *a = left, *const *b = right;
    return ((*a)->period.first > (*b)->period.first) - ((*a)->period.first < (*b)->period.first);
}

int query_gone_figures(const struct query_scope *scope, struct str id,
                       int (*tell)(void *arg, const struct message_figure *figure, struct fault *why),
                       void *arg, struct fault *why) {
    size_t all = closings_count(scope->closings), count = 0;
    const struct closing **closing = mem_zeroed(all + 1, sizeof *closing);
    int err = 0;
    for (size_t i = 0; i < all; i++)
        if (tells(scope, closings_at(scope->closings, i)))
            closing[count++] = closings_at(scope->closings, i);
    if (count > 1)
        qsort(closing, count, sizeof *closing, compare_periods);
    for (size_t i = 0; i < count && err == 0; i++) {
        struct telling telling = {.scope = scope, .tell = tell, .arg = arg, .why = why};
        (void)period_print(&closing[i]->period, telling.period);
        err = closing_each_figure(closing[i], id, tell_figure, &telling, why);
    }
    free(closing);
    return err;
}
