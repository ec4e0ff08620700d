#include "daemon/books/catalogue.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "proto/check.h"

#define CATALOGUE_MAGIC 0x43415441u

struct indicator_series {
    uint32_t *series;
    uint32_t count, room;
};

/* On disk a series is its kind as one byte, then its key (proto/dims.h): in memory, a marked name. */
#define SERIES_TEXT_MAX (1 + SERIES_KEY_MAX)

struct catalogue {
    unsigned magic;
    const struct framework *framework;
    pthread_rwlock_t lock; /* taken for writing only to add a series, for reading only by query threads */
    struct names *series, *sources;
    uint32_t series_saved, sources_saved; /* how many of them are on disk */
    struct indicator_series *of_indicator;
    struct quota *entries;
};

static void indicator_series_add(struct indicator_series *list, uint32_t series) {
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 16;
        list->series = mem_resize(list->series, list->room, sizeof *list->series);
    }
    list->series[list->count++] = series;
}

static struct str series_key(struct str text) {
    return (struct str){text.at + 1, text.len - 1};
}

/* ---- loading ---- */

struct loading {
    struct catalogue *catalogue;
    struct fault *why;
};

static bool is_kind(char byte) {
    return byte >= KIND_COUNT && byte <= KIND_NARRATIVE;
}

int catalogue_parse_series(struct str text, enum kind *kind, struct str *indicator, struct dims *dims) {
    if (text.len < 2 || text.len > SERIES_TEXT_MAX || !is_kind(text.at[0]) ||
        dims_series_parse(series_key(text), indicator, dims) != 0)
        return -EINVAL;
    *kind = (enum kind)text.at[0];
    return 0;
}

/* Levels and statuses are carried forward: a series that nobody can speak of any more, since its indicator is broken
 * down otherwise now, would count for ever beside those of today. */
static int check_breakdown(struct loading *loading, size_t index, const struct dims *dims) {
    const struct framework *framework = loading->catalogue->framework;
    const struct framework_indicator *indicator = framework_indicator_at(framework, index);
    bool same = dims->count == indicator->dim_count;
    for (size_t i = 0; i < indicator->dim_count && same; i++)
        same = dims_get(dims, framework_dim_name(framework, index, i)).len > 0;
    if (same || (indicator->kind != KIND_LEVEL && indicator->kind != KIND_STATUS))
        return 0;
    return fault_set(
        loading->why, -EINVAL,
        "the framework now breaks %.*s down by other dimensions than it was stored with: as a %s its last "
        "values would count beside the new ones for ever; give the changed indicator a new id",
        STR_ARG(indicator->id), kind_name(indicator->kind));
}

static int load_series(void *arg, uint32_t id, struct str text) {
    struct loading *loading = arg;
    struct catalogue *catalogue = loading->catalogue;
    struct str indicator;
    struct dims dims;
    enum kind stored;
    if (id != names_count(catalogue->series) || catalogue_parse_series(text, &stored, &indicator, &dims) != 0)
        return fault_set(
            loading->why, -EBADMSG,
            "the store's table of series is damaged at number %" PRIu32 "; restore it from a backup", id);
    int index = framework_find(catalogue->framework, indicator);
    if (index >= 0) {
        enum kind kind = framework_indicator_at(catalogue->framework, (size_t)index)->kind;
        if (stored != kind)
            return fault_set(loading->why, -EINVAL,
                             "the framework now calls %.*s a %s, but it was stored as a %s; give the changed "
                             "indicator a new id",
                             STR_ARG(indicator), kind_name(kind), kind_name(stored));
        int err = check_breakdown(loading, (size_t)index, &dims);
        if (err)
            return err;
        indicator_series_add(&catalogue->of_indicator[index], id);
    }
    (void)names_add(catalogue->series, text.at[0], series_key(text));
    return 0;
}

static int load_source(void *arg, uint32_t id, struct str text) {
    struct loading *loading = arg;
    if (id != names_count(loading->catalogue->sources))
        return fault_set(
            loading->why, -EBADMSG,
            "the store's table of sources is damaged at number %" PRIu32 "; restore it from a backup", id);
    (void)names_add(loading->catalogue->sources, 0, text);
    return 0;
}

int catalogue_new(struct catalogue **out, const struct framework *framework, struct store *store,
                  struct fault *why) {
    struct catalogue *catalogue = mem_zeroed(1, sizeof *catalogue);
    catalogue->magic = CATALOGUE_MAGIC;
    catalogue->framework = framework;
    catalogue->of_indicator =
        mem_zeroed(framework_indicator_count(framework) + 1, sizeof *catalogue->of_indicator);
    names_new(&catalogue->series);
    names_new(&catalogue->sources);
    quota_new(&catalogue->entries, store, CATALOGUE_ENTRIES_MAX);
    int err = pthread_rwlock_init(&catalogue->lock, NULL);
    ASSERT(err == 0);

    struct store_snapshot *snapshot = NULL;
    struct loading loading = {catalogue, why};
    err = store_snapshot_open(store, &snapshot, why);
    if (err == 0)
        err = store_each_name(snapshot, STORE_SERIES, load_series, &loading, why);
    if (err == 0)
        err = store_each_name(snapshot, STORE_SOURCES, load_source, &loading, why);
    store_snapshot_close(&snapshot);
    catalogue->series_saved = names_count(catalogue->series);
    catalogue->sources_saved = names_count(catalogue->sources);
    if (err) {
        catalogue_destroy(&catalogue);
        return err;
    }
    *out = catalogue;
    return 0;
}

void catalogue_destroy(struct catalogue **catalogue) {
    struct catalogue *c = *catalogue;
    if (c == NULL)
        return;
    OBJ_CHECK(c, CATALOGUE_MAGIC);
    for (size_t i = 0; i < framework_indicator_count(c->framework); i++)
        free(c->of_indicator[i].series);
    free(c->of_indicator);
    names_destroy(&c->series);
    names_destroy(&c->sources);
    quota_destroy(&c->entries);
    (void)pthread_rwlock_destroy(&c->lock);
    c->magic = 0;
    free(c);
    *catalogue = NULL;
}

const struct framework *catalogue_framework(const struct catalogue *catalogue) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    return catalogue->framework;
}

/* ---- naming ---- */

void catalogue_find(const struct catalogue *catalogue, const char *keys, const uint32_t *end, size_t count,
                    struct name_found *found) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    names_find_all(catalogue->series, keys, end, count, found);
}

int catalogue_series(struct catalogue *catalogue, struct str indicator, const struct dims *dims,
                     struct name_found *found, struct fault *why) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    char bytes[SERIES_KEY_MAX];
    struct str key = {bytes, dims_series_key(indicator, dims, bytes)};
    *found = names_find(catalogue->series, key);
    if (found->number != NAMES_NONE)
        return 0;
    int index = framework_find(catalogue->framework, indicator);
    if (index < 0)
        return fault_set(why, -EINVAL, "unknown indicator \"%.*s\": the framework has none of that id",
                         STR_ARG(indicator));
    enum kind kind = framework_indicator_at(catalogue->framework, (size_t)index)->kind;
    if (kind == KIND_RATIO)
        return fault_set(why, -EINVAL,
                         "%.*s is a ratio: it is computed from others, and nothing is sent for it",
                         STR_ARG(indicator));
    int err = framework_check(catalogue->framework, (size_t)index, dims, why);
    if (err)
        return err;
    if (names_count(catalogue->series) == CATALOGUE_SERIES_MAX)
        return fault_set(why, -ENOSPC, "the store holds %u series, its limit", CATALOGUE_SERIES_MAX);
    found->mark = (char)kind;
    (void)pthread_rwlock_wrlock(&catalogue->lock);
    found->number = names_add(catalogue->series, found->mark, key);
    indicator_series_add(&catalogue->of_indicator[index], found->number);
    (void)pthread_rwlock_unlock(&catalogue->lock);
    return 0;
}

int catalogue_source(struct catalogue *catalogue, struct str name, uint32_t *id, struct fault *why) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    *id = names_find(catalogue->sources, name).number;
    if (*id != NAMES_NONE)
        return 0;
    if (names_count(catalogue->sources) == CATALOGUE_SOURCES_MAX)
        return fault_set(why, -ENOSPC, "the store knows %u sources, its limit", CATALOGUE_SOURCES_MAX);
    *id = names_add(catalogue->sources, 0, name);
    return 0;
}

struct quota *catalogue_entries(const struct catalogue *catalogue) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    return catalogue->entries;
}

/* ---- saving ---- */

size_t catalogue_unsaved(const struct catalogue *catalogue, struct catalogue_name **out) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    uint32_t series = names_count(catalogue->series), sources = names_count(catalogue->sources);
    size_t count = (size_t)(series - catalogue->series_saved) + (sources - catalogue->sources_saved), at = 0;
    struct catalogue_name *names = mem_zeroed(count + 1, sizeof *names);
    for (uint32_t id = catalogue->series_saved; id < series; id++)
        names[at++] = (struct catalogue_name){STORE_SERIES, id, names_marked(catalogue->series, id)};
    for (uint32_t id = catalogue->sources_saved; id < sources; id++)
        names[at++] = (struct catalogue_name){STORE_SOURCES, id, names_text(catalogue->sources, id)};
    *out = names;
    return count;
}

void catalogue_saved(struct catalogue *catalogue, const struct catalogue_name *names, size_t count) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    for (size_t i = 0; i < count; i++) {
        uint32_t *saved =
            names[i].table == STORE_SERIES ? &catalogue->series_saved : &catalogue->sources_saved;
        if (*saved == names[i].id)
            ++*saved;
    }
}

/* ---- reading beside the loop ---- */

/* The texts are copied out as views, which stay valid, so that the loop is not held up while they are gone
 * through. */
int catalogue_each_series(struct catalogue *catalogue, size_t indicator,
                          int (*visit)(void *arg, uint32_t series, const struct dims *dims), void *arg) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    ASSERT(indicator < framework_indicator_count(catalogue->framework));
    (void)pthread_rwlock_rdlock(&catalogue->lock);
    const struct indicator_series *list = &catalogue->of_indicator[indicator];
    uint32_t count = list->count;
    struct catalogue_name *names = mem_zeroed((size_t)count + 1, sizeof *names);
    for (uint32_t i = 0; i < count; i++)
        names[i] = (struct catalogue_name){STORE_SERIES, list->series[i],
                                           names_text(catalogue->series, list->series[i])};
    (void)pthread_rwlock_unlock(&catalogue->lock);
    int result = 0;
    for (uint32_t i = 0; i < count && result == 0; i++) {
        struct str id;
        struct dims dims;
        int err = dims_series_parse(names[i].text, &id, &dims);
        ASSERT(err == 0);
        result = visit(arg, names[i].id, &dims);
    }
    free(names);
    return result;
}
