#include "clients/listserv/places.h"

#include <errno.h>
#include <string.h>

#include "clients/listserv/records.h"

#define FORMAT      1
#define PLACE_BYTES (1 + 8 * 8 + PLACE_DIGEST_BYTES + 1 + IDENTITY_BYTES + 4)
#define SETTLED_NS  INT64_C(2000000000) /* younger changes may share their time with later ones */

struct place_file place_file_of(const struct stat *status) {
    return (struct place_file){
        .dev = status->st_dev,
        .ino = status->st_ino,
        .size = (uint64_t)status->st_size,
        .modified = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec,
        .changed = (int64_t)status->st_ctim.tv_sec * 1000000000 + status->st_ctim.tv_nsec};
}

bool place_unchanged(const struct place *place, const struct place_file *file) {
    const struct place_file *then = &place->file;
    return then->dev == file->dev && then->ino == file->ino && then->size == file->size &&
           then->modified == file->modified && then->changed == file->changed &&
           place->read - then->changed >= SETTLED_NS;
}

static struct record_key key_of(const struct identities *identities, struct str list, struct str path) {
    struct identity name = identity_of_path(identities, path);
    return record_key_of(RECORD_FILE, list, name.bytes, sizeof name.bytes);
}

static void put(unsigned char **at, uint64_t number) {
    record_put_number(*at, 8, number);
    *at += 8;
}

static uint64_t get(const unsigned char **at) {
    *at += 8;
    return record_get_number(*at - 8, 8);
}

int place_load(struct place *out, struct suivi *suivi, const struct identities *identities, struct str list,
               struct str path, struct fault *why) {
    struct record_key key = key_of(identities, list, path);
    const void *value;
    size_t len;
    int rc = suivi != NULL ? suivi_get(suivi, key.bytes, key.len, &value, &len) : -ENOENT;
    if (rc == -ENOENT)
        return rc;
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(suivi));
    const unsigned char *at = value;
    if (len != PLACE_BYTES || *at++ != FORMAT)
        return -ENOENT; /* another version's: the file is read anew */
    out->file.dev = get(&at);
    out->file.ino = get(&at);
    out->file.size = get(&at);
    out->file.modified = (int64_t)get(&at);
    out->file.changed = (int64_t)get(&at);
    out->read = (int64_t)get(&at);
    out->digested = get(&at);
    out->resume = get(&at);
    memcpy(out->digest, at, PLACE_DIGEST_BYTES);
    at += PLACE_DIGEST_BYTES;
    out->has_tail = *at & 1;
    out->tail_open = *at++ & 2;
    memcpy(out->tail.bytes, at, IDENTITY_BYTES);
    out->tail_day = (int32_t)record_get_number(at + IDENTITY_BYTES, 4);
    return 0;
}

int place_save(const struct place *place, struct suivi *suivi, const struct identities *identities,
               struct str list, struct str path, struct fault *why) {
    unsigned char value[PLACE_BYTES], *at = value;
    *at++ = FORMAT;
    put(&at, place->file.dev);
    put(&at, place->file.ino);
    put(&at, place->file.size);
    put(&at, (uint64_t)place->file.modified);
    put(&at, (uint64_t)place->file.changed);
    put(&at, (uint64_t)place->read);
    put(&at, place->digested);
    put(&at, place->resume);
    memcpy(at, place->digest, PLACE_DIGEST_BYTES);
    at += PLACE_DIGEST_BYTES;
    *at++ = (unsigned char)(place->has_tail | place->tail_open << 1);
    memcpy(at, place->tail.bytes, IDENTITY_BYTES);
    record_put_number(at + IDENTITY_BYTES, 4, (uint32_t)place->tail_day);
    struct record_key key = key_of(identities, list, path);
    int rc = suivi_put(suivi, key.bytes, key.len, value, sizeof value);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}
