#include "clients/listserv/records.h"

#include "proto/check.h"

struct record_key record_key_of(enum record_kind kind, struct str list, const void *tail, size_t tail_len) {
    ASSERT(list.len <= DIM_VALUE_MAX && tail_len <= RECORD_TAIL_MAX);
    struct record_key key = {.len = 1 + list.len + 1 + tail_len};
    key.bytes[0] = (char)kind;
    memcpy(key.bytes + 1, list.at, list.len);
    if (tail_len > 0)
        memcpy(key.bytes + 1 + list.len + 1, tail, tail_len);
    return key;
}

void record_put_number(unsigned char *out, unsigned bytes, uint64_t number) {
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (unsigned char)(number >> (8 * (bytes - 1 - i)));
}

uint64_t record_get_number(const unsigned char *in, unsigned bytes) {
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | in[i];
    return number;
}
