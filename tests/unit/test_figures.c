/* What `suivi figures` prints of an answer, to the letter. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/answer.h"
#include "clients/cli/figures_csv.h"
#include "clients/cli/figures_json.h"
#include "clients/cli/figures_table.h"

struct given {
    const char *indicator, *period, *first, *second;
    int64_t value;
    const char *note;
};

static struct answer *answer_of(const struct given *given, size_t count, size_t split_count) {
    static const char *const split[] = {"list", "language"};
    static const struct suivi_indicator known[] = {
        {"lists.posts", "1.2.10", "count", "Posts", "", ""},
        {"web.downloads", "1.2.6", "count", "Resources downloaded", "", ""},
        {"web.visitors.unique", "1.2.4", "distinct", "Unique visitors", "months are added up", ""},
    };
    struct answer *answer;
    answer_new(&answer, split, split_count);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        answer_add_indicator(answer, &known[i]);
    for (size_t i = 0; i < count; i++) {
        const char *dims[] = {given[i].first, given[i].second};
        answer_add_figure(answer, &(struct suivi_figure){
                                      .indicator = given[i].indicator,
                                      .period = given[i].period,
                                      .dims = dims,
                                      .value = given[i].value,
                                      .note = given[i].note ? given[i].note : "",
                                  });
    }
    return answer;
}

#define ANSWER(given, splits) answer_of(given, sizeof(given) / sizeof *(given), splits)

static void assert_text(struct answer *answer, void (*write)(FILE *, struct answer *), const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    write(stream, answer);
    fclose(stream);
    assert_string_equal(text, wanted);
    free(text);
    answer_destroy(&answer);
}

static void assert_table(struct answer *answer, const struct figures_table_layout *layout,
                         const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    figures_table_write(stream, answer, layout);
    fclose(stream);
    if (strcmp(text, wanted) != 0)
        fail_msg("not as wanted:\n%s", text);
    free(text);
    answer_destroy(&answer);
}

static const struct figures_table_layout by_month = {.width = 100, .by = PERIOD_MONTH};

static void test_csv_rows_are_sorted(void **state) {
    (void)state;
    const struct given given[] = {
        {"web.downloads", "2018-02", NULL, NULL, 9, NULL},
        {"lists.posts", "2018-10", NULL, NULL, -1, NULL},
        {"web.downloads", "2018-01", NULL, NULL, INT64_MAX, NULL},
        {"lists.posts", "2018-09", NULL, NULL, 0, NULL},
    };
    assert_text(ANSWER(given, 0), figures_csv_write,
                "indicator,period,value\n"
                "lists.posts,2018-09,0\n"
                "lists.posts,2018-10,-1\n"
                "web.downloads,2018-01,9223372036854775807\n"
                "web.downloads,2018-02,9\n");
    assert_text(ANSWER(given, 0), figures_json_write,
                "[\n"
                " {\"indicator\":\"lists.posts\",\"period\":\"2018-09\",\"dims\":{},\"value\":0},\n"
                " {\"indicator\":\"lists.posts\",\"period\":\"2018-10\",\"dims\":{},\"value\":-1},\n"
                " {\"indicator\":\"web.downloads\",\"period\":\"2018-01\",\"dims\":{},\"value\":"
                "9223372036854775807},\n"
                " {\"indicator\":\"web.downloads\",\"period\":\"2018-02\",\"dims\":{},\"value\":9}\n"
                "]\n");
}

static void test_csv_quotes_what_needs_it(void **state) {
    (void)state;
    const struct given given[] = {
        {"lists.posts", "2018", "b", "", 2, ""},
        {"lists.posts", "2018", "a,\"b\"", "fr", 1, "half, \"so far\""},
    };
    assert_text(ANSWER(given, 2), figures_csv_write,
                "indicator,period,list,language,value,note\n"
                "lists.posts,2018,\"a,\"\"b\"\"\",fr,1,\"half, \"\"so far\"\"\"\n"
                "lists.posts,2018,b,,2,\n");
    assert_text(ANSWER(given, 2), figures_json_write,
                "[\n"
                " {\"indicator\":\"lists.posts\",\"period\":\"2018\",\"dims\":{\"list\":\"a,\\\"b\\\"\","
                "\"language\":\"fr\"},"
                "\"value\":1,\"note\":\"half, \\\"so far\\\"\"},\n"
                " {\"indicator\":\"lists.posts\",\"period\":\"2018\",\"dims\":{\"list\":\"b\",\"language\":"
                "\"\"},\"value\":2}\n"
                "]\n");
}

static void test_nothing_is_a_header_or_an_empty_list(void **state) {
    (void)state;
    assert_text(answer_of(NULL, 0, 1), figures_csv_write, "indicator,period,list,value\n");
    assert_text(answer_of(NULL, 0, 0), figures_json_write, "[]\n");
    assert_table(answer_of(NULL, 0, 0), &by_month, "");
}

static void test_table_is_what_a_person_reads(void **state) {
    (void)state;
    const struct given given[] = {
        {"lists.posts", "2018-01", NULL, NULL, 118, NULL},
        {"lists.posts", "2018-02", NULL, NULL, 131, NULL},
        {"lists.posts", "2018-03", NULL, NULL, 127, NULL},
        {"web.downloads", "2018-01", NULL, NULL, 1290, NULL},
        {"web.downloads", "2018-03", NULL, NULL, 1234567, "no log from 4 to 28 Feb"},
        {"odd.one", "2018-03", NULL, NULL, 0, NULL},
    };
    assert_table(ANSWER(given, 0), &by_month,
                 "indicator                       2018-01     2018-02     2018-03   trend\n"
                 "1.2.6  Resources downloaded       1 290           –   1 234 567¹  ▁ █\n"
                 "1.2.10  Posts                       118         131         127   ▁█▆\n"
                 "odd.one                               –           –           0     ▁\n"
                 "\n"
                 "¹ no log from 4 to 28 Feb\n");
}

static void test_notes_of_a_whole_row_stand_at_its_label(void **state) {
    (void)state;
    const struct given given[] = {
        {"web.visitors.unique", "2018-Q1", NULL, NULL, 5, NULL},
        {"web.downloads", "2018-Q1", NULL, NULL, 5, "so far"},
        {"web.downloads", "2018-Q2", NULL, NULL, 5, "so far"},
    };
    assert_table(ANSWER(given, 0), &(struct figures_table_layout){.width = 100, .by = PERIOD_QUARTER},
                 "indicator                      2018-Q1   2018-Q2   trend\n"
                 "1.2.4  Unique visitors¹              5         –   ▄\n"
                 "1.2.6  Resources downloaded²         5         5   ▄▄\n"
                 "\n"
                 "¹ months are added up\n"
                 "² so far\n");
}

static void test_breakdown_has_columns_and_one_label(void **state) {
    (void)state;
    const struct given given[] = {
        {"lists.posts", "2018-01", "members", NULL, 3, NULL},
        {"lists.posts", "2018-01", "board", NULL, 12345, NULL},
        {"web.downloads", "2018-01", "", NULL, 1, NULL},
    };
    assert_table(ANSWER(given, 1), &by_month,
                 "indicator                     list      2018-01\n"
                 "1.2.6  Resources downloaded                   1\n"
                 "1.2.10  Posts                 board      12 345\n"
                 "                              members         3\n");
}

static void test_periods_asked_for_have_columns(void **state) {
    (void)state;
    const struct given given[] = {{"lists.posts", "2018-02", NULL, NULL, 3, NULL}};
    struct period from, to;
    assert_int_equal(period_parse(&from, STR("2018-Q1"), NULL), 0);
    assert_int_equal(period_parse(&to, STR("2018-03"), NULL), 0);
    assert_table(ANSWER(given, 0),
                 &(struct figures_table_layout){.width = 100, .by = PERIOD_MONTH, .from = &from, .to = &to},
                 "indicator       2018-01   2018-02   2018-03   trend\n"
                 "1.2.10  Posts         –         3         –    ▄\n");
}

static void test_wide_table_is_wrapped(void **state) {
    (void)state;
    const struct given given[] = {
        {"lists.posts", "2017-11", NULL, NULL, 1, NULL},
        {"lists.posts", "2018-01", NULL, NULL, 8, NULL},
        {"lists.posts", "2018-03", NULL, NULL, 4, NULL},
    };
    assert_table(ANSWER(given, 0), &(struct figures_table_layout){.width = 50, .by = PERIOD_MONTH},
                 "indicator       2017-11   2017-12   2018-01   trend\n"
                 "1.2.10  Posts         1         –         8   ▁ █\n"
                 "\n"
                 "indicator       2018-02   2018-03   trend\n"
                 "1.2.10  Posts         –         4    ▄\n");
}

static void test_narrow_terminal_cuts_labels(void **state) {
    (void)state;
    const struct given given[] = {{"web.downloads", "2018-01", NULL, NULL, 1, NULL}};
    assert_table(ANSWER(given, 0),
                 &(struct figures_table_layout){.width = 10, .by = PERIOD_MONTH, .colour = true},
                 "\033[1mindicator                  2018-01\033[0m\n"
                 "1.2.6  Resources downlo…         1\n");
}

static void test_escapes_do_not_reach_the_terminal(void **state) {
    (void)state;
    const struct given given[] = {{"evil\033[2J", "2018-01\n", NULL, NULL, 1,
                                   "a\x9b"
                                   "b"}};
    assert_table(ANSWER(given, 0), &by_month,
                 "indicator   2018-01?\n"
                 "evil?[2J¹          1\n"
                 "\n"
                 "¹ a?b\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_rows_are_sorted),
        cmocka_unit_test(test_csv_quotes_what_needs_it),
        cmocka_unit_test(test_nothing_is_a_header_or_an_empty_list),
        cmocka_unit_test(test_table_is_what_a_person_reads),
        cmocka_unit_test(test_notes_of_a_whole_row_stand_at_its_label),
        cmocka_unit_test(test_breakdown_has_columns_and_one_label),
        cmocka_unit_test(test_periods_asked_for_have_columns),
        cmocka_unit_test(test_wide_table_is_wrapped),
        cmocka_unit_test(test_narrow_terminal_cuts_labels),
        cmocka_unit_test(test_escapes_do_not_reach_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
