#include "clients/listserv/posters.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "clients/collector/keys.h"
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
    char *directory;
    struct keys *keys; /* NULL: `passing` in their place */
    unsigned char passing[crypto_shorthash_KEYBYTES];
    struct entry *entries;
    size_t count, room;
    int32_t month;    /* that was looked at last; INT32_MIN: none yet */
    int32_t *renewed; /* months, each once */
    size_t renewed_count;
};

int posters_open(struct posters **out, const char *directory, struct fault *why) {
    struct keys *keys = NULL;
    int rc = directory != NULL ? keys_open(&keys, directory, why) : 0;
    if (rc != 0)
        return rc;
    struct posters *posters = mem_zeroed(1, sizeof *posters);
    posters->magic = POSTERS_MAGIC;
    posters->directory = directory != NULL ? mem_string(directory, strlen(directory)) : NULL;
    posters->keys = keys;
    posters->month = INT32_MIN;
    randombytes_buf(posters->passing, sizeof posters->passing);
    *out = posters;
    return 0;
}

void posters_close(struct posters **pointer) {
    struct posters *posters = *pointer;
    if (posters == NULL)
        return;
    OBJ_CHECK(posters, POSTERS_MAGIC);
    keys_close(&posters->keys);
    free(posters->directory);
    free(posters->entries);
    free(posters->renewed);
    posters->magic = 0;
    free(posters);
    *pointer = NULL;
}

static int hash_of(struct posters *posters, int32_t month, struct str address, uint64_t *out,
                   struct fault *why) {
    if (posters->keys == NULL) {
        unsigned char bytes[crypto_shorthash_BYTES];
        crypto_shorthash(bytes, (const unsigned char *)address.at, address.len, posters->passing);
        memcpy(out, bytes, sizeof *out);
        return 0;
    }
    int rc = keys_hash(posters->keys, month, address.at, address.len, out, why);
    if (rc != -E2BIG)
        return rc;
    keys_close(&posters->keys); /* months without end: those known lie in the directory */
    rc = keys_open(&posters->keys, posters->directory, why);
    return rc == 0 ? keys_hash(posters->keys, month, address.at, address.len, out, why) : rc;
}

static int look_at_key(struct posters *posters, int32_t month, struct fault *why) {
    if (posters->keys == NULL || posters->month == month)
        return 0;
    struct keys_epoch epoch;
    int rc = keys_epoch(posters->keys, month, &epoch, why);
    if (rc != 0)
        return rc;
    posters->month = month;
    for (size_t i = 0; i < posters->renewed_count && epoch.succeeds; i++)
        epoch.succeeds = posters->renewed[i] != month;
    if (!epoch.succeeds)
        return 0;
    posters->renewed = mem_resize(posters->renewed, posters->renewed_count + 1, sizeof *posters->renewed);
    posters->renewed[posters->renewed_count++] = month;
    return 0;
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
    int32_t month = civil_month_of_day(day);
    int rc = hash_of(posters, month, address, &hash, why);
    if (rc == 0)
        rc = look_at_key(posters, month, why);
    if (rc != 0)
        return rc;
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

int posters_destroy_before(struct posters *posters, int32_t month, struct fault *why) {
    OBJ_CHECK(posters, POSTERS_MAGIC);
    return posters->keys != NULL ? keys_destroy_before(posters->keys, month, why) : 0;
}
