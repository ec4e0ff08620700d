/* A collector: a small program as a real one is. It reads its input line by line, counts each, and commits what
 * it counted together with its position; started again, it goes on from there. It stands on libsuivi as it is,
 * but for the connection. */
#include <errno.h>
#include <stdio.h>

#include "proto/check.h"
#include "tests/simulation/world_priv.h"

#define DAY_1    INT64_C(1514764800) /* 2018-01-01 in Unix time */
#define POSITION "position"

static const char *const site_names[SITES] = {"a", "b", "c"};

/* ---- input ---- */

static struct line draw_line(struct world *world, bool only_counts) {
    struct dice *dice = &world->dice;
    struct line line = {.valid = !dice_chance(dice, 150),
                        .is_count = only_counts || dice_chance(dice, 600),
                        .day = world->first_day + dice_roll(dice, world->days),
                        .site = dice_roll(dice, SITES)};
    line.indicator = line.is_count ? "s.visits" : "s.people";
    line.site_name = site_names[line.site];
    for (unsigned i = 0; i < 3; i++)
        line.people |= UINT64_C(1) << dice_roll(dice, PEOPLE);
    if (!line.valid && dice_chance(dice, 300))
        line.indicator = "s.nothing"; /* the plan has none of that name */
    else if (!line.valid && dice_chance(dice, 500))
        line.indicator = line.is_count ? "s.people" : "s.visits"; /* a value of another kind */
    else if (!line.valid)
        line.site_name = "z"; /* not in the plan's list */
    if (line.valid && line.is_count) {
        while (world->slots[line.day][line.site] == SLOTS)
            line.day = (line.day + 1) % DAYS;
        line.slot = world->slots[line.day][line.site]++;
    }
    return line;
}

static struct collector *add(struct world *world, const char *source) {
    ASSERT(world->collectors < COLLECTORS_MAX);
    struct collector *collector = &world->collector[world->collectors];
    *collector = (struct collector){.index = world->collectors++};
    (void)snprintf(collector->directory, NAME_MAX_BYTES, "/collector-%u", collector->index);
    (void)snprintf(collector->file, NAME_MAX_BYTES, "/collector-%u/outbox.mdb", collector->index);
    (void)snprintf(collector->endpoint, NAME_MAX_BYTES, "collector %u", collector->index);
    (void)snprintf(collector->source, NAME_MAX_BYTES, "%s", source);
    return collector;
}

void collector_new(struct world *world, bool only_counts, const char *source) {
    struct collector *collector = add(world, source);
    collector->lines = 4 + dice_roll(&world->dice, LINES_MAX - 4) / (1 + dice_roll(&world->dice, 4));
    for (unsigned i = 0; i < collector->lines; i++)
        collector->line[i] = draw_line(world, only_counts);
}

bool collector_copy(struct world *world, struct collector *from) {
    struct str position;
    if (!disk_get(world->disk, from->file, "meta", STR("id"), &position))
        return false;
    struct collector *copy = add(world, from->source);
    disk_copy(world->disk, from->file, copy->file);
    copy->original = from;
    from->was_copied = true;
    if (disk_get(world->disk, from->file, "records", STR(POSITION), &position))
        memcpy(&copy->shared, position.at, sizeof copy->shared);
    memcpy(copy->line, from->line, sizeof copy->line);
    memcpy(copy->refused, from->refused, sizeof copy->refused);
    copy->lines = copy->shared + dice_roll(&world->dice, LINES_MAX - copy->shared + 1);
    for (unsigned i = copy->shared; i < copy->lines; i++)
        copy->line[i] = draw_line(world, true);
    world_note(world, (int)from->index, "is copied at line", copy->shared);
    return true;
}

/* ---- life ---- */

static void take_clock(struct world *world, const struct collector *collector) {
    network_set_clock(world->network, world->now_ms + collector->clock_ms);
}

void collector_stop(struct world *world, struct collector *collector) {
    world_note(world, (int)collector->index, collector->killed ? "is dead" : "exits", 0);
    suivi_close(&collector->client);
    collector->killed = collector->again = false;
}

/* What a failing disk may say, and nothing else. */
static bool is_disk_fault(int rc) {
    return rc == -EIO || rc == -ENOSPC;
}

static int read_position(struct collector *collector) {
    const void *value;
    size_t len;
    collector->uncommitted = 0;
    collector->position = 0;
    int rc = suivi_get(collector->client, POSITION, sizeof POSITION - 1, &value, &len);
    if (rc == 0) {
        ASSERT(len == sizeof collector->position);
        memcpy(&collector->position, value, len);
    }
    return rc == -ENOENT ? 0 : rc;
}

void collector_start(struct world *world, struct collector *collector) {
    take_clock(world, collector);
    world_note(world, (int)collector->index, "starts", 0);
    const struct suivi_options options = {
        .endpoint = collector->endpoint, .state = collector->directory, .source = collector->source};
    int rc = suivi_open(&collector->client, &options);
    if (rc == 0)
        rc = read_position(collector);
    if (rc == 0 && !collector->killed)
        return;
    if (collector->killed)
        world->tally->count[TALLY_COLLECTOR_KILLED_OPENING]++;
    else if (!is_disk_fault(rc))
        world_fail(world, "collector %u cannot start: %s", collector->index, suivi_why(collector->client));
    collector_stop(world, collector);
}

/* ---- work ---- */

static void read_line(struct world *world, struct collector *collector) {
    const struct line *line = &collector->line[collector->position];
    const struct suivi_dim dim = {"site", line->site_name};
    int64_t at = DAY_1 + line->day * INT64_C(86400) + collector->position;
    int rc;
    if (line->is_count) {
        rc = suivi_count(collector->client, line->indicator, &dim, 1, at, INT64_C(1) << 2 * line->slot);
    } else {
        uint64_t hashes[PEOPLE];
        size_t count = 0;
        for (uint64_t person = 0; person < PEOPLE; person++)
            if (line->people >> person & 1)
                hashes[count++] = (person + 1) * 0x9e3779b97f4a7c15u;
        rc = suivi_distinct(collector->client, line->indicator, &dim, 1, at, hashes, count);
    }
    if (rc == 0) {
        collector->position++;
        collector->uncommitted++;
        rc = suivi_put(collector->client, POSITION, sizeof POSITION - 1, &collector->position,
                       sizeof collector->position);
    }
    if (is_disk_fault(rc))
        collector_stop(world, collector);
    else if (rc)
        world_fail(world, "collector %u cannot count: %s", collector->index, suivi_why(collector->client));
}

static void take_stale(struct world *world, struct collector *collector) {
    world_note(world, (int)collector->index, "is stale", 0);
    world->tally->count[TALLY_STALE]++;
    collector->stale = true;
    if (collector->original == NULL && !collector->was_copied)
        world_fail(world, "collector %u was never copied, and says: %s", collector->index,
                   suivi_why(collector->client));
    collector_stop(world, collector);
}

static void commit_failed(struct world *world, struct collector *collector) {
    switch (dice_roll(&world->dice, 3)) {
    case 0: /* goes on reading, and commits it all */
        collector->again = true;
        return;
    case 1: /* reads the same lines again, unless they are saved after all */
        world->tally->count[TALLY_COLLECTOR_ROLLBACK]++;
        world_note(world, (int)collector->index, "rolls back", 0);
        suivi_rollback(collector->client);
        collector->again = false;
        if (read_position(collector) == 0)
            return;
        break;
    default:
        break;
    }
    collector_stop(world, collector);
}

static void commit(struct world *world, struct collector *collector) {
    int rc = suivi_commit(collector->client);
    world_note(world, (int)collector->index, rc ? "cannot commit" : "commits up to line",
               collector->position);
    if (collector->killed) {
        collector_stop(world, collector);
    } else if (rc == 0) {
        world->tally->count[TALLY_COLLECTOR_COMMIT_AGAIN] += collector->again;
        collector->again = false;
        collector->uncommitted = 0;
    } else if (rc == -ESTALE) {
        take_stale(world, collector);
    } else if (is_disk_fault(rc)) {
        commit_failed(world, collector);
    } else {
        world_fail(world, "collector %u cannot commit: %s", collector->index, suivi_why(collector->client));
    }
}

/* Sends and takes what can be sent and taken now. */
static void exchange(struct world *world, struct collector *collector) {
    int rc = suivi_exchange(collector->client, 0);
    if (rc && world->trace)
        printf("         collector %u: %s\n", collector->index, suivi_why(collector->client));
    if (collector->killed)
        collector_stop(world, collector);
    else if (rc == -ESTALE)
        take_stale(world, collector);
    else if (rc != 0 && rc != -ENOTCONN && rc != -EBUSY && rc != -EAGAIN && rc != -EPROTO &&
             !is_disk_fault(rc))
        world_fail(world, "collector %u cannot send: %s", collector->index, suivi_why(collector->client));
    else if (is_disk_fault(rc) && dice_chance(&world->dice, 300))
        collector_stop(world, collector);
}

void collector_step(struct world *world, struct collector *collector) {
    if (collector->stale)
        return;
    if (collector->client == NULL) {
        collector_start(world, collector);
        return;
    }
    take_clock(world, collector);
    unsigned what = dice_roll(&world->dice, 100);
    if (what < 40)
        exchange(world, collector);
    else if (what < 60)
        commit(world, collector);
    else
        for (unsigned i = 1 + dice_roll(&world->dice, 4); i > 0 && collector->position < collector->lines;
             i--)
            read_line(world, collector);
}

void collector_settle(struct world *world, struct collector *collector) {
    if (collector->stale || collector->done)
        return;
    if (collector->client == NULL)
        collector_start(world, collector);
    if (collector->client == NULL)
        return;
    take_clock(world, collector);
    while (collector->position < collector->lines)
        read_line(world, collector);
    commit(world, collector);
    if (collector->client)
        exchange(world, collector);
    if (collector->client && suivi_waiting(collector->client) == 0) {
        collector->done = true;
        collector_stop(world, collector);
    }
}

/* ---- refused.log ---- */

/* What is kept is on disk when refused_keep returns; killed before, or after. */
int collector_refused(void *arg, const char *directory, int moment, int64_t at) {
    struct world *world = arg;
    struct collector *collector = world->collector;
    while (strcmp(collector->directory, directory) != 0)
        collector++;
    uint64_t *count = world->tally->count;
    if (moment == REFUSED_BEGIN)
        collector->keeping_count = 0;
    if (moment == REFUSED_EVENT) {
        unsigned line = (unsigned)(at % 86400);
        if (collector->keeping_count < LINES_MAX && line < collector->lines)
            collector->keeping[collector->keeping_count++] = line;
        else
            world_fail(world, "collector %u was told of refused events that it never sent", collector->index);
    }
    if (moment != REFUSED_END)
        return 0;
    if (!collector->killed && dice_chance(&world->dice, world->faults.full)) {
        count[TALLY_REFUSED_FAILED]++;
        return -ENOSPC;
    }
    if (!collector->killed && dice_chance(&world->dice, world->faults.kill)) {
        count[TALLY_COLLECTOR_KILLED_BEFORE_REFUSED]++;
        collector->killed = true;
    }
    if (collector->killed)
        return -EIO;
    for (unsigned i = 0; i < collector->keeping_count; i++)
        collector->refused[collector->keeping[i]] = true;
    if (dice_chance(&world->dice, world->faults.kill)) {
        count[TALLY_COLLECTOR_KILLED_AFTER_REFUSED]++;
        collector->killed = true;
    }
    return collector->killed ? -EIO : 0;
}
