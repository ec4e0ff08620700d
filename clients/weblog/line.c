#include "clients/weblog/line.h"

#include <errno.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "clients/weblog/line_json.h"
#include "clients/weblog/line_usual.h"
#include "clients/weblog/logtime.h"
#include "proto/check.h"

#define LINE_PARSER_MAGIC 0x4c494e45

struct line_parser {
    unsigned magic;
    enum line_format format;
    struct logtime times;
    struct line_json *json; /* NULL unless the format is JSON */
};

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The first white space at or after `at`, or `end`. */
static const char *word_end(const char *at, const char *end) {
#ifdef __SSE2__
    const __m128i blank = _mm_set1_epi8(' '), tab = _mm_set1_epi8('\t'), span = _mm_set1_epi8('\r' - '\t');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i from_tab = _mm_sub_epi8(bytes, tab);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(from_tab, span), from_tab);
        int found = _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(bytes, blank)));
        if (found)
            return at + __builtin_ctz((unsigned)found);
    }
#endif
    while (at < end && !is_space(*at))
        at++;
    return at;
}

/* The first quote or backslash at or after `at`, or `end`. */
static const char *quote_or_backslash(const char *at, const char *end) {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        int found =
            _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        if (found)
            return at + __builtin_ctz((unsigned)found);
    }
#endif
    while (at < end && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* The quote that ends the field whose first byte is `at`; NULL when none does. */
static const char *field_end(const char *at, const char *end) {
    while ((at = quote_or_backslash(at, end)) < end) {
        if (*at == '\\') {
            if (end - at < 2)
                return NULL;
            at += 2;
        } else {
            if (at + 1 == end || at[1] == ' ')
                return at;
            at++;
        }
    }
    return NULL;
}

/* What follows the request. */
enum tail {
    TAIL_NONE,
    TAIL_COMMON,
    TAIL_COMBINED,
};

static enum tail tail_scan(const char *at, const char *end, struct line *line) {
    if (end - at < 6 || at[0] != ' ' || !is_digit(at[1]) || !is_digit(at[2]) || !is_digit(at[3]) ||
        at[4] != ' ')
        return TAIL_NONE;
    line->status = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
    at += 5;
    if (*at == '-') {
        at++;
    } else {
        if (!is_digit(*at))
            return TAIL_NONE;
        while (at < end && is_digit(*at))
            at++;
    }
    if (end - at >= 2 && at[0] == ' ' && at[1] == '"') {
        const char *referrer_end = field_end(at + 2, end);
        if (referrer_end == NULL || end - referrer_end < 3 || referrer_end[2] != '"')
            return TAIL_NONE;
        line->referrer = (struct str){at + 2, (size_t)(referrer_end - at - 2)};
        const char *agent = referrer_end + 3, *agent_end = field_end(agent, end);
        if (agent_end == NULL)
            return TAIL_NONE;
        line->agent = (struct str){agent, (size_t)(agent_end - agent)};
        line->rest = (struct str){agent_end + 1, (size_t)(end - agent_end - 1)};
        return TAIL_COMBINED;
    }
    while (at < end && is_space(*at))
        at++;
    return at == end ? TAIL_COMMON : TAIL_NONE;
}

#define BRACKET_TO_QUOTE (1 + LOGTIME_CLF_LENGTH + 2) /* `[time] "` */

/* Finds where the time is, and reads what follows it: the user's name before it is any text, so every bracket
 * is a candidate. A request that begins inside the request of an earlier candidate ends where that one ends
 * and is followed by the same; so such a candidate need not be tried, which keeps the time linear however a
 * line is made, and no later one can be better (combined) than the first that fits. */
static const char *time_find(const char *at, const char *end, struct line *line) {
    while (at < end && (at = memchr(at, '[', (size_t)(end - at))) != NULL && end - at > BRACKET_TO_QUOTE) {
        const char *bracket = at++;
        if (memcmp(bracket + 1 + LOGTIME_CLF_LENGTH, "] \"", 3) != 0 || !logtime_clf_shape(bracket + 1))
            continue;
        line->request.at = bracket + BRACKET_TO_QUOTE + 1;
        const char *request_end = field_end(line->request.at, end);
        if (request_end == NULL)
            return NULL;
        line->request.len = (size_t)(request_end - line->request.at);
        enum tail tail = tail_scan(request_end + 1, end, line);
        if (tail != TAIL_NONE) {
            line->has_agent = tail == TAIL_COMBINED;
            return bracket + 1;
        }
        if (request_end - at > BRACKET_TO_QUOTE)
            at = request_end - BRACKET_TO_QUOTE;
    }
    return NULL;
}

static bool text_parse(struct logtime *times, const char *at, const char *end, struct line *out) {
    struct line line = {0};
    if (line_usual(times, at, end, &line)) {
        *out = line;
        return true;
    }
    line = (struct line){0};
    const char *word = word_end(at, end);
    if (word == at || word == end || *word != ' ')
        return false;
    line.address = (struct str){at, (size_t)(word - at)};
    const char *ident = word + 1;
    word = word_end(ident, end);
    if (word == ident || word == end || *word != ' ')
        return false;
    const char *time = time_find(word + 1, end, &line);
    if (time == NULL || !logtime_clf(times, time, &line.at))
        return false;
    line.time = (struct str){time, LOGTIME_CLF_LENGTH};
    line.open_ended = !line.has_agent;
    if (!line.has_agent)
        line.agent = line.referrer = line.rest = (struct str){0};
    *out = line;
    return true;
}

bool line_parse(struct line_parser *parser, struct str text, struct line *out) {
    OBJ_CHECK(parser, LINE_PARSER_MAGIC);
    const char *at = text.at, *end = text.at + text.len;
    while (end > at && end[-1] == '\r')
        end--;
    if (at == end)
        return false;
    if (parser->format == LINE_JSON)
        return line_json_parse(parser->json, (struct str){at, (size_t)(end - at)}, &parser->times, out);
    if (parser->format == LINE_VHOST) {
        const char *space = memchr(at, ' ', (size_t)(end - at));
        if (space == NULL)
            return false;
        at = space + 1;
    }
    return text_parse(&parser->times, at, end, out);
}

void line_parser_new(struct line_parser **out, enum line_format format) {
    ASSERT(format != LINE_AUTO);
    struct line_parser *parser = mem_zeroed(1, sizeof(*parser));
    parser->magic = LINE_PARSER_MAGIC;
    parser->format = format;
    if (format == LINE_JSON)
        line_json_new(&parser->json);
    *out = parser;
}

void line_parser_destroy(struct line_parser **parser) {
    if (*parser == NULL)
        return;
    OBJ_CHECK(*parser, LINE_PARSER_MAGIC);
    line_json_destroy(&(*parser)->json);
    (*parser)->magic = 0;
    free(*parser);
    *parser = NULL;
}

enum line_format line_parser_format(const struct line_parser *parser) {
    OBJ_CHECK(parser, LINE_PARSER_MAGIC);
    return parser->format;
}

static const char *const format_names[] = {
    [LINE_AUTO] = "auto",   [LINE_COMBINED] = "combined", [LINE_COMMON] = "common",
    [LINE_VHOST] = "vhost", [LINE_JSON] = "json",
};

int line_format_parse(enum line_format *out, const char *name, struct fault *why) {
    for (size_t i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++) {
        if (strcmp(name, format_names[i]) == 0) {
            *out = (enum line_format)i;
            return 0;
        }
    }
    return fault_set(why, -EINVAL,
                     "there is no log format \"%.40s\"; say auto, combined, common, vhost or json", name);
}
