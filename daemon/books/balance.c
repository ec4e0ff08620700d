#include "daemon/books/balance.h"

#include <errno.h>
#include <inttypes.h>

#include "proto/check.h"
#include "proto/dims.h"

#define ROW_VERSION 3

static void put_u64(uint8_t *out, uint64_t value) {
    for (size_t i = 8; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

static uint64_t get_u64(const char *at) {
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | (uint8_t)at[i];
    return value;
}

void balance_encode(const struct balance *balance, uint8_t out[static BALANCE_BYTES]) {
    const uint64_t field[BALANCE_FIELDS] = {
        balance->last,     balance->batches,  balance->batches_again,
        balance->read,     balance->accepted, balance->refused,
        balance->repeated, balance->missing,  (uint64_t)balance->heard,
        balance->digest,   balance->total,    balance->gap_first,
        balance->gap_last,
    };
    out[0] = ROW_VERSION;
    for (size_t i = 0; i < BALANCE_FIELDS; i++)
        put_u64(out + 1 + 8 * i, field[i]);
}

int balance_decode(struct str bytes, struct balance *out) {
    if (bytes.len != BALANCE_BYTES || bytes.at[0] != ROW_VERSION)
        return -EBADMSG;
    uint64_t field[BALANCE_FIELDS];
    for (size_t i = 0; i < BALANCE_FIELDS; i++)
        field[i] = get_u64(bytes.at + 1 + 8 * i);
    *out = (struct balance){
        .last = field[0],
        .batches = field[1],
        .batches_again = field[2],
        .read = field[3],
        .accepted = field[4],
        .refused = field[5],
        .repeated = field[6],
        .missing = field[7],
        .heard = (int64_t)field[8],
        .digest = field[9],
        .total = field[10],
        .gap_first = field[11],
        .gap_last = field[12],
    };
    return 0;
}

int balance_check(const struct balance *balance, struct fault *why) {
    if (balance->read != balance->accepted + balance->refused + balance->repeated)
        return fault_set(why, -EBADMSG,
                         "%" PRIu64 " events read are not %" PRIu64 " accepted + %" PRIu64
                         " refused + %" PRIu64 " repeated",
                         balance->read, balance->accepted, balance->refused, balance->repeated);
    if (balance->last != balance->batches + balance->missing)
        return fault_set(why, -EBADMSG,
                         "the last batch is %" PRIu64 ", not %" PRIu64 " counted + %" PRIu64 " missing",
                         balance->last, balance->batches, balance->missing);
    return 0;
}

struct str balance_key(char key[static BALANCE_KEY_MAX], struct str source, struct str outbox) {
    ASSERT(source.len <= MESSAGE_SOURCE_MAX && outbox.len <= MESSAGE_OUTBOX_MAX);
    memcpy(key, source.at, source.len);
    key[source.len] = '\0';
    if (outbox.len)
        memcpy(key + source.len + 1, outbox.at, outbox.len);
    return (struct str){key, source.len + 1 + outbox.len};
}

int balance_key_parse(struct str key, struct str *source, struct str *outbox) {
    const char *end = key.len ? memchr(key.at, '\0', key.len) : NULL;
    if (end == NULL)
        return -EBADMSG;
    struct str name = {key.at, (size_t)(end - key.at)};
    struct str box = {end + 1, key.len - name.len - 1};
    if (name.len > MESSAGE_SOURCE_MAX || dims_check_value(name, NULL) != 0 || box.len > MESSAGE_OUTBOX_MAX ||
        (box.len && dims_check_value(box, NULL) != 0))
        return -EBADMSG;
    *source = name;
    *outbox = box;
    return 0;
}
