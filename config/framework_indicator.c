/* One indicator as it is read, and what must hold among all of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/framework_priv.h"
#include "proto/check.h"
#include "proto/message.h"

#define SMALL_NUMBER_DEFAULT 5 /* of distinct kinds */
#define SMALL_NUMBER_MAX     1000
#define FACTOR_MAX           1000000000

_Static_assert(TEXT_MAX_BYTES <= MESSAGE_LONG_MAX && NAME_MAX_BYTES <= MESSAGE_TEXT_MAX &&
                   FRAMEWORK_LABEL_MAX <= MESSAGE_TEXT_MAX && FEEDERS_MAX_BYTES < MESSAGE_TEXT_MAX &&
                   LANGUAGE_MAX <= MESSAGE_LANGUAGE_MAX && SOURCE_MAX_BYTES <= MESSAGE_SOURCE_MAX,
               "every text of a framework can be sent");

const char *loading_field(size_t index, const char *name, char node[static DOCUMENT_PATH_MAX]) {
    snprintf(node, DOCUMENT_PATH_MAX, "indicators[%zu].%s", index, name);
    return node;
}

static void unknown_dimension(struct loading *l, const char *node, const char *name) {
    const struct content *content = l->framework->content;
    const char *known[DIMENSIONS_MAX];
    for (unsigned i = 0; i < content->dimensions_count; i++) {
        known[i] = content->dimensions[i].name;
    }
    const char *similar = document_similar(str_of(name), known, content->dimensions_count);
    if (similar != NULL) {
        FAULT(l, node, "unknown dimension \"%s\" (did you mean \"%s\"?)", name, similar);
    } else {
        FAULT(l, node, "unknown dimension \"%s\": declare it under \"dimensions\" at the top of the file",
              name);
    }
}

static void read_dimensions(struct loading *l, size_t index) {
    const struct content *content = l->framework->content;
    struct indicator *indicator = &l->framework->indicators[index];
    const struct indicator_entry *entry = indicator->entry;
    size_t *count = &indicator->public.dim_count;
    for (unsigned i = 0; i < entry->dimensions_count; i++) {
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "indicators[%zu].dimensions[%u]", index, i);
        unsigned found = 0;
        while (found < content->dimensions_count &&
               strcmp(content->dimensions[found].name, entry->dimensions[i]) != 0) {
            found++;
        }
        if (found == content->dimensions_count) {
            unknown_dimension(l, node, entry->dimensions[i]);
            continue;
        }
        size_t same = 0;
        while (same < *count && indicator->dim[same] != &content->dimensions[found]) {
            same++;
        }
        if (same < *count) {
            FAULT(l, node, "dimension \"%s\" is listed twice", entry->dimensions[i]);
            continue;
        }
        indicator->dim[(*count)++] = &content->dimensions[found];
    }
}

static void read_texts(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    char node[DOCUMENT_PATH_MAX];
    loading_texts(l, loading_field(index, "definition", node), TEXT_MAX_BYTES, &indicator->definitions);
    if (loading_texts(l, loading_field(index, "label", node), FRAMEWORK_LABEL_MAX, &indicator->labels) == 0 &&
        indicator->labels.count == 0) {
        FAULT(l, node, "\"%s\" needs a label in at least one language", indicator->entry->id);
    }
}

/* They are told in one text. */
static void read_feeders(struct loading *l, size_t index) {
    const struct indicator_entry *entry = l->framework->indicators[index].entry;
    char node[DOCUMENT_PATH_MAX];
    size_t bytes = 0;
    for (unsigned i = 0; i < entry->fed_by_count; i++) {
        bytes += strlen(entry->fed_by[i]) + (i > 0 ? strlen(", ") : 0);
    }
    if (bytes > FEEDERS_MAX_BYTES) {
        FAULT(l, loading_field(index, "fed_by", node),
              "those of \"fed_by\" have %zu bytes in all with \", \" between them, the limit is %d: say them "
              "shorter",
              bytes, FEEDERS_MAX_BYTES);
    }
}

static void read_area(struct loading *l, size_t index) {
    const struct content *content = l->framework->content;
    const char *area = l->framework->indicators[index].entry->area;
    char node[DOCUMENT_PATH_MAX];
    for (unsigned i = 0; area != NULL && i < content->areas_count; i++) {
        if (strcmp(content->areas[i].code, area) == 0) {
            area = NULL;
        }
    }
    if (area != NULL) {
        FAULT(l, loading_field(index, "area", node),
              "no area has the code \"%s\": declare it under \"areas\", or mend the code", area);
    }
}

static void read_since(struct loading *l, size_t index) {
    struct framework_indicator *out = &l->framework->indicators[index].public;
    const char *since = l->framework->indicators[index].entry->since;
    char node[DOCUMENT_PATH_MAX];
    struct period day;
    out->since = FRAMEWORK_NO_DAY;
    if (since == NULL) {
        return;
    }
    if (period_parse(&day, str_of(since), NULL) != 0 || day.type != PERIOD_DAY) {
        FAULT(l, loading_field(index, "since", node), "\"%s\" is no day, such as 2018-04-01", since);
        return;
    }
    out->since = day.first;
}

/* A key that only one kind of indicator has. `kind` is 0 of one whose kind is not known: that was said. */
static bool belongs(struct loading *l, size_t index, const char *key, const char *text, enum kind kind) {
    const struct framework_indicator *out = &l->framework->indicators[index].public;
    char node[DOCUMENT_PATH_MAX];
    if (text != NULL && out->kind != 0 && out->kind != kind) {
        FAULT(l, loading_field(index, key, node),
              "only an indicator of kind %s has \"%s\"; this one is of kind %s: take it out", kind_name(kind),
              key, kind_name(out->kind));
        return false;
    }
    return text != NULL;
}

static void read_window(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    char node[DOCUMENT_PATH_MAX];
    indicator->public.window = PERIOD_MONTH;
    if (belongs(l, index, "window", indicator->entry->window, KIND_DISTINCT)) {
        loading_period_type(l, loading_field(index, "window", node), indicator->entry->window,
                            &indicator->public.window);
    }
}

static void read_small_number(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    const char *all = l->framework->content->small_numbers, *own = indicator->entry->small_number;
    char node[DOCUMENT_PATH_MAX];
    if (indicator->public.kind == KIND_DISTINCT) {
        indicator->small_number = SMALL_NUMBER_DEFAULT;
        if (all != NULL) {
            indicator->small_number = atoi(all); /* checked by check_small_numbers */
        }
    }
    if (own != NULL) {
        loading_number(l, loading_field(index, "small_number", node), own, 0, SMALL_NUMBER_MAX,
                       &indicator->small_number);
    }
}

static void need_operand(struct loading *l, size_t index, const char *key, const char *what) {
    char node[DOCUMENT_PATH_MAX];
    if (!document_has(l->document, loading_field(index, key, node))) {
        snprintf(node, sizeof node, "indicators[%zu]", index);
        FAULT(l, node, "ratio \"%s\" needs \"%s\", the id of %s", l->framework->indicators[index].entry->id,
              key, what);
    }
}

/* The operands are read when all indicators are known. */
static void read_ratio(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    const struct indicator_entry *entry = indicator->entry;
    char node[DOCUMENT_PATH_MAX];
    bool factor = belongs(l, index, "factor", entry->factor, KIND_RATIO);
    bool decimals = belongs(l, index, "decimals", entry->decimals, KIND_RATIO);
    int64_t digits = 0;
    belongs(l, index, "numerator", entry->numerator, KIND_RATIO);
    belongs(l, index, "denominator", entry->denominator, KIND_RATIO);
    indicator->public.factor = 1;
    if (factor &&
        loading_number(l, loading_field(index, "factor", node), entry->factor, 0, FACTOR_MAX,
                       &indicator->public.factor) == 0 &&
        indicator->public.factor == 0) {
        FAULT(l, node, "a factor of 0 makes every figure 0: write 1, 100, 1000 ...");
    }
    if (decimals) {
        loading_number(l, loading_field(index, "decimals", node), entry->decimals, 0, FRAMEWORK_DECIMALS_MAX,
                       &digits);
    }
    indicator->public.decimals = (unsigned)digits;
    if (indicator->public.kind != KIND_RATIO) {
        return;
    }
    need_operand(l, index, "numerator", "what is divided");
    need_operand(l, index, "denominator", "what it is divided by");
    if (entry->dimensions != NULL) {
        FAULT(l, loading_field(index, "dimensions", node),
              "a ratio has the dimensions that both its operands have: take these out");
    }
}

static void read_indicator(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    const struct indicator_entry *entry = &l->framework->content->indicators[index];
    struct framework_indicator *out = &indicator->public;
    char node[DOCUMENT_PATH_MAX];
    struct fault reason;
    l->framework->count = index + 1;
    indicator->entry = entry;
    out->id = str_of(entry->id);
    out->code = str_of(entry->code ? entry->code : "");
    out->area = str_of(entry->area ? entry->area : "");
    out->unit = str_of(entry->unit ? entry->unit : "");
    out->method = str_of(entry->method ? entry->method : "");
    out->method_version = str_of(entry->method_version ? entry->method_version : "");
    if (dims_check_indicator(out->id, &reason) != 0) {
        FAULT(l, loading_field(index, "id", node), "%s", reason.text);
    }
    if (kind_parse(&out->kind, str_of(entry->kind), &reason) != 0) {
        FAULT(l, loading_field(index, "kind", node), "%s", reason.text);
    }
    read_area(l, index);
    read_since(l, index);
    read_window(l, index);
    read_dimensions(l, index);
    read_ratio(l, index);
    read_small_number(l, index);
    read_texts(l, index);
    read_feeders(l, index);
    if (loading_period_type(l, loading_field(index, "frequency", node), entry->frequency, &out->frequency) ==
        0) {
        loading_calendar(l, index);
    }
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
static void check_unique(struct loading *l) {
    struct framework *f = l->framework;
    char node[DOCUMENT_PATH_MAX];
    f->sorted = mem_zeroed(f->count + 1, sizeof *f->sorted);
    for (size_t i = 0; i < f->count; i++) {
        f->sorted[i] = (uint32_t)i;
    }
    qsort_r(f->sorted, f->count, sizeof *f->sorted, by_code, f);
    for (size_t i = 1; i < f->count; i++) {
        const struct framework_indicator *a = &f->indicators[f->sorted[i - 1]].public;
        const struct framework_indicator *b = &f->indicators[f->sorted[i]].public;
        if (a->code.len > 0 && str_equal(a->code, b->code)) {
            FAULT(l, loading_field(f->sorted[i], "code", node), "code \"%s\" is that of %s too", b->code.at,
                  a->id.at);
        }
    }
    qsort_r(f->sorted, f->count, sizeof *f->sorted, by_id, f);
    for (size_t i = 1; i < f->count; i++) {
        const struct str id = f->indicators[f->sorted[i]].public.id;
        if (str_equal(f->indicators[f->sorted[i - 1]].public.id, id)) {
            FAULT(l, loading_field(f->sorted[i], "id", node),
                  "indicator \"%s\" is declared a second time: give this one another id", id.at);
        }
    }
}

static void check_small_numbers(struct loading *l) {
    const char *all = l->framework->content->small_numbers;
    int64_t number;
    if (all != NULL) {
        loading_number(l, "small_numbers", all, 0, SMALL_NUMBER_MAX, &number);
    }
}

void loading_indicators(struct loading *l) {
    struct framework *framework = l->framework;
    framework->indicators =
        mem_zeroed(framework->content->indicators_count + 1, sizeof *framework->indicators);
    check_small_numbers(l);
    for (size_t i = 0; i < framework->content->indicators_count; i++) {
        read_indicator(l, i);
    }
    check_unique(l);
}
