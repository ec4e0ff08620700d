/* What the daemon has already of one series: the entries behind a figure, as suivi_explain tells them. */
#ifndef SUIVI_CLI_ALREADY_H
#define SUIVI_CLI_ALREADY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "proto/dims.h"
#include "proto/fault.h"

struct already_entry {
    uint64_t id;
    int64_t at, recorded, value;
    bool counts; /* as what it says; a retraction says nothing */
    bool
        alive; /* neither retracted nor withdrawn nor superseded, though a corrected figure may hold in its place */
    bool removed;
    bool holds;                                 /* the value is the figure of its day */
    char *source, *state, *name, *title, *done; /* "" where there is none */
    struct suivi_dim dims[DIMS_MAX];
    size_t dim_count;
};

struct already { /* zeros: nothing */
    struct already_entry *entry;
    size_t count;
    uint64_t more; /* rows that the daemon did not tell */
    bool has_value;
    int64_t value; /* the figure */
};

/* Asks for the period's entries of all series that have `dims`. 0, or a negative errno with `why`. */
int already_ask(struct already *already, struct suivi *client, const char *indicator, const char *period,
                const struct suivi_dim *dims, size_t dim_count, int timeout_ms, struct fault *why);
void already_free(struct already *already);

/* The entry that counts and holds: of this day (`name`: of that name, NULL: any), the last one said. NULL: none. */
const struct already_entry *already_last(const struct already *already, int32_t day, const char *name);

/* The same of the series with just these dimensions. */
const struct already_entry *already_last_of(const struct already *already, int32_t day,
                                            const struct suivi_dim *dims, size_t dim_count);

/* The corrected figure of that day which holds. NULL: none does. */
const struct already_entry *already_holding(const struct already *already, int32_t day);

/* The one of that id that is alive, else another. */
const struct already_entry *already_by_id(const struct already *already, uint64_t id);

/* Now, or just after the last of them was said: so that the last word of a second is not left to chance. */
int64_t already_later(const struct already *already);

#endif
