#include "daemon/books/refusals.h"

#include <errno.h>

#include "daemon/store/row.h"
#include "proto/check.h"
#include "proto/dims.h"
#include "proto/message.h"
#include "proto/utf8.h"

/* Key: indicator, NUL, number of the source. Row: version, count, time, reason. */
#define ROW_VERSION 1
#define ROW_HEAD    (1 + 8 + 8)
#define KEY_MAX     (INDICATOR_ID_MAX + 1 + 4)

static int parse(struct str key, struct str row, struct refusal *out) {
    const char *end = key.len ? memchr(key.at, '\0', key.len) : NULL;
    if (end == NULL || key.len != (size_t)(end - key.at) + 1 + 4 || row.len < ROW_HEAD ||
        row.len > ROW_HEAD + MESSAGE_TEXT_MAX || row.at[0] != ROW_VERSION)
        return -EBADMSG;
    *out = (struct refusal){
        .source = (uint32_t)row_get(end + 1, 4),
        .indicator = {key.at, (size_t)(end - key.at)},
        .count = row_get(row.at + 1, 8),
        .at = (int64_t)row_get(row.at + 9, 8),
        .reason = {row.at + ROW_HEAD, row.len - ROW_HEAD},
    };
    if ((out->indicator.len && dims_check_indicator(out->indicator, NULL) != 0) || out->count == 0 ||
        !utf8_valid(out->reason))
        return -EBADMSG;
    return 0;
}

static int damaged(struct fault *why) {
    return fault_set(why, -EBADMSG, "the store's table of refusals is damaged; \"suivi check\" tells where");
}

static struct str write_key(char key[static KEY_MAX], struct str indicator) {
    ASSERT(indicator.len <= INDICATOR_ID_MAX);
    if (indicator.len)
        memcpy(key, indicator.at, indicator.len);
    key[indicator.len] = '\0';
    return (struct str){key, indicator.len + 1};
}

int refusals_add(struct store_write *write, const struct refusal *refusal, struct fault *why) {
    char key_text[KEY_MAX];
    uint8_t row[ROW_HEAD + MESSAGE_TEXT_MAX];
    struct str key = write_key(key_text, refusal->indicator), old;
    struct refusal before = {0};
    ASSERT(refusal->reason.len <= MESSAGE_TEXT_MAX && refusal->count > 0);
    (void)row_put((uint8_t *)key_text + key.len, refusal->source, 4);
    key.len += 4;
    int err = store_get_row(write, STORE_REFUSALS, key, &old, why);
    if (err == 0 && parse(key, old, &before) != 0)
        return damaged(why);
    if (err != 0 && err != -ENOENT)
        return err;
    row[0] = ROW_VERSION;
    (void)row_put(row_put(row + 1, before.count + refusal->count, 8), (uint64_t)refusal->at, 8);
    if (refusal->reason.len)
        memcpy(row + ROW_HEAD, refusal->reason.at, refusal->reason.len);
    return store_put_row(write, STORE_REFUSALS, key,
                         (struct str){(const char *)row, ROW_HEAD + refusal->reason.len}, why);
}

struct visiting {
    int (*visit)(void *arg, const struct refusal *refusal);
    void *arg;
    struct fault *why;
};

static int visit_row(void *arg, struct str key, struct str row) {
    const struct visiting *visiting = arg;
    struct refusal refusal;
    if (parse(key, row, &refusal) != 0)
        return damaged(visiting->why);
    return visiting->visit(visiting->arg, &refusal);
}

int refusals_each(struct store_snapshot *snapshot, struct str indicator,
                  int (*visit)(void *arg, const struct refusal *refusal), void *arg, struct fault *why) {
    char key[KEY_MAX];
    struct visiting visiting = {visit, arg, why};
    return store_each_row(snapshot, STORE_REFUSALS, write_key(key, indicator), visit_row, &visiting, why);
}

bool refusals_valid(struct str key, struct str row) {
    struct refusal refusal;
    return parse(key, row, &refusal) == 0;
}
