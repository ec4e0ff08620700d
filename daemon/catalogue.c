#include "daemon/catalogue.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "daemon/hash.h"
#include "proto/check.h"

#define CATALOGUE_MAGIC 0x43415441u

struct name_slot {
    uint32_t tag;    /* of the hash, so that a text is looked at only when it is most likely the one */
    uint32_t number; /* plus 1; 0: empty */
};

/* Texts of one table by number, and their numbers by text. */
struct names {
    struct str *text; /* owned */
    uint32_t count, room;
    struct name_slot *slot; /* open addressing; slots is a power of two */
    uint32_t slots;
    uint32_t saved;
    uint64_t seed;
};

struct indicator_series {
    uint32_t *series;
    uint32_t count, room;
};

/* A series' text is its kind as one byte, then its key (proto/dims.h). */
#define SERIES_TEXT_MAX (1 + SERIES_KEY_MAX)

struct catalogue {
    unsigned magic;
    const struct framework *framework;
    pthread_rwlock_t lock; /* taken for writing only to add a series, for reading only by query threads */
    struct names series, sources;
    struct indicator_series *of_indicator;
};

/* The slot of that text, or the empty one where it belongs. */
static struct name_slot *names_slot(const struct names *names, struct str text, uint64_t hash) {
    uint32_t mask = names->slots - 1;
    for (uint32_t at = (uint32_t)(hash >> 32) & mask;; at = (at + 1) & mask) {
        struct name_slot *slot = &names->slot[at];
        if (slot->number == 0 ||
            (slot->tag == (uint32_t)hash && str_equal(names->text[slot->number - 1], text)))
            return slot;
    }
}

static void names_put(struct names *names, uint32_t id) {
    uint64_t hash = hash_text(names->seed, names->text[id]);
    *names_slot(names, names->text[id], hash) = (struct name_slot){(uint32_t)hash, id + 1};
}

static void names_grow(struct names *names) {
    names->slots = names->slots ? names->slots * 2 : 1024;
    free(names->slot);
    names->slot = mem_zeroed(names->slots, sizeof *names->slot);
    for (uint32_t id = 0; id < names->count; id++)
        names_put(names, id);
}

/* Adds a text that is not there. */
static uint32_t names_add(struct names *names, struct str text) {
    if ((uint64_t)names->count * 2 >= names->slots)
        names_grow(names);
    if (names->count == names->room) {
        names->room = names->room ? names->room * 2 : 256;
        names->text = mem_resize(names->text, names->room, sizeof *names->text);
    }
    uint32_t id = names->count++;
    names->text[id] = (struct str){mem_copy(text.at, text.len), text.len};
    names_put(names, id);
    return id;
}

static bool names_find(const struct names *names, struct str text, uint32_t *id) {
    if (names->count == 0)
        return false;
    uint32_t number = names_slot(names, text, hash_text(names->seed, text))->number;
    if (number == 0)
        return false;
    *id = number - 1;
    return true;
}

static void names_clear(struct names *names) {
    for (uint32_t id = 0; id < names->count; id++)
        free((void *)(uintptr_t)names->text[id].at);
    free(names->text);
    free(names->slot);
}

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
    return byte == KIND_COUNT || byte == KIND_DISTINCT;
}

int catalogue_parse_series(struct str text, enum kind *kind, struct str *indicator, struct dims *dims) {
    if (text.len < 2 || text.len > SERIES_TEXT_MAX || !is_kind(text.at[0]) ||
        dims_series_parse(series_key(text), indicator, dims) != 0)
        return -EINVAL;
    *kind = (enum kind)text.at[0];
    return 0;
}

static int load_series(void *arg, uint32_t id, struct str text) {
    struct loading *loading = arg;
    struct catalogue *catalogue = loading->catalogue;
    struct str indicator;
    struct dims dims;
    enum kind stored;
    if (id != catalogue->series.count || catalogue_parse_series(text, &stored, &indicator, &dims) != 0)
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
        indicator_series_add(&catalogue->of_indicator[index], id);
    }
    (void)names_add(&catalogue->series, text);
    return 0;
}

static int load_source(void *arg, uint32_t id, struct str text) {
    struct loading *loading = arg;
    if (id != loading->catalogue->sources.count)
        return fault_set(
            loading->why, -EBADMSG,
            "the store's table of sources is damaged at number %" PRIu32 "; restore it from a backup", id);
    (void)names_add(&loading->catalogue->sources, text);
    return 0;
}

int catalogue_new(struct catalogue **out, const struct framework *framework, struct store *store,
                  struct fault *why) {
    struct catalogue *catalogue = mem_zeroed(1, sizeof *catalogue);
    catalogue->magic = CATALOGUE_MAGIC;
    catalogue->framework = framework;
    catalogue->of_indicator =
        mem_zeroed(framework_indicator_count(framework) + 1, sizeof *catalogue->of_indicator);
    catalogue->series.seed = catalogue->sources.seed = hash_seed();
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
    catalogue->series.saved = catalogue->series.count;
    catalogue->sources.saved = catalogue->sources.count;
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
    names_clear(&c->series);
    names_clear(&c->sources);
    (void)pthread_rwlock_destroy(&c->lock);
    c->magic = 0;
    free(c);
    *catalogue = NULL;
}

/* ---- naming ---- */

int catalogue_series(struct catalogue *catalogue, struct str indicator, const struct dims *dims, uint32_t *id,
                     struct fault *why) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    int index = framework_find(catalogue->framework, indicator);
    if (index < 0)
        return fault_set(why, -EINVAL, "unknown indicator \"%.*s\": the framework has none of that id",
                         STR_ARG(indicator));
    char text[SERIES_TEXT_MAX];
    text[0] = (char)framework_indicator_at(catalogue->framework, (size_t)index)->kind;
    struct str named = {text, 1 + dims_series_key(indicator, dims, text + 1)};
    if (names_find(&catalogue->series, named, id))
        return 0;
    int err = framework_check(catalogue->framework, (size_t)index, dims, why);
    if (err)
        return err;
    if (catalogue->series.count == CATALOGUE_SERIES_MAX)
        return fault_set(why, -ENOSPC, "the store holds %u series, its limit", CATALOGUE_SERIES_MAX);
    (void)pthread_rwlock_wrlock(&catalogue->lock);
    *id = names_add(&catalogue->series, named);
    indicator_series_add(&catalogue->of_indicator[index], *id);
    (void)pthread_rwlock_unlock(&catalogue->lock);
    return 0;
}

enum kind catalogue_kind(const struct catalogue *catalogue, uint32_t series) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    ASSERT(series < catalogue->series.count);
    return (enum kind)catalogue->series.text[series].at[0];
}

int catalogue_source(struct catalogue *catalogue, struct str name, uint32_t *id, struct fault *why) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    if (names_find(&catalogue->sources, name, id))
        return 0;
    if (catalogue->sources.count == CATALOGUE_SOURCES_MAX)
        return fault_set(why, -ENOSPC, "the store knows %u sources, its limit", CATALOGUE_SOURCES_MAX);
    *id = names_add(&catalogue->sources, name);
    return 0;
}

/* ---- saving ---- */

size_t catalogue_unsaved(const struct catalogue *catalogue, struct catalogue_name **out) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    const struct names *series = &catalogue->series, *sources = &catalogue->sources;
    size_t count = (size_t)(series->count - series->saved) + (sources->count - sources->saved), at = 0;
    struct catalogue_name *names = mem_zeroed(count + 1, sizeof *names);
    for (uint32_t id = series->saved; id < series->count; id++)
        names[at++] = (struct catalogue_name){STORE_SERIES, id, series->text[id]};
    for (uint32_t id = sources->saved; id < sources->count; id++)
        names[at++] = (struct catalogue_name){STORE_SOURCES, id, sources->text[id]};
    *out = names;
    return count;
}

void catalogue_saved(struct catalogue *catalogue, const struct catalogue_name *names, size_t count) {
    OBJ_CHECK(catalogue, CATALOGUE_MAGIC);
    for (size_t i = 0; i < count; i++) {
        struct names *table = names[i].table == STORE_SERIES ? &catalogue->series : &catalogue->sources;
        if (table->saved == names[i].id)
            table->saved++;
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
        names[i] =
            (struct catalogue_name){STORE_SERIES, list->series[i], catalogue->series.text[list->series[i]]};
    (void)pthread_rwlock_unlock(&catalogue->lock);
    int result = 0;
    for (uint32_t i = 0; i < count && result == 0; i++) {
        struct str id;
        struct dims dims;
        int err = dims_series_parse(series_key(names[i].text), &id, &dims);
        ASSERT(err == 0);
        result = visit(arg, names[i].id, &dims);
    }
    free(names);
    return result;
}
