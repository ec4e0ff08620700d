/* What due.c (the question, sources, the answer's frames), due_entered.c (milestones and statuses) and due_figures.c
 * (all else that is measured) share. */
#ifndef SUIVI_DAEMON_ANSWERS_DUE_PRIV_H
#define SUIVI_DAEMON_ANSWERS_DUE_PRIV_H

#include "daemon/answers/due.h"
#include "daemon/books/known.h"
#include "daemon/books/withdrawals.h"

#define DUE_NOTE_MAX 96

struct duty {
    enum message_duty_state state;
    bool has_indicator;
    size_t indicator;
    struct str key;    /* owned: the series (dims_series_key); empty: not of one */
    struct str source; /* of a source: its name, borrowed from the snapshot */
    bool has_period;
    struct period period;
    int32_t due; /* unless it is of a source */
    int64_t value, target, heard;
    char note[DUE_NOTE_MAX];
};

struct duties {
    const struct framework *framework;
    struct catalogue *catalogue;
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    int32_t today;     /* really */
    int32_t on, until; /* the day asked for; the last day that counts as soon */
    struct duty *duty;
    size_t count, room;
    struct fault *why;
};

/* Takes over `duty`, but copies its key. -E2BIG */
int due_add(struct duties *duties, const struct duty *duty);

/* The periods of the indicator's frequency, from the one that the plan begins in to the last that has begun by the
 * day asked for. false: there is none (any more). */
bool due_first_period(const struct duties *duties, size_t indicator, struct period *out);
bool due_next_period(const struct duties *duties, struct period *period);

int due_milestone(struct duties *duties, size_t indicator);
int due_status(struct duties *duties, size_t indicator);
int due_figure(struct duties *duties, size_t indicator);

#endif
