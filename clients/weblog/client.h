/* Who asked, as far as one run needs to tell: (address, user agent), the text of the log, and a hash of it
 * that is made anew with another seed in each run and never leaves memory. Beyond memory there are only
 * hashes under a month's key. */
#ifndef SUIVI_WEBLOG_CLIENT_H
#define SUIVI_WEBLOG_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/weblog/records.h"
#include "proto/str.h"

struct client {
    struct str address, agent;
    bool has_agent; /* false: the format logs none, the address alone is the client */
    uint64_t hash[2];
};

/* The keyed hash of a client (and of a path, for downloads; empty: none) for a month. `scratch` is used to
 * join the texts. */
struct client_scratch {
    char *bytes;
    size_t size;
};

int client_month_hash(const struct client *client, struct str path, int32_t month,
                      const struct records *records, struct client_scratch *scratch, uint64_t *out,
                      struct fault *why);
void client_scratch_free(struct client_scratch *scratch);

#endif
