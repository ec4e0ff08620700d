/* Asking for the figures of one indicator, told in a line: "2018-01-01 7 (as of 2018-01-20), 2018-02-01 9". */
#ifndef TESTS_FOLDING_H
#define TESTS_FOLDING_H

#include "tests/unit/books.h"

struct line {
    char text[4096];
};

static inline int print(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct line *line = arg;
    char day[PERIOD_TEXT_MAX], room[FOLD_NOTE_MAX];
    const char *note = fold_figure_note(figure, room);
    size_t len = strlen(line->text);
    (void)why;
    (void)period_print(&(struct period){PERIOD_DAY, figure->period, figure->period}, day);
    if (figure->state == MESSAGE_STATE_VALUE)
        (void)snprintf(line->text + len, sizeof line->text - len, "%s%s %lld%s%s%s", len ? ", " : "", day,
                       (long long)figure->value, *note ? " (" : "", note, *note ? ")" : "");
    else
        (void)snprintf(line->text + len, sizeof line->text - len, "%s%s missing", len ? ", " : "", day);
    return 0;
}

struct ask {
    const char *indicator, *from, *to; /* to NULL: open */
    enum period_type by;
    const char *today;
    const char *sum_of;
};

static inline int run(struct books *books, const struct ask *ask, struct line *line, struct fault *why) {
    struct store_snapshot *snapshot;
    struct withdrawals *withdrawals;
    struct period from, to = {.last = CIVIL_DAY_MAX};
    line->text[0] = '\0';
    assert_int_equal(store_snapshot_open(books->room.store, &snapshot, NULL), 0);
    assert_int_equal(withdrawals_load(&withdrawals, snapshot, NULL), 0);
    assert_int_equal(period_parse(&from, str_of(ask->from), NULL), 0);
    if (ask->to)
        assert_int_equal(period_parse(&to, str_of(ask->to), NULL), 0);
    struct fold_question question = {
        .framework = books->room.framework,
        .catalogue = books->room.catalogue,
        .snapshot = snapshot,
        .withdrawals = withdrawals,
        .indicator = (size_t)framework_find(books->room.framework, str_of(ask->indicator)),
        .by = ask->by,
        .first = from.first,
        .last = to.last,
        .open_end = ask->to == NULL,
        .today = books_day(ask->today)};
    if (ask->sum_of) {
        question.has_sum_of = true;
        assert_int_equal(period_type_parse(&question.sum_of, str_of(ask->sum_of), NULL), 0);
    }
    int err = fold_run(&question, print, line, why);
    withdrawals_destroy(&withdrawals);
    store_snapshot_close(&snapshot);
    return err;
}

static inline void assert_figures(struct books *books, const struct ask *ask, const char *wanted) {
    struct line line;
    struct fault why = {""};
    if (run(books, ask, &line, &why) != 0)
        fail_msg("%s", why.text);
    assert_string_equal(line.text, wanted);
}

static inline void say_value(struct books *books, const char *indicator, const char *region, const char *day,
                             uint64_t id, int64_t value) {
    books_say(
        books, "desk", indicator, region, day,
        &(struct entry){.id = id, .recorded = 1, .has_value = true, .value = value, .done = ENTRY_NO_DAY});
}

static inline void say_done(struct books *books, const char *indicator, const char *region, const char *day,
                            uint64_t id, const char *done) {
    books_say(books, "desk", indicator, region, day,
              &(struct entry){.id = id, .recorded = 1, .done = books_day(done)});
}

#endif
