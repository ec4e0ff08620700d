#include "daemon/books/definitions.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/store/row.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/message.h"
#include "proto/utf8.h"

/* Key: indicator, NUL, number from 1. Row: version, since, seen, meaning; then vintage, length of the framework's
 * version, that, and the wording. A row of version 1 has the framework's version after its head, and no words. */
#define ROW_VERSION  2
#define ROW_WORDLESS 1
#define ROW_HEAD     (1 + 4 + 8 + 8)
#define ROW_TAIL     (4 + 2)
#define KEY_MAX      (INDICATOR_ID_MAX + 1 + 4)

/* What stands after the head. */
static int parse_tail(struct str row, struct definition *out) {
    struct str tail = {row.at + ROW_HEAD, row.len - ROW_HEAD};
    struct wording wording;
    if (row.at[0] == ROW_WORDLESS) {
        out->version = tail;
        return tail.len <= MESSAGE_TEXT_MAX ? 0 : -EBADMSG;
    }
    if (row.at[0] != ROW_VERSION || tail.len < ROW_TAIL)
        return -EBADMSG;
    size_t len = (size_t)row_get(tail.at + 4, 2);
    if (len > MESSAGE_TEXT_MAX || len > tail.len - ROW_TAIL)
        return -EBADMSG;
    out->vintage = (uint32_t)row_get(tail.at, 4);
    out->version = (struct str){tail.at + ROW_TAIL, len};
    out->wording = (struct str){tail.at + ROW_TAIL + len, tail.len - ROW_TAIL - len};
    return out->vintage == 0 ? -EBADMSG : wording_read(&wording, out->wording);
}

static int parse(struct str key, struct str row, struct str *indicator, uint32_t *number,
                 struct definition *out) {
    const char *end = key.len ? memchr(key.at, '\0', key.len) : NULL;
    if (end == NULL || key.len != (size_t)(end - key.at) + 1 + 4 || row.len < ROW_HEAD)
        return -EBADMSG;
    *indicator = (struct str){key.at, (size_t)(end - key.at)};
    *number = (uint32_t)row_get(end + 1, 4);
    *out = (struct definition){
        .since = (int32_t)row_get(row.at + 1, 4),
        .seen = (int64_t)row_get(row.at + 5, 8),
        .meaning = row_get(row.at + 13, 8),
    };
    bool has_day = out->since != FRAMEWORK_NO_DAY;
    if (parse_tail(row, out) != 0 || dims_check_indicator(*indicator, NULL) != 0 || *number == 0 ||
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
    struct definition last;
    bool any; /* the last one is there */
    struct fault *why;
};

static int read_row(struct str key, struct str row, struct definition *out, struct fault *why) {
    struct str indicator;
    uint32_t number;
    return parse(key, row, &indicator, &number, out) == 0 ? 0 : damaged(why);
}

/* Other words for the same thing are no change. The day is said by the last ones. */
static int visit_row(void *arg, struct str key, struct str row) {
    struct visiting *visiting = arg;
    struct definition definition;
    int err = read_row(key, row, &definition, visiting->why);
    if (err)
        return err;
    if (visiting->any && visiting->last.meaning == definition.meaning)
        definition.seen = visiting->last.seen;
    else if (visiting->any)
        err = visiting->visit(visiting->arg, &visiting->last);
    visiting->last = definition;
    visiting->any = true;
    return err;
}

int definitions_each(struct store_snapshot *snapshot, struct str indicator,
                     int (*visit)(void *arg, const struct definition *definition), void *arg,
                     struct fault *why) {
    char key[KEY_MAX];
    struct visiting visiting = {.visit = visit, .arg = arg, .why = why};
    int err =
        store_each_row(snapshot, STORE_DEFINITIONS, write_prefix(key, indicator), visit_row, &visiting, why);
    return err == 0 && visiting.any ? visit(arg, &visiting.last) : err;
}

struct finding {
    uint32_t vintage;
    int64_t at;
    struct definition *out;
    bool any;
    struct fault *why;
};

static int find_row(void *arg, struct str key, struct str row) {
    struct finding *finding = arg;
    struct definition definition;
    int err = read_row(key, row, &definition, finding->why);
    bool held = definition.vintage ? definition.vintage <= finding->vintage : definition.seen <= finding->at;
    if (err == 0 && held) {
        *finding->out = definition;
        finding->any = true;
    }
    return err;
}

int definitions_find(struct store_snapshot *snapshot, struct str indicator, uint32_t vintage, int64_t at,
                     struct definition *out, struct fault *why) {
    char key[KEY_MAX];
    struct finding finding = {.vintage = vintage, .at = at, .out = out, .why = why};
    int err =
        store_each_row(snapshot, STORE_DEFINITIONS, write_prefix(key, indicator), find_row, &finding, why);
    return err == 0 && !finding.any ? -ENOENT : err;
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
    uint32_t vintage;
};

/* The last row that is known of an indicator. */
struct latest {
    struct change change;
    uint64_t meaning;
    bool worded; /* in the words of the framework */
};

struct updating {
    const struct framework *framework;
    int64_t now;
    uint32_t vintage; /* that goes on, or comes next */
    struct latest *latest;
    struct wire_writer *words;
    struct fault *why;
};

static struct str words_of(const struct updating *updating, size_t index) {
    wire_writer_reset(updating->words);
    wording_write(updating->words, updating->framework, index);
    return (struct str){(const char *)wire_writer_data(updating->words), wire_writer_len(updating->words)};
}

static int note_last(void *arg, struct str key, struct str row) {
    struct updating *updating = arg;
    struct str id;
    uint32_t number;
    struct definition definition;
    if (parse(key, row, &id, &number, &definition) != 0)
        return damaged(updating->why);
    int index = framework_find(updating->framework, id);
    if (index >= 0) /* rising numbers: the last one stays */
        updating->latest[index] = (struct latest){
            .change = {number, definition.since, definition.seen, definition.vintage},
            .meaning = definition.meaning,
            .worded = str_equal(definition.wording, words_of(updating, (size_t)index)),
        };
    return 0;
}

/* Turns the last definition of an indicator into what is to be written of it. A day that the framework says
 * only now is put into the row that is there: it is the same definition. */
static bool find_change(const struct updating *updating, size_t index) {
    struct latest *latest = &updating->latest[index];
    struct change *change = &latest->change;
    int32_t said = framework_indicator_at(updating->framework, index)->since, today;
    bool same = change->number > 0 && latest->meaning == framework_meaning(updating->framework, index);
    if (same && latest->worded) {
        if (said == FRAMEWORK_NO_DAY || said == change->since)
            return false;
        change->since = said;
        return true;
    }
    if (said != FRAMEWORK_NO_DAY || !same)
        change->since = said;
    if (said == FRAMEWORK_NO_DAY && !same && change->number && civil_day_of_time(updating->now, &today))
        change->since = today;
    change->number++;
    change->seen = updating->now;
    change->vintage = updating->vintage;
    return true;
}

static int put(const struct updating *updating, struct store_write *write, size_t index) {
    const struct framework_indicator *indicator = framework_indicator_at(updating->framework, index);
    const struct change *change = &updating->latest[index].change;
    struct str version = indicator->method_version, words = words_of(updating, index);
    char key_text[KEY_MAX];
    struct str key = write_prefix(key_text, indicator->id);
    (void)row_put((uint8_t *)key_text + key.len, change->number, 4);
    key.len += 4;
    ASSERT(version.len <= MESSAGE_TEXT_MAX);
    size_t len = ROW_HEAD + ROW_TAIL + version.len + words.len;
    uint8_t *row = mem_zeroed(len, 1), *at = row_put(row, ROW_VERSION, 1);
    at = row_put(at, (uint32_t)change->since, 4);
    at = row_put(at, (uint64_t)change->seen, 8);
    at = row_put(at, framework_meaning(updating->framework, index), 8);
    at = row_put(at, change->vintage, 4);
    at = row_put(at, version.len, 2);
    if (version.len)
        memcpy(at, version.at, version.len);
    memcpy(at + version.len, words.at, words.len);
    int err =
        store_put_row(write, STORE_DEFINITIONS, key, (struct str){(const char *)row, len}, updating->why);
    free(row);
    return err;
}

static int write_once(const struct updating *updating, struct store *store) {
    struct store_write *write;
    int err = store_begin(store, &write, updating->why);
    if (err)
        return err;
    for (size_t i = 0; i < framework_indicator_count(updating->framework) && err == 0; i++)
        if (updating->latest[i].change.number)
            err = put(updating, write, i);
    if (err == 0)
        return store_commit(&write, updating->why);
    store_abort(&write);
    return err;
}

static int read_latest(struct updating *updating, struct store *store) {
    struct store_snapshot *snapshot = NULL;
    struct store_vintage vintage;
    int err = store_snapshot_open(store, &snapshot, updating->why);
    if (err == 0)
        err = store_vintage_at(snapshot, INT64_MAX, &vintage, updating->why);
    if (err == 0) {
        updating->vintage = vintage.number > 0 && !vintage.ended ? vintage.number : vintage.number + 1;
        err = store_each_row(snapshot, STORE_DEFINITIONS, (struct str){"", 0}, note_last, updating,
                             updating->why);
    }
    store_snapshot_close(&snapshot);
    return err;
}

int definitions_update(struct store *store, const struct framework *framework, int64_t now,
                       struct fault *why) {
    size_t count = framework_indicator_count(framework), changed = 0;
    struct updating updating = {.framework = framework, .now = now, .why = why};
    updating.latest = mem_zeroed(count + 1, sizeof *updating.latest);
    wire_writer_new(&updating.words, WORDING_BYTES_MAX);
    int err = read_latest(&updating, store);
    for (size_t i = 0; i < count && err == 0; i++) {
        if (find_change(&updating, i))
            changed++;
        else
            updating.latest[i].change.number = 0;
    }
    if (err == 0 && changed) {
        do {
            err = write_once(&updating, store);
        } while (err == -EAGAIN);
        if (err == -ENOSPC)
            err = 0;
    }
    free(updating.latest);
    wire_writer_destroy(&updating.words);
    return err;
}
