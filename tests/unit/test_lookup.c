/* The index against a list, with everything added, asked for and taken out in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/weblog/lookup.h"
#include "tests/unit/random.h"

#define HELD_MAX 700
#define KEYS     90

struct held {
    uint64_t key;
    uint32_t number;
};

/* So that chains hold other keys, too. */
static uint64_t key_of(uint64_t choice) {
    return choice % 9 + (choice / 9 << 40);
}

static void check_key(const struct lookup *lookup, const struct held *held, size_t count, uint64_t key) {
    uint64_t sum = 0, found = 0, wanted_sum = 0, wanted = 0;
    uint32_t cursor = 0, number;
    while (lookup_next(lookup, key, &cursor, &number)) {
        found++;
        sum += UINT64_C(1) << (number % 50);
    }
    for (size_t i = 0; i < count; i++)
        if (held[i].key == key) {
            wanted++;
            wanted_sum += UINT64_C(1) << (held[i].number % 50);
        }
    assert_int_equal(found, wanted);
    assert_int_equal(sum, wanted_sum);
}

static void as_a_list(void **state) {
    (void)state;
    struct lookup lookup = {0};
    struct held held[HELD_MAX];
    size_t count = 0;
    random_begin();
    for (unsigned round = 0; round < 60000; round++) {
        bool fills = round / 5000 % 2 == 0;
        if (count < HELD_MAX && (count == 0 || random_below(10) < (fills ? 7 : 3))) {
            held[count] = (struct held){key_of(random_below(KEYS)), (uint32_t)random_below(1000)};
            lookup_add(&lookup, held[count].key, held[count].number);
            count++;
        } else {
            size_t out = random_below(count);
            lookup_remove(&lookup, held[out].key, held[out].number);
            held[out] = held[--count];
        }
        check_key(&lookup, held, count, key_of(random_below(KEYS + 5)));
    }
    assert_true(lookup.size <= 2 * HELD_MAX); /* places are used again */
    lookup_clear(&lookup);
    check_key(&lookup, NULL, 0, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_a_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
