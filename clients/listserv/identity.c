#include "clients/listserv/identity.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "clients/listserv/records.h"
#include "proto/check.h"

#define IDENTITIES_MAGIC 0x1de47171u
#define CONTEXT          "listserv"
_Static_assert(crypto_shorthash_siphashx24_BYTES >= IDENTITY_BYTES &&
                   CONTENT_DIGEST_BYTES >= IDENTITY_BYTES && MBOX_DIGEST_BYTES == CONTENT_DIGEST_BYTES,
               "hashes that are long enough");

enum subkey { SUBKEY_MESSAGE_ID = 1, SUBKEY_CONTENT, SUBKEY_PATH, SUBKEY_SEED };

struct identities {
    unsigned magic;
    unsigned char message_id[crypto_shorthash_siphashx24_KEYBYTES],
        path[crypto_shorthash_siphashx24_KEYBYTES], content[CONTENT_KEY_BYTES];
    uint64_t seed;
};

/* The one of the state, or a new one. */
static int find_key(struct suivi *suivi, unsigned char key[static crypto_kdf_KEYBYTES], struct fault *why) {
    const char name = RECORD_KEY;
    const void *stored;
    size_t len;
    int rc = suivi != NULL ? suivi_get(suivi, &name, 1, &stored, &len) : -ENOENT;
    if (rc == 0 && len != crypto_kdf_KEYBYTES)
        return fault_set(why, -EINVAL,
                         "the state's key of posts is damaged: restore the directory from a backup");
    if (rc == 0)
        memcpy(key, stored, len);
    if (rc != -ENOENT)
        return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
    randombytes_buf(key, crypto_kdf_KEYBYTES);
    rc = suivi != NULL ? suivi_put(suivi, &name, 1, key, crypto_kdf_KEYBYTES) : 0;
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

int identities_open(struct identities **out, struct suivi *suivi, struct fault *why) {
    if (sodium_init() < 0)
        return fault_set(why, -EIO, "libsodium finds no source of random numbers");
    unsigned char key[crypto_kdf_KEYBYTES];
    int rc = find_key(suivi, key, why);
    if (rc != 0)
        return rc;
    struct identities *identities = mem_zeroed(1, sizeof *identities);
    identities->magic = IDENTITIES_MAGIC;
    unsigned char seed[16];
    crypto_kdf_derive_from_key(identities->message_id, sizeof identities->message_id, SUBKEY_MESSAGE_ID,
                               CONTEXT, key);
    crypto_kdf_derive_from_key(identities->content, sizeof identities->content, SUBKEY_CONTENT, CONTEXT, key);
    crypto_kdf_derive_from_key(identities->path, sizeof identities->path, SUBKEY_PATH, CONTEXT, key);
    crypto_kdf_derive_from_key(seed, sizeof seed, SUBKEY_SEED, CONTEXT, key);
    for (size_t i = 0; i < sizeof identities->seed; i++)
        identities->seed = identities->seed << 8 | seed[i];
    sodium_memzero(key, sizeof key);
    *out = identities;
    return 0;
}

void identities_close(struct identities **identities) {
    if (*identities == NULL)
        return;
    OBJ_CHECK(*identities, IDENTITIES_MAGIC);
    sodium_memzero(*identities, sizeof **identities);
    free(*identities);
    *identities = NULL;
}

const unsigned char *identities_content_key(const struct identities *identities) {
    OBJ_CHECK(identities, IDENTITIES_MAGIC);
    return identities->content;
}

uint64_t identities_seed(const struct identities *identities) {
    OBJ_CHECK(identities, IDENTITIES_MAGIC);
    return identities->seed;
}

static struct identity hash(struct str text, const unsigned char *key) {
    unsigned char bytes[crypto_shorthash_siphashx24_BYTES];
    crypto_shorthash_siphashx24(bytes, (const unsigned char *)text.at, text.len, key);
    struct identity identity;
    memcpy(identity.bytes, bytes, sizeof identity.bytes);
    return identity;
}

struct identity identity_of_message(const struct identities *identities, const struct mbox_message *message) {
    OBJ_CHECK(identities, IDENTITIES_MAGIC);
    if (message->message_id.len > 0)
        return hash(message->message_id, identities->message_id);
    struct identity identity;
    memcpy(identity.bytes, message->digest, sizeof identity.bytes);
    return identity;
}

struct identity identity_of_path(const struct identities *identities, struct str path) {
    OBJ_CHECK(identities, IDENTITIES_MAGIC);
    return hash(path, identities->path);
}
