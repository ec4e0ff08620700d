/* Time and order for the benchmarks. */
#ifndef SUIVI_BENCH_CLOCK_H
#define SUIVI_BENCH_CLOCK_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline int clock_compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Sorts `values` and returns the one below which `part` of them are. */
static inline double clock_quantile(double *values, size_t count, double part) {
    qsort(values, count, sizeof *values, clock_compare);
    return values[(size_t)((double)(count - 1) * part)];
}

/* The same numbers on every machine: xorshift64 (Marsaglia 2003). */
static inline uint64_t clock_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
