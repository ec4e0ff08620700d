#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/answers/choice.h"
#include "daemon/answers/explain_priv.h"
#include "daemon/answers/reported.h"
#include "daemon/answers/words.h"
#include "daemon/books/refusals.h"
#include "daemon/figures/absence.h"
#include "proto/check.h"
#include "proto/civil.h"

#define LIST_BYTES    (1u << 20) /* of each list but that of the entries; all fit into a frame */
#define ENTRIES_BYTES (6u << 20)

_Static_assert(ENTRIES_BYTES + (MESSAGE_LISTS - 1) * LIST_BYTES + 2 * ENTRY_BYTES_MAX < MESSAGE_BYTES_MAX,
               "an explanation is one frame, each list with one row past its bound");

bool explain_room_left(const struct explaining *explaining, enum message_list list, uint32_t rows) {
    size_t bytes = list == MESSAGE_LIST_ENTRIES ? ENTRIES_BYTES : LIST_BYTES;
    return explaining->count[list] + rows < MESSAGE_EXPLAINED_MAX &&
           wire_writer_len(explaining->list[list]) < bytes;
}

bool explain_room(struct explaining *explaining, enum message_list list) {
    if (!explain_room_left(explaining, list, 0)) {
        explaining->more++;
        return false;
    }
    explaining->count[list]++;
    return true;
}

/* ---- what the figure is made of ---- */

struct gathering {
    const struct dims *where;
    struct explain_group *group;
};

static int take_series(void *arg, uint32_t series, const struct dims *dims) {
    const struct gathering *gathering = arg;
    struct explain_group *group = gathering->group;
    for (size_t i = 0; i < gathering->where->count; i++)
        if (!str_equal(dims_get(dims, gathering->where->dim[i].name), gathering->where->dim[i].value))
            return 0;
    if (group->count == group->room) {
        group->room = group->room ? group->room * 2 : 64;
        group->series = mem_resize(group->series, group->room, sizeof *group->series);
    }
    group->series[group->count++] = series;
    return 0;
}

void explain_gather(const struct explaining *explaining, size_t indicator, struct explain_group *group) {
    *group = (struct explain_group){.indicator = indicator};
    (void)catalogue_each_series(explaining->catalogue, indicator, take_series,
                                &(struct gathering){&explaining->question->where, group});
}

static void gather_firsts(struct explaining *explaining) {
    enum period_type type;
    size_t count;
    if (framework_firsts(explaining->framework, explaining->index, explaining->period.type, &type, &count))
        explain_gather(explaining, count, &explaining->firsts);
}

int explain_source(const struct explaining *explaining, uint32_t source, struct str *name) {
    int err = store_find_name(explaining->snapshot, STORE_SOURCES, source, name, explaining->why);
    if (err == -ENOENT)
        return fault_set(explaining->why, -EBADMSG,
                         "the store's table of sources is damaged; \"suivi check\" tells where");
    return err;
}

static int keep_figure(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct explain_figure *out = arg;
    char note[FOLD_NOTE_MAX];
    (void)why;
    out->any = true;
    out->state = figure->state;
    out->value = figure->value;
    out->heard = figure->heard;
    out->days = figure->days;
    out->has_on_time = figure->has_on_time;
    out->on_time = figure->on_time;
    (void)snprintf(out->note, sizeof out->note, "%s", fold_figure_note(figure, note));
    return 0;
}

int explain_fold(const struct explaining *explaining, size_t indicator, uint32_t vintage, bool coverage,
                 struct explain_figure *out) {
    *out = (struct explain_figure){
        .state = absence_state(explaining->framework, indicator, &explaining->period, explaining->today),
        .decimals = framework_indicator_at(explaining->framework, indicator)->decimals};
    return fold_run(&(struct fold_question){.framework = explaining->framework,
                                            .catalogue = explaining->catalogue,
                                            .snapshot = explaining->snapshot,
                                            .withdrawals = explaining->withdrawals,
                                            .indicator = indicator,
                                            .by = explaining->period.type,
                                            .first = explaining->period.first,
                                            .last = explaining->period.last,
                                            .today = explaining->today,
                                            .where = &explaining->question->where,
                                            .vintage = vintage,
                                            .coverage = coverage},
                    keep_figure, out, explaining->why);
}

static bool is_own(const struct explaining *explaining, const struct closing *closing) {
    return closing->period.first == explaining->period.first &&
           closing->period.last == explaining->period.last;
}

static int reckon_reported(const struct explaining *explaining, const struct closing *closing,
                           size_t indicator, struct explain_figure *out) {
    enum reported_plan plan;
    int err = reported_plan(&plan, explaining->snapshot, explaining->framework, indicator, closing,
                            explaining->why);
    if (err || plan == REPORTED_SAME)
        return err ? err : explain_fold(explaining, indicator, closing->vintage, false, out);
    *out = (struct explain_figure){.state = MESSAGE_STATE_MISSING,
                                   .decimals =
                                       framework_indicator_at(explaining->framework, indicator)->decimals};
    if (plan == REPORTED_CHANGED)
        (void)snprintf(out->note, sizeof out->note, "%s", REPORTED_NOT_KEPT);
    return 0;
}

int explain_reported(const struct explaining *explaining, const struct closing *closing, size_t indicator,
                     struct explain_figure *out) {
    struct closing_figure kept;
    struct str id = framework_indicator_at(explaining->framework, indicator)->id;
    int err = is_own(explaining, closing)
                  ? closing_find(closing, id, &explaining->question->where, &kept, explaining->why)
                  : -ENOENT;
    if (err == -ENOENT)
        return reckon_reported(explaining, closing, indicator, out);
    if (err)
        return err;
    *out = (struct explain_figure){.any = kept.state == MESSAGE_STATE_VALUE, .state = kept.state};
    out->value = out->any ? kept.value : 0;
    out->decimals =
        out->any ? kept.decimals : framework_indicator_at(explaining->framework, indicator)->decimals;
    return 0;
}

/* ---- the lists that are read as they lie ---- */

static int add_refusal(void *arg, const struct refusal *refusal) {
    struct explaining *explaining = arg;
    struct message_refusal_row row = {.reason = refusal->reason, .count = refusal->count, .at = refusal->at};
    int err = explain_source(explaining, refusal->source, &row.source);
    if (err == 0 && explain_room(explaining, MESSAGE_LIST_REFUSALS))
        message_write_refusal(explaining->list[MESSAGE_LIST_REFUSALS], &row);
    return err;
}

void explain_closings(struct explaining *explaining) {
    for (size_t i = 0; i < closings_count(explaining->closings); i++) {
        const struct closing *closing = closings_at(explaining->closings, i);
        if (closing->period.first <= explaining->period.first &&
            closing->period.last >= explaining->period.last &&
            explain_room(explaining, MESSAGE_LIST_CLOSINGS))
            closing_write_row(closing, explaining->list[MESSAGE_LIST_CLOSINGS]);
    }
}

/* ---- figures ---- */

/* What was reported may have other decimals than the plan has now: all is written with the most. */
static void add_reported(struct message_figure *figure, const struct explain_figure *reported) {
    unsigned own = (unsigned)figure->decimals, had = reported->decimals, most = own > had ? own : had;
    int64_t value = figure->value, target = figure->target, as_it_was = reported->value;
    if (!reported->any || reported->state != MESSAGE_STATE_VALUE || !closing_scale(&value, own, most) ||
        !closing_scale(&target, own, most) || !closing_scale(&as_it_was, had, most))
        return;
    figure->value = value;
    figure->target = target;
    figure->has_reported = true;
    figure->reported = as_it_was;
    figure->decimals = most;
}

/* What is not kept has no note but that one. */
static struct str add_note(struct explain_figure *told, const char *more) {
    size_t len = strlen(told->note);
    (void)snprintf(told->note + len, sizeof told->note - len, "%s%s", len ? "; " : "", more);
    return str_of(told->note);
}

/* The figure borrows from `told` and `period`. */
static int make_figure(const struct explaining *explaining, size_t indicator, struct explain_figure *told,
                       char period[static PERIOD_TEXT_MAX], struct message_figure *out) {
    const struct framework_indicator *about = framework_indicator_at(explaining->framework, indicator);
    const struct closing *closing = closings_of(explaining->closings, &explaining->period);
    int err = explain_fold(explaining, indicator, 0, true, told);
    if (err)
        return err;
    *out = (struct message_figure){.indicator = about->id,
                                   .period = str_of(period_print(&explaining->period, period)),
                                   .value = told->value,
                                   .note = str_of(told->note),
                                   .state = told->state,
                                   .decimals = about->decimals,
                                   .heard = told->heard,
                                   .days = told->days,
                                   .has_on_time = told->has_on_time,
                                   .on_time = told->on_time};
    out->has_target = framework_target(explaining->framework, indicator, &explaining->period, &out->target);
    if (closing) {
        struct explain_figure reported;
        err = explain_reported(explaining, closing, indicator, &reported);
        if (err == 0)
            add_reported(out, &reported);
        if (err == 0 && !reported.any && *reported.note && told->state == MESSAGE_STATE_VALUE)
            out->note = add_note(told, reported.note);
    }
    return err;
}

static int add_operand(struct explaining *explaining, size_t indicator) {
    struct explain_figure told;
    char period[PERIOD_TEXT_MAX];
    struct message_operand_row row = {
        .indicator = framework_indicator_at(explaining->framework, indicator)->id,
        .label = framework_label(explaining->framework, indicator, explaining->question->language)};
    int err = make_figure(explaining, indicator, &told, period, &row.figure);
    if (err == 0 && explain_room(explaining, MESSAGE_LIST_OPERANDS))
        message_write_operand(explaining->list[MESSAGE_LIST_OPERANDS], &row);
    return err;
}

static int add_operands(struct explaining *explaining) {
    if (explaining->indicator->kind != KIND_RATIO)
        return 0;
    int err = add_operand(explaining, explaining->indicator->numerator);
    return err ? err : add_operand(explaining, explaining->indicator->denominator);
}

/* ---- the question ---- */

/* -ENOENT: the plan does not have it. */
static int find_indicator(struct explaining *explaining) {
    const struct message_explain *question = explaining->question;
    struct str id = question->indicator;
    int index = framework_find_named(explaining->framework, id);
    if (index < 0)
        return -ENOENT;
    explaining->index = (size_t)index;
    explaining->indicator = framework_indicator_at(explaining->framework, explaining->index);
    for (size_t i = 0; i < question->where.count; i++) {
        bool found = false;
        for (size_t k = 0; k < explaining->indicator->dim_count; k++)
            found = found || str_equal(framework_dim_name(explaining->framework, explaining->index, k),
                                       question->where.dim[i].name);
        if (!found)
            return fault_set(explaining->why, -EINVAL, "%.*s has no dimension \"%.*s\"", STR_ARG(id),
                             STR_ARG(question->where.dim[i].name));
        int err = choice_check_value(explaining->framework, explaining->catalogue, &explaining->index, 1,
                                     &question->where.dim[i], explaining->why);
        if (err)
            return err;
    }
    return 0;
}

static int find_period(struct explaining *explaining, int64_t now) {
    const struct period *plan = framework_plan(explaining->framework);
    struct period *period = &explaining->period;
    char text[PERIOD_TEXT_MAX];
    int err = civil_today(now, &explaining->today, explaining->why);
    if (err == 0)
        err = period_parse(period, explaining->question->period, explaining->why);
    if (err)
        return err;
    if (period->type == PERIOD_PLAN && (period->first != plan->first || period->last != plan->last))
        return fault_set(explaining->why, -EINVAL, "%.*s is not the plan, which is %s",
                         STR_ARG(explaining->question->period), period_print(plan, text));
    return 0;
}

static int explain_all(struct explaining *explaining, struct explain_figure *told,
                       char period[static PERIOD_TEXT_MAX], struct message_figure *figure) {
    struct str id = explaining->indicator->id;
    int err = make_figure(explaining, explaining->index, told, period, figure);
    if (err)
        return err;
    explain_gather(explaining, explaining->index, &explaining->group);
    gather_firsts(explaining);
    const struct closing *closing = closings_of(explaining->closings, &explaining->period);
    err = explain_parts(explaining);
    if (err == 0)
        err = explain_remarks(explaining);
    if (err == 0)
        err = refusals_each(explaining->snapshot, id, add_refusal, explaining, explaining->why);
    if (err == 0)
        err = explain_words(explaining, id);
    if (err == 0)
        explain_closings(explaining);
    if (err == 0 && closing)
        err = explain_moves(explaining, closing);
    return err ? err : add_operands(explaining);
}

void explain_answer(const struct explaining *explaining, struct message_explanation *head,
                    struct frames *answer) {
    const struct wire_writer *lists[MESSAGE_LISTS];
    const uint32_t *count = explaining->count;
    struct wire_writer *frame;
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    for (size_t i = 0; i < MESSAGE_LISTS; i++)
        lists[i] = explaining->list[i];
    head->id = explaining->question->id;
    head->more = explaining->more;
    head->part_count = count[MESSAGE_LIST_PARTS];
    head->entry_count = count[MESSAGE_LIST_ENTRIES];
    head->withdrawal_count = count[MESSAGE_LIST_WITHDRAWALS];
    head->refusal_count = count[MESSAGE_LIST_REFUSALS];
    head->version_count = count[MESSAGE_LIST_VERSIONS];
    head->closing_count = count[MESSAGE_LIST_CLOSINGS];
    head->move_count = count[MESSAGE_LIST_MOVES];
    head->operand_count = count[MESSAGE_LIST_OPERANDS];
    head->remark_count = count[MESSAGE_LIST_REMARKS];
    head->meaning_count = count[MESSAGE_LIST_MEANINGS];
    message_write_explanation(frame, head, lists);
    frames_add(answer, frame);
    wire_writer_destroy(&frame);
}

static void write_answer(const struct explaining *explaining, const struct message_figure *figure,
                         struct frames *answer) {
    const struct framework_indicator *indicator = explaining->indicator;
    struct str language = explaining->question->language;
    struct words fed_by = {{0}};
    words_feeders(explaining->framework, explaining->index, &fed_by);
    explain_answer(
        explaining,
        &(struct message_explanation){
            .indicator = {.id = indicator->id,
                          .code = indicator->code,
                          .kind = str_of(kind_name(indicator->kind)),
                          .label = framework_label(explaining->framework, explaining->index, language),
                          .note = figure->note,
                          .unit = indicator->unit},
            .definition = framework_definition(explaining->framework, explaining->index, language),
            .method = indicator->method,
            .method_version = indicator->method_version,
            .fed_by = str_of(fed_by.text),
            .figure = *figure},
        answer);
}

static int explain_known(struct explaining *explaining, struct frames *answer) {
    struct explain_figure told;
    char period[PERIOD_TEXT_MAX];
    struct message_figure figure;
    int err = explain_all(explaining, &told, period, &figure);
    if (err == 0)
        write_answer(explaining, &figure, answer);
    return err;
}

int explain_run(struct frames **out, const struct message_explain *question,
                const struct framework *framework, struct catalogue *catalogue, struct store *store,
                int64_t now, struct fault *why) {
    struct explaining explaining = {
        .question = question, .framework = framework, .catalogue = catalogue, .why = why};
    int err = find_indicator(&explaining);
    if (err == 0 || err == -ENOENT) {
        int unread = find_period(&explaining, now);
        err = unread ? unread : err;
    }
    if (err && err != -ENOENT)
        return err;
    for (size_t i = 0; i < MESSAGE_LISTS; i++)
        wire_writer_new(&explaining.list[i], MESSAGE_BYTES_MAX);
    frames_new(out);
    err = store_snapshot_open(store, &explaining.snapshot, why);
    if (err == 0)
        err = withdrawals_load(&explaining.withdrawals, explaining.snapshot, why);
    if (err == 0)
        err = closings_load(&explaining.closings, explaining.snapshot, why);
    if (err == 0)
        err = explaining.indicator ? explain_known(&explaining, *out) : explain_gone(&explaining, *out);
    if (err)
        frames_destroy(out);
    for (size_t i = 0; i < MESSAGE_LISTS; i++)
        wire_writer_destroy(&explaining.list[i]);
    free(explaining.group.series);
    free(explaining.firsts.series);
    closings_destroy(&explaining.closings);
    withdrawals_destroy(&explaining.withdrawals);
    store_snapshot_close(&explaining.snapshot);
    return err;
}
