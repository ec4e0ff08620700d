/* The fold of every kind against a slow, obvious one, over random facts: in any order, with entries that come again,
 * retract each other, are withdrawn; as known at every vintage. Then notes, ends and refusals one by one. */
#include "tests/unit/books.h"

#include <math.h>

#include "daemon/store/cell.h"
#include "tests/unit/random.h"

enum { FACTS_MAX = 1600, VINTAGES = 8, SOURCES = 3, MEMBERS = 12, IDS = 12 };

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

static const char *const regions[] = {"n", "s"}, *const lists[] = {"a", "b"},
                         *const names[] = {"x", "y", "z"};

struct fact {
    char indicator;   /* its id */
    int region, list; /* -1: it has none */
    uint32_t series, source, vintage;
    int32_t day;
    int64_t at;
    uint64_t key; /* of an entry: under which it is stored */
    bool is_entry;
    struct entry entry;
    int64_t number;
    uint64_t member[3];
    size_t member_count;
};

struct taken {
    uint32_t source, vintage;
    int32_t first, last;
};

static struct fact fact[FACTS_MAX];
static size_t fact_count;
static struct taken taken[VINTAGES];
static size_t taken_count;
static size_t compared; /* figures */

/* ---- the obvious fold ---- */

struct asked {
    char indicator;
    struct period period;
    int region, list; /* -1: all */
    uint32_t vintage;
    enum period_type sum_of;
    bool has_sum_of;
    int32_t today;
};

static bool is_known(const struct fact *f, const struct asked *asked) {
    if (asked->vintage && f->vintage > asked->vintage)
        return false;
    for (size_t i = 0; i < taken_count; i++)
        if (taken[i].source == f->source && taken[i].first <= f->day && f->day <= taken[i].last &&
            f->vintage <= taken[i].vintage && (!asked->vintage || taken[i].vintage <= asked->vintage))
            return false;
    return true;
}

static bool is_of_group(const struct fact *f, const struct asked *asked) {
    return f->indicator == asked->indicator && (asked->region < 0 || f->region == asked->region) &&
           (asked->list < 0 || f->list == asked->list);
}

static int compare_bytes(const struct fact *a, const struct fact *b) {
    struct wire_writer *x, *y;
    wire_writer_new(&x, ENTRY_BYTES_MAX);
    wire_writer_new(&y, ENTRY_BYTES_MAX);
    entry_write(x, &a->entry);
    entry_write(y, &b->entry);
    int c = str_compare((struct str){(const char *)wire_writer_data(x), wire_writer_len(x)},
                        (struct str){(const char *)wire_writer_data(y), wire_writer_len(y)});
    wire_writer_destroy(&x);
    wire_writer_destroy(&y);
    return c;
}

/* Whether another one of its series and id is to count in its place. */
static bool is_superseded(const struct fact *f, const struct asked *asked) {
    for (const struct fact *g = fact; g < fact + fact_count; g++) {
        if (g == f || !g->is_entry || g->series != f->series || g->entry.id != f->entry.id ||
            !is_known(g, asked))
            continue;
        int c = g->at != f->at ? (g->at < f->at ? -1 : 1) : compare_bytes(g, f);
        if (c < 0 || (c == 0 && g < f))
            return true;
    }
    return false;
}

static bool stands[FACTS_MAX]; /* at asked_vintage */
static bool judged;
static uint32_t judged_vintage;

/* By going over all of them until nothing changes any more. */
static void judge(const struct asked *asked) {
    enum { OUT, OPEN, RETRACTED, COUNTS };
    static int state[FACTS_MAX];
    if (judged && judged_vintage == asked->vintage)
        return;
    for (size_t i = 0; i < fact_count; i++)
        state[i] =
            fact[i].is_entry && is_known(&fact[i], asked) && !is_superseded(&fact[i], asked) ? OPEN : OUT;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < fact_count; i++) {
            bool hit = false, doubt = false;
            if (state[i] != OPEN)
                continue;
            for (size_t k = 0; k < fact_count; k++)
                if (state[k] != OUT && fact[k].series == fact[i].series &&
                    fact[k].entry.retracts == fact[i].entry.id) {
                    hit = hit || state[k] == COUNTS;
                    doubt = doubt || state[k] == OPEN;
                }
            if (hit || !doubt) {
                state[i] = hit ? RETRACTED : COUNTS;
                changed = true;
            }
        }
    }
    for (size_t i = 0; i < fact_count; i++)
        stands[i] = state[i] == COUNTS && fact[i].entry.retracts == 0;
    judged = true;
    judged_vintage = asked->vintage;
}

static bool says(const struct fact *f) {
    return f->is_entry && stands[f - fact];
}

static bool is_later(const struct fact *a, const struct fact *b) {
    if (a->at != b->at)
        return a->at > b->at;
    if (a->entry.recorded != b->entry.recorded)
        return a->entry.recorded > b->entry.recorded;
    if (a->entry.value != b->entry.value)
        return a->entry.value > b->entry.value;
    return a->entry.id > b->entry.id;
}

/* What a series says last, up to that day; NULL: nothing. */
static const struct fact *last_of(uint32_t series, int32_t day) {
    const struct fact *last = NULL;
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (f->series == series && says(f) && f->day <= day && (last == NULL || is_later(f, last)))
            last = f;
    return last;
}

static bool ref_carried(const struct asked *asked, int64_t *value) {
    bool any = false;
    if (asked->period.first > asked->today)
        return false;
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (is_of_group(f, asked) && says(f) && last_of(f->series, asked->period.last) == f) {
            any = true;
            *value += f->entry.value;
        }
    return any;
}

static bool is_in_roll(const struct asked *asked, const struct period *part, const char *name) {
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        bool last = true;
        if (!is_of_group(f, asked) || !says(f) || !period_contains(part, f->day) ||
            !str_equal(f->entry.name, str_of(name)) || f->entry.removed)
            continue;
        for (const struct fact *g = fact; g < fact + fact_count; g++)
            if (g->series == f->series && says(g) && g->day == f->day &&
                str_equal(g->entry.name, f->entry.name) &&
                (g->entry.recorded > f->entry.recorded ||
                 (g->entry.recorded == f->entry.recorded && g->entry.id > f->entry.id)))
                last = false;
        if (last)
            return true;
    }
    return false;
}

static int64_t count_members(const struct asked *asked, const struct period *part, bool *any) {
    bool there[MEMBERS] = {false};
    int64_t count = 0;
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        if (!is_of_group(f, asked) || f->is_entry || !is_known(f, asked) || !period_contains(part, f->day))
            continue;
        *any = true;
        for (size_t i = 0; i < f->member_count; i++)
            there[f->member[i]] = true;
    }
    for (size_t i = 0; i < MEMBERS; i++)
        count += there[i];
    return count;
}

/* ---- figures of days that hold ---- */

static bool is_newer(const struct fact *a, const struct fact *b) {
    if (a->entry.recorded != b->entry.recorded)
        return a->entry.recorded > b->entry.recorded;
    return a->entry.value != b->entry.value ? a->entry.value > b->entry.value : a->entry.id > b->entry.id;
}

static const struct fact *holding_of(uint32_t series, int32_t day) {
    const struct fact *holding = NULL;
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (f->series == series && f->day == day && says(f) && f->entry.holds &&
            (holding == NULL || is_newer(f, holding)))
            holding = f;
    return holding;
}

/* What the entries of that fact's series and day come to, when it is the first of them; else 0. */
static int64_t ref_day(const struct fact *first, bool *held) {
    const struct fact *holding = holding_of(first->series, first->day);
    int64_t sum = 0;
    *held = holding != NULL;
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        if (f->series != first->series || f->day != first->day || !says(f))
            continue;
        if (f < first)
            return 0;
        bool since = !f->entry.holds && f->entry.reason.len > 0 && holding != NULL &&
                     f->entry.recorded > holding->entry.recorded;
        sum += holding == NULL || f == holding || since ? f->entry.value : 0;
    }
    return holding != NULL && sum < 0 ? 0 : sum;
}

static int64_t ref_given(const struct fact *of, const struct asked *asked) {
    bool there[MEMBERS] = {false};
    int64_t sum = 0;
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        if (f->is_entry || f->series != of->series || f->day != of->day || !is_known(f, asked))
            continue;
        sum += asked->indicator == 'c' ? f->number : 0;
        for (size_t i = 0; i < f->member_count; i++)
            there[f->member[i]] = true;
    }
    for (size_t i = 0; i < MEMBERS && asked->indicator != 'c'; i++)
        sum += there[i];
    return sum;
}

/* All entries of a part, as what they add to the numbers or to the members. */
static int64_t ref_entries(const struct asked *asked, const struct period *part, bool *any, bool *held) {
    int64_t sum = 0;
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        bool holds = false, is_first = true;
        if (!is_of_group(f, asked) || !says(f) || !period_contains(part, f->day))
            continue;
        for (const struct fact *g = fact; g < f; g++)
            is_first = is_first && !(g->series == f->series && g->day == f->day && says(g));
        *any = true;
        sum += ref_day(f, &holds);
        sum -= is_first && holds ? ref_given(f, asked) : 0;
        *held = *held || holds;
    }
    return sum;
}

/* Part by part, where parts are no longer than `most`. */
static bool ref_parts(const struct asked *asked, enum period_type most, int64_t *value) {
    bool any = false;
    if (asked->has_sum_of && asked->sum_of < most)
        most = asked->sum_of;
    for (int32_t day = asked->period.first; day <= asked->period.last;) {
        struct period part = asked->period;
        if (most < part.type)
            part = period_of_day(most, day, &asked->period);
        if (asked->indicator == 'r') {
            for (size_t i = 0; i < 3; i++) {
                *value += is_in_roll(asked, &part, names[i]);
            }
            for (const struct fact *f = fact; f < fact + fact_count; f++)
                any = any || (is_of_group(f, asked) && says(f) && period_contains(&part, f->day));
        } else {
            bool held = false;
            int64_t members = count_members(asked, &part, &any) + ref_entries(asked, &part, &any, &held);
            *value += held && members < 0 ? 0 : members;
        }
        day = part.last + 1;
    }
    return any;
}

static bool ref_sum(const struct asked *asked, int64_t *value) {
    bool any = false, held, counts = asked->indicator == 'c';
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (is_of_group(f, asked) && period_contains(&asked->period, f->day) &&
            (f->is_entry ? !counts && says(f) : counts && is_known(f, asked))) {
            any = true;
            *value += f->is_entry ? 1 : f->number;
        }
    *value += counts ? ref_entries(asked, &asked->period, &any, &held) : 0;
    return any;
}

/* Whether an earlier one of the series ticks off the same period of the frequency within this one. */
static bool ref_milestone(const struct asked *asked, enum period_type frequency, int64_t *value) {
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        bool first = true;
        if (!is_of_group(f, asked) || !says(f) || !period_contains(&asked->period, f->day))
            continue;
        struct period done_for = period_of_day(frequency, f->day, NULL);
        for (const struct fact *g = fact; g < f; g++)
            if (g->series == f->series && says(g) && period_contains(&done_for, g->day) &&
                period_contains(&asked->period, g->day))
                first = false;
        *value += first;
    }
    return *value > 0;
}

static bool reference(const struct asked *asked, int64_t *value);

/* In floating point, which is exact enough for such numbers. 0: none; 1: a value; -1: missing. */
static bool ref_ratio(const struct asked *asked, char above, char below, double factor, double unit,
                      int64_t *value, bool *missing) {
    struct asked n = *asked, d = *asked;
    int64_t over = 0, under = 0;
    n.indicator = above;
    d.indicator = below;
    if (below == 'm')
        n.list = d.list = -1;
    if (!reference(&n, &over) || !reference(&d, &under))
        return false;
    if (under == 0) {
        *missing = true;
        return true;
    }
    double exact = (double)over * factor * unit / (double)under / (above == 'q' ? 100 : 1);
    *value = (int64_t)(exact < 0 ? exact - 0.5 - 1e-9 : exact + 0.5 + 1e-9);
    return true;
}

static bool reference(const struct asked *asked, int64_t *value) {
    bool missing = false;
    *value = 0;
    judge(asked);
    switch (asked->indicator) {
    case 'c':
    case 'e':
        return ref_sum(asked, value);
    case 'd':
    case 'w':
        return ref_parts(asked, asked->indicator == 'd' ? PERIOD_MONTH : PERIOD_DAY, value);
    case 'l':
    case 's':
        return ref_carried(asked, value);
    case 'm':
        return ref_milestone(asked, PERIOD_QUARTER, value);
    case 'y':
        return ref_milestone(asked, PERIOD_YEAR, value);
    case 'r':
        return ref_parts(asked, PERIOD_PLAN, value);
    case 'q':
        return ref_ratio(asked, 'c', 'l', 100, 100, value, &missing) && !missing;
    default:
        return ref_ratio(asked, 'q', 'm', 1, 10, value, &missing) && !missing;
    }
}

static uint32_t ref_heard(const struct asked *asked) {
    uint32_t heard = 0;
    for (int32_t day = asked->period.first; day <= asked->period.last && day <= asked->today; day++) {
        bool any = false;
        for (const struct fact *f = fact; f < fact + fact_count; f++)
            any = any || (is_of_group(f, asked) && f->day == day && !f->is_entry && is_known(f, asked));
        heard += any;
    }
    return heard;
}

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
    if (strchr("cdlsw", f->indicator)) {
        entry->has_value = true;
        entry->value = f->indicator == 's' ? (int64_t)random_below(2) : (int64_t)random_below(9) - 2;
    }
    if (strchr("cdw", f->indicator) && random_below(3) == 0) {
        entry->has_value = false;
        entry->holds = true;
        entry->value = (int64_t)random_below(5);
    }
    if (strchr("cdw", f->indicator) && random_below(2) == 0)
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
    } else if (f->indicator == 'c') {
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

static void make_facts(struct books *books, struct store_write *write, size_t count) {
    static const char kinds[] = "ccddelllmmrrrsswwy";
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
        f.number = (int64_t)random_below(9) - 2;
        if (!strchr("cdw", f.indicator) || random_below(3) == 0)
            make_entry(&f);
        else
            for (f.member_count = random_below(4); strchr("dw", f.indicator) && i % 7; f.member_count--) {
                for (size_t k = 0; k < f.member_count; k++)
                    f.member[k] = random_below(MEMBERS);
                break;
            }
        if (f.is_entry && is_there(&f))
            continue;
        if (f.indicator == 'c')
            f.member_count = 0;
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
    make_facts(books, write, 80);
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
    static const char indicators[] = "cdelmqrswyz";
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
    static const char summed[] = "cdemrwy";
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

/* ---- one by one ---- */

struct line {
    char text[4096];
};

static int print(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct line *line = arg;
    char day[PERIOD_TEXT_MAX], room[FOLD_NOTE_MAX];
    const char *note = fold_figure_note(figure, room);
    size_t len = strlen(line->text);
    (void)why;
    (void)period_print(&(struct period){PERIOD_DAY, figure->period, figure->period}, day);
    if (figure->state == MESSAGE_STATE_VALUE)
        (void)snprintf(line->text + len, sizeof line->text - len, "%s%s %lld%s%s%s", len ? ", " : "", day,
                       (long long)figure->value, *note ? " (" : "", note, *note ? ")" : "");
    else
        (void)snprintf(line->text + len, sizeof line->text - len, "%s%s missing", len ? ", " : "", day);
    return 0;
}

struct ask {
    const char *indicator, *from, *to; /* to NULL: open */
    enum period_type by;
    const char *today;
    const char *sum_of;
};

static int run(struct books *books, const struct ask *ask, struct line *line, struct fault *why) {
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct period from, to = {.last = CIVIL_DAY_MAX};
    line->text[0] = '\0';
    assert_int_equal(store_snapshot_open(books->room.store, &snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&withdrawals, snapshot, NULL), 0);
    assert_int_equal(period_parse(&from, str_of(ask->from), NULL), 0);
    if (ask->to)
        assert_int_equal(period_parse(&to, str_of(ask->to), NULL), 0);
    struct fold_question question = {
        .framework = books->room.framework,
        .catalogue = books->room.catalogue,
        .snapshot = snapshot,
        .withdrawals = withdrawals,
        .indicator = (size_t)framework_find(books->room.framework, str_of(ask->indicator)),
        .by = ask->by,
        .first = from.first,
        .last = to.last,
        .open_end = ask->to == NULL,
        .today = books_day(ask->today)};
    if (ask->sum_of) {
        question.has_sum_of = true;
        assert_int_equal(period_type_parse(&question.sum_of, str_of(ask->sum_of), NULL), 0);
    }
    int err = fold_run(&question, print, line, why);
    withdrawals_destroy(&withdrawals);
    store_snapshot_close(&snapshot);
    return err;
}

static void assert_figures(struct books *books, const struct ask *ask, const char *wanted) {
    struct line line;
    struct fault why = {""};
    if (run(books, ask, &line, &why) != 0)
        fail_msg("%s", why.text);
    assert_string_equal(line.text, wanted);
}

static void say_value(struct books *books, const char *indicator, const char *region, const char *day,
                      uint64_t id, int64_t value) {
    books_say(
        books, "desk", indicator, region, day,
        &(struct entry){.id = id, .recorded = 1, .has_value = true, .value = value, .done = ENTRY_NO_DAY});
}

static void say_done(struct books *books, const char *indicator, const char *region, const char *day,
                     uint64_t id, const char *done) {
    books_say(books, "desk", indicator, region, day,
              &(struct entry){.id = id, .recorded = 1, .done = books_day(done)});
}

static void a_level_tells_of_when_it_is(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    say_value(&books, "staff", "north", "2018-01-20", 1, 4);
    say_value(&books, "staff", "south", "2018-02-10", 2, 3);
    say_value(&books, "staff", "north", "2018-03-31", 3, 6);
    assert_figures(
        &books, &(struct ask){"staff", "2018-01", "2018-12", PERIOD_MONTH, "2018-05-15", NULL},
        "2018-01-01 4, 2018-02-01 7 (1 of 2 as of 2018-01-20), 2018-03-01 9 (1 of 2 as of 2018-02-10), "
        "2018-04-01 9 (as of 2018-02-10 to 2018-03-31), 2018-05-01 9 (as of 2018-02-10 to 2018-03-31)");
    assert_figures(&books, &(struct ask){"staff", "2018-03-30", "2018-04-02", PERIOD_DAY, "2018-04-01", NULL},
                   "2018-03-30 7 (as of 2018-01-20 to 2018-02-10), 2018-03-31 9 (1 of 2 as of 2018-02-10), "
                   "2018-04-01 9 (as of 2018-02-10 to 2018-03-31)");
    assert_figures(&books, &(struct ask){"staff", "2016", "2020", PERIOD_PLAN, "2018-04-01", NULL},
                   "2016-01-01 9");
    books_destroy(&books);
}

/* With an end it goes on to today; without one to the plan's end, or to what was said last. */
static void a_level_ends_with_the_plan(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    say_value(&books, "staff", "north", "2019-01-20", 1, 4);
    assert_figures(&books, &(struct ask){"staff", "2019", "2030", PERIOD_YEAR, "2023-05-01", NULL},
                   "2019-01-01 4, 2020-01-01 4 (as of 2019-01-20), 2021-01-01 4 (as of 2019-01-20), "
                   "2022-01-01 4 (as of 2019-01-20), 2023-01-01 4 (as of 2019-01-20)");
    assert_figures(&books, &(struct ask){"staff", "2019", NULL, PERIOD_YEAR, "2023-05-01", NULL},
                   "2019-01-01 4, 2020-01-01 4 (as of 2019-01-20)");
    say_value(&books, "staff", "south", "2021-06-01", 1, 5);
    assert_figures(&books, &(struct ask){"staff", "2020", NULL, PERIOD_YEAR, "2023-05-01", NULL},
                   "2020-01-01 4 (as of 2019-01-20), 2021-01-01 9 (1 of 2 as of 2019-01-20)");
    assert_figures(&books, &(struct ask){"staff", "2016", NULL, PERIOD_PLAN, "2023-05-01", NULL},
                   "2016-01-01 4");
    books_destroy(&books);
}

static void a_status_tells_since_when(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    say_value(&books, "manual", NULL, "2016-02-01", 1, 0);
    say_value(&books, "manual", NULL, "2016-03-01", 2, 1);
    say_value(&books, "manual", NULL, "2017-06-01", 3, 1);
    say_value(&books, "manual", NULL, "2018-01-05", 4, 0);
    assert_figures(&books, &(struct ask){"manual", "2016-02", "2016-03", PERIOD_MONTH, "2018-05-01", NULL},
                   "2016-02-01 0 (not in force since 2016-02-01), 2016-03-01 1 (in force since 2016-03-01)");
    assert_figures(&books, &(struct ask){"manual", "2016", "2018", PERIOD_YEAR, "2018-05-01", NULL},
                   "2016-01-01 1 (in force since 2016-03-01), 2017-01-01 1 (in force since 2016-03-01), "
                   "2018-01-01 0 (not in force since 2018-01-05)");
    books_destroy(&books);
}

/* Of one day the last statement holds: what it outdoes does not break the run. */
static void a_corrected_status_is_so_since_the_run_began(void **state) {
    (void)state;
    struct books books;
    struct ask months = {"manual", "2018-05", "2018-06", PERIOD_MONTH, "2018-09-01", NULL};
    books_new(&books, "2018-09-01");
    say_value(&books, "manual", NULL, "2018-02-01", 1, 1);
    books_say(&books, "desk", "manual", NULL, "2018-06-01",
              &(struct entry){.id = 2, .recorded = 1, .has_value = true, .done = ENTRY_NO_DAY});
    assert_figures(&books, &months,
                   "2018-05-01 1 (in force since 2018-02-01), 2018-06-01 0 (not in force since 2018-06-01)");
    books_say(&books, "desk", "manual", NULL, "2018-06-01",
              &(struct entry){.id = 3, .recorded = 2, .has_value = true, .value = 1, .done = ENTRY_NO_DAY});
    assert_figures(&books, &months,
                   "2018-05-01 1 (in force since 2018-02-01), 2018-06-01 1 (in force since 2018-02-01)");
    /* An end on a day of its own does. */
    say_value(&books, "manual", NULL, "2018-05-20", 4, 0);
    assert_figures(&books, &months,
                   "2018-05-01 0 (not in force since 2018-05-20), 2018-06-01 1 (in force since 2018-06-01)");
    books_say(&books, "desk", "manual", NULL, "2018-05-20",
              &(struct entry){.id = 5, .recorded = 2, .retracts = 4, .done = ENTRY_NO_DAY});
    assert_figures(&books, &months,
                   "2018-05-01 1 (in force since 2018-02-01), 2018-06-01 1 (in force since 2018-02-01)");
    books_destroy(&books);
}

static void a_milestone_tells_what_is_due(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    say_done(&books, "audit", NULL, "2017-12-31", 1, "2017-11-03");
    say_done(&books, "audit", NULL, "2017-12-30", 2, "2017-09-30");
    say_done(&books, "audit", NULL, "2016-12-31", 3, "2016-10-01");
    assert_figures(&books, &(struct ask){"audit", "2016", "2018", PERIOD_YEAR, "2018-05-01", NULL},
                   "2016-01-01 1 (1 of 1 due, late), 2017-01-01 1 (1 of 1 due)");
    assert_figures(&books, &(struct ask){"audit", "2016-12", "2016-12", PERIOD_MONTH, "2018-05-01", NULL},
                   "2016-12-01 1 (late)");
    assert_figures(&books, &(struct ask){"audit", "2016", "2020", PERIOD_PLAN, "2018-05-01", NULL},
                   "2016-01-01 2 (2 of 2 due, 1 on time, 1 late)");
    say_done(&books, "visits", "north", "2018-02-01", 4, "2018-02-01");
    say_done(&books, "visits", "north", "2018-05-01", 5, "2018-05-01");
    assert_figures(&books, &(struct ask){"visits", "2018", "2018", PERIOD_YEAR, "2018-05-01", NULL},
                   "2018-01-01 2 (1 of 2 due)");
    assert_figures(&books, &(struct ask){"visits", "2018-Q2", "2018-Q2", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-04-01 1");
    books_destroy(&books);
}

static void a_ratio_is_rounded_and_may_be_missing(void **state) {
    (void)state;
    struct books books;
    books_new(&books, "2018-05-01");
    books_count(&books, "a@1", "north", "2018-01-05", 1);
    say_value(&books, "staff", "north", "2018-01-20", 1, 8);
    assert_figures(&books, &(struct ask){"rate", "2018-Q1", "2018-Q1", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-01-01 125");
    books_count(&books, "a@1", "north", "2018-01-05", -4);
    say_value(&books, "staff", "north", "2018-01-21", 2, 16); /* -18.75 */
    assert_figures(&books, &(struct ask){"rate", "2018-Q1", "2018-Q1", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-01-01 -188");
    books_count(&books, "a@1", "north", "2018-04-05", 1);
    assert_figures(&books, &(struct ask){"rate", "2018-Q2", "2018-Q2", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-04-01 63 (as of 2018-01-21)");
    say_value(&books, "staff", "north", "2018-04-20", 3, 0);
    assert_figures(&books, &(struct ask){"rate", "2018-Q2", "2018-Q2", PERIOD_QUARTER, "2018-05-01", NULL},
                   "2018-04-01 missing");
    books_destroy(&books);
}

static void a_sum_is_labelled_or_refused(void **state) {
    (void)state;
    static const uint64_t members[] = {1, 2};
    struct books books;
    struct line line;
    struct fault why;
    books_new(&books, "2018-05-01");
    for (int i = 0; i < 2; i++)
        books_tell(&books, &(struct books_event){.source = "a@1",
                                                 .indicator = "people",
                                                 .day = i ? "2018-02-03" : "2018-02-02",
                                                 .member = members,
                                                 .member_count = 2});
    assert_figures(&books, &(struct ask){"people", "2018-02", "2018-02", PERIOD_MONTH, "2018-05-01", NULL},
                   "2018-02-01 2");
    assert_figures(&books, &(struct ask){"people", "2018-02", "2018-02", PERIOD_MONTH, "2018-05-01", "day"},
                   "2018-02-01 4 (sum of days)");
    assert_figures(&books, &(struct ask){"people", "2018", "2018", PERIOD_YEAR, "2018-05-01", NULL},
                   "2018-01-01 2 (sum of months)");
    static const struct {
        const char *indicator, *told;
    } refused[] = {
        {"staff", "last value"}, {"manual", "in force at its end"}, {"rate", "sums of calls and staff"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(
            run(&books,
                &(struct ask){refused[i].indicator, "2018", "2018", PERIOD_YEAR, "2018-05-01", "month"},
                &line, &why),
            -EINVAL);
        assert_non_null(strstr(why.text, refused[i].told));
        assert_non_null(strstr(why.text, refused[i].indicator));
    }
    assert_int_equal(
        run(&books, &(struct ask){"people", "2018", "2018", PERIOD_MONTH, "2018-05-01", "year"}, &line, &why),
        -EINVAL);
    books_destroy(&books);
}

static const char estimates[] =
    "name: estimates\n"
    "title: {en: Estimates}\n"
    "plan: 2016/2020\n"
    "languages: [en]\n"
    "indicators:\n"
    "  - {id: a, kind: distinct, frequency: month, label: {en: A}}\n"
    "  - {id: b, kind: distinct, frequency: month, label: {en: B}}\n"
    "  - {id: share, kind: ratio, frequency: month, numerator: a, denominator: b, factor: 100, label: {en: "
    "Share}}\n";

/* Members of one source and day from hashes that `first` begins; returns how many they are taken for. */
static long long tell_crowd(struct books *books, const char *indicator, const char *day, uint64_t first,
                            size_t count) {
    uint64_t *member = calloc(count, sizeof *member);
    struct sketch *sketch;
    assert_non_null(member);
    sketch_new(&sketch);
    random_state = first;
    for (size_t i = 0; i < count; i++) {
        member[i] = random_next();
        sketch_add(sketch, member[i]);
    }
    long long size = (long long)sketch_size(sketch);
    books_tell(
        books,
        &(struct books_event){
            .source = "a@1", .indicator = indicator, .day = day, .member = member, .member_count = count});
    sketch_destroy(&sketch);
    free(member);
    return size;
}

static void correct(struct books *books, const char *day, uint64_t id, long long difference) {
    books_say(books, "desk", "a", NULL, day,
              &(struct entry){.id = id,
                              .recorded = 1,
                              .has_value = true,
                              .value = difference,
                              .reason = STR("counted elsewhere"),
                              .done = ENTRY_NO_DAY});
}

#define ASK_OF(indicator, period, by)                                                                        \
    &(struct ask) {                                                                                          \
        indicator, period, period, by, "2018-12-01", NULL                                                    \
    }

/* A figure that is not exact says by how much it may be off: all of it, the part that is estimated, or more than all. */
static void an_estimate_tells_its_error(void **state) {
    (void)state;
    struct books books;
    char wanted[128];
    books_new(&books, "2018-12-01");
    books_plan(&books, estimates);
    (void)tell_crowd(&books, "a", "2018-01-02", 1, 1000);
    (void)tell_crowd(&books, "a", "2018-01-03", 1, 1024);
    assert_figures(&books, ASK_OF("a", "2018-01", PERIOD_MONTH), "2018-01-01 1024");
    long long february = tell_crowd(&books, "a", "2018-02-03", 2, 1500);
    (void)snprintf(wanted, sizeof wanted, "2018-02-01 %lld (\xc2\xb1 0.8 %%)", february);
    assert_figures(&books, ASK_OF("a", "2018-02", PERIOD_MONTH), wanted);
    /* 8 per mille of 1500 in 2524 */
    (void)snprintf(wanted, sizeof wanted, "2018-01-01 %lld (\xc2\xb1 0.5 %%, sum of months)",
                   1024 + february);
    assert_figures(&books, ASK_OF("a", "2018-Q1", PERIOD_QUARTER), wanted);
    /* of 150 */
    correct(&books, "2018-02-04", 1, 150 - february);
    (void)snprintf(wanted, sizeof wanted, "2018-02-01 150 (\xc2\xb1 %.1f %%)",
                   ceil((double)february * 8 / 150) / 10);
    assert_figures(&books, ASK_OF("a", "2018-02", PERIOD_MONTH), wanted);
    correct(&books, "2018-02-05", 2, -150);
    assert_figures(&books, ASK_OF("a", "2018-02", PERIOD_MONTH), "2018-02-01 0 (\xc2\xb1 12)");
    books_destroy(&books);
}

static void a_ratio_of_estimates_tells_its_error(void **state) {
    (void)state;
    struct books books;
    char wanted[128];
    books_new(&books, "2018-12-01");
    books_plan(&books, estimates);
    long long few = tell_crowd(&books, "a", "2018-01-02", 1, 700);
    long long many = tell_crowd(&books, "b", "2018-01-02", 2, 70000);
    (void)snprintf(wanted, sizeof wanted, "2018-01-01 %.0f (\xc2\xb1 0.8 %%)",
                   round(100 * (double)few / (double)many));
    assert_figures(&books, ASK_OF("share", "2018-01", PERIOD_MONTH), wanted);
    long long more = tell_crowd(&books, "a", "2018-02-02", 3, 35000);
    many = tell_crowd(&books, "b", "2018-02-02", 2, 70000);
    (void)snprintf(wanted, sizeof wanted, "2018-02-01 %.0f (\xc2\xb1 1.2 %%)",
                   round(100 * (double)more / (double)many));
    assert_figures(&books, ASK_OF("share", "2018-02", PERIOD_MONTH), wanted);
    books_destroy(&books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_tells_of_when_it_is),
        cmocka_unit_test(a_level_ends_with_the_plan),
        cmocka_unit_test(a_status_tells_since_when),
        cmocka_unit_test(a_corrected_status_is_so_since_the_run_began),
        cmocka_unit_test(a_milestone_tells_what_is_due),
        cmocka_unit_test(a_ratio_is_rounded_and_may_be_missing),
        cmocka_unit_test(a_sum_is_labelled_or_refused),
        cmocka_unit_test(an_estimate_tells_its_error),
        cmocka_unit_test(a_ratio_of_estimates_tells_its_error),
        cmocka_unit_test(every_kind_is_the_fold_of_what_was_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
