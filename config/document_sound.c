#include <cyaml/cyaml.h>
#include <stdlib.h>

#include "config/document_priv.h"
#include "proto/check.h"

/* Nothing that is asked of a text accepts it by accident, and faults of it are not told. */
#define STAND_IN "?"

struct writing {
    const struct document *document;
    char *text;
    size_t len, room;
};

static void put(struct writing *w, struct str piece) {
    if (w->room - w->len <= piece.len) {
        w->room = (w->room + piece.len) * 2;
        w->text = mem_resize(w->text, w->room, 1);
    }
    memcpy(w->text + w->len, piece.at, piece.len);
    w->len += piece.len;
    w->text[w->len] = '\0';
}

static void put_quoted(struct writing *w, struct str text) {
    put(w, STR("\""));
    for (size_t i = 0; i < text.len; i++) {
        struct str letter = {text.at + i, 1};
        switch (text.at[i]) {
        case '"':
            letter = STR("\\\"");
            break;
        case '\\':
            letter = STR("\\\\");
            break;
        case '\n':
            letter = STR("\\n");
            break;
        case '\t':
            letter = STR("\\t");
            break;
        default:
            break;
        }
        put(w, letter);
    }
    put(w, STR("\""));
}

/* Is the node itself, leaving aside what lies in it, what the schema wants? NULL is nothing. */
static bool fits(const struct writing *w, const yaml_node_t *node, const cyaml_schema_value_t *schema) {
    if (node == NULL || w->document->wrong[node - w->document->nodes.nodes.start]) {
        return false;
    }
    switch (schema->type) {
    case CYAML_MAPPING:
        return node->type == YAML_MAPPING_NODE;
    case CYAML_SEQUENCE:
        return node->type == YAML_SEQUENCE_NODE;
    case CYAML_STRING:
        return node->type == YAML_SCALAR_NODE;
    default:
        return true;
    }
}

static void put_value(struct writing *w, const yaml_node_t *node, const cyaml_schema_value_t *schema);

static void put_mapping(struct writing *w, const yaml_node_t *map, const cyaml_schema_field_t *fields) {
    put(w, STR("{"));
    for (const cyaml_schema_field_t *f = fields; f->key != NULL; f++) {
        const yaml_node_t *value = map ? document_value(w->document, map, str_of(f->key)) : NULL;
        if (!fits(w, value, &f->value) && (f->value.flags & CYAML_FLAG_OPTIONAL)) {
            continue;
        }
        put_quoted(w, str_of(f->key));
        put(w, STR(": "));
        put_value(w, value, &f->value);
        put(w, STR(", "));
    }
    put(w, STR("}"));
}

/* Keeps the places of the entries: others are named by them. */
static void put_sequence(struct writing *w, const yaml_node_t *list, const cyaml_schema_value_t *schema) {
    size_t count = list ? (size_t)(list->data.sequence.items.top - list->data.sequence.items.start) : 0;
    put(w, STR("["));
    for (size_t i = 0; i < count || i < schema->sequence.min; i++) {
        put_value(w, i < count ? document_node(w->document, list->data.sequence.items.start[i]) : NULL,
                  schema->sequence.entry);
        put(w, STR(", "));
    }
    put(w, STR("]"));
}

static void put_value(struct writing *w, const yaml_node_t *node, const cyaml_schema_value_t *schema) {
    const yaml_node_t *sound = fits(w, node, schema) ? node : NULL;
    switch (schema->type) {
    case CYAML_MAPPING:
        put_mapping(w, sound, schema->mapping.fields);
        break;
    case CYAML_SEQUENCE:
        put_sequence(w, sound, schema);
        break;
    case CYAML_STRING:
        put_quoted(w, sound ? document_scalar(sound) : STR(STAND_IN));
        break;
    default:
        put(w, STR("~"));
        break;
    }
}

char *document_sound_text(const struct document *document, const yaml_node_t *root,
                          const struct cyaml_schema_value *schema) {
    struct writing w = {.document = document, .text = mem_zeroed(1, 1024), .room = 1024};
    put_value(&w, root, schema);
    return w.text;
}
