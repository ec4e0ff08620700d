/* The lists of a run: what lies at each one's paths is read and counted, and a person told what was not right. */
#ifndef SUIVI_LISTSERV_LISTS_H
#define SUIVI_LISTSERV_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/collector/terminal.h"
#include "clients/lib/suivi.h"
#include "clients/listserv/archive.h"
#include "clients/listserv/census.h"
#include "clients/listserv/walk.h"
#include "proto/fault.h"

#define LISTS_PROGRAM "suivi-listserv"

struct list {
    const char *name;
    char *const *paths;
    size_t path_count;
};

struct lists;

struct lists_options {
    struct suivi *suivi; /* NULL: a dry run without a state */
    const char *state;   /* the directory */
    const struct list *lists;
    size_t count;
    bool dry, stays;
};

struct lists_total {
    struct census_sums sums;
    bool failed; /* something was said that was wrong with a path */
};

/* Borrows all. */
int lists_open(struct lists **out, const struct lists_options *options, struct fault *why);
void lists_close(struct lists **lists);

/* Reads what is new, and commits it list by list. -ENOSPC: everything is still held; lists_finish before anything else. */
int lists_read(struct lists *lists, struct fault *why);

/* Saves what is still held, and destroys the keys of months that are over. -ENOSPC: call it again. */
int lists_finish(struct lists *lists, struct fault *why);

/* Directories in which something may change, of the last reading. */
const char *const *lists_folders(const struct lists *lists, size_t *count);

/* Something that is not right: it is said, once by who stays, and the run is no success. */
void lists_complain(struct lists *lists, const char *sentence);

struct lists_total lists_total(const struct lists *lists);

#endif
