/* Sums and sets by day and language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/weblog/tally.h"

#define HASHES 2000

struct got {
    int64_t sum[TALLY_SUMS][40][4]; /* what, day, language (3: none) */
    size_t set[2][40][4];           /* hashes below HASHES that came at least once */
    unsigned calls, zeros;
    unsigned heard[40][2]; /* day, with agents */
    int fail;
};

static int got_sum(void *arg, enum tally_sum what, int32_t day, unsigned language, int64_t value) {
    struct got *got = arg;
    got->calls++;
    got->zeros += value == 0;
    got->sum[what][day][language == TALLY_NO_LANGUAGE ? 3 : language] += value;
    return got->fail;
}

static int got_set(void *arg, enum tally_set what, int32_t day, unsigned language, const uint64_t *hashes,
                   size_t count) {
    struct got *got = arg;
    got->calls++;
    got->zeros += count == 0;
    bool seen[HASHES] = {0};
    for (size_t i = 0; i < count; i++) {
        assert_true(hashes[i] < HASHES);
        got->set[what][day][language] += !seen[hashes[i]];
        seen[hashes[i]] = true;
    }
    return got->fail;
}

static int got_heard(void *arg, int32_t day, bool agents) {
    struct got *got = arg;
    got->heard[day][agents]++;
    return got->fail;
}

static struct tally_sink sink_of(struct got *got) {
    return (struct tally_sink){.arg = got, .sum = got_sum, .set = got_set, .heard = got_heard};
}

static void sums(void **state) {
    (void)state;
    struct tally *tally;
    struct got got = {0};
    tally_new(&tally, 0x3);
    for (int i = 0; i < 300; i++) {
        tally_add(tally, TALLY_REQUESTS, i % 40, TALLY_NO_LANGUAGE, 1);
        tally_add(tally, TALLY_VISITS, i % 2, 1, i % 3 == 0 ? -1 : 1);
    }
    const struct tally_sink sink = sink_of(&got);
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.sum[TALLY_REQUESTS][0][3], 8);
    assert_int_equal(got.sum[TALLY_REQUESTS][39][3], 7);
    assert_int_equal(got.sum[TALLY_VISITS][0][1], 50);
    assert_int_equal(got.sum[TALLY_VISITS][1][1], 50);
    assert_int_equal(got.zeros, 0); /* nothing was heard */
    unsigned before = got.calls;
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.calls, before);
    tally_destroy(&tally);
}

static void zeros_once(void **state) {
    (void)state;
    struct tally *tally;
    struct got got = {0};
    const struct tally_sink sink = sink_of(&got);
    tally_new(&tally, 0x5); /* languages 0 and 2 */
    tally_heard(tally, 7, true);
    tally_add(tally, TALLY_PAGEVIEWS, 7, 1, 1); /* of a language that is no longer one of the site's */
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.calls, 3 + 2 * 5 + 1);
    assert_int_equal(got.zeros, 3 + 2 * 5);
    tally_heard(tally, 7, true);
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.calls, 3 + 2 * 5 + 1);
    tally_destroy(&tally);
}

/* Once for each day and sort of lines, however often it is flushed; a flush that fails has told nothing. */
static void how_it_was_heard(void **state) {
    (void)state;
    struct tally *tally;
    struct got got = {.fail = -28};
    const struct tally_sink sink = sink_of(&got);
    tally_new(&tally, 1);
    tally_add(tally, TALLY_MALFORMED, 5, TALLY_NO_LANGUAGE, 1);
    tally_heard(tally, 7, true);
    assert_int_equal(tally_flush(tally, &sink), -28);
    got = (struct got){0};
    tally_forget(tally);
    for (int i = 0; i < 3; i++) {
        tally_heard(tally, 7, true);
        tally_heard(tally, 8, false);
        tally_heard(tally, 7, i > 0);
        assert_int_equal(tally_flush(tally, &sink), 0);
    }
    assert_int_equal(got.heard[7][true], 1);
    assert_int_equal(got.heard[7][false], 1);
    assert_int_equal(got.heard[8][true], 0);
    assert_int_equal(got.heard[8][false], 1);
    assert_int_equal(got.heard[5][true] + got.heard[5][false], 0);
    tally_destroy(&tally);
}

static void sets(void **state) {
    (void)state;
    struct tally *tally;
    struct got got = {0};
    const struct tally_sink sink = sink_of(&got);
    tally_new(&tally, 1);
    for (uint64_t i = 0; i < 10000; i++)
        tally_put(tally, TALLY_UNIQUE, 3, 0, i * 7919 % 1000);
    tally_put(tally, TALLY_RETURNING, 3, 2, 5);
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.set[TALLY_UNIQUE][3][0], 1000);
    assert_int_equal(got.set[TALLY_RETURNING][3][2], 1);
    tally_destroy(&tally);
}

static void forgotten_or_failed(void **state) {
    (void)state;
    struct tally *tally;
    struct got got = {.fail = -28};
    const struct tally_sink sink = sink_of(&got);
    tally_new(&tally, 1);
    tally_add(tally, TALLY_REQUESTS, 1, TALLY_NO_LANGUAGE, 1);
    tally_put(tally, TALLY_UNIQUE, 1, 0, 1);
    assert_int_equal(tally_flush(tally, &sink), -28);
    tally_forget(tally);
    got = (struct got){0};
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.calls, 0);
    tally_destroy(&tally);
}

/* What is counted by stamp has zeros of its own, on days that were heard from by it. */
static void by_stamp(void **state) {
    (void)state;
    struct tally *tally;
    struct got got = {0};
    const struct tally_sink sink = sink_of(&got);
    tally_new(&tally, 0x3);
    tally_stamped(tally, 4);
    tally_add(tally, TALLY_FIRSTS_DAY, 4, 1, 2);
    tally_add(tally, TALLY_UNSTAMPED, 5, 0, 3);
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.sum[TALLY_FIRSTS_DAY][4][1], 2);
    assert_int_equal(got.sum[TALLY_UNSTAMPED][5][0], 3);
    assert_int_equal(got.calls, 2 * (TALLY_SUMS - TALLY_FIRSTS_DAY) + 1);
    assert_int_equal(got.zeros, got.calls - 2);
    got = (struct got){0};
    tally_stamped(tally, 4); /* zeros were told */
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.calls, 0);
    tally_heard(tally, 4, true);
    assert_int_equal(tally_flush(tally, &sink), 0);
    assert_int_equal(got.calls, 3 + 2 * 5);
    tally_destroy(&tally);
}

static void full(void **state) {
    (void)state;
    struct tally *tally;
    tally_new(&tally, 1);
    for (int32_t day = 0; day < 1000000 && !tally_full(tally); day++)
        tally_heard(tally, day, true);
    assert_true(tally_full(tally));
    tally_destroy(&tally);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),
        cmocka_unit_test(zeros_once),
        cmocka_unit_test(sets),
        cmocka_unit_test(forgotten_or_failed),
        cmocka_unit_test(by_stamp),
        cmocka_unit_test(full),
        cmocka_unit_test(how_it_was_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
