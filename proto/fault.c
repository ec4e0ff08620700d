#include "proto/fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/check.h"
#include "proto/utf8.h"

/* Whatever is no printable UTF-8 becomes '?', byte by byte; a character that the buffer's end cut in two
 * goes. */
static void make_printable(char *text, size_t len, bool cut) {
    for (size_t i = 0; i < len;) {
        struct str rest = {text + i, len - i};
        size_t step = utf8_step(rest);
        if (step == 0 && cut && rest.len < 4 && (text[i] & 0xc0) == 0xc0) {
            text[i] = '\0';
            return;
        }
        if (step == 0 || utf8_is_control(rest)) {
            step = step == 0 ? 1 : step;
            memset(text + i, '?', step);
        }
        i += step;
    }
}

int fault_set(struct fault *why, int code, const char *format, ...) {
    ASSERT(code < 0);
    if (why == NULL)
        return code;
    /* Written beside and copied, so that an argument may be the old text of `why` itself. */
    char text[FAULT_TEXT_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0)
        len = snprintf(text, sizeof text, "(no description: %s)", format);
    bool cut = (size_t)len >= sizeof text;
    make_printable(text, cut ? sizeof text - 1 : (size_t)len, cut);
    memcpy(why->text, text, sizeof why->text);
    return code;
}
