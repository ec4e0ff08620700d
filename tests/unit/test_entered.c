/* What may be said of an indicator of each kind, in each form: taken or refused with the right sentence, alone and in
 * batches that count as a whole; and what of it lies in the store. */
#include "tests/unit/room.h"

#include <errno.h>
#include <string.h>

#include "daemon/books/balance.h"
#include "daemon/books/refusals.h"
#include "daemon/store/cell.h"
#include "damage.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "random.h"

#define AT ROOM_NOW
#define PLAIN(...)                                                                                           \
    { .id = 7, .recorded = AT, .done = ENTRY_NO_DAY, __VA_ARGS__ }

static const char *const kind_ids[] = {"k.count",  "k.distinct",  "k.level",    "k.roster",
                                       "k.status", "k.milestone", "k.evidence", "k.narrative"};
enum { KINDS = sizeof kind_ids / sizeof *kind_ids };

/* ---- forms ---- */

static const uint64_t members[] = {3, 1};
static const char large_set[] = "\x02 what comes later";
static const struct entry with_value = PLAIN(.has_value = true, .value = 5),
                          with_one = PLAIN(.has_value = true, .value = 1),
                          with_reason = PLAIN(.has_value = true, .value = 5, .reason = {"So it was", 9}),
                          with_large = PLAIN(.has_value = true, .value = KIND_COUNT_MAX + 1),
                          with_name = PLAIN(.name = {"alpha", 5}),
                          with_bad_name = PLAIN(.name = {"al\npha", 6}),
                          with_removed = PLAIN(.name = {"alpha", 5}, .removed = true),
                          with_removed_why =
                              PLAIN(.name = {"alpha", 5}, .removed = true, .reason = {"Gone", 4}),
                          with_done = {.id = 7, .recorded = AT, .done = AT / CIVIL_DAY_SECONDS},
                          with_done_shown = {.id = 7,
                                             .recorded = AT,
                                             .done = AT / CIVIL_DAY_SECONDS,
                                             .title = {"A paper", 7},
                                             .link = {"https://example.org/a", 21}},
                          with_done_bad_link = {.id = 7,
                                                .recorded = AT,
                                                .done = AT / CIVIL_DAY_SECONDS,
                                                .link = {"ftp://example.org/a", 19}},
                          with_title = PLAIN(.title = {"A paper", 7}),
                          with_link = PLAIN(.title = {"A paper", 7}, .link = {"https://example.org/a", 21}),
                          with_bad_link = PLAIN(.title = {"A paper", 7}, .link = {"ftp://example.org/a", 19}),
                          with_parts =
                              PLAIN(.title = {"A case", 6},
                                    .part = {{"p", 1}, {"a", 1}, {"s", 1}, {"r", 1}, {"i", 1}, {"c", 1}}),
                          with_retracts = PLAIN(.retracts = 3),
                          with_retracts_why = PLAIN(.retracts = 3, .reason = {"Wrong", 5}),
                          with_retracts_value =
                              PLAIN(.retracts = 3, .reason = {"Wrong", 5}, .has_value = true, .value = 5),
                          with_nothing = PLAIN(.note = {"Hm", 2});

/* For each kind a letter: '.' taken, else why not, see sentence_of. */
static const struct form {
    const char *name;
    struct room_event event;
    const char *judged;
} forms[] = {
    {"a number", {.number = 5}, ".k.kkkkk"},
    {"one", {.number = 1}, ".k.k.kkk"},
    {"none", {.number = 0}, ".k.k.kkk"},
    {"a number below", {.number = -3}, ".k.kkkkk"},
    {"the largest number", {.number = KIND_COUNT_MAX}, ".k.kkkkk"},
    {"a number too large", {.number = KIND_COUNT_MAX + 1}, "bkbkkkkk"},
    {"a number too far below", {.number = -KIND_COUNT_MAX - 1}, "bkbkkkkk"},
    {"a set", {.member = members, .member_count = 2}, "k.kkkkkk"},
    {"an empty set", {.member = members}, "k.kkkkkk"},
    {"a set that is none", {.raw = large_set}, "kvkkkkkk"},
    {"a name", {.name = "alpha"}, "kkk.kkkk"},
    {"a name of two lines", {.name = "al\npha"}, "kkkkkkkk"},
    {"an entry with a value", {.entry = &with_value}, ".r.xsxxx"},
    {"an entry with one", {.entry = &with_one}, ".r.x.xxx"},
    {"an entry with a value and a reason", {.entry = &with_reason}, "...xsxxx"},
    {"an entry with a value too large", {.entry = &with_large}, "bbbxbxxx"},
    {"an entry with a name", {.entry = &with_name}, "xxx.xxxx"},
    {"an entry with a name of two lines", {.entry = &with_bad_name}, "xxxnxxxx"},
    {"an entry that removes a name", {.entry = &with_removed}, "xxxrxxxx"},
    {"an entry that removes a name, with a reason", {.entry = &with_removed_why}, "xxx.xxxx"},
    {"an entry with a day", {.entry = &with_done}, "xxxxx.xx"},
    {"an entry with a title", {.entry = &with_title}, "xxxxxx.x"},
    {"an entry with a link", {.entry = &with_link}, "xxxxxx.x"},
    {"an entry with a link of another sort", {.entry = &with_bad_link}, "xxxxxxlx"},
    {"an entry with six parts", {.entry = &with_parts}, "xxxxxxx."},
    {"an entry that retracts", {.entry = &with_retracts}, "tttttttt"},
    {"an entry that retracts, with a reason", {.entry = &with_retracts_why}, "........"},
    {"an entry that retracts and says more", {.entry = &with_retracts_value}, "uuuuuuuu"},
    {"an entry with a note", {.entry = &with_nothing}, "xxxxxxxx"},
    {"an entry with a day and what shows it", {.entry = &with_done_shown}, "xxxxx.xx"},
    {"an entry with a day and a link of another sort", {.entry = &with_done_bad_link}, "xxxxxlxx"},
};
enum { FORMS = sizeof forms / sizeof *forms };

static const char *sentence_of(size_t kind, char judged) {
    static const char *const form[KINDS] = {
        "the value must be a number, or an entry: the indicator is a count",
        "the value must be a set of hashes, or an entry: the indicator is distinct",
        "the value must be a number, or an entry: the indicator is a level",
        "the value must be a name, or an entry: the indicator is a roster",
        "the value must be 1 (in force) or 0, or an entry: the indicator is a status",
        "the value must be an entry: the indicator is a milestone, evidence or a narrative",
        "the value must be an entry: the indicator is a milestone, evidence or a narrative",
        "the value must be an entry: the indicator is a milestone, evidence or a narrative",
    };
    static const char *const fields[KINDS] = {
        "a count takes a value, and nothing else",
        "a distinct count takes a difference as value, with a reason, and nothing else",
        "a level takes a value, and nothing else",
        "a roster takes a name, and nothing else",
        "a status takes the value 1 (in force) or 0, and nothing else",
        ("a milestone takes the day on which it was done, maybe with a title, a link or a file, and nothing "
         "else"),
        "evidence takes a title, and a link or a file, and nothing else",
        "a case study takes a title and its six parts, and nothing else",
    };
    switch (judged) {
    case 'k':
        return form[kind];
    case 'x':
        return fields[kind];
    case 'b':
        return "the number is out of bounds: at most 1000000000000 either way";
    case 'v':
        return "the value is no set: 0x01, then at most 1024 rising 8-byte hashes; or 0x02, then 2048 "
               "registers";
    case 'r':
        return "a correction needs a reason";
    case 's':
        return "a status takes the value 1 (in force) or 0";
    case 'n':
        return "the name: ";
    case 'l':
        return "the link must begin with http:// or https://";
    case 't':
        return "an entry that retracts another needs a reason";
    case 'u':
        return "an entry that retracts another says nothing else";
    default:
        return NULL;
    }
}

#define WHOLE  "the batch counts as a whole, and another event of it was refused"
#define FUTURE "the time lies in the future: only what has happened can be stated"

static struct room_event event_of(size_t kind, size_t form) {
    struct room_event event = forms[form].event;
    event.indicator = kind_ids[kind];
    event.site = "a";
    event.at = AT;
    return event;
}

/* ---- acks ---- */

enum { EVENTS_MAX = 512 };

struct judged {
    struct message_ack ack;
    char reason[EVENTS_MAX][MESSAGE_TEXT_MAX + 1]; /* of each event; "": it was taken */
};

static void read_ack(struct room *room, struct judged *judged) {
    struct wire_reader reader;
    struct str reason[MESSAGE_REASONS_MAX];
    memset(judged->reason, 0, sizeof judged->reason);
    assert_int_equal(room_reply(room, &reader), MESSAGE_ACK);
    assert_int_equal(message_read_ack(&reader, &judged->ack, NULL), 0);
    struct message_ack walk = judged->ack;
    for (uint32_t i = 0; i < walk.reason_count; i++)
        message_next_reason(&walk, &reason[i]);
    for (uint32_t i = 0; i < walk.refused_count; i++) {
        uint32_t index, which;
        message_next_refused(&walk, &index, &which);
        assert_true(index < EVENTS_MAX);
        (void)snprintf(judged->reason[index], MESSAGE_TEXT_MAX + 1, "%.*s", STR_ARG(reason[which]));
    }
}

static void send(struct room *room, const char *source, uint64_t seq, const struct room_event *event,
                 size_t count, struct judged *judged) {
    assert_int_equal(room_send(room, source, "o", seq, event, count), INGEST_HOLD);
    read_ack(room, judged);
    assert_int_equal(judged->ack.seq, seq);
    if (!judged->ack.repeated)
        assert_int_equal(judged->ack.accepted + judged->ack.refused_count, count);
}

/* NULL: it was taken; a sentence; or the beginning of one, which ends with a space. */
static void expect_reason(const char *what, const char *is, const char *must) {
    size_t len = must ? strlen(must) : 0;
    bool begins = len > 0 && must[len - 1] == ' ';
    bool same = begins ? strncmp(is, must, len) == 0 : strcmp(is, must ? must : "") == 0;
    if (!same)
        fail_msg("%s: said \"%s\", not \"%s\"", what, is, must ? must : "");
}

/* ---- one by one ---- */

static struct judged judged, again; /* large */

static void each_kind_takes_what_it_takes(void **state) {
    (void)state;
    static struct room_event event[KINDS * FORMS];
    struct room room;
    size_t taken = 0;
    room_new_with(&room, room_kinds);
    for (size_t i = 0; i < KINDS * FORMS; i++) {
        event[i] = event_of(i / FORMS, i % FORMS);
        taken += forms[i % FORMS].judged[i / FORMS] == '.';
    }
    send(&room, "s", 1, event, KINDS * FORMS, &judged);
    assert_int_equal(judged.ack.accepted, taken);
    for (size_t i = 0; i < KINDS * FORMS; i++) {
        char what[96];
        (void)snprintf(what, sizeof what, "%s of %s", forms[i % FORMS].name, kind_ids[i / FORMS]);
        expect_reason(what, judged.reason[i], sentence_of(i / FORMS, forms[i % FORMS].judged[i / FORMS]));
    }
    (void)room_commit(&room);
    assert_int_equal(audited_run(room.store).told, 0);
    room_destroy(&room);
}

static void nothing_can_be_said_of_a_ratio(void **state) {
    (void)state;
    struct room_event event[FORMS];
    struct room room;
    room_new_with(&room, room_kinds);
    for (size_t i = 0; i < FORMS; i++) {
        event[i] = event_of(0, i);
        event[i].indicator = "k.ratio";
        event[i].site = NULL;
    }
    send(&room, "s", 1, event, FORMS, &judged);
    assert_int_equal(judged.ack.accepted, 0);
    for (size_t i = 0; i < FORMS; i++)
        assert_non_null(strstr(judged.reason[i], "ratio"));
    room_destroy(&room);
}

/* Clocks and time zones differ by less than a day. What machines count may come from any day. */
static void what_is_stated_is_not_in_the_future(void **state) {
    (void)state;
    struct entry tomorrow = with_done, later = with_done;
    tomorrow.done++;
    later.done += 2;
    const struct {
        size_t kind;
        struct room_event event;
        bool refused;
    } rows[] = {
        {0, {.at = AT + 86401, .number = 1}, false},
        {0, {.at = AT + 86400, .entry = &with_value}, false},
        {0, {.at = AT + 86401, .entry = &with_value}, true},
        {1, {.at = AT + 86401, .member = members, .member_count = 1}, false},
        {1, {.at = AT + 86401, .entry = &with_reason}, true},
        {2, {.at = AT + 86400, .number = 1}, false},
        {2, {.at = AT + 86401, .number = 1}, true},
        {3, {.at = AT + 86400, .name = "alpha"}, false},
        {3, {.at = AT + 86401, .name = "alpha"}, true},
        {4, {.at = AT + 86401, .number = 1}, true},
        {5, {.at = AT, .entry = &tomorrow}, false},
        {5, {.at = AT, .entry = &later}, true},
        {5, {.at = AT + 86401, .entry = &with_done}, true},
        {6, {.at = AT + 86401, .entry = &with_title}, true},
        {7, {.at = AT + 86401, .entry = &with_parts}, true},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    struct room_event event[ROWS];
    struct room room;
    room_new_with(&room, room_kinds);
    for (size_t i = 0; i < ROWS; i++) {
        event[i] = rows[i].event;
        event[i].indicator = kind_ids[rows[i].kind];
        event[i].site = "a";
    }
    send(&room, "s", 1, event, ROWS, &judged);
    for (size_t i = 0; i < ROWS; i++) {
        char what[32];
        (void)snprintf(what, sizeof what, "row %zu", i);
        expect_reason(what, judged.reason[i], rows[i].refused ? FUTURE : NULL);
    }
    room_destroy(&room);
}

/* ---- batches that count as a whole ---- */

struct there {
    uint64_t entries, cells;
};

static struct there look(struct room *room) {
    struct audited audited = audited_run(room->store);
    struct store_snapshot *snapshot;
    assert_int_equal(audited.told, 0);
    assert_int_equal(store_snapshot_open(room->store, &snapshot, NULL), 0);
    struct there there = {.entries = store_has_entries(snapshot), .cells = audited.checked.cells};
    store_snapshot_close(&snapshot);
    return there;
}

static void all_of_a_whole_or_nothing(void **state) {
    (void)state;
    static const size_t good[] = {0, 7, 0, 10, 1, 20, 21, 24}; /* a form that each kind takes */
    struct room_event event[KINDS + 1];
    const struct room_event bad[] = {
        event_of(2, 7),
        {.indicator = "k.nothing", .site = "a", .at = AT, .number = 1},
        {.indicator = "k.level", .site = "a", .at = AT + 90000, .number = 1},
        {.indicator = "k.count", .at = AT, .number = 1},
        {.indicator = "k.count", .site = "a", .at = INT64_MAX, .number = 1},
        event_of(3, 18),
    };
    static const char *const why[] = {
        "the value must be a number, or an entry: the indicator is a level",
        "unknown indicator ",
        FUTURE,
        "k.count needs dimension \"site\"",
        "the time is outside the years 1 to 9999",
        "a correction needs a reason",
    };
    struct room room;
    uint64_t seq = 0;
    room_new_with(&room, room_kinds);
    room.whole = true;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t place = 0; place <= KINDS; place++) {
            for (size_t k = 0; k <= KINDS; k++)
                event[k] = k == place ? bad[i] : event_of(k - (k > place), good[k - (k > place)]);
            send(&room, "s", ++seq, event, KINDS + 1, &judged);
            assert_int_equal(judged.ack.accepted, 0);
            for (size_t k = 0; k <= KINDS; k++)
                expect_reason("a whole batch", judged.reason[k], k == place ? why[i] : WHOLE);
        }
    (void)room_commit(&room);
    assert_int_equal(look(&room).cells, 0);
    /* Again: the same is said, and counts as little. */
    send(&room, "s", seq, event, KINDS + 1, &again);
    assert_true(again.ack.repeated);
    assert_memory_equal(again.reason, judged.reason, sizeof judged.reason);
    for (size_t k = 0; k < KINDS; k++)
        event[k] = event_of(k, good[k]);
    send(&room, "s", ++seq, event, KINDS, &judged);
    assert_int_equal(judged.ack.accepted, KINDS);
    (void)room_commit(&room);
    assert_int_equal(look(&room).cells, KINDS);
    assert_true(look(&room).entries);
    room_destroy(&room);
}

/* Plain counts take another way through. */
static void a_whole_of_counts(void **state) {
    (void)state;
    struct room room;
    struct room_event event[] = {event_of(0, 0), event_of(0, 0), event_of(0, 5)};
    room_new_with(&room, room_kinds);
    room.whole = true;
    send(&room, "s", 1, event, 3, &judged);
    assert_int_equal(judged.ack.accepted, 0);
    (void)room_commit(&room);
    assert_int_equal(look(&room).cells, 0);
    send(&room, "s", 2, event, 2, &judged);
    assert_int_equal(judged.ack.accepted, 2);
    (void)room_commit(&room);
    assert_int_equal(look(&room).cells, 1);
    send(&room, "s", 3, event, 0, &judged);
    assert_int_equal(judged.ack.accepted, 0);
    room_destroy(&room);
}

/* ---- books ---- */

struct counted {
    size_t rows;
    struct refusal last;
    char reason[MESSAGE_TEXT_MAX + 1];
};

static int note_refusal(void *arg, const struct refusal *refusal) {
    struct counted *counted = arg;
    counted->rows++;
    counted->last = *refusal;
    (void)snprintf(counted->reason, sizeof counted->reason, "%.*s", STR_ARG(refusal->reason));
    return 0;
}

static struct counted refusals_of(struct room *room, const char *indicator) {
    struct counted counted = {0};
    struct store_snapshot *snapshot;
    assert_int_equal(store_snapshot_open(room->store, &snapshot, NULL), 0);
    assert_int_equal(refusals_each(snapshot, str_of(indicator), note_refusal, &counted, NULL), 0);
    store_snapshot_close(&snapshot);
    return counted;
}

static void expect_refusals(struct room *room, const char *indicator, uint64_t count, int64_t at,
                            const char *reason) {
    struct counted counted = refusals_of(room, indicator);
    assert_int_equal(counted.rows, count > 0);
    if (count == 0)
        return;
    assert_int_equal(counted.last.count, count);
    assert_int_equal(counted.last.at, at);
    expect_reason(indicator, counted.reason, reason);
}

static void refusals_are_counted_by_indicator(void **state) {
    (void)state;
    struct room room;
    const struct room_event event[] = {
        event_of(0, 5),
        event_of(0, 7),
        event_of(2, 7),
        {.indicator = "k.nothing", .site = "a", .at = AT, .number = 1},
        {.indicator = "k.nought", .site = "a", .at = AT, .number = 1},
        event_of(0, 0),
    };
    room_new_with(&room, room_kinds);
    send(&room, "s", 1, event, 6, &judged);
    send(&room, "s", 1, event, 6, &again); /* again, while it waits, */
    (void)room_commit(&room);
    send(&room, "s", 1, event, 6, &again); /* and once it is on disk */
    assert_true(again.ack.repeated && again.ack.refused_count == 5);
    (void)room_commit(&room);
    expect_refusals(&room, "k.count", 2, AT, sentence_of(0, 'k'));
    expect_refusals(&room, "k.level", 1, AT, sentence_of(2, 'k'));
    expect_refusals(&room, "", 2, AT, "unknown indicator \"k.nought\": ");
    expect_refusals(&room, "k.roster", 0, 0, NULL);

    room.now += 60;
    room.whole = true; /* all of them, those that are good but for the others, too */
    send(&room, "s", 2, event + 4, 2, &judged);
    (void)room_commit(&room);
    expect_refusals(&room, "k.count", 3, AT + 60, WHOLE);
    expect_refusals(&room, "k.level", 1, AT, sentence_of(2, 'k'));
    expect_refusals(&room, "", 3, AT + 60, "unknown indicator \"k.nought\": ");
    room_leave(&room);
    room_enter(&room);
    room.whole = false;
    send(&room, "t", 1, event, 1, &judged);
    (void)room_commit(&room);
    assert_int_equal(refusals_of(&room, "k.count").rows, 2);
    room_destroy(&room);
}

static void only_numbers_of_counts_are_in_the_total(void **state) {
    (void)state;
    struct room room;
    struct balance row;
    struct store_snapshot *snapshot;
    struct str bytes;
    char key[BALANCE_KEY_MAX];
    struct room_event event[KINDS + 2];
    static const size_t good[] = {0, 7, 0, 10, 1, 20, 21, 24};
    for (size_t k = 0; k < KINDS; k++)
        event[k] = event_of(k, good[k]);
    event[KINDS] = event_of(0, 3);      /* -3 */
    event[KINDS + 1] = event_of(0, 12); /* an entry of 5 */
    room_new_with(&room, room_kinds);
    send(&room, "s", 1, event, KINDS + 2, &judged);
    assert_int_equal(judged.ack.accepted, KINDS + 2);
    (void)room_commit(&room);
    assert_int_equal(store_snapshot_open(room.store, &snapshot, NULL), 0);
    assert_int_equal(
        store_find_row(snapshot, STORE_LEDGER, balance_key(key, STR("s"), STR("o")), &bytes, NULL), 0);
    assert_int_equal(balance_decode(bytes, &row), 0);
    store_snapshot_close(&snapshot);
    assert_int_equal((int64_t)row.total, 5 - 3);
    assert_int_equal(row.accepted, KINDS + 2);
    room_destroy(&room);
}

/* ---- how many ---- */

static int fill(struct room *room, uint32_t count) {
    struct store_write *write;
    int err = store_begin(room->store, &write, NULL);
    assert_int_equal(err, 0);
    for (uint32_t id = 0; id < count && err == 0; id++)
        err = store_put_entry(write, 0, 10, 0, 1000 + id, STR("filled"), NULL);
    if (err == 0)
        return store_commit(&write, NULL);
    store_abort(&write);
    return err;
}

static void a_series_has_room_for_so_many(void **state) {
    (void)state;
    struct room room;
    struct room_event event[3];
    int err;
    for (size_t i = 0; i < 3; i++) {
        event[i] = event_of(3, 10);
        event[i].at -= (int64_t)i * CIVIL_DAY_SECONDS;
    }
    room_new_with(&room, room_kinds);
    send(&room, "s", 1, event, 1, &judged);
    (void)room_commit(&room);
    while ((err = fill(&room, CATALOGUE_ENTRIES_MAX - 3)) == -EAGAIN)
        ;
    assert_int_equal(err, 0);
    room_leave(&room);
    room_enter(&room);
    room.whole = true;
    send(&room, "s", 2, event, 3, &judged);
    assert_int_equal(judged.ack.accepted, 0);
    expect_reason("the third", judged.reason[2], "the series has 262144 entries, as many as may be: ");
    expect_reason("with it", judged.reason[0], WHOLE);
    room.whole = false;
    send(&room, "s", 3, event, 3, &judged);
    assert_int_equal(judged.ack.accepted, 2);
    expect_reason("the first", judged.reason[0], NULL);
    expect_reason("the third", judged.reason[2], "the series has 262144 entries, as many as may be: ");
    (void)room_commit(&room);
    event[2].site = "b";
    send(&room, "s", 4, event + 2, 1, &judged);
    assert_int_equal(judged.ack.accepted, 1);
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_takes_what_it_takes),
        cmocka_unit_test(nothing_can_be_said_of_a_ratio),
        cmocka_unit_test(what_is_stated_is_not_in_the_future),
        cmocka_unit_test(all_of_a_whole_or_nothing),
        cmocka_unit_test(a_whole_of_counts),
        cmocka_unit_test(refusals_are_counted_by_indicator),
        cmocka_unit_test(only_numbers_of_counts_are_in_the_total),
        cmocka_unit_test(a_series_has_room_for_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
