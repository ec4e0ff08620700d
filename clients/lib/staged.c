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
    uint32_t number;
    if (!table_find(staged->keys, key, &number)) {
        number = table_add(staged->keys, key);
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
    char *copy =
        value.len > 0 ? mem_copy(value.at, value.len) : NULL; /* first: `value` may be the old content */
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

const uint32_t *staged_sort(struct staged *staged) {
    OBJ_CHECK(staged, STAGED_MAGIC);
    if (!staged->order) {
        uint32_t count = table_count(staged->keys);
        staged->order = mem_zeroed(count + 1u, sizeof *staged->order);
        for (uint32_t i = 0; i < count; i++)
            staged->order[i] = i;
        qsort_r(staged->order, count, sizeof *staged->order, compare_keys, staged->keys);
    }
    return staged->order;
}
