#include "daemon/answers/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "proto/check.h"
#include "proto/utf8.h"

void words_add(struct words *words, const char *format, ...) {
    size_t len = strlen(words->text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(words->text + len, sizeof words->text - len, format, args);
    va_end(args);
    while (!utf8_valid(str_of(words->text))) /* cut within a character */
        words->text[strlen(words->text) - 1] = '\0';
}

void words_feeders(const struct framework *framework, size_t indicator, struct words *words) {
    for (size_t i = 0; i < framework_feeder_count(framework, indicator); i++)
        words_add(words, "%s%.*s", i ? ", " : "", STR_ARG(framework_feeder_at(framework, indicator, i)));
}

const char *words_number(int64_t value, unsigned decimals, char out[static WORDS_NUMBER_MAX]) {
    ASSERT(decimals <= FRAMEWORK_DECIMALS_MAX);
    uint64_t scale = 1, size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    int len = snprintf(out, WORDS_NUMBER_MAX, "%s%" PRIu64, value < 0 ? "-" : "", size / scale);
    if (decimals)
        (void)snprintf(out + len, WORDS_NUMBER_MAX - (size_t)len, ".%0*" PRIu64, (int)decimals, size % scale);
    return out;
}
