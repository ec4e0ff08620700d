/* What the rows of a CSV file come to: entries, their ids, and every bad row by its line. */
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

#include "clients/cli/import_rows.h"
#include "clients/cli/import_send.h"
#include "proto/check.h"
#include "proto/civil.h"

#define FRAMEWORK                                                                                            \
    "name: test\nplan: 2016/2020\nlanguages: [en]\n"                                                         \
    "dimensions:\n- {name: region, values: [north, south, west]}\n- {name: place}\n"                         \
    "indicators:\n"                                                                                          \
    "- {id: joined, kind: count, frequency: month, dimensions: [region], label: {en: Joined}}\n"             \
    "- {id: total, kind: level, frequency: month, dimensions: [region], label: {en: Total}}\n"               \
    "- {id: open, kind: level, frequency: month, dimensions: [place], label: {en: Open}}\n"                  \
    "- {id: names, kind: roster, frequency: year, label: {en: Names}}\n"                                     \
    "- {id: people, kind: distinct, frequency: year, dimensions: [region], label: {en: People}}\n"           \
    "- {id: audit, kind: milestone, frequency: year, label: {en: Audit}}\n"

struct bench {
    char directory[64];
    struct suivi *client;
    struct promises *promises;
    struct mapping *mapping;
    struct csv_file *file;
    struct import_rows *rows;
    struct import_source source;
    struct fault why;
};

static const char *write_file(struct bench *bench, const char *name, const char *text,
                              char path[static 128]) {
    snprintf(path, 128, "%s/%s", bench->directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static int setup(void **state) {
    struct bench *bench = mem_zeroed(1, sizeof *bench);
    char path[128], endpoint[128];
    strcpy(bench->directory, "/tmp/test_import_rows.XXXXXX");
    assert_non_null(mkdtemp(bench->directory));
    snprintf(endpoint, sizeof endpoint, "ipc://%s/nobody.ipc", bench->directory);
    assert_int_equal(suivi_open(&bench->client, &(struct suivi_options){.endpoint = endpoint}), 0);
    if (promises_get(&bench->promises, bench->client, write_file(bench, "plan.yaml", FRAMEWORK, path), 1,
                     &bench->why) != 0)
        fail_msg("%s", bench->why.text);
    assert_false(promises_answered(bench->promises));
    *state = bench;
    return 0;
}

static void clear(struct bench *bench) {
    import_rows_destroy(&bench->rows);
    csv_file_destroy(&bench->file);
    mapping_destroy(&bench->mapping);
}

static int teardown(void **state) {
    struct bench *bench = *state;
    char command[128];
    clear(bench);
    promises_destroy(&bench->promises);
    suivi_close(&bench->client);
    snprintf(command, sizeof command, "rm -rf '%s'", bench->directory);
    assert_int_equal(system(command), 0);
    free(bench);
    return 0;
}

static int try_rows(struct bench *bench, const char *mapping, const char *csv) {
    char path[128];
    clear(bench);
    if (mapping_load(&bench->mapping, write_file(bench, "map.yaml", mapping, path), &bench->why) != 0 ||
        csv_file_read(&bench->file, write_file(bench, "rows.csv", csv, path), bench->mapping->encoding,
                      bench->mapping->delimiter, &bench->why) != 0)
        fail_msg("%s", bench->why.text);
    bench->source = (struct import_source){.file = bench->file,
                                           .path = "rows.csv",
                                           .mapping_path = "map.yaml",
                                           .mapping = bench->mapping,
                                           .promises = bench->promises,
                                           .has_day = true,
                                           .day = civil_to_day(2018, 3, 31)};
    return import_rows_read(&bench->rows, &bench->source, &bench->why);
}

static void read_rows(struct bench *bench, const char *mapping, const char *csv) {
    if (try_rows(bench, mapping, csv) != 0)
        fail_msg("%s", bench->why.text);
}

/* All items as "indicator|value of its dimensions|day of March|value or name" lines. */
static void expect(struct bench *bench, const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    for (size_t i = 0; i < import_rows_count(bench->rows); i++) {
        const struct import_item *item = import_rows_item(bench->rows, i);
        fprintf(stream, "%s", item->promise->id);
        for (size_t j = 0; j < item->promise->dim_count; j++)
            fprintf(stream, "|%s", item->dims[j].value);
        fprintf(stream, "|%d|", civil_of_day(item->day).day);
        if (item->name)
            fprintf(stream, "%s\n", item->name);
        else
            fprintf(stream, "%lld\n", (long long)item->value);
    }
    fclose(stream);
    assert_string_equal(text, wanted);
    free(text);
}

static void expect_faults(struct bench *bench, const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    size_t count = import_rows_faults(bench->rows);
    for (size_t i = 0; i < count; i++) {
        size_t line;
        const char *fault = import_rows_fault_at(bench->rows, i, &line);
        fprintf(stream, "%zu: %s\n", line, fault);
    }
    fclose(stream);
    assert_string_equal(text, wanted);
    free(text);
}

#define REGION "  dims: {region: {column: r, map: {N: north, S: south, W: west}}}\n"
#define JOINED "dates: \"%d/%m/%Y\"\nentries:\n- indicator: joined\n  at: {column: d}\n" REGION

static void test_counts(void **state) {
    struct bench *bench = *state;
    read_rows(bench, JOINED, "r,d\nN,07/03/2018\nS,08/03/2018\nN,07/03/2018\n");
    expect_faults(bench, "");
    expect(bench, "joined|north|7|1\njoined|north|7|1\njoined|south|8|1\n");
    read_rows(bench,
              JOINED
              "  value: {column: n}\n  where: [{column: k, in: [a, b]}]\nwords: [{column: k, in: [c]}]\n",
              "r,d,n,k\nN,07/03/2018,5,a\nS,08/03/2018,0,b\nX,nonsense,,c\n");
    expect_faults(bench, "");
    expect(bench, "joined|north|7|5\njoined|south|8|0\n");
}

static void test_levels(void **state) {
    struct bench *bench = *state;
    const char *rows = "entries:\n- indicator: total\n  at: file\n  value: rows\n" REGION;
    read_rows(bench, rows, "r\nN\nS\nN\n");
    expect_faults(bench, "");
    expect(bench, "total|north|31|2\ntotal|south|31|1\ntotal|west|31|0\n"); /* nobody is left in the west */
    read_rows(bench, "entries:\n- indicator: open\n  at: file\n  value: rows\n  dims: {place: {column: r}}\n",
              "r\nN\nS\nN\n");
    expect(bench, "open|N|31|2\nopen|S|31|1\n");
    const char *column =
        "dates: \"%d/%m/%Y\"\nentries:\n- indicator: total\n  at: {column: d}\n  value: {column: n}\n" REGION;
    read_rows(bench, column, "r,d,n\nN,07/03/2018,5\nN,08/03/2018,6\nS,07/03/2018,5\nN,07/03/2018,5\n");
    expect_faults(bench, "");
    read_rows(bench, column, "r,d,n\nN,07/03/2018,5\nN,08/03/2018,6\n\nN,07/03/2018,7\n");
    expect_faults(bench, "5: total is 7 here and 5 in line 2, of the same day (7 March 2018)\n");
}

static void test_names(void **state) {
    struct bench *bench = *state;
    read_rows(bench,
              "entries:\n- indicator: names\n  at: file\n  name: {column: who}\n"
              "- indicator: people\n  at: file\n  name: {column: who}\n" REGION,
              "who,r\nKenya,N\nChile,S\n");
    expect_faults(bench, "");
    expect(bench, "names|31|Kenya\nnames|31|Chile\npeople|north|31|Kenya\npeople|south|31|Chile\n");
    read_rows(bench, "entries:\n- indicator: people\n  at: file\n  name: {column: who}\n" REGION,
              "who,r\n,N\n");
    expect_faults(bench, "2: \"who\": it is empty: a name is needed\n");
}

static void test_bad_rows(void **state) {
    struct bench *bench = *state;
    read_rows(bench, JOINED "  value: {column: n}\n",
              "r,d,n\n"
              "N,31/02/2018,1\n"
              "N,07/03/2018\n"
              "N,07/03/2018,1,2\n"
              "\"X\nY\",07/03/2018,1\n"
              ",07/03/2018,1\n"
              "N,,1\n"
              "N,07/03/2018,1.5\n"
              "N,07/03/2018,-1\n"
              "N,07/03/2018,\n"
              "N,07/03/9999,1\n"
              "N,07/03/2018,1\n");
    expect_faults(
        bench, "2: \"d\": \"31/02/2018\" is a day that does not exist\n"
               "3: 2 fields, and the header has 3\n"
               "4: 4 fields, and the header has 3: is there a separator within a field that is not quoted?\n"
               "5: \"r\": \"X?Y\" is not among the words that the mapping has for it\n"
               "7: \"r\": it is empty: a region is needed\n"
               "8: \"d\" is empty: a date is needed\n"
               "9: \"n\": \"1.5\" is no whole number\n"
               "10: \"n\": -1 is below 0\n"
               "11: \"n\": it is empty: a number is needed\n"
               "12: \"d\": 7 March 9999 is still to come: only what has happened can be recorded\n");
    read_rows(bench, "entries:\n- indicator: joined\n  at: file\n  dims: {region: {column: r}}\n",
              "r\nnorht\n");
    expect_faults(bench, "2: \"r\": \"norht\" is no region of joined; did you mean \"north\"?\n");
}

#define GREW                                                                                                 \
    "entries:\n- indicator: joined\n  at: file\n  where: [{column: g, in: [\"yes\", STRASSE]}]\n" REGION     \
    "- indicator: joined\n  at: file\n  value: 0\n  where: [{column: g, is: \"no\"}]\n" REGION

/* Capitals and spaces do not matter; a word that nobody knows is never passed over. */
static void test_words(void **state) {
    struct bench *bench = *state;
    read_rows(bench, GREW,
              "r,g\nN,YES\nS,No\nW,\xc2\xa0 yEs \nN,Stra\xc3\x9f"
              "e\n");
    expect_faults(bench, "");
    expect(bench, "joined|north|31|1\njoined|north|31|1\njoined|west|31|1\njoined|south|31|0\n");
    read_rows(bench, GREW, "r,g\nN,yes\nS,maybe\nW,\nX,maybe\n");
    expect_faults(bench,
                  "3: \"g\": \"maybe\" is none of the words that the mapping knows there: it must be yes, "
                  "STRASSE or no\n"
                  "4: \"g\" is empty: it must be yes, STRASSE or no\n"
                  "5: \"g\": \"maybe\" is none of the words that the mapping knows there: it must be yes, "
                  "STRASSE or no\n");
    read_rows(bench, GREW "words: [{column: g, in: [Maybe, \"\"]}]\n",
              "r,g\nN,yes\nS,MAYBE\nW,\nW,perhaps\n");
    expect_faults(bench,
                  "5: \"g\": \"perhaps\" is none of the words that the mapping knows there: it must be yes, "
                  "STRASSE, no, Maybe or nothing\n");
    expect(bench, "joined|north|31|1\n");
    read_rows(bench, GREW "words: [{column: g, any: true}]\n", "r,g\nN,Yes\nS,perhaps\nW,\n");
    expect_faults(bench, "");
    expect(bench, "joined|north|31|1\n");
}

static void test_until(void **state) {
    struct bench *bench = *state;
    const char *until = "words: [{column: s, in: [b]}]\ndates: \"%d/%m/%Y\"\nentries:\n- indicator: total\n"
                        "  at: file\n  value: rows\n"
                        "  where: [{column: d, until: file}, {column: s, is: a}]\n" REGION;
    read_rows(bench, until, "r,d,s\nN,31/03/2018,a\nN,01/04/2018,a\nN,02/04/2018,b\nS,01/01/2017,A\n");
    expect_faults(bench, "");
    expect(bench, "total|north|31|1\ntotal|south|31|1\ntotal|west|31|0\n");
    assert_int_equal(import_rows_later(bench->rows), 1);
    read_rows(bench, until, "r,d,s\nN,31/02/2018,a\nN,,a\n");
    expect_faults(
        bench,
        "2: \"d\": \"31/02/2018\" is a day that does not exist\n3: \"d\" is empty: a date is needed\n");
}

static void test_keys(void **state) {
    struct bench *bench = *state;
    read_rows(bench, "key: [id]\n" JOINED,
              "id,r,d\n1,N,07/03/2018\n2,N,07/03/2018\n,N,07/03/2018\n1,S,07/03/2018\n");
    expect_faults(bench,
                  "4: \"id\" is empty, and tells no row from another\n5: is line 2 again: the same \"id\"\n");
}

static void refuse(struct bench *bench, const char *mapping, const char *csv, const char *names) {
    assert_int_equal(try_rows(bench, mapping, csv), -EINVAL);
    if (!strstr(bench->why.text, names))
        fail_msg("\"%s\" does not name \"%s\"", bench->why.text, names);
}

static void test_what_does_not_fit(void **state) {
    struct bench *bench = *state;
    refuse(bench, "entries:\n- indicator: joind\n  at: file\n" REGION, "r\nN\n", "did you mean \"joined\"");
    refuse(bench, "entries:\n- indicator: joined\n  at: file\n", "r\nN\n", "region");
    refuse(bench, "entries:\n- indicator: names\n  at: file\n  name: {column: r}\n" REGION, "r\nN\n",
           "region");
    refuse(bench, "entries:\n- indicator: joined\n  at: file\n  dims: {region: {is: east}}\n", "r\nN\n",
           "east");
    refuse(bench,
           "entries:\n- indicator: joined\n  at: file\n  dims: {region: {column: r, map: {N: nord}}}\n",
           "r\nN\n", "nord");
    refuse(bench, "entries:\n- indicator: joined\n  at: {column: date}\n" REGION, "r\nN\n", "\"date\"");
    refuse(bench, "key: [id]\n" JOINED, "r,d\nN,07/03/2018\n", "\"id\"");
    refuse(bench, "entries:\n- indicator: joined\n  at: file\n  value: rows\n" REGION, "r\nN\n", "count");
    refuse(bench, "entries:\n- indicator: total\n  at: file\n" REGION, "r\nN\n", "level");
    refuse(bench, "entries:\n- indicator: names\n  at: file\n", "r\nN\n", "roster");
    refuse(bench, "entries:\n- indicator: audit\n  at: file\n", "r\nN\n", "suivi record");
    bench->source.has_day = false;
    assert_int_equal(import_rows_read(&bench->rows, &bench->source, &bench->why), -EINVAL);
}

static uint64_t id(struct bench *bench, size_t index) {
    return import_send_id(import_rows_item(bench->rows, index));
}

/* The same row has the same id, wherever it stands and whatever stands beside it; another has another. */
static void test_ids(void **state) {
    struct bench *bench = *state;
    read_rows(bench, JOINED, "r,d\nN,07/03/2018\nN,07/03/2018\nS,07/03/2018\nN,08/03/2018\n");
    uint64_t first[4];
    for (size_t i = 0; i < 4; i++) {
        first[i] = id(bench, i);
        assert_true(first[i] > 0 && first[i] <= INT64_MAX);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(first[i], first[j]);
    }
    read_rows(bench, JOINED,
              "r,d\nS,07/03/2018\nN,06/03/2018\nN,08/03/2018\nN,07/03/2018\nN,07/03/2018\nN,07/03/2018\n");
    /* north 6, north 7 three times, north 8, south 7 */
    assert_int_equal(id(bench, 1), first[0]);
    assert_int_equal(id(bench, 2), first[1]);
    assert_int_equal(id(bench, 4), first[2]);
    assert_int_equal(id(bench, 5), first[3]);
    for (size_t i = 0; i < 4; i++) {
        assert_int_not_equal(id(bench, 0), first[i]);
        assert_int_not_equal(id(bench, 3), first[i]);
    }
    struct import_item *item = import_rows_item(bench->rows, 1);
    item->value = 2;
    assert_int_not_equal(id(bench, 1), first[0]);
    item->value = 1;
    item->against = 7;
    assert_int_not_equal(id(bench, 1), first[0]);
}

/* The same rows of two lists are two where something adds up; a level or a name holds once. */
static void test_ids_of_two_lists(void **state) {
    struct bench *bench = *state;
    static const char roster[] = "entries:\n- indicator: names\n  at: file\n  name: {column: who}\n";
    char named[256];
    read_rows(bench, JOINED, "r,d\nN,07/03/2018\n");
    uint64_t unnamed = id(bench, 0);
    read_rows(bench, "name: east\n" JOINED, "r,d\nN,07/03/2018\n");
    uint64_t east = id(bench, 0);
    read_rows(bench, "name: east\n" JOINED, "d,r\n07/03/2018,N\n");
    assert_int_equal(id(bench, 0), east);
    read_rows(bench, "name: west\n" JOINED, "r,d\nN,07/03/2018\n");
    assert_int_not_equal(id(bench, 0), east);
    assert_int_not_equal(id(bench, 0), unnamed);
    assert_int_not_equal(east, unnamed);
    read_rows(bench, roster, "who\nKenya\n");
    unnamed = id(bench, 0);
    (void)snprintf(named, sizeof named, "name: east\n%s", roster);
    read_rows(bench, named, "who\nKenya\n");
    assert_int_equal(id(bench, 0), unnamed);
}

/* Nothing of a row but what is said goes into its id: neither its key nor a remark. */
static void test_ids_are_of_what_is_said(void **state) {
    struct bench *bench = *state;
    read_rows(bench, "key: [id]\n" JOINED, "id,r,d,remark\n1,N,07/03/2018,new\n");
    uint64_t before = id(bench, 0);
    read_rows(bench, "key: [id]\n" JOINED, "remark,id,r,d\n\"called, twice\",2,N,07/03/2018\n");
    assert_int_equal(id(bench, 0), before);
    assert_int_equal(before,
                     UINT64_C(0x5b7041ce3a1df006)); /* fixed: another way would count everything twice */
    read_rows(bench, "entries:\n- indicator: names\n  at: file\n  name: {column: who}\n",
              "who\nKenya\nChile\n");
    assert_int_not_equal(id(bench, 0), id(bench, 1));
}

static void test_size(void **state) {
    struct bench *bench = *state;
    char *csv = NULL;
    size_t len;
    FILE *stream = open_memstream(&csv, &len);
    fputs("r,d\n", stream);
    for (int i = 0; i <= IMPORT_ENTRIES_MAX; i++)
        fputs("N,07/03/2018\n", stream);
    fclose(stream);
    read_rows(bench, JOINED, csv);
    assert_int_equal(import_send_check(bench->rows, NULL, &bench->why), -E2BIG);
    assert_non_null(strstr(bench->why.text, "200001"));
    csv[4 + 13 * 100000] = '\0';
    read_rows(bench, JOINED, csv);
    assert_int_equal(import_send_check(bench->rows, NULL, &bench->why), 0);
    free(csv);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bad_rows),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_ids_are_of_what_is_said),
        cmocka_unit_test(test_ids_of_two_lists),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
