/* Names are numbered from 0 without gaps, and can be read. */
#include <errno.h>

#include "daemon/audit/audit_priv.h"
#include "proto/check.h"

static void find_gap(struct audit *audit, const char *what, uint32_t from, uint32_t to) {
    if (from + 1 == to)
        audit_find(audit, "%s %u has no name in the store, though later ones have; " AUDIT_RESTORE, what,
                   from);
    else
        audit_find(audit, "%s %u to %u have no name in the store, though later ones have; " AUDIT_RESTORE,
                   what, from, to - 1);
}

static void take_series(struct audit *audit, const struct store_record *record) {
    struct str indicator;
    struct dims dims;
    enum kind kind;
    bool remarks;
    uint32_t number = record->number;
    audit->checked.names++;
    if (number >= CATALOGUE_SERIES_MAX) {
        audit_find(audit, "the store names a series %u, past its limit; " AUDIT_RESTORE, number);
        return;
    }
    if (number > audit->series_count)
        find_gap(audit, "series", audit->series_count, number);
    if (number >= audit->series_room) {
        uint32_t room = audit->series_room ? audit->series_room : 1024;
        while (room <= number)
            room *= 2;
        audit->kind = mem_resize(audit->kind, room, 1);
        memset(audit->kind + audit->series_room, 0, room - audit->series_room);
        audit->series_room = room;
    }
    audit->series_count = number + 1;
    if (catalogue_parse_series(record->value, &kind, &remarks, &indicator, &dims) != 0)
        audit_find(audit, "the name of series %u is none; " AUDIT_RESTORE, number);
    else
        audit->kind[number] = (uint8_t)(kind | (remarks ? CATALOGUE_OF_REMARKS : 0));
}

static void take_source(struct audit *audit, const struct store_record *record) {
    uint32_t number = record->number;
    audit->checked.names++;
    if (number >= CATALOGUE_SOURCES_MAX) {
        audit_find(audit, "the store names a source %u, past its limit; " AUDIT_RESTORE, number);
        return;
    }
    if (number > audit->source_count)
        find_gap(audit, "source", audit->source_count, number);
    if (number >= audit->source_room) {
        uint32_t room = audit->source_room ? audit->source_room : 64;
        while (room <= number)
            room *= 2;
        audit->source = mem_resize(audit->source, room, sizeof *audit->source);
        memset(audit->source + audit->source_room, 0, (room - audit->source_room) * sizeof *audit->source);
        audit->source_room = room;
    }
    audit->source_count = number + 1;
    if (record->value.len > MESSAGE_SOURCE_MAX || dims_check_value(record->value, NULL) != 0)
        audit_find(audit, "the name of source %u is none; " AUDIT_RESTORE, number);
    else
        audit->source[number].name = record->value;
}

static int walk_names(struct audit *audit, enum store_part part,
                      void (*take)(struct audit *audit, const struct store_record *record)) {
    struct audit_walk walk;
    int err = audit_walk_open(&walk, audit, part);
    while (err == 0 && walk.has) {
        take(audit, &walk.record);
        err = audit_walk_next(&walk);
    }
    audit->names_whole &= walk.whole;
    audit_walk_close(&walk);
    return err;
}

int audit_names(struct audit *audit) {
    audit->names_whole = true;
    int err = walk_names(audit, STORE_PART_SERIES, take_series);
    return err ? err : walk_names(audit, STORE_PART_SOURCES, take_source);
}
