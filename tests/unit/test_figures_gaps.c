/* What `suivi figures` prints of what is not there, was reported, is aimed at, or was only partly heard of: to the
 * letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/answer.h"
#include "clients/cli/figures_csv.h"
#include "clients/cli/figures_json.h"
#include "clients/cli/figures_table.h"

#define POSTS     "lists.posts"
#define DOWNLOADS "web.downloads"

static struct answer *answer_of(const struct suivi_figure *figures, size_t count, size_t split_count) {
    static const char *const split[] = {"region"};
    static const struct suivi_indicator known[] = {
        {"lists.posts", "1.2.8", "count", "Posts", "", "posts"},
        {"web.downloads", "1.2.6", "count", "Downloads", "", "downloads"},
    };
    static const char *const none[] = {""};
    struct answer *answer;
    answer_new(&answer, split, split_count);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        answer_add_indicator(answer, &known[i]);
    for (size_t i = 0; i < count; i++) {
        struct suivi_figure figure = figures[i];
        figure.note = figure.note ? figure.note : "";
        figure.dims = figure.dims ? figure.dims : none;
        answer_add_figure(answer, &figure);
    }
    return answer;
}

#define ANSWER(figures) answer_of(figures, sizeof(figures) / sizeof *(figures), 0)

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

static void assert_text(struct answer *answer, void (*write)(FILE *, struct answer *), const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    write(stream, answer);
    fclose(stream);
    if (strcmp(text, wanted) != 0)
        fail_msg("not as wanted:\n%s", text);
    free(text);
    answer_destroy(&answer);
}

static const struct figures_table_layout by_month = {.width = 120, .by = PERIOD_MONTH};
static const struct figures_table_layout every = {
    .width = 120, .by = PERIOD_MONTH, .all_periods = true, .all_rows = true};

/* --- withheld for others --- */

static const char *const north[] = {"north"}, *const south[] = {"south"}, *const of_all[] = {""};

static const struct suivi_figure withheld_as_one[] = {
    {.indicator = POSTS, .period = "2018-01", .dims = north, .value = 8},
    {.indicator = POSTS, .period = "2018-01", .dims = south, .value = 9},
    {.indicator = POSTS, .period = "2018-02", .dims = of_all, .state = SUIVI_WITHHELD},
    {.indicator = DOWNLOADS, .period = "2018-01", .dims = of_all, .state = SUIVI_WITHHELD},
};

/* In a file it is one row; a person sees it in each row that it stands for, and in one of its own where there is none. */
static void what_stands_for_all_is_shown_in_all(void **state) {
    (void)state;
    assert_table(answer_of(withheld_as_one, 4, 1), &by_month,
                 "indicator          region   2018-01   2018-02   trend\n"
                 "1.2.6  Downloads                  x\n"
                 "1.2.8  Posts       north          8         x   ▄\n"
                 "                   south          9         x   ▄\n"
                 "\n"
                 "x withheld: it would tell too much of few people\n");
    assert_text(answer_of(withheld_as_one, 4, 1), figures_csv_write,
                "indicator,period,region,value,state\n"
                "lists.posts,2018-01,north,8,\n"
                "lists.posts,2018-01,south,9,\n"
                "lists.posts,2018-02,,,withheld\n"
                "web.downloads,2018-01,,,withheld\n");
}

/* --- four kinds of nothing --- */

static const struct suivi_figure nothings[] = {
    {.indicator = POSTS, .period = "2018-01", .value = 0},
    {.indicator = POSTS, .period = "2018-02", .state = SUIVI_MISSING},
    {.indicator = POSTS, .period = "2018-03", .state = SUIVI_WITHHELD},
    {.indicator = POSTS, .period = "2018-04", .state = SUIVI_NOT_DUE},
    {.indicator = POSTS, .period = "2018-05", .value = 7},
};

static void four_kinds_of_nothing_have_marks(void **state) {
    (void)state;
    assert_table(ANSWER(nothings), &by_month,
                 "indicator      2018-01   2018-02   2018-03   2018-04   2018-05   trend\n"
                 "1.2.8  Posts         0         –         x         ·         7   ▁   █\n"
                 "\n"
                 "– missing: the period is over, and nothing is known\n"
                 "· not due: no figure is wanted, or not yet\n"
                 "x withheld: it would tell too much of few people\n");
    assert_text(ANSWER(nothings), figures_csv_write,
                "indicator,period,value,state\n"
                "lists.posts,2018-01,0,\n"
                "lists.posts,2018-02,,missing\n"
                "lists.posts,2018-03,,withheld\n"
                "lists.posts,2018-04,,not due\n"
                "lists.posts,2018-05,7,\n");
    assert_text(
        ANSWER(nothings), figures_json_write,
        "[\n {\"indicator\":\"lists.posts\",\"period\":\"2018-01\",\"dims\":{},\"value\":0},\n"
        " {\"indicator\":\"lists.posts\",\"period\":\"2018-02\",\"dims\":{},\"value\":null,\"state\":"
        "\"missing\"},\n"
        " {\"indicator\":\"lists.posts\",\"period\":\"2018-03\",\"dims\":{},\"value\":null,\"state\":"
        "\"withheld\"},\n"
        " {\"indicator\":\"lists.posts\",\"period\":\"2018-04\",\"dims\":{},\"value\":null,\"state\":\"not "
        "due\"},\n"
        " {\"indicator\":\"lists.posts\",\"period\":\"2018-05\",\"dims\":{},\"value\":7}\n]\n");
}

static const struct suivi_figure gaps_around[] = {
    {.indicator = POSTS, .period = "2017-12", .state = SUIVI_MISSING},
    {.indicator = POSTS, .period = "2018-01", .value = 3},
    {.indicator = POSTS, .period = "2018-02", .state = SUIVI_MISSING},
    {.indicator = POSTS, .period = "2018-03", .value = 4},
    {.indicator = POSTS, .period = "2018-04", .state = SUIVI_NOT_DUE},
    {.indicator = DOWNLOADS, .period = "2018-02", .state = SUIVI_NOT_DUE},
};

/* What nobody asked for is left out at both ends; a gap between figures is shown. */
static void columns_end_where_figures_end(void **state) {
    (void)state;
    assert_table(ANSWER(gaps_around), &by_month,
                 "indicator      2018-01   2018-02   2018-03   trend\n"
                 "1.2.8  Posts         3         –         4   ▁ █\n"
                 "\n"
                 "– missing: the period is over, and nothing is known\n");
    assert_table(ANSWER(gaps_around), &every,
                 "indicator          2017-12   2018-01   2018-02   2018-03   2018-04   trend\n"
                 "1.2.6  Downloads         –         –         ·         –         –\n"
                 "1.2.8  Posts             –         3         –         4         ·    ▁ █\n"
                 "\n"
                 "– missing: the period is over, and nothing is known\n"
                 "· not due: no figure is wanted, or not yet\n");
}

static void columns_asked_for_are_there(void **state) {
    (void)state;
    struct period from, to;
    assert_int_equal(period_parse(&from, STR("2017-12"), NULL), 0);
    assert_int_equal(period_parse(&to, STR("2018-05"), NULL), 0);
    assert_table(ANSWER(gaps_around),
                 &(struct figures_table_layout){.width = 120, .by = PERIOD_MONTH, .from = &from},
                 "indicator      2017-12   2018-01   2018-02   2018-03   trend\n"
                 "1.2.8  Posts         –         3         –         4    ▁ █\n"
                 "\n"
                 "– missing: the period is over, and nothing is known\n");
    assert_table(
        ANSWER(gaps_around),
        &(struct figures_table_layout){.width = 120, .by = PERIOD_MONTH, .to = &to, .all_rows = true},
        "indicator          2018-01   2018-02   2018-03   2018-04   2018-05   trend\n"
        "1.2.6  Downloads         –         ·         –         –         –\n"
        "1.2.8  Posts             3         –         4         ·         –   ▁ █\n"
        "\n"
        "– missing: the period is over, and nothing is known\n"
        "· not due: no figure is wanted, or not yet\n");
}

static void nothing_at_all_is_shown_only_when_asked_for(void **state) {
    (void)state;
    const struct suivi_figure missing[] = {{.indicator = POSTS, .period = "2018-01", .state = SUIVI_MISSING}};
    struct period from;
    assert_int_equal(period_parse(&from, STR("2018-01"), NULL), 0);
    assert_table(ANSWER(missing), &by_month, "");
    assert_table(ANSWER(missing),
                 &(struct figures_table_layout){.width = 120, .by = PERIOD_MONTH, .from = &from},
                 "indicator      2018-01\n"
                 "1.2.8  Posts         –\n"
                 "\n"
                 "– missing: the period is over, and nothing is known\n");
}

/* --- decimals --- */

static void decimals_are_printed(void **state) {
    (void)state;
    const struct suivi_figure ratios[] = {
        {.indicator = POSTS, .period = "2018-01", .value = 125, .decimals = 1},
        {.indicator = POSTS, .period = "2018-02", .value = -123456789, .decimals = 1},
    };
    assert_table(ANSWER(ratios), &by_month,
                 "indicator            2018-01         2018-02   trend\n"
                 "1.2.8  Posts            12.5   -12 345 678.9   █▁\n");
    assert_text(ANSWER(ratios), figures_csv_write,
                "indicator,period,value\n"
                "lists.posts,2018-01,12.5\n"
                "lists.posts,2018-02,-12345678.9\n");
    assert_text(
        ANSWER(ratios), figures_json_write,
        "[\n {\"indicator\":\"lists.posts\",\"period\":\"2018-01\",\"dims\":{},\"value\":12.5},\n"
        " {\"indicator\":\"lists.posts\",\"period\":\"2018-02\",\"dims\":{},\"value\":-12345678.9}\n]\n");
}

/* --- closed periods --- */

static const struct suivi_figure closed[] = {
    {.indicator = POSTS, .period = "2018-01", .value = 120, .has_reported = true, .reported = 118},
    {.indicator = POSTS, .period = "2018-02", .value = 7, .has_reported = true, .reported = 7},
    {.indicator = POSTS, .period = "2018-03", .state = SUIVI_MISSING, .has_reported = true, .reported = 1234},
    {.indicator = POSTS,
     .period = "2018-04",
     .value = 9,
     .note = "so far",
     .has_reported = true,
     .reported = 8},
    {.indicator = POSTS, .period = "2018-05", .state = SUIVI_WITHHELD, .has_reported = true, .reported = 2},
};

static void what_moved_since_it_was_reported_has_a_note(void **state) {
    (void)state;
    assert_table(ANSWER(closed), &by_month,
                 "indicator      2018-01   2018-02   2018-03   2018-04   2018-05   trend\n"
                 "1.2.8  Posts       120¹        7         –²        9³        x   █▁ ▁\n"
                 "\n"
                 "¹ reported 118 (closed), now 120\n"
                 "² reported 1 234 (closed), now missing\n"
                 "³ so far; reported 8 (closed), now 9\n"
                 "– missing: the period is over, and nothing is known\n"
                 "x withheld: it would tell too much of few people\n");
    assert_text(ANSWER(closed), figures_csv_write,
                "indicator,period,value,note,state,reported\n"
                "lists.posts,2018-01,120,,,118\n"
                "lists.posts,2018-02,7,,,7\n"
                "lists.posts,2018-03,,,missing,1234\n"
                "lists.posts,2018-04,9,so far,,8\n"
                "lists.posts,2018-05,,,withheld,\n");
}

/* Nothing is known any more, and yet there is something to tell. */
static void what_was_reported_and_is_gone_is_shown(void **state) {
    (void)state;
    assert_table(answer_of(&closed[2], 1, 0), &by_month,
                 "indicator      2018-03\n"
                 "1.2.8  Posts         –¹\n"
                 "\n"
                 "¹ reported 1 234 (closed), now missing\n"
                 "– missing: the period is over, and nothing is known\n");
}

/* --- targets --- */

static const struct suivi_figure aimed[] = {
    {.indicator = DOWNLOADS, .period = "2018-01", .value = 2000, .has_target = true, .target = 1},
    {.indicator = DOWNLOADS, .period = "2018-02", .value = 2120, .has_target = true, .target = 3000},
    {.indicator = POSTS, .period = "2018-01", .value = 5},
};

static void the_last_period_has_its_target_beside_it(void **state) {
    (void)state;
    assert_table(ANSWER(aimed), &by_month,
                 "indicator          2018-01   2018-02   trend   target\n"
                 "1.2.6  Downloads     2 000     2 120   ▁█       3 000\n"
                 "1.2.8  Posts             5         –   ▄\n");
    assert_table(answer_of(&aimed[1], 1, 0), &by_month,
                 "indicator          2018-02   target\n"
                 "1.2.6  Downloads     2 120    3 000\n");
    assert_table(answer_of(&aimed[1], 1, 1), &by_month,
                 "indicator          region   2018-02\n"
                 "1.2.6  Downloads              2 120\n");
    assert_text(ANSWER(aimed), figures_csv_write,
                "indicator,period,value,target\n"
                "lists.posts,2018-01,5,\n"
                "web.downloads,2018-01,2000,1\n"
                "web.downloads,2018-02,2120,3000\n");
}

/* --- coverage --- */

static const struct suivi_figure covered[] = {
    {.indicator = DOWNLOADS, .period = "2018-01", .value = 290, .heard = 31, .days = 31},
    {.indicator = DOWNLOADS, .period = "2018-02", .state = SUIVI_MISSING, .heard = 3, .days = 28},
    {.indicator = DOWNLOADS, .period = "2018-03", .value = 322, .heard = 31, .days = 31},
    {.indicator = POSTS, .period = "2018-01", .state = SUIVI_MISSING, .heard = 0, .days = 31},
    {.indicator = POSTS, .period = "2018-02", .value = 5, .heard = 28, .days = 28},
};

static void few_days_heard_from_are_told_at_the_row(void **state) {
    (void)state;
    assert_table(
        ANSWER(covered), &by_month,
        "indicator          2018-01   2018-02   2018-03   trend\n"
        "1.2.6  Downloads       290         –       322   ▁ █     heard from on 3 of 28 days in 2018-02\n"
        "1.2.8  Posts             –         5         –    ▄\n"
        "\n"
        "– missing: the period is over, and nothing is known\n");
    assert_table(ANSWER(covered), &(struct figures_table_layout){.width = 80, .by = PERIOD_MONTH},
                 "indicator          2018-01   2018-02   2018-03   trend\n"
                 "1.2.6  Downloads       290         –       322   ▁ █     ¹\n"
                 "1.2.8  Posts             –         5         –    ▄\n"
                 "\n"
                 "¹ heard from on 3 of 28 days in 2018-02\n"
                 "– missing: the period is over, and nothing is known\n");
    assert_text(answer_of(covered, 2, 0), figures_csv_write,
                "indicator,period,value,state,heard,days\n"
                "web.downloads,2018-01,290,,31,31\n"
                "web.downloads,2018-02,,missing,3,28\n");
    assert_text(
        answer_of(covered, 1, 0), figures_json_write,
        "[\n {\"indicator\":\"web.downloads\",\"period\":\"2018-01\",\"dims\":{},\"value\":290,\"heard\":31,"
        "\"days\":31}\n]\n");
}

static void the_two_worst_are_named(void **state) {
    (void)state;
    static const char *const africa[] = {"africa"};
    const struct suivi_figure figures[] = {
        {.indicator = POSTS, .period = "2018-01", .dims = africa, .value = 1, .heard = 30, .days = 31},
        {.indicator = POSTS, .period = "2018-02", .dims = africa, .value = 1, .heard = 2, .days = 28},
        {.indicator = POSTS, .period = "2018-03", .dims = africa, .value = 1, .heard = 29, .days = 31},
        {.indicator = POSTS, .period = "2018-04", .dims = africa, .value = 1, .heard = 1, .days = 30},
    };
    const struct figures_table_layout narrow = {.width = 70, .by = PERIOD_MONTH};
    assert_table(answer_of(figures, 4, 1), &narrow,
                 "indicator      region   2018-01   2018-02   2018-03   2018-04   trend\n"
                 "1.2.8  Posts   africa         1         1         1         1   ▄▄▄▄    ¹\n"
                 "\n"
                 "¹ heard from on 1 of 30 days in 2018-04, 2 of 28 in 2018-02, and not every day "
                 "in 2 more periods\n");
    assert_table(answer_of(figures, 3, 1), &narrow,
                 "indicator      region   2018-01   2018-02   2018-03   trend\n"
                 "1.2.8  Posts   africa         1         1         1   ▄▄▄     ¹\n"
                 "\n"
                 "¹ heard from on 2 of 28 days in 2018-02, 29 of 31 in 2018-03, and not every day "
                 "in 1 more period\n");
    assert_table(answer_of(figures, 2, 1), &narrow,
                 "indicator      region   2018-01   2018-02   trend\n"
                 "1.2.8  Posts   africa         1         1   ▄▄      ¹\n"
                 "\n"
                 "¹ heard from on 2 of 28 days in 2018-02 and 30 of 31 in 2018-01\n");
}

static void target_and_remark_stand_in_the_last_block(void **state) {
    (void)state;
    const struct suivi_figure figures[] = {
        {.indicator = POSTS, .period = "2018-01", .value = 1},
        {.indicator = POSTS, .period = "2018-02", .value = 2},
        {.indicator = POSTS,
         .period = "2018-03",
         .value = 3,
         .has_target = true,
         .target = 9,
         .heard = 1,
         .days = 31},
    };
    assert_table(ANSWER(figures), &(struct figures_table_layout){.width = 50, .by = PERIOD_MONTH},
                 "indicator      2018-01   2018-02   trend\n"
                 "1.2.8  Posts         1         2   ▁▅\n"
                 "\n"
                 "indicator      2018-03   trend   target\n"
                 "1.2.8  Posts         3   █            9   ¹\n"
                 "\n"
                 "¹ heard from on 1 of 31 days in 2018-03\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_for_all_is_shown_in_all),
        cmocka_unit_test(four_kinds_of_nothing_have_marks),
        cmocka_unit_test(columns_end_where_figures_end),
        cmocka_unit_test(columns_asked_for_are_there),
        cmocka_unit_test(nothing_at_all_is_shown_only_when_asked_for),
        cmocka_unit_test(decimals_are_printed),
        cmocka_unit_test(what_moved_since_it_was_reported_has_a_note),
        cmocka_unit_test(what_was_reported_and_is_gone_is_shown),
        cmocka_unit_test(the_last_period_has_its_target_beside_it),
        cmocka_unit_test(few_days_heard_from_are_told_at_the_row),
        cmocka_unit_test(the_two_worst_are_named),
        cmocka_unit_test(target_and_remark_stand_in_the_last_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
