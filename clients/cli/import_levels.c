#include "clients/cli/import_levels.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clients/cli/already.h"
#include "clients/cli/print.h"
#include "clients/cli/words.h"
#include "proto/check.h"

static int ask(struct recording *recording, const struct import_item *item, bool of_all_series,
               struct already *already) {
    char text[PERIOD_TEXT_MAX];
    struct fault why;
    const struct period on = {PERIOD_DAY, item->day, item->day};
    int rc = already_ask(already, recording->client, item->promise->id, period_print(&on, text), item->dims,
                         of_all_series ? 0 : item->promise->dim_count, recording->common.timeout_ms, &why);
    return rc == 0 ? 0 : recording_failed(why.text);
}

static void judge(const struct recording *recording, struct import_rows *rows, struct import_item *item,
                  const struct already *already) {
    char day[WORDS_MAX], number[PRINT_NUMBER], series[RECORDING_SERIES_MAX];
    const struct already_entry *last =
        already_last_of(already, item->day, item->dims, item->promise->dim_count);
    if (last && last->value != item->value && !recording->reason)
        import_rows_fault(rows, item->line,
                          "%s is %s already from %s on (from %s, entry %016" PRIx64
                          "), and %lld here; give --reason TEXT if this is right",
                          recording_print_series(item->promise, item->dims, item->promise->dim_count, series),
                          print_number(last->value, number), words_long_day(item->day, day), last->source,
                          last->id, (long long)item->value);
    item->known = last && last->value == item->value;
    if (last && !item->known) {
        item->against = last->id;
        item->recorded = already_later(already);
    }
}

/* `count` items of one indicator and day. What the daemon cannot tell at once is asked for each by itself. */
static int check_group(struct recording *recording, struct import_rows *rows, struct import_item **items,
                       size_t count) {
    struct already all, one = {0};
    int status = ask(recording, items[0], true, &all);
    if (status != 0)
        return status;
    for (size_t i = 0; i < count && status == 0; i++) {
        if (all.more > 0)
            status = ask(recording, items[i], false, &one);
        if (status == 0)
            judge(recording, rows, items[i], all.more > 0 ? &one : &all);
        already_free(&one);
    }
    already_free(&all);
    return status;
}

static bool same_group(const struct import_item *a, const struct import_item *b) {
    return a->promise == b->promise && a->day == b->day;
}

static int by_group(const void *a, const void *b) {
    const struct import_item *x = *(struct import_item *const *)a, *y = *(struct import_item *const *)b;
    if (x->promise != y->promise)
        return x->promise < y->promise ? -1 : 1;
    return x->day != y->day ? (x->day > y->day) - (x->day < y->day) : (x > y) - (x < y);
}

int import_levels_check(struct recording *recording, struct import_rows *rows) {
    size_t count = 0;
    int status = 0;
    if (!promises_answered(recording->promises))
        return 0;
    struct import_item **level = mem_zeroed(import_rows_count(rows) + 1, sizeof *level);
    for (size_t i = 0; i < import_rows_count(rows); i++)
        if (import_rows_item(rows, i)->promise->kind == KIND_LEVEL)
            level[count++] = import_rows_item(rows, i);
    qsort(level, count, sizeof *level, by_group);
    for (size_t i = 0, next; i < count && status == 0; i = next) {
        for (next = i + 1; next < count && same_group(level[i], level[next]); next++)
            ;
        status = check_group(recording, rows, &level[i], next - i);
    }
    free(level);
    return status;
}
