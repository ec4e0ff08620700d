/* What came after a closing: what explain_moves.c (each number and entry for itself) and explain_steps.c (vintage by
 * vintage) share. */
#ifndef SUIVI_DAEMON_EXPLAIN_MOVES_PRIV_H
#define SUIVI_DAEMON_EXPLAIN_MOVES_PRIV_H

#include "daemon/explain_priv.h"

/* A difference, by what brought it: a vintage of a source, or a withdrawal. */
struct move_item {
    bool withdrawn;
    uint32_t source;
    uint32_t number; /* of the vintage, or of the withdrawal */
    int64_t difference;
};

struct moves {
    struct explaining *explaining;
    const struct closing *closing;
    struct move_item *item;
    size_t item_count, item_room;
};

int moves_too_much(const struct moves *moves);
int moves_began(const struct moves *moves, uint32_t vintage, int64_t *at); /* when */

/* Those without a difference are not told. */
void moves_write(const struct moves *moves, const struct message_move_row *row);
int moves_write_from(const struct moves *moves, uint32_t source, struct message_move_row *row);

/* What each entry adds to the figure, in their order. Caller frees. */
int64_t *moves_worth(const struct moves *moves, const struct known *known);

/* What was said one by one. */
int moves_entries(struct moves *moves);

/* Folds the figure as it was known after each vintage that brought something, and tells what it moved by. */
int moves_stepwise(struct moves *moves);

#endif
