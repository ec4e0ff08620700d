#include "clients/statsd/sender.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/statsd/carried.h"
#include "proto/civil.h"
#include "proto/kind.h"
#include "proto/period.h"

static int suivi_fault(struct suivi *suivi, int rc, struct fault *why) {
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

static int64_t day_at(int32_t day) {
    return (int64_t)day * CIVIL_DAY_SECONDS;
}

/* The whole part is sent, the fraction waits: over time nothing is lost by rounding. */
static int send_counter(struct suivi *suivi, const struct window_slot *slot, uint64_t *too_large,
                        struct fault *why) {
    double left;
    int rc = carried_counter(suivi, slot->metric, &left, why);
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
    if (rc != 0)
        return suivi_fault(suivi, rc, why);
    return rest != left ? carried_put_counter(suivi, slot->metric, rest, why) : 0;
}

/* A value that was sent for that day already is not sent again: gauges come every few seconds. */
static int send_gauge(struct suivi *suivi, const struct window_slot *slot, uint64_t *too_large,
                      struct fault *why) {
    struct carried_gauge gauge;
    int rc = carried_gauge(suivi, slot->metric, &gauge, why);
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
    rc = carried_put_gauge(suivi, slot->metric, &gauge, why);
    if (rc != 0 || known)
        return rc;
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
