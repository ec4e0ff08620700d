#include "clients/cli/already.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"

static char *copy(const char *text) {
    return text ? mem_string(text, strlen(text)) : mem_string("", 0);
}

static void take(struct already_entry *out, const struct suivi_entry_row *row) {
    bool alive = strcmp(row->state, "counts") == 0;
    *out = (struct already_entry){.id = row->entry.id,
                                  .at = row->at,
                                  .recorded = row->entry.recorded,
                                  .value = row->entry.value,
                                  .alive = alive,
                                  .counts = alive && row->entry.retracts == 0,
                                  .removed = row->entry.removed,
                                  .source = copy(row->source),
                                  .state = copy(row->state),
                                  .name = copy(row->entry.name),
                                  .title = copy(row->entry.title),
                                  .done = copy(row->entry.done)};
    for (size_t i = 0; i < row->dim_count && i < DIMS_MAX; i++)
        out->dims[out->dim_count++] = (struct suivi_dim){copy(row->dims[i].name), copy(row->dims[i].value)};
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
            free((char *)entry->dims[j].name);
            free((char *)entry->dims[j].value);
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

const struct already_entry *already_last(const struct already *already, int32_t day, const char *name) {
    const struct already_entry *last = NULL;
    for (size_t i = 0; i < already->count; i++) {
        const struct already_entry *entry = &already->entry[i];
        int32_t of;
        if (!entry->counts || !civil_day_of_time(entry->at, &of) || of != day ||
            (name && strcmp(entry->name, name) != 0))
            continue;
        if (!last || compare(last, entry, name != NULL) < 0)
            last = entry;
    }
    return last;
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
