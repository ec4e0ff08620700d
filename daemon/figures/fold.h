/* The figures of one indicator, from one snapshot: its cells and entries folded by its kind into periods and
 * breakdowns (docs/kinds.md). On any thread. Questions, closings, explanations and duties all ask here. */
#ifndef SUIVI_DAEMON_FIGURES_FOLD_H
#define SUIVI_DAEMON_FIGURES_FOLD_H

#include "config/framework.h"
#include "daemon/books/catalogue.h"
#include "daemon/books/withdrawals.h"
#include "daemon/store/store.h"
#include "proto/message.h"

#define FOLD_ITEMS_MAX                                                                                       \
    (4u << 20) /* cells and entries that one question may bring together for one indicator */
#define FOLD_FIGURES_MAX (1u << 20)
#define FOLD_NOTE_MAX    256

struct fold_question {
    const struct framework *framework;
    struct catalogue *catalogue;
    struct store_snapshot *snapshot;
    const struct withdrawals *withdrawals; /* of that snapshot */
    size_t indicator;
    enum period_type by;
    int32_t first, last; /* days; whole periods of `by` */
    bool
        open_end; /* nobody said where to end: what is carried forward ends with the plan, or with what was said
                          * last, whichever is later */
    int32_t today; /* a day */
    const struct str *split;
    size_t split_count;
    const struct dims *where; /* may be NULL */
    bool has_sum_of;
    enum period_type sum_of;
    uint32_t vintage; /* what had come by its end; 0: all there is */
    bool coverage;    /* count heard and days, which takes a walk over days */
};

struct fold_figure {
    int32_t period;           /* its first day */
    uint32_t group;           /* a number of the breakdown, from 0, the same in all its figures of one run */
    const struct str *dim;    /* values, split_count of them; borrowed for the call */
    enum message_state state; /* VALUE, or MISSING of a ratio whose denominator is 0 */
    int64_t value;
    uint32_t heard, days;
    bool has_on_time;
    int64_t on_time;  /* milestones: how many were done by their due day */
    double error;     /* the standard error of the value, at most; 0: it is exact */
    const char *note; /* may be empty; says nothing of the error */
};

/* Calls back with each figure that there is, by period and then by dimensions, until a result other than 0, which is
 * returned. -EINVAL: this may not be added up so; -E2BIG: too much; store errors. */
int fold_run(const struct fold_question *question,
             int (*figure)(void *arg, const struct fold_figure *figure, struct fault *why), void *arg,
             struct fault *why);

/* Of what is counted within windows: in which; as long as the figures' periods, or shorter: then they are sums. */
enum period_type fold_window(const struct fold_question *question);

/* The series of those who were counted one by one that stands beside a series of a distinct kind for a single day. 1: there is
 * one; 0: none; below: `why`. */
int fold_firsts_beside(const struct fold_question *question, uint32_t series, uint32_t *firsts,
                       struct fault *why);

/* A ratio of two values; 0 when the one below is 0. */
int64_t fold_divide(const struct framework *framework, size_t ratio, int64_t above, int64_t below);

/* A figure's note with its error, if it has one: "± 0.8 %". */
const char *fold_figure_note(const struct fold_figure *figure, char note[static FOLD_NOTE_MAX]);

/* What holds of all its figures ("sum of months"), or "". */
const char *fold_note(const struct fold_question *question, char note[static FOLD_NOTE_MAX]);

#endif
