#include "daemon/books/definitions.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/store/row.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/message.h"
#include "proto/utf8.h"

/* Key: indicator, NUL, number of the definition from 1. Row: version, since, seen, meaning, the framework's
 * version. */
#define ROW_VERSION 1
#define ROW_HEAD    (1 + 4 + 8 + 8)
#define KEY_MAX     (INDICATOR_ID_MAX + 1 + 4)

static int parse(struct str key, struct str row, struct str *indicator, uint32_t *number,
                 struct definition *out) {
    const char *end = key.len ? memchr(key.at, '\0', key.len) : NULL;
    if (end == NULL || key.len != (size_t)(end - key.at) + 1 + 4 || row.len < ROW_HEAD ||
        row.len > ROW_HEAD + MESSAGE_TEXT_MAX || row.at[0] != ROW_VERSION)
        return -EBADMSG;
    *indicator = (struct str){key.at, (size_t)(end - key.at)};
    *number = (uint32_t)row_get(end + 1, 4);
    *out = (struct definition){
        .version = {row.at + ROW_HEAD, row.len - ROW_HEAD},
        .since = (int32_t)row_get(row.at + 1, 4),
        .seen = (int64_t)row_get(row.at + 5, 8),
        .meaning = row_get(row.at + 13, 8),
    };
    bool has_day = out->since != FRAMEWORK_NO_DAY;
    if (dims_check_indicator(*indicator, NULL) != 0 || *number == 0 ||
        (has_day && (out->since < CIVIL_DAY_MIN || out->since > CIVIL_DAY_MAX)) || !utf8_valid(out->version))
        return -EBADMSG;
    return 0;
}

static int damaged(struct fault *why) {
    return fault_set(why, -EBADMSG,
                     "the store's table of definitions is damaged; \"suivi check\" tells where");
}

static struct str write_prefix(char key[static KEY_MAX], struct str indicator) {
    ASSERT(indicator.len <= INDICATOR_ID_MAX);
    memcpy(key, indicator.at, indicator.len);
    key[indicator.len] = '\0';
    return (struct str){key, indicator.len + 1};
}

/* ---- reading ---- */

struct visiting {
    int (*visit)(void *arg, const struct definition *definition);
    void *arg;
    struct fault *why;
};

static int visit_row(void *arg, struct str key, struct str row) {
    const struct visiting *visiting = arg;
    struct str indicator;
    uint32_t number;
    struct definition definition;
    if (parse(key, row, &indicator, &number, &definition) != 0)
        return damaged(visiting->why);
    return visiting->visit(visiting->arg, &definition);
}

int definitions_each(struct store_snapshot *snapshot, struct str indicator,
                     int (*visit)(void *arg, const struct definition *definition), void *arg,
                     struct fault *why) {
    char key[KEY_MAX];
    struct visiting visiting = {visit, arg, why};
    return store_each_row(snapshot, STORE_DEFINITIONS, write_prefix(key, indicator), visit_row, &visiting,
                          why);
}

bool definitions_valid(struct str key, struct str row) {
    struct str indicator;
    uint32_t number;
    struct definition definition;
    return parse(key, row, &indicator, &number, &definition) == 0;
}

/* ---- writing ---- */

/* What is to be written of one indicator. */
struct change {
    uint32_t number; /* 0: nothing */
    int32_t since;
    int64_t seen;
};

struct comparing {
    const struct framework *framework;
    struct change *last; /* of each indicator: the last definition that is known */
    uint64_t *meaning;
    struct fault *why;
};

static int note_last(void *arg, struct str key, struct str row) {
    struct comparing *comparing = arg;
    struct str id;
    uint32_t number;
    struct definition definition;
    if (parse(key, row, &id, &number, &definition) != 0)
        return damaged(comparing->why);
    int index = framework_find(comparing->framework, id);
    if (index >= 0) { /* rising numbers: the last one stays */
        comparing->last[index] = (struct change){number, definition.since, definition.seen};
        comparing->meaning[index] = definition.meaning;
    }
    return 0;
}

/* Turns the last definition of an indicator into what is to be written of it. A day that the framework says
 * only now is put into the row that is there: it is the same definition. */
static bool find_change(const struct framework *framework, size_t index, uint64_t meaning, int64_t now,
                        struct change *change) {
    int32_t said = framework_indicator_at(framework, index)->since;
    if (change->number && meaning == framework_meaning(framework, index)) {
        if (said == FRAMEWORK_NO_DAY || said == change->since)
            return false;
        change->since = said;
        return true;
    }
    int32_t today;
    change->since = said;
    if (said == FRAMEWORK_NO_DAY && change->number && civil_day_of_time(now, &today))
        change->since = today;
    change->number++;
    change->seen = now;
    return true;
}

static int put(struct store_write *write, const struct framework *framework, size_t index,
               const struct change *change, struct fault *why) {
    const struct framework_indicator *indicator = framework_indicator_at(framework, index);
    struct str version = indicator->method_version;
    char key_text[KEY_MAX];
    uint8_t row[ROW_HEAD + MESSAGE_TEXT_MAX];
    struct str key = write_prefix(key_text, indicator->id);
    (void)row_put((uint8_t *)key_text + key.len, change->number, 4);
    key.len += 4;
    ASSERT(version.len <= MESSAGE_TEXT_MAX);
    row[0] = ROW_VERSION;
    uint8_t *at = row_put(row + 1, (uint32_t)change->since, 4);
    at = row_put(at, (uint64_t)change->seen, 8);
    at = row_put(at, framework_meaning(framework, index), 8);
    if (version.len)
        memcpy(at, version.at, version.len);
    return store_put_row(write, STORE_DEFINITIONS, key,
                         (struct str){(const char *)row, ROW_HEAD + version.len}, why);
}

static int write_once(struct store *store, const struct framework *framework, const struct change *change,
                      struct fault *why) {
    struct store_write *write;
    int err = store_begin(store, &write, why);
    if (err)
        return err;
    for (size_t i = 0; i < framework_indicator_count(framework) && err == 0; i++)
        if (change[i].number)
            err = put(write, framework, i, &change[i], why);
    if (err == 0)
        return store_commit(&write, why);
    store_abort(&write);
    return err;
}

int definitions_update(struct store *store, const struct framework *framework, int64_t now,
                       struct fault *why) {
    size_t count = framework_indicator_count(framework), changed = 0;
    struct comparing comparing = {.framework = framework, .why = why};
    comparing.last = mem_zeroed(count + 1, sizeof *comparing.last);
    comparing.meaning = mem_zeroed(count + 1, sizeof *comparing.meaning);
    struct store_snapshot *snapshot = NULL;
    int err = store_snapshot_open(store, &snapshot, why);
    if (err == 0)
        err = store_each_row(snapshot, STORE_DEFINITIONS, (struct str){"", 0}, note_last, &comparing, why);
    store_snapshot_close(&snapshot);
    for (size_t i = 0; i < count && err == 0; i++) {
        if (find_change(framework, i, comparing.meaning[i], now, &comparing.last[i]))
            changed++;
        else
            comparing.last[i].number = 0;
    }
    if (err == 0 && changed) {
        do {
            err = write_once(store, framework, comparing.last, why);
        } while (err == -EAGAIN);
        if (err == -ENOSPC)
            err = 0;
    }
    free(comparing.last);
    free(comparing.meaning);
    return err;
}
