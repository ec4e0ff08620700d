/* Whether the pages of data.mdb are what LMDB takes them for. LMDB trusts what it reads: on a page that was
 * overwritten it ends the program, or reads past it. So before all records are gone through, every page that a
 * snapshot reaches is looked at here, in the file, by its own numbers.
 *
 * The layout is that of LMDB's data version 1 (mdb.c of 0.9: MDB_meta, MDB_db, MDB_page, MDB_node); a file of
 * another version is left alone. Pages that a snapshot reaches do not change while it is open. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/store/store_lmdb_priv.h"
#include "proto/check.h"

#define META_MAGIC   0xbeefc0deu
#define DATA_VERSION 1
#define DEPTH_MAX    32
#define KEY_MAX      511
#define NO_PAGE      SIZE_MAX

enum page_flags { PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_OVERFLOW = 0x04, PAGE_KINDS = 0x7f };
enum node_flags { NODE_ON_OVERFLOW = 0x01, NODE_TREE = 0x02 };

struct tree {
    uint32_t pad;
    uint16_t flags, depth;
    size_t branches, leaves, overflows, entries, root;
};

struct meta {
    uint32_t magic, version;
    void *address;
    size_t map_bytes;
    struct tree free, tables;
    size_t last_page, txn;
};

struct page_head {
    size_t number;
    uint16_t pad, flags;
    union {
        struct {
            uint16_t lower, upper;
        } room;
        uint32_t overflow_pages;
    } of;
};

struct node_head {
    uint16_t low, high, flags, key_len;
};

#define HEAD_BYTES sizeof(struct page_head)

struct pages {
    int file;
    size_t page_bytes, last_page;
    int (*look_up)(void *arg);
    void *arg;
    uint8_t *buffer[DEPTH_MAX]; /* a page for each level */
    struct tree table[TABLES];  /* as the tree of tables tells */
    bool has_table[TABLES];
};

/* The walk through one tree. */
struct tree_walk {
    struct pages *pages;
    const struct tree *tree;
    bool of_tables;
    size_t branches, leaves, overflows, entries;
    struct fault *why;
};

static int broken(struct tree_walk *walk, size_t page, const char *what) {
    return fault_set(walk->why, -EBADMSG, "page %zu of data.mdb %s", page, what);
}

/* ---- nodes ---- */

static size_t page_of_branch(const struct node_head *node) {
    uint64_t number = (uint64_t)node->low | (uint64_t)node->high << 16;
    return (size_t)(sizeof(size_t) > 4 ? number | (uint64_t)node->flags << 32 : number);
}

static int check_overflow(struct tree_walk *walk, size_t number, size_t bytes) {
    struct pages *pages = walk->pages;
    struct page_head head;
    size_t count = (HEAD_BYTES - 1 + bytes) / pages->page_bytes + 1;
    if (number > pages->last_page || count > pages->last_page - number + 1 ||
        pread(pages->file, &head, sizeof head, (off_t)(number * pages->page_bytes)) != (ssize_t)sizeof head)
        return broken(walk, number, "lies outside the file");
    if (head.number != number || (head.flags & PAGE_KINDS) != PAGE_OVERFLOW ||
        head.of.overflow_pages != count)
        return broken(walk, number, "is not the long value that it should be");
    walk->overflows += count;
    return 0;
}

static void note_table(struct pages *pages, struct str name, const uint8_t *data) {
    for (size_t i = 0; i < TABLES; i++) {
        if (!str_equal(name, str_of(store_table_names[i])))
            continue;
        memcpy(&pages->table[i], data, sizeof pages->table[i]);
        pages->has_table[i] = true;
    }
}

/* `at` is where the node begins, within the page. */
static int check_leaf_node(struct tree_walk *walk, size_t number, const uint8_t *page, size_t at) {
    struct pages *pages = walk->pages;
    struct node_head node;
    memcpy(&node, page + at, sizeof node);
    size_t bytes = (size_t)node.low | (size_t)node.high << 16, data = at + sizeof node + node.key_len;
    bool on_overflow = node.flags & NODE_ON_OVERFLOW, is_tree = node.flags & NODE_TREE;
    if (data + (on_overflow ? sizeof(size_t) : bytes) > pages->page_bytes ||
        node.flags & ~(NODE_ON_OVERFLOW | NODE_TREE))
        return broken(walk, number, "holds a record that does not fit it");
    walk->entries++;
    if (on_overflow) {
        size_t first;
        memcpy(&first, page + data, sizeof first);
        return check_overflow(walk, first, bytes);
    }
    if (is_tree != walk->of_tables || (is_tree && bytes != sizeof(struct tree)))
        return broken(walk, number, "holds a record of another kind than its table has");
    if (is_tree)
        note_table(pages, (struct str){(const char *)page + at + sizeof node, node.key_len}, page + data);
    return 0;
}

/* ---- pages ---- */

static int read_page(struct tree_walk *walk, size_t number, unsigned level, struct page_head *head) {
    struct pages *pages = walk->pages;
    uint8_t *page = pages->buffer[level];
    bool is_leaf = level + 1 == walk->tree->depth;
    int err = pages->look_up(pages->arg);
    if (err)
        return err;
    if (number > pages->last_page || pread(pages->file, page, pages->page_bytes,
                                           (off_t)(number * pages->page_bytes)) != (ssize_t)pages->page_bytes)
        return broken(walk, number, "lies outside the file");
    memcpy(head, page, sizeof *head);
    if (head->number != number || (head->flags & PAGE_KINDS) != (is_leaf ? PAGE_LEAF : PAGE_BRANCH))
        return broken(walk, number, "is not the page that it should be");
    if (head->of.room.lower < HEAD_BYTES || head->of.room.lower > head->of.room.upper ||
        head->of.room.upper > pages->page_bytes || head->of.room.lower % 2 != 0)
        return broken(walk, number, "has bounds that cannot be");
    return 0;
}

static int check_page(struct tree_walk *walk, size_t number, unsigned level) {
    struct pages *pages = walk->pages;
    struct page_head head;
    int err = read_page(walk, number, level, &head);
    if (err)
        return err;
    const uint8_t *page = pages->buffer[level];
    bool is_leaf = level + 1 == walk->tree->depth;
    size_t nodes = (head.of.room.lower - HEAD_BYTES) / 2;
    if (nodes == 0 || (!is_leaf && nodes < 2))
        return broken(walk, number, "has fewer records than it must");
    walk->leaves += is_leaf;
    walk->branches += !is_leaf;
    for (size_t i = 0; i < nodes && err == 0; i++) {
        uint16_t at;
        struct node_head node;
        memcpy(&at, page + HEAD_BYTES + 2 * i, sizeof at);
        if (at < head.of.room.upper || at + sizeof node > pages->page_bytes)
            return broken(walk, number, "has a record outside its bounds");
        memcpy(&node, page + at, sizeof node);
        if (node.key_len > KEY_MAX || at + sizeof node + node.key_len > pages->page_bytes)
            return broken(walk, number, "has a key that does not fit it");
        err = is_leaf ? check_leaf_node(walk, number, page, at)
                      : check_page(walk, page_of_branch(&node), level + 1);
    }
    return err;
}

static int check_tree(struct pages *pages, const struct tree *tree, bool of_tables, struct fault *why) {
    struct tree_walk walk = {.pages = pages, .tree = tree, .of_tables = of_tables, .why = why};
    bool is_empty = tree->root == NO_PAGE;
    if (tree->depth > DEPTH_MAX || is_empty != (tree->depth == 0))
        return fault_set(why, -EBADMSG, "data.mdb tells a depth that cannot be");
    int err = is_empty ? 0 : check_page(&walk, tree->root, 0);
    if (err)
        return err;
    if (walk.branches != tree->branches || walk.leaves != tree->leaves || walk.overflows != tree->overflows ||
        walk.entries != tree->entries)
        return fault_set(why, -EBADMSG,
                         "data.mdb has %zu records in it and not %zu, or other pages than it tells",
                         walk.entries, tree->entries);
    return 0;
}

/* ---- all of them ---- */

/* The file's two beginnings are written in turn: one of them is that of the snapshot, if it is not an old one.
 */
static int find_meta(const struct pages *pages, size_t txn, struct meta *out) {
    for (off_t i = 0; i < 2; i++) {
        struct meta meta;
        if (pread(pages->file, &meta, sizeof meta, i * (off_t)pages->page_bytes + (off_t)HEAD_BYTES) !=
            (ssize_t)sizeof meta)
            return -EIO;
        if (meta.magic == META_MAGIC && (meta.version != DATA_VERSION || meta.txn == txn)) {
            *out = meta;
            return 0;
        }
    }
    return -EAGAIN;
}

static int check_tables(struct pages *pages, const struct store_page_check *check) {
    struct fault why;
    for (enum store_part part = 0; part < STORE_PARTS; part++) {
        enum table table = store_table_of_part(part);
        int err = pages->has_table[table] ? check_tree(pages, &pages->table[table], false, &why)
                                          : fault_set(&why, -EBADMSG, "data.mdb does not have it");
        if (err && err != -EBADMSG)
            return err;
        if (err)
            check->broken(check->arg, part, why.text);
    }
    return 0;
}

static int check_all(struct pages *pages, const struct meta *meta, const struct store_page_check *check) {
    struct fault why;
    int err = check_tree(pages, &meta->tables, true, &why);
    if (err == -EBADMSG) {
        for (enum store_part part = 0; part < STORE_PARTS; part++)
            check->broken(check->arg, part, why.text);
        return 0;
    }
    if (err == 0)
        err = check_tables(pages, check);
    if (err)
        return err;
    err = check_tree(pages, &meta->free, false, &why);
    if (err == -EBADMSG) {
        check->broken(check->arg, STORE_PARTS, why.text);
        err = 0;
    }
    return err;
}

int store_check_pages(struct store_snapshot *snapshot, const struct store_page_check *check,
                      struct fault *why) {
    OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    MDB_env *env = snapshot->store->env;
    struct pages pages = {.look_up = check->look_up, .arg = check->arg};
    struct meta meta;
    MDB_stat stat;
    int rc = mdb_env_get_fd(env, &pages.file);
    if (rc == 0)
        rc = mdb_env_stat(env, &stat);
    if (rc)
        return store_fault(snapshot->store, rc, "read", why);
    pages.page_bytes = stat.ms_psize;
    int err = find_meta(&pages, mdb_txn_id(snapshot->txn), &meta);
    if (err)
        return fault_set(why, err, "%s: the beginning of data.mdb cannot be read",
                         snapshot->store->directory);
    if (meta.version != DATA_VERSION)
        return 0;
    pages.last_page = meta.last_page;
    uint8_t *memory = mem_zeroed(DEPTH_MAX, pages.page_bytes);
    for (size_t i = 0; i < DEPTH_MAX; i++)
        pages.buffer[i] = memory + i * pages.page_bytes;
    err = check_all(&pages, &meta, check);
    free(memory);
    return err;
}
