#include "proto/distinct.h"

#include <endian.h>
#include <stdlib.h>

#include "proto/check.h"

#define DISTINCT_MAGIC 0x64737463u
#define HASH_BYTES     8
#define ROOM_MIN       64
#define RADIX_MIN      256 /* below, qsort is as quick */

/* hash[0..sorted) rises without repeats; hash[sorted..count) waits, in any order. */
struct distinct {
    unsigned magic;
    uint64_t *hash, *spare; /* both of `room` */
    size_t sorted, count, room;
    uint8_t *bytes;
    size_t bytes_room;
};

static uint64_t hash_at(struct str bytes, size_t index) {
    uint64_t big;
    memcpy(&big, bytes.at + 1 + index * HASH_BYTES, sizeof big);
    return be64toh(big);
}

bool distinct_valid(struct str bytes) {
    if (bytes.len < 1 || bytes.at[0] != DISTINCT_VERSION || (bytes.len - 1) % HASH_BYTES != 0)
        return false;
    size_t count = (bytes.len - 1) / HASH_BYTES;
    for (size_t i = 1; i < count; i++) {
        if (hash_at(bytes, i - 1) >= hash_at(bytes, i))
            return false;
    }
    return true;
}

uint64_t distinct_count(struct str bytes) {
    ASSERT(bytes.len >= 1);
    return (bytes.len - 1) / HASH_BYTES;
}

void distinct_new(struct distinct **out) {
    struct distinct *set = mem_zeroed(1, sizeof *set);
    set->magic = DISTINCT_MAGIC;
    *out = set;
}

void distinct_destroy(struct distinct **set) {
    if (*set == NULL)
        return;
    OBJ_CHECK(*set, DISTINCT_MAGIC);
    (*set)->magic = 0;
    free((*set)->hash);
    free((*set)->spare);
    free((*set)->bytes);
    free(*set);
    *set = NULL;
}

void distinct_clear(struct distinct *set) {
    OBJ_CHECK(set, DISTINCT_MAGIC);
    set->sorted = set->count = 0;
}

static int compare_hashes(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Byte by byte from the lowest; a byte that is the same everywhere needs no pass. `spare` is as long as
 * `hash`. */
static void radix_sort(uint64_t *hash, uint64_t *spare, size_t count) {
    static const size_t buckets = 256;
    size_t start[HASH_BYTES][256] = {0};
    for (size_t i = 0; i < count; i++) {
        for (unsigned byte = 0; byte < HASH_BYTES; byte++)
            start[byte][hash[i] >> (8 * byte) & 0xff]++;
    }
    uint64_t *from = hash, *to = spare;
    for (unsigned byte = 0; byte < HASH_BYTES; byte++) {
        if (start[byte][from[0] >> (8 * byte) & 0xff] == count)
            continue;
        size_t sum = 0;
        for (size_t i = 0; i < buckets; i++) {
            size_t here = start[byte][i];
            start[byte][i] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            to[start[byte][from[i] >> (8 * byte) & 0xff]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != hash)
        memcpy(hash, from, count * sizeof *hash);
}

/* Merges two rising runs without repeats into `out`; returns how many came out. */
static size_t merge_runs(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
                         uint64_t *out) {
    size_t i = 0, j = 0, count = 0;
    while (i < a_count && j < b_count) {
        uint64_t x = a[i], y = b[j];
        out[count++] = x < y ? x : y;
        i += x <= y;
        j += y <= x;
    }
    if (i < a_count)
        memcpy(out + count, a + i, (a_count - i) * sizeof *out);
    count += a_count - i;
    if (j < b_count)
        memcpy(out + count, b + j, (b_count - j) * sizeof *out);
    return count + b_count - j;
}

static void settle(struct distinct *set) {
    size_t waiting = set->count - set->sorted;
    if (waiting == 0)
        return;
    uint64_t *fresh = set->hash + set->sorted;
    if (waiting < RADIX_MIN)
        qsort(fresh, waiting, sizeof *fresh, compare_hashes);
    else
        radix_sort(fresh, set->spare, waiting);
    size_t unique = 1;
    for (size_t i = 1; i < waiting; i++) {
        if (fresh[i] != fresh[unique - 1])
            fresh[unique++] = fresh[i];
    }
    if (set->sorted == 0) {
        set->count = set->sorted = unique;
        return;
    }
    set->count = set->sorted = merge_runs(set->hash, set->sorted, fresh, unique, set->spare);
    uint64_t *swap = set->hash;
    set->hash = set->spare;
    set->spare = swap;
}

/* Room for `more` hashes. Repeats are thrown out before memory is taken; it grows once half of it is truly
 * used, so that settling stays rare. */
static void reserve(struct distinct *set, size_t more) {
    if (set->room - set->count >= more)
        return;
    settle(set);
    size_t wanted = set->count + more;
    size_t room = set->room < ROOM_MIN ? ROOM_MIN : set->room;
    while (room < wanted || room / 2 < set->count)
        room *= 2;
    if (room == set->room)
        return;
    set->hash = mem_resize(set->hash, room, sizeof *set->hash);
    set->spare = mem_resize(set->spare, room, sizeof *set->spare);
    set->room = room;
}

void distinct_add(struct distinct *set, uint64_t hash) {
    OBJ_CHECK(set, DISTINCT_MAGIC);
    if (set->count == set->room)
        reserve(set, 1);
    set->hash[set->count++] = hash;
}

void distinct_merge(struct distinct *set, struct str bytes) {
    OBJ_CHECK(set, DISTINCT_MAGIC);
    ASSERT(bytes.len >= 1 && bytes.at[0] == DISTINCT_VERSION);
    size_t more = (bytes.len - 1) / HASH_BYTES;
    if (more == 0)
        return;
    reserve(set, more);
    bool extends =
        set->count == set->sorted && (set->count == 0 || set->hash[set->count - 1] < hash_at(bytes, 0));
    uint64_t *fresh = set->hash + set->count;
    for (size_t i = 0; i < more; i++)
        fresh[i] = hash_at(bytes, i);
    set->count += more;
    if (extends) {
        set->sorted = set->count;
        return;
    }
    /* A large set is merged at once, as it is in order already; small ones wait and are sorted together. */
    if (set->sorted == set->count - more && more >= set->sorted / 8) {
        set->count = set->sorted = merge_runs(set->hash, set->sorted, fresh, more, set->spare);
        uint64_t *swap = set->hash;
        set->hash = set->spare;
        set->spare = swap;
    }
}

uint64_t distinct_size(struct distinct *set) {
    OBJ_CHECK(set, DISTINCT_MAGIC);
    settle(set);
    return set->count;
}

struct str distinct_bytes(struct distinct *set) {
    OBJ_CHECK(set, DISTINCT_MAGIC);
    settle(set);
    size_t len = 1 + set->count * HASH_BYTES;
    if (len > set->bytes_room) {
        set->bytes = mem_resize(set->bytes, len, 1);
        set->bytes_room = len;
    }
    set->bytes[0] = DISTINCT_VERSION;
    for (size_t i = 0; i < set->count; i++) {
        uint64_t big = htobe64(set->hash[i]);
        memcpy(set->bytes + 1 + i * HASH_BYTES, &big, sizeof big);
    }
    return (struct str){(const char *)set->bytes, len};
}
