/* The lines of a collector's input: what they say, and how it is said to libsuivi. */
#include "proto/check.h"
#include "tests/simulation/world_priv.h"

#define FUTURE_DAY 300 /* of 2018: no clock of a run gets near it */

static const char *const site_names[SITES] = {"a", "b", "c"};
const char *const line_names[NAMES] = {"alpha", "beta", "gamma", "delta"};

static const char *const indicators[] = {
    [LINE_VISITS] = "s.visits", [LINE_PEOPLE] = "s.people", [LINE_GIFT] = "s.gifts",
    [LINE_LEVEL] = "s.members", [LINE_STATUS] = "s.manual", [LINE_NAME] = "s.networks",
};

/* Of a kind that takes nothing of the sort. */
static const char *const strange[] = {
    [LINE_VISITS] = "s.people",  [LINE_PEOPLE] = "s.visits", [LINE_GIFT] = "s.networks",
    [LINE_LEVEL] = "s.networks", [LINE_STATUS] = "s.people", [LINE_NAME] = "s.members",
};

int64_t line_at(const struct collector *collector, const struct line *line) {
    return DAY_1 + line->day * INT64_C(86400) + (line - collector->line) * 2 + line->is_entry;
}

bool line_is_edge(const struct collector *collector, unsigned index) {
    const struct line *line = &collector->line[index], *before = line - 1;
    return (line->whole_count > 0 && line->whole_first == index) ||
           (index > 0 && before->whole_count > 0 && before->whole_first + before->whole_count == index);
}

/* ---- drawing ---- */

static enum line_kind draw_kind(struct world *world) {
    static const enum line_kind kinds[] = {LINE_VISITS, LINE_VISITS, LINE_VISITS, LINE_PEOPLE,
                                           LINE_PEOPLE, LINE_GIFT,   LINE_GIFT,   LINE_LEVEL,
                                           LINE_STATUS, LINE_NAME,   LINE_NAME,   LINE_RETRACTION};
    enum line_kind kind = kinds[dice_roll(&world->dice, sizeof kinds / sizeof *kinds)];
    return kind == LINE_RETRACTION && world->said_count == 0 ? LINE_GIFT : kind;
}

/* An entry that another line has said. */
static const struct line *draw_said(struct world *world) {
    return &world->said[dice_roll(&world->dice, world->said_count)];
}

/* A gift that somebody else tells, too, or this one again, as of another time and of another value. */
static void draw_gift(struct world *world, struct line *line) {
    if (world->said_count == 0 || !dice_chance(&world->dice, 500))
        return;
    const struct line *twin = draw_said(world);
    if (twin->kind != LINE_GIFT)
        return;
    line->id = twin->id;
    line->site = twin->site;
    if (dice_chance(&world->dice, 700))
        line->day = twin->day;
}

static void draw_retraction(struct world *world, struct line *line) {
    const struct line *wrong = draw_said(world);
    line->retracts = wrong->id;
    line->site = wrong->site;
    line->indicator = wrong->indicator;
}

static void draw_entry(struct world *world, struct line *line) {
    line->id = ++world->ids;
    if (line->kind == LINE_GIFT)
        draw_gift(world, line);
    if (line->kind == LINE_RETRACTION)
        draw_retraction(world, line);
    line->removed = line->kind == LINE_NAME && dice_chance(&world->dice, 600);
}

/* Nothing of this is for the daemon to count. */
static void draw_fault(struct world *world, struct line *line) {
    struct dice *dice = &world->dice;
    bool is_stated = line->kind != LINE_VISITS && line->kind != LINE_PEOPLE;
    if (is_stated && dice_chance(dice, 250))
        line->day = FUTURE_DAY;
    else if (dice_chance(dice, 300))
        line->indicator = "s.nothing"; /* the plan has none of that name */
    else if (line->kind != LINE_RETRACTION && dice_chance(dice, 500))
        line->indicator = strange[line->kind];
    else
        line->site_name = "z"; /* not in the plan's list */
}

static struct line draw_line(struct world *world, bool only_visits) {
    struct dice *dice = &world->dice;
    struct line line = {.valid = !dice_chance(dice, 150),
                        .kind = only_visits ? LINE_VISITS : draw_kind(world),
                        .day = world->first_day + dice_roll(dice, world->days),
                        .site = dice_roll(dice, SITES),
                        .name = dice_roll(dice, NAMES)};
    line.is_entry = line.kind == LINE_GIFT || line.kind == LINE_RETRACTION ||
                    (line.kind != LINE_VISITS && line.kind != LINE_PEOPLE && dice_chance(dice, 400));
    line.value = dice_roll(dice, line.kind == LINE_STATUS ? 2 : 20);
    for (unsigned i = 0; i < 3; i++)
        line.people |= UINT64_C(1) << dice_roll(dice, PEOPLE);
    if (line.kind != LINE_RETRACTION)
        line.indicator = indicators[line.kind];
    if (line.is_entry)
        draw_entry(world, &line);
    line.site_name = site_names[line.site];
    if (line.is_entry && world->said_count < IDS_MAX)
        world->said[world->said_count++] = line;
    if (!line.valid)
        draw_fault(world, &line);
    return line;
}

/* Now and then some lines count as a whole: one that is at fault spoils all. */
static unsigned draw_whole(struct world *world, struct collector *collector, unsigned first) {
    unsigned count = 2 + dice_roll(&world->dice, 4);
    bool valid = true;
    if (!dice_chance(&world->dice, 100) || first + count > collector->lines)
        return 0;
    for (unsigned i = first; i < first + count; i++)
        valid &= collector->line[i].valid;
    for (unsigned i = first; i < first + count; i++) {
        collector->line[i].valid = valid;
        collector->line[i].whole_first = first;
        collector->line[i].whole_count = count;
    }
    return count;
}

/* A place of its own in the figure of its day. */
static void take_slot(struct world *world, struct line *line) {
    unsigned(*slots)[SITES] = world->slots[line->kind == LINE_GIFT];
    while (slots[line->day][line->site] == SLOTS)
        line->day = (line->day + 1) % DAYS;
    line->slot = slots[line->day][line->site]++;
}

void lines_draw(struct world *world, struct collector *collector, unsigned from, bool only_visits) {
    for (unsigned i = from; i < collector->lines; i++)
        collector->line[i] = draw_line(world, only_visits);
    for (unsigned i = from; i < collector->lines;) {
        unsigned whole = draw_whole(world, collector, i);
        i += whole > 0 ? whole : 1;
    }
    for (unsigned i = from; i < collector->lines; i++) {
        struct line *line = &collector->line[i];
        if (line->valid && (line->kind == LINE_VISITS || line->kind == LINE_GIFT))
            take_slot(world, line);
    }
}

/* ---- saying ---- */

static int say_entry(const struct line *line, int64_t at, struct suivi *client) {
    const struct suivi_dim dim = {"site", line->site_name};
    struct suivi_entry entry = {.id = line->id, .recorded = at};
    if (line->kind == LINE_RETRACTION) {
        entry.retracts = line->retracts;
    } else if (line->kind == LINE_NAME) {
        entry.name = line_names[line->name];
        entry.removed = line->removed;
    } else {
        entry.has_value = true;
        entry.value = line->kind == LINE_GIFT ? INT64_C(1) << 2 * line->slot : line->value;
    }
    if (line->kind == LINE_RETRACTION || line->removed)
        entry.reason = "It was a mistake";
    return suivi_record(client, line->indicator, &dim, 1, at, &entry, NULL);
}

static int say_people(const struct line *line, int64_t at, struct suivi *client) {
    const struct suivi_dim dim = {"site", line->site_name};
    uint64_t hashes[PEOPLE];
    size_t count = 0;
    for (uint64_t person = 0; person < PEOPLE; person++)
        if (line->people >> person & 1)
            hashes[count++] = (person + 1) * 0x9e3779b97f4a7c15u;
    return suivi_distinct(client, line->indicator, &dim, 1, at, hashes, count);
}

int line_say(const struct collector *collector, unsigned index, struct suivi *client) {
    const struct line *line = &collector->line[index];
    const struct suivi_dim dim = {"site", line->site_name};
    int64_t at = line_at(collector, line);
    if (line->is_entry)
        return say_entry(line, at, client);
    switch (line->kind) {
    case LINE_PEOPLE:
        return say_people(line, at, client);
    case LINE_NAME:
        return suivi_name(client, line->indicator, &dim, 1, at, line_names[line->name]);
    case LINE_VISITS:
        return suivi_count(client, line->indicator, &dim, 1, at, INT64_C(1) << 2 * line->slot);
    default:
        return suivi_count(client, line->indicator, &dim, 1, at, line->value);
    }
}
