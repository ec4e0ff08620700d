#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/books/names.h"
#include "proto/check.h"

#define MANY 300000u /* over several chunks and growths */

static struct str text_of(uint32_t number, char *buffer) {
    int len = snprintf(buffer, 64, "name-%u-%.*s", number, (int)(number % 13), "abcdefghijklm");
    return (struct str){buffer, (size_t)len};
}

static void each_text_has_its_number(void **state) {
    (void)state;
    struct names *names;
    char buffer[64];
    names_new(&names);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(names_find(names, text_of(i, buffer)).number, NAMES_NONE);
        assert_int_equal(names_add(names, (char)(i % 3), text_of(i, buffer)), i);
    }
    assert_int_equal(names_count(names), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        struct str text = text_of(i, buffer);
        struct name_found found = names_find(names, text);
        assert_int_equal(found.number, i);
        assert_int_equal(found.mark, i % 3);
        assert_true(str_equal(names_text(names, i), text));
        struct str marked = names_marked(names, i);
        assert_int_equal(marked.len, text.len + 1);
        assert_int_equal(marked.at[0], i % 3);
    }
    names_destroy(&names);
}

/* Known and unknown ones, in numbers around those that are looked up at once. */
static void many_are_found_as_one_is(void **state) {
    (void)state;
    struct names *names;
    char buffer[64], *texts = mem_zeroed(2000, 64);
    uint32_t *end = mem_zeroed(2000, sizeof *end), used = 0;
    struct name_found *found = mem_zeroed(2000, sizeof *found);
    names_new(&names);
    for (uint32_t i = 0; i < 1000; i++)
        (void)names_add(names, 0, text_of(i, buffer));
    for (uint32_t i = 0; i < 2000; i++) {
        struct str text = text_of(i * 7 % 2000, buffer);
        memcpy(texts + used, text.at, text.len);
        end[i] = used += (uint32_t)text.len;
    }
    static const size_t counts[] = {0, 1, 31, 32, 33, 2000};
    for (size_t row = 0; row < sizeof counts / sizeof counts[0]; row++) {
        names_find_all(names, texts, end, counts[row], found);
        for (uint32_t i = 0; i < counts[row]; i++)
            assert_int_equal(found[i].number, i * 7 % 2000 < 1000 ? i * 7 % 2000 : NAMES_NONE);
    }
    names_destroy(&names);
    free(texts);
    free(end);
    free(found);
}

static void the_longest_and_the_empty_text_are_held(void **state) {
    (void)state;
    struct names *names;
    static char longest[NAMES_TEXT_MAX];
    memset(longest, 'x', sizeof longest);
    names_new(&names);
    for (uint32_t i = 0; i < 100; i++) { /* the ends of chunks */
        longest[0] = (char)i;
        assert_int_equal(names_add(names, 1, (struct str){longest, sizeof longest}), i);
    }
    assert_int_equal(names_add(names, 1, STR("")), 100);
    assert_int_equal(names_find(names, STR("")).number, 100);
    longest[0] = 42;
    assert_int_equal(names_find(names, (struct str){longest, sizeof longest}).number, 42);
    names_destroy(&names);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_has_its_number),
        cmocka_unit_test(many_are_found_as_one_is),
        cmocka_unit_test(the_longest_and_the_empty_text_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
