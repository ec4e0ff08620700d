/* What a run is made of: for world.c (what happens, and when), daemon_side.c and collector_side.c (who lives in
 * it) and judge.c (what must come out). */
#ifndef SUIVI_SIMULATION_WORLD_PRIV_H
#define SUIVI_SIMULATION_WORLD_PRIV_H

#include "clients/lib/suivi.h"
#include "daemon/intake/intake.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/network.h"
#include "tests/simulation/stand_ins.h"
#include "tests/simulation/world.h"

#define COLLECTORS_MAX 4 /* three and a copy */
#define LINES_MAX      64
#define DAYS           90 /* of 2018, from 1 January */
#define SITES          3
#define SLOTS          19 /* lines that count on one day at one site: each adds another power of four */
#define PEOPLE         64
#define NAMES          4
#define IDS_MAX        (COLLECTORS_MAX * LINES_MAX)
#define DAY_1          INT64_C(1514764800) /* 2018-01-01 in Unix time */
#define NAME_MAX_BYTES 32
#define DAEMON_FILE    "/daemon/data.mdb"

enum line_kind {
    LINE_VISITS, /* a number that counts */
    LINE_PEOPLE, /* a set */
    LINE_GIFT,   /* an entry that counts; others may say the same under its id */
    LINE_LEVEL,
    LINE_STATUS,
    LINE_NAME,
    LINE_RETRACTION, /* of an entry, by its id */
};

/* One event of a collector's input. Its time of day in seconds is twice its place in the input, and one more when it
 * is an entry: so no entry is of the time of a reading. */
struct line {
    enum line_kind kind;
    bool valid;    /* the daemon is to count it; otherwise to refuse it */
    bool is_entry; /* gifts and retractions always, levels, statuses and names now and then */
    const char *indicator, *site_name;
    unsigned day, site;
    unsigned
        slot; /* visits, gifts: its value is 4^slot, so that the day's figure tells how often each line counted */
    uint64_t people; /* a bit for each */
    int64_t value;   /* level, status */
    unsigned name;
    bool removed;
    uint64_t id, retracts; /* entries */
    bool retracted;        /* as judge.c finds */

    /* Lines that count as a whole or not at all: from the first, by how many they are; 0: by itself. */
    unsigned whole_first, whole_count;
};

struct collector {
    unsigned index;
    char directory[NAME_MAX_BYTES], file[NAME_MAX_BYTES], source[NAME_MAX_BYTES], endpoint[NAME_MAX_BYTES];
    struct line line[LINES_MAX]; /* its input: a log that it can read again */
    unsigned lines;
    const struct collector *original; /* it is a copy of that one, made at line `shared` */
    unsigned shared;
    bool was_copied;

    struct suivi *client; /* NULL: not running */
    bool killed;          /* dead from here on: what it still does reaches neither disk nor network */
    unsigned position;    /* the next line */
    unsigned uncommitted; /* lines read since the last commit */
    bool again;           /* a commit failed and is to be tried again */
    bool stale;           /* it said that it is a copy, and stopped for good */
    bool done;
    int64_t clock_ms; /* ahead of the true time */

    bool refused[LINES_MAX]; /* kept on disk */
    unsigned keeping[LINES_MAX], keeping_count;
};

enum phase { PHASE_IDLE, PHASE_STARTED, PHASE_RAN };

struct daemon {
    struct store *store;
    struct catalogue *catalogue;
    struct intake *intake; /* NULL: not running */
    enum phase phase;      /* of its commit */
    bool killed;           /* as for a collector */
    bool broken;           /* LMDB refuses all work until the daemon is started anew */
    bool finishing;
    unsigned acks; /* sent by this commit */
    int64_t clock_s;
};

/* Chances per mille. */
struct faults {
    struct network_faults network;
    unsigned break_connection;            /* a step */
    unsigned kill;                        /* a step, a frame sent, a use of the disk */
    unsigned full, failed_sync, map_full; /* a use of the disk */
    unsigned jump;                        /* a step */
};

struct world {
    struct dice dice;
    struct faults faults;
    struct tally *tally;
    struct world_result *result;
    bool trace;
    const struct framework *framework;
    struct disk *disk;
    struct network *network;
    struct stand_ins stand_ins;
    int64_t now_ms;
    uint64_t acks; /* that left the daemon */
    struct daemon daemon;
    struct collector collector[COLLECTORS_MAX];
    unsigned collectors;
    unsigned first_day, days;       /* that the input speaks of, most of all */
    unsigned slots[2][DAYS][SITES]; /* of visits and of gifts */
    struct line said[IDS_MAX];      /* the entries of all lines, for others to repeat or retract */
    unsigned said_count;
    uint64_t ids;                 /* drawn */
    int welcomed[COLLECTORS_MAX]; /* by source (the first collector of that name): whom it was, plus one */
};

void world_fail(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Something happened: told when traced, and part of the digest. `who`: a collector's number, or DAEMON. */
#define DAEMON (-1)
void world_note(struct world *world, int who, const char *what, uint64_t number);

/* daemon_side.c */
void daemon_start(struct world *world);
void daemon_kill(struct world *world);
void daemon_step(struct world *world);
void daemon_settle(struct world *world); /* takes all that has come, and commits it */

/* A number of a numbering's row in the committed ledger: 0 the last sequence number, then as in docs/store.md.
 * False: there is none. */
enum ledger_field {
    LEDGER_LAST,
    LEDGER_BATCHES,
    LEDGER_BATCHES_AGAIN,
    LEDGER_READ,
    LEDGER_ACCEPTED,
    LEDGER_REFUSED,
    LEDGER_REPEATED,
    LEDGER_GAP
};
bool daemon_ledger(const struct world *world, const struct collector *collector, enum ledger_field field,
                   uint64_t *out);

/* lines.c */
void lines_draw(struct world *world, struct collector *collector, unsigned from, bool only_visits);
int64_t line_at(const struct collector *collector, const struct line *line); /* Unix time */
extern const char *const line_names[NAMES];
int line_say(const struct collector *collector, unsigned index, struct suivi *client);

/* Whether a line begins those that count as a whole, or is the first one after them. */
bool line_is_edge(const struct collector *collector, unsigned index);

/* collector_side.c */
void collector_new(struct world *world, bool only_visits, const char *source);
bool collector_copy(struct world *world, struct collector *from); /* false: nothing of it is on disk yet */
void collector_start(struct world *world, struct collector *collector);
void collector_stop(struct world *world, struct collector *collector); /* exits, or is killed */
void collector_step(struct world *world, struct collector *collector);
void collector_settle(struct world *world, struct collector *collector); /* one round of a run to the end */
int collector_refused(void *arg, const char *directory, int moment, int64_t at);

/* judge.c */
void judge(struct world *world);

#endif
