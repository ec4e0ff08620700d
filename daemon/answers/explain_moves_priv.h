/* What came after a closing: what explain_moves.c (each number and entry for itself), explain_steps.c (vintage by vintage)
 * and explain_moves_rows.c (telling) share. */
#ifndef SUIVI_DAEMON_ANSWERS_EXPLAIN_MOVES_PRIV_H
#define SUIVI_DAEMON_ANSWERS_EXPLAIN_MOVES_PRIV_H

#include "daemon/answers/explain_priv.h"

/* A difference, by what brought it: a vintage of a source, or a withdrawal. */
struct move_item {
    bool withdrawn;
    uint32_t source;
    uint32_t number; /* of the vintage, or of the withdrawal */
    int64_t difference;
};

/* To be told. */
struct move {
    int64_t at;
    uint32_t source; /* MOVES_NO_SOURCE: none in particular */
    struct str what;
    bool has_reason; /* is told even when it moves nothing */
    int64_t difference;
};

#define MOVES_NO_SOURCE UINT32_MAX

struct move_line;

struct moves {
    struct explaining *explaining;
    const struct closing *closing;
    struct move_item *item;
    size_t item_count, item_room;
    struct move_line *line; /* what was told; owned */
    size_t line_count, line_room, order;
};

int moves_too_much(const struct moves *moves);
int moves_began(const struct moves *moves, uint32_t vintage, int64_t *at); /* when */

/* Those of one time, source and cause become one row. Copies. */
int moves_tell(struct moves *moves, const struct move *move);

/* All that was told, in order of time; when there is no room for all, the last row sums up the rest. */
int moves_write(struct moves *moves);
void moves_clear(struct moves *moves);

/* What each entry adds to the figure, in their order. Caller frees. */
int64_t *moves_worth(const struct moves *moves, const struct known *known);

/* What was said one by one. */
int moves_entries(struct moves *moves);

/* Folds the figure as it was known after each vintage that brought something, and tells what it moved by. */
int moves_stepwise(struct moves *moves);

#endif
