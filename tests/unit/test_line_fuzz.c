/* The hand-written scanner against the definition of a line written down as two expressions, on lines made by
 * chance. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "clients/collector/input.h"
#include "clients/weblog/line.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE_MAX_LEN 2000
#define ROUNDS       400000

#define FIELD "\"((?:\\\\.|[^\"\\\\]|\"(?! |$))*)\""
#define WHEN  "\\d{2}/[A-Z][a-z]{2}/\\d{4}:\\d{2}:\\d{2}:\\d{2} [+-]\\d{4}"
#define HEAD  "^(\\S+) \\S+ .*? ?\\[(" WHEN ")\\] " FIELD " (\\d{3}) (\\d+|-)"

enum {
    GROUP_ADDRESS = 1,
    GROUP_TIME = 2,
    GROUP_REQUEST = 3,
    GROUP_STATUS = 4,
    GROUP_REFERRER = 6,
    GROUP_AGENT = 7,
};

struct reference {
    pcre2_code *common, *combined;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static pcre2_code *compiled(const char *pattern) {
    int error;
    size_t offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY, &error,
                                     &offset, NULL);
    assert_non_null(code);
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

static int reference_set_up(void **state) {
    struct reference *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    self->common = compiled(HEAD "\\s*$");
    self->combined = compiled(HEAD " " FIELD " " FIELD "(?: .*)?$");
    self->match = pcre2_match_data_create(16, NULL);
    self->context = pcre2_match_context_create(NULL);
    self->stack = pcre2_jit_stack_create(1 << 15, 1 << 26, NULL);
    pcre2_jit_stack_assign(self->context, NULL, self->stack);
    *state = self;
    return 0;
}

static int reference_tear_down(void **state) {
    struct reference *self = *state;
    pcre2_code_free(self->common);
    pcre2_code_free(self->combined);
    pcre2_match_data_free(self->match);
    pcre2_match_context_free(self->context);
    pcre2_jit_stack_free(self->stack);
    free(self);
    return 0;
}

static bool matches(const struct reference *self, const pcre2_code *code, struct str text) {
    int result = pcre2_match(code, (PCRE2_SPTR)text.at, text.len, 0, 0, self->match, self->context);
    if (result < 0)
        assert_int_equal(result, PCRE2_ERROR_NOMATCH);
    return result > 0;
}

static struct str group(const struct reference *self, struct str text, size_t number) {
    const size_t *bounds = pcre2_get_ovector_pointer(self->match) + 2 * number;
    return (struct str){text.at + bounds[0], bounds[1] - bounds[0]};
}

/* By the C library's calendar, not by ours. */
static bool reference_time(struct str text, int64_t *at) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char copy[27] = {0}, name[4], sign;
    int day, year, hour, minute, second, offset_hour, offset_minute;
    memcpy(copy, text.at, 26);
    if (sscanf(copy, "%2d/%3[A-Za-z]/%4d:%2d:%2d:%2d %c%2d%2d", &day, name, &year, &hour, &minute, &second,
               &sign, &offset_hour, &offset_minute) != 9)
        return false;
    for (int month = 0; month < 12; month++) {
        if (strcmp(name, months[month]) != 0)
            continue;
        struct tm tm = {.tm_year = year - 1900, .tm_mon = month, .tm_mday = day};
        int64_t midnight = timegm(&tm);
        if (day == 0 || tm.tm_mday != day || year < 1 || hour > 23 || minute > 59 || second > 60 ||
            offset_hour > 23 || offset_minute > 59)
            return false;
        int64_t offset = (offset_hour * 60 + offset_minute) * 60;
        *at = midnight + (hour * 60 + minute) * 60 + second - (sign == '-' ? -offset : offset);
        return *at >= INT64_C(-62135596800) && *at <= INT64_C(253402300799);
    }
    return false;
}

static bool reference_parse(const struct reference *self, struct str text, struct line *out) {
    while (text.len > 0 && text.at[text.len - 1] == '\r')
        text.len--;
    struct line line = {0};
    line.has_agent = matches(self, self->combined, text);
    if (!line.has_agent && !matches(self, self->common, text))
        return false;
    line.open_ended = !line.has_agent;
    line.address = group(self, text, GROUP_ADDRESS);
    line.request = group(self, text, GROUP_REQUEST);
    struct str status = group(self, text, GROUP_STATUS); /* three digits, nothing that ends them */
    line.status = (status.at[0] - '0') * 100 + (status.at[1] - '0') * 10 + (status.at[2] - '0');
    line.time = group(self, text, GROUP_TIME);
    if (line.has_agent) {
        line.referrer = group(self, text, GROUP_REFERRER);
        line.agent = group(self, text, GROUP_AGENT);
        line.rest.at = line.agent.at + line.agent.len + 1;
        line.rest.len = (size_t)(text.at + text.len - line.rest.at);
    }
    if (!reference_time(group(self, text, GROUP_TIME), &line.at))
        return false;
    *out = line;
    return true;
}

/* Marsaglia's xorshift64. */
static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t below(uint64_t *seed, size_t bound) {
    return (size_t)(next_random(seed) % bound);
}

static const char *const tokens[] = {
    "\"",
    "\"",
    "\" ",
    " \"",
    "\\",
    "\\\"",
    "\\\\",
    " ",
    " ",
    "  ",
    "-",
    "[",
    "]",
    "] ",
    "\t",
    "\r",
    "\v",
    "\f",
    "a",
    "GET / H",
    "200",
    " 200 1",
    " 200 -",
    " 404 17 \"-\" \"x\"",
    " 200 1 \"-\" \"",
    "7",
    "[03/Feb/2023:10:00:00 +0000]",
    "[03/Feb/2023:10:00:00 +0000] \"",
    "[29/Feb/2023:10:00:00 -0130] \"q\"",
    "[29/Feb/2024:23:59:60 -0130] \"q\" 200 1",
    "[31/Dec/9999:23:59:59 +2359]",
    "[31/Dec/9999:23:59:59 -0100] \"",
    "[00/Foo/0000:99:99:99 +9999] \"q\" 200 1",
    "[03/Feb/2023:10:00:00 ,0000] \"q\" 200 1",
    " - - [03/Feb/2023:10:59:59 +0000] \"",
    " - - [03/Feb/2023:10:00:60 +0000] \"",
    " - - [03/Feb/2023:10:60:00 +0000] \"",
    "\" 304 - \"",
    "\" 200 123456789 \"",
    "a longer text, so that what follows it stands in another block of the line",
    "\xff",
    "\x80\xc3",
    "192.0.2.1",
    "[1/2",
    ":10:00",
};

static const char *const samples[] = {
    "192.0.2.1 - - [03/Feb/2023:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 12 \"-\" \"Agent/1 (x; y)\"",
    "192.0.2.1 - john smith [31/Dec/2024:23:59:60 -0730] \"GET /a\\\"b HTTP/1.1\" 200 12 "
    "\"http://x.example/\\\\\" "
    "\"Agent \\\"1\\\"\" extra 0.004",
    "2001:db8:aaaa:bbbb:cccc:dddd:192.255.255.255 - - [28/Feb/2023:23:59:59 +0100] \"GET "
    "/en/resource-library/some-rather-long-name?utm_source=x HTTP/1.1\" 200 12345678 "
    "\"https://www.example.org/en/resource-library/\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\"",
    "192.0.2.33 - - [31/Dec/9999:23:10:00 -0000] \"GET / HTTP/1.1\" 304 0 \"-\" \"Mozilla/5.0 (compatible)\" "
    "x",
    "::1 - - [31/Dec/9999:23:10:00 -0030] \"POST / HTTP/1.1\" 200 5 \"-\" \"\" \"192.0.2.1, 192.0.2.2\" "
    "rt=0.004",
    "host.example ident [01/Jan/0001:00:30:00 +0030] \"GET /a \"b\" c HTTP/1.1\" 404 -",
    "a b [x [01/Mar/2023:00:00:00 +0000] [02/Mar/2023:00:00:00 +0000] \"-\" 000 7  \t",
    "a b \"[05/Mar/2023:10:00:00 +0000] \" [05/Mar/2023:11:00:00 +0000] \"q\" 200 1 \"\" \"\"",
    "a b [05/Mar/2023:10:00:00 +0000] \"q [06/Mar/2023:10:00:00 +0000] \"p\" 200 1 \"r\" \"g\"",
};

static size_t append(char *line, size_t len, const char *text) {
    size_t more = strlen(text);
    if (len + more > LINE_MAX_LEN)
        return len;
    memcpy(line + len, text, more);
    return len + more;
}

static size_t concatenate(char *line, uint64_t *seed) {
    size_t len = 0;
    if (below(seed, 4) > 0)
        len = append(line, len, below(seed, 2) ? "a b " : "a b [03/Feb/2023:10:00:00 +0000] \"");
    for (size_t i = below(seed, 25); i > 0; i--)
        len = append(line, len, tokens[below(seed, COUNT(tokens))]);
    return len;
}

/* Replaces, takes out, puts in or doubles a few short stretches of a good line. */
static size_t mutate(char *line, uint64_t *seed) {
    size_t len = append(line, 0, samples[below(seed, COUNT(samples))]);
    for (size_t i = below(seed, 4); i > 0 && len > 0; i--) {
        size_t at = below(seed, len), end = at + below(seed, 12);
        char rest[LINE_MAX_LEN];
        if (end > len)
            end = len;
        size_t rest_len = len - end;
        memcpy(rest, line + end, rest_len);
        switch (below(seed, 4)) {
        case 0: /* take out */
            len = at;
            break;
        case 1: /* a token instead */
            len = append(line, at, tokens[below(seed, COUNT(tokens))]);
            break;
        case 2: /* a token before */
            len = at;
            rest_len += end - at;
            memmove(rest + (end - at), rest, rest_len - (end - at));
            memcpy(rest, line + at, end - at);
            len = append(line, len, tokens[below(seed, COUNT(tokens))]);
            break;
        default: /* another byte */
            len = end;
            do
                line[at] = (char)below(seed, 256);
            while (line[at] == '\n');
        }
        if (len + rest_len > LINE_MAX_LEN)
            rest_len = LINE_MAX_LEN - len;
        memcpy(line + len, rest, rest_len);
        len += rest_len;
    }
    return len;
}

static void check_same(const struct reference *reference, struct line_parser *parser, struct str text,
                       size_t *good) {
    struct line wanted = {0}, got = {0};
    bool parses = reference_parse(reference, text, &wanted);
    *good += parses;
    if (line_parse(parser, text, &got) != parses)
        fail_msg("%s: %.*s", parses ? "should parse" : "should not parse", STR_ARG(text));
    if (!parses)
        return;
    bool same = got.at == wanted.at && got.status == wanted.status && got.has_agent == wanted.has_agent &&
                got.open_ended == wanted.open_ended && str_equal(got.address, wanted.address) &&
                str_equal(got.request, wanted.request) && str_equal(got.agent, wanted.agent) &&
                str_equal(got.time, wanted.time) && str_equal(got.referrer, wanted.referrer) &&
                str_equal(got.rest, wanted.rest);
    if (!same)
        fail_msg("is read differently: %.*s", STR_ARG(text));
}

static void chance_lines(void **state) {
    const char *told = getenv("SUIVI_TEST_SEED");
    uint64_t seed = told ? strtoull(told, NULL, 10) : (uint64_t)time(NULL) * 2654435761u + 1;
    print_message("SUIVI_TEST_SEED=%" PRIu64 "\n", seed);
    struct line_parser *parser;
    line_parser_new(&parser, LINE_COMBINED);
    size_t good = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        char line[LINE_MAX_LEN];
        size_t len = round % 2 ? concatenate(line, &seed) : mutate(line, &seed);
        char *exact = malloc(len + 1); /* a read past the end is seen by a sanitizer */
        assert_non_null(exact);
        memcpy(exact + 1, line, len);
        check_same(*state, parser, (struct str){exact + 1, len}, &good);
        free(exact);
    }
    line_parser_destroy(&parser);
    assert_in_range(good, ROUNDS / 20, ROUNDS - ROUNDS / 20); /* else the test would say little */
}

/* Real and hostile logs, when they are there. */
static void real_lines(void **state) {
    static const char *const names[] = {
        "basjes-2015.log.gz",
        "farmfresh-2024-vhost.log",
        "semicomplete-2015.log.gz",
        "zanbil-shop-2019.log.gz",
        "hostile/bunkerweb-malformed.log",
        "hostile/garbage.log",
        "hostile/invalid-utf8.log",
        "hostile/nginx-malformed.log",
        "hostile/nul-bytes.log",
        "hostile/numbers.log",
        "hostile/odd-dates.log",
        "hostile/quotes-and-fields.log",
        "hostile/tls-raw.log",
        "hostile/utf16.log",
    };
    struct line_parser *parser;
    line_parser_new(&parser, LINE_COMBINED);
    size_t size = 4 << 20, good = 0;
    char *text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/../shared/data/weblog/%s", SUIVI_SOURCE_DIR, names[i]);
        struct input *input;
        if (input_open(&input, path, NULL) != 0) {
            print_message("skipped: ../shared/data is not there\n");
            free(text);
            line_parser_destroy(&parser);
            skip();
        }
        size_t len = 0;
        ssize_t got;
        while (len < size && (got = input_read(input, text + len, size - len, NULL)) > 0)
            len += (size_t)got;
        input_close(&input);
        for (char *at = text; at < text + len;) {
            char *end = memchr(at, '\n', len - (size_t)(at - text));
            end = end ? end : text + len;
            check_same(*state, parser, (struct str){at, (size_t)(end - at)}, &good);
            at = end + 1;
        }
    }
    assert_true(good > 10000);
    free(text);
    line_parser_destroy(&parser);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(chance_lines, reference_set_up, reference_tear_down),
        cmocka_unit_test_setup_teardown(real_lines, reference_set_up, reference_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
