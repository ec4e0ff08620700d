/* Mappings: what is read of one, and by which line what is wrong is named. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mapping.h"
#include "proto/civil.h"

static char path[] = "/tmp/test_mapping.XXXXXX";

static int setup(void **state) {
    (void)state;
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return unlink(path);
}

static int load(struct mapping **mapping, const char *text, struct fault *why) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
    return mapping_load(mapping, path, why);
}

static void refuse(const char *text, int line, const char *names) {
    struct mapping *mapping = NULL;
    struct fault why;
    char place[96];
    if (load(&mapping, text, &why) == 0)
        fail_msg("was taken: %s", text);
    assert_null(mapping);
    snprintf(place, sizeof place, "%s:%d: ", path, line);
    if (strncmp(why.text, place, strlen(place)) != 0 || !strstr(why.text, names))
        fail_msg("\"%s\" does not begin with \"%s\" or does not name \"%s\"", why.text, place, names);
}

static void test_whole(void **state) {
    (void)state;
    struct mapping *mapping = NULL;
    struct fault why;
    int rc =
        load(&mapping,
             "name: office in Nairobi\nencoding: Windows-1252\ndelimiter: \";\"\ndates: \"%d.%m.%Y\"\nkey: "
             "[id, year]\nentries:\n"
             "- indicator: a.b\n  at: file\n  value: rows\n"
             "  dims: {region: {column: R, map: {Afrique: africa, \"Am. du Nord\": na}}, site: {is: x}}\n"
             "  where: [{column: s, is: ok}, {column: t, in: [a, \"\"]}, {column: u, filled: false}]\n"
             "- indicator: c\n  at: {column: D}\n  value: {column: N}\n"
             "- indicator: d\n  at: {column: D}\n  name: {column: Who}\n"
             "- indicator: e\n  at: {column: D}\n  value: 0\n  where: [{column: D, until: file}]\n"
             "words: [{column: s, in: [no, \"\"]}, {column: t, any: true}]\n",
             &why);
    if (rc != 0)
        fail_msg("%s", why.text);
    assert_string_equal(mapping->name, "office in Nairobi");
    assert_string_equal(mapping->encoding, "CP1252");
    assert_int_equal(mapping->delimiter, ';');
    assert_string_equal(mapping->dates, "%d.%m.%Y");
    assert_int_equal(mapping->key_count, 2);
    assert_string_equal(mapping->keys[1], "year");
    assert_int_equal(mapping->entry_count, 4);
    const struct mapping_entry *entry = &mapping->entries[0];
    assert_string_equal(entry->indicator, "a.b");
    assert_null(entry->at_column);
    assert_int_equal(entry->form, MAPPING_ROWS);
    assert_int_equal(entry->dim_count, 2);
    assert_string_equal(entry->dim[0].column, "R");
    assert_int_equal(entry->dim[0].word_count, 2);
    assert_string_equal(entry->dim[0].from[1], "Am. du Nord");
    assert_string_equal(entry->dim[0].to[1], "na");
    assert_null(entry->dim[1].column);
    assert_string_equal(entry->dim[1].fixed, "x");
    assert_int_equal(entry->condition_count, 3);
    assert_int_equal(entry->conditions[0].value_count, 1);
    assert_string_equal(entry->conditions[0].values[0], "ok");
    assert_string_equal(entry->conditions[1].values[1], "");
    assert_int_equal(entry->conditions[2].value_count, 0);
    assert_false(entry->conditions[2].filled);
    assert_int_equal(mapping->entries[1].form, MAPPING_COLUMN);
    assert_string_equal(mapping->entries[1].value_column, "N");
    assert_string_equal(mapping->entries[1].at_column, "D");
    assert_string_equal(mapping->entries[2].name_column, "Who");
    assert_int_equal(mapping->entries[2].form, MAPPING_FIXED);
    assert_int_equal(mapping->entries[2].number, 1);
    assert_int_equal(mapping->entries[3].number, 0);
    assert_true(mapping->entries[3].conditions[0].until_file);
    assert_int_equal(mapping->entries[3].conditions[0].value_count, 0);
    assert_int_equal(mapping->words_count, 2);
    assert_string_equal(mapping->words[0].column, "s");
    assert_int_equal(mapping->words[0].value_count, 2);
    assert_string_equal(mapping->words[0].values[1], "");
    assert_false(mapping->words[0].any);
    assert_true(mapping->words[1].any);
    mapping_destroy(&mapping);
    mapping_destroy(&mapping);
}

static void test_shipped(void **state) {
    (void)state;
    static const char *const names[] = {"membership.yaml", "survey.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mapping *mapping = NULL;
        struct fault why;
        char shipped[512];
        snprintf(shipped, sizeof shipped, "%s/config/mappings/%s", SUIVI_SOURCE_DIR, names[i]);
        if (mapping_load(&mapping, shipped, &why) != 0)
            fail_msg("%s", why.text);
        mapping_destroy(&mapping);
    }
}

#define ONE "entries:\n- indicator: a\n  at: file\n"

static void test_faults(void **state) {
    (void)state;
    refuse("encodig: utf-8\n" ONE, 1, "did you mean \"encoding\"");
    refuse("encoding: utf-7\n" ONE, 1, "utf-7");
    refuse("delimiter: x\n" ONE, 1, "delimiter");
    refuse("dates: \"%d/%m\"\n" ONE, 1, "day, month and year");
    refuse("dates: \"%q\"\n" ONE, 1, "day, month and year");
    refuse("dates: \"%m %Y\"\n" ONE, 1, "day, month and year");
    refuse("entries:\n- indicator: A b\n  at: file\n", 2, "A b");
    refuse("entries:\n- indicator: a\n", 2, "at");
    refuse("entries:\n- indicator: a\n  at: today\n", 3, "--at");
    refuse("entries:\n- indicator: a\n  at: [file]\n", 3, "--at");
    refuse("entries:\n- indicator: a\n  at: {colum: D}\n", 3, "did you mean \"column\"");
    refuse("entries:\n- indicator: a\n  at: {}\n", 3, "column");
    refuse(ONE "  value: many\n", 4, "rows");
    refuse(ONE "  value: -1\n", 4, "rows");
    refuse(ONE "  value: 1.5\n", 4, "rows");
    refuse(ONE "  name: Who\n", 4, "column");
    refuse(ONE "  dims: region\n", 4, "dimensions");
    refuse(ONE "  dims: {Region: {column: R}}\n", 4, "Region");
    refuse(ONE "  dims:\n    region: {column: R, is: x}\n", 5, "{is: VALUE}");
    refuse(ONE "  dims:\n    region: {map: {a: b}}\n", 5, "{is: VALUE}");
    refuse(ONE "  dims:\n    region:\n      column: R\n      map: {a: b, c: [d]}\n", 7, "text");
    refuse(ONE "  dims:\n    region: {column: R}\n    region: {column: S}\n", 5, "twice");
    refuse(ONE "  where:\n  - {column: a}\n", 5, "condition");
    refuse(ONE "  where:\n  - {column: a, is: b, filled: true}\n", 5, "condition");
    refuse(ONE "  where:\n  - {column: a, filled: maybe}\n", 5, "true or false");
    refuse(ONE "  where:\n  - {is: b}\n", 5, "column");
    refuse(ONE "  where:\n  - {column: a, until: today}\n", 5, "--at");
    refuse("words:\n- {column: a, in: [b]}\n" ONE, 2, "no condition");
    refuse("words:\n- {column: a, in: [b]}\n" ONE "  where: [{column: a, filled: true}]\n", 2,
           "no condition");
    refuse("words:\n- {column: a}\n" ONE "  where: [{column: a, is: b}]\n", 2, "any: true");
    refuse("words:\n- {column: a, in: [c], any: true}\n" ONE "  where: [{column: a, is: b}]\n", 2,
           "any: true");
    refuse("words:\n- {column: a, any: false}\n" ONE "  where: [{column: a, is: b}]\n", 2, "any: true");
    refuse("words:\n- {column: a, in: [c]}\n- {column: a, in: [d]}\n" ONE "  where: [{column: a, is: b}]\n",
           3, "twice");
}

static void test_dates(void **state) {
    (void)state;
    static const struct {
        const char *text, *format;
        int year, month, day; /* year 0: refused */
    } cases[] = {
        {"07/03/2018", "%d/%m/%Y", 2018, 3, 7},
        {"7/3/2018", "%d/%m/%Y", 2018, 3, 7},
        {"2018-03-07", "%Y-%m-%d", 2018, 3, 7},
        {"07.03.18", "%d.%m.%y", 2018, 3, 7},
        {"29/02/2016", "%d/%m/%Y", 2016, 2, 29},
        {"2018-03-07 14:30", "%Y-%m-%d %H:%M", 2018, 3, 7},
        {"31/02/2018", "%d/%m/%Y", 0, 0, 0},
        {"29/02/2018", "%d/%m/%Y", 0, 0, 0},
        {"31/04/2018", "%d/%m/%Y", 0, 0, 0},
        {"03/14/2018", "%d/%m/%Y", 0, 0, 0},
        {"07/03/2018 x", "%d/%m/%Y", 0, 0, 0},
        {"07/03", "%d/%m/%Y", 0, 0, 0},
        {"", "%d/%m/%Y", 0, 0, 0},
        {"07/03/18", "%d/%m/%Y", 0, 0, 0},
        {"2018-03-07", "%d/%m/%Y", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t day = -1;
        struct fault why;
        int rc = mapping_parse_date(cases[i].text, cases[i].format, &day, &why);
        if (cases[i].year == 0) {
            assert_int_equal(rc, -EINVAL);
            assert_int_equal(day, -1);
            assert_non_null(strstr(why.text, cases[i].text));
        } else {
            assert_int_equal(rc, 0);
            assert_int_equal(day, civil_to_day(cases[i].year, cases[i].month, cases[i].day));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
