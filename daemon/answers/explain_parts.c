#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "daemon/answers/explain_priv.h"
#include "daemon/books/heard.h"
#include "daemon/store/cell.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/sketch.h"

/* What one source gave to the figure. */
struct part {
    bool gave; /* something that counts */
    int64_t value;
    double error; /* of it */
    uint32_t days;
    int32_t first, last; /* of these days */
    struct str name;
    int64_t heard;
};

/* A set of one source, and the window in which its members can be told apart. */
struct item {
    uint32_t source;
    int32_t window;
    struct str set; /* borrowed from the snapshot */
};

struct parts {
    struct explaining *explaining;
    const struct explain_group *sums; /* whose cells are numbers */
    struct part *part;                /* by number of the source */
    uint32_t part_room;
    uint64_t *heard; /* source and day, in no order, some twice */
    size_t heard_count, heard_room;
    struct item *item;
    size_t item_count, item_room;
    bool *took;     /* by place of the withdrawal: something that the figure would be made of */
    uint64_t *held; /* series and day of which a figure holds, rising */
    size_t held_count, held_room;
};

static int too_much(const struct parts *parts) {
    return fault_set(parts->explaining->why, -E2BIG,
                     "too much at once for %.*s: ask for a shorter period, or name more dimensions",
                     STR_ARG(parts->explaining->indicator->id));
}

static struct part *part_of(struct parts *parts, uint32_t source) {
    if (source >= parts->part_room) {
        uint32_t room = parts->part_room ? parts->part_room : 16;
        while (room <= source)
            room *= 2;
        parts->part = mem_resize(parts->part, room, sizeof *parts->part);
        memset(parts->part + parts->part_room, 0, (room - parts->part_room) * sizeof *parts->part);
        parts->part_room = room;
    }
    return &parts->part[source];
}

/* ---- days heard from ---- */

static int compare_heard(const void *left, const void *right) {
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void settle_heard(struct parts *parts) {
    size_t kept = 0;
    if (parts->heard_count > 1)
        qsort(parts->heard, parts->heard_count, sizeof *parts->heard, compare_heard);
    for (size_t i = 0; i < parts->heard_count; i++)
        if (kept == 0 || parts->heard[kept - 1] != parts->heard[i])
            parts->heard[kept++] = parts->heard[i];
    parts->heard_count = kept;
}

static int hear(struct parts *parts, uint32_t source, int32_t day) {
    uint64_t heard = (uint64_t)source << 32 | (uint32_t)(day - CIVIL_DAY_MIN);
    if (parts->heard_count && parts->heard[parts->heard_count - 1] == heard)
        return 0;
    if (parts->heard_count == parts->heard_room) {
        settle_heard(parts);
        if (parts->heard_count >= FOLD_ITEMS_MAX)
            return too_much(parts);
        if (parts->heard_count * 2 >= parts->heard_room) {
            parts->heard_room = parts->heard_room ? parts->heard_room * 2 : 256;
            parts->heard = mem_resize(parts->heard, parts->heard_room, sizeof *parts->heard);
        }
    }
    parts->heard[parts->heard_count++] = heard;
    return 0;
}

static void count_days(struct parts *parts) {
    settle_heard(parts);
    for (size_t i = 0; i < parts->heard_count; i++) {
        struct part *part = part_of(parts, (uint32_t)(parts->heard[i] >> 32));
        int32_t day = (int32_t)(uint32_t)parts->heard[i] + CIVIL_DAY_MIN;
        if (part->days++ == 0)
            part->first = day;
        part->last = day;
    }
}

/* ---- figures that hold ---- */

static uint64_t day_of_series(uint32_t series, int32_t day) {
    return (uint64_t)series << 32 | (uint32_t)(day - CIVIL_DAY_MIN);
}

static void hold(struct parts *parts, const struct known_entry *entry) {
    if (parts->held_count == parts->held_room) {
        parts->held_room = parts->held_room ? parts->held_room * 2 : 16;
        parts->held = mem_resize(parts->held, parts->held_room, sizeof *parts->held);
    }
    parts->held[parts->held_count++] = day_of_series(entry->series, entry->day);
}

static bool is_held(const struct parts *parts, uint32_t series, int32_t day) {
    uint64_t wanted = day_of_series(series, day);
    return parts->held_count > 0 &&
           bsearch(&wanted, parts->held, parts->held_count, sizeof wanted, compare_heard) != NULL;
}

/* ---- numbers and sets ---- */

/* Marks the source, or the withdrawals that took back what it gave; whether that counts. */
static bool touch(struct parts *parts, uint32_t source, int32_t day, uint32_t vintage) {
    const struct withdrawals *withdrawals = parts->explaining->withdrawals;
    bool counts = withdrawals_counts(withdrawals, source, day, vintage, 0);
    if (counts)
        part_of(parts, source)->gave = true;
    else
        withdrawals_mark(withdrawals, source, day, vintage, parts->took);
    return counts;
}

static int take_sum(void *arg, const struct store_sum *sum) {
    struct parts *parts = arg;
    if (!touch(parts, sum->source, sum->when, sum->vintage))
        return 0;
    struct part *part = part_of(parts, sum->source);
    if (!is_held(parts, parts->sums->series[sum->index], sum->when))
        part->value = cell_add(part->value, sum->sum);
    return hear(parts, sum->source, sum->when);
}

static int take_set(void *arg, const struct store_cell *cell) {
    struct parts *parts = arg;
    const struct explaining *explaining = parts->explaining;
    enum period_type window = explaining->indicator->window;
    if (!touch(parts, cell->source, cell->when, cell->vintage))
        return 0;
    if (!sketch_valid(cell->value))
        return fault_set(explaining->why, -EBADMSG,
                         "the store holds a damaged set; \"suivi check\" tells where");
    if (parts->item_count == parts->item_room) {
        if (parts->item_count == FOLD_ITEMS_MAX)
            return too_much(parts);
        parts->item_room = parts->item_room ? parts->item_room * 2 : 256;
        parts->item = mem_resize(parts->item, parts->item_room, sizeof *parts->item);
    }
    int32_t start = explaining->period.type <= window
                        ? explaining->period.first
                        : period_of_day(window, cell->when, framework_plan(explaining->framework)).first;
    parts->item[parts->item_count++] = (struct item){cell->source, start, cell->value};
    return hear(parts, cell->source, cell->when);
}

static int compare_items(const void *left, const void *right) {
    const struct item *a = left, *b = right;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->window > b->window) - (a->window < b->window);
}

static void count_sets(struct parts *parts) {
    struct sketch *set;
    sketch_new(&set);
    if (parts->item_count > 1)
        qsort(parts->item, parts->item_count, sizeof *parts->item, compare_items);
    for (size_t i = 0, end; i < parts->item_count; i = end) {
        const struct item *head = &parts->item[i];
        sketch_clear(set);
        for (end = i; end < parts->item_count && compare_items(head, &parts->item[end]) == 0; end++)
            sketch_merge(set, parts->item[end].set);
        struct part *part = part_of(parts, head->source);
        uint64_t size = sketch_size(set);
        part->value = cell_add(part->value, (int64_t)size);
        part->error += (double)size * sketch_error(set) / 1000;
    }
    sketch_destroy(&set);
}

static int take_cells(struct parts *parts) {
    const struct explaining *explaining = parts->explaining;
    bool is_count = explaining->indicator->kind == KIND_COUNT;
    const struct explain_group *group = &explaining->group, *sums = is_count ? group : &explaining->firsts;
    parts->sums = sums;
    int32_t first = explaining->period.first, last = explaining->period.last;
    int err = 0;
    if (sums->count > 0)
        err = store_each_sum(explaining->snapshot, STORE_DAYS, sums->series, sums->count, first, last,
                             take_sum, parts, explaining->why);
    if (explaining->indicator->kind != KIND_DISTINCT)
        return err;
    for (size_t i = 0; i < group->count && err == 0; i++)
        err = store_each_cell(explaining->snapshot, STORE_DAYS, group->series[i], first, last, take_set,
                              parts, explaining->why);
    count_sets(parts);
    return err;
}

/* ---- entries ---- */

/* Numbers add up; of the others it is told how many there are. */
static int64_t worth(const struct parts *parts, const struct known_entry *entry) {
    enum kind kind = parts->explaining->indicator->kind;
    return kind == KIND_COUNT || kind == KIND_DISTINCT ? entry->entry.value : 1;
}

static int write_entry(struct parts *parts, const struct known_entry *entry, bool outdone) {
    struct explaining *explaining = parts->explaining;
    struct message_entry_row row = {.at = entry->at, .state = entry->state, .entry = entry->entry};
    struct store_vintage vintage;
    struct str text, indicator;
    enum kind kind;
    int err = explain_source(explaining, entry->source, &row.source);
    if (err == 0)
        err = store_find_name(explaining->snapshot, STORE_SERIES, entry->series, &text, explaining->why);
    if (err == 0)
        err = store_vintage_get(explaining->snapshot, entry->vintage, &vintage, explaining->why);
    if (err)
        return err;
    if (catalogue_parse_series(text, &kind, NULL, &indicator, &row.dims) != 0)
        return fault_set(explaining->why, -EBADMSG,
                         "the store's table of series is damaged; \"suivi check\" tells where");
    row.received = vintage.began;
    if (outdone)
        row.state = MESSAGE_ENTRY_SUPERSEDED;
    if (explain_room(explaining, MESSAGE_LIST_ENTRIES))
        message_write_entry_row(explaining->list[MESSAGE_LIST_ENTRIES], &row);
    return 0;
}

static int take_entry(struct parts *parts, const struct known_entry *entry, bool outdone) {
    if (known_says(entry)) {
        struct part *part = part_of(parts, entry->source);
        part->gave = true;
        part->value = cell_add(part->value, worth(parts, entry));
        if (entry->entry.holds)
            hold(parts, entry);
    }
    return write_entry(parts, entry, outdone);
}

/* Whether it takes something back that was said of the period, on another day. */
static bool retracts_within(const struct parts *parts, const struct known *known,
                            const struct known_entry *entry) {
    const struct period *period = &parts->explaining->period;
    return entry->entry.retracts != 0 &&
           known_is_within(known, entry->entry.retracts, period->first, period->last);
}

/* Of what holds on, the last statement before the period belongs to it, too. */
static const struct known_entry *find_carried(const struct parts *parts, const struct known *known) {
    const struct known_entry *carried = NULL;
    if (kind_carries(parts->explaining->indicator->kind))
        for (size_t i = 0; i < known->count && known->entry[i].day < parts->explaining->period.first; i++)
            if (known_says(&known->entry[i]))
                carried = &known->entry[i];
    return carried;
}

/* Of what holds on only the last statement of a day does. */
static bool is_outdone(const struct known *known, size_t index) {
    const struct known_entry *entry = &known->entry[index];
    if (!known_says(entry))
        return false;
    for (size_t i = index + 1; i < known->count && known->entry[i].day == entry->day; i++)
        if (known_says(&known->entry[i]))
            return true;
    return false;
}

static int take_series(struct parts *parts, const struct known *known) {
    const struct explaining *explaining = parts->explaining;
    const struct known_entry *carried = find_carried(parts, known);
    bool carries = kind_carries(explaining->indicator->kind);
    int err = 0;
    for (size_t i = 0; i < known->count && err == 0; i++) {
        const struct known_entry *entry = &known->entry[i];
        bool within = period_contains(&explaining->period, entry->day);
        bool retracts = retracts_within(parts, known, entry);
        if (entry->state != MESSAGE_ENTRY_WITHDRAWN)
            err = within ? hear(parts, entry->source, entry->day) : 0;
        else if (within || retracts || (carries && entry->day < explaining->period.first))
            withdrawals_mark(explaining->withdrawals, entry->source, entry->day, entry->vintage, parts->took);
        if (err == 0 && (within || entry == carried))
            err = take_entry(parts, entry, carries && is_outdone(known, i));
        else if (err == 0 && retracts)
            err = write_entry(parts, entry, false);
    }
    return err;
}

static int take_entries_of(struct parts *parts, const struct explain_group *group) {
    const struct explaining *explaining = parts->explaining;
    int err = 0;
    for (size_t i = 0; i < group->count && err == 0; i++) {
        struct known known = {0};
        err = known_add(&known, explaining->snapshot, group->series[i], CIVIL_DAY_MIN, CIVIL_DAY_MAX, 0,
                        explaining->withdrawals, explaining->why);
        if (err == 0) {
            known_index(&known);
            err = take_series(parts, &known);
        }
        known_clear(&known);
    }
    return err;
}

static int take_entries(struct parts *parts) {
    const struct explaining *explaining = parts->explaining;
    if (!store_has_entries(explaining->snapshot))
        return 0;
    int err = take_entries_of(parts, &explaining->group);
    if (err == 0)
        err = take_entries_of(parts, &explaining->firsts);
    if (parts->held_count > 1)
        qsort(parts->held, parts->held_count, sizeof *parts->held, compare_heard);
    return err;
}

/* ---- telling ---- */

static int compare_names(const void *left, const void *right) {
    const struct part *const *a = left, *const *b = right;
    return str_compare((*a)->name, (*b)->name);
}

/* Those that gave something, by name. Caller frees. */
static int name_parts(struct parts *parts, struct part ***out, size_t *count) {
    struct part **named = mem_zeroed((size_t)parts->part_room + 1, sizeof *named);
    *count = 0;
    for (uint32_t i = 0; i < parts->part_room; i++) {
        if (!parts->part[i].gave)
            continue;
        int err = explain_source(parts->explaining, i, &parts->part[i].name);
        if (err) {
            free(named);
            return err;
        }
        named[(*count)++] = &parts->part[i];
    }
    if (*count > 1)
        qsort(named, *count, sizeof *named, compare_names);
    *out = named;
    return 0;
}

struct listening {
    struct part **named;
    size_t count;
};

static int take_heard(void *arg, struct str source, int64_t at) {
    const struct listening *listening = arg;
    struct part probe = {.name = source}, *wanted = &probe;
    struct part **found = bsearch(&wanted, listening->named, listening->count, sizeof wanted, compare_names);
    if (found)
        (*found)->heard = at;
    return 0;
}

static int write_parts(struct parts *parts) {
    struct explaining *explaining = parts->explaining;
    struct listening listening = {0};
    int err = name_parts(parts, &listening.named, &listening.count);
    if (err)
        return err;
    err = heard_each(explaining->snapshot, take_heard, &listening, explaining->why);
    for (size_t i = 0; i < listening.count && err == 0; i++) {
        const struct part *part = listening.named[i];
        char first[PERIOD_TEXT_MAX] = "", last[PERIOD_TEXT_MAX] = "";
        if (part->days) { /* else it spoke before the period only */
            (void)period_print_day(part->first, first);
            (void)period_print_day(part->last, last);
        }
        if (explain_room(explaining, MESSAGE_LIST_PARTS))
            message_write_part(explaining->list[MESSAGE_LIST_PARTS],
                               &(struct message_part){.source = part->name,
                                                      .value = part->value,
                                                      .days = part->days,
                                                      .first = str_of(first),
                                                      .last = str_of(last),
                                                      .heard = part->heard,
                                                      .error = (uint64_t)ceil(part->error)});
    }
    free(listening.named);
    return err;
}

/* Those that took back something of this figure. */
static int write_withdrawals(const struct parts *parts) {
    struct explaining *explaining = parts->explaining;
    for (size_t i = 0; i < withdrawals_count(explaining->withdrawals); i++) {
        const struct withdrawal *withdrawal = withdrawals_at(explaining->withdrawals, i);
        char first[PERIOD_TEXT_MAX], last[PERIOD_TEXT_MAX];
        if (!parts->took[i])
            continue;
        struct message_withdrawal_row row = {.first = str_of(period_print_day(withdrawal->first, first)),
                                             .last = str_of(period_print_day(withdrawal->last, last)),
                                             .reason = withdrawal->reason,
                                             .at = withdrawal->at};
        int err = explain_source(explaining, withdrawal->source, &row.source);
        if (err)
            return err;
        if (explain_room(explaining, MESSAGE_LIST_WITHDRAWALS))
            message_write_withdrawal(explaining->list[MESSAGE_LIST_WITHDRAWALS], &row);
    }
    return 0;
}

int explain_parts(struct explaining *explaining) {
    struct parts parts = {.explaining = explaining,
                          .took =
                              mem_zeroed(withdrawals_count(explaining->withdrawals) + 1, sizeof *parts.took)};
    int err = take_entries(&parts);
    if (err == 0)
        err = take_cells(&parts);
    if (err == 0) {
        count_days(&parts);
        err = write_parts(&parts);
    }
    if (err == 0)
        err = write_withdrawals(&parts);
    free(parts.part);
    free(parts.heard);
    free(parts.item);
    free(parts.took);
    free(parts.held);
    return err;
}
