/* Messages out of an mbox: the same however the stream is cut into pieces, and whatever is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/listserv/mbox.h"
#include "clients/listserv/meaning.h"
#include "clients/listserv/separator.h"
#include "tests/unit/random.h"

static const unsigned char key[MBOX_KEY_BYTES] = "a key of thirty-two bytes, or so";

struct stream {
    const char *bytes;
    size_t len, at, most; /* `most` bytes a read */
    int fails;            /* what the end says */
};

static ssize_t stream_read(void *arg, void *buffer, size_t size, struct fault *why) {
    struct stream *stream = arg;
    size_t left = stream->len - stream->at, take = left < size ? left : size;
    if (take > stream->most)
        take = stream->most;
    if (take == 0 && stream->fails != 0)
        return fault_set(why, stream->fails, "broken");
    memcpy(buffer, stream->bytes + stream->at, take);
    stream->at += take;
    return (ssize_t)take;
}

/* All that is told of all messages, as text; the caller's. */
static char *tell(struct str bytes, size_t most, bool single, int fails) {
    struct stream stream = {bytes.at, bytes.len, 0, most, fails};
    const struct mbox_source source = {&stream, stream_read};
    struct mbox_message message;
    struct mbox *mbox;
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    mbox_new(&mbox, &source, 0, single, key);
    int more;
    while ((more = mbox_next(mbox, &message, NULL)) > 0) {
        fprintf(out, "%llu %lld [%.*s][%.*s][%.*s][%.*s]%s%s%s%s", (unsigned long long)message.offset,
                (long long)message.separator_at, STR_ARG(message.message_id), STR_ARG(message.date),
                STR_ARG(message.received), STR_ARG(message.from), message.headers_end ? " end" : "",
                message.from_cut ? " from" : "", message.last ? " last" : "", message.cut ? " cut" : "");
        for (size_t i = 0; message.message_id.len == 0 && i < sizeof message.digest; i++)
            fprintf(out, " %02x", message.digest[i]);
        fprintf(out, "\n");
    }
    assert_int_equal(more, fails);
    mbox_destroy(&mbox);
    fclose(out);
    return text;
}

static void expect(const char *bytes, const char *wanted) {
    for (size_t most = 1; most <= strlen(bytes) + 1; most++) {
        char *told = tell(str_of(bytes), most, false, 0);
        assert_string_equal(told, wanted);
        free(told);
    }
}

#define SEP "From a@b.example Thu Jan  1 00:01:40 1970\n"

static void fields(void **state) {
    (void)state;
    expect("", "");
    expect("\n\nnone\nFrom here\n\nFrom here\n", "");
    expect(SEP "Message-ID: <1@x>\nFrom: A\n\nbody\n", "0 100 [<1@x>][][][A] end last\n");
    expect(SEP "message-id:\n\t<1@x> \nDATE:d\n e\nReceived: first\nReceived: second\nSubject: From: "
               "no\n\nFrom: no\n",
           "0 100 [<1@x>][d e][first][] end last\n");
    expect("junk\n\n" SEP "Message-ID: <1@x>\n\n" SEP "Message-ID: <2@x>\n\nx\n\nFrom here to there\n\n" SEP
           "Message-ID: <3@x>\n",
           "6 100 [<1@x>][][][] end\n67 100 [<2@x>][][][] end\n151 100 [<3@x>][][][] last\n");
    expect("From a@b.example Thu Jan  1 00:01:40 1970\r\nMessage-ID: <1@x>\r\n\r\nx\r\n\r\n" SEP
           "Message-ID: <2@x>\r\nFrom: ab",
           "0 100 [<1@x>][][][] end\n69 100 [<2@x>][][][ab] from last\n");
}

static void same_digest(const char *one, const char *other, bool same) {
    char *a = tell(str_of(one), 7, true, 0), *b = tell(str_of(other), 1, true, 0);
    if (same)
        assert_string_equal(a, b);
    else
        assert_string_not_equal(a, b);
    free(a);
    free(b);
}

static void digests(void **state) {
    (void)state;
    same_digest("Subject: a\n\nbody\n", "Subject: a\r\n\r\nbody", true);
    same_digest("Subject: a\n\nbody\n", "Subject: a\n\nbody\n\r\n\n\n", true);
    same_digest("Subject: a\n\nbody\n", "Subject: a\n\nBody\n", false);
    same_digest("Subject: a\n\nbody\n\nx\n", "Subject: a\n\nbody\nx\n", false);
    same_digest("Subject: a\n\nbo\rdy\n", "Subject: a\n\nbody\n", false);
    same_digest("Message-ID:  \nSubject: a\n\nb", "Message-ID:  \nSubject: b\n\nb", false);
    same_digest("", "", true);
}

/* Longer than any buffer: a Message-ID that is too long is none, and one behind a long header is found. */
static void long_headers(void **state) {
    (void)state;
    const size_t len = 3u << 20;
    char *bytes = malloc(len + 200);
    assert_non_null(bytes);
    for (int where = 0; where < 2; where++) {
        int used = sprintf(bytes, SEP "%s: ", where == 0 ? "Message-ID" : "X-Long");
        memset(bytes + used, 'x', len);
        strcpy(bytes + used + len, where == 0 ? "\nDate: d\n\nb\n" : "\nMessage-ID: <1@x>\nDate: d\n\nb\n");
        char *told = tell(str_of(bytes), 65537, false, 0), *other;
        assert_non_null(strstr(told, where == 0 ? "[][d]" : "[<1@x>][d]"));
        bytes[used + (int)len / 2] = 'y';
        other = tell(str_of(bytes), 1 << 20, false, 0);
        assert_true((strcmp(told, other) == 0) == (where == 1));
        free(told);
        free(other);
    }
    free(bytes);
}

static void failures(void **state) {
    (void)state;
    char *told = tell(STR(SEP "Message-ID: <1@x>\n\nbo"), 5, false, -5);
    assert_string_equal(told, "0 100 [<1@x>][][][] end last cut\n");
    free(told);
}

static void separators(void **state) {
    (void)state;
    static const struct {
        const char *line;
        int64_t at; /* -1: it is none */
    } rows[] = {
        {"From a@b Thu Jan  1 00:01:40 1970", 100},
        {"From a@b Thu Jan  1 00:01:40 1970\r\n", 100},
        {"From a at b  Thu Jan 1 00:01 1970", 60},
        {"From a em b Thu Jan  1 01:01:40 +0100 1970", 100},
        {"From a@b Thu, 1 Jan 1970 00:01:40 +0000", 100},
        {"From - 1 Jan 1970 00:01:40 -0100", 3700},
        {"From a@b Thu Jan  1 00:01:40 CET DST 1970", 100},
        {"From a@b Thu Feb 31 00:01:40 1970", SEPARATOR_NO_DAY},
        {"From a@b Thu Jan  1 25:01:40 1970", SEPARATOR_NO_DAY},
        {"From  Thu Jan  1 00:01:40 1970", -1},
        {"From a@b Thu Jan  1 1970", -1},
        {"From a@b Thu Jan  1 00:01:40", -1},
        {"From a b c d Thu Jan  1 00:01:40 1970", -1},
        {">From a@b Thu Jan  1 00:01:40 1970", -1},
        {"From here", -1},
        {"From ", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t at = 0;
        assert_int_equal(separator_parse(str_of(rows[i].line), &at), rows[i].at != -1);
        if (rows[i].at != -1)
            assert_int_equal(at, rows[i].at);
    }
}

static void addresses(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"Alice <ALICE@X.Example>", "alice@x.example"},
        {"a at b.example (A. B.)", "a@b.example"},
        {"a em b.example (A @ B)", "a@b.example"},
        {"\"B @ C\" <a at b.example>", "a@b.example"},
        {"a(a)b.example", "a@b.example"},
        {"Grp: a@b.example, c@d.example;", "a@b.example"},
        {"", ""},
        {"no address here", ""},
        {"undisclosed-recipients:;", ""},
        {"l\xedn@b.example", "l\xedn@b.example"},
    };
    struct meaning *meaning;
    meaning_new(&meaning);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str got = meaning_address(meaning, str_of(rows[i][0]));
        assert_int_equal(got.len, strlen(rows[i][1]));
        assert_memory_equal(got.at, rows[i][1], got.len);
    }
    meaning_destroy(&meaning);
}

static void dates(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t at; /* -1: it cannot be read */
    } rows[] = {
        {"Thu, 1 Jan 1970 00:01:40 +0000", 100},
        {"Thu, 01 Jan 70 00:01 GMT", 60},
        {"1 Jan 1970 01:01:40 +0100 (CET)", 100},
        {"Sat, 30 Jun 2012 23:59:60 +0000", 1341100799},
        {"yesterday", -1},
        {"", -1},
        {"Fri, 31 Feb 2023 10:00:00 +0000", -1},
        {"Mon, 1 Jan 2101 00:00:00 +0000", -1},
        {"99999999999999999999", -1},
    };
    struct meaning *meaning;
    meaning_new(&meaning);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t at = -1;
        assert_int_equal(meaning_date(meaning, str_of(rows[i].text), &at), rows[i].at != -1);
        assert_int_equal(at, rows[i].at);
    }
    int64_t at;
    assert_true(meaning_received(meaning, STR("from a; b by c; Thu, 1 Jan 1970 00:01:40 +0000"), &at));
    assert_int_equal(at, 100);
    assert_false(meaning_received(meaning, STR("from a Thu, 1 Jan 1970 00:01:40 +0000"), &at));
    meaning_destroy(&meaning);
}

/* Any bytes: read to the end, and told the same however they are cut. */
static void mutations(void **state) {
    (void)state;
    random_begin();
    static const char *const pieces[] = {
        SEP,     "\n",         "\r\n", "Message-ID: <1@x>\n", "Date: ", "From: a@b.example\n",
        "From ", "\n\n",       " ",    "Received: x; ",       "\r",     "Thu Jan  1 00:01:40 1970",
        "x",     "Message-ID:"};
    struct meaning *meaning;
    meaning_new(&meaning);
    for (int round = 0; round < 3000; round++) {
        char bytes[4096];
        size_t len = 0;
        while (len < 1000 && random_below(40) != 0) {
            const char *piece = pieces[random_below(sizeof pieces / sizeof *pieces)];
            memcpy(bytes + len, piece, strlen(piece));
            len += strlen(piece);
            if (random_below(4) == 0)
                bytes[len++] = (char)random_below(256);
        }
        bool single = random_below(4) == 0;
        char *whole = tell((struct str){bytes, len}, sizeof bytes, single, 0);
        char *pieced = tell((struct str){bytes, len}, 1 + random_below(9), single, 0);
        assert_string_equal(whole, pieced);
        free(whole);
        free(pieced);
        int64_t at;
        meaning_date(meaning, (struct str){bytes, len}, &at);
        meaning_address(meaning, (struct str){bytes, len});
    }
    meaning_destroy(&meaning);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),   cmocka_unit_test(digests),    cmocka_unit_test(long_headers),
        cmocka_unit_test(failures), cmocka_unit_test(separators), cmocka_unit_test(addresses),
        cmocka_unit_test(dates),    cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
