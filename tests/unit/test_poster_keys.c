/* The keys that the lists of a run share: more months than are known at once, and a month whose key was made anew. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/listserv/poster_keys.h"

#define MONTHS 1300 /* more than clients/collector/keys.c knows at once */

static uint64_t hash(struct poster_keys *keys, int32_t month, bool renewed) {
    uint64_t out;
    bool anew;
    struct fault why;
    if (poster_keys_hash(keys, month, STR("a@b.example"), &out, &anew, &why) != 0)
        fail_msg("%s", why.text);
    assert_int_equal(anew, renewed);
    return out;
}

static void a_key_made_anew_stays_known_as_such(void **state) {
    (void)state;
    char directory[] = "/tmp/test_poster_keys.XXXXXX", command[96];
    struct poster_keys *keys;
    struct fault why;
    assert_non_null(mkdtemp(directory));
    assert_int_equal(poster_keys_open(&keys, directory, &why), 0);
    uint64_t before = hash(keys, 3, false), kept = hash(keys, 7, false);
    assert_int_equal(poster_keys_destroy_before(keys, 5, &why), 0);
    uint64_t after = hash(keys, 3, true);
    assert_true(after != before);
    for (int32_t month = 0; month < MONTHS; month++)
        hash(keys, month, month == 3);
    assert_true(hash(keys, 3, true) == after); /* to whatever list asks, whatever was read meanwhile */
    assert_true(hash(keys, 7, false) == kept);
    poster_keys_close(&keys);
    assert_int_equal(poster_keys_open(&keys, directory, &why), 0);
    assert_true(hash(keys, 3, false) == after);
    poster_keys_close(&keys);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    assert_int_equal(system(command), 0);
}

static void without_a_directory_the_key_is_nowhere(void **state) {
    (void)state;
    struct poster_keys *keys, *others;
    struct fault why;
    assert_int_equal(poster_keys_open(&keys, NULL, &why), 0);
    assert_int_equal(poster_keys_open(&others, NULL, &why), 0);
    assert_true(hash(keys, 3, false) == hash(keys, 4, false));
    assert_true(hash(keys, 3, false) != hash(others, 3, false));
    assert_int_equal(poster_keys_destroy_before(keys, 5, &why), 0);
    poster_keys_close(&keys);
    poster_keys_close(&others);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_made_anew_stays_known_as_such),
        cmocka_unit_test(without_a_directory_the_key_is_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
