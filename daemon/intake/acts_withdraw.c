#include <errno.h>
#include <stdlib.h>

#include "daemon/books/counts.h"
#include "daemon/books/withdrawals.h"
#include "daemon/intake/acts_priv.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/sketch.h"
#include "proto/utf8.h"

#define SUMS_MAX (1u << 20) /* that are collected before they are put, and those of one block on top */

struct taking {
    struct store_write *write;
    struct store_snapshot *view;
    struct withdrawals *withdrawals; /* as far as they are put */
    uint32_t source;
    int32_t first, last; /* days */
    uint64_t figures;
    int32_t earliest, latest; /* days of what is taken back */
    struct counts *counts;
    struct sketch *set;
    uint32_t series; /* of `set`, or of the last sum */
    int32_t month;   /* of `set` */
    bool any;
    bool more;     /* the walk stopped, and is to go on there: */
    uint32_t next; /* series */
    int32_t from;  /* day */
    struct fault *why;
};

/* What was put is seen from here on. */
static int look(struct taking *taking) {
    withdrawals_destroy(&taking->withdrawals);
    int err = store_write_view(taking->write, &taking->view, taking->why);
    return err ? err : withdrawals_load(&taking->withdrawals, taking->view, taking->why);
}

static int32_t last_day_of_month(int32_t month) {
    int32_t day = civil_first_day_of_month(month);
    struct civil at = civil_of_day(day);
    return day + civil_days_in_month(at.year, at.month) - 1;
}

/* ---- what is there ---- */

static bool counts_now(const struct taking *taking, const struct store_given *given) {
    return withdrawals_counts(taking->withdrawals, taking->source, given->day, given->vintage, 0);
}

static int note_given(void *arg, const struct store_given *given) {
    struct taking *taking = arg;
    if (!counts_now(taking, given))
        return 0;
    if (taking->figures == 0 || given->day < taking->earliest)
        taking->earliest = given->day;
    if (taking->figures == 0 || given->day > taking->latest)
        taking->latest = given->day;
    taking->figures++;
    return 0;
}

static int note_all(struct taking *taking) {
    static const enum store_sort sorts[] = {STORE_SUMS, STORE_SETS, STORE_ENTRIES};
    int err = 0;
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts && err == 0; i++)
        err = store_each_given(taking->view, sorts[i], taking->source, 0, CIVIL_DAY_MIN, taking->first,
                               taking->last, note_given, taking, taking->why);
    return err;
}

/* ---- months made anew: each time first some are collected, and then put ---- */

/* Those of a block come together, so that none of a month is left behind. */
static int collect_sum(void *arg, const struct store_given *given) {
    struct taking *taking = arg;
    bool begins = taking->any && given->series / STORE_NEIGHBOURS != taking->series / STORE_NEIGHBOURS;
    if (begins && counts_len(taking->counts) >= SUMS_MAX) {
        taking->more = true;
        taking->next = given->series;
        return 1;
    }
    taking->series = given->series;
    taking->any = true;
    if (!counts_now(taking, given))
        return 0;
    *counts_reserve(taking->counts, 1) = (struct count){
        count_place(given->series, civil_month_of_day(given->day), taking->source), given->sum};
    counts_extend(taking->counts, 1);
    return 0;
}

static int put_sums(struct taking *taking) {
    counts_settle(taking->counts);
    const struct count *count = counts_at(taking->counts);
    int err = 0;
    for (size_t i = 0; i < counts_len(taking->counts) && err == 0; i++)
        err = store_add(taking->write, STORE_MONTHS, count_series(count[i].place), count_when(count[i].place),
                        taking->source, count[i].value, taking->why);
    counts_clear(taking->counts);
    return err;
}

static int refold_sums(struct taking *taking, int32_t first, int32_t last) {
    int err;
    taking->next = 0;
    do {
        taking->any = taking->more = false;
        err = store_each_given(taking->view, STORE_SUMS, taking->source, taking->next, CIVIL_DAY_MIN, first,
                               last, collect_sum, taking, taking->why);
        if (err == 0)
            err = put_sums(taking);
    } while (err == 0 && taking->more);
    return err;
}

/* The union of the days of the first month of a series that has any: one of another month, or series, ends the walk. */
static int collect_set(void *arg, const struct store_given *given) {
    struct taking *taking = arg;
    int32_t month = civil_month_of_day(given->day);
    if (!counts_now(taking, given))
        return 0;
    if (taking->any && (given->series != taking->series || month != taking->month)) {
        taking->more = true;
        taking->next = given->series;
        taking->from = given->day;
        return 1;
    }
    if (!sketch_valid(given->value))
        return fault_set(taking->why, -EBADMSG, "the store holds a damaged set; \"suivi check\" tells where");
    taking->series = given->series;
    taking->month = month;
    taking->any = true;
    sketch_merge(taking->set, given->value);
    return 0;
}

static int refold_sets(struct taking *taking, int32_t first, int32_t last) {
    int err;
    taking->next = 0;
    taking->from = CIVIL_DAY_MIN;
    do {
        sketch_clear(taking->set);
        taking->any = taking->more = false;
        err = store_each_given(taking->view, STORE_SETS, taking->source, taking->next, taking->from, first,
                               last, collect_set, taking, taking->why);
        if (err == 0 && taking->any)
            err = store_put_cell(taking->write, STORE_MONTHS, taking->series, taking->month, taking->source,
                                 sketch_bytes(taking->set), taking->why);
    } while (err == 0 && taking->more);
    return err;
}

static int refold_months(struct taking *taking) {
    int32_t first = civil_month_of_day(taking->earliest), last = civil_month_of_day(taking->latest);
    int err = store_drop_months(taking->write, taking->source, first, last, taking->why);
    if (err == 0)
        err = look(taking);
    int32_t first_day = civil_first_day_of_month(first), last_day = last_day_of_month(last);
    if (err == 0)
        err = refold_sums(taking, first_day, last_day);
    return err ? err : refold_sets(taking, first_day, last_day);
}

/* ---- the act ---- */

struct finding {
    struct str name;
    uint32_t id;
    bool found;
};

static int find_source(void *arg, uint32_t id, struct str text) {
    struct finding *finding = arg;
    if (!str_equal(text, finding->name))
        return 0;
    finding->id = id;
    finding->found = true;
    return 1;
}

static bool says_nothing(struct str reason) {
    for (size_t i = 0; i < reason.len; i++)
        if (!memchr(" \t\r\n", reason.at[i], 4))
            return false;
    return true;
}

static int check(const struct withdrawing *ask, struct taking *taking) {
    struct fault *why = taking->why;
    struct period from, to;
    struct finding finding = {.name = ask->source};
    int err;
    if (says_nothing(ask->reason))
        return fault_set(why, -EINVAL,
                         "a withdrawal needs a reason, which stays with the figures: say it with --reason");
    if ((err = utf8_check_text("reason", ask->reason, true, why)) != 0)
        return err;
    if ((err = period_parse(&from, ask->from, why)) != 0 || (err = period_parse(&to, ask->to, why)) != 0)
        return err;
    if (from.first > to.last)
        return fault_set(why, -EINVAL, "the days to withdraw end (%.*s) before they begin (%.*s)",
                         STR_ARG(ask->to), STR_ARG(ask->from));
    taking->first = from.first;
    taking->last = to.last;
    if ((err = store_each_name(taking->view, STORE_SOURCES, find_source, &finding, why)) < 0)
        return err;
    if (!finding.found)
        return fault_set(why, -EINVAL,
                         "no source \"%.*s\" was ever heard from; \"suivi sources\" lists those that were",
                         STR_ARG(ask->source));
    taking->source = finding.id;
    if ((err = note_all(taking)) != 0)
        return err;
    if (taking->figures == 0)
        return fault_set(why, -EINVAL, "nothing that counts came from %.*s for %.*s to %.*s",
                         STR_ARG(ask->source), STR_ARG(ask->from), STR_ARG(ask->to));
    return 0;
}

static int take_back(const struct withdrawing *ask, struct taking *taking) {
    int err = withdrawals_put(taking->write,
                              &(struct withdrawal){.source = taking->source,
                                                   .first = taking->first,
                                                   .last = taking->last,
                                                   .vintage = store_write_vintage(taking->write),
                                                   .at = ask->now,
                                                   .reason = ask->reason},
                              taking->why);
    if (err == 0)
        err = look(taking);
    return err ? err : refold_months(taking);
}

int act_withdraw(const struct withdrawing *ask, struct store_write *write, struct withdrawn *out,
                 struct fault *why) {
    struct taking taking = {.write = write, .why = why};
    counts_new(&taking.counts);
    sketch_new(&taking.set);
    int err = look(&taking);
    if (err == 0)
        err = check(ask, &taking);
    if (err == 0)
        err = take_back(ask, &taking);
    if (err == 0)
        *out = (struct withdrawn){taking.first, taking.last, taking.figures};
    counts_destroy(&taking.counts);
    sketch_destroy(&taking.set);
    withdrawals_destroy(&taking.withdrawals);
    return err;
}
