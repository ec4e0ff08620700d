#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/store/block.h"
#include "daemon/store/store_lmdb_priv.h"
#include "proto/check.h"

#define SCAN_MAGIC 0x5353434eu
#define KEY_MAX    511 /* of LMDB's keys */
#define BLOCKS_MAX (UINT32_MAX / BLOCK_SERIES)

_Static_assert(STORE_NEIGHBOURS == BLOCK_SERIES, "a record of sums is a block");

struct store_scan {
    unsigned magic;
    struct store *store;
    enum store_part part;
    MDB_cursor *cursor;
    bool begun;
    uint8_t before[KEY_MAX]; /* the last key: each must be after it, or pages were mixed up */
    size_t before_len;
};

static const enum table table_of_part[] = {
    [STORE_PART_FORMAT] = TABLE_META,
    [STORE_PART_SERIES] = TABLE_SERIES,
    [STORE_PART_SOURCES] = TABLE_SOURCES,
    [STORE_PART_LEDGER] = TABLE_LEDGER,
    [STORE_PART_DAY_SUMS] = TABLE_DAY_SUMS,
    [STORE_PART_MONTH_SUMS] = TABLE_MONTH_SUMS,
    [STORE_PART_DAYS] = TABLE_DAYS,
    [STORE_PART_MONTHS] = TABLE_MONTHS,
    [STORE_PART_ENTRIES] = TABLE_ENTRIES,
    [STORE_PART_VINTAGES] = TABLE_VINTAGES,
    [STORE_PART_SEALS] = TABLE_SEALS,
    [STORE_PART_WITHDRAWALS] = TABLE_WITHDRAWALS,
    [STORE_PART_CLOSINGS] = TABLE_CLOSINGS,
    [STORE_PART_REFUSALS] = TABLE_REFUSALS,
    [STORE_PART_DEFINITIONS] = TABLE_DEFINITIONS,
    [STORE_PART_VERDICTS] = TABLE_VERDICTS,
};

enum table store_table_of_part(enum store_part part) {
    return table_of_part[part];
}

const char *store_part_name(enum store_part part) {
    return store_table_names[table_of_part[part]];
}

int store_scan_open(struct store_scan **out, struct store_snapshot *snapshot, enum store_part part,
                    struct fault *why) {
    OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(snapshot->txn, snapshot->store->table[table_of_part[part]], &cursor);
    if (rc)
        return store_fault(snapshot->store, rc, "read", why);
    struct store_scan *scan = mem_zeroed(1, sizeof *scan);
    scan->magic = SCAN_MAGIC;
    scan->store = snapshot->store;
    scan->part = part;
    scan->cursor = cursor;
    *out = scan;
    return 0;
}

void store_scan_close(struct store_scan **scan) {
    struct store_scan *s = *scan;
    if (s == NULL)
        return;
    OBJ_CHECK(s, SCAN_MAGIC);
    mdb_cursor_close(s->cursor);
    s->magic = 0;
    free(s);
    *scan = NULL;
}

static bool read_cell_key(struct store_record *out, enum store_grain grain, bool sums) {
    if (out->key.len != cell_key_bytes(grain))
        return false;
    struct cell_key key = cell_key_read(out->key.at, grain);
    if (sums && key.series > BLOCKS_MAX)
        return false;
    out->number = sums ? key.series * BLOCK_SERIES : key.series;
    out->when = key.when;
    out->source = key.source;
    out->vintage = key.vintage;
    return true;
}

static bool read_entry(struct store_record *out) {
    if (out->key.len != ENTRY_KEY_BYTES)
        return false;
    struct cell_key key = entry_key_read(out->key.at, &out->id);
    out->number = key.series;
    out->when = key.when;
    out->source = key.source;
    out->vintage = key.vintage;
    out->seal = store_seal_of(out->key, out->value);
    return true;
}

static bool read_set(struct store_record *out, enum store_grain grain) {
    if (!read_cell_key(out, grain, false))
        return false;
    out->seal = grain == STORE_DAYS ? store_seal_of(out->key, out->value) : 0;
    return true;
}

static bool read_vintage(struct store_record *out) {
    struct store_vintage vintage;
    if (!store_vintage_read(out->key, out->value, &vintage))
        return false;
    out->number = vintage.number;
    out->began = vintage.began;
    return true;
}

static bool read_seal(struct store_record *out) {
    if (out->key.len != NAME_KEY_BYTES || out->value.len != SEAL_BYTES)
        return false;
    out->source = store_get_u32(out->key.at);
    out->seal = store_get_u64(out->value.at);
    out->events = store_get_u64(out->value.at + 8);
    return true;
}

static bool read_sums(struct store_record *out, enum store_grain grain) {
    struct block block;
    if (!read_cell_key(out, grain, true) || !block_valid(out->value))
        return false;
    block_decode(out->value, &block);
    out->mask = block.mask;
    for (uint64_t rest = block.mask; rest != 0; rest &= rest - 1) {
        int place = __builtin_ctzll(rest);
        out->sum[place] = block.sum[place];
    }
    return true;
}

static bool read_name(struct store_record *out) {
    uint32_t big;
    if (out->key.len != sizeof big)
        return false;
    memcpy(&big, out->key.at, sizeof big);
    out->number = be32toh(big);
    return true;
}

static bool read_record(enum store_part part, struct store_record *out) {
    switch (part) {
    case STORE_PART_FORMAT:
        return str_equal(out->key, STR("format")) && str_equal(out->value, STR(STORE_FORMAT));
    case STORE_PART_SERIES:
    case STORE_PART_SOURCES:
        return read_name(out);
    case STORE_PART_LEDGER:
    case STORE_PART_WITHDRAWALS:
    case STORE_PART_CLOSINGS:
    case STORE_PART_REFUSALS:
    case STORE_PART_DEFINITIONS:
    case STORE_PART_VERDICTS:
        return out->key.len <= ROW_KEY_MAX;
    case STORE_PART_DAY_SUMS:
        return read_sums(out, STORE_DAYS);
    case STORE_PART_MONTH_SUMS:
        return read_sums(out, STORE_MONTHS);
    case STORE_PART_DAYS:
        return read_set(out, STORE_DAYS);
    case STORE_PART_MONTHS:
        return read_set(out, STORE_MONTHS);
    case STORE_PART_ENTRIES:
        return read_entry(out);
    case STORE_PART_VINTAGES:
        return read_vintage(out);
    case STORE_PART_SEALS:
        return read_seal(out);
    case STORE_PARTS:
        break;
    }
    return false;
}

static int check_order(struct store_scan *scan, struct str key, struct fault *why) {
    struct str before = {(const char *)scan->before, scan->before_len};
    if (key.len > KEY_MAX || (scan->before_len && str_compare(before, key) >= 0))
        return fault_set(why, -EBADMSG, "%s: its records are not in order", scan->store->directory);
    memcpy(scan->before, key.at, key.len);
    scan->before_len = key.len;
    return 0;
}

int store_scan_next(struct store_scan *scan, struct store_record *out, struct fault *why) {
    OBJ_CHECK(scan, SCAN_MAGIC);
    MDB_val key, value;
    int rc = mdb_cursor_get(scan->cursor, &key, &value, scan->begun ? MDB_NEXT : MDB_FIRST);
    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc)
        return store_fault(scan->store, rc, "read", why);
    int err = check_order(scan, str_of_val(key), why);
    if (err)
        return err;
    scan->begun = true;
    out->key = str_of_val(key);
    out->value = str_of_val(value);
    out->bytes = key.mv_size + value.mv_size;
    out->well_formed = read_record(scan->part, out);
    return 1;
}
