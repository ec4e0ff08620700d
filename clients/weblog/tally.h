/* What was counted and not yet handed on: sums and sets by day and language. Sums may go down as well as up:
 * a late line can join two visits into one. */
#ifndef SUIVI_WEBLOG_TALLY_H
#define SUIVI_WEBLOG_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_LANGUAGES   32
#define TALLY_NO_LANGUAGE TALLY_LANGUAGES /* a figure that has none */

enum tally_sum {
    /* By day alone: */
    TALLY_REQUESTS,
    TALLY_ROBOTS,
    TALLY_MALFORMED,
    /* By day and language: */
    TALLY_PAGEVIEWS,
    TALLY_VISITS,
    TALLY_DOWNLOADS,
    /* The same, on days on which visitors are counted by stamp: */
    TALLY_FIRSTS_DAY,
    TALLY_FIRSTS_MONTH,
    TALLY_FIRSTS_QUARTER,
    TALLY_FIRSTS_YEAR,
    TALLY_FIRSTS_RETURNING,
    TALLY_STAMP_VIEWS, /* page views that were asked for a stamp */
    TALLY_UNSTAMPED,   /* of these, that had none */
    TALLY_SUMS,        /* their number */
};

enum tally_set {
    TALLY_UNIQUE,
    TALLY_RETURNING,
};

/* Where it goes; language TALLY_NO_LANGUAGE or below TALLY_LANGUAGES. Hashes come in any order, some of
 * them perhaps several times. */
struct tally_sink {
    void *arg;
    int (*sum)(void *arg, enum tally_sum what, int32_t day, unsigned language, int64_t value);
    int (*set)(void *arg, enum tally_set what, int32_t day, unsigned language, const uint64_t *hashes,
               size_t count);
    int (*heard)(void *arg, int32_t day,
                 bool agents); /* lines of that day that named their agents, or did not */
};

struct tally;

/* `languages`: bit i is set when language i is one of the site's, and so has zeros. */
void tally_new(struct tally **out, uint32_t languages);
void tally_destroy(struct tally **tally);

void tally_add(struct tally *tally, enum tally_sum what, int32_t day, unsigned language, int64_t number);
void tally_put(struct tally *tally, enum tally_set what, int32_t day, unsigned language, uint64_t hash);

/* On this day at least one line was understood, which named its agent or not: whatever was not counted on it is zero, not
 * missing. */
void tally_heard(struct tally *tally, int32_t day, bool agent);

/* The same of what is counted by stamp. */
void tally_stamped(struct tally *tally, int32_t day);

/* It holds about as much as it should: flush. */
bool tally_full(const struct tally *tally);

/* Hands everything on, by day, and is empty then. Zeros of a day are handed on once, and how its lines were
 * heard likewise. What a sink's function
 * returns other than 0 is returned at once; the tally is then only good for tally_forget. */
int tally_flush(struct tally *tally, const struct tally_sink *sink);

void tally_forget(struct tally *tally); /* what was not flushed */

#endif
