#include "clients/statsd/sender.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "proto/check.h"
#include "proto/civil.h"
#include "proto/kind.h"
#include "proto/period.h"

/* A record of a metric: what is left of a counter ("c", a double), the value of a gauge and the day it was last sent for ("g"). Keys of
 * libsuivi's records are short, metrics with tags may not be: so by hash. */
struct record {
    char key[1 + 16];
};

struct gauge_record {
    double value;
    int64_t sent; /* the number */
    int32_t day;
    int32_t unused;
};

static int suivi_fault(struct suivi *suivi, int rc, struct fault *why) {
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

static struct record record_of(char sort, struct str metric) {
    struct record record = {{sort}};
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(metric.at, metric.len));
    memcpy(record.key + 1, hash.digest, sizeof hash.digest);
    return record;
}

/* Leaves `out` alone when there is none. */
static int get_record(struct suivi *suivi, const struct record *record, void *out, size_t size,
                      struct fault *why) {
    const void *value;
    size_t len;
    int rc = suivi_get(suivi, record->key, sizeof record->key, &value, &len);
    if (rc == -ENOENT)
        return 0;
    if (rc == 0 && len == size)
        memcpy(out, value, size);
    return suivi_fault(suivi, rc, why);
}

static int64_t day_at(int32_t day) {
    return (int64_t)day * CIVIL_DAY_SECONDS;
}

/* The whole part is sent, the fraction waits: over time nothing is lost by rounding. */
static int send_counter(struct suivi *suivi, const struct window_slot *slot, uint64_t *too_large,
                        struct fault *why) {
    struct record record = record_of('c', slot->metric);
    double left = 0;
    int rc = get_record(suivi, &record, &left, sizeof left, why);
    if (rc != 0)
        return rc;
    double total = slot->number + left, whole = floor(total + 1e-9);
    if (fabs(whole) > (double)KIND_COUNT_MAX) {
        (*too_large)++;
        return 0;
    }
    double rest = total - whole > 1e-9 ? total - whole : 0;
    rc = suivi_count(suivi, slot->rule->indicator, slot->dims, slot->dim_count, day_at(slot->day),
                     (int64_t)whole);
    if (rc == 0 && rest != left)
        rc = rest == 0 ? suivi_delete(suivi, record.key, sizeof record.key)
                       : suivi_put(suivi, record.key, sizeof record.key, &rest, sizeof rest);
    return suivi_fault(suivi, rc == -ENOENT ? 0 : rc, why);
}

/* A value that was sent for that day already is not sent again: gauges come every few seconds. */
static int send_gauge(struct suivi *suivi, const struct window_slot *slot, uint64_t *too_large,
                      struct fault *why) {
    struct record record = record_of('g', slot->metric);
    struct gauge_record gauge = {.day = INT32_MIN};
    int rc = get_record(suivi, &record, &gauge, sizeof gauge, why);
    if (rc != 0)
        return rc;
    gauge.value = slot->relative ? gauge.value + slot->number : slot->number;
    if (fabs(gauge.value) > (double)KIND_COUNT_MAX) {
        (*too_large)++;
        return 0;
    }
    int64_t number = llround(gauge.value);
    bool known = gauge.day == slot->day && gauge.sent == number;
    gauge.sent = number;
    gauge.day = slot->day;
    rc = suivi_put(suivi, record.key, sizeof record.key, &gauge, sizeof gauge);
    if (rc == 0 && !known)
        rc = suivi_count(suivi, slot->rule->indicator, slot->dims, slot->dim_count, slot->at, number);
    return suivi_fault(suivi, rc, why);
}

static int compare_hashes(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static size_t unique_hashes(struct window_slot *slot) {
    size_t kept = 0;
    if (slot->hash_count > 0)
        qsort(slot->hashes, slot->hash_count, sizeof *slot->hashes, compare_hashes);
    for (size_t i = 0; i < slot->hash_count; i++)
        if (i == 0 || slot->hashes[i] != slot->hashes[i - 1])
            slot->hashes[kept++] = slot->hashes[i];
    slot->hash_count = kept;
    return kept;
}

static int send_set(struct suivi *suivi, struct window_slot *slot, struct fault *why) {
    size_t count = unique_hashes(slot);
    int rc = suivi_distinct(suivi, slot->rule->indicator, slot->dims, slot->dim_count, day_at(slot->day),
                            slot->hashes, count);
    return suivi_fault(suivi, rc, why);
}

static int remark_lost(struct suivi *suivi, const struct window_slot *slot, struct fault *why) {
    int rc = suivi_remark(suivi, slot->rule->indicator, slot->dims, slot->dim_count, day_at(slot->day),
                          SUIVI_EVENT, "statsd",
                          "datagrams were lost on their way on this day: the figure may be too low");
    return suivi_fault(suivi, rc, why);
}

int sender_hand_over(struct suivi *suivi, struct window *window, bool lost, uint64_t *too_large,
                     struct fault *why) {
    int rc = 0;
    for (size_t i = 0; i < window_count(window) && rc == 0; i++) {
        struct window_slot *slot = window_at(window, i);
        if (slot->rule == NULL)
            continue;
        switch (slot->rule->type) {
        case STATSD_COUNTER:
            rc = send_counter(suivi, slot, too_large, why);
            break;
        case STATSD_GAUGE:
            rc = send_gauge(suivi, slot, too_large, why);
            break;
        case STATSD_SET:
            rc = send_set(suivi, slot, why);
            break;
        }
        if (rc == 0 && lost)
            rc = remark_lost(suivi, slot, why);
    }
    return rc;
}

void sender_print(struct window *window) {
    for (size_t i = 0; i < window_count(window); i++) {
        struct window_slot *slot = window_at(window, i);
        char day[PERIOD_TEXT_MAX];
        if (slot->rule == NULL)
            continue;
        printf("%s\t%s\t", slot->rule->indicator, period_print_day(slot->day, day));
        if (slot->rule->type == STATSD_SET)
            printf("%zu different", unique_hashes(slot));
        else
            printf("%s%.10g", slot->relative && slot->number >= 0 ? "+" : "", slot->number);
        for (size_t j = 0; j < slot->dim_count; j++)
            printf("\t%s=%s", slot->dims[j].name, slot->dims[j].value);
        putchar('\n');
    }
    fflush(stdout);
}
