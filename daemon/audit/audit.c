#include "daemon/audit/audit_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/check.h"
#include "proto/civil.h"
#include "proto/period.h"

#define STEPS     256 /* records between two looks at whether the snapshot is in the way */
#define BEGIN_MAX 64  /* times that a check begins anew */

_Static_assert(AUDIT_FINDINGS_MAX <= MESSAGE_FINDINGS_MAX, "one frame holds them");

/* ---- findings ---- */

void audit_find(struct audit *audit, const char *format, ...) {
    if (audit->finding_count == AUDIT_FINDINGS_MAX) {
        audit->checked.more++;
        return;
    }
    char text[FAULT_TEXT_MAX];
    struct fault sentence;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)fault_set(&sentence, -EBADMSG, "%s", text); /* which makes it fit for a terminal */
    message_write_finding(audit->findings, str_of(sentence.text));
    audit->finding_count++;
}

static const char *put_name(struct str name, audit_name out) {
    bool cut = name.len > AUDIT_NAME_MAX - 4;
    (void)snprintf(out, AUDIT_NAME_MAX + 1, "%.*s%s", cut ? AUDIT_NAME_MAX - 4 : (int)name.len, name.at,
                   cut ? " ..." : "");
    return out;
}

/* "web.pageviews (language=en, site=nswp)" */
const char *audit_series_name(struct audit *audit, uint32_t series, audit_name out) {
    struct str text, indicator;
    struct dims dims;
    enum kind kind;
    if (audit->broken[STORE_PART_SERIES] ||
        store_find_name(audit->snapshot, STORE_SERIES, series, &text, NULL) != 0 ||
        catalogue_parse_series(text, &kind, NULL, &indicator, &dims) != 0) {
        (void)snprintf(out, AUDIT_NAME_MAX + 1, "series %u (no name)", series);
        return out;
    }
    char whole[SERIES_KEY_MAX + 4 * DIMS_MAX];
    size_t used = (size_t)snprintf(whole, sizeof whole, "%.*s", STR_ARG(indicator));
    for (size_t i = 0; i < dims.count; i++)
        used += (size_t)snprintf(whole + used, sizeof whole - used, "%s%.*s=%.*s%s", i ? ", " : " (",
                                 STR_ARG(dims.dim[i].name), STR_ARG(dims.dim[i].value),
                                 i + 1 == dims.count ? ")" : "");
    return put_name((struct str){whole, used}, out);
}

const char *audit_source_name(struct audit *audit, uint32_t source, audit_name out) {
    const struct audit_source *known = audit_source_at(audit, source);
    if (known)
        return put_name(known->name, out);
    (void)snprintf(out, AUDIT_NAME_MAX + 1, "source %u (no name)", source);
    return out;
}

bool audit_in_calendar(enum store_grain grain, int32_t when) {
    if (grain == STORE_DAYS)
        return when >= CIVIL_DAY_MIN && when <= CIVIL_DAY_MAX;
    return when >= civil_month_of_day(CIVIL_DAY_MIN) && when <= civil_month_of_day(CIVIL_DAY_MAX);
}

const char *audit_when_name(enum store_grain grain, int32_t when, audit_name out) {
    bool is_day = grain == STORE_DAYS;
    if (!audit_in_calendar(grain, when)) {
        (void)snprintf(out, AUDIT_NAME_MAX + 1, "%s %d", is_day ? "day" : "month", when);
        return out;
    }
    struct period period = is_day ? period_of_day(PERIOD_DAY, when, NULL)
                                  : period_of_day(PERIOD_MONTH, civil_first_day_of_month(when), NULL);
    char text[PERIOD_TEXT_MAX];
    return put_name(str_of(period_print(&period, text)), out);
}

struct audit_source *audit_source_at(struct audit *audit, uint32_t source) {
    if (source >= audit->source_count || audit->source[source].name.len == 0)
        return NULL;
    return &audit->source[source];
}

bool audit_has_begun(const struct audit *audit, uint32_t vintage) {
    return !audit->vintages_whole || (vintage > 0 && vintage <= audit->vintage);
}

bool audit_counts(const struct audit *audit, const struct store_record *record) {
    return audit->withdrawals == NULL ||
           withdrawals_counts(audit->withdrawals, record->source, record->when, record->vintage, 0);
}

/* ---- walks ---- */

/* Whether to go on: who asks may have gone, or the writer may wait for the snapshot. */
static int look_up(void *arg) {
    struct audit *audit = arg;
    if (!audit->go_on(audit->arg))
        return -ECANCELED;
    return ++audit->steps % STEPS == 0 && store_snapshot_unwanted(audit->snapshot) ? -EAGAIN : 0;
}

static void give_up(struct audit_walk *walk, const struct fault *why) {
    audit_find(walk->audit, "the store's table \"%s\" cannot be read to its end: %s; " AUDIT_RESTORE,
               store_part_name(walk->part), why->text);
    walk->has = walk->whole = false;
}

int audit_walk_next(struct audit_walk *walk) {
    struct audit *audit = walk->audit;
    struct fault why;
    for (;;) {
        int err = look_up(audit);
        if (err)
            return err;
        int more = store_scan_next(walk->scan, &walk->record, &why);
        if (more < 0)
            give_up(walk, &why);
        walk->has = more > 0;
        if (!walk->has)
            return 0;
        audit->checked.bytes += walk->record.bytes;
        if (walk->record.well_formed)
            return 0;
        walk->whole = false;
        audit_find(audit,
                   "the store's table \"%s\" holds a record that is none (a key of %zu bytes, a value of "
                   "%zu); " AUDIT_RESTORE,
                   store_part_name(walk->part), walk->record.key.len, walk->record.value.len);
    }
}

int audit_walk_open(struct audit_walk *walk, struct audit *audit, enum store_part part) {
    struct fault why;
    *walk = (struct audit_walk){.audit = audit, .part = part, .whole = !audit->broken[part]};
    if (audit->broken[part])
        return 0;
    if (store_scan_open(&walk->scan, audit->snapshot, part, &why) != 0) {
        give_up(walk, &why);
        return 0;
    }
    return audit_walk_next(walk);
}

void audit_walk_close(struct audit_walk *walk) {
    store_scan_close(&walk->scan);
}

/* ---- days and months side by side ---- */

static struct audit_month month_of_day(const struct store_record *day) {
    if (!audit_in_calendar(STORE_DAYS, day->when))
        return (struct audit_month){day->number, day->when < 0 ? INT32_MIN : INT32_MAX};
    return (struct audit_month){day->number, civil_month_of_day(day->when)};
}

static bool is_before(const struct audit_month *a, const struct audit_month *b) {
    return a->series < b->series || (a->series == b->series && a->month < b->month);
}

static bool is_same(const struct audit_month *a, const struct audit_month *b) {
    return a->series == b->series && a->month == b->month;
}

bool audit_first_month(const struct audit_walk *days, const struct audit_walk *months,
                       struct audit_month *out) {
    struct audit_month month = {months->record.number, months->record.when};
    if (days->has)
        *out = month_of_day(&days->record);
    if (months->has && (!days->has || is_before(&month, out)))
        *out = month;
    return days->has || months->has;
}

bool audit_day_is_of(const struct audit_walk *days, const struct audit_month *month) {
    struct audit_month own;
    return days->has && (own = month_of_day(&days->record), is_same(&own, month));
}

bool audit_month_is(const struct audit_walk *months, const struct audit_month *month) {
    struct audit_month own = {months->record.number, months->record.when};
    return months->has && is_same(&own, month);
}

/* ---- all of it ---- */

static void page_broken(void *arg, enum store_part part, const char *why) {
    struct audit *audit = arg;
    if (part == STORE_PARTS) {
        audit_find(audit, "the store's list of free pages is damaged: %s; " AUDIT_RESTORE, why);
        return;
    }
    audit->broken[part] = true;
    audit_find(audit, "the store's table \"%s\" cannot be read: %s; " AUDIT_RESTORE, store_part_name(part),
               why);
}

static int check_format(struct audit *audit) {
    struct audit_walk walk;
    int err = audit_walk_open(&walk, audit, STORE_PART_FORMAT);
    if (err == 0 && !walk.has && walk.whole)
        audit_find(audit, "the store does not say in which format it is written; " AUDIT_RESTORE);
    while (err == 0 && walk.has)
        err = audit_walk_next(&walk);
    audit_walk_close(&walk);
    return err;
}

/* On one snapshot. Ledger and seals last: they are held against what was found before. */
static int go_through(struct audit *audit, struct store *store, struct fault *why) {
    int err = store_snapshot_open(store, &audit->snapshot, why);
    if (err)
        return err;
    err = store_check_pages(audit->snapshot, &(struct store_page_check){look_up, page_broken, audit}, why);
    if (err == 0)
        err = check_format(audit);
    if (err == 0)
        err = audit_names(audit);
    if (err == 0)
        err = audit_rows(audit);
    if (err == 0)
        err = audit_sums(audit);
    if (err == 0)
        err = audit_sets(audit);
    if (err == 0)
        err = audit_entries(audit);
    if (err == 0)
        err = audit_ledger(audit);
    if (err == 0)
        err = audit_seals(audit);
    withdrawals_destroy(&audit->withdrawals);
    store_snapshot_close(&audit->snapshot);
    return err;
}

static void forget(struct audit *audit) {
    free(audit->kind);
    free(audit->source);
    wire_writer_reset(audit->findings);
    *audit = (struct audit){
        .go_on = audit->go_on, .arg = audit->arg, .now = audit->now, .findings = audit->findings};
}

int audit_run(struct frames **out, const struct message_check *question, struct store *store, int64_t now,
              bool (*go_on)(void *arg), void *arg, struct fault *why) {
    struct audit audit = {.go_on = go_on, .arg = arg, .now = now};
    struct wire_writer *frame;
    int err, begun = 0;
    wire_writer_new(&audit.findings, MESSAGE_BYTES_MAX / 2);
    do {
        forget(&audit);
        err = go_through(&audit, store, why);
        if (err == -EAGAIN && !go_on(arg))
            err = -ECANCELED;
        else if (err == -EAGAIN && ++begun == BEGIN_MAX)
            err = fault_set(
                why, -EBADMSG,
                "the store's first pages are damaged, or change too often to be looked at: ask again, "
                "and if that does not help restore it from a backup");
    } while (err == -EAGAIN);
    if (err == -ECANCELED)
        (void)fault_set(why, err, "the check was ended before its end: ask again later");
    if (err == 0) {
        wire_writer_new(&frame, MESSAGE_BYTES_MAX);
        message_write_findings(frame, question->id, true, &audit.checked, audit.finding_count,
                               audit.findings);
        frames_new(out);
        frames_add(*out, frame);
        wire_writer_destroy(&frame);
    }
    forget(&audit);
    wire_writer_destroy(&audit.findings);
    return err;
}
