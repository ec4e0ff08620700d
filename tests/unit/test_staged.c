/* Records that wait for a commit: found again, and in the order of their keys however they came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/lib/staged.h"
#include "tests/unit/random.h"

#define NUMBERS 2000

static struct str key_of(char *bytes, uint64_t number) {
    int len = snprintf(bytes, 16, "k%06u", (unsigned)number);
    return (struct str){bytes, (size_t)len};
}

/* A few keys anywhere, a long run in order, a few more: any of the three may be missing. */
static void put_some(struct staged *staged, unsigned *version) {
    char bytes[16];
    for (unsigned part = 0; part < 3; part++) {
        uint64_t number = random_below(NUMBERS), times = random_below(part == 1 ? NUMBERS : 9);
        for (uint64_t i = 0; i < times && number < NUMBERS; i++) {
            version[number]++;
            struct str key = key_of(bytes, number);
            staged_put(staged, key, (struct str){(const char *)&version[number], sizeof *version});
            number = part == 1 ? number + 1 : random_below(NUMBERS);
        }
    }
}

static void check(struct staged *staged, const unsigned *version) {
    const uint32_t *order = staged_sort(staged);
    size_t count = staged_count(staged), wanted = 0;
    for (size_t i = 1; i < count; i++)
        assert_true(str_compare(staged_at(staged, order[i - 1]).key, staged_at(staged, order[i]).key) < 0);
    for (unsigned number = 0; number < NUMBERS; number++) {
        char bytes[16];
        struct staged_record record;
        bool found = staged_find(staged, key_of(bytes, number), &record);
        assert_int_equal(found, version[number] > 0);
        wanted += found;
        if (found)
            assert_memory_equal(record.value.at, &version[number], sizeof *version);
    }
    assert_int_equal(count, wanted);
}

static void any_order(void **state) {
    (void)state;
    struct staged *staged;
    staged_new(&staged);
    random_begin();
    for (unsigned round = 0; round < 300; round++) {
        unsigned version[NUMBERS] = {0};
        check(staged, version);
        for (unsigned more = 0; more < 2; more++) {
            put_some(staged, version);
            check(staged, version);
        }
        staged_clear(staged);
    }
    staged_destroy(&staged);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
