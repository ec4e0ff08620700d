/* What the audit_*.c files share: the store as it is gone through, table by table. */
#ifndef SUIVI_DAEMON_AUDIT_AUDIT_PRIV_H
#define SUIVI_DAEMON_AUDIT_AUDIT_PRIV_H

#include "daemon/audit/audit.h"
#include "daemon/books/catalogue.h"
#include "daemon/books/withdrawals.h"
#include "proto/kind.h"

#define AUDIT_NAME_MAX 200 /* bytes of a series' or source's name in a sentence */
#define AUDIT_RESTORE  "restore the store from a backup"

struct audit_source {
    struct str name;   /* borrowed from the snapshot; empty: there is none */
    uint64_t cells;    /* its sums of days, added up; wraps round */
    uint64_t ledger;   /* the totals of its rows in the ledger; likewise */
    bool counted;      /* it has cells */
    bool has_row;      /* in the ledger */
    bool cannot_tell;  /* a sum is held at its end, a row cannot be read, or another has its name */
    uint64_t sealed;   /* what its sets and entries of days add up to; wraps round */
    uint64_t seal;     /* what the store says they do */
    uint64_t accepted; /* events, by its rows in the ledger */
    uint64_t events;   /* events, by what was put into cells and entries */
};

struct audit {
    struct store_snapshot *snapshot;
    bool (*go_on)(void *arg);
    void *arg;
    int64_t now; /* Unix time */
    uint32_t steps;
    struct wire_writer *findings;
    uint32_t finding_count;
    struct message_checked checked;
    uint8_t *kind; /* by series; 0: none that is known */
    uint32_t series_count, series_room;
    struct audit_source *source;
    uint32_t source_count, source_room;
    uint32_t vintage;                /* the last one */
    struct withdrawals *withdrawals; /* NULL: they cannot be read */
    bool names_whole, sums_whole, sets_whole, entries_whole, vintages_whole,
        ledger_whole;         /* could be read to their ends */
    bool broken[STORE_PARTS]; /* their pages: they cannot be read */
};

/* One sentence with what, where and what to do. */
void audit_find(struct audit *audit, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A walk over one part of the store. Records that are none are found and passed over, and so is the rest of a
 * part that cannot be read any further; `whole` is false then. */
struct audit_walk {
    struct audit *audit;
    enum store_part part;
    struct store_scan *scan;
    struct store_record record; /* the present one, if `has` */
    bool has, whole;
};

/* Both stand at a record, if there is one. -ECANCELED; -EAGAIN: all must begin anew, on another snapshot. */
int audit_walk_open(struct audit_walk *walk, struct audit *audit, enum store_part part);
int audit_walk_next(struct audit_walk *walk);
void audit_walk_close(struct audit_walk *walk);

/* Days and months side by side, both by series and time: the first month of the first series that either stands
 * at. False: both are at their ends. Days outside the calendar make months before and after all others. */
struct audit_month {
    uint32_t series;
    int32_t month;
};

bool audit_first_month(const struct audit_walk *days, const struct audit_walk *months,
                       struct audit_month *out);
bool audit_day_is_of(const struct audit_walk *days, const struct audit_month *month);
bool audit_month_is(const struct audit_walk *months, const struct audit_month *month);

/* How sentences name things. Each returns `out`. */
typedef char audit_name[AUDIT_NAME_MAX + 1];
const char *audit_series_name(struct audit *audit, uint32_t series, audit_name out);
const char *audit_source_name(struct audit *audit, uint32_t source, audit_name out);

const char *audit_when_name(enum store_grain grain, int32_t when, audit_name out);

bool audit_in_calendar(enum store_grain grain, int32_t when);
struct audit_source *audit_source_at(struct audit *audit, uint32_t source); /* NULL: not known */

/* Whether days or entries may be of that vintage, as far as can be told. */
bool audit_has_begun(const struct audit *audit, uint32_t vintage);

/* Whether a record of days counts, and so is in its month's row. */
bool audit_counts(const struct audit *audit, const struct store_record *record);

/* One part of the work each; results as audit_walk_next. */
int audit_names(struct audit *audit);
int audit_rows(struct audit *audit); /* vintages, withdrawals, closings, refusals, definitions */
int audit_sums(struct audit *audit);
int audit_sets(struct audit *audit);
int audit_entries(struct audit *audit);
int audit_ledger(struct audit *audit);
int audit_seals(struct audit *audit);

#endif
