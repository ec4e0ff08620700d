/* A store with books: sources that say things of every kind on days that the test sets, closings, withdrawals, and the
 * questions about them. No batches: what is told is put into the store as the daemon does. */
#ifndef TESTS_BOOKS_H
#define TESTS_BOOKS_H

#include "tests/unit/room.h"

#include <errno.h>
#include <string.h>

#include "daemon/books/balance.h"
#include "daemon/figures/fold.h"
#include "daemon/intake/acts.h"
#include "daemon/io/frames.h"
#include "daemon/store/cell.h"
#include "proto/civil.h"

struct books {
    struct room room;
    int64_t now;
    struct wire_writer *reply; /* of the last act */
    unsigned anew;             /* acts that had to begin anew, for the store had to make room */
};

static const char books_framework[] =
    "name: books\n"
    "title: {en: Books}\n"
    "plan: 2016/2020\n"
    "languages: [en, fr]\n"
    "sources:\n"
    "  - {source: \"weblog@*\", every: day}\n"
    "  - {source: payroll, every: month}\n"
    "dimensions:\n"
    "  - {name: region, values: [north, south]}\n"
    "  - {name: list}\n"
    "indicators:\n"
    "  - {id: calls, code: \"1.1\", kind: count, frequency: month, dimensions: [region], unit: calls,"
    " label: {en: Calls, fr: Appels}, definition: {en: Calls that were answered.}, method: by hand,"
    " method_version: \"1\", fed_by: [record, statsd bridge], target: {value: 10, per: month},"
    " baseline: {period: 2015, value: 80}}\n"
    "  - {id: people, kind: distinct, frequency: month, label: {en: People}}\n"
    "  - {id: staff, kind: level, frequency: quarter, dimensions: [region], label: {en: Staff}}\n"
    "  - {id: nets, kind: roster, frequency: quarter, label: {en: Networks}}\n"
    "  - {id: manual, code: \"2.1\", kind: status, frequency: year, label: {en: Manual in force},"
    " target: {value: 1}}\n"
    "  - {id: audit, code: \"2.2\", kind: milestone, frequency: year, due: 09-30, label: {en: Audit filed}}\n"
    "  - {id: visits, code: \"2.3\", kind: milestone, frequency: quarter, dimensions: [region],"
    " label: {en: Visit made}}\n"
    "  - {id: papers, kind: evidence, frequency: year, fed_by: [record], label: {en: Papers},"
    " target: {value: 2, per: year}}\n"
    "  - {id: rate, kind: ratio, frequency: quarter, numerator: calls, denominator: staff, factor: 100,"
    " decimals: 1, label: {en: Calls a head}}\n";

static inline int32_t books_day(const char *text) {
    struct period period;
    assert_int_equal(period_parse(&period, str_of(text), NULL), 0);
    return period.first;
}

/* Noon of that day. */
static inline int64_t books_noon(const char *day) {
    return (int64_t)books_day(day) * CIVIL_DAY_SECONDS + CIVIL_DAY_SECONDS / 2;
}

static inline void books_turn(struct books *books, const char *day) {
    books->now = books_noon(day);
}

static inline void books_write_framework(struct books *books, const char *text) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/framework.yaml", books->room.directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

/* The daemon starts anew, with another plan. */
static inline void books_plan(struct books *books, const char *text) {
    room_leave(&books->room);
    books_write_framework(books, text);
    room_enter(&books->room);
}

static inline void books_new(struct books *books, const char *day) {
    *books = (struct books){0};
    room_new(&books->room);
    books_plan(books, books_framework);
    books_turn(books, day);
    wire_writer_new(&books->reply, MESSAGE_BYTES_MAX);
}

static inline void books_destroy(struct books *books) {
    wire_writer_destroy(&books->reply);
    room_destroy(&books->room);
}

/* ---- what is said ---- */

struct books_event {
    const char *source, *indicator;
    const char *dim, *value; /* one dimension, or NULL */
    const char *day;
    int64_t number;         /* unless it is a set or an entry */
    const uint64_t *member; /* a set of so many */
    size_t member_count;
    const struct entry *entry;
};

static inline void books_put_set(struct store_write *write, enum store_grain grain, uint32_t series,
                                 int32_t when, uint32_t source, const struct books_event *event) {
    struct sketch *set;
    struct str old;
    sketch_new(&set);
    if (store_get_cell(write, grain, series, when, source, &old, NULL) == 0)
        sketch_merge(set, old);
    for (size_t i = 0; i < event->member_count; i++)
        sketch_add(set, event->member[i]);
    assert_int_equal(store_put_cell(write, grain, series, when, source, sketch_bytes(set), NULL), 0);
    sketch_destroy(&set);
}

static inline void books_put(struct store_write *write, uint32_t series, uint32_t source,
                             const struct books_event *event) {
    int32_t day = books_day(event->day), month = civil_month_of_day(day);
    if (event->entry) {
        struct wire_writer *value;
        wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
        cell_entry_encode(value, books_noon(event->day), event->entry);
        struct str bytes = {(const char *)wire_writer_data(value), wire_writer_len(value)};
        assert_int_equal(store_put_entry(write, series, day, source, event->entry->id, bytes, NULL), 0);
        wire_writer_destroy(&value);
    } else if (event->member) {
        books_put_set(write, STORE_DAYS, series, day, source, event);
        books_put_set(write, STORE_MONTHS, series, month, source, event);
    } else {
        assert_int_equal(store_add(write, STORE_DAYS, series, day, source, event->number, NULL), 0);
        assert_int_equal(store_add(write, STORE_MONTHS, series, month, source, event->number, NULL), 0);
    }
}

static inline void books_put_names(struct books *books, struct store_write *write) {
    struct catalogue_name *names;
    size_t count = catalogue_unsaved(books->room.catalogue, &names);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(store_put_name(write, names[i].table, names[i].id, names[i].text, NULL), 0);
    catalogue_saved(books->room.catalogue, names, count);
    free(names);
}

static inline void books_put_heard(struct books *books, struct store_write *write, const char *source) {
    char key[BALANCE_KEY_MAX];
    uint8_t row[BALANCE_BYTES];
    balance_encode(&(struct balance){.heard = books->now}, row);
    assert_int_equal(store_put_ledger(write, balance_key(key, str_of(source), STR("box")),
                                      (struct str){(const char *)row, sizeof row}, NULL),
                     0);
}

static inline void books_tell(struct books *books, const struct books_event *event) {
    struct store_write *write;
    struct dims dims = {0};
    struct name_found series;
    uint32_t source = 0;
    struct fault why = {""};
    if (event->dim)
        assert_int_equal(dims_add(&dims, str_of(event->dim), str_of(event->value), NULL), 0);
    if (catalogue_series(books->room.catalogue, str_of(event->indicator), &dims, &series, &why) != 0 ||
        catalogue_source(books->room.catalogue, str_of(event->source), &source, &why) != 0)
        fail_msg("%s", why.text);
    assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
    assert_int_equal(store_stamp(write, books->now, NULL), 0);
    books_put_names(books, write);
    books_put_heard(books, write, event->source);
    books_put(write, series.number, source, event);
    assert_int_equal(store_commit(&write, NULL), 0);
}

static inline void books_count(struct books *books, const char *source, const char *region, const char *day,
                               int64_t number) {
    books_tell(books, &(struct books_event){.source = source,
                                            .indicator = "calls",
                                            .dim = "region",
                                            .value = region,
                                            .day = day,
                                            .number = number});
}

static inline void books_say(struct books *books, const char *source, const char *indicator,
                             const char *region, const char *day, const struct entry *entry) {
    books_tell(books, &(struct books_event){.source = source,
                                            .indicator = indicator,
                                            .dim = region ? "region" : NULL,
                                            .value = region,
                                            .day = day,
                                            .entry = entry});
}

/* ---- acts ---- */

static inline int books_act(struct books *books, enum message_type type, struct wire_writer *frame,
                            struct fault *why) {
    struct wire_reader reader;
    enum message_type opened;
    struct act *act;
    struct store_write *write;
    wire_reader_init(&reader, wire_writer_data(frame), wire_writer_len(frame));
    assert_int_equal(message_open(&reader, &opened, NULL), 0);
    assert_int_equal(opened, type);
    assert_true(acts_are(opened));
    assert_int_equal(act_new(&act, opened, &reader, why), 0);
    int err;
    do { /* until the store has made room */
        assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
        assert_int_equal(store_stamp(write, books->now, NULL), 0);
        err = act_run(act, write, books->room.framework, books->room.catalogue, books->now, why);
        if (err == 0)
            err = store_commit(&write, why);
        else
            store_abort(&write);
        books->anew += err == -EAGAIN;
    } while (err == -EAGAIN);
    if (err == 0) {
        wire_writer_reset(books->reply);
        act_write_reply(act, books->reply);
    }
    act_destroy(&act);
    wire_writer_destroy(&frame);
    return err;
}

static inline int books_close(struct books *books, const char *period, const char *note, struct fault *why) {
    struct wire_writer *frame;
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    message_write_close(frame,
                        &(struct message_close){.id = 7, .period = str_of(period), .note = str_of(note)});
    return books_act(books, MESSAGE_CLOSE, frame, why);
}

static inline int books_withdraw(struct books *books, const char *source, const char *from, const char *to,
                                 const char *reason, struct fault *why) {
    struct wire_writer *frame;
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    message_write_withdraw(frame, &(struct message_withdraw){.id = 8,
                                                             .source = str_of(source),
                                                             .from = str_of(from),
                                                             .to = str_of(to),
                                                             .reason = str_of(reason)});
    return books_act(books, MESSAGE_WITHDRAW, frame, why);
}

/* ---- figures ---- */

static inline int books_keep(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct fold_figure *out = arg;
    (void)why;
    *out = *figure;
    return 0;
}

/* The figure in all; INT64_MIN: there is none. */
static inline int64_t books_value_where(struct books *books, const char *indicator, const char *text,
                                        const struct dims *where, uint32_t vintage) {
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct fold_figure figure = {.state = MESSAGE_STATE_MISSING};
    struct period period;
    struct fault why = {""};
    int32_t today;
    assert_int_equal(period_parse(&period, str_of(text), NULL), 0);
    assert_true(civil_day_of_time(books->now, &today));
    assert_int_equal(store_snapshot_open(books->room.store, &snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&withdrawals, snapshot, NULL), 0);
    int index = framework_find(books->room.framework, str_of(indicator));
    assert_true(index >= 0);
    if (fold_run(&(struct fold_question){.framework = books->room.framework,
                                         .catalogue = books->room.catalogue,
                                         .snapshot = snapshot,
                                         .withdrawals = withdrawals,
                                         .indicator = (size_t)index,
                                         .by = period.type,
                                         .first = period.first,
                                         .last = period.last,
                                         .today = today,
                                         .where = where,
                                         .vintage = vintage},
                 books_keep, &figure, &why) != 0)
        fail_msg("%s", why.text);
    withdrawals_destroy(&withdrawals);
    store_snapshot_close(&snapshot);
    return figure.state == MESSAGE_STATE_VALUE ? figure.value : INT64_MIN;
}

static inline int64_t books_value(struct books *books, const char *indicator, const char *text,
                                  uint32_t vintage) {
    return books_value_where(books, indicator, text, NULL, vintage);
}

/* The only frame of an answer, opened for its reader. Borrows from `answer`. */
static inline void books_open(const struct frames *answer, enum message_type type,
                              struct wire_reader *reader) {
    enum message_type opened;
    assert_int_equal(frames_count(answer), 1);
    struct str frame = frames_at(answer, 0);
    wire_reader_init(reader, frame.at, frame.len);
    assert_int_equal(message_open(reader, &opened, NULL), 0);
    assert_int_equal(opened, type);
}

static inline bool books_is(struct str text, const char *wanted) {
    return str_equal(text, str_of(wanted));
}

#endif
