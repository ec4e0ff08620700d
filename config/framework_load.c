#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/document.h"
#include "config/framework_priv.h"
#include "proto/check.h"

#define INDICATORS_MAX 4096
#define DIMENSIONS_MAX 64
#define VALUES_MAX     4096
#define LANGUAGES_MAX  32
#define LANGUAGE_MAX   16   /* bytes of a language's tag */
#define NAME_MAX_BYTES 64   /* of the framework's name, a code, a method's version */
#define TEXT_MAX_BYTES 4096 /* of a method */

#define NEEDED   CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t language_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, LANGUAGE_MAX)};
static const cyaml_schema_value_t value_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, DIM_VALUE_MAX)};
static const cyaml_schema_value_t name_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, DIM_NAME_MAX)};

static const cyaml_schema_field_t dimension_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, struct dimension, name, 1, DIM_NAME_MAX),
    CYAML_FIELD_SEQUENCE("values", OPTIONAL, struct dimension, values, &value_schema, 1, VALUES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t dimension_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct dimension, dimension_fields)};

static const cyaml_schema_field_t entry_fields[] = {
    CYAML_FIELD_STRING_PTR("id", NEEDED, struct entry, id, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("code", OPTIONAL, struct entry, code, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("kind", NEEDED, struct entry, kind, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("frequency", NEEDED, struct entry, frequency, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("window", OPTIONAL, struct entry, window, 1, NAME_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("dimensions", OPTIONAL, struct entry, dimensions, &name_schema, 1, DIMS_MAX),
    CYAML_FIELD_IGNORE("label", CYAML_FLAG_DEFAULT), /* read by document_texts: its keys are the plan's own */
    CYAML_FIELD_IGNORE("definition", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_STRING_PTR("method", OPTIONAL, struct entry, method, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("method_version", OPTIONAL, struct entry, method_version, 1, NAME_MAX_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t entry_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct entry, entry_fields)};

static const cyaml_schema_field_t content_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, struct content, name, 1, NAME_MAX_BYTES),
    CYAML_FIELD_IGNORE("title", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_STRING_PTR("plan", NEEDED, struct content, plan, 1, NAME_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("languages", OPTIONAL, struct content, languages, &language_schema, 1,
                         LANGUAGES_MAX),
    CYAML_FIELD_SEQUENCE("dimensions", OPTIONAL, struct content, dimensions, &dimension_schema, 1,
                         DIMENSIONS_MAX),
    CYAML_FIELD_SEQUENCE("indicators", NEEDED, struct content, indicators, &entry_schema, 1, INDICATORS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t content_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct content, content_fields)};

/* A framework under construction: what the checks need besides. */
struct loading {
    struct framework *framework;
    const struct document *document;
    struct fault *why;
};

static int read_plan(struct loading *l) {
    struct fault reason;
    struct period *plan = &l->framework->plan;
    if (period_parse(plan, str_of(l->framework->content->plan), &reason) != 0) {
        return document_fault(l->document, l->why, "plan", "%s", reason.text);
    }
    if (plan->type != PERIOD_PLAN && plan->type != PERIOD_BIENNIUM) {
        return document_fault(l->document, l->why, "plan", "\"%s\" is no span of years, such as 2016/2020",
                              l->framework->content->plan);
    }
    plan->type = PERIOD_PLAN;
    return 0;
}

static bool has_language(const struct content *content, struct str language) {
    for (unsigned i = 0; i < content->languages_count; i++) {
        if (str_equal(str_of(content->languages[i]), language)) {
            return true;
        }
    }
    return content->languages_count == 0 && str_equal(language, STR("en"));
}

static int check_languages(struct loading *l) {
    const struct content *content = l->framework->content;
    for (unsigned i = 0; i < content->languages_count; i++) {
        const char *language = content->languages[i];
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "languages[%u]", i);
        if (strspn(language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") !=
            strlen(language)) {
            return document_fault(l->document, l->why, node, "\"%s\" is no language tag, such as en or pt-BR",
                                  language);
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(content->languages[j], language) == 0) {
                return document_fault(l->document, l->why, node, "language \"%s\" is listed twice", language);
            }
        }
    }
    return 0;
}

static int check_values(struct loading *l, unsigned index) {
    const struct dimension *dimension = &l->framework->content->dimensions[index];
    for (unsigned i = 0; i < dimension->values_count; i++) {
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "dimensions[%u].values[%u]", index, i);
        struct fault reason;
        if (dims_check_value(str_of(dimension->values[i]), &reason) != 0) {
            return document_fault(l->document, l->why, node, "%s", reason.text);
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(dimension->values[j], dimension->values[i]) == 0) {
                return document_fault(l->document, l->why, node, "value \"%s\" is listed twice",
                                      dimension->values[i]);
            }
        }
    }
    return 0;
}

static int check_dimensions(struct loading *l) {
    const struct content *content = l->framework->content;
    for (unsigned i = 0; i < content->dimensions_count; i++) {
        const char *name = content->dimensions[i].name;
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "dimensions[%u].name", i);
        struct fault reason;
        if (dims_check_name(str_of(name), &reason) != 0) {
            return document_fault(l->document, l->why, node, "%s", reason.text);
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(content->dimensions[j].name, name) == 0) {
                return document_fault(l->document, l->why, node, "dimension \"%s\" is declared twice", name);
            }
        }
        int err = check_values(l, i);
        if (err) {
            return err;
        }
    }
    return 0;
}

/* The path of a field of an indicator. */
static const char *field(size_t index, const char *name, char node[static DOCUMENT_PATH_MAX]) {
    snprintf(node, DOCUMENT_PATH_MAX, "indicators[%zu].%s", index, name);
    return node;
}

static int unknown_dimension(struct loading *l, const char *node, const char *name) {
    const struct content *content = l->framework->content;
    const char *known[DIMENSIONS_MAX];
    for (unsigned i = 0; i < content->dimensions_count; i++) {
        known[i] = content->dimensions[i].name;
    }
    const char *similar = document_similar(str_of(name), known, content->dimensions_count);
    if (similar != NULL) {
        return document_fault(l->document, l->why, node, "unknown dimension \"%s\" (did you mean \"%s\"?)",
                              name, similar);
    }
    return document_fault(l->document, l->why, node,
                          "unknown dimension \"%s\": declare it under \"dimensions\" at the top of the file",
                          name);
}

static int read_dimensions(struct loading *l, size_t index) {
    const struct content *content = l->framework->content;
    const struct entry *entry = &content->indicators[index];
    struct indicator *indicator = &l->framework->indicators[index];
    for (unsigned i = 0; i < entry->dimensions_count; i++) {
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "indicators[%zu].dimensions[%u]", index, i);
        unsigned found = 0;
        while (found < content->dimensions_count &&
               strcmp(content->dimensions[found].name, entry->dimensions[i]) != 0) {
            found++;
        }
        if (found == content->dimensions_count) {
            return unknown_dimension(l, node, entry->dimensions[i]);
        }
        for (unsigned j = 0; j < i; j++) {
            if (indicator->dim[j] == &content->dimensions[found]) {
                return document_fault(l->document, l->why, node, "dimension \"%s\" is listed twice",
                                      entry->dimensions[i]);
            }
        }
        indicator->dim[i] = &content->dimensions[found];
    }
    indicator->public.dim_count = entry->dimensions_count;
    return 0;
}

/* Checks the texts under `node` and counts them: their languages are the framework's, and none is longer than
 * `max`. */
static int check_texts(struct loading *l, const char *node, size_t max, size_t *count) {
    int err = document_texts(l->document, node, LANGUAGES_MAX, count, l->why);
    for (size_t i = 0; err == 0 && i < *count; i++) {
        struct str language, text;
        document_text(l->document, node, i, &language, &text);
        char inner[DOCUMENT_PATH_MAX * 2];
        snprintf(inner, sizeof inner, "%s.%.*s", node, STR_ARG(language));
        if (text.len > max) {
            err = document_fault(l->document, l->why, inner,
                                 "a text of %zu bytes, the limit is %zu: say it shorter", text.len, max);
        } else if (!has_language(l->framework->content, language)) {
            err = document_fault(l->document, l->why, inner,
                                 "\"%.*s\" is not among the framework's languages", STR_ARG(language));
        }
    }
    return err;
}

static int read_texts(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    char node[DOCUMENT_PATH_MAX];
    size_t count;
    int err = check_texts(l, field(index, "definition", node), SIZE_MAX, &count);
    if (err == 0) {
        err = check_texts(l, field(index, "label", node), FRAMEWORK_LABEL_MAX, &count);
    }
    if (err) {
        return err;
    }
    if (count == 0) {
        return document_fault(l->document, l->why, node, "\"%s\" needs a label in at least one language",
                              l->framework->content->indicators[index].id);
    }
    indicator->labels = mem_zeroed(count, sizeof *indicator->labels);
    indicator->label_count = count;
    for (size_t i = 0; i < count; i++) {
        struct str language, text;
        document_text(l->document, node, i, &language, &text);
        indicator->labels[i] =
            (struct label){mem_string(language.at, language.len), mem_string(text.at, text.len)};
    }
    return 0;
}

static int read_times(struct loading *l, size_t index) {
    const struct entry *entry = &l->framework->content->indicators[index];
    struct framework_indicator *out = &l->framework->indicators[index].public;
    char node[DOCUMENT_PATH_MAX];
    struct fault reason;
    if (period_type_parse(&out->frequency, str_of(entry->frequency), &reason) != 0) {
        return document_fault(l->document, l->why, field(index, "frequency", node), "%s", reason.text);
    }
    out->window = PERIOD_MONTH;
    if (entry->window == NULL) {
        return 0;
    }
    if (out->kind != KIND_DISTINCT) {
        return document_fault(l->document, l->why, field(index, "window", node),
                              "only an indicator of kind distinct has a window; this one is of kind %s",
                              kind_name(out->kind));
    }
    if (period_type_parse(&out->window, str_of(entry->window), &reason) != 0) {
        return document_fault(l->document, l->why, field(index, "window", node), "%s", reason.text);
    }
    return 0;
}

static int read_indicator(struct loading *l, size_t index) {
    const struct entry *entry = &l->framework->content->indicators[index];
    struct framework_indicator *out = &l->framework->indicators[index].public;
    char node[DOCUMENT_PATH_MAX];
    struct fault reason;
    l->framework->count = index + 1;
    out->id = str_of(entry->id);
    out->code = str_of(entry->code ? entry->code : "");
    if (dims_check_indicator(out->id, &reason) != 0) {
        return document_fault(l->document, l->why, field(index, "id", node), "%s", reason.text);
    }
    if (kind_parse(&out->kind, str_of(entry->kind), &reason) != 0) {
        return document_fault(l->document, l->why, field(index, "kind", node), "%s", reason.text);
    }
    int err = read_times(l, index);
    if (err == 0) {
        err = read_dimensions(l, index);
    }
    if (err == 0) {
        err = read_texts(l, index);
    }
    return err;
}

static int by_id(const void *a, const void *b, void *framework) {
    const struct indicator *indicators = ((const struct framework *)framework)->indicators;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = str_compare(indicators[x].public.id, indicators[y].public.id);
    return order ? order : (x > y) - (x < y);
}

static int by_code(const void *a, const void *b, void *framework) {
    const struct indicator *indicators = ((const struct framework *)framework)->indicators;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = str_compare(indicators[x].public.code, indicators[y].public.code);
    return order ? order : (x > y) - (x < y);
}

/* Sorting brings equal ones together, the first in the file first. Leaves the indicators sorted by id. */
static int check_unique(struct loading *l) {
    struct framework *f = l->framework;
    char node[DOCUMENT_PATH_MAX];
    f->sorted = mem_zeroed(f->count, sizeof *f->sorted);
    for (size_t i = 0; i < f->count; i++) {
        f->sorted[i] = (uint32_t)i;
    }
    qsort_r(f->sorted, f->count, sizeof *f->sorted, by_code, f);
    for (size_t i = 1; i < f->count; i++) {
        const struct framework_indicator *a = &f->indicators[f->sorted[i - 1]].public;
        const struct framework_indicator *b = &f->indicators[f->sorted[i]].public;
        if (a->code.len > 0 && str_equal(a->code, b->code)) {
            return document_fault(l->document, l->why, field(f->sorted[i], "code", node),
                                  "code \"%s\" is that of %s too", b->code.at, a->id.at);
        }
    }
    qsort_r(f->sorted, f->count, sizeof *f->sorted, by_id, f);
    for (size_t i = 1; i < f->count; i++) {
        const struct str id = f->indicators[f->sorted[i]].public.id;
        if (str_equal(f->indicators[f->sorted[i - 1]].public.id, id)) {
            return document_fault(l->document, l->why, field(f->sorted[i], "id", node),
                                  "indicator \"%s\" is declared a second time", id.at);
        }
    }
    return 0;
}

static int read_content(struct loading *l) {
    size_t titles;
    int err = read_plan(l);
    if (err == 0) {
        err = check_languages(l);
    }
    if (err == 0) {
        err = check_texts(l, "title", FRAMEWORK_LABEL_MAX, &titles);
    }
    if (err == 0) {
        err = check_dimensions(l);
    }
    struct framework *framework = l->framework;
    framework->indicators = mem_zeroed(framework->content->indicators_count, sizeof *framework->indicators);
    for (size_t i = 0; err == 0 && i < framework->content->indicators_count; i++) {
        err = read_indicator(l, i);
    }
    return err ? err : check_unique(l);
}

int framework_load(struct framework **out, const char *path, struct fault *why) {
    struct document *document = NULL;
    struct framework *framework = NULL;
    int err = document_open(&document, path, why);
    if (err == 0) {
        void *content = NULL;
        err = document_read(document, &content_schema, &content, why);
        if (err == 0) {
            framework = mem_zeroed(1, sizeof *framework);
            framework->magic = FRAMEWORK_MAGIC;
            framework->content = content;
            err = read_content(&(struct loading){framework, document, why});
        }
    }
    document_close(&document);
    if (err) {
        framework_destroy(&framework);
        return err;
    }
    *out = framework;
    return 0;
}

void framework_destroy(struct framework **framework) {
    struct framework *gone = *framework;
    if (gone == NULL) {
        return;
    }
    OBJ_CHECK(gone, FRAMEWORK_MAGIC);
    for (size_t i = 0; i < gone->count; i++) {
        for (size_t j = 0; j < gone->indicators[i].label_count; j++) {
            free(gone->indicators[i].labels[j].language);
            free(gone->indicators[i].labels[j].text);
        }
        free(gone->indicators[i].labels);
    }
    free(gone->indicators);
    free(gone->sorted);
    document_free_data(&content_schema, gone->content);
    gone->magic = 0;
    free(gone);
    *framework = NULL;
}
