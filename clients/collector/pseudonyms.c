#include "clients/collector/pseudonyms.h"

#include <errno.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wctype.h>

#include "clients/collector/key_file.h"
#include "clients/lib/directory.h"
#include "proto/check.h"
#include "proto/utf8.h"

#define PSEUDONYMS_MAGIC 0x95e0d041u
#define HASH_BYTES       crypto_shorthash_KEYBYTES
#define FILE_NAME        "pseudonym.key"
#define CONTEXT          "pseudonm" /* crypto_kdf_CONTEXTBYTES of text */
#define LOST             "everybody who was named before is counted anew"
_Static_assert(KEY_FILE_BYTES == crypto_kdf_KEYBYTES && HASH_BYTES == 16, "SipHash-2-4");

enum subkey { OF_NAMES = 1, OF_DATA, SUBKEYS };

struct pseudonyms {
    unsigned magic;
    locale_t letters;      /* the same capitals everywhere, whatever the user's language */
    unsigned char *secret; /* SUBKEYS * HASH_BYTES, in memory that is neither swapped nor dumped */
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

static int load(struct pseudonyms *pseudonyms, const char *directory, struct fault *why) {
    unsigned char bytes[KEY_FILE_BYTES];
    char *path = NULL;
    ASSERT(asprintf(&path, "%s/" FILE_NAME, directory) > 0);
    int rc = key_file_read(path, LOST, bytes, why);
    if (rc == -ENOENT) {
        randombytes_buf(bytes, sizeof bytes);
        rc = make_file(directory, path, bytes, why);
    }
    if (rc == -EEXIST)
        rc = key_file_read(path, LOST, bytes, why);
    for (enum subkey subkey = OF_NAMES; rc == 0 && subkey < SUBKEYS; subkey++)
        crypto_kdf_derive_from_key(pseudonyms->secret + subkey * HASH_BYTES, HASH_BYTES, subkey, CONTEXT,
                                   bytes);
    sodium_memzero(bytes, sizeof bytes);
    free(path);
    return rc;
}

int pseudonyms_open(struct pseudonyms **out, const char *directory, struct fault *why) {
    if (sodium_init() < 0)
        return fault_set(why, -EIO, "libsodium finds no source of random numbers");
    struct pseudonyms *pseudonyms = mem_zeroed(1, sizeof *pseudonyms);
    pseudonyms->magic = PSEUDONYMS_MAGIC;
    int rc = 0;
    pseudonyms->letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!pseudonyms->letters)
        rc = fault_set(why, -ENOENT, "this system lacks the locale C.UTF-8: install the package libc-bin");
    pseudonyms->secret = sodium_malloc((size_t)SUBKEYS * HASH_BYTES);
    if (rc == 0 && !pseudonyms->secret)
        rc = fault_set(why, -ENOMEM, "no memory for a secret key");
    if (rc == 0)
        rc = directory_make(directory, why);
    if (rc == 0)
        rc = load(pseudonyms, directory, why);
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
    if ((*pseudonyms)->letters)
        freelocale((*pseudonyms)->letters);
    sodium_free((*pseudonyms)->secret);
    (*pseudonyms)->magic = 0;
    free(*pseudonyms);
    *pseudonyms = NULL;
}

/* --- spelling --- */

/* `text` begins with a good character of `len` bytes. */
static wint_t decode(const char *text, size_t len) {
    unsigned char first = (unsigned char)text[0];
    wint_t letter = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        letter = letter << 6 | ((unsigned char)text[i] & 0x3f);
    return letter;
}

static size_t encode(wint_t letter, char *out) {
    if (letter < 0x80) {
        out[0] = (char)letter;
        return 1;
    }
    size_t len = letter < 0x800 ? 2 : letter < 0x10000 ? 3 : 4;
    for (size_t i = len; i > 1; i--, letter >>= 6)
        out[i - 1] = (char)(0x80 | (letter & 0x3f));
    out[0] = (char)((0xf00u >> len) | letter);
    return len;
}

static bool is_space(wint_t letter, locale_t letters) {
    return iswspace_l(letter, letters) || letter == 0xa0 || letter == 0x2007 || letter == 0x202f;
}

int pseudonyms_normalise(const struct pseudonyms *pseudonyms, struct str name,
                         char out[static PSEUDONYM_NAME_MAX * 2], struct fault *why) {
    OBJ_CHECK(pseudonyms, PSEUDONYMS_MAGIC);
    if (name.len > PSEUDONYM_NAME_MAX)
        return fault_set(why, -EINVAL, "the name has %zu bytes: at most %d are allowed", name.len,
                         PSEUDONYM_NAME_MAX);
    size_t len = 0;
    bool space = false;
    while (name.len > 0) {
        size_t step = utf8_step(name);
        if (step == 0)
            return fault_set(why, -EINVAL, "the name is not UTF-8: convert it");
        wint_t letter = decode(name.at, step);
        name = (struct str){name.at + step, name.len - step};
        if (is_space(letter, pseudonyms->letters)) {
            space = len > 0;
            continue;
        }
        if (space)
            out[len++] = ' ';
        space = false;
        len += encode(towlower_l(letter, pseudonyms->letters), out + len);
    }
    return len > 0 ? (int)len : fault_set(why, -EINVAL, "the name is empty");
}

/* --- hashing --- */

static uint64_t hash(const struct pseudonyms *pseudonyms, enum subkey subkey, const void *data, size_t len) {
    unsigned char bytes[crypto_shorthash_BYTES];
    crypto_shorthash(bytes, data, len, pseudonyms->secret + subkey * HASH_BYTES);
    uint64_t number = 0;
    for (size_t i = sizeof bytes; i > 0; i--) /* SipHash's own order is little-endian */
        number = number << 8 | bytes[i - 1];
    return number;
}

int pseudonyms_of_name(const struct pseudonyms *pseudonyms, struct str name, uint64_t *out,
                       struct fault *why) {
    char spelling[PSEUDONYM_NAME_MAX * 2];
    int len = pseudonyms_normalise(pseudonyms, name, spelling, why);
    if (len > 0)
        *out = hash(pseudonyms, OF_NAMES, spelling, (size_t)len);
    sodium_memzero(spelling, sizeof spelling);
    return len > 0 ? 0 : len;
}

uint64_t pseudonyms_of_data(const struct pseudonyms *pseudonyms, const void *data, size_t len) {
    OBJ_CHECK(pseudonyms, PSEUDONYMS_MAGIC);
    return hash(pseudonyms, OF_DATA, data, len);
}
