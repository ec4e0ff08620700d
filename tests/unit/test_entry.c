#include "proto/entry.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bytes.h"
#include "tests/unit/random.h"

static const char digest[ENTRY_SHA256 + 1] = "0123456789abcdef0123456789abcdef";

static struct entry evidence(void) {
    struct entry entry = ENTRY_NONE;
    entry.id = 7;
    entry.recorded = 1520380800;
    entry.title = STR("Minutes");
    entry.link = STR("https://example.org/a");
    entry.file = STR("minutes.pdf");
    entry.sha256 = (struct str){digest, ENTRY_SHA256};
    entry.note = STR("two\nlines");
    return entry;
}

static struct entry of_value(int64_t value) {
    struct entry entry = ENTRY_NONE;
    entry.id = 1;
    entry.has_value = true;
    entry.value = value;
    return entry;
}

static struct entry of_figure(int64_t value) {
    struct entry entry = ENTRY_NONE;
    entry.id = 1;
    entry.holds = true;
    entry.value = value;
    entry.reason = STR("so says the list");
    return entry;
}

static bool same(const struct entry *a, const struct entry *b) {
    for (size_t i = 0; i < ENTRY_PARTS; i++)
        if (!str_equal(a->part[i], b->part[i]))
            return false;
    return a->id == b->id && a->recorded == b->recorded && a->has_value == b->has_value &&
           a->holds == b->holds && a->value == b->value && str_equal(a->name, b->name) &&
           a->removed == b->removed && a->done == b->done && str_equal(a->title, b->title) &&
           str_equal(a->link, b->link) && str_equal(a->file, b->file) && str_equal(a->sha256, b->sha256) &&
           str_equal(a->note, b->note) && str_equal(a->reason, b->reason) && a->retracts == b->retracts;
}

static void every_field_comes_back(void **state) {
    (void)state;
    struct entry entries[9] = {evidence(), of_value(-5), of_value(0), ENTRY_NONE, ENTRY_NONE,
                               ENTRY_NONE, ENTRY_NONE,   ENTRY_NONE,  ENTRY_NONE};
    entries[3].id = INT64_MAX;
    entries[3].recorded = -1;
    entries[3].name = STR("Kenya");
    entries[3].removed = true;
    entries[3].reason = STR("never was");
    entries[4].id = 2;
    entries[4].done = 17000;
    entries[5].id = 3;
    entries[5].title = STR("A case");
    for (size_t i = 0; i < ENTRY_PARTS; i++)
        entries[5].part[i] = STR("text");
    entries[6].id = 4;
    entries[6].retracts = 7;
    entries[6].reason = STR("wrong file");
    entries[7].id = 5;
    entries[8] = of_figure(0);
    for (size_t i = 0; i < 9; i++) {
        struct wire_writer *writer;
        struct wire_reader reader;
        struct entry read;
        struct fault why;
        wire_writer_new(&writer, ENTRY_BYTES_MAX);
        entry_write(writer, &entries[i]);
        wire_reader_init(&reader, wire_writer_data(writer), wire_writer_len(writer));
        if (entry_read(&reader, &read, &why) != 0)
            fail_msg("entry %zu: %s", i, why.text);
        assert_true(wire_at_end(&reader));
        assert_true(same(&entries[i], &read));
        wire_writer_destroy(&writer);
    }
}

static void what_is_no_entry_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *hex, *why;
    } bad[] = {
        {"93010203", "must be a map"},
        {"80", "needs \"id\" and \"recorded\""},
        {"81-a26964-01", "needs \"id\" and \"recorded\""},
        {"82-a26964-00-a87265636f72646564-01", "\"id\""},
        {"82-a26964-ff-a87265636f72646564-01", "\"id\""},
        {"83-a26964-01-a87265636f72646564-01-a26964-02", "\"id\" twice"},
        {"83-a26964-01-a87265636f72646564-01-a4646f6e65-aa323031382d30322d3331", "\"done\""},
        {"83-a26964-01-a87265636f72646564-01-a4646f6e65-a7323031382d3032", "\"done\""},
        {"83-a26964-01-a87265636f72646564-01-a6736861323536-c4024142", "\"sha256\""},
        {"83-a26964-01-a87265636f72646564-01-a57061727473-91a141", "\"parts\""},
        {"83-a26964-01-a87265636f72646564-01-a57061727473-96a141a141a141a141a141a0", "\"parts\""},
        {"83-a26964-01-a87265636f72646564-01-a576616c7565-cb3ff0000000000000", "\"value\""},
        {"83-a26964-01-a87265636f72646564-01-a46e616d65-c40141", "\"name\""},
        {"83-a26964-01-a87265636f72646564-01-a5686f6c6473-c3", "\"holds\""},
        {"84-a26964-01-a87265636f72646564-01-a5686f6c6473-05-a576616c7565-05", "one of these"},
        {"83-a26964-01-a87265636f72646564-01-05-01", "keys"},
        {"83-a26964-01-a87265636f72646564-01-a178-91", "cut off"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bytes bytes = bytes_of_hex(bad[i].hex);
        struct wire_reader reader;
        struct entry entry;
        struct fault why;
        wire_reader_init(&reader, bytes.at, bytes.len);
        assert_int_equal(entry_read(&reader, &entry, &why), -EPROTO);
        if (strstr(why.text, bad[i].why) == NULL)
            fail_msg("%s: \"%s\" has no \"%s\"", bad[i].hex, why.text, bad[i].why);
        assert_ptr_equal(reader.at, bytes.at);
        free(bytes.at);
    }
}

static void unknown_keys_are_passed_over(void **state) {
    (void)state;
    struct bytes bytes = bytes_of_hex("83-a178-9101-a26964-01-a87265636f72646564-01");
    struct wire_reader reader;
    struct entry entry;
    wire_reader_init(&reader, bytes.at, bytes.len);
    assert_int_equal(entry_read(&reader, &entry, NULL), 0);
    assert_true(entry.id == 1 && entry.recorded == 1 && entry.done == ENTRY_NO_DAY);
    free(bytes.at);
}

static void each_kind_takes_its_own(void **state) {
    (void)state;
    struct entry name = ENTRY_NONE, done = ENTRY_NONE, story = ENTRY_NONE, item = evidence();
    name.name = STR("Kenya");
    done.done = 17000;
    story.title = STR("A case");
    for (size_t i = 0; i < ENTRY_PARTS; i++)
        story.part[i] = STR("text");
    struct entry value = of_value(1), shown = evidence(), linked = done;
    shown.done = 17000;
    linked.link = STR("https://example.org/a");
    const struct {
        const struct entry *entry;
        enum kind kind;
    } good[] = {{&value, KIND_COUNT},     {&value, KIND_LEVEL},     {&value, KIND_STATUS},
                {&name, KIND_ROSTER},     {&done, KIND_MILESTONE},  {&item, KIND_EVIDENCE},
                {&story, KIND_NARRATIVE}, {&shown, KIND_MILESTONE}, {&linked, KIND_MILESTONE}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (enum kind kind = KIND_COUNT; kind <= KIND_LAST; kind++) {
            bool fits =
                kind == good[i].kind || (good[i].entry == &value && kind <= KIND_STATUS &&
                                         (kind == KIND_COUNT || kind == KIND_LEVEL || kind == KIND_STATUS));
            struct fault why;
            int rc = entry_check(good[i].entry, kind, &why);
            if ((rc == 0) != fits)
                fail_msg("entry %zu as %s: %d", i, kind_name(kind), rc);
        }
}

static void expect_refused(struct entry entry, enum kind kind, const char *part) {
    struct fault why = {""};
    assert_int_equal(entry_check(&entry, kind, &why), -EINVAL);
    if (strstr(why.text, part) == NULL)
        fail_msg("\"%s\" has no \"%s\"", why.text, part);
}

static void corrections_have_reasons(void **state) {
    (void)state;
    struct entry entry = of_value(-2);
    expect_refused(entry, KIND_DISTINCT, "reason");
    entry.reason = STR("counted twice");
    assert_int_equal(entry_check(&entry, KIND_DISTINCT, NULL), 0);

    struct entry retraction = ENTRY_NONE;
    retraction.retracts = 9;
    expect_refused(retraction, KIND_COUNT, "reason");
    retraction.reason = STR("wrong");
    for (enum kind kind = KIND_COUNT; kind < KIND_RATIO; kind++)
        assert_int_equal(entry_check(&retraction, kind, NULL), 0);
    retraction.has_value = true;
    expect_refused(retraction, KIND_COUNT, "says nothing else");

    struct entry removal = ENTRY_NONE;
    removal.name = STR("Kenya");
    removal.removed = true;
    expect_refused(removal, KIND_ROSTER, "reason");
}

static void a_figure_holds_of_what_adds_up(void **state) {
    (void)state;
    struct entry entry = of_figure(0);
    assert_int_equal(entry_check(&entry, KIND_COUNT, NULL), 0);
    assert_int_equal(entry_check(&entry, KIND_DISTINCT, NULL), 0);
    for (enum kind kind = KIND_LEVEL; kind < KIND_RATIO; kind++)
        if (kind != KIND_DISTINCT)
            expect_refused(entry, kind, "and nothing else");
    expect_refused(entry, KIND_RATIO, "computed");
    expect_refused(of_figure(-1), KIND_COUNT, "0 or more");
    expect_refused(of_figure(KIND_COUNT_MAX + 1), KIND_DISTINCT, "0 or more");
    entry.title = STR("one");
    expect_refused(entry, KIND_COUNT, "and nothing else");
    entry = of_figure(3);
    entry.reason = STR("");
    expect_refused(entry, KIND_COUNT, "reason");
    entry = of_figure(3);
    entry.retracts = 9;
    expect_refused(entry, KIND_COUNT, "and nothing else");
}

static void texts_are_judged(void **state) {
    (void)state;
    struct entry entry = evidence();
    entry.title = STR("a\nb");
    expect_refused(entry, KIND_EVIDENCE, "title");
    entry = evidence();
    entry.link = STR("ftp://example.org");
    expect_refused(entry, KIND_EVIDENCE, "http://");
    entry.done = 17000;
    expect_refused(entry, KIND_MILESTONE, "http://");
    entry = evidence();
    entry.note = STR("a\x1b[31m");
    expect_refused(entry, KIND_EVIDENCE, "note");
    expect_refused(of_value(2), KIND_STATUS, "in force");
    expect_refused(of_value(KIND_COUNT_MAX + 1), KIND_COUNT, "out of bounds");
    expect_refused(of_value(1), KIND_RATIO, "computed");
}

static void order_is_by_event_then_by_saying(void **state) {
    (void)state;
    struct entry a = of_value(5), b = of_value(5);
    assert_true(entry_compare(1, &a, 2, &b) < 0 && entry_compare(2, &a, 1, &b) > 0);
    assert_int_equal(entry_compare(1, &a, 1, &b), 0);
    b.recorded = 1;
    assert_true(entry_compare(1, &a, 1, &b) < 0);
    a.recorded = 1;
    a.value = 6;
    assert_true(entry_compare(1, &a, 1, &b) > 0);
    b.value = 6;
    b.id = 2;
    assert_true(entry_compare(1, &a, 1, &b) < 0);
}

static void nothing_crashes_the_reader(void **state) {
    (void)state;
    struct wire_writer *writer;
    struct entry whole = evidence();
    wire_writer_new(&writer, ENTRY_BYTES_MAX);
    entry_write(writer, &whole);
    size_t len = wire_writer_len(writer);
    random_begin();
    for (int round = 0; round < 20000; round++) {
        struct bytes bytes = bytes_copy(wire_writer_data(writer), random_below(len + 1));
        for (uint64_t flips = random_below(4); flips > 0 && bytes.len > 0; flips--)
            bytes.at[random_below(bytes.len)] = (uint8_t)random_below(256);
        struct wire_reader reader;
        struct entry entry;
        wire_reader_init(&reader, bytes.at, bytes.len);
        if (entry_read(&reader, &entry, NULL) == 0) {
            struct wire_writer *again;
            wire_writer_new(&again, ENTRY_BYTES_MAX);
            entry_write(again, &entry);
            assert_false(wire_writer_failed(again));
            wire_writer_destroy(&again);
        }
        free(bytes.at);
    }
    wire_writer_destroy(&writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(what_is_no_entry_is_refused),
        cmocka_unit_test(unknown_keys_are_passed_over),
        cmocka_unit_test(each_kind_takes_its_own),
        cmocka_unit_test(corrections_have_reasons),
        cmocka_unit_test(a_figure_holds_of_what_adds_up),
        cmocka_unit_test(texts_are_judged),
        cmocka_unit_test(order_is_by_event_then_by_saying),
        cmocka_unit_test(nothing_crashes_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
