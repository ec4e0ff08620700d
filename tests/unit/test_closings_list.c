/* What `suivi close` prints, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/cli/closings_list.h"
#include "clients/cli/hints.h"

static const struct suivi_closing usual[] = {
    {.period = "2018-Q1",
     .digest = "4f1c",
     .note = "to \"the\" donors",
     .at = 1523318400,
     .figures = 1212,
     .vintage = 3},
    {.period = "2017", .digest = "0a", .note = "", .at = 1523404860, .figures = 1, .vintage = 4},
};

static struct closings_list *list_of(const struct suivi_closing *row, size_t count) {
    struct closings_list *list;
    closings_list_new(&list);
    for (size_t i = 0; i < count; i++)
        closings_list_add(list, &row[i]);
    assert_int_equal(closings_list_count(list), count);
    assert_false(closings_list_cut(list));
    return list;
}

static void write_table(FILE *stream, const struct closings_list *list) {
    closings_list_table(stream, list, false);
}

static void write_coloured(FILE *stream, const struct closings_list *list) {
    closings_list_table(stream, list, true);
}

static struct closings_values some = {5, 64}, one = {1, 1}, none = {0, 64}, unknown = {0, 0};

static void write_some(FILE *stream, const struct closings_list *list) {
    closings_list_sentences(stream, list, &some);
}

static void write_one(FILE *stream, const struct closings_list *list) {
    closings_list_sentences(stream, list, &one);
}

static void write_none(FILE *stream, const struct closings_list *list) {
    closings_list_sentences(stream, list, &none);
}

static void write_unknown(FILE *stream, const struct closings_list *list) {
    closings_list_sentences(stream, list, &unknown);
}

static void assert_text(struct closings_list *list, void (*write)(FILE *, const struct closings_list *),
                        const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    write(stream, list);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, wanted);
    free(text);
    closings_list_destroy(&list);
}

static void people_read_what_is_closed(void **state) {
    (void)state;
    assert_text(list_of(usual, 2), write_table,
                "period    closed on           figures   SHA-256   note\n"
                "2018-Q1   10 Apr 2018 00:00   1 212     4f1c      to \"the\" donors\n"
                "2017      11 Apr 2018 00:01   1         0a\n");
    assert_text(list_of(&usual[1], 1), write_coloured,
                "\033[1mperiod   closed on           figures   SHA-256\033[0m\n"
                "2017     11 Apr 2018 00:01   1         0a\n");
}

static void who_closed_it_reads_how_to_see_it(void **state) {
    (void)state;
    assert_text(list_of(usual, 1), write_some,
                "closed: 2018-Q1, 1 212 figures kept, SHA-256 4f1c\n"
                "To see them: suivi figures --reported --by quarter --from 2018-Q1 --to 2018-Q1\n"
                "5 of 64 indicators have a value.\n");
    assert_text(list_of(&usual[1], 1), write_one,
                "closed: 2017, 1 figure kept, SHA-256 0a\n"
                "To see them: suivi figures --reported --by year --from 2017 --to 2017\n"
                "1 of 1 indicator has a value.\n");
    assert_text(list_of(&usual[1], 1), write_none,
                "closed: 2017, 1 figure kept, SHA-256 0a\n"
                "To see them: suivi figures --reported --by year --from 2017 --to 2017\n"
                "None of 64 indicators has a value: that there was none is kept.\n");
    assert_text(list_of(&usual[1], 1), write_unknown,
                "closed: 2017, 1 figure kept, SHA-256 0a\n"
                "To see them: suivi figures --reported --by year --from 2017 --to 2017\n");
}

static void files_have_all_of_it(void **state) {
    (void)state;
    assert_text(list_of(usual, 2), closings_list_csv,
                "period,closed,figures,sha256,vintage,note\n"
                "2018-Q1,2018-04-10T00:00:00Z,1212,4f1c,3,\"to \"\"the\"\" donors\"\n"
                "2017,2018-04-11T00:01:00Z,1,0a,4,\n");
    assert_text(
        list_of(usual, 2), closings_list_json,
        "[\n "
        "{\"period\":\"2018-Q1\",\"closed\":\"2018-04-10T00:00:00Z\",\"figures\":1212,\"sha256\":\"4f1c\","
        "\"vintage\":3,\"note\":\"to \\\"the\\\" donors\"},\n"
        " {\"period\":\"2017\",\"closed\":\"2018-04-11T00:01:00Z\",\"figures\":1,\"sha256\":\"0a\","
        "\"vintage\":4}\n]\n");
}

static void nothing_closed_is_nothing(void **state) {
    (void)state;
    assert_text(list_of(NULL, 0), write_table, "");
    assert_text(list_of(NULL, 0), closings_list_csv, "period,closed,figures,sha256,vintage,note\n");
    assert_text(list_of(NULL, 0), closings_list_json, "[]\n");
}

static void hints_are_for_what_can_be_counted_again(void **state) {
    (void)state;
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    hints_count_missing(stream, "record@office", NULL);
    hints_count_withdrawn(stream, "lists@office", "2018-02-10", "2018-02-12", NULL);
    fflush(stream);
    assert_int_equal(len, 0);
    hints_count_withdrawn(stream, "record@office", "2018-02-10", "2018-02-12", NULL);
    hints_count_withdrawn(stream, "import@of;x", "2018-02-10", "2018-02-12", NULL);
    hints_count_missing(stream, "weblog@w\033[2J", "n\tswp");
    hints_count_missing(stream, "weblog@$(touch x)", "a'b");
    hints_count_withdrawn(stream, "weblog@www1", "2018-02-10", "2018-02-12", NULL);
    hints_count_withdrawn(stream, "weblog@w;x", "2018-02-10", "2018-02-12", "nswp");
    fclose(stream);
    assert_string_equal(text,
                        "To count these days again: suivi record each thing that is right (on office)\n"
                        "To count these days again: suivi import FILE.csv --mapping MAP.yaml (on 'of;x', "
                        "with the file as it should be)\n"
                        "To count the missing days again: suivi-weblog --site 'n?swp' FILE... (on "
                        "'w?[2J', with the logs of these days)\n"
                        "To count the missing days again: suivi-weblog --site 'a'\\''b' FILE... (on "
                        "'$(touch x)', with the logs of these days)\n"
                        "To count these days again: suivi-weblog --source weblog@www1 --state "
                        "NEW-DIRECTORY --keys STATE/keys --from 2018-02-10 --to 2018-02-12 --site "
                        "SITE FILE... (on www1, with whole logs; STATE is the collector's own, "
                        "NEW-DIRECTORY can be removed afterwards)\n"
                        "To count these days again: suivi-weblog --source 'weblog@w;x' --state "
                        "NEW-DIRECTORY --keys STATE/keys --from 2018-02-10 --to 2018-02-12 --site "
                        "nswp FILE... (on 'w;x', with whole logs; STATE is the collector's own, "
                        "NEW-DIRECTORY can be removed afterwards)\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_read_what_is_closed),
        cmocka_unit_test(who_closed_it_reads_how_to_see_it),
        cmocka_unit_test(files_have_all_of_it),
        cmocka_unit_test(nothing_closed_is_nothing),
        cmocka_unit_test(hints_are_for_what_can_be_counted_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
