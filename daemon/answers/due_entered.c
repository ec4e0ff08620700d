#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/answers/due_priv.h"
#include "proto/check.h"
#include "proto/civil.h"

#define LATE_TOLD 4 /* of one series; the others are counted */

/* A series that the plan expects, or that is there. */
struct expected {
    struct str key; /* owned */
    bool known;
    uint32_t series;
};

struct expecting {
    const struct duties *duties;
    size_t indicator;
    struct expected *expected;
    size_t count, room;
    bool closed; /* it is known which: no others are taken */
};

static void expect(struct expecting *expecting, const struct dims *dims, bool known, uint32_t series) {
    char text[SERIES_KEY_MAX];
    struct str id = framework_indicator_at(expecting->duties->framework, expecting->indicator)->id;
    if (expecting->count == expecting->room) {
        expecting->room = expecting->room ? expecting->room * 2 : 16;
        expecting->expected = mem_resize(expecting->expected, expecting->room, sizeof *expecting->expected);
    }
    expecting->expected[expecting->count++] =
        (struct expected){.key = str_copy((struct str){text, dims_series_key(id, dims, text)}),
                          .known = known,
                          .series = series};
}

static int compare_expected(const void *left, const void *right) {
    const struct expected *a = left, *b = right;
    return str_compare(a->key, b->key);
}

static int take_known(void *arg, uint32_t series, const struct dims *dims) {
    struct expecting *expecting = arg;
    if (!expecting->closed) {
        expect(expecting, dims, true, series);
        return 0;
    }
    char text[SERIES_KEY_MAX];
    struct str id = framework_indicator_at(expecting->duties->framework, expecting->indicator)->id;
    struct expected probe = {.key = {text, dims_series_key(id, dims, text)}};
    struct expected *found =
        bsearch(&probe, expecting->expected, expecting->count, sizeof probe, compare_expected);
    if (found) {
        found->known = true;
        found->series = series;
    }
    return 0;
}

/* How many series closed lists make; 0: some dimension is open, or they are too many. */
static size_t product_of(const struct framework *framework, size_t indicator) {
    size_t product = 1, dims = framework_indicator_at(framework, indicator)->dim_count;
    for (size_t i = 0; i < dims; i++) {
        product *= framework_dim_value_count(framework, indicator, i);
        if (product == 0 || product > DUE_SERIES_MAX)
            return 0;
    }
    return product;
}

static void expect_product(struct expecting *expecting, size_t product) {
    const struct framework *framework = expecting->duties->framework;
    size_t indicator = expecting->indicator;
    for (size_t at = 0; at < product; at++) {
        struct dims dims = {0};
        size_t rest = at;
        for (size_t i = 0; i < framework_indicator_at(framework, indicator)->dim_count; i++) {
            size_t values = framework_dim_value_count(framework, indicator, i);
            int err = dims_add(&dims, framework_dim_name(framework, indicator, i),
                               framework_dim_value_at(framework, indicator, i, rest % values), NULL);
            ASSERT(err == 0);
            rest /= values;
        }
        expect(expecting, &dims, false, 0);
    }
    qsort(expecting->expected, expecting->count, sizeof *expecting->expected, compare_expected);
    expecting->closed = true;
}

static void find_expected(struct expecting *expecting) {
    const struct duties *duties = expecting->duties;
    size_t product = product_of(duties->framework, expecting->indicator);
    if (product)
        expect_product(expecting, product);
    (void)catalogue_each_series(duties->catalogue, expecting->indicator, take_known, expecting);
    if (expecting->count == 0)
        expect(expecting, &(struct dims){0}, false, 0);
}

/* Calls `judge` with what is known of each expected series; the entries that count stand first to last. */
static int each_expected(struct duties *duties, size_t indicator,
                         int (*judge)(struct duties *duties, size_t indicator, struct str key,
                                      const struct known *known)) {
    struct expecting expecting = {.duties = duties, .indicator = indicator};
    int err = 0;
    find_expected(&expecting);
    for (size_t i = 0; i < expecting.count && err == 0; i++) {
        struct known known = {0};
        if (expecting.expected[i].known)
            err = known_add(&known, duties->snapshot, expecting.expected[i].series, CIVIL_DAY_MIN,
                            CIVIL_DAY_MAX, 0, duties->withdrawals, duties->why);
        if (err == 0)
            err = judge(duties, indicator, expecting.expected[i].key, &known);
        known_clear(&known);
    }
    for (size_t i = 0; i < expecting.count; i++)
        str_free(expecting.expected[i].key);
    free(expecting.expected);
    return err;
}

/* ---- milestones ---- */

/* The first entry of that day or a later one: they stand by day. */
static size_t find_day(const struct known *known, int32_t day) {
    size_t low = 0, high = known->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (known->entry[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_done(const struct duties *duties, const struct period *period, const struct known *known) {
    for (size_t i = find_day(known, period->first); i < known->count && known->entry[i].day <= period->last;
         i++) {
        const struct known_entry *entry = &known->entry[i];
        if (known_says(entry) && entry->entry.done <= duties->on)
            return true;
    }
    return false;
}

/* The day from which the plan expects a series: of a dimension that may have any value nobody knows which are there
 * before they are named. */
static int32_t expected_from(const struct duties *duties, size_t indicator, const struct known *known) {
    size_t dims = framework_indicator_at(duties->framework, indicator)->dim_count;
    bool open = false;
    for (size_t i = 0; i < dims; i++)
        open = open || framework_dim_value_count(duties->framework, indicator, i) == 0;
    for (size_t i = 0; open && i < known->count; i++)
        if (known_says(&known->entry[i]))
            return known->entry[i].day;
    return CIVIL_DAY_MIN;
}

static int judge_milestone(struct duties *duties, size_t indicator, struct str key,
                           const struct known *known) {
    struct period period, late[LATE_TOLD];
    size_t late_count = 0;
    int32_t from = expected_from(duties, indicator, known);
    int err = 0;
    if (!due_first_period(duties, indicator, &period))
        return 0;
    do {
        int32_t due = framework_due(duties->framework, indicator, &period);
        if (due > duties->until || period.last < from || is_done(duties, &period, known))
            continue;
        if (due < duties->on)
            late[late_count++ % LATE_TOLD] = period;
        else
            err = due_add(duties, &(struct duty){.state = MESSAGE_DUTY_SOON,
                                                 .has_indicator = true,
                                                 .indicator = indicator,
                                                 .key = key,
                                                 .has_period = true,
                                                 .period = period,
                                                 .due = due});
    } while (err == 0 && due_next_period(duties, &period));
    size_t first = late_count > LATE_TOLD ? late_count - LATE_TOLD : 0;
    for (size_t i = first; i < late_count && err == 0; i++) {
        struct duty duty = {.state = MESSAGE_DUTY_LATE,
                            .has_indicator = true,
                            .indicator = indicator,
                            .key = key,
                            .has_period = true,
                            .period = late[i % LATE_TOLD]};
        duty.due = framework_due(duties->framework, indicator, &duty.period);
        if (i == first && first > 0)
            (void)snprintf(duty.note, sizeof duty.note, "and %zu before", first);
        err = due_add(duties, &duty);
    }
    return err;
}

int due_milestone(struct duties *duties, size_t indicator) {
    return each_expected(duties, indicator, judge_milestone);
}

/* ---- statuses ---- */

/* Whether it is in force at the end of that day. */
static bool in_force(const struct known *known, int32_t day) {
    bool force = false;
    for (size_t i = 0; i < known->count && known->entry[i].day <= day; i++)
        if (known_says(&known->entry[i]))
            force = known->entry[i].entry.value != 0;
    return force;
}

/* The last day before `day`, which it is not in force on, that it is; false: it never was. */
static bool last_in_force(const struct known *known, int32_t day, int32_t *out) {
    bool force = false, ever = false;
    for (size_t i = 0; i < known->count && known->entry[i].day <= day; i++) {
        const struct known_entry *entry = &known->entry[i];
        if (!known_says(entry))
            continue;
        if (force && entry->entry.value == 0) {
            *out = entry->day - 1;
            ever = true;
        }
        force = entry->entry.value != 0;
    }
    return ever;
}

/* It is to be in force on the day by which each period wants it, unless the plan says otherwise. */
static bool is_wanted(const struct duties *duties, size_t indicator, const struct period *period) {
    int64_t target;
    return !framework_target(duties->framework, indicator, period, &target) || target != 0;
}

static int judge_status(struct duties *duties, size_t indicator, struct str key, const struct known *known) {
    struct duty duty = {.has_indicator = true, .indicator = indicator, .key = key, .has_period = true};
    struct period period;
    int32_t last = CIVIL_DAY_MIN - 1;
    if (in_force(known, duties->on) || !due_first_period(duties, indicator, &period))
        return 0;
    bool ever = last_in_force(known, duties->on, &last);
    do {
        int32_t due = framework_due(duties->framework, indicator, &period);
        if (due <= last || due > duties->until || !is_wanted(duties, indicator, &period))
            continue;
        duty.state = due < duties->on ? MESSAGE_DUTY_LATE : MESSAGE_DUTY_SOON;
        duty.period = period;
        duty.due = due;
        if (ever) {
            char text[PERIOD_TEXT_MAX];
            (void)snprintf(duty.note, sizeof duty.note, "in force until %s", period_print_day(last, text));
        }
        return due_add(duties, &duty);
    } while (due_next_period(duties, &period));
    return 0;
}

int due_status(struct duties *duties, size_t indicator) {
    return each_expected(duties, indicator, judge_status);
}
