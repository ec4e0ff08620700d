#include "tests/simulation/world_priv.h"

#include <errno.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/check.h"

#define STEPS_MIN  120
#define STEPS_MAX  400
#define ROUNDS_MAX 3000
#define START_MS   INT64_C(1525132800000) /* 2018-05-01: all that is said has happened */
#define PATIENT_MS INT64_C(600000)

/* ---- telling ---- */

void world_fail(struct world *world, const char *format, ...) {
    if (world->result->failed)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(world->result->why, sizeof world->result->why, format, args);
    va_end(args);
    world->result->failed = true;
    if (world->trace)
        printf("FAILED: %s\n", world->result->why);
}

void world_note(struct world *world, int who, const char *what, uint64_t number) {
    uint64_t *digest = &world->result->digest;
    const uint64_t words[] = {(uint64_t)world->now_ms, (uint64_t)(int64_t)who, (unsigned char)what[0],
                              number};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        *digest = (*digest ^ words[i]) * 0x100000001b3u ^ *digest >> 29;
    if (!world->trace)
        return;
    printf("%8.3f ", (double)(world->now_ms - START_MS) / 1000);
    if (who == DAEMON)
        printf("daemon %s %llu\n", what, (unsigned long long)number);
    else
        printf("collector %d %s %llu\n", who, what, (unsigned long long)number);
}

/* ---- faults ---- */

static void count_kill(struct world *world, bool is_daemon, enum disk_moment when, bool kept) {
    if (when == DISK_OPEN)
        return;
    const enum tally_entry entry[2][2] = {
        {TALLY_COLLECTOR_KILLED_IN_COMMIT_GONE, TALLY_COLLECTOR_KILLED_IN_COMMIT_KEPT},
        {TALLY_DAEMON_KILLED_IN_COMMIT_GONE, TALLY_DAEMON_KILLED_IN_COMMIT_KEPT},
    };
    world->tally->count[entry[is_daemon][kept]]++;
}

/* A commit that fails: for want of room, or in its sync, and then perhaps in the very last one, after which
 * nobody knows what is there until it is opened anew. */
static struct disk_fate fail_commit(struct world *world, bool is_daemon, bool full) {
    static const enum tally_entry entry[2][3] = {
        {TALLY_COLLECTOR_COMMIT_FULL, TALLY_COLLECTOR_COMMIT_FAILED, TALLY_COLLECTOR_COMMIT_UNKNOWN},
        {TALLY_DAEMON_COMMIT_FULL, TALLY_DAEMON_COMMIT_FAILED, TALLY_DAEMON_COMMIT_UNKNOWN},
    };
    struct disk_fate fate = {.code = full ? ENOSPC : EIO};
    if (!full && dice_chance(&world->dice, 500)) {
        fate.broken = true;
        fate.kept = dice_chance(&world->dice, 500);
    }
    world->tally->count[entry[is_daemon][full ? 0 : 1 + fate.kept]]++;
    return fate;
}

static struct disk_fate decide(void *arg, const char *path, enum disk_moment when) {
    struct world *world = arg;
    struct dice *dice = &world->dice;
    const struct faults *faults = &world->faults;
    bool is_daemon = strcmp(path, DAEMON_FILE) == 0;
    struct collector *collector = world->collector;
    while (!is_daemon && strcmp(collector->file, path) != 0)
        collector++;
    int who = is_daemon ? DAEMON : (int)collector->index;
    bool *killed = is_daemon ? &world->daemon.killed : &collector->killed;
    struct disk_fate fate = {.kept = true};
    if (*killed)
        return (struct disk_fate){.code = EIO};
    /* A transaction puts much and commits once: killed in the one or the other comes to the same. */
    if (when != DISK_PUT && dice_chance(dice, faults->kill)) {
        fate = (struct disk_fate){.code = EIO, .kept = when == DISK_COMMIT && dice_chance(dice, 500)};
        *killed = true;
        count_kill(world, is_daemon, when, fate.kept);
        world_note(world, who, "is killed at its disk; kept:", fate.kept);
    } else if (when == DISK_PUT && !(is_daemon && world->daemon.intake == NULL) &&
               dice_chance(dice, faults->map_full)) { /* a store that is being opened fits its map */
        world->tally->count[is_daemon ? TALLY_DAEMON_MAP_FULL : TALLY_COLLECTOR_MAP_FULL]++;
        world_note(world, who, "finds its map full", 0);
        fate.code = MDB_MAP_FULL;
    } else if (when == DISK_COMMIT && dice_chance(dice, faults->full)) {
        fate = fail_commit(world, is_daemon, true);
        world_note(world, who, "finds the disk full", 0);
    } else if (when == DISK_COMMIT && dice_chance(dice, faults->failed_sync)) {
        fate = fail_commit(world, is_daemon, false);
        world_note(world, who, "sees a sync fail; kept:", fate.kept);
    } else if (when == DISK_OPEN && dice_chance(dice, faults->failed_sync)) {
        fate.code = EIO;
    }
    world->daemon.broken |=
        is_daemon && fate.code == EIO; /* it takes nothing more until it is started anew */
    return fate;
}

static bool sending(void *arg, unsigned index) {
    struct world *world = arg;
    struct collector *collector = &world->collector[index];
    if (!collector->killed && dice_chance(&world->dice, world->faults.kill)) {
        world_note(world, (int)index, "is killed while it sends", 0);
        world->tally->count[TALLY_COLLECTOR_KILLED_SENDING]++;
        collector->killed = true;
    }
    return !collector->killed;
}

/* Each kind of fault is away, rare or frequent in a run: so each meets each. */
static unsigned draw(struct dice *dice, unsigned rare, unsigned frequent) {
    const unsigned chances[] = {0, rare, frequent};
    return chances[dice_roll(dice, 3)];
}

/* A copy can be told from its original only while each connection keeps its order and loses nothing but when it breaks, as
 * ZeroMQ's do: what one of them sent before the other took over would else arrive as if it was sent after, and what
 * shows that it is another's would be passed over. */
static void draw_faults(struct world *world, bool copies) {
    struct dice *dice = &world->dice;
    world->faults = (struct faults){.network = {.lost = draw(dice, 20, 200),
                                                .doubled = draw(dice, 20, 200),
                                                .late = draw(dice, 50, 300),
                                                .overtaking = draw(dice, 50, 500),
                                                .blocked = draw(dice, 20, 200)},
                                    .break_connection = draw(dice, 5, 40),
                                    .kill = draw(dice, 5, 40),
                                    .full = draw(dice, 10, 100),
                                    .failed_sync = draw(dice, 10, 100),
                                    .map_full = draw(dice, 2, 20),
                                    .jump = draw(dice, 5, 30)};
    if (copies)
        world->faults.network.overtaking = world->faults.network.lost = 0;
    network_faults(world->network, &world->faults.network);
}

static void end_faults(struct world *world) {
    world->faults = (struct faults){0};
    network_faults(world->network, &world->faults.network);
}

/* ---- what happens ---- */

static void jump_clock(struct world *world) {
    static const int64_t far_ms[] = {1500, 60000, 3600000, INT64_C(86400000)};
    int64_t by = far_ms[dice_roll(&world->dice, 4)];
    if (dice_chance(&world->dice, 500))
        by = -by;
    world->tally->count[by > 0 ? TALLY_CLOCK_FORTH : TALLY_CLOCK_BACK]++;
    unsigned whose = dice_roll(&world->dice, world->collectors + 1);
    if (whose == world->collectors)
        world->daemon.clock_s += by / 1000;
    else
        world->collector[whose].clock_ms += by;
    world_note(world, whose == world->collectors ? DAEMON : (int)whose, "sees its clock jump", (uint64_t)by);
}

static void kill_somebody(struct world *world) {
    unsigned whose = dice_roll(&world->dice, world->collectors + 1);
    struct collector *collector = &world->collector[whose];
    if (whose == world->collectors && world->daemon.intake) {
        daemon_kill(world);
    } else if (whose < world->collectors && collector->client) {
        collector->killed = true;
        world->tally->count[TALLY_COLLECTOR_KILLED_IDLE] += collector->uncommitted > 0;
        collector_stop(world, collector);
    }
}

static void accident(struct world *world) {
    if (dice_chance(&world->dice, world->faults.kill))
        kill_somebody(world);
    if (dice_chance(&world->dice, world->faults.break_connection)) {
        unsigned whose = dice_roll(&world->dice, world->collectors);
        world_note(world, (int)whose, "loses its connection", 0);
        network_break(world->network, whose);
    }
    if (dice_chance(&world->dice, world->faults.jump))
        jump_clock(world);
}

static void pass_time(struct world *world, int64_t ms) {
    world->now_ms += ms;
    network_set_time(world->network, world->now_ms);
}

static void step(struct world *world) {
    unsigned pace = dice_roll(&world->dice, 100);
    pass_time(world, dice_roll(&world->dice, pace < 70 ? 10 : pace < 97 ? 100 : 3000));
    accident(world);
    if (dice_chance(&world->dice, 500))
        daemon_step(world);
    else
        collector_step(world, &world->collector[dice_roll(&world->dice, world->collectors)]);
}

static void live(struct world *world, unsigned copy_at) {
    unsigned steps = STEPS_MIN + dice_roll(&world->dice, STEPS_MAX - STEPS_MIN);
    bool copied = false;
    for (unsigned i = 0; i < steps && !world->result->failed; i++) {
        step(world);
        if (!copied && i >= copy_at && collector_copy(world, &world->collector[0])) {
            copied = true;
            world->tally->count[TALLY_COPIED]++;
        }
    }
}

static bool all_done(const struct world *world) {
    for (unsigned i = 0; i < world->collectors; i++)
        if (!world->collector[i].done && !world->collector[i].stale)
            return false;
    return true;
}

/* No more faults: what waits must get there. Time goes faster the longer nothing is acknowledged. */
static void settle(struct world *world) {
    int64_t pause = 20;
    uint64_t acks = world->acks;
    world_note(world, DAEMON, "has no more to fear from here on", 0);
    end_faults(world);
    if (world->daemon.intake && world->daemon.broken)
        daemon_kill(world);
    for (unsigned round = 0; round < ROUNDS_MAX && !all_done(world) && !world->result->failed; round++) {
        pass_time(world, pause);
        pause = world->acks > acks ? 20 : pause < PATIENT_MS ? pause * 2 : pause;
        acks = world->acks;
        if (world->daemon.intake == NULL)
            daemon_start(world);
        if (world->daemon.intake)
            daemon_settle(world);
        for (unsigned i = 0; i < world->collectors && !world->result->failed; i++)
            collector_settle(world, &world->collector[i]);
    }
    if (!all_done(world))
        world_fail(world, "with all faults gone it does not come to rest");
}

/* ---- a run ---- */

/* One to three collectors. Now and then two have one name, or the first, which only counts then, is copied. */
static unsigned populate(struct world *world) {
    struct dice *dice = &world->dice;
    bool copies = dice_chance(dice, 200), one_name = dice_chance(dice, 250);
    unsigned count = 1 + dice_roll(dice, COLLECTORS_MAX - 1);
    world->days = 1 + dice_roll(dice, dice_chance(dice, 500) ? 4 : DAYS);
    world->first_day = dice_roll(dice, DAYS - world->days + 1);
    for (unsigned i = 0; i < count; i++) {
        char name[NAME_MAX_BYTES];
        (void)snprintf(name, sizeof name, "log@host%u", one_name ? i / 2 : i);
        collector_new(world, copies, name);
    }
    return copies ? dice_roll(dice, STEPS_MIN) : UINT32_MAX;
}

void world_run(uint64_t seed, const struct framework *framework, bool trace, struct tally *tally,
               struct world_result *result) {
    *result = (struct world_result){0};
    struct world *world = mem_zeroed(1, sizeof *world);
    world->dice.state = seed;
    world->tally = tally;
    world->result = result;
    world->trace = trace;
    world->framework = framework;
    disk_new(&world->disk, decide, world);
    disk_use(world->disk);
    network_new(&world->network, &world->dice, tally, sending, world);
    world->stand_ins = (struct stand_ins){.disk = world->disk,
                                          .dice = &world->dice,
                                          .trace = trace,
                                          .refused = collector_refused,
                                          .arg = world};
    stand_ins_use(&world->stand_ins);
    pass_time(world, START_MS);
    unsigned copy_at = populate(world);
    draw_faults(world, copy_at != UINT32_MAX);
    live(world, copy_at);
    if (!result->failed)
        settle(world);
    end_faults(world);
    if (world->daemon.intake)
        daemon_kill(world);
    if (!result->failed)
        judge(world);
    for (unsigned i = 0; i < world->collectors; i++)
        suivi_close(&world->collector[i].client);
    network_destroy(&world->network);
    disk_destroy(&world->disk);
    free(world);
}
