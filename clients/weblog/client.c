#include "clients/weblog/client.h"

#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

static void append(struct client_scratch *scratch, size_t *len, struct str text) {
    if (scratch->size - *len < text.len + 1) {
        scratch->size = 2 * (*len + text.len + 1);
        scratch->bytes = mem_resize(scratch->bytes, 1, scratch->size);
    }
    if (text.len > 0)
        memcpy(scratch->bytes + *len, text.at, text.len);
    *len += text.len;
}

int client_month_hash(const struct client *client, struct str path, int32_t month,
                      const struct records *records, struct client_scratch *scratch, uint64_t *out,
                      struct fault *why) {
    /* The two lengths in front: no two different clients and paths make one text. */
    uint64_t lengths[2] = {client->address.len, client->has_agent ? client->agent.len + 1 : 0};
    size_t len = 0;
    append(scratch, &len, (struct str){(const char *)lengths, sizeof lengths});
    append(scratch, &len, client->address);
    if (client->has_agent)
        append(scratch, &len, client->agent);
    append(scratch, &len, path);
    return records->hash(records->arg, month, (struct str){scratch->bytes, len}, out, why);
}

void client_scratch_free(struct client_scratch *scratch) {
    if (scratch->size > 0)
        explicit_bzero(scratch->bytes, scratch->size);
    free(scratch->bytes);
    *scratch = (struct client_scratch){0};
}
