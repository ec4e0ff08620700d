/* On which days a group was heard from. */
#include <stdlib.h>

#include "daemon/figures/fold_priv.h"
#include "daemon/store/hash.h"
#include "proto/check.h"
#include "proto/civil.h"

#define COVERAGE_MAGIC 0x434f5652u

#define SLOTS_FIRST 1024u

struct fold_coverage {
    unsigned magic;
    uint64_t *day; /* group and day, each once: first open addressing, 0 empty; then rising */
    size_t count, slots;
};

/* One question's, while it is made. */
struct making {
    struct fold_coverage *coverage;
    const struct fold *fold;
    const struct fold_list *list; /* whose sums are walked */
    uint32_t group;               /* of the series whose sets are walked */
    uint64_t last;                /* the one that was noted last */
};

static uint64_t key_of(uint32_t group, int32_t day) {
    return (uint64_t)group << 32 | (uint32_t)(day - CIVIL_DAY_MIN + 1);
}

static uint64_t *find_slot(const struct fold_coverage *coverage, uint64_t seed, uint64_t key) {
    size_t mask = coverage->slots - 1;
    size_t at = (size_t)(hash_mix(seed, key) >> 20) & mask;
    while (coverage->day[at] != 0 && coverage->day[at] != key)
        at = (at + 1) & mask;
    return &coverage->day[at];
}

static void grow(struct fold_coverage *coverage, uint64_t seed) {
    uint64_t *old = coverage->day;
    size_t slots = coverage->slots;
    coverage->slots = slots ? slots * 2 : SLOTS_FIRST;
    coverage->day = mem_zeroed(coverage->slots, sizeof *coverage->day);
    for (size_t i = 0; i < slots; i++)
        if (old[i] != 0)
            *find_slot(coverage, seed, old[i]) = old[i];
    free(old);
}

static int note(struct making *making, uint32_t group, int32_t day, uint32_t source, uint32_t vintage) {
    struct fold_coverage *coverage = making->coverage;
    const struct fold *fold = making->fold;
    uint64_t key = key_of(group, day);
    if (key == making->last || !fold_row_counts(fold, source, day, vintage))
        return 0;
    making->last = key;
    if (coverage->count * 2 >= coverage->slots)
        grow(coverage, fold->seed);
    uint64_t *slot = find_slot(coverage, fold->seed, key);
    if (*slot != 0)
        return 0;
    if (coverage->count == FOLD_ITEMS_MAX)
        return fold_too_much(fold);
    *slot = key;
    coverage->count++;
    return 0;
}

static int note_sum(void *arg, const struct store_sum *sum) {
    struct making *making = arg;
    return note(making, making->list->group_of[sum->index], sum->when, sum->source, sum->vintage);
}

static int note_cell(void *arg, const struct store_cell *cell) {
    struct making *making = arg;
    return note(making, making->group, cell->when, cell->source, cell->vintage);
}

static int compare_keys(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void put_in_order(struct fold_coverage *coverage) {
    size_t count = 0;
    for (size_t i = 0; i < coverage->slots; i++)
        if (coverage->day[i] != 0)
            coverage->day[count++] = coverage->day[i];
    if (count > 1)
        qsort(coverage->day, count, sizeof *coverage->day, compare_keys);
}

int fold_coverage_new(struct fold_coverage **out, const struct fold *fold) {
    const struct fold_question *ask = fold->ask;
    int32_t last = ask->last < ask->today ? ask->last : ask->today;
    struct fold_coverage *coverage = mem_zeroed(1, sizeof *coverage);
    struct making making = {.coverage = coverage, .fold = fold};
    coverage->magic = COVERAGE_MAGIC;
    int err = 0;
    making.list = fold->indicator->kind == KIND_COUNT ? &fold->own : &fold->firsts;
    if (making.list->count > 0)
        err = store_each_sum(ask->snapshot, STORE_DAYS, making.list->series, making.list->count, ask->first,
                             last, note_sum, &making, fold->why);
    for (size_t i = 0; i < fold->own.count && err == 0 && fold->indicator->kind == KIND_DISTINCT; i++) {
        making.group = fold->own.group_of[i];
        err = store_each_cell(ask->snapshot, STORE_DAYS, fold->own.series[i], ask->first, last, note_cell,
                              &making, fold->why);
    }
    if (err) {
        fold_coverage_destroy(&coverage);
        return err;
    }
    put_in_order(coverage);
    *out = coverage;
    return 0;
}

void fold_coverage_destroy(struct fold_coverage **coverage) {
    struct fold_coverage *c = *coverage;
    if (c == NULL)
        return;
    OBJ_CHECK(c, COVERAGE_MAGIC);
    free(c->day);
    c->magic = 0;
    free(c);
    *coverage = NULL;
}

/* How many are below that key. */
static size_t count_below(const struct fold_coverage *coverage, uint64_t key) {
    size_t low = 0, high = coverage->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (coverage->day[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t fold_coverage_heard(const struct fold_coverage *coverage, uint32_t group, int32_t first,
                             int32_t last) {
    OBJ_CHECK(coverage, COVERAGE_MAGIC);
    return (uint32_t)(count_below(coverage, key_of(group, last) + 1) -
                      count_below(coverage, key_of(group, first)));
}
