/* Names known to the store, in memory: each series (indicator and dimensions) and each source by its number.
 * Numbers are given in order, from 0, and never change.
 *
 * The thread that drives intake adds; query threads read beside it. What was added and is not on disk yet is handed over
 * with catalogue_unsaved and put away with catalogue_saved, so a failed write loses nothing. */
#ifndef SUIVI_DAEMON_BOOKS_CATALOGUE_H
#define SUIVI_DAEMON_BOOKS_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "config/framework.h"
#include "daemon/books/names.h"
#include "daemon/books/quota.h"
#include "daemon/store/store.h"
#include "proto/dims.h"

#define CATALOGUE_SERIES_MAX  (64u << 20)
#define CATALOGUE_SOURCES_MAX (64u << 10)
#define CATALOGUE_ENTRIES_MAX (256u << 10) /* of one series (daemon/books/quota.h) */

/* What is remarked of an indicator (proto/entry.h) has series of its own, which hold nothing else: so no figure meets it,
 * and it may leave out dimensions. They are numbered among all others. Their mark says so. */
#define CATALOGUE_OF_REMARKS 0x40

struct catalogue;

/* Borrows `framework` and `store`. Reads what the store knows; -EINVAL when an indicator's kind is not what it was. */
int catalogue_new(struct catalogue **out, const struct framework *framework, struct store *store,
                  struct fault *why);
void catalogue_destroy(struct catalogue **catalogue);

const struct framework *catalogue_framework(const struct catalogue *catalogue);

/* Looks many series up by their keys (dims_series_key), which stand one after the other in `keys`: their numbers,
 * with the kind as `mark`; NAMES_NONE where one is not known. */
void catalogue_find(const struct catalogue *catalogue, const char *keys, const uint32_t *end, size_t count,
                    struct name_found *found);

/* The same for one, which is checked against the framework and added if it is new. -EINVAL with `why` for the
 * sender. */
int catalogue_series(struct catalogue *catalogue, struct str indicator, const struct dims *dims,
                     struct name_found *found, struct fault *why);

/* The series of what is remarked of these, likewise. */
int catalogue_remarks(struct catalogue *catalogue, struct str indicator, const struct dims *dims,
                      struct name_found *found, struct fault *why);

int catalogue_source(struct catalogue *catalogue, struct str name, uint32_t *id, struct fault *why);

/* How many entries the series have, CATALOGUE_ENTRIES_MAX at most. */
struct quota *catalogue_entries(const struct catalogue *catalogue);

/* The parts of a series' name as the store has it; `remarks` (may be NULL): it holds those. -EINVAL: it is none. Borrows
 * from `text`. */
int catalogue_parse_series(struct str text, enum kind *kind, bool *remarks, struct str *indicator,
                           struct dims *dims);

/* Names from the first one not yet saved to the last; `text` stays valid as long as the catalogue. */
struct catalogue_name {
    enum store_names table;
    uint32_t id;
    struct str text;
};

size_t catalogue_unsaved(const struct catalogue *catalogue, struct catalogue_name **out); /* caller frees */
void catalogue_saved(struct catalogue *catalogue, const struct catalogue_name *names, size_t count);

/* For query threads: calls back with each of the indicator's series until a result other than 0, which is
 * returned. `dims` is borrowed for the call. */
int catalogue_each_series(struct catalogue *catalogue, size_t indicator,
                          int (*visit)(void *arg, uint32_t series, const struct dims *dims), void *arg);
int catalogue_each_remarks(struct catalogue *catalogue, size_t indicator,
                           int (*visit)(void *arg, uint32_t series, const struct dims *dims), void *arg);

#endif
