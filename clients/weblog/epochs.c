#include "clients/weblog/epochs.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "proto/check.h"
#include "proto/civil.h"
#include "proto/wire.h"

#define EPOCHS_MAGIC   0x1f5ac0e9u
#define EPOCHS_VERSION 1
#define MONTHS_MAX     (9999 * 12)
#define ENDED          INT32_MAX /* the horizon of a site that is counted no more; read again, it is a new one */

struct months {
    size_t count, size;
    int32_t *month; /* ascending */
};

struct epochs {
    unsigned magic;
    const struct records *records;
    char *site_text;
    struct str site;
    struct epochs_clock clock;
    int64_t latest, newest; /* what the clock allowed when last asked; the newest line up to that */
    int32_t horizon;
    struct months open, stored;
};

static size_t months_place(const struct months *months, int32_t month) {
    size_t low = 0, high = months->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (months->month[middle] < month)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool months_has(const struct months *months, int32_t month) {
    size_t at = months_place(months, month);
    return at < months->count && months->month[at] == month;
}

static void months_add(struct months *months, int32_t month) {
    size_t at = months_place(months, month);
    if (at < months->count && months->month[at] == month)
        return;
    if (months->count == months->size) {
        months->size = months->size ? 2 * months->size : 8;
        months->month = mem_resize(months->month, months->size, sizeof *months->month);
    }
    memmove(months->month + at + 1, months->month + at, (months->count - at) * sizeof *months->month);
    months->month[at] = month;
    months->count++;
}

static void months_drop_before(struct months *months, int32_t month) {
    size_t at = months_place(months, month);
    if (at == 0)
        return;
    memmove(months->month, months->month + at, (months->count - at) * sizeof *months->month);
    months->count -= at;
}

/* [version, newest, horizon, [month...]] */
static int decode(struct str value, int64_t *newest, int32_t *horizon, struct months *open) {
    struct wire_reader reader;
    uint32_t fields, count;
    uint64_t version;
    int64_t number;
    wire_reader_init(&reader, value.at, value.len);
    if (wire_read_array(&reader, &fields, 4) || fields != 4 ||
        wire_read_uint(&reader, &version, EPOCHS_VERSION) || wire_read_int(&reader, newest) ||
        wire_read_int(&reader, &number) || number < INT32_MIN || number > INT32_MAX ||
        wire_read_array(&reader, &count, MONTHS_MAX))
        return -EINVAL;
    *horizon = (int32_t)number;
    for (uint32_t i = 0; i < count; i++) {
        if (wire_read_int(&reader, &number) || number < -MONTHS_MAX || number > MONTHS_MAX)
            return -EINVAL;
        if (open != NULL)
            months_add(open, (int32_t)number);
    }
    return wire_at_end(&reader) ? 0 : -EINVAL;
}

int epochs_read(struct str value, int64_t *newest, int32_t *horizon) {
    return decode(value, newest, horizon, NULL);
}

static int64_t system_now(void *arg) {
    (void)arg;
    return (int64_t)time(NULL);
}

int epochs_load(struct epochs **out, const struct records *records, struct str site,
                struct epochs_clock clock, struct fault *why) {
    struct epochs *epochs = mem_zeroed(1, sizeof *epochs);
    epochs->magic = EPOCHS_MAGIC;
    epochs->records = records;
    epochs->site_text = mem_string(site.at, site.len);
    epochs->site = (struct str){epochs->site_text, site.len};
    epochs->clock = clock.now != NULL ? clock : (struct epochs_clock){.now = system_now};
    epochs->latest = INT64_MIN;
    epochs->newest = INT64_MIN;
    epochs->horizon = INT32_MIN;
    struct record_key key = record_key_of(RECORD_EPOCHS, site);
    struct str value;
    int rc = records->get(records->arg, record_key_str(&key), &value);
    if (rc == 0)
        rc = decode(value, &epochs->newest, &epochs->horizon, &epochs->open);
    if (rc != 0 && rc != -ENOENT) {
        epochs_destroy(&epochs);
        return fault_set(why, rc,
                         "what was stored about the months of site %.*s cannot be read; restore the state "
                         "directory from a backup",
                         STR_ARG(site));
    }
    if (epochs->horizon == ENDED) {
        epochs->newest = INT64_MIN;
        epochs->horizon = INT32_MIN;
    }
    epochs_reload(epochs);
    *out = epochs;
    return 0;
}

void epochs_destroy(struct epochs **pointer) {
    struct epochs *epochs = *pointer;
    if (epochs == NULL)
        return;
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    epochs->magic = 0;
    free(epochs->open.month);
    free(epochs->stored.month);
    free(epochs->site_text);
    free(epochs);
    *pointer = NULL;
}

int epochs_save(struct epochs *epochs, struct fault *why) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    struct record_key key = record_key_of(RECORD_EPOCHS, epochs->site);
    struct wire_writer *writer;
    wire_writer_new(&writer, 64 + 5 * (size_t)MONTHS_MAX);
    wire_write_array(writer, 4);
    wire_write_uint(writer, EPOCHS_VERSION);
    wire_write_int(writer, epochs->newest);
    wire_write_int(writer, epochs->horizon);
    wire_write_array(writer, epochs->open.count);
    for (size_t i = 0; i < epochs->open.count; i++)
        wire_write_int(writer, epochs->open.month[i]);
    ASSERT(!wire_writer_failed(writer));
    struct str value = {(const char *)wire_writer_data(writer), wire_writer_len(writer)};
    int rc = epochs->records->put(epochs->records->arg, record_key_str(&key), value, why);
    wire_writer_destroy(&writer);
    return rc;
}

void epochs_seen(struct epochs *epochs, int64_t at) {
    if (at <= epochs->newest)
        return;
    if (at > epochs->latest)
        epochs->latest = epochs->clock.now(epochs->clock.arg) + CIVIL_DAY_SECONDS;
    if (at <= epochs->latest)
        epochs->newest = at;
}

int64_t epochs_newest(const struct epochs *epochs) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    return epochs->newest;
}

void epochs_open(struct epochs *epochs, int32_t month) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    months_add(&epochs->open, month);
}

bool epochs_stored(const struct epochs *epochs, int32_t month) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    return months_has(&epochs->stored, month);
}

void epochs_reload(struct epochs *epochs) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    for (size_t i = 0; i < epochs->open.count; i++)
        months_add(&epochs->stored, epochs->open.month[i]);
}

bool epochs_closed(const struct epochs *epochs, int32_t month) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    return month < epochs->horizon;
}

void epochs_bounds(int32_t month, int64_t *begin, int64_t *end) {
    int32_t first = civil_first_day_of_month(month);
    struct civil date = civil_of_day(first);
    *begin = (int64_t)first * CIVIL_DAY_SECONDS;
    *end = *begin + (int64_t)civil_days_in_month(date.year, date.month) * CIVIL_DAY_SECONDS;
}

/* Where the newest time wants the horizon; never back. */
static int32_t wanted_horizon(const struct epochs *epochs) {
    int32_t day;
    if (epochs->newest == INT64_MIN || !civil_day_of_time(epochs->newest - EPOCHS_LATE, &day))
        return epochs->horizon;
    int32_t horizon = civil_month_of_day(day) - 1;
    return horizon > epochs->horizon ? horizon : epochs->horizon;
}

bool epochs_over(const struct epochs *epochs) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    return wanted_horizon(epochs) > epochs->horizon;
}

void epochs_advance(struct epochs *epochs) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    epochs->horizon = wanted_horizon(epochs);
    months_drop_before(&epochs->open, epochs->horizon);
    months_drop_before(&epochs->stored, epochs->horizon);
}

bool epochs_lags(const struct epochs *epochs, int32_t horizon) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    return (int64_t)epochs->horizon - horizon > 1;
}

void epochs_end(struct epochs *epochs) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    epochs->horizon = ENDED;
    epochs->open.count = epochs->stored.count = 0;
}

bool epochs_ended(const struct epochs *epochs) {
    OBJ_CHECK(epochs, EPOCHS_MAGIC);
    return epochs->horizon == ENDED;
}
