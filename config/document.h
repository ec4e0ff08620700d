/* A YAML file that remembers where everything stands in it. Its values go into structs by a libcyaml schema,
 * and whatever turns out to be wrong with one of them is said with file and line.
 *
 * A node is named by its path from the top: "indicators[3].dimensions[0]", indexes from 0; "" is the
 * whole. */
#ifndef SUIVI_CONFIG_DOCUMENT_H
#define SUIVI_CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/fault.h"
#include "proto/str.h"

#define DOCUMENT_BYTES_MAX (4u << 20)
#define DOCUMENT_NODES_MAX (1u << 18)
#define DOCUMENT_DEPTH_MAX 32  /* libyaml's time grows with the square of the depth */
#define DOCUMENT_PATH_MAX  128 /* bytes of a node's path */

struct document;
struct cyaml_schema_value;

/* Reads and parses the file. Refused with `why`: what cannot be read (its errno), what is too large, is not
 * YAML, holds more than one document, aliases, or control characters (-EINVAL). */
int document_open(struct document **out, const char *path, struct fault *why);
void document_close(struct document **document);

/* Told of a fault: the line (0: the file as a whole) and the sentence, which names both. */
typedef void document_found(void *arg, size_t line, const char *fault);

/* From now on each fault is told to `found`, and what looks for faults goes on after one. A fault of a node
 * that is not there, or that was already found to be of a wrong type, is not told: it follows from another. */
void document_tell(struct document *document, document_found *found, void *arg);

/* Nothing in it but comments. */
bool document_empty(const struct document *document);

/* Whether there is such a node, of whatever type. */
bool document_has(const struct document *document, const char *node);

/* Fills a new struct by `schema`, a mapping that is a pointer, and passes it in `*data`; free it with
 * document_free_data. The schema's mappings, lists, texts and ignored nodes are checked before, so that an
 * unknown, missing or repeated key or a wrong type is named with its line. -EINVAL with `why`. With
 * document_tell `*data` then holds what is sound, and stand-ins for what is needed; it is left alone when
 * there is too little. */
int document_read(const struct document *document, const struct cyaml_schema_value *schema, void **data,
                  struct fault *why);
void document_free_data(const struct cyaml_schema_value *schema, void *data); /* NULL is fine */

/* A mapping from any keys to texts, which no schema can describe: {en: Visits, fr: Visites}. How many pairs
 * (0 too when there is no such node); -EINVAL when it is no such mapping, has an empty text, or more than
 * `max` pairs. With document_tell `*count` then tells how many pairs can be looked at all the same. */
int document_texts(const struct document *document, const char *node, size_t max, size_t *count,
                   struct fault *why);

/* Pair `index` of such a mapping; the views are borrowed until document_close. Empty: it is no text. */
void document_text(const struct document *document, const char *node, size_t index, struct str *key,
                   struct str *text);

/* Nodes that no schema describes, because they may be one thing or another, or have any keys. */
enum document_form { DOCUMENT_NOTHING, DOCUMENT_VALUE, DOCUMENT_LIST, DOCUMENT_KEYS };
enum document_form document_form(const struct document *document, const char *node);

/* How many entries a list has, or keys a set of keys; 0 for anything else. */
size_t document_size(const struct document *document, const char *node);

/* Key `index` of a set of keys, and the text of a single value; empty when it is no text. Borrowed until
 * document_close. */
struct str document_key(const struct document *document, const char *node, size_t index);
struct str document_single(const struct document *document, const char *node);

/* Says "FILE:LINE: ..." of the text of such a pair and returns -EINVAL. */
int document_text_fault(const struct document *document, struct fault *why, const char *node, size_t index,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Says "FILE:LINE: ..." of a node and returns -EINVAL. A node that is not there is named by the nearest one
 * above it. */
int document_fault(const struct document *document, struct fault *why, const char *node, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));

/* The word among `count` that `word` looks like a slip of, or NULL. */
const char *document_similar(struct str word, const char *const *among, size_t count);

#endif
