/* A store damaged on purpose, below all that would refuse it, and what the audit says of it. */
#ifndef TESTS_DAMAGE_H
#define TESTS_DAMAGE_H

#include "tests/unit/room.h"

#include <endian.h>
#include <lmdb.h>
#include <string.h>

#include "daemon/audit/audit.h"

/* The file below the store; the room is left. */
struct damaged {
    MDB_env *env;
    MDB_txn *txn;
};

static inline MDB_dbi damage_table(struct damaged *damaged, const char *table) {
    MDB_dbi dbi;
    assert_int_equal(mdb_dbi_open(damaged->txn, table, 0, &dbi), 0);
    return dbi;
}

static inline void damage_put(struct damaged *damaged, const char *table, struct str key, struct str value) {
    MDB_val k = {key.len, (void *)(uintptr_t)key.at}, v = {value.len, (void *)(uintptr_t)value.at};
    assert_int_equal(mdb_put(damaged->txn, damage_table(damaged, table), &k, &v, 0), 0);
}

static inline void damage_drop(struct damaged *damaged, const char *table, struct str key) {
    MDB_val k = {key.len, (void *)(uintptr_t)key.at};
    assert_int_equal(mdb_del(damaged->txn, damage_table(damaged, table), &k, NULL), 0);
}

struct damage_key {
    uint32_t word[4];
    size_t words;
};

/* Where a cell lies in that table: those of days have the vintage, which is the first one. */
static inline struct damage_key damage_cell(const char *table, uint32_t series, int32_t when,
                                            uint32_t source) {
    bool is_day = strcmp(table, "days") == 0 || strcmp(table, "day_sums") == 0;
    return (struct damage_key){
        {htobe32(series), htobe32((uint32_t)when ^ 0x80000000u), htobe32(source), htobe32(1)},
        is_day ? 4 : 3};
}

static inline struct str damage_cell_str(const struct damage_key *key) {
    return (struct str){(const char *)key->word, key->words * sizeof *key->word};
}

#define AUDITED_AT 1893456000 /* 2030-01-01: nothing in a test's store is later, unless it was damaged so */

struct audited {
    size_t told;
    struct message_checked checked;
    char text[2048]; /* the first findings, one a line */
};

static inline bool damage_always(void *arg) {
    (void)arg;
    return true;
}

static inline struct audited audited_run(struct store *store) {
    struct frames *frames;
    struct fault why = {""};
    struct wire_reader reader;
    enum message_type type;
    struct message_findings findings;
    struct audited audited = {0};
    if (audit_run(&frames, &(struct message_check){77}, store, AUDITED_AT, damage_always, NULL, &why) != 0)
        fail_msg("%s", why.text);
    assert_int_equal(frames_count(frames), 1);
    struct str frame = frames_at(frames, 0);
    wire_reader_init(&reader, frame.at, frame.len);
    assert_int_equal(message_open(&reader, &type, NULL), 0);
    assert_int_equal(message_read_findings(&reader, &findings, NULL), 0);
    assert_true(findings.last && findings.id == 77);
    audited.told = findings.finding_count;
    audited.checked = findings.checked;
    for (uint32_t i = 0; i < findings.finding_count; i++) {
        struct str text;
        message_next_finding(&findings, &text);
        size_t used = strlen(audited.text);
        (void)snprintf(audited.text + used, sizeof audited.text - used, "%.*s\n", STR_ARG(text));
    }
    frames_destroy(&frames);
    return audited;
}

static inline struct store *damage_open(const struct room *room) {
    char path[96];
    struct store *store;
    struct fault why = {""};
    (void)snprintf(path, sizeof path, "%s/data", room->directory);
    if (store_open(&store, path, NULL, &why) != 0)
        fail_msg("%s", why.text);
    return store;
}

static inline void damage_reach(const struct room *room, void (*damage)(struct damaged *damaged)) {
    struct damaged damaged;
    char path[96];
    (void)snprintf(path, sizeof path, "%s/data", room->directory);
    assert_int_equal(mdb_env_create(&damaged.env), 0);
    assert_int_equal(mdb_env_set_maxdbs(damaged.env, 16), 0);
    assert_int_equal(mdb_env_set_mapsize(damaged.env, 16u << 20), 0);
    assert_int_equal(mdb_env_open(damaged.env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(damaged.env, NULL, 0, &damaged.txn), 0);
    damage(&damaged);
    assert_int_equal(mdb_txn_commit(damaged.txn), 0);
    mdb_env_close(damaged.env);
}

static inline void damage_remove(struct room *room) {
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", room->directory);
    assert_int_equal(system(command), 0);
}

/* Each finding ends with what to do. */
static inline void audited_cut_mends(char *text) {
    char *to = text;
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n'), *mend = strchr(line, ';');
        assert_true(end && mend && mend < end);
        memmove(to, line, (size_t)(mend - line));
        to += mend - line;
        *to++ = '\n';
        line = end + 1;
    }
    *to = '\0';
}

#endif
