/* However a batch is gone through, each event is added to the sum of its series and day, once. */
#include "tests/unit/room.h"

#include <errno.h>
#include <string.h>

#include "daemon/intake/combine.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "random.h"

struct sample {
    uint32_t series, days, events;
    bool refusals; /* some events cannot be taken */
};

struct drawn {
    uint32_t series;
    int64_t at, number;
    bool good;
};

static void write_frame(const struct sample *sample, struct drawn *drawn, struct wire_writer *frame) {
    struct wire_writer *series, *events;
    wire_writer_new(&series, MESSAGE_BYTES_MAX);
    wire_writer_new(&events, MESSAGE_BYTES_MAX);
    for (uint32_t i = 0; i < sample->series; i++) {
        char site[16];
        struct dims dims = {0};
        (void)snprintf(site, sizeof site, "site-%u", i);
        assert_int_equal(dims_add(&dims, STR("language"), STR("en"), NULL), 0);
        assert_int_equal(dims_add(&dims, STR("site"), str_of(site), NULL), 0);
        message_write_series(series, STR("t.count"), &dims);
    }
    for (uint32_t i = 0; i < sample->events; i++) {
        drawn[i] = (struct drawn){.series = (uint32_t)random_below(sample->series),
                                  .at = 1520380800 + (int64_t)random_below(sample->days) * 86400 +
                                        (int64_t)random_below(86400),
                                  .number = (int64_t)random_below(2001) - 1000,
                                  .good = true};
        if (sample->refusals && random_below(50) == 0) {
            drawn[i].good = false;
            drawn[i].number = KIND_COUNT_MAX + 1;
        }
        message_write_event_number(events, drawn[i].series, drawn[i].at, drawn[i].number);
    }
    wire_writer_reset(frame);
    message_write_batch(frame,
                        &(struct message_batch){.source = STR("s"),
                                                .outbox = STR("o"),
                                                .seq = 1,
                                                .base = 0,
                                                .series_count = sample->series,
                                                .event_count = sample->events},
                        series, events);
    wire_writer_destroy(&series);
    wire_writer_destroy(&events);
}

static void expect_folded(const struct sample *sample, const struct drawn *drawn, struct catalogue *catalogue,
                          struct counts *counts) {
    int64_t *wanted = mem_zeroed((size_t)sample->series * sample->days, sizeof *wanted);
    bool *there = mem_zeroed((size_t)sample->series * sample->days, sizeof *there);
    size_t cells = 0;
    int32_t first = 1520380800 / 86400;
    for (uint32_t i = 0; i < sample->events; i++) {
        size_t at = (size_t)drawn[i].series * sample->days + (size_t)(drawn[i].at / 86400 - first);
        if (!drawn[i].good)
            continue;
        cells += !there[at];
        there[at] = true;
        wanted[at] += drawn[i].number;
    }
    counts_settle(counts);
    assert_int_equal(counts_len(counts), cells);
    for (uint32_t i = 0; i < sample->series; i++) {
        char site[16];
        struct dims dims = {0};
        struct name_found found;
        (void)snprintf(site, sizeof site, "site-%u", i);
        assert_int_equal(dims_add(&dims, STR("language"), STR("en"), NULL), 0);
        assert_int_equal(dims_add(&dims, STR("site"), str_of(site), NULL), 0);
        assert_int_equal(catalogue_series(catalogue, STR("t.count"), &dims, &found, NULL), 0);
        for (size_t k = 0; k < cells; k++) {
            const struct count *count = &counts_at(counts)[k];
            if (count_series(count->place) != found.number)
                continue;
            size_t at = (size_t)i * sample->days + (size_t)(count_when(count->place) - first);
            assert_true(there[at] && wanted[at] == count->value);
            assert_int_equal(count_source(count->place), 7);
        }
    }
    free(wanted);
    free(there);
}

static void every_event_is_in_one_sum(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {1, 1, 1, false},     {5, 1, 1000, false},  {40, 30, 1000, false}, {40, 400, 1000, false},
        {300, 1, 200, false}, {300, 9, 200, false}, {5, 1, 1000, true},    {40, 400, 1000, true},
    };
    struct room room;
    room_new(&room);
    random_begin();
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct drawn *drawn = mem_zeroed(samples[i].events, sizeof *drawn);
        struct wire_writer *frame;
        struct combine *combine;
        struct pending *pending;
        struct message_flat flat = {0};
        struct message_batch batch;
        struct combine_result result;
        struct wire_reader reader;
        enum message_type type;
        uint32_t good = 0;
        int64_t total = 0;
        wire_writer_new(&frame, MESSAGE_BYTES_MAX);
        combine_new(&combine, room.catalogue);
        pending_new(&pending);
        write_frame(&samples[i], drawn, frame);
        wire_reader_init(&reader, wire_writer_data(frame), wire_writer_len(frame));
        assert_int_equal(message_open(&reader, &type, NULL), 0);
        assert_int_equal(message_read_flat(&reader, &flat, &batch, NULL), 0);
        assert_int_equal(combine_open(combine, &batch, &flat, NULL), 0);
        combine_events(combine, &batch, &flat, 7, 1530000000, pending, &result);
        for (uint32_t k = 0; k < samples[i].events; k++) {
            good += drawn[k].good;
            total += drawn[k].good ? drawn[k].number : 0;
        }
        assert_int_equal(result.accepted, good);
        assert_int_equal(result.refused_count, samples[i].events - good);
        assert_true(result.total == total);
        expect_folded(&samples[i], drawn, room.catalogue, pending_counts(pending));
        message_flat_clear(&flat);
        pending_destroy(&pending);
        combine_destroy(&combine);
        wire_writer_destroy(&frame);
        free(drawn);
    }
    room_destroy(&room);
}

/* ---- what is kept one by one ---- */

#define OTHERS MESSAGE_OTHERS_MAX

/* `counts` numbers of a count, `levels` of a level, `names` of a roster: does the batch open? */
static int opens(struct room *room, uint32_t counts, uint32_t levels, uint32_t names, struct fault *why) {
    struct wire_writer *series, *events, *frame;
    struct message_flat flat = {0};
    struct message_batch batch;
    struct wire_reader reader;
    struct combine *combine;
    enum message_type type;
    struct dims dims = {0};
    assert_int_equal(dims_add(&dims, STR("site"), STR("a"), NULL), 0);
    wire_writer_new(&series, MESSAGE_BYTES_MAX);
    wire_writer_new(&events, MESSAGE_BYTES_MAX);
    wire_writer_new(&frame, MESSAGE_BYTES_MAX);
    message_write_series(series, STR("k.count"), &dims);
    message_write_series(series, STR("k.level"), &dims);
    message_write_series(series, STR("k.roster"), &dims);
    for (uint32_t i = 0; i < names; i++)
        message_write_event_name(events, 2, i, STR("n"));
    for (uint32_t i = 0; i < counts + levels; i++)
        message_write_event_number(events, i < counts ? 0 : 1, i, 1);
    message_write_batch(frame,
                        &(struct message_batch){.source = STR("s"),
                                                .outbox = STR("o"),
                                                .seq = 1,
                                                .series_count = 3,
                                                .event_count = counts + levels + names},
                        series, events);
    wire_reader_init(&reader, wire_writer_data(frame), wire_writer_len(frame));
    assert_int_equal(message_open(&reader, &type, NULL), 0);
    assert_int_equal(message_read_flat(&reader, &flat, &batch, NULL), 0);
    combine_new(&combine, room->catalogue);
    int err = combine_open(combine, &batch, &flat, why);
    combine_destroy(&combine);
    message_flat_clear(&flat);
    wire_writer_destroy(&series);
    wire_writer_destroy(&events);
    wire_writer_destroy(&frame);
    return err;
}

/* Whether the daemon has met the series before or not. */
static void what_is_kept_one_by_one_is_bounded(void **state) {
    (void)state;
    struct room room;
    struct fault why = {""};
    struct name_found found;
    struct dims dims = {0};
    room_new_with(&room, room_kinds);
    assert_int_equal(dims_add(&dims, STR("site"), STR("a"), NULL), 0);
    for (int known = 0; known < 2; known++) {
        assert_int_equal(opens(&room, MESSAGE_EVENTS_MAX, 0, 0, &why), 0);
        assert_int_equal(opens(&room, 10, OTHERS, 0, &why), 0);
        assert_int_equal(opens(&room, 10, 0, OTHERS, &why), 0);
        assert_int_equal(opens(&room, 10, OTHERS / 2, OTHERS / 2, &why), 0);
        assert_int_equal(opens(&room, 0, OTHERS + 1, 0, &why), -EPROTO);
        assert_int_equal(opens(&room, 0, 0, OTHERS + 1, &why), -EPROTO);
        assert_int_equal(opens(&room, 10, OTHERS / 2 + 1, OTHERS / 2, &why), -EPROTO);
        assert_non_null(strstr(why.text, "more than 262144 of its events"));
        assert_int_equal(catalogue_series(room.catalogue, STR("k.level"), &dims, &found, NULL), 0);
        assert_int_equal(catalogue_series(room.catalogue, STR("k.roster"), &dims, &found, NULL), 0);
    }
    room_destroy(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_is_in_one_sum),
        cmocka_unit_test(what_is_kept_one_by_one_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
