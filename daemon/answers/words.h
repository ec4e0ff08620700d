/* Short texts for people, put together piece by piece; what does not fit is left out at the end. */
#ifndef SUIVI_DAEMON_ANSWERS_WORDS_H
#define SUIVI_DAEMON_ANSWERS_WORDS_H

#include "config/framework.h"
#include "proto/message.h"

#define WORDS_NUMBER_MAX 32

struct words { /* zero-initialise */
    char text[MESSAGE_TEXT_MAX];
};

void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Who feeds the indicator: "record, CSV import". */
void words_feeders(const struct framework *framework, size_t indicator, struct words *words);

/* 125 with 1 decimal is 12.5. Returns `out`. */
const char *words_number(int64_t value, unsigned decimals, char out[static WORDS_NUMBER_MAX]);

#endif
