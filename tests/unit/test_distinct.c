#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "proto/distinct.h"

static struct str view(struct bytes bytes) {
    return (struct str){(const char *)bytes.at, bytes.len};
}

static void test_valid(void **state) {
    (void)state;
    static const struct {
        const char *hex;
        uint64_t count;
    } good[] = {
        {"01", 0},
        {"01 0000000000000000", 1},
        {"01 ffffffffffffffff", 1},
        {"01 0000000000000000 0000000000000001 7fffffffffffffff 8000000000000000 ffffffffffffffff", 5},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct bytes bytes = bytes_of_hex(good[i].hex);
        assert_true(distinct_valid(view(bytes)));
        assert_int_equal(distinct_count(view(bytes)), good[i].count);
        free(bytes.at);
    }
    static const char *const bad[] = {
        "",
        "00",
        "02",
        "0100",
        "01 00000000000000",
        "01 000000000000000000",
        "00 0000000000000001",
        "01 0000000000000001 0000000000000001",
        "01 0000000000000002 0000000000000001",
        "01 8000000000000000 7fffffffffffffff",
        "01 0000000000000001 0000000000000003 0000000000000002",
        "01 0000000000000001 0000000000000002 00",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes bytes = bytes_of_hex(bad[i]);
        assert_false(distinct_valid(view(bytes)));
        free(bytes.at);
    }
}

static void test_bytes(void **state) {
    (void)state;
    struct distinct *set;
    distinct_new(&set);
    assert_true(str_equal(distinct_bytes(set), STR("\x01")));
    distinct_add(set, 0x0102030405060708);
    distinct_add(set, 1);
    distinct_add(set, UINT64_MAX);
    distinct_add(set, 1);
    struct bytes wanted = bytes_of_hex("01 0000000000000001 0102030405060708 ffffffffffffffff");
    assert_int_equal(distinct_size(set), 3);
    assert_true(str_equal(distinct_bytes(set), view(wanted)));
    distinct_clear(set);
    assert_int_equal(distinct_size(set), 0);
    assert_true(str_equal(distinct_bytes(set), STR("\x01")));
    free(wanted.at);
    distinct_destroy(&set);
    assert_null(set);
    distinct_destroy(&set);
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A plain model: an array that is sorted and cleared of repeats with the C library alone. */
struct model {
    uint64_t *hash;
    size_t count;
};

static void model_check(struct model *model, struct distinct *set) {
    qsort(model->hash, model->count, sizeof *model->hash, compare);
    size_t unique = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (i == 0 || model->hash[i] != model->hash[i - 1])
            model->hash[unique++] = model->hash[i];
    }
    model->count = unique;
    assert_int_equal(distinct_size(set), unique);
    struct str bytes = distinct_bytes(set);
    assert_true(distinct_valid(bytes));
    assert_int_equal(distinct_count(bytes), unique);
    for (size_t i = 0; i < unique; i++) {
        for (unsigned byte = 0; byte < 8; byte++)
            assert_int_equal((uint8_t)bytes.at[1 + 8 * i + byte], model->hash[i] >> (56 - 8 * byte) & 0xff);
    }
}

static uint64_t some_hash(uint64_t *random, unsigned shape) {
    uint64_t hash = bytes_random(random);
    switch (shape) {
    case 0:
        return hash;
    case 1:
        return hash % 1000; /* many repeats, high bytes all the same */
    case 2:
        return hash << 40; /* low bytes all the same */
    default:
        return hash % 50000;
    }
}

static void test_against_a_model(void **state) {
    (void)state;
    uint64_t random = 20180307;
    print_message("seed %llu\n", (unsigned long long)random);
    const size_t room = 200000;
    struct model model = {malloc(room * sizeof(uint64_t)), 0};
    struct distinct *set, *part;
    distinct_new(&set);
    distinct_new(&part);
    for (unsigned round = 0; round < 200; round++) {
        unsigned shape = (unsigned)(bytes_random(&random) % 4);
        unsigned steps = 1 + (unsigned)(bytes_random(&random) % 12);
        distinct_clear(set);
        model.count = 0;
        for (unsigned step = 0; step < steps; step++) {
            size_t some = bytes_random(&random) % (step % 3 == 0 ? 3000 : 30);
            bool merging = bytes_random(&random) % 2 == 0;
            distinct_clear(part);
            for (size_t i = 0; i < some; i++) {
                uint64_t hash = some_hash(&random, shape);
                model.hash[model.count++] = hash;
                distinct_add(merging ? part : set, hash);
            }
            if (merging)
                distinct_merge(set, distinct_bytes(part));
            if (bytes_random(&random) % 4 == 0)
                model_check(&model, set);
        }
        model_check(&model, set);
    }
    distinct_destroy(&part);
    distinct_destroy(&set);
    free(model.hash);
}

static void test_union_laws(void **state) {
    (void)state;
    uint64_t random = 7;
    struct distinct *a, *b, *c, *left, *right;
    distinct_new(&a);
    distinct_new(&b);
    distinct_new(&c);
    distinct_new(&left);
    distinct_new(&right);
    for (size_t i = 0; i < 2000; i++) {
        distinct_add(a, bytes_random(&random) % 3000);
        distinct_add(b, bytes_random(&random) % 3000);
        distinct_add(c, bytes_random(&random) % 9000);
    }
    distinct_merge(left, distinct_bytes(a));
    distinct_merge(left, distinct_bytes(b));
    distinct_merge(left, distinct_bytes(c));
    distinct_merge(right, distinct_bytes(c));
    distinct_merge(right, distinct_bytes(b));
    distinct_merge(right, distinct_bytes(a));
    assert_true(str_equal(distinct_bytes(left), distinct_bytes(right)));
    distinct_merge(right, distinct_bytes(left));
    distinct_merge(right, distinct_bytes(a));
    assert_true(str_equal(distinct_bytes(left), distinct_bytes(right)));
    distinct_merge(right, STR("\x01"));
    assert_true(str_equal(distinct_bytes(left), distinct_bytes(right)));
    distinct_destroy(&a);
    distinct_destroy(&b);
    distinct_destroy(&c);
    distinct_destroy(&left);
    distinct_destroy(&right);
}

/* Repeats take no memory: ten million adds of a thousand hashes. */
static void test_repeats_are_cheap(void **state) {
    (void)state;
    struct distinct *set;
    distinct_new(&set);
    for (uint64_t i = 0; i < 10000000; i++)
        distinct_add(set, i % 1000);
    assert_int_equal(distinct_size(set), 1000);
    distinct_destroy(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_against_a_model),
        cmocka_unit_test(test_union_laws),
        cmocka_unit_test(test_repeats_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
