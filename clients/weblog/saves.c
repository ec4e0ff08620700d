#include "clients/weblog/saves.h"

#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define FEW         64   /* sorted in the usual way */
#define MONTHS_MAX  4096 /* the same when they lie further apart */
#define BUCKET_BITS 16   /* at most */

static int compare(const void *a, const void *b) {
    const struct save *x = a, *y = b;
    if (x->month != y->month)
        return x->month < y->month ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Numbers of how many become the places where they begin. */
static void places(size_t *first, size_t buckets) {
    size_t sum = 0;
    for (size_t i = 0; i < buckets; i++) {
        size_t here = first[i];
        first[i] = sum;
        sum += here;
    }
}

/* By hash, whatever the month: by its first bits, which leaves little to do. */
static void by_hash(const struct save *from, struct save *to, size_t count) {
    unsigned bits = 63 - (unsigned)__builtin_clzll(count);
    bits = bits < BUCKET_BITS ? bits : BUCKET_BITS;
    size_t *first = mem_zeroed((size_t)1 << bits, sizeof *first);
    for (size_t i = 0; i < count; i++)
        first[from[i].hash >> (64 - bits)]++;
    places(first, (size_t)1 << bits);
    for (size_t i = 0; i < count; i++)
        to[first[from[i].hash >> (64 - bits)]++] = from[i];
    free(first);
    for (size_t i = 1; i < count; i++) {
        struct save save = to[i];
        size_t place = i;
        for (; place > 0 && to[place - 1].hash > save.hash; place--)
            to[place] = to[place - 1];
        to[place] = save;
    }
}

/* Those of a month stay in their order. */
static void by_month(const struct save *from, struct save *to, size_t count, int32_t lowest, size_t months) {
    size_t *first = mem_zeroed(months, sizeof *first);
    for (size_t i = 0; i < count; i++)
        first[from[i].month - lowest]++;
    places(first, months);
    for (size_t i = 0; i < count; i++)
        to[first[from[i].month - lowest]++] = from[i];
    free(first);
}

void saves_sort(struct save *list, size_t count) {
    int32_t lowest = INT32_MAX, highest = INT32_MIN;
    for (size_t i = 0; i < count; i++) {
        lowest = list[i].month < lowest ? list[i].month : lowest;
        highest = list[i].month > highest ? list[i].month : highest;
    }
    if (count < FEW || (int64_t)highest - lowest >= MONTHS_MAX) {
        qsort(list, count, sizeof *list, compare);
        return;
    }
    struct save *sorted = mem_resize(NULL, count, sizeof *sorted);
    by_hash(list, sorted, count);
    by_month(sorted, list, count, lowest, (size_t)(highest - lowest) + 1);
    free(sorted);
}
