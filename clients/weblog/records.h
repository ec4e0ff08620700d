/* Where the counting half keeps what it must remember between runs: small records under small keys, and keyed
 * hashes. In the program these are libsuivi's records, saved in one transaction with the counts, and the
 * keys of clients/collector; tests put a table in memory in their place.
 *
 * Keys: one letter for what it is, the site's name, a zero byte, then numbers, big-endian, so that a scan is
 * in order. */
#ifndef SUIVI_WEBLOG_RECORDS_H
#define SUIVI_WEBLOG_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/dims.h"
#include "proto/fault.h"
#include "proto/str.h"

struct records {
    void *arg;
    /* As suivi_get, suivi_put, suivi_delete and suivi_scan; a scan may miss what was put since the last
     * commit. */
    int (*get)(void *arg, struct str key, struct str *value);
    int (*put)(void *arg, struct str key, struct str value, struct fault *why);
    int (*drop)(void *arg, struct str key, struct fault *why);
    int (*scan)(void *arg, struct str prefix, int (*visit)(void *visit_arg, struct str key, struct str value),
                void *visit_arg);
    /* As keys_hash. */
    int (*hash)(void *arg, int32_t month, struct str data, uint64_t *out, struct fault *why);
};

enum record_kind {
    RECORD_CLICKS = 'c', /* site, month, hash: recent clicks on a download */
    RECORD_DAYS = 'd',   /* the only days that are counted, for all sites (their name is empty) */
    RECORD_EPOCHS = 'e', /* site: months, horizon, newest time */
    RECORD_FILE = 'f',   /* site, id: how far a file was counted */
    RECORD_SHARED = 'h', /* the directory where keys are shared, for all sites (their name is empty) */
    RECORD_KEY = 'k', /* site, first month and length of an epoch: with which key its visitors are counted */
    RECORD_LANGUAGES = 'l', /* site: names of languages by number */
    RECORD_METHODS = 'm',   /* site: by which method visitors are counted, from which day on */
    RECORD_SEED = 's',      /* of the digests, one for all sites (their name is empty) */
    RECORD_UNJUDGED = 'u',  /* site: returning visitors were not yet all told */
    RECORD_VISITOR = 'v',   /* site, month, hash: a client's visits */
};

#define RECORD_KEY_MAX (1 + DIM_VALUE_MAX + 1 + 4 + 8)

struct record_key {
    size_t len;
    char bytes[RECORD_KEY_MAX];
};

/* `site` at most DIM_VALUE_MAX bytes. */
struct record_key record_key_of(enum record_kind kind, struct str site);
void record_key_add_month(struct record_key *key, int32_t month);
void record_key_add_number(struct record_key *key, uint64_t number);

/* The month and number that end a key made by record_key_of(kind, site), month and number. -EINVAL: it is
 * none. */
int record_key_read(struct str key, struct str site, int32_t *month, uint64_t *number);

static inline struct str record_key_str(const struct record_key *key) {
    return (struct str){key->bytes, key->len};
}

#endif
