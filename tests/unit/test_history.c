/* Any history of a closed period: what moved is told cause by cause, as it would have been known if each had come on a day of
 * its own. A second store is told the same in that way, and asked with the plain fold what was known at the end of each day. */
#include "tests/unit/explaining.h"
#include "tests/unit/random.h"

static const char framework[] =
    "name: history\n"
    "title: {en: History}\n"
    "plan: 2016/2020\n"
    "languages: [en]\n"
    "dimensions:\n"
    "  - {name: region, values: [north, south]}\n"
    "indicators:\n"
    "  - {id: calls, kind: count, frequency: month, dimensions: [region], label: {en: Calls}}\n"
    "  - {id: people, kind: distinct, frequency: month, dimensions: [region], label: {en: People}}\n"
    "  - {id: staff, kind: level, frequency: quarter, dimensions: [region], label: {en: Staff}}\n"
    "  - {id: nets, kind: roster, frequency: quarter, dimensions: [region], label: {en: Networks}}\n"
    "  - {id: manual, kind: status, frequency: year, dimensions: [region], label: {en: Manual}}\n"
    "  - {id: visits, kind: milestone, frequency: month, dimensions: [region], label: {en: Visits}}\n"
    "  - {id: papers, kind: evidence, frequency: year, dimensions: [region], label: {en: Papers}}\n"
    "  - {id: rate, kind: ratio, frequency: quarter, numerator: calls, denominator: staff, factor: 100,"
    " decimals: 1, label: {en: Calls a head}}\n"
    "  - {id: share, kind: ratio, frequency: quarter, numerator: people, denominator: rate, factor: 100,"
    " decimals: 2, label: {en: People by rate}}\n"
    "  - {id: guests, kind: distinct, frequency: month, dimensions: [region], label: {en: Guests},"
    " firsts: {day: guests.day, month: guests.month, quarter: guests.quarter}}\n"
    "  - {id: guests.day, kind: count, frequency: day, dimensions: [region], label: {en: First of day}}\n"
    "  - {id: guests.month, kind: count, frequency: month, dimensions: [region], label: {en: First of "
    "month}}\n"
    "  - {id: guests.quarter, kind: count, frequency: month, dimensions: [region],"
    " label: {en: First of quarter}}\n"
    "  - {id: crew, kind: distinct, window: half, frequency: month, dimensions: [region], label: {en: Crew},"
    " firsts: {month: crew.month}}\n"
    "  - {id: crew.month, kind: count, frequency: month, dimensions: [region], label: {en: First of month}}\n"
    "  - {id: regulars, kind: ratio, frequency: quarter, numerator: guests, denominator: guests.month,"
    " factor: 100, decimals: 1, label: {en: Guests by firsts}}\n";

static const char *const indicators[] = {
    "calls",      "people",       "staff",          "nets", "manual",     "visits", "papers", "guests",
    "guests.day", "guests.month", "guests.quarter", "crew", "crew.month", "rate",   "share",  "regulars"};

/* Counts that stand beside sets, rising by type. */
static const struct {
    const char *of, *id;
    enum period_type type;
} firsts[] = {{"guests", "guests.day", PERIOD_DAY},
              {"guests", "guests.month", PERIOD_MONTH},
              {"guests", "guests.quarter", PERIOD_QUARTER},
              {"crew", "crew.month", PERIOD_MONTH}};
static const char *const sources[] = {"a@1", "b@1", "desk"};
static const char *const regions[] = {"north", "south"};
static const char *const reasons[] = {"mistaken", "was another day"};
static const char *const names[] = {"Peru", "Fiji", "Mali"};

enum {
    INDICATORS = sizeof indicators / sizeof *indicators,
    FIRSTS = sizeof firsts / sizeof *firsts,
    BESIDE = 7,   /* those with firsts, and the firsts, */
    ENTERED = 13, /* up to here */
    ACTS = 480,
    IDS = 60,
    DAYS = 110
};

/* Something that was said, or a withdrawal. */
struct said {
    uint32_t vintage; /* in which it came */
    const char *source, *indicator, *region;
    char day[PERIOD_TEXT_MAX];
    bool is_entry, is_withdrawal;
    struct entry entry;
    uint64_t member[6];
    size_t member_count;
    int64_t number;
    const char *from, *to;
    struct str reason;
};

struct history {
    struct books books;
    struct said said[ACTS];
    size_t count;
};

static uint32_t last_vintage(struct books *books, int64_t at) {
    struct store_snapshot *snapshot;
    struct store_vintage vintage;
    assert_int_equal(store_snapshot_open(books->room.store, &snapshot, NULL), 0);
    assert_int_equal(store_vintage_at(snapshot, at, &vintage, NULL), 0);
    store_snapshot_close(&snapshot);
    return vintage.number;
}

static bool is_first(const char *indicator) {
    bool any = false;
    for (size_t i = 0; i < FIRSTS; i++)
        any = any || strcmp(firsts[i].id, indicator) == 0;
    return any;
}

static bool is_distinct(const char *indicator) {
    return strcmp(indicator, "people") == 0 || strcmp(indicator, "guests") == 0 ||
           strcmp(indicator, "crew") == 0;
}

static bool is_count(const char *indicator) {
    return strcmp(indicator, "calls") == 0 || is_first(indicator);
}

/* ---- drawing ---- */

/* An entry under the same id, day, source and vintage would take the other's place. */
static bool is_taken(const struct history *history, const struct said *said, uint32_t vintage) {
    for (size_t i = 0; i < history->count; i++) {
        const struct said *other = &history->said[i];
        if (other->is_entry && other->vintage + 1 >= vintage && other->entry.id == said->entry.id &&
            strcmp(other->day, said->day) == 0 && other->source == said->source)
            return true;
    }
    return false;
}

static void draw_entry(struct said *said, int32_t day) {
    struct entry *entry = &said->entry;
    said->is_entry = true;
    *entry = (struct entry){
        .id = random_below(IDS) + 1, .recorded = 1000 + (int64_t)random_below(40), .done = ENTRY_NO_DAY};
    if (random_below(3) == 0)
        entry->reason = str_of(reasons[random_below(2)]);
    if (random_below(4) == 0) {
        entry->retracts = random_below(IDS) + 1;
        entry->reason = str_of(reasons[random_below(2)]);
        return;
    }
    if (strcmp(said->indicator, "nets") == 0) {
        entry->name = str_of(names[random_below(3)]);
        entry->removed = random_below(3) == 0;
    } else if (strcmp(said->indicator, "visits") == 0) {
        entry->done = day;
    } else if (strcmp(said->indicator, "papers") == 0) {
        entry->title = STR("Minutes");
    } else {
        bool adds = is_count(said->indicator) || is_distinct(said->indicator);
        entry->holds = adds && random_below(3) == 0;
        entry->has_value = !entry->holds;
        entry->value =
            strcmp(said->indicator, "manual") == 0 ? (int64_t)random_below(2) : (int64_t)random_below(30);
        if (adds && !entry->holds && random_below(3) == 0)
            entry->value = -entry->value;
        if (adds && random_below(2))
            entry->value %= 4; /* so that what is held takes more than there is */
        if (entry->holds || is_distinct(said->indicator))
            entry->reason = str_of(reasons[random_below(2)]);
    }
}

static void draw(struct said *said) {
    int32_t day = random_below(2) ? books_day("2017-11-19") + (int32_t)random_below(3) /* where much meets */
                                  : books_day("2017-09-20") + (int32_t)random_below(DAYS);
    *said = (struct said){
        .source = sources[random_below(3)],
        .indicator =
            indicators[random_below(2) ? random_below(ENTERED) : BESIDE + random_below(ENTERED - BESIDE)],
        .region = regions[random_below(2)]};
    (void)period_print(&(struct period){PERIOD_DAY, day, day}, said->day);
    if (is_count(said->indicator) && random_below(2)) {
        said->number = (int64_t)random_below(is_first(said->indicator) ? 5 : 50);
    } else if (is_distinct(said->indicator) && random_below(2)) {
        said->member_count = random_below(6) + 1;
        for (size_t i = 0; i < said->member_count; i++)
            said->member[i] = (random_below(25) + 1) * 0x9e3779b97f4a7c15u;
    } else {
        draw_entry(said, day);
    }
}

/* ---- telling ---- */

static void tell(struct books *books, const struct said *said) {
    struct fault why;
    if (said->is_withdrawal) /* of what is asked about it may take back nothing */
        (void)books_withdraw(books, said->source, said->from, said->to, said->reason.at, &why);
    else
        books_tell(books, &(struct books_event){.source = said->source,
                                                .indicator = said->indicator,
                                                .dim = "region",
                                                .value = said->region,
                                                .day = said->day,
                                                .number = said->number,
                                                .member = said->member_count ? said->member : NULL,
                                                .member_count = said->member_count,
                                                .entry = said->is_entry ? &said->entry : NULL});
}

static void withdraw_something(struct history *history) {
    struct fault why;
    struct said said = {.source = sources[random_below(3)],
                        .is_withdrawal = true,
                        .from = random_below(2) ? "2017-11" : "2017-09",
                        .to = random_below(2) ? "2017-11" : "2018-01",
                        .reason = str_of(reasons[random_below(2)])};
    uint32_t before = last_vintage(&history->books, INT64_MAX);
    if (books_withdraw(&history->books, said.source, said.from, said.to, said.reason.at, &why) != 0)
        return; /* there was nothing */
    said.vintage = last_vintage(&history->books, INT64_MAX);
    assert_true(said.vintage >= before);
    history->said[history->count++] = said;
}

static void make(struct history *history) {
    history->books.now += random_below(6) == 0 ? CIVIL_DAY_SECONDS : 60;
    if (random_below(14) == 0) {
        withdraw_something(history);
        return;
    }
    struct said *said = &history->said[history->count];
    draw(said);
    if (said->is_entry && is_taken(history, said, last_vintage(&history->books, INT64_MAX)))
        return;
    tell(&history->books, said);
    said->vintage = last_vintage(&history->books, INT64_MAX);
    history->count++;
}

/* ---- causes ---- */

struct asked {
    const char *indicator, *period, *region; /* region NULL: all */
};

/* The longest that fits stands beside the sets; what was counted on a day is weighed against a figure that holds on it. */
static bool stands_beside(const char *indicator, enum period_type longest, const struct said *said) {
    const char *found = NULL;
    for (size_t i = 0; i < FIRSTS; i++) {
        if (strcmp(firsts[i].of, indicator) != 0 || firsts[i].type > longest)
            continue;
        if (firsts[i].type == PERIOD_DAY && strcmp(firsts[i].id, said->indicator) == 0 && !said->is_entry)
            return true;
        found = firsts[i].id;
    }
    return found && strcmp(found, said->indicator) == 0;
}

static bool is_made_of(const char *indicator, enum period_type type, const struct said *said) {
    if (strcmp(indicator, "share") == 0)
        return is_made_of("people", type, said) || is_made_of("rate", type, said);
    if (strcmp(indicator, "rate") == 0)
        return is_made_of("calls", type, said) || is_made_of("staff", type, said);
    if (strcmp(indicator, "regulars") == 0)
        return is_made_of("guests", type, said) || is_made_of("guests.month", type, said);
    return strcmp(indicator, said->indicator) == 0 || stands_beside(indicator, type, said);
}

/* Whether it may matter to the question; a withdrawal may. */
static bool is_asked(const struct asked *asked, const struct said *said) {
    struct period period;
    assert_int_equal(period_parse(&period, str_of(asked->period), NULL), 0);
    return said->is_withdrawal || (is_made_of(asked->indicator, period.type, said) &&
                                   (!asked->region || strcmp(said->region, asked->region) == 0));
}

static bool has_reason(const struct said *said) {
    return said->is_entry && said->entry.reason.len > 0;
}

static struct str reason_of(const struct said *said) {
    return said->is_withdrawal ? said->reason : said->is_entry ? said->entry.reason : STR("");
}

struct cause {
    const struct said *like;
    int64_t recorded; /* the first of it */
    uint32_t vintage; /* at whose end it is known, in the second store */
};

struct causes {
    struct cause cause[ACTS];
    size_t count;
};

static bool is_of(const struct said *said, const struct said *like) {
    return said->vintage == like->vintage && said->is_withdrawal == like->is_withdrawal &&
           said->source == like->source && str_equal(reason_of(said), reason_of(like));
}

static int compare_causes(const void *left, const void *right) {
    const struct cause *a = left, *b = right;
    if (a->like->vintage != b->like->vintage)
        return a->like->vintage < b->like->vintage ? -1 : 1;
    if (a->like->is_withdrawal != b->like->is_withdrawal)
        return a->like->is_withdrawal ? 1 : -1;
    if (a->recorded != b->recorded)
        return a->recorded < b->recorded ? -1 : 1;
    int c = strcmp(a->like->source, b->like->source);
    return c ? c : str_compare(reason_of(a->like), reason_of(b->like));
}

static bool is_within(const struct said *said, const char *text) {
    struct period period;
    assert_int_equal(period_parse(&period, str_of(text), NULL), 0);
    return period_contains(&period, books_day(said->day));
}

static void find_causes(const struct history *history, const struct asked *asked, uint32_t closed,
                        struct causes *causes) {
    causes->count = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct said *said = &history->said[i];
        int64_t recorded = said->is_entry ? said->entry.recorded : INT64_MIN;
        size_t k = 0;
        bool counted = !said->is_entry && !said->is_withdrawal;
        if (said->vintage <= closed || !is_asked(asked, said) || (counted && !is_within(said, asked->period)))
            continue;
        while (k < causes->count && !is_of(said, causes->cause[k].like))
            k++;
        if (k == causes->count)
            causes->cause[causes->count++] = (struct cause){said, recorded, 0};
        if (recorded < causes->cause[k].recorded)
            causes->cause[k].recorded = recorded;
    }
    qsort(causes->cause, causes->count, sizeof *causes->cause, compare_causes);
}

/* Tells the second store what the first was told: first all that was known at the closing, each vintage of it and then each
 * cause on a day of its own. The vintage at whose end no more is known than at the closing. */
static uint32_t tell_again(const struct history *history, const struct asked *asked, uint32_t closed,
                           struct books *books, struct causes *causes) {
    for (size_t i = 0; i < history->count && history->said[i].vintage <= closed; i++) {
        if (i > 0 && history->said[i].vintage != history->said[i - 1].vintage)
            books->now += CIVIL_DAY_SECONDS; /* an id may have come again */
        if (is_asked(asked, &history->said[i]))
            tell(books, &history->said[i]);
    }
    uint32_t reported = last_vintage(books, INT64_MAX);
    for (size_t k = 0; k < causes->count; k++) {
        books->now += CIVIL_DAY_SECONDS;
        for (size_t i = 0; i < history->count; i++)
            if (is_asked(asked, &history->said[i]) && is_of(&history->said[i], causes->cause[k].like))
                tell(books, &history->said[i]);
        causes->cause[k].vintage = last_vintage(books, INT64_MAX);
    }
    return reported;
}

/* ---- comparing ---- */

static int64_t value(struct books *books, const char *indicator, const char *period, const char *region,
                     uint32_t vintage) {
    struct dims where = {0};
    if (region)
        assert_int_equal(dims_add(&where, STR("region"), str_of(region), NULL), 0);
    int64_t found = books_value_where(books, indicator, period, &where, vintage);
    return found == INT64_MIN ? 0 : found;
}

/* In the second store; vintage 0: nothing was told yet. */
static int64_t value_told(struct books *again, const struct asked *asked, uint32_t vintage) {
    return vintage == 0 ? 0 : value(again, asked->indicator, asked->period, asked->region, vintage);
}

static bool retracts_within(const struct history *history, const struct said *said, const char *period) {
    for (size_t i = 0; i < history->count; i++) {
        const struct said *other = &history->said[i];
        if (other->is_entry && other->indicator == said->indicator && other->region == said->region &&
            other->entry.id == said->entry.retracts && is_within(other, period))
            return true;
    }
    return false;
}

/* Whether it has a reason for what it says of that period. */
static bool corrects(const struct history *history, const struct cause *cause, const struct asked *asked,
                     const char *period) {
    for (size_t i = 0; i < history->count; i++) {
        const struct said *said = &history->said[i];
        if (!is_of(said, cause->like) || !has_reason(said) || !is_asked(asked, said))
            continue;
        if (said->entry.retracts ? retracts_within(history, said, period) : is_within(said, period))
            return true;
    }
    return false;
}

static void expect_row(struct history *history, const struct cause *cause, struct message_explanation *told,
                       uint32_t *row, int64_t difference, const char *what) {
    struct message_move_row move;
    struct str reason = reason_of(cause->like);
    if (*row == told->move_count)
        fail_msg("%s: %+d by %s (%.*s) is not told", what, (int)difference, cause->like->source,
                 STR_ARG(reason));
    message_next_move(told, &move);
    ++*row;
    if (!books_is(move.source, cause->like->source) || move.difference != difference ||
        !str_equal(move.what, reason.len > 0 ? reason : STR("came later")) ||
        last_vintage(&history->books, move.at) != cause->like->vintage)
        fail_msg("%s: %+d by %.*s (%.*s), not %+d by %s (%.*s) in vintage %u", what, (int)move.difference,
                 STR_ARG(move.source), STR_ARG(move.what), (int)difference, cause->like->source,
                 STR_ARG(reason), cause->like->vintage);
}

static void compare(struct history *history, struct books *again, const struct causes *causes,
                    uint32_t reported, const struct asked *asked) {
    const char *indicator = asked->indicator, *period = asked->period, *region = asked->region;
    struct explained explained;
    char what[64];
    struct message_explanation *told = explain(&history->books, indicator, period, region, &explained);
    int64_t before = value_told(again, asked, reported);
    uint32_t row = 0;
    (void)snprintf(what, sizeof what, "%s of %s in %s", indicator, period, region ? region : "all");
    if ((told->figure.has_reported ? told->figure.reported : 0) != before)
        fail_msg("%s was reported as %d, not %d", what, (int)told->figure.reported, (int)before);
    for (size_t k = 0; k < causes->count; k++) {
        const struct cause *cause = &causes->cause[k];
        int64_t after = value_told(again, asked, cause->vintage);
        if (after != before || corrects(history, cause, asked, period))
            expect_row(history, cause, told, &row, after - before, what);
        before = after;
        bool is_last = k + 1 == causes->count || causes->cause[k + 1].like->vintage != cause->like->vintage;
        if (is_last && value(&history->books, indicator, period, region, cause->like->vintage) != after)
            fail_msg("%s: vintage %u ends otherwise", what, cause->like->vintage);
    }
    if (row != told->move_count || told->figure.value != before)
        fail_msg("%s: %u moves, not %u, to %d", what, told->move_count, row, (int)told->figure.value);
    frames_destroy(&explained.answer);
}

/* Causes of one vintage stand in the order of the sources' numbers: here of their names. */
static void begin(struct books *books) {
    books_new(books, "2021-03-01");
    books_plan(books, framework);
    for (size_t i = 0; i < 3; i++) {
        uint32_t number;
        assert_int_equal(catalogue_source(books->room.catalogue, str_of(sources[i]), &number, NULL), 0);
    }
}

static void compare_one(struct history *history, uint32_t vintage, const struct asked *asked) {
    static struct causes causes;
    struct books again;
    begin(&again);
    find_causes(history, asked, vintage, &causes);
    uint32_t reported = tell_again(history, asked, vintage, &again, &causes);
    again.now = history->books.now;
    compare(history, &again, &causes, reported, asked);
    books_destroy(&again);
}

static void compare_each(struct history *history, uint32_t vintage, const char *period,
                         const char *const *each, size_t count) {
    for (size_t i = 0; i < 2 * count; i++)
        compare_one(history, vintage, &(struct asked){each[i / 2], period, i % 2 ? "north" : NULL});
}

static void compare_all(struct history *history, uint32_t vintage, const char *period) {
    compare_each(history, vintage, period, indicators, INDICATORS);
}

static void compare_firsts(struct history *history, uint32_t vintage, const char *period) {
    static const char *const beside[] = {"guests", "crew", "regulars"};
    compare_each(history, vintage, period, beside, sizeof beside / sizeof *beside);
}

static void each_cause_has_its_share(void **state) {
    (void)state;
    static struct history history;
    random_begin();
    begin(&history.books);
    uint32_t month = 0, year = 0, all = 0;
    history.count = 0;
    for (size_t i = 0; i < ACTS; i++) {
        history.books.now += 60; /* no two vintages begin at one time */
        if (i == ACTS / 3) {
            do_close(&history.books, "2017-11");
            month = last_vintage(&history.books, INT64_MAX);
        }
        if (i == ACTS / 2) {
            do_close(&history.books, "2017");
            year = last_vintage(&history.books, INT64_MAX);
        }
        if (i == ACTS * 2 / 3) {
            do_close(&history.books, "2016/2017");
            do_close(&history.books, "2016/2020");
            all = last_vintage(&history.books, INT64_MAX);
        }
        make(&history);
    }
    compare_all(&history, month, "2017-11");
    compare_all(&history, month, "2017-11-20");
    compare_all(&history, year, "2017");
    compare_all(&history, year, "2017-12");
    compare_firsts(&history, year, "2017-Q4");
    compare_firsts(&history, year, "2017-H2");
    compare_firsts(&history, all, "2016/2017");
    compare_firsts(&history, all, "2016/2020");
    books_destroy(&history.books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_has_its_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
