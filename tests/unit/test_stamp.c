/* Stamps: what is one, and what each is worth on a day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/weblog/methods.h"
#include "clients/weblog/stamp.h"
#include "proto/civil.h"
#include "tests/unit/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum stamp_field read_rest(const char *rest, struct stamp *out) {
    size_t len = strlen(rest);
    char *copy = malloc(len + 1); /* of just its size, so that a sanitizer sees a read before or past it */
    assert_non_null(copy);
    memcpy(copy + 1, rest, len);
    enum stamp_field field = stamp_read(&(struct line){.rest = {copy + 1, len}}, out);
    free(copy);
    return field;
}

static void fields(void **state) {
    (void)state;
    static const struct {
        const char *rest;
        enum stamp_field field;
        char mark;
    } list[] = {
        {" \"2018-03-07\"", STAMP_SENT, 0},
        {" \"2018-03-07n\"", STAMP_SENT, 'n'},
        {" \"2018-03-07f\"", STAMP_SENT, 'f'},
        {" \"-\" 0.003 \"2018-03-07f\"", STAMP_SENT, 'f'},
        {" \"a \\\" b\" \"2018-03-07\"", STAMP_SENT, 0},
        {" \"2018-02-31\"", STAMP_SENT, 0}, /* the servers do not know the calendar, either */
        {" \"-\"", STAMP_NONE, 0},
        {" \"\"", STAMP_NONE, 0},
        {"", STAMP_ABSENT, 0},
        {" ", STAMP_ABSENT, 0},
        {"\"", STAMP_ABSENT, 0},
        {" \"", STAMP_ABSENT, 0},
        {"\"-\"", STAMP_ABSENT, 0},
        {" 2018-03-07", STAMP_ABSENT, 0},
        {" \"2018-03-07", STAMP_ABSENT, 0},
        {" \"2018-03-07\" ", STAMP_ABSENT, 0},
        {" \"2018-03-07\" 12", STAMP_ABSENT, 0},
        {" \"2018-03-07x\"", STAMP_ABSENT, 0},
        {" \"2018-03-07nn\"", STAMP_ABSENT, 0},
        {" \"x2018-03-07\"", STAMP_ABSENT, 0},
        {" \"2018-3-07\"", STAMP_ABSENT, 0},
        {" \"2018-00-07\"", STAMP_ABSENT, 0},
        {" \"2018-13-07\"", STAMP_ABSENT, 0},
        {" \"2018-03-00\"", STAMP_ABSENT, 0},
        {" \"2018-03-32\"", STAMP_ABSENT, 0},
        {" \"18-03-07\"", STAMP_ABSENT, 0},
        {" \"2018/03/07\"", STAMP_ABSENT, 0},
        {" \"192.0.2.1\"", STAMP_ABSENT, 0},
        {" \"a long text that is no stamp\"", STAMP_ABSENT, 0},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct stamp stamp = {.mark = 'x'};
        enum stamp_field field = read_rest(list[i].rest, &stamp);
        if (field != list[i].field || (field == STAMP_SENT && stamp.mark != list[i].mark))
            fail_msg("<%s> gave %d", list[i].rest, field);
    }
}

static void json(void **state) {
    (void)state;
    struct stamp stamp;
    assert_int_equal(stamp_read(&(struct line){.rest = STR("2018-03-07n"), .rest_is_stamp = true}, &stamp),
                     STAMP_SENT);
    assert_true(stamp.year == 2018 && stamp.month == 3 && stamp.day == 7 && stamp.mark == 'n');
    assert_int_equal(stamp_read(&(struct line){.rest = STR(""), .rest_is_stamp = true}, &stamp), STAMP_NONE);
    assert_int_equal(stamp_read(&(struct line){.rest = STR("x"), .rest_is_stamp = true}, &stamp),
                     STAMP_ABSENT);
}

/* Of day, month, quarter, year, and returning those that are counted. */
static void judged(void **state) {
    (void)state;
    static const struct {
        struct stamp stamp;
        int year, month, day;
        const char *counted;
    } list[] = {
        {{2018, 3, 7, 'n'}, 2018, 3, 7, "dmqy-"}, {{2018, 3, 7, 'f'}, 2018, 3, 7, "-----"},
        {{2018, 3, 7, 0}, 2018, 3, 7, "-----"},   {{2018, 3, 7, 'n'}, 2018, 3, 8, "dmqyr"},
        {{2018, 3, 7, 'f'}, 2018, 3, 8, "d---r"}, {{2018, 3, 7, 0}, 2018, 3, 8, "d----"},
        {{2018, 3, 7, 'n'}, 2018, 4, 1, "dmqyr"}, {{2018, 3, 7, 'f'}, 2018, 4, 1, "dmq-r"},
        {{2018, 3, 7, 0}, 2018, 4, 1, "dmq-r"},   {{2018, 2, 7, 0}, 2018, 3, 1, "dm--r"},
        {{2018, 1, 7, 0}, 2018, 3, 31, "dm---"},  {{2018, 1, 7, 'n'}, 2018, 3, 31, "dmqy-"},
        {{2017, 12, 31, 0}, 2018, 1, 1, "dmqyr"}, {{2017, 3, 7, 0}, 2018, 3, 7, "dmqy-"},
        {{2017, 11, 30, 0}, 2018, 1, 1, "dmqy-"}, {{2018, 3, 8, 'n'}, 2018, 3, 7, "-----"},
        {{2018, 3, 8, 0}, 2018, 3, 7, "-----"},   {{2019, 1, 1, 'f'}, 2018, 3, 7, "-----"},
        {{0, 1, 1, 0}, 2018, 3, 7, "dmqy-"},      {{2018, 2, 31, 0}, 2018, 3, 1, "dm--r"},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct stamp_firsts firsts =
            stamp_judge(&list[i].stamp, civil_to_day(list[i].year, list[i].month, list[i].day));
        const char counted[] = {firsts.day ? 'd' : '-',       firsts.month ? 'm' : '-',
                                firsts.quarter ? 'q' : '-',   firsts.year ? 'y' : '-',
                                firsts.returning ? 'r' : '-', 0};
        if (strcmp(counted, list[i].counted) != 0)
            fail_msg("row %zu: %s, not %s", i, counted, list[i].counted);
    }
}

/* ---- methods ---- */

static void load(struct table *table, struct methods *methods, bool stamp, int32_t newest) {
    assert_int_equal(methods_load(methods, &table->records, STR("site"), stamp, newest, NULL), 0);
}

static void save(struct table *table, const struct methods *methods) {
    assert_int_equal(methods_save((struct methods *)(uintptr_t)methods, &table->records, STR("site"), NULL),
                     0);
}

static void methods_change(void **state) {
    (void)state;
    struct table table;
    struct methods methods;
    table_init(&table);
    load(&table, &methods, false, METHODS_NO_DAY);
    assert_true(!methods.changed && methods_name(&methods, 5) == NULL && !methods_stamp(&methods, 5));
    load(&table, &methods, true, 100);
    assert_true(methods.changed && methods_since(&methods) == 101);
    assert_true(!methods_stamp(&methods, 100) && methods_stamp(&methods, 101));
    assert_string_equal(methods_name(&methods, 100), "keyed hash");
    assert_string_equal(methods_name(&methods, 101), "stamp");
    save(&table, &methods);
    load(&table, &methods, true, 100);
    assert_true(!methods.changed && methods_since(&methods) == 101);
    load(&table, &methods, false, 100); /* no line of day 101 came */
    assert_true(methods.changed && methods.count == 0 && !methods_stamp(&methods, 101));
    load(&table, &methods, false, 120);
    assert_true(methods_stamp(&methods, 120) && !methods_stamp(&methods, 121));
    save(&table, &methods);
    load(&table, &methods, true, 130);
    assert_true(!methods_stamp(&methods, 121) && methods_stamp(&methods, 131) && methods.count == 3);
    load(&table, &methods, true, 120);
    assert_true(methods.count == 1 && methods_stamp(&methods, 121));
    table_free(&table);
}

static void methods_from_the_start(void **state) {
    (void)state;
    struct table table;
    struct methods methods;
    table_init(&table);
    load(&table, &methods, true, METHODS_NO_DAY);
    assert_true(methods_stamp(&methods, CIVIL_DAY_MIN) && methods_since(&methods) == METHODS_NO_DAY);
    save(&table, &methods);
    load(&table, &methods, true, 7);
    assert_true(!methods.changed && methods.count == 1);
    table_free(&table);
}

static void methods_have_a_limit(void **state) {
    (void)state;
    struct table table;
    struct methods methods;
    struct fault why;
    table_init(&table);
    for (int32_t i = 0; i < METHODS_MAX; i++) {
        load(&table, &methods, i % 2 == 0, i);
        save(&table, &methods);
    }
    assert_int_equal(methods_load(&methods, &table.records, STR("site"), true, METHODS_MAX, &why), -E2BIG);
    struct record_key key = record_key_of(RECORD_METHODS, STR("site"));
    static const char *const damaged[] = {"",
                                          "\x92\x01",
                                          "\x92\x02\x90",
                                          "\x92\x01\x91\x92\x05\x02",
                                          "\x92\x01\x90x",
                                          "\x92\x01\x92\x92\x05\x01\x92\x05\x00"};
    for (size_t i = 0; i < COUNT(damaged); i++) {
        size_t len = i == 5 ? 9 : strlen(damaged[i]);
        table.records.put(table.records.arg, record_key_str(&key), (struct str){damaged[i], len}, NULL);
        assert_int_equal(methods_load(&methods, &table.records, STR("site"), true, 1, &why), -EINVAL);
    }
    table_free(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(json),
        cmocka_unit_test(judged),
        cmocka_unit_test(methods_change),
        cmocka_unit_test(methods_from_the_start),
        cmocka_unit_test(methods_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
