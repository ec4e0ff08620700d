/* What the store_lmdb*.c files share: opening, writing, reading, checking. */
#ifndef SUIVI_DAEMON_STORE_STORE_LMDB_PRIV_H
#define SUIVI_DAEMON_STORE_STORE_LMDB_PRIV_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "daemon/store/store.h"

#define STORE_MAGIC     0x53544f52u
#define NAME_KEY_BYTES  4
#define MONTH_KEY_BYTES 12
#define DAY_KEY_BYTES   16
#define ENTRY_KEY_BYTES 24
#define ROW_KEY_MAX     400
#define SEAL_BYTES      16
#define TABLES          16

enum table {
    TABLE_META,
    TABLE_SERIES,
    TABLE_SOURCES,
    TABLE_LEDGER,
    TABLE_DAY_SUMS,
    TABLE_MONTH_SUMS,
    TABLE_DAYS,
    TABLE_MONTHS,
    TABLE_ENTRIES,
    TABLE_VINTAGES,
    TABLE_WITHDRAWALS,
    TABLE_CLOSINGS,
    TABLE_REFUSALS,
    TABLE_DEFINITIONS,
    TABLE_SEALS,
    TABLE_VERDICTS,
};

struct store {
    unsigned magic;
    char *directory;
    int lock; /* held for as long as the store is open */
    MDB_env *env;
    MDB_dbi table[TABLES];
    size_t map_bytes;
    pthread_rwlock_t
        map; /* snapshots read it, growing the map writes it: LMDB wants no transaction open then */
    bool map_made;
    bool was_full;               /* when the present write began: since then room may have been made */
    char failed[FAULT_TEXT_MAX]; /* why nothing is written any more; "": it can be */
    atomic_bool growing;         /* a writer waits for that lock */
};

struct store_snapshot {
    unsigned magic;
    struct store *store;
    MDB_txn *txn;
    uint32_t steps; /* records that were walked over */
};

#define SNAPSHOT_MAGIC 0x5354534eu
#define STORE_FORMAT   "suivi store 3"

extern const char *const store_table_names[TABLES];

/* A sentence about an LMDB code, and its errno. */
int store_fault(const struct store *store, int rc, const char *doing, struct fault *why);

int store_errno(int rc);
bool store_is_full(const struct store *store);
bool store_lacks_room(const struct store *store, int rc); /* whether that is what the code says */

/* LMDB's own beginnings; return its codes. */
int store_map(struct store *store, unsigned flags);
int store_open_tables(struct store *store, MDB_txn *txn, unsigned flags);

/* A sentence about a write that failed, what can be done about it being done: -EAGAIN when the map has grown, and
 * the transaction is gone. */
int store_write_failed(struct store_write *write, int rc, struct fault *why);

/* A key of cells and of sums: (series or block, when, source) of months, with the vintage of days, and with the id of
 * entries; all big-endian, `when` with its sign bit turned. */
struct cell_key {
    uint32_t series;
    int32_t when;
    uint32_t source, vintage;
};

size_t cell_key_write(const struct cell_key *key, enum store_grain grain, uint8_t out[static DAY_KEY_BYTES]);
struct cell_key cell_key_read(const void *bytes, enum store_grain grain);

static inline size_t cell_key_bytes(enum store_grain grain) {
    return grain == STORE_DAYS ? DAY_KEY_BYTES : MONTH_KEY_BYTES;
}

void entry_key_write(const struct cell_key *key, uint64_t id, uint8_t out[static ENTRY_KEY_BYTES]);
struct cell_key entry_key_read(const void *bytes, uint64_t *id);

void store_put_u32(uint8_t *out, uint32_t value);
uint32_t store_get_u32(const void *data);
void store_put_u64(uint8_t *out, uint64_t value);
uint64_t store_get_u64(const void *data);

/* What a record of days adds to the seal of its source: the sum of these over all its sets and entries, modulo
 * 2^64, is the seal, in whatever order they came (a multiset hash; Clarke et al. 2003, MSet-Add-Hash). */
uint64_t store_seal_of(struct str key, struct str value);

/* A row of vintages: when it began, 8 bytes, and whether it has ended, 1 byte. */
#define VINTAGE_BYTES 9
bool store_vintage_read(struct str key, struct str row, struct store_vintage *out);

static inline enum table table_of_cells(enum store_grain grain) {
    return grain == STORE_DAYS ? TABLE_DAYS : TABLE_MONTHS;
}

static inline enum table table_of_sums(enum store_grain grain) {
    return grain == STORE_DAYS ? TABLE_DAY_SUMS : TABLE_MONTH_SUMS;
}

static inline enum table table_of_names(enum store_names names) {
    return names == STORE_SERIES ? TABLE_SERIES : TABLE_SOURCES;
}

enum table store_table_of_part(enum store_part part);
enum table store_table_of_rows(enum store_rows rows);

static inline struct str str_of_val(MDB_val val) {
    return (struct str){val.mv_data, val.mv_size};
}

static inline MDB_val val_of(struct str text) {
    return (MDB_val){.mv_size = text.len, .mv_data = (void *)(uintptr_t)text.at};
}

#endif
