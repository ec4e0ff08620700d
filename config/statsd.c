#include "config/statsd.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/document.h"
#include "proto/check.h"

#define STATSD_MAGIC      0x57a75d01u
#define STATSD_USUAL_PORT "udp://127.0.0.1:8125"
#define SECONDS_USUAL     10

#define NEEDED   CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

struct rule_content {
    char *metric, *type, *indicator;
};

/* What libcyaml fills in, and the texts that were read besides. */
struct statsd_content {
    char *seconds;
    char **listen;
    unsigned listen_count;
    struct rule_content *rules;
    unsigned rule_count;
    char **ignored;
    unsigned ignored_count;
    char **texts;
    size_t text_count;
};

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, STATSD_PATTERN_MAX)};

static const cyaml_schema_field_t rule_fields[] = {
    CYAML_FIELD_STRING_PTR("metric", NEEDED, struct rule_content, metric, 1, STATSD_PATTERN_MAX),
    CYAML_FIELD_STRING_PTR("type", NEEDED, struct rule_content, type, 1, STATSD_PATTERN_MAX),
    CYAML_FIELD_STRING_PTR("indicator", NEEDED, struct rule_content, indicator, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_IGNORE("dimensions", CYAML_FLAG_OPTIONAL), /* any keys */
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t rule_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rule_content, rule_fields)};

static const cyaml_schema_field_t content_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("listen", OPTIONAL, struct statsd_content, listen, listen_count, &text_schema,
                               1, STATSD_LISTEN_MAX),
    CYAML_FIELD_STRING_PTR("commit_every", OPTIONAL, struct statsd_content, seconds, 1, STATSD_PATTERN_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("rules", NEEDED, struct statsd_content, rules, rule_count, &rule_schema, 1,
                               STATSD_RULES_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("ignore", OPTIONAL, struct statsd_content, ignored, ignored_count,
                               &text_schema, 1, STATSD_RULES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t content_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct statsd_content, content_fields)};

struct loading {
    struct statsd_settings *settings;
    const struct document *document;
    struct fault *why;
};

#define FAULT(l, node, ...) document_fault((l)->document, (l)->why, (node), __VA_ARGS__)

static const char *keep(struct loading *l, struct str text) {
    struct statsd_content *content = l->settings->content;
    content->texts = mem_resize(content->texts, content->text_count + 1, sizeof *content->texts);
    return content->texts[content->text_count++] = mem_string(text.at, text.len);
}

int statsd_check_listen(const char *address, struct fault *why) {
    const char *host = address + strlen("udp://"), *colon = strrchr(address, ':');
    if (strncmp(address, "udp://", 6) != 0 && strncmp(address, "tcp://", 6) != 0)
        return fault_set(why, -EINVAL, "\"%.100s\" is no address: it begins with udp:// or tcp://", address);
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (colon == NULL || colon <= host || digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
        strtol(colon + 1, NULL, 10) > 65535)
        return fault_set(why, -EINVAL, "\"%.100s\" needs a host and a port, as in %s", address,
                         STATSD_USUAL_PORT);
    return 0;
}

/* --- patterns --- */

static struct str cut_part(struct str *rest) {
    const char *dot = memchr(rest->at, '.', rest->len);
    struct str part = {rest->at, dot ? (size_t)(dot - rest->at) : rest->len};
    size_t used = part.len + (dot != NULL);
    *rest = (struct str){rest->at + used, rest->len - used};
    return part;
}

static bool is_like(const char *pattern, struct str name, struct str *star) {
    struct str rest = str_of(pattern);
    size_t stars = 0;
    while (rest.len > 0) {
        struct str want = cut_part(&rest);
        if (name.len == 0)
            return false;
        if (str_equal(want, STR("**"))) /* the last part: all that is left */
            return true;
        struct str part = cut_part(&name);
        if (!str_equal(want, STR("*"))) {
            if (!str_equal(want, part))
                return false;
        } else if (part.len == 0) {
            return false;
        } else if (star != NULL) {
            star[stars++] = part;
        }
    }
    return name.len == 0;
}

static int check_pattern(struct loading *l, const char *node, const char *pattern, size_t *stars) {
    struct str rest = str_of(pattern);
    *stars = 0;
    if (rest.at[rest.len - 1] == '.')
        return FAULT(l, node, "\"%s\" ends with a dot", pattern);
    while (rest.len > 0) {
        struct str part = cut_part(&rest);
        if (str_equal(part, STR("**"))) {
            if (rest.len > 0)
                return FAULT(l, node, "\"%s\": ** stands for all parts that follow, and so must be the last",
                             pattern);
        } else if (str_equal(part, STR("*"))) {
            (*stars)++;
        } else if (part.len == 0 || memchr(part.at, '*', part.len) != NULL) {
            return FAULT(l, node, "\"%s\": a star stands for a whole part between dots, as in site.*.signups",
                         pattern);
        }
    }
    return *stars <= STATSD_PARTS_MAX
               ? 0
               : FAULT(l, node, "\"%s\" has more than %d stars", pattern, STATSD_PARTS_MAX);
}

const struct statsd_rule *statsd_rule_of(const struct statsd_settings *settings, struct str name,
                                         struct str star[static STATSD_PARTS_MAX]) {
    OBJ_CHECK(settings, STATSD_MAGIC);
    for (size_t i = 0; i < settings->rule_count; i++)
        if (is_like(settings->rules[i].pattern, name, star))
            return &settings->rules[i];
    return NULL;
}

bool statsd_ignores(const struct statsd_settings *settings, struct str name) {
    OBJ_CHECK(settings, STATSD_MAGIC);
    for (size_t i = 0; i < settings->ignored_count; i++)
        if (is_like(settings->ignored[i], name, NULL))
            return true;
    return false;
}

/* --- rules --- */

static const char *const type_names[] = {"counter", "gauge", "set"};

const char *statsd_type_name(enum statsd_type type) {
    return type_names[type];
}

static int read_type(struct loading *l, const char *node, const char *name, enum statsd_type *out) {
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
        if (strcmp(name, type_names[i]) == 0) {
            *out = (enum statsd_type)i;
            return 0;
        }
    return FAULT(l, node, "\"%s\" is no type: it must be counter (|c), gauge (|g) or set (|s)", name);
}

static int read_source(struct loading *l, const char *node, struct statsd_dim *dim, struct str text,
                       size_t stars) {
    if (text.at[0] == '#' && text.len > 1) {
        dim->from = STATSD_TAG;
        dim->text = keep(l, (struct str){text.at + 1, text.len - 1});
        return 0;
    }
    dim->text = keep(l, text);
    struct fault reason;
    if (text.at[0] != '$')
        return dims_check_value(text, &reason) == 0 ? 0 : FAULT(l, node, "%s", reason.text);
    char *end;
    unsigned long number = strtoul(dim->text + 1, &end, 10);
    if (end == dim->text + 1 || *end != '\0' || number < 1 || number > stars)
        return FAULT(l, node, "\"%s\": the metric has %zu star%s, which are $1, $2 and so on", dim->text,
                     stars, stars == 1 ? "" : "s");
    dim->from = STATSD_STAR;
    dim->star = number - 1;
    return 0;
}

static int read_dimensions(struct loading *l, size_t index, size_t stars) {
    struct statsd_rule *rule = &l->settings->rules[index];
    char node[DOCUMENT_PATH_MAX];
    snprintf(node, sizeof node, "rules[%zu].dimensions", index);
    int err = document_texts(l->document, node, DIMS_MAX, &rule->dim_count, l->why);
    for (size_t i = 0; err == 0 && i < rule->dim_count; i++) {
        struct str name, text;
        struct fault reason;
        document_text(l->document, node, i, &name, &text);
        if (dims_check_name(name, &reason) != 0)
            return document_text_fault(l->document, l->why, node, i, "%s", reason.text);
        rule->dim[i].name = keep(l, name);
        err = read_source(l, node, &rule->dim[i], text, stars);
    }
    return err;
}

static int read_rule(struct loading *l, size_t index) {
    const struct rule_content *from = &l->settings->content->rules[index];
    struct statsd_rule *rule = &l->settings->rules[index];
    char node[DOCUMENT_PATH_MAX];
    struct fault reason;
    size_t stars;
    rule->pattern = from->metric;
    rule->indicator = from->indicator;
    snprintf(node, sizeof node, "rules[%zu].metric", index);
    int err = check_pattern(l, node, from->metric, &stars);
    if (err)
        return err;
    for (size_t i = 0; i < index; i++)
        if (strcmp(l->settings->rules[i].pattern, rule->pattern) == 0)
            return FAULT(l, node, "there is a rule for \"%s\" already, and the first one holds",
                         rule->pattern);
    snprintf(node, sizeof node, "rules[%zu].indicator", index);
    if (dims_check_indicator(str_of(from->indicator), &reason) != 0)
        return FAULT(l, node, "%s", reason.text);
    snprintf(node, sizeof node, "rules[%zu].type", index);
    err = read_type(l, node, from->type, &rule->type);
    return err ? err : read_dimensions(l, index, stars);
}

/* --- the whole --- */

static int read_listen(struct loading *l) {
    static const char *const usual[] = {STATSD_USUAL_PORT};
    struct statsd_settings *settings = l->settings;
    struct fault reason;
    settings->listen = usual;
    settings->listen_count = 1;
    if (settings->content->listen == NULL)
        return 0;
    settings->listen = (const char *const *)settings->content->listen;
    settings->listen_count = settings->content->listen_count;
    for (size_t i = 0; i < settings->listen_count; i++) {
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "listen[%zu]", i);
        if (statsd_check_listen(settings->listen[i], &reason) != 0)
            return FAULT(l, node, "%s", reason.text);
    }
    return 0;
}

static int read_seconds(struct loading *l) {
    const char *text = l->settings->content->seconds;
    l->settings->seconds = SECONDS_USUAL;
    if (text == NULL)
        return 0;
    size_t digits = strspn(text, "0123456789");
    long seconds = digits <= 4 ? strtol(text, NULL, 10) : 0;
    if (text[digits] != '\0' || seconds < 1 || seconds > STATSD_SECONDS_MAX)
        return FAULT(l, "commit_every", "\"commit_every\" is a number of seconds from 1 to %d",
                     STATSD_SECONDS_MAX);
    l->settings->seconds = (int)seconds;
    return 0;
}

static int read_content(struct loading *l) {
    struct statsd_settings *settings = l->settings;
    struct statsd_content *content = settings->content;
    int err = read_seconds(l);
    if (err == 0)
        err = read_listen(l);
    settings->rule_count = content->rule_count;
    settings->rules = mem_zeroed(settings->rule_count, sizeof *settings->rules);
    for (size_t i = 0; err == 0 && i < settings->rule_count; i++)
        err = read_rule(l, i);
    settings->ignored = (const char *const *)content->ignored;
    settings->ignored_count = content->ignored_count;
    for (size_t i = 0; err == 0 && i < settings->ignored_count; i++) {
        char node[DOCUMENT_PATH_MAX];
        size_t stars;
        snprintf(node, sizeof node, "ignore[%zu]", i);
        err = check_pattern(l, node, settings->ignored[i], &stars);
    }
    return err;
}

int statsd_settings_load(struct statsd_settings **out, const char *path, struct fault *why) {
    struct document *document = NULL;
    struct statsd_settings *settings = NULL;
    void *content = NULL;
    int err = document_open(&document, path, why);
    if (err == 0)
        err = document_read(document, &content_schema, &content, why);
    if (err == 0) {
        settings = mem_zeroed(1, sizeof *settings);
        settings->magic = STATSD_MAGIC;
        settings->content = content;
        err = read_content(&(struct loading){settings, document, why});
    }
    document_close(&document);
    if (err) {
        statsd_settings_destroy(&settings);
        return err;
    }
    *out = settings;
    return 0;
}

void statsd_settings_destroy(struct statsd_settings **settings) {
    struct statsd_settings *gone = *settings;
    if (gone == NULL)
        return;
    OBJ_CHECK(gone, STATSD_MAGIC);
    for (size_t i = 0; i < gone->content->text_count; i++)
        free(gone->content->texts[i]);
    free(gone->content->texts);
    gone->content->texts = NULL;
    document_free_data(&content_schema, gone->content);
    free(gone->rules);
    gone->magic = 0;
    free(gone);
    *settings = NULL;
}
