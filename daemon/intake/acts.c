#include "daemon/intake/acts.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/figures/closings.h"
#include "daemon/intake/acts_priv.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/utf8.h"

#define ACT_MAGIC 0x4143544eu

struct act {
    unsigned magic;
    enum message_type type;
    uint64_t id;
    struct str period, note;             /* close; owned */
    struct str source, from, to, reason; /* withdraw; owned */

    /* What came of it. */
    struct closing closing;
    struct withdrawn withdrawn;
};

bool acts_are(enum message_type type) {
    return type == MESSAGE_CLOSE || type == MESSAGE_WITHDRAW;
}

static int read_close(struct act *act, struct wire_reader *reader, struct fault *why) {
    struct message_close close;
    int err = message_read_close(reader, &close, why);
    if (err)
        return err;
    act->id = close.id;
    act->period = str_copy(close.period);
    act->note = str_copy(close.note);
    return 0;
}

static int read_withdraw(struct act *act, struct wire_reader *reader, struct fault *why) {
    struct message_withdraw withdraw;
    int err = message_read_withdraw(reader, &withdraw, why);
    if (err)
        return err;
    act->id = withdraw.id;
    act->source = str_copy(withdraw.source);
    act->from = str_copy(withdraw.from);
    act->to = str_copy(withdraw.to);
    act->reason = str_copy(withdraw.reason);
    return 0;
}

int act_new(struct act **out, enum message_type type, struct wire_reader *reader, struct fault *why) {
    ASSERT(acts_are(type));
    struct act *act = mem_zeroed(1, sizeof *act);
    act->magic = ACT_MAGIC;
    act->type = type;
    int err = type == MESSAGE_CLOSE ? read_close(act, reader, why) : read_withdraw(act, reader, why);
    if (err) {
        act_destroy(&act);
        return err;
    }
    *out = act;
    return 0;
}

void act_destroy(struct act **act) {
    struct act *a = *act;
    if (a == NULL)
        return;
    OBJ_CHECK(a, ACT_MAGIC);
    str_free(a->period);
    str_free(a->note);
    str_free(a->source);
    str_free(a->from);
    str_free(a->to);
    str_free(a->reason);
    a->magic = 0;
    free(a);
    *act = NULL;
}

uint64_t act_id(const struct act *act) {
    OBJ_CHECK(act, ACT_MAGIC);
    return act->id;
}

/* ---- closing ---- */

static int check_close(const struct act *act, const struct framework *framework, int32_t today,
                       struct period *period, struct fault *why) {
    char last[PERIOD_TEXT_MAX], next[PERIOD_TEXT_MAX];
    const struct period *plan = framework_plan(framework);
    int err = utf8_check_text("note", act->note, true, why);
    if (err == 0)
        err = period_parse(period, act->period, why);
    if (err)
        return err;
    if (period->last >= today)
        return fault_set(
            why, -EINVAL, "%.*s is not over: its last day is %s, close it from %s on", STR_ARG(act->period),
            period_print_day(period->last, last),
            period_print_day(period->last < CIVIL_DAY_MAX ? period->last + 1 : period->last, next));
    if (period->type == PERIOD_DAY)
        return fault_set(why, -EINVAL, "%.*s is a day: close its month, or a longer period",
                         STR_ARG(act->period));
    if (period->type == PERIOD_PLAN && (period->first != plan->first || period->last != plan->last))
        return fault_set(why, -EINVAL, "%.*s is not the plan, which is %s", STR_ARG(act->period),
                         period_print(plan, last));
    if (period->last < plan->first || period->first > plan->last)
        return fault_set(why, -EINVAL, "%.*s is outside the plan, which is %s: there is nothing to close",
                         STR_ARG(act->period), period_print(plan, last));
    return 0;
}

static int check_open(const struct act *act, const struct period *period, struct store_snapshot *view,
                      struct fault *why) {
    struct closings *closings;
    int err = closings_load(&closings, view, why);
    if (err)
        return err;
    const struct closing *closing = closings_of(closings, period);
    if (closing) {
        bool itself = closing->period.first == period->first && closing->period.last == period->last;
        char digest[13], text[PERIOD_TEXT_MAX], with[PERIOD_TEXT_MAX];
        int32_t day = 0;
        closing_print_digest(closing, 6, digest);
        (void)civil_day_of_time(closing->at, &day);
        err = fault_set(why, -EINVAL,
                        "%.*s was closed%s%s on %s under %s, and stays so: what comes later shows as a "
                        "restatement",
                        STR_ARG(act->period), itself ? "" : " with ",
                        itself ? "" : period_print(&closing->period, with), period_print_day(day, text),
                        digest);
    }
    closings_destroy(&closings);
    return err;
}

/* What is read of the view is borrowed until the next put: all figures are made before the row is. */
static int make_figures(struct wire_writer *figures, uint64_t *count, const struct period *period,
                        struct store_snapshot *view, const struct framework *framework,
                        struct catalogue *catalogue, int32_t today, struct fault *why) {
    struct withdrawals *withdrawals;
    int err = withdrawals_load(&withdrawals, view, why);
    if (err)
        return err;
    err = closing_make(figures, count,
                       &(struct closing_task){.framework = framework,
                                              .catalogue = catalogue,
                                              .snapshot = view,
                                              .withdrawals = withdrawals,
                                              .period = *period,
                                              .today = today},
                       why);
    withdrawals_destroy(&withdrawals);
    return err == -E2BIG ? -EINVAL : err;
}

static int run_close(struct act *act, struct store_write *write, const struct framework *framework,
                     struct catalogue *catalogue, int64_t now, struct fault *why) {
    struct closing *closing = &act->closing;
    int32_t today = 0;
    *closing = (struct closing){.at = now, .note = act->note, .vintage = store_write_vintage(write)};
    int err = civil_today(now, &today, why);
    if (err == 0)
        err = check_close(act, framework, today, &closing->period, why);
    if (err)
        return err;
    struct store_snapshot *view;
    if ((err = store_write_view(write, &view, why)) != 0)
        return err;
    err = check_open(act, &closing->period, view, why);
    if (err)
        return err;
    struct wire_writer *figures;
    wire_writer_new(&figures, CLOSING_BYTES_MAX);
    err = make_figures(figures, &closing->figure_count, &closing->period, view, framework, catalogue, today,
                       why);
    if (err == 0) {
        closing->figures = (struct str){(const char *)wire_writer_data(figures), wire_writer_len(figures)};
        err = closings_put(write, closing, why);
        closing->figures = (struct str){0};
    }
    wire_writer_destroy(&figures);
    return err;
}

/* ---- both ---- */

int act_run(struct act *act, struct store_write *write, const struct framework *framework,
            struct catalogue *catalogue, int64_t now, struct fault *why) {
    OBJ_CHECK(act, ACT_MAGIC);
    int err;
    if (act->type == MESSAGE_CLOSE)
        err = run_close(act, write, framework, catalogue, now, why);
    else
        err = act_withdraw(&(struct withdrawing){act->source, act->from, act->to, act->reason, now}, write,
                           &act->withdrawn, why);
    return err ? err : store_end_vintage(write, why);
}

static void write_closed(const struct act *act, struct wire_writer *reply) {
    struct wire_writer *rows;
    wire_writer_new(&rows, MESSAGE_BYTES_MAX);
    closing_write_row(&act->closing, rows);
    message_write_closed(reply, act->id, true, 1, rows);
    wire_writer_destroy(&rows);
}

void act_write_reply(const struct act *act, struct wire_writer *reply) {
    OBJ_CHECK(act, ACT_MAGIC);
    char first[PERIOD_TEXT_MAX], last[PERIOD_TEXT_MAX];
    if (act->type == MESSAGE_CLOSE) {
        write_closed(act, reply);
        return;
    }
    message_write_withdrawn(
        reply, &(struct message_withdrawn){.id = act->id,
                                           .source = act->source,
                                           .first = str_of(period_print_day(act->withdrawn.first, first)),
                                           .last = str_of(period_print_day(act->withdrawn.last, last)),
                                           .figures = act->withdrawn.figures});
}
