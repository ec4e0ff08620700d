#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "clients/lib/client_priv.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/dims.h"
#include "proto/entry.h"
#include "proto/message.h"
#include "proto/period.h"
#include "proto/utf8.h"

static struct str text_of(const char *text) {
    return text ? str_of(text) : STR("");
}

static int draw_id(uint64_t *id, struct fault *why) {
    do {
        if (getrandom(id, sizeof *id, 0) != (ssize_t)sizeof *id)
            return fault_set(why, -EIO, "the system gives no random numbers");
        *id >>= 1;
    } while (*id == 0);
    return 0;
}

static int read_day(const char *text, int32_t *day, struct fault *why) {
    struct period period;
    if (period_parse(&period, str_of(text), why) != 0)
        return -EINVAL;
    if (period.type != PERIOD_DAY)
        return fault_set(why, -EINVAL, "\"%.32s\" is no day, such as 2018-09-12", text);
    *day = period.first;
    return 0;
}

/* What the limits of the wire are, so that what is put into a batch can be read from it. */
static int check_lengths(const struct entry *entry, struct fault *why) {
    const struct {
        const char *name;
        struct str text;
        size_t max;
    } texts[] = {
        {"name", entry->name, ENTRY_NAME_MAX}, {"title", entry->title, ENTRY_TITLE_MAX},
        {"link", entry->link, ENTRY_LINK_MAX}, {"file name", entry->file, ENTRY_FILE_MAX},
        {"note", entry->note, ENTRY_NOTE_MAX}, {"reason", entry->reason, ENTRY_NOTE_MAX},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].text.len > texts[i].max || !utf8_valid(texts[i].text))
            return fault_set(why, -EINVAL, "the %s must be UTF-8 of at most %zu bytes; it has %zu",
                             texts[i].name, texts[i].max, texts[i].text.len);
    for (size_t i = 0; i < ENTRY_PARTS; i++)
        if (entry->part[i].len > ENTRY_PART_MAX || !utf8_valid(entry->part[i]) ||
            (entry->part[i].len == 0) != (entry->part[0].len == 0))
            return fault_set(why, -EINVAL, "the part \"%s\" must be UTF-8 of 1 to %d bytes; it has %zu",
                             entry_part_names[i], ENTRY_PART_MAX, entry->part[i].len);
    return 0;
}

static int read_entry(const struct suivi_entry *from, struct entry *out, struct fault *why) {
    *out = (struct entry){.id = from->id,
                          .recorded = from->recorded ? from->recorded : (int64_t)time(NULL),
                          .has_value = from->has_value && !from->holds,
                          .holds = from->holds,
                          .value = from->has_value || from->holds ? from->value : 0,
                          .name = text_of(from->name),
                          .removed = from->removed,
                          .done = ENTRY_NO_DAY,
                          .title = text_of(from->title),
                          .link = text_of(from->link),
                          .file = text_of(from->file),
                          .note = text_of(from->note),
                          .reason = text_of(from->reason),
                          .sha256 = STR(""),
                          .retracts = from->retracts};
    if (from->sha256)
        out->sha256 = (struct str){(const char *)from->sha256, ENTRY_SHA256};
    for (size_t i = 0; i < ENTRY_PARTS; i++)
        out->part[i] = from->parts ? text_of(from->parts[i]) : STR("");
    if (out->id > INT64_MAX || out->retracts > INT64_MAX)
        return fault_set(why, -EINVAL, "an entry's id is a number from 1 to 2^63 - 1");
    int rc = out->id == 0 ? draw_id(&out->id, why) : 0;
    if (rc == 0 && from->done)
        rc = read_day(from->done, &out->done, why);
    return rc == 0 ? check_lengths(out, why) : rc;
}

int suivi_record(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
                 int64_t at, const struct suivi_entry *entry, uint64_t *id) {
    struct dims sorted;
    struct entry said;
    int rc = client_series(client, indicator, dims, dim_count, &sorted);
    if (rc == 0)
        rc = read_entry(entry, &said, &client->why);
    if (rc == 0)
        rc = batcher_entry(client->batcher, str_of(indicator), &sorted, at, &said, &client->why);
    if (rc == 0 && id)
        *id = said.id;
    return rc;
}

static const enum entry_remark remarks[] = {
    [SUIVI_METHOD] = ENTRY_REMARK_METHOD,
    [SUIVI_BREAK] = ENTRY_REMARK_BREAK,
    [SUIVI_EVENT] = ENTRY_REMARK_EVENT,
};

/* The same remark by the same source has the same id, so that it stands once however often it is made. */
static uint64_t remark_id(struct str source, struct str series, int32_t day, const struct entry *said) {
    char text[MESSAGE_SOURCE_MAX + SERIES_KEY_MAX + ENTRY_TITLE_MAX + ENTRY_NOTE_MAX + 64], number[16];
    snprintf(number, sizeof number, "%d", day);
    const struct str parts[] = {
        source, series, str_of(number), str_of(entry_remark_name(said->remark)), said->title, said->note,
    };
    size_t len = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        ASSERT(parts[i].len < sizeof text - len);
        memcpy(text + len, parts[i].at, parts[i].len);
        len += parts[i].len;
        text[len++] = '\0';
    }
    return entry_id_of((struct str){text, len});
}

int suivi_remark(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
                 int64_t at, enum suivi_remark remark, const char *title, const char *note) {
    struct dims sorted;
    struct entry said = ENTRY_NONE;
    int rc = client_series(client, indicator, dims, dim_count, &sorted);
    if (rc != 0)
        return rc;
    said.recorded = (int64_t)time(NULL);
    said.title = text_of(title);
    said.note = text_of(note);
    said.remark = remarks[remark];
    rc = check_lengths(&said, &client->why);
    if (rc != 0)
        return rc;
    int32_t day;
    if (!civil_day_of_time(at, &day))
        return fault_set(&client->why, -EINVAL, "a remark's day lies outside the calendar");
    char series[SERIES_KEY_MAX];
    size_t len = dims_series_key(str_of(indicator), &sorted, series);
    said.id = remark_id(str_of(client->source), (struct str){series, len}, day, &said);
    return batcher_entry(client->batcher, str_of(indicator), &sorted, at, &said, &client->why);
}
