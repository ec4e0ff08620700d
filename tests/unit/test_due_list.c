/* What `suivi due` prints, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/cli/due_list.h"

#define HEARD 1517701800 /* 2018-02-03 23:50 */

static const struct suivi_dim africa[] = {{"region", "africa"}};

static const struct suivi_duty usual[] = {
    {.state = "late",
     .indicator = "finance.audit",
     .code = "1.3.1",
     .label = "Annual audit filed",
     .period = "2017",
     .due = "2018-09-30",
     .days = 54,
     .note = "and 2 before"},
    {.state = "missing",
     .indicator = "members.total",
     .code = "1.1.1",
     .label = "Members",
     .dims = africa,
     .dim_count = 1,
     .period = "2018-10",
     .due = "2018-11-22",
     .days = 1,
     .note = ""},
    {.state = "short",
     .indicator = "impact.case_studies",
     .code = "",
     .label = "Case studies, \"two\" a year",
     .period = "2017",
     .due = "2018-11-23",
     .days = 0,
     .value = 1,
     .target = 1200,
     .note = ""},
    {.state = "silent",
     .indicator = "",
     .code = "",
     .label = "weblog@www1",
     .period = "",
     .due = "",
     .heard = HEARD,
     .note = "expected daily"},
    {.state = "silent",
     .indicator = "",
     .code = "",
     .label = "lists@mail",
     .period = "",
     .due = "",
     .note = "expected monthly"},
    {.state = "soon",
     .indicator = "governance.board_calls",
     .code = "1.4.5",
     .label = "Quarterly board call\033[2J",
     .period = "2018-Q4",
     .due = "2018-12-31",
     .days = -38,
     .note = ""},
};

#define USUAL (sizeof usual / sizeof *usual)

static struct due_list *list_of(const struct suivi_duty *row, size_t count) {
    struct due_list *list;
    due_list_new(&list);
    for (size_t i = 0; i < count; i++)
        due_list_add(list, &row[i]);
    assert_int_equal(due_list_count(list), count);
    assert_false(due_list_cut(list));
    return list;
}

static void write_table(FILE *stream, const struct due_list *list) {
    due_list_table(stream, list, 2018, 0);
}

static void write_table_later(FILE *stream, const struct due_list *list) {
    due_list_table(stream, list, 2019, 0);
}

static void assert_text(struct due_list *list, void (*write)(FILE *, const struct due_list *),
                        const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    write(stream, list);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, wanted);
    free(text);
    due_list_destroy(&list);
}

static void people_read_what_is_late(void **state) {
    (void)state;
    assert_text(
        list_of(usual, USUAL), write_table,
        "late      1.3.1  Annual audit filed         due 30 Sep 2018, 54 days ago (for 2017); and 2 before\n"
        "missing   1.1.1  Members, region=africa     due 22 Nov 2018, 1 day ago (for 2018-10)\n"
        "short     Case studies, \"two\" a year        1 of 1 200, due 23 Nov 2018, today (for 2017)\n"
        "silent    weblog@www1                       last heard 3 Feb 23:50 (expected daily)\n"
        "silent    lists@mail                        never heard from (expected monthly)\n"
        "soon      1.4.5  Quarterly board call?[2J   due 31 Dec 2018, in 38 days (for 2018-Q4)\n");
}

static void write_narrow(FILE *stream, const struct due_list *list) {
    due_list_table(stream, list, 2018, 80);
}

static void labels_are_cut_on_a_terminal(void **state) {
    (void)state;
    assert_text(list_of(&usual[1], 5), write_narrow,
                "missing   1.1.1  Members, region=africa   due 22 Nov 2018, 1 day ago (for 2018-10)\n"
                "short     Case studies, \"two\" a…          1 of 1 200, due 23 Nov 2018, today (for 2017)\n"
                "silent    weblog@www1                     last heard 3 Feb 23:50 (expected daily)\n"
                "silent    lists@mail                      never heard from (expected monthly)\n"
                "soon      1.4.5  Quarterly board…         due 31 Dec 2018, in 38 days (for 2018-Q4)\n");
}

static void the_year_is_told_where_it_is_another(void **state) {
    (void)state;
    assert_text(list_of(&usual[3], 1), write_table_later,
                "silent   weblog@www1   last heard 3 Feb 2018 23:50 (expected daily)\n");
}

static void files_have_all_of_it(void **state) {
    (void)state;
    assert_text(
        list_of(usual, USUAL), due_list_csv,
        "state,indicator,code,label,dims,period,due,days,value,target,heard,note\n"
        "late,finance.audit,1.3.1,Annual audit filed,,2017,2018-09-30,54,,,,and 2 before\n"
        "missing,members.total,1.1.1,Members,region=africa,2018-10,2018-11-22,1,,,,\n"
        "short,impact.case_studies,,\"Case studies, \"\"two\"\" a year\",,2017,2018-11-23,0,1,1200,,\n"
        "silent,,,weblog@www1,,,,,,,2018-02-03T23:50:00Z,expected daily\n"
        "silent,,,lists@mail,,,,,,,,expected monthly\n"
        "soon,governance.board_calls,1.4.5,Quarterly board call?[2J,,2018-Q4,2018-12-31,-38,,,,\n");
    assert_text(
        list_of(&usual[1], 3), due_list_json,
        "[\n {\"state\":\"missing\",\"indicator\":\"members.total\",\"code\":\"1.1.1\",\"label\":\"Members\","
        "\"dims\":{\"region\":\"africa\"},\"period\":\"2018-10\",\"due\":\"2018-11-22\",\"days\":1},\n"
        " {\"state\":\"short\",\"indicator\":\"impact.case_studies\",\"label\":\"Case studies, \\\"two\\\" a "
        "year\",\"dims\":{},\"period\":\"2017\",\"due\":\"2018-11-23\",\"days\":0,\"value\":1,\"target\":"
        "1200},"
        "\n {\"state\":\"silent\",\"label\":\"weblog@www1\",\"dims\":{},\"heard\":\"2018-02-03T23:50:00Z\","
        "\"note\":\"expected daily\"}\n]\n");
}

static void nothing_due_is_nothing(void **state) {
    (void)state;
    assert_text(list_of(NULL, 0), write_table, "");
    assert_text(list_of(NULL, 0), due_list_csv,
                "state,indicator,code,label,dims,period,due,days,value,target,heard,note\n");
    assert_text(list_of(NULL, 0), due_list_json, "[]\n");
}

static void what_is_soon_due_is_not_late(void **state) {
    (void)state;
    struct due_list *list = list_of(&usual[5], 1);
    assert_false(due_list_is_late(list));
    char *next = due_list_first(list);
    assert_string_equal(next, "1.4.5  Quarterly board call?[2J, due 31 Dec 2018, in 38 days (for 2018-Q4)");
    free(next);
    due_list_destroy(&list);
    for (size_t i = 0; i < USUAL - 1; i++) {
        list = list_of(&usual[i], 1);
        assert_true(due_list_is_late(list));
        due_list_destroy(&list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_read_what_is_late),
        cmocka_unit_test(the_year_is_told_where_it_is_another),
        cmocka_unit_test(files_have_all_of_it),
        cmocka_unit_test(nothing_due_is_nothing),
        cmocka_unit_test(what_is_soon_due_is_not_late),
        cmocka_unit_test(labels_are_cut_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
