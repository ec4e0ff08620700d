/* What acts.c (reading, closing, replies) and acts_withdraw.c share. */
#ifndef SUIVI_DAEMON_INTAKE_ACTS_PRIV_H
#define SUIVI_DAEMON_INTAKE_ACTS_PRIV_H

#include "daemon/intake/acts.h"

struct withdrawing {
    struct str source, from, to, reason;
    int64_t now;
};

struct withdrawn {
    int32_t first, last; /* days */
    uint64_t figures;    /* cells of days and entries that count no more */
};

/* As act_run; `out` is only written on success. */
int act_withdraw(const struct withdrawing *ask, struct store_write *write, struct withdrawn *out,
                 struct fault *why);

#endif
