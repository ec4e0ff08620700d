/* One series of entries, step by step. Which of them count depends on others: those that share an id or retract each
 * other, which are a clan. What they come to is reckoned by units: a day, a period of a milestone, a name on a day, or all
 * that holds on. A step changes some entries, so that their clans are weighed again, and then the units of those that count
 * otherwise than before. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/answers/explain_moves_priv.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/sketch.h"

#define NO_UNIT UINT32_MAX

/* A number or set of a day whose figure holds in its place. */
struct given {
    uint32_t unit, came, gone;
    int64_t sum;
    struct str set;
};

struct event {
    uint32_t step, place;
    bool is_given;
};

struct line {
    struct moves_leaf *leaf;
    uint32_t series;
    bool numbers;              /* its cells are sums, not sets */
    struct known_entry *entry; /* in the order of their units */
    uint32_t *came, *gone, *unit, *clan;
    size_t count, room;
    uint32_t *member, *clan_first; /* places of entries, by clan; where each clan begins, and the end */
    size_t clan_count;
    uint32_t *unit_first; /* likewise */
    int64_t *value;       /* of each unit, at the last step */
    bool *held;
    size_t unit_count;
    struct given *given; /* by unit */
    size_t given_count, given_room;
    struct event *event; /* by step */
    size_t event_count;
    uint32_t *place; /* room for the entries of one clan */
    bool *said;      /* likewise: those that counted before */
    uint32_t *dirty; /* clans, then units, that are to be looked at again */
    size_t dirty_count;
    uint32_t *clan_seen, *unit_seen; /* the step + 1 in which each was noted last */
    struct sketch *scratch;
};

static enum kind kind_of(const struct line *line) {
    return line->leaf->indicator->kind;
}

static const struct explaining *explaining_of(const struct line *line) {
    return line->leaf->moves->explaining;
}

/* ---- reading them ---- */

static int take(void *arg, const struct store_entry *stored) {
    struct line *line = arg;
    struct known_entry entry = {.series = line->series,
                                .source = stored->source,
                                .vintage = stored->vintage,
                                .day = stored->day,
                                .stored = stored->value};
    if (cell_entry_decode(stored->value, &entry.at, &entry.entry) != 0)
        return fault_set(explaining_of(line)->why, -EBADMSG,
                         "the store holds a damaged entry; \"suivi check\" tells where");
    if (line->count == line->room) {
        if (line->count == FOLD_ITEMS_MAX)
            return moves_too_much(line->leaf->moves);
        line->room = line->room ? line->room * 2 : 64;
        line->entry = mem_resize(line->entry, line->room, sizeof *line->entry);
    }
    line->entry[line->count++] = entry;
    return 0;
}

static int compare_times(const void *left, const void *right) {
    return known_compare(left, right);
}

/* Of each day name by name, in the order in which they outdo each other. */
static int compare_names(const void *left, const void *right) {
    const struct known_entry *a = left, *b = right;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    int c = str_compare(a->entry.name, b->entry.name);
    if (c)
        return c;
    if (a->entry.recorded != b->entry.recorded)
        return a->entry.recorded < b->entry.recorded ? -1 : 1;
    if (a->entry.id != b->entry.id)
        return a->entry.id < b->entry.id ? -1 : 1;
    return known_compare(a, b);
}

static int span_entries(struct line *line) {
    int err = 0;
    line->came = mem_zeroed(line->count, sizeof *line->came);
    line->gone = mem_zeroed(line->count, sizeof *line->gone);
    for (size_t i = 0; i < line->count && err == 0; i++) {
        const struct known_entry *entry = &line->entry[i];
        const struct moves_given given = {entry->source, entry->vintage, entry->day, &entry->entry};
        err = moves_span(line->leaf->moves, &given, &line->came[i], &line->gone[i]);
    }
    return err;
}

/* ---- clans ---- */

static int compare_ids(const void *left, const void *right, void *arg) {
    const struct known_entry *entry = arg;
    uint64_t a = entry[*(const uint32_t *)left].entry.id, b = entry[*(const uint32_t *)right].entry.id;
    return (a > b) - (a < b);
}

/* The first of those with that id, in the order of ids; count: there is none. */
static size_t find_id(const struct line *line, uint64_t id) {
    size_t low = 0, high = line->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (line->entry[line->member[middle]].entry.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < line->count && line->entry[line->member[low]].entry.id == id ? low : line->count;
}

static uint32_t head_of(uint32_t *head, uint32_t place) {
    while (head[place] != place) {
        head[place] = head[head[place]];
        place = head[place];
    }
    return place;
}

/* Whether an entry of the period is among those of that id. */
static bool is_of_period(const struct line *line, size_t first) {
    uint64_t id = line->entry[line->member[first]].entry.id;
    for (size_t i = first; i < line->count && line->entry[line->member[i]].entry.id == id; i++)
        if (period_contains(&explaining_of(line)->period, line->entry[line->member[i]].day))
            return true;
    return false;
}

static void note_correction(const struct line *line, const struct known_entry *entry) {
    moves_note_correction(line->leaf->moves,
                          &(struct moves_given){entry->source, entry->vintage, entry->day, &entry->entry});
}

/* Joins those of one id, and a retraction with what it retracts. */
static void join_clans(struct line *line, uint32_t *head) {
    for (size_t i = 1; i < line->count; i++)
        if (line->entry[line->member[i]].entry.id == line->entry[line->member[i - 1]].entry.id)
            head[line->member[i]] = head_of(head, line->member[i - 1]);
    for (size_t i = 0; i < line->count; i++) {
        const struct known_entry *entry = &line->entry[i];
        size_t target = entry->entry.retracts ? find_id(line, entry->entry.retracts) : line->count;
        if (target < line->count)
            head[head_of(head, (uint32_t)i)] = head_of(head, line->member[target]);
        bool touches = entry->entry.retracts ? target < line->count && is_of_period(line, target)
                                             : period_contains(&explaining_of(line)->period, entry->day);
        if (touches && entry->entry.reason.len > 0)
            note_correction(line, entry);
    }
}

static void make_clans(struct line *line) {
    uint32_t *head = mem_zeroed(line->count, sizeof *head);
    uint32_t *number = mem_zeroed(line->count, sizeof *number);
    line->member = mem_zeroed(line->count, sizeof *line->member);
    line->clan = mem_zeroed(line->count, sizeof *line->clan);
    for (size_t i = 0; i < line->count; i++)
        head[i] = line->member[i] = (uint32_t)i;
    qsort_r(line->member, line->count, sizeof *line->member, compare_ids, line->entry);
    join_clans(line, head);
    for (size_t i = 0; i < line->count; i++)
        if (head_of(head, (uint32_t)i) == i)
            number[i] = (uint32_t)line->clan_count++;
    line->clan_first = mem_zeroed(line->clan_count + 1, sizeof *line->clan_first);
    for (size_t i = 0; i < line->count; i++) {
        line->clan[i] = number[head_of(head, (uint32_t)i)];
        line->clan_first[line->clan[i] + 1]++;
    }
    for (size_t i = 1; i <= line->clan_count; i++)
        line->clan_first[i] += line->clan_first[i - 1];
    memset(number, 0, line->clan_count * sizeof *number);
    for (size_t i = 0; i < line->count; i++)
        line->member[line->clan_first[line->clan[i]] + number[line->clan[i]]++] = (uint32_t)i;
    free(head);
    free(number);
}

/* Which of them count at that step. */
static void weigh(struct line *line, uint32_t clan, uint32_t step) {
    size_t count = 0;
    for (uint32_t i = line->clan_first[clan]; i < line->clan_first[clan + 1]; i++) {
        uint32_t member = line->member[i];
        line->entry[member].state = MESSAGE_ENTRY_WITHDRAWN;
        if (line->came[member] <= step && step < line->gone[member])
            line->place[count++] = member;
    }
    known_weigh(line->entry, line->place, count);
}

/* ---- units ---- */

static bool is_within(const struct line *line, int32_t day) {
    const struct period *period = &explaining_of(line)->period;
    return kind_carries(kind_of(line)) ? day <= period->last : period_contains(period, day);
}

static bool is_next_unit(const struct line *line, const struct known_entry *before,
                         const struct known_entry *entry) {
    const struct framework_indicator *indicator = line->leaf->indicator;
    switch (indicator->kind) {
    case KIND_LEVEL:
    case KIND_STATUS:
        return false;
    case KIND_ROSTER:
        return before->day != entry->day || !str_equal(before->entry.name, entry->entry.name);
    case KIND_MILESTONE: {
        const struct period *plan = framework_plan(explaining_of(line)->framework);
        struct period done_for = period_of_day(indicator->frequency, before->day, plan);
        return !period_contains(&done_for, entry->day);
    }
    default:
        return before->day != entry->day;
    }
}

/* Those of one unit stand side by side. */
static void make_units(struct line *line) {
    line->unit = mem_zeroed(line->count, sizeof *line->unit);
    line->unit_first = mem_zeroed(line->count + 1, sizeof *line->unit_first);
    for (size_t i = 0; i < line->count; i++) {
        const struct known_entry *entry = &line->entry[i];
        line->unit[i] = NO_UNIT;
        if (!is_within(line, entry->day))
            continue;
        bool is_first = i == 0 || line->unit[i - 1] == NO_UNIT || is_next_unit(line, entry - 1, entry);
        if (is_first)
            line->unit_first[line->unit_count++] = (uint32_t)i;
        line->unit[i] = (uint32_t)line->unit_count - 1;
        line->unit_first[line->unit_count] = (uint32_t)i + 1;
    }
    line->value = mem_zeroed(line->unit_count + 1, sizeof *line->value);
    line->held = mem_zeroed(line->unit_count + 1, sizeof *line->held);
}

static int add_given(struct line *line, const struct moves_given *from, struct given given) {
    int err = moves_span(line->leaf->moves, from, &given.came, &given.gone);
    if (line->given_count == line->given_room) {
        if (line->given_count == FOLD_ITEMS_MAX)
            return moves_too_much(line->leaf->moves);
        line->given_room = line->given_room ? line->given_room * 2 : 16;
        line->given = mem_resize(line->given, line->given_room, sizeof *line->given);
    }
    given.unit = (uint32_t)line->unit_count;
    line->given[line->given_count++] = given;
    return err;
}

static int take_sum(void *arg, const struct store_sum *sum) {
    return add_given(arg, &(struct moves_given){sum->source, sum->vintage, sum->when, NULL},
                     (struct given){.sum = sum->sum});
}

static int take_set(void *arg, const struct store_cell *cell) {
    struct line *line = arg;
    if (!sketch_valid(cell->value))
        return fault_set(explaining_of(line)->why, -EBADMSG,
                         "the store holds a damaged set; \"suivi check\" tells where");
    return add_given(line, &(struct moves_given){cell->source, cell->vintage, cell->when, NULL},
                     (struct given){.set = cell->value});
}

/* What the cells give to that day. */
static int read_day(struct line *line, int32_t day) {
    const struct explaining *explaining = explaining_of(line);
    const struct fold_question question = {.framework = explaining->framework,
                                           .catalogue = explaining->catalogue,
                                           .snapshot = explaining->snapshot,
                                           .indicator = line->leaf->index,
                                           .by = explaining->period.type};
    uint32_t firsts;
    if (line->numbers)
        return store_each_sum(explaining->snapshot, STORE_DAYS, &line->series, 1, day, day, take_sum, line,
                              explaining->why);
    int err = store_each_cell(explaining->snapshot, STORE_DAYS, line->series, day, day, take_set, line,
                              explaining->why);
    int found = err ? err : fold_firsts_beside(&question, line->series, &firsts, explaining->why);
    return found != 1 ? found
                      : store_each_sum(explaining->snapshot, STORE_DAYS, &firsts, 1, day, day, take_sum, line,
                                       explaining->why);
}

/* What the cells give to days of which some entry says the figure. */
static int read_given(struct line *line) {
    size_t units = line->unit_count;
    int err = 0;
    for (uint32_t unit = 0; unit < units && err == 0; unit++) {
        const struct known_entry *entry = &line->entry[line->unit_first[unit]];
        const struct known_entry *end = &line->entry[line->unit_first[unit + 1]];
        int32_t day = entry->day;
        while (entry < end && !entry->entry.holds)
            entry++;
        if (entry == end)
            continue;
        size_t first = line->given_count;
        err = read_day(line, day);
        for (size_t i = first; i < line->given_count; i++)
            line->given[i].unit = unit;
    }
    return err;
}

/* ---- what a unit comes to ---- */

static size_t find_given(const struct line *line, uint32_t unit) {
    size_t low = 0, high = line->given_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (line->given[middle].unit < unit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t sum_given(struct line *line, uint32_t unit, uint32_t step) {
    bool sets = !line->numbers;
    int64_t sum = 0;
    if (sets && line->scratch == NULL)
        sketch_new(&line->scratch);
    if (sets)
        sketch_clear(line->scratch);
    for (size_t i = find_given(line, unit); i < line->given_count && line->given[i].unit == unit; i++) {
        const struct given *given = &line->given[i];
        if (given->came > step || step >= given->gone)
            continue;
        if (given->set.at)
            sketch_merge(line->scratch, given->set);
        sum = cell_add(sum, given->sum);
    }
    return sets ? cell_add((int64_t)sketch_size(line->scratch), sum) : sum;
}

/* As they add up; a figure that holds as what it is more than the cells. */
static int64_t sum_unit(struct line *line, uint32_t unit, uint32_t step) {
    const struct known_entry *entry = &line->entry[line->unit_first[unit]];
    size_t count = line->unit_first[unit + 1] - line->unit_first[unit];
    const struct known_entry *holding = known_holding(entry, count);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        if (known_says(&entry[i]) && !(holding && known_is_replaced(holding, &entry[i])))
            sum = cell_add(sum, entry[i].entry.value);
    line->held[unit] = holding != NULL;
    if (holding == NULL)
        return sum;
    return moves_minus(sum < 0 ? 0 : sum, sum_given(line, unit, step));
}

/* The last one that says something; NULL: none does. */
static const struct known_entry *last_said(const struct line *line, uint32_t unit) {
    for (uint32_t i = line->unit_first[unit + 1]; i-- > line->unit_first[unit];)
        if (known_says(&line->entry[i]))
            return &line->entry[i];
    return NULL;
}

static int64_t count_said(const struct line *line, uint32_t unit) {
    int64_t count = 0;
    for (uint32_t i = line->unit_first[unit]; i < line->unit_first[unit + 1]; i++)
        count += known_says(&line->entry[i]);
    return count;
}

static int64_t reckon_unit(struct line *line, uint32_t unit, uint32_t step) {
    const struct known_entry *last;
    switch (kind_of(line)) {
    case KIND_COUNT:
    case KIND_DISTINCT:
        return sum_unit(line, unit, step);
    case KIND_EVIDENCE:
    case KIND_NARRATIVE:
        return count_said(line, unit);
    case KIND_MILESTONE:
        return last_said(line, unit) != NULL;
    case KIND_ROSTER:
        last = last_said(line, unit);
        return last != NULL && !last->entry.removed;
    case KIND_LEVEL:
        last = last_said(line, unit);
        return last ? last->entry.value : 0;
    case KIND_STATUS:
        last = last_said(line, unit);
        return last != NULL && last->entry.value != 0;
    case KIND_RATIO:
        break;
    }
    return 0;
}

static int settle_unit(struct line *line, uint32_t unit, uint32_t step) {
    struct moves_leaf *leaf = line->leaf;
    bool was_held = line->held[unit];
    int64_t value = reckon_unit(line, unit, step), difference = moves_minus(value, line->value[unit]);
    struct moves_change change = {.step = step, .difference = difference};
    const struct known_entry *entry = &line->entry[line->unit_first[unit]];
    line->value[unit] = value;
    change.held = line->held[unit] - was_held;
    if (difference == 0 && change.held == 0)
        return 0;
    switch (kind_of(line)) {
    case KIND_DISTINCT:
        change.window = moves_window(leaf, entry->day);
        return moves_add_change(leaf, &change);
    case KIND_ROSTER:
        change.name = entry->entry.name;
        return moves_add_change(leaf, &change);
    default:
        moves_add(leaf, step, difference);
        return 0;
    }
}

/* ---- step by step ---- */

static int compare_events(const void *left, const void *right) {
    const struct event *a = left, *b = right;
    return (a->step > b->step) - (a->step < b->step);
}

static void add_events(struct line *line, uint32_t came, uint32_t gone, uint32_t place, bool is_given) {
    if (came == gone)
        return;
    if (came > 0)
        line->event[line->event_count++] = (struct event){came, place, is_given};
    if (gone > 0 && gone != MOVES_NEVER)
        line->event[line->event_count++] = (struct event){gone, place, is_given};
}

static void make_events(struct line *line) {
    line->event = mem_zeroed(2 * (line->count + line->given_count) + 1, sizeof *line->event);
    for (size_t i = 0; i < line->count; i++)
        add_events(line, line->came[i], line->gone[i], (uint32_t)i, false);
    for (size_t i = 0; i < line->given_count; i++)
        add_events(line, line->given[i].came, line->given[i].gone, (uint32_t)i, true);
    if (line->event_count > 1)
        qsort(line->event, line->event_count, sizeof *line->event, compare_events);
}

static void note(struct line *line, uint32_t *seen, uint32_t place, uint32_t step) {
    if (seen[place] == step + 1)
        return;
    seen[place] = step + 1;
    line->dirty[line->dirty_count++] = place;
}

/* Weighs a clan again; the units of those that count otherwise than before are noted behind the clans. */
static void weigh_again(struct line *line, uint32_t clan, uint32_t step) {
    uint32_t first = line->clan_first[clan], end = line->clan_first[clan + 1];
    for (uint32_t i = first; i < end; i++)
        line->said[i - first] = known_says(&line->entry[line->member[i]]);
    weigh(line, clan, step);
    for (uint32_t i = first; i < end; i++) {
        uint32_t member = line->member[i];
        if (known_says(&line->entry[member]) != line->said[i - first] && line->unit[member] != NO_UNIT)
            note(line, line->unit_seen, line->unit[member], step);
    }
}

/* Where the last statement holds, not all of them are gone through. */
static uint64_t work_of(const struct line *line, uint32_t unit) {
    uint64_t count = line->unit_first[unit + 1] - line->unit_first[unit];
    return kind_carries(kind_of(line)) ? 1 + count / 16 : count;
}

/* What happened in one step. */
static int take_step(struct line *line, const struct event *event, size_t count) {
    struct moves *moves = line->leaf->moves;
    uint32_t step = event->step;
    line->dirty_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!event[i].is_given)
            note(line, line->clan_seen, line->clan[event[i].place], step);
    size_t clans = line->dirty_count;
    for (size_t i = 0; i < clans; i++) {
        uint32_t clan = line->dirty[i];
        weigh_again(line, clan, step);
        if (moves_works(moves, line->clan_first[clan + 1] - line->clan_first[clan]))
            return 1;
    }
    for (size_t i = 0; i < count; i++)
        if (event[i].is_given)
            note(line, line->unit_seen, line->given[event[i].place].unit, step);
    for (size_t i = clans; i < line->dirty_count; i++) {
        uint32_t unit = line->dirty[i];
        int err = settle_unit(line, unit, step);
        if (err)
            return err;
        if (moves_works(moves, work_of(line, unit)))
            return 1;
    }
    return 0;
}

static int go_through(struct line *line) {
    int err = 0;
    line->place = mem_zeroed(line->count, sizeof *line->place);
    line->said = mem_zeroed(line->count, sizeof *line->said);
    line->dirty = mem_zeroed(line->clan_count + line->unit_count, sizeof *line->dirty);
    line->clan_seen = mem_zeroed(line->clan_count, sizeof *line->clan_seen);
    line->unit_seen = mem_zeroed(line->unit_count + 1, sizeof *line->unit_seen);
    for (uint32_t clan = 0; clan < line->clan_count; clan++)
        weigh(line, clan, 0);
    for (uint32_t unit = 0; unit < line->unit_count && err == 0; unit++)
        err = settle_unit(line, unit, 0);
    for (size_t i = 0, end; i < line->event_count && err == 0; i = end) {
        for (end = i; end < line->event_count && line->event[end].step == line->event[i].step;)
            end++;
        err = take_step(line, &line->event[i], end - i);
    }
    return err;
}

static void clear(struct line *line) {
    void *const rooms[] = {line->entry,     line->came,       line->gone,       line->unit,  line->clan,
                           line->member,    line->clan_first, line->unit_first, line->value, line->held,
                           line->given,     line->event,      line->place,      line->said,  line->dirty,
                           line->clan_seen, line->unit_seen};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        free(rooms[i]);
    if (line->scratch)
        sketch_destroy(&line->scratch);
}

int moves_series(struct moves_leaf *leaf, uint32_t series, bool numbers) {
    const struct explaining *explaining = leaf->moves->explaining;
    struct line line = {.leaf = leaf, .series = series, .numbers = numbers};
    bool names = leaf->indicator->kind == KIND_ROSTER;
    int err = store_each_entry(explaining->snapshot, series, CIVIL_DAY_MIN, CIVIL_DAY_MAX, take, &line,
                               explaining->why);
    if (err == 0 && line.count > 0) {
        qsort(line.entry, line.count, sizeof *line.entry, names ? compare_names : compare_times);
        err = span_entries(&line);
    }
    if (err == 0 && line.count > 0) {
        make_clans(&line);
        make_units(&line);
        err = read_given(&line);
    }
    if (err == 0 && line.count > 0) {
        make_events(&line);
        err = go_through(&line);
    }
    clear(&line);
    return err;
}
