/* The end of a month: for a program that stays as for one that runs by the hour, its visitors are forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "proto/civil.h"
#include "tests/unit/counting.h"

#define ANY INT32_MIN
#define DAY CIVIL_DAY_SECONDS

static const int64_t jan_10 = INT64_C(1515542400); /* 2018-01-10 */
static const int32_t january = 48 * 12;

static void count(struct counting *counting, int64_t at, const char *request) {
    const struct line line = {
        .at = at, .address = STR("192.0.2.1"), .request = str_of(request), .status = 200, .open_ended = true};
    struct fault why = {""};
    int32_t day;
    if (counter_line(counting->counter, &line, &day, &why) != 0)
        fail_msg("%s", why.text);
}

static void commit(struct counting *counting) {
    struct fault why = {""};
    if (counter_commit(counting->counter, true, &why) != 0)
        fail_msg("%s", why.text);
}

static void finish(struct counting *counting) {
    struct fault why = {""};
    if (counter_finish(counting->counter, &why) != 0)
        fail_msg("%s", why.text);
}

static bool has_key(const struct counting *counting, const char *month) {
    char name[32], path[128];
    struct stat file;
    (void)snprintf(name, sizeof name, "state/keys/%s", month);
    return stat(counting_path(counting, name, path), &file) == 0;
}

/* A program that stays from January to April, as --follow does: a view and a click every six hours. */
static void months_pass(void **state) {
    (void)state;
    struct counting counting;
    counting_new(&counting, jan_10);
    size_t finished = 0;
    for (; counting.now < jan_10 + 90 * DAY; counting.now += DAY / 4) {
        count(&counting, counting.now, "GET / HTTP/1.1");
        count(&counting, counting.now, "GET /a.pdf HTTP/1.1");
        commit(&counting);
        if (counter_finish_due(counting.counter)) {
            finish(&counting);
            finished++;
        }
        assert_false(counter_finish_due(counting.counter));
        assert_in_range(counting_records(&counting, RECORD_CLICKS, ANY), 1, 2);
    }
    assert_int_equal(finished, 90 * 4);
    assert_int_equal(counting_records(&counting, RECORD_VISITOR, january), 0);
    assert_int_equal(counting_records(&counting, RECORD_VISITOR, january + 1), 0);
    assert_int_equal(counting_records(&counting, RECORD_VISITOR, january + 2), 1);
    assert_int_equal(counting_records(&counting, RECORD_VISITOR, january + 3), 1);
    assert_false(has_key(&counting, "2018-01"));
    assert_false(has_key(&counting, "2018-02"));
    assert_true(has_key(&counting, "2018-03"));
    assert_true(has_key(&counting, "2018-04"));
    counting_destroy(&counting);
}

/* What comes from the future closes nothing, however often the clock is asked. */
static void the_future(void **state) {
    (void)state;
    struct counting counting;
    counting_new(&counting, jan_10);
    count(&counting, jan_10, "GET / HTTP/1.1");
    finish(&counting);
    for (int i = 2; i < 400; i++)
        count(&counting, jan_10 + i * DAY, "GET / HTTP/1.1");
    assert_false(counter_finish_due(counting.counter));
    finish(&counting);
    assert_int_equal(counting_records(&counting, RECORD_VISITOR, january), 1);
    assert_true(has_key(&counting, "2018-01"));
    counting_destroy(&counting);
}

/* A run was killed after it had closed months, before it had dropped all of theirs: the next one does. */
static void killed_while_closing(void **state) {
    (void)state;
    struct counting counting;
    counting_new(&counting, jan_10 + 60 * DAY);
    count(&counting, counting.now, "GET / HTTP/1.1");
    finish(&counting);
    const struct records *records = counter_records(counting.counter);
    for (uint64_t i = 0; i < 10000; i++) { /* more than go at once */
        struct record_key key = record_key_of(i % 2 ? RECORD_VISITOR : RECORD_CLICKS, STR("s"));
        record_key_add_month(&key, january);
        record_key_add_number(&key, i);
        assert_int_equal(records->put(records->arg, record_key_str(&key), STR("left"), NULL), 0);
    }
    commit(&counting);
    char path[128];
    FILE *key = fopen(counting_path(&counting, "state/keys/2018-01", path), "w");
    assert_non_null(key);
    (void)fclose(key);
    counting_leave(&counting);
    counting_enter(&counting);
    assert_true(counter_finish_due(counting.counter));
    finish(&counting);
    assert_false(counter_finish_due(counting.counter));
    assert_int_equal(counting_records(&counting, RECORD_VISITOR, january), 0);
    assert_int_equal(counting_records(&counting, RECORD_CLICKS, ANY), 0);
    assert_int_equal(counting_records(&counting, RECORD_VISITOR, ANY), 1);
    assert_false(has_key(&counting, "2018-01"));
    assert_true(has_key(&counting, "2018-03"));
    counting_destroy(&counting);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_pass),
        cmocka_unit_test(the_future),
        cmocka_unit_test(killed_while_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
