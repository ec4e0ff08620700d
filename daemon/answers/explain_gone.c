/* An indicator that the plan has no more: what was reported of it stays to be read. */
#include <errno.h>

#include "daemon/answers/explain_priv.h"
#include "daemon/answers/gone.h"
#include "daemon/books/definitions.h"
#include "proto/check.h"

static bool is_of_period(const struct explaining *explaining, const struct closing *closing) {
    return closing->period.first == explaining->period.first &&
           closing->period.last == explaining->period.last;
}

/* Of which other periods it was reported, for who asked for the wrong one. */
static int refuse(const struct explaining *explaining, struct str id) {
    struct words periods = {{0}};
    int err = gone_periods(explaining->closings, id, &periods, explaining->why);
    if (err)
        return err;
    return *periods.text
               ? gone_refuse(id, &periods, explaining->why)
               : fault_set(explaining->why, -EINVAL, "the framework has no indicator \"%.*s\"", STR_ARG(id));
}

static int answer_with(struct explaining *explaining, const struct closing_figure *kept,
                       const struct closing *closing, struct frames *answer) {
    struct str id = explaining->question->indicator, language = explaining->question->language;
    struct definition definition = {.version = STR("")};
    struct wording wording = {.kind = STR(""), .code = STR(""), .unit = STR(""), .method = STR("")};
    char period[PERIOD_TEXT_MAX];
    int err = definitions_find(explaining->snapshot, id, closing->vintage, closing->at, &definition,
                               explaining->why);
    if (err && err != -ENOENT)
        return err;
    if (definition.wording.len > 0) {
        err = wording_read(&wording, definition.wording);
        ASSERT(err == 0);
    }
    if ((err = explain_words(explaining, id)) != 0)
        return err;
    explain_closings(explaining);
    explain_answer(
        explaining,
        &(struct message_explanation){.indicator = {.id = id,
                                                    .code = wording.code,
                                                    .kind = wording.kind,
                                                    .label = wording_label(&wording, language, id),
                                                    .note = STR(GONE_NOTE),
                                                    .unit = wording.unit},
                                      .definition = wording_definition(&wording, language),
                                      .method = wording.method,
                                      .method_version = kept->method_version,
                                      .fed_by = STR(""),
                                      .gone = true,
                                      .figure = {.indicator = id,
                                                 .period = str_of(period_print(&closing->period, period)),
                                                 .state = kept->state,
                                                 .value = kept->value,
                                                 .note = STR(GONE_NOTE),
                                                 .decimals = kept->decimals,
                                                 .has_reported = kept->state == MESSAGE_STATE_VALUE,
                                                 .reported = kept->value,
                                                 .heard = kept->heard,
                                                 .days = kept->days}},
        answer);
    return 0;
}

int explain_gone(struct explaining *explaining, struct frames *answer) {
    struct str id = explaining->question->indicator;
    const struct dims *where = &explaining->question->where;
    for (size_t i = 0; i < closings_count(explaining->closings); i++) {
        const struct closing *closing = closings_at(explaining->closings, i);
        struct closing_figure kept;
        if (!is_of_period(explaining, closing))
            continue;
        int err = closing_find(closing, id, where, &kept, explaining->why);
        if (err != -ENOENT)
            return err ? err : answer_with(explaining, &kept, closing, answer);
    }
    return refuse(explaining, id);
}
