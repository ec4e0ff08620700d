#include <errno.h>
#include <stdlib.h>

#include "daemon/answers/outside_priv.h"
#include "daemon/store/hash.h"
#include "proto/check.h"

/* ---- numbers ---- */

static int keep_number(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct outside_table *table = arg;
    if (table->count == FOLD_FIGURES_MAX)
        return fault_set(why, -E2BIG,
                         "more than %u figures, which must be known to tell outsiders any: ask for fewer "
                         "periods, or split by fewer dimensions",
                         FOLD_FIGURES_MAX);
    if (table->count == table->room) {
        table->room = table->room ? table->room * 2 : 64;
        table->number = mem_resize(table->number, table->room, sizeof *table->number);
    }
    kept_group(&table->kept, figure->group, figure->dim, table->dims);
    table->number[table->count++] = (struct outside_number){figure->period, figure->group, figure->value};
    return 0;
}

int outside_table_load(struct outside_table *table, const struct fold_question *question, struct fault *why) {
    *table = (struct outside_table){.dims = question->split_count};
    return fold_run(question, keep_number, table, why);
}

void outside_table_clear(struct outside_table *table) {
    kept_clear(&table->kept);
    free(table->number);
    *table = (struct outside_table){0};
}

size_t outside_table_end(const struct outside_table *table, size_t at) {
    size_t end = at;
    while (end < table->count && table->number[end].period == table->number[at].period)
        end++;
    return end;
}

/* ---- nested dimensions ---- */

/* With which value of the other dimension each value was met. */
struct pair {
    struct str value, other; /* owned; value.at NULL: free */
};

struct pairs {
    struct str dim, other;
    struct pair *pair; /* open addressing */
    size_t room, count;
    uint64_t seed;
    struct str first; /* value of the other one; borrowed from a pair */
    bool several;     /* it has another one */
};

static struct pair *find_pair(const struct pairs *pairs, struct str value) {
    size_t at = hash_text(pairs->seed, value) & (pairs->room - 1);
    while (pairs->pair[at].value.at && !str_equal(pairs->pair[at].value, value))
        at = (at + 1) & (pairs->room - 1);
    return &pairs->pair[at];
}

static void grow_pairs(struct pairs *pairs) {
    struct pairs old = *pairs;
    pairs->room = old.room ? old.room * 2 : 64;
    pairs->pair = mem_zeroed(pairs->room, sizeof *pairs->pair);
    for (size_t i = 0; i < old.room; i++)
        if (old.pair[i].value.at)
            *find_pair(pairs, old.pair[i].value) = old.pair[i];
    free(old.pair);
}

/* 1: a value has two of the other's. */
static int take_series(void *arg, uint32_t series, const struct dims *dims) {
    struct pairs *pairs = arg;
    struct str value = dims_get(dims, pairs->dim), other = dims_get(dims, pairs->other);
    (void)series;
    if (pairs->count * 2 >= pairs->room)
        grow_pairs(pairs);
    struct pair *pair = find_pair(pairs, value);
    if (pair->value.at)
        return !str_equal(pair->other, other);
    *pair = (struct pair){str_copy(value), str_copy(other)};
    if (pairs->count++ == 0)
        pairs->first = pair->other;
    pairs->several = pairs->several || !str_equal(pairs->first, other);
    return 0;
}

static bool is_nested_in(const struct fold_question *asked, size_t indicator, struct str dim,
                         struct str other) {
    struct pairs pairs = {.dim = dim, .other = other, .seed = hash_seed()};
    bool nested = catalogue_each_series(asked->catalogue, indicator, take_series, &pairs) == 0;
    for (size_t i = 0; i < pairs.room; i++) {
        str_free(pairs.pair[i].value);
        str_free(pairs.pair[i].other);
    }
    free(pairs.pair);
    return nested && pairs.several;
}

bool outside_is_nested(const struct fold_question *asked, size_t indicator, struct str dim) {
    size_t count = framework_indicator_at(asked->framework, indicator)->dim_count;
    for (size_t i = 0; i < count; i++) {
        struct str other = framework_dim_name(asked->framework, indicator, i);
        if (!str_equal(other, dim) && is_nested_in(asked, indicator, dim, other))
            return true;
    }
    return false;
}
