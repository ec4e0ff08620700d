/* The fold of every kind against a slow, obvious one (fold_reference.h), over random facts: in any order, with entries
 * that come again, retract each other, are withdrawn; as known at every vintage. Each kind by itself is in
 * test_fold_*.c. */
#include "tests/unit/fold_reference.h"
#include "tests/unit/random.h"

static const char plan[] =
    "name: folds\n"
    "title: {en: Folds}\n"
    "plan: 2016/2020\n"
    "languages: [en]\n"
    "dimensions:\n"
    "  - {name: region, values: [n, s]}\n"
    "  - {name: list}\n"
    "indicators:\n"
    "  - {id: c, kind: count, frequency: month, dimensions: [region, list], label: {en: C}}\n"
    "  - {id: d, kind: distinct, frequency: month, dimensions: [region, list], label: {en: D}}\n"
    "  - {id: e, kind: evidence, frequency: year, dimensions: [region, list], label: {en: E}}\n"
    "  - {id: g, kind: distinct, frequency: month, dimensions: [region, list], label: {en: G},"
    " firsts: {day: i, month: j, quarter: k}}\n"
    "  - {id: h, kind: distinct, window: quarter, frequency: month, dimensions: [region, list], label: {en: "
    "H},"
    " firsts: {month: j}}\n"
    "  - {id: i, kind: count, frequency: month, dimensions: [region, list], label: {en: I}}\n"
    "  - {id: j, kind: count, frequency: month, dimensions: [region, list], label: {en: J}}\n"
    "  - {id: k, kind: count, frequency: month, dimensions: [region, list], label: {en: K}}\n"
    "  - {id: l, kind: level, frequency: quarter, dimensions: [region, list], label: {en: L}}\n"
    "  - {id: m, kind: milestone, frequency: quarter, due: +10d, dimensions: [region], label: {en: M}}\n"
    "  - {id: q, kind: ratio, frequency: quarter, numerator: c, denominator: l, factor: 100, decimals: 2,"
    " label: {en: Q}}\n"
    "  - {id: r, kind: roster, frequency: quarter, dimensions: [region, list], label: {en: R}}\n"
    "  - {id: s, kind: status, frequency: year, dimensions: [region, list], label: {en: S}}\n"
    "  - {id: w, kind: distinct, window: day, frequency: month, dimensions: [region, list], label: {en: W}}\n"
    "  - {id: y, kind: milestone, frequency: year, due: 09-30, label: {en: Y}}\n"
    "  - {id: z, kind: ratio, frequency: quarter, numerator: q, denominator: m, decimals: 1, label: {en: "
    "Z}}\n";

/* ---- random facts ---- */

#define FIRST_DAY "2017-05-20"
#define DAYS      500
#define TODAY     "2018-10-20"

static bool is_there(const struct fact *new) {
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (f->is_entry && f->series == new->series && f->day == new->day && f->source == new->source &&
            f->vintage == new->vintage && f->key == new->key)
            return true;
    return false;
}

static void make_entry(struct fact *f) {
    struct entry *entry = &f->entry;
    f->is_entry = true;
    *entry = ENTRY_NONE;
    entry->id = f->key = 1 + random_below(IDS);
    entry->recorded = (int64_t)random_below(3);
    if (random_below(4) == 0) {
        entry->retracts = 1 + random_below(IDS);
        entry->reason = STR("wrong");
        return;
    }
    bool adds = is_count(f->indicator) || is_distinct(f->indicator);
    if (adds || strchr("ls", f->indicator)) {
        entry->has_value = true;
        entry->value = f->indicator == 's' ? (int64_t)random_below(2) : (int64_t)random_below(9) - 2;
    }
    if (adds && random_below(3) == 0) {
        entry->has_value = false;
        entry->holds = true;
        entry->value = (int64_t)random_below(5);
    }
    if (adds && random_below(2) == 0)
        entry->reason = STR("wrong");
    if (strchr("ls", f->indicator) && random_below(3) == 0) {
        f->key = 0;
        entry->id = 1000 + random_below(1u << 20);
    }
    if (f->indicator == 'r') {
        entry->name = str_of(names[random_below(3)]);
        entry->removed = random_below(3) == 0;
    }
    if (strchr("my", f->indicator))
        entry->done = f->day + (int32_t)random_below(60);
    if (f->indicator == 'e')
        entry->title = STR("an item");
}

static void name_fact(struct books *books, struct fact *f) {
    static const char *const sources[SOURCES] = {"one@a", "two@a", "three@a"};
    char id[2] = {f->indicator, '\0'};
    struct dims dims = {0};
    struct name_found found;
    struct fault why = {""};
    if (f->region >= 0)
        assert_int_equal(dims_add(&dims, STR("region"), str_of(regions[f->region]), NULL), 0);
    if (f->list >= 0)
        assert_int_equal(dims_add(&dims, STR("list"), str_of(lists[f->list]), NULL), 0);
    if (catalogue_series(books->room.catalogue, str_of(id), &dims, &found, &why) != 0)
        fail_msg("%s", why.text);
    f->series = found.number;
    assert_int_equal(
        catalogue_source(books->room.catalogue, str_of(sources[random_below(SOURCES)]), &f->source, NULL), 0);
}

static void put_fact(struct store_write *write, const struct fact *f) {
    int32_t month = civil_month_of_day(f->day);
    if (f->is_entry) {
        struct wire_writer *value;
        wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
        cell_entry_encode(value, f->at, &f->entry);
        assert_int_equal(
            store_put_entry(write, f->series, f->day, f->source, f->key,
                            (struct str){(const char *)wire_writer_data(value), wire_writer_len(value)},
                            NULL),
            0);
        wire_writer_destroy(&value);
    } else if (is_count(f->indicator)) {
        assert_int_equal(store_add(write, STORE_DAYS, f->series, f->day, f->source, f->number, NULL), 0);
        assert_int_equal(store_add(write, STORE_MONTHS, f->series, month, f->source, f->number, NULL), 0);
    } else {
        const struct books_event event = {.member = f->member, .member_count = f->member_count};
        books_put_set(write, STORE_DAYS, f->series, f->day, f->source, &event);
        books_put_set(write, STORE_MONTHS, f->series, month, f->source, &event);
    }
}

/* Remarks on what was said, with the ids of entries, on days that may have nothing else: the reference knows of none. */
static void put_remark(struct books *books, struct store_write *write, const struct fact *f) {
    char id[2] = {f->indicator, '\0'};
    struct dims dims = {0};
    struct name_found found;
    struct fault why = {""};
    struct entry entry = ENTRY_NONE;
    entry.id = 1 + random_below(IDS);
    entry.title = STR("robots list");
    entry.note = random_below(2) ? STR("2018-01-31") : STR("2018-03-01");
    entry.remark = ENTRY_REMARK_METHOD + (unsigned)random_below(3);
    if (f->region >= 0 && random_below(2))
        assert_int_equal(dims_add(&dims, STR("region"), str_of(regions[f->region]), NULL), 0);
    if (f->list >= 0 && random_below(2))
        assert_int_equal(dims_add(&dims, STR("list"), str_of(lists[f->list]), NULL), 0);
    if (catalogue_remarks(books->room.catalogue, str_of(id), &dims, &found, &why) != 0)
        fail_msg("%s", why.text);
    struct fact remark = {.series = found.number,
                          .day = f->day + (int32_t)random_below(3) - 1,
                          .source = f->source,
                          .key = entry.id,
                          .is_entry = true,
                          .entry = entry};
    remark.at = (int64_t)remark.day * CIVIL_DAY_SECONDS;
    put_fact(write, &remark);
}

static void draw_members(struct fact *f) {
    f->member_count = random_below(4);
    for (size_t i = 0; i < f->member_count; i++)
        f->member[i] = random_below(MEMBERS);
}

static void make_facts(struct books *books, struct store_write *write, size_t count) {
    static const char kinds[] = "ccddeggghhijjkklllmmrrrsswwy";
    for (size_t i = 0; i < count; i++) {
        struct fact f = {.indicator = kinds[random_below(sizeof kinds - 1)], .region = -1, .list = -1};
        f.vintage = store_write_vintage(write);
        if (f.indicator != 'y')
            f.region = (int)random_below(2);
        if (f.indicator != 'y' && f.indicator != 'm')
            f.list = (int)random_below(2);
        f.day =
            books_day(FIRST_DAY) + (int32_t)(random_below(2) ? random_below(DAYS) : 280 + random_below(9));
        f.at = (int64_t)f.day * CIVIL_DAY_SECONDS + (int64_t)random_below(3);
        name_fact(books, &f);
        if ((!is_count(f.indicator) && !is_distinct(f.indicator)) || random_below(3) == 0)
            make_entry(&f);
        else if (is_count(f.indicator))
            f.number = (int64_t)random_below(9) - 2;
        else
            draw_members(&f);
        if (f.is_entry && is_there(&f))
            continue;
        put_fact(write, &f);
        if (random_below(2))
            put_remark(books, write, &f);
        fact[fact_count++] = f;
    }
}

/* A chapter of what is known: facts, and at its end perhaps a withdrawal. */
static void make_vintage(struct books *books, int number) {
    char day[PERIOD_TEXT_MAX];
    struct store_write *write;
    struct fault why = {""};
    assert_in_range(number, 1, 31);
    (void)snprintf(day, sizeof day, "2018-10-%02u", (unsigned)number % 100);
    books_turn(books, day);
    assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, books->now, NULL), 0);
    assert_int_equal(store_write_vintage(write), number);
    make_facts(books, write, 120);
    books_put_names(books, write);
    assert_int_equal(store_commit(&write, NULL), 0);
    if (random_below(2)) {
        struct period from, to;
        (void)snprintf(day, sizeof day, "2018-%02d", 1 + (int)random_below(5));
        assert_int_equal(period_parse(&from, str_of(day), NULL), 0);
        char until[PERIOD_TEXT_MAX];
        (void)snprintf(until, sizeof until, "2018-%02d", 5 + (int)random_below(4));
        assert_int_equal(period_parse(&to, str_of(until), NULL), 0);
        int err = books_withdraw(books, "two@a", day, until, "counted twice", &why);
        if (err == -EINVAL) /* nothing was there */
            return;
        assert_int_equal(err, 0);
        uint32_t source;
        assert_int_equal(catalogue_source(books->room.catalogue, STR("two@a"), &source, NULL), 0);
        taken[taken_count++] = (struct taken){source, (uint32_t)number, from.first, to.last};
    }
}

/* ---- held against each other ---- */

struct got {
    int32_t period;
    int region, list;
    enum message_state state;
    int64_t value;
    uint32_t heard, days;
};

struct gotten {
    struct got *figure;
    size_t count, room, splits;
};

static int take(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct gotten *gotten = arg;
    struct got got = {figure->period, -1, -1, figure->state, figure->value, figure->heard, figure->days};
    (void)why;
    if (gotten->splits > 0 && figure->dim[0].len)
        got.region = figure->dim[0].at[0] == 's';
    if (gotten->splits > 1 && figure->dim[1].len)
        got.list = figure->dim[1].at[0] == 'b';
    if (gotten->count == gotten->room) {
        gotten->room = gotten->room ? gotten->room * 2 : 64;
        gotten->figure = realloc(gotten->figure, gotten->room * sizeof *gotten->figure);
        assert_non_null(gotten->figure);
    }
    gotten->figure[gotten->count++] = got;
    return 0;
}

static void hold_against(const struct asked *asked, const struct got *got, const struct got *end, size_t *at,
                         bool coverage) {
    int64_t value;
    bool any = reference(asked, &value);
    const struct got *figure = got + *at;
    while (figure < end && figure->state == MESSAGE_STATE_MISSING) /* a ratio's own affair */
        figure = got + ++*at;
    bool is_next = figure < end && figure->period == asked->period.first &&
                   (figure->region < 0 || asked->region < 0 || figure->region == asked->region) &&
                   (figure->list < 0 || asked->list < 0 || figure->list == asked->list);
    char text[PERIOD_TEXT_MAX];
    (void)period_print(&asked->period, text);
    if (any != is_next || (any && figure->value != value))
        fail_msg("%c %s region %d list %d vintage %u sum %d: wanted %d %lld, got %d %lld", asked->indicator,
                 text, asked->region, asked->list, asked->vintage,
                 asked->has_sum_of ? (int)asked->sum_of : -1, any, (long long)value, is_next,
                 figure < end ? (long long)figure->value : 0);
    if (!any)
        return;
    if (coverage) {
        uint32_t heard = ref_heard(asked);
        int32_t last = asked->period.last < asked->today ? asked->period.last : asked->today;
        assert_int_equal(figure->heard, heard);
        assert_int_equal(figure->days, heard ? last - asked->period.first + 1 : 0);
    }
    ++*at;
    compared++;
}

struct way {
    enum period_type by;
    size_t splits;
    bool where, has_sum_of, coverage;
    enum period_type sum_of;
    uint32_t vintage;
};

static void compare(struct books *books, struct store_snapshot *snapshot, struct withdrawals *withdrawals,
                    char indicator, const struct way *way) {
    const struct str split[] = {STR("region"), STR("list")};
    const struct period *years = framework_plan(books->room.framework);
    char id[2] = {indicator, '\0'};
    int index = framework_find(books->room.framework, str_of(id));
    struct dims where = {0};
    struct gotten gotten = {.splits = way->splits};
    struct fault why = {""};
    bool has_list = !strchr("myz", indicator), has_region = indicator != 'y';
    assert_int_equal(dims_add(&where, STR("list"), STR("b"), NULL), 0);
    struct period first = period_of_day(way->by, books_day("2017-01-01"), years);
    struct period last = period_of_day(way->by, books_day("2018-12-31"), years);
    const struct fold_question question = {.framework = books->room.framework,
                                           .catalogue = books->room.catalogue,
                                           .snapshot = snapshot,
                                           .withdrawals = withdrawals,
                                           .indicator = (size_t)index,
                                           .by = way->by,
                                           .first = first.first,
                                           .last = last.last,
                                           .today = books_day(TODAY),
                                           .split = split,
                                           .split_count = way->splits,
                                           .where = way->where ? &where : NULL,
                                           .has_sum_of = way->has_sum_of,
                                           .sum_of = way->sum_of,
                                           .vintage = way->vintage,
                                           .coverage = way->coverage};
    if (fold_run(&question, take, &gotten, &why) != 0)
        fail_msg("%s", why.text);
    size_t at = 0;
    struct period period = first;
    do {
        for (int r = 0; r < (way->splits > 0 && has_region ? 2 : 1); r++)
            for (int l = 0; l < (way->splits > 1 && has_list ? 2 : 1); l++) {
                struct asked asked = {.indicator = indicator,
                                      .period = period,
                                      .region = way->splits > 0 && has_region ? r : -1,
                                      .list = way->where                    ? 1
                                              : way->splits > 1 && has_list ? l
                                                                            : -1,
                                      .vintage = way->vintage,
                                      .has_sum_of = way->has_sum_of,
                                      .sum_of = way->sum_of,
                                      .today = question.today};
                if (way->where && !has_list)
                    continue;
                hold_against(&asked, gotten.figure, gotten.figure + gotten.count, &at,
                             way->coverage && strchr("cdw", indicator));
            }
    } while (period_next(&period) && period.first <= last.last);
    while (at < gotten.count && gotten.figure[at].state == MESSAGE_STATE_MISSING)
        at++;
    assert_int_equal(at, gotten.count);
    free(gotten.figure);
}

static void every_kind_is_the_fold_of_what_was_said(void **state) {
    (void)state;
    static const char indicators[] = "cdeghlmqrswyz";
    struct books books;
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    random_begin();
    books_new(&books, "2018-10-01");
    books_plan(&books, plan);
    fact_count = taken_count = compared = 0;
    judged = false;
    for (int i = 1; i <= VINTAGES; i++)
        make_vintage(&books, i);
    books_turn(&books, TODAY);
    assert_int_equal(store_snapshot_open(books.room.store, &snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&withdrawals, snapshot, NULL), 0);
    assert_int_equal(withdrawals_count(withdrawals), taken_count);
    for (uint32_t v = 0; v <= VINTAGES; v++)
        for (const char *id = indicators; *id; id++) {
            for (enum period_type by = PERIOD_MONTH; by <= PERIOD_PLAN; by++)
                for (size_t splits = 0; splits <= 2; splits++)
                    compare(&books, snapshot, withdrawals, *id,
                            &(struct way){.by = by, .splits = splits, .vintage = v});
            compare(&books, snapshot, withdrawals, *id,
                    &(struct way){.by = PERIOD_QUARTER, .splits = 1, .where = true, .vintage = v});
        }
    for (const char *id = indicators; *id; id++)
        compare(&books, snapshot, withdrawals, *id, &(struct way){.by = PERIOD_DAY, .splits = 1});
    static const char summed[] = "cdeghmrwy";
    for (const char *id = summed; *id; id++)
        for (enum period_type of = PERIOD_DAY; of <= PERIOD_YEAR; of++)
            compare(&books, snapshot, withdrawals, *id,
                    &(struct way){.by = PERIOD_YEAR, .splits = 1, .has_sum_of = true, .sum_of = of});
    for (uint32_t v = 0; v <= VINTAGES; v += 4)
        for (const char *id = "cdw"; *id; id++)
            for (enum period_type by = PERIOD_MONTH; by <= PERIOD_YEAR; by++)
                compare(&books, snapshot, withdrawals, *id,
                        &(struct way){.by = by, .splits = 1, .coverage = true, .vintage = v});
    (void)printf("%zu facts, %zu figures\n", fact_count, compared);
    assert_in_range(compared, 10000, SIZE_MAX);
    withdrawals_destroy(&withdrawals);
    store_snapshot_close(&snapshot);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_the_fold_of_what_was_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
