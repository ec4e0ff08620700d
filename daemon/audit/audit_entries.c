/* Entries: each can be read, says what its series' kind says, and lies at its day, of a known source and vintage. */
#include <errno.h>

#include "daemon/audit/audit_priv.h"
#include "daemon/store/cell.h"
#include "proto/check.h"
#include "proto/civil.h"

/* What is wrong with it; NULL: nothing. */
static const char *fault_of(const struct audit *audit, const struct store_record *record, struct fault *why) {
    uint8_t mark = record->number < audit->series_count ? audit->kind[record->number] : 0;
    enum kind kind = (enum kind)(mark & ~CATALOGUE_OF_REMARKS);
    bool of_remarks = (mark & CATALOGUE_OF_REMARKS) != 0;
    struct entry entry;
    int64_t at;
    int32_t day;
    if (kind == 0 && audit->names_whole)
        return "this is no known series";
    if (cell_entry_decode(record->value, &at, &entry) != 0)
        return "it cannot be read";
    if (!civil_day_of_time(at, &day) || day != record->when)
        return "its time is on another day";
    if (record->id != 0 && record->id != entry.id)
        return "it has another id than its key";
    if (record->id == 0 && kind != 0 && (of_remarks || !kind_carries(kind)))
        return "it has no id";
    if (kind != 0 && entry_check(&entry, kind, why) != 0)
        return why->text;
    if (kind != 0 && of_remarks != (entry.remark != ENTRY_REMARK_NONE))
        return of_remarks ? "it is no remark, but lies among them"
                          : "it is a remark, but lies among what counts";
    if (!audit_has_begun(audit, record->vintage))
        return "its vintage has not begun";
    return NULL;
}

static void take(struct audit *audit, const struct store_record *record) {
    audit_name series, source, when;
    struct fault why;
    struct audit_source *from = audit_source_at(audit, record->source);
    if (from) {
        from->counted = true;
        from->sealed += record->seal;
    }
    audit->checked.cells++;
    const char *fault = fault_of(audit, record, &why);
    if (fault == NULL && from == NULL && audit->names_whole)
        fault = "its source has no name";
    if (fault)
        audit_find(audit, "%s: the entry %016llx of %s from %s: %s; " AUDIT_RESTORE,
                   audit_series_name(audit, record->number, series), (unsigned long long)record->id,
                   audit_when_name(STORE_DAYS, record->when, when),
                   audit_source_name(audit, record->source, source), fault);
}

int audit_entries(struct audit *audit) {
    struct audit_walk walk;
    int err = audit_walk_open(&walk, audit, STORE_PART_ENTRIES);
    while (err == 0 && walk.has) {
        take(audit, &walk.record);
        err = audit_walk_next(&walk);
    }
    audit->entries_whole = walk.whole;
    audit_walk_close(&walk);
    return err;
}
