/* Shared by framework*.c only. */
#ifndef SUIVI_CONFIG_FRAMEWORK_PRIV_H
#define SUIVI_CONFIG_FRAMEWORK_PRIV_H

#include <stdint.h>

#include "config/framework.h"

#define FRAMEWORK_MAGIC 0x7f3a3e02u

/* What libcyaml fills in. It stays for as long as the framework, whose views borrow from it. */
struct dimension {
    char *name;
    char **values; /* NULL: any value */
    unsigned values_count;
};

struct entry {
    char *id, *code, *kind, *frequency, *window, *method, *method_version;
    char **dimensions;
    unsigned dimensions_count;
};

struct content {
    char *name, *plan;
    char **languages;
    unsigned languages_count;
    struct dimension *dimensions;
    unsigned dimensions_count;
    struct entry *indicators;
    unsigned indicators_count;
};

struct label {
    char *language, *text;
};

struct indicator {
    struct framework_indicator public;
    const struct dimension *dim[DIMS_MAX];
    struct label *labels;
    size_t label_count;
};

struct framework {
    unsigned magic;
    struct content *content;
    struct period plan;
    struct indicator *indicators;
    size_t count;     /* of those filled in */
    uint32_t *sorted; /* their indexes, by id */
};

#endif
