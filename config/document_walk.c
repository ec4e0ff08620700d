#include "config/document_priv.h"
#include "proto/check.h"

static const yaml_node_t *find(const struct document *document, const char *node) {
    bool found;
    const yaml_node_t *at = document_follow(document, node, &found);
    return found ? at : NULL;
}

enum document_form document_form(const struct document *document, const char *node) {
    const yaml_node_t *at = find(document, node);
    if (at == NULL) {
        return DOCUMENT_NOTHING;
    }
    switch (at->type) {
    case YAML_SCALAR_NODE:
        return DOCUMENT_VALUE;
    case YAML_SEQUENCE_NODE:
        return DOCUMENT_LIST;
    case YAML_MAPPING_NODE:
        return DOCUMENT_KEYS;
    default:
        return DOCUMENT_NOTHING;
    }
}

size_t document_size(const struct document *document, const char *node) {
    const yaml_node_t *at = find(document, node);
    if (at != NULL && at->type == YAML_SEQUENCE_NODE) {
        return (size_t)(at->data.sequence.items.top - at->data.sequence.items.start);
    }
    if (at != NULL && at->type == YAML_MAPPING_NODE) {
        return (size_t)(at->data.mapping.pairs.top - at->data.mapping.pairs.start);
    }
    return 0;
}

struct str document_key(const struct document *document, const char *node, size_t index) {
    const yaml_node_t *at = find(document, node);
    ASSERT(at != NULL && at->type == YAML_MAPPING_NODE && index < document_size(document, node));
    const yaml_node_t *key = document_node(document, at->data.mapping.pairs.start[index].key);
    return key->type == YAML_SCALAR_NODE ? document_scalar(key) : STR("");
}

struct str document_single(const struct document *document, const char *node) {
    const yaml_node_t *at = find(document, node);
    return at != NULL && at->type == YAML_SCALAR_NODE ? document_scalar(at) : STR("");
}
