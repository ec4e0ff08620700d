/* A site to count for: a state directory of its own, its counter, and a clock that the test sets. No daemon:
 * what is counted waits in the outbox. */
#ifndef TESTS_COUNTING_H
#define TESTS_COUNTING_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/collector/keys.h"
#include "clients/lib/suivi.h"
#include "clients/weblog/logs.h"
#include "clients/weblog/records.h"

struct counting {
    char folder[64], log[96];
    int64_t now;
    struct suivi *suivi;
    struct keys *keys;
    struct counter *counter;
    struct positions *positions;
    struct reading reading;
    struct logs_total total;
};

static int64_t counting_now(void *arg) {
    const struct counting *counting = arg;
    return counting->now;
}

static inline char *counting_path(const struct counting *counting, const char *name, char path[static 128]) {
    (void)snprintf(path, 128, "%s/%s", counting->folder, name);
    return path;
}

/* As a run begins, or begins again. */
static inline void counting_enter(struct counting *counting) {
    static const struct str languages[] = {{"en", 2}};
    char path[128], endpoint[128];
    struct fault why = {""};
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/nobody.ipc", counting->folder);
    const struct suivi_options client = {
        .endpoint = endpoint, .state = counting_path(counting, "state", path), .source = "weblog@test"};
    if (suivi_open(&counting->suivi, &client) != 0)
        fail_msg("%s", suivi_why(counting->suivi));
    const struct counter_options options = {.site = "s",
                                            .languages = languages,
                                            .language_count = 1,
                                            .days = DAYS_ALL,
                                            .clock = {counting_now, counting}};
    if (keys_open(&counting->keys, counting_path(counting, "state/keys", path), &why) != 0 ||
        counter_open(&counting->counter, counting->suivi, counting->keys, &options, &why) != 0 ||
        positions_load(&counting->positions, counter_records(counting->counter), STR("s"), &why) != 0)
        fail_msg("%s", why.text);
    counting->reading = (struct reading){.suivi = counting->suivi,
                                         .counter = counting->counter,
                                         .positions = counting->positions,
                                         .state = "state"};
    counting->total = (struct logs_total){0};
}

/* As a run that ends in any way: what was not committed is gone. */
static inline void counting_leave(struct counting *counting) {
    positions_destroy(&counting->positions);
    counter_close(&counting->counter);
    keys_close(&counting->keys);
    suivi_close(&counting->suivi);
}

static inline void counting_new(struct counting *counting, int64_t now) {
    *counting = (struct counting){.folder = "/tmp/suivi-counting-XXXXXX", .now = now};
    assert_non_null(mkdtemp(counting->folder));
    (void)snprintf(counting->log, sizeof counting->log, "%s/access.log", counting->folder);
    counting_enter(counting);
}

static int counting_remove(const char *path, const struct stat *file, int type, struct FTW *place) {
    (void)file, (void)type, (void)place;
    return remove(path);
}

static inline void counting_destroy(struct counting *counting) {
    counting_leave(counting);
    (void)nftw(counting->folder, counting_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* How many records of that kind there are, of one month (any: INT32_MIN). */
struct counting_wanted {
    int32_t month;
    size_t count;
};

static int counting_match(void *arg, struct str key, struct str value) {
    struct counting_wanted *wanted = arg;
    int32_t month;
    uint64_t number;
    (void)value;
    if (record_key_read(key, STR("s"), &month, &number) == 0)
        wanted->count += wanted->month == INT32_MIN || wanted->month == month;
    return 0;
}

static inline size_t counting_records(struct counting *counting, enum record_kind kind, int32_t month) {
    const struct records *records = counter_records(counting->counter);
    struct record_key prefix = record_key_of(kind, STR("s"));
    struct counting_wanted wanted = {.month = month};
    assert_int_equal(records->scan(records->arg, record_key_str(&prefix), counting_match, &wanted), 0);
    return wanted.count;
}

#endif
