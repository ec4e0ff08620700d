#include "clients/cli/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/cli/print.h"
#include "clients/cli/verb.h"
#include "clients/collector/terminal.h"
#include "config/paths.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"
#include "proto/message.h"

#define NOON (CIVIL_DAY_SECONDS / 2)

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

/* --- options --- */

/* The later of the days that it is here and in UTC: whoever says "today" is right. */
static int32_t today(void) {
    time_t now = time(NULL);
    struct tm here;
    int32_t utc = 0;
    (void)civil_day_of_time((int64_t)now, &utc);
    if (!localtime_r(&now, &here) || !civil_valid(here.tm_year + 1900, here.tm_mon + 1, here.tm_mday))
        return utc;
    int32_t local = civil_to_day(here.tm_year + 1900, here.tm_mon + 1, here.tm_mday);
    return local > utc ? local : utc;
}

int recording_check_past(int32_t day, struct fault *why) {
    char text[RECORDING_DAY_MAX];
    return day <= today()
               ? 0
               : fault_set(why, -EINVAL, "%s is still to come: only what has happened can be recorded",
                           recording_print_day(day, text));
}

int recording_parse_day(const char *text, int32_t *day, struct fault *why) {
    struct period period;
    int year, month, number, end = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &number, &end) == 3 && end == 10 && text[10] == '\0' &&
        year >= 1 && month >= 1 && month <= 12 && number >= 1 && !civil_valid(year, month, number))
        return fault_set(why, -EINVAL, "there is no %d %s %d: that month has %d days", number,
                         months[month - 1], year, civil_days_in_month(year, month));
    if (period_parse(&period, str_of(text), NULL) != 0 || period.type != PERIOD_DAY)
        return fault_set(why, -EINVAL, "\"%.64s\" is no day: write it as in 2018-03-07", text);
    if (recording_check_past(period.first, why) != 0)
        return -EINVAL;
    *day = period.first;
    return 0;
}

int recording_parse_number(const char *text, int64_t *out, struct fault *why) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool digits = text[0] == '-' ? text[1] >= '0' && text[1] <= '9' : text[0] >= '0' && text[0] <= '9';
    if (!digits || *end != '\0')
        return fault_set(why, -EINVAL, "\"%.64s\" is no whole number", text);
    if (errno != 0 || value > KIND_COUNT_MAX || value < -KIND_COUNT_MAX)
        return fault_set(why, -EINVAL, "%.64s is past %lld, the largest number that is taken", text,
                         (long long)KIND_COUNT_MAX);
    *out = value;
    return 0;
}

int recording_option(struct recording *recording, const char *verb, int option, char *value) {
    struct fault why;
    switch (option) {
    case RECORDING_AT:
        recording->has_day = recording_parse_day(value, &recording->day, &why) == 0;
        return recording->has_day ? 0 : verb_misused(verb, "--at", why.text);
    case RECORDING_DIM:
        return verb_dim(verb, "--dim", value, recording->dims, &recording->dim_count);
    case RECORDING_REASON:
        recording->reason = value;
        return 0;
    case RECORDING_NOTE:
        recording->note = value;
        return 0;
    case RECORDING_STATE:
        free(recording->state);
        recording->state = mem_string(value, strlen(value));
        return 0;
    default:
        ASSERT(option == RECORDING_FRAMEWORK);
        recording->framework = value;
        return 0;
    }
}

/* --- opening --- */

static int failed(const char *sentence) {
    terminal_say(RECORDING_PROGRAM, "%s", sentence);
    return VERB_FAILED;
}

static void name_source(const char *collector, char out[static MESSAGE_SOURCE_MAX]) {
    char host[HOST_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof host) != 0 || host[0] == '\0' || host[0] == '.')
        strcpy(host, "localhost");
    host[HOST_NAME_MAX] = '\0';
    host[strcspn(host, ".")] = '\0';
    snprintf(out, MESSAGE_SOURCE_MAX, "%s@%s", collector, host);
}

int recording_open(struct recording *recording, const char *collector, const char *folder) {
    char source[MESSAGE_SOURCE_MAX];
    if (!recording->state)
        recording->state = paths_state(RECORDING_NAME);
    ASSERT(asprintf(&recording->outbox, "%s%s%s", recording->state, folder ? "/" : "", folder ? folder : "") >
           0);
    name_source(collector, source);
    const struct suivi_options options = {.endpoint = recording->common.endpoint,
                                          .state = recording->asks_only ? NULL : recording->outbox,
                                          .source = source,
                                          .software = "suivi " SUIVI_VERSION};
    struct fault why;
    int rc = suivi_open(&recording->client, &options);
    if (rc != 0)
        return failed(suivi_why(recording->client));
    recording->waited = suivi_waiting(recording->client);
    rc = promises_get(&recording->promises, recording->client, recording->framework,
                      recording->common.timeout_ms, &why);
    return rc == 0 ? 0 : failed(why.text);
}

void recording_close(struct recording *recording) {
    promises_destroy(&recording->promises);
    suivi_close(&recording->client);
    free(recording->outbox);
    free(recording->state);
}

const struct promise *recording_promise(struct recording *recording, const char *id) {
    struct fault why;
    const struct promise *promise = promises_find(recording->promises, id, &why);
    if (promise && promise->kind == KIND_RATIO) {
        fault_set(&why, -EINVAL, "%s is a ratio, computed from other indicators: record those", id);
        promise = NULL;
    }
    if (!promise)
        failed(why.text);
    return promise;
}

int recording_dims(const struct recording *recording, const struct promise *promise) {
    struct fault why;
    int rc = promise_check_dims(promise, recording->dims, recording->dim_count, "--dim ", &why);
    return rc == 0 ? 0 : failed(why.text);
}

static struct str text_of(const char *text) {
    return text ? str_of(text) : STR("");
}

int recording_check_entry(const struct suivi_entry *from, enum kind kind, struct fault *why) {
    struct period done;
    struct entry entry = ENTRY_NONE;
    entry.has_value = from->has_value;
    entry.value = from->value;
    entry.name = text_of(from->name);
    entry.removed = from->removed;
    if (from->done && period_parse(&done, str_of(from->done), NULL) == 0)
        entry.done = done.first;
    entry.title = text_of(from->title);
    entry.link = text_of(from->link);
    entry.file = text_of(from->file);
    if (from->sha256)
        entry.sha256 = (struct str){(const char *)from->sha256, ENTRY_SHA256};
    entry.note = text_of(from->note);
    entry.reason = text_of(from->reason);
    for (size_t i = 0; i < ENTRY_PARTS && from->parts; i++)
        entry.part[i] = text_of(from->parts[i]);
    entry.retracts = from->retracts;
    return entry_check(&entry, kind, why);
}

int64_t recording_noon(int32_t day) {
    return (int64_t)day * CIVIL_DAY_SECONDS + NOON;
}

/* --- sending --- */

static int say_refused(const struct recording *recording, const struct suivi_tally *tally) {
    if (recording->waited == 0)
        terminal_say(RECORDING_PROGRAM, "the daemon refused it, nothing was recorded: %s",
                     tally->first_reason);
    else
        terminal_say(RECORDING_PROGRAM,
                     "the daemon refused %" PRIu64 " of %" PRIu64
                     " entries, some of them of earlier runs: %s (all of them are in %s/refused.log)",
                     tally->refused, tally->events, tally->first_reason, recording->outbox);
    return VERB_FAILED;
}

int recording_send(struct recording *recording) {
    int rc = suivi_commit(recording->client);
    if (rc == 0)
        rc = suivi_deliver(recording->client, recording->common.timeout_ms);
    if (rc != 0)
        return failed(suivi_why(recording->client));
    struct suivi_tally tally = suivi_tally(recording->client);
    if (tally.refused > 0)
        return say_refused(recording, &tally);
    if (tally.missing > 0)
        terminal_say(
            RECORDING_PROGRAM,
            "the daemon has lost %" PRIu64
            " earlier batches of this source: it was put back from an older copy. Record again what is gone",
            tally.missing);
    return 0;
}

/* --- saying --- */

const char *recording_print_day(int32_t day, char out[static RECORDING_DAY_MAX]) {
    struct civil date = civil_of_day(day);
    snprintf(out, RECORDING_DAY_MAX, "%d %s %d", date.day, months[date.month - 1], date.year);
    return out;
}

const char *recording_print_series(const struct promise *promise, const struct suivi_dim *dims,
                                   size_t dim_count, char out[static RECORDING_SERIES_MAX]) {
    snprintf(out, RECORDING_SERIES_MAX, "%s", promise->label);
    for (size_t i = 0; i < dim_count; i++) {
        size_t len = strlen(out);
        snprintf(out + len, RECORDING_SERIES_MAX - len, ", %s %s", dims[i].name, dims[i].value);
    }
    return terminal_clean(out);
}
