/* Records in memory, in the place of libsuivi's, and keyed hashes anybody can guess. */
#ifndef TESTS_TABLE_H
#define TESTS_TABLE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clients/weblog/records.h"
#include "proto/check.h"

struct table_entry {
    char *key, *value;
    size_t key_len, value_len;
};

struct table {
    struct records records;
    size_t count;
    struct table_entry *entry; /* in key order */
};

static int table_place(const struct table *table, struct str key, size_t *place) {
    size_t at = 0;
    int order = 1;
    while (at < table->count &&
           (order = str_compare((struct str){table->entry[at].key, table->entry[at].key_len}, key)) < 0)
        at++;
    *place = at;
    return at < table->count && order == 0;
}

static int table_get(void *arg, struct str key, struct str *value) {
    struct table *table = arg;
    size_t at;
    if (!table_place(table, key, &at))
        return -ENOENT;
    *value = (struct str){table->entry[at].value, table->entry[at].value_len};
    return 0;
}

static int table_drop(void *arg, struct str key, struct fault *why) {
    struct table *table = arg;
    size_t at;
    (void)why;
    if (!table_place(table, key, &at))
        return 0;
    free(table->entry[at].key);
    free(table->entry[at].value);
    table->count--;
    memmove(table->entry + at, table->entry + at + 1, (table->count - at) * sizeof *table->entry);
    return 0;
}

static int table_put(void *arg, struct str key, struct str value, struct fault *why) {
    struct table *table = arg;
    size_t at;
    char *copy = mem_string(value.at, value.len);
    table_drop(table, key, why);
    table_place(table, key, &at);
    table->entry = mem_resize(table->entry, table->count + 1, sizeof *table->entry);
    memmove(table->entry + at + 1, table->entry + at, (table->count - at) * sizeof *table->entry);
    table->entry[at] = (struct table_entry){mem_string(key.at, key.len), copy, key.len, value.len};
    table->count++;
    return 0;
}

static int table_scan(void *arg, struct str prefix,
                      int (*visit)(void *visit_arg, struct str key, struct str value), void *visit_arg) {
    struct table *table = arg;
    for (size_t i = 0; i < table->count; i++) {
        const struct table_entry *entry = &table->entry[i];
        if (entry->key_len < prefix.len || memcmp(entry->key, prefix.at, prefix.len) != 0)
            continue;
        int rc = visit(visit_arg, (struct str){entry->key, entry->key_len},
                       (struct str){entry->value, entry->value_len});
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int table_hash(void *arg, int32_t month, struct str data, uint64_t *out, struct fault *why) {
    (void)arg;
    (void)why;
    uint64_t hash = 14695981039346656037u ^ (uint32_t)month;
    for (size_t i = 0; i < data.len; i++)
        hash = (hash ^ (unsigned char)data.at[i]) * 1099511628211u;
    *out = hash;
    return 0;
}

static inline void table_init(struct table *table) {
    *table = (struct table){.records = {.arg = table,
                                        .get = table_get,
                                        .put = table_put,
                                        .drop = table_drop,
                                        .scan = table_scan,
                                        .hash = table_hash}};
}

static inline void table_free(struct table *table) {
    while (table->count > 0) {
        struct str key = {table->entry[0].key, table->entry[0].key_len};
        table_drop(table, key, NULL);
    }
    free(table->entry);
}

/* Random numbers that a seed repeats: xorshift64*, S. Vigna. */
static inline uint64_t table_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

#endif
