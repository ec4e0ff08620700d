#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/frameworks.h"

#define SHIPPED SUIVI_SOURCE_DIR "/config/nswp-2016-2020.yaml"

/* The head of a good file, ten lines, and one good indicator behind it, so that a fault is on a known line.
 */
#define TEXT_64    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_LABEL TEXT_64 TEXT_64 TEXT_64 TEXT_64 "x" /* one byte more than a label may have */
#define HEAD                                                                                                 \
    "name: test\n"                                                                                           \
    "title: {en: Test}\n"                                                                                    \
    "plan: 2016/2020\n"                                                                                      \
    "languages: [en, fr]\n"                                                                                  \
    "dimensions:\n"                                                                                          \
    "  - name: site\n"                                                                                       \
    "  - name: language\n"                                                                                   \
    "    values: [en, fr]\n"                                                                                 \
    "\n"                                                                                                     \
    "indicators:\n"
#define GOOD "  - {id: a.b, code: 1.1, kind: count, frequency: month, dimensions: [site], label: {en: A}}\n"

/* One indicator with something more on line 14, and a good one with a ratio on line 12. */
#define ONE(more) HEAD "  - id: a\n    kind: count\n    frequency: year\n" more "    label: {en: A}\n"
#define FIRSTS(kind, firsts)                                                                                 \
    HEAD GOOD "  - {id: d, kind: " kind                                                                      \
              ", frequency: year, dimensions: [site], label: {en: D}, firsts: " firsts "}\n"
#define RATIO(more) HEAD GOOD "  - {id: r, kind: ratio, frequency: year, label: {en: R}, " more "}\n"

static const char *const accepted[] = {
    HEAD GOOD,
    HEAD "- id: web.x\n  kind: distinct\n  frequency: quarter\n  window: day\n  label: {fr: X}\n",
    HEAD "- id: x\n  kind: count\n  frequency: plan\n  label: {en: X, fr: Y}\n  definition: {en: D}\n"
         "  method: m\n  method_version: 2\n",
    "name: n\nplan: 2018/2019\nindicators:\n- {id: x, kind: count, frequency: day, label: {en: X}}\n",
    "%YAML 1.1\n---\n# c\nname: n\nplan: 2016/2020\nindicators: [{id: x, kind: count, frequency: day, label: "
    "{en: X}}]\n",
    HEAD
    "- {id: a, kind: level, frequency: year, label: {en: A}, unit: u, since: 2018-04-01, due: 09-30, "
    "small_number: 3}\n"
    "- {id: b, kind: roster, frequency: half, label: {en: B}, due: -180d, fed_by: [x, y z]}\n"
    "- {id: c, kind: status, frequency: year, label: {en: C}, target: {value: 1}}\n"
    "- {id: d, kind: milestone, frequency: biennium, label: {en: D}, due: 02-28, target: {value: 1, per: "
    "plan}}\n"
    "- {id: e, kind: evidence, frequency: quarter, label: {en: E}, due: +1830d}\n"
    "- {id: f, kind: narrative, frequency: plan, label: {en: F}, targets: [{period: 2016/2020, value: 2}]}\n"
    "- {id: g, kind: ratio, frequency: month, label: {en: G}, numerator: h, denominator: a, factor: "
    "1000000000,\n"
    "   decimals: 6, target: {value: 0.123456}, baseline: {period: 2014-Q1, value: 1}}\n"
    "- {id: h, kind: ratio, frequency: month, label: {en: H}, numerator: a, denominator: a}\n"
    "- {id: i, kind: distinct, frequency: month, label: {en: I}, window: plan, small_number: 0}\n",
    FIRSTS("distinct", "{day: a.b, month: a.b, quarter: a.b, half: a.b, year: a.b, biennium: a.b}"),
    HEAD GOOD "areas: [{code: x, parent: y, label: {en: X}}, {code: y, label: {fr: Y}}]\nsmall_numbers: 0\n"
              "sources: [{source: '*', every: day}, {source: a?, every: plan}]\n",
    "\xef\xbb\xbfname: n\nplan: 2016/2020\nindicators: [{id: x, kind: count, frequency: day, label: {en: "
    "X}}]\n",
};

static void test_accepts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        struct framework *framework = NULL;
        struct fault why = {""};
        char path[32];
        int err = load(&framework, accepted[i], path, &why);
        if (err) {
            fail_msg("%s\n%s", why.text, accepted[i]);
        }
        framework_destroy(&framework);
        assert_null(framework);
    }
}

/* What is wrong, on which line (0: none is named), and words of the sentence. */
static const struct {
    const char *text;
    int line;
    const char *words;
} refused[] = {
    /* Not YAML, or not what we take of it. */
    {"", 0, "is empty"},
    {"# only a comment\n\n", 0, "is empty"},
    {"name: x\n\tplan: y\n", 2, "not valid YAML"},
    {"name: [a, b\nplan: z\n", 2, "not valid YAML"},
    {"name: a\nname2: \"x\n", 3, "not valid YAML"},
    {"name: a\nplan: \xff\xfe\n", 2, "not UTF-8"},
    {"name: &n a\nplan: *n\n", 2, "aliases"},
    {"name: \"a\\0b\"\n", 1, "control character"},
    {"name: a\nplan: \"\\e[2J\"\n", 2, "control character"},
    {HEAD GOOD "---\nname: b\n", 12, "second document"},
    /* Shape. */
    {"- a\n- b\n", 1, "the file must be a set of keys, not a list"},
    {"hello\n", 1, "the file must be a set of keys, not a single value"},
    {"plan: 2016/2020\n", 1, "the file needs \"name\""},
    {"name: a\nplan: 2016/2020\n", 1, "the file needs \"indicators\""},
    {"name: a\nnmae: b\n", 2, "unknown key \"nmae\" (did you mean \"name\"?)"},
    {"name: a\nweather: b\n", 2, "unknown key \"weather\": the file can have name, title, plan"},
    {"name: a\nplan: 2016/2020\nname: b\n", 3, "\"name\" stands here a second time; the first is on line 1"},
    {"name:\nplan: 2016/2020\n", 1, "\"name\" is empty"},
    {"name: [a]\n", 1, "\"name\" must be a single text, not a list"},
    {"name: 0123456789012345678901234567890123456789012345678901234567890123456789\n", 1, "70 bytes; 64"},
    {"name: a\n? [b]\n: c\n", 2, "a key must be a single word"},
    {"name: a\nplan: 2016/2020\nindicators: 3\n", 3, "\"indicators\" must be a list, not a single value"},
    {"name: a\nplan: 2016/2020\nindicators: []\n", 3, "\"indicators\" is an empty list"},
    {HEAD "  - a.b\n", 11, "an entry of \"indicators\" must be a set of keys"},
    {HEAD "  - id: a.b\n    kinds: count\n", 12, "unknown key \"kinds\" (did you mean \"kind\"?)"},
    {HEAD GOOD "  - id: c\n    kind: count\n    label: {en: C}\n", 12, "needs \"frequency\""},
    {HEAD "  - id: c\n    kind: count\n    frequency: month\n", 11, "needs \"label\""},
    {HEAD "  - id: c\n    dimensions: site\n", 12, "\"dimensions\" must be a list"},
    {HEAD "  - id: c\n    dimensions: [a, b, c, d, e, f, g, h, i]\n", 12, "9 entries; 8 are the most"},
    /* Meaning, of the plan as a whole. */
    {"name: a\nplan: 2016-2020\nindicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n", 2,
     "2016-2020"},
    {"name: a\nplan: 2016-Q1\nindicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n", 2,
     "span of years"},
    {"name: a\nplan: 2016/2020\nlanguages: [en,\n fr, en]\n"
     "indicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n",
     4, "language \"en\" is listed twice"},
    {"name: a\nplan: 2016/2020\nlanguages: ['e n']\n"
     "indicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n",
     3, "no language tag"},
    {"name: a\nplan: 2016/2020\ntitle: {de: T}\n"
     "indicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n",
     3, "\"de\" is not among the framework's languages"},
    {"name: a\nplan: 2016/2020\ndimensions:\n- name: A b\n"
     "indicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n",
     4, "A b"},
    {"name: a\nplan: 2016/2020\ndimensions:\n- name: x\n- name: y\n- name: x\n"
     "indicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n",
     6, "dimension \"x\" is declared twice"},
    {"name: a\nplan: 2016/2020\ndimensions:\n- name: x\n  values: []\n"
     "indicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n",
     5, "\"values\" is an empty list"},
    {"name: a\nplan: 2016/2020\ndimensions:\n- name: x\n  values:\n  - a\n  - b\n  - a\n"
     "indicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n",
     8, "value \"a\" is listed twice"},
    {"name: a\nplan: 2016/2020\ndimensions:\n- name: x\n  values:\n  - \"a\\tb\"\n"
     "indicators: [{id: x, kind: count, frequency: day, label: {en: X}}]\n",
     6, "control character"},
    /* Meaning, of one indicator. */
    {HEAD GOOD "  - id: Web.x\n    kind: count\n    frequency: month\n    label: {en: X}\n", 12, "Web.x"},
    {HEAD GOOD "  - id: a\n    kind: levels\n    frequency: month\n    label: {en: X}\n", 13,
     "\"levels\" is no kind of indicator: use count, distinct, level"},
    {HEAD GOOD "  - id: a\n    kind: count\n    frequency: monthly\n    label: {en: X}\n", 14, "monthly"},
    {HEAD "  - id: a\n    kind: count\n    frequency: month\n    window: month\n    label: {en: X}\n", 14,
     "kind count"},
    {HEAD "  - id: a\n    kind: distinct\n    frequency: month\n    window: week\n    label: {en: X}\n", 14,
     "week"},
    {HEAD
     "  - id: a\n    kind: count\n    frequency: month\n    dimensions: [site, sites]\n    label: {en: X}\n",
     14, "unknown dimension \"sites\" (did you mean \"site\"?)"},
    {HEAD "  - id: a\n    kind: count\n    frequency: month\n    dimensions: [region]\n    label: {en: X}\n",
     14, "unknown dimension \"region\": declare it"},
    {HEAD "  - id: a\n    kind: count\n    frequency: month\n    dimensions:\n    - site\n    - site\n    "
          "label: {en: X}\n",
     16, "dimension \"site\" is listed twice"},
    {HEAD "  - id: a\n    kind: count\n    frequency: month\n    label: X\n", 14, "texts by language"},
    {HEAD "  - id: a\n    kind: count\n    frequency: month\n    label: {}\n", 14, "\"a\" needs a label"},
    {HEAD "  - id: a\n    kind: count\n    frequency: month\n    label: {en: " LONG_LABEL "}\n", 14,
     "the limit is 256"},
    {HEAD "  - id: a\n    kind: count\n    frequency: month\n    label:\n      en: X\n      fr:\n", 16,
     "a text is needed"},
    {HEAD "  - id: a\n    kind: count\n    frequency: month\n    label:\n      en: X\n      en: Y\n", 16,
     "second time"},
    {HEAD
     "  - id: a\n    kind: count\n    frequency: month\n    label: {en: X}\n    definition:\n      es: Y\n",
     16, "\"es\" is not among"},
    {HEAD GOOD "  - id: a.b\n    kind: count\n    frequency: month\n    label: {en: X}\n", 12,
     "indicator \"a.b\" is declared a second time"},
    {HEAD GOOD "  - id: c\n    code: 1.1\n    kind: count\n    frequency: month\n    label: {en: X}\n", 13,
     "code \"1.1\" is that of a.b too"},
    {ONE("    area: A1\n"), 14, "no area has the code \"A1\": declare it"},
    {ONE("    since: 2018-02-30\n"), 14, "\"2018-02-30\" is no day"},
    {ONE("    since: 2018\n"), 14, "\"2018\" is no day"},
    {ONE("    unit: ''\n"), 14, "\"unit\" is empty"},
    {ONE("    fed_by: record\n"), 14, "\"fed_by\" must be a list"},
    {ONE("    small_number: -1\n"), 14, "\"-1\" is no whole number from 0 to 1000"},
    {ONE("    small_number: 1001\n"), 14, "\"1001\" is no whole number from 0 to 1000"},
    {ONE("    window: year\n"), 14,
     "only an indicator of kind distinct has \"window\"; this one is of kind count"},
    {ONE("    factor: 100\n"), 14, "only an indicator of kind ratio has \"factor\""},
    {ONE("    decimals: 1\n"), 14, "only an indicator of kind ratio has \"decimals\""},
    {ONE("    numerator: b\n"), 14, "only an indicator of kind ratio has \"numerator\""},
    {ONE("    denominator: b\n"), 14, "only an indicator of kind ratio has \"denominator\""},
    /* Calendar. */
    {ONE("    due: soon\n"), 14, "no day that every year has"},
    {ONE("    due: 02-29\n"), 14, "no day that every year has"},
    {ONE("    due: 13-01\n"), 14, "no day that every year has"},
    {ONE("    due: 9-30\n"), 14, "no day that every year has"},
    {ONE("    due: 30d\n"), 14, "no day that every year has"},
    {ONE("    due: +d\n"), 14, "no number of days"},
    {ONE("    due: +30\n"), 14, "no number of days"},
    {ONE("    due: +1831d\n"), 14, "no number of days up to 1830"},
    {ONE("    due: +99999999999999999999d\n"), 14, "no number of days"},
    {ONE("    due: +-3d\n"), 14, "no number of days"},
    {ONE("    due: -365d\n"), 14, "lies before the year begins"},
    {HEAD "- id: a\n  kind: milestone\n  frequency: quarter\n  due: 09-30\n  label: {en: A}\n", 14,
     "a day of the year is for frequency year, biennium or plan"},
    {HEAD "- id: a\n  kind: milestone\n  frequency: quarter\n  due: -90d\n  label: {en: A}\n", 14,
     "lies before the quarter begins"},
    /* Targets. */
    {ONE("    target: 5\n"), 14, "\"target\" must be a set of keys"},
    {ONE("    target: {per: year}\n"), 14, "\"target\" needs \"value\""},
    {ONE("    target: {value: many}\n"), 14, "\"many\" is no whole number"},
    {ONE("    target: {value: 1.5}\n"), 14, "\"1.5\" is no whole number"},
    {ONE("    target: {value: 1000000000001}\n"), 14, "no whole number from 0 to 1000000000000"},
    {ONE("    target: {value: 99999999999999999999999999}\n"), 14, "no whole number"},
    {ONE("    target: {value: 5, per: week}\n"), 14, "\"week\" is no type of period"},
    {ONE("    target: {value: 5, per: month}\n"), 14,
     "a target per month, but the figure is wanted once a year"},
    {ONE("    targets:\n    - {period: 2018, value: 1}\n    - {period: 2018, value: 2}\n"), 16,
     "a second target for 2018"},
    {ONE("    targets: [{period: 2021, value: 1}]\n"), 14, "2021 is not within the plan, which is 2016/2020"},
    {ONE("    targets: [{period: 2020/2021, value: 1}]\n"), 14, "not within the plan"},
    {ONE("    targets: [{period: 2018-Q1, value: 1}]\n"), 14, "2018-Q1 is shorter than a year"},
    {ONE("    targets: [{period: 2017/2018, value: 1}]\n"), 14, "neither the plan nor a biennium"},
    {ONE("    targets: [{period: soon, value: 1}]\n"), 14, "\"soon\" is no period"},
    {ONE("    baseline: {period: 2015}\n"), 14, "\"baseline\" needs \"value\""},
    {ONE("    baseline: {period: 2015, value: -1}\n"), 14, "\"-1\" is no whole number"},
    {HEAD "- id: a\n  kind: status\n  frequency: year\n  label: {en: A}\n  target: {value: 2}\n", 15,
     "\"2\" is neither 1 (in force) nor 0"},
    /* Firsts. */
    {FIRSTS("count", "{day: a.b}"), 12,
     "only an indicator of kind distinct has \"firsts\"; this one is of kind count"},
    {FIRSTS("distinct", "{day: a.c}"), 12, "no indicator has the id \"a.c\" (did you mean \"a.b\"?)"},
    {FIRSTS("distinct", "{month: d}"), 12, "\"d\" is of kind distinct; firsts are added up"},
    {FIRSTS("distinct", "{plan: a.b}"), 12, "unknown key \"plan\""},
    {HEAD GOOD "  - {id: d, kind: distinct, frequency: year, label: {en: D}, firsts: {year: a.b}}\n", 12,
     "\"a.b\" has other dimensions than \"d\""},
    /* Ratios. */
    {RATIO("numerator: a.b"), 12, "ratio \"r\" needs \"denominator\""},
    {RATIO("denominator: a.b"), 12, "ratio \"r\" needs \"numerator\""},
    {RATIO("numerator: a.b, denominator: aa.b.c"), 12, "no indicator has the id \"aa.b.c\": declare it"},
    {RATIO("numerator: a.c, denominator: a.b"), 12,
     "no indicator has the id \"a.c\" (did you mean \"a.b\"?)"},
    {RATIO("numerator: r, denominator: a.b"), 12, "ratio \"r\" is computed from itself"},
    {RATIO("numerator: a.b, denominator: a.b, dimensions: [site]"), 12, "take these out"},
    {RATIO("numerator: a.b, denominator: a.b, factor: 0"), 12, "a factor of 0"},
    {RATIO("numerator: a.b, denominator: a.b, factor: 1000000001"), 12,
     "no whole number from 0 to 1000000000"},
    {RATIO("numerator: a.b, denominator: a.b, decimals: 7"), 12, "\"7\" is no whole number from 0 to 6"},
    {RATIO("numerator: a.b, denominator: a.b, decimals: 1, target: {value: 1.25}"), 12,
     "\"1.25\" is no number from 0 to 100000000000 with at most 1 digits"},
    {RATIO("numerator: a.b, denominator: a.b, decimals: 1, target: {value: 1.}"), 12, "\"1.\" is no number"},
    {RATIO("numerator: a.b, denominator: s") "  - {id: t, kind: ratio, frequency: year, label: {en: T}, "
                                             "numerator: r, "
                                             "denominator: a.b}\n  - {id: s, kind: ratio, frequency: year, "
                                             "label: "
                                             "{en: S}, numerator: t, denominator: a.b}\n",
     12, "ratio \"r\" is computed from itself (r > s > t > r): take it out of one of these"},
    /* Areas and sources. */
    {HEAD GOOD "areas:\n- {code: x, label: {en: X}}\n- {code: x, label: {en: X}}\n", 14,
     "area \"x\" is declared a second time"},
    {HEAD GOOD "areas:\n- {code: x, parent: y, label: {en: X}}\n", 13, "no area has the code \"y\""},
    {HEAD GOOD "areas:\n- {code: x, parent: x, label: {en: X}}\n", 13, "lies within itself (x > x)"},
    {HEAD GOOD "areas:\n- {code: z, parent: x, label: {en: Z}}\n- {code: x, parent: y, label: {en: X}}\n"
               "- {code: y, parent: x, label: {en: Y}}\n",
     14, "area \"x\" lies within itself (x > y > x)"},
    {HEAD GOOD "areas:\n- {code: x}\n", 13, "needs \"label\""},
    {HEAD GOOD "areas:\n- {code: x, label: {}}\n", 13, "area \"x\" needs a label"},
    {HEAD GOOD "small_numbers: few\n", 12, "\"few\" is no whole number"},
    {HEAD GOOD "sources:\n- {source: a, every: hour}\n", 13, "\"hour\" is no type of period"},
    {HEAD GOOD "sources:\n- {source: a, every: day}\n- {source: a, every: month}\n", 14,
     "source \"a\" is listed twice"},
};

static void test_refuses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct framework *framework = NULL;
        struct fault why = {""};
        char path[32], place[64];
        int err = load(&framework, refused[i].text, path, &why);
        if (refused[i].line) {
            snprintf(place, sizeof place, "%s:%d: ", path, refused[i].line);
        } else {
            snprintf(place, sizeof place, "%s: ", path);
        }
        if (err != -EINVAL || strncmp(why.text, place, strlen(place)) != 0 ||
            !strstr(why.text, refused[i].words)) {
            fail_msg("gave %d, \"%s\"; wanted line %d and \"%s\" for\n%s", err, why.text, refused[i].line,
                     refused[i].words, refused[i].text);
        }
        assert_null(framework);
    }
}

/* `count` times `piece` after `head`. */
static char *repeated(const char *head, const char *piece, size_t count) {
    size_t len = strlen(head), step = strlen(piece);
    char *text = malloc(len + count * step + 1);
    memcpy(text, head, len);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + len + i * step, piece, step);
    }
    text[len + count * step] = '\0';
    return text;
}

static void test_tells_every_fault(void **state) {
    (void)state;
    static char all[1 << 14];
    static const char text[] =
        "name: test\n"
        "plan: 2016/2020\n"
        "colour: red\n"
        "areas:\n"
        "  - {code: A, parent: B, label: {en: A}}\n"
        "  - {code: B, parent: A, label: {de: B}}\n"
        "indicators:\n"
        "  - {id: a.b, kind: counts, frequency: monthly, label: {en: A, fr: B, en: }}\n"
        "  - a.c\n"
        "  - {id: a.b, kind: count, label: {en: A}, fed_by: [[x], '']}\n"
        "  - {id: r.a, kind: ratio, frequency: year, numerator: r.b, denominator: a.b, label: {en: A}}\n"
        "  - {id: r.b, kind: ratio, frequency: year, numerator: a.b, denominator: r.a, label: {en: A}}\n"
        "  - {id: r.c, kind: ratio, frequency: year, numerator: [a.b], label: {en: A}}\n"
        "  - {kind: count, frequency: [year], due: 02-30, label: {en: A}, label: {en: A}}\n"
        "  - {kind: count, frequency: year, due: 02-30, target: {per: week}, label: [en]}\n";
    static const char wanted[] =
        "3: unknown key \"colour\": the file can have name, title, plan, languages, small_numbers, sources, "
        "areas, "
        "dimensions, indicators\n"
        "5: area \"A\" lies within itself (A > B > A): give one of these another parent or none\n"
        "6: \"de\" is not among the framework's languages: add it to \"languages\" or take the text out\n"
        "8: \"counts\" is no kind of indicator: use count, distinct, level, roster, status, milestone, "
        "evidence, "
        "narrative or ratio\n"
        "8: a text is needed here, such as en: Visits\n"
        "8: \"fr\" is not among the framework's languages: add it to \"languages\" or take the text out\n"
        "8: \"monthly\" is no type of period: use day, month, quarter, half, year, biennium or plan\n"
        "9: an entry of \"indicators\" must be a set of keys, not a single value\n"
        "10: an entry of \"fed_by\" must be a single text, not a list\n"
        "10: an entry of \"fed_by\" is empty\n"
        "10: an entry of \"indicators\" needs \"frequency\"\n"
        "10: indicator \"a.b\" is declared a second time: give this one another id\n"
        "11: ratio \"r.a\" is computed from itself (r.a > r.b > r.a): take it out of one of these\n"
        "13: \"numerator\" must be a single text, not a list\n"
        "13: ratio \"r.c\" needs \"denominator\", the id of what it is divided by\n"
        "14: \"frequency\" must be a single text, not a list\n"
        "14: \"label\" stands here a second time; the first is on line 14\n"
        "14: an entry of \"indicators\" needs \"id\"\n"
        "15: \"target\" needs \"value\"\n"
        "15: an entry of \"indicators\" needs \"id\"\n"
        "15: texts by language are needed here, such as {en: Visits}\n"
        "15: \"02-30\" is no day that every year has, such as 09-30, and no number of days after the period, "
        "such as "
        "+30d\n"
        "15: \"week\" is no type of period: use day, month, quarter, half, year, biennium or plan\n";
    assert_int_equal(check(text, all), 23);
    assert_string_equal(all, wanted);
}

static void test_tells_nothing_of_good_files(void **state) {
    (void)state;
    static char all[1 << 14];
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        assert_int_equal(check(accepted[i], all), 0);
        assert_string_equal(all, "");
    }
}

/* What loading refuses is among what checking tells. */
static void test_tells_the_same(void **state) {
    (void)state;
    static char all[1 << 14];
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_true(check(refused[i].text, all) >= 1);
        if (!strstr(all, refused[i].words)) {
            fail_msg("\"%s\" lacks \"%s\"", all, refused[i].words);
        }
    }
    assert_int_equal(framework_check_file("/test_framework.XXXXXX:/none", gather, memset(all, 0, sizeof all)),
                     -ENOENT);
}

static void count_told(void *arg, const char *fault) {
    (void)fault;
    ++*(int *)arg;
}

/* However many faults: a thousand are told, all are counted. */
static void test_tells_a_thousand(void **state) {
    (void)state;
    char path[32], *text = repeated(HEAD, "  - {id: A, kind: b, frequency: c, label: {de: D}}\n", 1000);
    int told = 0;
    write_file(path, text, strlen(text));
    assert_int_equal(framework_check_file(path, count_told, &told), 4999);
    assert_int_equal(told, 1000);
    unlink(path);
    free(text);
}

static void test_unreadable(void **state) {
    (void)state;
    struct framework *framework = NULL;
    struct fault why;
    assert_int_equal(framework_load(&framework, "/nonexistent/plan.yaml", &why), -ENOENT);
    assert_string_equal(why.text, "/nonexistent/plan.yaml: cannot be read: No such file or directory");
    assert_int_equal(framework_load(&framework, "/tmp", &why), -EISDIR);
    assert_non_null(strstr(why.text, "Is a directory"));
    assert_null(framework);
}

static void test_too_large(void **state) {
    (void)state;
    struct framework *framework = NULL;
    struct fault why;
    char path[32];
    size_t len = (4u << 20) + 1;
    char *text = malloc(len);
    memset(text, '#', len);
    write_file(path, text, len);
    assert_int_equal(framework_load(&framework, path, &why), -EINVAL);
    assert_non_null(strstr(why.text, "larger than"));
    unlink(path);
    free(text);
}

static void test_too_much(void **state) {
    (void)state;
    static const struct {
        const char *head, *piece;
        size_t count;
        const char *words;
    } cases[] = {
        {HEAD, GOOD, 4097, "4097 entries; 4096 are the most"},
        {"name: [", "a,", 300000, "too many values"},
        {"name: ", "[", 100000, "too deep"},
        {"", "- ", 100000, "too deep"},
        {"a: {", "b: {", 100000, "too deep"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct framework *framework = NULL;
        struct fault why = {""};
        char path[32];
        char *text = repeated(cases[i].head, cases[i].piece, cases[i].count);
        assert_int_equal(load(&framework, text, path, &why), -EINVAL);
        if (!strstr(why.text, cases[i].words)) {
            fail_msg("\"%s\" has no \"%s\"", why.text, cases[i].words);
        }
        free(text);
    }
}

/* What no answer of the daemon could hold is no plan. */
static void test_long_texts(void **state) {
    (void)state;
    static const struct {
        size_t definition, feeders, feeder; /* bytes of each; how many */
        const char *words;                  /* NULL: it is taken */
    } cases[] = {
        {4096, 1, 8, NULL},
        {4097, 1, 8, ":14: a text of 4097 bytes, the limit is 4096"},
        {100000, 1, 8, ":14: a text of 100000 bytes, the limit is 4096"},
        {1, 10, 48, NULL}, /* 10 * 48 + 9 * 2 = 498 */
        {1, 11, 44,
         ":16: those of \"fed_by\" have 504 bytes in all with \", \" between them, the limit is 500"},
        {1, 16, 64, ":16: those of \"fed_by\" have 1054 bytes in all"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct framework *framework = NULL;
        struct fault why = {""};
        char path[32], *text = NULL;
        size_t len;
        FILE *stream = open_memstream(&text, &len);
        fputs(HEAD "  - id: a\n    kind: count\n    frequency: year\n    definition: {fr: ", stream);
        for (size_t k = 0; k < cases[i].definition; k++)
            fputc('d', stream);
        fputs("}\n    label: {en: A}\n    fed_by: [", stream);
        for (size_t k = 0; k < cases[i].feeders; k++)
            fprintf(stream, "%s%0*zu", k ? ", f" : "f", (int)cases[i].feeder - 1, k);
        fputs("]\n", stream);
        fclose(stream);
        int err = load(&framework, text, path, &why);
        if (cases[i].words == NULL && err != 0)
            fail_msg("%zu: %s", i, why.text);
        if (cases[i].words != NULL && (err != -EINVAL || !strstr(why.text, cases[i].words)))
            fail_msg("%zu: \"%s\" has no \"%s\"", i, why.text, cases[i].words);
        framework_destroy(&framework);
        free(text);
    }
}

/* Every prefix of a good file is read to some end without harm. */
static void test_cut_off(void **state) {
    (void)state;
    static const char text[] = HEAD GOOD;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct framework *framework = NULL;
        struct fault why = {""};
        char path[32];
        write_file(path, text, len);
        int err = framework_load(&framework, path, &why);
        unlink(path);
        if (err == 0) {
            framework_destroy(&framework);
        } else {
            assert_int_equal(err, -EINVAL);
            assert_true(strlen(why.text) > strlen(path));
        }
    }
}

static struct framework *shipped(void) {
    struct framework *framework = NULL;
    struct fault why = {""};
    if (framework_load(&framework, SHIPPED, &why) != 0) {
        fail_msg("%s", why.text);
    }
    return framework;
}

static void test_shipped(void **state) {
    (void)state;
    static const struct {
        const char *id, *code, *dims;
        enum kind kind;
    } wanted[] = {
        {"web.requests", "", "site", KIND_COUNT},
        {"web.pageviews", "", "site language", KIND_COUNT},
        {"web.visits", "", "site language", KIND_COUNT},
        {"web.visitors.unique", "1.2.4", "site language", KIND_DISTINCT},
        {"web.visitors.returning", "1.2.5", "site language", KIND_DISTINCT},
        {"web.downloads", "1.2.6", "site language", KIND_COUNT},
        {"web.robots", "", "site", KIND_COUNT},
        {"web.malformed", "", "site", KIND_COUNT},
        {"lists.posts", "1.2.8", "list", KIND_COUNT},
        {"lists.posters", "", "list", KIND_DISTINCT},
        {"lists.undated", "", "list", KIND_COUNT},
    };
    struct framework *f = shipped();
    assert_true(str_equal(framework_name(f), STR("nswp-2016-2020")));
    char text[PERIOD_TEXT_MAX];
    assert_string_equal(period_print(framework_plan(f), text), "2016/2020");
    assert_int_equal(framework_plan(f)->type, PERIOD_PLAN);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        int index = framework_find(f, str_of(wanted[i].id));
        assert_true(index >= 0);
        const struct framework_indicator *indicator = framework_indicator_at(f, (size_t)index);
        assert_true(str_equal(indicator->id, str_of(wanted[i].id)));
        assert_true(str_equal(indicator->code, str_of(wanted[i].code)));
        assert_int_equal(indicator->kind, wanted[i].kind);
        assert_int_equal(indicator->window, PERIOD_MONTH);
        char dims[64];
        assert_string_equal(dims_of(f, (size_t)index, dims), wanted[i].dims);
        struct str english = framework_label(f, (size_t)index, STR("en"));
        struct str french = framework_label(f, (size_t)index, STR("fr"));
        assert_false(str_equal(english, indicator->id) || str_equal(english, french));
        assert_true(str_equal(framework_label(f, (size_t)index, STR("ru")), english));
    }
    framework_destroy(&f);
}

/* The example that people will copy from the manual. */
static void test_manual(void **state) {
    (void)state;
    static char text[1 << 16];
    FILE *file = fopen(SUIVI_SOURCE_DIR "/docs/framework.md", "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    char *begin = strstr(text, "```yaml\n");
    assert_non_null(begin);
    begin += strlen("```yaml\n");
    char *end = strstr(begin, "```");
    assert_non_null(end);
    *end = '\0';
    struct framework *f = NULL;
    struct fault why = {""};
    char path[32];
    if (load(&f, begin, path, &why) != 0) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(framework_indicator_count(f), 4);
    framework_destroy(&f);
}

/* Every indicator of the plan itself, 64 of them, is complete in both languages. */
static void test_shipped_is_complete(void **state) {
    (void)state;
    struct framework *f = shipped();
    size_t coded = 0;
    for (size_t i = 0; i < framework_indicator_count(f); i++) {
        const struct framework_indicator *indicator = framework_indicator_at(f, i);
        coded += indicator->code.len > 0;
        struct str english = framework_definition(f, i, STR("en"));
        struct str french = framework_definition(f, i, STR("fr"));
        if (indicator->area.len == 0 || indicator->method.len == 0 || indicator->method_version.len == 0 ||
            english.len == 0 || str_equal(english, french) ||
            str_equal(framework_label(f, i, STR("en")), framework_label(f, i, STR("fr"))) ||
            (framework_feeder_count(f, i) == 0) != (indicator->kind == KIND_RATIO)) {
            fail_msg("%s lacks something", indicator->id.at);
        }
    }
    assert_int_equal(coded, 64);
    assert_int_equal(framework_indicator_at(f, (size_t)framework_find(f, STR("leaders.mentored")))->window,
                     PERIOD_PLAN);
    framework_destroy(&f);
}

static void test_find(void **state) {
    (void)state;
    struct framework *f = shipped();
    for (size_t i = 0; i < framework_indicator_count(f); i++) {
        assert_int_equal(framework_find(f, framework_indicator_at(f, i)->id), i);
    }
    static const char *const absent[] = {"", "a", "web", "web.downloadz", "web.downloads.x", "zzz"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_int_equal(framework_find(f, str_of(absent[i])), -ENOENT);
    }
    framework_destroy(&f);
}

static void test_label_falls_back(void **state) {
    (void)state;
    struct framework *f = NULL;
    struct fault why;
    char path[32];
    assert_int_equal(
        load(&f, HEAD "- {id: x.y, kind: count, frequency: month, label: {fr: Titre}}\n", path, &why), 0);
    assert_true(str_equal(framework_label(f, 0, STR("fr")), STR("Titre")));
    assert_true(str_equal(framework_label(f, 0, STR("en")), STR("x.y")));
    framework_destroy(&f);
}

static void test_check(void **state) {
    (void)state;
    static const struct {
        const char *id;
        const char *pair[3][2];
        const char *why; /* NULL: may be so */
    } cases[] = {
        {"web.downloads", {{"site", "nswp"}, {"language", "fr"}}, NULL},
        {"web.downloads", {{"language", "zh"}, {"site", "any text at all"}}, NULL},
        {"lists.posts", {{"list", "members"}}, NULL},
        {"web.downloads",
         {{"site", "nswp"}, {"language", "en"}, {"region", "africa"}},
         "web.downloads has no dimension \"region\"; it has site, language"},
        {"web.downloads",
         {{"site", "nswp"}, {"language", "xx"}},
         "dimension \"language\" of web.downloads cannot be \"xx\": it is one of en, fr, es, ru, zh"},
        {"web.downloads",
         {{"site", "nswp"}, {"language", "EN"}},
         "dimension \"language\" of web.downloads cannot be \"EN\": it is one of en, fr, es, ru, zh"},
        {"web.downloads", {{"language", "en"}}, "web.downloads needs dimension \"site\""},
        {"web.downloads", {{"site", "nswp"}}, "web.downloads needs dimension \"language\""},
        {"web.robots", {{NULL, NULL}}, "web.robots needs dimension \"site\""},
    };
    struct framework *f = shipped();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dims dims = {0};
        struct fault why = {""};
        for (size_t p = 0; p < 3 && cases[i].pair[p][0] != NULL; p++) {
            assert_int_equal(dims_add(&dims, str_of(cases[i].pair[p][0]), str_of(cases[i].pair[p][1]), &why),
                             0);
        }
        int index = framework_find(f, str_of(cases[i].id));
        assert_int_equal(framework_check(f, (size_t)index, &dims, &why), cases[i].why ? -EINVAL : 0);
        assert_string_equal(why.text, cases[i].why ? cases[i].why : "");
    }
    framework_destroy(&f);
}

static void test_check_without_dimensions(void **state) {
    (void)state;
    struct framework *f = NULL;
    struct fault why;
    char path[32];
    assert_int_equal(load(&f, HEAD "- {id: x, kind: count, frequency: month, label: {en: X}}\n", path, &why),
                     0);
    struct dims dims = {0};
    assert_int_equal(framework_check(f, 0, &dims, &why), 0);
    assert_int_equal(dims_add(&dims, STR("site"), STR("a"), &why), 0);
    assert_int_equal(framework_check(f, 0, &dims, &why), -EINVAL);
    assert_string_equal(why.text, "x has no dimension \"site\"; it has none");
    framework_destroy(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_tells_every_fault),
        cmocka_unit_test(test_tells_nothing_of_good_files),
        cmocka_unit_test(test_tells_the_same),
        cmocka_unit_test(test_tells_a_thousand),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_shipped_is_complete),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_label_falls_back),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_check_without_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
