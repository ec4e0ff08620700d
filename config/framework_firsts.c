/* The counts from which the figures of a distinct kind come on days on which its members are counted by their firsts. */
#include <stdio.h>

#include "config/framework_priv.h"

static bool has_same_dimensions(const struct indicator *a, const struct indicator *b) {
    for (size_t i = 0; i < a->public.dim_count; i++) {
        size_t k = 0;
        while (k < b->public.dim_count && b->dim[k] != a->dim[i]) {
            k++;
        }
        if (k == b->public.dim_count) {
            return false;
        }
    }
    return a->public.dim_count == b->public.dim_count;
}

static void read_first(struct loading *l, size_t index, enum period_type type, const char *id) {
    struct framework *f = l->framework;
    struct indicator *indicator = &f->indicators[index];
    char key[32], node[DOCUMENT_PATH_MAX];
    if (id == NULL) {
        return;
    }
    snprintf(key, sizeof key, "firsts.%s", period_type_name(type));
    int found = loading_find(l, loading_field(index, key, node), id);
    if (found < 0) {
        return;
    }
    const struct indicator *count = &f->indicators[found];
    if (count->public.kind != 0 && count->public.kind != KIND_COUNT) {
        FAULT(l, node, "\"%s\" is of kind %s; firsts are added up: name one of kind count", id,
              kind_name(count->public.kind));
    } else if (!has_same_dimensions(indicator, count)) {
        FAULT(l, node, "\"%s\" has other dimensions than \"%s\": give both the same", id,
              indicator->entry->id);
    } else {
        indicator->firsts[type] = (size_t)found + 1;
    }
}

void loading_firsts(struct loading *l) {
    struct framework *f = l->framework;
    for (size_t i = 0; i < f->count; i++) {
        const struct firsts_entry *entry = f->indicators[i].entry->firsts;
        enum kind kind = f->indicators[i].public.kind;
        char node[DOCUMENT_PATH_MAX];
        if (entry == NULL || kind == 0) {
            continue;
        }
        if (kind != KIND_DISTINCT) {
            FAULT(l, loading_field(i, "firsts", node),
                  "only an indicator of kind distinct has \"firsts\"; this one is of kind %s: take it out",
                  kind_name(kind));
            continue;
        }
        read_first(l, i, PERIOD_DAY, entry->day);
        read_first(l, i, PERIOD_MONTH, entry->month);
        read_first(l, i, PERIOD_QUARTER, entry->quarter);
        read_first(l, i, PERIOD_HALF, entry->half);
        read_first(l, i, PERIOD_YEAR, entry->year);
        read_first(l, i, PERIOD_BIENNIUM, entry->biennium);
    }
}
