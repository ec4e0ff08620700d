/* The sketch of distinct counts:
 *
 *   sketch errors HASHES       for sets of 1, 10 .. 10^8: bias and standard error over so many runs that about HASHES
 *                              hashes are added for each size; sizes that cannot have ten runs are left out
 *   sketch speed ROUNDS        how long adding, uniting and estimating take, each beside its floor
 *
 * Prints JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "proto/sketch.h"

#define RUNS_MIN 10
#define RUNS_MAX 10000
#define EXACT    1000 /* hashes in an exact set */

/* SplitMix64 (Steele, Lea, Flood 2014) is a permutation of its counter: what comes from one seed is all different. */
static inline uint64_t next_hash(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void errors(unsigned long budget) {
    uint64_t random = 2018;
    const char *separator = "";
    struct sketch *sketch;
    sketch_new(&sketch);
    printf("[");
    for (unsigned long count = 1; count <= 100000000; count *= 10) {
        unsigned long runs = budget / count > RUNS_MAX ? RUNS_MAX : budget / count;
        double sum = 0, squares = 0;
        if (runs < RUNS_MIN)
            break;
        for (unsigned long run = 0; run < runs; run++) {
            sketch_clear(sketch);
            for (unsigned long i = 0; i < count; i++)
                sketch_add(sketch, next_hash(&random));
            double error = (double)sketch_size(sketch) / (double)count - 1;
            sum += error;
            squares += error * error;
        }
        printf("%s{\"count\": %lu, \"runs\": %lu, \"bias\": %.9f, \"error\": %.9f, \"exact\": %s}", separator,
               count, runs, sum / (double)runs, sqrt(squares / (double)runs),
               sketch_error(sketch) == 0 ? "true" : "false");
        separator = ",\n ";
    }
    printf("]\n");
    sketch_destroy(&sketch);
}

static volatile uint64_t sink; /* so that nothing is left out as useless */

/* Byte by byte, all eight: what bringing hashes into order takes at least. */
static void radix_sort(uint64_t *hash, uint64_t *spare, size_t count) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t start[257] = {0};
        for (size_t i = 0; i < count; i++)
            start[(hash[i] >> shift & 255) + 1]++;
        for (size_t i = 1; i < 256; i++)
            start[i] += start[i - 1];
        for (size_t i = 0; i < count; i++)
            spare[start[hash[i] >> shift & 255]++] = hash[i];
        uint64_t *swap = hash;
        hash = spare;
        spare = swap;
    }
}

static void say(const char *name, double seconds, double times, double scale, const char *after) {
    printf("\"%s\": %.3f%s", name, seconds / times * scale, after);
}

/* Nanoseconds for each hash; the hashes are made beforehand. */
static void adding(struct sketch *sketch, unsigned long rounds) {
    static uint64_t hash[EXACT], copy[EXACT], spare[EXACT], table[2048];
    uint64_t random = 3;
    double sorting = 0, exact = 0, dense = 0, touching = 0;
    for (unsigned long round = 0; round < rounds; round++) {
        for (size_t i = 0; i < EXACT; i++)
            hash[i] = next_hash(&random);
        memcpy(copy, hash, sizeof copy);
        double started = clock_seconds();
        radix_sort(copy, spare, EXACT);
        sink += copy[0];
        double sorted = clock_seconds();
        sketch_clear(sketch);
        for (size_t i = 0; i < EXACT; i++)
            sketch_add(sketch, hash[i]);
        sink += sketch_size(sketch);
        exact += clock_seconds() - sorted;
        sorting += sorted - started;
    }
    for (size_t i = 0; i < 100000; i++)
        sketch_add(sketch, next_hash(&random));
    sink += sketch_size(sketch);
    for (unsigned long round = 0; round < rounds; round++) {
        for (size_t i = 0; i < EXACT; i++)
            hash[i] = next_hash(&random);
        double started = clock_seconds();
        for (size_t i = 0; i < EXACT; i++)
            sketch_add(sketch, hash[i]);
        double added = clock_seconds();
        for (size_t i = 0; i < EXACT; i++)
            table[hash[i] >> 2 & 2047] |= hash[i];
        touching += clock_seconds() - added;
        dense += added - started;
    }
    sink += table[hash[0] & 2047];
    say("add_exact", exact, (double)rounds * EXACT, 1e9, ", ");
    say("radix_sort", sorting, (double)rounds * EXACT, 1e9, ", ");
    say("add_dense", dense, (double)rounds * EXACT, 1e9, ", ");
    say("table_or", touching, (double)rounds * EXACT, 1e9, ", ");
}

/* Microseconds for each union or estimate of dense sets. */
static void uniting(struct sketch *sketch, unsigned long rounds) {
    static char other[SKETCH_BYTES_MAX], copy[SKETCH_BYTES_MAX];
    uint64_t random = 5;
    sketch_clear(sketch);
    for (size_t i = 0; i < 50000; i++)
        sketch_add(sketch, next_hash(&random));
    struct str bytes = sketch_bytes(sketch);
    memcpy(other, bytes.at, bytes.len);
    for (size_t i = 0; i < 50000; i++)
        sketch_add(sketch, next_hash(&random));
    double started = clock_seconds();
    for (unsigned long round = 0; round < rounds; round++)
        sketch_merge(sketch, (struct str){other, bytes.len});
    double united = clock_seconds();
    for (unsigned long round = 0; round < rounds; round++) {
        memcpy(copy, other, sizeof copy);
        sink += (uint64_t)copy[round % sizeof copy];
    }
    double copied = clock_seconds();
    for (unsigned long round = 0; round < rounds; round++)
        sink += sketch_size(sketch);
    double estimated = clock_seconds();
    say("merge", united - started, (double)rounds, 1e6, ", ");
    say("memcpy", copied - united, (double)rounds, 1e6, ", ");
    say("estimate", estimated - copied, (double)rounds, 1e6, "");
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "errors") == 0) {
        errors(strtoul(argv[2], NULL, 10));
    } else if (argc == 3 && strcmp(argv[1], "speed") == 0) {
        struct sketch *sketch;
        sketch_new(&sketch);
        printf("{");
        adding(sketch, strtoul(argv[2], NULL, 10));
        uniting(sketch, strtoul(argv[2], NULL, 10));
        printf("}\n");
        sketch_destroy(&sketch);
    } else {
        fprintf(stderr, "usage: sketch errors HASHES | sketch speed ROUNDS\n");
        return 1;
    }
    return 0;
}
