#include "clients/weblog/patterns.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "clients/weblog/literals.h"
#include "clients/weblog/required.h"
#include "proto/check.h"

#define PATTERNS_MAGIC 0x50415454
#define PATTERNS_MAX   65536

struct pattern {
    struct str literal; /* owned; must be in the text; empty: always to be tried */
    bool caseless;
    pcre2_code *code; /* NULL: the literal is the whole pattern */
    uint64_t tried;   /* the number of the search in which it was tried last */
};

struct patterns {
    unsigned magic;
    struct pattern *list;
    size_t count, capacity;
    struct literals *literals;
    pcre2_compile_context *compile;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    uint64_t searches;
};

void patterns_new(struct patterns **out) {
    struct patterns *patterns = mem_zeroed(1, sizeof(*patterns));
    patterns->magic = PATTERNS_MAGIC;
    literals_new(&patterns->literals);
    patterns->compile = pcre2_compile_context_create(NULL);
    patterns->match = pcre2_match_data_create(1, NULL);
    patterns->limits = pcre2_match_context_create(NULL);
    ASSERT(patterns->compile != NULL && patterns->match != NULL && patterns->limits != NULL);
    pcre2_set_newline(patterns->compile, PCRE2_NEWLINE_LF);
    pcre2_set_match_limit(patterns->limits, PATTERNS_STEPS_MAX);
    *out = patterns;
}

void patterns_destroy(struct patterns **patterns) {
    if (*patterns == NULL)
        return;
    OBJ_CHECK(*patterns, PATTERNS_MAGIC);
    struct patterns *self = *patterns;
    for (size_t i = 0; i < self->count; i++) {
        free((void *)(uintptr_t)self->list[i].literal.at);
        pcre2_code_free(self->list[i].code);
    }
    free(self->list);
    literals_destroy(&self->literals);
    pcre2_compile_context_free(self->compile);
    pcre2_match_data_free(self->match);
    pcre2_match_context_free(self->limits);
    self->magic = 0;
    free(self);
    *patterns = NULL;
}

/* Interpreted, not made into machine code (PCRE2_JIT): so few expressions are left to try that this takes a
 * fifth longer in all, a hardened service may not make code at run time, and in PCRE2 10.42 the two do not
 * always agree. */
static int compile(struct patterns *patterns, struct str text, bool caseless, pcre2_code **out,
                   struct fault *why) {
    int error;
    size_t offset;
    uint32_t options = caseless ? PCRE2_CASELESS : 0;
    *out = pcre2_compile((PCRE2_SPTR)text.at, text.len, options, &error, &offset, patterns->compile);
    if (*out == NULL) {
        PCRE2_UCHAR message[160];
        pcre2_get_error_message(error, message, sizeof(message));
        return fault_set(why, -EINVAL, "not a pattern at its byte %zu: %s", offset + 1,
                         (const char *)message);
    }
    return 0;
}

int patterns_add(struct patterns *patterns, struct str text, bool caseless, struct fault *why) {
    OBJ_CHECK(patterns, PATTERNS_MAGIC);
    struct required required;
    required_find(text, &required);
    struct pattern pattern = {.caseless = caseless};
    if (!required.simple) {
        int error = compile(patterns, text, caseless, &pattern.code, why);
        if (error)
            return error;
    }
    struct str literal = {required.text, required.len};
    if (patterns->count == PATTERNS_MAX ||
        (literal.len > 0 && literals_add(patterns->literals, literal, (uint32_t)patterns->count) != 0)) {
        pcre2_code_free(pattern.code);
        return fault_set(why, -E2BIG, "too many patterns; shorten the list");
    }
    if (literal.len > 0)
        pattern.literal = (struct str){mem_copy(literal.at, literal.len), literal.len};
    if (patterns->count == patterns->capacity) {
        patterns->capacity = patterns->capacity ? patterns->capacity * 2 : 64;
        patterns->list = mem_resize(patterns->list, patterns->capacity, sizeof(*patterns->list));
    }
    patterns->list[patterns->count++] = pattern;
    return 0;
}

void patterns_build(struct patterns *patterns) {
    OBJ_CHECK(patterns, PATTERNS_MAGIC);
    literals_build(patterns->literals);
}

struct search {
    struct patterns *patterns;
    struct str text;
};

static bool try_expression(struct search *search, struct pattern *pattern) {
    struct patterns *patterns = search->patterns;
    if (pattern->tried == patterns->searches)
        return false;
    pattern->tried = patterns->searches;
    PCRE2_SPTR subject = (PCRE2_SPTR)search->text.at;
    return pcre2_match(pattern->code, subject, search->text.len, 0, 0, patterns->match, patterns->limits) >=
           0;
}

static bool literal_found(void *context, uint32_t id, size_t end) {
    struct search *search = context;
    struct pattern *pattern = &search->patterns->list[id];
    struct str literal = pattern->literal;
    if (!pattern->caseless && memcmp(search->text.at + end - literal.len, literal.at, literal.len) != 0)
        return false;
    return pattern->code == NULL || try_expression(search, pattern);
}

bool patterns_match(struct patterns *patterns, struct str text) {
    OBJ_CHECK(patterns, PATTERNS_MAGIC);
    struct search search = {.patterns = patterns, .text = text};
    patterns->searches++;
    if (literals_find(patterns->literals, text, literal_found, &search))
        return true;
    for (size_t i = 0; i < patterns->count; i++) {
        struct pattern *pattern = &patterns->list[i];
        if (pattern->literal.len == 0 && try_expression(&search, pattern))
            return true;
    }
    return false;
}
