#include "config/document.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "config/document_priv.h"
#include "proto/check.h"

#define DOCUMENT_MAGIC 0x59a41d0cu

static int read_file(const char *path, char **out, size_t *out_len, struct fault *why) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return fault_set(why, -errno, "%s: cannot be read: %s", path, strerror(errno));
    }
    size_t len = 0, room = 1u << 16;
    char *text = mem_zeroed(1, room);
    int err = 0;
    for (;;) {
        size_t got = fread(text + len, 1, room - len, file);
        len += got;
        if (got == 0) {
            err = ferror(file) ? (errno ? -errno : -EIO) : 0;
            break;
        }
        if (len > DOCUMENT_BYTES_MAX) {
            err = -EFBIG;
            break;
        }
        if (len == room) {
            room *= 2;
            text = mem_resize(text, room, 1);
        }
    }
    fclose(file);
    if (err) {
        free(text);
        return err == -EFBIG ? fault_set(why, -EINVAL, "%s: larger than %u bytes: is it the right file?",
                                         path, DOCUMENT_BYTES_MAX)
                             : fault_set(why, err, "%s: cannot be read: %s", path, strerror(-err));
    }
    *out = text;
    *out_len = len;
    return 0;
}

/* libyaml tells the place of an unreadable byte by its offset only. */
static size_t line_of_offset(const struct document *document, size_t offset) {
    size_t line = 1;
    for (size_t i = 0; i < offset && i < document->len; i++) {
        line += document->text[i] == '\n';
    }
    return line;
}

static int parser_fault(const struct document *document, const yaml_parser_t *parser, struct fault *why) {
    ASSERT(parser->error != YAML_MEMORY_ERROR);
    if (parser->error == YAML_READER_ERROR) {
        return fault_set(why, -EINVAL, "%s:%zu: not UTF-8 text: %s", document->path,
                         line_of_offset(document, parser->problem_offset), parser->problem);
    }
    return fault_set(why, -EINVAL, "%s:%zu: not valid YAML: %s%s%s", document->path,
                     parser->problem_mark.line + 1, parser->context ? parser->context : "",
                     parser->context ? ", " : "", parser->problem ? parser->problem : "unknown fault");
}

/* Anything below space but line end and tab, DEL, and the C1 range U+0080 to U+009F. */
static bool has_control(const yaml_char_t *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        bool c1 = text[i] == 0xc2 && i + 1 < len && text[i + 1] >= 0x80 && text[i + 1] < 0xa0;
        if ((text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f || c1) {
            return true;
        }
    }
    return false;
}

/* How much of it there was so far. */
struct extent {
    size_t documents, nodes, depth;
};

static void measure(struct extent *extent, yaml_event_type_t type) {
    bool begins = type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
    bool ends = type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
    extent->documents += type == YAML_DOCUMENT_START_EVENT;
    extent->nodes += begins || type == YAML_SCALAR_EVENT;
    extent->depth += begins;
    extent->depth -= ends;
}

/* What must not be in the file at all, whatever it says; NULL when nothing is wrong with this event. */
static const char *event_objection(const yaml_event_t *event, const struct extent *extent) {
    if (event->type == YAML_ALIAS_EVENT) {
        return "aliases (*name) are not taken: write the value out";
    }
    if (event->type == YAML_SCALAR_EVENT &&
        has_control(event->data.scalar.value, event->data.scalar.length)) {
        return "a control character in a text: take it out";
    }
    if (extent->documents > 1) {
        return "a second document begins here: one file holds one";
    }
    if (extent->nodes > DOCUMENT_NODES_MAX) {
        return "too many values in one file";
    }
    if (extent->depth > DOCUMENT_DEPTH_MAX) {
        return "lists within lists, too deep";
    }
    return NULL;
}

/* A first pass that takes no memory for what it reads: what it lets through is bounded and safe to load. */
static int check_events(const struct document *document, struct fault *why) {
    yaml_parser_t parser;
    ASSERT(yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, (const unsigned char *)document->text, document->len);
    struct extent extent = {0};
    int err = 0;
    for (bool more = true; more && err == 0;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            err = parser_fault(document, &parser, why);
            break;
        }
        measure(&extent, event.type);
        const char *objection = event_objection(&event, &extent);
        if (objection != NULL) {
            err = fault_set(why, -EINVAL, "%s:%zu: %s", document->path, event.start_mark.line + 1, objection);
        }
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return err;
}

static int load_nodes(struct document *document, struct fault *why) {
    yaml_parser_t parser;
    ASSERT(yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, (const unsigned char *)document->text, document->len);
    int err = 0;
    if (yaml_parser_load(&parser, &document->nodes)) {
        document->loaded = true;
    } else {
        err = parser_fault(document, &parser, why);
    }
    yaml_parser_delete(&parser);
    return err;
}

int document_open(struct document **out, const char *path, struct fault *why) {
    struct document *document = mem_zeroed(1, sizeof *document);
    document->magic = DOCUMENT_MAGIC;
    document->path = mem_string(path, strlen(path));
    int err = read_file(path, &document->text, &document->len, why);
    if (err == 0) {
        err = check_events(document, why);
    }
    if (err == 0) {
        err = load_nodes(document, why);
    }
    if (err) {
        document_close(&document);
        return err;
    }
    document->wrong = mem_zeroed((size_t)(document->nodes.nodes.top - document->nodes.nodes.start) + 1,
                                 sizeof *document->wrong);
    *out = document;
    return 0;
}

void document_close(struct document **document) {
    struct document *gone = *document;
    if (gone == NULL) {
        return;
    }
    OBJ_CHECK(gone, DOCUMENT_MAGIC);
    if (gone->loaded) {
        yaml_document_delete(&gone->nodes);
    }
    free(gone->wrong);
    free(gone->text);
    free(gone->path);
    gone->magic = 0;
    free(gone);
    *document = NULL;
}

static yaml_node_t *root_node(const struct document *document) {
    return yaml_document_get_root_node((yaml_document_t *)&document->nodes);
}

void document_tell(struct document *document, document_found *found, void *arg) {
    OBJ_CHECK(document, DOCUMENT_MAGIC);
    document->found = found;
    document->found_arg = arg;
}

bool document_empty(const struct document *document) {
    OBJ_CHECK(document, DOCUMENT_MAGIC);
    return root_node(document) == NULL;
}

yaml_node_t *document_node(const struct document *document, int index) {
    return yaml_document_get_node((yaml_document_t *)&document->nodes, index);
}

struct str document_scalar(const yaml_node_t *node) {
    return (struct str){(const char *)node->data.scalar.value, node->data.scalar.length};
}

yaml_node_t *document_value(const struct document *document, const yaml_node_t *map, struct str key) {
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
        yaml_node_t *node = document_node(document, p->key);
        if (node->type == YAML_SCALAR_NODE && str_equal(document_scalar(node), key)) {
            return document_node(document, p->value);
        }
    }
    return NULL;
}

/* The node one step down, `step` being a key or, in a list, an index; NULL when there is none. */
static yaml_node_t *child_node(const struct document *document, const yaml_node_t *node, struct str step) {
    if (node->type == YAML_MAPPING_NODE) {
        return document_value(document, node, step);
    }
    if (node->type == YAML_SEQUENCE_NODE) {
        size_t index = strtoul(step.at, NULL, 10);
        size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
        return index < count ? document_node(document, node->data.sequence.items.start[index]) : NULL;
    }
    return NULL;
}

const yaml_node_t *document_follow(const struct document *document, const char *path, bool *found) {
    const yaml_node_t *node = root_node(document);
    *found = node != NULL;
    for (const char *at = path; *found && *at != '\0';) {
        at += *at == '.' || *at == '[';
        struct str step = {at, strcspn(at, ".[]")};
        at += step.len;
        at += *at == ']';
        const yaml_node_t *next = child_node(document, node, step);
        *found = next != NULL;
        node = next ? next : node;
    }
    return node;
}

static size_t node_line(const yaml_node_t *node) {
    return node ? node->start_mark.line + 1 : 1;
}

/* For who goes on after a fault: tells it, and gives back the -EINVAL. */
static int tell(const struct document *document, struct fault *why, size_t line, const char *text) {
    struct fault fault;
    int err = line ? fault_set(&fault, -EINVAL, "%s:%zu: %s", document->path, line, text)
                   : fault_set(&fault, -EINVAL, "%s: %s", document->path, text);
    if (document->found != NULL) {
        document->found(document->found_arg, line, fault.text);
    }
    if (why != NULL) {
        *why = fault;
    }
    return err;
}

int document_fault_at(const struct document *document, struct fault *why, const yaml_node_t *node,
                      const char *format, va_list args) {
    char text[FAULT_TEXT_MAX];
    vsnprintf(text, sizeof text, format, args);
    return tell(document, why, node_line(node), text);
}

bool document_has(const struct document *document, const char *node) {
    OBJ_CHECK(document, DOCUMENT_MAGIC);
    bool found;
    document_follow(document, node, &found);
    return found;
}

int document_fault(const struct document *document, struct fault *why, const char *node, const char *format,
                   ...) {
    OBJ_CHECK(document, DOCUMENT_MAGIC);
    bool found;
    const yaml_node_t *at = document_follow(document, node, &found);
    if (document->found != NULL && (!found || document->wrong[at - document->nodes.nodes.start])) {
        return -EINVAL;
    }
    va_list args;
    va_start(args, format);
    int err = document_fault_at(document, why, at, format, args);
    va_end(args);
    return err;
}

/* What is wrong with pair `index` of a mapping of texts, or 0. */
static int check_pair(const struct document *document, const yaml_node_t *map, size_t index,
                      struct fault *why) {
    const yaml_node_pair_t *pairs = map->data.mapping.pairs.start;
    const yaml_node_t *key = document_node(document, pairs[index].key);
    const yaml_node_t *text = document_node(document, pairs[index].value);
    if (key->type != YAML_SCALAR_NODE || text->type != YAML_SCALAR_NODE || text->data.scalar.length == 0) {
        return tell(document, why, node_line(key), "a text is needed here, such as en: Visits");
    }
    for (size_t i = 0; i < index; i++) {
        const yaml_node_t *other = document_node(document, pairs[i].key);
        if (other->type == YAML_SCALAR_NODE && str_equal(document_scalar(other), document_scalar(key))) {
            char sentence[FAULT_TEXT_MAX];
            snprintf(sentence, sizeof sentence, "\"%.*s\" stands here a second time",
                     STR_ARG(document_scalar(key)));
            return tell(document, why, node_line(key), sentence);
        }
    }
    return 0;
}

int document_texts(const struct document *document, const char *node, size_t max, size_t *count,
                   struct fault *why) {
    OBJ_CHECK(document, DOCUMENT_MAGIC);
    bool found;
    const yaml_node_t *map = document_follow(document, node, &found);
    *count = 0;
    if (!found) {
        return 0;
    }
    if (map->type != YAML_MAPPING_NODE) {
        return document_fault(document, why, node, "texts by language are needed here, such as {en: Visits}");
    }
    size_t pairs = (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
    if (pairs > max) {
        return document_fault(document, why, node, "%zu texts are more than %zu", pairs, max);
    }
    int err = 0;
    for (size_t i = 0; i < pairs && (err == 0 || document->found); i++) {
        int one = check_pair(document, map, i, why);
        err = one ? one : err;
    }
    *count = err == 0 || document->found ? pairs : 0;
    return err;
}

static const yaml_node_pair_t *pair_at(const struct document *document, const char *node, size_t index) {
    OBJ_CHECK(document, DOCUMENT_MAGIC);
    bool found;
    const yaml_node_t *map = document_follow(document, node, &found);
    ASSERT(found && map->type == YAML_MAPPING_NODE);
    const yaml_node_pair_t *pair = map->data.mapping.pairs.start + index;
    ASSERT(pair < map->data.mapping.pairs.top);
    return pair;
}

void document_text(const struct document *document, const char *node, size_t index, struct str *key,
                   struct str *text) {
    const yaml_node_pair_t *pair = pair_at(document, node, index);
    const yaml_node_t *from = document_node(document, pair->key), *to = document_node(document, pair->value);
    *key = from->type == YAML_SCALAR_NODE ? document_scalar(from) : STR("");
    *text = to->type == YAML_SCALAR_NODE ? document_scalar(to) : STR("");
}

int document_text_fault(const struct document *document, struct fault *why, const char *node, size_t index,
                        const char *format, ...) {
    const yaml_node_pair_t *pair = pair_at(document, node, index);
    va_list args;
    va_start(args, format);
    int err = document_fault_at(document, why, document_node(document, pair->value), format, args);
    va_end(args);
    return err;
}

/* libcyaml's side. It allocates through the wrapper that never returns NULL. */
static void *schema_memory(void *context, void *old, size_t size) {
    (void)context;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return mem_resize(old, size, 1);
}

static void schema_log(cyaml_log_t level, void *context, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Keeps the first error it says; the lines after it are a backtrace. */
static void schema_log(cyaml_log_t level, void *context, const char *format, va_list args) {
    struct fault *first = context;
    if (level >= CYAML_LOG_ERROR && first->text[0] == '\0') {
        vsnprintf(first->text, sizeof first->text, format, args);
        first->text[strcspn(first->text, "\n")] = '\0';
    }
}

static cyaml_config_t schema_config(struct fault *first) {
    return (cyaml_config_t){
        .log_fn = schema_log,
        .log_ctx = first,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = schema_memory,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

/* NULL when libcyaml takes it, else what it says. */
static const char *load(const char *text, size_t len, const struct cyaml_schema_value *schema, void **data,
                        struct fault *first) {
    *first = (struct fault){""};
    cyaml_config_t config = schema_config(first);
    cyaml_err_t result = cyaml_load_data((const uint8_t *)text, len, &config, schema, data, NULL);
    if (result == CYAML_OK) {
        return NULL;
    }
    return first->text[0] ? first->text : cyaml_strerror(result);
}

int document_read(const struct document *document, const struct cyaml_schema_value *schema, void **data,
                  struct fault *why) {
    OBJ_CHECK(document, DOCUMENT_MAGIC);
    const yaml_node_t *root = root_node(document);
    struct fault first;
    void *loaded = NULL;
    if (root == NULL) {
        return tell(document, why, 0, "is empty");
    }
    int err = document_check_shape(document, root, schema, why);
    if (err && document->found != NULL) {
        char *sound = document_sound_text(document, root, schema);
        if (load(sound, strlen(sound), schema, &loaded, &first) == NULL) {
            *data = loaded;
        }
        free(sound);
    }
    if (err) {
        return err;
    }
    const char *problem = load(document->text, document->len, schema, &loaded, &first);
    if (problem != NULL) {
        return tell(document, why, 0, problem);
    }
    *data = loaded;
    return 0;
}

void document_free_data(const struct cyaml_schema_value *schema, void *data) {
    if (data == NULL) {
        return;
    }
    struct fault first = {""};
    cyaml_config_t config = schema_config(&first);
    cyaml_free(&config, schema, data, 0);
}
