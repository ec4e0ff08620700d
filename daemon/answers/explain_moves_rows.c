/* The rows that tell what moved: one for each time, source and cause, in order of time. They always add up. */
#include <stdlib.h>

#include "daemon/answers/explain_moves_priv.h"
#include "daemon/store/cell.h"
#include "proto/check.h"

struct move_line {
    int64_t at;
    uint32_t source;
    struct str what; /* owned */
    bool told;       /* whatever it comes to */
    int64_t difference;
    size_t order;
};

static int compare_causes(const void *left, const void *right) {
    const struct move_line *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    int order = str_compare(a->what, b->what);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int compare_times(const void *left, const void *right) {
    const struct move_line *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static bool is_same_cause(const struct move_line *a, const struct move_line *b) {
    return a->at == b->at && a->source == b->source && str_equal(a->what, b->what);
}

static void join(struct move_line *line, const struct move_line *other) {
    line->difference = cell_add(line->difference, other->difference);
    line->told = line->told || other->told;
}

static void settle(struct moves *moves) {
    size_t kept = 0;
    if (moves->line_count > 1)
        qsort(moves->line, moves->line_count, sizeof *moves->line, compare_causes);
    for (size_t i = 0; i < moves->line_count; i++) {
        if (kept && is_same_cause(&moves->line[kept - 1], &moves->line[i])) {
            join(&moves->line[kept - 1], &moves->line[i]);
            str_free(moves->line[i].what);
        } else {
            moves->line[kept++] = moves->line[i];
        }
    }
    moves->line_count = kept;
}

int moves_tell(struct moves *moves, const struct move *move) {
    struct move_line line = {.at = move->at,
                             .source = move->source,
                             .what = move->what,
                             .told = move->has_reason,
                             .difference = move->difference,
                             .order = moves->order++};
    if (moves->line_count && is_same_cause(&moves->line[moves->line_count - 1], &line)) {
        join(&moves->line[moves->line_count - 1], &line);
        return 0;
    }
    if (moves->line_count == moves->line_room) {
        settle(moves);
        if (moves->line_count == FOLD_ITEMS_MAX)
            return moves_too_much(moves);
        if (moves->line_count * 2 >= moves->line_room) {
            moves->line_room = moves->line_room ? moves->line_room * 2 : 64;
            moves->line = mem_resize(moves->line, moves->line_room, sizeof *moves->line);
        }
    }
    line.what = str_copy(line.what);
    moves->line[moves->line_count++] = line;
    return 0;
}

static void write_line(struct explaining *explaining, const struct message_move_row *row) {
    message_write_move(explaining->list[MESSAGE_LIST_MOVES], row);
    explaining->count[MESSAGE_LIST_MOVES]++;
}

/* What has no row of its own is told as one. */
static void write_rest(const struct moves *moves, size_t first) {
    struct explaining *explaining = moves->explaining;
    struct message_move_row rest = {
        .at = moves->line[moves->line_count - 1].at, .source = STR(""), .what = STR("and all the rest")};
    for (size_t i = first; i < moves->line_count; i++)
        rest.difference = cell_add(rest.difference, moves->line[i].difference);
    explaining->more += moves->line_count - first;
    write_line(explaining, &rest);
}

int moves_write(struct moves *moves) {
    struct explaining *explaining = moves->explaining;
    size_t told = 0;
    settle(moves);
    for (size_t i = 0; i < moves->line_count; i++) {
        if (moves->line[i].difference || moves->line[i].told)
            moves->line[told++] = moves->line[i];
        else
            str_free(moves->line[i].what);
    }
    moves->line_count = told;
    if (told > 1)
        qsort(moves->line, told, sizeof *moves->line, compare_times);
    for (size_t i = 0; i < told; i++) {
        const struct move_line *line = &moves->line[i];
        struct message_move_row row = {
            .at = line->at, .source = STR(""), .what = line->what, .difference = line->difference};
        bool is_last = i + 1 == told;
        if (!is_last && !explain_room_left(explaining, MESSAGE_LIST_MOVES, 1)) {
            write_rest(moves, i);
            return 0;
        }
        int err = line->source == MOVES_NO_SOURCE ? 0 : explain_source(explaining, line->source, &row.source);
        if (err)
            return err;
        write_line(explaining, &row);
    }
    return 0;
}

void moves_clear(struct moves *moves) {
    for (size_t i = 0; i < moves->line_count; i++)
        str_free(moves->line[i].what);
    free(moves->line);
    free(moves->item);
}
