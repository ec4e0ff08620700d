/* Shared by document*.c only. */
#ifndef SUIVI_CONFIG_DOCUMENT_PRIV_H
#define SUIVI_CONFIG_DOCUMENT_PRIV_H

#include <stdarg.h>
#include <yaml.h>

#include "config/document.h"

struct document {
    unsigned magic;
    char *path;
    char *text;
    size_t len;
    bool loaded;
    yaml_document_t nodes; /* kept for the lines */
    document_found *found; /* NULL: the first fault is the last */
    void *found_arg;
    bool *wrong; /* of each node: it was found to be of a wrong type */
};

yaml_node_t *document_node(const struct document *document, int index);
struct str document_scalar(const yaml_node_t *node); /* borrowed from the document */

/* "FILE:LINE: ..." of a node (NULL: of the file); -EINVAL. */
int document_fault_at(const struct document *document, struct fault *why, const yaml_node_t *node,
                      const char *format, va_list args) __attribute__((format(printf, 4, 0)));

/* Is `root` what the schema describes? libcyaml would find out too, but it names the line of the token
 * before. */
int document_check_shape(const struct document *document, const yaml_node_t *root,
                         const struct cyaml_schema_value *schema, struct fault *why);

/* The document as text that has the schema's shape: without what is not in it, and with stand-ins for what it
 * needs. Caller frees. */
char *document_sound_text(const struct document *document, const yaml_node_t *root,
                          const struct cyaml_schema_value *schema);

/* The first pair of a mapping with that key: its value, or NULL. */
yaml_node_t *document_value(const struct document *document, const yaml_node_t *map, struct str key);

/* Follows a path as far as it goes; `found` tells whether it went to the end. */
const yaml_node_t *document_follow(const struct document *document, const char *path, bool *found);

#endif
