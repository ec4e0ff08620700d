/* Visits, unique and returning visitors: in any order, over any number of runs, the same as counted plainly
 * in order of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "clients/weblog/visit_record.h"
#include "clients/weblog/visitors.h"
#include "proto/civil.h"
#include "proto/wire.h"
#include "tests/unit/table.h"

#define VIEWS   400
#define CLIENTS 12
#define DAYS    100
#define HASHES  (CLIENTS * 5)

struct figures {
    int64_t visits[DAYS][2];
    uint64_t hash[2][HASHES * 4]; /* unique, returning: month and hash in one */
    size_t count[2];
};

struct view {
    int64_t at;
    unsigned client, language;
};

static void add_hash(struct figures *figures, unsigned set, uint64_t hash) {
    for (size_t i = 0; i < figures->count[set]; i++)
        if (figures->hash[set][i] == hash)
            return;
    assert_true(figures->count[set] < HASHES * 4);
    figures->hash[set][figures->count[set]++] = hash;
}

static int take_sum(void *arg, enum tally_sum what, int32_t day, unsigned language, int64_t value) {
    struct figures *figures = arg;
    if (what == TALLY_VISITS)
        figures->visits[day][language] += value;
    return 0;
}

static int take_set(void *arg, enum tally_set what, int32_t day, unsigned language, const uint64_t *hashes,
                    size_t count) {
    for (size_t i = 0; i < count; i++)
        add_hash(arg, what, hashes[i] ^ language << 20 ^ (uint64_t)civil_month_of_day(day));
    return 0;
}

static struct client client_of(unsigned number, char name[static 16]) {
    int len = snprintf(name, 16, "10.0.0.%u", number);
    return (struct client){.address = {name, (size_t)len}, .hash = {number * 77, number}};
}

/* A run: opens what is stored, takes the views, judges and saves. Some forget in between, as a run with many
 * clients does. */
static void run(struct table *table, struct figures *figures, const struct view *views, size_t count,
                size_t forget) {
    struct fault why;
    struct epochs *epochs;
    struct tally *tally;
    struct visitors *visitors;
    const struct tally_sink sink = {figures, take_sum, take_set, NULL};
    assert_int_equal(epochs_load(&epochs, &table->records, STR("s"), (struct epochs_clock){0}, &why), 0);
    tally_new(&tally, 0);
    visitors_new(&visitors, &table->records, epochs, tally, STR("s"), 1000);
    for (size_t i = 0; i < count; i++) {
        char name[16];
        struct client client = client_of(views[i].client, name);
        int32_t day;
        assert_true(civil_day_of_time(views[i].at, &day));
        assert_int_equal(visitors_view(visitors, &client, views[i].at, day, civil_month_of_day(day),
                                       views[i].language, &why),
                         0);
        if (forget != 0 && i % forget == forget - 1) {
            assert_int_equal(visitors_save(visitors, &why), 0);
            visitors_forget(visitors);
            epochs_reload(epochs);
        }
    }
    if (forget == 0)
        visitors_judge(visitors);
    assert_int_equal(visitors_save(visitors, &why), 0);
    visitors_forget(visitors);
    for (bool more = forget != 0; more;)
        assert_int_equal(visitors_judge_stored(visitors, &more, &why), 0);
    assert_int_equal(epochs_save(epochs, &why), 0);
    assert_int_equal(tally_flush(tally, &sink), 0);
    visitors_destroy(&visitors);
    tally_destroy(&tally);
    epochs_destroy(&epochs);
}

static int compare_views(const void *a, const void *b) {
    const struct view *x = a, *y = b;
    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (int)x->client - (int)y->client;
}

/* What the definitions say, in order of time, over one client after the other. */
static void count_plainly(struct figures *figures, struct view *views, size_t count) {
    qsort(views, count, sizeof *views, compare_views);
    for (unsigned c = 0; c < CLIENTS; c++) {
        int64_t last = INT64_MIN;
        unsigned visits[4] = {0}, seen[4] = {0};
        for (size_t i = 0; i < count; i++) {
            if (views[i].client != c)
                continue;
            int32_t day = (int32_t)(views[i].at / CIVIL_DAY_SECONDS), month = civil_month_of_day(day);
            if (last == INT64_MIN || views[i].at - last > VISITORS_GAP) {
                figures->visits[day][views[i].language]++;
                visits[month]++;
            }
            seen[month] |= 1u << views[i].language;
            last = views[i].at;
        }
        for (int month = 0; month < 4; month++)
            for (unsigned language = 0; language < 2; language++) {
                if (!(seen[month] >> language & 1))
                    continue;
                char name[16];
                struct client client = client_of(c, name);
                struct client_scratch scratch = {0};
                struct table table;
                uint64_t hash;
                table_init(&table);
                client_month_hash(&client, (struct str){0}, month, &table.records, &scratch, &hash, NULL);
                client_scratch_free(&scratch);
                hash ^= language << 20 ^ (uint64_t)month;
                add_hash(figures, TALLY_UNIQUE, hash);
                if (visits[month] >= 2 || (month > 0 && seen[month - 1] != 0))
                    add_hash(figures, TALLY_RETURNING, hash);
            }
    }
}

static void same_figures(const struct figures *got, const struct figures *wanted, bool returning) {
    assert_memory_equal(got->visits, wanted->visits, sizeof got->visits);
    for (unsigned set = 0; set < (returning ? 2 : 1); set++) {
        assert_int_equal(got->count[set], wanted->count[set]);
        for (size_t i = 0; i < got->count[set]; i++) {
            bool found = false;
            for (size_t j = 0; j < wanted->count[set]; j++)
                found |= got->hash[set][i] == wanted->hash[set][j];
            assert_true(found);
        }
    }
}

static void shuffle(struct view *views, size_t count, uint64_t *random) {
    for (size_t i = count; i > 1; i--) {
        size_t j = table_random(random) % i;
        struct view view = views[i - 1];
        views[i - 1] = views[j];
        views[j] = view;
    }
}

static void any_order_and_runs(void **state) {
    (void)state;
    uint64_t random = (uint64_t)time(NULL) | 1;
    print_message("seed %llu\n", (unsigned long long)random);
    for (int round = 0; round < 60; round++) {
        struct view views[VIEWS];
        int64_t span = (round % 3 == 0 ? 2 : round % 3 == 1 ? 60 : DAYS) * (int64_t)CIVIL_DAY_SECONDS;
        int64_t start = round % 3 == 0 ? 30 * (int64_t)CIVIL_DAY_SECONDS : 0; /* about the end of January */
        for (size_t i = 0; i < VIEWS; i++)
            views[i] = (struct view){start + (int64_t)(table_random(&random) % (uint64_t)span),
                                     (unsigned)(table_random(&random) % CLIENTS), 0};
        for (size_t i = 0; i < VIEWS;
             i++) /* one second, one language: else the order in the log says which was first */
            views[i].language = (unsigned)(views[i].at % 2);
        struct figures wanted = {0}, in_one = {0}, forgetting = {0}, in_four = {0};
        count_plainly(&wanted, views, VIEWS);
        shuffle(views, VIEWS, &random);
        struct table table;
        table_init(&table);
        run(&table, &in_one, views, VIEWS, 0);
        table_free(&table);
        same_figures(&in_one, &wanted, true);
        table_init(&table);
        run(&table, &forgetting, views, VIEWS, 37);
        table_free(&table);
        same_figures(&forgetting, &wanted, true);
        table_init(&table);
        for (size_t i = 0; i < 4; i++)
            run(&table, &in_four, views + i * VIEWS / 4, VIEWS / 4, 0);
        table_free(&table);
        same_figures(&in_four, &wanted, false); /* who was once told as returning stays so */
        assert_true(in_four.count[TALLY_RETURNING] >= wanted.count[TALLY_RETURNING]);
    }
}

static void runs_in_order(void **state) {
    (void)state;
    uint64_t random = 4711;
    struct view views[VIEWS];
    for (size_t i = 0; i < VIEWS; i++)
        views[i] = (struct view){(int64_t)(table_random(&random) % (DAYS * UINT64_C(86400))),
                                 (unsigned)(table_random(&random) % CLIENTS), 0};
    struct figures wanted = {0}, got = {0};
    count_plainly(&wanted, views, VIEWS);
    struct table table;
    table_init(&table);
    for (size_t i = 0; i < VIEWS; i += 10)
        run(&table, &got, views + i, 10, 0);
    table_free(&table);
    same_figures(&got, &wanted, true);
}

static void closed_months(void **state) {
    (void)state;
    struct table table;
    struct fault why;
    struct epochs *epochs;
    table_init(&table);
    assert_int_equal(epochs_load(&epochs, &table.records, STR("s"), (struct epochs_clock){0}, &why), 0);
    epochs_open(epochs, 0);
    epochs_open(epochs, 2);
    epochs_seen(epochs, INT64_C(80) * CIVIL_DAY_SECONDS); /* in March 1970 */
    epochs_seen(epochs, INT64_C(99999999999));            /* the far future moves nothing */
    assert_true(epochs_over(epochs));
    epochs_advance(epochs);
    assert_false(epochs_over(epochs));
    assert_true(epochs_closed(epochs, 0));
    assert_false(epochs_closed(epochs, 1));
    assert_int_equal(epochs_save(epochs, &why), 0);
    epochs_destroy(&epochs);
    struct figures figures = {0};
    struct view views[] = {{5 * 86400, 1, 0}, {5 * 86400 + 10, 1, 0}, {6 * 86400, 1, 0}, {40 * 86400, 1, 0}};
    run(&table, &figures, views, 4, 0);
    assert_int_equal(figures.visits[5][0], 1);
    assert_int_equal(figures.visits[6][0], 1);
    assert_int_equal(figures.count[TALLY_UNIQUE], 1); /* February's */
    table_free(&table);
}

static int64_t set_clock(void *arg) {
    return *(const int64_t *)arg;
}

/* The clock is asked as it is then, not as it was when the program started. */
static void the_clock_goes_on(void **state) {
    (void)state;
    struct table table;
    struct fault why;
    struct epochs *epochs;
    int64_t now = 1000;
    table_init(&table);
    assert_int_equal(
        epochs_load(&epochs, &table.records, STR("s"), (struct epochs_clock){set_clock, &now}, &why), 0);
    epochs_seen(epochs, now + CIVIL_DAY_SECONDS);
    assert_int_equal(epochs_newest(epochs), now + CIVIL_DAY_SECONDS);
    epochs_seen(epochs, now + CIVIL_DAY_SECONDS + 1);
    assert_int_equal(epochs_newest(epochs), now + CIVIL_DAY_SECONDS);
    now += INT64_C(100) * CIVIL_DAY_SECONDS;
    epochs_seen(epochs, now);
    assert_int_equal(epochs_newest(epochs), now);
    assert_true(epochs_over(epochs));
    epochs_destroy(&epochs);
    table_free(&table);
}

static void bad_records(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } list[] = {
        {"", 0},
        {"\x96\x01\x05\x01\x00\xc2\x93\x05\x01", 9},                  /* cut off */
        {"\x96\x02\x05\x01\x00\xc2\x90", 7},                          /* another version */
        {"\x96\x01\x05\x01\x00\xc2\x92\x05\x01", 9},                  /* no whole visits */
        {"\x96\x01\x05\x01\x00\xc2\x93\x05\x01\x20", 10},             /* language 32 */
        {"\x96\x01\x05\x01\x00\xc2\x96\x05\x09\x00\x07\x01\x00", 13}, /* visits overlap */
        {"\x96\x01\x05\x01\x00\xc2\x90\x00", 8},                      /* more behind it */
        {"\x95\x01\x05\x01\x00\xc2", 6},
    };
    struct visit visits[VISIT_RECORD_VISITS_MAX];
    struct visit_record record = {.visit = visits};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        assert_int_equal(visit_record_read((struct str){list[i].bytes, list[i].len}, &record), -EINVAL);
    static const char good[] = "\x96\x01\x05\x03\x01\xc3\x96\x05\x01\x00\x09\x01\x01";
    assert_int_equal(visit_record_read((struct str){good, sizeof good - 1}, &record), 0);
    assert_int_equal(record.visit_count, 2);
    assert_int_equal(visit_record_due(&record), 2);
    struct wire_writer *writer;
    wire_writer_new(&writer, 100);
    visit_record_write(writer, &record);
    assert_int_equal(wire_writer_len(writer), sizeof good - 1);
    assert_memory_equal(wire_writer_data(writer), good, sizeof good - 1);
    wire_writer_destroy(&writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_and_runs), cmocka_unit_test(runs_in_order),
        cmocka_unit_test(closed_months),      cmocka_unit_test(the_clock_goes_on),
        cmocka_unit_test(bad_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
