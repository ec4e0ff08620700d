/* A collector: a small program as a real one is. It reads its input line by line, counts each, and commits what
 * it counted together with its position; started again, it goes on from there. It stands on libsuivi as it is,
 * but for the connection. */
#include <errno.h>
#include <stdio.h>

#include "proto/check.h"
#include "tests/simulation/world_priv.h"

#define POSITION "position"

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

void collector_new(struct world *world, bool only_visits, const char *source) {
    struct collector *collector = add(world, source);
    collector->lines = 4 + dice_roll(&world->dice, LINES_MAX - 4) / (1 + dice_roll(&world->dice, 4));
    lines_draw(world, collector, 0, only_visits);
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
    lines_draw(world, copy, copy->shared, true);
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

/* What counts as a whole is committed by itself, at once. */
static bool may_read(const struct collector *collector) {
    return collector->position < collector->lines &&
           !(collector->uncommitted > 0 && line_is_edge(collector, collector->position));
}

static void read_line(struct world *world, struct collector *collector) {
    const struct line *line = &collector->line[collector->position];
    if (line->whole_count > 0 && line->whole_first == collector->position)
        suivi_whole(collector->client);
    int rc = line_say(collector, collector->position, collector->client);
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

/* At least so many lines, as far as may be: of those that count as a whole, all. */
static void read_lines(struct world *world, struct collector *collector, unsigned count) {
    unsigned end = collector->position + count;
    while (collector->client && may_read(collector) && !world->result->failed) {
        const struct line *line = &collector->line[collector->position];
        if (line->whole_count == 0 && collector->position >= end)
            return;
        read_line(world, collector);
    }
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
        read_lines(world, collector, 1 + dice_roll(&world->dice, 4));
}

void collector_settle(struct world *world, struct collector *collector) {
    if (collector->stale || collector->done)
        return;
    if (collector->client == NULL)
        collector_start(world, collector);
    if (collector->client == NULL)
        return;
    take_clock(world, collector);
    do {
        read_lines(world, collector, LINES_MAX);
        commit(world, collector);
    } while (collector->client && collector->uncommitted == 0 && collector->position < collector->lines);
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
        unsigned line = (unsigned)(at % 86400) / 2;
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
