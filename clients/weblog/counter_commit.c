#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "clients/weblog/counter_priv.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"

#define DROPPED_AT_ONCE 4096

/* libsuivi's records and the keys, as the modules of this folder want them. */

static struct counter *counter_of(void *arg) {
    struct counter *counter = arg;
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return counter;
}

static int record_get(void *arg, struct str key, struct str *value) {
    const void *at;
    size_t len;
    int rc = suivi_get(counter_of(arg)->suivi, key.at, key.len, &at, &len);
    if (rc == 0)
        *value = (struct str){at, len};
    return rc;
}

static int record_put(void *arg, struct str key, struct str value, struct fault *why) {
    struct suivi *suivi = counter_of(arg)->suivi;
    int rc = suivi_put(suivi, key.at, key.len, value.at, value.len);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

static int record_drop(void *arg, struct str key, struct fault *why) {
    struct suivi *suivi = counter_of(arg)->suivi;
    int rc = suivi_delete(suivi, key.at, key.len);
    return rc == 0 || rc == -ENOENT ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

struct scan_call {
    int (*visit)(void *arg, struct str key, struct str value);
    void *arg;
};

static int visit_record(void *arg, const void *key, size_t key_len, const void *value, size_t value_len) {
    struct scan_call *call = arg;
    return call->visit(call->arg, (struct str){key, key_len}, (struct str){value, value_len});
}

static int record_scan(void *arg, struct str prefix,
                       int (*visit)(void *visit_arg, struct str key, struct str value), void *visit_arg) {
    struct scan_call call = {visit, visit_arg};
    return suivi_scan(counter_of(arg)->suivi, prefix.at, prefix.len, visit_record, &call);
}

static int record_hash(void *arg, int32_t month, struct str data, uint64_t *out, struct fault *why) {
    return keys_hash(counter_of(arg)->keys, month, data.at, data.len, out, why);
}

void counter_records_init(struct counter *counter) {
    counter->records = (struct records){.arg = counter,
                                        .get = record_get,
                                        .put = record_put,
                                        .drop = record_drop,
                                        .scan = record_scan,
                                        .hash = record_hash};
}

static const char *const sum_names[] = {
    [TALLY_REQUESTS] = "web.requests",
    [TALLY_ROBOTS] = "web.robots",
    [TALLY_MALFORMED] = "web.malformed",
    [TALLY_PAGEVIEWS] = "web.pageviews",
    [TALLY_VISITS] = "web.visits",
    [TALLY_DOWNLOADS] = "web.downloads",
    [TALLY_FIRSTS_DAY] = "web.firsts.day",
    [TALLY_FIRSTS_MONTH] = "web.firsts.month",
    [TALLY_FIRSTS_QUARTER] = "web.firsts.quarter",
    [TALLY_FIRSTS_YEAR] = "web.firsts.year",
    [TALLY_FIRSTS_RETURNING] = "web.firsts.returning",
    [TALLY_STAMP_VIEWS] = "web.firsts.pageviews",
    [TALLY_UNSTAMPED] = "web.firsts.unstamped",
};

static const char *const set_names[] = {
    [TALLY_UNIQUE] = "web.visitors.unique",
    [TALLY_RETURNING] = "web.visitors.returning",
};

static size_t dims_of(const struct counter *counter, unsigned language, struct suivi_dim dims[static 2]) {
    dims[0] = (struct suivi_dim){"site", counter->options.site};
    if (language == TALLY_NO_LANGUAGE)
        return 1;
    ASSERT(language < counter->languages.count);
    dims[1] = (struct suivi_dim){"language", counter->languages.name[language]};
    return 2;
}

static bool is_wanted(const struct counter *counter, int32_t day) {
    return day >= counter->options.days.first && day <= counter->options.days.last;
}

void counter_forget_named(struct counter *counter) {
    for (size_t i = 0; i < TALLY_LANGUAGES; i++)
        counter->named[i] = INT32_MIN;
}

/* The same of a day again would count once, but need not be sent. */
static int send_language(struct counter *counter, int32_t day, unsigned language) {
    const char *name = counter->languages.name[language];
    const struct suivi_dim dim = {"language", name};
    bool future =
        (int64_t)day * CIVIL_DAY_SECONDS > epochs_newest(counter->epochs); /* a clock that was wrong */
    if (counter->named[language] == day || future)
        return 0;
    counter->named[language] = day;
    return suivi_name(counter->suivi, "web.languages", &dim, 1, (int64_t)day * CIVIL_DAY_SECONDS, name);
}

/* Where a site has known more than one way of counting visitors, each day says which was its own. */
static int send_method(struct counter *counter, int32_t day) {
    const char *name = methods_name(&counter->methods, day);
    struct suivi_dim dim = {"site", counter->options.site};
    int rc = 0;
    if (name == NULL || counter->method_told == day)
        return 0;
    for (unsigned i = 0; i < sizeof set_names / sizeof set_names[0] && rc == 0; i++)
        rc = suivi_remark(counter->suivi, set_names[i], &dim, 1, (int64_t)day * CIVIL_DAY_SECONDS,
                          SUIVI_METHOD, "method", name);
    if (rc == 0)
        counter->method_told = day;
    return rc;
}

/* Visitors of a month that is over are known no more: whoever reads its figures is to know that some are missing. */
static int send_too_late(struct counter *counter, int32_t day) {
    int32_t month = civil_month_of_day(day);
    if (!epochs_closed(counter->epochs, month) || methods_stamp(&counter->methods, day))
        return 0;
    const struct suivi_dim dim = {"site", counter->options.site};
    int64_t at = (int64_t)civil_first_day_of_month(month) * CIVIL_DAY_SECONDS;
    int rc = 0;
    for (enum tally_set set = TALLY_UNIQUE; set <= TALLY_RETURNING && rc == 0; set++)
        rc = suivi_remark(counter->suivi, set_names[set], &dim, 1, at, SUIVI_BREAK, "visitors",
                          "logs of that month came too late to know its visitors");
    return rc;
}

static int send_sum(void *arg, enum tally_sum what, int32_t day, unsigned language, int64_t value) {
    struct counter *counter = counter_of(arg);
    if (!is_wanted(counter, day))
        return 0;
    struct suivi_dim dims[2];
    size_t count = dims_of(counter, language, dims);
    int rc = what == TALLY_REQUESTS ? send_method(counter, day) : 0;
    if (rc == 0)
        rc = suivi_count(counter->suivi, sum_names[what], dims, count, (int64_t)day * CIVIL_DAY_SECONDS,
                         value);
    if (rc == 0 && what == TALLY_PAGEVIEWS && value > 0)
        rc = send_too_late(counter, day);
    return rc == 0 && what == TALLY_PAGEVIEWS && value > 0 ? send_language(counter, day, language) : rc;
}

static int send_set(void *arg, enum tally_set what, int32_t day, unsigned language, const uint64_t *hashes,
                    size_t hash_count) {
    struct counter *counter = counter_of(arg);
    if (!is_wanted(counter, day) || methods_stamp(&counter->methods, day))
        return 0;
    if (hash_count == 0 &&
        epochs_closed(counter->epochs, civil_month_of_day(day))) /* not known, and no zero */
        return 0;
    struct suivi_dim dims[2];
    size_t count = dims_of(counter, language, dims);
    if (what == TALLY_UNIQUE && hash_count > 0)
        key_events_counted(counter->key_events, day);
    return suivi_distinct(counter->suivi, set_names[what], dims, count, (int64_t)day * CIVIL_DAY_SECONDS,
                          hashes, hash_count);
}

int counter_tell_key(void *arg, struct str site, int32_t day, enum key_remark remark, const char *note,
                     struct fault *why) {
    struct counter *counter = counter_of(arg);
    static const enum suivi_remark remarks[] = {
        [KEY_METHOD] = SUIVI_METHOD, [KEY_BREAK] = SUIVI_BREAK, [KEY_DESTROYED] = SUIVI_EVENT};
    char *name = mem_string(site.at, site.len);
    const struct suivi_dim dim = {"site", name};
    int rc = 0;
    for (enum tally_set set = TALLY_UNIQUE; set <= TALLY_RETURNING && rc == 0; set++)
        rc = suivi_remark(counter->suivi, set_names[set], &dim, 1, (int64_t)day * CIVIL_DAY_SECONDS,
                          remarks[remark], ENTRY_KEY_TITLE, note);
    free(name);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(counter->suivi));
}

/* Who is a robot decides about these, so that the list belongs to each of their days. */
static int send_heard(void *arg, int32_t day, bool agents) {
    static const char *const judged[] = {
        "web.robots",    "web.pageviews",       "web.visits",
        "web.downloads", "web.visitors.unique", "web.visitors.returning",
    };
    struct counter *counter = counter_of(arg);
    const char *list = agents ? robots_date(counter->options.robots) : "none: the log names no user agents";
    struct suivi_dim dims[2];
    size_t count = dims_of(counter, TALLY_NO_LANGUAGE, dims);
    int rc = 0;
    for (size_t i = 0; is_wanted(counter, day) && i < sizeof judged / sizeof *judged && rc == 0; i++)
        rc = suivi_remark(counter->suivi, judged[i], dims, count, (int64_t)day * CIVIL_DAY_SECONDS,
                          SUIVI_METHOD, "robots list", list);
    return rc == 0 && is_wanted(counter, day) ? send_method(counter, day) : rc;
}

/* A run that is killed leaves returning visitors untold: the next one must know. */
static int note_unjudged(struct counter *counter, bool wanted, struct fault *why) {
    if (wanted == counter->unjudged_noted)
        return 0;
    struct record_key key = record_key_of(RECORD_UNJUDGED, counter->site);
    counter->unjudged_noted = wanted;
    return wanted ? record_put(counter, record_key_str(&key), STR("1"), why)
                  : record_drop(counter, record_key_str(&key), why);
}

static void forget_cached(struct counter *counter) {
    views_forget(counter->views);
    visitors_forget(counter->visitors);
    clicks_forget(counter->clicks);
    epochs_reload(counter->epochs);
}

/* A change is told with the last day before it, of which it was not said before. */
static int save_methods(struct counter *counter, struct fault *why) {
    int32_t since = methods_since(&counter->methods);
    if (!counter->methods.changed)
        return 0;
    if (since != METHODS_NO_DAY && is_wanted(counter, since - 1)) {
        int rc = send_method(counter, since - 1);
        if (rc != 0)
            return fault_set(why, rc, "%s", suivi_why(counter->suivi));
    }
    return methods_save(&counter->methods, &counter->records, counter->site, why);
}

/* Hands all that was counted to libsuivi, as records and events. */
static int hand_over(struct counter *counter, bool settled, struct fault *why) {
    const struct tally_sink sink = {.arg = counter, .sum = send_sum, .set = send_set, .heard = send_heard};
    int rc = views_settle(counter->views, why);
    if (rc != 0)
        return rc;
    if (settled)
        visitors_judge(counter->visitors);
    rc = clicks_settle(counter->clicks, why);
    if (rc == 0)
        rc = visitors_save(counter->visitors, why);
    if (rc == 0)
        rc = note_unjudged(counter, visitors_unjudged(counter->visitors) || counter->unjudged_stored, why);
    if (rc == 0)
        rc = epochs_save(counter->epochs, why);
    if (rc == 0)
        rc = days_save(counter->options.days, &counter->records, why);
    if (rc == 0)
        rc = save_methods(counter, why);
    if (rc != 0)
        return rc;
    rc = tally_flush(counter->tally, &sink);
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(counter->suivi));
    return key_events_settle(counter->key_events, why);
}

int counter_commit(struct counter *counter, bool settled, struct fault *why) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    int rc = hand_over(counter, settled, why);
    if (rc == -ENOSPC) /* for a new key, say: what was half handed over cannot be tried again */
        return -EIO;
    if (rc != 0)
        return rc;
    rc = suivi_commit(counter->suivi);
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(counter->suivi));
    counter->methods.changed = false;
    counter->committed = counter_sums(counter);
    if (visitors_full(counter->visitors) || clicks_full(counter->clicks)) {
        counter->unjudged_stored |= visitors_unjudged(counter->visitors);
        forget_cached(counter);
    }
    return 0;
}

void counter_forget(struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    suivi_rollback(counter->suivi);
    counter_forget_named(counter);
    tally_forget(counter->tally);
    counter->method_told = METHODS_NO_DAY;
    key_events_forget(counter->key_events);
    counter->unjudged_stored |= counter->unjudged_noted;
    forget_cached(counter);
    counter->late_forgotten = visitors_too_late(counter->visitors) - counter->committed.too_late;
    counter->sums = counter->committed;
}

struct over_scan {
    struct counter *counter;
    size_t count;
    struct record_key *key; /* room for DROPPED_AT_ONCE */
};

static int collect_over(void *arg, struct str key, struct str value) {
    struct over_scan *scan = arg;
    (void)value;
    int32_t month;
    uint64_t hash;
    if (key.len > RECORD_KEY_MAX || record_key_read(key, scan->counter->site, &month, &hash) != 0)
        return 0;
    if (!epochs_closed(scan->counter->epochs, month))
        return 1;
    struct record_key *over = &scan->key[scan->count++];
    over->len = key.len;
    memcpy(over->bytes, key.at, key.len);
    return scan->count == DROPPED_AT_ONCE;
}

/* Months stand in order: what is over comes first, and mostly there is nothing. */
static int drop_closed(struct counter *counter, struct fault *why) {
    struct over_scan scan = {.counter = counter, .key = mem_zeroed(DROPPED_AT_ONCE, sizeof *scan.key)};
    int rc = 0;
    do {
        struct record_key prefix = record_key_of(RECORD_VISITOR, counter->site);
        scan.count = 0;
        rc = record_scan(counter, record_key_str(&prefix), collect_over, &scan);
        if (rc < 0)
            fault_set(why, rc, "%s", suivi_why(counter->suivi));
        else
            rc = 0;
        for (size_t i = 0; i < scan.count && rc == 0; i++)
            rc = record_drop(counter, record_key_str(&scan.key[i]), why);
        if (rc == 0 && scan.count > 0)
            rc = counter_commit(counter, true, why);
    } while (rc == 0 && scan.count == DROPPED_AT_ONCE);
    free(scan.key);
    return rc;
}

/* The site that needs the oldest keys. One of which nothing was read yet needs none. */
static int find_slowest(void *arg, struct str key, struct str value) {
    struct counter_slowest *slowest = arg;
    int64_t newest;
    int32_t horizon;
    if (epochs_read(value, &newest, &horizon) != 0)
        newest = horizon = INT32_MIN;
    if (newest == INT64_MIN || horizon >= slowest->horizon || key.len < 2)
        return 0;
    free(slowest->site);
    slowest->site = mem_string(key.at + 1, key.len - 2); /* a letter before it, a zero byte after it */
    slowest->newest = newest;
    slowest->horizon = horizon;
    return 0;
}

static int32_t month_after_now(void) {
    int32_t today;
    return civil_day_of_time((int64_t)time(NULL), &today) ? civil_month_of_day(today) + 1 : INT32_MIN;
}

/* Sites of one state share the keys: the slowest of them keeps a key alive. */
static int destroy_keys(struct counter *counter, struct fault *why) {
    char kind = RECORD_EPOCHS;
    bool told = false;
    free(counter->slowest.site);
    counter->slowest = (struct counter_slowest){.horizon = INT32_MAX};
    int rc = record_scan(counter, (struct str){&kind, 1}, find_slowest, &counter->slowest);
    if (rc < 0)
        return fault_set(why, rc, "%s", suivi_why(counter->suivi));
    int32_t lowest = counter->slowest.horizon;
    if (counter->slowest.site == NULL) /* a key made ahead is not for a site that has ended */
        lowest = epochs_ended(counter->epochs) ? month_after_now() : INT32_MIN;
    rc = keys_destroy_before(counter->keys, lowest, why);
    if (rc == 0 && lowest != INT32_MIN)
        rc = key_events_gone(counter->key_events, lowest, &told, why);
    return rc == 0 && told ? counter_commit(counter, true, why) : rc;
}

const char *counter_slow_site(const struct counter *counter, int64_t *newest) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    *newest = counter->slowest.newest;
    return counter->slowest.site != NULL && epochs_lags(counter->epochs, counter->slowest.horizon)
               ? counter->slowest.site
               : NULL;
}

static int judge_stored(struct counter *counter, struct fault *why) {
    forget_cached(counter);
    bool more = true;
    int rc = 0;
    while (more && rc == 0) {
        rc = visitors_judge_stored(counter->visitors, &more, why);
        counter->unjudged_stored = more;
        if (rc == 0)
            rc = counter_commit(counter, true, why);
    }
    return rc;
}

/* Old clicks, as many at a time as one commit should drop. */
static int prune_clicks(struct counter *counter, struct fault *why) {
    bool more = true;
    int rc = 0;
    while (more && rc == 0) {
        rc = clicks_prune(counter->clicks, &more, why);
        if (rc == 0)
            rc = counter_commit(counter, true, why);
    }
    return rc;
}

bool counter_finish_due(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    int64_t newest = epochs_newest(counter->epochs);
    return newest != INT64_MIN &&
           (newest - EPOCHS_LATE >= counter->finished_at || epochs_over(counter->epochs));
}

int counter_finish(struct counter *counter, struct fault *why) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    counter->finished_at = INT64_MIN;
    int rc = counter_commit(counter, true, why);
    if (rc == 0 && counter->unjudged_stored)
        rc = judge_stored(counter, why);
    if (rc == 0 && epochs_over(counter->epochs)) {
        forget_cached(counter);
        epochs_advance(counter->epochs);
    }
    if (rc == 0)
        rc = prune_clicks(counter, why);
    if (rc == 0)
        rc = drop_closed(counter, why);
    if (rc == 0)
        rc = destroy_keys(counter, why);
    if (rc == 0)
        counter->finished_at = epochs_newest(counter->epochs);
    return rc;
}

int counter_end_site(struct counter *counter, struct fault *why) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    int rc = counter_finish(counter, why);
    if (rc != 0)
        return rc;
    forget_cached(counter);
    epochs_end(counter->epochs);
    return counter_finish(counter, why);
}
