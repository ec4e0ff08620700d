#include "clients/listserv/posters.h"

#include <stdlib.h>

#include "proto/check.h"
#include "proto/civil.h"

#define POSTERS_MAGIC 0x905732u
#define ENTRIES_MAX   (1u << 22)

struct entry {
    int32_t day;
    uint64_t hash;
};

struct posters {
    unsigned magic;
    struct poster_keys *keys;
    struct entry *entries;
    size_t count, room;
    int32_t month;    /* that was noted last; INT32_MIN: none yet */
    int32_t *renewed; /* months, each once */
    size_t renewed_count;
};

void posters_new(struct posters **out, struct poster_keys *keys) {
    struct posters *posters = mem_zeroed(1, sizeof *posters);
    posters->magic = POSTERS_MAGIC;
    posters->keys = keys;
    posters->month = INT32_MIN;
    *out = posters;
}

void posters_destroy(struct posters **pointer) {
    struct posters *posters = *pointer;
    if (posters == NULL)
        return;
    OBJ_CHECK(posters, POSTERS_MAGIC);
    free(posters->entries);
    free(posters->renewed);
    posters->magic = 0;
    free(posters);
    *pointer = NULL;
}

static void note_renewed(struct posters *posters, int32_t month) {
    if (posters->month == month)
        return;
    posters->month = month;
    for (size_t i = 0; i < posters->renewed_count; i++)
        if (posters->renewed[i] == month)
            return;
    posters->renewed = mem_resize(posters->renewed, posters->renewed_count + 1, sizeof *posters->renewed);
    posters->renewed[posters->renewed_count++] = month;
}

int posters_each_renewed(struct posters *posters, int (*take)(void *arg, int32_t month), void *arg) {
    OBJ_CHECK(posters, POSTERS_MAGIC);
    int rc = 0;
    for (size_t i = 0; i < posters->renewed_count && rc == 0; i++)
        rc = take(arg, posters->renewed[i]);
    return rc;
}

int posters_add(struct posters *posters, int32_t day, struct str address, struct fault *why) {
    OBJ_CHECK(posters, POSTERS_MAGIC);
    uint64_t hash;
    bool renewed;
    int32_t month = civil_month_of_day(day);
    int rc = poster_keys_hash(posters->keys, month, address, &hash, &renewed, why);
    if (rc != 0)
        return rc;
    if (renewed)
        note_renewed(posters, month);
    if (posters->count == posters->room) {
        posters->room = posters->room ? posters->room * 2 : 1024;
        posters->entries = mem_resize(posters->entries, posters->room, sizeof *posters->entries);
    }
    posters->entries[posters->count++] = (struct entry){day, hash};
    return 0;
}

bool posters_full(const struct posters *posters) {
    OBJ_CHECK(posters, POSTERS_MAGIC);
    return posters->count >= ENTRIES_MAX;
}

static int compare(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

int posters_each(struct posters *posters,
                 int (*take)(void *arg, int32_t day, const uint64_t *hashes, size_t count), void *arg) {
    OBJ_CHECK(posters, POSTERS_MAGIC);
    if (posters->count > 1)
        qsort(posters->entries, posters->count, sizeof *posters->entries, compare);
    uint64_t *hashes = mem_zeroed(posters->count + 1, sizeof *hashes);
    int rc = 0;
    for (size_t i = 0; i < posters->count && rc == 0;) {
        int32_t day = posters->entries[i].day;
        size_t count = 0;
        for (; i < posters->count && posters->entries[i].day == day; i++)
            if (count == 0 || hashes[count - 1] != posters->entries[i].hash)
                hashes[count++] = posters->entries[i].hash;
        rc = take(arg, day, hashes, count);
    }
    free(hashes);
    return rc;
}

void posters_forget(struct posters *posters) {
    OBJ_CHECK(posters, POSTERS_MAGIC);
    posters->count = posters->renewed_count = 0;
    posters->month = INT32_MIN;
}
