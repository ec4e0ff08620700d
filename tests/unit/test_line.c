/* Lines of a web server's log: what parses, what does not, and which format a log is in. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/collector/input.h"
#include "clients/weblog/line.h"
#include "clients/weblog/logtime.h"
#include "tests/unit/random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define T            "[03/Feb/2023:10:00:00 +0000]"
#define T_AT         1675418400

static void assert_str(struct str got, const char *wanted) {
    if (!str_equal(got, str_of(wanted)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), wanted);
}

/* From memory of just its size, so that a sanitizer sees a read past the end. */
static bool parse(struct line_parser *parser, struct str text, struct line *out, char **copy) {
    *copy = malloc(text.len + 1);
    assert_non_null(*copy);
    char *at = *copy + 1;
    memcpy(at, text.at, text.len);
    return line_parse(parser, (struct str){at, text.len}, out);
}

struct accepted {
    const char *text;
    int64_t at;
    const char *address;
    const char *request;
    int status;
    const char *agent; /* NULL: none is logged */
};

static void check_accepted(enum line_format format, const struct accepted *list, size_t count) {
    struct line_parser *parser;
    line_parser_new(&parser, format);
    assert_int_equal(line_parser_format(parser), format);
    for (size_t i = 0; i < count; i++) {
        const struct accepted *wanted = &list[i];
        struct line line;
        char *copy;
        if (!parse(parser, str_of(wanted->text), &line, &copy))
            fail_msg("does not parse: %s", wanted->text);
        if (line.at != wanted->at)
            fail_msg("%lld is not the time of: %s", (long long)line.at, wanted->text);
        assert_str(line.address, wanted->address);
        assert_str(line.request, wanted->request);
        assert_int_equal(line.status, wanted->status);
        assert_int_equal(line.has_agent, wanted->agent != NULL);
        assert_int_equal(line.open_ended, wanted->agent == NULL);
        assert_str(line.agent, wanted->agent ? wanted->agent : "");
        free(copy);
    }
    line_parser_destroy(&parser);
    assert_null(parser);
}

static void check_rejected(enum line_format format, const char *const *list, size_t count) {
    struct line_parser *parser;
    line_parser_new(&parser, format);
    for (size_t i = 0; i < count; i++) {
        struct line line = {.at = 42};
        char *copy;
        if (parse(parser, str_of(list[i]), &line, &copy))
            fail_msg("parses: %s", list[i]);
        assert_int_equal(line.at, 42);
        free(copy);
    }
    line_parser_destroy(&parser);
}

static void text_lines_that_parse(void **state) {
    (void)state;
    static const struct accepted list[] = {
        {"192.0.2.1 - - " T " \"GET /a HTTP/1.1\" 200 12 \"-\" \"Agent/1\"", T_AT, "192.0.2.1",
         "GET /a HTTP/1.1", 200, "Agent/1"},
        {"192.0.2.1 - - " T " \"GET /a HTTP/1.1\" 200 12", T_AT, "192.0.2.1", "GET /a HTTP/1.1", 200, NULL},
        {"192.0.2.1 - - " T " \"GET /a HTTP/1.1\" 200 - \t ", T_AT, "192.0.2.1", "GET /a HTTP/1.1", 200,
         NULL},
        {"192.0.2.1 - - " T " \"GET /a\" 200 12\r\r", T_AT, "192.0.2.1", "GET /a", 200, NULL},
        {"192.0.2.1 - - " T " \"GET /a\" 200 12 \"r\" \"Agent\"\r", T_AT, "192.0.2.1", "GET /a", 200,
         "Agent"},
        {"::1 ident john smith " T " \"\" 400 0 \"\" \"\"", T_AT, "::1", "", 400, ""},
        {"a b " T " \"-\" 408 -", T_AT, "a", "-", 408, NULL},
        {"a b [x] " T " \"q\" 000 1", T_AT, "a", "q", 0, NULL},
        {"a b [[[" T " \"q\" 999 1", T_AT, "a", "q", 999, NULL},
        /* more fields after the agent are passed over, whatever they are */
        {"a b - " T " \"q\" 200 1 \"r\" \"g\" \"203.0.113.9\" 0.004", T_AT, "a", "q", 200, "g"},
        {"a b - " T " \"q\" 200 1 \"r\" \"g\" ", T_AT, "a", "q", 200, "g"},
        {"a b - " T " \"q\" 200 99999999999999999999999 \"r\" \"g\"", T_AT, "a", "q", 200, "g"},
        /* quotes inside of quotes */
        {"a b - " T " \"GET /x\\\"y\" 200 1 \"r\\\\\" \"say \\\"hi\\\" now\"", T_AT, "a", "GET /x\\\"y", 200,
         "say \\\"hi\\\" now"},
        {"a b - " T " \"GET /f\"g\" 200 1 \"-\" \"a\"b\"", T_AT, "a", "GET /f\"g", 200, "a\"b"},
        {"a b - " T " \"q\" 200 1 \"-\" \"ends in \\\\\"", T_AT, "a", "q", 200, "ends in \\\\"},
        /* a time in the user's name, in the request; the first place at which the rest fits counts */
        {"a b [04/Feb/2023:10:00:00 +0000] " T " \"q\" 200 1", T_AT, "a", "q", 200, NULL},
        {"a b " T " \"q [04/Feb/2023:10:00:00 +0000] \"z\" 200 1", T_AT, "a",
         "q [04/Feb/2023:10:00:00 +0000] \"z", 200, NULL},
        {"a b " T " \"GET /x\" nothing [04/Feb/2023:10:00:00 +0000] \"q\" 200 1", T_AT + 86400, "a", "q", 200,
         NULL},
        /* combined at a later place goes before common at an earlier one */
        {"a b " T " \"\" 200 1 [04/Feb/2023:10:00:00 +0000] \"q\" 200 1 \"r\" \"g\"", T_AT + 86400, "a", "q",
         200, "g"},
    };
    check_accepted(LINE_COMBINED, list, COUNT(list));
    check_accepted(LINE_COMMON, list, COUNT(list));
}

static void text_lines_that_do_not_parse(void **state) {
    (void)state;
    static const char *const list[] = {
        "",
        "\r",
        " ",
        "a",
        "a b",
        "a b ",
        "a b -",
        "a " T " \"q\" 200 1",
        " a b " T " \"q\" 200 1",
        "a  b " T " \"q\" 200 1",
        "a\tb c " T " \"q\" 200 1",
        "a b\t" T " \"q\" 200 1",
        "a b - [03/Feb/2023:10:00:00 +0000]",
        "a b - " T " ",
        "a b - " T " \"",
        "a b - " T " \"q",
        "a b - " T " \"q\\",
        "a b - " T " \"q\\\" 200 1",
        "a b - " T " \"q\"",
        "a b - " T " \"q\" ",
        "a b - " T " \"q\" 2",
        "a b - " T " \"q\" 200",
        "a b - " T " \"q\" 200 ",
        "a b - " T " \"q\" 99 1",
        "a b - " T " \"q\" 1000 1",
        "a b - " T " \"q\" abc 1",
        "a b - " T " \"q\" 200 -1",
        "a b - " T " \"q\" 200 0x10",
        "a b - " T " \"q\" 200 1 x",
        "a b - " T " \"q\" 200 1 \"",
        "a b - " T " \"q\" 200 1 \"r",
        "a b - " T " \"q\" 200 1 \"r\"",
        "a b - " T " \"q\" 200 1 \"r\" ",
        "a b - " T " \"q\" 200 1 \"r\" \"",
        "a b - " T " \"q\" 200 1 \"r\" \"unclosed",
        "a b - " T " \"q\" 200 1 \"r\" \"unclosed\\\"",
        "a b - " T " \"q\" 200 1 \"r\"  \"g\"",
        "a b - " T "  \"q\" 200 1",
        "a b - " T " q 200 1",
        "a b - [03/feb/2023:10:00:00 +0000] \"q\" 200 1",
        "a b - [03/FEB/2023:10:00:00 +0000] \"q\" 200 1",
        "a b - [3/Feb/2023:10:00:00 +0000] \"q\" 200 1",
        "a b - [03/Feb/23:10:00:00 +0000] \"q\" 200 1",
        "a b - [03/Feb/2023:10:00:00 0000] \"q\" 200 1",
        "a b - [03/Feb/2023:10:00:00 ,0000] \"q\" 200 1",
        "a b - [03/Feb/2023:10:00:00] \"q\" 200 1",
        "a b - [03/Fev/2023:10:00:00 +0000] \"q\" 200 1",
        /* the place is settled before the time is judged: no second try at another bracket */
        "a b [31/Feb/2023:10:00:00 +0000] \"" T " \"q\" 200 1",
        "{\"status\":200}",
    };
    check_rejected(LINE_COMBINED, list, COUNT(list));
}

static void nul_and_other_bytes_are_text(void **state) {
    (void)state;
    static const char text[] = "a\0\xff b c\0d " T " \"GET \0 /\xc3\" 200 1 \"-\" \"\0\"";
    struct line_parser *parser;
    line_parser_new(&parser, LINE_COMBINED);
    struct line line;
    char *copy;
    assert_true(parse(parser, (struct str){text, sizeof(text) - 1}, &line, &copy));
    assert_int_equal(line.address.len, 3);
    assert_int_equal(line.request.len, 8);
    assert_int_equal(line.agent.len, 1);
    free(copy);
    line_parser_destroy(&parser);
}

static void vhost_lines(void **state) {
    (void)state;
    static const struct accepted good[] = {
        {"www.example:443 192.0.2.1 - - " T " \"q\" 200 1 \"r\" \"g\"", T_AT, "192.0.2.1", "q", 200, "g"},
        {"www.example 192.0.2.1 - - " T " \"q\" 200 1", T_AT, "192.0.2.1", "q", 200, NULL},
        {" 192.0.2.1 - - " T " \"q\" 200 1", T_AT, "192.0.2.1", "q", 200, NULL},
    };
    check_accepted(LINE_VHOST, good, COUNT(good));
    static const char *const bad[] = {"", "www.example", "www.example  192.0.2.1 - - " T " \"q\" 200 1",
                                      "www.example 192.0.2.1 " T " \"q\" 200 1"};
    check_rejected(LINE_VHOST, bad, COUNT(bad));
}

#define J_TIME "\"time_iso8601\":\"2023-02-03T10:00:00Z\","
#define J_REST "\"ip\":\"192.0.2.1\",\"status\":200,\"request\":\"q\"}"

static void json_lines_that_parse(void **state) {
    (void)state;
    static const struct accepted list[] = {
        {"{" J_TIME J_REST, T_AT, "192.0.2.1", "q", 200, ""},
        {"\xef\xbb\xbf {" J_TIME J_REST " \r", T_AT, "192.0.2.1", "q", 200, ""},
        {"{\"date\":\"2023-02-03T12:30:00.123+02:30\"," J_REST, T_AT, "192.0.2.1", "q", 200, ""},
        {"{\"date\":\"\"," J_TIME J_REST, T_AT, "192.0.2.1", "q", 200, ""},
        {"{\"date\":\"yesterday\",\"time\":\"03/Feb/2023:09:00:00 -0100\"," J_REST, T_AT, "192.0.2.1", "q",
         200, ""},
        {"{\"time_local\":\"03/Feb/2023:10:00:00 +0000\"," J_REST, T_AT, "192.0.2.1", "q", 200, ""},
        {"{" J_TIME "\"ip\":null,\"remote_addr\":\"::1\",\"status\":\"304\",\"path\":\"/p\",\"agent\":\"g\"}",
         T_AT, "::1", "GET /p HTTP/1.1", 304, "g"},
        {"{" J_TIME "\"remote_ip\":\"a\",\"status\":0,\"response\":404,\"request\":\"\",\"path\":\"\","
         "\"user_agent\":\"\",\"http_user_agent\":\"h\",\"agent\":\"g\"}",
         T_AT, "a", "GET  HTTP/1.1", 404, "h"},
        {"{" J_TIME
         "\"bytes\":123456789012345678901234567890,\"status\":2e2,\"ip\":\"a\",\"request\":\"\\u00e9\\\"\"}",
         T_AT, "a", "\xc3\xa9\"", 200, ""},
        {"{" J_TIME "\"status\":99999999999999,\"ip\":\"a\",\"request\":\"q\"}", T_AT, "a", "q", INT_MAX, ""},
        {"{" J_TIME "\"status\":\"99999999999999\",\"ip\":\"a\",\"request\":\"q\"}", T_AT, "a", "q", INT_MAX,
         ""},
    };
    check_accepted(LINE_JSON, list, COUNT(list));
}

static void json_lines_that_do_not_parse(void **state) {
    (void)state;
    static const char *const list[] = {
        "",
        "{",
        "{}",
        "[]",
        "null",
        "{" J_TIME J_REST " x",
        "\xef\xbb\xbf\xef\xbb\xbf{" J_TIME J_REST,
        "{'time_iso8601':'2023-02-03T10:00:00Z'," J_REST,
        "{" J_REST,
        "{\"time\":\"2023-02-03T10:00:00Z\"," J_REST,
        "{\"time_iso8601\":\"03/Feb/2023:10:00:00 +0000\"," J_REST,
        "{\"date\":1675418400," J_TIME J_REST,
        "{" J_TIME "\"status\":200,\"request\":\"q\"}",
        "{" J_TIME "\"ip\":\"\",\"status\":200,\"request\":\"q\"}",
        "{" J_TIME "\"ip\":7,\"status\":200,\"request\":\"q\"}",
        "{" J_TIME "\"ip\":\"a\",\"request\":\"q\"}",
        "{" J_TIME "\"ip\":\"a\",\"status\":0,\"request\":\"q\"}",
        "{" J_TIME "\"ip\":\"a\",\"status\":\"2xx\",\"request\":\"q\"}",
        "{" J_TIME "\"ip\":\"a\",\"status\":[200],\"request\":\"q\"}",
        "{" J_TIME "\"ip\":\"a\",\"status\":200}",
        "{" J_TIME "\"ip\":\"a\",\"status\":200,\"request\":[1]}",
        "{" J_TIME "\"ip\":\"a\",\"status\":200,\"path\":1}",
        "{" J_TIME "\"ip\":\"a\",\"status\":200,\"request\":\"q\",\"agent\":{\"a\":1}}",
        "{" J_TIME "\"ip\":\"a\",\"status\":200,\"request\":\"\xff\"}",
        "{" J_TIME "\"ip\":\"a\",\"status\":200,\"request\":\"\\ud800\"}",
        "{" J_TIME "\"ip\":\"a\",\"status\":200,\"request\":\"\t\"}",
    };
    check_rejected(LINE_JSON, list, COUNT(list));
}

static void deep_json_is_malformed(void **state) {
    (void)state;
    size_t depth = 1000000;
    char *text = malloc(depth);
    assert_non_null(text);
    memset(text, '[', depth);
    struct line_parser *parser;
    line_parser_new(&parser, LINE_JSON);
    struct line line;
    assert_false(line_parse(parser, (struct str){text, depth}, &line));
    line_parser_destroy(&parser);
    free(text);
}

/* Eight megabytes of what would take hours if every bracket were tried to the end of the line. */
static void hostile_lines_take_linear_time(void **state) {
    (void)state;
    static const char *const pieces[] = {
        T " \"", T " \"\\", T " \"q\" ", T " \"q\" 200 1 \"",      "\" \"", "[", "\"",
        "\\",    " ",       "1",         T " \"q\" 200 1 \"r\" x",
    };
    size_t size = 8 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    struct line_parser *parser;
    line_parser_new(&parser, LINE_COMBINED);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        size_t len = (size_t)sprintf(text, "a b "), piece = strlen(pieces[i]);
        for (; len + piece <= size; len += piece)
            memcpy(text + len, pieces[i], piece);
        struct line line;
        assert_false(line_parse(parser, (struct str){text, len}, &line));
    }
    line_parser_destroy(&parser);
    free(text);
}

static void times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t at;
        int offset;
    } good[] = {
        {"01/Jan/1970:00:00:00 +0000", 0, 0},
        {"29/Feb/2024:10:00:00 +0000", 1709200800, 0},
        {"30/Jun/2015:23:59:60 +0000", 1435708800, 0},
        {"31/Dec/9999:23:59:59 +0000", 253402300799, 0},
        {"01/Jan/0001:00:00:00 +0000", -62135596800, 0},
        {"01/Mar/2023:00:30:00 +1400", 1677580200, 50400},
        {"28/Feb/2023:23:30:00 -1200", 1677670200, -43200},
        {"31/Dec/1969:23:59:59 +2359", -86341, 86340},
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2024-02-29T10:00:00.000000001+0000", 1709200800, 0},
        {"2015-06-30T23:59:60Z", 1435708800, 0},
        {"2023-03-01T00:30:00+14:00", 1677580200, 50400},
        {"2023-02-28T23:30:00-1200", 1677670200, -43200},
    };
    static const char *const bad[] = {
        "31/Feb/2023:10:00:00 +0000", "29/Feb/2023:10:00:00 +0000",  "00/Mar/2023:10:00:00 +0000",
        "01/Mar/0000:10:00:00 +0000", "01/Mar/2023:24:00:00 +0000",  "01/Mar/2023:23:60:00 +0000",
        "01/Mar/2023:23:00:61 +0000", "01/Mar/2023:23:00:00 +2400",  "01/Mar/2023:23:00:00 +0060",
        "01/Mar/2023:23:00:00 +9999", "31/Dec/9999:23:59:59 -0001",  "01/Jan/0001:00:00:00 +0001",
        "31/Dec/9999:23:59:60 +0000", "01/Mar/2023 23:00:00 +0000",  "01/Mar/2023:23:00:00 *0000",
        "01/Mar/2023:23:00:00 +000",  "01/Mar/2023:23:00:00 +00000", "01/Mar/2023:23:00:0a +0000",
        "0:/Mar/2023:23:00:00 +0000", "01/M0r/2023:23:00:00 +0000",  "01/MAr/2023:23:00:00 +0000",
        "2023-02-29T00:00:00Z",       "2023-13-01T00:00:00Z",        "0000-01-01T00:00:00Z",
        "2023-02-03T10:00:00",        "2023-02-03T10:00Z",           "2023-02-03 10:00:00Z",
        "2023-02-03T10:00:00.Z",      "2023-02-03T10:00:00z",        "2023-02-03T10:00:00+1",
        "2023-02-03T10:00:00+1:000",  "2023-02-03T10:00:00+24:00",   "2023-02-03T10:00:00.5",
        "2023-02-03T10:00:00ZZ",      "9999-12-31T23:59:59-00:01",   "",
    };
    struct logtime last = {0};
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t at = 42;
        struct str text = str_of(good[i].text);
        bool valid = logtime_clf_text(&last, text, &at) || logtime_iso(text, &at);
        if (!valid || at != good[i].at || logtime_offset(text) != good[i].offset)
            fail_msg("%s: %lld", good[i].text, (long long)at);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t at = 42;
        struct str text = str_of(bad[i]);
        if (logtime_clf_text(&last, text, &at) || logtime_iso(text, &at) || at != 42)
            fail_msg("taken for a time: %s", bad[i]);
    }
}

#define REST T " \"GET / HTTP/1.1\" 200 5 \"-\" \"g\"\n"
#define BARE T " \"GET / HTTP/1.1\" 200 5\n"
#define JSON "{" J_TIME J_REST "\n"

static void formats_are_detected(void **state) {
    (void)state;
    static const struct {
        enum line_format format;
        const char *text;
    } list[] = {
        {LINE_AUTO, ""},
        {LINE_AUTO, "\n\n"},
        {LINE_AUTO, "Started nginx\nwhat is this\n"},
        {LINE_COMBINED, "192.0.2.1 - - " REST},
        {LINE_COMBINED, "192.0.2.1 - - " REST "192.0.2.1 - - " REST "192.0.2.1 - - " BARE},
        {LINE_COMMON, "192.0.2.1 - - " BARE},
        {LINE_COMMON, "host.example - - " BARE "host.example - - " REST "host.example - - " BARE},
        {LINE_VHOST, "www.example:443 192.0.2.1 - - " REST},
        {LINE_VHOST, "www.example 2001:db8::1 - jane " REST},
        {LINE_VHOST, "www.example:80 client.example - - " BARE},
        {LINE_VHOST, "www.example client.example - - " BARE},
        {LINE_VHOST, "198.51.100.1:80 192.0.2.1 - - " REST},
        {LINE_VHOST, "[::1]:80 [::1] - - " REST},
        {LINE_VHOST, "localhost unknown - - " REST},
        {LINE_JSON, JSON},
        {LINE_JSON, "rubbish\n  " JSON JSON},
        /* users and idents that look like one word more */
        {LINE_COMBINED, "192.0.2.1 - john smith " REST},
        {LINE_COMBINED, "host.example - john smith " REST},
        {LINE_COMBINED, "192.0.2.1 ident john smith " REST},
        {LINE_COMBINED, "192.0.2.1 john.doe - - " REST},
        {LINE_COMBINED, "192.0.2.1 - 10:00:00 x " REST},
        {LINE_COMBINED, "192.0.2.1 198.51.100.7 - - " REST},
        {LINE_COMBINED, "- - - " REST},
        /* the majority decides; even is combined */
        {LINE_COMBINED, "192.0.2.1 - - " REST "www.example 192.0.2.1 - - " REST},
        {LINE_VHOST,
         "192.0.2.1 - - " REST "www.example 192.0.2.1 - - " REST "www.example 192.0.2.1 - - " REST},
        {LINE_COMBINED, JSON "192.0.2.1 - - " REST},
        {LINE_JSON, JSON JSON "192.0.2.1 - - " REST},
        /* a last line that was cut off counts only when it is alone */
        {LINE_AUTO, "rubbish\n192.0.2.1 - - " T " \"q\" 200 1"},
        {LINE_COMMON, "192.0.2.1 - - " T " \"q\" 200 1"},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        enum line_format format = line_detect(str_of(list[i].text));
        if (format != list[i].format)
            fail_msg("format %d, not %d: %s", (int)format, (int)list[i].format, list[i].text);
    }
}

static void format_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum line_format format;
    } good[] = {{"auto", LINE_AUTO},
                {"combined", LINE_COMBINED},
                {"common", LINE_COMMON},
                {"vhost", LINE_VHOST},
                {"json", LINE_JSON}};
    for (size_t i = 0; i < COUNT(good); i++) {
        enum line_format got = (enum line_format) - 1;
        assert_int_equal(line_format_parse(&got, good[i].name, NULL), 0);
        assert_int_equal(got, good[i].format);
    }
    static const char *const bad[] = {"", "Combined", "combined ", "apache"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        enum line_format got = LINE_VHOST;
        struct fault why;
        assert_int_equal(line_format_parse(&got, bad[i], &why), -EINVAL);
        assert_non_null(strstr(why.text, "combined"));
        assert_int_equal(got, LINE_VHOST);
    }
}

/* Real and hostile logs, when they are there. */
static void formats_of_real_logs(void **state) {
    (void)state;
    static const struct {
        enum line_format format;
        const char *name;
    } list[] = {
        {LINE_COMBINED, "basjes-2015.log.gz"},
        {LINE_COMBINED, "farmfresh-2024-combined.log"},
        {LINE_COMMON, "farmfresh-2024-common.log"},
        {LINE_VHOST, "farmfresh-2024-vhost.log"},
        {LINE_VHOST, "farmwork-2024-vhost.log"},
        {LINE_COMMON, "nasa-1995-07-09.log.gz"},
        {LINE_COMBINED, "zanbil-shop-2019.log.gz"},
        {LINE_COMBINED, "hostile/addresses.log"},
        {LINE_COMBINED, "hostile/bom.log"},
        {LINE_VHOST, "hostile/bunkerweb-malformed.log"},
        {LINE_AUTO, "hostile/custom-csv.log"},
        {LINE_AUTO, "hostile/garbage.log"},
        {LINE_COMBINED, "hostile/quotes-and-fields.log"},
        {LINE_COMBINED, "hostile/mixed-formats.log"},
        {LINE_AUTO, "hostile/utf16.log"},
    };
    static char piece[1 << 16];
    for (size_t i = 0; i < COUNT(list); i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/../shared/data/weblog/%s", SUIVI_SOURCE_DIR, list[i].name);
        struct input *input;
        if (input_open(&input, path, NULL) != 0) {
            print_message("skipped: ../shared/data is not there\n");
            skip();
        }
        ssize_t len = input_read(input, piece, sizeof(piece), NULL);
        assert_true(len > 0);
        enum line_format format = line_detect((struct str){piece, (size_t)len});
        if (format != list[i].format)
            fail_msg("%s: format %d", list[i].name, (int)format);
        input_close(&input);
    }
}

/* A time in the hour seen last, read from its last digits, against one read whole. */
static void times_again(void **state) {
    (void)state;
    static const char *const hours[] = {
        "29/Feb/2024:23:00:00 -0130", "01/Jan/0001:00:30:00 +0030", "31/Dec/9999:23:10:00 -0030",
        "31/Dec/9999:22:59:60 -0059", "03/Feb/2023:10:00:00 +0000",
    };
    static const char alphabet[] = "00112345566789/:, x";
    random_begin();
    size_t again = 0;
    for (size_t i = 0; i < 400000; i++) {
        char text[LOGTIME_CLF_LENGTH + 1], other[LOGTIME_CLF_LENGTH + 1];
        const char *hour = hours[random_below(sizeof hours / sizeof hours[0])];
        struct logtime last = {0}, fresh = {0};
        int64_t at, got = 0, wanted = 0;
        memcpy(text, hour, sizeof text);
        memcpy(other, hour, sizeof other);
        logtime_clf_text(&last, str_of(other), &at);
        for (size_t changes = random_below(5); changes > 0; changes--)
            text[14 + random_below(6)] = alphabet[random_below(sizeof alphabet - 1)];
        if (random_below(8) == 0)
            text[random_below(LOGTIME_CLF_LENGTH)] = alphabet[random_below(sizeof alphabet - 1)];
        if (!logtime_clf_again(&last, text, &got))
            continue;
        again++;
        if (!logtime_clf_text(&fresh, (struct str){text, LOGTIME_CLF_LENGTH}, &wanted) || got != wanted)
            fail_msg("after %s: %s", hour, text);
    }
    assert_true(again > 40000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lines_that_parse),
        cmocka_unit_test(text_lines_that_do_not_parse),
        cmocka_unit_test(nul_and_other_bytes_are_text),
        cmocka_unit_test(vhost_lines),
        cmocka_unit_test(json_lines_that_parse),
        cmocka_unit_test(json_lines_that_do_not_parse),
        cmocka_unit_test(deep_json_is_malformed),
        cmocka_unit_test(hostile_lines_take_linear_time),
        cmocka_unit_test(times),
        cmocka_unit_test(formats_are_detected),
        cmocka_unit_test(format_names),
        cmocka_unit_test(formats_of_real_logs),
        cmocka_unit_test(times_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
