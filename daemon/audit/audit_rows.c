/* The small tables: vintages in order and without gaps, rows that their modules can read, and the seals of sources
 * against their sets and entries. */
#include <errno.h>
#include <inttypes.h>

#include "daemon/audit/audit_priv.h"
#include "daemon/books/definitions.h"
#include "daemon/books/refusals.h"
#include "daemon/books/verdicts.h"
#include "daemon/figures/closings.h"
#include "proto/check.h"
#include "proto/civil.h"

#define CLOCKS_DIFFER 3600 /* seconds: a clock that was put right by less did no harm */

/* None begins before the one before it, so after a clock that was ahead all later ones begin when it said: the first
 * one tells of them all. */
static bool check_begun(struct audit *audit, uint32_t number, int64_t began) {
    audit_name when;
    int32_t day;
    if (began <= audit->now || began - audit->now <= CLOCKS_DIFFER || !civil_day_of_time(began, &day))
        return true;
    audit_find(
        audit,
        "vintage %u begins on %s, a day to come: the clock was wrong when it was written, and what came "
        "since counts as known from that day on only, in --as-of and revisions; set the clock, and read "
        "figures without --as-of until then: they are right",
        number, audit_when_name(STORE_DAYS, day, when));
    return false;
}

static int check_vintages(struct audit *audit) {
    struct audit_walk walk;
    int64_t began = INT64_MIN;
    bool begun = true; /* so far */
    int err = audit_walk_open(&walk, audit, STORE_PART_VINTAGES);
    while (err == 0 && walk.has) {
        if (walk.whole && walk.record.number != audit->vintage + 1)
            audit_find(audit, "vintage %u comes after vintage %u; " AUDIT_RESTORE, walk.record.number,
                       audit->vintage);
        if (walk.record.began < began)
            audit_find(audit, "vintage %u began before the one before it; " AUDIT_RESTORE,
                       walk.record.number);
        begun = begun && check_begun(audit, walk.record.number, walk.record.began);
        audit->vintage = walk.record.number;
        began = walk.record.began;
        err = audit_walk_next(&walk);
    }
    audit->vintages_whole = walk.whole;
    audit_walk_close(&walk);
    return err;
}

static int check_table(struct audit *audit, enum store_part part,
                       bool (*valid)(struct str key, struct str row), const char *what, bool *whole) {
    struct audit_walk walk;
    int err = audit_walk_open(&walk, audit, part);
    while (err == 0 && walk.has) {
        if (!valid(walk.record.key, walk.record.value)) {
            audit_find(audit, "the store holds a damaged record of %s; " AUDIT_RESTORE, what);
            walk.whole = false;
        }
        err = audit_walk_next(&walk);
    }
    *whole = walk.whole;
    audit_walk_close(&walk);
    return err;
}

/* What ends a vintage, against the vintages. */
static void check_end(struct audit *audit, const char *what, struct str name, uint32_t number) {
    struct store_vintage vintage;
    if (!audit->vintages_whole ||
        (store_vintage_get(audit->snapshot, number, &vintage, NULL) == 0 && vintage.ended))
        return;
    audit_find(audit, "%s %.*s ends vintage %u, which has not ended; " AUDIT_RESTORE, what, STR_ARG(name),
               number);
}

static int check_withdrawals(struct audit *audit) {
    int err = withdrawals_load(&audit->withdrawals, audit->snapshot, NULL);
    if (err) {
        audit->withdrawals = NULL;
        return err == -EAGAIN ? err : 0;
    }
    for (size_t i = 0; i < withdrawals_count(audit->withdrawals); i++) {
        const struct withdrawal *withdrawal = withdrawals_at(audit->withdrawals, i);
        audit_name name;
        (void)audit_source_name(audit, withdrawal->source, name);
        if (audit->names_whole && audit_source_at(audit, withdrawal->source) == NULL)
            audit_find(audit, "there is a withdrawal of %s; " AUDIT_RESTORE, name);
        check_end(audit, "a withdrawal of", str_of(name), withdrawal->vintage);
    }
    return 0;
}

static int check_closings(struct audit *audit) {
    struct closings *closings;
    int err = closings_load(&closings, audit->snapshot, NULL);
    if (err)
        return err == -EAGAIN ? err : 0;
    for (size_t i = 0; i < closings_count(closings); i++) {
        const struct closing *closing = closings_at(closings, i);
        char text[PERIOD_TEXT_MAX];
        check_end(audit, "the closing of", str_of(period_print(&closing->period, text)), closing->vintage);
    }
    closings_destroy(&closings);
    return 0;
}

int audit_rows(struct audit *audit) {
    static const struct {
        enum store_part part;
        bool (*valid)(struct str key, struct str row);
        const char *what;
        int (*further)(struct audit *audit); /* of a table that can be read; NULL: nothing */
    } tables[] = {
        {STORE_PART_WITHDRAWALS, withdrawals_valid, "what was withdrawn", check_withdrawals},
        {STORE_PART_CLOSINGS, closings_valid,
         "a closed period, or its figures are not those that were reported", check_closings},
        {STORE_PART_REFUSALS, refusals_valid, "what was refused", NULL},
        {STORE_PART_DEFINITIONS, definitions_valid, "what an indicator meant", NULL},
        {STORE_PART_VERDICTS, verdicts_valid, "which events of a batch were refused", NULL},
    };
    int err = check_vintages(audit);
    for (size_t i = 0; i < sizeof tables / sizeof *tables && err == 0; i++) {
        bool whole;
        err = check_table(audit, tables[i].part, tables[i].valid, tables[i].what, &whole);
        if (err == 0 && whole && tables[i].further)
            err = tables[i].further(audit);
    }
    return err;
}

static void take_seal(struct audit_source *source, const struct store_record *record) {
    source->seal = record->seal;
    source->events = record->events;
}

static void compare_seal(struct audit *audit, uint32_t index) {
    const struct audit_source *source = &audit->source[index];
    audit_name name;
    if (audit->sets_whole && audit->entries_whole && source->seal != source->sealed)
        audit_find(audit,
                   "%s: its sets and entries are not those that were counted: their seal does not "
                   "fit; " AUDIT_RESTORE,
                   audit_source_name(audit, index, name));
    if (audit->ledger_whole && source->has_row && !source->cannot_tell && source->accepted != source->events)
        audit_find(audit,
                   "the ledger has accepted %" PRIu64 " events from %s, but %" PRIu64
                   " went into its figures; " AUDIT_RESTORE,
                   source->accepted, audit_source_name(audit, index, name), source->events);
}

int audit_seals(struct audit *audit) {
    struct audit_walk walk;
    int err = audit_walk_open(&walk, audit, STORE_PART_SEALS);
    while (err == 0 && walk.has) {
        struct audit_source *source = audit_source_at(audit, walk.record.source);
        if (source)
            take_seal(source, &walk.record);
        else if (audit->names_whole)
            audit_find(audit, "there is a seal of source %u, which has no name; " AUDIT_RESTORE,
                       walk.record.source);
        err = audit_walk_next(&walk);
    }
    for (uint32_t i = 0; err == 0 && walk.whole && i < audit->source_count; i++)
        if (audit->source[i].name.len > 0)
            compare_seal(audit, i);
    audit_walk_close(&walk);
    return err;
}
