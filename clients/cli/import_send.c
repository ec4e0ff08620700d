#include "clients/cli/import_send.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clients/cli/verb.h"
#include "clients/collector/pseudonyms.h"
#include "clients/collector/terminal.h"
#include "clients/lib/batcher.h"
#include "proto/check.h"
#include "proto/entry.h"

/* Of what an entry, a series, and the rest of the batch take besides their texts, the most. */
#define ENTRY_BYTES  64
#define SERIES_BYTES (INDICATOR_ID_MAX + 16)
#define HEAD_BYTES   1024

#define MARK_BYTES 9 /* 'e' and an id: a record of the outbox, which says when that entry was recorded */

/* As the item before. */
static bool same_series(const struct import_rows *rows, size_t index) {
    if (index == 0)
        return false;
    struct import_item item = *import_rows_item(rows, index);
    const struct import_item *before = import_rows_item(rows, index - 1);
    item.day = before->day;
    return import_item_compare(&item, before) == 0;
}

int import_send_check(const struct import_rows *rows, const char *reason, struct fault *why) {
    size_t bytes = HEAD_BYTES, count = import_rows_count(rows);
    for (size_t i = 0; i < count; i++) {
        const struct import_item *item = import_rows_item(rows, i);
        bytes += ENTRY_BYTES + (item->name ? strlen(item->name) : 0) +
                 (reason && item->against ? strlen(reason) : 0);
        for (size_t j = 0; j < item->promise->dim_count && !same_series(rows, i); j++)
            bytes += SERIES_BYTES + strlen(item->dims[j].name) + strlen(item->dims[j].value);
    }
    if (count > IMPORT_ENTRIES_MAX || bytes > BATCHER_BATCH_MAX)
        return fault_set(
            why, -E2BIG,
            "the file comes to %zu entries (%zu KiB): at most %d entries of %u KiB in all can be recorded "
            "as a whole. Split it; nothing was recorded",
            count, bytes >> 10, IMPORT_ENTRIES_MAX, BATCHER_BATCH_MAX >> 10);
    return 0;
}

/* --- ids --- */

static char *put(char *at, const void *bytes, size_t len) {
    if (len > 0)
        memcpy(at, bytes, len);
    return at + len;
}

static char *put_number(char *at, int64_t number) {
    return at + sprintf(at, "%" PRId64, number) + 1;
}

uint64_t import_send_id(const struct import_item *item) {
    char series[SERIES_KEY_MAX];
    struct dims dims = {0};
    for (size_t i = 0; i < item->promise->dim_count; i++)
        ASSERT(dims_add(&dims, str_of(item->dims[i].name), str_of(item->dims[i].value), NULL) == 0);
    size_t series_len = dims_series_key(str_of(item->promise->id), &dims, series);
    const char *name = item->name ? item->name : "", *list = item->list ? item->list : "";
    char *text = mem_zeroed(series_len + strlen(name) + strlen(list) + 128, 1),
         *at = put(text, series, series_len);
    at = put_number(at, item->day);
    at = put_number(at, item->value);
    at = put(at, name, strlen(name) + 1);
    at = put_number(at, (int64_t)item->occurrence);
    at = put_number(at, (int64_t)item->against);
    at = put(at, list, strlen(list)); /* without one the id is what it was before lists had names */
    uint64_t id = entry_id_of((struct str){text, (size_t)(at - text)});
    free(text);
    return id;
}

static int name_person(struct recording *recording, struct pseudonyms **pseudonyms, struct import_item *item,
                       struct fault *why) {
    int rc = *pseudonyms ? 0 : recording_pseudonyms(recording, pseudonyms, why);
    return rc == 0 ? pseudonyms_of_name(*pseudonyms, str_of(item->name), &item->person, why) : rc;
}

static int name_all(struct recording *recording, struct import_rows *rows, const char *path) {
    struct pseudonyms *pseudonyms = NULL;
    struct fault why;
    int rc = 0;
    for (size_t i = 0; i < import_rows_count(rows) && rc == 0; i++) {
        struct import_item *item = import_rows_item(rows, i);
        if (item->promise->kind != KIND_DISTINCT) {
            item->id = import_send_id(item);
            continue;
        }
        rc = name_person(recording, &pseudonyms, item, &why);
        if (rc != 0 && pseudonyms)
            terminal_say(RECORDING_PROGRAM, "%s:%zu: %s; nothing was recorded", path, item->line, why.text);
        else if (rc != 0)
            terminal_say(RECORDING_PROGRAM, "%s", why.text);
    }
    pseudonyms_close(&pseudonyms);
    return rc;
}

/* --- what was sent before --- */

static void mark_of(uint64_t id, unsigned char out[static MARK_BYTES]) {
    out[0] = 'e';
    for (int i = 8; i > 0; i--, id >>= 8)
        out[i] = (unsigned char)id;
}

/* An entry that is sent again is the same to the last byte: recorded when it was first. */
static int take_mark(struct suivi *client, struct import_item *item, int64_t now) {
    unsigned char mark[MARK_BYTES];
    const void *value;
    size_t len;
    int64_t recorded = item->recorded ? item->recorded : now;
    mark_of(item->id, mark);
    int rc = suivi_get(client, mark, sizeof mark, &value, &len);
    if (rc == 0 && len == sizeof recorded)
        memcpy(&recorded, value, sizeof recorded);
    else if (rc == 0 || rc == -ENOENT)
        rc = suivi_put(client, mark, sizeof mark, &recorded, sizeof recorded);
    item->recorded = recorded;
    return rc;
}

static void forget_marks(struct suivi *client, const struct import_rows *rows) {
    int rc = 0;
    for (size_t i = 0; i < import_rows_count(rows) && rc == 0; i++) {
        unsigned char mark[MARK_BYTES];
        if (import_rows_item(rows, i)->id == 0)
            continue;
        mark_of(import_rows_item(rows, i)->id, mark);
        rc = suivi_delete(client, mark, sizeof mark);
    }
    if (rc == 0)
        rc = suivi_commit(client);
    if (rc != 0)
        terminal_say(RECORDING_PROGRAM, "%s", suivi_why(client));
}

/* --- sending --- */

static int put_item(struct recording *recording, const struct import_item *item) {
    struct suivi *client = recording->client;
    const struct promise *promise = item->promise;
    int64_t at = recording_noon(item->day);
    if (promise->kind == KIND_DISTINCT)
        return suivi_distinct(client, promise->id, item->dims, promise->dim_count, at, &item->person, 1);
    const struct suivi_entry entry = {.id = item->id,
                                      .recorded = item->recorded,
                                      .has_value = promise->kind != KIND_ROSTER,
                                      .value = item->value,
                                      .name = item->name,
                                      .reason = item->against ? recording->reason : NULL};
    return suivi_record(client, promise->id, item->dims, promise->dim_count, at, &entry, NULL);
}

int import_send(struct recording *recording, struct import_rows *rows, const char *path,
                struct import_known *known) {
    struct suivi *client = recording->client;
    int64_t now = (int64_t)time(NULL);
    if (name_all(recording, rows, path) != 0 || import_known_check(recording, rows, known) != 0)
        return VERB_FAILED;
    int rc = 0;
    suivi_whole(client);
    for (size_t i = 0; i < import_rows_count(rows) && rc == 0; i++) {
        struct import_item *item = import_rows_item(rows, i);
        if (item->known)
            continue;
        if (item->id != 0)
            rc = take_mark(client, item, now);
        if (rc == 0)
            rc = put_item(recording, item);
    }
    if (rc != 0) {
        terminal_say(RECORDING_PROGRAM, "%s", suivi_why(client));
        return VERB_FAILED;
    }
    int status = recording_send(recording);
    if (status != 0 && suivi_tally(client).refused > recording->earlier.refused)
        forget_marks(client, rows);
    return status;
}
