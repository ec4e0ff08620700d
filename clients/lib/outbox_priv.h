/* What an outbox is made of: for outbox.c and outbox_scan.c only. */
#ifndef SUIVI_LIB_OUTBOX_PRIV_H
#define SUIVI_LIB_OUTBOX_PRIV_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "clients/lib/outbox.h"

#define OUTBOX_MAGIC 0x0b0c5001u
#define ID_BYTES     16

struct outbox {
    unsigned magic;
    char *directory, *path, *source;
    uint64_t max_bytes;
    MDB_env *env; /* NULL after a failed write, until the next use opens it anew */
    MDB_txn *reading;
    bool reading_now;
    MDB_dbi meta, batches, records;
    char id[2 * ID_BYTES];
    uint64_t next, waiting;
    char stale[FAULT_TEXT_MAX]; /* "": it is not */
};

/* LMDB's codes, as errno and one sentence. */
int outbox_explain(const struct outbox *outbox, int code, const char *doing, struct fault *why);

/* One read snapshot, outbox->reading, is kept between calls: what was read from it stays lent until the next
 * call. */
int outbox_start_reading(struct outbox *outbox, struct fault *why);
int outbox_open_cursor(struct outbox *outbox, MDB_dbi table, MDB_cursor **cursor, struct fault *why);

static inline MDB_val val_of(struct str text) {
    return (MDB_val){.mv_size = text.len, .mv_data = (void *)(uintptr_t)text.at};
}

static inline struct str str_of_val(MDB_val val) {
    return (struct str){val.mv_size > 0 ? val.mv_data : "", val.mv_size};
}

#endif
