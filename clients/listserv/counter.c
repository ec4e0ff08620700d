#include "clients/listserv/counter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "clients/collector/clock.h"
#include "clients/listserv/meaning.h"
#include "clients/listserv/posters.h"
#include "clients/listserv/posts.h"
#include "clients/listserv/records.h"
#include "clients/listserv/separator.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/period.h"

#define COUNTER_MAGIC 0xc0817e72u
#define DAYS          47847 /* from 1970-01-01 to 2100-12-31 */
#define FAR           (INT64_C(15) * CIVIL_DAY_SECONDS)
#define GAP_MAX       28 /* days without a post that are told as zeros: never all of a month */
#define DAY_BYTES     4

struct counter {
    unsigned magic;
    struct suivi *suivi;
    const struct identities *identities;
    char *list;
    struct meaning *meaning;
    struct posts *posts;
    struct posters *posters;
    int64_t *by_day; /* posts */
    bool *seen;      /* days of which something is to be sent */
    int64_t undated; /* to be sent */
    int32_t newest;  /* day of a post; INT32_MIN: none yet */
    bool any, put;   /* something is to be sent; and is handed to libsuivi, not yet saved */
    struct counter_sums sums;
};

static int load_newest(struct counter *counter, struct fault *why) {
    struct record_key key = record_key_of(RECORD_NEWEST, str_of(counter->list), NULL, 0);
    const void *value;
    size_t len;
    counter->newest = INT32_MIN;
    int rc = counter->suivi != NULL ? suivi_get(counter->suivi, key.bytes, key.len, &value, &len) : -ENOENT;
    if (rc == -ENOENT)
        return 0;
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(counter->suivi));
    if (len != DAY_BYTES)
        return fault_set(why, -EINVAL,
                         "the record of the newest day is damaged: restore the state from a backup");
    counter->newest = (int32_t)record_get_number(value, DAY_BYTES);
    return 0;
}

int counter_open(struct counter **out, struct suivi *suivi, const struct identities *identities,
                 const char *list, const char *keys, struct fault *why) {
    struct counter *counter = mem_zeroed(1, sizeof *counter);
    counter->magic = COUNTER_MAGIC;
    counter->suivi = suivi;
    counter->identities = identities;
    counter->list = mem_string(list, strlen(list));
    counter->by_day = mem_zeroed(DAYS, sizeof *counter->by_day);
    counter->seen = mem_zeroed(DAYS, sizeof *counter->seen);
    meaning_new(&counter->meaning);
    posts_new(&counter->posts, suivi, str_of(list));
    int rc = load_newest(counter, why);
    if (rc == 0)
        rc = posters_open(&counter->posters, keys, why);
    if (rc != 0) {
        counter_close(&counter);
        return rc;
    }
    *out = counter;
    return 0;
}

void counter_close(struct counter **pointer) {
    struct counter *counter = *pointer;
    if (counter == NULL)
        return;
    OBJ_CHECK(counter, COUNTER_MAGIC);
    posters_close(&counter->posters);
    posts_destroy(&counter->posts);
    meaning_destroy(&counter->meaning);
    free(counter->by_day);
    free(counter->seen);
    free(counter->list);
    counter->magic = 0;
    free(counter);
    *pointer = NULL;
}

struct str counter_list(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return str_of(counter->list);
}

static int32_t today(void) {
    int32_t day;
    return civil_day_of_time(clock_unix_us() / 1000000, &day) && day >= 0 && day < DAYS ? day : 0;
}

/* The day it counts on. The date that it gives itself, unless it was received at quite another time. */
static int32_t day_of(const struct counter *counter, const struct mbox_message *message) {
    int64_t date = 0, received = message->separator_at;
    bool has_date = meaning_date(counter->meaning, message->date, &date);
    int64_t at;
    if (meaning_received(counter->meaning, message->received, &at))
        received = at;
    bool has_received = received != SEPARATOR_NO_DAY;
    bool far = has_date && has_received && llabs(date - received) > FAR;
    if (!has_date || far)
        date = received;
    int32_t day;
    if ((!has_date && !has_received) || !civil_day_of_time(date, &day) || day < 0 || day >= DAYS)
        return COUNTER_NO_DAY;
    return day;
}

static void add(struct counter *counter, int32_t day, int64_t number) {
    counter->any = true;
    if (day == COUNTER_NO_DAY) {
        counter->undated += number;
        return;
    }
    counter->by_day[day] += number;
    counter->seen[day] = true;
    counter->sums.posts += number;
}

int counter_message(struct counter *counter, const struct mbox_message *message, struct counted *counted,
                    struct fault *why) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    ASSERT(!counter->put);
    *counted = (struct counted){.identity = identity_of_message(counter->identities, message),
                                .day = COUNTER_NO_DAY};
    counter->sums.read++;
    int rc = posts_add(counter->posts, &counted->identity, &counted->added, why);
    if (rc != 0)
        return rc;
    if (!counted->added) {
        counter->sums.known++;
        return 0;
    }
    int32_t day = counted->day = day_of(counter, message);
    add(counter, day, 1);
    if (day == COUNTER_NO_DAY) {
        counter->sums.undated++;
        return 0;
    }
    if (message->from_cut) /* half an address would be somebody else's, and nobody is ever taken back */
        return 0;
    struct str poster = meaning_address(counter->meaning, message->from);
    return poster.len > 0 ? posters_add(counter->posters, day, poster, why) : 0;
}

int counter_take_back(struct counter *counter, const struct identity *identity, int32_t day,
                      struct fault *why) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    bool removed;
    int rc = posts_remove(counter->posts, identity, &removed, why);
    if (rc == 0 && removed)
        add(counter, day, -1);
    return rc;
}

bool counter_full(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return posts_full(counter->posts) || posters_full(counter->posters);
}

struct counter_sums counter_sums(const struct counter *counter) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    return counter->sums;
}

/* --- sending --- */

/* An event as it goes to the daemon; or, in a dry run, to a person. */
struct sink {
    struct counter *counter;
    FILE *out; /* NULL: to libsuivi */
};

static void print(const struct sink *sink, const char *indicator, int32_t day, int64_t value) {
    char text[PERIOD_TEXT_MAX];
    const struct period period = {PERIOD_DAY, day, day};
    fprintf(sink->out, "%s,%s,\"", indicator, period_print(&period, text));
    for (const char *at = sink->counter->list; *at != '\0'; at++)
        fprintf(sink->out, *at == '"' ? "\"\"" : "%c", *at);
    fprintf(sink->out, "\",%" PRId64 "\n", value);
}

static int send_number(const struct sink *sink, const char *indicator, int32_t day, int64_t value) {
    const struct suivi_dim dim = {"list", sink->counter->list};
    if (sink->out == NULL)
        return suivi_count(sink->counter->suivi, indicator, &dim, 1, (int64_t)day * CIVIL_DAY_SECONDS, value);
    print(sink, indicator, day, value);
    return 0;
}

static int send_posters(void *arg, int32_t day, const uint64_t *hashes, size_t count) {
    const struct sink *sink = arg;
    const struct suivi_dim dim = {"list", sink->counter->list};
    if (sink->out == NULL)
        return suivi_distinct(sink->counter->suivi, "lists.posters", &dim, 1,
                              (int64_t)day * CIVIL_DAY_SECONDS, hashes, count);
    print(sink, "lists.posters", day, (int64_t)count);
    return 0;
}

/* The days between two with posts are days without one, as far as an archive can tell. */
static int send_days(const struct sink *sink) {
    struct counter *counter = sink->counter;
    int32_t before = counter->newest;
    int rc = 0;
    for (int32_t day = 0; day < DAYS && rc == 0; day++) {
        if (!counter->seen[day])
            continue;
        for (int32_t between = day - before <= GAP_MAX && before >= 0 ? before + 1 : day;
             between < day && rc == 0; between++)
            rc = send_number(sink, "lists.posts", between, 0);
        if (rc == 0)
            rc = send_number(sink, "lists.posts", day, counter->by_day[day]);
        before = day;
    }
    if (rc == 0 && counter->undated != 0)
        rc = send_number(sink, "lists.undated", today(), counter->undated);
    return rc == 0 ? posters_each(counter->posters, send_posters, (void *)(uintptr_t)sink) : rc;
}

static int save_newest(struct counter *counter, struct fault *why) {
    int32_t last = today() + 1, newest = counter->newest;
    for (int32_t day = last < DAYS ? last : DAYS - 1; day >= 0 && day > newest; day--)
        if (counter->seen[day])
            newest = day;
    if (newest == counter->newest)
        return 0;
    counter->newest = newest;
    unsigned char value[DAY_BYTES];
    record_put_number(value, sizeof value, (uint32_t)newest);
    struct record_key key = record_key_of(RECORD_NEWEST, str_of(counter->list), NULL, 0);
    int rc = suivi_put(counter->suivi, key.bytes, key.len, value, sizeof value);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(counter->suivi));
}

static void forget(struct counter *counter) {
    memset(counter->by_day, 0, DAYS * sizeof *counter->by_day);
    memset(counter->seen, 0, DAYS * sizeof *counter->seen);
    counter->undated = 0;
    counter->any = counter->put = false;
    posters_forget(counter->posters);
    posts_saved(counter->posts);
}

static int hand_over(struct counter *counter, struct fault *why) {
    const struct sink sink = {.counter = counter};
    int rc = send_days(&sink);
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(counter->suivi));
    rc = posts_save(counter->posts, why);
    return rc == 0 ? save_newest(counter, why) : rc;
}

int counter_commit(struct counter *counter, struct fault *why) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    if (counter->any && !counter->put) {
        int rc = hand_over(counter, why);
        if (rc != 0) /* also for want of room: what was half handed over cannot be tried again */
            return rc == -ENOSPC ? -EIO : rc;
        counter->put = true;
    }
    int rc = suivi_commit(counter->suivi);
    if (rc == -EDQUOT || rc == -EFBIG) /* a quota or a limit: no room, either */
        rc = -ENOSPC;
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(counter->suivi));
    forget(counter);
    return 0;
}

void counter_print(struct counter *counter, FILE *out) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    const struct sink sink = {.counter = counter, .out = out};
    send_days(&sink);
    forget(counter);
}

static int find_newest(void *arg, const void *key, size_t key_len, const void *value, size_t value_len) {
    int32_t *newest = arg;
    (void)key, (void)key_len;
    int32_t day = value_len == DAY_BYTES ? (int32_t)record_get_number(value, DAY_BYTES) : INT32_MIN;
    if (day > *newest)
        *newest = day;
    return 0;
}

int counter_destroy_keys(struct counter *counter, struct fault *why) {
    OBJ_CHECK(counter, COUNTER_MAGIC);
    const char kind = RECORD_NEWEST;
    int32_t newest = INT32_MIN;
    int rc = suivi_scan(counter->suivi, &kind, 1, find_newest, &newest);
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(counter->suivi));
    return newest == INT32_MIN
               ? 0
               : posters_destroy_before(counter->posters, civil_month_of_day(newest) - 1, why);
}
