#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/fault.h"
#include "proto/str.h"
#include "proto/utf8.h"

static void test_text_and_code(void **state) {
    (void)state;
    struct fault why;
    assert_int_equal(fault_set(&why, -ENOENT, "no file %s, line %d: make it", "a.yaml", 7), -ENOENT);
    assert_string_equal(why.text, "no file a.yaml, line 7: make it");
    assert_int_equal(fault_set(NULL, -EINVAL, "nobody asks"), -EINVAL);
}

static void test_a_fault_inside_a_fault(void **state) {
    (void)state;
    struct fault why;
    fault_set(&why, -EINVAL, "the value is odd");
    fault_set(&why, -EINVAL, "line 3: %s", why.text);
    assert_string_equal(why.text, "line 3: the value is odd");
}

static void test_only_printable_text(void **state) {
    (void)state;
    static const struct {
        const char *raw, *shown;
    } cases[] = {
        {"plain", "plain"},
        {"Straße, вода, 水, 🜁", "Straße, вода, 水, 🜁"},
        {"a\nb\rc\td", "a?b?c?d"},
        {"\x1b[31mred", "?[31mred"},
        {"del\x7f", "del?"},
        {"c1 \xc2\x9b"
         "31m",
         "c1 ??31m"},
        {"raw c1 \x9b"
         "31m",
         "raw c1 ?31m"},
        {"overlong \xc0\x8a", "overlong ??"},
        {"half \xe6\xb0", "half ??"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault why;
        fault_set(&why, -EINVAL, "%s", cases[i].raw);
        assert_string_equal(why.text, cases[i].shown);
    }
}

static void test_a_long_text_is_cut_between_characters(void **state) {
    (void)state;
    static const char *const fill[] = {"a", "ß", "水", "🜁"};
    for (size_t f = 0; f < 4; f++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char raw[4 * FAULT_TEXT_MAX] = "";
            size_t len = shift;
            memset(raw, '.', shift);
            while (len < 2 * FAULT_TEXT_MAX) {
                memcpy(raw + len, fill[f], strlen(fill[f]));
                len += strlen(fill[f]);
            }
            raw[len] = '\0';
            struct fault why;
            memset(&why, 0x55, sizeof why);
            fault_set(&why, -EINVAL, "%s", raw);
            size_t kept = strnlen(why.text, sizeof why.text);
            assert_in_range(kept, FAULT_TEXT_MAX - 4, FAULT_TEXT_MAX - 1);
            assert_memory_equal(why.text, raw, kept);
            assert_true(utf8_valid((struct str){why.text, kept}));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_and_code),
        cmocka_unit_test(test_a_fault_inside_a_fault),
        cmocka_unit_test(test_only_printable_text),
        cmocka_unit_test(test_a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
