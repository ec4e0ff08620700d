/* Sums: each is of a known series that is counted and of a known source, within the calendar, and each month is
 * the sum of its days. Days and months are walked side by side, 64 neighbouring series at a time. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/audit/audit_priv.h"
#include "proto/check.h"

/* What the days of a month add up to, for one source. */
struct fold {
    uint32_t source;
    uint64_t mask;   /* of the neighbours that have days, and then of those without a row of the month */
    uint64_t unsure; /* more than 64 bits hold, at least on the way */
    int64_t sum[STORE_NEIGHBOURS];
};

struct sums {
    struct audit *audit;
    struct audit_walk days, months;
    struct fold *fold; /* of this month */
    size_t fold_count, fold_room;
    uint32_t *fold_of; /* by source: its place in `fold`, plus 1; 0: none */
};

/* What every sentence about a sum names. */
struct place {
    audit_name series, source, when;
};

static const struct place *name_place(struct audit *audit, struct place *place, enum store_grain grain,
                                      uint32_t series, int32_t when, uint32_t source) {
    (void)audit_series_name(audit, series, place->series);
    (void)audit_source_name(audit, source, place->source);
    (void)audit_when_name(grain, when, place->when);
    return place;
}

static bool is_held(int64_t sum) {
    return sum == INT64_MAX || sum == INT64_MIN;
}

static void check_series(struct audit *audit, const struct store_record *record, enum store_grain grain) {
    for (uint64_t rest = record->mask; rest != 0; rest &= rest - 1) {
        uint32_t series = record->number + (uint32_t)__builtin_ctzll(rest);
        uint8_t kind = series < audit->series_count ? audit->kind[series] : 0;
        if (kind == KIND_COUNT || (kind == 0 && !audit->names_whole))
            continue;
        struct place place;
        name_place(audit, &place, grain, series, record->when, record->source);
        audit_find(audit, "%s: there is a sum of %s from %s, but it is %s; " AUDIT_RESTORE, place.series,
                   place.when, place.source, kind == 0 ? "no known series" : "not counted by sums");
    }
}

/* What is wrong with the record, whatever its month; true: it can be folded. */
static bool check_record(struct audit *audit, const struct store_record *record, enum store_grain grain) {
    bool in_calendar = audit_in_calendar(grain, record->when);
    audit_name when;
    if (!in_calendar)
        audit_find(audit,
                   "series %" PRIu32
                   " and its neighbours have sums of %s, outside the calendar; " AUDIT_RESTORE,
                   record->number, audit_when_name(grain, record->when, when));
    if (audit->names_whole && audit_source_at(audit, record->source) == NULL)
        audit_find(audit,
                   "series %" PRIu32 " and its neighbours have sums of %s from source %" PRIu32
                   ", which has no name; " AUDIT_RESTORE,
                   record->number, audit_when_name(grain, record->when, when), record->source);
    if (grain == STORE_DAYS && !audit_has_begun(audit, record->vintage))
        audit_find(audit,
                   "series %" PRIu32 " and its neighbours have sums of %s of vintage %" PRIu32
                   ", which has not begun; " AUDIT_RESTORE,
                   record->number, audit_when_name(grain, record->when, when), record->vintage);
    check_series(audit, record, grain);
    return in_calendar;
}

static struct fold *find_fold(struct sums *sums, uint32_t source) {
    if (audit_source_at(sums->audit, source) == NULL)
        return NULL;
    if (sums->fold_of[source] == 0) {
        if (sums->fold_count == sums->fold_room) {
            sums->fold_room = sums->fold_room ? sums->fold_room * 2 : 16;
            sums->fold = mem_resize(sums->fold, sums->fold_room, sizeof *sums->fold);
        }
        struct fold *fold = &sums->fold[sums->fold_count++];
        fold->source = source;
        fold->mask = fold->unsure = 0;
        sums->fold_of[source] = (uint32_t)sums->fold_count;
    }
    return &sums->fold[sums->fold_of[source] - 1];
}

static void say_held(struct audit *audit, const struct store_record *record, uint32_t series,
                     enum store_grain grain) {
    struct place place;
    name_place(audit, &place, grain, series, record->when, record->source);
    audit_find(audit,
               "%s: the sum of %s from %s is at the end of what 64 bits hold and cannot be checked; look at "
               "what that "
               "source sends",
               place.series, place.when, place.source);
}

static void add_day(struct fold *fold, int place, int64_t sum) {
    uint64_t bit = UINT64_C(1) << place;
    int64_t before = fold->mask & bit ? fold->sum[place] : 0;
    fold->mask |= bit;
    if (is_held(sum) || __builtin_add_overflow(before, sum, &fold->sum[place]))
        fold->unsure |= bit;
}

static void take_day(struct sums *sums, const struct store_record *record) {
    struct audit *audit = sums->audit;
    struct audit_source *from = audit_source_at(audit, record->source);
    struct fold *fold = check_record(audit, record, STORE_DAYS) ? find_fold(sums, record->source) : NULL;
    bool counts = audit_counts(audit, record);
    audit->checked.cells += (uint64_t)__builtin_popcountll(record->mask);
    for (uint64_t rest = record->mask; rest != 0; rest &= rest - 1) {
        int place = __builtin_ctzll(rest);
        int64_t sum = record->sum[place];
        if (is_held(sum))
            say_held(audit, record, record->number + (uint32_t)place, STORE_DAYS);
        if (from) {
            from->counted = true;
            from->cells += (uint64_t)sum;
            from->cannot_tell |= is_held(sum);
        }
        if (fold && counts)
            add_day(fold, place, sum);
    }
}

static void compare(struct sums *sums, const struct store_record *record, const struct fold *fold, int at) {
    struct audit *audit = sums->audit;
    uint64_t bit = UINT64_C(1) << at;
    uint32_t series = record->number + (uint32_t)at;
    struct place place;
    bool has_days = fold->mask & bit;
    if (audit->withdrawals == NULL || (has_days && fold->unsure & bit))
        return;
    if (is_held(record->sum[at])) {
        say_held(audit, record, series, STORE_MONTHS);
        return;
    }
    if (has_days && fold->sum[at] == record->sum[at])
        return;
    name_place(audit, &place, STORE_MONTHS, series, record->when, record->source);
    if (has_days)
        audit_find(audit,
                   "%s: the row of %s from %s says %" PRId64 ", but its days add up to %" PRId64
                   "; " AUDIT_RESTORE,
                   place.series, place.when, place.source, record->sum[at], fold->sum[at]);
    else if (sums->days.whole)
        audit_find(audit, "%s: there is a row of %s from %s, but no day of it; " AUDIT_RESTORE, place.series,
                   place.when, place.source);
}

static void take_month(struct sums *sums, const struct store_record *record) {
    sums->audit->checked.months += (uint64_t)__builtin_popcountll(record->mask);
    struct fold *fold =
        check_record(sums->audit, record, STORE_MONTHS) ? find_fold(sums, record->source) : NULL;
    if (fold == NULL)
        return;
    for (uint64_t rest = record->mask; rest != 0; rest &= rest - 1)
        compare(sums, record, fold, __builtin_ctzll(rest));
    fold->mask &= ~record->mask;
}

/* The end of a month: what its rows did not speak of. */
static void find_days_alone(struct sums *sums, const struct audit_month *month) {
    for (size_t i = 0; i < sums->fold_count; i++) {
        const struct fold *fold = &sums->fold[i];
        bool can_tell = sums->months.whole && sums->audit->withdrawals;
        for (uint64_t rest = can_tell ? fold->mask : 0; rest != 0; rest &= rest - 1) {
            struct place place;
            name_place(sums->audit, &place, STORE_MONTHS, month->series + (uint32_t)__builtin_ctzll(rest),
                       month->month, fold->source);
            audit_find(sums->audit,
                       "%s: there are days of %s from %s, but no row of the month; " AUDIT_RESTORE,
                       place.series, place.when, place.source);
        }
        sums->fold_of[fold->source] = 0;
    }
    sums->fold_count = 0;
}

static int check_month(struct sums *sums, const struct audit_month *month) {
    int err = 0;
    while (err == 0 && audit_day_is_of(&sums->days, month)) {
        take_day(sums, &sums->days.record);
        err = audit_walk_next(&sums->days);
    }
    while (err == 0 && audit_month_is(&sums->months, month)) {
        take_month(sums, &sums->months.record);
        err = audit_walk_next(&sums->months);
    }
    if (err == 0)
        find_days_alone(sums, month);
    return err;
}

int audit_sums(struct audit *audit) {
    struct sums sums = {.audit = audit};
    struct audit_month month;
    sums.fold_of = mem_zeroed((size_t)audit->source_count + 1, sizeof *sums.fold_of);
    int err = audit_walk_open(&sums.days, audit, STORE_PART_DAY_SUMS);
    if (err == 0)
        err = audit_walk_open(&sums.months, audit, STORE_PART_MONTH_SUMS);
    while (err == 0 && audit_first_month(&sums.days, &sums.months, &month))
        err = check_month(&sums, &month);
    audit->sums_whole = sums.days.whole;
    audit_walk_close(&sums.days);
    audit_walk_close(&sums.months);
    free(sums.fold);
    free(sums.fold_of);
    return err;
}
