#include "clients/listserv/census.h"

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

#define CENSUS_MAGIC 0xc0817e72u
#define DAYS         47847 /* from 1970-01-01 to 2100-12-31 */
#define FAR          (INT64_C(15) * CIVIL_DAY_SECONDS)
#define GAP_MAX      28 /* days without a post that are told as zeros: never all of a month */
#define DAY_BYTES    4

struct census {
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
    struct census_sums sums;
};

static int load_newest(struct census *census, struct fault *why) {
    struct record_key key = record_key_of(RECORD_NEWEST, str_of(census->list), NULL, 0);
    const void *value;
    size_t len;
    census->newest = INT32_MIN;
    int rc = census->suivi != NULL ? suivi_get(census->suivi, key.bytes, key.len, &value, &len) : -ENOENT;
    if (rc == -ENOENT)
        return 0;
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(census->suivi));
    if (len != DAY_BYTES)
        return fault_set(why, -EINVAL,
                         "the record of the newest day is damaged: restore the state from a backup");
    census->newest = (int32_t)record_get_number(value, DAY_BYTES);
    return 0;
}

int census_open(struct census **out, struct suivi *suivi, const struct identities *identities,
                const char *list, struct poster_keys *keys, struct fault *why) {
    struct census *census = mem_zeroed(1, sizeof *census);
    census->magic = CENSUS_MAGIC;
    census->suivi = suivi;
    census->identities = identities;
    census->list = mem_string(list, strlen(list));
    census->by_day = mem_zeroed(DAYS, sizeof *census->by_day);
    census->seen = mem_zeroed(DAYS, sizeof *census->seen);
    meaning_new(&census->meaning);
    posts_new(&census->posts, suivi, str_of(list));
    posters_new(&census->posters, keys);
    int rc = load_newest(census, why);
    if (rc != 0) {
        census_close(&census);
        return rc;
    }
    *out = census;
    return 0;
}

void census_close(struct census **pointer) {
    struct census *census = *pointer;
    if (census == NULL)
        return;
    OBJ_CHECK(census, CENSUS_MAGIC);
    posters_destroy(&census->posters);
    posts_destroy(&census->posts);
    meaning_destroy(&census->meaning);
    free(census->by_day);
    free(census->seen);
    free(census->list);
    census->magic = 0;
    free(census);
    *pointer = NULL;
}

struct str census_list(const struct census *census) {
    OBJ_CHECK(census, CENSUS_MAGIC);
    return str_of(census->list);
}

static int32_t today(void) {
    int32_t day;
    return civil_day_of_time(clock_unix_us() / 1000000, &day) && day >= 0 && day < DAYS ? day : 0;
}

/* The day it counts on. The date that it gives itself, unless it was received at quite another time. */
static int32_t day_of(const struct census *census, const struct mbox_message *message) {
    int64_t date = 0, received = message->separator_at;
    bool has_date = meaning_date(census->meaning, message->date, &date);
    int64_t at;
    if (meaning_received(census->meaning, message->received, &at))
        received = at;
    bool has_received = received != SEPARATOR_NO_DAY;
    bool far = has_date && has_received && llabs(date - received) > FAR;
    if (!has_date || far)
        date = received;
    int32_t day;
    if ((!has_date && !has_received) || !civil_day_of_time(date, &day) || day < 0 || day >= DAYS)
        return CENSUS_NO_DAY;
    return day;
}

static void add(struct census *census, int32_t day, int64_t number) {
    census->any = true;
    if (day == CENSUS_NO_DAY) {
        census->undated += number;
        return;
    }
    census->by_day[day] += number;
    census->seen[day] = true;
    census->sums.posts += number;
}

/* Half an address would be somebody else's, and nobody is ever taken back. */
static int add_poster(struct census *census, const struct mbox_message *message, int32_t day,
                      struct fault *why) {
    if (day == CENSUS_NO_DAY || message->from_cut)
        return 0;
    struct str poster = meaning_address(census->meaning, message->from);
    return poster.len > 0 ? posters_add(census->posters, day, poster, why) : 0;
}

int census_message(struct census *census, const struct mbox_message *message, struct counted *counted,
                   struct fault *why) {
    OBJ_CHECK(census, CENSUS_MAGIC);
    ASSERT(!census->put);
    *counted =
        (struct counted){.identity = identity_of_message(census->identities, message), .day = CENSUS_NO_DAY};
    bool known;
    int rc = posts_known(census->posts, &counted->identity, &known, why);
    if (rc == 0 && !known) {
        counted->day = day_of(census, message);
        rc = add_poster(census, message, counted->day, why); /* which may want a new key: it comes first */
        if (rc == 0)
            rc = posts_add(census->posts, &counted->identity, why);
    }
    if (rc != 0)
        return rc;
    counted->added = !known;
    census->sums.read++;
    census->sums.known += known;
    if (counted->added) {
        census->sums.undated += counted->day == CENSUS_NO_DAY;
        add(census, counted->day, 1);
    }
    return 0;
}

int census_take_back(struct census *census, const struct identity *identity, int32_t day, struct fault *why) {
    OBJ_CHECK(census, CENSUS_MAGIC);
    bool removed;
    int rc = posts_remove(census->posts, identity, &removed, why);
    if (rc == 0 && removed)
        add(census, day, -1);
    return rc;
}

bool census_full(const struct census *census) {
    OBJ_CHECK(census, CENSUS_MAGIC);
    return posts_full(census->posts) || posters_full(census->posters);
}

struct census_sums census_sums(const struct census *census) {
    OBJ_CHECK(census, CENSUS_MAGIC);
    return census->sums;
}

/* --- sending --- */

/* An event as it goes to the daemon; or, in a dry run, to a person. */
struct sink {
    struct census *census;
    FILE *out; /* NULL: to libsuivi */
};

static void print(const struct sink *sink, const char *indicator, int32_t day, int64_t value) {
    char text[PERIOD_TEXT_MAX];
    const struct period period = {PERIOD_DAY, day, day};
    fprintf(sink->out, "%s,%s,\"", indicator, period_print(&period, text));
    for (const char *at = sink->census->list; *at != '\0'; at++)
        fprintf(sink->out, *at == '"' ? "\"\"" : "%c", *at);
    fprintf(sink->out, "\",%" PRId64 "\n", value);
}

static int send_number(const struct sink *sink, const char *indicator, int32_t day, int64_t value) {
    const struct suivi_dim dim = {"list", sink->census->list};
    if (sink->out == NULL)
        return suivi_count(sink->census->suivi, indicator, &dim, 1, (int64_t)day * CIVIL_DAY_SECONDS, value);
    print(sink, indicator, day, value);
    return 0;
}

static int send_posters(void *arg, int32_t day, const uint64_t *hashes, size_t count) {
    const struct sink *sink = arg;
    const struct suivi_dim dim = {"list", sink->census->list};
    if (sink->out == NULL)
        return suivi_distinct(sink->census->suivi, "lists.posters", &dim, 1, (int64_t)day * CIVIL_DAY_SECONDS,
                              hashes, count);
    print(sink, "lists.posters", day, (int64_t)count);
    return 0;
}

/* The days between two with posts are days without one, as far as an archive can tell. */
static int send_days(const struct sink *sink) {
    struct census *census = sink->census;
    int32_t before = census->newest;
    int rc = 0;
    for (int32_t day = 0; day < DAYS && rc == 0; day++) {
        if (!census->seen[day])
            continue;
        bool near = before >= 0 && before < day && day - before <= GAP_MAX;
        for (int32_t between = near ? before + 1 : day; between < day && rc == 0; between++)
            rc = send_number(sink, "lists.posts", between, 0);
        if (rc == 0)
            rc = send_number(sink, "lists.posts", day, census->by_day[day]);
        before = day;
    }
    if (rc == 0 && census->undated != 0)
        rc = send_number(sink, "lists.undated", today(), census->undated);
    return rc == 0 ? posters_each(census->posters, send_posters, (void *)(uintptr_t)sink) : rc;
}

static int save_newest(struct census *census, struct fault *why) {
    int32_t last = today() + 1, newest = census->newest;
    for (int32_t day = last < DAYS ? last : DAYS - 1; day >= 0 && day > newest; day--)
        if (census->seen[day])
            newest = day;
    if (newest == census->newest)
        return 0;
    census->newest = newest;
    unsigned char value[DAY_BYTES];
    record_put_number(value, sizeof value, (uint32_t)newest);
    struct record_key key = record_key_of(RECORD_NEWEST, str_of(census->list), NULL, 0);
    int rc = suivi_put(census->suivi, key.bytes, key.len, value, sizeof value);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(census->suivi));
}

static void forget(struct census *census) {
    memset(census->by_day, 0, DAYS * sizeof *census->by_day);
    memset(census->seen, 0, DAYS * sizeof *census->seen);
    census->undated = 0;
    census->any = census->put = false;
    posters_forget(census->posters);
    posts_saved(census->posts);
}

/* The same again stands once. */
static int send_break(void *arg, int32_t month) {
    const struct census *census = arg;
    const struct suivi_dim dim = {"list", census->list};
    return suivi_remark(census->suivi, "lists.posters", &dim, 1,
                        (int64_t)civil_first_day_of_month(month) * CIVIL_DAY_SECONDS, SUIVI_BREAK, "posters",
                        "a new key: that of the month is destroyed; who had posted before counts twice");
}

static int hand_over(struct census *census, struct fault *why) {
    const struct sink sink = {.census = census};
    int rc = send_days(&sink);
    if (rc == 0)
        rc = posters_each_renewed(census->posters, send_break, census);
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(census->suivi));
    rc = posts_save(census->posts, why);
    return rc == 0 ? save_newest(census, why) : rc;
}

int census_commit(struct census *census, struct fault *why) {
    OBJ_CHECK(census, CENSUS_MAGIC);
    if (census->any && !census->put) {
        int rc = hand_over(census, why);
        if (rc != 0) /* also for want of room: what was half handed over cannot be tried again */
            return rc == -ENOSPC ? -EIO : rc;
        census->put = true;
    }
    int rc = suivi_commit(census->suivi);
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(census->suivi));
    forget(census);
    return 0;
}

void census_print(struct census *census, FILE *out) {
    OBJ_CHECK(census, CENSUS_MAGIC);
    const struct sink sink = {.census = census, .out = out};
    send_days(&sink);
    forget(census);
}

static int find_newest(void *arg, const void *key, size_t key_len, const void *value, size_t value_len) {
    int32_t *newest = arg;
    (void)key, (void)key_len;
    int32_t day = value_len == DAY_BYTES ? (int32_t)record_get_number(value, DAY_BYTES) : INT32_MIN;
    if (day > *newest)
        *newest = day;
    return 0;
}

int census_destroy_keys(struct suivi *suivi, struct poster_keys *keys, struct fault *why) {
    const char kind = RECORD_NEWEST;
    int32_t newest = INT32_MIN;
    int rc = suivi_scan(suivi, &kind, 1, find_newest, &newest);
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(suivi));
    return newest == INT32_MIN ? 0 : poster_keys_destroy_before(keys, civil_month_of_day(newest) - 1, why);
}
