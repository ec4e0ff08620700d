#include "daemon/answers/choice.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "daemon/answers/words.h"
#include "proto/check.h"
#include "proto/message.h"

_Static_assert(INDICATOR_ID_MAX <= CHOICE_TEXT_MAX && MESSAGE_SOURCE_MAX <= CHOICE_TEXT_MAX,
               "every id and every source can be held against a pattern");

bool choice_is_glob(struct str pattern) {
    return pattern.len && (memchr(pattern.at, '*', pattern.len) || memchr(pattern.at, '?', pattern.len));
}

bool choice_matches(struct str pattern, struct str text) {
    char pattern_text[CHOICE_TEXT_MAX + 1], plain[CHOICE_TEXT_MAX + 1];
    ASSERT(text.len <= CHOICE_TEXT_MAX);
    if (!choice_is_glob(pattern))
        return str_equal(pattern, text);
    if (pattern.len > CHOICE_TEXT_MAX)
        return false;
    memcpy(pattern_text, pattern.at, pattern.len);
    pattern_text[pattern.len] = '\0';
    memcpy(plain, text.at, text.len);
    plain[text.len] = '\0';
    return fnmatch(pattern_text, plain, FNM_NOESCAPE) == 0;
}

static int compare_indicators(const void *left, const void *right, void *arg) {
    const struct framework *framework = arg;
    return str_compare(framework_indicator_at(framework, *(const size_t *)left)->id,
                       framework_indicator_at(framework, *(const size_t *)right)->id);
}

bool choice_means(const struct str *pattern, uint32_t pattern_count, struct str id, struct str code,
                  bool *found) {
    bool means = pattern_count == 0;
    for (uint32_t p = 0; p < pattern_count; p++)
        if (choice_matches(pattern[p], id) || (code.len > 0 && choice_matches(pattern[p], code)))
            means = found[p] = true;
    return means;
}

int choice_find(const struct framework *framework, const struct str *pattern, uint32_t pattern_count,
                size_t *chosen, size_t *count, bool *found, struct fault *why) {
    ASSERT(pattern_count <= MESSAGE_PATTERNS_MAX);
    *count = 0;
    for (uint32_t p = 0; p < pattern_count; p++)
        if (pattern[p].len > INDICATOR_ID_MAX)
            return fault_set(why, -EINVAL, "an indicator's id has at most %d bytes", INDICATOR_ID_MAX);
    for (size_t i = 0; i < framework_indicator_count(framework); i++) {
        const struct framework_indicator *indicator = framework_indicator_at(framework, i);
        if (choice_means(pattern, pattern_count, indicator->id, indicator->code, found))
            chosen[(*count)++] = i;
    }
    return 0;
}

int choice_missing(struct str pattern, struct fault *why) {
    return fault_set(why, -EINVAL,
                     "the framework has no indicator \"%.*s\"; suivi figures '*' shows all of them",
                     STR_ARG(pattern));
}

int choice_indicators(const struct framework *framework, const struct str *pattern, uint32_t pattern_count,
                      size_t *chosen, size_t *count, struct fault *why) {
    bool found[MESSAGE_PATTERNS_MAX] = {false};
    int err = choice_find(framework, pattern, pattern_count, chosen, count, found, why);
    for (uint32_t p = 0; p < pattern_count && err == 0; p++)
        if (!found[p])
            err = choice_missing(pattern[p], why);
    return err;
}

void choice_sort(const struct framework *framework, size_t *chosen, size_t count) {
    qsort_r(chosen, count, sizeof *chosen, compare_indicators, (void *)(uintptr_t)framework);
}

/* ---- values ---- */

static int take_series(void *arg, uint32_t series, const struct dims *dims) {
    const struct dim *wanted = arg;
    (void)series;
    return str_equal(dims_get(dims, wanted->name), wanted->value);
}

/* What the plan has no more may be known from before. */
static bool is_known(struct catalogue *catalogue, const size_t *chosen, size_t count,
                     const struct dim *wanted) {
    struct dim value = *wanted;
    for (size_t i = 0; i < count; i++)
        if (catalogue_each_series(catalogue, chosen[i], take_series, &value) != 0)
            return true;
    return false;
}

static bool lists(const struct framework *framework, size_t indicator, size_t dim, struct str value) {
    size_t values = framework_dim_value_count(framework, indicator, dim);
    for (size_t i = 0; i < values; i++)
        if (str_equal(framework_dim_value_at(framework, indicator, dim, i), value))
            return true;
    return values == 0;
}

int choice_check_value(const struct framework *framework, struct catalogue *catalogue, const size_t *chosen,
                       size_t count, const struct dim *wanted, struct fault *why) {
    size_t indicator = SIZE_MAX, dim = 0;
    struct words choices = {{0}};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < framework_indicator_at(framework, chosen[i])->dim_count; k++) {
            if (!str_equal(framework_dim_name(framework, chosen[i], k), wanted->name))
                continue;
            if (lists(framework, chosen[i], k, wanted->value))
                return 0;
            indicator = chosen[i];
            dim = k;
        }
    if (indicator == SIZE_MAX || is_known(catalogue, chosen, count, wanted))
        return 0;
    for (size_t i = 0; i < framework_dim_value_count(framework, indicator, dim); i++)
        words_add(&choices, "%s%.*s", i ? ", " : "",
                  STR_ARG(framework_dim_value_at(framework, indicator, dim, i)));
    return fault_set(why, -EINVAL, "dimension \"%.*s\" cannot be \"%.*s\": it is one of %s",
                     STR_ARG(wanted->name), STR_ARG(wanted->value), choices.text);
}
