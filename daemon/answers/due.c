#include "daemon/answers/due_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/answers/choice.h"
#include "daemon/books/heard.h"
#include "proto/check.h"
#include "proto/civil.h"

int due_add(struct duties *duties, const struct duty *duty) {
    if (duties->count == DUE_ROWS_MAX)
        return fault_set(duties->why, -E2BIG, "more than %u duties: the framework expects too many series",
                         DUE_ROWS_MAX);
    if (duties->count == duties->room) {
        duties->room = duties->room ? duties->room * 2 : 64;
        duties->duty = mem_resize(duties->duty, duties->room, sizeof *duties->duty);
    }
    struct duty *added = &duties->duty[duties->count++];
    *added = *duty;
    added->key = str_copy(duty->key);
    return 0;
}

bool due_first_period(const struct duties *duties, size_t indicator, struct period *out) {
    const struct period *plan = framework_plan(duties->framework);
    *out = period_of_day(framework_indicator_at(duties->framework, indicator)->frequency, plan->first, plan);
    return out->first <= duties->on;
}

bool due_next_period(const struct duties *duties, struct period *period) {
    struct period next = *period;
    if (!period_next(&next) || next.first > framework_plan(duties->framework)->last ||
        next.first > duties->on)
        return false;
    *period = next;
    return true;
}

/* ---- sources ---- */

static const struct {
    int32_t days; /* of the longest such period */
    const char *expected;
} rhythms[] = {
    [PERIOD_DAY] = {1, "expected daily"},
    [PERIOD_MONTH] = {31, "expected monthly"},
    [PERIOD_QUARTER] = {92, "expected quarterly"},
    [PERIOD_HALF] = {184, "expected half-yearly"},
    [PERIOD_YEAR] = {366, "expected yearly"},
    [PERIOD_BIENNIUM] = {731, "expected every two years"},
    [PERIOD_PLAN] = {0, "expected once in the plan"},
};

static int32_t days_of(const struct duties *duties, enum period_type every) {
    const struct period *plan = framework_plan(duties->framework);
    return every == PERIOD_PLAN ? plan->last - plan->first + 1 : rhythms[every].days;
}

static int judge_source(struct duties *duties, const struct framework_feed *feed, struct str source,
                        int64_t heard) {
    struct duty duty = {.state = MESSAGE_DUTY_SILENT, .source = source, .heard = heard};
    int64_t since = (int64_t)duties->on + 1 - (days_of(duties, feed->every) + 1);
    if (heard >= since * CIVIL_DAY_SECONDS)
        return 0;
    (void)snprintf(duty.note, sizeof duty.note, "%s%s", choice_is_glob(source) ? "never heard; " : "",
                   rhythms[feed->every].expected);
    return due_add(duties, &duty);
}

struct hearing {
    struct duties *duties;
    bool *met; /* by feed */
};

/* The first feed that fits says how often; of all that fit somebody was heard. */
static int judge_heard(void *arg, struct str source, int64_t at) {
    const struct hearing *hearing = arg;
    struct duties *duties = hearing->duties;
    bool judged = false;
    int err = 0;
    for (size_t i = 0; i < framework_feed_count(duties->framework); i++) {
        struct framework_feed feed = framework_feed_at(duties->framework, i);
        if (!choice_matches(feed.source, source))
            continue;
        hearing->met[i] = true;
        if (!judged)
            err = judge_source(duties, &feed, source, at);
        judged = true;
    }
    return err;
}

static int judge_sources(struct duties *duties) {
    size_t feeds = framework_feed_count(duties->framework);
    bool *met = mem_zeroed(feeds + 1, sizeof *met);
    int err = heard_each(duties->snapshot, judge_heard, &(struct hearing){duties, met}, duties->why);
    for (size_t k = 0; k < feeds && err == 0; k++) {
        struct framework_feed feed = framework_feed_at(duties->framework, k);
        if (!met[k])
            err = judge_source(duties, &feed, feed.source, 0);
    }
    free(met);
    return err;
}

/* ---- all of them ---- */

static int judge_indicator(struct duties *duties, size_t index) {
    switch (framework_indicator_at(duties->framework, index)->kind) {
    case KIND_MILESTONE:
        return due_milestone(duties, index);
    case KIND_STATUS:
        return due_status(duties, index);
    case KIND_RATIO: /* its operands are asked for */
        return 0;
    case KIND_COUNT: /* one that stands for members of a distinct kind is asked for with that */
        return framework_is_firsts(duties->framework, index) ? 0 : due_figure(duties, index);
    case KIND_DISTINCT:
    case KIND_LEVEL:
    case KIND_ROSTER:
    case KIND_EVIDENCE:
    case KIND_NARRATIVE:
        return due_figure(duties, index);
    }
    return 0;
}

static struct str code_of(const struct duties *duties, const struct duty *duty) {
    return duty->has_indicator ? framework_indicator_at(duties->framework, duty->indicator)->code : STR("");
}

static struct str name_of(const struct duties *duties, const struct duty *duty) {
    return duty->has_indicator ? framework_indicator_at(duties->framework, duty->indicator)->id
                               : duty->source;
}

static int compare_duties(const void *left, const void *right, void *arg) {
    const struct duty *a = left, *b = right;
    const struct duties *duties = arg;
    if (a->state != b->state)
        return a->state < b->state ? -1 : 1;
    if (a->due != b->due)
        return a->due < b->due ? -1 : 1;
    int order = str_compare(code_of(duties, a), code_of(duties, b));
    if (order == 0)
        order = str_compare(name_of(duties, a), name_of(duties, b));
    return order ? order : str_compare(a->key, b->key);
}

static int judge_all(struct duties *duties) {
    int err = withdrawals_load(&duties->withdrawals, duties->snapshot, duties->why);
    for (size_t i = 0; i < framework_indicator_count(duties->framework) && err == 0; i++)
        err = judge_indicator(duties, i);
    if (err == 0)
        err = judge_sources(duties);
    if (err == 0 && duties->count > 1)
        qsort_r(duties->duty, duties->count, sizeof *duties->duty, compare_duties, duties);
    return err;
}

/* ---- the answer ---- */

static void write_duty(const struct duties *duties, const struct duty *duty, struct str language,
                       struct wire_writer *rows) {
    char period[PERIOD_TEXT_MAX] = "", due[PERIOD_TEXT_MAX] = "";
    struct str id;
    struct message_duty row = {.state = duty->state,
                               .indicator = STR(""),
                               .code = code_of(duties, duty),
                               .label = duty->source,
                               .value = duty->value,
                               .target = duty->target,
                               .heard = duty->heard,
                               .note = str_of(duty->note)};
    if (duty->key.len) {
        int err = dims_series_parse(duty->key, &id, &row.dims);
        ASSERT(err == 0);
    }
    if (duty->has_indicator) {
        row.indicator = name_of(duties, duty);
        row.label = framework_label(duties->framework, duty->indicator, language);
        row.days = (int64_t)duties->on - duty->due;
        (void)period_print_day(duty->due, due);
        (void)period_print(&duty->period, period);
    }
    row.period = str_of(period);
    row.due = str_of(due);
    message_write_duty(rows, &row);
}

static void write_all(const struct duties *duties, const struct message_due *question,
                      struct frames *answer) {
    struct wire_writer *rows, *frame;
    wire_writer_new(&rows, MESSAGE_BYTES_MAX / 2);
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    size_t at = 0;
    bool last;
    do {
        uint32_t count = 0;
        wire_writer_reset(rows);
        wire_writer_reset(frame);
        while (at < duties->count && count < MESSAGE_ROWS_MAX &&
               wire_writer_len(rows) < MESSAGE_BYTES_MAX / 4) {
            write_duty(duties, &duties->duty[at++], question->language, rows);
            count++;
        }
        last = at == duties->count;
        message_write_duties(frame, question->id, last, count, rows);
        frames_add(answer, frame);
    } while (!last);
    wire_writer_destroy(&rows);
    wire_writer_destroy(&frame);
}

static int set_days(struct duties *duties, const struct message_due *question, int64_t now) {
    struct period day;
    int err = civil_today(now, &duties->today, duties->why);
    if (err)
        return err;
    duties->on = duties->today;
    if (question->on.len) {
        err = period_parse(&day, question->on, duties->why);
        if (err)
            return err;
        if (day.type != PERIOD_DAY)
            return fault_set(duties->why, -EINVAL, "\"%.*s\" is no day: write 2018-03-07",
                             STR_ARG(question->on));
        duties->on = day.first;
    }
    uint64_t left = (uint64_t)(CIVIL_DAY_MAX - duties->on);
    duties->until = duties->on + (int32_t)(question->within < left ? question->within : left);
    return 0;
}

int due_run(struct frames **out, const struct message_due *question, const struct framework *framework,
            struct catalogue *catalogue, struct store *store, int64_t now, struct fault *why) {
    struct duties duties = {.framework = framework, .catalogue = catalogue, .why = why};
    int err = set_days(&duties, question, now);
    if (err == 0)
        err = store_snapshot_open(store, &duties.snapshot, why);
    if (err == 0)
        err = judge_all(&duties);
    if (err == 0) {
        frames_new(out);
        write_all(&duties, question, *out);
    }
    for (size_t i = 0; i < duties.count; i++)
        str_free(duties.duty[i].key);
    free(duties.duty);
    withdrawals_destroy(&duties.withdrawals);
    store_snapshot_close(&duties.snapshot);
    return err;
}
