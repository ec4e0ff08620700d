/* Sets: each is one, of a known series that is distinct and of a known source, within the calendar, and each
 * month is the union of its days. Days and months are walked side by side, one series at a time. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/audit/audit_priv.h"
#include "proto/check.h"
#include "proto/sketch.h"

struct day_set {
    uint32_t source;
    struct str set; /* borrowed from the snapshot; NULL: it is damaged */
};

struct sets {
    struct audit *audit;
    struct audit_walk days, months;
    struct day_set *day; /* of this month; sorted by source once all are there */
    size_t day_count, day_room, at;
    struct sketch *scratch;
};

/* One finding about a cell: "SERIES: BEFORE of WHEN from SOURCE AFTER". */
static void find_at(struct audit *audit, const char *before, enum store_grain grain, uint32_t series,
                    int32_t when, uint32_t source, const char *after) {
    audit_name series_name, source_name, when_name;
    audit_find(audit, "%s: %s of %s from %s%s; " AUDIT_RESTORE, audit_series_name(audit, series, series_name),
               before, audit_when_name(grain, when, when_name), audit_source_name(audit, source, source_name),
               after);
}

/* What is wrong with the record, whatever its month; true: it can be folded. */
static bool check_record(struct audit *audit, const struct store_record *record, enum store_grain grain,
                         bool *valid) {
    uint8_t kind = record->number < audit->series_count ? audit->kind[record->number] : 0;
    bool in_calendar = audit_in_calendar(grain, record->when);
    const char *what = NULL;
    *valid = sketch_valid(record->value);
    if (!in_calendar)
        what = " is outside the calendar";
    else if (audit->names_whole && audit_source_at(audit, record->source) == NULL)
        what = " is there";
    else if (grain == STORE_DAYS && !audit_has_begun(audit, record->vintage))
        what = " is there, of a vintage that has not begun";
    else if (kind != 0 && kind != KIND_DISTINCT)
        what = " is there, but this is not counted by sets";
    else if (kind == 0 && audit->names_whole)
        what = " is there, but this is no known series";
    if (what)
        find_at(audit, "a set", grain, record->number, record->when, record->source, what);
    if (!*valid)
        find_at(audit, "the set", grain, record->number, record->when, record->source, " is damaged");
    return in_calendar;
}

static void take_day(struct sets *sets, const struct store_record *record) {
    struct audit_source *from = audit_source_at(sets->audit, record->source);
    bool valid;
    if (from) {
        from->counted = true;
        from->sealed += record->seal;
    }
    sets->audit->checked.cells++;
    if (!check_record(sets->audit, record, STORE_DAYS, &valid) || !audit_counts(sets->audit, record))
        return;
    if (sets->day_count == sets->day_room) {
        sets->day_room = sets->day_room ? sets->day_room * 2 : 64;
        sets->day = mem_resize(sets->day, sets->day_room, sizeof *sets->day);
    }
    sets->day[sets->day_count++] =
        (struct day_set){record->source, valid ? record->value : (struct str){NULL, 0}};
}

static int compare_days(const void *left, const void *right) {
    const struct day_set *a = left, *b = right;
    return (a->source > b->source) - (a->source < b->source);
}

/* Passes the days of the next source. */
static size_t pass_source(struct sets *sets, uint32_t source) {
    size_t first = sets->at;
    while (sets->at < sets->day_count && sets->day[sets->at].source == source)
        sets->at++;
    return sets->at - first;
}

/* Passes the days of sources before `source` (all: UINT64_MAX), which have no row. */
static void pass_days_alone(struct sets *sets, const struct audit_month *month, uint64_t source) {
    while (sets->at < sets->day_count && sets->day[sets->at].source < source) {
        uint32_t from = sets->day[sets->at].source;
        if (sets->months.whole && sets->audit->withdrawals)
            find_at(sets->audit, "there are days", STORE_MONTHS, month->series, month->month, from,
                    ", but no row of the month");
        (void)pass_source(sets, from);
    }
}

/* A row that is a set, against its days. */
static void compare(struct sets *sets, const struct store_record *record, const struct day_set *day,
                    size_t count) {
    char after[128];
    sketch_clear(sets->scratch);
    for (size_t i = 0; i < count; i++) {
        if (day[i].set.at == NULL)
            return;
        sketch_merge(sets->scratch, day[i].set);
    }
    if (str_equal(sketch_bytes(sets->scratch), record->value))
        return;
    uint64_t has = sketch_count(record->value), wanted = sketch_size(sets->scratch);
    if (has == wanted)
        (void)snprintf(after, sizeof after, " has other members than its days");
    else
        (void)snprintf(after, sizeof after, " has %" PRIu64 " members, and not the %" PRIu64 " of its days",
                       has, wanted);
    find_at(sets->audit, "the row", STORE_MONTHS, record->number, record->when, record->source, after);
}

static void take_month(struct sets *sets, const struct store_record *record,
                       const struct audit_month *month) {
    bool valid;
    sets->audit->checked.months++;
    bool can_fold = check_record(sets->audit, record, STORE_MONTHS, &valid);
    pass_days_alone(sets, month, record->source);
    const struct day_set *day = sets->day + sets->at;
    size_t count = pass_source(sets, record->source);
    if (!can_fold || sets->audit->withdrawals == NULL)
        return;
    if (count > 0 && valid)
        compare(sets, record, day, count);
    if (count == 0 && sets->days.whole)
        find_at(sets->audit, "there is a row", STORE_MONTHS, record->number, record->when, record->source,
                ", but no day of it");
}

/* The rows of a month come by rising source. */
static int check_month(struct sets *sets, const struct audit_month *month) {
    int err = 0;
    sets->day_count = sets->at = 0;
    while (err == 0 && audit_day_is_of(&sets->days, month)) {
        take_day(sets, &sets->days.record);
        err = audit_walk_next(&sets->days);
    }
    if (sets->day_count > 1)
        qsort(sets->day, sets->day_count, sizeof *sets->day, compare_days);
    while (err == 0 && audit_month_is(&sets->months, month)) {
        take_month(sets, &sets->months.record, month);
        err = audit_walk_next(&sets->months);
    }
    if (err == 0)
        pass_days_alone(sets, month, UINT64_MAX);
    return err;
}

int audit_sets(struct audit *audit) {
    struct sets sets = {.audit = audit};
    struct audit_month month;
    sketch_new(&sets.scratch);
    int err = audit_walk_open(&sets.days, audit, STORE_PART_DAYS);
    if (err == 0)
        err = audit_walk_open(&sets.months, audit, STORE_PART_MONTHS);
    while (err == 0 && audit_first_month(&sets.days, &sets.months, &month))
        err = check_month(&sets, &month);
    audit->sets_whole = sets.days.whole;
    audit_walk_close(&sets.days);
    audit_walk_close(&sets.months);
    sketch_destroy(&sets.scratch);
    free(sets.day);
    return err;
}
