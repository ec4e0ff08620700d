/* A mapping: how the rows of a CSV file become entries of indicators (docs/record.md). A loaded mapping never
 * changes; all of it is borrowed from it. */
#ifndef SUIVI_CONFIG_MAPPING_H
#define SUIVI_CONFIG_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/dims.h"
#include "proto/fault.h"

/* A condition on a column: it has one of these values, or it has any (none), or it is a day not after that of the file. */
struct mapping_condition {
    const char *column;
    const char *const *values;
    size_t value_count; /* 0: `filled` or `until_file` says it */
    bool filled, until_file;
};

/* What a column in which words decide may hold beside the words that conditions name. */
struct mapping_words {
    const char *column;
    const char *const *values; /* "": nothing */
    size_t value_count;
    bool any; /* whatever stands there */
};

/* Where a dimension's value comes from: a column, maybe by a table of words, or it is fixed. */
struct mapping_dim {
    const char *name, *column, *fixed; /* one of the latter two is NULL */
    const char *const *from, *const *to;
    size_t word_count;
};

enum mapping_value {
    MAPPING_FIXED, /* the number */
    MAPPING_COLUMN,
    MAPPING_ROWS, /* how many rows there are, of each day and set of dimensions */
};

struct mapping_entry {
    const char *indicator;
    const char *at_column; /* NULL: the day that is said for the whole file */
    enum mapping_value form;
    int64_t number;
    const char *value_column, *name_column; /* NULL: none */
    struct mapping_dim dim[DIMS_MAX];
    size_t dim_count;
    struct mapping_condition *conditions;
    size_t condition_count;
};

struct mapping {
    unsigned magic;
    const char *name;        /* of the list that its files are; NULL: none */
    const char *encoding;    /* a name for iconv */
    char delimiter;          /* '\0': found out from the header */
    const char *dates;       /* as strptime has it */
    const char *const *keys; /* columns that tell a row from all others of a file; there may be none */
    size_t key_count;
    struct mapping_words *words; /* of columns that conditions name */
    size_t words_count;
    struct mapping_entry *entries;
    size_t entry_count;
    struct mapping_content *content;
};

/* -EINVAL with `why`, which names file, line and mend; or the errno of a file that cannot be read. */
int mapping_load(struct mapping **out, const char *path, struct fault *why);
void mapping_destroy(struct mapping **mapping);

/* Reads a day written by a format such as "%d/%m/%Y", all of `text`. -EINVAL with `why`: also 31 February. */
int mapping_parse_date(const char *text, const char *format, int32_t *day, struct fault *why);

#endif
