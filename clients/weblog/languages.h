/* The languages of one site by number. The numbers are stored, so that records made under another order of
 * --languages keep their meaning; a language that is no longer named keeps its number. */
#ifndef SUIVI_WEBLOG_LANGUAGES_H
#define SUIVI_WEBLOG_LANGUAGES_H

#include <stddef.h>
#include <stdint.h>

#include "clients/weblog/records.h"
#include "clients/weblog/tally.h"

struct languages {
    size_t count;
    char *name[TALLY_LANGUAGES];
};

/* Reads them, and adds and puts the new ones among `names`; number[i] becomes that of names[i]. -E2BIG: more
 * than TALLY_LANGUAGES. */
int languages_load(struct languages *languages, const struct records *records, struct str site,
                   const struct str *names, size_t count, unsigned *number, struct fault *why);
void languages_free(struct languages *languages);

#endif
