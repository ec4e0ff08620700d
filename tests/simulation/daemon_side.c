/* The daemon: its intake, driven from one loop as daemon/intake/lane.c drives it from two threads. */
#include <errno.h>
#include <stdio.h>

#include "proto/check.h"
#include "proto/message.h"
#include "tests/simulation/world_priv.h"

#define TAKE_MAX 8 /* frames in a step */

static int64_t clock_of(const struct world *world) {
    return world->now_ms / 1000 + world->daemon.clock_s;
}

/* ---- what is on disk ---- */

bool daemon_ledger(const struct world *world, const struct collector *collector, enum ledger_field field,
                   uint64_t *out) {
    char key[128];
    struct str id, row;
    if (!disk_get(world->disk, collector->file, "meta", STR("id"), &id))
        return false;
    size_t len = strlen(collector->source);
    memcpy(key, collector->source, len + 1);
    memcpy(key + len + 1, id.at, id.len);
    if (!disk_get(world->disk, DAEMON_FILE, "ledger", (struct str){key, len + 1 + id.len}, &row))
        return false;
    const unsigned char *at = (const unsigned char *)row.at + 1 + 8 * (size_t)field;
    *out = 0;
    for (int i = 0; i < 8; i++)
        *out = *out << 8 | at[i];
    return true;
}

/* ---- what leaves ---- */

static void check_on_disk(struct world *world, const struct collector *collector, const char *what,
                          uint64_t seq) {
    uint64_t last = 0;
    (void)daemon_ledger(world, collector, LEDGER_LAST, &last);
    if (seq > last)
        world_fail(world, "%s for batch %llu of collector %u left, but %llu is the last on disk", what,
                   (unsigned long long)seq, collector->index, (unsigned long long)last);
}

static void note_welcome(struct world *world, const struct collector *collector) {
    const struct collector *first = world->collector;
    while (strcmp(first->source, collector->source) != 0)
        first++;
    int *last = &world->welcomed[first->index], now = (int)collector->index + 1;
    world->tally->count[TALLY_TAKEOVER] += *last != 0 && *last != now;
    *last = now;
}

/* Whatever the daemon says is held against the disk. */
static void watch(struct world *world, const struct collector *collector, struct str frame, bool probe) {
    struct wire_reader reader;
    enum message_type type;
    struct message_ack ack;
    struct message_welcome welcome;
    struct message_error error;
    struct fault why = {""};
    uint64_t *count = world->tally->count;
    wire_reader_init(&reader, frame.at, frame.len);
    int err = message_open(&reader, &type, &why);
    if (err == 0 && type == MESSAGE_ACK && (err = message_read_ack(&reader, &ack, &why)) == 0) {
        world_note(world, DAEMON, ack.repeated ? "acks again" : "acks", ack.seq);
        check_on_disk(world, collector, "an ack", ack.seq);
        count[TALLY_BATCH_REPEATED] += ack.repeated;
        world->daemon.acks++;
        world->acks++;
    } else if (err == 0 && type == MESSAGE_WELCOME &&
               (err = message_read_welcome(&reader, &welcome, &why)) == 0) {
        world_note(world, DAEMON, "welcomes; last is", welcome.last);
        check_on_disk(world, collector, "a welcome", welcome.last);
        if (welcome.missing > 0)
            world_fail(world, "the daemon misses batches of collector %u", collector->index);
        if (!probe)
            note_welcome(world, collector);
    } else if (err == 0 && type == MESSAGE_ERROR && (err = message_read_error(&reader, &error, &why)) == 0) {
        world_note(world, DAEMON, "answers with an error about", error.seq);
        if (world->trace)
            printf("         %.*s: %.*s\n", STR_ARG(error.code), STR_ARG(error.text));
        count[TALLY_ERROR_SEQUENCE] += str_equal(error.code, STR(MESSAGE_ERROR_SEQUENCE));
        count[TALLY_ERROR_STORE] += str_equal(error.code, STR(MESSAGE_ERROR_STORE));
        count[TALLY_ERROR_BUSY] += str_equal(error.code, STR(MESSAGE_ERROR_BUSY));
        if (str_equal(error.code, STR(MESSAGE_ERROR_BAD)))
            world_fail(world, "the daemon calls a frame of collector %u bad", collector->index);
    }
    if (err)
        world_fail(world, "the daemon sent what nobody can read: %s", why.text);
}

static bool dies(struct world *world) {
    struct daemon *daemon = &world->daemon;
    if (!daemon->killed && dice_chance(&world->dice, world->faults.kill)) {
        world_note(world, DAEMON, "is killed while it sends; acks since the commit:", daemon->acks);
        world->tally->count[TALLY_DAEMON_KILLED_AMONG_ACKS] += daemon->finishing && daemon->acks > 0;
        daemon->killed = true;
    }
    return daemon->killed;
}

static void send(void *arg, struct str peer, struct str frame) {
    struct world *world = arg;
    if (dies(world))
        return;
    watch(world, &world->collector[network_collector(world->network, peer)], frame, false);
    network_send(world->network, peer, frame);
    (void)dies(world);
}

static bool reach(void *arg, struct str peer, struct str frame) {
    struct world *world = arg;
    if (dies(world))
        return false;
    watch(world, &world->collector[network_collector(world->network, peer)], frame, true);
    return network_reach(world->network, peer, frame);
}

/* ---- life ---- */

/* What it still does here, on its way out, reaches nothing: it was killed, or had nothing to do. */
static void bury(struct world *world) {
    struct daemon *daemon = &world->daemon;
    daemon->killed = true;
    if (daemon->intake && daemon->phase == PHASE_STARTED)
        intake_run(daemon->intake);
    if (daemon->intake && daemon->phase != PHASE_IDLE)
        intake_finish(daemon->intake);
    intake_destroy(&daemon->intake);
    catalogue_destroy(&daemon->catalogue);
    store_close(&daemon->store);
    daemon->phase = PHASE_IDLE;
    daemon->broken = false;
    daemon->killed = false;
    network_daemon_gone(world->network);
}

void daemon_start(struct world *world) {
    struct daemon *daemon = &world->daemon;
    struct fault why = {""};
    world_note(world, DAEMON, "starts", 0);
    int err = store_open(&daemon->store, "/daemon", NULL, &why);
    if (err == 0)
        err = catalogue_new(&daemon->catalogue, world->framework, daemon->store, &why);
    if (err == 0)
        err = intake_new(&daemon->intake, daemon->catalogue, daemon->store,
                         &(struct intake_peers){send, reach, world}, &why);
    if (err == 0 && !daemon->killed)
        return;
    if (daemon->killed)
        world->tally->count[TALLY_DAEMON_KILLED_OPENING]++;
    else if (!daemon->broken && err != -EIO && err != -ENOSPC)
        world_fail(world, "the daemon cannot start: %s", why.text);
    bury(world);
}

void daemon_kill(struct world *world) {
    struct daemon *daemon = &world->daemon;
    world_note(world, DAEMON, "is killed", (uint64_t)daemon->phase);
    world->tally->count[TALLY_DAEMON_KILLED_BEFORE_RUN] += daemon->phase == PHASE_STARTED;
    world->tally->count[TALLY_DAEMON_KILLED_BEFORE_ACKS] += daemon->phase == PHASE_RAN;
    bury(world);
}

static void take(struct world *world, unsigned most) {
    struct daemon *daemon = &world->daemon;
    struct str peer, frame;
    for (unsigned i = 0; i < most && !daemon->killed && !intake_full(daemon->intake) &&
                         network_take(world->network, &peer, &frame);
         i++) {
        world_note(world, DAEMON, "takes a frame of collector", network_collector(world->network, peer));
        intake_take(daemon->intake, peer, frame, clock_of(world));
    }
}

/* The next thing that a commit has to do. */
static void commit(struct world *world) {
    struct daemon *daemon = &world->daemon;
    if (daemon->phase == PHASE_IDLE && intake_wanted(daemon->intake)) {
        intake_start(daemon->intake);
        daemon->phase = PHASE_STARTED;
    } else if (daemon->phase == PHASE_STARTED) {
        world_note(world, DAEMON, "writes", 0);
        intake_run(daemon->intake);
        daemon->phase = PHASE_RAN;
    } else if (daemon->phase == PHASE_RAN) {
        daemon->acks = 0;
        daemon->finishing = true;
        intake_finish(daemon->intake);
        daemon->finishing = false;
        daemon->phase = PHASE_IDLE;
    }
}

void daemon_step(struct world *world) {
    struct daemon *daemon = &world->daemon;
    if (daemon->intake == NULL) {
        daemon_start(world);
        return;
    }
    if (dice_chance(&world->dice, 500))
        take(world, 1 + dice_roll(&world->dice, TAKE_MAX));
    else
        commit(world);
    if (daemon->killed)
        bury(world);
}

void daemon_settle(struct world *world) {
    take(world, UINT32_MAX);
    do
        commit(world);
    while (world->daemon.phase != PHASE_IDLE || intake_wanted(world->daemon.intake));
}
