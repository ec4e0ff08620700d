/* A daemon without its sockets, for tests: a store in a directory of its own, a small framework, and what
 * stands between them. */
#ifndef SUIVI_TESTS_ROOM_H
#define SUIVI_TESTS_ROOM_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/framework.h"
#include "daemon/intake/committer.h"
#include "daemon/intake/ingest.h"
#include "daemon/store/store.h"
#include "proto/message.h"
#include "proto/sketch.h"

#define ROOM_NOW 1520380800 /* 2018-03-07, the time at which everything is sent */

struct room {
    char directory[64];
    struct framework *framework;
    struct store *store;
    struct catalogue *catalogue;
    struct ledger *ledger;
    struct committer *committer;
    struct ingest *ingest;
    struct wire_writer *reply;
    uint64_t digest; /* of the last batch sent */
    int64_t now;     /* ROOM_NOW, until a test sets another time */
    bool whole;      /* batches count as a whole */
};

static const char room_framework[] =
    "name: test\n"
    "title: {en: Test}\n"
    "plan: 2016/2020\n"
    "languages: [en]\n"
    "dimensions:\n"
    "  - {name: site}\n"
    "  - {name: language, values: [en, fr]}\n"
    "indicators:\n"
    "  - {id: t.count, kind: count, frequency: month, dimensions: [site, language],"
    " label: {en: Count}, definition: {en: Counted.}, method: test, method_version: \"1\"}\n"
    "  - {id: t.distinct, kind: distinct, frequency: month, dimensions: [site, language],"
    " label: {en: Distinct}, definition: {en: Counted.}, method: test, method_version: \"1\"}\n"
    "  - {id: t.daily, kind: distinct, window: day, frequency: month, dimensions: [site, language],"
    " label: {en: Daily}, definition: {en: Counted.}, method: test, method_version: \"1\"}\n";

/* One of each kind. */
static const char room_kinds[] =
    "name: kinds\n"
    "title: {en: Kinds}\n"
    "plan: 2016/2020\n"
    "languages: [en]\n"
    "dimensions:\n"
    "  - {name: site}\n"
    "indicators:\n"
    "  - {id: k.count, kind: count, frequency: month, dimensions: [site], label: {en: Count}}\n"
    "  - {id: k.distinct, kind: distinct, frequency: month, dimensions: [site], label: {en: Distinct}}\n"
    "  - {id: k.level, kind: level, frequency: month, dimensions: [site], label: {en: Level}}\n"
    "  - {id: k.roster, kind: roster, frequency: month, dimensions: [site], label: {en: Roster}}\n"
    "  - {id: k.status, kind: status, frequency: month, dimensions: [site], label: {en: Status}}\n"
    "  - {id: k.milestone, kind: milestone, frequency: month, dimensions: [site], label: {en: Milestone}}\n"
    "  - {id: k.evidence, kind: evidence, frequency: month, dimensions: [site], label: {en: Evidence}}\n"
    "  - {id: k.narrative, kind: narrative, frequency: month, dimensions: [site], label: {en: Narrative}}\n"
    "  - {id: k.ratio, kind: ratio, frequency: month, numerator: k.count, denominator: k.level,"
    " label: {en: Ratio}}\n";

/* No peer is ever gone. */
static inline bool room_reach(void *arg, struct str peer, struct str frame) {
    (void)arg;
    (void)peer;
    (void)frame;
    return true;
}

static inline void room_enter(struct room *room) {
    struct fault why = {""};
    char path[96];
    if (framework_load(&room->framework,
                       (snprintf(path, sizeof path, "%s/framework.yaml", room->directory), path),
                       &why) != 0 ||
        store_open(&room->store, (snprintf(path, sizeof path, "%s/data", room->directory), path),
                   &(struct store_options){.map_bytes = 1 << 20}, &why) != 0 ||
        catalogue_new(&room->catalogue, room->framework, room->store, &why) != 0 ||
        ledger_new(&room->ledger, room->store, &why) != 0)
        fail_msg("%s", why.text);
    committer_new(&room->committer, room->store, room->catalogue, room->ledger);
    ingest_new(&room->ingest, room->catalogue, room->ledger, room->committer,
               &(struct ingest_reach){room_reach, NULL});
    wire_writer_new(&room->reply, MESSAGE_BYTES_MAX);
}

/* As a daemon that stops: what was not committed is gone. */
static inline void room_leave(struct room *room) {
    wire_writer_destroy(&room->reply);
    ingest_destroy(&room->ingest);
    committer_destroy(&room->committer);
    ledger_destroy(&room->ledger);
    catalogue_destroy(&room->catalogue);
    store_close(&room->store);
    framework_destroy(&room->framework);
}

static inline void room_new_with(struct room *room, const char *framework) {
    *room = (struct room){.directory = "/tmp/suivi-test-XXXXXX", .now = ROOM_NOW};
    assert_non_null(mkdtemp(room->directory));
    char path[96];
    (void)snprintf(path, sizeof path, "%s/framework.yaml", room->directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(framework, file);
    (void)fclose(file);
    room_enter(room);
}

static inline void room_new(struct room *room) {
    room_new_with(room, room_framework);
}

static inline void room_destroy(struct room *room) {
    room_leave(room);
    static const char *const files[] = {"data/data.mdb", "data/lock.mdb",  "data/suivid.lock",
                                        "data",          "framework.yaml", ""};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", room->directory, files[i]);
        (void)remove(path);
    }
}

struct room_event {
    const char *indicator, *site, *language;
    int64_t at, number;
    const uint64_t *member; /* not NULL: a set of member_count */
    size_t member_count;
    const char *raw;           /* not NULL: a set of these bytes, whatever they are */
    const char *name;          /* not NULL: a name */
    const struct entry *entry; /* not NULL: an entry */
};

static inline void room_write_event(struct wire_writer *events, uint32_t series,
                                    const struct room_event *event) {
    if (event->entry) {
        message_write_event_entry(events, series, event->at, event->entry);
    } else if (event->raw) {
        message_write_event_set(events, series, event->at, str_of(event->raw));
    } else if (event->name) {
        message_write_event_name(events, series, event->at, str_of(event->name));
    } else if (event->member) {
        struct sketch *set;
        sketch_new(&set);
        for (size_t i = 0; i < event->member_count; i++)
            sketch_add(set, event->member[i]);
        message_write_event_set(events, series, event->at, sketch_bytes(set));
        sketch_destroy(&set);
    } else {
        message_write_event_number(events, series, event->at, event->number);
    }
}

/* Sends one batch, after a hello; the ack or error is in room->reply. */
static inline enum ingest_reply room_send(struct room *room, const char *source, const char *outbox,
                                          uint64_t seq, const struct room_event *event, size_t count) {
    struct wire_writer *series, *events, *frame;
    struct wire_reader reader;
    struct message_batch batch;
    struct message_flat flat = {0};
    enum message_type type;
    struct fault why = {""};
    wire_writer_new(&series, MESSAGE_BYTES_MAX);
    wire_writer_new(&events, MESSAGE_BYTES_MAX);
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct dims dims = {0};
        if (event[i].site)
            assert_int_equal(dims_add(&dims, STR("site"), str_of(event[i].site), NULL), 0);
        if (event[i].language)
            assert_int_equal(dims_add(&dims, STR("language"), str_of(event[i].language), NULL), 0);
        message_write_series(series, str_of(event[i].indicator), &dims);
        room_write_event(events, (uint32_t)i, &event[i]);
    }
    message_write_batch(frame,
                        &(struct message_batch){.source = str_of(source),
                                                .outbox = str_of(outbox),
                                                .seq = seq,
                                                .whole = room->whole,
                                                .series_count = (uint32_t)count,
                                                .event_count = (uint32_t)count},
                        series, events);
    wire_reader_init(&reader, wire_writer_data(frame), wire_writer_len(frame));
    if (message_open(&reader, &type, &why) != 0 || message_read_flat(&reader, &flat, &batch, &why) != 0)
        fail_msg("%s", why.text);
    wire_writer_reset(room->reply);
    ingest_hello(room->ingest, STR("peer"),
                 &(struct message_hello){.source = str_of(source), .outbox = str_of(outbox), .first = 1},
                 room->reply);
    wire_writer_reset(room->reply);
    room->digest =
        message_digest((struct str){(const char *)wire_writer_data(frame), wire_writer_len(frame)});
    enum ingest_reply when =
        ingest_batch(room->ingest, STR("peer"), &batch, &flat, room->digest, room->now, room->reply, &why);
    if (when == INGEST_HOLD)
        committer_hold(room->committer,
                       &(struct committer_reply){.peer = STR("peer"),
                                                 .frame = {(const char *)wire_writer_data(room->reply),
                                                           wire_writer_len(room->reply)},
                                                 .source = batch.source,
                                                 .seq = seq});
    message_flat_clear(&flat);
    wire_writer_destroy(&series);
    wire_writer_destroy(&events);
    wire_writer_destroy(&frame);
    return when;
}

struct room_released {
    size_t replies, failed;
};

static inline void room_count_release(void *arg, const struct committer_reply *reply, bool failed,
                                      const char *why) {
    struct room_released *released = arg;
    (void)reply;
    (void)why;
    released->replies++;
    released->failed += failed;
}

/* Commits what fills; how many replies that let go. */
static inline struct room_released room_commit(struct room *room) {
    struct room_released released = {0};
    struct fault why = {""};
    if (!committer_wanted(room->committer))
        return released;
    committer_start(room->committer, room->now);
    committer_run(room->committer);
    if (committer_finish(room->committer, room_count_release, &released, &why) != 0)
        fail_msg("%s", why.text);
    return released;
}

/* Writing past so many bytes of a file fails, as on a full disk; RLIM_INFINITY: no more. */
static inline void room_limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
}

/* What the reply is, opened for its reader. */
static inline enum message_type room_reply(struct room *room, struct wire_reader *reader) {
    enum message_type type;
    wire_reader_init(reader, wire_writer_data(room->reply), wire_writer_len(room->reply));
    assert_int_equal(message_open(reader, &type, NULL), 0);
    return type;
}

#endif
