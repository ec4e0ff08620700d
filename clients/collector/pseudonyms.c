#include "clients/collector/pseudonyms.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

#include "clients/collector/key_file.h"
#include "clients/collector/secret.h"
#include "clients/lib/directory.h"
#include "proto/check.h"
#include "proto/utf8.h"

#define PSEUDONYMS_MAGIC 0x95e0d041u
#define HASH_BYTES       crypto_shorthash_KEYBYTES
#define FILE_NAME        "pseudonym.key"
#define CONTEXT          "pseudonm" /* crypto_kdf_CONTEXTBYTES of text */
#define LOST             "everybody who was named before is counted anew"
#define POINTS_MAX       (4 * PSEUDONYM_NAME_MAX) /* a character comes to four others at most */
#define FORM             (UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD)
_Static_assert(KEY_FILE_BYTES == crypto_kdf_KEYBYTES && HASH_BYTES == 16, "SipHash-2-4");

enum subkey { OF_NAMES = 1, OF_ITSELF, SUBKEYS };

/* In memory that is neither swapped nor dumped. */
struct secret {
    unsigned char subkey[SUBKEYS][HASH_BYTES];
    unsigned char file[KEY_FILE_BYTES]; /* while it is read or made */
};

struct pseudonyms {
    unsigned magic;
    struct secret *secret;
};

/* --- the key --- */

/* Beside, then linked, which never takes the place of a key that another program has made meanwhile. */
static int make_file(const char *directory, const char *path, const unsigned char *bytes, struct fault *why) {
    char *beside = NULL;
    ASSERT(asprintf(&beside, "%s.%ld.new", path, (long)getpid()) > 0);
    unlink(beside); /* left by a crash; nobody was hashed with it */
    int rc = key_file_write(beside, bytes, why);
    if (rc == 0 && link(beside, path) != 0)
        rc = errno == EEXIST ? -EEXIST : key_file_fault("make", path, why);
    unlink(beside);
    free(beside);
    return rc == 0 ? directory_sync(directory, why) : rc;
}

static uint64_t hash(const struct pseudonyms *pseudonyms, enum subkey subkey, const void *data, size_t len) {
    unsigned char bytes[crypto_shorthash_BYTES];
    crypto_shorthash(bytes, data, len, pseudonyms->secret->subkey[subkey]);
    uint64_t number = 0;
    for (size_t i = sizeof bytes; i > 0; i--) /* SipHash's own order is little-endian */
        number = number << 8 | bytes[i - 1];
    return number;
}

uint64_t pseudonyms_key_mark(const struct pseudonyms *pseudonyms) {
    OBJ_CHECK(pseudonyms, PSEUDONYMS_MAGIC);
    uint64_t mark = hash(pseudonyms, OF_ITSELF, FILE_NAME, strlen(FILE_NAME));
    return mark ? mark : 1;
}

static int not_the_one(const char *path, const char *is, struct fault *why) {
    return fault_set(why, -ENOKEY,
                     "%s is %s people were recorded with before: put that back from a copy. Without it "
                     "everybody is counted anew; when that is meant, say --new-pseudonym-key",
                     path, is);
}

static int load(struct pseudonyms *pseudonyms, const char *directory, uint64_t known, struct fault *why) {
    unsigned char *bytes = pseudonyms->secret->file;
    char *path = NULL;
    ASSERT(asprintf(&path, "%s/" FILE_NAME, directory) > 0);
    int rc = key_file_read(path, LOST, bytes, why);
    if (rc == -ENOENT && known != 0) {
        rc = not_the_one(path, "gone, which", why);
    } else if (rc == -ENOENT) {
        randombytes_buf(bytes, KEY_FILE_BYTES);
        rc = make_file(directory, path, bytes, why);
    }
    if (rc == -EEXIST)
        rc = key_file_read(path, LOST, bytes, why);
    for (enum subkey subkey = OF_NAMES; rc == 0 && subkey < SUBKEYS; subkey++)
        crypto_kdf_derive_from_key(pseudonyms->secret->subkey[subkey], HASH_BYTES, subkey, CONTEXT, bytes);
    if (rc == 0 && known != 0 && pseudonyms_key_mark(pseudonyms) != known)
        rc = not_the_one(path, "not the key that", why);
    sodium_memzero(bytes, KEY_FILE_BYTES);
    free(path);
    return rc;
}

int pseudonyms_open(struct pseudonyms **out, const char *directory, uint64_t known, struct fault *why) {
    struct pseudonyms *pseudonyms = mem_zeroed(1, sizeof *pseudonyms);
    pseudonyms->magic = PSEUDONYMS_MAGIC;
    void *secret = NULL;
    int rc = secret_new(&secret, sizeof *pseudonyms->secret, why);
    pseudonyms->secret = secret;
    if (rc == 0)
        rc = directory_make(directory, why);
    if (rc == 0)
        rc = load(pseudonyms, directory, known, why);
    if (rc != 0) {
        pseudonyms_close(&pseudonyms);
        return rc;
    }
    *out = pseudonyms;
    return 0;
}

void pseudonyms_close(struct pseudonyms **pseudonyms) {
    if (!*pseudonyms)
        return;
    OBJ_CHECK(*pseudonyms, PSEUDONYMS_MAGIC);
    secret_free((*pseudonyms)->secret);
    (*pseudonyms)->magic = 0;
    free(*pseudonyms);
    *pseudonyms = NULL;
}

/* --- spelling --- */

static bool is_space(utf8proc_int32_t point) {
    utf8proc_category_t category = utf8proc_category(point);
    return (point >= '\t' && point <= '\r') || point == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

static size_t fold_spaces(utf8proc_int32_t *points, size_t count) {
    size_t len = 0;
    bool space = false;
    for (size_t i = 0; i < count; i++) {
        if (is_space(points[i])) {
            space = len > 0;
            continue;
        }
        utf8proc_int32_t point = points[i];
        if (space)
            points[len++] = ' ';
        space = false;
        points[len++] = point;
    }
    return len;
}

int pseudonyms_normalise(struct str name, char out[static PSEUDONYM_SPELLING_MAX], struct fault *why) {
    utf8proc_int32_t points[POINTS_MAX + 1];
    if (name.len > PSEUDONYM_NAME_MAX)
        return fault_set(why, -EINVAL, "the name has %zu bytes: at most %d are allowed", name.len,
                         PSEUDONYM_NAME_MAX);
    if (!utf8_valid(name))
        return fault_set(why, -EINVAL, "the name is not UTF-8: convert it");
    utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)name.at, (utf8proc_ssize_t)name.len,
                                                points, POINTS_MAX, FORM);
    ASSERT(count >= 0 && count <= POINTS_MAX);
    size_t folded = fold_spaces(points, (size_t)count);
    utf8proc_ssize_t len = folded > 0 ? utf8proc_reencode(points, (utf8proc_ssize_t)folded, FORM) : 0;
    ASSERT(len >= 0 && len < PSEUDONYM_SPELLING_MAX);
    memcpy(out, points, (size_t)len);
    sodium_memzero(points, sizeof points);
    return len > 0 ? (int)len : fault_set(why, -EINVAL, "the name is empty");
}

int pseudonyms_of_name(const struct pseudonyms *pseudonyms, struct str name, uint64_t *out,
                       struct fault *why) {
    OBJ_CHECK(pseudonyms, PSEUDONYMS_MAGIC);
    char spelling[PSEUDONYM_SPELLING_MAX];
    int len = pseudonyms_normalise(name, spelling, why);
    if (len > 0)
        *out = hash(pseudonyms, OF_NAMES, spelling, (size_t)len);
    sodium_memzero(spelling, sizeof spelling);
    return len > 0 ? 0 : len;
}
