/* What is said one by one: levels, statuses, rosters, milestones, evidence and case studies; and what people add to
 * counts and distinct kinds. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/figures/fold_priv.h"
#include "daemon/store/cell.h"
#include "proto/check.h"
#include "proto/civil.h"

/* One series. */
struct walk {
    struct fold *fold;
    uint32_t group;
    const struct known *known;
    size_t own;   /* the first item of this series */
    bool numbers; /* its cells */
};

static bool within(const struct fold *fold, const struct known_entry *entry) {
    return known_says(entry) && entry->day >= fold->ask->first && entry->day <= fold->ask->last;
}

static struct fold_item item_of(const struct walk *walk, int32_t day) {
    const struct fold *fold = walk->fold;
    int32_t when = fold_when(fold, day);
    struct fold_item item = {.group = walk->group, .period = fold_start_of(fold, fold->ask->by, when)};
    item.window = fold->window == fold->ask->by ? item.period : fold_start_of(fold, fold->window, when);
    return item;
}

/* The series' last item, when it is of that window. */
static struct fold_item *last_of_window(const struct walk *walk, const struct fold_item *like) {
    const struct fold *fold = walk->fold;
    if (fold->item_count == walk->own)
        return NULL;
    struct fold_item *last = &fold->item[fold->item_count - 1];
    return last->period == like->period && last->window == like->window ? last : NULL;
}

/* ---- counts, differences, evidence, case studies: they add up ---- */

static int add_to_window(const struct walk *walk, const struct fold_item *item) {
    struct fold_item *last = last_of_window(walk, item);
    if (last == NULL)
        return fold_add_item(walk->fold, item);
    last->sum = cell_add(last->sum, item->sum);
    last->mark |= item->mark;
    return 0;
}

/* A figure that holds, with the differences said of it: as what it is more or less than the cells, which are added, too. */
static int hold_instead(const struct walk *walk, const struct known_entry *holding, int64_t figure,
                        struct fold_item *item) {
    int64_t given = 0;
    int err = fold_given(walk->fold, holding->series, holding->day, walk->numbers, &given);
    item->sum = (figure < 0 ? 0 : figure) - given;
    item->mark = FOLD_HELD;
    return err;
}

/* The entries of a day. */
static int add_day(const struct walk *walk, const struct known_entry *entry, size_t count) {
    struct fold *fold = walk->fold;
    bool has_value = fold->indicator->kind == KIND_COUNT || fold->indicator->kind == KIND_DISTINCT;
    const struct known_entry *holding = NULL;
    struct fold_item item = {0};
    bool any = false;
    int err = 0;
    for (size_t i = 0; i < count; i++) {
        if (!within(fold, &entry[i]))
            continue;
        item = any ? item : item_of(walk, entry->day);
        item.sum = cell_add(item.sum, has_value ? entry[i].entry.value : 1);
        holding = entry[i].entry.holds ? &entry[i] : holding;
        any = true;
    }
    if (holding)
        err = hold_instead(walk, holding, item.sum, &item);
    return err || !any ? err : add_to_window(walk, &item);
}

static int add_up(const struct walk *walk) {
    const struct known *known = walk->known;
    int err = 0;
    for (size_t i = 0, end; i < known->count && err == 0; i = end) {
        for (end = i; end < known->count && known->entry[end].day == known->entry[i].day;)
            end++;
        err = add_day(walk, &known->entry[i], end - i);
    }
    return err;
}

/* ---- levels and statuses: carried forward ---- */

/* The statement that holds, while the series is gone through. */
struct holding {
    int64_t value;
    int32_t said, since; /* days; since: of the first of those in a row that say the same */
    bool any;
};

static void hold(struct holding *holding, const struct known_entry *entry) {
    if (!holding->any || entry->entry.value != holding->value)
        holding->since = entry->day;
    holding->value = entry->entry.value;
    holding->said = entry->day;
    holding->any = true;
}

/* The next one that says something, after those of its day that it outdoes; `end`: there is none. */
static const struct known_entry *next_said(const struct known_entry *entry, const struct known_entry *end) {
    const struct known_entry *last = end;
    for (; entry < end && (last == end || entry->day == last->day); entry++)
        if (known_says(entry))
            last = entry;
    return last;
}

static int carry(const struct walk *walk) {
    struct fold *fold = walk->fold;
    const struct fold_question *ask = fold->ask;
    const struct period *plan = framework_plan(ask->framework);
    const struct known_entry *entry = walk->known->entry, *end = entry + walk->known->count;
    struct holding holding = {0};
    int err = 0;
    entry = next_said(entry, end);
    if (entry == end)
        return 0;
    int32_t start = entry->day > ask->first ? entry->day : ask->first;
    struct period period = period_of_day(ask->by, start, plan);
    do {
        if (period.first > ask->today || period.first > ask->last)
            break;
        for (; entry < end && entry->day <= period.last; entry = next_said(entry + 1, end))
            hold(&holding, entry);
        if (!holding.any)
            continue;
        struct fold_item item = item_of(walk, period.first);
        item.sum = holding.value;
        item.mark = fold->indicator->kind == KIND_STATUS ? holding.since : holding.said;
        err = fold_add_item(fold, &item);
    } while (err == 0 && period_next(&period));
    return err;
}

/* The last statement of all, for where an open question ends. */
static void note_last_said(struct fold *fold, const struct known *known) {
    for (size_t i = known->count; i-- > 0;)
        if (known_says(&known->entry[i])) {
            if (known->entry[i].day > fold->last_said)
                fold->last_said = known->entry[i].day;
            return;
        }
}

static void end_with_plan(struct fold *fold) {
    const struct period *plan = framework_plan(fold->ask->framework);
    int32_t end = fold_when(fold, plan->last > fold->last_said ? plan->last : fold->last_said);
    size_t kept = 0;
    for (size_t i = 0; i < fold->item_count; i++)
        if (fold->item[i].period <= end)
            fold->item[kept++] = fold->item[i];
    fold->item_count = kept;
}

/* ---- rosters ---- */

static int compare_statements(const void *left, const void *right) {
    const struct known_entry *a = *(const struct known_entry *const *)left;
    const struct known_entry *b = *(const struct known_entry *const *)right;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    int c = str_compare(a->entry.name, b->entry.name);
    if (c)
        return c;
    if (a->entry.recorded != b->entry.recorded)
        return a->entry.recorded < b->entry.recorded ? -1 : 1;
    return (a->entry.id > b->entry.id) - (a->entry.id < b->entry.id);
}

static bool same_name_and_day(const struct known_entry *a, const struct known_entry *b) {
    return a->day == b->day && str_equal(a->entry.name, b->entry.name);
}

/* Of each name and day the last statement counts. A name that was taken out is no name, but something was said: a period
 * without any other has the figure 0. */
static int call_roll(const struct walk *walk) {
    struct fold *fold = walk->fold;
    const struct known_entry **said = mem_zeroed(walk->known->count, sizeof *said);
    size_t count = 0;
    int err = 0;
    for (size_t i = 0; i < walk->known->count; i++)
        if (within(fold, &walk->known->entry[i]))
            said[count++] = &walk->known->entry[i];
    if (count > 1)
        qsort(said, count, sizeof *said, compare_statements);
    for (size_t i = 0; i < count && err == 0; i++) {
        if (i + 1 < count && same_name_and_day(said[i], said[i + 1]))
            continue;
        struct fold_item item = item_of(walk, said[i]->day);
        item.set = said[i]->entry.removed ? STR("") : said[i]->entry.name;
        err = fold_add_item(fold, &item);
    }
    free(said);
    return err;
}

/* ---- milestones ---- */

/* Whether a period of the frequency is one that the plan wants by now, and that lies within the figure's. */
static bool is_due(const struct fold *fold, const struct period *done_for, int32_t due) {
    const struct fold_question *ask = fold->ask;
    const struct period *plan = framework_plan(ask->framework);
    struct period whole = period_of_day(ask->by, done_for->first, plan);
    return due <= ask->today && done_for->first >= whole.first && done_for->last <= whole.last &&
           done_for->first >= plan->first && done_for->last <= plan->last;
}

/* Each period of the frequency once. */
static int tick_off(const struct walk *walk) {
    struct fold *fold = walk->fold;
    const struct fold_question *ask = fold->ask;
    int err = 0;
    for (size_t i = 0; i < walk->known->count && err == 0; i++) {
        const struct known_entry *entry = &walk->known->entry[i];
        if (!within(fold, entry))
            continue;
        struct period done_for =
            period_of_day(fold->indicator->frequency, entry->day, framework_plan(ask->framework));
        int32_t due = framework_due(ask->framework, ask->indicator, &done_for);
        struct fold_item item = item_of(walk, entry->day), *last = last_of_window(walk, &item);
        bool late = entry->entry.done > due;
        if (last) {
            last->mark &= late ? ~0 : ~FOLD_LATE;
            continue;
        }
        item.sum = 1;
        item.mark = (late ? FOLD_LATE : 0) | (is_due(fold, &done_for, due) ? FOLD_DUE : 0);
        err = fold_add_item(fold, &item);
    }
    return err;
}

/* ---- all of them ---- */

static int take(const struct walk *walk) {
    switch (walk->fold->indicator->kind) {
    case KIND_COUNT:
    case KIND_DISTINCT:
    case KIND_EVIDENCE:
    case KIND_NARRATIVE:
        return add_up(walk);
    case KIND_LEVEL:
    case KIND_STATUS:
        note_last_said(walk->fold, walk->known);
        return carry(walk);
    case KIND_ROSTER:
        return call_roll(walk);
    case KIND_MILESTONE:
        return tick_off(walk);
    case KIND_RATIO:
        break;
    }
    return 0;
}

/* The next of the series from `index` on that has entries, so that those without cost next to nothing; their count: none
 * has. */
static int next_with_entries(const struct fold *fold, const struct fold_list *list, size_t *index) {
    uint32_t series;
    int err = *index < list->count
                  ? store_next_entries(fold->ask->snapshot, list->series[*index], &series, fold->why)
                  : -ENOENT;
    while (err == 0 && *index < list->count && list->series[*index] < series)
        ++*index;
    if (err == -ENOENT)
        *index = list->count;
    return err == -ENOENT ? 0 : err;
}

int fold_entries(struct fold *fold, const struct fold_list *list) {
    const struct fold_question *ask = fold->ask;
    struct known known = {0};
    bool numbers = fold->indicator->kind == KIND_COUNT || list == &fold->firsts;
    int32_t first = kind_carries(fold->indicator->kind) ? CIVIL_DAY_MIN : ask->first;
    size_t i = 0;
    int err;
    for (; (err = next_with_entries(fold, list, &i)) == 0 && i < list->count; i++) {
        known.count = 0;
        err = known_add(&known, ask->snapshot, list->series[i], first, ask->last, ask->vintage,
                        ask->withdrawals, fold->why);
        if (err == 0 && known.count > 0)
            err = take(&(struct walk){fold, list->group_of[i], &known, fold->item_count, numbers});
        if (err)
            break;
    }
    known_clear(&known);
    if (err == 0 && ask->open_end && kind_carries(fold->indicator->kind))
        end_with_plan(fold);
    return err;
}
