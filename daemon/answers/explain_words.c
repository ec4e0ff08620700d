#include <errno.h>

#include "daemon/answers/explain_priv.h"
#include "daemon/books/definitions.h"
#include "proto/check.h"

static int add_version(void *arg, const struct definition *definition) {
    struct explaining *explaining = arg;
    char since[PERIOD_TEXT_MAX] = "";
    if (definition->since != FRAMEWORK_NO_DAY)
        (void)period_print_day(definition->since, since);
    if (explain_room(explaining, MESSAGE_LIST_VERSIONS))
        message_write_version(explaining->list[MESSAGE_LIST_VERSIONS],
                              &(struct message_version_row){.version = definition->version,
                                                            .since = str_of(since),
                                                            .seen = definition->seen});
    return 0;
}

static bool has_changed(const struct explaining *explaining, const struct definition *definition) {
    return explaining->indicator == NULL ||
           definition->meaning != framework_meaning(explaining->framework, explaining->index);
}

/* An indicator that the plan had not yet meant nothing. */
static int add_meaning(struct explaining *explaining, struct str indicator, const struct closing *closing) {
    struct definition definition;
    struct wording wording;
    char period[PERIOD_TEXT_MAX];
    int err = definitions_find(explaining->snapshot, indicator, closing->vintage, closing->at, &definition,
                               explaining->why);
    if (err)
        return err == -ENOENT ? 0 : err;
    struct message_meaning_row row = {.period = str_of(period_print(&closing->period, period)),
                                      .version = definition.version,
                                      .changed = has_changed(explaining, &definition),
                                      .kept = definition.wording.len > 0};
    if (row.kept) {
        struct str language = explaining->question->language;
        err = wording_read(&wording, definition.wording);
        ASSERT(err == 0);
        row.label = wording_label(&wording, language, indicator);
        row.definition = wording_definition(&wording, language);
        row.method = wording.method;
    }
    if (explain_room(explaining, MESSAGE_LIST_MEANINGS))
        message_write_meaning(explaining->list[MESSAGE_LIST_MEANINGS], &row);
    return 0;
}

int explain_words(struct explaining *explaining, struct str indicator) {
    const struct period *period = &explaining->period;
    int err = definitions_each(explaining->snapshot, indicator, add_version, explaining, explaining->why);
    for (size_t i = 0; i < closings_count(explaining->closings) && err == 0; i++) {
        const struct closing *closing = closings_at(explaining->closings, i);
        if (closing->period.first <= period->first && closing->period.last >= period->last)
            err = add_meaning(explaining, indicator, closing);
    }
    return err;
}
