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
#include <sys/wait.h>
#include <time.h>
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

static struct keys *open_as(struct place *place, enum period_type epoch, const char *shared_as) {
    const struct keys_options options = {.directory = place->keys_in, .epoch = epoch, .shared_as = shared_as};
    struct keys *keys;
    if (keys_open_as(&keys, &options, &place->why) != 0)
        fail_msg("%s", place->why.text);
    return keys;
}

static void open_again(struct place *place) {
    keys_close(&place->keys);
    place->keys = open_as(place, PERIOD_MONTH, NULL);
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

static uint64_t hash_with(struct place *place, struct keys *keys, int32_t of, const char *text) {
    uint64_t out;
    if (keys_hash(keys, of, text, strlen(text), &out, &place->why) != 0)
        fail_msg("%s", place->why.text);
    return out;
}

static uint64_t hash(struct place *place, int32_t of, const char *text) {
    return hash_with(place, place->keys, of, text);
}

static struct keys_epoch epoch_of(struct place *place, struct keys *keys, int32_t of) {
    struct keys_epoch out;
    if (keys_epoch(keys, of, &out, &place->why) != 0)
        fail_msg("%s", place->why.text);
    return out;
}

static void destroy(struct place *place, struct keys *keys, int32_t before) {
    if (keys_destroy_before(keys, before, &place->why) != 0)
        fail_msg("%s", place->why.text);
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

static bool is_today(int32_t day) { /* or was, when the test began before midnight */
    int32_t today = 0;
    assert_true(civil_day_of_time((int64_t)time(NULL), &today));
    return day == today || day == today - 1;
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

static void test_half_made_key_is_no_key(void **state) {
    struct place *place = *state;
    write_key(place, "2018-03.0000abcd.new", "half", 4, 0600);
    hash(place, month(2018, 3), "x");
    assert_true(has(place, "2018-03"));
    destroy(place, place->keys, month(2018, 4));
    assert_false(has(place, "2018-03.0000abcd.new"));
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

static void test_what_became_of_a_key(void **state) {
    struct place *place = *state;
    struct keys_epoch january = epoch_of(place, place->keys, month(2018, 1));
    struct keys_epoch february = epoch_of(place, place->keys, month(2018, 2));
    struct keys_epoch march = epoch_of(place, place->keys, month(2018, 3));
    int32_t day = 7;
    char path[128];
    assert_true(january.made && !january.succeeds && january.mark != 0 && january.mark != february.mark);
    assert_int_equal(keys_fate(place->keys, &january.period, january.mark, &day), KEYS_HERE);
    assert_int_equal(keys_fate(place->keys, &january.period, february.mark, &day), KEYS_LOST);
    path_of(place, "2018-02", path);
    assert_int_equal(unlink(path), 0);
    destroy(place, place->keys, month(2018, 3));
    assert_int_equal(keys_fate(place->keys, &january.period, january.mark, &day), KEYS_DESTROYED);
    assert_true(is_today(day));
    assert_int_equal(keys_fate(place->keys, &january.period, february.mark, &day), KEYS_LOST);
    assert_int_equal(keys_fate(place->keys, &february.period, february.mark, &day), KEYS_LOST);
    open_again(place);
    struct keys_epoch again = epoch_of(place, place->keys, month(2018, 3));
    assert_true(!again.made && again.mark == march.mark);
    again = epoch_of(place, place->keys, month(2018, 1));
    assert_true(again.made && again.succeeds && again.mark != january.mark);
    destroy(place, place->keys, month(2018, 3)); /* noted again, with its own mark */
    assert_int_equal(keys_fate(place->keys, &january.period, january.mark, &day), KEYS_LOST);
    assert_int_equal(keys_fate(place->keys, &january.period, again.mark, &day), KEYS_DESTROYED);
    assert_true(is_today(day));
}

/* A kill between the note and the destruction: the next one finishes, and tells the day of the destruction. */
static void test_destruction_begun_is_finished(void **state) {
    struct place *place = *state;
    struct keys_epoch january = epoch_of(place, place->keys, month(2018, 1));
    char bytes[32], text[64], path[128];
    int32_t day;
    path_of(place, "2018-01", path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
    fclose(file);
    destroy(place, place->keys, month(2018, 3));
    path_of(place, "2018-01.destroyed", path);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    memcpy(text, "2018-03-02", 10);
    write_key(place, "2018-01.destroyed", text, strlen(text), 0600);
    assert_int_equal(keys_fate(place->keys, &january.period, january.mark, &day), KEYS_DESTROYED);
    assert_int_equal(day, civil_to_day(2018, 3, 2));
    write_key(place, "2018-01", bytes, sizeof bytes, 0600);
    assert_int_equal(keys_fate(place->keys, &january.period, january.mark, &day), KEYS_HERE);
    open_again(place);
    destroy(place, place->keys, month(2018, 3));
    assert_false(has(place, "2018-01"));
    assert_int_equal(keys_fate(place->keys, &january.period, january.mark, &day), KEYS_DESTROYED);
    assert_true(is_today(day));
}

static void assert_epoch(struct place *place, int32_t of, const char *name) {
    char text[PERIOD_TEXT_MAX];
    struct keys_epoch epoch = epoch_of(place, place->keys, of);
    assert_string_equal(period_print(&epoch.period, text), name);
}

static void test_longer_epochs(void **state) {
    struct place *place = *state;
    const struct {
        enum period_type epoch;
        const char *name;
    } cases[] = {{PERIOD_YEAR, "2016"}, {PERIOD_HALF, "2017-H1"}, {PERIOD_QUARTER, "2018-Q1"}};
    for (size_t i = 0; i < 3; i++) {
        int year = 2016 + (int)i;
        keys_close(&place->keys);
        place->keys = open_as(place, cases[i].epoch, NULL);
        uint64_t february = hash(place, month(year, 2), "x");
        assert_int_equal(hash(place, month(year, 1), "x"), february);
        assert_int_equal(hash(place, month(year, 3), "x"), february);
        assert_int_equal(hash(place, month(year, 6), "x") == february, i < 2);
        assert_int_equal(hash(place, month(year, 7), "x") == february, i < 1);
        assert_int_not_equal(hash(place, month(year + 9, 2), "x"), february);
        assert_true(has(place, cases[i].name));
    }
    destroy(place, place->keys, month(2018, 3));
    assert_true(has(place, "2018-Q1"));
    destroy(place, place->keys, month(2018, 4));
    assert_false(has(place, "2018-Q1"));
}

/* Another length begins where no part of the epoch had a key of its own. */
static void test_another_length_begins_later(void **state) {
    struct place *place = *state;
    hash(place, month(2018, 1), "x");
    hash(place, month(2018, 2), "x");
    keys_close(&place->keys);
    place->keys = open_as(place, PERIOD_YEAR, NULL);
    assert_epoch(place, month(2018, 2), "2018-02");
    assert_epoch(place, month(2018, 3), "2018-03");
    destroy(place, place->keys, month(2018, 4)); /* what is destroyed is not forgotten */
    assert_epoch(place, month(2018, 5), "2018-Q2");
    assert_epoch(place, month(2018, 12), "2018-H2");
    assert_epoch(place, month(2019, 1), "2019");
    keys_close(&place->keys);
    place->keys = open_as(place, PERIOD_MONTH, NULL);
    assert_epoch(place, month(2019, 12), "2019");
    assert_epoch(place, month(2020, 1), "2020-01");
}

static void test_made_ahead(void **state) {
    struct place *place = *state;
    const char *const refused[] = {"2018-Q2", "2018", "2018-H1"};
    struct period april, period;
    char *path = NULL;
    assert_int_equal(period_parse(&april, STR("2018-04"), NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(keys_make(place->keys, &april, &path, &place->why), 0);
        assert_string_equal(strrchr(path, '/'), "/2018-04");
        assert_int_equal(access(path, F_OK), 0);
        free(path);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(period_parse(&period, str_of(refused[i]), NULL), 0);
        assert_int_equal(keys_make(place->keys, &period, &path, &place->why), -EEXIST);
    }
    assert_false(epoch_of(place, place->keys, month(2018, 4)).made);
    destroy(place, place->keys, month(2018, 5));
    assert_int_equal(keys_make(place->keys, &april, &path, &place->why), -ENOKEY);
    assert_int_equal(period_parse(&period, STR("2018-Q2"), NULL), 0);
    assert_int_equal(keys_make(place->keys, &period, &path, &place->why), -EEXIST);
}

static void test_shared_keys(void **state) {
    struct place *place = *state;
    int64_t since;
    struct keys *one = open_as(place, PERIOD_MONTH, "weblog@one"),
                *two = open_as(place, PERIOD_MONTH, "a/two");
    assert_false(keys_are_known(one));
    assert_int_equal(keys_claim(one, &place->why), 0);
    assert_int_equal(keys_claim(two, &place->why), 0);
    assert_true(keys_are_known(one) && has(place, "weblog@one.needs") && has(place, "a%2ftwo.needs"));
    uint64_t january = hash_with(place, one, month(2018, 1), "x");
    assert_int_equal(hash_with(place, two, month(2018, 1), "x"), january);
    hash_with(place, two, month(2018, 2), "x");
    destroy(place, one, month(2018, 3));
    assert_true(has(place, "2018-01")); /* two has not said what it needs */
    assert_string_equal(keys_held_by(one, &since), "a%2ftwo");
    destroy(place, two, month(2018, 2));
    assert_false(has(place, "2018-01"));
    assert_true(has(place, "2018-02"));
    assert_null(keys_held_by(two, &since));
    destroy(place, one, month(2018, 3));
    assert_true(has(place, "2018-02"));
    destroy(place, two, month(2018, 3));
    assert_false(has(place, "2018-02"));
    destroy(place, one, month(2018, 4));
    assert_null(keys_held_by(one, &since)); /* two is behind, and no key is there for that */
    keys_close(&one);
    keys_close(&two);
}

/* Who has read nothing yet may need each key; and is known by an empty file that somebody made for it. */
static void test_shared_by_one_that_has_not_begun(void **state) {
    struct place *place = *state;
    int64_t since;
    struct keys *one = open_as(place, PERIOD_MONTH, "one"), *two = open_as(place, PERIOD_MONTH, "two");
    assert_int_equal(keys_claim(one, &place->why), 0);
    write_key(place, "two.needs", "", 0, 0600);
    hash_with(place, one, month(2018, 1), "x");
    destroy(place, one, month(2018, 5));
    assert_true(has(place, "2018-01"));
    assert_string_equal(keys_held_by(one, &since), "two");
    assert_true(keys_are_known(two));
    assert_int_equal(keys_claim(two, &place->why), 0);
    destroy(place, two, INT32_MIN);
    destroy(place, one, month(2018, 5));
    assert_true(has(place, "2018-01"));
    keys_close(&one);
    keys_close(&two);
}

static void test_nowhere_to_share(void **state) {
    struct place *place = *state;
    struct keys *keys;
    const struct keys_options nowhere = {
        .directory = "/nonexistent/keys", .epoch = PERIOD_MONTH, .shared_as = "x"};
    assert_int_equal(keys_open_as(&keys, &nowhere, &place->why), -ENOENT);
    assert_non_null(strstr(place->why.text, "mount it"));
}

/* Many begin at once, with and without the lock of a shared directory: each epoch gets one key, and all use it. */
static void race(struct place *place, const char *shared_as) {
    enum { RACERS = 8, MONTHS = 30 };
    uint64_t first[MONTHS], own[MONTHS];
    int ends[2], go[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(go), 0);
    for (int racer = 0; racer < RACERS; racer++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child > 0)
            continue;
        struct keys *keys = open_as(place, PERIOD_MONTH, shared_as);
        close(go[1]);
        if (read(go[0], own, 1) != 0) /* its end: all are there */
            _exit(1);
        for (int i = 0; i < MONTHS; i++)
            own[i] = hash_with(place, keys, month(2016, 1) + i, "x");
        _exit(write(ends[1], own, sizeof own) == (ssize_t)sizeof own ? 0 : 1);
    }
    close(go[0]);
    close(go[1]);
    close(ends[1]);
    for (int racer = 0; racer < RACERS; racer++) {
        assert_int_equal(read(ends[0], own, sizeof own), sizeof own);
        if (racer == 0)
            memcpy(first, own, sizeof own);
        assert_memory_equal(own, first, sizeof own);
    }
    close(ends[0]);
    for (int racer = 0, status; racer < RACERS; racer++)
        assert_true(wait(&status) > 0 && status == 0);
}

static void test_many_begin_at_once(void **state) {
    race(*state, NULL);
    destroy(*state, ((struct place *)*state)->keys, month(2020, 1));
    race(*state, "one");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hash_is_the_same_while_the_key_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hash_of_a_known_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_is_a_file_for_its_owner_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_half_made_key_is_no_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_key_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_destroyed_keys_are_gone_and_others_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_became_of_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_destruction_begun_is_finished, setup, teardown),
        cmocka_unit_test_setup_teardown(test_longer_epochs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_length_begins_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_ahead, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_by_one_that_has_not_begun, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nowhere_to_share, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_begin_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_months_are_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
