#include "clients/lib/table.h"

#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#include "proto/check.h"

#define TABLE_MAGIC 0x7ab1e001u
#define SLOTS_FIRST 64u

struct entry {
    size_t offset; /* of the key in `text` */
    uint32_t len, hash;
};

struct table {
    unsigned magic;
    uint64_t seed;
    uint32_t *slots; /* number + 1, 0: free; a power of two of them, at most half in use */
    uint32_t slot_count;
    struct entry *entries;
    uint32_t count, room;
    char *text;
    size_t text_len, text_room;
};

/* The seed keeps a log's author from choosing keys that collide. */
static uint32_t hash_of(const struct table *table, struct str key) {
    return (uint32_t)(XXH3_64bits_withSeed(key.at, key.len, table->seed) >> 32);
}

void table_new(struct table **out) {
    struct table *table = mem_zeroed(1, sizeof *table);
    table->magic = TABLE_MAGIC;
    if (getrandom(&table->seed, sizeof table->seed, GRND_NONBLOCK) != (ssize_t)sizeof table->seed)
        table->seed = (uint64_t)(uintptr_t)table;
    table->slot_count = SLOTS_FIRST;
    table->slots = mem_zeroed(table->slot_count, sizeof *table->slots);
    *out = table;
}

void table_destroy(struct table **table) {
    if (!*table)
        return;
    OBJ_CHECK(*table, TABLE_MAGIC);
    free((*table)->slots);
    free((*table)->entries);
    free((*table)->text);
    (*table)->magic = 0;
    free(*table);
    *table = NULL;
}

void table_clear(struct table *table) {
    OBJ_CHECK(table, TABLE_MAGIC);
    memset(table->slots, 0, table->slot_count * sizeof *table->slots);
    table->count = 0;
    table->text_len = 0;
}

uint32_t table_count(const struct table *table) {
    OBJ_CHECK(table, TABLE_MAGIC);
    return table->count;
}

struct str table_key(const struct table *table, uint32_t number) {
    OBJ_CHECK(table, TABLE_MAGIC);
    ASSERT(number < table->count);
    return (struct str){table->text + table->entries[number].offset, table->entries[number].len};
}

static bool find(const struct table *table, struct str key, uint32_t hash, uint32_t *number) {
    uint32_t mask = table->slot_count - 1;
    for (uint32_t i = hash & mask; table->slots[i]; i = (i + 1) & mask) {
        uint32_t at = table->slots[i] - 1;
        if (table->entries[at].hash == hash && str_equal(table_key(table, at), key)) {
            *number = at;
            return true;
        }
    }
    return false;
}

bool table_find(const struct table *table, struct str key, uint32_t *number) {
    OBJ_CHECK(table, TABLE_MAGIC);
    return find(table, key, hash_of(table, key), number);
}

static void place(struct table *table, uint32_t number) {
    uint32_t mask = table->slot_count - 1, i = table->entries[number].hash & mask;
    while (table->slots[i])
        i = (i + 1) & mask;
    table->slots[i] = number + 1;
}

static void widen(struct table *table) {
    ASSERT(table->slot_count < 1u << 30);
    free(table->slots);
    table->slot_count *= 2;
    table->slots = mem_zeroed(table->slot_count, sizeof *table->slots);
    for (uint32_t i = 0; i < table->count; i++)
        place(table, i);
}

static uint32_t add(struct table *table, struct str key, uint32_t hash) {
    ASSERT(key.len <= UINT32_MAX);
    if (table->count >= table->slot_count / 2)
        widen(table);
    if (table->count == table->room) {
        table->room = table->room ? table->room * 2 : SLOTS_FIRST;
        table->entries = mem_resize(table->entries, table->room, sizeof *table->entries);
    }
    if (table->text_room - table->text_len < key.len) {
        table->text_room = 2 * table->text_room + key.len;
        table->text = mem_resize(table->text, table->text_room, 1);
    }
    if (key.len > 0)
        memcpy(table->text + table->text_len, key.at, key.len);
    table->entries[table->count] = (struct entry){table->text_len, (uint32_t)key.len, hash};
    table->text_len += key.len;
    place(table, table->count);
    return table->count++;
}

uint32_t table_add(struct table *table, struct str key) {
    OBJ_CHECK(table, TABLE_MAGIC);
    return add(table, key, hash_of(table, key));
}

uint32_t table_find_or_add(struct table *table, struct str key, bool *added) {
    OBJ_CHECK(table, TABLE_MAGIC);
    uint32_t number, hash = hash_of(table, key);
    *added = !find(table, key, hash, &number);
    return *added ? add(table, key, hash) : number;
}
