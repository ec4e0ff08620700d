#include "clients/listserv/poster_keys.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "clients/collector/keys.h"
#include "proto/check.h"

#define POSTER_KEYS_MAGIC 0x9057e8u

struct poster_keys {
    unsigned magic;
    char *directory;
    struct keys *keys; /* NULL: `passing` in their place */
    unsigned char passing[crypto_shorthash_KEYBYTES];
    int32_t *renewed; /* months, each once: `keys` may have been opened anew since */
    size_t renewed_count;
};

int poster_keys_open(struct poster_keys **out, const char *directory, struct fault *why) {
    struct keys *shelf = NULL;
    int rc = directory != NULL ? keys_open(&shelf, directory, why) : 0;
    if (rc != 0)
        return rc;
    struct poster_keys *keys = mem_zeroed(1, sizeof *keys);
    keys->magic = POSTER_KEYS_MAGIC;
    keys->directory = directory != NULL ? mem_string(directory, strlen(directory)) : NULL;
    keys->keys = shelf;
    randombytes_buf(keys->passing, sizeof keys->passing);
    *out = keys;
    return 0;
}

void poster_keys_close(struct poster_keys **pointer) {
    struct poster_keys *keys = *pointer;
    if (keys == NULL)
        return;
    OBJ_CHECK(keys, POSTER_KEYS_MAGIC);
    keys_close(&keys->keys);
    sodium_memzero(keys->passing, sizeof keys->passing);
    free(keys->directory);
    free(keys->renewed);
    keys->magic = 0;
    free(keys);
    *pointer = NULL;
}

static bool was_renewed(const struct poster_keys *keys, int32_t month) {
    for (size_t i = 0; i < keys->renewed_count; i++)
        if (keys->renewed[i] == month)
            return true;
    return false;
}

static int hash(struct poster_keys *keys, int32_t month, struct str address, uint64_t *out,
                struct keys_epoch *epoch, struct fault *why) {
    int rc = keys_hash(keys->keys, month, address.at, address.len, out, why);
    return rc == 0 ? keys_epoch(keys->keys, month, epoch, why) : rc;
}

int poster_keys_hash(struct poster_keys *keys, int32_t month, struct str address, uint64_t *out,
                     bool *renewed, struct fault *why) {
    OBJ_CHECK(keys, POSTER_KEYS_MAGIC);
    *renewed = false;
    if (keys->keys == NULL) {
        unsigned char bytes[crypto_shorthash_BYTES];
        crypto_shorthash(bytes, (const unsigned char *)address.at, address.len, keys->passing);
        memcpy(out, bytes, sizeof *out);
        return 0;
    }
    struct keys_epoch epoch;
    int rc = hash(keys, month, address, out, &epoch, why);
    if (rc == -E2BIG) { /* months without end: those known lie in the directory */
        keys_close(&keys->keys);
        rc = keys_open(&keys->keys, keys->directory, why);
        if (rc == 0)
            rc = hash(keys, month, address, out, &epoch, why);
    }
    if (rc != 0)
        return rc;
    *renewed = was_renewed(keys, month);
    if (*renewed || !epoch.succeeds)
        return 0;
    keys->renewed = mem_resize(keys->renewed, keys->renewed_count + 1, sizeof *keys->renewed);
    keys->renewed[keys->renewed_count++] = month;
    *renewed = true;
    return 0;
}

int poster_keys_destroy_before(struct poster_keys *keys, int32_t month, struct fault *why) {
    OBJ_CHECK(keys, POSTER_KEYS_MAGIC);
    return keys->keys != NULL ? keys_destroy_before(keys->keys, month, why) : 0;
}
