#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/store/block.h"
#include "random.h"

static struct str encoded(const struct block *block, uint8_t *bytes) {
    return (struct str){(const char *)bytes, block_encode(block, bytes)};
}

static void the_bytes_are_a_mask_and_the_sums_that_are_there(void **state) {
    (void)state;
    static const char wanted[] = "\x80\0\0\0\0\0\0\x02"
                                 "\0\0\0\0\0\0\0\x07"
                                 "\xff\xff\xff\xff\xff\xff\xff\xff";
    struct block block = {0};
    uint8_t bytes[BLOCK_BYTES_MAX];
    block_add(&block, 63, -1);
    block_add(&block, 1, 7);
    struct str got = encoded(&block, bytes);
    assert_int_equal(got.len, sizeof wanted - 1);
    assert_memory_equal(got.at, wanted, got.len);
}

static void what_is_no_block_is_refused(void **state) {
    (void)state;
    static const struct {
        size_t len;
        uint8_t mask;
        bool valid;
    } rows[] = {
        {0, 0, false}, {8, 0, false},  {8, 1, false},  {16, 1, true},   {16, 3, false},
        {24, 3, true}, {15, 1, false}, {17, 1, false}, {528, 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[BLOCK_BYTES_MAX + 8] = {0};
        bytes[7] = (char)rows[i].mask;
        assert_int_equal(block_valid((struct str){bytes, rows[i].len}), rows[i].valid);
    }
}

/* Against 64 plain numbers. */
static void it_holds_what_was_added(void **state) {
    (void)state;
    random_begin();
    for (int round = 0; round < 2000; round++) {
        int64_t sum[BLOCK_SERIES] = {0}, got;
        bool there[BLOCK_SERIES] = {false};
        struct block block = {0}, again;
        uint8_t bytes[BLOCK_BYTES_MAX];
        for (uint64_t i = random_below(100); i > 0; i--) {
            unsigned place = (unsigned)random_below(BLOCK_SERIES);
            int64_t value = (int64_t)random_below(7) - 3;
            sum[place] += value;
            there[place] = true;
            block_add(&block, place, value);
        }
        struct str row = encoded(&block, bytes);
        assert_int_equal(block_valid(row), block.mask != 0);
        block_decode(row, &again);
        assert_true(again.mask == block.mask);
        for (unsigned place = 0; place < BLOCK_SERIES; place++) {
            assert_int_equal(block_sum(row, place, &got), there[place]);
            assert_true(!there[place] || (got == sum[place] && again.sum[place] == sum[place]));
        }
    }
}

static void a_sum_stays_at_its_ends(void **state) {
    (void)state;
    struct block block = {0};
    block_add(&block, 0, INT64_MAX);
    block_add(&block, 0, 1);
    assert_true(block.sum[0] == INT64_MAX);
    block_add(&block, 1, INT64_MIN);
    block_add(&block, 1, -1);
    assert_true(block.sum[1] == INT64_MIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_a_mask_and_the_sums_that_are_there),
        cmocka_unit_test(what_is_no_block_is_refused),
        cmocka_unit_test(it_holds_what_was_added),
        cmocka_unit_test(a_sum_stays_at_its_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
