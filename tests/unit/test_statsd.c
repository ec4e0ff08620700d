/* Lines of statsd clients: what is taken for what, and which metric becomes which indicator. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "clients/lib/suivi.h"
#include "clients/statsd/carried.h"
#include "clients/statsd/sample.h"
#include "clients/statsd/sender.h"
#include "clients/statsd/window.h"

#define NOW 1522000000 /* 2018-03-25 */

static const struct {
    const char *line;
    bool good;
    enum sample_type type;
    double value;
} lines[] = {
    {"a:1|c", true, SAMPLE_COUNTER, 1},
    {"a:1|c|@0.1", true, SAMPLE_COUNTER, 10},
    {"a:1|c|#t:v", true, SAMPLE_COUNTER, 1},
    {"a:1|c|@0.5|#t:v,u", true, SAMPLE_COUNTER, 2},
    {"a:1|c|#t:v|@0.5", true, SAMPLE_COUNTER, 2},
    {"a:1|c|#t:v|c:abc|T1522000000", true, SAMPLE_COUNTER, 1},
    {"a:+10e1|c", true, SAMPLE_COUNTER, 100},
    {"a:2.3456789|c", true, SAMPLE_COUNTER, 2.3456789},
    {"a:-5|c", true, SAMPLE_COUNTER, -5},
    {"a b/c:1|c", true, SAMPLE_COUNTER, 1},
    {"\xc3\xa9:1|c", true, SAMPLE_COUNTER, 1},
    {"a:-1|g", true, SAMPLE_GAUGE, -1},
    {"a:10.5|g", true, SAMPLE_GAUGE, 10.5},
    {"a:320|ms", true, SAMPLE_TIMER, 320},
    {"a:320|h", true, SAMPLE_TIMER, 320},
    {"a:x|s", true, SAMPLE_SET, 0},
    {"a:1", false, 0, 0},
    {"a:|c", false, 0, 0},
    {":1|c", false, 0, 0},
    {" a:1|c", false, 0, 0},
    {"a:1|", false, 0, 0},
    {"a:1|c|", false, 0, 0},
    {"a:1|c|@", false, 0, 0},
    {"a:1|c|@0", false, 0, 0},
    {"a:1|c|@-1", false, 0, 0},
    {"a:1|c|@2", false, 0, 0},
    {"a:1|c|@blah", false, 0, 0},
    {"a:1|c|#", false, 0, 0},
    {"a:1|c|0,456", false, 0, 0},
    {"a:nan|g", false, 0, 0},
    {"a:inf|g", false, 0, 0},
    {"a:1e309|c", false, 0, 0},
    {"a:0x10|c", false, 0, 0},
    {"a:1_000|c", false, 0, 0},
    {"a:1,5|c", false, 0, 0},
    {"a:b:1|c", false, 0, 0},
    {"a:1:2:3|ms", false, 0, 0},
    {"a:-1|ms", false, 0, 0},
    {"a:1|C", false, 0, 0},
    {"a:1|zz", false, 0, 0},
    {"a:|s", false, 0, 0},
    {"_e{1,1}:a|b", false, 0, 0},
    {"_sc|x|0", false, 0, 0},
    {"", false, 0, 0},
};

static void a_line_is_what_it_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct sample sample;
        bool good = sample_read(&sample, str_of(lines[i].line));
        if (good != lines[i].good)
            fail_msg("\"%s\" is %s", lines[i].line, good ? "taken" : "not taken");
        if (good && (sample.type != lines[i].type || fabs(sample.value - lines[i].value) > 1e-9))
            fail_msg("\"%s\" is a %d of %g", lines[i].line, (int)sample.type, sample.value);
    }
}

static void a_sign_makes_a_gauge_a_change(void **state) {
    (void)state;
    struct sample sample;
    assert_true(sample_read(&sample, STR("a:+1|g")) && sample.relative);
    assert_true(sample_read(&sample, STR("a:1|g")) && !sample.relative);
    assert_true(sample_read(&sample, STR("a:+1|c")) && !sample.relative);
}

static void tags_are_found_by_name(void **state) {
    (void)state;
    struct str value;
    assert_true(sample_tag(STR("region:africa,beta,x:"), STR("region"), &value) &&
                str_equal(value, STR("africa")));
    assert_true(sample_tag(STR("region:africa,beta,x:"), STR("beta"), &value) && value.len == 0);
    assert_false(sample_tag(STR("region:africa,beta"), STR("reg"), &value));
    assert_true(sample_tag(STR("url:http://a,b:c"), STR("url"), &value) && str_equal(value, STR("http://a")));
}

static void too_long_is_no_line(void **state) {
    (void)state;
    char line[SAMPLE_BYTES_MAX + 8];
    struct sample sample;
    memset(line, 'a', sizeof line);
    memcpy(line + SAMPLE_NAME_MAX, ":1|c", 4);
    assert_true(sample_read(&sample, (struct str){line, SAMPLE_NAME_MAX + 4}));
    memcpy(line + SAMPLE_NAME_MAX, "a:1|c", 5);
    assert_false(sample_read(&sample, (struct str){line, SAMPLE_NAME_MAX + 5}));
}

/* --- the statsd project's own list of valid packets, where it is there --- */

static void statsds_own_packets(void **state) {
    (void)state;
    json_error_t error;
    json_t *all =
        json_load_file(SUIVI_SOURCE_DIR "/../shared/data/proto/statsd/statsd-valid-packets.json", 0, &error);
    if (all == NULL)
        skip();
    size_t index, seen = 0;
    json_t *vector;
    json_array_foreach(json_object_get(all, "vectors"), index, vector) {
        const char *line = json_string_value(json_object_get(vector, "line"));
        bool good = json_is_true(json_object_get(vector, "valid"));
        struct sample sample;
        if (strstr(line, "|@2") != NULL) /* a rate above 1 is none, and 2e-1 is 0.2 */
            good = strstr(line, "|@2e-1") != NULL;
        if (sample_read(&sample, str_of(line)) != good)
            fail_msg("\"%s\" is %staken", line, good ? "not " : "");
        seen++;
    }
    assert_true(seen > 40);
    json_decref(all);
}

/* --- rules --- */

static struct statsd_settings *load(const char *text) {
    char path[] = "/tmp/suivi-statsd-XXXXXX";
    int file = mkstemp(path);
    struct statsd_settings *settings = NULL;
    struct fault why;
    assert_true(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    int rc = statsd_settings_load(&settings, path, &why);
    unlink(path);
    if (rc != 0)
        fail_msg("%s", why.text);
    return settings;
}

static void refuses(const char *text, const char *sentence) {
    char path[] = "/tmp/suivi-statsd-XXXXXX";
    int file = mkstemp(path);
    struct statsd_settings *settings = NULL;
    struct fault why = {.text = ""};
    assert_true(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    assert_true(statsd_settings_load(&settings, path, &why) < 0);
    unlink(path);
    if (strstr(why.text, sentence) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.text, sentence);
}

static void settings_are_judged(void **state) {
    (void)state;
    refuses("rules: []\n", "rules");
    refuses("rules:\n  - {metric: a.*b, type: counter, indicator: x.y}\n", "a star stands for a whole part");
    refuses("rules:\n  - {metric: a.**.b, type: counter, indicator: x.y}\n", "must be the last");
    refuses("rules:\n  - {metric: a, type: timer, indicator: x.y}\n", "is no type");
    refuses("rules:\n  - {metric: a, type: counter, indicator: X Y}\n", ":2: ");
    refuses("rules:\n  - {metric: a.*, type: counter, indicator: x.y, dimensions: {site: $2}}\n",
            "has 1 star,");
    refuses(
        "rules:\n  - {metric: a, type: set, indicator: x.y}\n  - {metric: a, type: set, indicator: x.y}\n",
        ":3: there is a rule for \"a\" already");
    refuses("listen: [http://x:1]\nrules:\n  - {metric: a, type: set, indicator: x.y}\n", "udp:// or tcp://");
    refuses("listen: [udp://x]\nrules:\n  - {metric: a, type: set, indicator: x.y}\n", "a host and a port");
    refuses("commit_every: 0\nrules:\n  - {metric: a, type: set, indicator: x.y}\n", "from 1 to 3600");
    refuses("rule:\n  - {metric: a, type: set, indicator: x.y}\n", "rules");
}

static int number_of(void *arg, int32_t day, struct str data, uint64_t *out, struct fault *why) {
    (void)arg;
    (void)day;
    (void)why;
    *out = (unsigned char)data.at[data.len - 1];
    return 0;
}

static const char some_rules[] = "rules:\n"
                                 "  - {metric: site.*.*.hits, type: counter, indicator: web.hits, "
                                 "dimensions: {site: $2, lang: '#lang', via: "
                                 "statsd}}\n"
                                 "  - {metric: members, type: gauge, indicator: members.total}\n"
                                 "  - {metric: who, type: set, indicator: web.who}\n"
                                 "ignore: [debug.**, a.*]\n";

static enum verdict verdict_of(struct window *window, const char *line) {
    struct window_sums before = *window_sums(window);
    struct fault why;
    assert_int_equal(window_take(window, str_of(line), NOW, &why), 0);
    for (size_t i = 0; i < VERDICTS; i++)
        if (window_sums(window)->lines[i] != before.lines[i])
            return (enum verdict)i;
    return VERDICTS;
}

static void a_line_becomes_an_indicator(void **state) {
    (void)state;
    struct statsd_settings *settings = load(some_rules);
    struct window *window;
    const struct window_hasher hasher = {.hash = number_of};
    window_new(&window, settings, &hasher);
    assert_int_equal(verdict_of(window, "site.fr.nswp.hits:2|c|#lang:en,x:y"), VERDICT_COUNTED);
    assert_int_equal(verdict_of(window, "site.fr.nswp.hits:3|c|#lang:en,x:y\r"), VERDICT_COUNTED);
    assert_int_equal(verdict_of(window, "site.fr.nswp.hits:3|c"), VERDICT_DIMENSION);
    assert_int_equal(verdict_of(window, "site.fr.nswp.hits:3|c|#lang:"), VERDICT_DIMENSION);
    assert_int_equal(verdict_of(window, "site.fr.nswp.hits:3|g|#lang:en"), VERDICT_TYPE);
    assert_int_equal(verdict_of(window, "site.fr.nswp.hits:3|ms|#lang:en"), VERDICT_TIMER);
    assert_int_equal(verdict_of(window, "site.fr..hits:3|c|#lang:en"), VERDICT_UNMATCHED);
    assert_int_equal(verdict_of(window, "site.fr.hits:3|c|#lang:en"), VERDICT_UNMATCHED);
    assert_int_equal(verdict_of(window, "debug.a.b:1|c"), VERDICT_IGNORED);
    assert_int_equal(verdict_of(window, "debug:1|c"), VERDICT_UNMATCHED);
    assert_int_equal(verdict_of(window, "a.b:1|c"), VERDICT_IGNORED);
    assert_int_equal(verdict_of(window, "a.b.c:1|c"), VERDICT_UNMATCHED);
    assert_int_equal(verdict_of(window, "members:1e15|g"), VERDICT_NUMBER);
    assert_int_equal(verdict_of(window, "members:1|g|T1999999999"), VERDICT_NUMBER);
    assert_int_equal(verdict_of(window, "rubbish"), VERDICT_MALFORMED);
    assert_int_equal(verdict_of(window, ""), VERDICTS);
    const struct window_slot *slot = window_at(window, 0);
    assert_string_equal(slot->rule->indicator, "web.hits");
    assert_true(slot->number == 5 && slot->dim_count == 3);
    assert_string_equal(slot->dims[0].value, "nswp");
    assert_string_equal(slot->dims[1].value, "en");
    assert_string_equal(slot->dims[2].value, "statsd");
    window_destroy(&window);
    statsd_settings_destroy(&settings);
}

static void the_later_gauge_holds(void **state) {
    (void)state;
    struct statsd_settings *settings = load(some_rules);
    struct window *window;
    const struct window_hasher hasher = {.hash = number_of};
    window_new(&window, settings, &hasher);
    verdict_of(window, "members:+2|g");
    assert_true(window_at(window, 0)->relative && window_at(window, 0)->number == 2);
    verdict_of(window, "members:10|g");
    verdict_of(window, "members:-3|g");
    assert_true(!window_at(window, 0)->relative && window_at(window, 0)->number == 7);
    verdict_of(window, "members:99|g|T1521999999"); /* of a second before */
    assert_true(window_at(window, 0)->number == 7);
    verdict_of(window, "members:5|g|T1521900000"); /* of the day before */
    assert_int_equal(window_count(window), 2);
    window_destroy(&window);
    statsd_settings_destroy(&settings);
}

static void the_crowd_is_bounded(void **state) {
    (void)state;
    struct statsd_settings *settings = load(some_rules);
    struct window *window;
    const struct window_hasher hasher = {.hash = number_of};
    char line[64];
    struct fault why;
    window_new(&window, settings, &hasher);
    for (unsigned i = 0; i < WINDOW_METRICS_MAX + 5; i++) {
        snprintf(line, sizeof line, "m%u:1|c", i);
        assert_int_equal(window_take(window, str_of(line), NOW, &why), 0);
    }
    assert_int_equal(window_sums(window)->lines[VERDICT_CROWD], 5);
    assert_int_equal(window_sums(window)->lines[VERDICT_UNMATCHED], WINDOW_METRICS_MAX);
    window_clear(window);
    assert_int_equal(verdict_of(window, "members:1|g"), VERDICT_COUNTED);
    window_destroy(&window);
    statsd_settings_destroy(&settings);
}

/* A state of its own, with which no daemon is asked. */
struct stage {
    char directory[64];
    struct suivi *suivi;
    struct statsd_settings *settings;
};

static void begin(struct stage *stage) {
    strcpy(stage->directory, "/tmp/suivi-test-XXXXXX");
    assert_non_null(mkdtemp(stage->directory));
    const struct suivi_options options = {
        .endpoint = "ipc:///nowhere/suivi", .state = stage->directory, .source = "statsd@test"};
    assert_int_equal(suivi_open(&stage->suivi, &options), 0);
    stage->settings = load(some_rules);
}

static void end(struct stage *stage) {
    statsd_settings_destroy(&stage->settings);
    suivi_close(&stage->suivi);
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", stage->directory);
    assert_int_equal(system(command), 0);
}

/* One line as a window of its own. */
static int send_line(struct stage *stage, const char *line, struct fault *why) {
    struct window *window;
    const struct window_hasher hasher = {.hash = number_of};
    uint64_t too_large = 0;
    window_new(&window, stage->settings, &hasher);
    assert_int_equal(verdict_of(window, line), VERDICT_COUNTED);
    int rc = sender_hand_over(stage->suivi, window, false, &too_large, why);
    assert_int_equal(too_large, 0);
    window_destroy(&window);
    if (rc == 0)
        assert_int_equal(suivi_commit(stage->suivi), 0);
    return rc;
}

static void a_window_carries_on_from_the_one_before(void **state) {
    (void)state;
    struct stage stage;
    struct fault why;
    struct carried_gauge gauge;
    double left;
    const struct str counter = STR("site.fr.nswp.hits#lang:en");
    begin(&stage);
    assert_int_equal(carried_gauge(stage.suivi, STR("members"), &gauge, &why), 0);
    assert_true(gauge.value == 0 && gauge.sent == 0 && gauge.day == INT32_MIN);
    assert_int_equal(send_line(&stage, "members:-10|g", &why), 0);
    assert_int_equal(send_line(&stage, "members:+12.25|g", &why), 0);
    assert_int_equal(carried_gauge(stage.suivi, STR("members"), &gauge, &why), 0);
    assert_true(gauge.value == 2.25 && gauge.sent == 2 && gauge.day == NOW / 86400);
    assert_int_equal(send_line(&stage, "site.fr.nswp.hits:1.375|c|#lang:en", &why), 0);
    assert_int_equal(carried_counter(stage.suivi, counter, &left, &why), 0);
    assert_true(left == 0.375);
    assert_int_equal(send_line(&stage, "site.fr.nswp.hits:-1.125|c|#lang:en", &why), 0);
    assert_int_equal(carried_counter(stage.suivi, counter, &left, &why), 0);
    assert_true(left == 0.25);
    assert_int_equal(send_line(&stage, "site.fr.nswp.hits:0.75|c|#lang:en", &why), 0);
    assert_int_equal(carried_counter(stage.suivi, counter, &left, &why), 0);
    assert_true(left == 0);
    end(&stage);
}

struct stored {
    char key[32];
    unsigned char value[64];
    size_t key_len, value_len;
};

static int keep_stored(void *arg, const void *key, size_t key_len, const void *value, size_t value_len) {
    struct stored *stored = arg;
    assert_true(key_len <= sizeof stored->key && value_len < sizeof stored->value);
    memcpy(stored->key, key, stored->key_len = key_len);
    memcpy(stored->value, value, stored->value_len = value_len);
    return 1;
}

/* Not begun at 0 again: a figure would jump, and nobody be told. */
static void refuses_record(struct stage *stage, const struct stored *stored, const void *value, size_t len,
                           const char *line) {
    struct fault why = {.text = ""};
    assert_int_equal(suivi_put(stage->suivi, stored->key, stored->key_len, value, len), 0);
    assert_int_equal(suivi_commit(stage->suivi), 0);
    assert_int_equal(send_line(stage, line, &why), -EINVAL);
    if (strstr(why.text, "restore the state from a backup") == NULL)
        fail_msg("\"%s\" does not say what to do", why.text);
}

static void refuses_records(char sort, const char *line) {
    struct stage stage;
    struct fault why;
    struct stored stored = {.key_len = 0};
    begin(&stage);
    assert_int_equal(send_line(&stage, line, &why), 0);
    assert_int_equal(suivi_scan(stage.suivi, &sort, 1, keep_stored, &stored), 1);
    unsigned char value[sizeof stored.value];
    for (size_t len = 0; len <= stored.value_len + 1; len++) { /* cut off, or with a byte too many */
        memcpy(value, stored.value, sizeof value);
        if (len != stored.value_len)
            refuses_record(&stage, &stored, value, len, line);
    }
    memcpy(value, stored.value, sizeof value);
    value[1]++; /* of a version to come */
    refuses_record(&stage, &stored, value, stored.value_len, line);
    value[1] = 0; /* of none */
    refuses_record(&stage, &stored, value, stored.value_len, line);
    const double raw[3] = {1.5};
    refuses_record(&stage, &stored, raw, sizeof raw[0], line);
    refuses_record(&stage, &stored, raw, sizeof raw, line);
    assert_int_equal(suivi_put(stage.suivi, stored.key, stored.key_len, stored.value, stored.value_len), 0);
    assert_int_equal(send_line(&stage, line, &why), 0);
    end(&stage);
}

static void a_damaged_record_is_refused(void **state) {
    (void)state;
    refuses_records('g', "members:+1.5|g");
    refuses_records('c', "site.fr.nswp.hits:1.5|c|#lang:en");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_what_it_says),
        cmocka_unit_test(a_sign_makes_a_gauge_a_change),
        cmocka_unit_test(tags_are_found_by_name),
        cmocka_unit_test(too_long_is_no_line),
        cmocka_unit_test(statsds_own_packets),
        cmocka_unit_test(settings_are_judged),
        cmocka_unit_test(a_line_becomes_an_indicator),
        cmocka_unit_test(the_later_gauge_holds),
        cmocka_unit_test(the_crowd_is_bounded),
        cmocka_unit_test(a_window_carries_on_from_the_one_before),
        cmocka_unit_test(a_damaged_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
