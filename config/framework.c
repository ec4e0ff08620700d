#include "config/framework.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "config/framework_priv.h"
#include "proto/check.h"

struct str framework_name(const struct framework *framework) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    return str_of(framework->content->name);
}

const struct period *framework_plan(const struct framework *framework) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    return &framework->plan;
}

size_t framework_indicator_count(const struct framework *framework) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    return framework->count;
}

static const struct indicator *indicator_at(const struct framework *framework, size_t index) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    ASSERT(index < framework->count);
    return &framework->indicators[index];
}

const struct framework_indicator *framework_indicator_at(const struct framework *framework, size_t index) {
    return &indicator_at(framework, index)->public;
}

int framework_find(const struct framework *framework, struct str id) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    for (size_t low = 0, high = framework->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(id, framework->indicators[framework->sorted[middle]].public.id);
        if (order == 0) {
            return (int)framework->sorted[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return -ENOENT;
}

struct str framework_text_in(const struct texts *texts, struct str language, struct str otherwise) {
    for (size_t i = 0; i < texts->count; i++) {
        struct str its = str_of(texts->at[i].language);
        if (str_equal(its, language)) {
            return str_of(texts->at[i].text);
        }
        if (str_equal(its, STR("en"))) {
            otherwise = str_of(texts->at[i].text);
        }
    }
    return otherwise;
}

int framework_find_named(const struct framework *framework, struct str name) {
    int index = framework_find(framework, name);
    for (size_t i = 0; index < 0 && name.len > 0 && i < framework->count; i++) {
        if (str_equal(framework->indicators[i].public.code, name)) {
            index = (int)i;
        }
    }
    return index;
}

struct str framework_label(const struct framework *framework, size_t index, struct str language) {
    const struct indicator *indicator = indicator_at(framework, index);
    return framework_text_in(&indicator->labels, language, indicator->public.id);
}

struct str framework_definition(const struct framework *framework, size_t index, struct str language) {
    const struct texts *texts = &indicator_at(framework, index)->definitions;
    return framework_text_in(texts, language, texts->count ? str_of(texts->at[0].text) : STR(""));
}

static struct framework_text text_at(const struct texts *texts, size_t text) {
    ASSERT(text < texts->count);
    return (struct framework_text){str_of(texts->at[text].language), str_of(texts->at[text].text)};
}

size_t framework_label_count(const struct framework *framework, size_t index) {
    return indicator_at(framework, index)->labels.count;
}

struct framework_text framework_label_at(const struct framework *framework, size_t index, size_t text) {
    return text_at(&indicator_at(framework, index)->labels, text);
}

size_t framework_definition_count(const struct framework *framework, size_t index) {
    return indicator_at(framework, index)->definitions.count;
}

struct framework_text framework_definition_at(const struct framework *framework, size_t index, size_t text) {
    return text_at(&indicator_at(framework, index)->definitions, text);
}

struct str framework_title(const struct framework *framework, struct str language) {
    return framework_text_in(&framework->title, language, framework_name(framework));
}

size_t framework_language_count(const struct framework *framework) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    return framework->content->languages ? framework->content->languages_count : 1;
}

static const struct dimension *dimension_at(const struct framework *framework, size_t index, size_t dim) {
    const struct indicator *indicator = indicator_at(framework, index);
    ASSERT(dim < indicator->public.dim_count);
    return indicator->dim[dim];
}

struct str framework_dim_name(const struct framework *framework, size_t index, size_t dim) {
    return str_of(dimension_at(framework, index, dim)->name);
}

size_t framework_dim_value_count(const struct framework *framework, size_t index, size_t dim) {
    return dimension_at(framework, index, dim)->values_count;
}

struct str framework_dim_value_at(const struct framework *framework, size_t index, size_t dim, size_t value) {
    const struct dimension *dimension = dimension_at(framework, index, dim);
    ASSERT(value < dimension->values_count);
    return str_of(dimension->values[value]);
}

size_t framework_feeder_count(const struct framework *framework, size_t index) {
    return indicator_at(framework, index)->entry->fed_by_count;
}

struct str framework_feeder_at(const struct framework *framework, size_t index, size_t feeder) {
    ASSERT(feeder < framework_feeder_count(framework, index));
    return str_of(framework->indicators[index].entry->fed_by[feeder]);
}

static bool contains(struct str text, struct str word) {
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (strncasecmp(text.at + i, word.at, word.len) == 0)
            return true;
    return false;
}

bool framework_names_people(struct str feeder) {
    struct str begin = STR("record");
    return (feeder.len >= begin.len && strncasecmp(feeder.at, begin.at, begin.len) == 0) ||
           contains(feeder, STR("CSV"));
}

bool framework_feeder_is_people(const struct framework *framework, size_t index, size_t feeder) {
    return framework_names_people(framework_feeder_at(framework, index, feeder));
}

bool framework_is_fed_by_people(const struct framework *framework, size_t index) {
    size_t count = framework_feeder_count(framework, index);
    for (size_t i = 0; i < count; i++)
        if (!framework_feeder_is_people(framework, index, i))
            return false;
    return count > 0;
}

int64_t framework_small_number(const struct framework *framework, size_t index) {
    return indicator_at(framework, index)->small_number;
}

bool framework_firsts(const struct framework *framework, size_t index, enum period_type longest,
                      enum period_type *type, size_t *count) {
    const size_t *firsts = indicator_at(framework, index)->firsts;
    for (unsigned at = longest < PERIOD_PLAN ? longest + 1 : PERIOD_PLAN; at-- > 0;) {
        if (firsts[at] != 0) {
            *type = (enum period_type)at;
            *count = firsts[at] - 1;
            return true;
        }
    }
    return false;
}

bool framework_is_firsts(const struct framework *framework, size_t index) {
    for (size_t i = 0; i < framework->count; i++) {
        for (size_t type = 0; type < PERIOD_PLAN; type++) {
            if (framework->indicators[i].firsts[type] == index + 1) {
                return true;
            }
        }
    }
    return false;
}

uint64_t framework_meaning(const struct framework *framework, size_t index) {
    return indicator_at(framework, index)->meaning;
}

size_t framework_area_count(const struct framework *framework) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    return framework->content->areas_count;
}

size_t framework_feed_count(const struct framework *framework) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    return framework->content->sources_count;
}

struct framework_feed framework_feed_at(const struct framework *framework, size_t feed) {
    ASSERT(feed < framework_feed_count(framework));
    return (struct framework_feed){str_of(framework->content->sources[feed].source), framework->feeds[feed]};
}

/* "a, b, c", and "..." when there are more than a sentence should hold. */
static const char *join(char *out, size_t size, size_t count, const char *(*word)(const void *from, size_t i),
                        const void *from) {
    enum { SHOWN = 12 };
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && i <= SHOWN && len < size; i++) {
        len +=
            (size_t)snprintf(out + len, size - len, "%s%s", i ? ", " : "", i < SHOWN ? word(from, i) : "...");
    }
    return out;
}

static const char *dimension_word(const void *indicator, size_t i) {
    return ((const struct indicator *)indicator)->dim[i]->name;
}

static const char *value_word(const void *dimension, size_t i) {
    return ((const struct dimension *)dimension)->values[i];
}

static bool allows(const struct dimension *dimension, struct str value) {
    for (unsigned i = 0; i < dimension->values_count; i++) {
        if (str_equal(str_of(dimension->values[i]), value)) {
            return true;
        }
    }
    return dimension->values == NULL;
}

static int check_pair(const struct indicator *indicator, const struct dim *pair, struct fault *why) {
    size_t count = indicator->public.dim_count;
    char words[FAULT_TEXT_MAX / 2];
    for (size_t i = 0; i < count; i++) {
        const struct dimension *dimension = indicator->dim[i];
        if (!str_equal(str_of(dimension->name), pair->name)) {
            continue;
        }
        if (!allows(dimension, pair->value)) {
            return fault_set(why, -EINVAL, "dimension \"%s\" of %s cannot be \"%.*s\": it is one of %s",
                             dimension->name, indicator->public.id.at, STR_ARG(pair->value),
                             join(words, sizeof words, dimension->values_count, value_word, dimension));
        }
        return 0;
    }
    return fault_set(why, -EINVAL, "%s has no dimension \"%.*s\"; it has %s", indicator->public.id.at,
                     STR_ARG(pair->name),
                     count ? join(words, sizeof words, count, dimension_word, indicator) : "none");
}

int framework_check_some(const struct framework *framework, size_t index, const struct dims *dims,
                         struct fault *why) {
    const struct indicator *indicator = indicator_at(framework, index);
    int err = 0;
    for (size_t i = 0; i < dims->count && err == 0; i++) {
        err = check_pair(indicator, &dims->dim[i], why);
    }
    return err;
}

int framework_check(const struct framework *framework, size_t index, const struct dims *dims,
                    struct fault *why) {
    const struct indicator *indicator = indicator_at(framework, index);
    int err = framework_check_some(framework, index, dims, why);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < indicator->public.dim_count; i++) {
        const char *name = indicator->dim[i]->name;
        if (dims_get(dims, str_of(name)).len == 0) {
            return fault_set(why, -EINVAL, "%s needs dimension \"%s\"", indicator->public.id.at, name);
        }
    }
    return 0;
}
