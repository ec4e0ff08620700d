#include "clients/weblog/visitors.h"

#include <errno.h>
#include <stdlib.h>

#include "clients/collector/hash_index.h"
#include "clients/weblog/pool.h"
#include "clients/weblog/saves.h"
#include "clients/weblog/visit_record.h"
#include "proto/check.h"
#include "proto/civil.h"

#define VISITORS_MAGIC 0x9be10b37u
#define RECORD_MAX     (64 + VISIT_RECORD_VISITS_MAX * 15)
#define JUDGED_AT_ONCE 4096
#define NO_DAY         INT32_MIN
#define PAGE_BITS      15 /* visitors in a page: 2 MiB */
#define PAGE           (UINT32_C(1) << PAGE_BITS)
#define BOUNDS         8
#define AHEAD          12 /* visitors asked for before they are read */

struct month_seen {
    int32_t month, first_day;
    uint64_t hash;
    uint32_t languages, told;
    bool viewed;    /* else it is only known that nothing is stored */
    bool before;    /* page view in the month before */
    bool forgotten; /* closed: no hash, nothing is stored */
    bool dirty;
};

struct visitor {                      /* a cache line */
    _Alignas(64) struct visit *visit; /* of all months, ascending, at least a gap apart */
    struct month_seen *month;
    uint32_t visit_count, visit_size;
    uint32_t month_count, month_size;
    bool dirty, unjudged;
    uint8_t last_language;
    int32_t last_day; /* told as unique last: most views follow one another */
};

struct month_bounds {
    int32_t month;
    int64_t begin, end; /* both 0: not known */
};

struct numbers {
    uint32_t *at;
    size_t count, size;
};

struct visitors {
    unsigned magic;
    const struct records *records;
    struct epochs *epochs;
    struct tally *tally;
    struct str site;
    char *site_text;
    size_t max, count;
    struct visitor **page;
    size_t pages, page_room;
    struct pool pool; /* of visits and months */
    struct hash_index index;
    struct numbers dirty, unjudged;
    struct client_scratch scratch;
    struct month_bounds bounds[BOUNDS]; /* of months asked for last, by their low bits */
    struct visit loaded[VISIT_RECORD_VISITS_MAX];
    uint64_t too_late;
};

static void numbers_add(struct numbers *numbers, uint32_t number) {
    if (numbers->count == numbers->size) {
        numbers->size = numbers->size ? 2 * numbers->size : 1024;
        numbers->at = mem_resize(numbers->at, numbers->size, sizeof *numbers->at);
    }
    numbers->at[numbers->count++] = number;
}

void visitors_new(struct visitors **out, const struct records *records, struct epochs *epochs,
                  struct tally *tally, struct str site, size_t clients_max) {
    struct visitors *visitors = mem_zeroed(1, sizeof *visitors);
    visitors->magic = VISITORS_MAGIC;
    visitors->records = records;
    visitors->epochs = epochs;
    visitors->tally = tally;
    visitors->site_text = mem_string(site.at, site.len);
    visitors->site = (struct str){visitors->site_text, site.len};
    visitors->max = clients_max;
    *out = visitors;
}

void visitors_destroy(struct visitors **pointer) {
    struct visitors *visitors = *pointer;
    if (visitors == NULL)
        return;
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    visitors_forget(visitors);
    free(visitors->page);
    free(visitors->dirty.at);
    free(visitors->unjudged.at);
    client_scratch_free(&visitors->scratch);
    free(visitors->site_text);
    visitors->magic = 0;
    free(visitors);
    *pointer = NULL;
}

void visitors_forget(struct visitors *visitors) {
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    for (size_t i = 0; i < visitors->pages; i++)
        free(visitors->page[i]);
    pool_clear(&visitors->pool);
    visitors->count = visitors->pages = 0;
    visitors->dirty.count = visitors->unjudged.count = 0;
    hash_index_clear(&visitors->index);
}

bool visitors_full(const struct visitors *visitors) {
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    return visitors->count >= visitors->max;
}

bool visitors_unjudged(const struct visitors *visitors) {
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    return visitors->unjudged.count > 0;
}

uint64_t visitors_too_late(const struct visitors *visitors) {
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    return visitors->too_late;
}

static inline struct visitor *visitor_at(const struct visitors *visitors, uint32_t number) {
    return &visitors->page[number >> PAGE_BITS][number & (PAGE - 1)];
}

static void add_page(struct visitors *visitors) {
    if (visitors->pages == visitors->page_room) {
        visitors->page_room = visitors->page_room ? 2 * visitors->page_room : 16;
        visitors->page = mem_resize(visitors->page, visitors->page_room, sizeof *visitors->page);
    }
    visitors->page[visitors->pages++] = mem_table(PAGE, sizeof **visitors->page);
}

static uint32_t visitor_of(struct visitors *visitors, const struct client *client) {
    bool added;
    uint32_t number = hash_index_find(&visitors->index, client->hash, (uint32_t)visitors->count, &added);
    if (!added)
        return number;
    if (visitors->count >> PAGE_BITS == visitors->pages)
        add_page(visitors);
    visitors->count++;
    visitor_at(visitors, number)->last_day = NO_DAY;
    return number;
}

static void mark_dirty(struct visitors *visitors, uint32_t number, struct month_seen *month) {
    struct visitor *visitor = visitor_at(visitors, number);
    month->dirty = true;
    if (!visitor->dirty) {
        visitor->dirty = true;
        numbers_add(&visitors->dirty, number);
    }
}

static void mark(struct visitors *visitors, uint32_t number, struct month_seen *month) {
    struct visitor *visitor = visitor_at(visitors, number);
    mark_dirty(visitors, number, month);
    if (!visitor->unjudged) {
        visitor->unjudged = true;
        numbers_add(&visitors->unjudged, number);
    }
}

static struct month_seen *month_find(struct visitor *visitor, int32_t month) {
    for (unsigned i = visitor->month_count; i-- > 0;) /* the newest is asked for most */
        if (visitor->month[i].month == month)
            return &visitor->month[i];
    return NULL;
}

static struct month_seen *month_add(struct visitors *visitors, struct visitor *visitor, int32_t month) {
    visitor->month = pool_reserve(&visitors->pool, visitor->month, visitor->month_count, &visitor->month_size,
                                  sizeof *visitor->month);
    struct month_seen *added = &visitor->month[visitor->month_count++];
    *added = (struct month_seen){.month = month};
    return added;
}

/* The first visit that starts after `at`. */
static uint32_t visit_after(const struct visitor *visitor, int64_t at) {
    uint32_t low = 0, high = visitor->visit_count;
    if (high > 0 && visit_start(&visitor->visit[high - 1]) <= at)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (visit_start(&visitor->visit[middle]) <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void visit_insert(struct visitors *visitors, struct visitor *visitor, uint32_t place,
                         const struct visit *visit) {
    visitor->visit = pool_reserve(&visitors->pool, visitor->visit, visitor->visit_count, &visitor->visit_size,
                                  sizeof *visitor->visit);
    memmove(visitor->visit + place + 1, visitor->visit + place,
            (visitor->visit_count - place) * sizeof *visitor->visit);
    visitor->visit[place] = *visit;
    visitor->visit_count++;
}

static void visit_remove(struct visitor *visitor, uint32_t place) {
    visitor->visit_count--;
    memmove(visitor->visit + place, visitor->visit + place + 1,
            (visitor->visit_count - place) * sizeof *visitor->visit);
}

static int load_month(struct visitors *visitors, struct visitor *visitor, const struct client *client,
                      int32_t month, struct fault *why) {
    uint64_t hash;
    int rc =
        client_month_hash(client, (struct str){0}, month, visitors->records, &visitors->scratch, &hash, why);
    if (rc != 0)
        return rc;
    struct record_key key = record_key_of(RECORD_VISITOR, visitors->site);
    record_key_add_month(&key, month);
    record_key_add_number(&key, hash);
    struct str value;
    struct visit_record record = {.visit = visitors->loaded};
    rc = visitors->records->get(visitors->records->arg, record_key_str(&key), &value);
    if (rc == 0)
        rc = visit_record_read(value, &record);
    if (rc != 0 && rc != -ENOENT)
        return fault_set(why, rc,
                         "what was stored about visits cannot be read; restore the state directory from a "
                         "backup");
    struct month_seen *seen = month_add(visitors, visitor, month);
    seen->hash = hash;
    if (rc == -ENOENT)
        return 0;
    seen->viewed = true;
    seen->before = record.before;
    seen->first_day = record.first_day;
    seen->languages = record.languages;
    seen->told = record.told;
    for (size_t i = 0; i < record.visit_count; i++)
        visit_insert(visitors, visitor, visit_after(visitor, visit_start(&record.visit[i])),
                     &record.visit[i]);
    return 0;
}

/* The first view of a client in a month, as far as memory knows: what is stored of that month and those
 * beside it comes in, because a visit may begin in the month before, and a view makes the client a returning
 * one in the month after. */
static int month_begin(struct visitors *visitors, uint32_t number, const struct client *client, int32_t month,
                       struct fault *why) {
    struct visitor *visitor = visitor_at(visitors, number);
    for (int32_t near = month - 1; near <= month + 1; near++) {
        if (month_find(visitor, near) != NULL || !epochs_stored(visitors->epochs, near) ||
            epochs_closed(visitors->epochs, near))
            continue;
        int rc = load_month(visitors, visitor, client, near, why);
        if (rc != 0)
            return rc;
    }
    struct month_seen *seen = month_find(visitor, month);
    if (seen == NULL) {
        bool closed = epochs_closed(visitors->epochs, month);
        uint64_t hash = 0;
        int rc = closed ? 0
                        : client_month_hash(client, (struct str){0}, month, visitors->records,
                                            &visitors->scratch, &hash, why);
        if (rc != 0)
            return rc;
        seen = month_add(visitors, visitor, month);
        seen->hash = hash;
        seen->forgotten = closed;
    }
    if (seen->viewed)
        return 0;
    seen->viewed = true;
    seen->first_day = INT32_MAX;
    const struct month_seen *earlier = month_find(visitor, month - 1);
    struct month_seen *later = month_find(visitor, month + 1);
    seen->before = earlier != NULL && earlier->viewed;
    if (later != NULL && later->viewed && !later->before) {
        later->before = true;
        mark(visitors, number, later);
    }
    return 0;
}

static int32_t day_of(int64_t at) {
    int32_t day = 0;
    bool known = civil_day_of_time(at, &day);
    ASSERT(known);
    return day;
}

static void mark_start(struct visitors *visitors, uint32_t number, int64_t start) {
    struct month_seen *month = month_find(visitor_at(visitors, number), civil_month_of_day(day_of(start)));
    if (month != NULL)
        mark(visitors, number, month);
}

static void count_visit(struct visitors *visitors, const struct visit *visit, int64_t number) {
    tally_add(visitors->tally, TALLY_VISITS, day_of(visit_start(visit)), visit_language(visit), number);
}

static void fold(struct visitors *visitors, uint32_t number, int64_t at, unsigned language) {
    struct visitor *visitor = visitor_at(visitors, number);
    uint32_t after = visit_after(visitor, at);
    struct visit *previous = after > 0 ? &visitor->visit[after - 1] : NULL;
    struct visit *next = after < visitor->visit_count ? &visitor->visit[after] : NULL;
    bool joins = previous != NULL && at - previous->end <= VISITORS_GAP;
    bool leads = next != NULL && visit_start(next) - at <= VISITORS_GAP;
    if (joins && leads) {
        count_visit(visitors, next, -1);
        mark_start(visitors, number, visit_start(next));
        previous->end = next->end;
        mark_start(visitors, number, visit_start(previous));
        visit_remove(visitor, after);
    } else if (joins) {
        if (at <= previous->end)
            return;
        previous->end = at;
        mark_start(visitors, number, visit_start(previous));
    } else if (leads) {
        count_visit(visitors, next, -1);
        mark_start(visitors, number, visit_start(next));
        *next = visit_make(at, next->end, language);
        count_visit(visitors, next, 1);
    } else {
        struct visit visit = visit_make(at, at, language);
        visit_insert(visitors, visitor, after, &visit);
        count_visit(visitors, &visit, 1);
    }
}

int visitors_view(struct visitors *visitors, const struct client *client, int64_t at, int32_t day,
                  int32_t month, unsigned language, struct fault *why) {
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    ASSERT(language < TALLY_LANGUAGES);
    uint32_t number = visitor_of(visitors, client);
    struct month_seen *seen = month_find(visitor_at(visitors, number), month);
    if (seen == NULL || !seen->viewed) {
        int rc = month_begin(visitors, number, client, month, why);
        if (rc != 0)
            return rc;
        seen = month_find(visitor_at(visitors, number), month);
    }
    fold(visitors, number, at, language);
    struct visitor *visitor = visitor_at(visitors, number);
    if (visitor->last_day != day || visitor->last_language != language) {
        visitor->last_day = day;
        visitor->last_language = (uint8_t)language;
        if (!seen->forgotten)
            tally_put(visitors->tally, TALLY_UNIQUE, day, language, seen->hash);
    }
    if (day < seen->first_day)
        seen->first_day = day;
    seen->languages |= UINT32_C(1) << language;
    visitors->too_late += seen->forgotten;
    mark(visitors, number, seen);
    return 0;
}

/* Without the empty statement gcc takes this for a function that does nothing, and drops the calls. */
static inline void visitor_hint(const struct visitor *visitor) {
    __asm__ volatile("");
    if (visitor->visit_count > 0)
        __builtin_prefetch(&visitor->visit[visitor->visit_count - 1]);
    if (visitor->month_count > 0)
        __builtin_prefetch(&visitor->month[visitor->month_count - 1]);
}

void visitors_hint(const struct visitors *visitors, const struct client *client, unsigned hint) {
    if (hint == 0) {
        hash_index_hint(&visitors->index, client->hash);
        return;
    }
    uint32_t number;
    if (!hash_index_get(&visitors->index, client->hash, &number))
        return;
    const struct visitor *visitor = visitor_at(visitors, number);
    if (hint == 1)
        __builtin_prefetch(visitor);
    else
        visitor_hint(visitor);
}

/* The visits of a visitor that begin in a month, where they lie. */
static struct visit_record record_of(struct visitors *visitors, struct visitor *visitor,
                                     const struct month_seen *month) {
    uint32_t first = 0, past = visitor->visit_count;
    if (visitor->month_count > 1) { /* else they all do: a month in which one begins is known */
        struct month_bounds *bounds = &visitors->bounds[(uint32_t)month->month % BOUNDS];
        if (bounds->month != month->month || bounds->begin == bounds->end) {
            bounds->month = month->month;
            epochs_bounds(month->month, &bounds->begin, &bounds->end);
        }
        first = visit_after(visitor, bounds->begin - 1);
        past = visit_after(visitor, bounds->end - 1);
    }
    return (struct visit_record){.first_day = month->first_day,
                                 .languages = month->languages,
                                 .told = month->told,
                                 .before = month->before,
                                 .visit_count = past - first,
                                 .visit = visitor->visit ? visitor->visit + first : NULL};
}

static void tell_returning(struct visitors *visitors, uint32_t due, int32_t day, uint64_t hash) {
    for (unsigned language = 0; language < TALLY_LANGUAGES; language++)
        if (due >> language & 1)
            tally_put(visitors->tally, TALLY_RETURNING, day, language, hash);
}

/* Before the visitor at `i` is read: asks for those some places on. */
static inline void numbers_hint(const struct visitors *visitors, const struct numbers *numbers, size_t i) {
    __asm__ volatile("");
    size_t last = numbers->count - 1;
    __builtin_prefetch(visitor_at(visitors, numbers->at[i + 2 * AHEAD < last ? i + 2 * AHEAD : last]));
    visitor_hint(visitor_at(visitors, numbers->at[i + AHEAD < last ? i + AHEAD : last]));
}

void visitors_judge(struct visitors *visitors) {
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    for (size_t i = 0; i < visitors->unjudged.count; i++) {
        numbers_hint(visitors, &visitors->unjudged, i);
        uint32_t number = visitors->unjudged.at[i];
        struct visitor *visitor = visitor_at(visitors, number);
        visitor->unjudged = false;
        for (unsigned m = 0; m < visitor->month_count; m++) {
            struct month_seen *month = &visitor->month[m];
            if (!month->viewed || month->forgotten)
                continue;
            struct visit_record record = record_of(visitors, visitor, month);
            uint32_t due = visit_record_due(&record);
            if (due == 0)
                continue;
            tell_returning(visitors, due, month->first_day, month->hash);
            month->told |= due;
            mark_dirty(visitors, number, month);
        }
    }
    visitors->unjudged.count = 0;
}

static int put_record(struct visitors *visitors, struct wire_writer *writer, int32_t month, uint64_t hash,
                      const struct visit_record *record, struct fault *why) {
    struct record_key key = record_key_of(RECORD_VISITOR, visitors->site);
    record_key_add_month(&key, month);
    record_key_add_number(&key, hash);
    wire_writer_reset(writer);
    visit_record_write(writer, record);
    ASSERT(!wire_writer_failed(writer));
    struct str value = {(const char *)wire_writer_data(writer), wire_writer_len(writer)};
    return visitors->records->put(visitors->records->arg, record_key_str(&key), value, why);
}

/* In the order of the keys, which is much faster than any other for a tree on disk. */
static struct save *list_saves(struct visitors *visitors, size_t *count) {
    size_t size = visitors->dirty.count + 16;
    struct save *list = mem_resize(NULL, size, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < visitors->dirty.count; i++) {
        numbers_hint(visitors, &visitors->dirty, i);
        struct visitor *visitor = visitor_at(visitors, visitors->dirty.at[i]);
        visitor->dirty = false;
        for (unsigned m = 0; m < visitor->month_count; m++) {
            struct month_seen *month = &visitor->month[m];
            bool due = month->dirty && !month->forgotten;
            month->dirty = false;
            if (!due)
                continue;
            if (*count == size) {
                size *= 2;
                list = mem_resize(list, size, sizeof *list);
            }
            list[(*count)++] = (struct save){month->month, visitors->dirty.at[i], month->hash};
        }
    }
    visitors->dirty.count = 0;
    saves_sort(list, *count);
    return list;
}

int visitors_save(struct visitors *visitors, struct fault *why) {
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    if (visitors->dirty.count == 0)
        return 0;
    size_t count;
    struct save *list = list_saves(visitors, &count);
    struct wire_writer *writer;
    wire_writer_new(&writer, RECORD_MAX);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t far = i + 2 * AHEAD < count ? i + 2 * AHEAD : i, near = i + AHEAD < count ? i + AHEAD : i;
        __builtin_prefetch(visitor_at(visitors, list[far].number));
        visitor_hint(visitor_at(visitors, list[near].number));
        struct visitor *visitor = visitor_at(visitors, list[i].number);
        struct visit_record record = record_of(visitors, visitor, month_find(visitor, list[i].month));
        if (i == 0 || list[i].month != list[i - 1].month)
            epochs_open(visitors->epochs, list[i].month);
        rc = put_record(visitors, writer, list[i].month, list[i].hash, &record, why);
    }
    wire_writer_destroy(&writer);
    free(list);
    return rc;
}

struct due_scan {
    struct visitors *visitors;
    size_t count;
    struct save *due; /* room for JUDGED_AT_ONCE */
    int rc;
};

static int collect_due(void *arg, struct str key, struct str value) {
    struct due_scan *scan = arg;
    struct visit_record record = {.visit = scan->visitors->loaded};
    struct save *due = &scan->due[scan->count];
    scan->rc = record_key_read(key, scan->visitors->site, &due->month, &due->hash);
    if (scan->rc == 0)
        scan->rc = visit_record_read(value, &record);
    if (scan->rc != 0)
        return 1;
    scan->count += visit_record_due(&record) != 0 && !epochs_closed(scan->visitors->epochs, due->month);
    return scan->count == JUDGED_AT_ONCE;
}

static int judge_one(struct visitors *visitors, struct wire_writer *writer, const struct save *due,
                     struct fault *why) {
    struct record_key key = record_key_of(RECORD_VISITOR, visitors->site);
    record_key_add_month(&key, due->month);
    record_key_add_number(&key, due->hash);
    struct str value;
    struct visit_record record = {.visit = visitors->loaded};
    int rc = visitors->records->get(visitors->records->arg, record_key_str(&key), &value);
    if (rc == 0)
        rc = visit_record_read(value, &record);
    if (rc != 0)
        return fault_set(why, rc, "what was stored about visits cannot be read");
    uint32_t languages = visit_record_due(&record);
    tell_returning(visitors, languages, record.first_day, due->hash);
    record.told |= languages;
    return put_record(visitors, writer, due->month, due->hash, &record, why);
}

int visitors_judge_stored(struct visitors *visitors, bool *more, struct fault *why) {
    OBJ_CHECK(visitors, VISITORS_MAGIC);
    ASSERT(visitors->count == 0);
    struct due_scan scan = {.visitors = visitors, .due = mem_zeroed(JUDGED_AT_ONCE, sizeof *scan.due)};
    struct record_key prefix = record_key_of(RECORD_VISITOR, visitors->site);
    int rc = visitors->records->scan(visitors->records->arg, record_key_str(&prefix), collect_due, &scan);
    if (rc >= 0)
        rc = scan.rc;
    if (rc != 0) {
        free(scan.due);
        return fault_set(why, rc,
                         "what was stored about visits cannot be read; restore the state directory from a "
                         "backup");
    }
    struct wire_writer *writer;
    wire_writer_new(&writer, RECORD_MAX);
    for (size_t i = 0; i < scan.count && rc == 0; i++)
        rc = judge_one(visitors, writer, &scan.due[i], why);
    wire_writer_destroy(&writer);
    *more = scan.count > 0;
    free(scan.due);
    return rc;
}
