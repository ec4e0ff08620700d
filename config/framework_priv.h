/* Shared by framework*.c only. */
#ifndef SUIVI_CONFIG_FRAMEWORK_PRIV_H
#define SUIVI_CONFIG_FRAMEWORK_PRIV_H

#include <stdint.h>

#include "config/document.h"
#include "config/framework.h"
#include "proto/due.h"

#define FRAMEWORK_MAGIC 0x7f3a3e02u

#define INDICATORS_MAX 4096
#define DIMENSIONS_MAX 64
#define VALUES_MAX     4096
#define AREAS_MAX      256
#define FEEDS_MAX      64
#define FEEDERS_MAX    16
#define TARGETS_MAX    256
#define LANGUAGES_MAX  32
#define LANGUAGE_MAX   16 /* bytes of a language's tag */
/* Of the framework's name, a code, a unit, a feeder, a method's version, a number. */
#define NAME_MAX_BYTES    64
#define SOURCE_MAX_BYTES  128  /* of a source's name or glob */
#define TEXT_MAX_BYTES    4096 /* of a method, a definition */
#define FEEDERS_MAX_BYTES 500  /* of all who feed an indicator, joined by ", " */

/* What libcyaml fills in. It stays for as long as the framework, whose views borrow from it. */
struct dimension {
    char *name;
    char **values; /* NULL: any value */
    unsigned values_count;
};

struct area_entry {
    char *code, *parent;
};

struct feed_entry {
    char *source, *every;
};

struct rule_entry { /* target */
    char *value, *per;
};

struct goal_entry { /* of targets, baseline */
    char *period, *value;
};

struct firsts_entry {
    char *day, *month, *quarter, *half, *year, *biennium;
};

struct indicator_entry {
    char *id, *code, *area, *kind, *frequency, *window, *since, *unit, *method, *method_version, *due;
    char *small_number, *numerator, *denominator, *factor, *decimals;
    char **dimensions;
    unsigned dimensions_count;
    char **fed_by;
    unsigned fed_by_count;
    struct rule_entry *target;
    struct goal_entry *targets;
    unsigned targets_count;
    struct goal_entry *baseline;
    struct firsts_entry *firsts;
};

struct content {
    char *name, *plan, *small_numbers;
    char **languages;
    unsigned languages_count;
    struct area_entry *areas;
    unsigned areas_count;
    struct feed_entry *sources;
    unsigned sources_count;
    struct dimension *dimensions;
    unsigned dimensions_count;
    struct indicator_entry *indicators;
    unsigned indicators_count;
};

/* Texts by language; owned. */
struct text {
    char *language, *text;
};

struct texts {
    struct text *at;
    size_t count;
};

struct goal {
    struct period period;
    int64_t value;
};

struct targets {
    bool has_rule, has_baseline;
    int64_t value; /* the rule: so much ... */
    enum period_type per;
    struct goal *goals;
    size_t count;
    struct goal baseline;
};

struct indicator {
    struct framework_indicator public;
    const struct indicator_entry *entry;
    const struct dimension *dim[DIMS_MAX];
    struct texts labels, definitions;
    struct due due;
    struct targets targets;
    size_t firsts[PERIOD_PLAN]; /* by type of period: index + 1; 0: none */
    int64_t small_number;
    unsigned depth; /* of a ratio: 1 more than its deepest operand; others 0 */
    uint64_t meaning;
};

struct framework {
    unsigned magic;
    struct content *content;
    struct period plan;
    struct texts title;
    enum period_type *feeds; /* every */
    struct indicator *indicators;
    size_t count;     /* of those filled in */
    uint32_t *sorted; /* their indexes, by id */
};

/* A framework under construction. All that reads it goes on after a fault; the document tells each. */
struct loading {
    struct framework *framework;
    const struct document *document;
};

/* Say what is wrong with a node; they return -EINVAL. */
#define FAULT(l, node, ...) document_fault((l)->document, NULL, (node), __VA_ARGS__)

/* Takes over the texts under `node`, whose languages are the framework's; none longer than `max` bytes. */
int loading_texts(struct loading *l, const char *node, size_t max, struct texts *out);
void loading_free_texts(struct texts *texts);

/* A number of digits, with at most `decimals` of them after a point and times ten to that power in `*out`:
 * "12.5" with 1 is 125. -EINVAL, said of the node, when it is none or above `max`. */
int loading_number(struct loading *l, const char *node, const char *text, unsigned decimals, int64_t max,
                   int64_t *out);

int loading_period_type(struct loading *l, const char *node, const char *text, enum period_type *out);

/* The parts of the file, in this order. */
void loading_plan(struct loading *l); /* all but the indicators */
void loading_indicators(struct loading *l);
void loading_calendar(struct loading *l, size_t index); /* of one indicator: due, targets, baseline */
void loading_firsts(struct loading *l);                 /* after the indicators are sorted */
void loading_ratios(struct loading *l);                 /* after the firsts, and what all means */

/* The index of the indicator that a field of another names; -ENOENT, said of the field: there is none. */
int loading_find(struct loading *l, const char *node, const char *id);

/* The path of a field of an indicator. */
const char *loading_field(size_t index, const char *name, char node[static DOCUMENT_PATH_MAX]);

/* Of an indicator that is complete, and whose operands have theirs. */
uint64_t framework_meaning_of(const struct framework *framework, size_t index);

struct str framework_text_in(const struct texts *texts, struct str language, struct str otherwise);

#endif
