/* Where figures lie on disk: names interned once, cells by day and by month, and the ledger of what was
 * counted.
 *
 * One writer at a time; any number of snapshots beside it, each seeing one moment. Nothing above this
 * interface assumes what is below it. Functions return 0 or a negative errno with `why`.
 *
 * Cells are addressed by (series, when, source): `when` counts days, or months, from 1970. A cell is a sum, to
 * which is added, or a set (proto/sketch.h); a series has cells of one sort, and any series may have entries
 * (proto/entry.h) beside them.
 *
 * Vintages: what is known grows by chapters, numbered from 1; each begins with the first commit of a UTC day, and
 * after a period was closed or a source's contribution withdrawn (store_end_vintage). Cells of days and entries
 * keep the vintage in which they came, so that what was known at the end of any vintage can be told. Rows of
 * months hold what is known now. */
#ifndef SUIVI_DAEMON_STORE_STORE_H
#define SUIVI_DAEMON_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/str.h"

struct store;

enum store_grain { STORE_DAYS, STORE_MONTHS };
enum store_names { STORE_SERIES, STORE_SOURCES };

/* Small tables of rows by key; what they hold is the affair of the modules named. */
enum store_rows {
    STORE_LEDGER,      /* daemon/books/balance.h */
    STORE_VINTAGES,    /* the store's own: number, 4 bytes big-endian -> see store_vintage_at */
    STORE_WITHDRAWALS, /* daemon/books/withdrawals.h */
    STORE_CLOSINGS,    /* daemon/figures/closings.h */
    STORE_REFUSALS,    /* daemon/books/refusals.h */
    STORE_DEFINITIONS, /* daemon/books/definitions.h */
    STORE_SEALS,       /* the store's own: see store_count_events */
    STORE_VERDICTS,    /* daemon/books/verdicts.h */
    STORE_ROW_TABLES
};

struct store_options {
    size_t map_bytes; /* where the map starts before it grows; 0: the usual */
};

/* Opens or makes the store in `directory`. -EBUSY: another daemon has it. -EPROTONOSUPPORT: written by
 * another version. */
int store_open(struct store **out, const char *directory, const struct store_options *options,
               struct fault *why);
void store_close(struct store **store);

/* Writing: begin, any number of puts, commit. After a failed put only store_abort may follow. Commit returns
 * when everything is synced to disk; when it fails nothing of it counts. -EAGAIN from a put or commit: the
 * room was made larger, begin anew. -ENOSPC: the disk is full, and may be tried again. -EIO: the disk failed;
 * until the store is opened anew every store_begin fails with it, and reading goes on. */
struct store_write;
struct store_snapshot;

int store_begin(struct store *store, struct store_write **out, struct fault *why);
int store_put_name(struct store_write *write, enum store_names table, uint32_t id, struct str text,
                   struct fault *why);
int store_put_ledger(struct store_write *write, struct str key, struct str row, struct fault *why);

/* What is put from now on belongs to the vintage of `now` (Unix time), which may begin with it; without this
 * call to the last one there is. store_write_vintage: its number. store_end_vintage: the next write begins another. */
int store_stamp(struct store_write *write, int64_t now, struct fault *why);
uint32_t store_write_vintage(const struct store_write *write);
int store_end_vintage(struct store_write *write, struct fault *why);

/* -ENOENT: no such row. Borrowed until the next put. */
int store_get_row(struct store_write *write, enum store_rows table, struct str key, struct str *row,
                  struct fault *why);
int store_put_row(struct store_write *write, enum store_rows table, struct str key, struct str row,
                  struct fault *why);

/* Takes the rows from the key `from` to the key `to`, both included, away. */
int store_drop_rows(struct store_write *write, enum store_rows table, struct str from, struct str to,
                    struct fault *why);

/* So many events of a source went into what this transaction puts. The seal of a source holds them, 8 bytes, after
 * the number that its sets and entries of days add up to, 8 bytes: both can be held against the ledger and the
 * cells, which are put by others. */
void store_count_events(struct store_write *write, uint32_t source, uint64_t events);

/* An entry as it is kept: `value` is the caller's (daemon/store/cell.h). Putting another under the same id, day, source and
 * vintage replaces it. */
int store_get_entry(struct store_write *write, uint32_t series, int32_t day, uint32_t source, uint64_t id,
                    struct str *value, struct fault *why);
int store_put_entry(struct store_write *write, uint32_t series, int32_t day, uint32_t source, uint64_t id,
                    struct str value, struct fault *why);

/* Takes the rows of months of one source away, of all series, from `first` to `last`. */
int store_drop_months(struct store_write *write, uint32_t source, int32_t first, int32_t last,
                      struct fault *why);

/* What the transaction would leave if it were committed now, to be read by the functions below. Borrowed until
 * the write ends, and not to be closed. What is read of it is borrowed until the next put only. */
int store_write_view(struct store_write *write, struct store_snapshot **out, struct fault *why);

/* Cells of days are those of this write's vintage alone. -ENOENT: no such cell. The bytes are borrowed until the
 * next put. */
int store_get_cell(struct store_write *write, enum store_grain grain, uint32_t series, int32_t when,
                   uint32_t source, struct str *out, struct fault *why);
int store_put_cell(struct store_write *write, enum store_grain grain, uint32_t series, int32_t when,
                   uint32_t source, struct str value, struct fault *why);

/* Adds to a sum, or begins it. Quick in rising order of (series / 64, when, source, series). */
int store_add(struct store_write *write, enum store_grain grain, uint32_t series, int32_t when,
              uint32_t source, int64_t value, struct fault *why);

int store_commit(struct store_write **write, struct fault *why);
void store_abort(struct store_write **write);

/* Reading: everything that is borrowed lives until the snapshot is closed. May be used on another thread than
 * the writer's. */

int store_snapshot_open(struct store *store, struct store_snapshot **out, struct fault *why);
void store_snapshot_close(struct store_snapshot **snapshot);

/* Call back in order of id, of key, or of (when, source, vintage). A result above 0 ends the walk (store_each_sum: of 64
 * neighbours), one below 0 is returned. -EAGAIN from these and all walks below: the writer waits for this snapshot
 * (store_snapshot_unwanted); close it and begin anew. */
int store_each_name(struct store_snapshot *snapshot, enum store_names table,
                    int (*visit)(void *arg, uint32_t id, struct str text), void *arg, struct fault *why);
int store_each_ledger(struct store_snapshot *snapshot,
                      int (*visit)(void *arg, struct str key, struct str row), void *arg, struct fault *why);

/* Rows whose key begins with `prefix`. */
int store_each_row(struct store_snapshot *snapshot, enum store_rows table, struct str prefix,
                   int (*visit)(void *arg, struct str key, struct str row), void *arg, struct fault *why);

/* -ENOENT: no such row. */
int store_find_row(struct store_snapshot *snapshot, enum store_rows table, struct str key, struct str *row,
                   struct fault *why);

struct store_vintage {
    uint32_t number;
    int64_t began; /* Unix time; never before that of the vintage before */
    bool ended;
};

/* The last vintage that began at or before `at` (INT64_MAX: the last one of all). number 0: there is none. */
int store_vintage_at(struct store_snapshot *snapshot, int64_t at, struct store_vintage *out,
                     struct fault *why);
/* -ENOENT */
int store_vintage_get(struct store_snapshot *snapshot, uint32_t number, struct store_vintage *out,
                      struct fault *why);

struct store_cell {
    int32_t when;
    uint32_t source;
    uint32_t vintage; /* of days; 0 for months */
    struct str value;
};

struct store_entry {
    int32_t day;
    uint32_t source, vintage;
    uint64_t id;
    struct str value;
};

/* The entries of one series from `first` to `last`, in order of (day, source, vintage, id). */
int store_each_entry(struct store_snapshot *snapshot, uint32_t series, int32_t first, int32_t last,
                     int (*visit)(void *arg, const struct store_entry *entry), void *arg, struct fault *why);
bool store_has_entries(struct store_snapshot *snapshot); /* of any series */

/* The first series from `series` on that has any; -ENOENT: there is none. */
int store_next_entries(struct store_snapshot *snapshot, uint32_t series, uint32_t *out, struct fault *why);

/* The cells of one series from `first` to `last`, both included. */
int store_each_cell(struct store_snapshot *snapshot, enum store_grain grain, uint32_t series, int32_t first,
                    int32_t last, int (*visit)(void *arg, const struct store_cell *cell), void *arg,
                    struct fault *why);

struct store_sum {
    size_t index; /* which of the series */
    int32_t when;
    uint32_t source;
    uint32_t vintage; /* of days; 0 for months */
    int64_t sum;
};

/* The sums of several series, given in rising order, from `first` to `last`: by 64 neighbouring series, and for
 * these in order of (when, source, vintage, series). */
int store_each_sum(struct store_snapshot *snapshot, enum store_grain grain, const uint32_t *series,
                   size_t count, int32_t first, int32_t last,
                   int (*visit)(void *arg, const struct store_sum *sum), void *arg, struct fault *why);

/* What one source gave to days, of whatever series: sums, sets or entries. */
enum store_sort { STORE_SUMS, STORE_SETS, STORE_ENTRIES };

struct store_given {
    uint32_t series;
    int32_t day;
    uint32_t vintage;
    int64_t sum;      /* of sums */
    struct str value; /* of the others */
};

/* From one end of a table to the other, from `series` and its day `from` on: by series, sums by 64 neighbours, and then by
 * day. Of the days from `first` to `last`. */
int store_each_given(struct store_snapshot *snapshot, enum store_sort sort, uint32_t source, uint32_t series,
                     int32_t from, int32_t first, int32_t last,
                     int (*visit)(void *arg, const struct store_given *given), void *arg, struct fault *why);

/* -ENOENT: there is no name of that number. */
int store_find_name(struct store_snapshot *snapshot, enum store_names table, uint32_t id, struct str *text,
                    struct fault *why);

/* The writer waits for all snapshots to be closed, to make room: who stays long asks now and then, and begins
 * anew. */
bool store_snapshot_unwanted(const struct store_snapshot *snapshot);

/* All there is, for who checks it: record after record as they lie, whether anything speaks of them or not. */
enum store_part {
    STORE_PART_FORMAT,
    STORE_PART_SERIES,
    STORE_PART_SOURCES,
    STORE_PART_LEDGER,
    STORE_PART_DAY_SUMS,
    STORE_PART_MONTH_SUMS,
    STORE_PART_DAYS,
    STORE_PART_MONTHS,
    STORE_PART_ENTRIES,
    STORE_PART_VINTAGES,
    STORE_PART_WITHDRAWALS,
    STORE_PART_CLOSINGS,
    STORE_PART_REFUSALS,
    STORE_PART_DEFINITIONS,
    STORE_PART_VERDICTS,
    STORE_PART_SEALS, /* after all that it is of */
    STORE_PARTS
};

#define STORE_NEIGHBOURS 64

struct store_record {
    size_t bytes;          /* of key and value */
    struct str key, value; /* as they lie; the value of a name is its text */
    bool well_formed;      /* else nothing below is set */
    /* Of a name, a vintage; of a cell's or entry's series; sums: of the first of STORE_NEIGHBOURS. */
    uint32_t number;
    int32_t when; /* cells, sums, entries */
    uint32_t source;
    uint32_t vintage; /* of days and entries */
    uint64_t id;      /* of an entry */
    int64_t began;    /* of a vintage */
    uint64_t seal;    /* sets of days and entries: what they add to it; else the seal of a source */
    uint64_t events;  /* of a seal: how many went into the cells and entries of its source */
    uint64_t mask;    /* sums: which of the neighbours are there, */
    int64_t sum[STORE_NEIGHBOURS]; /* and theirs */
};

/* Going through records relies on the pages that hold them. Where these were overwritten, that is told by
 * `broken`, and the part must not be scanned; STORE_PARTS: what holds no records. */
struct store_page_check {
    int (*look_up)(void *arg); /* asked for every page: below 0 ends the check, and is returned */
    void (*broken)(void *arg, enum store_part part, const char *why);
    void *arg;
};

/* To be called right after store_snapshot_open; -EAGAIN: too late, begin anew. */
int store_check_pages(struct store_snapshot *snapshot, const struct store_page_check *check,
                      struct fault *why);

struct store_scan;

const char *store_part_name(enum store_part part); /* as docs/store.md calls it */
int store_scan_open(struct store_scan **out, struct store_snapshot *snapshot, enum store_part part,
                    struct fault *why);
void store_scan_close(struct store_scan **scan);

/* 1: the next record, by rising keys; 0: there is none; below: it cannot be read any further. */
int store_scan_next(struct store_scan *scan, struct store_record *out, struct fault *why);

#endif
