#include "clients/collector/keys.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "clients/collector/key_shelf.h"
#include "clients/collector/secret.h"
#include "clients/lib/directory.h"
#include "proto/check.h"
#include "proto/civil.h"

#define KEYS_MAGIC 0x5ec4e701u
#define KEYS_MAX   1200 /* epochs known at once: a hundred years of months */
#define HASH_BYTES crypto_shorthash_KEYBYTES
/* crypto_kdf_CONTEXTBYTES of text; other hashes can be drawn from the same file later. */
#define CONTEXT "visitors"
#define MARKED  "mark"
_Static_assert(KEY_FILE_BYTES == crypto_kdf_KEYBYTES && HASH_BYTES == 16, "SipHash-2-4");

enum subkey { OF_VISITORS = 1, OF_ITSELF };

struct epoch {
    struct keys_epoch is;
    int32_t first, last; /* months */
};

struct secret { /* in memory that is neither swapped nor dumped */
    unsigned char hash[KEYS_MAX][HASH_BYTES];
    unsigned char file[KEY_FILE_BYTES], mark[HASH_BYTES]; /* while one is read, made or looked at */
};

struct keys {
    unsigned magic;
    struct key_shelf *shelf, *borrowed; /* `borrowed`: of another state, or NULL */
    char *directory, *needs;            /* `needs`: our file in a shared one, or NULL */
    enum period_type length;            /* of a new epoch */
    int32_t first, last_day;            /* what is counted of epochs with a borrowed key */
    char *held_by;
    int64_t held_since;
    size_t count, last; /* `last`: the one used last, for logs are mostly in order */
    struct epoch epoch[KEYS_MAX];
    struct secret *secret;
};

static int open_directory(const struct keys_options *options, struct fault *why) {
    struct stat about;
    if (options->shared_as == NULL)
        return directory_make(options->directory, why);
    int code = stat(options->directory, &about) != 0 ? errno : S_ISDIR(about.st_mode) ? 0 : ENOTDIR;
    return code == 0
               ? directory_make(options->directory, why)
               : fault_set(why, -code,
                           "cannot share the keys in %s: %s; make that directory (mode 0700), or mount it",
                           options->directory, strerror(code));
}

int keys_open_as(struct keys **out, const struct keys_options *options, struct fault *why) {
    ASSERT(options->epoch >= PERIOD_MONTH && options->epoch <= PERIOD_YEAR);
    void *secret = NULL;
    int rc = open_directory(options, why);
    if (rc == 0)
        rc = secret_new(&secret, sizeof(struct secret), why);
    if (rc != 0)
        return rc;
    struct keys *keys = mem_zeroed(1, sizeof *keys);
    keys->magic = KEYS_MAGIC;
    key_shelf_new(&keys->shelf, options->directory);
    keys->directory = mem_string(options->directory, strlen(options->directory));
    if (options->shared_as != NULL)
        keys->needs = key_shelf_needs_name(options->shared_as);
    keys->length = options->epoch;
    keys->secret = secret;
    *out = keys;
    return 0;
}

int keys_open(struct keys **out, const char *directory, struct fault *why) {
    return keys_open_as(out, &(struct keys_options){.directory = directory, .epoch = PERIOD_MONTH}, why);
}

void keys_close(struct keys **keys) {
    if (!*keys)
        return;
    OBJ_CHECK(*keys, KEYS_MAGIC);
    secret_free((*keys)->secret);
    key_shelf_free(&(*keys)->shelf);
    key_shelf_free(&(*keys)->borrowed);
    free((*keys)->directory);
    free((*keys)->needs);
    free((*keys)->held_by);
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
    key_shelf_new(&keys->borrowed, directory);
    keys->first = first;
    keys->last_day = last;
    return 0;
}

const char *keys_shared(const struct keys *keys) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    return keys->needs != NULL ? keys->directory : NULL;
}

const char *keys_claim_name(const struct keys *keys) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    return keys->needs;
}

bool keys_are_known(const struct keys *keys) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    return keys->needs != NULL && key_shelf_needs(keys->shelf, keys->needs);
}

int keys_claim(struct keys *keys, struct fault *why) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    if (keys->needs == NULL || key_shelf_needs(keys->shelf, keys->needs))
        return 0;
    int rc = key_shelf_lock(keys->shelf, why);
    if (rc == 0)
        rc = key_shelf_need(keys->shelf, keys->needs, INT32_MIN, why);
    key_shelf_unlock(keys->shelf);
    return rc;
}

/* --- which key --- */

static bool is_cut(const struct keys *keys, const struct period *epoch) {
    return keys->first <= epoch->last && epoch->first <= keys->last_day &&
           (epoch->first < keys->first || keys->last_day < epoch->last);
}

static uint64_t hash_under(const unsigned char *key, const void *data, size_t len) {
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, data, len, key);
    uint64_t number = 0;
    for (size_t i = sizeof hash; i > 0; i--) /* SipHash's own order is little-endian */
        number = number << 8 | hash[i - 1];
    return number;
}

/* Of the key that lies in secret->file. */
static uint64_t mark_of(const struct keys *keys) {
    struct secret *secret = keys->secret;
    crypto_kdf_derive_from_key(secret->mark, sizeof secret->mark, OF_ITSELF, CONTEXT, secret->file);
    uint64_t mark = hash_under(secret->mark, MARKED, strlen(MARKED));
    sodium_memzero(secret->mark, sizeof secret->mark);
    return mark ? mark : 1;
}

static int read_borrowed(const struct keys *keys, int32_t month, struct keys_epoch *out, struct fault *why) {
    if (key_shelf_find(keys->borrowed, month, &out->period)) {
        out->borrowed = true;
        return key_shelf_read(keys->borrowed, &out->period, keys->secret->file, why);
    }
    struct period epoch = key_shelf_choose(keys->borrowed, month, keys->length);
    if (!is_cut(keys, &epoch))
        return -ENOENT;
    char *path = key_shelf_path(keys->borrowed, &epoch);
    const char *length = period_type_name(epoch.type);
    int rc =
        fault_set(why, -ENOKEY,
                  "there is no key %s: visitors of a part of that %s could not be told from those of the "
                  "rest. Withdraw and count the whole %s",
                  path, length, length);
    free(path);
    return rc;
}

/* Into secret->file: the key of our own that there is, else a new one. */
static int read_or_make(struct keys *keys, int32_t month, struct keys_epoch *out, struct fault *why) {
    if (key_shelf_find(keys->shelf, month, &out->period))
        return key_shelf_read(keys->shelf, &out->period, keys->secret->file, why);
    uint64_t mark;
    int32_t day;
    out->period = key_shelf_choose(keys->shelf, month, keys->length);
    randombytes_buf(keys->secret->file, KEY_FILE_BYTES);
    int rc = key_shelf_make(keys->shelf, &out->period, keys->secret->file, why);
    if (rc == -EEXIST)
        return key_shelf_read(keys->shelf, &out->period, keys->secret->file, why);
    out->made = true;
    out->succeeds = key_shelf_noted(keys->shelf, &out->period, &mark, &day) == 0;
    return rc;
}

static int load(struct keys *keys, int32_t month, struct fault *why) {
    if (keys->count == KEYS_MAX)
        return fault_set(why, -E2BIG, "these are events of more than %d months; count them in parts",
                         KEYS_MAX);
    struct keys_epoch is = {0};
    int rc = keys->borrowed != NULL ? read_borrowed(keys, month, &is, why) : -ENOENT;
    if (rc == -ENOENT) {
        is.borrowed = false;
        rc = keys->needs != NULL ? key_shelf_lock(keys->shelf, why) : 0;
        if (rc == 0)
            rc = read_or_make(keys, month, &is, why);
        key_shelf_unlock(keys->shelf);
    }
    if (rc == 0) {
        is.mark = mark_of(keys);
        crypto_kdf_derive_from_key(keys->secret->hash[keys->count], HASH_BYTES, OF_VISITORS, CONTEXT,
                                   keys->secret->file);
        keys->epoch[keys->count] =
            (struct epoch){is, civil_month_of_day(is.period.first), civil_month_of_day(is.period.last)};
        keys->last = keys->count++;
    }
    sodium_memzero(keys->secret->file, KEY_FILE_BYTES);
    return rc;
}

static inline bool holds(const struct epoch *epoch, int32_t month) {
    return epoch->first <= month && month <= epoch->last;
}

static bool find(struct keys *keys, int32_t month) {
    if (keys->count > 0 && holds(&keys->epoch[keys->last], month))
        return true;
    for (size_t i = 0; i < keys->count; i++)
        if (holds(&keys->epoch[i], month)) {
            keys->last = i;
            return true;
        }
    return false;
}

int keys_hash(struct keys *keys, int32_t month, const void *data, size_t len, uint64_t *out,
              struct fault *why) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    int rc = find(keys, month) ? 0 : load(keys, month, why);
    if (rc == 0)
        *out = hash_under(keys->secret->hash[keys->last], data, len);
    return rc;
}

int keys_epoch(struct keys *keys, int32_t month, struct keys_epoch *out, struct fault *why) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    int rc = find(keys, month) ? 0 : load(keys, month, why);
    if (rc == 0)
        *out = keys->epoch[keys->last].is;
    return rc;
}

/* --- made ahead --- */

static int make_ahead(struct keys *keys, const struct period *epoch, struct fault *why) {
    char name[PERIOD_TEXT_MAX], other[PERIOD_TEXT_MAX];
    struct period found;
    uint64_t mark;
    int32_t day;
    period_print(epoch, name);
    for (int32_t month = civil_month_of_day(epoch->first); month <= civil_month_of_day(epoch->last); month++)
        if (key_shelf_find(keys->shelf, month, &found) && found.type != epoch->type)
            return fault_set(why, -EEXIST, "%s has a key for %s, and a second one for %s may not be",
                             keys->directory, period_print(&found, other), name);
    if (key_shelf_find(keys->shelf, civil_month_of_day(epoch->first), &found))
        return 0;
    if (key_shelf_noted(keys->shelf, epoch, &mark, &day) == 0)
        return fault_set(why, -ENOKEY, "the key for %s was destroyed on %s: that time is over", name,
                         period_print_day(day, other));
    found = key_shelf_choose(keys->shelf, civil_month_of_day(epoch->first), epoch->type);
    if (found.type != epoch->type)
        return fault_set(why, -EEXIST, "a part of %s had a key of its own, which was destroyed", name);
    randombytes_buf(keys->secret->file, KEY_FILE_BYTES);
    int rc = key_shelf_make(keys->shelf, epoch, keys->secret->file, why);
    sodium_memzero(keys->secret->file, KEY_FILE_BYTES);
    return rc == -EEXIST ? 0 : rc;
}

int keys_make(struct keys *keys, const struct period *epoch, char **path, struct fault *why) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    int rc = keys->needs != NULL ? key_shelf_lock(keys->shelf, why) : 0;
    if (rc == 0)
        rc = make_ahead(keys, epoch, why);
    key_shelf_unlock(keys->shelf);
    if (rc == 0)
        *path = key_shelf_path(keys->shelf, epoch);
    return rc;
}

/* --- destroying --- */

static void forget(struct keys *keys, int32_t month) {
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->epoch[i].last < month)
            continue;
        keys->epoch[kept] = keys->epoch[i];
        memmove(keys->secret->hash[kept], keys->secret->hash[i], HASH_BYTES);
        kept++;
    }
    sodium_memzero(keys->secret->hash[kept], (keys->count - kept) * HASH_BYTES);
    keys->count = kept;
    keys->last = 0;
}

struct destroying {
    struct keys *keys;
    int32_t today;
};

/* The note comes first, and is true once the key is gone: who finds both finishes what was begun. */
static int destroy_one(void *arg, const char *name, const struct period *epoch, bool half_made,
                       struct fault *why) {
    const struct destroying *destroying = arg;
    struct keys *keys = destroying->keys;
    int rc = half_made ? -ENOENT : key_shelf_read(keys->shelf, epoch, keys->secret->file, NULL);
    uint64_t mark = rc == 0 ? mark_of(keys) : 0;
    sodium_memzero(keys->secret->file, KEY_FILE_BYTES);
    rc = rc == 0 ? key_shelf_note(keys->shelf, epoch, mark, destroying->today, why) : 0;
    return rc == 0 ? key_shelf_destroy(keys->shelf, name, why) : rc;
}

static int is_left(void *arg, const char *name, const struct period *epoch, bool half_made,
                   struct fault *why) {
    (void)arg, (void)name, (void)epoch, (void)half_made, (void)why;
    return 1;
}

/* Tells the others what we still need, asks what they do, and destroys what nobody needs. */
static int destroy_shared(struct keys *keys, int32_t month, struct destroying *destroying,
                          struct fault *why) {
    int32_t all = month;
    int rc = key_shelf_lock(keys->shelf, why);
    if (rc == 0)
        rc = key_shelf_need(keys->shelf, keys->needs, month, why);
    if (rc == 0)
        rc = key_shelf_needed(keys->shelf, month, &all, &keys->held_by, &keys->held_since, why);
    if (rc == 0)
        rc = key_shelf_each_before(keys->shelf, all, destroy_one, destroying, why);
    if (rc == 0)
        rc = key_shelf_each_before(keys->shelf, month, is_left, NULL, why);
    key_shelf_unlock(keys->shelf);
    if (rc == 0) { /* nothing is held */
        free(keys->held_by);
        keys->held_by = NULL;
    }
    return rc < 0 ? rc : 0;
}

int keys_destroy_before(struct keys *keys, int32_t month, struct fault *why) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    struct destroying destroying = {.keys = keys};
    free(keys->held_by);
    keys->held_by = NULL;
    if (month == INT32_MIN) /* who shares a directory and has read nothing yet may need each key */
        return 0;
    forget(keys, month);
    int rc = civil_today((int64_t)time(NULL), &destroying.today, why);
    if (rc != 0)
        return rc;
    return keys->needs != NULL ? destroy_shared(keys, month, &destroying, why)
                               : key_shelf_each_before(keys->shelf, month, destroy_one, &destroying, why);
}

const char *keys_held_by(const struct keys *keys, int64_t *since) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    *since = keys->held_since;
    return keys->held_by;
}

enum keys_fate keys_fate(struct keys *keys, const struct period *epoch, uint64_t mark, int32_t *day) {
    OBJ_CHECK(keys, KEYS_MAGIC);
    uint64_t other;
    bool here = key_shelf_read(keys->shelf, epoch, keys->secret->file, NULL) == 0 && mark_of(keys) == mark;
    sodium_memzero(keys->secret->file, KEY_FILE_BYTES);
    if (here)
        return KEYS_HERE;
    return key_shelf_noted(keys->shelf, epoch, &other, day) == 0 && other == mark ? KEYS_DESTROYED
                                                                                  : KEYS_LOST;
}
