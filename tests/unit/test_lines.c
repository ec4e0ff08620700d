/* Lines out of a stream, however it is cut into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/weblog/lines.h"
#include "tests/unit/table.h"

struct stream {
    const char *bytes;
    size_t len, at, most; /* `most` bytes a read */
    int fails;            /* what the end says */
    uint64_t passed;
};

static ssize_t stream_read(void *arg, void *buffer, size_t size, struct fault *why) {
    struct stream *stream = arg;
    size_t left = stream->len - stream->at;
    size_t take = left < size ? left : size;
    if (take > stream->most)
        take = stream->most;
    if (take == 0 && stream->fails != 0)
        return fault_set(why, stream->fails, "broken");
    memcpy(buffer, stream->bytes + stream->at, take);
    stream->at += take;
    return (ssize_t)take;
}

static void stream_passed(void *arg, const void *bytes, size_t len) {
    struct stream *stream = arg;
    assert_memory_equal(bytes, stream->bytes + stream->passed, len);
    stream->passed += len;
}

static struct lines *open_stream(struct stream *stream, bool inside) {
    struct lines *lines;
    const struct lines_source source = {.arg = stream, .read = stream_read, .passed = stream_passed};
    lines_new(&lines, &source, 0, inside);
    return lines;
}

static void expect_line(struct lines *lines, const char *wanted) {
    enum lines_found found;
    struct str text;
    assert_int_equal(lines_next(lines, &found, &text, NULL), 0);
    assert_int_equal(found, LINES_LINE);
    assert_int_equal(text.len, strlen(wanted));
    assert_memory_equal(text.at, wanted, text.len);
}

static void expect_end(struct lines *lines, const char *rest) {
    enum lines_found found;
    struct str text;
    size_t raw_len;
    assert_int_equal(lines_next(lines, &found, &text, NULL), 0);
    assert_int_equal(found, LINES_END);
    text = lines_rest(lines, &raw_len);
    assert_int_equal(text.len, strlen(rest));
    assert_memory_equal(text.at, rest, text.len);
}

static void pieces(void **state) {
    (void)state;
    static const char bytes[] = "one\n\r\ntwo\r\nth\rree\n\nfour\r";
    for (size_t most = 1; most <= sizeof bytes; most++) {
        struct stream stream = {bytes, sizeof bytes - 1, 0, most, 0, 0};
        struct lines *lines = open_stream(&stream, false);
        expect_line(lines, "one");
        assert_int_equal(lines_offset(lines), 4);
        expect_line(lines, "");
        expect_line(lines, "two");
        expect_line(lines, "th\rree");
        expect_line(lines, "");
        expect_end(lines, "four");
        assert_int_equal(lines_offset(lines), sizeof bytes - 1 - 5);
        assert_int_equal(stream.passed, lines_offset(lines));
        lines_destroy(&lines);
    }
}

static void growing(void **state) {
    (void)state;
    struct stream stream = {"a\nbc\nd\n", 3, 0, 100, 0, 0};
    struct lines *lines = open_stream(&stream, false);
    expect_line(lines, "a");
    expect_end(lines, "b");
    stream.len = 7;
    expect_line(lines, "bc");
    expect_line(lines, "d");
    expect_end(lines, "");
    lines_destroy(&lines);
}

static void taken_before_its_end(void **state) {
    (void)state;
    struct stream stream = {"a\nbcdef\ng\n", 3, 0, 100, 0, 0};
    struct lines *lines = open_stream(&stream, false);
    expect_line(lines, "a");
    expect_end(lines, "b");
    lines_take_rest(lines);
    assert_true(lines_inside(lines));
    assert_int_equal(lines_offset(lines), 3);
    stream.len = 5;
    expect_end(lines, "");
    assert_true(lines_inside(lines));
    assert_int_equal(lines_offset(lines), 5);
    stream.len = 10;
    expect_line(lines, "g");
    assert_false(lines_inside(lines));
    lines_destroy(&lines);

    struct stream again = {"ef\ng\n", 5, 0, 100, 0, 0};
    lines = open_stream(&again, true);
    expect_line(lines, "g");
    lines_destroy(&lines);
}

static void long_lines(void **state) {
    (void)state;
    size_t lens[] = {LINES_LONGEST - 1, LINES_LONGEST, LINES_LONGEST + 1, 3 * LINES_LONGEST};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        size_t len = lens[i];
        char *bytes = malloc(len + 6);
        assert_non_null(bytes);
        memset(bytes, 'x', len);
        memcpy(bytes + len, "\nend\n", 6);
        struct stream stream = {bytes, len + 5, 0, 1 << 20, 0, 0};
        struct lines *lines = open_stream(&stream, false);
        enum lines_found found;
        struct str text;
        assert_int_equal(lines_next(lines, &found, &text, NULL), 0);
        assert_int_equal(found, len > LINES_LONGEST ? LINES_TOO_LONG : LINES_LINE);
        expect_line(lines, "end");
        expect_end(lines, "");
        lines_destroy(&lines);
        free(bytes);
    }
}

static void damage(void **state) {
    (void)state;
    struct stream stream = {"a\nb\nc", 5, 0, 100, -EBADMSG, 0};
    struct lines *lines = open_stream(&stream, false);
    expect_line(lines, "a");
    expect_line(lines, "b");
    for (int i = 0; i < 2; i++) {
        enum lines_found found;
        struct str text;
        struct fault why;
        assert_int_equal(lines_next(lines, &found, &text, &why), -EBADMSG);
        assert_string_equal(why.text, "broken");
    }
    assert_int_equal(lines_offset(lines), 4);
    lines_destroy(&lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),     cmocka_unit_test(growing), cmocka_unit_test(taken_before_its_end),
        cmocka_unit_test(long_lines), cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
