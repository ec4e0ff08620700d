/* Sorting of what is to be saved, against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/weblog/saves.h"
#include "tests/unit/random.h"

#define COUNT_MAX 30000

static int compare(const void *a, const void *b) {
    const struct save *x = a, *y = b;
    if (x->month != y->month)
        return x->month < y->month ? -1 : 1;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void as_the_library(void **state) {
    (void)state;
    struct save *list = calloc(COUNT_MAX, sizeof *list), *wanted = calloc(COUNT_MAX, sizeof *wanted);
    assert_true(list != NULL && wanted != NULL);
    random_begin();
    static const uint64_t spans[] = {1, 3, 200, 100000};
    for (unsigned round = 0; round < 80; round++) {
        size_t count = random_below(round % 2 ? COUNT_MAX : 200);
        uint64_t span = spans[round % 4];
        unsigned shift = round % 10 == 9 ? 52 : 0; /* hashes that all begin with zeros */
        for (size_t i = 0; i < count; i++) {
            int32_t month = (int32_t)random_below(span) - (int32_t)(span / 2);
            list[i] = (struct save){month, (uint32_t)i, random_next() >> shift};
        }
        memcpy(wanted, list, count * sizeof *list);
        qsort(wanted, count, sizeof *wanted, compare);
        saves_sort(list, count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(list[i].month, wanted[i].month);
            assert_int_equal(list[i].hash, wanted[i].hash);
            assert_true(shift > 0 || list[i].number == wanted[i].number);
        }
    }
    free(list);
    free(wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_library)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
