#include "clients/cli/already.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clients/cli/copies.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"

static void take(struct already_entry *out, const struct suivi_entry_row *row) {
    bool counts = strcmp(row->state, "counts") == 0, replaced = strcmp(row->state, "replaced") == 0;
    *out = (struct already_entry){.id = row->entry.id,
                                  .at = row->at,
                                  .recorded = row->entry.recorded,
                                  .value = row->entry.value,
                                  .alive = counts || replaced,
                                  .counts = counts && row->entry.retracts == 0,
                                  .removed = row->entry.removed,
                                  .holds = row->entry.holds,
                                  .source = copies_text(row->source),
                                  .state = copies_text(row->state),
                                  .name = copies_text(row->entry.name),
                                  .title = copies_text(row->entry.title),
                                  .done = copies_text(row->entry.done)};
    for (size_t i = 0; i < row->dim_count && i < DIMS_MAX; i++)
        out->dims[out->dim_count++] =
            (struct suivi_dim){copies_text(row->dims[i].name), copies_text(row->dims[i].value)};
}

static void tell(void *arg, const struct suivi_explanation *explanation) {
    struct already *already = arg;
    already->more = explanation->more;
    already->has_value = explanation->figure.state == SUIVI_VALUE;
    already->value = explanation->figure.value;
    already->entry =
        mem_resize(already->entry, already->count + explanation->entry_count + 1, sizeof *already->entry);
    for (size_t i = 0; i < explanation->entry_count; i++)
        take(&already->entry[already->count++], &explanation->entries[i]);
}

int already_ask(struct already *already, struct suivi *client, const char *indicator, const char *period,
                const struct suivi_dim *dims, size_t dim_count, int timeout_ms, struct fault *why) {
    *already = (struct already){0};
    int rc = suivi_explain(client, indicator, period, dims, dim_count, NULL, timeout_ms, tell, already);
    if (rc != 0) {
        already_free(already);
        return fault_set(why, rc, "%s", suivi_why(client));
    }
    return 0;
}

void already_free(struct already *already) {
    for (size_t i = 0; i < already->count; i++) {
        struct already_entry *entry = &already->entry[i];
        for (size_t j = 0; j < entry->dim_count; j++) {
            copies_drop(entry->dims[j].name);
            copies_drop(entry->dims[j].value);
        }
        free(entry->source);
        free(entry->state);
        free(entry->name);
        free(entry->title);
        free(entry->done);
    }
    free(already->entry);
    *already = (struct already){0};
}

/* The names of a day hold by when they were said alone. */
static int compare(const struct already_entry *a, const struct already_entry *b, bool names) {
    const struct entry x = {.id = a->id, .recorded = a->recorded, .has_value = true, .value = a->value};
    const struct entry y = {.id = b->id, .recorded = b->recorded, .has_value = true, .value = b->value};
    return entry_compare(names ? 0 : a->at, &x, names ? 0 : b->at, &y);
}

struct wanted {
    int32_t day;
    const char *name;             /* NULL: any */
    const struct suivi_dim *dims; /* NULL: any */
    size_t dim_count;
};

static bool has_dims(const struct already_entry *entry, const struct wanted *wanted) {
    size_t same = 0;
    if (!wanted->dims)
        return true;
    for (size_t i = 0; i < wanted->dim_count; i++)
        for (size_t j = 0; j < entry->dim_count; j++)
            same += strcmp(wanted->dims[i].name, entry->dims[j].name) == 0 &&
                    strcmp(wanted->dims[i].value, entry->dims[j].value) == 0;
    return same == wanted->dim_count && same == entry->dim_count;
}

static const struct already_entry *find_last(const struct already *already, const struct wanted *wanted) {
    const struct already_entry *last = NULL;
    for (size_t i = 0; i < already->count; i++) {
        const struct already_entry *entry = &already->entry[i];
        int32_t of;
        if (!entry->counts || !civil_day_of_time(entry->at, &of) || of != wanted->day ||
            (wanted->name && strcmp(entry->name, wanted->name) != 0) || !has_dims(entry, wanted))
            continue;
        if (!last || compare(last, entry, wanted->name != NULL) < 0)
            last = entry;
    }
    return last;
}

const struct already_entry *already_last(const struct already *already, int32_t day, const char *name) {
    return find_last(already, &(struct wanted){.day = day, .name = name});
}

const struct already_entry *already_last_of(const struct already *already, int32_t day,
                                            const struct suivi_dim *dims, size_t dim_count) {
    return find_last(already, &(struct wanted){.day = day, .dims = dims, .dim_count = dim_count});
}

const struct already_entry *already_holding(const struct already *already, int32_t day) {
    for (size_t i = 0; i < already->count; i++) {
        const struct already_entry *entry = &already->entry[i];
        int32_t of;
        if (entry->holds && entry->counts && civil_day_of_time(entry->at, &of) && of == day)
            return entry;
    }
    return NULL;
}

const struct already_entry *already_by_id(const struct already *already, uint64_t id) {
    const struct already_entry *found = NULL;
    for (size_t i = 0; i < already->count; i++)
        if (already->entry[i].id == id && (!found || already->entry[i].alive))
            found = &already->entry[i];
    return found;
}

int64_t already_later(const struct already *already) {
    int64_t later = (int64_t)time(NULL);
    for (size_t i = 0; i < already->count; i++)
        if (already->entry[i].recorded >= later)
            later = already->entry[i].recorded + 1;
    return later;
}
