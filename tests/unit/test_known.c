/* Which entries of a series count. */
#include "tests/unit/room.h"

#include <errno.h>
#include <string.h>

#include "daemon/books/known.h"
#include "daemon/store/cell.h"
#include "tests/unit/random.h"

struct given {
    uint32_t series, source;
    int32_t day;
    int64_t second; /* of the day */
    uint64_t id, retracts;
    int64_t value;
    bool is_reading;    /* which lies under no id of its own */
    const char *wanted; /* its state */
};

static void put(struct room *room, const struct given *given, size_t count) {
    struct store_write *write;
    struct wire_writer *value;
    assert_int_equal(store_begin(room->store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, ROOM_NOW, NULL), 0);
    wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct entry entry = ENTRY_NONE;
        entry.id = given[i].id;
        entry.has_value = true;
        entry.value = given[i].value;
        entry.retracts = given[i].retracts;
        wire_writer_reset(value);
        cell_entry_encode(value, (int64_t)given[i].day * 86400 + given[i].second, &entry);
        assert_int_equal(
            store_put_entry(
                write, given[i].series, given[i].day, given[i].source, given[i].is_reading ? 0 : given[i].id,
                (struct str){(const char *)wire_writer_data(value), wire_writer_len(value)}, NULL),
            0);
    }
    wire_writer_destroy(&value);
    assert_int_equal(store_commit(&write, NULL), 0);
}

static void end_vintage(struct room *room) {
    struct store_write *write;
    assert_int_equal(store_begin(room->store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, ROOM_NOW, NULL), 0);
    assert_int_equal(store_end_vintage(write, NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
}

static void withdraw(struct room *room, uint32_t source, int32_t first, int32_t last, uint32_t vintage) {
    struct store_write *write;
    assert_int_equal(store_begin(room->store, &write, NULL), 0);
    assert_int_equal(
        withdrawals_put(
            write,
            &(struct withdrawal){
                .source = source, .first = first, .last = last, .vintage = vintage, .reason = STR("r")},
            NULL),
        0);
    assert_int_equal(store_commit(&write, NULL), 0);
}

struct look {
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct known known;
};

static void look(struct room *room, struct look *look, uint32_t series, int32_t last, uint32_t vintage) {
    *look = (struct look){0};
    struct fault why = {""};
    assert_int_equal(store_snapshot_open(room->store, &look->snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&look->withdrawals, look->snapshot, NULL), 0);
    if (known_add(&look->known, look->snapshot, series, CIVIL_DAY_MIN, last, vintage, look->withdrawals,
                  &why) != 0)
        fail_msg("%s", why.text);
}

static void look_away(struct look *look) {
    known_clear(&look->known);
    withdrawals_destroy(&look->withdrawals);
    store_snapshot_close(&look->snapshot);
}

static const struct known_entry *find(const struct known *known, const struct given *given) {
    for (size_t i = 0; i < known->count; i++) {
        const struct known_entry *entry = &known->entry[i];
        if (entry->source == given->source && entry->day == given->day && entry->entry.id == given->id &&
            entry->at == (int64_t)given->day * 86400 + given->second && entry->entry.value == given->value)
            return entry;
    }
    return NULL;
}

static void assert_states(struct room *room, const struct given *given, size_t count) {
    struct look seen;
    look(room, &seen, 1, 1000, 0);
    assert_int_equal(seen.known.count, count);
    for (size_t i = 0; i < count; i++) {
        const struct known_entry *entry = find(&seen.known, &given[i]);
        assert_non_null(entry);
        if (strcmp(message_entry_state_name(entry->state), given[i].wanted) != 0)
            fail_msg("entry %zu (id %d): %s", i, (int)given[i].id, message_entry_state_name(entry->state));
        assert_int_equal(known_says(entry), entry->state == MESSAGE_ENTRY_COUNTS && given[i].retracts == 0);
    }
    look_away(&seen);
}

#define CHECK(given)                                                                                         \
    do {                                                                                                     \
        struct room room;                                                                                    \
        room_new(&room);                                                                                     \
        put(&room, given, sizeof(given) / sizeof *(given));                                                  \
        assert_states(&room, given, sizeof(given) / sizeof *(given));                                        \
        room_destroy(&room);                                                                                 \
    } while (0)

static void of_one_id_the_earliest_counts(void **state) {
    (void)state;
    static const struct given given[] = {
        {1, 0, 20, 5, .id = 7, .value = 1, .wanted = "superseded"},
        {1, 1, 10, 9, .id = 7, .value = 2, .wanted = "superseded"},
        {1, 2, 10, 8, .id = 7, .value = 3, .wanted = "counts"},
        {1, 0, 10, 8, .id = 8, .value = 3, .wanted = "superseded"}, /* the same time: the bytes tell */
        {1, 1, 10, 8, .id = 8, .value = 2, .wanted = "counts"},
        {1, 1, 11, 0, .id = 9, .value = 5, .is_reading = true, .wanted = "counts"},     /* its own id */
        {1, 2, 11, 0, .id = 9, .value = 5, .is_reading = true, .wanted = "superseded"}, /* the very same */
        {1, 1, 12, 0, .id = 10, .value = 5, .is_reading = true, .wanted = "counts"},
    };
    CHECK(given);
}

static void a_retraction_may_be_retracted(void **state) {
    (void)state;
    static const struct given given[] = {
        {1, 0, 10, 0, .id = 1, .wanted = "retracted"},
        {1, 0, 5, 0, .id = 2, .retracts = 1, .wanted = "counts"},
        {1, 0, 10, 0, .id = 3, .wanted = "counts"},
        {1, 0, 10, 0, .id = 4, .retracts = 3, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 5, .retracts = 4, .wanted = "counts"},
        {1, 0, 10, 0, .id = 6, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 7, .retracts = 6, .wanted = "counts"},
        {1, 0, 10, 0, .id = 8, .retracts = 7, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 9, .retracts = 8, .wanted = "counts"},
        {1, 0, 10, 0, .id = 10, .retracts = 999, .wanted = "counts"}, /* nobody */
        /* two of one, of which one is retracted */
        {1, 0, 10, 0, .id = 20, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 21, .retracts = 20, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 22, .retracts = 20, .wanted = "counts"},
        {1, 0, 10, 0, .id = 23, .retracts = 21, .wanted = "counts"},
    };
    CHECK(given);
}

static void a_ring_of_retractions_is_retracted(void **state) {
    (void)state;
    static const struct given given[] = {
        {1, 0, 10, 0, .id = 1, .retracts = 2, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 2, .retracts = 1, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 5, .retracts = 5, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 11, .retracts = 12, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 12, .retracts = 13, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 13, .retracts = 11, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 14, .retracts = 13, .wanted = "retracted"}, /* by 15, and so of no effect */
        {1, 0, 10, 0, .id = 15, .retracts = 14, .wanted = "counts"},
        /* a ring that is opened from without */
        {1, 0, 10, 0, .id = 31, .retracts = 32, .wanted = "retracted"},
        {1, 0, 10, 0, .id = 32, .retracts = 31, .wanted = "counts"},
        {1, 0, 10, 0, .id = 33, .retracts = 31, .wanted = "counts"},
    };
    CHECK(given);
}

static void later_days_retract_but_are_not_told(void **state) {
    (void)state;
    static const struct given given[] = {
        {1, 0, 10, 0, .id = 1},
        {1, 0, 20, 0, .id = 2, .retracts = 1},
        {1, 0, 21, 0, .id = 3},
        {2, 0, 9, 0, .id = 2, .value = 4},
        {2, 0, 12, 0, .id = 1, .value = 4},
    };
    struct room room;
    struct look seen;
    room_new(&room);
    put(&room, given, 5);
    look(&room, &seen, 1, 19, 0);
    assert_int_equal(seen.known.count, 1);
    assert_int_equal(seen.known.entry[0].state, MESSAGE_ENTRY_RETRACTED);
    /* Another series beside it, in the order of both; its own ids are its own affair. */
    assert_int_equal(known_add(&seen.known, seen.snapshot, 2, CIVIL_DAY_MIN, 19, 0, seen.withdrawals, NULL),
                     0);
    assert_int_equal(seen.known.count, 3);
    assert_int_equal(seen.known.entry[0].entry.id, 2);
    assert_int_equal(seen.known.entry[1].series, 1);
    assert_int_equal(seen.known.entry[2].entry.id, 1);
    assert_true(known_says(&seen.known.entry[2]));
    look_away(&seen);
    room_destroy(&room);
}

static void what_is_withdrawn_makes_way(void **state) {
    (void)state;
    static const struct given first[] = {{1, 0, 10, 0, .id = 1, .value = 1},
                                         {1, 1, 11, 0, .id = 1, .value = 2},
                                         {1, 1, 11, 0, .id = 2, .retracts = 3},
                                         {1, 2, 11, 0, .id = 3, .value = 3}};
    static const struct given second[] = {{1, 0, 10, 0, .id = 1, .value = 7}};
    struct room room;
    struct look seen;
    room_new(&room);
    put(&room, first, 4);
    withdraw(&room, 0, 5, 10, 1);
    withdraw(&room, 1, 11, 11, 1);
    end_vintage(&room);
    put(&room, second, 1);
    look(&room, &seen, 1, 1000, 0);
    assert_int_equal(find(&seen.known, &first[0])->state, MESSAGE_ENTRY_WITHDRAWN);
    assert_int_equal(find(&seen.known, &first[1])->state, MESSAGE_ENTRY_WITHDRAWN);
    assert_int_equal(find(&seen.known, &first[2])->state, MESSAGE_ENTRY_WITHDRAWN);
    assert_int_equal(find(&seen.known, &first[3])->state, MESSAGE_ENTRY_COUNTS);
    assert_int_equal(find(&seen.known, &second[0])->state, MESSAGE_ENTRY_COUNTS);
    assert_int_equal(find(&seen.known, &second[0])->vintage, 2);
    look_away(&seen);
    look(&room, &seen, 1, 1000, 1);
    assert_int_equal(seen.known.count, 4);
    look_away(&seen);
    room_destroy(&room);
}

static void a_damaged_entry_is_told(void **state) {
    (void)state;
    struct room room;
    struct look seen;
    struct store_write *write;
    struct fault why;
    static const struct given given[] = {{1, 0, 10, 0, .id = 1}};
    room_new(&room);
    put(&room, given, 1);
    assert_int_equal(store_begin(room.store, &write, NULL), 0);
    assert_int_equal(store_put_entry(write, 2, 10, 0, 5, STR("no entry at all"), NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
    look(&room, &seen, 1, 1000, 0);
    assert_int_equal(known_add(&seen.known, seen.snapshot, 2, CIVIL_DAY_MIN, 1000, 0, seen.withdrawals, &why),
                     -EBADMSG);
    assert_int_equal(seen.known.count, 1);
    look_away(&seen);
    room_destroy(&room);
}

/* Retractions at random, against going over all of them until nothing changes. */
static void random_retractions(struct room *room, uint32_t series) {
    enum { COUNT = 12 };
    struct given given[COUNT];
    int state[COUNT]; /* 0: open, 1: counts, 2: retracted */
    for (size_t i = 0; i < COUNT; i++) {
        given[i] = (struct given){.series = series, .day = (int32_t)random_below(30), .id = i + 1};
        if (random_below(4))
            given[i].retracts = 1 + random_below(COUNT);
        state[i] = 0;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < COUNT; i++) {
            bool hit = false, doubt = false;
            for (size_t k = 0; k < COUNT; k++)
                if (given[k].retracts == given[i].id) {
                    hit = hit || state[k] == 1;
                    doubt = doubt || state[k] == 0;
                }
            if (state[i] == 0 && (hit || !doubt)) {
                state[i] = hit ? 2 : 1;
                changed = true;
            }
        }
    }
    put(room, given, COUNT);
    struct look seen;
    look(room, &seen, series, 1000, 0);
    assert_int_equal(seen.known.count, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        if ((find(&seen.known, &given[i])->state == MESSAGE_ENTRY_COUNTS) != (state[i] == 1))
            fail_msg("series %u id %zu", series, i + 1);
    for (size_t i = 1; i < COUNT; i++)
        assert_true(seen.known.entry[i - 1].at <= seen.known.entry[i].at);
    look_away(&seen);
}

static void any_retractions_settle(void **state) {
    (void)state;
    struct room room;
    random_begin();
    room_new(&room);
    for (uint32_t series = 0; series < 300; series++)
        random_retractions(&room, series);
    room_destroy(&room);
}

/* ---- of some days only ---- */

static void assert_same(const struct known *wanted, const struct known *got, int32_t first, int32_t last) {
    size_t at = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        const struct known_entry *entry = &wanted->entry[i];
        if (entry->day < first || entry->day > last)
            continue;
        assert_true(at < got->count);
        assert_int_equal(known_compare(entry, &got->entry[at]), 0);
        assert_int_equal(entry->state, got->entry[at].state);
        at++;
    }
    assert_int_equal(at, got->count);
}

/* Of few days, few ids and few sources, so that all kinds of things meet. */
static void say_at_random(struct room *room, uint32_t series) {
    struct given given[24];
    size_t count = 1 + random_below(24);
    for (size_t i = 0; i < count; i++) {
        given[i] = (struct given){.series = series,
                                  .source = (uint32_t)random_below(3),
                                  .day = (int32_t)random_below(12),
                                  .second = (int64_t)random_below(3),
                                  .id = 1 + random_below(16),
                                  .value = (int64_t)random_below(3)};
        given[i].is_reading = random_below(8) == 0;
        if (random_below(3) == 0)
            given[i].retracts = 1 + random_below(16) * (random_below(2) ? 1 : UINT64_C(1) << 40);
    }
    put(room, given, count);
}

/* What is known of some days is what of all days is known of them. */
static void other_days_count_as_far_as_they_matter(void **state) {
    (void)state;
    enum { SERIES = 150 };
    struct room room;
    random_begin();
    room_new(&room);
    for (uint32_t vintage = 1; vintage <= 2; vintage++) {
        for (uint32_t series = 0; series < SERIES; series++)
            say_at_random(&room, series);
        withdraw(&room, vintage, 3, 7, vintage);
        end_vintage(&room);
    }
    for (uint32_t series = 0; series < SERIES; series++) {
        struct look all;
        uint32_t vintage = (uint32_t)random_below(3);
        int32_t first = (int32_t)random_below(12), last = first + (int32_t)random_below(4);
        struct known some = {0};
        look(&room, &all, series, CIVIL_DAY_MAX, vintage);
        assert_int_equal(known_add(&some, all.snapshot, series, first, last, vintage, all.withdrawals, NULL),
                         0);
        assert_same(&all.known, &some, first, last);
        known_clear(&some);
        look_away(&all);
    }
    room_destroy(&room);
}

static void an_id_is_found_on_the_days_of_its_entries(void **state) {
    (void)state;
    static const struct given given[] = {
        {1, 0, 10, 0, .id = 1},
        {1, 0, 20, 0, .id = 1},
        {1, 0, 12, 0, .id = 2, .retracts = 1},
        {1, 0, 11, 0, .id = 3, .retracts = 1},
        {1, 0, 11, 0, .id = 4, .retracts = 2},
    };
    struct room room;
    struct look seen;
    room_new(&room);
    put(&room, given, 5);
    look(&room, &seen, 1, 1000, 0);
    known_index(&seen.known);
    assert_true(known_is_within(&seen.known, 1, 15, 20));
    assert_true(known_is_within(&seen.known, 1, 0, 10));
    assert_false(known_is_within(&seen.known, 1, 11, 19));
    assert_false(known_is_within(&seen.known, 1, 21, 99));
    assert_false(known_is_within(&seen.known, 9, 0, 99));
    look_away(&seen);
    room_destroy(&room);
}

static int fill(struct room *room, uint32_t count) {
    static const char name[] = "\x01"
                               "t.count\0site\0nswp";
    struct store_write *write;
    assert_int_equal(store_begin(room->store, &write, NULL), 0);
    int err = store_put_name(write, STORE_SERIES, 1, (struct str){name, sizeof name}, NULL);
    for (uint32_t id = 1; id <= count && err == 0; id++)
        err = store_put_entry(write, 1, 10, 0, id, STR("e"), NULL);
    if (err == 0)
        return store_commit(&write, NULL);
    store_abort(&write);
    return err;
}

static void too_many_are_told_with_what_to_do(void **state) {
    (void)state;
    struct room room;
    struct known known = {0};
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct fault why = {""};
    int err;
    room_new(&room);
    while ((err = fill(&room, KNOWN_ENTRIES_MAX + 1)) == -EAGAIN)
        ;
    assert_int_equal(err, 0);
    assert_int_equal(store_snapshot_open(room.store, &snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&withdrawals, snapshot, NULL), 0);
    assert_int_equal(known_add(&known, snapshot, 1, 20, 30, 0, withdrawals, &why), -E2BIG);
    assert_non_null(strstr(why.text, "t.count has more than 1048576 entries"));
    assert_non_null(strstr(why.text, "suivi withdraw"));
    known_clear(&known);
    withdrawals_destroy(&withdrawals);
    store_snapshot_close(&snapshot);
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_one_id_the_earliest_counts),
        cmocka_unit_test(a_retraction_may_be_retracted),
        cmocka_unit_test(a_ring_of_retractions_is_retracted),
        cmocka_unit_test(later_days_retract_but_are_not_told),
        cmocka_unit_test(what_is_withdrawn_makes_way),
        cmocka_unit_test(a_damaged_entry_is_told),
        cmocka_unit_test(any_retractions_settle),
        cmocka_unit_test(other_days_count_as_far_as_they_matter),
        cmocka_unit_test(an_id_is_found_on_the_days_of_its_entries),
        cmocka_unit_test(too_many_are_told_with_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
