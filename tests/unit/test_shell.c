/* What stands in a name that is told within a command is that name for the shell, whatever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/cli/shell.h"

static void words_are_quoted_where_they_need_it(void **state) {
    (void)state;
    static const char *const words[][2] = {
        {"weblog@www1", "weblog@www1"},
        {"2018-02-10", "2018-02-10"},
        {"a/b.c_d,e:f+g%", "a/b.c_d,e:f+g%"},
        {"", "''"},
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"'", "''\\'''"},
        {"$(touch x)", "'$(touch x)'"},
        {"`x`;x|x&x<x>x*x?x[x]{x}#x!x~x=x\"x\\x", "'`x`;x|x&x<x>x*x?x[x]{x}#x!x~x=x\"x\\x'"},
        {"a\nb\033[2J", "'a?b?[2J'"},
        {"C\xc3\xb4te", "'C\xc3\xb4te'"},
        {"\xff", "'?'"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *quoted = shell_quote(words[i][0]);
        assert_string_equal(quoted, words[i][1]);
        free(quoted);
    }
}

/* Every byte, by a real shell. */
static void a_shell_takes_each_as_one_word(void **state) {
    (void)state;
    for (int byte = 1; byte < 128; byte++) {
        const char text[] = {'a', (char)byte, '\'', (char)byte, '\0'};
        char *quoted = shell_quote(text), command[128], got[16] = "";
        bool control = byte < ' ' || byte == 127;
        snprintf(command, sizeof command, "printf %%s %s", quoted);
        FILE *shell = popen(command, "r"); /* NOLINT: that is what is tested */
        assert_non_null(shell);
        assert_int_equal(fread(got, 1, sizeof got, shell), 4);
        assert_int_equal(pclose(shell), 0);
        const char wanted[] = {'a', control ? '?' : (char)byte, '\'', control ? '?' : (char)byte, '\0'};
        assert_string_equal(got, wanted);
        free(quoted);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_quoted_where_they_need_it),
        cmocka_unit_test(a_shell_takes_each_as_one_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
