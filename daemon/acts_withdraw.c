#include <errno.h>
#include <stdlib.h>

#include "daemon/acts_priv.h"
#include "daemon/counts.h"
#include "daemon/withdrawals.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/sketch.h"
#include "proto/utf8.h"

#define CHUNK_SERIES (16 * STORE_NEIGHBOURS) /* whose sums are made anew at once, of so many months: */
#define CHUNK_MONTHS 12

/* Series by what lies under them, whether the framework still has them or not: rows of months go for all. */
struct numbers {
    uint32_t *series;
    size_t count, room;
};

struct taking {
    struct store_write *write;
    struct store_snapshot *view;
    struct withdrawals *withdrawals; /* as far as they are put */
    uint32_t source;
    int32_t first, last; /* days */
    struct numbers all, sums, sets;
    uint64_t figures;
    int32_t earliest, latest; /* days of what is taken back */
    const uint32_t *chunk;    /* of series whose sums are collected */
    struct counts *counts;
    struct sketch *set;
    int32_t month; /* of `set` */
    bool has_month;
    struct fault *why;
};

static void numbers_add(struct numbers *numbers, uint32_t series) {
    if (numbers->count == numbers->room) {
        numbers->room = numbers->room ? numbers->room * 2 : 64;
        numbers->series = mem_resize(numbers->series, numbers->room, sizeof *numbers->series);
    }
    numbers->series[numbers->count++] = series;
}

static int take_series(void *arg, uint32_t id, struct str text) {
    struct taking *taking = arg;
    enum kind kind;
    struct str indicator;
    struct dims dims;
    if (catalogue_parse_series(text, &kind, &indicator, &dims) != 0)
        return fault_set(taking->why, -EBADMSG,
                         "the store's table of series is damaged at number %u; restore it from a backup", id);
    numbers_add(&taking->all, id);
    if (kind == KIND_COUNT)
        numbers_add(&taking->sums, id);
    else if (kind == KIND_DISTINCT)
        numbers_add(&taking->sets, id);
    return 0;
}

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

static bool is_theirs(const struct taking *taking, uint32_t source, int32_t day, uint32_t vintage) {
    return source == taking->source && withdrawals_counts(taking->withdrawals, source, day, vintage, 0);
}

static void note_theirs(struct taking *taking, uint32_t source, int32_t day, uint32_t vintage) {
    if (!is_theirs(taking, source, day, vintage))
        return;
    if (taking->figures == 0 || day < taking->earliest)
        taking->earliest = day;
    if (taking->figures == 0 || day > taking->latest)
        taking->latest = day;
    taking->figures++;
}

static int note_sum(void *arg, const struct store_sum *sum) {
    note_theirs(arg, sum->source, sum->when, sum->vintage);
    return 0;
}

static int note_cell(void *arg, const struct store_cell *cell) {
    note_theirs(arg, cell->source, cell->when, cell->vintage);
    return 0;
}

static int note_entry(void *arg, const struct store_entry *entry) {
    note_theirs(arg, entry->source, entry->day, entry->vintage);
    return 0;
}

static int note_all(struct taking *taking) {
    int err = store_each_sum(taking->view, STORE_DAYS, taking->sums.series, taking->sums.count, taking->first,
                             taking->last, note_sum, taking, taking->why);
    for (size_t i = 0; i < taking->sets.count && err == 0; i++)
        err = store_each_cell(taking->view, STORE_DAYS, taking->sets.series[i], taking->first, taking->last,
                              note_cell, taking, taking->why);
    if (!store_has_entries(taking->view))
        return err;
    for (size_t i = 0; i < taking->all.count && err == 0; i++)
        err = store_each_entry(taking->view, taking->all.series[i], taking->first, taking->last, note_entry,
                               taking, taking->why);
    return err;
}

/* ---- months made anew: each time first all is collected, and then put ---- */

static int collect_sum(void *arg, const struct store_sum *sum) {
    struct taking *taking = arg;
    if (!is_theirs(taking, sum->source, sum->when, sum->vintage))
        return 0;
    *counts_reserve(taking->counts, 1) = (struct count){
        count_place(taking->chunk[sum->index], civil_month_of_day(sum->when), taking->source), sum->sum};
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

static int refold_sums(struct taking *taking, int32_t first_month, int32_t last_month) {
    int err = 0;
    for (size_t at = 0; at < taking->sums.count && err == 0; at += CHUNK_SERIES) {
        size_t count = taking->sums.count - at < CHUNK_SERIES ? taking->sums.count - at : CHUNK_SERIES;
        taking->chunk = taking->sums.series + at;
        for (int32_t month = first_month; month <= last_month && err == 0; month += CHUNK_MONTHS) {
            int32_t end = last_month - month < CHUNK_MONTHS ? last_month : month + CHUNK_MONTHS - 1;
            err = store_each_sum(taking->view, STORE_DAYS, taking->chunk, count,
                                 civil_first_day_of_month(month), last_day_of_month(end), collect_sum, taking,
                                 taking->why);
            if (err == 0)
                err = put_sums(taking);
        }
    }
    return err;
}

/* The union of the days of the first month that has any; a day of a later month ends the walk. */
static int collect_cell(void *arg, const struct store_cell *cell) {
    struct taking *taking = arg;
    if (!is_theirs(taking, cell->source, cell->when, cell->vintage))
        return 0;
    int32_t month = civil_month_of_day(cell->when);
    if (taking->has_month && month != taking->month)
        return 1;
    if (!sketch_valid(cell->value))
        return fault_set(taking->why, -EBADMSG, "the store holds a damaged set; \"suivi check\" tells where");
    taking->month = month;
    taking->has_month = true;
    sketch_merge(taking->set, cell->value);
    return 0;
}

static int refold_set(struct taking *taking, uint32_t series, int32_t first_month, int32_t last_month) {
    for (int32_t from = first_month; from <= last_month; from = taking->month + 1) {
        sketch_clear(taking->set);
        taking->has_month = false;
        int err = store_each_cell(taking->view, STORE_DAYS, series, civil_first_day_of_month(from),
                                  last_day_of_month(last_month), collect_cell, taking, taking->why);
        if (err < 0 || !taking->has_month)
            return err;
        err = store_put_cell(taking->write, STORE_MONTHS, series, taking->month, taking->source,
                             sketch_bytes(taking->set), taking->why);
        if (err)
            return err;
    }
    return 0;
}

static int refold_months(struct taking *taking) {
    int32_t first = civil_month_of_day(taking->earliest), last = civil_month_of_day(taking->latest);
    int err = store_drop_months(taking->write, taking->source, first, last, taking->why);
    if (err == 0)
        err = look(taking);
    if (err == 0)
        err = refold_sums(taking, first, last);
    for (size_t i = 0; i < taking->sets.count && err == 0; i++)
        err = refold_set(taking, taking->sets.series[i], first, last);
    return err;
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
    if ((err = store_each_name(taking->view, STORE_SERIES, take_series, taking, why)) != 0 ||
        (err = note_all(taking)) != 0)
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
    free(taking.all.series);
    free(taking.sums.series);
    free(taking.sets.series);
    return err;
}
