/* What `suivi sources` prints, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/sources_list.h"

#define HEARD 1520426096 /* 2018-03-07 12:34:56 */

static struct sources_list *list_of(const struct suivi_source *row, size_t count) {
    struct sources_list *list;
    sources_list_new(&list);
    for (size_t i = 0; i < count; i++)
        sources_list_add(list, &row[i]);
    assert_int_equal(sources_list_count(list), count);
    assert_false(sources_list_cut(list));
    return list;
}

#define LIST(rows) list_of(rows, sizeof(rows) / sizeof *(rows))

static void write_table(FILE *stream, const struct sources_list *list) {
    sources_list_table(stream, list, 100, false);
}

static void write_narrow(FILE *stream, const struct sources_list *list) {
    sources_list_table(stream, list, 50, true);
}

static void assert_text(struct sources_list *list, void (*write)(FILE *, const struct sources_list *),
                        const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    write(stream, list);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, wanted);
    free(text);
    sources_list_destroy(&list);
}

static const struct suivi_source usual[] = {
    {"lists@mail", "8d2", 12, 4000, 3900, 0, 100, 1, 12, 0, HEARD - 86400},
    {"weblog@www1", "4f1", 3, 1260, 1240, 5, 15, 1, 3, 0, HEARD},
};

static void only_what_there_is_to_say(void **state) {
    (void)state;
    assert_text(LIST(usual), write_table,
                "source       last heard        batches  events  counted  refused  repeated  last batch\n"
                "lists@mail   2018-03-06 12:34       12   4 000    3 900        0       100          12\n"
                "weblog@www1  2018-03-07 12:34        3   1 260    1 240        5        15           3\n");
}

static void what_is_missing_and_whose_outbox(void **state) {
    (void)state;
    const struct suivi_source rows[] = {
        {"a\tb", "", 1, 1, 1, 0, 0, 0, 1, 0, HEARD},
        {"weblog@www1", "4f1", 3, 1260, 1240, 5, 15, 1, 3, 0, HEARD},
        {"weblog@www1", "99a", 0, 0, 0, 0, 0, 0, 40, 40, 0},
    };
    assert_text(
        LIST(rows), write_table,
        "source       outbox  last heard        batches  events  counted  refused  repeated  last batch\n"
        "a?b          –       2018-03-07 12:34        1       1        1        0         0           1\n"
        "weblog@www1  4f1     2018-03-07 12:34        3   1 260    1 240        5        15           3\n"
        "             99a     –                       0       0        0        0         0          40\n"
        "\n"
        "source       missing\n"
        "a?b                0\n"
        "weblog@www1        0\n"
        "                  40\n");
}

static void blocks_as_wide_as_the_terminal(void **state) {
    (void)state;
    assert_text(LIST(usual), write_narrow,
                "\033[1msource       last heard        batches  events\033[0m\n"
                "lists@mail   2018-03-06 12:34       12   4 000\n"
                "weblog@www1  2018-03-07 12:34        3   1 260\n"
                "\n"
                "\033[1msource       counted  refused  repeated\033[0m\n"
                "lists@mail     3 900        0       100\n"
                "weblog@www1    1 240        5        15\n"
                "\n"
                "\033[1msource       last batch\033[0m\n"
                "lists@mail           12\n"
                "weblog@www1           3\n");
}

static void files_have_all_of_it(void **state) {
    (void)state;
    const struct suivi_source rows[] = {
        {"a,\"b\"", "", 1, 9, 4, 3, 2, 5, 8, 7, HEARD},
        {"weblog@www1", "4f1", 0, 0, 0, 0, 0, 0, 40, 40, 0},
    };
    assert_text(LIST(rows), sources_list_csv,
                "source,outbox,heard,batches,read,accepted,refused,repeated,batches_again,last,missing\n"
                "\"a,\"\"b\"\"\",,2018-03-07T12:34:56Z,1,9,4,3,2,5,8,7\n"
                "weblog@www1,4f1,,0,0,0,0,0,0,40,40\n");
    assert_text(
        LIST(rows), sources_list_json,
        "[\n {\"source\":\"a,\\\"b\\\"\",\"outbox\":\"\",\"heard\":\"2018-03-07T12:34:56Z\",\"batches\":1,"
        "\"read\":9,\"accepted\":4,\"refused\":3,\"repeated\":2,\"batches_again\":5,\"last\":8,\"missing\":7}"
        ","
        "\n {\"source\":\"weblog@www1\",\"outbox\":\"4f1\",\"heard\":null,\"batches\":0,\"read\":0,"
        "\"accepted\":0,\"refused\":0,\"repeated\":0,\"batches_again\":0,\"last\":40,\"missing\":40}\n]\n");
}

static void nothing_heard_is_nothing(void **state) {
    (void)state;
    assert_text(list_of(NULL, 0), write_table, "");
    assert_text(list_of(NULL, 0), sources_list_csv,
                "source,outbox,heard,batches,read,accepted,refused,repeated,batches_again,last,missing\n");
    assert_text(list_of(NULL, 0), sources_list_json, "[]\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_there_is_to_say),      cmocka_unit_test(what_is_missing_and_whose_outbox),
        cmocka_unit_test(blocks_as_wide_as_the_terminal), cmocka_unit_test(files_have_all_of_it),
        cmocka_unit_test(nothing_heard_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
