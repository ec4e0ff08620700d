/* What came after a closing: what explain_moves.c (the whole), explain_moves_causes.c (what moved it: found, put in order,
 * told), explain_moves_series.c (the entries of one series) and explain_moves_sets.c (what several series have together)
 * share.
 *
 * What moved is found by going through the history anew: from what was known when the period was closed, one cause after
 * the other is added, and each has the difference of the figure before and after it. Steps are numbered: 0 is what was
 * known at the closing, then one for each cause in order. Only what a cause touches is reckoned again. */
#ifndef SUIVI_DAEMON_ANSWERS_EXPLAIN_MOVES_PRIV_H
#define SUIVI_DAEMON_ANSWERS_EXPLAIN_MOVES_PRIV_H

#include "daemon/answers/explain_priv.h"
#include "daemon/store/cell.h"

#define MOVES_NEVER UINT32_MAX
#define MOVES_WORK_MAX                                                                                       \
    (UINT64_C(1) << 24) /* entries looked at again before causes are put together: about a second */

/* What one source brought in one vintage, without a reason or for one; or a withdrawal, which ends its vintage. */
struct moves_cause {
    uint32_t vintage, source;
    const struct withdrawal *withdrawal; /* NULL: none */
    struct str reason;                   /* borrowed; empty: none was given */
    int64_t recorded; /* the first of what was said; INT64_MIN: there is what was counted */
    bool corrects;    /* what is said of the period: is told even when it moves nothing */
    uint32_t step;    /* once they are in order */
};

/* A figure that several series have together, changed by one of them. */
struct moves_change {
    int32_t window;  /* of a distinct kind */
    struct str name; /* of a roster; borrowed */
    uint32_t step;
    int32_t held; /* days whose figure holds, more or less */
    int64_t difference;
};

/* One indicator: that of the question or, of a ratio, one that it is made of. */
struct moves_leaf {
    struct moves *moves;
    size_t index;
    const struct framework_indicator *indicator;
    struct explain_group group;
    struct explain_group firsts; /* of a distinct kind: the count that stands beside its sets */
    int64_t *difference;         /* of each step; of step 0 the figure itself */
    struct moves_change *change;
    size_t change_count, change_room;
    int64_t value; /* at the step that is told */
};

struct moves {
    struct explaining *explaining;
    const struct closing *closing;
    struct moves_cause *cause;
    uint32_t *slot;  /* open addressing over causes: place + 1, 0 empty */
    uint32_t *order; /* places of causes, by step */
    size_t cause_count, cause_room, slots;
    uint64_t seed;
    bool in_order;
    uint32_t last_step; /* all causes from this one on are taken as one */
    uint64_t work;
    struct moves_leaf *leaf;
    size_t leaf_count;
};

/* ---- causes ---- */

int moves_too_much(const struct moves *moves);

/* What was given, by whom, when it came. */
struct moves_given {
    uint32_t source, vintage;
    int32_t day;
    const struct entry *entry; /* NULL: a number, a set */
};

/* From which step on it was there, and from which it is gone (MOVES_NEVER: it is there still). Before the causes are in
 * order it notes the causes, and steps are not known: only whether they are 0. */
int moves_span(struct moves *moves, const struct moves_given *given, uint32_t *came, uint32_t *gone);
void moves_note_correction(struct moves *moves, const struct moves_given *given);
void moves_put_in_order(struct moves *moves);

/* Writes the rows, of which each tells by how much its cause moved the figure; `difference` is by step. */
int moves_write(struct moves *moves, int64_t otherwise, const int64_t *difference);

/* ---- figures ---- */

/* Each adds to the differences or changes of its leaf. 0; 1: that was more work than there may be; below 0: `why`. */
int moves_series(struct moves_leaf *leaf, uint32_t series, bool numbers); /* numbers: its cells are sums */
int moves_sets(struct moves_leaf *leaf);   /* of a distinct kind, once its series were gone through */
void moves_names(struct moves_leaf *leaf); /* of a roster, likewise */

void moves_add(struct moves_leaf *leaf, uint32_t step, int64_t difference);
int moves_add_change(struct moves_leaf *leaf, const struct moves_change *change);
int32_t moves_window(const struct moves_leaf *leaf, int32_t day);

/* The work of looking at that many things again; whether that is too much by now. A single step never is. */
static inline bool moves_works(struct moves *moves, uint64_t things) {
    moves->work += things;
    return moves->work > MOVES_WORK_MAX && moves->last_step > 1;
}

static inline int64_t moves_minus(int64_t a, int64_t b) {
    return cell_add(a, b == INT64_MIN ? INT64_MAX : -b);
}

#endif
