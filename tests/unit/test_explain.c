/* What `suivi explain` prints, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/explain_json.h"
#include "clients/cli/explain_text.h"
#include "proto/civil.h"

static int64_t at(int year, int month, int day, int seconds) {
    return (int64_t)civil_to_day(year, month, day) * CIVIL_DAY_SECONDS + seconds;
}

static void assert_told(const struct suivi_explanation *explanation, const struct explain_asked *asked,
                        const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    explain_text_write(stream, explanation, asked);
    assert_int_equal(fclose(stream), 0);
    if (strcmp(text, wanted) != 0)
        fail_msg("not as wanted:\n%s", text);
    free(text);
}

static void assert_json(const struct suivi_explanation *explanation, const struct explain_asked *asked,
                        const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    explain_json_write(stream, explanation, asked);
    assert_int_equal(fclose(stream), 0);
    if (strcmp(text, wanted) != 0)
        fail_msg("not as wanted:\n%s", text);
    free(text);
}

static const struct suivi_indicator downloads = {.id = "web.downloads",
                                                 .code = "1.2.6",
                                                 .kind = "count",
                                                 .label = "Resources downloaded",
                                                 .note = "",
                                                 .unit = "downloads"};

static const struct explain_asked nothing_more = {0};

static struct suivi_explanation about_downloads(void) {
    return (struct suivi_explanation){
        .indicator = downloads,
        .definition = "Files fetched by people.",
        .method = "",
        .method_version = "2",
        .fed_by = "web log",
        .figure = {.indicator = "web.downloads", .period = "2018-02", .note = "", .days = 28},
    };
}

static void what_is_missing_says_how_to_count_it(void **state) {
    (void)state;
    struct suivi_explanation it = about_downloads();
    const struct suivi_part part = {"weblog@www1",         31, 3, "2018-02-01", "2018-02-03",
                                    at(2018, 2, 3, 85800), 0};
    const struct suivi_dim site = {"site", "nswp"};
    it.figure.state = SUIVI_MISSING;
    it.figure.heard = 3;
    it.parts = &part;
    it.part_count = 1;
    assert_told(
        &it, &nothing_more,
        "Resources downloaded, February 2018: missing (heard from on 3 of 28 days)\n"
        "  weblog@www1   1-3 Feb   31 downloads   last heard 3 Feb 23:50\n"
        "What it means:\n"
        "  indicator   web.downloads\n"
        "  code        1.2.6\n"
        "  definition  Files fetched by people.\n"
        "  version     2\n"
        "  fed by      web log\n"
        "To count the missing days again: suivi-weblog --site SITE FILE... (on www1, with the logs of these "
        "days)\n");
    assert_told(
        &it, &(struct explain_asked){.where = &site, .where_count = 1},
        "Resources downloaded, February 2018, site=nswp: missing (heard from on 3 of 28 days)\n"
        "  weblog@www1   1-3 Feb   31 downloads   last heard 3 Feb 23:50\n"
        "What it means:\n"
        "  indicator   web.downloads\n"
        "  code        1.2.6\n"
        "  definition  Files fetched by people.\n"
        "  version     2\n"
        "  fed by      web log\n"
        "To count the missing days again: suivi-weblog --site nswp FILE... (on www1, with the logs of these "
        "days)\n");
}

static void a_whole_month_needs_no_hint(void **state) {
    (void)state;
    struct suivi_explanation it = about_downloads();
    const struct suivi_part parts[] = {
        {"weblog@www1", 1200, 28, "2018-02-01", "2018-02-28", at(2019, 3, 1, 60), 10},
        {"weblog@www2", 34, 2, "2018-02-01", "2018-02-28", at(2018, 3, 1, 60), 0},
    };
    it.figure.value = 1234;
    it.figure.heard = 28;
    it.figure.has_target = true;
    it.figure.target = 3000;
    it.parts = parts;
    it.part_count = 2;
    it.more = 7;
    assert_told(
        &it, &nothing_more,
        "Resources downloaded, February 2018: 1 234 (heard from on all 28 days)\n"
        "  weblog@www1   1-28 Feb           1 200 downloads, \xc2\xb1 0.8 %   last heard 1 Mar 2019 00:01\n"
        "  weblog@www2   1-28 Feb, 2 days   34 downloads               last heard 1 Mar 00:01\n"
        "What it means:\n"
        "  indicator   web.downloads\n"
        "  code        1.2.6\n"
        "  definition  Files fetched by people.\n"
        "  version     2\n"
        "  fed by      web log\n"
        "  target      3 000\n"
        "There is more than can be told at once: 7 rows are left out.\n");
}

/* A closed quarter in which everything happened. */
static const struct suivi_closing closing = {.period = "2018-Q1",
                                             .digest = "4f1c",
                                             .note = "to the donors",
                                             .at = 1523318400,
                                             .figures = 212,
                                             .vintage = 3};
static const struct suivi_refusal refusal = {"weblog@www1", "web.downloads has no dimension \"x\"", 12,
                                             1517701800};
static const struct suivi_withdrawal withdrawal = {"weblog@www1", "2018-02-01", "2018-02-03", "counted twice",
                                                   1517701800};

static struct suivi_explanation about_all_of_it(const struct suivi_version *versions) {
    struct suivi_explanation it = about_downloads();
    it.figure.period = "2018-Q1";
    it.figure.days = 0;
    it.figure.value = 120;
    it.figure.has_reported = true;
    it.figure.reported = 118;
    it.closings = &closing;
    it.closing_count = 1;
    it.refusals = &refusal;
    it.refusal_count = 1;
    it.withdrawals = &withdrawal;
    it.withdrawal_count = 1;
    it.versions = versions;
    it.version_count = 2;
    return it;
}

static const struct suivi_version versions[] = {{"1", "2016-01-01", 1451606400},
                                                {"2", "2018-03-01", 1519862400}};

static void what_moved_since_it_was_reported(void **state) {
    (void)state;
    struct suivi_explanation it = about_all_of_it(versions);
    const struct suivi_move moves[] = {{1525305600, 3, "weblog@www1", "came later"},
                                       {1525392000, -1, "", "a slip"}};
    it.moves = moves;
    it.move_count = 1;
    assert_told(
        &it, &nothing_more,
        "Resources downloaded, January to March 2018: 120\n"
        "Refused, and not counted:\n"
        "  weblog@www1   12 times   last on 3 Feb 2018 23:50: web.downloads has no dimension \"x\"\n"
        "Withdrawn, so that it can be counted again:\n"
        "  weblog@www1   1-3 Feb 2018   on 3 Feb 2018 23:50: counted twice\n"
        "Closed:\n"
        "  as reported 118 on 10 Apr 2018; since then: +3 on 3 May 2018 from weblog@www1 (came later)\n"
        "  SHA-256 4f1c; note: to the donors\n"
        "What it means:\n"
        "  indicator   web.downloads\n"
        "  code        1.2.6\n"
        "  definition  Files fetched by people.\n"
        "  version     1, since 1 Jan 2016\n"
        "  break       1 Mar 2018: version 2 from that day on; figures before and after are not counted "
        "alike\n"
        "  fed by      web log\n");
    it = about_all_of_it(versions);
    it.moves = moves;
    it.move_count = 2;
    it.refusal_count = it.withdrawal_count = it.version_count = 0;
    assert_told(&it, &nothing_more,
                "Resources downloaded, January to March 2018: 120\n"
                "Closed:\n"
                "  as reported 118 on 10 Apr 2018; since then:\n"
                "    +3 on 3 May 2018 from weblog@www1 (came later)\n"
                "    -1 on 4 May 2018 (a slip)\n"
                "  SHA-256 4f1c; note: to the donors\n"
                "What it means:\n"
                "  indicator   web.downloads\n"
                "  code        1.2.6\n"
                "  definition  Files fetched by people.\n"
                "  version     2\n"
                "  fed by      web log\n");
}

static void a_month_is_closed_with_its_quarter(void **state) {
    (void)state;
    struct suivi_explanation it = about_all_of_it(versions);
    it.figure.period = "2018-02";
    it.figure.value = 118;
    it.refusal_count = it.withdrawal_count = it.version_count = 0;
    it.definition = it.fed_by = it.method_version = "";
    assert_told(&it, &nothing_more,
                "Resources downloaded, February 2018: 118\n"
                "Closed:\n"
                "  as reported 118 on 10 Apr 2018, with all of 2018-Q1; nothing has moved since\n"
                "  SHA-256 4f1c; note: to the donors\n"
                "What it means:\n"
                "  indicator   web.downloads\n"
                "  code        1.2.6\n");
    const struct suivi_closing both[] = {{.period = "2018", .digest = "77", .note = "", .at = 1546905600},
                                         closing};
    const struct suivi_move moves[] = {{1525305600, 3, "weblog@www1", "came later"},
                                       {1525392000, -1, "", "a slip"}};
    struct suivi_explanation moved = it;
    moved.figure.value = 120;
    moved.moves = moves;
    moved.move_count = 2;
    moved.closings = both;
    moved.closing_count = 2;
    assert_told(&moved, &nothing_more,
                "Resources downloaded, February 2018: 120\n"
                "Closed:\n"
                "  closed, too, on 8 Jan 2019, with all of 2018\n"
                "  SHA-256 77\n"
                "  as reported 118 on 10 Apr 2018, with all of 2018-Q1; since then:\n"
                "    +3 on 3 May 2018 from weblog@www1 (came later)\n"
                "    -1 on 4 May 2018 (a slip)\n"
                "  SHA-256 4f1c; note: to the donors\n"
                "What it means:\n"
                "  indicator   web.downloads\n"
                "  code        1.2.6\n");
    it.figure.period = "2018-Q1";
    assert_told(&it, &nothing_more,
                "Resources downloaded, January to March 2018: 118\n"
                "Closed:\n"
                "  as reported 118 on 10 Apr 2018; nothing has moved since\n"
                "  SHA-256 4f1c; note: to the donors\n"
                "What it means:\n"
                "  indicator   web.downloads\n"
                "  code        1.2.6\n");
}

static void what_was_closed_without_a_value_says_so(void **state) {
    (void)state;
    struct suivi_explanation it = about_all_of_it(versions);
    const struct suivi_move moves[] = {{1525305600, 3, "weblog@www1", "came later"}};
    it.figure.value = 3;
    it.figure.has_reported = false;
    it.refusal_count = it.withdrawal_count = it.version_count = 0;
    it.moves = moves;
    it.move_count = 1;
    it.definition = it.fed_by = it.method_version = "";
    assert_told(&it, &nothing_more,
                "Resources downloaded, January to March 2018: 3\n"
                "Closed:\n"
                "  as reported: missing, on 10 Apr 2018; since then: +3 on 3 May 2018 from weblog@www1 (came "
                "later)\n"
                "  SHA-256 4f1c; note: to the donors\n"
                "What it means:\n"
                "  indicator   web.downloads\n"
                "  code        1.2.6\n");
}

static void the_version_told_is_that_of_the_period(void **state) {
    (void)state;
    static const struct {
        const char *period, *wanted;
    } cases[] = {{"2018-02",
                  "  version     1, since 1 Jan 2016 (what is told above is the present text, of version 2)\n"
                  "  break       1 Mar 2018: version 2 from"},
                 {"2018-Q1", "  version     1, since 1 Jan 2016\n  break       1 Mar 2018: version 2 from"},
                 {"2018-03", "  version     2, since 1 Mar 2018\n  break       1 Mar 2018: version 2 from"},
                 {"2018-04", "  version     2, since 1 Mar 2018\n  break       1 Mar 2018: version 2 from"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct suivi_explanation it = about_all_of_it(versions);
        it.figure.period = cases[i].period;
        char *text = NULL;
        size_t len;
        FILE *stream = open_memstream(&text, &len);
        explain_text_write(stream, &it, &nothing_more);
        fclose(stream);
        if (!strstr(text, cases[i].wanted))
            fail_msg("wanted %s in:\n%s", cases[i].wanted, text);
        free(text);
    }
}

static void assert_has(const struct suivi_explanation *it, const char *wanted) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    explain_text_write(stream, it, &nothing_more);
    fclose(stream);
    if (!strstr(text, wanted))
        fail_msg("wanted %s in:\n%s", wanted, text);
    free(text);
}

/* Also where the method had no text, or the words were not kept; the same words are told once. */
static void what_was_reported_has_the_words_of_its_time(void **state) {
    (void)state;
    struct suivi_meaning meaning[] = {
        {"2018", "0", true, true, "", "Not of this closing.", ""},
        {"2018-Q1", "1", true, true, "Downloads", "Files fetched.", ""},
    };
    struct suivi_explanation it = about_all_of_it(versions);
    it.closings = &closing;
    it.closing_count = 1;
    it.meanings = meaning;
    it.meaning_count = 2;
    it.figure.period = "2018-02";
    it.method = "web log";
    assert_has(&it, "  definition  reported by version 1: Files fetched.\n"
                    "              now: Files fetched by people.\n"
                    "  method      reported by version 1: none was given\n"
                    "              now: web log\n"
                    "  version     1, since 1 Jan 2016\n");
    meaning[1].kept = false;
    assert_has(&it, "  definition  reported by version 1: its words were not kept then\n"
                    "              now: Files fetched by people.\n");
    meaning[1].changed = false;
    assert_has(&it, "  definition  Files fetched by people.\n  method      web log\n");
    meaning[1] =
        (struct suivi_meaning){"2018-Q1", "", false, true, "", "Files fetched by people.", "web log"};
    assert_has(&it, "  definition  Files fetched by people.\n  method      web log\n");
}

static void what_the_plan_has_no_more_is_not_counted(void **state) {
    (void)state;
    struct suivi_explanation it = about_downloads();
    it.closings = &closing;
    it.closing_count = 1;
    it.gone = true;
    it.figure.period = "2018-Q1";
    it.figure.has_reported = true;
    it.figure.reported = it.figure.value;
    assert_has(
        &it, " on 10 Apr 2018; not counted any more\n  SHA-256 4f1c; note: to the donors\nWhat it meant:\n");
}

static void a_change_of_the_text_alone_is_told_as_such(void **state) {
    (void)state;
    static const struct suivi_version same[] = {{"1", "2016-01-01", 1451606400},
                                                {"1", "2018-03-01", 1519862400}};
    struct suivi_explanation it = about_all_of_it(same);
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    explain_text_write(stream, &it, &nothing_more);
    fclose(stream);
    if (!strstr(text,
                "  break       1 Mar 2018: another definition from that day on; figures before and after "
                "are not counted alike\n"))
        fail_msg("%s", text);
    free(text);
}

static void what_is_entered_is_counted_as_what_it_is(void **state) {
    (void)state;
    static const struct {
        const char *kind;
        int64_t value;
        const char *wanted;
    } cases[] = {{"level", 5, "   5 statements   "},  {"level", 1, "   1 statement   "},
                 {"status", 2, "   2 statements   "}, {"roster", 2, "   2 entries   "},
                 {"milestone", 1, "   1 entry   "},   {"evidence", 3, "   3 entries   "},
                 {"count", 5, "   0.5 members   "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct suivi_part part = {"record@vm",  cases[i].value,    1, "2018-02-01",
                                        "2018-02-01", at(2018, 2, 3, 0), 0};
        struct suivi_explanation it = about_downloads();
        it.indicator.kind = cases[i].kind;
        it.indicator.unit = "members";
        it.figure.decimals = 1;
        it.parts = &part;
        it.part_count = 1;
        char *text = NULL;
        size_t len;
        FILE *stream = open_memstream(&text, &len);
        explain_text_write(stream, &it, &nothing_more);
        fclose(stream);
        if (!strstr(text, cases[i].wanted))
            fail_msg("wanted %s in:\n%s", cases[i].wanted, text);
        free(text);
    }
}

static void entries_say_what_was_entered_and_why_it_changed(void **state) {
    (void)state;
    const struct suivi_dim africa = {"region", "africa"};
    const struct suivi_entry_row rows[] = {
        {.source = "record@office",
         .dims = &africa,
         .dim_count = 1,
         .at = at(2018, 3, 31, 43200),
         .state = "counts",
         .entry = {.id = 0xa2f,
                   .recorded = at(2018, 4, 2, 0),
                   .has_value = true,
                   .value = 1200,
                   .note = "from the\ncensus"}},
        {.source = "record@office",
         .at = at(2018, 3, 31, 43200),
         .state = "retracted",
         .entry = {.id = 1, .has_value = true, .value = 12}},
        {.source = "record@office",
         .at = at(2018, 3, 31, 43200),
         .state = "counts",
         .entry = {.id = 2, .recorded = at(2018, 5, 3, 0), .retracts = 1, .reason = "a slip of the pen"}},
        {.source = "record@office",
         .at = at(2018, 3, 31, 43200),
         .state = "withdrawn",
         .entry = {.id = 3, .has_value = true, .value = 7}},
        {.source = "record@office",
         .at = at(2018, 3, 30, 43200),
         .state = "superseded",
         .entry = {.id = 4, .has_value = true, .value = 8}},
    };
    const struct suivi_explanation it = {
        .indicator = {.id = "members.total",
                      .code = "",
                      .kind = "level",
                      .label = "Members",
                      .note = "",
                      .unit = "members"},
        .definition = "",
        .method = "",
        .method_version = "",
        .fed_by = "",
        .figure = {.indicator = "members.total", .period = "2018-03", .value = 1200, .note = ""},
        .entries = rows,
        .entry_count = sizeof rows / sizeof *rows,
    };
    assert_told(
        &it, &nothing_more,
        "Members, March 2018: 1 200\n"
        "Entries:\n"
        "  31 Mar 2018   1 200 members                 region=africa   record@office   0000000000000a2f\n"
        "      note: from the?census\n"
        "  31 Mar 2018   12 members                                    record@office   0000000000000001   "
        "taken back, "
        "does not count\n"
        "  31 Mar 2018   takes back 0000000000000001                   record@office   0000000000000002\n"
        "      correction, said on 3 May 2018: a slip of the pen\n"
        "  31 Mar 2018   7 members                                     record@office   0000000000000003   "
        "withdrawn "
        "with its source, does not count\n"
        "  30 Mar 2018   8 members                                     record@office   0000000000000004   "
        "does not "
        "count: a later one holds, or it was said twice\n"
        "What it means:\n"
        "  indicator   members.total\n");
}

struct said {
    const char *kind, *unit;
    struct suivi_entry entry;
    const char *what;
};

static void each_kind_says_its_own(void **state) {
    (void)state;
    static const struct said said[] = {
        {"count", "posts", {.has_value = true, .value = 2}, "2 posts"},
        {"count", "posts", {.has_value = true, .value = 2, .reason = "missed"}, "+2 posts"},
        {"distinct", "", {.has_value = true, .value = -2, .reason = "the same person"}, "-2"},
        {"status", "", {.has_value = true, .value = 1}, "in force"},
        {"status", "", {.has_value = true, .value = 0}, "not in force"},
        {"roster", "", {.name = "Kenya"}, "Kenya"},
        {"roster", "", {.name = "Kenya", .removed = true, .reason = "left"}, "Kenya is removed"},
        {"milestone", "", {.done = "2018-09-12"}, "done"},
        {"milestone", "", {.done = "2018-09-12", .title = "Audit"}, "done"},
        {"evidence", "", {.title = "A tool at work"}, "A tool at work"},
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        const struct suivi_entry_row row = {
            .source = "s", .at = at(2018, 3, 1, 0), .state = "counts", .entry = said[i].entry};
        const struct suivi_explanation it = {
            .indicator =
                {.id = "x", .code = "", .kind = said[i].kind, .label = "X", .note = "", .unit = said[i].unit},
            .definition = "",
            .method = "",
            .method_version = "",
            .fed_by = "",
            .figure = {.indicator = "x", .period = "2018", .note = ""},
            .entries = &row,
            .entry_count = 1,
        };
        char *text = NULL, wanted[128];
        size_t len;
        FILE *stream = open_memstream(&text, &len);
        explain_text_write(stream, &it, &nothing_more);
        fclose(stream);
        snprintf(wanted, sizeof wanted, "Entries:\n  %s 2018   %s   s   ",
                 said[i].entry.done ? "12 Sep" : "1 Mar", said[i].what);
        if (!strstr(text, wanted))
            fail_msg("wanted %sin:\n%s", wanted, text);
        bool below = said[i].entry.done && said[i].entry.title;
        if (below != (strstr(text, "\n      title: Audit\n") != NULL))
            fail_msg("a title below %s:\n%s", said[i].what, text);
        free(text);
    }
}

static void case_studies_are_told_in_full_when_asked(void **state) {
    (void)state;
    static const char *const parts[] = {"Raids.\r\n\r\nFines.", "Stop them", "Letters",
                                        "Fewer raids",          "Safer",     "Go on"};
    const struct suivi_entry_row row = {
        .source = "record@office",
        .at = at(2018, 3, 1, 0),
        .state = "counts",
        .entry = {.id = 9,
                  .title = "Raids in\033[2J the north",
                  .parts = parts,
                  .link = "https://example.org/x",
                  .file = "x.pdf",
                  .sha256 = (const unsigned char *)"0123456789abcdef0123456789abcdef"}};
    const struct suivi_explanation it = {
        .indicator = {.id = "impact.case_studies",
                      .code = "",
                      .kind = "narrative",
                      .label = "Case studies",
                      .note = "",
                      .unit = ""},
        .definition = "",
        .method = "",
        .method_version = "",
        .fed_by = "",
        .figure = {.indicator = "impact.case_studies", .period = "2018", .value = 1, .note = ""},
        .entries = &row,
        .entry_count = 1,
    };
    const char *head =
        "Case studies, 2018: 1\n"
        "Entries:\n"
        "  1 Mar 2018   Raids in?[2J the north   record@office   0000000000000009\n"
        "      link: https://example.org/x\n"
        "      file: x.pdf\n"
        "      its SHA-256: 3031323334353637383961626364656630313233343536373839616263646566\n";
    const char *foot = "What it means:\n  indicator   impact.case_studies\n";
    char wanted[2048];
    snprintf(wanted, sizeof wanted, "%s%s", head, foot);
    assert_told(&it, &nothing_more, wanted);
    snprintf(wanted, sizeof wanted, "%s%s%s", head,
             "\n      Problem\n        Raids.\n\n        Fines.\n"
             "\n      Aims\n        Stop them\n"
             "\n      Strategies\n        Letters\n"
             "\n      Results\n        Fewer raids\n"
             "\n      Impact analysis\n        Safer\n"
             "\n      Conclusions\n        Go on\n",
             foot);
    assert_told(&it, &(struct explain_asked){.full = true}, wanted);
}

static void remarks_stand_below_what_was_given(void **state) {
    (void)state;
    const struct suivi_dim site[] = {{"site", "nswp"}, {"zone", "n"}};
    const struct suivi_remark_row remarks[] = {
        {SUIVI_METHOD, "weblog@www1", site, 2, "2018-02-01", "2018-02-28", 27, "robots list", "2018-01-31"},
        {SUIVI_BREAK, "weblog@www1", site, 1, "2018-02-03", "2018-02-03", 1, "key", "a new key began"},
        {SUIVI_METHOD, "weblog@www2", NULL, 0, "2018-02-04", "2018-02-05", 2, "robots list", "20\033[2J"},
        {SUIVI_EVENT, "desk@office", NULL, 0, "2018-02-06", "2018-02-06", 1, "move", "to another host"},
    };
    struct suivi_explanation it = about_downloads();
    it.remarks = remarks;
    it.remark_count = 4;
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    explain_text_write(stream, &it, &nothing_more);
    fclose(stream);
    const char *wanted = "How it was counted:\n"
                         "  robots list 2018-01-31   1-28 Feb, 27 days   weblog@www1   site=nswp, zone=n\n"
                         "  robots list 20?[2J       4-5 Feb             weblog@www2\n"
                         "To be known of these days:\n"
                         "  break, key: a new key began   3 Feb   weblog@www1   site=nswp\n"
                         "  move: to another host         6 Feb   desk@office\n";
    if (strstr(text, wanted) == NULL)
        fail_msg("not as wanted:\n%s", text);
    free(text);
}

static void ratios_show_what_they_are_made_of(void **state) {
    (void)state;
    const struct suivi_operand operands[] = {
        {"lists.posts", "Posts", {.period = "2018-02", .value = 125, .note = ""}},
        {"members.total", "Members", {.period = "2018-02", .state = SUIVI_MISSING, .note = ""}},
    };
    const struct suivi_explanation it = {
        .indicator = {.id = "posts.each",
                      .code = "",
                      .kind = "ratio",
                      .label = "Posts a member",
                      .note = "",
                      .unit = "%"},
        .definition = "",
        .method = "",
        .method_version = "",
        .fed_by = "",
        .figure =
            {.indicator = "posts.each", .period = "2018-02", .value = 125, .decimals = 1, .note = "so far"},
        .operands = operands,
        .operand_count = 2,
    };
    assert_told(&it, &nothing_more,
                "Posts a member, February 2018: 12.5 % (so far)\n"
                "Computed from:\n"
                "  this              Posts     125       suivi explain lists.posts 2018-02\n"
                "  divided by this   Members   missing   suivi explain members.total 2018-02\n"
                "What it means:\n"
                "  indicator   posts.each\n");
}

static void coverage_is_told_in_words(void **state) {
    (void)state;
    static const struct {
        const char *period;
        uint32_t heard, days;
        const char *head;
    } cases[] = {
        {"2018-02", 0, 28, "Resources downloaded, February 2018: 5 (heard from on none of 28 days)\n"},
        {"2018-02-03", 1, 1, "Resources downloaded, 3 Feb 2018: 5 (heard from on that day)\n"},
        {"2018-02-03", 0, 1, "Resources downloaded, 3 Feb 2018: 5 (not heard from on that day)\n"},
        {"2018/2019", 0, 0, "Resources downloaded, 2018 to 2019: 5\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct suivi_explanation it = about_downloads();
        char *text = NULL;
        size_t len;
        it.figure.period = cases[i].period;
        it.figure.heard = cases[i].heard;
        it.figure.days = cases[i].days;
        it.figure.value = 5;
        FILE *stream = open_memstream(&text, &len);
        explain_text_write(stream, &it, &nothing_more);
        fclose(stream);
        text[strcspn(text, "\n") + 1] = '\0';
        assert_string_equal(text, cases[i].head);
        free(text);
    }
}

static void json_has_all_of_it(void **state) {
    (void)state;
    struct suivi_explanation it = about_all_of_it(versions);
    const struct suivi_move move = {1525305600, 3, "weblog@www1", "came later"};
    const struct suivi_dim africa = {"region", "africa"};
    const struct suivi_part part = {"weblog@www1",         31, 3, "2018-02-01", "2018-02-03",
                                    at(2018, 2, 3, 85800), 6};
    const struct suivi_operand operand = {"lists.posts", "Posts", {.state = SUIVI_NOT_DUE, .note = ""}};
    const struct suivi_entry_row row = {
        .source = "record@office",
        .dims = &africa,
        .dim_count = 1,
        .at = at(2018, 3, 31, 43200),
        .received = at(2018, 4, 2, 0),
        .state = "counts",
        .entry = {
            .id = 0xa2f, .recorded = at(2018, 4, 2, 0), .has_value = true, .value = 2, .reason = "missed"}};
    it.parts = &part;
    it.part_count = 1;
    it.moves = &move;
    it.move_count = 1;
    it.entries = &row;
    it.entry_count = 1;
    it.operands = &operand;
    it.operand_count = 1;
    const struct suivi_remark_row remark = {
        SUIVI_METHOD, "weblog@www1", &africa, 1, "2018-02-01", "2018-02-03", 3, "robots list", "2018-01-31"};
    it.remarks = &remark;
    it.remark_count = 1;
    it.figure.decimals = 1;
    assert_json(&it, &(struct explain_asked){.where = &africa, .where_count = 1},
                "{\n"
                " \"indicator\": \"web.downloads\",\n"
                " \"code\": \"1.2.6\",\n"
                " \"kind\": \"count\",\n"
                " \"label\": \"Resources downloaded\",\n"
                " \"unit\": \"downloads\",\n"
                " \"period\": \"2018-Q1\",\n"
                " \"dims\": {\n"
                "  \"region\": \"africa\"\n"
                " },\n"
                " \"value\": 12.0,\n"
                " \"reported\": 11.8,\n"
                " \"definition\": \"Files fetched by people.\",\n"
                " \"method_version\": \"2\",\n"
                " \"version\": \"1\",\n"
                " \"fed_by\": \"web log\",\n"
                " \"sources\": [\n"
                "  {\n"
                "   \"source\": \"weblog@www1\",\n"
                "   \"value\": 3.1,\n"
                "   \"unit\": \"downloads\",\n"
                "   \"error\": 6,\n"
                "   \"days\": 3,\n"
                "   \"first\": \"2018-02-01\",\n"
                "   \"last\": \"2018-02-03\",\n"
                "   \"heard\": \"2018-02-03T23:50:00Z\"\n"
                "  }\n"
                " ],\n"
                " \"entries\": [\n"
                "  {\n"
                "   \"source\": \"record@office\",\n"
                "   \"dims\": {\n"
                "    \"region\": \"africa\"\n"
                "   },\n"
                "   \"at\": \"2018-03-31T12:00:00Z\",\n"
                "   \"received\": \"2018-04-02T00:00:00Z\",\n"
                "   \"state\": \"counts\",\n"
                "   \"id\": \"0000000000000a2f\",\n"
                "   \"recorded\": \"2018-04-02T00:00:00Z\",\n"
                "   \"value\": 2,\n"
                "   \"reason\": \"missed\"\n"
                "  }\n"
                " ],\n"
                " \"remarks\": [\n"
                "  {\n"
                "   \"remark\": \"method\",\n"
                "   \"title\": \"robots list\",\n"
                "   \"note\": \"2018-01-31\",\n"
                "   \"source\": \"weblog@www1\",\n"
                "   \"dims\": {\n"
                "    \"region\": \"africa\"\n"
                "   },\n"
                "   \"first\": \"2018-02-01\",\n"
                "   \"last\": \"2018-02-03\",\n"
                "   \"days\": 3\n"
                "  }\n"
                " ],\n"
                " \"refused\": [\n"
                "  {\n"
                "   \"source\": \"weblog@www1\",\n"
                "   \"count\": 12,\n"
                "   \"last\": \"2018-02-03T23:50:00Z\",\n"
                "   \"reason\": \"web.downloads has no dimension \\\"x\\\"\"\n"
                "  }\n"
                " ],\n"
                " \"withdrawn\": [\n"
                "  {\n"
                "   \"source\": \"weblog@www1\",\n"
                "   \"first\": \"2018-02-01\",\n"
                "   \"last\": \"2018-02-03\",\n"
                "   \"at\": \"2018-02-03T23:50:00Z\",\n"
                "   \"reason\": \"counted twice\"\n"
                "  }\n"
                " ],\n"
                " \"versions\": [\n"
                "  {\n"
                "   \"version\": \"1\",\n"
                "   \"since\": \"2016-01-01\",\n"
                "   \"seen\": \"2016-01-01T00:00:00Z\"\n"
                "  },\n"
                "  {\n"
                "   \"version\": \"2\",\n"
                "   \"since\": \"2018-03-01\",\n"
                "   \"seen\": \"2018-03-01T00:00:00Z\"\n"
                "  }\n"
                " ],\n"
                " \"closings\": [\n"
                "  {\n"
                "   \"period\": \"2018-Q1\",\n"
                "   \"closed\": \"2018-04-10T00:00:00Z\",\n"
                "   \"figures\": 212,\n"
                "   \"sha256\": \"4f1c\",\n"
                "   \"vintage\": 3,\n"
                "   \"note\": \"to the donors\"\n"
                "  }\n"
                " ],\n"
                " \"moves\": [\n"
                "  {\n"
                "   \"difference\": 0.3,\n"
                "   \"at\": \"2018-05-03T00:00:00Z\",\n"
                "   \"source\": \"weblog@www1\",\n"
                "   \"what\": \"came later\"\n"
                "  }\n"
                " ],\n"
                " \"operands\": [\n"
                "  {\n"
                "   \"indicator\": \"lists.posts\",\n"
                "   \"label\": \"Posts\",\n"
                "   \"value\": null,\n"
                "   \"state\": \"not due\"\n"
                "  }\n"
                " ],\n"
                " \"more\": 0\n"
                "}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_says_how_to_count_it),
        cmocka_unit_test(a_whole_month_needs_no_hint),
        cmocka_unit_test(what_moved_since_it_was_reported),
        cmocka_unit_test(a_month_is_closed_with_its_quarter),
        cmocka_unit_test(what_was_closed_without_a_value_says_so),
        cmocka_unit_test(the_version_told_is_that_of_the_period),
        cmocka_unit_test(what_was_reported_has_the_words_of_its_time),
        cmocka_unit_test(what_the_plan_has_no_more_is_not_counted),
        cmocka_unit_test(a_change_of_the_text_alone_is_told_as_such),
        cmocka_unit_test(what_is_entered_is_counted_as_what_it_is),
        cmocka_unit_test(entries_say_what_was_entered_and_why_it_changed),
        cmocka_unit_test(each_kind_says_its_own),
        cmocka_unit_test(case_studies_are_told_in_full_when_asked),
        cmocka_unit_test(remarks_stand_below_what_was_given),
        cmocka_unit_test(ratios_show_what_they_are_made_of),
        cmocka_unit_test(coverage_is_told_in_words),
        cmocka_unit_test(json_has_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
