/* What query.c (what is asked, and the answer's frames), query_figures.c (one indicator's figures as known and as
 * reported), query_gaps.c (periods without one), query_breaks.c (where the definition changed), query_remarks.c (where
 * the way of counting did), query_outside.c (what outsiders are not told) and query_gone.c (what the plan has no more)
 * share. */
#ifndef SUIVI_DAEMON_ANSWERS_QUERY_PRIV_H
#define SUIVI_DAEMON_ANSWERS_QUERY_PRIV_H

#include "daemon/answers/query.h"
#include "daemon/books/remarks.h"
#include "daemon/figures/closings.h"
#include "daemon/figures/fold.h"
#include "daemon/figures/kept.h"

/* The question, understood. */
struct query_scope {
    const struct message_query *query;
    const struct framework *framework;
    struct catalogue *catalogue;
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct closings *closings; /* NULL: nothing is closed, or it does not matter */
    enum period_type by;
    int32_t first, last; /* days; whole periods of `by` */
    bool open_start, open_end;
    bool has_sum_of;
    enum period_type sum_of;
    int32_t today;    /* a day; as of a day: not after that one */
    int64_t known_at; /* Unix time; INT64_MAX: now */
    uint32_t vintage; /* as of a day; 0: all there is */
    bool too_early;   /* as of a day when nothing was known yet */
    bool outside;     /* who asks is not of the organisation */
};

/* A row of the answer. */
struct query_figure {
    int32_t period; /* its first day */
    uint32_t group;
    enum message_state state;
    int64_t value;
    bool has_reported;
    int64_t reported;
    unsigned decimals; /* of value and reported, where there is any of them */
    uint32_t heard, days;
    bool has_on_time;
    int64_t on_time;
    size_t note;            /* where it begins among all notes */
    bool not_kept;          /* missing, since it cannot be told as it was reported */
    bool stands_for_others; /* withheld, and tells of no breakdown of its own */
};

struct query_list {
    struct query_figure *figure;
    size_t count, room;
};

/* Those of one indicator. */
struct query_figures {
    const struct query_scope *scope;
    size_t indicator;
    struct str split[DIMS_MAX]; /* borrowed; what they are broken down by */
    size_t split_count;
    const struct dims *where; /* NULL: nothing */
    struct query_list shown;  /* by period and then by breakdown */
    struct kept kept;         /* a breakdown may have more than one group */
};

/* All that the question asks for, in order. `figures` is to be cleared whatever comes of it. */
int query_figures_make(struct query_figures *figures, const struct query_scope *scope, size_t indicator,
                       struct fault *why);

void query_figures_clear(struct query_figures *figures);

int query_figures_add(const struct query_figures *figures, struct query_list *list,
                      const struct query_figure *figure, struct fault *why);
int query_figures_compare_groups(const struct query_figures *figures, uint32_t a, uint32_t b);
struct period query_period(const struct query_scope *scope, int32_t first);

/* Puts in a row for each period without a figure that was asked for. */
int query_fill_gaps(struct query_figures *figures, struct fault *why);

#define QUERY_BREAKS_MAX 64 /* of one indicator; older ones are not told */

/* Where an indicator's definition changed. */
struct query_break {
    int32_t since;
    bool of_version;    /* its version is another than that of the one before */
    struct str version; /* borrowed from the snapshot */
};

struct query_breaks { /* zero-initialise */
    const struct query_scope *scope;
    const struct query_figures *figures;
    struct query_break change[QUERY_BREAKS_MAX];
    size_t definitions;
    struct str version;     /* of the last one */
    struct remarks remarks; /* sorted */
    bool by_several;        /* methods of one title, by whatever source and on whatever days */
    uint32_t *rank;         /* by group: of its breakdown */
    int32_t *before;        /* by rank: the last day of the last period that has a figure */
};

int query_breaks_load(struct query_breaks *breaks, const struct query_figures *figures, struct fault *why);
void query_breaks_clear(struct query_breaks *breaks);

/* The note of the next figure, in their order: its own one, and where the definition or the way of counting changed since
 * the figure before. */
const char *query_breaks_note(struct query_breaks *breaks, const struct query_figure *figure,
                              const struct period *period, const char *own,
                              char note[static MESSAGE_TEXT_MAX + 1]);

/* A note that grows by sentences. Those that have no room are left out, and all after them. */
struct query_note {
    const char *own;
    char *text; /* MESSAGE_TEXT_MAX + 1 */
    size_t len; /* 0: it is still the own one */
    bool full;
};

__attribute__((format(printf, 2, 3))) void query_note_add(struct query_note *note, const char *format, ...);

/* The remarks on an indicator; of a ratio those on what it is made of. */
int query_remarks_load(struct query_breaks *breaks, struct fault *why);

/* Adds what is remarked of a figure, the one before it having ended with the day `before`. */
void query_remarks_note(const struct query_breaks *breaks, const struct query_figure *figure,
                        const struct period *period, int32_t before, struct query_note *note);

/* Whether a figure of that period is the first of its breakdown from that day on, of those that the question asks for. */
bool query_is_first_since(const struct query_breaks *breaks, const struct period *period, int32_t before,
                          int32_t since);

/* Takes out what would tell outsiders too much; `question` is the one that its figures answer. */
int query_withhold(struct query_figures *figures, const struct fold_question *question, struct fault *why);

/* The closed periods of which any figure by these dimensions was reported as another than is known now. */
int query_each_restated(const struct query_figures *of, const struct str *dim, size_t dims,
                        void (*found)(void *arg, int32_t period), void *arg, struct fault *why);

/* Indicators that the plan has no more, of which something was reported; by id. */
struct query_gone { /* zero-initialise */
    struct str *id; /* borrowed from the closings */
    size_t count, room;
};

/* Those of the closings that tell what was reported of a period asked for. Patterns that mean one, of whatever period, are
 * set in `found`. */
int query_gone_find(struct query_gone *gone, const struct query_scope *scope, bool *found, struct fault *why);
void query_gone_clear(struct query_gone *gone);

/* How one is told, by the words of its last definition, and what was reported of it. */
int query_gone_head(const struct query_scope *scope, struct str id, struct message_indicator *head,
                    struct fault *why);
int query_gone_figures(const struct query_scope *scope, struct str id,
                       int (*tell)(void *arg, const struct message_figure *figure, struct fault *why),
                       void *arg, struct fault *why);

#endif
