#include "daemon/books/names.h"

#include <stdlib.h>

#include "daemon/store/hash.h"
#include "proto/check.h"
#include "proto/pause.h"

#define NAMES_MAGIC 0x4e414d53u

#define SLOT_BITS_FIRST 8
#define UNIT            8u /* bytes; records begin at multiples of it */
#define CHUNK_BITS      18
#define CHUNK_UNITS     (1u << CHUNK_BITS) /* 2 MiB */
#define CHUNKS_SMALL    4                  /* before they are worth huge pages */
#define AT_ONCE         32
#define PIECE           2048u /* texts between two pauses */

struct record {
    uint32_t number;
    uint16_t len;
    char mark, text[];
};

_Static_assert(offsetof(struct record, text) == offsetof(struct record, mark) + 1, "names_marked shows both");

/* Where a text may be: its highest bits choose the slot, all of them tell it from most others in the same
 * place. */
struct slot {
    uint32_t hash;
    uint32_t where; /* of its record, in units over all chunks; 0: empty */
};

struct names {
    unsigned magic;
    char **chunk;
    size_t chunk_count, chunk_room;
    uint32_t used;      /* units of the last chunk */
    uint32_t *where_of; /* by number */
    uint32_t count, room;
    struct slot *slot; /* open addressing */
    unsigned slot_bits;
    uint64_t seed;
};

void names_new(struct names **out) {
    struct names *names = mem_zeroed(1, sizeof *names);
    names->magic = NAMES_MAGIC;
    names->seed = hash_seed();
    names->slot_bits = SLOT_BITS_FIRST;
    names->slot = mem_table((size_t)1 << names->slot_bits, sizeof *names->slot);
    *out = names;
}

void names_destroy(struct names **names) {
    struct names *n = *names;
    if (n == NULL)
        return;
    OBJ_CHECK(n, NAMES_MAGIC);
    for (size_t i = 0; i < n->chunk_count; i++)
        free(n->chunk[i]);
    free(n->chunk);
    free(n->where_of);
    free(n->slot);
    n->magic = 0;
    free(n);
    *names = NULL;
}

uint32_t names_count(const struct names *names) {
    OBJ_CHECK(names, NAMES_MAGIC);
    return names->count;
}

static const struct record *record_at(const struct names *names, uint32_t where) {
    const char *chunk = names->chunk[where >> CHUNK_BITS];
    return (const struct record *)(const void *)(chunk + (size_t)(where & (CHUNK_UNITS - 1)) * UNIT);
}

static const struct record *record_of(const struct names *names, uint32_t number) {
    OBJ_CHECK(names, NAMES_MAGIC);
    ASSERT(number < names->count);
    return record_at(names, names->where_of[number]);
}

struct str names_text(const struct names *names, uint32_t number) {
    const struct record *record = record_of(names, number);
    return (struct str){record->text, record->len};
}

struct str names_marked(const struct names *names, uint32_t number) {
    const struct record *record = record_of(names, number);
    return (struct str){&record->mark, (size_t)record->len + 1};
}

/* ---- adding ---- */

static uint32_t hash_of(const struct names *names, struct str text) {
    return (uint32_t)(hash_text(names->seed, text) >> 32);
}

static size_t first_slot(const struct names *names, uint32_t hash) {
    return hash >> (32 - names->slot_bits);
}

static size_t next_slot(const struct names *names, size_t at) {
    return (at + 1) & (((size_t)1 << names->slot_bits) - 1);
}

static void put_slot(struct names *names, struct slot slot) {
    size_t at = first_slot(names, slot.hash);
    while (names->slot[at].where != 0)
        at = next_slot(names, at);
    names->slot[at] = slot;
}

static void grow_slots(struct names *names) {
    struct slot *old = names->slot;
    size_t old_count = (size_t)1 << names->slot_bits;
    ASSERT(names->slot_bits < 32);
    names->slot_bits++;
    names->slot = mem_table((size_t)1 << names->slot_bits, sizeof *names->slot);
    for (size_t i = 0; i < old_count; i++)
        if (old[i].where != 0)
            put_slot(names, old[i]);
    free(old);
}

static uint32_t reserve_record(struct names *names, size_t bytes) {
    uint32_t units = (uint32_t)((bytes + UNIT - 1) / UNIT);
    if (names->chunk_count == 0 || CHUNK_UNITS - names->used < units) {
        if (names->chunk_count == names->chunk_room) {
            names->chunk_room = names->chunk_room ? names->chunk_room * 2 : 16;
            names->chunk = mem_resize(names->chunk, names->chunk_room, sizeof *names->chunk);
        }
        ASSERT(names->chunk_count < (size_t)1 << (32 - CHUNK_BITS));
        names->used = names->chunk_count == 0; /* unit 0 of all stands for nothing */
        names->chunk[names->chunk_count] =
            names->chunk_count < CHUNKS_SMALL ? mem_zeroed(CHUNK_UNITS, UNIT) : mem_table(CHUNK_UNITS, UNIT);
        names->chunk_count++;
    }
    uint32_t where = (uint32_t)(names->chunk_count - 1) << CHUNK_BITS | names->used;
    names->used += units;
    return where;
}

uint32_t names_add(struct names *names, char mark, struct str text) {
    OBJ_CHECK(names, NAMES_MAGIC);
    ASSERT(text.len <= NAMES_TEXT_MAX);
    if ((uint64_t)names->count * 8 >= ((uint64_t)5 << names->slot_bits))
        grow_slots(names);
    if (names->count == names->room) {
        names->room = names->room ? names->room * 2 : 256;
        names->where_of = mem_resize(names->where_of, names->room, sizeof *names->where_of);
    }
    uint32_t number = names->count++;
    uint32_t where = reserve_record(names, sizeof(struct record) + text.len);
    struct record *record = (struct record *)(uintptr_t)record_at(names, where);
    *record = (struct record){.number = number, .len = (uint16_t)text.len, .mark = mark};
    memcpy(record->text, text.at, text.len);
    names->where_of[number] = where;
    put_slot(names, (struct slot){hash_of(names, text), where});
    return number;
}

/* ---- finding ---- */

/* The slot at or after `at` that may hold a text of that hash, or the empty one where the search ends. */
static size_t likely_slot(const struct names *names, size_t at, uint32_t hash) {
    while (names->slot[at].where != 0 && names->slot[at].hash != hash)
        at = next_slot(names, at);
    return at;
}

static struct name_found find_from(const struct names *names, size_t at, uint32_t hash, struct str text) {
    for (;; at = likely_slot(names, next_slot(names, at), hash)) {
        const struct slot *slot = &names->slot[at];
        if (slot->where == 0)
            return (struct name_found){.number = NAMES_NONE};
        const struct record *record = record_at(names, slot->where);
        if (record->len == text.len && memcmp(record->text, text.at, text.len) == 0)
            return (struct name_found){record->number, record->mark};
    }
}

struct name_found names_find(const struct names *names, struct str text) {
    OBJ_CHECK(names, NAMES_MAGIC);
    uint32_t hash = hash_of(names, text);
    return find_from(names, likely_slot(names, first_slot(names, hash), hash), hash, text);
}

/* Each step touches what the one before has asked memory for. */
static void find_some(const struct names *names, const struct str *text, size_t count,
                      struct name_found *found) {
    uint32_t hash[AT_ONCE];
    size_t at[AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        hash[i] = hash_of(names, text[i]);
        at[i] = first_slot(names, hash[i]);
        __builtin_prefetch(&names->slot[at[i]]);
    }
    for (size_t i = 0; i < count; i++) {
        at[i] = likely_slot(names, at[i], hash[i]);
        if (names->slot[at[i]].where == 0)
            continue;
        const char *record = (const char *)record_at(names, names->slot[at[i]].where);
        __builtin_prefetch(record);
        __builtin_prefetch(record + sizeof(struct record) + text[i].len);
    }
    for (size_t i = 0; i < count; i++)
        found[i] = find_from(names, at[i], hash[i], text[i]);
}

void names_find_all(const struct names *names, const char *texts, const uint32_t *end, size_t count,
                    struct name_found *found) {
    OBJ_CHECK(names, NAMES_MAGIC);
    struct str text[AT_ONCE];
    for (size_t done = 0, some; done < count; done += some) {
        pause_after(done, PIECE);
        some = count - done < AT_ONCE ? count - done : AT_ONCE;
        for (size_t i = 0; i < some; i++) {
            uint32_t from = done + i == 0 ? 0 : end[done + i - 1];
            text[i] = (struct str){texts + from, end[done + i] - from};
        }
        find_some(names, text, some, found + done);
    }
}
