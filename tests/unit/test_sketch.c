/* The sketch against plain models of its own: an array of hashes, and a table of which values came to which register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "bytes.h"
#include "proto/sketch.h"

#define REGISTERS   2048
#define VALUES      208
#define DENSE_BYTES (1 + 4 * REGISTERS)
#define BIAS        0.09119360205952269

static struct str view(struct bytes bytes) {
    return (struct str){(const char *)bytes.at, bytes.len};
}

/* ---- what is accepted ---- */

static void test_valid_exact(void **state) {
    (void)state;
    static const struct {
        const char *hex;
        uint64_t count;
    } good[] = {
        {"01", 0},
        {"01 0000000000000000", 1},
        {"01 ffffffffffffffff", 1},
        {"01 0000000000000000 0000000000000001 7fffffffffffffff 8000000000000000 ffffffffffffffff", 5},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct bytes bytes = bytes_of_hex(good[i].hex);
        assert_true(sketch_valid(view(bytes)));
        assert_int_equal(sketch_count(view(bytes)), good[i].count);
        assert_int_equal(sketch_count_error(view(bytes)), 0);
        free(bytes.at);
    }
    static const char *const bad[] = {
        "",
        "00",
        "02",
        "03",
        "0100",
        "01 00000000000000",
        "01 000000000000000000",
        "00 0000000000000001",
        "02 0000000000000001",
        "01 0000000000000001 0000000000000001",
        "01 0000000000000002 0000000000000001",
        "01 8000000000000000 7fffffffffffffff",
        "01 0000000000000001 0000000000000003 0000000000000002",
        "01 0000000000000001 0000000000000002 00",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes bytes = bytes_of_hex(bad[i]);
        assert_false(sketch_valid(view(bytes)));
        free(bytes.at);
    }
}

static void put_register(uint8_t *bytes, size_t index, uint32_t held) {
    for (unsigned byte = 0; byte < 4; byte++)
        bytes[1 + 4 * index + byte] = (uint8_t)(held >> (24 - 8 * byte));
}

static void test_exact_up_to_its_most(void **state) {
    (void)state;
    struct bytes bytes = {calloc(1, SKETCH_BYTES_MAX + 8), SKETCH_BYTES_MAX};
    bytes.at[0] = 1;
    for (size_t i = 0; i <= SKETCH_EXACT_MAX; i++)
        put_register(bytes.at, 2 * i + 1, (uint32_t)i);
    assert_true(sketch_valid(view(bytes)));
    assert_int_equal(sketch_count(view(bytes)), SKETCH_EXACT_MAX);
    bytes.len += 8;
    assert_false(sketch_valid(view(bytes)));
    free(bytes.at);
}

/* Registers that some set of hashes makes, and those that none does. */
static void test_valid_dense(void **state) {
    (void)state;
    static const uint32_t good[] = {
        0x01800000, 0x02400000, 0x02c00000, 0x03200000, 0x03e00000, 0x17000002, 0x17fffffe, 0x18000001,
        0x18ffffff, 0x19000000, 0x19ffffff, 0x1a000000, 0x64abcdef, 0xd0000000, 0xd0ffffff,
    };
    static const uint32_t bad[] = {
        0x00000001, 0x00800000, 0x00ffffff, 0x01000000, 0x01c00000, 0x01800001, 0x01ffffff,
        0x02000000, 0x02800000, 0x02600000, 0x02400001, 0x17000000, 0x17000003, 0x17ffffff,
        0x18000000, 0x18fffffe, 0xd1000000, 0xd1ffffff, 0xe0000000, 0xffffffff,
    };
    static const size_t places[] = {0, 1, 1023, REGISTERS - 1};
    struct bytes bytes = {calloc(1, DENSE_BYTES + 1), DENSE_BYTES};
    bytes.at[0] = 2;
    assert_false(sketch_valid(view(bytes))); /* nothing came */
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
            put_register(bytes.at, places[p], good[i]);
            assert_true(sketch_valid(view(bytes)));
            assert_int_equal(sketch_count_error(view(bytes)), SKETCH_ERROR);
        }
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            put_register(bytes.at, places[p], bad[i]);
            assert_false(sketch_valid(view(bytes)));
        }
        put_register(bytes.at, places[p], 0x19000000);
    }
    for (size_t len = 0; len <= DENSE_BYTES + 1; len++)
        assert_int_equal(sketch_valid((struct str){(const char *)bytes.at, len}), len == DENSE_BYTES);
    bytes.at[0] = 1;
    assert_false(sketch_valid(view(bytes)));
    bytes.at[0] = 3;
    assert_false(sketch_valid(view(bytes)));
    free(bytes.at);
}

static void test_bytes(void **state) {
    (void)state;
    struct sketch *sketch;
    sketch_new(&sketch);
    assert_true(str_equal(sketch_bytes(sketch), STR("\x01")));
    sketch_add(sketch, 0x0102030405060708);
    sketch_add(sketch, 1);
    sketch_add(sketch, UINT64_MAX);
    sketch_add(sketch, 1);
    struct bytes wanted = bytes_of_hex("01 0000000000000001 0102030405060708 ffffffffffffffff");
    assert_int_equal(sketch_size(sketch), 3);
    assert_int_equal(sketch_error(sketch), 0);
    assert_true(str_equal(sketch_bytes(sketch), view(wanted)));
    sketch_clear(sketch);
    assert_int_equal(sketch_size(sketch), 0);
    assert_true(str_equal(sketch_bytes(sketch), STR("\x01")));
    free(wanted.at);
    sketch_destroy(&sketch);
    assert_null(sketch);
    sketch_destroy(&sketch);
}

/* ---- the models ---- */

/* Which values came to which register, filled by reading the definition aloud. */
struct table {
    bool came[REGISTERS][VALUES + 1];
};

static void table_add(struct table *table, uint64_t hash) {
    unsigned zeros = 0;
    while (zeros < 51 && (hash >> (63 - zeros) & 1) == 0)
        zeros++;
    table->came[(hash >> 2) % REGISTERS][4 * zeros + hash % 4 + 1] = true;
}

static struct bytes table_bytes(const struct table *table) {
    struct bytes bytes = {calloc(1, DENSE_BYTES), DENSE_BYTES};
    bytes.at[0] = 2;
    for (size_t i = 0; i < REGISTERS; i++) {
        int largest = VALUES;
        while (largest > 0 && !table->came[i][largest])
            largest--;
        uint32_t held = (uint32_t)largest << 24;
        for (int below = 1; below <= 24 && largest - below >= 0; below++) {
            if (largest - below == 0 || table->came[i][largest - below])
                held |= 1u << (24 - below);
        }
        put_register(bytes.at, i, held);
    }
    return bytes;
}

/* A value has the probability 2^-rarity. */
static int rarity(int value) {
    int zeros = (value - 1) / 4;
    return zeros < 51 ? zeros + 3 : 53;
}

/* Finds where the derivative of the logarithm of the likelihood of what the registers keep is 0, by halving. */
static double table_estimate(const struct table *table) {
    unsigned came[54] = {0}, missed[54] = {0};
    for (size_t i = 0; i < REGISTERS; i++) {
        int largest = VALUES;
        while (largest > 0 && !table->came[i][largest])
            largest--;
        for (int value = VALUES; value > 0 && value >= largest - 24; value--)
            (table->came[i][value] ? came : missed)[rarity(value)]++;
    }
    long double low = 1e-9L, high = 1e19L;
    for (unsigned i = 0; i < 90; i++) {
        long double middle = sqrtl(low * high), slope = 0;
        for (int rare = 0; rare < 54; rare++) {
            long double p = ldexpl(1, -rare);
            slope += came[rare] * p / expm1l(middle * p) - missed[rare] * p;
        }
        *(slope > 0 ? &low : &high) = middle;
    }
    return (double)(low * REGISTERS / (1 + BIAS / REGISTERS));
}

/* An array that is sorted and cleared of repeats with the C library alone. */
struct model {
    uint64_t *hash;
    size_t count;
    struct table *table;
};

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static struct bytes model_bytes(struct model *model) {
    qsort(model->hash, model->count, sizeof *model->hash, compare);
    size_t unique = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (i == 0 || model->hash[i] != model->hash[i - 1])
            model->hash[unique++] = model->hash[i];
    }
    model->count = unique;
    if (unique > SKETCH_EXACT_MAX) {
        memset(model->table, 0, sizeof *model->table);
        for (size_t i = 0; i < unique; i++)
            table_add(model->table, model->hash[i]);
        return table_bytes(model->table);
    }
    struct bytes bytes = {malloc(1 + unique * 8), 1 + unique * 8};
    bytes.at[0] = 1;
    for (size_t i = 0; i < unique; i++) {
        put_register(bytes.at, 2 * i, (uint32_t)(model->hash[i] >> 32));
        put_register(bytes.at, 2 * i + 1, (uint32_t)model->hash[i]);
    }
    return bytes;
}

static void model_check(struct model *model, struct sketch *sketch) {
    struct bytes wanted = model_bytes(model);
    bool exact = model->count <= SKETCH_EXACT_MAX;
    struct str bytes = sketch_bytes(sketch);
    assert_true(sketch_valid(bytes));
    assert_int_equal(bytes.len, wanted.len);
    assert_memory_equal(bytes.at, wanted.at, wanted.len);
    assert_int_equal(sketch_count(bytes), sketch_size(sketch));
    assert_int_equal(sketch_error(sketch), exact ? 0 : SKETCH_ERROR);
    assert_int_equal(sketch_count_error(bytes), sketch_error(sketch));
    if (exact)
        assert_int_equal(sketch_size(sketch), model->count);
    free(wanted.at);
}

static uint64_t some_hash(uint64_t *random, unsigned shape) {
    uint64_t hash = bytes_random(random);
    switch (shape) {
    case 0:
        return hash;
    case 1:
        return hash % 1000; /* many repeats, high bytes all the same; rare values */
    case 2:
        return hash << 40; /* low bytes all the same */
    case 3:
        return hash >> hash % 64; /* every number of zeros at the head */
    default:
        return hash % 1100;
    }
}

static void test_against_a_model(void **state) {
    (void)state;
    uint64_t random = 20180307;
    print_message("seed %llu\n", (unsigned long long)random);
    const size_t room = 200000;
    struct model model = {malloc(room * sizeof(uint64_t)), 0, calloc(1, sizeof *model.table)};
    struct sketch *sketch, *part;
    sketch_new(&sketch);
    sketch_new(&part);
    for (unsigned round = 0; round < 300; round++) {
        unsigned shape = (unsigned)(bytes_random(&random) % 5);
        unsigned steps = 1 + (unsigned)(bytes_random(&random) % 12);
        sketch_clear(sketch);
        model.count = 0;
        for (unsigned step = 0; step < steps; step++) {
            size_t some = bytes_random(&random) % (step % 3 == 0 ? 1500 : 30);
            bool merging = bytes_random(&random) % 2 == 0;
            sketch_clear(part);
            for (size_t i = 0; i < some; i++) {
                uint64_t hash = some_hash(&random, shape);
                model.hash[model.count++] = hash;
                sketch_add(merging ? part : sketch, hash);
            }
            if (merging)
                sketch_merge(sketch, sketch_bytes(part));
            if (bytes_random(&random) % 4 == 0)
                model_check(&model, sketch);
        }
        model_check(&model, sketch);
    }
    sketch_destroy(&part);
    sketch_destroy(&sketch);
    free(model.table);
    free(model.hash);
}

/* Of 1024 different hashes it is exact, of one more it is not: however often, in whatever order, by whatever way. */
static void test_where_it_becomes_dense(void **state) {
    (void)state;
    uint64_t random = 1024;
    for (unsigned way = 0; way < 4; way++) {
        uint64_t hash[SKETCH_EXACT_MAX + 1];
        struct sketch *sketch, *part;
        sketch_new(&sketch);
        sketch_new(&part);
        for (size_t i = 0; i <= SKETCH_EXACT_MAX; i++)
            hash[i] = bytes_random(&random);
        for (size_t i = 0; i < 20 * SKETCH_EXACT_MAX; i++) {
            uint64_t one = hash[bytes_random(&random) % SKETCH_EXACT_MAX];
            if (way & 1 && i % 700 == 0) {
                sketch_merge(sketch, sketch_bytes(part));
                sketch_clear(part);
            }
            sketch_add(way & 1 ? part : sketch, one);
        }
        for (size_t i = 0; i < SKETCH_EXACT_MAX; i++)
            sketch_add(sketch, hash[i]);
        assert_int_equal(sketch_size(sketch), SKETCH_EXACT_MAX);
        assert_int_equal(sketch_bytes(sketch).len, SKETCH_BYTES_MAX);
        assert_int_equal(sketch_error(sketch), 0);
        sketch_clear(part);
        sketch_add(part, hash[SKETCH_EXACT_MAX]);
        if (way & 2)
            sketch_merge(sketch, sketch_bytes(part));
        else
            sketch_add(sketch, hash[SKETCH_EXACT_MAX]);
        assert_int_equal(sketch_bytes(sketch).at[0], 2);
        assert_int_equal(sketch_bytes(sketch).len, SKETCH_BYTES_MAX);
        assert_int_equal(sketch_error(sketch), SKETCH_ERROR);
        sketch_destroy(&part);
        sketch_destroy(&sketch);
    }
}

/* ---- union ---- */

static struct bytes merged(const struct bytes *part, const size_t *order, size_t count) {
    struct sketch *sketch;
    sketch_new(&sketch);
    for (size_t i = 0; i < count; i++)
        sketch_merge(sketch, view(part[order[i]]));
    struct str bytes = sketch_bytes(sketch);
    struct bytes copy = bytes_copy(bytes.at, bytes.len);
    sketch_destroy(&sketch);
    return copy;
}

static void check_same(struct bytes left, struct bytes right) {
    assert_int_equal(left.len, right.len);
    assert_memory_equal(left.at, right.at, left.len);
}

static void test_union_laws(void **state) {
    (void)state;
    uint64_t random = 7;
    print_message("seed %llu\n", (unsigned long long)random);
    for (unsigned round = 0; round < 200; round++) {
        struct bytes part[4];
        for (size_t i = 0; i < 3; i++) {
            struct sketch *sketch;
            sketch_new(&sketch);
            unsigned shape = (unsigned)(bytes_random(&random) % 5);
            size_t count = bytes_random(&random) % (bytes_random(&random) % 2 ? 400 : 40000);
            for (size_t k = 0; k < count; k++)
                sketch_add(sketch, some_hash(&random, shape));
            struct str bytes = sketch_bytes(sketch);
            part[i] = bytes_copy(bytes.at, bytes.len);
            sketch_destroy(&sketch);
        }
        struct bytes all = merged(part, (size_t[]){0, 1, 2}, 3);
        assert_true(sketch_valid(view(all)));
        struct bytes backwards = merged(part, (size_t[]){2, 1, 0}, 3);
        struct bytes repeated = merged(part, (size_t[]){1, 1, 0, 2, 0, 1}, 6);
        check_same(all, backwards);
        check_same(all, repeated);
        part[3] = merged(part, (size_t[]){1, 2}, 2);
        struct bytes grouped = merged(part, (size_t[]){0, 3}, 2);
        check_same(all, grouped);
        free(part[3].at);
        part[3] = bytes_copy("\x01", 1);
        struct bytes with_none = merged(part, (size_t[]){3, 0, 3}, 3);
        check_same(part[0], with_none);
        free(all.at);
        free(backwards.at);
        free(repeated.at);
        free(grouped.at);
        free(with_none.at);
        for (size_t i = 0; i < 4; i++)
            free(part[i].at);
    }
}

/* Repeats take no memory: ten million adds of a thousand hashes. */
static void test_repeats_are_cheap(void **state) {
    (void)state;
    struct sketch *sketch;
    sketch_new(&sketch);
    for (uint64_t i = 0; i < 10000000; i++)
        sketch_add(sketch, i % 1000);
    assert_int_equal(sketch_size(sketch), 1000);
    sketch_destroy(&sketch);
}

/* ---- the estimate ---- */

/* What the registers hold when `count` hashes came, by the probability of each value; for counts that nobody adds
 * one by one. */
static void table_draw(struct table *table, double count, uint64_t *random) {
    memset(table, 0, sizeof *table);
    for (int value = 1; value <= VALUES; value++) {
        double not_one = exp(-ldexp(count / REGISTERS, -rarity(value)));
        for (size_t i = 0; i < REGISTERS; i++)
            table->came[i][value] = (double)(bytes_random(random) >> 11) * 0x1p-53 >= not_one;
    }
}

static void test_estimate_is_the_most_likely(void **state) {
    (void)state;
    uint64_t random = 31;
    print_message("seed %llu\n", (unsigned long long)random);
    struct table *table = calloc(1, sizeof *table);
    for (double count = 1; count < 2e18; count *= 7) {
        table_draw(table, count, &random);
        struct bytes bytes = table_bytes(table);
        if (!sketch_valid(view(bytes))) {
            assert_true(count < 10); /* nothing came, perhaps */
            free(bytes.at);
            continue;
        }
        double wanted = table_estimate(table), found = (double)sketch_count(view(bytes));
        assert_true(fabs(found - wanted) <= 0.5 + 1e-9 * wanted);
        free(bytes.at);
    }
    free(table);
}

/* Registers that no uniform hash makes still have an estimate, and soon. */
static void test_estimate_of_odd_registers(void **state) {
    (void)state;
    uint64_t random = 99;
    print_message("seed %llu\n", (unsigned long long)random);
    struct table *table = calloc(1, sizeof *table);
    for (unsigned round = 0; round < 60; round++) {
        memset(table, 0, sizeof *table);
        unsigned some = 1u << bytes_random(&random) % 19, least = (unsigned)(bytes_random(&random) % VALUES);
        for (unsigned i = 0; i < some; i++) {
            uint64_t draw = bytes_random(&random);
            table->came[draw % REGISTERS][1 + least + (draw >> 32) % (VALUES - least)] = true;
        }
        struct bytes bytes = table_bytes(table);
        assert_true(sketch_valid(view(bytes)));
        double wanted = table_estimate(table), found = (double)sketch_count(view(bytes));
        if (wanted < 9e18)
            assert_true(fabs(found - wanted) <= 0.5 + 1e-9 * wanted);
        else
            assert_true(found >= 9e18);
        free(bytes.at);
    }
    for (size_t i = 0; i < REGISTERS; i++)
        for (unsigned value = 1; value <= VALUES; value++)
            table->came[i][value] = true;
    struct bytes full = table_bytes(table);
    assert_true(sketch_valid(view(full)));
    assert_true(sketch_count(view(full)) == INT64_MAX);
    free(full.at);
    free(table);
}

struct errors {
    unsigned count;
    double sum, squares;
};

static void errors_add(struct errors *errors, double found, double truth) {
    double error = found / truth - 1;
    errors->count++;
    errors->sum += error;
    errors->squares += error * error;
}

/* `theory`: the standard error by Fisher's information of the registers, for that many hashes; five standard errors of
 * what is measured are let pass. */
static void errors_check(const struct errors *errors, double truth, double theory) {
    double bias = errors->sum / errors->count, error = sqrt(errors->squares / errors->count);
    double runs = errors->count;
    print_message("%8.3g hashes, %4u runs: bias %+.3f %%, standard error %.3f %% (theory %.3f %%)\n", truth,
                  errors->count, 100 * bias, 100 * error, 100 * theory);
    assert_true(fabs(bias) < 5 * theory / sqrt(runs));
    assert_true(fabs(error / theory - 1) < 5 / sqrt(2 * runs));
}

static void test_bias_and_error(void **state) {
    (void)state;
    static const struct {
        unsigned hashes, runs;
        double theory;
    } sizes[] = {
        {1025, 2000, 0.00491}, {2000, 1000, 0.00494},  {4000, 1000, 0.00500},  {10000, 1000, 0.00519},
        {40000, 400, 0.00604}, {100000, 300, 0.00692}, {160000, 200, 0.00719}, {1000000, 40, 0.00755},
    };
    uint64_t random = 20180101;
    print_message("seed %llu\n", (unsigned long long)random);
    struct sketch *sketch;
    sketch_new(&sketch);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct errors errors = {0};
        for (unsigned run = 0; run < sizes[i].runs; run++) {
            sketch_clear(sketch);
            for (unsigned k = 0; k < sizes[i].hashes; k++)
                sketch_add(sketch, bytes_random(&random));
            errors_add(&errors, (double)sketch_size(sketch), sizes[i].hashes);
        }
        errors_check(&errors, sizes[i].hashes, sizes[i].theory);
    }
    sketch_destroy(&sketch);
}

static void test_bias_and_error_of_huge_sets(void **state) {
    (void)state;
    uint64_t random = 64;
    print_message("seed %llu\n", (unsigned long long)random);
    struct table *table = calloc(1, sizeof *table);
    for (double count = 1e8; count < 2e18; count *= 1e5) {
        struct errors errors = {0};
        for (unsigned run = 0; run < 100; run++) {
            table_draw(table, count, &random);
            struct bytes bytes = table_bytes(table);
            errors_add(&errors, (double)sketch_count(view(bytes)), count);
            free(bytes.at);
        }
        errors_check(&errors, count, count < 1e18 ? 0.00761 : 0.00744);
    }
    free(table);
}

/* ---- bytes from anybody ---- */

/* What is valid stands for itself: taken in and given out it is the same bytes. */
static void check_taken(struct sketch *sketch, struct bytes bytes) {
    if (!sketch_valid(view(bytes)))
        return;
    uint64_t count = sketch_count(view(bytes));
    assert_true(count <= INT64_MAX);
    sketch_clear(sketch);
    sketch_merge(sketch, view(bytes));
    assert_int_equal(sketch_size(sketch), count);
    assert_true(str_equal(sketch_bytes(sketch), view(bytes)));
    sketch_merge(sketch, view(bytes));
    assert_true(str_equal(sketch_bytes(sketch), view(bytes)));
}

static void test_mutated_bytes(void **state) {
    (void)state;
    uint64_t random = 5150;
    print_message("seed %llu\n", (unsigned long long)random);
    struct sketch *sketch;
    unsigned valid = 0, rounds = 8000;
    sketch_new(&sketch);
    for (unsigned round = 0; round < rounds; round++) {
        sketch_clear(sketch);
        size_t count = bytes_random(&random) % (round % 2 ? 40 : 3000);
        for (size_t i = 0; i < count; i++)
            sketch_add(sketch, some_hash(&random, round / 2 % 5));
        struct str whole = sketch_bytes(sketch);
        size_t len = round % 3 == 0 ? bytes_random(&random) % (whole.len + 1) : whole.len;
        struct bytes bytes = bytes_copy(whole.at, len);
        for (unsigned i = 0; i < round % 4 && len > 0; i++) {
            uint64_t draw = bytes_random(&random);
            bytes.at[draw % len] ^= (uint8_t)(1u << (draw >> 32) % 8);
        }
        valid += sketch_valid(view(bytes));
        check_taken(sketch, bytes);
        free(bytes.at);
    }
    print_message("%u of %u were valid\n", valid, rounds);
    assert_true(valid > rounds / 10 && valid < rounds - rounds / 10);
    sketch_destroy(&sketch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_exact),
        cmocka_unit_test(test_exact_up_to_its_most),
        cmocka_unit_test(test_valid_dense),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_against_a_model),
        cmocka_unit_test(test_where_it_becomes_dense),
        cmocka_unit_test(test_union_laws),
        cmocka_unit_test(test_repeats_are_cheap),
        cmocka_unit_test(test_estimate_is_the_most_likely),
        cmocka_unit_test(test_estimate_of_odd_registers),
        cmocka_unit_test(test_bias_and_error),
        cmocka_unit_test(test_bias_and_error_of_huge_sets),
        cmocka_unit_test(test_mutated_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
