#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdlib.h>

#include "config/framework_priv.h"
#include "proto/check.h"

#define FAULTS_MAX 1000 /* that are told of one file */

#define NEEDED   CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t language_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, LANGUAGE_MAX)};
static const cyaml_schema_value_t value_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, DIM_VALUE_MAX)};
static const cyaml_schema_value_t name_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, DIM_NAME_MAX)};
static const cyaml_schema_value_t feeder_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, NAME_MAX_BYTES)};

static const cyaml_schema_field_t dimension_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, struct dimension, name, 1, DIM_NAME_MAX),
    CYAML_FIELD_SEQUENCE("values", OPTIONAL, struct dimension, values, &value_schema, 1, VALUES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t dimension_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct dimension, dimension_fields)};

static const cyaml_schema_field_t area_fields[] = {
    CYAML_FIELD_STRING_PTR("code", NEEDED, struct area_entry, code, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("parent", OPTIONAL, struct area_entry, parent, 1, NAME_MAX_BYTES),
    CYAML_FIELD_IGNORE("label", CYAML_FLAG_DEFAULT), /* as the other texts: its keys are the plan's own */
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t area_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct area_entry, area_fields)};

static const cyaml_schema_field_t feed_fields[] = {
    CYAML_FIELD_STRING_PTR("source", NEEDED, struct feed_entry, source, 1, SOURCE_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("every", NEEDED, struct feed_entry, every, 1, NAME_MAX_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t feed_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct feed_entry, feed_fields)};

static const cyaml_schema_field_t rule_fields[] = {
    CYAML_FIELD_STRING_PTR("value", NEEDED, struct rule_entry, value, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("per", OPTIONAL, struct rule_entry, per, 1, NAME_MAX_BYTES),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t goal_fields[] = {
    CYAML_FIELD_STRING_PTR("period", NEEDED, struct goal_entry, period, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("value", NEEDED, struct goal_entry, value, 1, NAME_MAX_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t goal_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct goal_entry, goal_fields)};

static const cyaml_schema_field_t firsts_fields[] = {
    CYAML_FIELD_STRING_PTR("day", OPTIONAL, struct firsts_entry, day, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("month", OPTIONAL, struct firsts_entry, month, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("quarter", OPTIONAL, struct firsts_entry, quarter, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("half", OPTIONAL, struct firsts_entry, half, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("year", OPTIONAL, struct firsts_entry, year, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("biennium", OPTIONAL, struct firsts_entry, biennium, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t indicator_fields[] = {
    CYAML_FIELD_STRING_PTR("id", NEEDED, struct indicator_entry, id, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("code", OPTIONAL, struct indicator_entry, code, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("area", OPTIONAL, struct indicator_entry, area, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("kind", NEEDED, struct indicator_entry, kind, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("frequency", NEEDED, struct indicator_entry, frequency, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("due", OPTIONAL, struct indicator_entry, due, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("window", OPTIONAL, struct indicator_entry, window, 1, NAME_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("dimensions", OPTIONAL, struct indicator_entry, dimensions, &name_schema, 1,
                         DIMS_MAX),
    CYAML_FIELD_STRING_PTR("unit", OPTIONAL, struct indicator_entry, unit, 1, NAME_MAX_BYTES),
    CYAML_FIELD_IGNORE("label", CYAML_FLAG_DEFAULT), /* read by document_texts: its keys are the plan's own */
    CYAML_FIELD_IGNORE("definition", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_STRING_PTR("method", OPTIONAL, struct indicator_entry, method, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("method_version", OPTIONAL, struct indicator_entry, method_version, 1,
                           NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("since", OPTIONAL, struct indicator_entry, since, 1, NAME_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("fed_by", OPTIONAL, struct indicator_entry, fed_by, &feeder_schema, 1, FEEDERS_MAX),
    CYAML_FIELD_MAPPING_PTR("target", OPTIONAL, struct indicator_entry, target, rule_fields),
    CYAML_FIELD_SEQUENCE("targets", OPTIONAL, struct indicator_entry, targets, &goal_schema, 1, TARGETS_MAX),
    CYAML_FIELD_MAPPING_PTR("baseline", OPTIONAL, struct indicator_entry, baseline, goal_fields),
    CYAML_FIELD_MAPPING_PTR("firsts", OPTIONAL, struct indicator_entry, firsts, firsts_fields),
    CYAML_FIELD_STRING_PTR("small_number", OPTIONAL, struct indicator_entry, small_number, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("numerator", OPTIONAL, struct indicator_entry, numerator, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("denominator", OPTIONAL, struct indicator_entry, denominator, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_STRING_PTR("factor", OPTIONAL, struct indicator_entry, factor, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("decimals", OPTIONAL, struct indicator_entry, decimals, 1, NAME_MAX_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t indicator_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct indicator_entry, indicator_fields)};

static const cyaml_schema_field_t content_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, struct content, name, 1, NAME_MAX_BYTES),
    CYAML_FIELD_IGNORE("title", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_STRING_PTR("plan", NEEDED, struct content, plan, 1, NAME_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("languages", OPTIONAL, struct content, languages, &language_schema, 1,
                         LANGUAGES_MAX),
    CYAML_FIELD_STRING_PTR("small_numbers", OPTIONAL, struct content, small_numbers, 1, NAME_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("sources", OPTIONAL, struct content, sources, &feed_schema, 1, FEEDS_MAX),
    CYAML_FIELD_SEQUENCE("areas", OPTIONAL, struct content, areas, &area_schema, 1, AREAS_MAX),
    CYAML_FIELD_SEQUENCE("dimensions", OPTIONAL, struct content, dimensions, &dimension_schema, 1,
                         DIMENSIONS_MAX),
    CYAML_FIELD_SEQUENCE("indicators", NEEDED, struct content, indicators, &indicator_schema, 1,
                         INDICATORS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t content_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct content, content_fields)};

/* The faults of one file, as they are found. */
struct told {
    size_t line, order;
    char *text;
};

struct faults {
    size_t count; /* of all; those past FAULTS_MAX are only counted */
    struct told *told;
};

static size_t kept(const struct faults *faults) {
    return faults->count < FAULTS_MAX ? faults->count : FAULTS_MAX;
}

static void on_fault(void *arg, size_t line, const char *text) {
    struct faults *faults = arg;
    if (faults->count < FAULTS_MAX) {
        faults->told = mem_resize(faults->told, faults->count + 1, sizeof *faults->told);
        faults->told[faults->count] = (struct told){line, faults->count, mem_string(text, strlen(text))};
    }
    faults->count++;
}

static int by_line(const void *a, const void *b) {
    const struct told *x = a, *y = b;
    size_t left = x->line == y->line ? x->order : x->line, right = x->line == y->line ? y->order : y->line;
    return (left > right) - (left < right);
}

static void free_faults(struct faults *faults) {
    for (size_t i = 0; i < kept(faults); i++) {
        free(faults->told[i].text);
    }
    free(faults->told);
}

/* The framework, or what is wrong with the file, as it was found, and the reason as a code. */
static int read_file(const char *path, struct framework **out, struct faults *faults) {
    struct document *document = NULL;
    struct framework *framework = mem_zeroed(1, sizeof *framework);
    framework->magic = FRAMEWORK_MAGIC;
    struct fault why;
    int err = document_open(&document, path, &why);
    if (err) {
        on_fault(faults, 0, why.text);
    } else {
        void *content = NULL;
        document_tell(document, on_fault, faults);
        err = document_read(document, &content_schema, &content, &why);
        framework->content = content;
    }
    if (framework->content != NULL) {
        struct loading loading = {framework, document};
        loading_plan(&loading);
        loading_indicators(&loading);
        loading_firsts(&loading);
        loading_ratios(&loading);
    }
    document_close(&document);
    if (faults->count > 0) {
        framework_destroy(&framework);
        return err ? err : -EINVAL;
    }
    *out = framework;
    return 0;
}

int framework_load(struct framework **out, const char *path, struct fault *why) {
    struct faults faults = {0};
    int err = read_file(path, out, &faults);
    if (err) {
        fault_set(why, err, "%s", faults.told[0].text);
    }
    free_faults(&faults);
    return err;
}

int framework_check_file(const char *path, void (*found)(void *arg, const char *fault), void *arg) {
    struct framework *framework = NULL;
    struct faults faults = {0};
    int err = read_file(path, &framework, &faults);
    if (faults.count > 0) {
        qsort(faults.told, kept(&faults), sizeof *faults.told, by_line);
    }
    for (size_t i = 0; i < kept(&faults); i++) {
        found(arg, faults.told[i].text);
    }
    free_faults(&faults);
    framework_destroy(&framework);
    return err && err != -EINVAL ? err : (int)faults.count;
}

void loading_free_texts(struct texts *texts) {
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->at[i].language);
        free(texts->at[i].text);
    }
    free(texts->at);
}

void framework_destroy(struct framework **framework) {
    struct framework *gone = *framework;
    if (gone == NULL) {
        return;
    }
    OBJ_CHECK(gone, FRAMEWORK_MAGIC);
    for (size_t i = 0; i < gone->count; i++) {
        loading_free_texts(&gone->indicators[i].labels);
        loading_free_texts(&gone->indicators[i].definitions);
        free(gone->indicators[i].targets.goals);
    }
    loading_free_texts(&gone->title);
    free(gone->feeds);
    free(gone->indicators);
    free(gone->sorted);
    document_free_data(&content_schema, gone->content);
    gone->magic = 0;
    free(gone);
    *framework = NULL;
}
