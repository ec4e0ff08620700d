/* What store_lmdb.c (opening and writing) and store_lmdb_read.c share. */
#ifndef SUIVI_DAEMON_STORE_LMDB_PRIV_H
#define SUIVI_DAEMON_STORE_LMDB_PRIV_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "daemon/store.h"

#define STORE_MAGIC    0x53544f52u
#define CELL_KEY_BYTES 12
#define LEDGER_KEY_MAX 400
#define TABLES         8

enum table {
    TABLE_META,
    TABLE_SERIES,
    TABLE_SOURCES,
    TABLE_LEDGER,
    TABLE_DAY_SUMS,
    TABLE_MONTH_SUMS,
    TABLE_DAYS,
    TABLE_MONTHS,
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
};

#define SNAPSHOT_MAGIC 0x5354534eu
#define STORE_FORMAT   "suivi store 2"

extern const char *const store_table_names[TABLES];

/* A sentence about an LMDB code, and its errno. */
int store_fault(const struct store *store, int rc, const char *doing, struct fault *why);

/* A key of cells and of sums: (series or block, when, source), big-endian, `when` with its sign bit turned. */
struct cell_key {
    uint32_t series;
    int32_t when;
    uint32_t source;
};

void cell_key_write(const struct cell_key *key, uint8_t out[static CELL_KEY_BYTES]);
struct cell_key cell_key_read(const void *bytes); /* CELL_KEY_BYTES of them */

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

static inline struct str str_of_val(MDB_val val) {
    return (struct str){val.mv_data, val.mv_size};
}

#endif
