/* Closed periods: the figures as they were reported, kept for good under a digest. A row for each, by the period's
 * text; never changed. */
#ifndef SUIVI_DAEMON_FIGURES_CLOSINGS_H
#define SUIVI_DAEMON_FIGURES_CLOSINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/framework.h"
#include "daemon/books/catalogue.h"
#include "daemon/books/withdrawals.h"
#include "daemon/store/store.h"
#include "proto/dims.h"
#include "proto/message.h"
#include "proto/period.h"

#define CLOSING_BYTES_MAX (128u << 20) /* of the figures of one closing */
#define CLOSING_DIGEST    32
#define CLOSING_NOTE_MAX  255 /* of a figure */

struct closing {
    struct period period;
    uint32_t vintage;               /* which it ends */
    int64_t at;                     /* Unix time */
    struct str note;                /* borrowed, as the others */
    uint8_t digest[CLOSING_DIGEST]; /* SHA-256 of `figures` */
    uint64_t figure_count;
    struct str figures; /* MessagePack, see closings_priv.h */
};

struct closings;

/* As they are in the snapshot, by time of closing. */
int closings_load(struct closings **out, struct store_snapshot *snapshot, struct fault *why);
void closings_destroy(struct closings **closings);
size_t closings_count(const struct closings *closings);
const struct closing *closings_at(const struct closings *closings, size_t index);

/* The closing that tells what was reported of a period: its own, else that of the shortest closed one that holds it
 * whole; NULL: it is open. */
const struct closing *closings_of(const struct closings *closings, const struct period *period);

/* One kept figure of a closing: `dims` empty for the total. -ENOENT: it was not kept; -EBADMSG with `why`: the closing is
 * damaged. */
struct closing_figure {
    struct str indicator;
    struct dims dims;
    enum message_state state;
    int64_t value;
    unsigned decimals;
    uint32_t heard, days;
    bool has_on_time; /* milestones, in closings that kept it */
    int64_t on_time;
    struct str note; /* with it: what was said of the due ones; at most CLOSING_NOTE_MAX bytes */
    struct str method_version;
};
int closing_find(const struct closing *closing, struct str indicator, const struct dims *dims,
                 struct closing_figure *out, struct fault *why);

/* Writes a value with more decimals: 58 with 1 is 580 with 2. False: it would have no room, and stays. */
bool closing_scale(int64_t *value, unsigned decimals, unsigned wanted);

/* Each indicator that it kept figures of, by id; and each kept figure of one, the total first, whose dimensions are
 * borrowed for the call. A result other than 0 ends the walk and is returned; -EBADMSG with `why`: the closing is damaged. */
int closing_each_indicator(const struct closing *closing, int (*visit)(void *arg, struct str indicator),
                           void *arg, struct fault *why);
int closing_each_figure(const struct closing *closing, struct str indicator,
                        int (*visit)(void *arg, const struct closing_figure *figure), void *arg,
                        struct fault *why);

/* Writes it as a message_closing_row. */
void closing_write_row(const struct closing *closing, struct wire_writer *rows);

/* The first `bytes` of a digest in hexadecimal. */
void closing_print_digest(const struct closing *closing, size_t bytes, char *out);

/* The figures of a period that is over, as they are known in `snapshot`: of every indicator the total, and all
 * that it is broken down to by all its dimensions. */
struct closing_task {
    const struct framework *framework;
    struct catalogue *catalogue;
    struct store_snapshot *snapshot;
    const struct withdrawals *withdrawals; /* of that snapshot */
    struct period period;
    int32_t today;
};

/* Writes them to the empty `figures`, which takes CLOSING_BYTES_MAX. -E2BIG: they are too many; store errors. */
int closing_make(struct wire_writer *figures, uint64_t *count, const struct closing_task *task,
                 struct fault *why);

/* Adds a row, and sets `digest`. */
int closings_put(struct store_write *write, struct closing *closing, struct fault *why);

/* Whether it is a row whose digest is right, for who checks the store. */
bool closings_valid(struct str key, struct str row);

#endif
