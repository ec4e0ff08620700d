#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "config/settings.h"

#define SAMPLE SUIVI_SOURCE_DIR "/config/suivid.yaml"

static int load(struct settings *out, const char *text, char path[static 32], struct fault *why) {
    strcpy(path, "/tmp/test_settings.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    int err = settings_load(out, path, why);
    unlink(path);
    return err;
}

static char *slurp(const char *path) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 16);
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    return text;
}

static void test_file(void **state) {
    (void)state;
    struct settings s = {0};
    struct fault why = {""};
    char path[32];
    assert_int_equal(load(&s,
                          "data: /srv/suivi\nframework: /srv/plan.yaml\n"
                          "listen:\n- ipc:///run/x.ipc\n- tcp://127.0.0.1:7878\n",
                          path, &why),
                     0);
    assert_string_equal(s.data, "/srv/suivi");
    assert_string_equal(s.framework, "/srv/plan.yaml");
    assert_int_equal(s.listen_count, 2);
    assert_string_equal(s.listen[0], "ipc:///run/x.ipc");
    assert_string_equal(s.listen[1], "tcp://127.0.0.1:7878");
    settings_clear(&s);
    assert_null(s.data);
}

static void test_defaults(void **state) {
    (void)state;
    struct settings s = {0};
    struct fault why = {""};
    char path[32];
    setenv("SUIVI_ENDPOINT", "ipc:///tmp/told.ipc", 1);
    assert_int_equal(load(&s, "# nothing but this\n", path, &why), 0);
    assert_true(s.data[0] == '/');
    assert_true(s.framework[0] == '/');
    assert_int_equal(s.listen_count, 1);
    assert_string_equal(s.listen[0], "ipc:///tmp/told.ipc");
    settings_clear(&s);
    setenv("SUIVI_ENDPOINT", "inproc://x", 1);
    assert_int_equal(load(&s, "", path, &why), -EINVAL);
    assert_non_null(strstr(why.text, "$SUIVI_ENDPOINT"));
    unsetenv("SUIVI_ENDPOINT");
}

static void test_refuses(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *words;
    } refused[] = {
        {"data: /a\nlisten: ipc:///run/x.ipc\n", 2, "\"listen\" must be a list, not a single value"},
        {"data: /a\nlistens: [ipc:///run/x.ipc]\n", 2, "unknown key \"listens\" (did you mean \"listen\"?)"},
        {"data: /a\ncolour: red\n", 2, "unknown key \"colour\": the file can have data, framework, listen"},
        {"data: /a\ndata: /b\n", 2, "second time"},
        {"data: a/b\n", 1, "must be a whole path"},
        {"\nframework: plan.yaml\n", 2, "must be a whole path"},
        {"data:\n", 1, "is empty"},
        {"data: [/a]\n", 1, "must be a single text"},
        {"listen: []\n", 1, "empty list"},
        {"listen:\n- ipc:///run/x.ipc\n- tcp://10.0.0.1:80\n", 3, "not on loopback"},
        {"listen: [a, b, c, d, e, f, g, h, i]\n", 1, "9 entries; 8 are the most"},
        {"data: /a\n  listen: b\n", 2, "not valid YAML"},
        {"just text\n", 1, "the file must be a set of keys"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct settings s = {0};
        struct fault why = {""};
        char path[32], place[64];
        int err = load(&s, refused[i].text, path, &why);
        snprintf(place, sizeof place, "%s:%d: ", path, refused[i].line);
        if (err != -EINVAL || strncmp(why.text, place, strlen(place)) != 0 ||
            !strstr(why.text, refused[i].words)) {
            fail_msg("gave %d, \"%s\"; wanted line %d and \"%s\" for\n%s", err, why.text, refused[i].line,
                     refused[i].words, refused[i].text);
        }
        assert_null(s.data);
    }
}

static void test_missing_file(void **state) {
    (void)state;
    struct settings s = {0};
    struct fault why;
    assert_int_equal(settings_load(&s, "/nonexistent/suivid.yaml", &why), -ENOENT);
    assert_string_equal(why.text, "/nonexistent/suivid.yaml: cannot be read: No such file or directory");
}

static void test_endpoints(void **state) {
    (void)state;
    static const char *const good[] = {
        "ipc:///run/suivi/suivid.ipc", "ipc:///a",          "tcp://127.0.0.1:7878", "tcp://127.255.3.4:1",
        "tcp://127.0.0.1:*",           "tcp://127.0.0.1:0", "tcp://[::1]:65535",    "tcp://localhost:7878",
    };
    static const char *const bad[] = {
        "",
        "ipc://",
        "ipc:///",
        "ipc://run/x",
        "ipc:///run/",
        "ipc://@abstract",
        "ipc://*",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:123456",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:+1",
        "tcp://127.0.0.1:7878x",
        "tcp://*:7878",
        "tcp://0.0.0.0:7878",
        "tcp://128.0.0.1:7878",
        "tcp://126.0.0.1:7878",
        "tcp://12.7.0.1:7878",
        "tcp://127.0.0.1.example.org:7878",
        "tcp://127.1:7878",
        "tcp://::1:7878",
        "tcp://[::]:7878",
        "tcp://[::1]7878",
        "tcp://localhost.example.org:7878",
        "tcp://:7878",
        "tcp://eth0:7878",
        "udp://127.0.0.1:7878",
        "inproc://x",
        "IPC:///run/x",
        " ipc:///run/x",
        "ipc:///run/x y",
        "ipc:///run/x\n",
    };
    struct fault why;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct settings s = {0};
        if (settings_listen(&s, good[i], 0, &why) != 0) {
            fail_msg("%s", why.text);
        }
        assert_string_equal(s.listen[0], good[i]);
        settings_clear(&s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct settings s = {0};
        if (settings_listen(&s, bad[i], 0, &why) != -EINVAL) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
        assert_int_equal(s.listen_count, 0);
    }
}

/* The longest path of a socket, and one byte more. */
static void test_endpoint_length(void **state) {
    (void)state;
    char endpoint[108] = "ipc:///";
    struct settings s = {0};
    struct fault why;
    memset(endpoint + 7, 'a', 99);
    assert_int_equal(settings_listen(&s, endpoint, 0, &why), 0);
    endpoint[106] = 'a';
    assert_int_equal(settings_listen(&s, endpoint, 0, &why), -EINVAL);
    assert_non_null(strstr(why.text, "at most 100 bytes, this one 101"));
    settings_clear(&s);
}

static void test_command_line(void **state) {
    (void)state;
    struct settings s = {0};
    struct fault why;
    char path[32], endpoint[32];
    assert_int_equal(load(&s, "listen: [ipc:///a, ipc:///b]\n", path, &why), 0);
    settings_set(&s.data, "/elsewhere");
    assert_string_equal(s.data, "/elsewhere");
    assert_int_equal(settings_listen(&s, "nonsense", 1, &why), -EINVAL);
    assert_int_equal(s.listen_count, 2); /* a refused one drops nothing */
    assert_int_equal(settings_listen(&s, "ipc:///c", 1, &why), 0);
    assert_int_equal(s.listen_count, 1);
    assert_string_equal(s.listen[0], "ipc:///c");
    for (int i = 1; i < SETTINGS_LISTEN_MAX; i++) {
        snprintf(endpoint, sizeof endpoint, "ipc:///c%d", i);
        assert_int_equal(settings_listen(&s, endpoint, 0, &why), 0);
    }
    assert_int_equal(settings_listen(&s, "ipc:///z", 0, &why), -E2BIG);
    assert_int_equal(s.listen_count, SETTINGS_LISTEN_MAX);
    settings_clear(&s);
}

/* The sample file shows every setting of the table, with its help and its default, and nothing else. */
static void test_sample(void **state) {
    (void)state;
    char *sample = slurp(SAMPLE);
    size_t shown = 0;
    for (const char *at = sample; (at = strstr(at, "\n#")) != NULL; at++) {
        shown += at[2] != ' ';
    }
    size_t count = 0;
    for (const struct setting *s; (s = settings_at(count)) != NULL; count++) {
        char lines[512];
        snprintf(lines, sizeof lines, "\n# %s\n#%s: %s\n", s->help, s->key, s->standard);
        if (strstr(sample, lines) == NULL) {
            fail_msg("%s should hold%s", SAMPLE, lines);
        }
    }
    assert_int_equal(shown, count);
    free(sample);
}

static void test_sample_loads(void **state) {
    (void)state;
    struct settings s = {0};
    struct fault why = {""};
    char path[32];
    assert_int_equal(settings_load(&s, SAMPLE, &why), 0); /* as it is: all commented out */
    settings_clear(&s);
    char *sample = slurp(SAMPLE);
    for (char *at = sample; (at = strstr(at, "\n#")) != NULL; at++) {
        at[1] = at[2] != ' ' ? ' ' : '#';
    }
    for (char *at = sample; (at = strstr(at, "\n ")) != NULL;) {
        memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
    if (load(&s, sample, path, &why) != 0) {
        fail_msg("%s\n%s", why.text, sample);
    }
    assert_string_equal(s.data, "/var/lib/suivi");
    assert_string_equal(s.framework, "/etc/suivi/framework.yaml");
    assert_string_equal(s.listen[0], "ipc:///run/suivi/suivid.ipc");
    settings_clear(&s);
    free(sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),         cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refuses),      cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_endpoints),    cmocka_unit_test(test_endpoint_length),
        cmocka_unit_test(test_command_line), cmocka_unit_test(test_sample),
        cmocka_unit_test(test_sample_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
