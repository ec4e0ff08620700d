/* The 30-second rule of downloads: in any order of lines, the same as judged in order of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "clients/weblog/clicks.h"
#include "proto/civil.h"
#include "tests/unit/table.h"

#define DAYS 70

struct click_at {
    int64_t at;
    unsigned path;
};

static int take_sum(void *arg, enum tally_sum what, int32_t day, unsigned language, int64_t value) {
    int64_t *downloads = arg;
    assert_int_equal(what, TALLY_DOWNLOADS);
    assert_int_equal(language, 0);
    downloads[day] += value;
    return 0;
}

static int take_set(void *arg, enum tally_set what, int32_t day, unsigned language, const uint64_t *hashes,
                    size_t count) {
    (void)arg, (void)what, (void)day, (void)language, (void)hashes, (void)count;
    return 0;
}

static void run(struct table *table, int64_t *downloads, const struct click_at *list, size_t count,
                size_t settle, bool forget) {
    static const char paths[] = "abcdef";
    struct fault why;
    struct epochs *epochs;
    struct tally *tally;
    struct clicks *clicks;
    const struct tally_sink sink = {downloads, take_sum, take_set, NULL};
    assert_int_equal(epochs_load(&epochs, &table->records, STR("s"), (struct epochs_clock){0}, &why), 0);
    tally_new(&tally, 0);
    clicks_new(&clicks, &table->records, epochs, tally, STR("s"), 1000000);
    const struct client client = {
        .address = STR("10.0.0.1"), .agent = STR("A"), .has_agent = true, .hash = {1, 2}};
    for (size_t i = 0; i < count; i++) {
        int32_t day;
        assert_true(civil_day_of_time(list[i].at, &day));
        epochs_seen(epochs, list[i].at);
        assert_int_equal(clicks_add(clicks, &client, (struct str){paths + list[i].path, 1}, list[i].at,
                                    civil_month_of_day(day), 0, &why),
                         0);
        if (settle != 0 && i % settle == 0) {
            assert_int_equal(clicks_settle(clicks, &why), 0);
            if (forget) {
                clicks_forget(clicks);
                epochs_reload(epochs);
            }
        }
    }
    assert_int_equal(clicks_settle(clicks, &why), 0);
    for (bool more = true; more;)
        assert_int_equal(clicks_prune(clicks, &more, &why), 0);
    assert_int_equal(epochs_save(epochs, &why), 0);
    assert_int_equal(tally_flush(tally, &sink), 0);
    clicks_destroy(&clicks);
    tally_destroy(&tally);
    epochs_destroy(&epochs);
}

static int compare(const void *a, const void *b) {
    const struct click_at *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static void count_plainly(int64_t *downloads, struct click_at *list, size_t count) {
    int64_t last[6];
    for (int i = 0; i < 6; i++)
        last[i] = INT64_MIN / 2;
    qsort(list, count, sizeof *list, compare);
    for (size_t i = 0; i < count; i++)
        if (list[i].at - last[list[i].path] > CLICKS_GAP) {
            downloads[list[i].at / CIVIL_DAY_SECONDS]++;
            last[list[i].path] = list[i].at;
        }
}

static void any_order(void **state) {
    (void)state;
    uint64_t random = (uint64_t)time(NULL) | 1;
    print_message("seed %llu\n", (unsigned long long)random);
    for (int round = 0; round < 40; round++) {
        struct click_at list[500];
        size_t count = sizeof list / sizeof list[0];
        /* The short one is about a month's end. */
        uint64_t span = round % 4 == 0 ? DAYS * UINT64_C(86400) : 3000;
        int64_t start = span == 3000 ? 31 * INT64_C(86400) - 1500 : 0;
        for (size_t i = 0; i < count; i++)
            list[i] = (struct click_at){start + (int64_t)(table_random(&random) % span),
                                        (unsigned)(table_random(&random) % 6)};
        int64_t wanted[DAYS] = {0}, got[DAYS] = {0}, runs[DAYS] = {0}, ordered[DAYS] = {0};
        count_plainly(wanted, list, count);
        struct table table;
        table_init(&table);
        for (size_t i = 0; i < 5; i++) /* in order, each run on its own */
            run(&table, ordered, list + i * 100, 100, 0, false);
        table_free(&table);
        assert_memory_equal(ordered, wanted, sizeof wanted);
        for (size_t i = count; i > 1; i--) {
            size_t j = table_random(&random) % i;
            struct click_at click = list[i - 1];
            list[i - 1] = list[j];
            list[j] = click;
        }
        table_init(&table);
        run(&table, got, list, count, 60, false);
        table_free(&table);
        assert_memory_equal(got, wanted, sizeof wanted);
        if (span != 3000)
            continue;
        table_init(&table); /* late by less than two hours, across runs and with memory given up */
        for (size_t i = 0; i < 5; i++)
            run(&table, runs, list + i * 100, 100, 30, true);
        table_free(&table);
        assert_memory_equal(runs, wanted, sizeof wanted);
    }
}

static void edges(void **state) {
    (void)state;
    struct click_at list[] = {{0, 0}, {30, 0}, {31, 0}, {61, 0}, {62, 0}, {62, 1}, {62, 1}};
    int64_t got[DAYS] = {0};
    struct table table;
    table_init(&table);
    run(&table, got, list, sizeof list / sizeof list[0], 0, false);
    assert_int_equal(got[0], 4); /* 0, 31, 62 and the other path */
    table_free(&table);
}

/* Old clicks leave the records. */
static void pruned(void **state) {
    (void)state;
    struct click_at list[] = {{1000, 0}, {2000, 1}, {1000 + 3 * 3600, 2}};
    int64_t got[DAYS] = {0};
    struct table table;
    table_init(&table);
    run(&table, got, list, 3, 0, false);
    size_t records = 0;
    for (size_t i = 0; i < table.count; i++)
        records += table.entry[i].key[0] == RECORD_CLICKS;
    assert_int_equal(records, 1);
    table_free(&table);
}

/* A chain of clicks that goes on from one run to the next for longer than clicks are kept. */
static void long_chain(void **state) {
    (void)state;
    for (int64_t step = 7; step < 30; step += 4) {
        struct click_at list[1500];
        size_t count = sizeof list / sizeof list[0];
        int64_t wanted[DAYS] = {0}, got[DAYS] = {0};
        for (size_t i = 0; i < count; i++)
            list[i] = (struct click_at){(int64_t)i * step, 0};
        count_plainly(wanted, list, count);
        struct table table;
        table_init(&table);
        for (size_t i = 0; i < 3; i++)
            run(&table, got, list + i * 500, 500, 0, false);
        table_free(&table);
        assert_memory_equal(got, wanted, sizeof wanted);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order),
        cmocka_unit_test(edges),
        cmocka_unit_test(pruned),
        cmocka_unit_test(long_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
