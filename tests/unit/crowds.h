/* Crowds that are estimated: two distinct kinds and their ratio. */
#ifndef TESTS_CROWDS_H
#define TESTS_CROWDS_H

#include "tests/unit/folding.h"

#include <math.h>

#include "tests/unit/random.h"

static const char estimates[] =
    "name: estimates\n"
    "title: {en: Estimates}\n"
    "plan: 2016/2020\n"
    "languages: [en]\n"
    "indicators:\n"
    "  - {id: a, kind: distinct, frequency: month, label: {en: A}}\n"
    "  - {id: b, kind: distinct, frequency: month, label: {en: B}}\n"
    "  - {id: share, kind: ratio, frequency: month, numerator: a, denominator: b, factor: 100, label: {en: "
    "Share}}\n";

/* Members of one source and day from hashes that `first` begins; returns how many they are taken for. */
static inline long long tell_crowd(struct books *books, const char *indicator, const char *day,
                                   uint64_t first, size_t count) {
    uint64_t *member = calloc(count, sizeof *member);
    struct sketch *sketch;
    assert_non_null(member);
    sketch_new(&sketch);
    random_state = first;
    for (size_t i = 0; i < count; i++) {
        member[i] = random_next();
        sketch_add(sketch, member[i]);
    }
    long long size = (long long)sketch_size(sketch);
    books_tell(
        books,
        &(struct books_event){
            .source = "a@1", .indicator = indicator, .day = day, .member = member, .member_count = count});
    sketch_destroy(&sketch);
    free(member);
    return size;
}

#define ASK_OF(indicator, period, by)                                                                        \
    &(struct ask) {                                                                                          \
        indicator, period, period, by, "2018-12-01", NULL                                                    \
    }

#endif
