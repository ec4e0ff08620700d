#include "clients/cli/import_known.h"

#include <stdlib.h>
#include <string.h>

#include "clients/cli/already.h"
#include "proto/check.h"

#define QUESTIONS_MAX 240

struct asking {
    struct recording *recording;
    struct import_known *out;
    size_t questions;
};

static struct period month_of(const struct import_item *item) {
    return period_of_day(PERIOD_MONTH, item->day, NULL);
}

static bool same_group(const struct import_item *a, const struct import_item *b) {
    return a->promise == b->promise && month_of(a).first == month_of(b).first;
}

static int by_group(const void *a, const void *b) {
    const struct import_item *x = *(struct import_item *const *)a, *y = *(struct import_item *const *)b;
    if (x->promise != y->promise)
        return x->promise < y->promise ? -1 : 1;
    int32_t month = month_of(x).first, other = month_of(y).first;
    if (month != other)
        return month < other ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_id(const void *key, const void *element) {
    uint64_t id = *(const uint64_t *)key, other = (*(struct import_item *const *)element)->id;
    return (id > other) - (id < other);
}

/* What was withdrawn counts again when it is sent again; what was retracted does not. */
static void take(struct asking *asking, struct import_item **items, size_t count,
                 const struct already_entry *entry) {
    struct import_item **found = bsearch(&entry->id, items, count, sizeof *items, by_id);
    bool retracted = strcmp(entry->state, "retracted") == 0;
    if (!found || (*found)->known || !(entry->alive || retracted))
        return;
    (*found)->known = true;
    asking->out->before++;
    asking->out->retracted += retracted;
}

static int ask_group(struct asking *asking, struct import_item **items, size_t count) {
    char text[PERIOD_TEXT_MAX];
    struct fault why;
    struct already already;
    const struct period month = month_of(items[0]);
    if (asking->questions++ >= QUESTIONS_MAX) {
        asking->out->complete = false;
        return 0;
    }
    if (already_ask(&already, asking->recording->client, items[0]->promise->id, period_print(&month, text),
                    NULL, 0, asking->recording->common.timeout_ms, &why) != 0)
        return recording_failed(why.text);
    for (size_t i = 0; i < already.count; i++)
        take(asking, items, count, &already.entry[i]);
    asking->out->complete = asking->out->complete && already.more == 0;
    already_free(&already);
    return 0;
}

int import_known_check(struct recording *recording, struct import_rows *rows, struct import_known *out) {
    struct asking asking = {recording, out, 0};
    struct import_item **item = mem_zeroed(import_rows_count(rows) + 1, sizeof *item);
    size_t count = 0;
    int status = 0;
    *out = (struct import_known){.complete = promises_answered(recording->promises)};
    for (size_t i = 0; i < import_rows_count(rows); i++) {
        struct import_item *of = import_rows_item(rows, i);
        out->people += of->promise->kind == KIND_DISTINCT;
        out->before += of->known;
        if (of->promise->kind != KIND_DISTINCT && !of->known)
            item[count++] = of;
    }
    qsort(item, count, sizeof *item, by_group);
    for (size_t i = 0, next; i < count && status == 0 && promises_answered(recording->promises); i = next) {
        for (next = i + 1; next < count && same_group(item[i], item[next]); next++)
            ;
        status = ask_group(&asking, &item[i], next - i);
    }
    free(item);
    return status;
}
