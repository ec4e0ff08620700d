/* What waits, in turn by peers, held against a table of all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "daemon/intake/turns.h"
#include "proto/check.h"
#include "tests/unit/random.h"

#define PEERS      1000
#define PEER_BYTES 255 /* the longest that ZeroMQ takes */

struct thing {
    unsigned peer, number;
};

static struct str peer_of(unsigned peer) {
    static char text[PEER_BYTES];
    memset(text, 0, sizeof text);
    memcpy(text, &peer, sizeof peer);
    return (struct str){text, peer % 10 == 0 ? sizeof text : 5};
}

static struct thing *put(struct turns *turns, struct thing *thing, unsigned peer, unsigned number,
                         size_t bytes) {
    *thing = (struct thing){peer, number};
    turns_put(turns, peer_of(peer), thing, bytes);
    return thing + 1;
}

static void expect(struct turns *turns, unsigned peer, unsigned number) {
    assert_false(turns_empty(turns));
    const struct thing *thing = turns_take(turns);
    assert_int_equal(thing->peer, peer);
    assert_int_equal(thing->number, number);
}

static void peers_come_in_turn(void **state) {
    (void)state;
    struct turns *turns;
    struct thing things[80], *next = things;
    turns_new(&turns);
    for (unsigned i = 0; i < 64; i++)
        next = put(turns, next, 1, i, 1);
    expect(turns, 1, 0);
    next = put(turns, next, 2, 0, 1); /* comes after 64, waits for one */
    expect(turns, 1, 1);
    expect(turns, 2, 0);
    expect(turns, 1, 2);
    expect(turns, 1, 3);
    next = put(turns, next, 2, 1, 1); /* was away, and is not before those that waited */
    next = put(turns, next, 3, 0, 1);
    next = put(turns, next, 3, 1, 1);
    next = put(turns, next, 2, 2, 1);
    expect(turns, 1, 4);
    expect(turns, 2, 1);
    expect(turns, 3, 0);
    expect(turns, 1, 5);
    expect(turns, 2, 2);
    expect(turns, 3, 1);
    for (unsigned i = 6; i < 64; i++)
        expect(turns, 1, i);
    assert_true(turns_empty(turns));
    turns_destroy(&turns);
    assert_null(turns);
}

static void a_thousand_wait_for_one_of_each_other(void **state) {
    (void)state;
    struct turns *turns;
    struct thing *things = mem_zeroed(4 * PEERS + 1, sizeof *things), *next = things;
    turns_new(&turns);
    for (unsigned peer = 0; peer < PEERS; peer++)
        for (unsigned i = 0; i < 4; i++)
            next = put(turns, next, peer, i, 1);
    for (unsigned peer = 0; peer < PEERS / 2; peer++)
        expect(turns, peer, 0);
    (void)put(turns, next, PEERS, 0, 1);
    for (unsigned i = 0; i < PEERS; i++)
        expect(turns, (PEERS / 2 + i) % PEERS, i < PEERS / 2 ? 0 : 1);
    expect(turns, PEERS, 0);
    for (unsigned i = 0; i < 5 * PEERS / 2; i++)
        (void)turns_take(turns);
    assert_true(turns_empty(turns));
    turns_destroy(&turns);
    free(things);
}

static void the_bounds_are_of_all_together(void **state) {
    (void)state;
    struct turns *turns;
    struct thing *things = mem_zeroed(TURNS_COUNT_MAX, sizeof *things);
    turns_new(&turns);
    for (unsigned i = 0; i < TURNS_COUNT_MAX; i++) {
        assert_true(turns_room(turns));
        (void)put(turns, &things[i], i, 0, 1);
    }
    assert_false(turns_room(turns));
    (void)turns_take(turns);
    assert_true(turns_room(turns));
    while (!turns_empty(turns))
        (void)turns_take(turns);
    (void)put(turns, &things[0], 1, 0, TURNS_BYTES_MAX - 1);
    assert_true(turns_room(turns));
    (void)put(turns, &things[1], 2, 0, 1);
    assert_false(turns_room(turns));
    expect(turns, 1, 0);
    assert_true(turns_room(turns));
    expect(turns, 2, 0);
    turns_destroy(&turns);
    free(things);
}

/* Peers come and go. Of each it stays in order, and nobody is passed over: between two things of one peer that waits, no
 * other peer has more than one. turns_destroy looks whether a peer was left behind. */
static void whatever_comes_and_goes(void **state) {
    (void)state;
    static unsigned came[PEERS], gone[PEERS]; /* of each peer */
    static size_t turn[PEERS];     /* how much was taken when the peer began to wait for this turn */
    static size_t taken_at[PEERS]; /* 1 + the place in which it was last taken; 0: never */
    struct turns *turns;
    size_t waiting = 0, taken = 0;
    random_begin();
    turns_new(&turns);
    for (unsigned step = 0; step < 300000; step++) {
        bool filling = step / 5000 % 2 == 0 && step < 290000;
        if (turns_room(turns) && (waiting == 0 || random_below(3) < (filling ? 2u : 1u))) {
            unsigned peer = (unsigned)(random_below(2) ? random_below(3) : random_below(PEERS));
            struct thing *thing = mem_zeroed(1, sizeof *thing);
            if (came[peer] == gone[peer])
                turn[peer] = taken;
            (void)put(turns, thing, peer, came[peer]++, random_below(100000));
            waiting++;
            continue;
        }
        struct thing *thing = turns_take(turns);
        assert_int_equal(thing->number, gone[thing->peer]);
        for (unsigned peer = 0; peer < 3; peer++)
            if (peer != thing->peer && came[peer] > gone[peer] && taken_at[thing->peer])
                assert_true(taken_at[thing->peer] - 1 < turn[peer]);
        gone[thing->peer]++;
        taken_at[thing->peer] = ++taken;
        turn[thing->peer] = taken;
        free(thing);
        waiting--;
    }
    for (; waiting > 0; waiting--) {
        struct thing *thing = turns_take(turns);
        assert_int_equal(thing->number, gone[thing->peer]++);
        free(thing);
    }
    assert_true(turns_empty(turns));
    turns_destroy(&turns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_come_in_turn),
        cmocka_unit_test(a_thousand_wait_for_one_of_each_other),
        cmocka_unit_test(the_bounds_are_of_all_together),
        cmocka_unit_test(whatever_comes_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
