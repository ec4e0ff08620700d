#include "clients/cli/answer.h"

#include <stdlib.h>
#include <string.h>

#include "clients/cli/copies.h"
#include "clients/cli/print.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"
#include "proto/str.h"

#define ANSWER_MAGIC   0xa4593e01u
#define INDICATORS_MAX 65536u

struct answer {
    unsigned magic;
    size_t split_count;
    char *split[DIMS_MAX];
    struct suivi_indicator *indicators; /* strings owned */
    size_t indicator_count, indicator_room;
    struct answer_figure *figures; /* `indicator` owns one block that holds all strings */
    size_t count, room;
    unsigned parts; /* bits 1 << ANSWER_VALUE ... */
    bool cut;
};

void answer_new(struct answer **out, const char *const *split, size_t split_count) {
    struct answer *answer = mem_zeroed(1, sizeof *answer);
    answer->magic = ANSWER_MAGIC;
    ASSERT(split_count <= DIMS_MAX);
    for (size_t i = 0; i < split_count; i++)
        answer->split[i] = copies_clean(split[i]);
    answer->split_count = split_count;
    *out = answer;
}

void answer_destroy(struct answer **answer) {
    if (!*answer)
        return;
    struct answer *a = *answer;
    OBJ_CHECK(a, ANSWER_MAGIC);
    for (size_t i = 0; i < a->split_count; i++)
        free(a->split[i]);
    for (size_t i = 0; i < a->indicator_count; i++) {
        copies_drop(a->indicators[i].id);
        copies_drop(a->indicators[i].code);
        copies_drop(a->indicators[i].kind);
        copies_drop(a->indicators[i].label);
        copies_drop(a->indicators[i].note);
        copies_drop(a->indicators[i].unit);
    }
    for (size_t i = 0; i < a->count; i++)
        copies_drop(a->figures[i].indicator);
    free(a->indicators);
    free(a->figures);
    a->magic = 0;
    free(a);
    *answer = NULL;
}

static const struct suivi_indicator *find_indicator(const struct answer *answer, const char *id) {
    for (size_t i = 0; i < answer->indicator_count; i++)
        if (strcmp(answer->indicators[i].id, id) == 0)
            return &answer->indicators[i];
    return NULL;
}

void answer_add_indicator(struct answer *answer, const struct suivi_indicator *indicator) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    if (answer->indicator_count == INDICATORS_MAX || find_indicator(answer, indicator->id))
        return;
    if (answer->indicator_count == answer->indicator_room) {
        answer->indicator_room = answer->indicator_room ? 2 * answer->indicator_room : 16;
        answer->indicators =
            mem_resize(answer->indicators, answer->indicator_room, sizeof *answer->indicators);
    }
    answer->indicators[answer->indicator_count++] = (struct suivi_indicator){
        .id = copies_clean(indicator->id),
        .code = copies_clean(indicator->code),
        .kind = copies_clean(indicator->kind),
        .label = copies_clean(indicator->label),
        .note = copies_clean(indicator->note),
        .unit = copies_clean(indicator->unit),
    };
}

static const char *pack(char **at, const char *text) {
    size_t size = strlen(text) + 1;
    char *packed = terminal_clean(memcpy(*at, text, size));
    *at += size;
    return packed;
}

static unsigned parts_of(const struct answer_figure *figure) {
    static const enum answer_part of_state[] = {[SUIVI_VALUE] = ANSWER_VALUE,
                                                [SUIVI_MISSING] = ANSWER_MISSING,
                                                [SUIVI_NOT_DUE] = ANSWER_NOT_DUE,
                                                [SUIVI_WITHHELD] = ANSWER_WITHHELD};
    return 1u << of_state[figure->state] | (unsigned)(figure->note[0] != '\0') << ANSWER_NOTE |
           (unsigned)figure->has_reported << ANSWER_REPORTED | (unsigned)figure->has_target << ANSWER_TARGET |
           (unsigned)(figure->days > 0) << ANSWER_COVERAGE | (unsigned)figure->has_on_time << ANSWER_ON_TIME;
}

void answer_add_figure(struct answer *answer, const struct suivi_figure *figure) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    if (answer->count == ANSWER_FIGURES_MAX) {
        answer->cut = true;
        return;
    }
    if (answer->count == answer->room) {
        answer->room = answer->room ? 2 * answer->room : 256;
        answer->figures = mem_resize(answer->figures, answer->room, sizeof *answer->figures);
    }
    size_t size = strlen(figure->indicator) + strlen(figure->period) + strlen(figure->note) + 3;
    for (size_t i = 0; i < answer->split_count; i++)
        size += strlen(figure->dims[i]) + 1;
    char *at = mem_zeroed(size, 1);
    struct answer_figure *kept = &answer->figures[answer->count++];
    *kept = (struct answer_figure){
        .indicator = pack(&at, figure->indicator),
        .value = figure->value,
        .state = figure->state,
        .decimals = figure->decimals,
        .has_reported = figure->has_reported && figure->state != SUIVI_WITHHELD, /* it would tell */
        .has_target = figure->has_target,
        .reported = figure->reported,
        .target = figure->target,
        .has_on_time = figure->has_on_time,
        .on_time = figure->on_time,
        .heard = figure->heard,
        .days = figure->days,
    };
    kept->period = pack(&at, figure->period);
    kept->note = pack(&at, figure->note);
    for (size_t i = 0; i < answer->split_count; i++)
        kept->dims[i] = pack(&at, figure->dims[i]);
    answer->parts |= parts_of(kept);
}

/* --- order --- */

static int compare_dims(const struct answer *answer, const struct answer_figure *a,
                        const struct answer_figure *b) {
    int order = 0;
    for (size_t i = 0; i < answer->split_count && order == 0; i++)
        order = strcmp(a->dims[i], b->dims[i]);
    return order;
}

static int compare_for_files(const void *a, const void *b, void *arg) {
    const struct answer_figure *x = a, *y = b;
    int order = strcmp(x->indicator, y->indicator);
    if (order == 0)
        order = strcmp(x->period, y->period);
    return order != 0 ? order : compare_dims(arg, x, y);
}

/* 1.2.10 comes after 1.2.9, and what has no code after what has one. */
static int compare_codes(const char *a, const char *b) {
    if (a[0] == '\0' || b[0] == '\0')
        return (a[0] == '\0') - (b[0] == '\0');
    return strverscmp(a, b);
}

static int compare_for_people(const void *a, const void *b, void *arg) {
    const struct answer_figure *x = a, *y = b;
    int order = strcmp(x->indicator, y->indicator);
    if (order != 0) {
        int codes =
            compare_codes(answer_indicator(arg, x->indicator).code, answer_indicator(arg, y->indicator).code);
        return codes != 0 ? codes : order;
    }
    order = compare_dims(arg, x, y);
    return order != 0 ? order : strcmp(x->period, y->period);
}

void answer_sort(struct answer *answer) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    if (answer->count > 1)
        qsort_r(answer->figures, answer->count, sizeof *answer->figures, compare_for_files, answer);
}

void answer_sort_by_plan(struct answer *answer) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    if (answer->count > 1)
        qsort_r(answer->figures, answer->count, sizeof *answer->figures, compare_for_people, answer);
}

/* --- reading --- */

size_t answer_split_count(const struct answer *answer) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    return answer->split_count;
}

const char *answer_split(const struct answer *answer, size_t index) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    ASSERT(index < answer->split_count);
    return answer->split[index];
}

size_t answer_count(const struct answer *answer) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    return answer->count;
}

const struct answer_figure *answer_at(const struct answer *answer, size_t index) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    ASSERT(index < answer->count);
    return &answer->figures[index];
}

bool answer_cut(const struct answer *answer) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    return answer->cut;
}

bool answer_has(const struct answer *answer, enum answer_part part) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    return (answer->parts >> part & 1) != 0;
}

bool answer_tells(const struct answer *answer) {
    return answer_has(answer, ANSWER_VALUE) || answer_has(answer, ANSWER_WITHHELD) ||
           answer_has(answer, ANSWER_REPORTED);
}

const char *answer_state_name(enum suivi_state state) {
    static const char *const names[] = {[SUIVI_VALUE] = "",
                                        [SUIVI_MISSING] = "missing",
                                        [SUIVI_NOT_DUE] = "not due",
                                        [SUIVI_WITHHELD] = "withheld"};
    return names[state];
}

struct suivi_indicator answer_indicator(const struct answer *answer, const char *id) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    const struct suivi_indicator *found = find_indicator(answer, id);
    return found ? *found
                 : (struct suivi_indicator){
                       .id = id, .code = "", .kind = "", .label = id, .note = "", .unit = ""};
}

bool answer_same_row(const struct answer *answer, const struct answer_figure *a,
                     const struct answer_figure *b) {
    OBJ_CHECK(answer, ANSWER_MAGIC);
    return strcmp(a->indicator, b->indicator) == 0 && compare_dims(answer, a, b) == 0;
}
