/* What explain.c (the question, the figure, the answer), explain_parts.c (who gave what), explain_moves.c (what
 * came after the closing), explain_words.c (what it meant), explain_gone.c (what the plan has no more) and
 * explain_remarks.c (how it was counted, and what else was remarked) share. */
#ifndef SUIVI_DAEMON_ANSWERS_EXPLAIN_PRIV_H
#define SUIVI_DAEMON_ANSWERS_EXPLAIN_PRIV_H

#include "daemon/answers/explain.h"
#include "daemon/books/known.h"
#include "daemon/books/withdrawals.h"
#include "daemon/figures/closings.h"
#include "daemon/figures/fold.h"

/* The series of one indicator that the figure is made of, rising. */
struct explain_group {
    size_t indicator;
    uint32_t *series;
    size_t count, room;
};

struct explaining {
    const struct message_explain *question;
    const struct framework *framework;
    struct catalogue *catalogue;
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct closings *closings;
    size_t index;
    const struct framework_indicator *indicator; /* NULL: the plan has it no more */
    struct period period;
    int32_t today;
    struct explain_group group,
        firsts; /* the latter: of a distinct kind, the count of firsts that it takes */
    struct wire_writer *list[MESSAGE_LISTS];
    uint32_t count[MESSAGE_LISTS];
    uint64_t more; /* rows that have no room */
    struct fault *why;
};

/* Whether the list takes one more row, which is then to be written and counted; else it is counted as not told. */
bool explain_room(struct explaining *explaining, enum message_list list);

/* Whether it has room for more than that many rows; counts nothing. */
bool explain_room_left(const struct explaining *explaining, enum message_list list, uint32_t rows);

/* The series of `indicator` that have the values asked for. To be freed: group->series. */
void explain_gather(const struct explaining *explaining, size_t indicator, struct explain_group *group);

int explain_source(const struct explaining *explaining, uint32_t source, struct str *name);

/* The figure of an indicator as it was known at the end of a vintage; 0: now. */
struct explain_figure {
    bool any; /* else there is none, and the value is 0 */
    enum message_state state;
    int64_t value;
    unsigned decimals;
    uint32_t heard, days;
    bool has_on_time;
    int64_t on_time;
    char note[FOLD_NOTE_MAX];
};
int explain_fold(const struct explaining *explaining, size_t indicator, uint32_t vintage, bool coverage,
                 struct explain_figure *out);

/* What the closing tells of it: as it was kept, else as it was known then, unless the plan means something else by it
 * now: then there is none, and a note. */
int explain_reported(const struct explaining *explaining, const struct closing *closing, size_t indicator,
                     struct explain_figure *out);

/* Parts, entries and withdrawals. */
int explain_parts(struct explaining *explaining);

/* What was remarked of its days (explain_remarks.c). */
int explain_remarks(struct explaining *explaining);

/* What came after the closing that tells what was reported (explain_moves.c, explain_steps.c). */
int explain_moves(struct explaining *explaining, const struct closing *closing);

/* The closings that hold the period. */
void explain_closings(struct explaining *explaining);

/* What the indicator meant: the changes of that, and what it was at each closing that holds the period. */
int explain_words(struct explaining *explaining, struct str indicator);

/* What the plan has no more, as it was reported. -EINVAL with `why`: not of this period, or it never had it. */
int explain_gone(struct explaining *explaining, struct frames *answer);

/* Writes the answer: `head` as far as it is not told by the lists. */
void explain_answer(const struct explaining *explaining, struct message_explanation *head,
                    struct frames *answer);

#endif
