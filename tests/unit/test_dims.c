#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/dims.h"
#include "proto/kind.h"

#define A32  "abcdefghijklmnopqrstuvwxyz012345"
#define A128 A32 A32 A32 A32

static void test_names(void **state) {
    (void)state;
    static const struct str good[] = {STR("a"), STR("site"), STR("a-b_c9"), STR(A32), STR("z-"), STR("x_")};
    static const struct str bad[] = {
        STR(""),    STR("9a"), STR("_a"),  STR("-a"),  STR("Site"), STR("a b"),  STR("a.b"), STR(A32 "a"),
        STR("a\0"), STR("\0"), STR("été"), STR("a\n"), STR("a="),   STR("siTe"), STR("a/b"),
    };
    struct fault why;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(dims_check_name(good[i], &why), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(dims_check_name(bad[i], &why), -EINVAL);
}

static void test_values(void **state) {
    (void)state;
    static const struct str good[] = {
        STR("a"), STR(" "),  STR("A B/C=D"),  STR("русский"), STR("水"),
        STR("🜁"), STR(A128), STR("\xc2\xa0"), STR("~"),
    };
    static const struct {
        struct str text;
        const char *says;
    } bad[] = {
        {STR(""), "empty"},       {STR(A128 "a"), "129 bytes"}, {STR("a\tb"), "control"},
        {STR("a\0b"), "control"}, {STR("\x7f"), "control"},     {STR("\xc2\x85"), "control"},
        {STR("a\xff"), "UTF-8"},  {STR("\xc3"), "UTF-8"},       {STR("\xed\xa0\x80"), "UTF-8"},
        {STR("a\nb"), "control"}, {STR("\x1b[0m"), "control"},  {STR("abcdefghijk\xe6\xb0"), "UTF-8"},
    };
    struct fault why;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(dims_check_value(good[i], &why), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dims_check_value(bad[i].text, &why), -EINVAL);
        assert_non_null(strstr(why.text, bad[i].says));
    }
}

static void test_indicators(void **state) {
    (void)state;
    static const struct str good[] = {
        STR("web.pageviews"), STR("a"),       STR("a.b.c.d"),
        STR("1.2.4"),         STR("x-y_z.9"), STR(A32 "." A32 /* 65 - 1 */),
    };
    static const struct str bad[] = {
        STR(""),    STR("."),    STR(".a"),  STR("a."),  STR("a..b"), STR("A"),
        STR("a b"), STR("web*"), STR("a\0"), STR("a/b"), STR("é"),    STR(A32 A32 "a"),
    };
    struct fault why;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct str id = good[i];
        id.len = id.len > INDICATOR_ID_MAX ? INDICATOR_ID_MAX : id.len;
        assert_int_equal(dims_check_indicator(id, &why), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(dims_check_indicator(bad[i], &why), -EINVAL);
}

static void test_pairs_are_kept_in_order(void **state) {
    (void)state;
    struct dims dims = {0}, other = {0};
    assert_int_equal(dims_add(&dims, STR("site"), STR("nswp"), NULL), 0);
    assert_int_equal(dims_add(&dims, STR("language"), STR("en"), NULL), 0);
    assert_int_equal(dims_add(&dims, STR("list"), STR("asia"), NULL), 0);
    assert_int_equal(dims.count, 3);
    assert_true(str_equal(dims.dim[0].name, STR("language")));
    assert_true(str_equal(dims.dim[1].name, STR("list")));
    assert_true(str_equal(dims.dim[2].name, STR("site")));
    assert_true(str_equal(dims_get(&dims, STR("list")), STR("asia")));
    assert_int_equal(dims_get(&dims, STR("lis")).len, 0);

    assert_int_equal(dims_add(&other, STR("list"), STR("asia"), NULL), 0);
    assert_int_equal(dims_add(&other, STR("site"), STR("nswp"), NULL), 0);
    assert_false(dims_equal(&dims, &other));
    assert_int_equal(dims_add(&other, STR("language"), STR("en"), NULL), 0);
    assert_true(dims_equal(&dims, &other));
    other.dim[1].value = STR("Asia");
    assert_false(dims_equal(&dims, &other));
}

static void test_what_add_refuses(void **state) {
    (void)state;
    struct dims dims = {0};
    struct fault why;
    static const char *const names[] = {"h", "g", "f", "e", "d", "c", "b", "a"};
    for (size_t i = 0; i < DIMS_MAX; i++) {
        assert_int_equal(dims_add(&dims, str_of(names[i]), STR("1"), &why), 0);
        assert_int_equal(dims_add(&dims, str_of(names[i]), STR("2"), &why), -EEXIST);
    }
    struct dims full = dims;
    assert_int_equal(dims_add(&dims, STR("i"), STR("1"), &why), -E2BIG);
    assert_int_equal(dims_add(&dims, STR("0"), STR("1"), &why), -EINVAL);
    assert_int_equal(dims_add(&dims, STR("c"), STR("1"), &why), -EEXIST);
    assert_int_equal(dims_add(&dims, STR("c"), STR(""), &why), -EINVAL);
    assert_non_null(strstr(why.text, "dimension c"));
    assert_true(dims_equal(&dims, &full));
}

static void test_series_key_there_and_back(void **state) {
    (void)state;
    char key[SERIES_KEY_MAX], again[SERIES_KEY_MAX];
    struct dims dims = {0}, back;
    struct str id;
    assert_int_equal(dims_series_key(STR("web.visits"), &dims, key), sizeof "web.visits");
    assert_int_equal(dims_series_parse((struct str){key, sizeof "web.visits"}, &id, &back), 0);
    assert_true(str_equal(id, STR("web.visits")) && back.count == 0);

    dims_add(&dims, STR("site"), STR("nswp"), NULL);
    dims_add(&dims, STR("language"), STR("русский"), NULL);
    size_t len = dims_series_key(STR("web.visits"), &dims, key);
    static const char wanted[] = "web.visits\0language\0русский\0site\0nswp";
    assert_int_equal(len, sizeof wanted);
    assert_memory_equal(key, wanted, len);
    assert_int_equal(dims_series_parse((struct str){key, len}, &id, &back), 0);
    assert_true(str_equal(id, STR("web.visits")) && dims_equal(&back, &dims));

    struct dims largest = {0};
    char names[DIMS_MAX][DIM_NAME_MAX];
    for (size_t i = 0; i < DIMS_MAX; i++) {
        memcpy(names[i], A32, DIM_NAME_MAX);
        names[i][0] = (char)('a' + i);
        assert_int_equal(dims_add(&largest, (struct str){names[i], DIM_NAME_MAX}, STR(A128), NULL), 0);
    }
    len = dims_series_key((struct str){A32 A32, INDICATOR_ID_MAX}, &largest, again);
    assert_int_equal(len, SERIES_KEY_MAX);
    assert_int_equal(dims_series_parse((struct str){again, len}, &id, &back), 0);
    assert_true(dims_equal(&back, &largest));
}

static void test_series_keys_refused(void **state) {
    (void)state;
    static const struct str bad[] = {
        STR(""),
        STR("web.visits"),
        STR("web.visits\0site"),
        STR("web.visits\0site\0"),
        STR("web.visits\0site\0nswp"),
        STR("web.visits\0site\0\0"),
        STR("\0"),
        STR("Web\0"),
        STR("web.visits\0Site\0nswp\0"),
        STR("web.visits\0site\0nswp\0language\0en\0"),
        STR("web.visits\0site\0nswp\0site\0nswp\0"),
        STR("web.visits\0site\0a\nb\0"),
        STR("a\0a\0"
            "1\0b\0"
            "1\0c\0"
            "1\0d\0"
            "1\0e\0"
            "1\0f\0"
            "1\0g\0"
            "1\0h\0"
            "1\0i\0"
            "1\0"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct str id = STR("kept");
        struct dims dims = {.count = 77};
        assert_int_equal(dims_series_parse(bad[i], &id, &dims), -EINVAL);
        assert_true(str_equal(id, STR("kept")) && dims.count == 77);
    }
}

static void test_kinds(void **state) {
    (void)state;
    enum kind kind;
    struct fault why;
    static const char *const names[] = {"count",     "distinct", "level",     "roster", "status",
                                        "milestone", "evidence", "narrative", "ratio"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(kind_parse(&kind, str_of(names[i]), &why), 0);
        assert_int_equal(kind, KIND_COUNT + (enum kind)i);
        assert_string_equal(kind_name(kind), names[i]);
        assert_int_equal(kind_is_entered(kind),
                         kind != KIND_COUNT && kind != KIND_DISTINCT && kind != KIND_RATIO);
    }
    assert_int_equal(sizeof names / sizeof names[0], KIND_LAST);
    static const struct str bad[] = {STR(""),       STR("Count"), STR("counts"),
                                     STR("levels"), STR("coun"),  STR("count\0")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(kind_parse(&kind, bad[i], &why), -EINVAL);
        assert_non_null(strstr(why.text, "distinct"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_indicators),
        cmocka_unit_test(test_pairs_are_kept_in_order),
        cmocka_unit_test(test_what_add_refuses),
        cmocka_unit_test(test_series_key_there_and_back),
        cmocka_unit_test(test_series_keys_refused),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
