#include "daemon/store/cell.h"

#include <endian.h>
#include <errno.h>

int64_t cell_add(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

void cell_entry_encode(struct wire_writer *writer, int64_t at, const struct entry *entry) {
    uint64_t big = htobe64((uint64_t)at);
    wire_write_raw(writer, &big, sizeof big);
    entry_write(writer, entry);
}

int cell_entry_decode(struct str value, int64_t *at, struct entry *out) {
    uint64_t big;
    struct wire_reader reader;
    if (value.len < sizeof big)
        return -EBADMSG;
    memcpy(&big, value.at, sizeof big);
    wire_reader_init(&reader, value.at + sizeof big, value.len - sizeof big);
    if (entry_read(&reader, out, NULL) != 0 || !wire_at_end(&reader))
        return -EBADMSG;
    *at = (int64_t)be64toh(big);
    return 0;
}

/* Of the canonical form that key is the last one, and its number follows: 1 byte, or one more than 1, 2, 4 or 8. */
bool cell_entry_retracts(struct str value) {
    static const size_t number[] = {1, 2, 3, 5, 9};
    const struct str name = STR("retracts");
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (value.len >= name.len + number[i] &&
            memcmp(value.at + value.len - number[i] - name.len, name.at, name.len) == 0)
            return true;
    return false;
}

/* Of the canonical form these two come first. */
struct str cell_entry_said(struct str value) {
    struct wire_reader reader;
    uint32_t pairs;
    if (value.len < sizeof(uint64_t))
        return STR("");
    wire_reader_init(&reader, value.at + sizeof(uint64_t), value.len - sizeof(uint64_t));
    if (wire_read_map(&reader, &pairs, UINT32_MAX) != 0 || pairs < 2)
        return STR("");
    for (int i = 0; i < 4; i++)
        if (wire_skip(&reader) != 0)
            return STR("");
    return (struct str){(const char *)reader.at, (size_t)(reader.end - reader.at)};
}
