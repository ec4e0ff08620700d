/* The secret keys that turn people into numbers, one for each epoch (a calendar month, or for who wants it a quarter, half or
 * year), each in a file of its own: STATE/keys/2018-03, 32 random bytes, mode 0600, never in the database. Without its
 * key no stored hash can be tested against an address; destroying a key is how an epoch's visitors are forgotten. */
#ifndef SUIVI_COLLECTOR_KEYS_H
#define SUIVI_COLLECTOR_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/period.h"

struct keys;

/* One for each month, in a directory that is ours alone; it is made when missing, mode 0700. */
int keys_open(struct keys **out, const char *directory, struct fault *why);
void keys_close(struct keys **keys); /* wipes them from memory */

struct keys_options {
    const char *directory;
    /* Of a new key: month, quarter, half or year. A longer one begins where no part of it had a key before; until then
     * it is as long as it can be. */
    enum period_type epoch;
    /* Other collectors have their keys in `directory`, too, and know this one by that name. NULL: it is ours alone. */
    const char *shared_as;
};

/* A shared directory must be there. */
int keys_open_as(struct keys **out, const struct keys_options *options, struct fault *why);

/* Keys of another state are used where `directory` has them; it is only read, and none of its keys is ever destroyed.
 * An epoch of which only a part lies in the days `first` to `last` must have its key there, or who came on its other
 * days, too, would be two. -ENOENT when there is no such directory. Once, before the first hash. */
int keys_borrow(struct keys *keys, const char *directory, int32_t first, int32_t last, struct fault *why);

/* The directory when it is shared, and what others know this collector by in it: a file; NULL when it is not. */
const char *keys_shared(const struct keys *keys);
const char *keys_claim_name(const struct keys *keys);

/* Others who share the directory have seen this collector there before; and from now on they see it, and destroy no key before
 * keys_destroy_before says that it needs it no more. Nothing when it is not shared. */
bool keys_are_known(const struct keys *keys);
int keys_claim(struct keys *keys, struct fault *why);

/* The hash of `data` under the key of that month (counted from 1970-01, as in proto/civil.h). An epoch without
 * a key gets a new one, synced to disk before it is used. Keyed 64-bit hash: SipHash-2-4 (Aumasson, Bernstein
 * 2012) of libsodium. */
int keys_hash(struct keys *keys, int32_t month, const void *data, size_t len, uint64_t *out,
              struct fault *why);

/* With which key that month is hashed. */
struct keys_epoch {
    struct period period;
    uint64_t mark; /* tells it from other keys, and nothing else of it; never 0 */
    bool made;     /* by us, since keys_open */
    bool borrowed;
    bool succeeds; /* made in the place of one that was destroyed */
};
int keys_epoch(struct keys *keys, int32_t month, struct keys_epoch *out, struct fault *why);

/* Makes the key of an epoch ahead, so that it can be copied; one that is there stays. *path: its file, caller frees.
 * -EEXIST: a part of the epoch, or what it is a part of, has a key. -ENOKEY: it was destroyed. */
int keys_make(struct keys *keys, const struct period *epoch, char **path, struct fault *why);

/* Overwrites and removes the keys of all epochs that were over before `month`, and notes on which day; of a shared directory,
 * those that nobody else needs. INT32_MIN: it is not known what is needed. */
int keys_destroy_before(struct keys *keys, int32_t month, struct fault *why);

/* Who still needs a shared key that we do not, as far as keys_destroy_before found, and was not heard of since that
 * Unix time; NULL: nobody. */
const char *keys_held_by(const struct keys *keys, int64_t *since);

enum keys_fate { KEYS_HERE, KEYS_DESTROYED, KEYS_LOST };

/* What became of the key of that epoch which had that mark; *day: on which it was destroyed. A file that cannot be
 * read is one that is lost. */
enum keys_fate keys_fate(struct keys *keys, const struct period *epoch, uint64_t mark, int32_t *day);

#endif
