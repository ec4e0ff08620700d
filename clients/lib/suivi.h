/* libsuivi: send indicator events to suivid, each counted exactly once, and ask for figures.
 *
 * A client has a directory of its own. In it lies the outbox (LMDB): what was counted and the caller's own
 * records (its position in a log, say) are saved there in ONE transaction by suivi_commit, and sent from
 * there until the daemon has them on disk. Whatever is killed at whatever moment, nothing is lost and nothing
 * counts twice.
 *
 *     struct suivi *s;
 *     const struct suivi_options options = {.state = "/var/lib/suivi/mine", .source = "mine@host"};
 *     if (suivi_open(&s, &options) == 0) {
 *         suivi_count(s, "lists.posts", dims, 1, time(NULL), 1);
 *         suivi_commit(s);        // on disk here
 *         suivi_deliver(s, 5000); // on disk there
 *     }
 *     suivi_close(&s);
 *
 * Functions return 0 or a negative errno; suivi_why then holds one sentence for a person. Not thread-safe:
 * one thread, one client. Strings passed in are copied. */
#ifndef SUIVI_H
#define SUIVI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct suivi;

struct suivi_options {
    const char *endpoint; /* NULL: $SUIVI_ENDPOINT or the default place */
    const char *state;    /* directory, made when missing; needed to count, not to query */
    const char *source;   /* "collector@host"; needed with `state` */
    const char *software; /* "suivi-weblog 0.1"; may be NULL */
};

struct suivi_dim {
    const char *name, *value;
};

/* Always sets *out, so that suivi_why can be asked; close it in any case. -EBUSY: another process has this
 * state. */
int suivi_open(struct suivi **out, const struct suivi_options *options);
void suivi_close(struct suivi **client);
const char *suivi_why(const struct suivi *client);

/* Counting: kept in memory until suivi_commit. `at` is the event's own Unix time. -EINVAL: a name or value
 * that cannot be sent. Another errno: a commit failed, was rolled back, and the state cannot be read. */
int suivi_count(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
                int64_t at, int64_t value);
int suivi_distinct(struct suivi *client, const char *indicator, const struct suivi_dim *dims,
                   size_t dim_count, int64_t at, const uint64_t *hashes, size_t hash_count);

/* A name of a roster, as collectors read it from registers. The same again counts once. */
int suivi_name(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
               int64_t at, const char *name);

/* What people say: an entry, of which each kind of indicator takes some fields (docs/kinds.md); NULL, 0 or empty
 * leaves one out. */
struct suivi_entry {
    /* 1 to 2^63 - 1: the same entry has the same id, and counts once. 0: one is drawn at random. */
    uint64_t id;
    int64_t recorded; /* Unix time at which it was said; 0: now */
    bool has_value;
    bool holds; /* the value is the figure of its series and day, and replaces what is known of these */
    int64_t value;
    const char *name;
    bool removed;
    const char *done; /* a day, "2018-09-12" */
    const char *title, *link, *file, *note;
    const unsigned char *sha256; /* 32 bytes */
    const char *const *parts;    /* 6 texts, of a case study */
    const char *reason;          /* why it corrects what was said before */
    uint64_t retracts;           /* id of the entry that no longer counts */
};

/* *id (may be NULL): the entry's id. -EINVAL: it cannot be sent. */
int suivi_record(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
                 int64_t at, const struct suivi_entry *entry, uint64_t *id);

/* A remark is no part of any figure, and says how those of its day came to be. The same again stands once. */
enum suivi_remark {
    SUIVI_METHOD, /* how it was counted: title "robots list", note "2018-01-31". Where the note of one title changes from one
                   * day to a later one, the series has a break */
    SUIVI_BREAK, /* what was counted from that day on does not go together with what was before */
    SUIVI_EVENT, /* something to know */
};

int suivi_remark(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
                 int64_t at, enum suivi_remark remark, const char *title, const char *note);

/* Until the next suivi_commit: if the daemon refuses one event of a batch, it refuses all of that batch. */
void suivi_whole(struct suivi *client);

/* The caller's own records, small keys and values, saved with the next suivi_commit and seen by suivi_get at
 * once. Keys at most 255 bytes. suivi_get: -ENOENT when there is none; *value is borrowed until the next call
 * on `client`. */
int suivi_get(struct suivi *client, const void *key, size_t key_len, const void **value, size_t *value_len);
int suivi_put(struct suivi *client, const void *key, size_t key_len, const void *value, size_t value_len);
int suivi_delete(struct suivi *client, const void *key, size_t key_len);

/* Calls `visit` for each record whose key starts with `prefix`, in key order, until it returns other than 0,
 * which is then returned. `visit` may not call the client. */
int suivi_scan(struct suivi *client, const void *prefix, size_t prefix_len,
               int (*visit)(void *arg, const void *key, size_t key_len, const void *value, size_t value_len),
               void *arg);

/* Saves what was counted as batches, together with the records, in one synced transaction. -ENOSPC: disk, quota
 * or outbox full, or a limit on the length of files reached; nothing was saved then and everything is still
 * held, so that it can be tried again. -ESTALE, once suivi_deliver or suivi_exchange has said so: the daemon
 * has batches of this state that the state does not know, because it was put back from an older copy. Nothing
 * is saved or sent from it any more. */
int suivi_commit(struct suivi *client);

/* Forgets what was counted and put since the last suivi_commit. */
void suivi_rollback(struct suivi *client);

/* Sends what the outbox holds and waits until every batch is acknowledged. -ENOTCONN: no daemon answered
 * within `timeout_ms`, or it went away; everything waits in the outbox. The time runs anew with each
 * answer. -EBUSY: within that time another collector sent as this source; likewise. */
int suivi_deliver(struct suivi *client, int timeout_ms);

/* Sends and takes acks as far as goes without waiting longer than `timeout_ms`; for collectors that stay.
 * What still waits is no failure; -ENOTCONN: nobody has answered for three seconds; -EBUSY: another collector sends
 * as this source. Go on calling it. */
int suivi_exchange(struct suivi *client, int timeout_ms);

uint64_t suivi_waiting(const struct suivi *client); /* batches in the outbox */

struct suivi_tally {
    uint64_t batches, events; /* acknowledged in this run; the events as many as were in these batches */
    uint64_t counted;         /* of these events, counted now */
    uint64_t again;           /* likewise of batches known to the daemon already; what remains it refused */
    uint64_t repeated;        /* of these batches, known to the daemon already */
    uint64_t missing; /* batches the daemon had acknowledged and has no more: it was put back from a copy */
    uint64_t refused; /* events refused, batches damaged here; each is a line in STATE/refused.log */
    char first_reason[256]; /* why the first of them was */
};

struct suivi_tally suivi_tally(const struct suivi *client);

/* Queries. Strings as in `suivi figures`; NULL or 0 leaves a part open. */
struct suivi_query {
    const char *const *indicators; /* ids or globs */
    size_t indicator_count;
    const char *from, *to, *by, *language;
    const char *const *split;
    size_t split_count;
    const struct suivi_dim *where;
    size_t where_count;
    const char *as_of;  /* a day: what was known at its end */
    const char *sum_of; /* type of period: add up the figures of such periods, where that may be */
    bool reported;      /* of closed periods the value as it was reported */
    bool gaps;          /* tell periods without a value, too */
    bool outside;       /* for others than the organisation: small numbers are withheld */
};

struct suivi_indicator {
    const char *id, *code, *kind, *label, *note, *unit;
};

/* Four kinds of nothing; zero is a value. */
enum suivi_state { SUIVI_VALUE, SUIVI_MISSING, SUIVI_NOT_DUE, SUIVI_WITHHELD };

struct suivi_figure {
    const char *indicator, *period;
    const char *const *dims; /* split_count values, "" where not broken down */
    int64_t value;
    const char *note;
    enum suivi_state state;
    unsigned decimals; /* the value is so many digits after the point: 125 with 1 is 12.5 */
    bool has_reported; /* the period is closed: */
    int64_t reported;  /* its value as it was reported */
    bool has_target;
    int64_t target;
    uint32_t heard, days; /* coverage: heard from on so many of so many days; days 0: not said */
    bool has_on_time;
    int64_t on_time; /* of a milestone: how many of what was done were done by their due day */
};

/* Calls back for each indicator (before its first figure) and each figure, sorted by indicator, period and
 * dimensions; either callback may be NULL. Strings are borrowed for the call. */
int suivi_query(struct suivi *client, const struct suivi_query *query, int timeout_ms,
                void (*on_indicator)(void *arg, const struct suivi_indicator *indicator),
                void (*on_figure)(void *arg, const struct suivi_figure *figure), void *arg);

/* What the daemon heard from one source through one outbox: in events, read = accepted + refused + repeated; in
 * batches, last = batches + missing. */
struct suivi_source {
    const char *source, *outbox;
    uint64_t batches;                           /* counted */
    uint64_t read, accepted, refused, repeated; /* events */
    uint64_t batches_again;                     /* batches that came again, and were not counted again */
    uint64_t last;                              /* number of the last batch */
    uint64_t missing;                           /* batches that never came */
    int64_t heard;                              /* Unix time of the last batch; 0: none came yet */
};

/* Calls back for each source and outbox, in order. Strings are borrowed for the call. */
int suivi_sources(struct suivi *client, int timeout_ms,
                  void (*on_source)(void *arg, const struct suivi_source *source), void *arg);

struct suivi_checked {
    uint64_t findings;      /* also those that were not told */
    uint64_t names;         /* of series and sources */
    uint64_t cells, months; /* figures of single days and of months, for each series and source */
    uint64_t sources;       /* whose ledger was held against their cells */
    uint64_t bytes;         /* of all records */
};

/* Has the daemon go through its whole store. Calls back with each finding, one sentence; 0 also when there are
 * some. It may take minutes: `timeout_ms` is for a sign of life, which comes every second. -EAGAIN: the store
 * is being checked for somebody else. */
int suivi_check(struct suivi *client, int timeout_ms, void (*on_finding)(void *arg, const char *sentence),
                void *arg, struct suivi_checked *checked);

/* What the plan promises to measure. Patterns as in a query. */
struct suivi_plan {
    const char *name, *title, *plan;
};

struct suivi_dimension {
    const char *name;
    const char *const *values; /* the closed list */
    size_t value_count;        /* 0: any value */
};

struct suivi_promise {
    const char *id, *code, *area, *kind, *frequency, *unit, *label, *definition, *method, *method_version,
        *fed_by, *target, *baseline, *due; /* `due`: "09-30", "+30d", or empty: the last day of the period */
    const struct suivi_dimension *dims;
    size_t dim_count;
};

int suivi_ask_plan(struct suivi *client, const char *const *indicators, size_t indicator_count,
                   const char *language, int timeout_ms,
                   void (*on_plan)(void *arg, const struct suivi_plan *plan),
                   void (*on_promise)(void *arg, const struct suivi_promise *promise), void *arg);

/* How a figure came to be. Everything is borrowed for the call of `tell`. */
struct suivi_part {
    const char *source;
    int64_t value;
    uint32_t days;
    const char *first, *last;
    int64_t heard;
    uint64_t error; /* the standard error of `value`, at most; 0: it is exact */
};

struct suivi_entry_row {
    const char *source;
    const struct suivi_dim *dims;
    size_t dim_count;
    int64_t at, received;
    const char *state; /* "counts", "retracted", "withdrawn", "superseded", "replaced" */
    struct suivi_entry entry;
};

struct suivi_withdrawal {
    const char *source, *first, *last, *reason;
    int64_t at;
};

struct suivi_refusal {
    const char *source, *reason;
    uint64_t count;
    int64_t at;
};

struct suivi_version {
    const char *version, *since;
    int64_t seen;
};

struct suivi_closing {
    const char *period, *digest, *note;
    int64_t at;
    uint64_t figures;
    uint32_t vintage;
};

struct suivi_move {
    int64_t at, difference;
    const char *source, *what;
};

struct suivi_operand {
    const char *indicator, *label;
    struct suivi_figure figure;
};

/* How it was counted, and what else was remarked; the same of days in a row once. */
struct suivi_remark_row {
    enum suivi_remark remark;
    const char *source;
    const struct suivi_dim *dims; /* what it is about; those left out may have any value */
    size_t dim_count;
    const char *first, *last; /* days */
    uint32_t days;            /* on which it was said */
    const char *title, *note;
};

/* What the indicator meant when a period was closed. */
struct suivi_meaning {
    const char *period, *version;            /* of the closing, of the method */
    bool changed;                            /* it means something else by now */
    bool kept;                               /* its words are known */
    const char *label, *definition, *method; /* as they were then */
};

struct suivi_explanation {
    struct suivi_indicator indicator;
    const char *definition, *method, *method_version, *fed_by;
    struct suivi_figure figure;
    uint64_t more; /* rows that are not told */
    const struct suivi_part *parts;
    const struct suivi_entry_row *entries;
    const struct suivi_withdrawal *withdrawals;
    const struct suivi_refusal *refusals;
    const struct suivi_version *versions;
    const struct suivi_closing *closings;
    const struct suivi_move *moves;
    const struct suivi_operand *operands;
    size_t part_count, entry_count, withdrawal_count, refusal_count, version_count, closing_count, move_count,
        operand_count;
    const struct suivi_remark_row *remarks;
    size_t remark_count;
    const struct suivi_meaning *meanings; /* one for each of the closings, while there is room */
    size_t meaning_count;
    bool gone; /* the plan has the indicator no more: the figure is what was reported */
};

int suivi_explain(struct suivi *client, const char *indicator, const char *period,
                  const struct suivi_dim *where, size_t where_count, const char *language, int timeout_ms,
                  void (*tell)(void *arg, const struct suivi_explanation *explanation), void *arg);

/* What is late, missing, short, silent or soon due. `on`: a day, NULL: today. */
struct suivi_duty {
    const char *state; /* "late", "missing", "short", "silent", "soon" */
    const char *indicator, *code, *label;
    const struct suivi_dim *dims;
    size_t dim_count;
    const char *period, *due;
    int64_t days, value, target, heard;
    const char *note;
};

int suivi_due(struct suivi *client, const char *on, unsigned within_days, const char *language,
              int timeout_ms, void (*on_duty)(void *arg, const struct suivi_duty *duty), void *arg);

/* Closed periods: all there are; and closing one, which keeps its figures as they are reported now, for good. */
int suivi_closings(struct suivi *client, int timeout_ms,
                   void (*on_closing)(void *arg, const struct suivi_closing *closing), void *arg);
int suivi_close_period(struct suivi *client, const char *period, const char *note, int timeout_ms,
                       void (*on_closing)(void *arg, const struct suivi_closing *closing), void *arg);

/* Takes what a source gave to the days from `from` to `to` (periods) back, so that it can be counted again. */
struct suivi_withdrawn {
    char first[16], last[16]; /* days */
    uint64_t figures;
};

int suivi_withdraw(struct suivi *client, const char *source, const char *from, const char *to,
                   const char *reason, int timeout_ms, struct suivi_withdrawn *withdrawn);

#ifdef __cplusplus
}
#endif

#endif
