/* Many arrays that grow in turn keep what is in them, and never overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/weblog/pool.h"
#include "tests/unit/random.h"

#define ARRAYS 3000

struct element {
    uint64_t array, place;
    char more[8];
};

struct array {
    struct element *at;
    uint32_t count, size;
};

static void add(struct pool *pool, struct array *arrays, size_t number) {
    struct array *array = &arrays[number];
    array->at = pool_reserve(pool, array->at, array->count, &array->size, sizeof *array->at);
    assert_true(array->count < array->size);
    array->at[array->count] = (struct element){.array = number, .place = array->count};
    array->count++;
}

static void check(const struct array *arrays) {
    for (size_t i = 0; i < ARRAYS; i++)
        for (uint32_t place = 0; place < arrays[i].count; place++) {
            assert_int_equal(arrays[i].at[place].array, i);
            assert_int_equal(arrays[i].at[place].place, place);
        }
}

static void test_arrays_keep_apart(void **state) {
    (void)state;
    struct pool pool = {0};
    struct array *arrays = calloc(ARRAYS, sizeof *arrays);
    assert_non_null(arrays);
    random_begin();
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 200000; i++) /* the first arrays grow much more than the last */
            add(&pool, arrays, random_below(1 + random_below(ARRAYS)));
        check(arrays);
        for (unsigned i = 0; i < 600000; i++) /* one larger than a chunk */
            add(&pool, arrays, 7);
        check(arrays);
        pool_clear(&pool);
        for (size_t i = 0; i < ARRAYS; i++)
            arrays[i] = (struct array){0};
    }
    free(arrays);
}

static void test_what_was_outgrown_is_used_again(void **state) {
    (void)state;
    struct pool pool = {0};
    struct array arrays[2] = {0};
    for (unsigned i = 0; i < 100; i++)
        add(&pool, arrays, 0);
    char *first = pool.chunk[0];
    size_t left = pool.left;
    for (unsigned i = 0; i < 50; i++)
        add(&pool, arrays, 1);
    assert_ptr_equal(pool.chunk[0], first);
    assert_int_equal(pool.left, left);
    pool_clear(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays_keep_apart),
        cmocka_unit_test(test_what_was_outgrown_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
