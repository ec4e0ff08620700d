#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/document_priv.h"
#include "proto/check.h"

#define KEYS_MAX  32 /* keys of one mapping in any schema of ours */
#define WORD_MAX  32 /* longer words are not compared */
#define DEPTH_MAX 8

/* A node on the way down, and what to call it. */
struct place {
    const struct document *document;
    const yaml_node_t *node;
    const char *key; /* of the mapping it lies in, itself or through a list; NULL: the whole file */
    bool entry;      /* it is an entry of the list under `key` */
    unsigned depth;
};

static int refuse(const struct place *place, struct fault *why, const yaml_node_t *node, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

static int refuse(const struct place *place, struct fault *why, const yaml_node_t *node, const char *format,
                  ...) {
    va_list args;
    va_start(args, format);
    int err = document_fault_at(place->document, why, node, format, args);
    va_end(args);
    return err;
}

/* The value itself is not what it should be: nothing more need be said of it. */
static void mark_wrong(const struct place *place) {
    place->document->wrong[place->node - place->document->nodes.nodes.start] = true;
}

/* Whether to stop at this. */
static bool enough(const struct place *place, int err) {
    return err && place->document->found == NULL;
}

/* "the file", "\"kind\"" or "an entry of \"indicators\"". */
static const char *called(const struct place *place, char text[static 96]) {
    if (place->key == NULL) {
        return "the file";
    }
    snprintf(text, 96, "%s\"%s\"", place->entry ? "an entry of " : "", place->key);
    return text;
}

static int wrong_type(const struct place *place, const char *wanted, struct fault *why) {
    static const char *const names[] = {
        [YAML_NO_NODE] = "nothing",
        [YAML_SCALAR_NODE] = "a single value",
        [YAML_SEQUENCE_NODE] = "a list",
        [YAML_MAPPING_NODE] = "a set of keys",
    };
    char text[96];
    mark_wrong(place);
    return refuse(place, why, place->node, "%s must be %s, not %s", called(place, text), wanted,
                  names[place->node->type]);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) that turn one word into the other: row i, column j is
 * for the first i and j letters. */
static size_t edits(struct str a, struct str b) {
    size_t table[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= a.len; i++) {
        for (size_t j = 0; j <= b.len; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = i + j;
                continue;
            }
            size_t replace = table[i - 1][j - 1] + (a.at[i - 1] != b.at[j - 1]);
            table[i][j] = least(replace, least(table[i - 1][j], table[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1]) {
                table[i][j] = least(table[i][j], table[i - 2][j - 2] + 1);
            }
        }
    }
    return table[a.len][b.len];
}

const char *document_similar(struct str word, const char *const *among, size_t count) {
    const char *found = NULL;
    size_t best = word.len > 4 ? 3 : 2; /* one slip more than this is another word */
    for (size_t i = 0; i < count && word.len <= WORD_MAX; i++) {
        struct str other = str_of(among[i]);
        size_t distance = other.len <= WORD_MAX ? edits(word, other) : best;
        if (distance < best && distance < other.len) {
            best = distance;
            found = among[i];
        }
    }
    return found;
}

static int unknown_key(const struct place *place, const yaml_node_t *key, const cyaml_schema_field_t *fields,
                       struct fault *why) {
    const char *known[KEYS_MAX];
    size_t count = 0;
    char all[256] = "";
    for (const cyaml_schema_field_t *f = fields; f->key != NULL; f++) {
        ASSERT(count < KEYS_MAX);
        known[count++] = f->key;
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", len ? ", " : "", f->key);
    }
    struct str word = document_scalar(key);
    const char *similar = document_similar(word, known, count);
    if (similar != NULL) {
        return refuse(place, why, key, "unknown key \"%.*s\" (did you mean \"%s\"?)", STR_ARG(word), similar);
    }
    char text[96];
    return refuse(place, why, key, "unknown key \"%.64s\": %s can have %s", word.at, called(place, text),
                  all);
}

static int check_node(const struct place *place, const cyaml_schema_value_t *schema, struct fault *why);

static int check_pair(const struct place *place, const cyaml_schema_field_t *fields,
                      const yaml_node_pair_t *pair, const yaml_node_t **seen, struct fault *why) {
    const yaml_node_t *key = document_node(place->document, pair->key);
    if (key->type != YAML_SCALAR_NODE) {
        return refuse(place, why, key, "a key must be a single word");
    }
    const cyaml_schema_field_t *f = fields;
    while (f->key != NULL && !str_equal(document_scalar(key), str_of(f->key))) {
        f++;
    }
    if (f->key == NULL) {
        return unknown_key(place, key, fields, why);
    }
    if (seen[f - fields] != NULL) {
        return refuse(place, why, key, "\"%s\" stands here a second time; the first is on line %zu", f->key,
                      seen[f - fields]->start_mark.line + 1);
    }
    seen[f - fields] = key;
    struct place inner = {place->document, document_node(place->document, pair->value), f->key, false,
                          place->depth + 1};
    return check_node(&inner, &f->value, why);
}

static int check_mapping(const struct place *place, const cyaml_schema_field_t *fields, struct fault *why) {
    const yaml_node_t *map = place->node;
    if (map->type != YAML_MAPPING_NODE) {
        return wrong_type(place, "a set of keys", why);
    }
    const yaml_node_t *seen[KEYS_MAX] = {NULL};
    int err = 0;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
         p < map->data.mapping.pairs.top && !enough(place, err); p++) {
        int one = check_pair(place, fields, p, seen, why);
        err = one ? one : err;
    }
    for (const cyaml_schema_field_t *f = fields; f->key != NULL && !enough(place, err); f++) {
        if (seen[f - fields] == NULL && !(f->value.flags & CYAML_FLAG_OPTIONAL)) {
            char text[96];
            err = refuse(place, why, map, "%s needs \"%s\"", called(place, text), f->key);
        }
    }
    return err;
}

static int check_sequence(const struct place *place, const cyaml_schema_value_t *schema, struct fault *why) {
    const yaml_node_t *list = place->node;
    if (list->type != YAML_SEQUENCE_NODE) {
        return wrong_type(place, "a list", why);
    }
    size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    char text[96];
    if (count < schema->sequence.min || count > schema->sequence.max) {
        mark_wrong(place);
    }
    if (count < schema->sequence.min) {
        return refuse(place, why, list, "%s is an empty list: fill it or leave it out", called(place, text));
    }
    if (count > schema->sequence.max) {
        return refuse(place, why, list, "%s has %zu entries; %u are the most", called(place, text), count,
                      schema->sequence.max);
    }
    int err = 0;
    for (size_t i = 0; i < count && !enough(place, err); i++) {
        struct place inner = {place->document,
                              document_node(place->document, list->data.sequence.items.start[i]), place->key,
                              true, place->depth + 1};
        int one = check_node(&inner, schema->sequence.entry, why);
        err = one ? one : err;
    }
    return err;
}

static int check_text(const struct place *place, const cyaml_schema_value_t *schema, struct fault *why) {
    const yaml_node_t *node = place->node;
    char text[96];
    if (node->type != YAML_SCALAR_NODE) {
        return wrong_type(place, "a single text", why);
    }
    if (node->data.scalar.length < schema->string.min || node->data.scalar.length > schema->string.max) {
        mark_wrong(place);
    }
    if (node->data.scalar.length < schema->string.min) {
        return refuse(place, why, node, "%s is empty", called(place, text));
    }
    if (node->data.scalar.length > schema->string.max) {
        return refuse(place, why, node, "%s has %zu bytes; %u are the most", called(place, text),
                      node->data.scalar.length, schema->string.max);
    }
    return 0;
}

static int check_node(const struct place *place, const cyaml_schema_value_t *schema, struct fault *why) {
    ASSERT(place->depth <= DEPTH_MAX); /* schemas are ours and flat */
    switch (schema->type) {
    case CYAML_MAPPING:
        return check_mapping(place, schema->mapping.fields, why);
    case CYAML_SEQUENCE:
        return check_sequence(place, schema, why);
    case CYAML_STRING:
        return check_text(place, schema, why);
    default:
        return 0;
    }
}

int document_check_shape(const struct document *document, const yaml_node_t *root,
                         const struct cyaml_schema_value *schema, struct fault *why) {
    struct place place = {.document = document, .node = root};
    return check_node(&place, schema, why);
}
