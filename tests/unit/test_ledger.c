/* The ledger's balance: every event that was read is accepted, refused or repeated, in memory and on disk, whatever
 * comes again and whatever fails. */
#include "tests/unit/room.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "daemon/books/balance.h"

static struct room_event count_event(int64_t at, int64_t number) {
    return (struct room_event){
        .indicator = "t.count", .site = "a", .language = "en", .at = at, .number = number};
}

struct wanted_row {
    struct str key;
    struct balance balance;
    bool found;
};

static int find_row(void *arg, struct str key, struct str row) {
    struct wanted_row *wanted = arg;
    struct fault why = {""};
    struct balance balance;
    assert_int_equal(balance_decode(row, &balance), 0);
    if (balance_check(&balance, &why) != 0)
        fail_msg("%s", why.text);
    if (str_equal(key, wanted->key)) {
        wanted->balance = balance;
        wanted->found = true;
    }
    return 0;
}

/* As it is on disk; zeros when it is not there. Every row there balances. */
static struct balance on_disk(struct room *room, const char *source, const char *outbox) {
    char key[BALANCE_KEY_MAX];
    struct wanted_row wanted = {.key = balance_key(key, str_of(source), str_of(outbox))};
    struct store_snapshot *snapshot;
    assert_int_equal(store_snapshot_open(room->store, &snapshot, NULL), 0);
    assert_int_equal(store_each_ledger(snapshot, find_row, &wanted, NULL), 0);
    store_snapshot_close(&snapshot);
    return wanted.balance;
}

static void what_was_read_is_accepted_refused_or_repeated(void **state) {
    (void)state;
    static const uint64_t member[] = {1, 2};
    struct room room;
    room_new(&room);
    const struct room_event event[] = {
        count_event(10, 5),
        count_event(10, -2),
        {.indicator = "t.none", .at = 10, .number = 100},
        {.indicator = "t.distinct",
         .site = "a",
         .language = "en",
         .at = 10,
         .member = member,
         .member_count = 2},
        count_event(INT64_MAX, 7),
    };
    (void)room_send(&room, "s", "o", 1, event, 5);
    (void)room_commit(&room);
    (void)room_send(&room, "s", "o", 1, event, 5);
    (void)room_commit(&room);
    (void)room_send(&room, "s", "o", 2, event, 1);
    (void)room_send(&room, "s", "o", 1, event, 5);
    (void)room_send(&room, "s", "o", 3, NULL, 0);
    (void)room_commit(&room);
    struct balance balance = on_disk(&room, "s", "o");
    assert_int_equal(balance.read, 16);
    assert_int_equal(balance.accepted, 4);
    assert_int_equal(balance.refused, 2);
    assert_int_equal(balance.repeated, 10);
    assert_int_equal(balance.batches, 3);
    assert_int_equal(balance.batches_again, 2);
    assert_int_equal(balance.last, 3);
    assert_int_equal(balance.missing, 0);
    assert_int_equal(balance.total, 8);
    assert_int_equal(balance.heard, 1520380800);
    room_leave(&room);
    room_enter(&room);
    (void)room_send(&room, "s", "o", 4, event, 5);
    (void)room_commit(&room);
    balance = on_disk(&room, "s", "o");
    assert_int_equal(balance.read, 21);
    assert_int_equal(balance.total, 11);
    room_destroy(&room);
}

/* Nobody waits for a reply here: a row that changed is reason enough for a commit. */
static void a_gap_reaches_the_disk_by_itself(void **state) {
    (void)state;
    struct room room;
    room_new(&room);
    struct room_event event = count_event(10, 3);
    (void)room_send(&room, "s", "o", 1, &event, 1);
    (void)room_commit(&room);
    wire_writer_reset(room.reply);
    ingest_hello(room.ingest, STR("peer"),
                 &(struct message_hello){.source = STR("s"), .outbox = STR("o"), .first = 41}, room.reply);
    assert_true(committer_wanted(room.committer));
    (void)room_commit(&room);
    assert_false(committer_wanted(room.committer));
    struct balance balance = on_disk(&room, "s", "o");
    assert_int_equal(balance.missing, 39);
    assert_int_equal(balance.last, 40);
    assert_true(balance.gap_first == 2 && balance.gap_last == 40);
    ingest_hello(room.ingest, STR("peer"), /* of which nothing has come: no row */
                 &(struct message_hello){.source = STR("t"), .outbox = STR("o"), .first = 41}, room.reply);
    assert_false(committer_wanted(room.committer));
    room_destroy(&room);
}

static void only_changed_rows_are_written(void **state) {
    (void)state;
    struct room room;
    struct pending *pending;
    char name[16];
    room_new(&room);
    struct room_event event = count_event(10, 1);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, "s%d", i);
        (void)room_send(&room, name, "o", 1, &event, 1);
    }
    (void)room_commit(&room);
    assert_false(ledger_changed(room.ledger));
    pending_new(&pending);
    ledger_write(room.ledger, pending);
    assert_true(pending_empty(pending));
    ledger_settled(room.ledger);
    ledger_repeat(room.ledger, ledger_find(room.ledger, STR("s7"), STR("o")), 1, 0);
    ledger_repeat(room.ledger, ledger_find(room.ledger, STR("s7"), STR("o")), 1, 0);
    assert_true(ledger_changed(room.ledger));
    ledger_write(room.ledger, pending);
    assert_false(pending_empty(pending));
    assert_false(ledger_changed(room.ledger));
    assert_int_equal(pending_write(pending, room.store, &(struct pending_writing){0}, NULL, NULL, NULL), 0);
    ledger_settled(room.ledger);
    assert_int_equal(on_disk(&room, "s7", "o").repeated, 2);
    assert_int_equal(on_disk(&room, "s8", "o").repeated, 0);
    pending_destroy(&pending);
    room_destroy(&room);
}

/* Writing past so many bytes of a file fails, as on a full disk. */
static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
}

/* Counted, repeated and skipped in the transaction that fails and in the one that fills meanwhile. */
static void what_is_undone_leaves_the_rows_as_on_disk(void **state) {
    (void)state;
    struct room room;
    struct room_released released = {0};
    room_new(&room);
    struct room_event event[] = {count_event(10, 3), {.indicator = "t.none", .at = 10, .number = 1}};
    (void)room_send(&room, "s", "o", 1, event, 2);
    (void)room_commit(&room);
    struct balance before = on_disk(&room, "s", "o");

    (void)room_send(&room, "s", "o", 1, event, 2);
    (void)room_send(&room, "s", "o", 2, event, 2);
    (void)room_send(&room, "t", "o", 1, event, 2);
    committer_start(room.committer, ROOM_NOW);
    (void)room_send(&room, "s", "o", 3, event, 2);
    (void)room_send(&room, "s", "o", 2, event, 2);
    (void)room_send(&room, "u", "o", 1, event, 2);
    limit_files(4096);
    committer_run(room.committer);
    limit_files(RLIM_INFINITY);
    assert_true(committer_finish(room.committer, room_count_release, &released, NULL) < 0);
    assert_int_equal(released.failed, 6);
    assert_false(committer_wanted(room.committer));

    struct balance after = on_disk(&room, "s", "o");
    assert_memory_equal(&after, &before, sizeof after);
    (void)room_send(&room, "s", "o", 1, event, 2);
    (void)room_send(&room, "s", "o", 2, event, 2);
    (void)room_send(&room, "t", "o", 1, event, 1);
    assert_int_equal(room_commit(&room).failed, 0);
    after = on_disk(&room, "s", "o");
    assert_int_equal(after.read, 6);
    assert_int_equal(after.accepted, 2);
    assert_int_equal(after.refused, 2);
    assert_int_equal(after.repeated, 2);
    assert_int_equal(after.total, 6);
    assert_int_equal(on_disk(&room, "t", "o").read, 1);
    assert_int_equal(on_disk(&room, "u", "o").read, 0);
    room_destroy(&room);
}

static void rows_are_read_as_they_were_written(void **state) {
    (void)state;
    const struct balance row = {1, 2, 3, 4, 5, 6, 7, 8, -9, 10, UINT64_MAX, 12, 13};
    uint8_t bytes[BALANCE_BYTES];
    struct balance read;
    balance_encode(&row, bytes);
    assert_int_equal(balance_decode((struct str){(char *)bytes, sizeof bytes}, &read), 0);
    assert_memory_equal(&read, &row, sizeof row);
    assert_int_equal(balance_decode((struct str){(char *)bytes, sizeof bytes - 1}, &read), -EBADMSG);
    assert_int_equal(balance_decode(STR(""), &read), -EBADMSG);
    bytes[0]--;
    assert_int_equal(balance_decode((struct str){(char *)bytes, sizeof bytes}, &read), -EBADMSG);
}

static void keys_are_taken_apart_or_refused(void **state) {
    (void)state;
    static const struct {
        struct str key;
        const char *source, *outbox; /* NULL: refused */
    } rows[] = {
        {STR("weblog@www1\0abc"), "weblog@www1", "abc"},
        {STR("weblog@www1\0"), "weblog@www1", ""},
        {STR("weblog@www1"), NULL, NULL},
        {STR(""), NULL, NULL},
        {STR("\0abc"), NULL, NULL},
        {STR("a\0b\0c"), NULL, NULL},
        {STR("a\n\0b"), NULL, NULL},
        {STR("a\0\xff"), NULL, NULL},
        {STR("a\0"
             "123456789012345678901234567890123"),
         NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str source, outbox;
        int rc = balance_key_parse(rows[i].key, &source, &outbox);
        assert_int_equal(rc, rows[i].source ? 0 : -EBADMSG);
        if (rc != 0)
            continue;
        assert_true(str_equal(source, str_of(rows[i].source)) && str_equal(outbox, str_of(rows[i].outbox)));
        char key[BALANCE_KEY_MAX];
        assert_true(str_equal(balance_key(key, source, outbox), rows[i].key));
    }
}

static void a_row_that_does_not_balance_is_told_in_numbers(void **state) {
    (void)state;
    struct fault why;
    struct balance row = {
        .last = 3, .batches = 2, .missing = 1, .read = 10, .accepted = 6, .refused = 1, .repeated = 3};
    assert_int_equal(balance_check(&row, &why), 0);
    row.accepted++;
    assert_int_equal(balance_check(&row, &why), -EBADMSG);
    assert_string_equal(why.text, "10 events read are not 7 accepted + 1 refused + 3 repeated");
    row.accepted--;
    row.last++;
    assert_int_equal(balance_check(&row, &why), -EBADMSG);
    assert_string_equal(why.text, "the last batch is 4, not 2 counted + 1 missing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_is_accepted_refused_or_repeated),
        cmocka_unit_test(a_gap_reaches_the_disk_by_itself),
        cmocka_unit_test(only_changed_rows_are_written),
        cmocka_unit_test(what_is_undone_leaves_the_rows_as_on_disk),
        cmocka_unit_test(rows_are_read_as_they_were_written),
        cmocka_unit_test(keys_are_taken_apart_or_refused),
        cmocka_unit_test(a_row_that_does_not_balance_is_told_in_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
