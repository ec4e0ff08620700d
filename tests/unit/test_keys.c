/* The secret keys: same key, same hash; no key, no hash; and what must not be read by others is not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/collector/keys.h"
#include "proto/check.h"
#include "proto/civil.h"

struct place {
    char directory[64], keys_in[80];
    struct keys *keys;
    struct fault why;
};

static int32_t month(int year, int number) {
    return civil_month_of_day(civil_to_day(year, number, 1));
}

static void open_again(struct place *place) {
    keys_close(&place->keys);
    assert_int_equal(keys_open(&place->keys, place->keys_in, &place->why), 0);
}

static int setup(void **state) {
    struct place *place = mem_zeroed(1, sizeof *place);
    strcpy(place->directory, "/tmp/test_keys.XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->keys_in, sizeof place->keys_in, "%s/state/keys", place->directory);
    open_again(place);
    *state = place;
    return 0;
}

static int teardown(void **state) {
    struct place *place = *state;
    keys_close(&place->keys);
    keys_close(&place->keys);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
    assert_int_equal(system(command), 0);
    free(place);
    return 0;
}

static uint64_t hash(struct place *place, int32_t of, const char *text) {
    uint64_t out;
    if (keys_hash(place->keys, of, text, strlen(text), &out, &place->why) != 0)
        fail_msg("%s", place->why.text);
    return out;
}

static void path_of(const struct place *place, const char *name, char out[static 128]) {
    snprintf(out, 128, "%s/%s", place->keys_in, name);
}

static bool has(const struct place *place, const char *name) {
    char path[128];
    path_of(place, name, path);
    return access(path, F_OK) == 0;
}

static void write_key(const struct place *place, const char *name, const void *bytes, size_t len,
                      mode_t mode) {
    char path[128];
    path_of(place, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void test_hash_is_the_same_while_the_key_is(void **state) {
    struct place *place = *state;
    uint64_t march = hash(place, month(2018, 3), "192.0.2.1 Firefox");
    assert_int_equal(hash(place, month(2018, 3), "192.0.2.1 Firefox"), march);
    assert_int_not_equal(hash(place, month(2018, 3), "192.0.2.2 Firefox"), march);
    assert_int_not_equal(hash(place, month(2018, 4), "192.0.2.1 Firefox"), march);
    assert_int_equal(hash(place, month(2018, 3), "192.0.2.1 Firefox"), march);
    open_again(place);
    assert_int_equal(hash(place, month(2018, 3), "192.0.2.1 Firefox"), march);
}

/* Fixed for good: another derivation would count a month's visitors twice after an upgrade. The key and the
 * hash were computed apart, with keyed BLAKE2b and SipHash-2-4 written down from their papers. */
static void test_hash_of_a_known_key(void **state) {
    struct place *place = *state;
    unsigned char bytes[32];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    write_key(place, "2018-03", bytes, sizeof bytes, 0600);
    assert_int_equal(hash(place, month(2018, 3), "abc"), 0xa6a1623f2551224f);
}

static void test_key_is_a_file_for_its_owner_only(void **state) {
    struct place *place = *state;
    struct stat about;
    char path[128];
    hash(place, month(2018, 3), "x");
    path_of(place, "2018-03", path);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(about.st_size, 32);
    assert_int_equal(stat(place->keys_in, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
    assert_false(has(place, "2018-03.new"));
}

static void test_half_made_key_is_made_anew(void **state) {
    struct place *place = *state;
    write_key(place, "2018-03.new", "half", 4, 0600);
    hash(place, month(2018, 3), "x");
    assert_true(has(place, "2018-03"));
    assert_false(has(place, "2018-03.new"));
}

static void test_bad_key_files_are_refused(void **state) {
    struct place *place = *state;
    char bytes[33] = {0};
    uint64_t out = 5;
    write_key(place, "2018-01", bytes, 31, 0600);
    write_key(place, "2018-02", bytes, 33, 0600);
    write_key(place, "2018-03", bytes, 32, 0640);
    write_key(place, "2018-04", bytes, 32, 0604);
    for (int i = 1; i <= 4; i++) {
        int rc = keys_hash(place->keys, month(2018, i), "x", 1, &out, &place->why);
        assert_int_equal(rc, i <= 2 ? -EBADMSG : -EPERM);
        assert_non_null(strstr(place->why.text, place->keys_in));
        assert_int_equal(out, 5);
    }
    char path[128];
    path_of(place, "2018-05", path);
    assert_int_equal(symlink("2018-01", path), 0);
    assert_int_equal(keys_hash(place->keys, month(2018, 5), "x", 1, &out, &place->why), -ELOOP);
}

static void test_destroyed_keys_are_gone_and_others_stay(void **state) {
    struct place *place = *state;
    uint64_t old = hash(place, month(2018, 1), "x"), kept = hash(place, month(2018, 3), "x");
    hash(place, month(2017, 12), "x");
    hash(place, month(2018, 2), "x");
    write_key(place, "2018-01.new", "half", 4, 0600);
    write_key(place, "notes", "mine", 4, 0600);
    assert_int_equal(keys_destroy_before(place->keys, month(2018, 3), &place->why), 0);
    assert_false(has(place, "2017-12"));
    assert_false(has(place, "2018-01"));
    assert_false(has(place, "2018-01.new"));
    assert_false(has(place, "2018-02"));
    assert_true(has(place, "2018-03"));
    assert_true(has(place, "notes"));
    assert_int_equal(hash(place, month(2018, 3), "x"), kept);
    assert_int_not_equal(hash(place, month(2018, 1), "x"), old); /* not from memory either */
    assert_int_equal(keys_destroy_before(place->keys, month(1, 1), &place->why), 0);
    assert_true(has(place, "2018-01"));
}

static void test_many_months_are_bounded(void **state) {
    struct place *place = *state;
    uint64_t out;
    int rc = 0, made = 0;
    for (; rc == 0 && made < 5000; made++)
        rc = keys_hash(place->keys, month(1900, 1) + made, "x", 1, &out, &place->why);
    assert_int_equal(rc, -E2BIG);
    assert_in_range(made, 600, 1300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hash_is_the_same_while_the_key_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hash_of_a_known_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_is_a_file_for_its_owner_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_half_made_key_is_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_key_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_destroyed_keys_are_gone_and_others_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_months_are_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
