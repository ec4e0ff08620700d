/* What counter.c (counting), counter_stamp.c (counting by the site's own stamp) and counter_commit.c (saving) share. */
#ifndef SUIVI_WEBLOG_COUNTER_PRIV_H
#define SUIVI_WEBLOG_COUNTER_PRIV_H

#include "clients/weblog/clicks.h"
#include "clients/weblog/counter.h"
#include "clients/weblog/epochs.h"
#include "clients/weblog/key_events.h"
#include "clients/weblog/languages.h"
#include "clients/weblog/methods.h"
#include "clients/weblog/request.h"
#include "clients/weblog/tally.h"
#include "clients/weblog/views.h"
#include "clients/weblog/visitors.h"

#define COUNTER_MAGIC    0xc0847e12u
#define COUNTER_VERDICTS 8192

struct counter_verdict {
    uint64_t hash[2];
    bool known, robot;
};

/* Of all sites of a state, the one that needs the oldest keys. */
struct counter_slowest {
    char *site; /* NULL: none needs any */
    int64_t newest;
    int32_t horizon;
};

struct counter {
    unsigned magic;
    struct suivi *suivi;
    struct keys *keys;
    struct counter_options options;
    struct str site;
    struct records records;
    struct languages languages;
    unsigned language_number[TALLY_LANGUAGES]; /* of options.languages */
    int32_t named[TALLY_LANGUAGES];            /* the last day of which each was said to be read */
    uint64_t *seed; /* four; with them a hash in memory could be tested against an address */
    struct counter_verdict *verdict;
    int32_t day, month; /* of the last line */
    int64_t day_end;
    bool by_stamp; /* that day */
    struct methods methods;
    int32_t method_told; /* the last day of which it was told by which method it was counted */
    struct epochs *epochs;
    struct key_events *key_events;
    struct counter_slowest slowest; /* as destroying found it */
    struct tally *tally;
    struct visitors *visitors;
    struct views *views; /* on their way to the visitors */
    struct clicks *clicks;
    struct counter_sums sums, committed; /* now; at the last commit */
    uint64_t late_forgotten;             /* of the visitors' too late ones, those that were never here */
    bool unjudged_noted;                 /* the record that says so is there */
    bool unjudged_stored;                /* some are in the records only */
    int64_t finished_at; /* the site's time when nothing was left to do; INT64_MIN: not yet in this run */
};

void counter_records_init(struct counter *counter);
int counter_tell_key(void *arg, struct str site, int32_t day, enum key_remark remark, const char *note,
                     struct fault *why);
void counter_forget_named(struct counter *counter);

/* A line of a day that is counted by stamp, whose client is no robot. `path` as request_classify sets it. */
void counter_stamp(struct counter *counter, const struct line *line, enum request_class asked,
                   struct str path);

unsigned counter_language(const struct counter *counter, struct str path);

#endif
