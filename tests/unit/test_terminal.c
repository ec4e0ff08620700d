/* What a person sees: one-line messages, widths, colour only where it is wanted, and a bar only on a
 * terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/collector/terminal.h"

/* stderr, caught by a pipe or a pseudo-terminal of 60 columns. */
struct caught {
    int saved, reader;
    char text[4096];
};

static struct caught catch (bool on_terminal) {
    struct caught caught = {.saved = dup(STDERR_FILENO)};
    int ends[2];
    struct winsize size = {.ws_row = 24, .ws_col = 60};
    if (on_terminal)
        assert_int_equal(openpty(&ends[0], &ends[1], NULL, NULL, &size), 0);
    else
        assert_int_equal(pipe(ends), 0);
    fflush(stderr);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    caught.reader = ends[0];
    return caught;
}

static void release(struct caught *caught) {
    size_t len = 0;
    ssize_t more;
    fflush(stderr);
    assert_true(dup2(caught->saved, STDERR_FILENO) >= 0); /* the last writer goes: what it wrote has an end */
    close(caught->saved);
    while ((more = read(caught->reader, caught->text + len, sizeof caught->text - 1 - len)) > 0)
        len += (size_t)more;
    caught->text[len] = '\0';
    close(caught->reader);
}

static void test_message_is_one_clean_line(void **state) {
    (void)state;
    struct caught caught = catch (false);
    terminal_say("suivi", "%s: %d", "a\nb\033[31m\tcaf\xc3\xa9 \xc2\x9b \xff", 7);
    release(&caught);
    assert_string_equal(caught.text, "suivi: a?b?[31m?caf\xc3\xa9 ?? ?: 7\n");
}

static void test_long_message_is_cut(void **state) {
    (void)state;
    static char text[10000];
    memset(text, 'x', sizeof text - 1);
    struct caught caught = catch (false);
    terminal_say("suivi", "%s", text);
    release(&caught);
    size_t len = strlen(caught.text);
    assert_in_range(len, 1000, 4000);
    assert_int_equal(caught.text[len - 1], '\n');
}

static void test_message_on_a_terminal_wipes_the_bar(void **state) {
    (void)state;
    setenv("TERM", "xterm", 1);
    struct caught caught = catch (true);
    terminal_say("suivi", "hello");
    release(&caught);
    assert_string_equal(caught.text, "\r\033[Ksuivi: hello\r\n");
}

static void test_columns(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int columns;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"caf\xc3\xa9", 4},
        {"cafe\xcc\x81", 4},             /* a combining accent */
        {"\xe2\x96\x81\xe2\x96\x88", 2}, /* blocks */
        {"\xe2\x80\x93", 1},             /* a dash */
        {"\xd0\x9f\xd1\x80\xd0\xb8", 3}, /* Cyrillic */
        {"\xe4\xb8\xad\xe6\x96\x87", 4}, /* Chinese */
        {"\xef\xbc\xa1", 2},             /* full width */
        {"\xff\xfe", 2},                 /* not UTF-8: one column for each byte's replacement */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (terminal_columns(cases[i].text) != cases[i].columns)
            fail_msg("\"%s\" takes %d columns, not %d", cases[i].text, terminal_columns(cases[i].text),
                     cases[i].columns);
}

static void test_width_and_colour(void **state) {
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_int_equal(terminal_width(file, 77), 77);
    assert_false(terminal_colour(file));
    fclose(file);
    struct caught caught = catch (true);
    int width = terminal_width(stderr, 77);
    bool plain = terminal_colour(stderr);
    setenv("NO_COLOR", "", 1);
    bool empty = terminal_colour(stderr);
    setenv("NO_COLOR", "1", 1);
    bool refused = terminal_colour(stderr);
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    bool dumb = terminal_colour(stderr);
    setenv("TERM", "xterm", 1);
    release(&caught);
    assert_int_equal(width, 60);
    assert_true(plain);
    assert_true(empty); /* no-color.org: set and not empty */
    assert_false(refused);
    assert_false(dumb);
}

static void run_bar(struct terminal_progress *bar, int64_t age_ms, const char *label, uint64_t total,
                    uint64_t done) {
    terminal_progress_start(bar, label, total);
    bar->started_ms -= age_ms;
    terminal_progress_at(bar, done);
    terminal_progress_at(bar, done); /* at once again: not drawn again */
}

static void test_bar_shows_on_a_terminal_after_a_second(void **state) {
    (void)state;
    struct terminal_progress bar;
    setenv("TERM", "xterm", 1);

    struct caught caught = catch (true);
    run_bar(&bar, 65000, "access.log", 200, 100);
    terminal_progress_end(&bar);
    release(&caught);
    assert_string_equal(caught.text,
                        "\r\033[K[###############...............]  50 %  1:05  access.log\r\033[K");

    caught = catch (true);
    run_bar(&bar, 65000, "access.log", 0, 100);
    terminal_progress_end(&bar);
    release(&caught);
    assert_string_equal(caught.text, "\r\033[K100  1:05  access.log\r\033[K");

    caught = catch (true);
    run_bar(&bar, 100, "access.log", 200, 100);
    terminal_progress_end(&bar);
    release(&caught);
    assert_string_equal(caught.text, "");

    caught = catch (false);
    run_bar(&bar, 65000, "access.log", 200, 100);
    terminal_progress_end(&bar);
    release(&caught);
    assert_string_equal(caught.text, "");
}

static void test_bar_fits_its_line(void **state) {
    (void)state;
    struct terminal_progress bar;
    struct caught caught = catch (true);
    run_bar(
        &bar, 65000,
        "a-very-long-name-of-a-file-\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9-that-goes-on-and-on.log",
        10, 20);
    release(&caught);
    assert_non_null(strstr(caught.text, "100 %"));
    assert_int_equal(terminal_columns(caught.text + strlen("\r\033[K")), 59);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_is_one_clean_line),
        cmocka_unit_test(test_long_message_is_cut),
        cmocka_unit_test(test_message_on_a_terminal_wipes_the_bar),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_width_and_colour),
        cmocka_unit_test(test_bar_shows_on_a_terminal_after_a_second),
        cmocka_unit_test(test_bar_fits_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
