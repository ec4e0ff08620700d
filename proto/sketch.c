#include "proto/sketch.h"

#include <endian.h>
#include <stdlib.h>

#include "proto/check.h"
#include "proto/sketch_priv.h"

#define SKETCH_MAGIC  0x736b6368u
#define VERSION_EXACT 1
#define VERSION_DENSE 2
#define HASH_BYTES    8
#define ROOM_MIN      64
#define RADIX_MIN     256 /* below, qsort is as quick */

/* hash[0..sorted) rises without repeats; hash[sorted..count) waits, in any order. Of a dense one there are none. */
struct sketch {
    unsigned magic;
    uint64_t *hash, *spare; /* both of `room` */
    size_t sorted, count, room;
    bool dense;
    uint32_t *registers; /* once it was dense */
    uint8_t *bytes;
    size_t bytes_room;
};

static uint64_t hash_at(struct str bytes, size_t index) {
    uint64_t big;
    memcpy(&big, bytes.at + 1 + index * HASH_BYTES, sizeof big);
    return be64toh(big);
}

static bool is_dense(struct str bytes) {
    ASSERT(bytes.len >= 1);
    return bytes.at[0] == VERSION_DENSE;
}

static size_t hash_count(struct str bytes) {
    return (bytes.len - 1) / HASH_BYTES;
}

static bool exact_valid(struct str bytes) {
    if ((bytes.len - 1) % HASH_BYTES != 0 || hash_count(bytes) > SKETCH_EXACT_MAX)
        return false;
    for (size_t i = 1; i < hash_count(bytes); i++) {
        if (hash_at(bytes, i - 1) >= hash_at(bytes, i))
            return false;
    }
    return true;
}

bool sketch_valid(struct str bytes) {
    if (bytes.len >= 1 && bytes.at[0] == VERSION_EXACT)
        return exact_valid(bytes);
    return bytes.len == 1 + DENSE_BYTES && bytes.at[0] == VERSION_DENSE && dense_valid(bytes.at + 1);
}

uint64_t sketch_count(struct str bytes) {
    uint32_t registers[DENSE_REGISTERS];
    if (!is_dense(bytes))
        return hash_count(bytes);
    dense_read(registers, bytes.at + 1);
    return dense_estimate(registers);
}

unsigned sketch_count_error(struct str bytes) {
    return is_dense(bytes) ? SKETCH_ERROR : 0;
}

void sketch_new(struct sketch **out) {
    struct sketch *sketch = mem_zeroed(1, sizeof *sketch);
    sketch->magic = SKETCH_MAGIC;
    *out = sketch;
}

void sketch_destroy(struct sketch **sketch) {
    if (*sketch == NULL)
        return;
    OBJ_CHECK(*sketch, SKETCH_MAGIC);
    (*sketch)->magic = 0;
    free((*sketch)->hash);
    free((*sketch)->spare);
    free((*sketch)->registers);
    free((*sketch)->bytes);
    free(*sketch);
    *sketch = NULL;
}

void sketch_clear(struct sketch *sketch) {
    OBJ_CHECK(sketch, SKETCH_MAGIC);
    sketch->sorted = sketch->count = 0;
    sketch->dense = false;
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

/* The registers take over. */
static void go_dense(struct sketch *sketch) {
    if (sketch->registers == NULL)
        sketch->registers = mem_zeroed(DENSE_REGISTERS, sizeof *sketch->registers);
    else
        memset(sketch->registers, 0, DENSE_REGISTERS * sizeof *sketch->registers);
    for (size_t i = 0; i < sketch->count; i++)
        dense_add(sketch->registers, sketch->hash[i]);
    sketch->dense = true;
    free(sketch->hash);
    free(sketch->spare);
    sketch->hash = sketch->spare = NULL;
    sketch->sorted = sketch->count = sketch->room = 0;
}

static void swap_spare(struct sketch *sketch) {
    uint64_t *swap = sketch->hash;
    sketch->hash = sketch->spare;
    sketch->spare = swap;
}

/* Brings it into the form that its hashes are due. */
static void settle(struct sketch *sketch) {
    size_t waiting = sketch->count - sketch->sorted;
    if (waiting > 0) {
        uint64_t *fresh = sketch->hash + sketch->sorted;
        if (waiting < RADIX_MIN)
            qsort(fresh, waiting, sizeof *fresh, compare_hashes);
        else
            radix_sort(fresh, sketch->spare, waiting);
        size_t unique = 1;
        for (size_t i = 1; i < waiting; i++) {
            if (fresh[i] != fresh[unique - 1])
                fresh[unique++] = fresh[i];
        }
        if (sketch->sorted == 0) {
            sketch->count = sketch->sorted = unique;
        } else {
            sketch->count = sketch->sorted =
                merge_runs(sketch->hash, sketch->sorted, fresh, unique, sketch->spare);
            swap_spare(sketch);
        }
    }
    if (sketch->count > SKETCH_EXACT_MAX)
        go_dense(sketch);
}

/* Room for `more` hashes, unless it has become dense. Repeats are thrown out before memory is taken; it grows once
 * half of it is truly used, so that settling stays rare. */
static void reserve(struct sketch *sketch, size_t more) {
    if (sketch->room - sketch->count >= more)
        return;
    settle(sketch);
    if (sketch->dense)
        return;
    size_t wanted = sketch->count + more;
    size_t room = sketch->room < ROOM_MIN ? ROOM_MIN : sketch->room;
    while (room < wanted || room / 2 < sketch->count)
        room *= 2;
    if (room == sketch->room)
        return;
    sketch->hash = mem_resize(sketch->hash, room, sizeof *sketch->hash);
    sketch->spare = mem_resize(sketch->spare, room, sizeof *sketch->spare);
    sketch->room = room;
}

void sketch_add(struct sketch *sketch, uint64_t hash) {
    OBJ_CHECK(sketch, SKETCH_MAGIC);
    if (sketch->count == sketch->room && !sketch->dense)
        reserve(sketch, 1);
    if (sketch->dense)
        dense_add(sketch->registers, hash);
    else
        sketch->hash[sketch->count++] = hash;
}

/* It is exact and has room. */
static void merge_hashes(struct sketch *sketch, struct str bytes) {
    size_t more = hash_count(bytes);
    bool extends = sketch->count == sketch->sorted &&
                   (sketch->count == 0 || sketch->hash[sketch->count - 1] < hash_at(bytes, 0));
    uint64_t *fresh = sketch->hash + sketch->count;
    for (size_t i = 0; i < more; i++)
        fresh[i] = hash_at(bytes, i);
    sketch->count += more;
    if (extends) {
        sketch->sorted = sketch->count;
        return;
    }
    /* A large set is merged at once, as it is in order already; small ones wait and are sorted together. */
    if (sketch->sorted == sketch->count - more && more >= sketch->sorted / 8) {
        sketch->count = sketch->sorted = merge_runs(sketch->hash, sketch->sorted, fresh, more, sketch->spare);
        swap_spare(sketch);
    }
}

void sketch_merge(struct sketch *sketch, struct str bytes) {
    OBJ_CHECK(sketch, SKETCH_MAGIC);
    if (is_dense(bytes)) {
        ASSERT(bytes.len == 1 + DENSE_BYTES);
        if (!sketch->dense)
            go_dense(sketch);
        dense_merge(sketch->registers, bytes.at + 1);
        return;
    }
    ASSERT(bytes.at[0] == VERSION_EXACT);
    size_t more = hash_count(bytes);
    if (more > 0 && !sketch->dense)
        reserve(sketch, more);
    if (!sketch->dense && more > 0)
        merge_hashes(sketch, bytes);
    else
        for (size_t i = 0; i < more; i++)
            dense_add(sketch->registers, hash_at(bytes, i));
}

uint64_t sketch_size(struct sketch *sketch) {
    OBJ_CHECK(sketch, SKETCH_MAGIC);
    settle(sketch);
    return sketch->dense ? dense_estimate(sketch->registers) : sketch->count;
}

unsigned sketch_error(struct sketch *sketch) {
    OBJ_CHECK(sketch, SKETCH_MAGIC);
    settle(sketch);
    return sketch->dense ? SKETCH_ERROR : 0;
}

struct str sketch_bytes(struct sketch *sketch) {
    OBJ_CHECK(sketch, SKETCH_MAGIC);
    settle(sketch);
    size_t len = 1 + (sketch->dense ? DENSE_BYTES : sketch->count * HASH_BYTES);
    if (len > sketch->bytes_room) {
        sketch->bytes = mem_resize(sketch->bytes, len, 1);
        sketch->bytes_room = len;
    }
    sketch->bytes[0] = sketch->dense ? VERSION_DENSE : VERSION_EXACT;
    if (sketch->dense)
        dense_write(sketch->registers, sketch->bytes + 1);
    for (size_t i = 0; i < sketch->count; i++) {
        uint64_t big = htobe64(sketch->hash[i]);
        memcpy(sketch->bytes + 1 + i * HASH_BYTES, &big, sizeof big);
    }
    return (struct str){(const char *)sketch->bytes, len};
}
