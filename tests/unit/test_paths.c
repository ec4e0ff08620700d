#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <string.h>

#include "config/paths.h"

#define OTHER_USER 65534

static const char *const variables[] = {"SUIVI_ENDPOINT", "SUIVI_DATADIR", "XDG_RUNTIME_DIR",
                                        "XDG_STATE_HOME", "HOME"};

static int clear_environment(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        unsetenv(variables[i]);
    }
    return 0;
}

static void is(char *got, const char *wanted) {
    assert_string_equal(got, wanted);
    free(got);
}

/* Runs as somebody else than root for the time of a test; root stays the real user. */
static void become(uid_t user) {
    if (getuid() == 0) {
        assert_int_equal(seteuid(user), 0);
    }
}

static void test_root(void **state) {
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    setenv("XDG_RUNTIME_DIR", "/run/user/0", 1);
    setenv("XDG_STATE_HOME", "/root/state", 1);
    is(paths_endpoint(), "ipc:///run/suivi/suivid.ipc");
    is(paths_state(NULL), "/var/lib/suivi");
    is(paths_state("weblog"), "/var/lib/suivi/weblog");
}

static void test_others(void **state) {
    (void)state;
    become(OTHER_USER);
    char fallback[64];
    snprintf(fallback, sizeof fallback, "ipc:///run/user/%lu/suivi/suivid.ipc", (unsigned long)geteuid());
    is(paths_endpoint(), fallback);
    setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
    is(paths_endpoint(), "ipc:///run/user/1000/suivi/suivid.ipc");
    setenv("XDG_RUNTIME_DIR", "relative", 1);
    is(paths_endpoint(), fallback);
    is(paths_state("weblog"), "/var/lib/suivi/weblog");
    setenv("HOME", "/home/somebody", 1);
    is(paths_state(NULL), "/home/somebody/.local/state/suivi");
    is(paths_state("weblog"), "/home/somebody/.local/state/suivi/weblog");
    setenv("XDG_STATE_HOME", "/home/somebody/state", 1);
    is(paths_state("weblog"), "/home/somebody/state/suivi/weblog");
    become(0);
}

static void test_told_endpoint(void **state) {
    (void)state;
    setenv("SUIVI_ENDPOINT", "tcp://127.0.0.1:7878", 1);
    is(paths_endpoint(), "tcp://127.0.0.1:7878");
}

static void test_shipped(void **state) {
    (void)state;
    setenv("SUIVI_DATADIR", "/elsewhere", 1);
    is(paths_shipped("robots.txt"), "/elsewhere/robots.txt");
    unsetenv("SUIVI_DATADIR");
    char *found = paths_shipped("nswp-2016-2020.yaml");
    assert_int_equal(access(found, R_OK), 0);
    free(found);
    char *absent = paths_shipped("no such file");
    assert_int_equal(absent[0], '/');
    free(absent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_root, clear_environment),
        cmocka_unit_test_setup(test_others, clear_environment),
        cmocka_unit_test_setup(test_told_endpoint, clear_environment),
        cmocka_unit_test_setup(test_shipped, clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
