/* Case studies in Markdown: what is read, and by which line what is wrong is named. */
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

#include "clients/cli/case_study.h"
#include "proto/check.h"

#define PARTS                                                                                                \
    "## Problem\np\n## Aims\na\n## Strategies\ns\n## Results\nr\n## Impact analysis\ni\n## Conclusions\nc\n"

static void accept(const char *text, const char *title, const char *const parts[static ENTRY_PARTS]) {
    struct case_study study = {0};
    struct fault why;
    if (case_study_parse(&study, str_of(text), "case.md", &why) != 0)
        fail_msg("%s", why.text);
    assert_string_equal(study.title, title);
    for (int i = 0; i < ENTRY_PARTS; i++)
        assert_string_equal(study.part[i], parts[i]);
    case_study_free(&study);
}

static void refuse(const char *text, const char *place, const char *names) {
    struct case_study study = {0};
    struct fault why;
    int rc = case_study_parse(&study, str_of(text), "case.md", &why);
    if (rc == 0)
        fail_msg("was taken: %s", text);
    assert_int_equal(rc, -EINVAL);
    if (strncmp(why.text, place, strlen(place)) != 0 || !strstr(why.text, names))
        fail_msg("\"%s\" does not begin with \"%s\" or does not name \"%s\"", why.text, place, names);
    assert_null(study.title);
}

static const char *const short_parts[ENTRY_PARTS] = {"p", "a", "s", "r", "i", "c"};

static void test_six_parts(void **state) {
    (void)state;
    accept("# A law falls\n\n" PARTS, "A law falls", short_parts);
    accept("\xef\xbb\xbf# A law falls #\r\n\r\n## Problem\r\np\r\n## Aims\r\na\r\n## Strategies\r\ns\r\n## "
           "Results\r\n"
           "r\r\n## Impact analysis\r\ni\r\n## Conclusions\r\nc",
           "A law falls", short_parts);
    accept("# Title\n## Conclusions (with lessons)\nc\n## IMPACT ANALYSIS:\ni\n## Results\nr\n## "
           "Strategies\ns\n## Aims\na\n"
           "## Problem\np\n",
           "Title", short_parts);
}

static void test_french_headings(void **state) {
    (void)state;
    accept("# Un titre\n## Problèmes, en incluant des prévisions\np\n## Buts\na\n## Stratégies\ns\n## "
           "Résultats\nr\n"
           "## Analyses d’impact\ni\n## Conclusions, en incluant les leçons apprises\nc\n",
           "Un titre", short_parts);
    accept(
        "# Un titre\n## probleme\np\n## but\na\n## STRATÉGIE\ns\n## resultats\nr\n## Analyse de l'impact\ni\n"
        "## Conclusion\nc\n",
        "Un titre", short_parts);
}

static void test_what_is_text(void **state) {
    (void)state;
    const char *const parts[] = {"one\n\n### a smaller heading\n#hashtag\n\n```\n## Aims\n<!-- kept -->\n```",
                                 "a  b",
                                 "s",
                                 "r",
                                 "i",
                                 "c"};
    accept("<!-- a hint\n## Results\n--># Title\n## Problem\n\none\n\n### a smaller heading\n#hashtag\n\n"
           "```\n## Aims\n<!-- kept -->\n```\n\n## Aims\n<!-- hint -->\na <!-- not this --> b\n"
           "## Strategies\ns\n## Results\nr\n## Impact analysis\ni\n## Conclusions\nc\n",
           "Title", parts);
}

static void test_wrong_headings(void **state) {
    (void)state;
    refuse(PARTS, "case.md:1:", "no title");
    refuse("", "case.md:1:", "no title");
    refuse("#\n" PARTS, "case.md:1:", "title is empty");
    refuse("# a\n# b\n" PARTS, "case.md:2:", "line 1");
    refuse("# a\nDear all,\n" PARTS, "case.md:2:", "before the first heading");
    refuse("# a\n## Problem\np\n## Aim of it\na\n", "case.md:4:", "\"Aim of it\"");
    refuse("# a\n" PARTS "## Aims\n", "case.md:14:", "line 4");
    refuse("# a\n## Problem\n\n<!-- hint -->\n## Aims\na\n## Strategies\ns\n## Results\nr\n## Impact "
           "analysis\ni\n"
           "## Conclusions\nc\n",
           "case.md:2:", "\"Problem\"");
    refuse("# a\n## Problem\np\n## Aims\na\n## Strategies\ns\n## Impact analysis\ni\n## Conclusions\nc\n",
           "case.md:11:", "\"## Results\" is missing");
    refuse("# a\n" PARTS "<!-- and so on\n", "case.md:14:", "-->");
    refuse("# a\n## Problem\nna\xefve\n", "case.md:3:", "UTF-8");
}

static void test_limits(void **state) {
    (void)state;
    char *text = mem_zeroed(1, ENTRY_PART_MAX + 4096);
    sprintf(text, "# %0*d\n" PARTS, ENTRY_TITLE_MAX + 1, 0);
    refuse(text, "case.md:1:", "256");
    sprintf(text, "# a\n" PARTS "%0*d\n", ENTRY_PART_MAX + 1, 0);
    refuse(text, "case.md:12:", "\"Conclusions\"");
    free(text);
}

/* Filled in as it says, the template is a case study; as it is, it is not. */
static void test_template(void **state) {
    (void)state;
    char *text = NULL, *filled = NULL;
    size_t len, filled_len;
    FILE *stream = open_memstream(&text, &len);
    case_study_template(stream, "Case studies");
    fclose(stream);
    refuse(text, "case.md:3:", "title is empty");
    stream = open_memstream(&filled, &filled_len);
    int part = -1;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        fprintf(stream, "%s\n", strncmp(line, "# ", 2) == 0 ? "# Title" : line);
        if (strncmp(line, "## ", 3) == 0)
            fprintf(stream, "%s\n", short_parts[++part]);
    }
    fclose(stream);
    accept(filled, "Title", short_parts);
    free(text);
    free(filled);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_six_parts),    cmocka_unit_test(test_french_headings),
        cmocka_unit_test(test_what_is_text), cmocka_unit_test(test_wrong_headings),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
