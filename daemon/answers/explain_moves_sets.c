/* What several series have together, step by step: the members of a window of a distinct kind, the names of a roster. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/answers/explain_moves_priv.h"
#include "proto/check.h"
#include "proto/sketch.h"

#define SET_WORK 64 /* a set that is taken in costs about as much as so many entries */

struct set {
    int32_t window;
    uint32_t came, gone;
    struct str members; /* borrowed from the snapshot */
};

struct sets {
    struct moves_leaf *leaf;
    struct set *set;
    size_t count, room;
};

/* A step in which something of a window came or went. */
struct event {
    uint32_t step;
    const struct set *set;             /* NULL: */
    const struct moves_change *change; /* this one */
};

/* One window. */
struct window {
    struct moves_leaf *leaf;
    const struct set *set;
    size_t set_count;
    struct event *event;
    size_t event_count;
    struct sketch *members; /* of those sets that are there */
    int64_t value, said;    /* said: of entries, and of those who were counted one by one */
    int32_t held;
};

static int take_set(void *arg, const struct store_cell *cell) {
    struct sets *sets = arg;
    struct moves *moves = sets->leaf->moves;
    struct set set = {.window = moves_window(sets->leaf, cell->when), .members = cell->value};
    if (!sketch_valid(cell->value))
        return fault_set(moves->explaining->why, -EBADMSG,
                         "the store holds a damaged set; \"suivi check\" tells where");
    if (sets->count == sets->room) {
        if (sets->count == FOLD_ITEMS_MAX)
            return moves_too_much(moves);
        sets->room = sets->room ? sets->room * 2 : 64;
        sets->set = mem_resize(sets->set, sets->room, sizeof *sets->set);
    }
    int err = moves_span(moves, &(struct moves_given){cell->source, cell->vintage, cell->when, NULL},
                         &set.came, &set.gone);
    if (err == 0 && set.came < set.gone)
        sets->set[sets->count++] = set;
    return err;
}

static int compare_sets(const void *left, const void *right) {
    const struct set *a = left, *b = right;
    return (a->window > b->window) - (a->window < b->window);
}

static int compare_changes(const void *left, const void *right) {
    const struct moves_change *a = left, *b = right;
    if (a->window != b->window)
        return a->window < b->window ? -1 : 1;
    int c = str_compare(a->name, b->name);
    return c ? c : (a->step > b->step) - (a->step < b->step);
}

static int compare_events(const void *left, const void *right) {
    const struct event *a = left, *b = right;
    return (a->step > b->step) - (a->step < b->step);
}

static bool take_again(struct window *window, uint32_t step) {
    sketch_clear(window->members);
    for (size_t i = 0; i < window->set_count; i++)
        if (window->set[i].came <= step && step < window->set[i].gone)
            sketch_merge(window->members, window->set[i].members);
    return step > 0 && moves_works(window->leaf->moves, window->set_count * SET_WORK);
}

/* Sets that came are taken in; when one is gone, all those that are left are taken anew. */
static int take_step(struct window *window, const struct event *event, size_t count) {
    uint32_t step = event->step;
    bool anew = false;
    for (size_t i = 0; i < count; i++) {
        if (event[i].change) {
            window->said = cell_add(window->said, event[i].change->difference);
            window->held += event[i].change->held;
        } else if (event[i].set->gone == step) {
            anew = true;
        } else {
            sketch_merge(window->members, event[i].set->members);
            if (step > 0 && moves_works(window->leaf->moves, SET_WORK))
                return 1;
        }
    }
    if (anew && take_again(window, step))
        return 1;
    int64_t value = cell_add((int64_t)sketch_size(window->members), window->said);
    if (window->held > 0 && value < 0)
        value = 0;
    moves_add(window->leaf, step, moves_minus(value, window->value));
    window->value = value;
    return 0;
}

static int go_through(struct window *window) {
    int err = 0;
    if (window->event_count > 1)
        qsort(window->event, window->event_count, sizeof *window->event, compare_events);
    for (size_t i = 0, end; i < window->event_count && err == 0; i = end) {
        for (end = i; end < window->event_count && window->event[end].step == window->event[i].step;)
            end++;
        err = take_step(window, &window->event[i], end - i);
    }
    return err;
}

static int reckon_window(struct moves_leaf *leaf, const struct set *set, size_t set_count,
                         const struct moves_change *change, size_t change_count) {
    struct window window = {.leaf = leaf, .set = set, .set_count = set_count};
    window.event = mem_zeroed(2 * set_count + change_count + 1, sizeof *window.event);
    for (size_t i = 0; i < set_count; i++) {
        window.event[window.event_count++] = (struct event){set[i].came, &set[i], NULL};
        if (set[i].gone != MOVES_NEVER)
            window.event[window.event_count++] = (struct event){set[i].gone, &set[i], NULL};
    }
    for (size_t i = 0; i < change_count; i++)
        window.event[window.event_count++] = (struct event){change[i].step, NULL, &change[i]};
    sketch_new(&window.members);
    int err = go_through(&window);
    sketch_destroy(&window.members);
    free(window.event);
    return err;
}

static void sort_changes(struct moves_leaf *leaf) {
    if (leaf->change_count > 1)
        qsort(leaf->change, leaf->change_count, sizeof *leaf->change, compare_changes);
}

static int reckon_windows(struct moves_leaf *leaf, const struct sets *sets) {
    size_t set = 0, change = 0;
    int err = 0;
    while (err == 0 && (set < sets->count || change < leaf->change_count)) {
        size_t first_set = set, first_change = change;
        int32_t window = set < sets->count ? sets->set[set].window : leaf->change[change].window;
        if (change < leaf->change_count && leaf->change[change].window < window)
            window = leaf->change[change].window;
        while (set < sets->count && sets->set[set].window == window)
            set++;
        while (change < leaf->change_count && leaf->change[change].window == window)
            change++;
        err = reckon_window(leaf, sets->set + first_set, set - first_set, leaf->change + first_change,
                            change - first_change);
    }
    return err;
}

int moves_sets(struct moves_leaf *leaf) {
    const struct explaining *explaining = leaf->moves->explaining;
    struct sets sets = {.leaf = leaf};
    int err = 0;
    for (size_t i = 0; i < leaf->group.count && err == 0; i++)
        err =
            store_each_cell(explaining->snapshot, STORE_DAYS, leaf->group.series[i], explaining->period.first,
                            explaining->period.last, take_set, &sets, explaining->why);
    if (err == 0) {
        sort_changes(leaf);
        if (sets.count > 1)
            qsort(sets.set, sets.count, sizeof *sets.set, compare_sets);
        err = reckon_windows(leaf, &sets);
    }
    free(sets.set);
    return err;
}

/* A name is there as long as one series has it on any day. */
void moves_names(struct moves_leaf *leaf) {
    int64_t days = 0;
    sort_changes(leaf);
    for (size_t i = 0; i < leaf->change_count; i++) {
        const struct moves_change *change = &leaf->change[i];
        bool same = i > 0 && str_equal(change[-1].name, change->name);
        int64_t before = same ? days : 0;
        days = before + change->difference;
        moves_add(leaf, change->step, (days > 0) - (before > 0));
    }
}
