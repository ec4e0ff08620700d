/* Names of people as numbers: one name one number, whatever way it is spelled; a key that lasts, and is nobody else's. */
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

#include "clients/collector/pseudonyms.h"
#include "proto/check.h"

struct place {
    char directory[64], state[80], key[112];
    struct pseudonyms *pseudonyms;
    struct fault why;
};

static void open_again(struct place *place) {
    pseudonyms_close(&place->pseudonyms);
    if (pseudonyms_open(&place->pseudonyms, place->state, 0, &place->why) != 0)
        fail_msg("%s", place->why.text);
}

static int setup(void **state) {
    struct place *place = mem_zeroed(1, sizeof *place);
    strcpy(place->directory, "/tmp/test_pseudonyms.XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->state, sizeof place->state, "%s/state", place->directory);
    snprintf(place->key, sizeof place->key, "%s/pseudonym.key", place->state);
    open_again(place);
    *state = place;
    return 0;
}

static int teardown(void **state) {
    struct place *place = *state;
    pseudonyms_close(&place->pseudonyms);
    pseudonyms_close(&place->pseudonyms);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
    assert_int_equal(system(command), 0);
    free(place);
    return 0;
}

static uint64_t number(struct place *place, const char *name) {
    uint64_t out;
    if (pseudonyms_of_name(place->pseudonyms, str_of(name), &out, &place->why) != 0)
        fail_msg("%s", place->why.text);
    return out;
}

static void write_key(const struct place *place, size_t len, mode_t mode) {
    unlink(place->key);
    FILE *file = fopen(place->key, "w");
    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        fputc((int)i, file);
    fclose(file);
    assert_int_equal(chmod(place->key, mode), 0);
}

static void test_spellings(void **state) {
    struct place *place = *state;
    static const struct {
        const char *name, *as;
    } cases[] = {
        {"Ann Other", "ann other"},
        {"  Ann\t \n Other  ", "ann other"},
        {"\xc2\xa0"
         "Ann\xe2\x80\xaf\xc2\xa0Other",
         "ann other"},
        {"ÉLODIE ÇA", "élodie ça"},
        {"ИРИНА", "ирина"},
        {"李娜", "李娜"},
        {"Ⱥ", "ⱥ"}, /* longer as a small letter */
        {"E\xcc\x81lodie C\xcc\xa7"
         "a",
         "élodie ça"}, /* decomposed, as some systems type it */
        {"Nguye\xcc\x82\xcc\x83n", "nguyễn"},
        {"Nguye\xcc\x83\xcc\x82n", "nguyẽ\xcc\x82n"}, /* another order of marks above is another letter */
        {"STRASSE", "strasse"},
        {"Straße", "strasse"},
        {"ΣΊΣΥΦΟΣ", "σίσυφοσ"},
        {"σίσυφος", "σίσυφοσ"},
        {"x", "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[PSEUDONYM_SPELLING_MAX];
        int len = pseudonyms_normalise(str_of(cases[i].name), out, &place->why);
        assert_int_equal(len, strlen(cases[i].as));
        assert_memory_equal(out, cases[i].as, (size_t)len);
        assert_int_equal(number(place, cases[i].name), number(place, cases[i].as));
    }
    assert_int_not_equal(number(place, "Ann Other"), number(place, "AnnOther"));
    assert_int_not_equal(number(place, "Elodie"), number(place, "Élodie"));
}

/* And the sentence does not tell the name. */
static void test_no_names(void **state) {
    struct place *place = *state;
    char longest[PSEUDONYM_NAME_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[PSEUDONYM_NAME_MAX + 1] = '\0';
    const char *const bad[] = {"", " \t\n", "\xc2\xa0", "secret\xff", "\xc3", longest};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t out = 5;
        assert_int_equal(pseudonyms_of_name(place->pseudonyms, str_of(bad[i]), &out, &place->why), -EINVAL);
        assert_int_equal(out, 5);
        assert_null(strstr(place->why.text, "secret"));
        assert_null(strstr(place->why.text, "xxx"));
    }
    longest[PSEUDONYM_NAME_MAX] = '\0';
    number(place, longest);
    for (size_t i = 0; i < PSEUDONYM_NAME_MAX; i += 2)
        memcpy(longest + i, "\xce\x90", 2); /* three characters when it is taken apart */
    number(place, longest);
}

static void test_key_lasts(void **state) {
    struct place *place = *state;
    uint64_t before = number(place, "Ann Other");
    struct stat about;
    open_again(place);
    assert_int_equal(number(place, "Ann Other"), before);
    assert_int_equal(stat(place->key, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(about.st_size, 32);
    assert_int_equal(unlink(place->key), 0);
    open_again(place);
    assert_int_not_equal(number(place, "Ann Other"), before);
}

/* Whoever lost the key is told, before everybody counts twice. */
static void test_key_is_missed(void **state) {
    struct place *place = *state;
    uint64_t mark = pseudonyms_key_mark(place->pseudonyms);
    pseudonyms_close(&place->pseudonyms);
    assert_int_equal(pseudonyms_open(&place->pseudonyms, place->state, mark, &place->why), 0);
    assert_int_equal(pseudonyms_key_mark(place->pseudonyms), mark);
    pseudonyms_close(&place->pseudonyms);
    assert_int_equal(unlink(place->key), 0);
    assert_int_equal(pseudonyms_open(&place->pseudonyms, place->state, mark, &place->why), -ENOKEY);
    assert_non_null(strstr(place->why.text, "pseudonym.key is gone"));
    assert_int_not_equal(access(place->key, F_OK), 0);
    open_again(place);
    assert_int_not_equal(pseudonyms_key_mark(place->pseudonyms), mark);
    pseudonyms_close(&place->pseudonyms);
    assert_int_equal(pseudonyms_open(&place->pseudonyms, place->state, mark, &place->why), -ENOKEY);
    assert_non_null(strstr(place->why.text, "not the key"));
}

/* Fixed for good: another derivation would count everybody twice after an upgrade. Computed apart, with keyed BLAKE2b and
 * SipHash-2-4 written down from their papers. */
static void test_known_key(void **state) {
    struct place *place = *state;
    write_key(place, 32, 0600);
    open_again(place);
    assert_int_equal(number(place, "Ann Other"), UINT64_C(0x1a46240d261a3f02));
}

static void test_bad_key_files(void **state) {
    struct place *place = *state;
    static const struct {
        size_t len;
        mode_t mode;
        int code;
    } cases[] = {{31, 0600, -EBADMSG},
                 {33, 0600, -EBADMSG},
                 {0, 0600, -EBADMSG},
                 {32, 0640, -EPERM},
                 {32, 0604, -EPERM}};
    pseudonyms_close(&place->pseudonyms);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_key(place, cases[i].len, cases[i].mode);
        assert_int_equal(pseudonyms_open(&place->pseudonyms, place->state, 0, &place->why), cases[i].code);
        assert_non_null(strstr(place->why.text, place->key));
        assert_null(place->pseudonyms);
    }
    unlink(place->key);
    assert_int_equal(symlink("/etc/hostname", place->key), 0);
    assert_int_equal(pseudonyms_open(&place->pseudonyms, place->state, 0, &place->why), -ELOOP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spellings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_lasts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_is_missed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_key_files, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
