/* Random facts of every kind, and the slow, obvious fold of them: for each figure a walk over all that was ever said. */
#ifndef TESTS_FOLD_REFERENCE_H
#define TESTS_FOLD_REFERENCE_H

#include "tests/unit/books.h"

enum { FACTS_MAX = 1600, VINTAGES = 8, SOURCES = 3, MEMBERS = 12, IDS = 12 };

static const char *const regions[] = {"n", "s"}, *const lists[] = {"a", "b"},
                         *const names[] = {"x", "y", "z"};

struct fact {
    char indicator;   /* its id */
    int region, list; /* -1: it has none */
    uint32_t series, source, vintage;
    int32_t day;
    int64_t at;
    uint64_t key; /* of an entry: under which it is stored */
    bool is_entry;
    struct entry entry;
    int64_t number;
    uint64_t member[3];
    size_t member_count;
};

struct taken {
    uint32_t source, vintage;
    int32_t first, last;
};

static struct fact fact[FACTS_MAX];
static size_t fact_count;
static struct taken taken[VINTAGES];
static size_t taken_count;
static size_t compared; /* figures */

static inline bool is_count(char indicator) {
    return indicator && strchr("cijk", indicator);
}

static inline bool is_distinct(char indicator) {
    return indicator && strchr("dghw", indicator);
}

/* ---- the obvious fold ---- */

struct asked {
    char indicator;
    struct period period;
    int region, list; /* -1: all */
    uint32_t vintage;
    enum period_type sum_of;
    bool has_sum_of;
    int32_t today;
};

static inline bool is_known(const struct fact *f, const struct asked *asked) {
    if (asked->vintage && f->vintage > asked->vintage)
        return false;
    for (size_t i = 0; i < taken_count; i++)
        if (taken[i].source == f->source && taken[i].first <= f->day && f->day <= taken[i].last &&
            f->vintage <= taken[i].vintage && (!asked->vintage || taken[i].vintage <= asked->vintage))
            return false;
    return true;
}

static inline bool is_of_group(const struct fact *f, const struct asked *asked) {
    return f->indicator == asked->indicator && (asked->region < 0 || f->region == asked->region) &&
           (asked->list < 0 || f->list == asked->list);
}

static inline int compare_bytes(const struct fact *a, const struct fact *b) {
    struct wire_writer *x, *y;
    wire_writer_new(&x, ENTRY_BYTES_MAX);
    wire_writer_new(&y, ENTRY_BYTES_MAX);
    entry_write(x, &a->entry);
    entry_write(y, &b->entry);
    int c = str_compare((struct str){(const char *)wire_writer_data(x), wire_writer_len(x)},
                        (struct str){(const char *)wire_writer_data(y), wire_writer_len(y)});
    wire_writer_destroy(&x);
    wire_writer_destroy(&y);
    return c;
}

/* Whether another one of its series and id is to count in its place. */
static inline bool is_superseded(const struct fact *f, const struct asked *asked) {
    for (const struct fact *g = fact; g < fact + fact_count; g++) {
        if (g == f || !g->is_entry || g->series != f->series || g->entry.id != f->entry.id ||
            !is_known(g, asked))
            continue;
        int c = g->at != f->at ? (g->at < f->at ? -1 : 1) : compare_bytes(g, f);
        if (c < 0 || (c == 0 && g < f))
            return true;
    }
    return false;
}

static bool stands[FACTS_MAX]; /* at asked_vintage */
static bool judged;
static uint32_t judged_vintage;

/* By going over all of them until nothing changes any more. */
static inline void judge(const struct asked *asked) {
    enum { OUT, OPEN, RETRACTED, COUNTS };
    static int state[FACTS_MAX];
    if (judged && judged_vintage == asked->vintage)
        return;
    for (size_t i = 0; i < fact_count; i++)
        state[i] =
            fact[i].is_entry && is_known(&fact[i], asked) && !is_superseded(&fact[i], asked) ? OPEN : OUT;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < fact_count; i++) {
            bool hit = false, doubt = false;
            if (state[i] != OPEN)
                continue;
            for (size_t k = 0; k < fact_count; k++)
                if (state[k] != OUT && fact[k].series == fact[i].series &&
                    fact[k].entry.retracts == fact[i].entry.id) {
                    hit = hit || state[k] == COUNTS;
                    doubt = doubt || state[k] == OPEN;
                }
            if (hit || !doubt) {
                state[i] = hit ? RETRACTED : COUNTS;
                changed = true;
            }
        }
    }
    for (size_t i = 0; i < fact_count; i++)
        stands[i] = state[i] == COUNTS && fact[i].entry.retracts == 0;
    judged = true;
    judged_vintage = asked->vintage;
}

static inline bool says(const struct fact *f) {
    return f->is_entry && stands[f - fact];
}

static inline bool is_later(const struct fact *a, const struct fact *b) {
    if (a->at != b->at)
        return a->at > b->at;
    if (a->entry.recorded != b->entry.recorded)
        return a->entry.recorded > b->entry.recorded;
    if (a->entry.value != b->entry.value)
        return a->entry.value > b->entry.value;
    return a->entry.id > b->entry.id;
}

/* What a series says last, up to that day; NULL: nothing. */
static inline const struct fact *last_of(uint32_t series, int32_t day) {
    const struct fact *last = NULL;
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (f->series == series && says(f) && f->day <= day && (last == NULL || is_later(f, last)))
            last = f;
    return last;
}

static inline bool ref_carried(const struct asked *asked, int64_t *value) {
    bool any = false;
    if (asked->period.first > asked->today)
        return false;
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (is_of_group(f, asked) && says(f) && last_of(f->series, asked->period.last) == f) {
            any = true;
            *value += f->entry.value;
        }
    return any;
}

static inline bool is_in_roll(const struct asked *asked, const struct period *part, const char *name) {
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        bool last = true;
        if (!is_of_group(f, asked) || !says(f) || !period_contains(part, f->day) ||
            !str_equal(f->entry.name, str_of(name)) || f->entry.removed)
            continue;
        for (const struct fact *g = fact; g < fact + fact_count; g++)
            if (g->series == f->series && says(g) && g->day == f->day &&
                str_equal(g->entry.name, f->entry.name) &&
                (g->entry.recorded > f->entry.recorded ||
                 (g->entry.recorded == f->entry.recorded && g->entry.id > f->entry.id)))
                last = false;
        if (last)
            return true;
    }
    return false;
}

static inline int64_t count_members(const struct asked *asked, const struct period *part, bool *any) {
    bool there[MEMBERS] = {false};
    int64_t count = 0;
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        if (!is_of_group(f, asked) || f->is_entry || !is_known(f, asked) || !period_contains(part, f->day))
            continue;
        *any = true;
        for (size_t i = 0; i < f->member_count; i++)
            there[f->member[i]] = true;
    }
    for (size_t i = 0; i < MEMBERS; i++)
        count += there[i];
    return count;
}

/* ---- figures of days that hold ---- */

static inline bool is_newer(const struct fact *a, const struct fact *b) {
    if (a->entry.recorded != b->entry.recorded)
        return a->entry.recorded > b->entry.recorded;
    return a->entry.value != b->entry.value ? a->entry.value > b->entry.value : a->entry.id > b->entry.id;
}

static inline const struct fact *holding_of(uint32_t series, int32_t day) {
    const struct fact *holding = NULL;
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (f->series == series && f->day == day && says(f) && f->entry.holds &&
            (holding == NULL || is_newer(f, holding)))
            holding = f;
    return holding;
}

/* What the entries of that fact's series and day come to, when it is the first of them; else 0. */
static inline int64_t ref_day(const struct fact *first, bool *held) {
    const struct fact *holding = holding_of(first->series, first->day);
    int64_t sum = 0;
    *held = holding != NULL;
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        if (f->series != first->series || f->day != first->day || !says(f))
            continue;
        if (f < first)
            return 0;
        bool since = !f->entry.holds && f->entry.reason.len > 0 && holding != NULL &&
                     f->entry.recorded > holding->entry.recorded;
        sum += holding == NULL || f == holding || since ? f->entry.value : 0;
    }
    return holding != NULL && sum < 0 ? 0 : sum;
}

/* The count whose firsts stand beside the members, in a figure of periods or parts up to `longest`; '\0': none. */
static inline char ref_beside(char indicator, enum period_type longest) {
    if (indicator == 'g')
        return longest >= PERIOD_QUARTER ? 'k' : longest >= PERIOD_MONTH ? 'j' : 'i';
    return indicator == 'h' && longest >= PERIOD_MONTH ? 'j' : '\0';
}

static inline enum period_type ref_longest(const struct asked *asked) {
    return asked->has_sum_of && asked->sum_of < asked->period.type ? asked->sum_of : asked->period.type;
}

/* What was counted on the day of that fact: whether the figure that holds is of numbers, or of members with firsts. */
static inline int64_t ref_given(const struct fact *of, const struct asked *asked) {
    bool there[MEMBERS] = {false}, counts = is_count(of->indicator);
    char beside = of->indicator == 'g' ? 'i' : ref_beside(of->indicator, ref_longest(asked));
    int64_t sum = 0;
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        if (f->is_entry || f->day != of->day || !is_known(f, asked))
            continue;
        if (counts ? f->series == of->series
                   : f->indicator == beside && f->region == of->region && f->list == of->list)
            sum += f->number;
        for (size_t i = 0; i < f->member_count && f->series == of->series; i++)
            there[f->member[i]] = true;
    }
    for (size_t i = 0; i < MEMBERS; i++)
        sum += there[i];
    return sum;
}

/* All entries of a part, as what they add to the numbers or to the members. */
static inline int64_t ref_entries(const struct asked *asked, const struct period *part, bool *any,
                                  bool *held) {
    int64_t sum = 0;
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        bool holds = false, is_first = true;
        if (!is_of_group(f, asked) || !says(f) || !period_contains(part, f->day))
            continue;
        for (const struct fact *g = fact; g < f; g++)
            is_first = is_first && !(g->series == f->series && g->day == f->day && says(g));
        *any = true;
        sum += ref_day(f, &holds);
        sum -= is_first && holds ? ref_given(f, asked) : 0;
        *held = *held || holds;
    }
    return sum;
}

/* The firsts of a part, with what is said of them. */
static inline int64_t ref_firsts(const struct asked *asked, const struct period *part, bool *any,
                                 bool *held) {
    struct asked beside = *asked;
    int64_t sum = 0;
    beside.indicator = ref_beside(asked->indicator, ref_longest(asked));
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        if (!is_of_group(f, &beside) || f->is_entry || !is_known(f, asked) || !period_contains(part, f->day))
            continue;
        *any = true;
        sum += f->number;
    }
    return sum + ref_entries(&beside, part, any, held);
}

/* Part by part, where parts are no longer than `most`. */
static inline bool ref_parts(const struct asked *asked, enum period_type most, int64_t *value) {
    bool any = false;
    if (asked->has_sum_of && asked->sum_of < most)
        most = asked->sum_of;
    for (int32_t day = asked->period.first; day <= asked->period.last;) {
        struct period part = asked->period;
        if (most < part.type)
            part = period_of_day(most, day, &asked->period);
        if (asked->indicator == 'r') {
            for (size_t i = 0; i < 3; i++) {
                *value += is_in_roll(asked, &part, names[i]);
            }
            for (const struct fact *f = fact; f < fact + fact_count; f++)
                any = any || (is_of_group(f, asked) && says(f) && period_contains(&part, f->day));
        } else {
            bool held = false;
            int64_t members = count_members(asked, &part, &any) + ref_entries(asked, &part, &any, &held) +
                              ref_firsts(asked, &part, &any, &held);
            *value += held && members < 0 ? 0 : members;
        }
        day = part.last + 1;
    }
    return any;
}

static inline bool ref_sum(const struct asked *asked, int64_t *value) {
    bool any = false, held = false, counts = is_count(asked->indicator);
    for (const struct fact *f = fact; f < fact + fact_count; f++)
        if (is_of_group(f, asked) && period_contains(&asked->period, f->day) &&
            (f->is_entry ? !counts && says(f) : counts && is_known(f, asked))) {
            any = true;
            *value += f->is_entry ? 1 : f->number;
        }
    *value += counts ? ref_entries(asked, &asked->period, &any, &held) : 0;
    return any;
}

/* Whether an earlier one of the series ticks off the same period of the frequency within this one. */
static inline bool ref_milestone(const struct asked *asked, enum period_type frequency, int64_t *value) {
    for (const struct fact *f = fact; f < fact + fact_count; f++) {
        bool first = true;
        if (!is_of_group(f, asked) || !says(f) || !period_contains(&asked->period, f->day))
            continue;
        struct period done_for = period_of_day(frequency, f->day, NULL);
        for (const struct fact *g = fact; g < f; g++)
            if (g->series == f->series && says(g) && period_contains(&done_for, g->day) &&
                period_contains(&asked->period, g->day))
                first = false;
        *value += first;
    }
    return *value > 0;
}

static inline bool reference(const struct asked *asked, int64_t *value);

/* In floating point, which is exact enough for such numbers. 0: none; 1: a value; -1: missing. */
static inline bool ref_ratio(const struct asked *asked, char above, char below, double factor, double unit,
                             int64_t *value, bool *missing) {
    struct asked n = *asked, d = *asked;
    int64_t over = 0, under = 0;
    n.indicator = above;
    d.indicator = below;
    if (below == 'm')
        n.list = d.list = -1;
    if (!reference(&n, &over) || !reference(&d, &under))
        return false;
    if (under == 0) {
        *missing = true;
        return true;
    }
    double exact = (double)over * factor * unit / (double)under / (above == 'q' ? 100 : 1);
    *value = (int64_t)(exact < 0 ? exact - 0.5 - 1e-9 : exact + 0.5 + 1e-9);
    return true;
}

static inline bool reference(const struct asked *asked, int64_t *value) {
    bool missing = false;
    *value = 0;
    judge(asked);
    switch (asked->indicator) {
    case 'c':
    case 'e':
        return ref_sum(asked, value);
    case 'd':
    case 'g':
        return ref_parts(asked, PERIOD_MONTH, value);
    case 'h':
        return ref_parts(asked, PERIOD_QUARTER, value);
    case 'w':
        return ref_parts(asked, PERIOD_DAY, value);
    case 'l':
    case 's':
        return ref_carried(asked, value);
    case 'm':
        return ref_milestone(asked, PERIOD_QUARTER, value);
    case 'y':
        return ref_milestone(asked, PERIOD_YEAR, value);
    case 'r':
        return ref_parts(asked, PERIOD_PLAN, value);
    case 'q':
        return ref_ratio(asked, 'c', 'l', 100, 100, value, &missing) && !missing;
    default:
        return ref_ratio(asked, 'q', 'm', 1, 10, value, &missing) && !missing;
    }
}

static inline uint32_t ref_heard(const struct asked *asked) {
    uint32_t heard = 0;
    for (int32_t day = asked->period.first; day <= asked->period.last && day <= asked->today; day++) {
        bool any = false;
        for (const struct fact *f = fact; f < fact + fact_count; f++)
            any = any || (is_of_group(f, asked) && f->day == day && !f->is_entry && is_known(f, asked));
        heard += any;
    }
    return heard;
}

#endif
