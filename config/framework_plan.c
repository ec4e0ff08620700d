/* All that stands in a framework file before its indicators. */
#include <errno.h>
#include <stdio.h>

#include "config/framework_priv.h"
#include "proto/check.h"
#include "proto/civil.h"

static bool has_language(const struct content *content, struct str language) {
    for (unsigned i = 0; i < content->languages_count; i++) {
        if (str_equal(str_of(content->languages[i]), language)) {
            return true;
        }
    }
    return content->languages_count == 0 && str_equal(language, STR("en"));
}

int loading_texts(struct loading *l, const char *node, size_t max, struct texts *out) {
    size_t count;
    int err = document_texts(l->document, node, LANGUAGES_MAX, &count, NULL);
    out->at = mem_zeroed(count + 1, sizeof *out->at);
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        struct str language, text;
        document_text(l->document, node, i, &language, &text);
        out->at[i] = (struct text){mem_string(language.at, language.len), mem_string(text.at, text.len)};
        if (text.len > max) {
            err = document_text_fault(l->document, NULL, node, i,
                                      "a text of %zu bytes, the limit is %zu: say it shorter", text.len, max);
        }
        if (language.len > 0 && !has_language(l->framework->content, language)) {
            err = document_text_fault(l->document, NULL, node, i,
                                      "\"%.*s\" is not among the framework's languages: add it to "
                                      "\"languages\" or take the text out",
                                      STR_ARG(language));
        }
    }
    return err;
}

int loading_number(struct loading *l, const char *node, const char *text, unsigned decimals, int64_t max,
                   int64_t *out) {
    int64_t value = 0;
    unsigned after = 0;
    bool point = false, good = *text >= '0' && *text <= '9';
    for (const char *at = text; good && *at != '\0'; at++) {
        if (*at == '.' && !point) {
            point = true;
            good = decimals > 0 && at[1] != '\0';
            continue;
        }
        after += point;
        good = *at >= '0' && *at <= '9' && after <= decimals && value <= max;
        value = good ? value * 10 + (*at - '0') : value;
    }
    for (; good && after < decimals; after++) {
        good = value <= max;
        value *= 10;
    }
    if (!good || value > max) {
        for (unsigned i = 0; i < decimals; i++) {
            max /= 10;
        }
        if (decimals == 0) {
            return FAULT(l, node, "\"%.64s\" is no whole number from 0 to %lld", text, (long long)max);
        }
        return FAULT(l, node, "\"%.64s\" is no number from 0 to %lld with at most %u digits after the point",
                     text, (long long)max, decimals);
    }
    *out = value;
    return 0;
}

int loading_period_type(struct loading *l, const char *node, const char *text, enum period_type *out) {
    struct fault reason;
    if (period_type_parse(out, str_of(text), &reason) != 0) {
        return FAULT(l, node, "%s", reason.text);
    }
    return 0;
}

static void read_plan(struct loading *l) {
    struct fault reason;
    struct period *plan = &l->framework->plan;
    if (period_parse(plan, str_of(l->framework->content->plan), &reason) != 0) {
        FAULT(l, "plan", "%s", reason.text);
        /* What is said of periods within the plan has one to go by. */
        *plan = (struct period){PERIOD_PLAN, CIVIL_DAY_MIN, CIVIL_DAY_MAX};
    } else if (plan->type != PERIOD_PLAN && plan->type != PERIOD_BIENNIUM) {
        FAULT(l, "plan", "\"%s\" is no span of years, such as 2016/2020", l->framework->content->plan);
    }
    plan->type = PERIOD_PLAN;
}

static void check_languages(struct loading *l) {
    const struct content *content = l->framework->content;
    for (unsigned i = 0; i < content->languages_count; i++) {
        const char *language = content->languages[i];
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "languages[%u]", i);
        if (strspn(language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") !=
            strlen(language)) {
            FAULT(l, node, "\"%s\" is no language tag, such as en or pt-BR", language);
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(content->languages[j], language) == 0) {
                FAULT(l, node, "language \"%s\" is listed twice", language);
                break;
            }
        }
    }
}

static void check_values(struct loading *l, unsigned index) {
    const struct dimension *dimension = &l->framework->content->dimensions[index];
    for (unsigned i = 0; i < dimension->values_count; i++) {
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "dimensions[%u].values[%u]", index, i);
        struct fault reason;
        if (dims_check_value(str_of(dimension->values[i]), &reason) != 0) {
            FAULT(l, node, "%s", reason.text);
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(dimension->values[j], dimension->values[i]) == 0) {
                FAULT(l, node, "value \"%s\" is listed twice", dimension->values[i]);
                break;
            }
        }
    }
}

/* Answers have columns of these names beside those of the dimensions. */
static bool is_column(const char *name) {
    static const char *const columns[] = {"indicator", "period", "value", "note", "state",
                                          "reported",  "target", "heard", "days"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if (strcmp(columns[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_dimensions(struct loading *l) {
    const struct content *content = l->framework->content;
    for (unsigned i = 0; i < content->dimensions_count; i++) {
        const char *name = content->dimensions[i].name;
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "dimensions[%u].name", i);
        struct fault reason;
        if (dims_check_name(str_of(name), &reason) != 0) {
            FAULT(l, node, "%s", reason.text);
        }
        if (is_column(name)) {
            FAULT(l, node, "\"%s\" is the name of a column of every answer: call the dimension otherwise",
                  name);
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(content->dimensions[j].name, name) == 0) {
                FAULT(l, node, "dimension \"%s\" is declared twice", name);
                break;
            }
        }
        check_values(l, i);
    }
}

/* Index of the area, or -ENOENT. */
static int find_area(const struct content *content, const char *code) {
    for (unsigned i = 0; i < content->areas_count; i++) {
        if (strcmp(content->areas[i].code, code) == 0) {
            return (int)i;
        }
    }
    return -ENOENT;
}

/* A chain of parents that does not end within as many steps as there are areas goes round. It is said once,
 * of the first area of the circle in the file. */
static void check_parents(struct loading *l, unsigned index) {
    const struct content *content = l->framework->content;
    char node[DOCUMENT_PATH_MAX], chain[FAULT_TEXT_MAX / 2];
    size_t len = (size_t)snprintf(chain, sizeof chain, "%s", content->areas[index].code);
    int at = (int)index;
    for (unsigned step = 0; step < content->areas_count && at >= 0 && content->areas[at].parent; step++) {
        at = find_area(content, content->areas[at].parent);
        if (at < 0 || at < (int)index) {
            return;
        }
        if (len < sizeof chain) {
            len += (size_t)snprintf(chain + len, sizeof chain - len, " > %s", content->areas[at].code);
        }
        if (at == (int)index) {
            snprintf(node, sizeof node, "areas[%u].parent", index);
            FAULT(l, node, "area \"%s\" lies within itself (%s): give one of these another parent or none",
                  content->areas[index].code, chain);
            return;
        }
    }
}

static void check_areas(struct loading *l) {
    const struct content *content = l->framework->content;
    for (unsigned i = 0; i < content->areas_count; i++) {
        const struct area_entry *area = &content->areas[i];
        struct texts labels = {0};
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "areas[%u].code", i);
        if (find_area(content, area->code) != (int)i) {
            FAULT(l, node, "area \"%s\" is declared a second time", area->code);
        }
        snprintf(node, sizeof node, "areas[%u].label", i);
        if (loading_texts(l, node, FRAMEWORK_LABEL_MAX, &labels) == 0 && labels.count == 0) {
            FAULT(l, node, "area \"%s\" needs a label in at least one language", area->code);
        }
        loading_free_texts(&labels);
        if (area->parent != NULL && find_area(content, area->parent) < 0) {
            snprintf(node, sizeof node, "areas[%u].parent", i);
            FAULT(l, node, "no area has the code \"%s\": declare it under \"areas\", or mend the code",
                  area->parent);
        } else {
            check_parents(l, i);
        }
    }
}

static void check_sources(struct loading *l) {
    const struct content *content = l->framework->content;
    l->framework->feeds = mem_zeroed(content->sources_count + 1, sizeof *l->framework->feeds);
    for (unsigned i = 0; i < content->sources_count; i++) {
        const char *source = content->sources[i].source;
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "sources[%u].every", i);
        loading_period_type(l, node, content->sources[i].every, &l->framework->feeds[i]);
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(content->sources[j].source, source) == 0) {
                snprintf(node, sizeof node, "sources[%u].source", i);
                FAULT(l, node, "source \"%s\" is listed twice", source);
                break;
            }
        }
    }
}

void loading_plan(struct loading *l) {
    read_plan(l);
    check_languages(l);
    loading_texts(l, "title", FRAMEWORK_LABEL_MAX, &l->framework->title);
    check_dimensions(l);
    check_areas(l);
    check_sources(l);
}
