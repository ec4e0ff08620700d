/* What is remarked of an indicator: how it was counted, and by whom, on which days. The same of days in a row is one
 * run. */
#ifndef SUIVI_DAEMON_BOOKS_REMARKS_H
#define SUIVI_DAEMON_BOOKS_REMARKS_H

#include "daemon/books/catalogue.h"
#include "daemon/books/withdrawals.h"
#include "proto/entry.h"

#define REMARKS_MAX 512 /* runs of one indicator; of more the latest are told */

struct remark {
    enum entry_remark remark;
    uint32_t series, source;
    struct dims about;      /* what it leaves out may have any value; borrowed from the catalogue */
    struct str title, note; /* borrowed from the snapshot */
    int32_t first, last;    /* days; a break or an event has one */
    uint32_t days;          /* on which it was said */
    bool changed;           /* this source counted by another method of that title before */
    int32_t before;         /* the day on which it was said last before `last` */
};

struct remarks { /* zero-initialise */
    struct remark *run;
    size_t count;
    bool dropped; /* there were more */
};

struct remarks_scope {
    struct store_snapshot *snapshot;
    struct catalogue *catalogue;
    const struct withdrawals *withdrawals; /* of that snapshot */
    const struct dims *where;              /* those that cannot be about these are left out; may be NULL */
    int32_t first, last;                   /* days */
    uint32_t vintage;                      /* what had come by its end; 0: all there is */
};

/* Adds those of one indicator. -EBADMSG: one is damaged; store errors. */
int remarks_add(struct remarks *remarks, const struct remarks_scope *scope, size_t indicator,
                struct fault *why);

/* By day, then by what is said, then by source. */
void remarks_sort(struct remarks *remarks);
int remarks_compare_said(const struct remark *a, const struct remark *b); /* kind, title and note */

/* Whether it can be about what has these values. */
bool remarks_are_about(const struct remark *remark, const struct str *dim, const struct str *value,
                       size_t count);

void remarks_clear(struct remarks *remarks); /* frees */

#endif
