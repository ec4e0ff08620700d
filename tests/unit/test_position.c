/* Which log is this, and how far was it counted: by content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/weblog/digest.h"
#include "clients/weblog/locate.h"
#include "clients/weblog/position.h"
#include "proto/wire.h"
#include "tests/unit/table.h"

#define SIZE 300000

static char *noise(uint64_t seed) {
    char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)table_random(&seed);
    bytes[0] = 'x'; /* no packing begins so */
    return bytes;
}

static struct digest_value digest_of(const char *bytes, size_t len) {
    struct digest *digest;
    digest_new(&digest, 99);
    digest_feed(digest, bytes, len);
    struct digest_value value = digest_now(digest);
    digest_destroy(&digest);
    return value;
}

static void digests(void **state) {
    (void)state;
    char *bytes = noise(1);
    static const size_t lens[] = {1, 100, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 200001, SIZE};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct digest_value whole = digest_of(bytes, lens[i]);
        struct digest *digest, *resumed;
        digest_new(&digest, 99);
        for (size_t at = 0, step = 1; at < lens[i]; at += step, step = step * 3 % 7001 + 1)
            digest_feed(digest, bytes + at, at + step < lens[i] ? step : lens[i] - at);
        struct digest_value chain = digest_chain(digest), head = digest_head(digest),
                            now = digest_now(digest);
        assert_memory_equal(&now, &whole, sizeof now);
        digest_new(&resumed, 99);
        digest_resume(resumed, lens[i], &chain, &head);
        size_t from = (size_t)digest_offset(resumed);
        assert_int_equal(from, lens[i] - lens[i] % DIGEST_BLOCK);
        digest_feed(resumed, bytes + from, lens[i] - from);
        now = digest_now(resumed);
        assert_memory_equal(&now, &whole, sizeof now);
        digest_destroy(&digest);
        digest_destroy(&resumed);
        bytes[lens[i] / 2] ^= 1;
        now = digest_of(bytes, lens[i]);
        assert_memory_not_equal(&now, &whole, sizeof now);
        bytes[lens[i] / 2] ^= 1;
    }
    free(bytes);
}

static struct position position_of(const char *bytes, size_t len, const char *path) {
    struct digest *digest;
    digest_new(&digest, 99);
    digest_feed(digest, bytes, len);
    struct position position = {.mark = {{.offset = len, .digest = digest_now(digest)}},
                                .marks = 1,
                                .chain = digest_chain(digest),
                                .head = digest_head(digest),
                                .path = path,
                                .format = LINE_COMBINED,
                                .used = 5};
    digest_destroy(&digest);
    return position;
}

static void records(void **state) {
    (void)state;
    char *bytes = noise(2);
    struct position position = position_of(bytes, 5000, "/a/b"), again;
    position.marks = 2;
    position.mark[1] = (struct mark){.offset = 7, .tail = TAIL_DOUBTFUL, .tail_len = 3, .tail_day = -4};
    struct wire_writer *writer;
    wire_writer_new(&writer, 10000);
    position_write(writer, &position);
    const char *record = (const char *)wire_writer_data(writer);
    size_t len = wire_writer_len(writer);
    struct str path;
    assert_int_equal(position_read((struct str){record, len}, &again, &path), 0);
    assert_true(str_equal(path, STR("/a/b")));
    assert_int_equal(again.marks, 2);
    assert_int_equal(again.mark[1].tail, TAIL_DOUBTFUL);
    assert_int_equal(again.mark[1].tail_day, -4);
    assert_memory_equal(&again.mark[0].digest, &position.mark[0].digest, DIGEST_BYTES);
    for (size_t cut = 0; cut < len; cut++) {
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, record, cut);
        assert_int_equal(position_read((struct str){copy, cut}, &again, &path), -EINVAL);
        free(copy);
    }
    char *damaged = malloc(len + 1);
    assert_non_null(damaged);
    memcpy(damaged, record, len);
    damaged[len] = 0;
    assert_int_equal(position_read((struct str){damaged, len + 1}, &again, &path), -EINVAL);
    damaged[1] = 2; /* the version */
    assert_int_equal(position_read((struct str){damaged, len}, &again, &path), -EINVAL);
    free(damaged);
    wire_writer_destroy(&writer);
    free(bytes);
}

struct folder {
    struct table table;
    struct positions *positions;
    char path[64];
};

static void folder_open(struct folder *folder) {
    table_init(&folder->table);
    uint64_t seed = 99;
    struct record_key key = record_key_of(RECORD_SEED, (struct str){0});
    folder->table.records.put(&folder->table, record_key_str(&key), (struct str){(char *)&seed, sizeof seed},
                              NULL);
    assert_int_equal(positions_load(&folder->positions, &folder->table.records, STR("s"), NULL), 0);
    assert_int_equal(positions_seed(folder->positions), 99);
    strcpy(folder->path, "/tmp/suivi-position-XXXXXX");
    int file = mkstemp(folder->path);
    assert_true(file >= 0);
    close(file);
}

static void folder_close(struct folder *folder) {
    unlink(folder->path);
    positions_destroy(&folder->positions);
    table_free(&folder->table);
}

static uint64_t put(struct folder *folder, const char *bytes, size_t len) {
    struct position position = position_of(bytes, len, "/a/b");
    assert_int_equal(positions_put(folder->positions, &position, NULL), 0);
    return position.id;
}

/* Writes the file and finds its place; what follows must be read from there. */
static struct place find(struct folder *folder, const char *bytes, size_t len, uint64_t only) {
    FILE *file = fopen(folder->path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    struct input *input;
    struct digest *digest;
    struct place place;
    digest_new(&digest, 99);
    assert_int_equal(input_open(&input, folder->path, NULL), 0);
    assert_int_equal(locate(&place, &input, digest, folder->positions, only, NULL), 0);
    assert_int_equal(digest_offset(digest), place.mark.offset);
    char next;
    if (place.mark.offset < len) {
        assert_int_equal(input_read(input, &next, 1, NULL), 1);
        assert_int_equal(next, bytes[place.mark.offset]);
    }
    input_close(&input);
    digest_destroy(&digest);
    return place;
}

static void places(void **state) {
    (void)state;
    struct folder folder;
    folder_open(&folder);
    char *bytes = noise(3), *other = noise(4);
    assert_int_equal(find(&folder, bytes, SIZE, 0).id, 0);
    uint64_t small = put(&folder, bytes, 100), middle = put(&folder, bytes, 70000),
             large = put(&folder, bytes, 200000);
    assert_true(find(&folder, bytes, 100, 0).id == small);
    assert_true(find(&folder, bytes, 69999, 0).id == small);
    assert_true(find(&folder, bytes, 70000, 0).id == middle);
    assert_true(find(&folder, bytes, SIZE, 0).id == large);
    assert_true(find(&folder, bytes, SIZE, middle).id == middle);
    assert_int_equal(find(&folder, bytes, 99, 0).id, 0);
    assert_int_equal(find(&folder, other, SIZE, 0).id, 0);
    assert_int_equal(find(&folder, other, SIZE, 0).mark.offset, 0);
    bytes[150000] ^= 1; /* goes another way after `middle` */
    assert_true(find(&folder, bytes, SIZE, 0).id == middle);
    assert_int_equal(find(&folder, bytes, SIZE, large).id, 0);
    free(bytes);
    free(other);
    folder_close(&folder);
}

/* The same file again: known by its inode, but another log may have been read further with the same content.
 */
static void same_file(void **state) {
    (void)state;
    struct folder folder;
    folder_open(&folder);
    char *bytes = noise(7);
    struct stat file;
    assert_int_equal(stat(folder.path, &file), 0);
    put(&folder, bytes, 5000);
    struct position position = position_of(bytes, 70000, folder.path);
    position.dev = file.st_dev;
    position.ino = file.st_ino;
    assert_int_equal(positions_put(folder.positions, &position, NULL), 0);
    assert_true(find(&folder, bytes, SIZE, 0).id == position.id);
    assert_int_equal(find(&folder, bytes, SIZE, 0).mark.offset, 70000);
    uint64_t further = put(&folder, bytes, 200000);
    assert_true(find(&folder, bytes, SIZE, 0).id == further);
    assert_true(find(&folder, bytes, 199999, 0).id == position.id);
    bytes[69999] ^= 1; /* written over */
    assert_int_equal(find(&folder, bytes, SIZE, 0).mark.offset, 5000);
    bytes[10] ^= 1;
    assert_int_equal(find(&folder, bytes, SIZE, 0).id, 0);
    free(bytes);
    folder_close(&folder);
}

static void watched_stream(void **state) {
    (void)state;
    struct folder folder;
    folder_open(&folder);
    char *bytes = noise(5);
    uint64_t small = put(&folder, bytes, 100), large = put(&folder, bytes, 200000);
    struct locate_watch *watch;
    struct digest *digest;
    digest_new(&digest, 99);
    locate_watch_new(&watch, folder.positions);
    struct place place = {0};
    unsigned met = 0;
    for (size_t at = 0; at < SIZE; at += 77)
        if (locate_watch_feed(watch, digest, bytes + at, at + 77 < SIZE ? 77 : SIZE - at, &place)) {
            assert_true(place.id == (met == 0 ? small : large));
            met++;
        }
    assert_int_equal(met, 2);
    assert_true(locate_watch_over(watch));
    struct digest_value now = digest_now(digest), whole = digest_of(bytes, SIZE);
    assert_memory_equal(&now, &whole, sizeof now);
    locate_watch_destroy(&watch);
    digest_destroy(&digest);
    free(bytes);
    folder_close(&folder);
}

static void stored(void **state) {
    (void)state;
    struct folder folder;
    folder_open(&folder);
    char *bytes = noise(6);
    uint64_t first = put(&folder, bytes, 100);
    struct position newer = position_of(bytes, 300, "/a/b");
    newer.used = 6;
    assert_int_equal(positions_put(folder.positions, &newer, NULL), 0);
    assert_true(positions_by_path(folder.positions, "/a/b")->id == newer.id);
    assert_null(positions_by_path(folder.positions, "/a"));
    struct positions *again;
    assert_int_equal(positions_load(&again, &folder.table.records, STR("s"), NULL), 0);
    assert_non_null(positions_find(again, first));
    assert_int_equal(positions_find(again, newer.id)->mark[0].offset, 300);
    positions_destroy(&again);
    assert_int_equal(positions_load(&again, &folder.table.records, STR("other"), NULL), 0);
    assert_null(positions_find(again, first));
    assert_null(positions_find(again, newer.id));
    positions_destroy(&again);
    free(bytes);
    folder_close(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),   cmocka_unit_test(records), cmocka_unit_test(places),
        cmocka_unit_test(same_file), cmocka_unit_test(stored),  cmocka_unit_test(watched_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
