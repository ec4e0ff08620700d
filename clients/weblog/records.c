#include "clients/weblog/records.h"

#include <errno.h>

#include "proto/check.h"

struct record_key record_key_of(enum record_kind kind, struct str site) {
    ASSERT(site.len <= DIM_VALUE_MAX);
    struct record_key key = {.len = 1 + site.len + 1};
    key.bytes[0] = (char)kind;
    if (site.len > 0)
        memcpy(key.bytes + 1, site.at, site.len);
    return key;
}

static void add_big_endian(struct record_key *key, uint64_t number, unsigned bytes) {
    ASSERT(key->len + bytes <= sizeof key->bytes);
    for (unsigned i = 0; i < bytes; i++)
        key->bytes[key->len++] = (char)(number >> (8 * (bytes - 1 - i)));
}

/* Months before 1970 are negative: the flipped sign bit keeps them in order. */
void record_key_add_month(struct record_key *key, int32_t month) {
    add_big_endian(key, (uint32_t)month ^ 0x80000000u, 4);
}

void record_key_add_number(struct record_key *key, uint64_t number) {
    add_big_endian(key, number, 8);
}

static uint64_t read_big_endian(const char *bytes, unsigned count) {
    uint64_t number = 0;
    for (unsigned i = 0; i < count; i++)
        number = number << 8 | (unsigned char)bytes[i];
    return number;
}

int record_key_read(struct str key, struct str site, int32_t *month, uint64_t *number) {
    size_t prefix = 1 + site.len + 1;
    if (key.len != prefix + 12)
        return -EINVAL;
    *month = (int32_t)((uint32_t)read_big_endian(key.at + prefix, 4) ^ 0x80000000u);
    *number = read_big_endian(key.at + prefix + 4, 8);
    return 0;
}
