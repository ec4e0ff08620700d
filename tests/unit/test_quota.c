/* How many entries a series may have. */
#include "tests/unit/room.h"

#include "daemon/books/quota.h"
#include "tests/unit/random.h"

static void put(struct room *room, uint32_t series, uint64_t first, uint64_t count) {
    struct store_write *write;
    assert_int_equal(store_begin(room->store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, ROOM_NOW, NULL), 0);
    for (uint64_t id = first; id < first + count; id++)
        assert_int_equal(store_put_entry(write, series, 10, 0, id, STR("entry"), NULL), 0);
    assert_int_equal(store_commit(&write, NULL), 0);
}

static uint32_t take(struct quota *quota, uint32_t series, uint32_t count) {
    uint32_t taken = 0;
    for (uint32_t i = 0; i < count; i++)
        taken += quota_take(quota, series);
    return taken;
}

static void what_is_on_disk_counts(void **state) {
    (void)state;
    struct room room;
    struct quota *quota;
    room_new(&room);
    put(&room, 1, 1, 7);
    put(&room, 2, 1, 10);
    put(&room, 3, 1, 12);
    quota_new(&quota, room.store, 10);
    assert_int_equal(take(quota, 0, 20), 10);
    assert_int_equal(take(quota, 1, 20), 3);
    assert_int_equal(take(quota, 2, 20), 0);
    assert_int_equal(take(quota, 3, 20), 0);
    assert_int_equal(take(quota, 1000000, 20), 10);
    quota_destroy(&quota);
    room_destroy(&room);
}

static void what_is_tried_is_given_back(void **state) {
    (void)state;
    struct room room;
    struct quota *quota;
    room_new(&room);
    quota_new(&quota, room.store, 10);
    assert_int_equal(take(quota, 1, 4), 4);
    quota_try(quota);
    assert_int_equal(take(quota, 1, 10), 6);
    assert_int_equal(take(quota, 2, 3), 3);
    quota_give_back(quota);
    assert_int_equal(take(quota, 1, 10), 6);
    assert_int_equal(take(quota, 2, 20), 10);
    quota_destroy(&quota);
    room_destroy(&room);
}

/* What came again, or was never written, leaves room. */
static void what_did_not_stay_is_given_back(void **state) {
    (void)state;
    struct room room;
    struct quota *quota;
    room_new(&room);
    quota_new(&quota, room.store, 10);
    assert_int_equal(take(quota, 1, 10), 10);
    assert_int_equal(take(quota, 1, 1), 0);
    quota_turn(quota);
    put(&room, 1, 1, 4);
    assert_int_equal(take(quota, 1, 1), 0); /* as long as it is on its way, nobody knows */
    quota_turn(quota);
    assert_int_equal(take(quota, 1, 20), 6);
    quota_turn(quota);
    put(&room, 1, 1, 10);
    quota_turn(quota);
    quota_turn(quota);
    assert_int_equal(take(quota, 1, 20), 0);
    quota_turn(quota);
    assert_int_equal(take(quota, 1, 20), 0);
    assert_int_equal(take(quota, 2, 20), 10);
    quota_destroy(&quota);
    room_destroy(&room);
}

/* Never more on disk than may be, whatever comes again, and never refused while there is room and nothing on its way. */
static void the_bound_holds(void **state) {
    (void)state;
    enum { MAX = 12, IDS = 40 };
    struct room room;
    struct quota *quota;
    bool there[IDS] = {false}, filling[IDS];
    uint32_t on_disk = 0;
    random_begin();
    room_new(&room);
    quota_new(&quota, room.store, MAX);
    for (size_t turn = 0; turn < 60; turn++) {
        bool any = false;
        memset(filling, 0, sizeof filling);
        for (size_t i = random_below(6); i-- > 0;) {
            size_t id = random_below(IDS);
            bool taken = quota_take(quota, 5);
            if (!taken && !any && on_disk < MAX)
                fail_msg("refused with %u on disk", on_disk);
            any = true;
            filling[id] = filling[id] || taken;
        }
        quota_turn(quota);
        for (size_t id = 0; id < IDS; id++)
            if (filling[id] && random_below(8)) { /* else its commit failed */
                put(&room, 5, id + 1, 1);
                on_disk += !there[id];
                there[id] = true;
            }
        quota_turn(quota);
        assert_true(on_disk <= MAX);
    }
    assert_int_equal(on_disk, MAX);
    quota_destroy(&quota);
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_disk_counts),
        cmocka_unit_test(what_is_tried_is_given_back),
        cmocka_unit_test(what_did_not_stay_is_given_back),
        cmocka_unit_test(the_bound_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
