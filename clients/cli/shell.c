#include "clients/cli/shell.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clients/collector/terminal.h"
#include "proto/check.h"

#define PLAIN   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+:,./_-"
#define ESCAPED "'\\''" /* a quote within quotes */

char *shell_quote(const char *text) {
    size_t len = strlen(text);
    char *clean = terminal_clean(mem_string(text, len));
    if (len > 0 && strspn(clean, PLAIN) == len)
        return clean;
    char *quoted = mem_zeroed(len + 1, strlen(ESCAPED)), *at = quoted;
    *at++ = '\'';
    for (const char *from = clean; *from != '\0'; from++)
        if (*from == '\'')
            at = stpcpy(at, ESCAPED);
        else
            *at++ = *from;
    *at = '\'';
    free(clean);
    return quoted;
}
