/* Runs of what was remarked, against a reference that goes through it day by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/books/remarks.h"
#include "tests/unit/books.h"
#include "tests/unit/random.h"

#define SOURCES 2
#define TITLES  2
#define NOTES   3
#define DAYS    24
#define FIRST   "2018-03-01"

static const char *const sources[SOURCES] = {"one@a", "two@a"};
static const char *const titles[TITLES] = {"robots list", "method"};
static const char *const notes[NOTES] = {"a", "b", "c"};

static uint64_t last_id;

static struct store_write *begin(struct books *books) {
    struct store_write *write;
    assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, books->now, NULL), 0);
    return write;
}

static void end(struct books *books, struct store_write *write) {
    books_put_names(books, write);
    assert_int_equal(store_commit(&write, NULL), 0);
}

static void remark(struct books *books, struct store_write *write, const char *source, const char *region,
                   int32_t day, enum entry_remark kind, const char *title, const char *note) {
    struct dims dims = {0};
    struct name_found found;
    uint32_t number;
    struct wire_writer *value;
    struct entry entry = ENTRY_NONE;
    entry.id = ++last_id;
    entry.recorded = (int64_t)last_id;
    entry.title = str_of(title);
    entry.note = str_of(note);
    entry.remark = kind;
    if (region)
        assert_int_equal(dims_add(&dims, STR("region"), str_of(region), NULL), 0);
    assert_int_equal(catalogue_remarks(books->room.catalogue, STR("calls"), &dims, &found, NULL), 0);
    assert_int_equal(catalogue_source(books->room.catalogue, str_of(source), &number, NULL), 0);
    wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
    cell_entry_encode(value, (int64_t)day * CIVIL_DAY_SECONDS, &entry);
    assert_int_equal(
        store_put_entry(write, found.number, day, number, entry.id,
                        (struct str){(const char *)wire_writer_data(value), wire_writer_len(value)}, NULL),
        0);
    wire_writer_destroy(&value);
}

struct reading {
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct remarks remarks;
};

static void read_at(struct books *books, uint32_t vintage, const struct dims *where, int32_t first,
                    int32_t last, struct reading *reading) {
    *reading = (struct reading){0};
    assert_int_equal(store_snapshot_open(books->room.store, &reading->snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&reading->withdrawals, reading->snapshot, NULL), 0);
    const struct remarks_scope scope = {.snapshot = reading->snapshot,
                                        .catalogue = books->room.catalogue,
                                        .withdrawals = reading->withdrawals,
                                        .where = where,
                                        .first = first,
                                        .last = last,
                                        .vintage = vintage};
    int index = framework_find(books->room.framework, STR("calls"));
    assert_int_equal(remarks_add(&reading->remarks, &scope, (size_t)index, NULL), 0);
    remarks_sort(&reading->remarks);
}

static void read_all(struct books *books, const struct dims *where, int32_t first, int32_t last,
                     struct reading *reading) {
    read_at(books, 0, where, first, last, reading);
}

static void forget(struct reading *reading) {
    remarks_clear(&reading->remarks);
    withdrawals_destroy(&reading->withdrawals);
    store_snapshot_close(&reading->snapshot);
}

/* How often it was remarked, by source, title, day and note. */
static bool said[SOURCES][TITLES][DAYS][NOTES];

static bool says_any(int source, int title, int day) {
    return said[source][title][day][0] || said[source][title][day][1] || said[source][title][day][2];
}

static const struct remark *find_run(const struct remarks *remarks, uint32_t source, int title, int note,
                                     int32_t first) {
    for (size_t i = 0; i < remarks->count; i++) {
        const struct remark *run = &remarks->run[i];
        if (run->source == source && str_equal(run->title, str_of(titles[title])) &&
            str_equal(run->note, str_of(notes[note])) && run->first == first)
            return run;
    }
    return NULL;
}

/* The runs of one note; returns how many. */
static size_t hold_against(const struct remarks *remarks, int source, int title, int note, int32_t first) {
    const struct remark *run = NULL;
    size_t runs = 0;
    bool any = false;
    uint32_t days = 0;
    for (int day = 0; day < DAYS; day++) {
        if (!says_any(source, title, day))
            continue;
        if (!said[source][title][day][note]) {
            run = NULL;
        } else if (run == NULL) {
            run = find_run(remarks, (uint32_t)source, title, note, first + day);
            assert_non_null(run);
            assert_int_equal(run->changed, any);
            runs++;
            days = 1;
        } else {
            days++;
        }
        if (run && run->last == first + day)
            assert_int_equal(run->days, days);
        if (run)
            assert_true(run->last >= first + day);
        any = true;
    }
    return runs;
}

static void runs_are_of_days_in_a_row(void **state) {
    (void)state;
    random_begin();
    for (int round = 0; round < 20; round++) {
        struct books books;
        struct reading reading;
        int32_t first = books_day(FIRST);
        uint32_t number;
        size_t runs = 0;
        books_new(&books, "2018-06-01");
        memset(said, 0, sizeof said);
        for (int i = 0; i < SOURCES; i++)
            assert_int_equal(catalogue_source(books.room.catalogue, str_of(sources[i]), &number, NULL), 0);
        struct store_write *write = begin(&books);
        for (int i = 0; i < 60; i++) {
            size_t source = random_below(SOURCES), title = random_below(TITLES), day = random_below(DAYS);
            size_t note = random_below(random_below(3) + 1);
            said[source][title][day][note] = true;
            remark(&books, write, sources[source], NULL, first + (int32_t)day, ENTRY_REMARK_METHOD,
                   titles[title], notes[note]);
        }
        end(&books, write);
        read_all(&books, NULL, CIVIL_DAY_MIN, CIVIL_DAY_MAX, &reading);
        for (int source = 0; source < SOURCES; source++)
            for (int title = 0; title < TITLES; title++)
                for (int note = 0; note < NOTES; note++)
                    runs += hold_against(&reading.remarks, source, title, note, first);
        assert_int_equal(reading.remarks.count, runs);
        forget(&reading);
        books_destroy(&books);
    }
}

static void what_is_about_other_values_is_left_out(void **state) {
    (void)state;
    struct books books;
    struct reading reading;
    struct dims where = {0};
    const struct str name = STR("region"), north = STR("north"), south = STR("south");
    books_new(&books, "2018-06-01");
    struct store_write *write = begin(&books);
    remark(&books, write, "one@a", "north", books_day(FIRST), ENTRY_REMARK_EVENT, "t", "in the north");
    remark(&books, write, "one@a", NULL, books_day(FIRST), ENTRY_REMARK_EVENT, "t", "everywhere");
    end(&books, write);
    assert_int_equal(dims_add(&where, name, south, NULL), 0);
    read_all(&books, &where, CIVIL_DAY_MIN, CIVIL_DAY_MAX, &reading);
    assert_int_equal(reading.remarks.count, 1);
    assert_true(str_equal(reading.remarks.run[0].note, STR("everywhere")));
    forget(&reading);
    read_all(&books, NULL, CIVIL_DAY_MIN, CIVIL_DAY_MAX, &reading);
    assert_int_equal(reading.remarks.count, 2);
    assert_true(remarks_are_about(&reading.remarks.run[0], &name, &south, 1));
    assert_false(remarks_are_about(&reading.remarks.run[1], &name, &south, 1));
    assert_true(remarks_are_about(&reading.remarks.run[1], &name, &north, 1));
    forget(&reading);
    books_destroy(&books);
}

/* What came after a closing was not known at it; nor is what was withdrawn known any more, though it was. */
static void as_known_at_a_vintage(void **state) {
    (void)state;
    struct books books;
    struct reading reading;
    struct fault why = {""};
    int32_t first = books_day(FIRST);
    books_new(&books, "2018-06-01");
    struct store_write *write = begin(&books);
    remark(&books, write, "one@a", NULL, first, ENTRY_REMARK_METHOD, "t", "a");
    end(&books, write);
    assert_int_equal(books_close(&books, "2018-03", "", &why), 0);
    write = begin(&books);
    remark(&books, write, "one@a", NULL, first + 1, ENTRY_REMARK_METHOD, "t", "b");
    end(&books, write);
    read_at(&books, 1, NULL, CIVIL_DAY_MIN, CIVIL_DAY_MAX, &reading);
    assert_int_equal(reading.remarks.count, 1);
    assert_true(str_equal(reading.remarks.run[0].note, STR("a")));
    forget(&reading);
    read_all(&books, NULL, CIVIL_DAY_MIN, CIVIL_DAY_MAX, &reading);
    assert_int_equal(reading.remarks.count, 2);
    assert_true(reading.remarks.run[1].changed);
    forget(&reading);
    assert_int_equal(books_withdraw(&books, "one@a", "2018-03-01", "2018-03-01", "wrong", &why), 0);
    read_all(&books, NULL, CIVIL_DAY_MIN, CIVIL_DAY_MAX, &reading);
    assert_int_equal(reading.remarks.count, 1);
    assert_true(str_equal(reading.remarks.run[0].note, STR("b")));
    assert_false(reading.remarks.run[0].changed);
    forget(&reading);
    books_destroy(&books);
}

static void of_many_the_latest_are_kept(void **state) {
    (void)state;
    struct books books;
    struct reading reading;
    int32_t first = books_day(FIRST);
    books_new(&books, "2020-06-01");
    struct store_write *write = begin(&books);
    for (int32_t i = 0; i < REMARKS_MAX + 10; i++)
        remark(&books, write, "one@a", NULL, first + i, ENTRY_REMARK_METHOD, "t", notes[i % 2]);
    end(&books, write);
    read_all(&books, NULL, first, first + REMARKS_MAX - 1, &reading);
    assert_int_equal(reading.remarks.count, REMARKS_MAX);
    assert_false(reading.remarks.dropped);
    forget(&reading);
    read_all(&books, NULL, CIVIL_DAY_MIN, CIVIL_DAY_MAX, &reading);
    assert_true(reading.remarks.dropped);
    assert_int_equal(reading.remarks.count, REMARKS_MAX / 2 + 10);
    assert_int_equal(reading.remarks.run[reading.remarks.count - 1].first, first + REMARKS_MAX + 9);
    for (size_t i = 0; i < reading.remarks.count; i++)
        assert_true(reading.remarks.run[i].changed);
    forget(&reading);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_of_days_in_a_row),
        cmocka_unit_test(what_is_about_other_values_is_left_out),
        cmocka_unit_test(as_known_at_a_vintage),
        cmocka_unit_test(of_many_the_latest_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
