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

/* On disk a series is its kind as one byte, then its key (proto/dims.h): in memory, a marked name. One of remarks has the
 * mark of that, and a byte before its key that no indicator's id begins with. */
#define SERIES_TEXT_MAX (2 + SERIES_KEY_MAX)
#define REMARKS_PREFIX  '\x01'

struct catalogue {
    unsigned magic;
    const struct framework *framework;
    pthread_rwlock_t lock; /* taken for writing only to add a series, for reading only by query threads */
    struct names *series, *sources;
    uint32_t series_saved, sources_saved; /* how many of them are on disk */
    struct indicator_series *of_indicator, *remarks_of;
    struct quota *entries;
};

static void indicator_series_add(struct indicator_series *list, uint32_t series) {
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 16;
        list->series = mem_resize(list->series, list->room, sizeof *list->series);
    }
    list->series[list->count++] = series;
}

static struct str past(struct str text, size_t bytes) {
    return (struct str){text.at + bytes, text.len - bytes};
}

/* ---- loading ---- */

struct loading {
    struct catalogue *catalogue;
    struct fault *why;
};

static bool is_kind(char byte) {
    return byte >= KIND_COUNT && byte <= KIND_NARRATIVE;
}

int catalogue_parse_series(struct str text, enum kind *kind, bool *remarks, struct str *indicator,
                           struct dims *dims) {
    bool marked = text.len > 2 && (text.at[0] & CATALOGUE_OF_REMARKS) != 0;
    char mark = text.len > 0 ? (char)(text.at[0] & ~(marked ? CATALOGUE_OF_REMARKS : 0)) : 0;
    if (text.len < 2 || text.len > SERIES_TEXT_MAX || !is_kind(mark) ||
        (marked && text.at[1] != REMARKS_PREFIX) ||
        dims_series_parse(past(text, marked ? 2 : 1), indicator, dims) != 0)
        return -EINVAL;
    *kind = (enum kind)mark;
    if (remarks)
        *remarks = marked;
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
    bool remarks;
    if (id != names_count(catalogue->series) ||
        catalogue_parse_series(text, &stored, &remarks, &indicator, &dims) != 0)
        return fault_set(
            loading->why, -EBADMSG,
            "the store's table of series is damaged at number %" PRIu32 "; restore it from a backup", id);
    int index = framework_find(catalogue->framework, indicator);
    if (index >= 0 && remarks) {
        indicator_series_add(&catalogue->remarks_of[index], id);
    } else if (index >= 0) {
        enum kind kind = framework_indicator_at(catalogue->framework, (size_t)index)->kind;
        if (stored != kind)
            return fault_set(
                loading->why, -EINVAL,
                "the framework now has \"%.*s\" as a %s, but what is known of it is a %s: give what "
                "is counted in another way a new id, and leave this one as it was",
                STR_ARG(indicator), kind_name(kind), kind_name(stored));
        int err = check_breakdown(loading, (size_t)index, &dims);
        if (err)
            return err;
        indicator_series_add(&catalogue->of_indicator[index], id);
    }
    (void)names_add(catalogue->series, text.at[0], past(text, 1));
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
    catalogue->remarks_of =
        mem_zeroed(framework_indicator_count(framework) + 1, sizeof *catalogue->remarks_of);
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
    for (size_t i = 0; i < framework_indicator_count(c->framework); i++) {
        free(c->of_indicator[i].series);
        free(c->remarks_of[i].series);
    }
    free(c->of_indicator);
    free(c->remarks_of);
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

static int find_indicator(const struct catalogue *catalogue, struct str id, size_t *out, struct fault *why) {
    int index = framework_find(catalogue->framework, id);
    if (index < 0)
        return fault_set(why, -EINVAL, "unknown indicator \"%.*s\": the framework has none of that id",
                         STR_ARG(id));
    if (framework_indicator_at(catalogue->framework, (size_t)index)->kind == KIND_RATIO)
        return fault_set(why, -EINVAL,
                         "%.*s is a ratio: it is computed from others, and nothing is sent for it",
                         STR_ARG(id));
    *out = (size_t)index;
    return 0;
}

/* NAMES_NONE with `why`: there is no room. */
static uint32_t add_series(struct catalogue *catalogue, struct indicator_series *list, char mark,
                           struct str key, struct fault *why) {
    if (names_count(catalogue->series) == CATALOGUE_SERIES_MAX) {
        (void)fault_set(why, -ENOSPC, "the store holds %u series, its limit", CATALOGUE_SERIES_MAX);
        return NAMES_NONE;
    }
    (void)pthread_rwlock_wrlock(&catalogue->lock);
    uint32_t number = names_add(catalogue->series, mark, key);
    indicator_series_add(list, number);
    (void)pthread_rwlock_unlock(&catalogue->lock);
    return number;
}

int catalogue_series(struct catalogue *catalogue, struct str indicator, const struct dims *dims,
                     struct name_found *found, struct fault *why) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    char bytes[SERIES_KEY_MAX];
    struct str key = {bytes, dims_series_key(indicator, dims, bytes)};
    *found = names_find(catalogue->series, key);
    if (found->number != NAMES_NONE)
        return 0;
    size_t index;
    int err = find_indicator(catalogue, indicator, &index, why);
    if (err == 0)
        err = framework_check(catalogue->framework, index, dims, why);
    if (err)
        return err;
    found->mark = (char)framework_indicator_at(catalogue->framework, index)->kind;
    found->number = add_series(catalogue, &catalogue->of_indicator[index], found->mark, key, why);
    return found->number == NAMES_NONE ? -ENOSPC : 0;
}

int catalogue_remarks(struct catalogue *catalogue, struct str indicator, const struct dims *dims,
                      struct name_found *found, struct fault *why) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    char bytes[1 + SERIES_KEY_MAX] = {REMARKS_PREFIX};
    struct str key = {bytes, 1 + dims_series_key(indicator, dims, bytes + 1)};
    *found = names_find(catalogue->series, key);
    if (found->number != NAMES_NONE)
        return 0;
    size_t index;
    int err = find_indicator(catalogue, indicator, &index, why);
    if (err == 0)
        err = framework_check_some(catalogue->framework, index, dims, why);
    if (err)
        return err;
    found->mark = (char)(framework_indicator_at(catalogue->framework, index)->kind | CATALOGUE_OF_REMARKS);
    found->number = add_series(catalogue, &catalogue->remarks_of[index], found->mark, key, why);
    return found->number == NAMES_NONE ? -ENOSPC : 0;
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
static int each_of(struct catalogue *catalogue, const struct indicator_series *list, size_t prefix,
                   int (*visit)(void *arg, uint32_t series, const struct dims *dims), void *arg) {
    (void)pthread_rwlock_rdlock(&catalogue->lock);
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
        int err = dims_series_parse(past(names[i].text, prefix), &id, &dims);
        ASSERT(err == 0);
        result = visit(arg, names[i].id, &dims);
    }
    free(names);
    return result;
}

int catalogue_each_series(struct catalogue *catalogue, size_t indicator,
                          int (*visit)(void *arg, uint32_t series, const struct dims *dims), void *arg) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    ASSERT(indicator < framework_indicator_count(catalogue->framework));
    return each_of(catalogue, &catalogue->of_indicator[indicator], 0, visit, arg);
}

int catalogue_each_remarks(struct catalogue *catalogue, size_t indicator,
                           int (*visit)(void *arg, uint32_t series, const struct dims *dims), void *arg) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    ASSERT(indicator < framework_indicator_count(catalogue->framework));
    return each_of(catalogue, &catalogue->remarks_of[indicator], 1, visit, arg);
}
