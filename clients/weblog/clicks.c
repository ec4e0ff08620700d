#include "clients/weblog/clicks.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "clients/collector/hash_index.h"
#include "clients/weblog/pool.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/wire.h"

#define CLICKS_MAGIC   0xc11c50d1u
#define VERSION        1
#define STORED_MAX     16384 /* clicks in one record: more than one a second for two hours */
#define RECORD_MAX     (64 + 10 * STORED_MAX)
#define PRUNED_AT_ONCE 4096

struct click {
    int64_t at;
    bool counted;
};

struct target_month {
    int32_t month;
    uint64_t hash;
    bool stored;    /* there is a record */
    bool forgotten; /* closed: none may be made */
};

struct target { /* one path, asked for by one client */
    struct click *click;
    struct target_month *month;
    uint32_t count, size, months, months_size;
    unsigned language;
    bool dirty;
};

struct clicks {
    unsigned magic;
    const struct records *records;
    struct epochs *epochs;
    struct tally *tally;
    struct str site;
    char *site_text;
    size_t max, held; /* clicks */
    size_t count, size;
    struct target *target;
    struct pool pool; /* of clicks and months */
    struct hash_index index;
    uint32_t *dirty;
    size_t dirty_count, dirty_size;
    struct client_scratch scratch;
};

void clicks_new(struct clicks **out, const struct records *records, struct epochs *epochs,
                struct tally *tally, struct str site, size_t clicks_max) {
    struct clicks *clicks = mem_zeroed(1, sizeof *clicks);
    clicks->magic = CLICKS_MAGIC;
    clicks->records = records;
    clicks->epochs = epochs;
    clicks->tally = tally;
    clicks->site_text = mem_string(site.at, site.len);
    clicks->site = (struct str){clicks->site_text, site.len};
    clicks->max = clicks_max;
    *out = clicks;
}

void clicks_destroy(struct clicks **pointer) {
    struct clicks *clicks = *pointer;
    if (clicks == NULL)
        return;
    OBJ_CHECK(clicks, CLICKS_MAGIC);
    clicks_forget(clicks);
    free(clicks->dirty);
    client_scratch_free(&clicks->scratch);
    free(clicks->site_text);
    clicks->magic = 0;
    free(clicks);
    *pointer = NULL;
}

void clicks_forget(struct clicks *clicks) {
    OBJ_CHECK(clicks, CLICKS_MAGIC);
    pool_clear(&clicks->pool);
    free(clicks->target);
    clicks->target = NULL;
    clicks->count = clicks->size = clicks->held = clicks->dirty_count = 0;
    hash_index_clear(&clicks->index);
}

bool clicks_full(const struct clicks *clicks) {
    OBJ_CHECK(clicks, CLICKS_MAGIC);
    return clicks->held >= clicks->max;
}

static uint32_t target_of(struct clicks *clicks, const struct client *client, struct str path,
                          unsigned language) {
    XXH128_hash_t mixed = XXH3_128bits_withSeed(path.at, path.len, client->hash[0]);
    uint64_t hash[2] = {mixed.low64, mixed.high64 ^ client->hash[1]};
    bool added;
    uint32_t number = hash_index_find(&clicks->index, hash, (uint32_t)clicks->count, &added);
    if (!added)
        return number;
    if (clicks->count == clicks->size) {
        clicks->size = clicks->size ? 2 * clicks->size : 256;
        clicks->target = mem_resize(clicks->target, clicks->size, sizeof *clicks->target);
    }
    clicks->target[clicks->count++] = (struct target){.language = language};
    return number;
}

static void append(struct clicks *clicks, struct target *target, int64_t at, bool counted) {
    target->click =
        pool_reserve(&clicks->pool, target->click, target->count, &target->size, sizeof *target->click);
    target->click[target->count++] = (struct click){at, counted};
    clicks->held++;
}

/* [version, language, [time, counted, ...]] */
static int decode(struct clicks *clicks, struct target *target, struct str value) {
    struct wire_reader reader;
    uint32_t fields, count;
    uint64_t version, language;
    wire_reader_init(&reader, value.at, value.len);
    if (wire_read_array(&reader, &fields, 3) || fields != 3 || wire_read_uint(&reader, &version, VERSION) ||
        version != VERSION || wire_read_uint(&reader, &language, TALLY_LANGUAGES - 1) ||
        wire_read_array(&reader, &count, 2 * STORED_MAX) || count % 2 != 0)
        return -EINVAL;
    for (uint32_t i = 0; i < count; i += 2) {
        int64_t at;
        bool counted;
        int32_t day;
        if (wire_read_int(&reader, &at) || wire_read_bool(&reader, &counted) || !civil_day_of_time(at, &day))
            return -EINVAL;
        append(clicks, target, at, counted);
    }
    target->language = (unsigned)language;
    return wire_at_end(&reader) ? 0 : -EINVAL;
}

static struct target_month *month_find(struct target *target, int32_t month) {
    for (unsigned i = target->months; i-- > 0;)
        if (target->month[i].month == month)
            return &target->month[i];
    return NULL;
}

static struct record_key key_of(const struct clicks *clicks, int32_t month, uint64_t hash) {
    struct record_key key = record_key_of(RECORD_CLICKS, clicks->site);
    record_key_add_month(&key, month);
    record_key_add_number(&key, hash);
    return key;
}

static int month_add(struct clicks *clicks, uint32_t number, const struct client *client, struct str path,
                     int32_t month, struct fault *why) {
    struct target_month added = {.month = month, .forgotten = epochs_closed(clicks->epochs, month)};
    int rc = 0;
    if (!added.forgotten)
        rc = client_month_hash(client, path, month, clicks->records, &clicks->scratch, &added.hash, why);
    if (rc != 0)
        return rc;
    struct target *target = &clicks->target[number];
    if (!added.forgotten && epochs_stored(clicks->epochs, month)) {
        struct record_key key = key_of(clicks, month, added.hash);
        struct str value;
        rc = clicks->records->get(clicks->records->arg, record_key_str(&key), &value);
        added.stored = rc == 0;
        if (rc == 0)
            rc = decode(clicks, target, value);
        if (rc != 0 && rc != -ENOENT)
            return fault_set(why, rc,
                             "what was stored about downloads cannot be read; restore the state directory "
                             "from a backup");
    }
    target->month = pool_reserve(&clicks->pool, target->month, target->months, &target->months_size,
                                 sizeof *target->month);
    target->month[target->months++] = added;
    return 0;
}

int clicks_add(struct clicks *clicks, const struct client *client, struct str path, int64_t at, int32_t month,
               unsigned language, struct fault *why) {
    OBJ_CHECK(clicks, CLICKS_MAGIC);
    uint32_t number = target_of(clicks, client, path, language);
    if (month_find(&clicks->target[number], month) == NULL)
        for (int32_t near = month - 1; near <= month + 1; near++) {
            bool wanted = near == month || epochs_stored(clicks->epochs, near);
            if (!wanted || month_find(&clicks->target[number], near) != NULL)
                continue;
            int rc = month_add(clicks, number, client, path, near, why);
            if (rc != 0)
                return rc;
        }
    struct target *target = &clicks->target[number];
    append(clicks, target, at, false);
    if (target->dirty)
        return 0;
    target->dirty = true;
    if (clicks->dirty_count == clicks->dirty_size) {
        clicks->dirty_size = clicks->dirty_size ? 2 * clicks->dirty_size : 256;
        clicks->dirty = mem_resize(clicks->dirty, clicks->dirty_size, sizeof *clicks->dirty);
    }
    clicks->dirty[clicks->dirty_count++] = number;
    return 0;
}

static int compare_clicks(const void *a, const void *b) {
    const struct click *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static bool ascends(const struct target *target) {
    for (uint32_t i = 1; i < target->count; i++)
        if (target->click[i - 1].at >= target->click[i].at)
            return false;
    return true;
}

/* Two clicks in one second are one, whichever of them counted. */
static void sort(struct clicks *clicks, struct target *target) {
    if (ascends(target))
        return;
    qsort(target->click, target->count, sizeof *target->click, compare_clicks);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < target->count; i++)
        if (kept > 0 && target->click[kept - 1].at == target->click[i].at)
            target->click[kept - 1].counted |= target->click[i].counted;
        else
            target->click[kept++] = target->click[i];
    clicks->held -= target->count - kept;
    target->count = kept;
}

static void judge(struct clicks *clicks, struct target *target) {
    const struct click *last = NULL;
    for (size_t i = 0; i < target->count; i++) {
        struct click *click = &target->click[i];
        bool counts = last == NULL || click->at - last->at > CLICKS_GAP;
        if (counts)
            last = click;
        if (counts == click->counted)
            continue;
        int32_t day = 0;
        bool known = civil_day_of_time(click->at, &day);
        ASSERT(known);
        tally_add(clicks->tally, TALLY_DOWNLOADS, day, target->language, counts ? 1 : -1);
        click->counted = counts;
    }
}

/* From which click on the next run must know them: a counted one, so that it judges the rest as we did. */
static size_t recent(const struct clicks *clicks, const struct target *target) {
    int64_t newest = epochs_newest(clicks->epochs);
    int64_t since = newest == INT64_MIN ? newest : newest - EPOCHS_LATE - CLICKS_GAP;
    size_t first = target->count;
    while (first > 0 && target->click[first - 1].at >= since && target->count - first < STORED_MAX / 2)
        first--;
    while (first > 0 && first < target->count && !target->click[first].counted)
        first--;
    return first;
}

static int save_month(struct clicks *clicks, struct target *target, struct target_month *month, size_t first,
                      struct wire_writer *writer, struct fault *why) {
    if (first == target->count && !month->stored)
        return 0;
    int64_t begin, end;
    epochs_bounds(month->month, &begin, &end);
    while (first < target->count && target->click[first].at < begin)
        first++;
    size_t past = first;
    while (past < target->count && target->click[past].at < end)
        past++;
    struct record_key key = key_of(clicks, month->month, month->hash);
    if (first == past) {
        if (!month->stored)
            return 0;
        month->stored = false;
        return clicks->records->drop(clicks->records->arg, record_key_str(&key), why);
    }
    wire_writer_reset(writer);
    wire_write_array(writer, 3);
    wire_write_uint(writer, VERSION);
    wire_write_uint(writer, target->language);
    wire_write_array(writer, 2 * (past - first));
    for (; first < past; first++) {
        wire_write_int(writer, target->click[first].at);
        wire_write_bool(writer, target->click[first].counted);
    }
    ASSERT(!wire_writer_failed(writer));
    month->stored = true;
    epochs_open(clicks->epochs, month->month);
    struct str value = {(const char *)wire_writer_data(writer), wire_writer_len(writer)};
    return clicks->records->put(clicks->records->arg, record_key_str(&key), value, why);
}

int clicks_settle(struct clicks *clicks, struct fault *why) {
    OBJ_CHECK(clicks, CLICKS_MAGIC);
    if (clicks->dirty_count == 0)
        return 0;
    struct wire_writer *writer;
    wire_writer_new(&writer, RECORD_MAX);
    int rc = 0;
    for (size_t i = 0; i < clicks->dirty_count && rc == 0; i++) {
        struct target *target = &clicks->target[clicks->dirty[i]];
        target->dirty = false;
        sort(clicks, target);
        judge(clicks, target);
        size_t first = recent(clicks, target);
        for (unsigned m = 0; m < target->months && rc == 0; m++)
            if (!target->month[m].forgotten)
                rc = save_month(clicks, target, &target->month[m], first, writer, why);
    }
    clicks->dirty_count = 0;
    wire_writer_destroy(&writer);
    return rc;
}

struct old_scan {
    struct clicks *clicks;
    size_t count;
    struct record_key *key; /* room for PRUNED_AT_ONCE */
};

static int collect_old(void *arg, struct str bytes, struct str value) {
    struct old_scan *scan = arg;
    int32_t month;
    uint64_t hash;
    struct target target = {0};
    if (record_key_read(bytes, scan->clicks->site, &month, &hash) != 0)
        return 0;
    size_t held = scan->clicks->held;
    bool good = decode(scan->clicks, &target, value) == 0;
    scan->clicks->held = held;
    bool old =
        !good || epochs_closed(scan->clicks->epochs, month) || recent(scan->clicks, &target) == target.count;
    pool_give_back(&scan->clicks->pool, target.click, target.size, sizeof *target.click);
    if (old)
        scan->key[scan->count++] = key_of(scan->clicks, month, hash);
    return scan->count == PRUNED_AT_ONCE;
}

int clicks_prune(struct clicks *clicks, bool *more, struct fault *why) {
    OBJ_CHECK(clicks, CLICKS_MAGIC);
    struct old_scan scan = {.clicks = clicks, .key = mem_zeroed(PRUNED_AT_ONCE, sizeof *scan.key)};
    struct record_key prefix = record_key_of(RECORD_CLICKS, clicks->site);
    int rc = clicks->records->scan(clicks->records->arg, record_key_str(&prefix), collect_old, &scan);
    if (rc < 0)
        fault_set(why, rc, "the state cannot be read");
    else
        rc = 0;
    for (size_t i = 0; i < scan.count && rc == 0; i++)
        rc = clicks->records->drop(clicks->records->arg, record_key_str(&scan.key[i]), why);
    free(scan.key);
    if (rc == 0)
        *more = scan.count == PRUNED_AT_ONCE;
    return rc;
}
