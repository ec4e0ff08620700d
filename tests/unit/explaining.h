/* Asking how a figure came to be, and what is said before that. */
#ifndef TESTS_EXPLAINING_H
#define TESTS_EXPLAINING_H

#include "tests/unit/books.h"

#include "daemon/answers/explain.h"

struct explained {
    struct frames *answer;
    struct message_explanation told;
};

static inline int try_explain(struct books *books, const char *indicator, const char *period,
                              const char *region, struct explained *out, struct fault *why) {
    struct message_explain question = {.id = 6, .indicator = str_of(indicator), .period = str_of(period)};
    struct wire_reader reader;
    if (region)
        assert_int_equal(dims_add(&question.where, STR("region"), str_of(region), NULL), 0);
    int err = explain_run(&out->answer, &question, books->room.framework, books->room.catalogue,
                          books->room.store, books->now, why);
    if (err)
        return err;
    books_open(out->answer, MESSAGE_EXPLANATION, &reader);
    assert_int_equal(message_read_explanation(&reader, &out->told, why), 0);
    assert_int_equal(out->told.id, 6);
    return 0;
}

static inline struct message_explanation *explain(struct books *books, const char *indicator,
                                                  const char *period, const char *region,
                                                  struct explained *out) {
    struct fault why = {""};
    if (try_explain(books, indicator, period, region, out, &why) != 0)
        fail_msg("%s", why.text);
    return &out->told;
}

static inline void say(struct books *books, const char *source, const char *indicator, const char *region,
                       const char *day, uint64_t id, int64_t value, const char *reason) {
    books_say(books, source, indicator, region, day,
              &(struct entry){.id = id,
                              .recorded = books->now,
                              .has_value = true,
                              .value = value,
                              .done = ENTRY_NO_DAY,
                              .reason = str_of(reason)});
}

static inline void retract(struct books *books, const char *source, const char *indicator, const char *region,
                           const char *day, uint64_t id, uint64_t retracts, const char *reason) {
    books_say(books, source, indicator, region, day,
              &(struct entry){.id = id,
                              .recorded = books->now,
                              .done = ENTRY_NO_DAY,
                              .reason = str_of(reason),
                              .retracts = retracts});
}

static inline void meet(struct books *books, const char *source, const char *day, uint64_t first,
                        size_t count) {
    uint64_t member[16];
    for (size_t i = 0; i < count; i++)
        member[i] = (first + i) * 0x9e3779b97f4a7c15u;
    books_tell(
        books,
        &(struct books_event){
            .source = source, .indicator = "people", .day = day, .member = member, .member_count = count});
}

static inline void do_close(struct books *books, const char *period) {
    struct fault why = {""};
    if (books_close(books, period, "", &why) != 0)
        fail_msg("%s", why.text);
}

/* Puts many entries at once, from `id` on. */
static inline void say_many(struct books *books, const char *indicator, const struct entry *like,
                            size_t count) {
    struct store_write *write;
    struct name_found series;
    uint32_t source;
    struct entry entry = *like;
    assert_int_equal(
        catalogue_series(books->room.catalogue, str_of(indicator), &(struct dims){0}, &series, NULL), 0);
    assert_int_equal(catalogue_source(books->room.catalogue, STR("desk"), &source, NULL), 0);
    struct wire_writer *value;
    wire_writer_new(&value, CELL_ENTRY_BYTES_MAX);
    int err;
    assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
    books_put_names(books, write);
    assert_int_equal(store_commit(&write, NULL), 0);
    do { /* until the store has made room */
        assert_int_equal(store_begin(books->room.store, &write, NULL), 0);
        err = store_stamp(write, books->now, NULL);
        for (size_t i = 0; i < count && err == 0; i++) {
            entry.id = like->id + i;
            wire_writer_reset(value);
            cell_entry_encode(value, books_noon("2018-01-05"), &entry);
            err = store_put_entry(write, series.number, books_day("2018-01-05"), source, entry.id,
                                  (struct str){(const char *)wire_writer_data(value), wire_writer_len(value)},
                                  NULL);
        }
        if (err == 0)
            err = store_commit(&write, NULL);
        else
            store_abort(&write);
    } while (err == -EAGAIN);
    assert_int_equal(err, 0);
    wire_writer_destroy(&value);
}

#endif
