/* The ledger: every row can be read and balances, and what the rows of a source counted is what its cells hold. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/audit/audit_priv.h"
#include "daemon/books/balance.h"
#include "proto/check.h"

/* Sources by their names. */
struct index {
    struct audit *audit;
    struct audit_source **source;
    size_t count;
};

static int compare_names(const void *left, const void *right) {
    const struct audit_source *const *a = left, *const *b = right;
    return str_compare((*a)->name, (*b)->name);
}

static void make_index(struct index *index) {
    struct audit *audit = index->audit;
    index->source = mem_zeroed((size_t)audit->source_count + 1, sizeof(struct audit_source *));
    for (uint32_t i = 0; i < audit->source_count; i++)
        if (audit->source[i].name.len > 0)
            index->source[index->count++] = &audit->source[i];
    if (index->count > 1)
        qsort(index->source, index->count, sizeof(struct audit_source *), compare_names);
    for (size_t i = 1; i < index->count; i++) {
        struct audit_source *one = index->source[i - 1], *other = index->source[i];
        if (!str_equal(one->name, other->name))
            continue;
        one->cannot_tell = other->cannot_tell = true; /* whose rows are whose */
        audit_find(audit, "two sources have the name %.*s; " AUDIT_RESTORE, STR_ARG(one->name));
    }
}

static struct audit_source *find_source(const struct index *index, struct str name) {
    struct audit_source wanted = {.name = name}, *key = &wanted;
    struct audit_source **found = index->count ? bsearch(&key, index->source, index->count,
                                                         sizeof(struct audit_source *), compare_names)
                                               : NULL;
    return found ? *found : NULL;
}

static void take_row(struct index *index, const struct store_record *record) {
    struct audit *audit = index->audit;
    struct str name, outbox;
    struct balance row;
    struct fault why;
    if (balance_key_parse(record->key, &name, &outbox) != 0) {
        audit_find(audit, "the ledger has a row that names no source and outbox; " AUDIT_RESTORE);
        return;
    }
    struct audit_source *source = find_source(index, name);
    if (source)
        source->has_row = true;
    if (balance_decode(record->value, &row) != 0) {
        if (source)
            source->cannot_tell = true;
        audit_find(audit, "the ledger's row of %.*s, outbox %.*s, cannot be read; " AUDIT_RESTORE,
                   STR_ARG(name), STR_ARG(outbox));
        return;
    }
    if (balance_check(&row, &why) != 0)
        audit_find(audit, "the ledger's row of %.*s, outbox %.*s, does not balance: %s; " AUDIT_RESTORE,
                   STR_ARG(name), STR_ARG(outbox), why.text);
    if (source) {
        source->ledger += row.total;
        source->accepted += row.accepted;
    } else if (row.batches > 0 && audit->names_whole) {
        audit_find(audit, "the ledger has a row of %.*s, which is not among the names; " AUDIT_RESTORE,
                   STR_ARG(name));
    }
}

static void compare(struct audit *audit, const struct audit_source *source) {
    if (source->cannot_tell)
        return;
    audit->checked.sources++;
    if (source->counted && !source->has_row)
        audit_find(audit, "%.*s has cells, but no row in the ledger; " AUDIT_RESTORE, STR_ARG(source->name));
    else if (source->cells != source->ledger)
        audit_find(audit,
                   "the ledger has counted %" PRId64
                   " in all from %.*s, but the cells of its days add up to %" PRId64 "; " AUDIT_RESTORE,
                   (int64_t)source->ledger, STR_ARG(source->name), (int64_t)source->cells);
}

int audit_ledger(struct audit *audit) {
    struct audit_walk walk;
    struct index index = {.audit = audit};
    make_index(&index);
    int err = audit_walk_open(&walk, audit, STORE_PART_LEDGER);
    while (err == 0 && walk.has) {
        take_row(&index, &walk.record);
        err = audit_walk_next(&walk);
    }
    /* What could not be read to its end was told; against it nothing can be held. */
    for (size_t i = 0; err == 0 && walk.whole && audit->sums_whole && audit->names_whole && i < index.count;
         i++)
        compare(audit, index.source[i]);
    audit->ledger_whole = walk.whole;
    audit_walk_close(&walk);
    free(index.source);
    return err;
}
