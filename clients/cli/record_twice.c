#include "clients/cli/record_twice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/already.h"
#include "clients/cli/print.h"
#include "clients/cli/shell.h"
#include "clients/cli/verb.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/message.h"

#define COMMAND_MAX 1200 /* so that the sentence around it has room */

#define TOO_LONG "suivi correct (its --help tells how)"

struct looking {
    const struct recording *recording;
    const struct promise *promise;
    const struct suivi_entry *entry;
    int32_t day;
    const struct already *already;
};

/* "suivi correct members.total --at 2018-03-31 --dim region=africa WITH --reason TEXT"; an entry is found by its id
 * alone. What is too long for a line is not cut, which could end it within quotes. Caller frees. */
static char *command(const struct looking *looking, const char *with, bool by_id) {
    char *text = NULL, at[PERIOD_TEXT_MAX];
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    ASSERT(stream);
    const struct period on = {PERIOD_DAY, looking->day, looking->day};
    fprintf(stream, "suivi correct %s", looking->promise->id);
    if (!by_id)
        fprintf(stream, " --at %s", period_print(&on, at));
    for (size_t i = 0; i < looking->recording->dim_count && !by_id; i++) {
        const struct suivi_dim *dim = &looking->recording->dims[i];
        char *value = shell_quote(dim->value);
        fprintf(stream, " --dim %s=%s", dim->name, value);
        free(value);
    }
    fprintf(stream, " %s --reason TEXT", with);
    ASSERT(fclose(stream) == 0);
    if (len > COMMAND_MAX) {
        free(text);
        return mem_string(TOO_LONG, strlen(TOO_LONG));
    }
    return text;
}

static int32_t day_of(const struct already_entry *entry) {
    int32_t day = 0;
    (void)civil_day_of_time(entry->at, &day);
    return day;
}

static int refuse(const struct looking *looking, const struct already_entry *found, const char *there,
                  const char *with) {
    char retract[64], source[MESSAGE_SOURCE_MAX + 1];
    snprintf(source, sizeof source, "%s", found->source);
    bool by_id = !with;
    if (by_id) {
        snprintf(retract, sizeof retract, "--retract %016" PRIx64, found->id);
        with = retract;
    }
    char *how = command(looking, with, by_id);
    terminal_say(RECORDING_PROGRAM,
                 "%s: %s already (from %s, entry %016" PRIx64 "); nothing was recorded. If that is "
                 "wrong: %s",
                 looking->promise->id, there, terminal_clean(source), found->id, how);
    free(how);
    return VERB_FAILED;
}

static int check_value(const struct looking *looking) {
    const struct already_entry *last = already_last(looking->already, looking->day, NULL);
    if (!last || last->value == looking->entry->value)
        return 0;
    char there[128], day[WORDS_MAX], number[PRINT_NUMBER], with[64];
    bool status = looking->promise->kind == KIND_STATUS;
    snprintf(there, sizeof there, "it is %s from %s on",
             status ? (last->value ? "in force" : "not in force") : print_number(last->value, number),
             words_long_day(looking->day, day));
    if (status)
        snprintf(with, sizeof with, "--in-force %s", looking->entry->value ? "yes" : "no");
    else
        snprintf(with, sizeof with, "--value %" PRId64, looking->entry->value);
    return refuse(looking, last, there, with);
}

static int check_name(const struct looking *looking) {
    const struct already_entry *last = already_last(looking->already, looking->day, looking->entry->name);
    if (!last || last->removed)
        return 0;
    char there[256], day[WORDS_MAX];
    snprintf(there, sizeof there, "\"%s\" is there on %s", looking->entry->name,
             words_long_day(looking->day, day));
    return refuse(looking, last, there, "--remove NAME");
}

static int check_title(const struct looking *looking) {
    for (size_t i = 0; i < looking->already->count; i++) {
        const struct already_entry *entry = &looking->already->entry[i];
        if (!entry->counts || day_of(entry) != looking->day ||
            strcmp(entry->title, looking->entry->title) != 0)
            continue;
        char there[512], day[WORDS_MAX];
        snprintf(there, sizeof there, "\"%s\" is there on %s", entry->title,
                 words_long_day(looking->day, day));
        return refuse(looking, entry, there, NULL);
    }
    return 0;
}

static int check_done(const struct looking *looking, const struct period *period) {
    for (size_t i = 0; i < looking->already->count; i++) {
        const struct already_entry *entry = &looking->already->entry[i];
        struct period done;
        if (!entry->counts || !period_contains(period, day_of(entry)))
            continue;
        char there[128], day[WORDS_MAX] = "a day", text[PERIOD_TEXT_MAX];
        if (period_parse(&done, str_of(entry->done), NULL) == 0)
            words_long_day(done.first, day);
        snprintf(there, sizeof there, "it was done for %s on %s", period_print(period, text), day);
        return refuse(looking, entry, there, NULL);
    }
    return 0;
}

/* An activity may be counted twice a day, and a person recorded again; but not where a corrected figure holds. */
static void tell_holding(const struct looking *looking) {
    const struct already_entry *holding = already_holding(looking->already, looking->day);
    if (!holding)
        return;
    char day[WORDS_MAX], number[PRINT_NUMBER], with[64];
    int64_t figure = looking->already->has_value ? looking->already->value : holding->value;
    int64_t more = looking->promise->kind == KIND_DISTINCT ? 1 : looking->entry->value;
    snprintf(with, sizeof with, "--value %" PRId64, figure + more);
    char *how = command(looking, with, false);
    terminal_say(
        RECORDING_PROGRAM,
        "%s: the figure of %s was corrected and holds, so what is recorded now changes nothing: it stays "
        "%s. If that should be one of more: %s",
        looking->promise->id, words_long_day(looking->day, day), print_number(figure, number), how);
    free(how);
}

int record_twice(struct recording *recording, const struct promise *promise, struct suivi_entry *entry,
                 int32_t day, const struct period *period) {
    struct already already;
    struct fault why;
    char text[PERIOD_TEXT_MAX];
    const struct period on = {PERIOD_DAY, day, day};
    if (already_ask(&already, recording->client, promise->id, period_print(period ? period : &on, text),
                    recording->dims, recording->dim_count, recording->common.timeout_ms, &why) != 0) {
        terminal_say(RECORDING_PROGRAM, "%s", why.text);
        return VERB_FAILED;
    }
    const struct looking looking = {recording, promise, entry, day, &already};
    int status = 0;
    if (promise->kind == KIND_MILESTONE)
        status = check_done(&looking, period);
    else if (promise->kind == KIND_ROSTER)
        status = check_name(&looking);
    else if (promise->kind == KIND_EVIDENCE || promise->kind == KIND_NARRATIVE)
        status = check_title(&looking);
    else if (promise->kind == KIND_COUNT || promise->kind == KIND_DISTINCT)
        tell_holding(&looking);
    else
        status = check_value(&looking);
    if (status == 0)
        entry->recorded = already_later(&already);
    already_free(&already);
    return status;
}
