/* What must be there at the end, worked out from the input alone, in the plainest way: no code of the daemon or
 * of libsuivi takes part in it, only the query that is judged. */
#include <stdio.h>

#include "daemon/answers/query.h"
#include "proto/check.h"
#include "tests/simulation/judge_priv.h"

static const char site_letter[] = "abc";

static const struct {
    struct str id;
    const char *what;
} indicators[INDICATORS] = {
    [OF_VISITS] = {{"s.visits", 8}, "visits"},        [OF_PEOPLE] = {{"s.people", 8}, "people"},
    [OF_GIFTS] = {{"s.gifts", 7}, "gifts"},           [OF_MEMBERS] = {{"s.members", 9}, "members"},
    [OF_NETWORKS] = {{"s.networks", 10}, "networks"}, [OF_MANUAL] = {{"s.manual", 8}, "manual"},
};

unsigned figures_month_of(unsigned day) {
    return day < 31 ? 0 : day < 31 + 28 ? 1 : 2;
}

void figures_clear(struct figures *figures) {
    for (unsigned site = 0; site < SITES; site++) {
        for (unsigned day = 0; day < DAYS; day++)
            figures->day[day][site] = MISSING;
        for (unsigned month = 0; month < MONTHS; month++)
            figures->month[month][site] = MISSING;
        figures->year[site] = MISSING;
    }
}

void figures_add(struct figures *figures, unsigned day, unsigned site, int64_t value) {
    int64_t *place[] = {&figures->day[day][site], &figures->month[figures_month_of(day)][site],
                        &figures->year[site]};
    for (size_t i = 0; i < sizeof place / sizeof *place; i++)
        *place[i] = (*place[i] == MISSING ? 0 : *place[i]) + value;
}

/* ---- as the daemon tells them ---- */

/* The place of a figure: 2018-MM-DD, 2018-MM or 2018. */
static int64_t *place_of(struct figures *figures, const struct message_figure *figure) {
    static const unsigned before[MONTHS] = {0, 31, 31 + 28};
    char text[16] = "";
    unsigned month = 1, day = 1;
    ASSERT(figure->period.len < sizeof text && figure->dim_count == 1 && figure->dim[0].len == 1);
    memcpy(text, figure->period.at, figure->period.len);
    int parts = sscanf(text, "2018-%2u-%2u", &month, &day);
    unsigned site = (unsigned)(strchr(site_letter, figure->dim[0].at[0]) - site_letter);
    ASSERT(strncmp(text, "2018", 4) == 0 && month >= 1 && month <= MONTHS && day >= 1 && site < SITES);
    if (parts == 2)
        return &figures->day[before[month - 1] + day - 1][site];
    return parts == 1 ? &figures->month[month - 1][site] : &figures->year[site];
}

static const struct question {
    const char *by, *from, *to;
} questions[] = {
    {"day", "2018-01-01", "2018-03-31"}, {"month", "2018-01", "2018-03"}, {"year", "2018", "2018"}};

static bool ask(struct world *world, struct catalogue *catalogue, struct store *store, struct str indicator,
                const struct question *question, struct figures *out) {
    struct message_query query = {.pattern_count = 1,
                                  .pattern = {indicator},
                                  .split_count = 1,
                                  .split = {STR("site")},
                                  .from = str_of(question->from),
                                  .to = str_of(question->to),
                                  .by = str_of(question->by)};
    struct frames *answer = NULL;
    struct fault why = {""};
    if (query_run(&answer, &query, world->framework, catalogue, store, world->now_ms / 1000, &why) != 0) {
        world_fail(world, "the daemon cannot say its figures: %s", why.text);
        return false;
    }
    for (size_t i = 0; i < frames_count(answer); i++) {
        struct str frame = frames_at(answer, i);
        struct wire_reader reader;
        enum message_type type;
        struct message_figures figures;
        struct message_figure figure;
        wire_reader_init(&reader, frame.at, frame.len);
        ASSERT(message_open(&reader, &type, NULL) == 0 && message_read_figures(&reader, &figures, NULL) == 0);
        for (uint32_t k = 0; k < figures.figure_count; k++) {
            message_next_figure(&figures, &figure);
            *place_of(out, &figure) = figure.value;
        }
    }
    frames_destroy(&answer);
    return true;
}

/* From a store that is opened anew, so that only what was synced counts. */
static bool read_figures(struct world *world, struct figures figures[static INDICATORS]) {
    struct store *store = NULL;
    struct catalogue *catalogue = NULL;
    struct fault why = {""};
    bool good = store_open(&store, "/daemon", NULL, &why) == 0 &&
                catalogue_new(&catalogue, world->framework, store, &why) == 0;
    if (!good)
        world_fail(world, "the store cannot be opened at the end: %s", why.text);
    for (size_t i = 0; i < INDICATORS && good; i++) {
        figures_clear(&figures[i]);
        for (size_t k = 0; k < sizeof questions / sizeof *questions && good; k++)
            good = ask(world, catalogue, store, indicators[i].id, &questions[k], &figures[i]);
    }
    catalogue_destroy(&catalogue);
    store_close(&store);
    return good;
}

/* ---- as they must be ---- */

static int64_t how_many(uint64_t people) {
    return people ? __builtin_popcountll(people) : MISSING;
}

/* People are the same within a month, and strangers in the next: over the year the months add up. */
static void fold_people(const struct world *world, struct figures *people) {
    uint64_t day[DAYS][SITES] = {{0}}, month[MONTHS][SITES] = {{0}};
    for (unsigned c = 0; c < world->collectors; c++)
        for (unsigned i = 0; i < world->collector[c].lines; i++) {
            const struct line *line = &world->collector[c].line[i];
            if (!line->valid || line->kind != LINE_PEOPLE)
                continue;
            day[line->day][line->site] |= line->people;
            month[figures_month_of(line->day)][line->site] |= line->people;
        }
    for (unsigned site = 0; site < SITES; site++) {
        for (unsigned i = 0; i < DAYS; i++)
            people->day[i][site] = how_many(day[i][site]);
        for (unsigned i = 0; i < MONTHS; i++) {
            people->month[i][site] = how_many(month[i][site]);
            if (month[i][site])
                people->year[site] =
                    (people->year[site] == MISSING ? 0 : people->year[site]) + people->month[i][site];
        }
    }
}

/* ---- line by line ---- */

/* Each line adds a power of four of its own to its day, so that the day's figure tells how often it counted. */
static unsigned times_counted(const struct figures *visits, const struct line *line) {
    int64_t figure = visits->day[line->day][line->site];
    return figure == MISSING ? 0 : (unsigned)(figure >> 2 * line->slot & 3);
}

/* A collector that stopped, saying that it is one of two copies, may hold what was not counted: it said so. All
 * others must find each of their lines counted, and each refused one kept. */
static void judge_lines(struct world *world, const struct collector *collector,
                        const struct figures *visits) {
    for (unsigned i = 0; i < collector->lines; i++) {
        const struct line *line = &collector->line[i];
        if (!line->valid && !collector->stale && !collector->refused[i])
            world_fail(world, "line %u of collector %u was refused and is not in its refused.log", i,
                       collector->index);
        if (line->valid && collector->refused[i])
            world_fail(world, "line %u of collector %u is good and was refused", i, collector->index);
        if (!line->valid || line->kind != LINE_VISITS)
            continue;
        unsigned times = times_counted(visits, line);
        if (times > 1 || (times == 0 && !collector->stale))
            world_fail(world, "line %u of collector %u was counted %u times", i, collector->index, times);
    }
}

/* All lines that are valid, those that two copies share once. Of what a copy held when it stopped, as much as
 * did count: no line twice, as was judged before. */
static void fold_visits(const struct world *world, const struct figures *is, struct figures *must) {
    for (unsigned c = 0; c < world->collectors; c++) {
        const struct collector *collector = &world->collector[c];
        for (unsigned i = collector->shared; i < collector->lines; i++) {
            const struct line *line = &collector->line[i];
            if (line->valid && line->kind == LINE_VISITS &&
                (!collector->stale || times_counted(is, line) > 0))
                figures_add(must, line->day, line->site, INT64_C(1) << 2 * line->slot);
        }
    }
}

/* read = counted + refused + repeated, by the daemon's books. */
static void judge_ledger(struct world *world, const struct collector *collector,
                         const struct figures *visits) {
    uint64_t last = 0, batches = 0, read = 0, accepted = 0, refused = 0, repeated = 0, gap = 0;
    (void)(daemon_ledger(world, collector, LEDGER_LAST, &last) &&
           daemon_ledger(world, collector, LEDGER_BATCHES, &batches) &&
           daemon_ledger(world, collector, LEDGER_READ, &read) &&
           daemon_ledger(world, collector, LEDGER_ACCEPTED, &accepted) &&
           daemon_ledger(world, collector, LEDGER_REFUSED, &refused) &&
           daemon_ledger(world, collector, LEDGER_REPEATED, &repeated) &&
           daemon_ledger(world, collector, LEDGER_GAP, &gap));
    uint64_t counted = 0, bad = 0;
    for (unsigned i = 0; i < collector->lines; i++) {
        const struct line *line = &collector->line[i];
        counted += line->valid && (line->kind != LINE_VISITS || times_counted(visits, line) > 0);
        bad += !line->valid;
    }
    if (batches != last || gap != 0)
        world_fail(world, "the ledger has %llu batches of collector %u, %llu missing, and the last is %llu",
                   (unsigned long long)batches, collector->index, (unsigned long long)gap,
                   (unsigned long long)last);
    if (read != accepted + refused + repeated)
        world_fail(world,
                   "the ledger read %llu lines of collector %u: %llu counted, %llu refused, %llu repeated",
                   (unsigned long long)read, collector->index, (unsigned long long)accepted,
                   (unsigned long long)refused, (unsigned long long)repeated);
    /* Two copies share a row. */
    if (collector->original == NULL && !collector->was_copied && (accepted != counted || refused != bad))
        world_fail(world,
                   "the ledger has %llu lines of collector %u counted and %llu refused, not %llu and %llu",
                   (unsigned long long)accepted, collector->index, (unsigned long long)refused,
                   (unsigned long long)counted, (unsigned long long)bad);
}

/* ---- together ---- */

static void compare(struct world *world, const char *what, const int64_t *is, const int64_t *must,
                    size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is[i] != must[i])
            world_fail(world, "figure of %s, number %zu at site %c: it is %lld and must be %lld", what,
                       i / SITES, site_letter[i % SITES], (long long)is[i], (long long)must[i]);
}

static void compare_all(struct world *world, const struct figures *is, const struct figures *must,
                        const char *what) {
    char text[48];
    (void)snprintf(text, sizeof text, "%s by day", what);
    compare(world, text, is->day[0], must->day[0], (size_t)DAYS * SITES);
    (void)snprintf(text, sizeof text, "%s by month", what);
    compare(world, text, is->month[0], must->month[0], (size_t)MONTHS * SITES);
    (void)snprintf(text, sizeof text, "%s by year", what);
    compare(world, text, is->year, must->year, SITES);
}

static void fold(struct world *world, size_t indicator, const struct figures *is, struct figures *must) {
    figures_clear(must);
    if (indicator == OF_VISITS)
        fold_visits(world, is, must);
    else if (indicator == OF_PEOPLE)
        fold_people(world, must);
    else if (indicator == OF_GIFTS)
        fold_gifts(world, must);
    else if (indicator == OF_NETWORKS)
        fold_names(world, must);
    else
        fold_last(world, indicator == OF_MEMBERS ? LINE_LEVEL : LINE_STATUS, must);
}

void judge(struct world *world) {
    struct figures is[INDICATORS], must;
    if (!read_figures(world, is))
        return;
    for (unsigned i = 0; i < world->collectors; i++) {
        const struct collector *collector = &world->collector[i];
        judge_lines(world, collector, &is[OF_VISITS]);
        judge_ledger(world, collector, &is[OF_VISITS]);
        /* One of two copies goes on: the daemon never leaves both outside. */
        if (collector->original && collector->stale && collector->original->stale)
            world_fail(world, "collector %u and its copy %u both stopped", collector->original->index,
                       collector->index);
    }
    find_retracted(world);
    for (size_t i = 0; i < INDICATORS; i++) {
        fold(world, i, &is[i], &must);
        compare_all(world, &is[i], &must, indicators[i].what);
    }
    tally_lines(world);
}
