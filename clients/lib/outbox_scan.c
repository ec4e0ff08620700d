/* Scanning: saved records and staged ones, merged. */
#include "clients/lib/outbox_priv.h"
#include "clients/lib/staged.h"

static bool begins_with(struct str text, struct str prefix) {
    return text.len >= prefix.len && (prefix.len == 0 || memcmp(text.at, prefix.at, prefix.len) == 0);
}

struct scan {
    MDB_cursor *cursor;
    struct str prefix;
    bool saved; /* key and value hold a saved record */
    struct str key, value;
    struct staged *staged;
    const uint32_t *order;
    size_t at, count; /* in `order` */
};

static int next_saved(struct scan *scan, MDB_cursor_op how) {
    MDB_val key = val_of(scan->prefix), value;
    int rc = how == MDB_SET_RANGE && scan->prefix.len == 0
                 ? mdb_cursor_get(scan->cursor, &key, &value, MDB_FIRST)
                 : mdb_cursor_get(scan->cursor, &key, &value, how);
    scan->saved = rc == 0 && begins_with(str_of_val(key), scan->prefix);
    if (scan->saved) {
        scan->key = str_of_val(key);
        scan->value = str_of_val(value);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Where the keys not below the prefix begin. */
static size_t first_staged(const struct scan *scan) {
    size_t low = 0, high = scan->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(staged_at(scan->staged, scan->order[middle]).key, scan->prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Visits one record, from whichever side comes first; a staged one hides a saved one of the same key. *done:
 * no more. */
static int scan_step(struct scan *scan, int (*visit)(void *arg, struct str key, struct str value), void *arg,
                     int *visited, bool *done) {
    struct staged_record record = {0};
    bool staged = false;
    if (scan->at < scan->count) {
        record = staged_at(scan->staged, scan->order[scan->at]);
        staged = begins_with(record.key, scan->prefix);
    }
    *done = !staged && !scan->saved;
    *visited = 0;
    if (*done)
        return 0;
    int order = !staged ? 1 : !scan->saved ? -1 : str_compare(record.key, scan->key);
    if (order > 0)
        *visited = visit(arg, scan->key, scan->value);
    else if (!record.deleted)
        *visited = visit(arg, record.key, record.value);
    if (order <= 0)
        scan->at++;
    return order >= 0 ? next_saved(scan, MDB_NEXT) : 0;
}

int outbox_scan(struct outbox *outbox, struct staged *staged, struct str prefix,
                int (*visit)(void *arg, struct str key, struct str value), void *arg, struct fault *why) {
    struct scan scan = {.prefix = prefix, .staged = staged, .count = staged_count(staged)};
    int rc = outbox_start_reading(outbox, why);
    if (rc == 0)
        rc = outbox_open_cursor(outbox, outbox->records, &scan.cursor, why);
    if (rc != 0)
        return rc;
    scan.order = staged_sort(staged);
    scan.at = first_staged(&scan);
    int code = next_saved(&scan, MDB_SET_RANGE), visited = 0;
    bool done = false;
    while (code == 0 && visited == 0 && !done)
        code = scan_step(&scan, visit, arg, &visited, &done);
    mdb_cursor_close(scan.cursor);
    if (code != 0)
        return outbox_explain(outbox, code, "read", why);
    return visited;
}
