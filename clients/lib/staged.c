#include "clients/lib/staged.h"

#include <stdlib.h>

#include "clients/lib/table.h"
#include "proto/check.h"

#define STAGED_MAGIC 0x57a6ed01u

struct content {
    char *at; /* NULL: deleted, or an empty value */
    size_t len;
    bool deleted;
};

struct staged {
    unsigned magic;
    struct table *keys;
    struct content *contents; /* by number in `keys` */
    uint32_t room;
    size_t bytes;
    uint32_t *order; /* NULL: not sorted now */
};

void staged_new(struct staged **out) {
    struct staged *staged = mem_zeroed(1, sizeof *staged);
    staged->magic = STAGED_MAGIC;
    table_new(&staged->keys);
    *out = staged;
}

static void forget_order(struct staged *staged) {
    free(staged->order);
    staged->order = NULL;
}

void staged_clear(struct staged *staged) {
    OBJ_CHECK(staged, STAGED_MAGIC);
    for (uint32_t i = 0; i < table_count(staged->keys); i++)
        free(staged->contents[i].at);
    table_clear(staged->keys);
    staged->bytes = 0;
    forget_order(staged);
}

void staged_destroy(struct staged **staged) {
    if (!*staged)
        return;
    staged_clear(*staged);
    table_destroy(&(*staged)->keys);
    free((*staged)->contents);
    (*staged)->magic = 0;
    free(*staged);
    *staged = NULL;
}

/* The place for the content of `key`, new or with its old content dropped. */
static struct content *place(struct staged *staged, struct str key) {
    OBJ_CHECK(staged, STAGED_MAGIC);
    forget_order(staged);
    bool added;
    uint32_t number = table_find_or_add(staged->keys, key, &added);
    if (added) {
        if (number == staged->room) {
            staged->room = staged->room ? staged->room * 2 : 64;
            staged->contents = mem_resize(staged->contents, staged->room, sizeof *staged->contents);
        }
        staged->bytes += key.len + sizeof *staged->contents + 64;
    } else {
        staged->bytes -= staged->contents[number].len;
        free(staged->contents[number].at);
    }
    staged->contents[number] = (struct content){0};
    return &staged->contents[number];
}

void staged_put(struct staged *staged, struct str key, struct str value) {
    /* First: `value` may be the old content. */
    char *copy = value.len > 0 ? mem_copy(value.at, value.len) : NULL;
    *place(staged, key) = (struct content){.at = copy, .len = value.len};
    staged->bytes += value.len;
}

void staged_delete(struct staged *staged, struct str key) {
    place(staged, key)->deleted = true;
}

struct staged_record staged_at(const struct staged *staged, uint32_t number) {
    OBJ_CHECK(staged, STAGED_MAGIC);
    const struct content *content = &staged->contents[number];
    return (struct staged_record){
        .key = table_key(staged->keys, number),
        .value = {content->at ? content->at : "", content->len},
        .deleted = content->deleted,
    };
}

bool staged_find(const struct staged *staged, struct str key, struct staged_record *out) {
    OBJ_CHECK(staged, STAGED_MAGIC);
    uint32_t number;
    if (!table_find(staged->keys, key, &number))
        return false;
    *out = staged_at(staged, number);
    return true;
}

size_t staged_count(const struct staged *staged) {
    OBJ_CHECK(staged, STAGED_MAGIC);
    return table_count(staged->keys);
}

size_t staged_bytes(const struct staged *staged) {
    OBJ_CHECK(staged, STAGED_MAGIC);
    return staged->bytes;
}

static int compare_keys(const void *a, const void *b, void *arg) {
    const struct table *keys = arg;
    return str_compare(table_key(keys, *(const uint32_t *)a), table_key(keys, *(const uint32_t *)b));
}

static bool ascends(const struct table *keys, uint32_t number) {
    return str_compare(table_key(keys, number - 1), table_key(keys, number)) < 0;
}

/* Whoever saves much does it in the order of the keys: the longest run that is in order stays as it is, only the
 * others are sorted, behind it in `order`; they are `others`. */
static uint32_t sort_others(struct staged *staged, uint32_t count, uint32_t *others) {
    uint32_t first = 0, past = 0;
    for (uint32_t begin = 0, i = 1; i <= count; i++)
        if (i == count || !ascends(staged->keys, i)) {
            if (i - begin > past - first) {
                first = begin;
                past = i;
            }
            begin = i;
        }
    for (uint32_t i = first; i < past; i++)
        staged->order[i - first] = i;
    uint32_t in_order = past - first;
    for (uint32_t i = 0; i < first; i++)
        staged->order[in_order + i] = i;
    for (uint32_t i = past; i < count; i++)
        staged->order[i] = i;
    *others = count - in_order;
    if (*others > 1)
        qsort_r(staged->order + in_order, *others, sizeof *staged->order, compare_keys, staged->keys);
    return in_order;
}

const uint32_t *staged_sort(struct staged *staged) {
    OBJ_CHECK(staged, STAGED_MAGIC);
    if (staged->order)
        return staged->order;
    uint32_t count = table_count(staged->keys), others;
    staged->order = mem_zeroed(count + 1u, sizeof *staged->order);
    uint32_t in_order = sort_others(staged, count, &others);
    if (in_order == 0 || others == 0)
        return staged->order;
    uint32_t *merged = mem_zeroed(count + 1u, sizeof *merged), a = 0, b = in_order;
    for (uint32_t i = 0; i < count; i++) {
        bool from_a = b == count ||
                      (a < in_order && compare_keys(&staged->order[a], &staged->order[b], staged->keys) < 0);
        merged[i] = staged->order[from_a ? a++ : b++];
    }
    free(staged->order);
    staged->order = merged;
    return merged;
}
