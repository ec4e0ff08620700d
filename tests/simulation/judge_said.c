/* What is said one by one, folded as docs/kinds.md has it: for each figure all lines are gone through. */
#include "tests/simulation/judge_priv.h"

#include <limits.h>

/* ---- lines ---- */

#define ALL_KINDS UINT_MAX

/* The next valid line of such kinds (a bit for each), or NULL. */
struct walk {
    const struct world *world;
    unsigned kinds;
    unsigned collector, line;
    int64_t at; /* of the line that was returned */
};

static const struct line *next(struct walk *walk) {
    for (; walk->collector < walk->world->collectors; walk->collector++, walk->line = 0) {
        const struct collector *collector = &walk->world->collector[walk->collector];
        while (walk->line < collector->lines) {
            const struct line *line = &collector->line[walk->line++];
            if (!line->valid || !(walk->kinds >> line->kind & 1))
                continue;
            walk->at = line_at(collector, line);
            return line;
        }
    }
    return NULL;
}

/* By an entry of its series that is itself not retracted. */
static bool is_retracted(const struct world *world, const struct line *line) {
    struct walk walk = {.world = world, .kinds = 1u << LINE_RETRACTION};
    for (const struct line *other; line->is_entry && (other = next(&walk)) != NULL;)
        if (other->retracts == line->id && !is_retracted(world, other))
            return true;
    return false;
}

void find_retracted(struct world *world) {
    for (unsigned c = 0; c < world->collectors; c++)
        for (unsigned i = 0; i < world->collector[c].lines; i++) {
            struct line *line = &world->collector[c].line[i];
            line->retracted = is_retracted(world, line);
        }
}

/* ---- gifts ---- */

/* Of those with its id: the earliest, and of these the smallest. */
static bool is_first_of_id(const struct world *world, const struct line *line, int64_t at) {
    struct walk walk = {.world = world, .kinds = 1u << LINE_GIFT};
    for (const struct line *other; (other = next(&walk)) != NULL;)
        if (other->id == line->id && (walk.at < at || (walk.at == at && other->slot < line->slot)))
            return false;
    return true;
}

void fold_gifts(const struct world *world, struct figures *must) {
    struct walk walk = {.world = world, .kinds = 1u << LINE_GIFT};
    for (const struct line *line; (line = next(&walk)) != NULL;)
        if (is_first_of_id(world, line, walk.at) && !line->retracted)
            figures_add(must, line->day, line->site, INT64_C(1) << 2 * line->slot);
}

/* ---- levels and statuses ---- */

/* The last value said up to the end of `day`; MISSING: nothing was. */
static int64_t last_said(const struct world *world, enum line_kind kind, unsigned site, unsigned day) {
    int64_t value = MISSING, said_at = 0;
    struct walk walk = {.world = world, .kinds = 1u << kind};
    for (const struct line *line; (line = next(&walk)) != NULL;) {
        if (line->site != site || line->day > day || line->retracted)
            continue;
        if (value == MISSING || walk.at > said_at || (walk.at == said_at && line->value > value)) {
            value = line->value;
            said_at = walk.at;
        }
    }
    return value;
}

void fold_last(const struct world *world, enum line_kind kind, struct figures *must) {
    static const unsigned ends[MONTHS] = {30, 30 + 28, 30 + 28 + 31};
    for (unsigned site = 0; site < SITES; site++) {
        for (unsigned day = 0; day < DAYS; day++)
            must->day[day][site] = last_said(world, kind, site, day);
        for (unsigned month = 0; month < MONTHS; month++)
            must->month[month][site] = last_said(world, kind, site, ends[month]);
        must->year[site] = last_said(world, kind, site, DAYS);
    }
}

/* ---- rosters ---- */

/* What was said last of a name on a day. A reading that came several times was said when it came first. */
struct roll {
    bool any, removed;
    int64_t recorded;
    uint64_t id;
};

static struct roll call(const struct world *world, unsigned site, unsigned day, unsigned name) {
    struct roll roll = {.any = false};
    int64_t read = INT64_MAX;
    struct walk walk = {.world = world, .kinds = 1u << LINE_NAME};
    for (const struct line *line; (line = next(&walk)) != NULL;) {
        if (line->site != site || line->day != day || line->name != name || line->retracted)
            continue;
        if (!line->is_entry)
            read = walk.at < read ? walk.at : read;
        else if (!roll.any || walk.at > roll.recorded || (walk.at == roll.recorded && line->id > roll.id))
            roll = (struct roll){true, line->removed, walk.at, line->id};
    }
    if (read != INT64_MAX && (!roll.any || read > roll.recorded))
        roll = (struct roll){.any = true};
    return roll;
}

static unsigned how_many(unsigned names) {
    return (unsigned)__builtin_popcount(names);
}

void fold_names(const struct world *world, struct figures *must) {
    for (unsigned site = 0; site < SITES; site++) {
        unsigned month[MONTHS] = {0}, year = 0;
        for (unsigned day = 0; day < DAYS; day++) {
            unsigned there = 0;
            bool any = false;
            for (unsigned name = 0; name < NAMES; name++) {
                struct roll roll = call(world, site, day, name);
                any |= roll.any;
                there |= roll.any && !roll.removed ? 1u << name : 0;
            }
            if (!any)
                continue;
            month[figures_month_of(day)] |= there;
            year |= there;
            must->day[day][site] = how_many(there);
            must->month[figures_month_of(day)][site] = how_many(month[figures_month_of(day)]);
            must->year[site] = how_many(year);
        }
    }
}

/* ---- what there was ---- */

static void tally_line(struct world *world, const struct line *line, int64_t at) {
    uint64_t *count = world->tally->count;
    count[TALLY_SAID_WHOLE] += line->whole_count > 0;
    count[TALLY_SAID_RETRACTED] += line->retracted;
    count[TALLY_SAID_UNRETRACTED] += line->kind == LINE_RETRACTION && line->retracted;
    if (line->kind == LINE_GIFT && !is_first_of_id(world, line, at))
        count[TALLY_SAID_TWICE]++;
    if (line->kind == LINE_LEVEL)
        count[line->is_entry ? TALLY_SAID_LEVEL_ENTRY : TALLY_SAID_LEVEL]++;
    if (line->kind == LINE_STATUS)
        count[line->is_entry ? TALLY_SAID_STATUS_ENTRY : TALLY_SAID_STATUS]++;
    if (line->kind == LINE_NAME)
        count[!line->is_entry ? TALLY_SAID_NAME
              : line->removed ? TALLY_SAID_REMOVED
                              : TALLY_SAID_NAME_ENTRY]++;
}

void tally_lines(struct world *world) {
    struct walk walk = {.world = world, .kinds = ALL_KINDS};
    for (const struct line *line; (line = next(&walk)) != NULL;)
        tally_line(world, line, walk.at);
    for (unsigned c = 0; c < world->collectors; c++)
        for (unsigned i = 0; i < world->collector[c].lines; i++) {
            const struct line *line = &world->collector[c].line[i];
            world->tally->count[TALLY_SAID_WHOLE_REFUSED] += !line->valid && line->whole_count > 0;
            world->tally->count[TALLY_SAID_IN_THE_FUTURE] += line->day >= DAYS;
        }
    struct str row;
    if (disk_get(world->disk, DAEMON_FILE, "vintages", (struct str){"\0\0\0\2", 4}, &row))
        world->tally->count[TALLY_VINTAGES]++;
}
