#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/books/counts.h"
#include "proto/check.h"
#include "random.h"

static void a_place_unpacks_to_what_was_packed(void **state) {
    (void)state;
    static const uint32_t series[] = {0, 1, 63, 64, 65, 1000000, COUNTS_SERIES_MAX - 1};
    static const int32_t when[] = {CIVIL_DAY_MIN, -1, 0, 1, 17597, CIVIL_DAY_MAX};
    static const uint32_t source[] = {0, 1, COUNTS_SOURCES_MAX - 1};
    uint64_t before = 0;
    for (size_t i = 0; i < sizeof series / sizeof series[0]; i++)
        for (size_t j = 0; j < sizeof when / sizeof when[0]; j++)
            for (size_t k = 0; k < sizeof source / sizeof source[0]; k++) {
                uint64_t place = count_place(series[i], when[j], source[k]);
                assert_int_equal(count_series(place), series[i]);
                assert_int_equal(count_when(place), when[j]);
                assert_int_equal(count_source(place), source[k]);
                /* A block's rows lie together, in order of time and then of source. */
                assert_true(series[i] % 64 != 0 || (i + j + k == 0 && place == 0) || place > before);
                before = place;
            }
}

static void add(struct counts *counts, uint64_t place, int64_t value) {
    *counts_reserve(counts, 1) = (struct count){place, value};
    counts_extend(counts, 1);
}

/* The obvious fold of all entries that have that series, source and period. */
static int64_t fold(const struct count *entry, size_t len, uint64_t place, bool by_month) {
    int64_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        int32_t when = count_when(entry[i].place);
        if (count_series(entry[i].place) == count_series(place) &&
            count_source(entry[i].place) == count_source(place) &&
            (by_month ? civil_month_of_day(when) : when) == count_when(place))
            sum += entry[i].value;
    }
    return sum;
}

static void expect_folded(const struct counts *counts, const struct count *entry, size_t len, bool by_month) {
    const struct count *at = counts_at(counts);
    int64_t sum = 0, wanted = 0;
    for (size_t i = 0; i < counts_len(counts); i++) {
        assert_true(i == 0 || at[i - 1].place < at[i].place);
        assert_true(at[i].value == fold(entry, len, at[i].place, by_month));
        sum += at[i].value;
    }
    for (size_t i = 0; i < len; i++)
        wanted += entry[i].value;
    assert_true(sum == wanted);
}

static void settling_adds_up_equal_places(void **state) {
    (void)state;
    static const struct {
        size_t len;
        uint64_t series, days, sources;
    } rows[] = {
        {0, 1, 1, 1},       {1, 1, 1, 1},     {100, 10, 3, 2},     {3000, 1, 1, 1},
        {3000, 200, 40, 3}, {5000, 5, 90, 1}, {4000, 60000, 2, 1}, {4000, COUNTS_SERIES_MAX, 1000000, 60000},
    };
    random_begin();
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct counts *days, *months;
        struct count *entry = mem_zeroed(rows[row].len + 1, sizeof *entry);
        counts_new(&days);
        counts_new(&months);
        for (size_t i = 0; i < rows[row].len; i++) {
            uint32_t series = (uint32_t)random_below(rows[row].series),
                     source = (uint32_t)random_below(rows[row].sources);
            int32_t day = 17000 + (int32_t)random_below(rows[row].days);
            entry[i] = (struct count){count_place(series, day, source), (int64_t)random_below(9) - 4};
            add(days, entry[i].place, entry[i].value);
        }
        counts_settle(days);
        expect_folded(days, entry, rows[row].len, false);
        counts_months(days, months);
        expect_folded(months, entry, rows[row].len, true);
        counts_clear(days);
        assert_int_equal(counts_len(days), 0);
        counts_destroy(&days);
        counts_destroy(&months);
        free(entry);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_unpacks_to_what_was_packed),
        cmocka_unit_test(settling_adds_up_equal_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
