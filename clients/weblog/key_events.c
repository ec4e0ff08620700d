#include "clients/weblog/key_events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"
#include "proto/wire.h"

#define EVENTS_MAGIC 0x6b657965u
#define VERSION      1
#define NOTE_MAX     256
#define TOLD_AT_ONCE 4096

struct day_list {
    size_t count, size;
    int32_t *day; /* ascending */
};

struct key_events {
    unsigned magic;
    const struct records *records;
    struct keys *keys;
    const struct epochs *epochs;
    struct key_teller teller;
    char *site_text;
    struct str site;
    struct days days;
    bool shared;                   /* as the record says */
    struct day_list counted, told; /* since the last settling; in this run */
};

void key_events_new(struct key_events **out, const struct records *records, struct keys *keys,
                    const struct epochs *epochs, const struct key_teller *teller, struct str site,
                    struct days days) {
    struct key_events *events = mem_zeroed(1, sizeof *events);
    events->magic = EVENTS_MAGIC;
    events->records = records;
    events->keys = keys;
    events->epochs = epochs;
    events->teller = *teller;
    events->site_text = mem_string(site.at, site.len);
    events->site = (struct str){events->site_text, site.len};
    events->days = days;
    *out = events;
}

void key_events_destroy(struct key_events **pointer) {
    struct key_events *events = *pointer;
    if (events == NULL)
        return;
    OBJ_CHECK(events, EVENTS_MAGIC);
    events->magic = 0;
    free(events->counted.day);
    free(events->told.day);
    free(events->site_text);
    free(events);
    *pointer = NULL;
}

static int damaged(int rc, struct fault *why) {
    return fault_set(why, rc,
                     "what was stored about keys cannot be read; restore the state directory from a backup");
}

/* --- is this the directory of before? --- */

int key_events_begin(struct key_events *events, struct fault *why) {
    OBJ_CHECK(events, EVENTS_MAGIC);
    struct record_key key = record_key_of(RECORD_SHARED, (struct str){0});
    struct str where = STR("");
    int rc = events->records->get(events->records->arg, record_key_str(&key), &where);
    if (rc != 0 && rc != -ENOENT)
        return damaged(rc, why);
    events->shared = rc == 0;
    if (events->shared && keys_shared(events->keys) == NULL)
        return fault_set(why, -EINVAL,
                         "this collector shares its keys with others in %.*s: give --shared-keys again, or "
                         "visitors who come to both servers would be two",
                         STR_ARG(where));
    if (events->shared && !keys_are_known(events->keys))
        return fault_set(
            why, -ENOENT,
            "%s is not the directory in which this collector shared its keys: is it mounted? If it "
            "is meant, put a copy of the keys there, and make the empty file %s in it",
            keys_shared(events->keys), keys_claim_name(events->keys));
    return keys_claim(events->keys, why);
}

static int put_shared(struct key_events *events, struct fault *why) {
    if (events->shared || keys_shared(events->keys) == NULL)
        return 0;
    struct record_key key = record_key_of(RECORD_SHARED, (struct str){0});
    events->shared = true;
    return events->records->put(events->records->arg, record_key_str(&key), str_of(keys_shared(events->keys)),
                                why);
}

/* --- which key counts: site, the epoch's first month, its length; [version, mark] --- */

static struct record_key key_of(struct str site, const struct period *epoch) {
    struct record_key key = record_key_of(RECORD_KEY, site);
    record_key_add_month(&key, civil_month_of_day(epoch->first));
    record_key_add_number(&key, (uint64_t)epoch->type);
    return key;
}

static int read_mark(struct str value, uint64_t *mark) {
    struct wire_reader reader;
    uint32_t fields;
    uint64_t version;
    wire_reader_init(&reader, value.at, value.len);
    if (wire_read_array(&reader, &fields, 2) || fields != 2 || wire_read_uint(&reader, &version, VERSION) ||
        version != VERSION || wire_read_uint(&reader, mark, UINT64_MAX) || !wire_at_end(&reader))
        return -EINVAL;
    return 0;
}

/* *mark: 0 when none has counted yet. */
static int get_mark(const struct key_events *events, const struct period *epoch, uint64_t *mark,
                    struct fault *why) {
    struct record_key key = key_of(events->site, epoch);
    struct str value;
    *mark = 0;
    int rc = events->records->get(events->records->arg, record_key_str(&key), &value);
    if (rc == 0)
        rc = read_mark(value, mark);
    return rc == 0 || rc == -ENOENT ? 0 : damaged(rc, why);
}

static int put_mark(const struct key_events *events, const struct period *epoch, uint64_t mark,
                    struct fault *why) {
    struct record_key key = key_of(events->site, epoch);
    struct wire_writer *writer;
    wire_writer_new(&writer, 32);
    wire_write_array(writer, 2);
    wire_write_uint(writer, VERSION);
    wire_write_uint(writer, mark);
    struct str value = {(const char *)wire_writer_data(writer), wire_writer_len(writer)};
    int rc = events->records->put(events->records->arg, record_key_str(&key), value, why);
    wire_writer_destroy(&writer);
    return rc;
}

static int tell(const struct key_events *events, struct str site, int32_t day, enum key_remark remark,
                const char *note, struct fault *why) {
    return events->teller.tell(events->teller.arg, site, day, remark, note, why);
}

/* --- breaks --- */

/* Visitors of that epoch were stored in a run before this one. */
static bool was_counted(const struct key_events *events, const struct period *epoch) {
    for (int32_t month = civil_month_of_day(epoch->first); month <= civil_month_of_day(epoch->last); month++)
        if (epochs_stored(events->epochs, month))
            return true;
    return false;
}

/* A part of an epoch counted again with a key of its own: whoever came on its other days, too, is two. */
static int settle_cut(const struct key_events *events, const struct period *epoch, struct fault *why) {
    char note[NOTE_MAX], range[DAYS_TEXT_MAX];
    snprintf(note, sizeof note, "a new key: %s was counted apart; who came on other days counts twice",
             days_print(events->days, range));
    int rc = epoch->first < events->days.first
                 ? tell(events, events->site, events->days.first, KEY_BREAK, note, why)
                 : 0;
    return rc == 0 && events->days.last < epoch->last
               ? tell(events, events->site, events->days.last + 1, KEY_BREAK, note, why)
               : rc;
}

static const char *what_began(const struct key_events *events, const struct keys_epoch *epoch,
                              uint64_t before) {
    if (before != 0)
        return "the one before was lost or replaced";
    if (!epoch->made)
        return NULL;
    if (was_counted(events, &epoch->period))
        return "the one before was lost";
    if (epoch->succeeds && keys_shared(events->keys) != NULL)
        return "that of the other servers is destroyed";
    return NULL;
}

static int settle_key(const struct key_events *events, const struct keys_epoch *epoch, int32_t day,
                      struct fault *why) {
    char note[NOTE_MAX];
    uint64_t before;
    int rc = get_mark(events, &epoch->period, &before, why);
    if (rc != 0 || before == epoch->mark)
        return rc;
    const char *what = what_began(events, epoch, before);
    if (what != NULL) {
        snprintf(note, sizeof note, "a new key: %s; who came before counts twice", what);
        rc = tell(events, events->site, day, KEY_BREAK, note, why);
    } else if (epoch->made) {
        rc = settle_cut(events, &epoch->period, why);
    }
    return rc == 0 ? put_mark(events, &epoch->period, epoch->mark, why) : rc;
}

static int settle_day(const struct key_events *events, int32_t day, struct fault *why) {
    char note[NOTE_MAX];
    struct keys_epoch epoch;
    int rc = keys_epoch(events->keys, civil_month_of_day(day), &epoch, why);
    if (rc == 0 && !epoch.borrowed)
        rc = settle_key(events, &epoch, day, why);
    if (rc != 0)
        return rc;
    snprintf(note, sizeof note, "%s%s", ENTRY_KEY_NOTE, period_type_name(epoch.period.type));
    return tell(events, events->site, day, KEY_METHOD, note, why);
}

/* --- days --- */

static size_t place_of(const struct day_list *list, int32_t day) {
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->day[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_day(const struct day_list *list, int32_t day) {
    size_t place = place_of(list, day);
    return place < list->count && list->day[place] == day;
}

static void add_day(struct day_list *list, int32_t day) {
    size_t place = place_of(list, day);
    if (list->count == list->size) {
        list->size = list->size ? 2 * list->size : 64;
        list->day = mem_resize(list->day, list->size, sizeof *list->day);
    }
    memmove(list->day + place + 1, list->day + place, (list->count - place) * sizeof *list->day);
    list->day[place] = day;
    list->count++;
}

void key_events_counted(struct key_events *events, int32_t day) {
    OBJ_CHECK(events, EVENTS_MAGIC);
    if (!has_day(&events->told, day) && !has_day(&events->counted, day))
        add_day(&events->counted, day);
}

int key_events_settle(struct key_events *events, struct fault *why) {
    OBJ_CHECK(events, EVENTS_MAGIC);
    int rc = events->counted.count > 0 ? put_shared(events, why) : 0;
    for (size_t i = 0; i < events->counted.count && rc == 0; i++) {
        rc = settle_day(events, events->counted.day[i], why);
        add_day(&events->told, events->counted.day[i]);
    }
    events->counted.count = 0;
    return rc;
}

void key_events_forget(struct key_events *events) {
    OBJ_CHECK(events, EVENTS_MAGIC);
    events->counted.count = events->told.count = 0;
}

/* --- destroyed keys --- */

struct gone {
    int32_t month;
    size_t count;
    struct record_key *key; /* room for TOLD_AT_ONCE */
    uint64_t *mark;
    int rc;
};

/* The site, and the epoch, of one of our keys. */
static int read_key(struct str key, struct str *site, struct period *epoch) {
    const char *end = key.len > 1 ? memchr(key.at + 1, '\0', key.len - 1) : NULL;
    int32_t month;
    uint64_t type;
    if (end == NULL)
        return -EINVAL;
    *site = (struct str){key.at + 1, (size_t)(end - key.at - 1)};
    if (record_key_read(key, *site, &month, &type) != 0 || type < PERIOD_MONTH || type > PERIOD_YEAR)
        return -EINVAL;
    *epoch = period_of_day((enum period_type)type, civil_first_day_of_month(month), NULL);
    return 0;
}

static int collect_gone(void *arg, struct str key, struct str value) {
    struct gone *gone = arg;
    struct str site;
    struct period epoch;
    gone->rc = key.len > RECORD_KEY_MAX ? -EINVAL : read_key(key, &site, &epoch);
    if (gone->rc == 0)
        gone->rc = read_mark(value, &gone->mark[gone->count]);
    if (gone->rc != 0)
        return 1;
    if (civil_month_of_day(epoch.last) >= gone->month)
        return 0;
    struct record_key *over = &gone->key[gone->count++];
    over->len = key.len;
    memcpy(over->bytes, key.at, key.len);
    return gone->count == TOLD_AT_ONCE;
}

static int tell_gone(const struct key_events *events, const struct record_key *key, uint64_t mark, bool *told,
                     struct fault *why) {
    char note[NOTE_MAX], name[PERIOD_TEXT_MAX], date[PERIOD_TEXT_MAX];
    struct str site;
    struct period epoch;
    int32_t day;
    int rc = read_key(record_key_str(key), &site, &epoch);
    ASSERT(rc == 0);
    enum keys_fate fate = keys_fate(events->keys, &epoch, mark, &day);
    if (fate == KEYS_HERE) /* others need it */
        return 0;
    period_print(&epoch, name);
    if (fate == KEYS_DESTROYED)
        snprintf(note, sizeof note, "the key of %s was destroyed on %s", name, period_print_day(day, date));
    else
        snprintf(note, sizeof note, "the key of %s was lost before it was to be destroyed", name);
    *told = true;
    rc = tell(events, site, epoch.last, KEY_DESTROYED, note, why);
    return rc == 0 ? events->records->drop(events->records->arg, record_key_str(key), why) : rc;
}

int key_events_gone(struct key_events *events, int32_t month, bool *told, struct fault *why) {
    OBJ_CHECK(events, EVENTS_MAGIC);
    const char kind = RECORD_KEY;
    struct gone gone = {.month = month,
                        .key = mem_zeroed(TOLD_AT_ONCE, sizeof *gone.key),
                        .mark = mem_zeroed(TOLD_AT_ONCE, sizeof *gone.mark)};
    int rc = events->records->scan(events->records->arg, (struct str){&kind, 1}, collect_gone, &gone);
    if (rc < 0 || gone.rc != 0)
        rc = damaged(rc < 0 ? rc : gone.rc, why);
    else
        rc = 0;
    for (size_t i = 0; i < gone.count && rc == 0; i++)
        rc = tell_gone(events, &gone.key[i], gone.mark[i], told, why);
    free(gone.key);
    free(gone.mark);
    return rc;
}
