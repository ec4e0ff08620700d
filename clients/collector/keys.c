#include "clients/collector/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/collector/key_file.h"
#include "clients/lib/directory.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/period.h"

#define KEYS_MAGIC 0x5ec4e701u
#define KEYS_MAX   1200 /* months known at once: a hundred years */
#define HASH_BYTES crypto_shorthash_KEYBYTES
#define CONTEXT                                                                                              \
    "visitors" /* crypto_kdf_CONTEXTBYTES of text; other hashes can be drawn from the same file later */
#define LOST "the month's visitors are counted anew"
_Static_assert(KEY_FILE_BYTES == crypto_kdf_KEYBYTES && HASH_BYTES == 16, "SipHash-2-4");

struct keys {
    unsigned magic;
    char *directory, *borrowed; /* `borrowed`: of another state, or NULL */
    int32_t first, last_day;    /* what is counted of months with a borrowed key */
    size_t count, last;         /* `last`: the one used last, for logs are mostly in order */
    int32_t month[KEYS_MAX];
    unsigned char *secret; /* HASH_BYTES each, in memory that is neither swapped nor dumped */
};

int keys_open(struct keys **out, const char *directory, struct fault *why) {
    if (sodium_init() < 0)
        return fault_set(why, -EIO, "libsodium finds no source of random numbers");
    int rc = directory_make(directory, why);
    if (rc != 0)
        return rc;
    unsigned char *secret = sodium_malloc((size_t)KEYS_MAX * HASH_BYTES);
    if (!secret)
        return fault_set(why, -ENOMEM, "no memory for secret keys");
    struct keys *keys = mem_zeroed(1, sizeof *keys);
    keys->magic = KEYS_MAGIC;
    keys->directory = mem_string(directory, strlen(directory));
    keys->secret = secret;
    *out = keys;
    return 0;
}

void keys_close(struct keys **keys) {
    if (!*keys)
        return;
    OBJ_CHECK(*keys, KEYS_MAGIC);
    sodium_free((*keys)->secret);
    free((*keys)->directory);
    free((*keys)->borrowed);
    (*keys)->magic = 0;
    free(*keys);
    *keys = NULL;
}

int keys_borrow(struct keys *keys, const char *directory, int32_t first, int32_t last, struct fault *why) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    ASSERT(keys->borrowed == NULL && keys->count == 0);
    struct stat about;
    if (stat(directory, &about) != 0)
        return fault_set(why, -errno,
                         "there are no keys in %s: %s; give the directory keys of a collector's state",
                         directory, strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return fault_set(why, -ENOTDIR, "%s is no directory; give the directory keys of a collector's state",
                         directory);
    keys->borrowed = mem_string(directory, strlen(directory));
    keys->first = first;
    keys->last_day = last;
    return 0;
}

/* DIRECTORY/2018-03, and with a suffix the name under which it is made. Caller frees. */
static char *path_of(const char *directory, int32_t month, const char *suffix) {
    char name[PERIOD_TEXT_MAX], *path = NULL;
    struct period period = period_of_day(PERIOD_MONTH, civil_first_day_of_month(month), NULL);
    ASSERT(asprintf(&path, "%s/%s%s", directory, period_print(&period, name), suffix) > 0);
    return path;
}

/* --- one key file --- */

/* Beside, then renamed, so that a key is whole or not there. */
static int make_file(const struct keys *keys, int32_t month, const unsigned char *bytes, struct fault *why) {
    char *path = path_of(keys->directory, month, ""), *beside = path_of(keys->directory, month, ".new");
    unlink(beside); /* left by a crash; no month was hashed with it */
    int rc = key_file_write(beside, bytes, why);
    if (rc == 0 && rename(beside, path) != 0)
        rc = key_file_fault("rename", beside, why);
    if (rc != 0)
        unlink(beside);
    else
        rc = directory_sync(keys->directory, why);
    free(path);
    free(beside);
    return rc;
}

/* --- hashing --- */

static bool is_cut(const struct keys *keys, int32_t month) {
    int32_t first = civil_first_day_of_month(month), last = civil_first_day_of_month(month + 1) - 1;
    return keys->first <= last && first <= keys->last_day && (first < keys->first || keys->last_day < last);
}

static int read_file(const struct keys *keys, int32_t month, unsigned char out[static KEY_FILE_BYTES],
                     struct fault *why) {
    int rc = -ENOENT;
    if (keys->borrowed != NULL) {
        char *path = path_of(keys->borrowed, month, "");
        rc = key_file_read(path, LOST, out, why);
        if (rc == -ENOENT && is_cut(keys, month))
            rc = fault_set(
                why, -ENOKEY,
                "there is no key %s: visitors of a part of that month could not be told from those of the "
                "rest. Withdraw and count the whole month",
                path);
        free(path);
    }
    if (rc == -ENOENT) {
        char *path = path_of(keys->directory, month, "");
        rc = key_file_read(path, LOST, out, why);
        free(path);
    }
    return rc;
}

static int load(struct keys *keys, int32_t month, struct fault *why) {
    if (keys->count == KEYS_MAX)
        return fault_set(why, -E2BIG, "these are events of more than %d months; count them in parts",
                         KEYS_MAX);
    unsigned char bytes[KEY_FILE_BYTES];
    int rc = read_file(keys, month, bytes, why);
    if (rc == -ENOENT) {
        randombytes_buf(bytes, sizeof bytes);
        rc = make_file(keys, month, bytes, why);
    }
    if (rc == 0) {
        crypto_kdf_derive_from_key(keys->secret + keys->count * HASH_BYTES, HASH_BYTES, 1, CONTEXT, bytes);
        keys->month[keys->count] = month;
        keys->last = keys->count++;
    }
    sodium_memzero(bytes, sizeof bytes);
    return rc;
}

static bool find(struct keys *keys, int32_t month) {
    if (keys->count > 0 && keys->month[keys->last] == month)
        return true;
    for (size_t i = 0; i < keys->count; i++)
        if (keys->month[i] == month) {
            keys->last = i;
            return true;
        }
    return false;
}

int keys_hash(struct keys *keys, int32_t month, const void *data, size_t len, uint64_t *out,
              struct fault *why) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    if (!find(keys, month)) {
        int rc = load(keys, month, why);
        if (rc != 0)
            return rc;
    }
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, data, len, keys->secret + keys->last * HASH_BYTES);
    uint64_t number = 0;
    for (size_t i = sizeof hash; i > 0; i--) /* SipHash's own order is little-endian */
        number = number << 8 | hash[i - 1];
    *out = number;
    return 0;
}

/* --- destroying --- */

static int destroy_file(const char *path, struct fault *why) {
    unsigned char noise[KEY_FILE_BYTES];
    randombytes_buf(noise, sizeof noise);
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return key_file_fault("open", path, why);
    int rc = write(file, noise, sizeof noise) != (ssize_t)sizeof noise || fsync(file) != 0
                 ? key_file_fault("overwrite", path, why)
                 : 0;
    close(file);
    if (rc == 0 && unlink(path) != 0)
        rc = key_file_fault("remove", path, why);
    return rc;
}

/* A key's file name, also of one half made. */
static bool month_of_name(const char *name, int32_t *month) {
    struct str text = str_of(name);
    if (text.len > 4 && memcmp(text.at + text.len - 4, ".new", 4) == 0)
        text.len -= 4;
    struct period period;
    if (text.len != 7 || period_parse(&period, text, NULL) != 0 || period.type != PERIOD_MONTH)
        return false;
    *month = civil_month_of_day(period.first);
    return true;
}

static void forget(struct keys *keys, int32_t month) {
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->month[i] < month)
            continue;
        keys->month[kept] = keys->month[i];
        memmove(keys->secret + kept * HASH_BYTES, keys->secret + i * HASH_BYTES, HASH_BYTES);
        kept++;
    }
    sodium_memzero(keys->secret + kept * HASH_BYTES, (keys->count - kept) * HASH_BYTES);
    keys->count = kept;
    keys->last = 0;
}

int keys_destroy_before(struct keys *keys, int32_t month, struct fault *why) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    forget(keys, month);
    DIR *listing = opendir(keys->directory);
    if (!listing)
        return fault_set(why, -errno, "cannot list the keys in %s: %s", keys->directory, strerror(errno));
    int rc = 0, destroyed = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(listing));) {
        int32_t of;
        char *path = NULL;
        if (!month_of_name(entry->d_name, &of) || of >= month)
            continue;
        ASSERT(asprintf(&path, "%s/%s", keys->directory, entry->d_name) > 0);
        rc = destroy_file(path, why);
        destroyed++;
        free(path);
    }
    closedir(listing);
    return rc == 0 && destroyed > 0 ? directory_sync(keys->directory, why) : rc;
}
