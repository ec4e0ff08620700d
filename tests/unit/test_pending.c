/* What a transaction leaves in the store of all that was said, in whatever order, over commits and vintages: random
 * batches against a slow reference, and the cases that it is about, one by one. */
#include "tests/unit/room.h"

#include <string.h>

#include "daemon/store/cell.h"
#include "damage.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "random.h"

#define DAY_FIRST (ROOM_NOW / CIVIL_DAY_SECONDS)

enum { COUNT, DISTINCT, LEVEL, ROSTER, STATUS, EVIDENCE, KINDS };
static const char *const kind_ids[KINDS] = {"k.count",  "k.distinct", "k.level",
                                            "k.roster", "k.status",   "k.evidence"};
static const char *const sites[] = {"a", "b"}, *const sources[] = {"s", "t"},
                         *const names[] = {"alpha", "beta", "gamma"};
enum { SITES = 2, SOURCES = 2, DAYS = 3, EVENTS_MAX = 12, SAID_MAX = 1024, IDS = 6 };

/* One event. */
struct said {
    unsigned kind, site, source;
    uint32_t vintage;
    int64_t at;
    enum message_value form;
    int64_t number;
    uint64_t member[2];
    const char *name;
    struct entry entry;
    bool good;
};

static int32_t day_of(const struct said *said) {
    return (int32_t)(said->at / CIVIL_DAY_SECONDS);
}

/* ---- drawing ---- */

static void draw_entry(struct said *said) {
    said->form = MESSAGE_VALUE_ENTRY;
    said->entry = ENTRY_NONE;
    said->entry.id = 1 + random_below(IDS);
    said->entry.recorded = ROOM_NOW + (int64_t)random_below(3);
    if (said->kind == ROSTER)
        said->entry.name = str_of(said->name);
    else if (said->kind == EVIDENCE)
        said->entry.title = str_of(said->name);
    else
        said->entry.has_value = true;
    if (said->entry.has_value)
        said->entry.value = said->number & 1;
    if (said->kind == DISTINCT || random_below(4) == 0)
        said->entry.reason = STR("Seen again");
}

/* A time of the day that others have, too. */
static struct said draw(void) {
    struct said said = {.kind = (unsigned)random_below(KINDS),
                        .site = (unsigned)random_below(SITES),
                        .at = (DAY_FIRST - (int64_t)random_below(DAYS)) * CIVIL_DAY_SECONDS +
                              (int64_t)random_below(4) * 3600,
                        .number = (int64_t)random_below(4) - 1,
                        .member = {random_below(5), 5 + random_below(5)},
                        .name = names[random_below(3)],
                        .good = true};
    if (random_below(3) == 0 || said.kind == EVIDENCE)
        draw_entry(&said);
    else if (said.kind == DISTINCT)
        said.form = MESSAGE_VALUE_SET;
    else if (said.kind == ROSTER)
        said.form = MESSAGE_VALUE_NAME;
    if (said.kind == STATUS)
        said.number &= 1;
    if (random_below(12) == 0) {
        said.good = false;
        said.at = INT64_MAX;
    }
    return said;
}

static struct room_event event_of(const struct said *said) {
    struct room_event event = {
        .indicator = kind_ids[said->kind], .site = sites[said->site], .at = said->at, .number = said->number};
    if (said->form == MESSAGE_VALUE_ENTRY)
        event.entry = &said->entry;
    else if (said->form == MESSAGE_VALUE_NAME)
        event.name = said->name;
    else if (said->form == MESSAGE_VALUE_SET)
        event.member = said->member, event.member_count = 2;
    return event;
}

/* ---- the reference ---- */

/* All that was taken. */
static struct said taken[SAID_MAX];
static size_t taken_count;

static bool is_reading(const struct said *said) {
    return said->form == MESSAGE_VALUE_NUMBER && (said->kind == LEVEL || said->kind == STATUS);
}

static bool is_kept_by_itself(const struct said *said) {
    return said->form == MESSAGE_VALUE_ENTRY || said->form == MESSAGE_VALUE_NAME || is_reading(said);
}

/* Whether only one of the two stays. */
static bool same_place(const struct said *a, const struct said *b) {
    if (a->kind != b->kind || a->site != b->site || a->source != b->source || a->vintage != b->vintage ||
        day_of(a) != day_of(b) || a->form != b->form)
        return false;
    if (a->form == MESSAGE_VALUE_ENTRY)
        return a->entry.id == b->entry.id;
    return a->form == MESSAGE_VALUE_NUMBER || strcmp(a->name, b->name) == 0;
}

static int compare_bytes(const struct entry *a, const struct entry *b) {
    struct wire_writer *x, *y;
    wire_writer_new(&x, ENTRY_BYTES_MAX);
    wire_writer_new(&y, ENTRY_BYTES_MAX);
    entry_write(x, a);
    entry_write(y, b);
    int c = str_compare((struct str){(const char *)wire_writer_data(x), wire_writer_len(x)},
                        (struct str){(const char *)wire_writer_data(y), wire_writer_len(y)});
    wire_writer_destroy(&x);
    wire_writer_destroy(&y);
    return c;
}

/* Whether `a` stays, of two in one place that differ. */
static bool beats(const struct said *a, const struct said *b) {
    if (is_reading(a))
        return a->at != b->at ? a->at > b->at : a->number > b->number;
    if (a->at != b->at)
        return a->at < b->at;
    return a->form == MESSAGE_VALUE_ENTRY && compare_bytes(&a->entry, &b->entry) < 0;
}

static bool stays(size_t i) {
    for (size_t k = 0; k < taken_count; k++)
        if (k != i && same_place(&taken[i], &taken[k]) &&
            (beats(&taken[k], &taken[i]) || (k < i && !beats(&taken[i], &taken[k]))))
            return false;
    return true;
}

/* ---- what is there ---- */

struct walk {
    unsigned kind, site;
    uint32_t source_of[SOURCES]; /* numbers in the store */
    size_t found;
};

static unsigned source_of(const struct walk *walk, uint32_t number) {
    for (unsigned i = 0; i < SOURCES; i++)
        if (walk->source_of[i] == number)
            return i;
    fail_msg("source %u", number);
    return 0;
}

static bool says(const struct said *said, const struct store_entry *stored, int64_t at,
                 const struct entry *entry) {
    if (said->at != at)
        return false;
    switch (said->form) {
    case MESSAGE_VALUE_ENTRY:
        return stored->id == entry->id && compare_bytes(&said->entry, entry) == 0;
    case MESSAGE_VALUE_NAME:
        return stored->id == entry->id && stored->id > IDS && str_equal(entry->name, str_of(said->name)) &&
               entry->recorded == at;
    default:
        return stored->id == 0 && entry->has_value && entry->value == said->number && entry->recorded == at;
    }
}

static int expect_entry(void *arg, const struct store_entry *stored) {
    struct walk *walk = arg;
    struct entry entry;
    int64_t at;
    unsigned source = source_of(walk, stored->source);
    assert_int_equal(cell_entry_decode(stored->value, &at, &entry), 0);
    walk->found++;
    for (size_t i = 0; i < taken_count; i++) {
        const struct said *said = &taken[i];
        if (said->kind == walk->kind && said->site == walk->site && said->source == source &&
            said->vintage == stored->vintage && day_of(said) == stored->day && is_kept_by_itself(said) &&
            says(said, stored, at, &entry) && stays(i))
            return 0;
    }
    fail_msg("%s: entry %llu of day %d, vintage %u, is not the one that stays", kind_ids[walk->kind],
             (unsigned long long)stored->id, stored->day, stored->vintage);
    return 0;
}

static int expect_sum(void *arg, const struct store_sum *sum) {
    struct walk *walk = arg;
    unsigned source = source_of(walk, sum->source);
    int64_t must = 0;
    size_t count = 0;
    for (size_t i = 0; i < taken_count; i++)
        if (taken[i].kind == COUNT && taken[i].form == MESSAGE_VALUE_NUMBER && taken[i].site == walk->site &&
            taken[i].source == source && taken[i].vintage == sum->vintage && day_of(&taken[i]) == sum->when) {
            must += taken[i].number;
            count++;
        }
    assert_true(count > 0);
    assert_true(sum->sum == must);
    walk->found += count;
    return 0;
}

static int expect_set(void *arg, const struct store_cell *cell) {
    struct walk *walk = arg;
    unsigned source = source_of(walk, cell->source);
    struct sketch *must;
    sketch_new(&must);
    for (size_t i = 0; i < taken_count; i++)
        if (taken[i].form == MESSAGE_VALUE_SET && taken[i].site == walk->site && taken[i].source == source &&
            taken[i].vintage == cell->vintage && day_of(&taken[i]) == cell->when) {
            sketch_add(must, taken[i].member[0]);
            sketch_add(must, taken[i].member[1]);
            walk->found++;
        }
    assert_true(str_equal(cell->value, sketch_bytes(must)));
    sketch_destroy(&must);
    return 0;
}

static void expect_series(struct room *room, struct store_snapshot *snapshot, struct walk *walk) {
    struct dims dims = {0};
    struct name_found series;
    size_t entries = 0, others = 0;
    for (size_t i = 0; i < taken_count; i++)
        if (taken[i].kind == walk->kind && taken[i].site == walk->site) {
            entries += is_kept_by_itself(&taken[i]) && stays(i);
            others += !is_kept_by_itself(&taken[i]);
        }
    assert_int_equal(dims_add(&dims, STR("site"), str_of(sites[walk->site]), NULL), 0);
    assert_int_equal(catalogue_series(room->catalogue, str_of(kind_ids[walk->kind]), &dims, &series, NULL),
                     0);
    walk->found = 0;
    assert_int_equal(
        store_each_entry(snapshot, series.number, CIVIL_DAY_MIN, CIVIL_DAY_MAX, expect_entry, walk, NULL), 0);
    assert_int_equal(walk->found, entries);
    walk->found = 0;
    if (walk->kind == COUNT)
        assert_int_equal(store_each_sum(snapshot, STORE_DAYS, &series.number, 1, CIVIL_DAY_MIN, CIVIL_DAY_MAX,
                                        expect_sum, walk, NULL),
                         0);
    else if (walk->kind == DISTINCT)
        assert_int_equal(store_each_cell(snapshot, STORE_DAYS, series.number, CIVIL_DAY_MIN, CIVIL_DAY_MAX,
                                         expect_set, walk, NULL),
                         0);
    assert_int_equal(walk->found, others);
}

/* Months are held against days by the audit. */
static void expect_all(struct room *room) {
    struct walk walk;
    struct store_snapshot *snapshot;
    struct audited audited = audited_run(room->store);
    if (audited.told)
        fail_msg("%s", audited.text);
    for (unsigned i = 0; i < SOURCES; i++)
        assert_int_equal(catalogue_source(room->catalogue, str_of(sources[i]), &walk.source_of[i], NULL), 0);
    assert_int_equal(store_snapshot_open(room->store, &snapshot, NULL), 0);
    for (walk.kind = 0; walk.kind < KINDS; walk.kind++)
        for (walk.site = 0; walk.site < SITES; walk.site++)
            expect_series(room, snapshot, &walk);
    store_snapshot_close(&snapshot);
}

/* ---- random batches ---- */

static void expect_ack(struct room *room, bool repeated, size_t accepted, size_t count) {
    struct wire_reader reader;
    struct message_ack ack;
    assert_int_equal(room_reply(room, &reader), MESSAGE_ACK);
    assert_int_equal(message_read_ack(&reader, &ack, NULL), 0);
    assert_int_equal(ack.repeated, repeated);
    assert_int_equal(ack.accepted, repeated ? 0 : accepted);
    assert_int_equal(ack.refused_count, count - accepted);
}

static void send_batch(struct room *room, unsigned source, uint64_t seq, uint32_t vintage) {
    struct said said[EVENTS_MAX];
    struct room_event event[EVENTS_MAX];
    size_t count = 1 + random_below(EVENTS_MAX), good = 0;
    for (size_t i = 0; i < count; i++) {
        said[i] = draw();
        said[i].source = source;
        said[i].vintage = vintage;
        event[i] = event_of(&said[i]);
        good += said[i].good;
    }
    room->whole = random_below(3) == 0;
    if (room->whole && good < count)
        good = 0;
    assert_int_equal(room_send(room, sources[source], "o", seq, event, count), INGEST_HOLD);
    expect_ack(room, false, good, count);
    assert_true(taken_count + good <= SAID_MAX);
    for (size_t i = 0; i < count && good > 0; i++)
        if (said[i].good)
            taken[taken_count++] = said[i];
    if (random_below(4) == 0)
        (void)room_commit(room);
    if (random_below(4) == 0) { /* again */
        assert_int_equal(room_send(room, sources[source], "o", seq, event, count), INGEST_HOLD);
        expect_ack(room, true, good, count);
    }
}

static void the_store_is_the_fold_of_what_was_taken(void **state) {
    (void)state;
    random_begin();
    for (int round = 0; round < 60; round++) {
        struct room room;
        uint64_t seq[SOURCES] = {0};
        uint32_t vintage = 1;
        room_new_with(&room, room_kinds);
        taken_count = 0;
        for (unsigned batch = 0, count = 2 + (unsigned)random_below(30); batch < count; batch++) {
            unsigned source = batch < SOURCES ? batch : (unsigned)random_below(SOURCES);
            send_batch(&room, source, ++seq[source], vintage);
            if (random_below(3) == 0)
                (void)room_commit(&room);
            if (random_below(6) == 0) { /* the next day */
                (void)room_commit(&room);
                room.now += CIVIL_DAY_SECONDS;
                vintage++;
            }
        }
        (void)room_commit(&room);
        expect_all(&room);
        room_destroy(&room);
    }
}

/* ---- one by one ---- */

static void say(struct room *room, struct said said) {
    struct room_event event = event_of(&said);
    assert_int_equal(room_send(room, sources[said.source], "o", taken_count + 1, &event, 1), INGEST_HOLD);
    expect_ack(room, false, 1, 1);
    taken[taken_count++] = said;
}

static struct said level(int64_t at, int64_t value, uint32_t vintage) {
    return (struct said){.kind = LEVEL, .at = at, .number = value, .vintage = vintage};
}

/* In every order, all in one commit, or each in one of its own, or the next day. */
static void the_last_reading_of_a_day_is_kept(void **state) {
    (void)state;
    static const unsigned order[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const int64_t at[] = {ROOM_NOW, ROOM_NOW + 3600, ROOM_NOW + 3600};
    const int64_t value[] = {9, 4, 5};
    for (size_t i = 0; i < 6; i++)
        for (int how = 0; how < 3; how++) {
            struct room room;
            room_new_with(&room, room_kinds);
            taken_count = 0;
            for (size_t k = 0; k < 3; k++) {
                say(&room, level(at[order[i][k]], value[order[i][k]], how == 2 ? (uint32_t)k + 1 : 1));
                if (how > 0)
                    (void)room_commit(&room);
                if (how == 2)
                    room.now += CIVIL_DAY_SECONDS;
            }
            (void)room_commit(&room);
            expect_all(&room);
            room_destroy(&room);
        }
}

static void of_one_id_the_earliest_is_kept(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++)
        for (int commits = 0; commits < 2; commits++) {
            struct room room;
            room_new_with(&room, room_kinds);
            taken_count = 0;
            for (int k = 0; k < 2; k++) {
                struct said said = {
                    .kind = COUNT, .form = MESSAGE_VALUE_ENTRY, .vintage = 1, .entry = ENTRY_NONE};
                said.at = ROOM_NOW + (k == order ? 0 : 60);
                said.entry.id = 77;
                said.entry.recorded = ROOM_NOW;
                said.entry.has_value = true;
                said.entry.value = k == order ? 3 : 8;
                say(&room, said);
                if (commits)
                    (void)room_commit(&room);
            }
            (void)room_commit(&room);
            expect_all(&room);
            room_destroy(&room);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_reading_of_a_day_is_kept),
        cmocka_unit_test(of_one_id_the_earliest_is_kept),
        cmocka_unit_test(the_store_is_the_fold_of_what_was_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
