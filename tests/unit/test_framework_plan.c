#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/frameworks.h"

/* A framework of one indicator `a`, behind a few that ratios need. */
#define BASE                                                                                                 \
    "name: test\nplan: 2016/2020\nlanguages: [en, fr]\nsmall_numbers: 7\n"                                   \
    "dimensions: [{name: site}, {name: language, values: [en, fr]}, {name: region}]\n"                       \
    "indicators:\n"                                                                                          \
    "- {id: n, kind: count, frequency: month, dimensions: [language, site], label: {en: N}}\n"               \
    "- {id: d, kind: level, frequency: month, dimensions: [region, site, language], label: {en: D}}\n"       \
    "- {id: e, kind: count, frequency: month, dimensions: [region], label: {en: E}}\n"

static struct framework *loaded(const char *text) {
    struct framework *framework = NULL;
    struct fault why = {""};
    char path[32];
    if (load(&framework, text, path, &why) != 0) {
        fail_msg("%s\n%s", why.text, text);
    }
    return framework;
}

/* BASE with one more indicator, of which these are the keys. */
static struct framework *with(const char *keys) {
    char text[2048];
    snprintf(text, sizeof text, "%s- {id: a, label: {en: A}, %s}\n", BASE, keys);
    return loaded(text);
}

#define A 3 /* its index */

static struct period period(const char *text) {
    struct period out;
    struct fault why;
    if (period_parse(&out, str_of(text), &why) != 0) {
        fail_msg("%s", why.text);
    }
    return out;
}

static void test_due(void **state) {
    (void)state;
    static const struct {
        const char *keys, *period, *due;
    } cases[] = {
        {"kind: count, frequency: month", "2018-02", "2018-02-28"},
        {"kind: level, frequency: quarter", "2018-Q1", "2018-03-31"},
        {"kind: milestone, frequency: year, due: 09-30", "2018", "2018-09-30"},
        {"kind: milestone, frequency: biennium, due: 06-01", "2018/2019", "2019-06-01"},
        {"kind: narrative, frequency: plan, due: 02-28", "2016/2020", "2020-02-28"},
        {"kind: milestone, frequency: quarter, due: +30d", "2018-Q4", "2019-01-30"},
        {"kind: milestone, frequency: quarter, due: +0d", "2018-Q4", "2018-12-31"},
        {"kind: level, frequency: month, due: -10d", "2016-02", "2016-02-19"},
        {"kind: level, frequency: month, due: -27d", "2017-02", "2017-02-01"},
        {"kind: level, frequency: year, due: +5d", "9999", "9999-12-31"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct framework *f = with(cases[i].keys);
        struct period of = period(cases[i].period);
        assert_int_equal(framework_due(f, A, &of), period(cases[i].due).first);
        framework_destroy(&f);
    }
}

static void test_targets(void **state) {
    (void)state;
    enum { NONE = -1 };
    static const struct {
        const char *keys, *period;
        int64_t target;
    } cases[] = {
        {"kind: count, frequency: month", "2018", NONE},
        {"kind: count, frequency: month, target: {value: 3}", "2018-02", 3},
        {"kind: count, frequency: month, target: {value: 3}", "2018-02-01", NONE},
        {"kind: count, frequency: month, target: {value: 3}", "2018-Q1", 9},
        {"kind: count, frequency: month, target: {value: 3}", "2018-H2", 18},
        {"kind: count, frequency: month, target: {value: 3}", "2016/2020", 180},
        {"kind: count, frequency: day, target: {value: 2}", "2016-02", 58},
        {"kind: count, frequency: day, target: {value: 2}", "2016/2020", 3654},
        {"kind: milestone, frequency: quarter, target: {value: 1}", "2018", 4},
        {"kind: milestone, frequency: quarter, target: {value: 4, per: year}", "2018-Q1", NONE},
        {"kind: milestone, frequency: half, target: {value: 1}", "2016/2017", 4},
        {"kind: narrative, frequency: year, target: {value: 2}", "2016/2020", 10},
        {"kind: evidence, frequency: year, target: {value: 2, per: plan}", "2016/2020", 2},
        {"kind: evidence, frequency: year, target: {value: 2, per: plan}", "2018", NONE},
        {"kind: milestone, frequency: biennium, target: {value: 1}", "2018/2019", 1},
        {"kind: milestone, frequency: biennium, target: {value: 1}", "2016/2020", 2},
        {"kind: milestone, frequency: biennium, target: {value: 1}", "2018", NONE},
        /* Outside the plan nothing is wanted. */
        {"kind: count, frequency: month, target: {value: 3}", "2015", NONE},
        {"kind: count, frequency: month, target: {value: 3}", "2020/2021", NONE},
        {"kind: level, frequency: month, target: {value: 3}", "2021-01", NONE},
        /* What does not add up is the same for any period that is long enough. */
        {"kind: level, frequency: month, target: {value: 90, per: year}", "2018", 90},
        {"kind: level, frequency: month, target: {value: 90, per: year}", "2018-01", NONE},
        {"kind: roster, frequency: month, target: {value: 5}", "2016/2020", 5},
        {"kind: distinct, frequency: month, target: {value: 5}", "2018", 5},
        {"kind: status, frequency: year, target: {value: 1}", "2016/2020", 1},
        {"kind: status, frequency: year, target: {value: 0}", "2018", 0},
        {"kind: ratio, numerator: n, denominator: d, frequency: year, decimals: 2, target: {value: 12.5}",
         "2018", 1250},
        {"kind: ratio, numerator: n, denominator: d, frequency: year, decimals: 2, target: {value: 7}",
         "2018", 700},
        {"kind: ratio, numerator: n, denominator: d, frequency: year, target: {value: 7}", "2016/2020", 7},
        /* Set one by one. */
        {"kind: level, frequency: year, targets: [{period: 2018, value: 5}]", "2018", 5},
        {"kind: level, frequency: year, targets: [{period: 2018, value: 5}]", "2019", NONE},
        {"kind: level, frequency: year, targets: [{period: 2018, value: 5}], target: {value: 4}", "2019", 4},
        {"kind: count, frequency: year, targets: [{period: 2018, value: 5}], target: {value: 2}", "2018", 5},
        {"kind: count, frequency: year, targets: [{period: 2018, value: 5}], target: {value: 2}", "2016/2020",
         13},
        {"kind: count, frequency: year, targets: [{period: 2018, value: 5}], target: {value: 2}", "2016/2017",
         4},
        {"kind: count, frequency: year, targets: [{period: 2018, value: 5}, {period: 2019, value: 6}]",
         "2018/2019", 11},
        {"kind: count, frequency: year, targets: [{period: 2018, value: 5}, {period: 2019, value: 6}]",
         "2016/2020", NONE},
        {"kind: count, frequency: year, targets: [{period: 2018, value: 5}, {period: 2016/2020, value: 6}]",
         "2016/2020", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct framework *f = with(cases[i].keys);
        struct period of = period(cases[i].period);
        int64_t value = NONE;
        if (framework_target(f, A, &of, &value) != (cases[i].target != NONE) || value != cases[i].target) {
            fail_msg("%s: %lld for %s, not %lld", cases[i].keys, (long long)value, cases[i].period,
                     (long long)cases[i].target);
        }
        framework_destroy(&f);
    }
}

/* A plan of two years is a biennium, too, and a target for it is one for both. */
static void test_target_of_two_years(void **state) {
    (void)state;
    struct framework *f =
        loaded("name: n\nplan: 2016/2017\nindicators:\n- {id: x, kind: level, frequency: plan, label: "
               "{en: X}, targets: [{period: 2016/2017, value: 4}]}\n");
    struct period of = *framework_plan(f);
    int64_t value;
    assert_true(framework_target(f, 0, &of, &value));
    assert_int_equal(value, 4);
    framework_destroy(&f);
}

static void test_baseline(void **state) {
    (void)state;
    struct framework *f = with("kind: level, frequency: year, baseline: {period: 2015, value: 120}");
    struct period of = {0}, wanted = period("2015");
    int64_t value = 0;
    assert_true(framework_baseline(f, A, &of, &value));
    assert_int_equal(value, 120);
    assert_int_equal(of.type, PERIOD_YEAR);
    assert_int_equal(of.first, wanted.first);
    assert_int_equal(of.last, wanted.last);
    assert_false(framework_baseline(f, 0, &of, &value));
    framework_destroy(&f);
}

static void test_ratio(void **state) {
    (void)state;
    char dims[64];
    struct framework *f =
        with("kind: ratio, frequency: year, numerator: b, denominator: d, factor: 100, decimals: 1}\n"
             "- {id: b, kind: ratio, frequency: year, numerator: n, denominator: d, label: {en: B}}\n"
             "- {id: c, kind: ratio, frequency: year, numerator: e, denominator: n, label: {en: C}");
    const struct framework_indicator *a = framework_indicator_at(f, A);
    assert_int_equal(a->numerator, framework_find(f, STR("b")));
    assert_int_equal(a->denominator, framework_find(f, STR("d")));
    assert_int_equal(a->factor, 100);
    assert_int_equal(a->decimals, 1);
    assert_string_equal(dims_of(f, A, dims), "language site");
    assert_int_equal(framework_dim_value_count(f, A, 0), 2);
    assert_true(str_equal(framework_dim_value_at(f, A, 0, 1), STR("fr")));
    assert_int_equal(framework_dim_value_count(f, A, 1), 0);
    assert_string_equal(dims_of(f, A + 1, dims), "language site");
    assert_int_equal(framework_indicator_at(f, A + 1)->factor, 1);
    assert_int_equal(framework_indicator_at(f, A + 1)->decimals, 0);
    assert_string_equal(dims_of(f, A + 2, dims), "");
    framework_destroy(&f);
}

/* A chain of ratios as deep as it may be, and one deeper; the longest there can be is refused, once. */
static void test_ratio_depth(void **state) {
    (void)state;
    static const struct {
        int depth, faults;
    } cases[] = {{FRAMEWORK_RATIO_DEPTH_MAX, 0}, {FRAMEWORK_RATIO_DEPTH_MAX + 1, 1}, {4093, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static char text[1 << 20], all[1 << 14];
        size_t len = (size_t)sprintf(text, "%s", BASE);
        for (int r = 1; r <= cases[i].depth; r++) {
            char above[32];
            sprintf(above, "r%d", r + 1);
            len += (size_t)sprintf(
                text + len,
                "- {id: r%d, kind: ratio, frequency: year, numerator: %s, denominator: n, label: {en: "
                "R}}\n",
                r, r < cases[i].depth ? above : "n");
        }
        assert_int_equal(check(text, all), cases[i].faults);
        assert_true(cases[i].faults == 0 || strstr(all, "9 deep; 8 is the most"));
    }
}

static void test_small_numbers(void **state) {
    (void)state;
    struct framework *f = with("kind: distinct, frequency: year}\n"
                               "- {id: b, kind: distinct, frequency: year, small_number: 0, label: {en: B}}\n"
                               "- {id: c, kind: level, frequency: year, small_number: 3, label: {en: C}");
    assert_int_equal(framework_small_number(f, A), 7);
    assert_int_equal(framework_small_number(f, A + 1), 0);
    assert_int_equal(framework_small_number(f, A + 2), 3);
    assert_int_equal(framework_small_number(f, 0), 0);
    framework_destroy(&f);
    f = loaded(
        "name: n\nplan: 2016/2020\nindicators:\n- {id: x, kind: distinct, frequency: day, label: {en: X}}\n");
    assert_int_equal(framework_small_number(f, 0), 5);
    framework_destroy(&f);
}

static uint64_t meaning(const char *keys) {
    struct framework *f = with(keys);
    uint64_t it = framework_meaning(f, A);
    framework_destroy(&f);
    return it;
}

static void test_meaning(void **state) {
    (void)state;
#define PLAIN                                                                                                \
    "kind: count, frequency: month, dimensions: [site], definition: {en: D, fr: E}, method: m, "             \
    "method_version: 1"
    static const char *const same[] = {
        PLAIN,
        "kind: count, frequency: year, dimensions: [site], definition: {en: D, fr: F}, method: m, "
        "method_version: 1",
        PLAIN
        ", code: 4, unit: u, due: +3d, target: {value: 4}, fed_by: [x], small_number: 3, since: 2018-01-01",
    };
    static const char *const other[] = {
        PLAIN,
        "kind: level, frequency: month, dimensions: [site], definition: {en: D}, method: m, method_version: "
        "1",
        "kind: count, frequency: month, dimensions: [region], definition: {en: D}, method: m, "
        "method_version: 1",
        "kind: count, frequency: month, dimensions: [site, region], definition: {en: D}, method: m, "
        "method_version: 1",
        "kind: count, frequency: month, dimensions: [site], definition: {en: D.}, method: m, method_version: "
        "1",
        "kind: count, frequency: month, dimensions: [site], definition: {en: D}, method: n, method_version: "
        "1",
        "kind: count, frequency: month, dimensions: [site], definition: {en: D}, method: m, method_version: "
        "2",
        "kind: count, frequency: month, dimensions: [site], definition: {en: D}, method_version: 1",
        "kind: distinct, frequency: month",
        "kind: distinct, frequency: month, window: year",
        "kind: ratio, frequency: month, numerator: n, denominator: d",
        "kind: ratio, frequency: month, numerator: d, denominator: n",
        "kind: ratio, frequency: month, numerator: e, denominator: d",
        "kind: ratio, frequency: month, numerator: n, denominator: d, factor: 100",
        "kind: ratio, frequency: month, numerator: n, denominator: d, decimals: 1",
        /* An operand that means something else. */
        "kind: ratio, frequency: month, numerator: o, denominator: d}\n"
        "- {id: o, kind: count, frequency: month, label: {en: O}, method: x",
        "kind: ratio, frequency: month, numerator: o, denominator: d}\n"
        "- {id: o, kind: count, frequency: month, label: {en: O}, method: y",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(meaning(same[i]) == meaning(PLAIN));
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        for (size_t j = 0; j < i; j++) {
            if (meaning(other[i]) == meaning(other[j])) {
                fail_msg("%s\nmeans the same as\n%s", other[i], other[j]);
            }
        }
    }
    /* It is on disk: it must come out alike for ever and everywhere. */
    assert_true(meaning(PLAIN) == 0xbaca7480d3b1b1b9u);
}

static void test_texts(void **state) {
    (void)state;
    struct framework *f =
        loaded("name: n\ntitle: {fr: Cadre}\nplan: 2016/2020\nlanguages: [fr, en]\n"
               "areas: [{code: x, label: {en: X}}, {code: y, parent: x, label: {fr: Y}}]\n"
               "sources: [{source: 'weblog@*', every: day}, {source: b, every: month}]\n"
               "indicators:\n"
               "- {id: a, area: y, kind: count, frequency: day, label: {en: A}, definition: {fr: D, en: E}, "
               "unit: u,\n"
               "   method: m, method_version: 1, since: 2018-04-01, fed_by: [x, y]}\n"
               "- {id: b, kind: count, frequency: day, label: {en: A}, definition: {fr: D}}\n"
               "- {id: c, kind: count, frequency: day, label: {en: A}}\n");
    assert_true(str_equal(framework_title(f, STR("fr")), STR("Cadre")));
    assert_true(str_equal(framework_title(f, STR("ru")), STR("n")));
    assert_int_equal(framework_language_count(f), 2);
    assert_true(str_equal(framework_definition(f, 0, STR("fr")), STR("D")));
    assert_true(str_equal(framework_definition(f, 0, STR("ru")), STR("E")));
    assert_true(str_equal(framework_definition(f, 1, STR("en")), STR("D")));
    assert_int_equal(framework_definition(f, 2, STR("en")).len, 0);
    const struct framework_indicator *a = framework_indicator_at(f, 0), *c = framework_indicator_at(f, 2);
    assert_true(str_equal(a->area, STR("y")) && str_equal(a->unit, STR("u")));
    assert_true(str_equal(a->method, STR("m")) && str_equal(a->method_version, STR("1")));
    assert_int_equal(a->since, period("2018-04-01").first);
    assert_int_equal(c->area.len + c->unit.len + c->method.len + c->method_version.len + c->code.len, 0);
    assert_int_equal(c->since, FRAMEWORK_NO_DAY);
    assert_int_equal(framework_feeder_count(f, 0), 2);
    assert_true(str_equal(framework_feeder_at(f, 0, 1), STR("y")));
    assert_int_equal(framework_feeder_count(f, 1), 0);
    assert_int_equal(framework_area_count(f), 2);
    assert_int_equal(framework_feed_count(f), 2);
    assert_true(str_equal(framework_feed_at(f, 0).source, STR("weblog@*")));
    assert_int_equal(framework_feed_at(f, 1).every, PERIOD_MONTH);
    framework_destroy(&f);
}

/* The second framework that is shipped: another organisation, other words. */
static void test_example(void **state) {
    (void)state;
    struct framework *f = NULL;
    struct fault why;
    int64_t value;
    char dims[64];
    if (framework_load(&f, SUIVI_SOURCE_DIR "/config/example-outreach-2024.yaml", &why) != 0) {
        fail_msg("%s", why.text);
    }
    struct period half = period("2025-H1"), year = period("2025"), first = period("2024"),
                  plan = *framework_plan(f);
    size_t report = (size_t)framework_find(f, STR("reports.funders"));
    assert_int_equal(framework_due(f, report, &half), period("2025-07-15").first);
    size_t accounts = (size_t)framework_find(f, STR("reports.accounts"));
    assert_int_equal(framework_due(f, accounts, &year), period("2025-06-30").first);
    size_t rate = (size_t)framework_find(f, STR("contacts.referral_rate"));
    assert_string_equal(dims_of(f, rate, dims), "town setting");
    assert_true(framework_target(f, rate, &half, &value));
    assert_int_equal(value, 125);
    size_t contacts = (size_t)framework_find(f, STR("contacts.total"));
    assert_true(framework_target(f, contacts, &first, &value));
    assert_int_equal(value, 5500);
    assert_true(framework_target(f, contacts, &plan, &value));
    assert_int_equal(value, 17500);
    assert_true(framework_baseline(f, contacts, &half, &value));
    assert_int_equal(value, 5200);
    size_t people = (size_t)framework_find(f, STR("people.reached"));
    assert_int_equal(framework_small_number(f, people), 20);
    assert_int_equal(framework_indicator_at(f, people)->window, PERIOD_YEAR);
    framework_destroy(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_target_of_two_years),
        cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_ratio_depth),
        cmocka_unit_test(test_small_numbers),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
