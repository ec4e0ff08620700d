#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "proto/utf8.h"

/* The encoding by its definition, the other way round: from the code point. */
static size_t encode(uint32_t point, char out[4]) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (char)(lead[len] | point);
    return len;
}

static void test_every_code_point(void **state) {
    (void)state;
    for (uint32_t point = 0; point < 0x200000; point++) {
        char text[4];
        struct str str = {text, encode(point, text)};
        bool good = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        assert_int_equal(utf8_step(str), good ? str.len : 0);
        assert_true(utf8_valid(str) == good);
        if (good)
            assert_true(utf8_is_control(str) == (point < 0x20 || (point >= 0x7f && point < 0xa0)));
        for (size_t cut = 1; cut < str.len; cut++)
            assert_false(utf8_valid((struct str){text, cut}));
    }
}

static void test_refused(void **state) {
    (void)state;
    static const struct str bad[] = {
        STR("\x80"),
        STR("\xbf"),
        STR("\xc0\x80"),
        STR("\xc1\xbf"),
        STR("\xe0\x80\x80"),
        STR("\xe0\x9f\xbf"),
        STR("\xf0\x80\x80\x80"),
        STR("\xf0\x8f\xbf\xbf"),
        STR("\xed\xa0\x80"),
        STR("\xed\xbf\xbf"),
        STR("\xf4\x90\x80\x80"),
        STR("\xf5\x80\x80\x80"),
        STR("\xff"),
        STR("\xfe"),
        STR("\xc3("),
        STR("\xe2\x82("),
        STR("12345678\xc3"),
        STR("1234567\x80"),
        STR("\xc3\xa9\xa9"),
        STR("abcdefgh12345\xf0\x9f\x9c"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(utf8_valid(bad[i]));
}

static void test_accepted(void **state) {
    (void)state;
    static const struct str good[] = {
        STR(""),         STR("a"),    STR("12345678"), STR("1234567é"), STR("12345678é12345678"),
        STR("é水🜁é水🜁"), STR("a\0b"),
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(utf8_valid(good[i]));
    assert_int_equal(utf8_step(STR("")), 0);
    assert_false(utf8_is_control(STR("")));
}

static void test_what_people_write(void **state) {
    (void)state;
    struct fault why;
    assert_int_equal(utf8_check_text("note", STR("one\ntwo\r\n\tthree: é水🜁"), true, NULL), 0);
    assert_int_equal(utf8_check_text("note", STR(""), false, NULL), 0);
    assert_int_equal(utf8_check_text("title", STR("one\ntwo"), false, &why), -EINVAL);
    assert_string_equal(why.text, "the title has a control character: take it out");
    static const struct str bad[] = {STR("a\0b"),      STR("\033[2J"), STR("a\x7f"), STR("a\xc2\x80"),
                                     STR("a\xc2\x9f"), STR("\b"),      STR("\xff")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(utf8_check_text("note", bad[i], true, NULL), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_what_people_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
