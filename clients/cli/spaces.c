#include "clients/cli/spaces.h"

#include <stdbool.h>
#include <string.h>

#include "proto/str.h"
#include "proto/utf8.h"

/* The characters of Unicode that have the property White_Space. */
static const char *const spaces[] = {
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80",
};

static bool is_space(const char *at, size_t len) {
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (strlen(spaces[i]) == len && memcmp(spaces[i], at, len) == 0)
            return true;
    return false;
}

char *spaces_fold(char *text) {
    char *out = text;
    bool space = false;
    for (struct str rest = str_of(text); rest.len > 0;) {
        size_t step = utf8_step(rest);
        const char *at = rest.at;
        step = step > 0 ? step : 1;
        rest = (struct str){at + step, rest.len - step};
        if (is_space(at, step)) {
            space = out > text;
            continue;
        }
        if (space)
            *out++ = ' ';
        space = false;
        memmove(out, at, step);
        out += step;
    }
    *out = '\0';
    return text;
}
