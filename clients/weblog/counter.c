#include "clients/weblog/counter.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#include "clients/collector/secret.h"
#include "clients/weblog/clicks.h"
#include "clients/weblog/client.h"
#include "clients/weblog/counter_priv.h"
#include "clients/weblog/epochs.h"
#include "clients/weblog/languages.h"
#include "clients/weblog/request.h"
#include "clients/weblog/tally.h"
#include "clients/weblog/views.h"
#include "clients/weblog/visitors.h"
#include "proto/check.h"
#include "proto/civil.h"

#define CLIENTS_MAX (1u << 20)
#define CLICKS_MAX  (1u << 20)
#define SEED_BYTES  (4 * sizeof(uint64_t))

static int draw_seeds(struct counter *counter, struct fault *why) {
    void *seed = NULL;
    int rc = secret_new(&seed, SEED_BYTES, why);
    if (rc != 0)
        return rc;
    counter->seed = seed;
    return getrandom(seed, SEED_BYTES, 0) == (ssize_t)SEED_BYTES
               ? 0
               : fault_set(why, -EIO, "the system gives no random numbers");
}

/* The last day that was heard from. */
static int32_t newest_day(const struct counter *counter) {
    int64_t newest = epochs_newest(counter->epochs);
    int32_t day;
    return newest != INT64_MIN && civil_day_of_time(newest, &day) ? day : METHODS_NO_DAY;
}

int counter_open(struct counter **out, struct suivi *suivi, struct keys *keys,
                 const struct counter_options *options, struct fault *why) {
    ASSERT(options->language_count > 0 && options->language_count <= TALLY_LANGUAGES);
    ASSERT(options->default_language < options->language_count);
    struct counter *counter = mem_zeroed(1, sizeof *counter);
    counter->magic = COUNTER_MAGIC;
    counter->suivi = suivi;
    counter->keys = keys;
    counter->options = *options;
    counter->site = str_of(options->site);
    counter->verdict = mem_zeroed(COUNTER_VERDICTS, sizeof *counter->verdict);
    counter->day_end = counter->finished_at = INT64_MIN;
    counter->method_told = METHODS_NO_DAY;
    counter_records_init(counter);
    counter_forget_named(counter);
    int rc = draw_seeds(counter, why);
    if (rc == 0)
        rc = days_check(options->days, &counter->records, why);
    if (rc == 0)
        rc = languages_load(&counter->languages, &counter->records, counter->site, options->languages,
                            options->language_count, counter->language_number, why);
    if (rc == 0)
        rc = epochs_load(&counter->epochs, &counter->records, counter->site, options->clock, why);
    if (rc == 0)
        rc = methods_load(&counter->methods, &counter->records, counter->site, options->stamp,
                          newest_day(counter), why);
    if (rc == 0) {
        const struct key_teller teller = {counter, counter_tell_key};
        key_events_new(&counter->key_events, &counter->records, keys, counter->epochs, &teller, counter->site,
                       options->days);
        rc = key_events_begin(counter->key_events, why);
    }
    if (rc != 0) {
        counter_close(&counter);
        return rc;
    }
    uint32_t active = 0;
    for (size_t i = 0; i < options->language_count; i++)
        active |= UINT32_C(1) << counter->language_number[i];
    tally_new(&counter->tally, active);
    visitors_new(&counter->visitors, &counter->records, counter->epochs, counter->tally, counter->site,
                 CLIENTS_MAX);
    views_new(&counter->views, counter->visitors);
    clicks_new(&counter->clicks, &counter->records, counter->epochs, counter->tally, counter->site,
               CLICKS_MAX);
    struct record_key key = record_key_of(RECORD_UNJUDGED, counter->site);
    struct str value;
    counter->unjudged_noted = counter->records.get(counter, record_key_str(&key), &value) == 0;
    counter->unjudged_stored = counter->unjudged_noted;
    *out = counter;
    return 0;
}

void counter_close(struct counter **pointer) {
    struct counter *counter = *pointer;
    if (counter == NULL)
        return;
    OBJ_CHECK(counter, COUNTER_MAGIC);
    clicks_destroy(&counter->clicks);
    views_destroy(&counter->views);
    visitors_destroy(&counter->visitors);
    tally_destroy(&counter->tally);
    key_events_destroy(&counter->key_events);
    epochs_destroy(&counter->epochs);
    languages_free(&counter->languages);
    free(counter->slowest.site);
    free(counter->verdict);
    secret_free(counter->seed);
    counter->magic = 0;
    free(counter);
    *pointer = NULL;
}

const struct records *counter_records(struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return &counter->records;
}

struct str counter_site(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return counter->site;
}

const struct keys *counter_keys(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return counter->keys;
}

static bool find_day(struct counter *counter, int64_t at) {
    if (at < counter->day_end && at >= counter->day_end - CIVIL_DAY_SECONDS)
        return true;
    int32_t day;
    if (!civil_day_of_time(at, &day))
        return false;
    counter->day = day;
    counter->month = civil_month_of_day(day);
    counter->day_end = ((int64_t)day + 1) * CIVIL_DAY_SECONDS;
    counter->by_stamp = methods_stamp(&counter->methods, day);
    return true;
}

/* The verdict on an agent, remembered under its hash: agents repeat, and patterns are dear. */
static bool is_robot(struct counter *counter, struct str agent, XXH128_hash_t hash) {
    struct counter_verdict *verdict = &counter->verdict[hash.low64 % COUNTER_VERDICTS];
    if (!verdict->known || verdict->hash[0] != hash.low64 || verdict->hash[1] != hash.high64) {
        bool robot = robots_match(counter->options.robots, agent);
        *verdict = (struct counter_verdict){.hash = {hash.low64, hash.high64}, .known = true, .robot = robot};
    }
    return verdict->robot;
}

unsigned counter_language(const struct counter *counter, struct str path) {
    const struct counter_options *options = &counter->options;
    return counter->language_number[request_language(path, options->languages, options->language_count,
                                                     options->default_language)];
}

int counter_line(struct counter *counter, const struct line *line, int32_t *day, struct fault *why) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    if (!find_day(counter, line->at))
        return -ERANGE;
    *day = counter->day;
    XXH128_hash_t agent = {counter->seed[2], counter->seed[3]};
    if (line->has_agent)
        agent = XXH3_128bits_withSeed(line->agent.at, line->agent.len, counter->seed[0]);
    epochs_seen(counter->epochs, line->at);
    tally_heard(counter->tally, counter->day, line->has_agent);
    tally_add(counter->tally, TALLY_REQUESTS, counter->day, TALLY_NO_LANGUAGE, 1);
    counter->sums.requests++;
    if (line->has_agent && is_robot(counter, line->agent, agent)) {
        tally_add(counter->tally, TALLY_ROBOTS, counter->day, TALLY_NO_LANGUAGE, 1);
        counter->sums.robots++;
        return 0;
    }
    struct str path = {0};
    enum request_class asked = request_classify(line->request, line->status, &path);
    if (counter->by_stamp)
        counter_stamp(counter, line, asked, path);
    if (asked == REQUEST_OTHER)
        return 0;
    struct client client = {.address = line->address, .agent = line->agent, .has_agent = line->has_agent};
    XXH128_hash_t hash =
        XXH3_128bits_withSeed(line->address.at, line->address.len, agent.low64 ^ counter->seed[1]);
    client.hash[0] = hash.low64;
    client.hash[1] = hash.high64 ^ agent.high64;
    unsigned language = counter_language(counter, path);
    if (asked == REQUEST_DOWNLOAD)
        return clicks_add(counter->clicks, &client, path, line->at, counter->month, language, why);
    tally_add(counter->tally, TALLY_PAGEVIEWS, counter->day, language, 1);
    return views_add(counter->views, &client, line->at, counter->day, counter->month, language, why);
}

void counter_malformed(struct counter *counter, int32_t day, int64_t number) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    tally_add(counter->tally, TALLY_MALFORMED, day, TALLY_NO_LANGUAGE, number);
    counter->sums.malformed += number;
}

bool counter_full(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return tally_full(counter->tally) || visitors_full(counter->visitors) || clicks_full(counter->clicks);
}

int32_t counter_method_since(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return counter->methods.changed ? methods_since(&counter->methods) : METHODS_NO_DAY;
}

bool counter_stamps(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return counter->options.stamp;
}

struct counter_sums counter_sums(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    struct counter_sums sums = counter->sums;
    sums.too_late = visitors_too_late(counter->visitors) - counter->late_forgotten;
    return sums;
}
