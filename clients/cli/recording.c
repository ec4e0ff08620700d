#include "clients/cli/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/cli/copies.h"
#include "clients/cli/verb.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"
#include "config/paths.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"
#include "proto/message.h"

#define NOON       (CIVIL_DAY_SECONDS / 2)
#define KEY_RECORD "pseudonym.key" /* of the outbox: the mark of the key, 8 bytes */

int recording_failed(const char *sentence) {
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

static int send_waiting(struct recording *recording) {
    if (suivi_deliver(recording->client, recording->common.timeout_ms) != 0)
        return recording_failed(suivi_why(recording->client));
    recording->waited = 0;
    struct suivi_tally tally = recording->earlier = suivi_tally(recording->client);
    if (tally.refused > 0)
        terminal_say(RECORDING_PROGRAM,
                     "of %" PRIu64 " entries of an earlier run, which waited, the daemon refused %" PRIu64
                     ": %s (all of them are in %s/refused.log)",
                     tally.events, tally.refused, tally.first_reason, recording->outbox);
    else
        terminal_say(RECORDING_PROGRAM, "%" PRIu64 " %s of an earlier run waited in %s and %s sent now, too",
                     tally.events, tally.events == 1 ? "entry" : "entries", recording->outbox,
                     tally.events == 1 ? "was" : "were");
    return 0;
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
        return recording_failed(suivi_why(recording->client));
    recording->waited = suivi_waiting(recording->client);
    rc = promises_get(&recording->promises, recording->client, recording->framework,
                      recording->common.timeout_ms, &why);
    if (rc != 0)
        return recording_failed(why.text);
    if (recording->has_day && recording_check_day(recording->promises, recording->day, &why) != 0)
        return recording_failed(why.text);
    bool may_send = recording->waited > 0 && promises_answered(recording->promises);
    return may_send ? send_waiting(recording) : 0;
}

static const struct promise *find_promise(struct recording *recording, const char *id) {
    struct fault why;
    const struct promise *promise = promises_find(recording->promises, id, &why);
    if (promise && promise->kind == KIND_RATIO) {
        fault_set(&why, -EINVAL, "%s is a ratio, computed from other indicators: record those", id);
        promise = NULL;
    }
    if (!promise)
        recording_failed(why.text);
    return promise;
}

int recording_begin(struct recording *recording, const char *id, const struct promise **promise) {
    int status = recording_open(recording, RECORDING_NAME, NULL);
    if (status == 0 && !(*promise = find_promise(recording, id)))
        status = VERB_FAILED;
    return status;
}

int recording_close(struct recording *recording, int status) {
    promises_destroy(&recording->promises);
    suivi_close(&recording->client);
    free(recording->outbox);
    free(recording->state);
    return status == VERB_DONE && recording->earlier.refused > 0 ? VERB_FAILED : status;
}

int recording_dims(const struct recording *recording, const struct promise *promise) {
    struct fault why;
    int rc = promise_check_dims(promise, recording->dims, recording->dim_count, "--dim ", &why);
    return rc == 0 ? 0 : recording_failed(why.text);
}

static struct str text_of(const char *text) {
    return text ? str_of(text) : STR("");
}

int recording_check_entry(const struct suivi_entry *from, enum kind kind, struct fault *why) {
    struct period done;
    struct entry entry = ENTRY_NONE;
    entry.has_value = from->has_value;
    entry.holds = from->holds;
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
    if (recording->waited == 0 && recording->earlier.refused == 0)
        terminal_say(RECORDING_PROGRAM, "the daemon refused it, nothing was recorded: %s",
                     tally->first_reason);
    else
        terminal_say(RECORDING_PROGRAM,
                     "the daemon refused %" PRIu64 " of %" PRIu64
                     " entries, some of them of earlier runs: %s (all of them are in %s/refused.log)",
                     tally->refused, tally->events, tally->first_reason, recording->outbox);
    return VERB_FAILED;
}

static void say_missing(const struct suivi_tally *tally) {
    terminal_say(RECORDING_PROGRAM,
                 "the daemon has lost %" PRIu64 " earlier batches of this source: it was put back from an "
                 "older copy. Record again what is gone",
                 tally->missing);
}

int recording_send(struct recording *recording) {
    int rc = suivi_commit(recording->client);
    if (rc == 0)
        rc = suivi_deliver(recording->client, recording->common.timeout_ms);
    if (rc != 0)
        return recording_failed(suivi_why(recording->client));
    struct suivi_tally tally = suivi_tally(recording->client);
    if (tally.refused > recording->earlier.refused)
        return say_refused(recording, &tally);
    if (tally.missing > 0)
        say_missing(&tally);
    if (recording->waited > 0)
        terminal_say(RECORDING_PROGRAM, "what waited in %s from an earlier run was sent now, too",
                     recording->outbox);
    return 0;
}

int recording_put(struct recording *recording, const struct recording_entry *said, uint64_t *id) {
    suivi_whole(recording->client);
    if (suivi_record(recording->client, said->promise->id, said->dims, said->dim_count, said->at, said->entry,
                     id) != 0)
        return recording_failed(suivi_why(recording->client));
    return recording_send(recording);
}

int recording_put_person(struct recording *recording, const struct recording_entry *said,
                         uint64_t pseudonym) {
    suivi_whole(recording->client);
    if (suivi_distinct(recording->client, said->promise->id, said->dims, said->dim_count, said->at,
                       &pseudonym, 1) != 0)
        return recording_failed(suivi_why(recording->client));
    return recording_send(recording);
}

int recording_pseudonyms(struct recording *recording, struct pseudonyms **out, struct fault *why) {
    const void *value;
    size_t len;
    uint64_t known = 0;
    int rc = suivi_get(recording->client, KEY_RECORD, strlen(KEY_RECORD), &value, &len);
    if (rc == 0 && len == sizeof known)
        memcpy(&known, value, sizeof known);
    else if (rc != 0 && rc != -ENOENT)
        return fault_set(why, rc, "%s", suivi_why(recording->client));
    rc = pseudonyms_open(out, recording->state, recording->new_key ? 0 : known, why);
    if (rc != 0)
        return rc;
    uint64_t mark = pseudonyms_key_mark(*out);
    if (mark != known &&
        (rc = suivi_put(recording->client, KEY_RECORD, strlen(KEY_RECORD), &mark, sizeof mark)) != 0)
        return fault_set(why, rc, "%s", suivi_why(recording->client));
    return 0;
}

/* --- saying --- */

const char *recording_print_series(const struct promise *promise, const struct suivi_dim *dims,
                                   size_t dim_count, char out[static RECORDING_SERIES_MAX]) {
    snprintf(out, RECORDING_SERIES_MAX, "%s", promise->label);
    for (size_t i = 0; i < dim_count; i++) {
        size_t len = strlen(out);
        snprintf(out + len, RECORDING_SERIES_MAX - len, ", %s %s", dims[i].name, dims[i].value);
    }
    return terminal_clean(out);
}

int recording_print(const char *done, const struct recording_entry *said, bool dated, const char *words,
                    uint64_t id) {
    char series[RECORDING_SERIES_MAX], day[WORDS_MAX];
    char *clean = copies_clean(words);
    int32_t on = 0;
    (void)civil_day_of_time(said->at, &on);
    printf("%s: %s", done, recording_print_series(said->promise, said->dims, said->dim_count, series));
    if (dated)
        printf(", %s %s", kind_carries(said->promise->kind) ? "from" : "on", words_long_day(on, day));
    printf(": %s", clean);
    if (id)
        printf(" (entry %016" PRIx64 ")", id);
    puts("");
    free(clean);
    return verb_printed("answer");
}
