#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/figures/closings_priv.h"
#include "daemon/store/row.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/utf8.h"

#define CLOSINGS_MAGIC 0x434c4f53u

/* Key: the period's text. Row: version, vintage, time, type, first and last day, digest, number of figures, length
 * of the note, note, figures. */
#define ROW_VERSION 2
#define ROW_HEAD    (1 + 4 + 8 + 1 + 4 + 4 + CLOSING_DIGEST + 8 + 4)

_Static_assert(CLOSING_DIGEST == crypto_hash_sha256_BYTES, "a digest is a SHA-256");

struct closings {
    unsigned magic;
    struct closing *closing;
    size_t count, room;
};

/* ---- reading rows ---- */

static int parse_period(struct str key, enum period_type type, struct closing *out) {
    struct period said;
    if (period_parse(&said, key, NULL) != 0 || said.type != type || said.first != out->period.first ||
        said.last != out->period.last)
        return -EBADMSG;
    out->period.type = type;
    return 0;
}

static int parse(struct str key, struct str row, struct closing *out) {
    if (row.len < ROW_HEAD || row.at[0] != ROW_VERSION)
        return -EBADMSG;
    size_t note_len = (size_t)row_get(row.at + ROW_HEAD - 4, 4);
    if (note_len > row.len - ROW_HEAD)
        return -EBADMSG;
    *out = (struct closing){
        .vintage = (uint32_t)row_get(row.at + 1, 4),
        .at = (int64_t)row_get(row.at + 5, 8),
        .period = {.first = (int32_t)row_get(row.at + 14, 4), .last = (int32_t)row_get(row.at + 18, 4)},
        .figure_count = row_get(row.at + 22 + CLOSING_DIGEST, 8),
        .note = {row.at + ROW_HEAD, note_len},
        .figures = {row.at + ROW_HEAD + note_len, row.len - ROW_HEAD - note_len},
    };
    memcpy(out->digest, row.at + 22, CLOSING_DIGEST);
    if (!utf8_valid(out->note))
        return -EBADMSG;
    return parse_period(key, (enum period_type)row.at[13], out);
}

struct loading {
    struct closings *closings;
    struct fault *why;
};

static int load_row(void *arg, struct str key, struct str row) {
    const struct loading *loading = arg;
    struct closings *closings = loading->closings;
    struct closing closing;
    if (parse(key, row, &closing) != 0)
        return fault_set(loading->why, -EBADMSG,
                         "the store's table of closings is damaged; \"suivi check\" tells where");
    if (closings->count == closings->room) {
        closings->room = closings->room ? closings->room * 2 : 16;
        closings->closing = mem_resize(closings->closing, closings->room, sizeof *closings->closing);
    }
    closings->closing[closings->count++] = closing;
    return 0;
}

static int compare_closings(const void *left, const void *right) {
    const struct closing *a = left, *b = right;
    return (a->vintage > b->vintage) - (a->vintage < b->vintage);
}

int closings_load(struct closings **out, struct store_snapshot *snapshot, struct fault *why) {
    struct closings *closings = mem_zeroed(1, sizeof *closings);
    closings->magic = CLOSINGS_MAGIC;
    int err = store_each_row(snapshot, STORE_CLOSINGS, (struct str){"", 0}, load_row,
                             &(struct loading){closings, why}, why);
    if (err) {
        closings_destroy(&closings);
        return err;
    }
    if (closings->count > 1)
        qsort(closings->closing, closings->count, sizeof *closings->closing, compare_closings);
    *out = closings;
    return 0;
}

void closings_destroy(struct closings **closings) {
    struct closings *c = *closings;
    if (c == NULL)
        return;
    OBJ_CHECK(c, CLOSINGS_MAGIC);
    free(c->closing);
    c->magic = 0;
    free(c);
    *closings = NULL;
}

size_t closings_count(const struct closings *closings) {
    OBJ_CHECK(closings, CLOSINGS_MAGIC);
    return closings->count;
}

const struct closing *closings_at(const struct closings *closings, size_t index) {
    OBJ_CHECK(closings, CLOSINGS_MAGIC);
    ASSERT(index < closings->count);
    return &closings->closing[index];
}

const struct closing *closings_of(const struct closings *closings, const struct period *period) {
    OBJ_CHECK(closings, CLOSINGS_MAGIC);
    const struct closing *best = NULL;
    for (size_t i = 0; i < closings->count; i++) {
        const struct closing *closing = &closings->closing[i];
        if (closing->period.first > period->first || closing->period.last < period->last)
            continue;
        if (best == NULL ||
            closing->period.last - closing->period.first < best->period.last - best->period.first)
            best = closing;
    }
    return best;
}

/* ---- reading figures ---- */

struct element {
    struct str indicator, method_version, index, records;
    uint64_t decimals;
};

/* What stands before the elements, and how many of these there are. */
static int read_head(struct wire_reader *reader, const struct closing *closing, uint32_t *count) {
    struct str name, said;
    char period[PERIOD_TEXT_MAX];
    uint32_t fields;
    if (wire_read_array(reader, &fields, CLOSING_HEAD_FIELDS) != 0 || fields != CLOSING_HEAD_FIELDS ||
        wire_read_str(reader, &name, MESSAGE_TEXT_MAX) != 0 ||
        wire_read_str(reader, &said, PERIOD_TEXT_MAX) != 0 ||
        !str_equal(said, str_of(period_print(&closing->period, period))) ||
        wire_read_array(reader, count, UINT32_MAX) != 0)
        return -EBADMSG;
    return 0;
}

static int read_element(struct wire_reader *reader, struct element *out) {
    uint32_t fields;
    if (wire_read_array(reader, &fields, CLOSING_ELEMENT_FIELDS) != 0 || fields != CLOSING_ELEMENT_FIELDS ||
        wire_read_str(reader, &out->indicator, INDICATOR_ID_MAX) != 0 ||
        wire_read_uint(reader, &out->decimals, FRAMEWORK_DECIMALS_MAX) != 0 ||
        wire_read_str(reader, &out->method_version, MESSAGE_TEXT_MAX) != 0 ||
        wire_read_bin(reader, &out->index, CLOSING_BYTES_MAX) != 0 ||
        wire_read_bin(reader, &out->records, CLOSING_BYTES_MAX) != 0 ||
        out->index.len % CLOSING_INDEX_BYTES != 0)
        return -EBADMSG;
    return 0;
}

static size_t record_count(const struct element *element) {
    return element->index.len / CLOSING_INDEX_BYTES;
}

/* Reads record `at`, and its breakdown as a key. */
static int read_record(const struct element *element, size_t at, struct closing_figure *out,
                       struct str *key) {
    size_t start = (size_t)row_get(element->index.at + at * CLOSING_INDEX_BYTES, CLOSING_INDEX_BYTES);
    struct wire_reader reader;
    uint32_t fields;
    uint64_t state, heard, days;
    int64_t value;
    if (start > element->records.len)
        return -EBADMSG;
    wire_reader_init(&reader, element->records.at + start, element->records.len - start);
    if (wire_read_array(&reader, &fields, CLOSING_DUE_FIELDS) != 0 ||
        (fields != CLOSING_RECORD_FIELDS && fields != CLOSING_DUE_FIELDS) ||
        wire_read_bin(&reader, key, SERIES_KEY_MAX) != 0 ||
        wire_read_uint(&reader, &state, MESSAGE_STATE_WITHHELD) != 0 || wire_read_int(&reader, &value) != 0 ||
        wire_read_uint(&reader, &heard, UINT32_MAX) != 0 || wire_read_uint(&reader, &days, UINT32_MAX) != 0)
        return -EBADMSG;
    *out = (struct closing_figure){.indicator = element->indicator,
                                   .state = (enum message_state)state,
                                   .value = value,
                                   .decimals = (unsigned)element->decimals,
                                   .heard = (uint32_t)heard,
                                   .days = (uint32_t)days,
                                   .has_on_time = fields == CLOSING_DUE_FIELDS,
                                   .method_version = element->method_version};
    if (out->has_on_time && (wire_read_int(&reader, &out->on_time) != 0 ||
                             wire_read_str(&reader, &out->note, CLOSING_NOTE_MAX) != 0))
        return -EBADMSG;
    return 0;
}

struct str closing_breakdown_key(const struct dims *dims, char text[static SERIES_KEY_MAX]) {
    size_t len = dims_series_key(STR("x"), dims, text);
    return (struct str){text + 2, len - 2};
}

static int find_record(const struct element *element, const struct dims *dims, struct closing_figure *out) {
    char text[SERIES_KEY_MAX];
    struct str wanted = closing_breakdown_key(dims, text), key;
    size_t low = 0, high = record_count(element);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct closing_figure figure;
        if (read_record(element, middle, &figure, &key) != 0)
            return -EBADMSG;
        int order = str_compare(key, wanted);
        if (order == 0) {
            figure.dims = *dims;
            *out = figure;
            return 0;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -ENOENT;
}

static int damaged(const struct closing *closing, struct str indicator, struct fault *why) {
    char period[PERIOD_TEXT_MAX];
    return fault_set(why, -EBADMSG,
                     "the closing of %s is damaged: what was reported of %.*s cannot be read; \"suivi "
                     "check\" tells more",
                     period_print(&closing->period, period), STR_ARG(indicator));
}

/* -ENOENT: the closing has nothing of it. */
static int find_element(const struct closing *closing, struct str indicator, struct element *element) {
    struct wire_reader reader;
    uint32_t count;
    wire_reader_init(&reader, closing->figures.at, closing->figures.len);
    if (read_head(&reader, closing, &count) != 0)
        return -EBADMSG;
    for (uint32_t i = 0; i < count; i++) {
        if (read_element(&reader, element) != 0)
            return -EBADMSG;
        if (str_equal(element->indicator, indicator))
            return 0;
    }
    return -ENOENT;
}

int closing_find(const struct closing *closing, struct str indicator, const struct dims *dims,
                 struct closing_figure *out, struct fault *why) {
    struct element element;
    int err = find_element(closing, indicator, &element);
    if (err == 0)
        err = find_record(&element, dims, out);
    return err == -EBADMSG ? damaged(closing, indicator, why) : err;
}

bool closing_scale(int64_t *value, unsigned decimals, unsigned wanted) {
    int64_t scaled = *value;
    for (; decimals < wanted; decimals++)
        if (__builtin_mul_overflow(scaled, 10, &scaled))
            return false;
    *value = scaled;
    return true;
}

int closing_each_indicator(const struct closing *closing, int (*visit)(void *arg, struct str indicator),
                           void *arg, struct fault *why) {
    struct wire_reader reader;
    uint32_t count;
    int err = 0;
    wire_reader_init(&reader, closing->figures.at, closing->figures.len);
    if (read_head(&reader, closing, &count) != 0)
        return damaged(closing, STR("its indicators"), why);
    for (uint32_t i = 0; i < count && err == 0; i++) {
        struct element element;
        err = read_element(&reader, &element) == 0 ? visit(arg, element.indicator)
                                                   : damaged(closing, STR("its indicators"), why);
    }
    return err;
}

int closing_each_figure(const struct closing *closing, struct str indicator,
                        int (*visit)(void *arg, const struct closing_figure *figure), void *arg,
                        struct fault *why) {
    struct element element;
    int err = find_element(closing, indicator, &element);
    if (err)
        return err == -ENOENT ? 0 : damaged(closing, indicator, why);
    for (size_t i = 0; i < record_count(&element) && err == 0; i++) {
        struct closing_figure figure;
        struct str key, name;
        char text[SERIES_KEY_MAX + 2] = "x";
        if (read_record(&element, i, &figure, &key) != 0 || key.len > SERIES_KEY_MAX)
            return damaged(closing, indicator, why);
        memcpy(text + 2, key.at, key.len);
        if (dims_series_parse((struct str){text, key.len + 2}, &name, &figure.dims) != 0)
            return damaged(closing, indicator, why);
        err = visit(arg, &figure);
    }
    return err;
}

/* ---- writing ---- */

int closings_put(struct store_write *write, struct closing *closing, struct fault *why) {
    char key[PERIOD_TEXT_MAX];
    struct str note = closing->note, figures = closing->figures;
    uint8_t *row = mem_zeroed(ROW_HEAD + note.len + figures.len, 1), *at = row;
    crypto_hash_sha256(closing->digest, (const unsigned char *)figures.at, figures.len);
    at = row_put(at, ROW_VERSION, 1);
    at = row_put(at, closing->vintage, 4);
    at = row_put(at, (uint64_t)closing->at, 8);
    at = row_put(at, closing->period.type, 1);
    at = row_put(at, (uint32_t)closing->period.first, 4);
    at = row_put(at, (uint32_t)closing->period.last, 4);
    memcpy(at, closing->digest, CLOSING_DIGEST);
    at = row_put(at + CLOSING_DIGEST, closing->figure_count, 8);
    at = row_put(at, note.len, 4);
    if (note.len)
        memcpy(at, note.at, note.len);
    memcpy(at + note.len, figures.at, figures.len);
    struct str bytes = {(const char *)row, ROW_HEAD + note.len + figures.len};
    int err = store_put_row(write, STORE_CLOSINGS, str_of(period_print(&closing->period, key)), bytes, why);
    free(row);
    return err;
}

/* ---- telling ---- */

void closing_print_digest(const struct closing *closing, size_t bytes, char *out) {
    ASSERT(bytes > 0 && bytes <= CLOSING_DIGEST);
    for (size_t i = 0; i < bytes; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", closing->digest[i]);
}

void closing_write_row(const struct closing *closing, struct wire_writer *rows) {
    char period[PERIOD_TEXT_MAX], digest[2 * CLOSING_DIGEST + 1];
    closing_print_digest(closing, CLOSING_DIGEST, digest);
    message_write_closing(
        rows, &(struct message_closing_row){.period = str_of(period_print(&closing->period, period)),
                                            .at = closing->at,
                                            .digest = str_of(digest),
                                            .note = closing->note,
                                            .figures = closing->figure_count,
                                            .vintage = closing->vintage});
}

/* ---- checking ---- */

/* Every record can be read, and they are in order. */
static bool element_valid(const struct element *element, uint64_t *count) {
    struct str before = {0};
    for (size_t i = 0; i < record_count(element); i++) {
        struct closing_figure figure;
        struct str key;
        if (read_record(element, i, &figure, &key) != 0 || (i && str_compare(before, key) >= 0))
            return false;
        before = key;
    }
    *count += record_count(element);
    return true;
}

static bool figures_valid(const struct closing *closing) {
    struct wire_reader reader;
    uint32_t elements;
    uint64_t count = 0;
    struct str before = {"", 0};
    wire_reader_init(&reader, closing->figures.at, closing->figures.len);
    if (read_head(&reader, closing, &elements) != 0)
        return false;
    for (uint32_t i = 0; i < elements; i++) {
        struct element element;
        if (read_element(&reader, &element) != 0 || str_compare(before, element.indicator) >= 0 ||
            !element_valid(&element, &count))
            return false;
        before = element.indicator;
    }
    return wire_at_end(&reader) && count == closing->figure_count;
}

bool closings_valid(struct str key, struct str row) {
    struct closing closing;
    uint8_t digest[CLOSING_DIGEST];
    if (parse(key, row, &closing) != 0)
        return false;
    crypto_hash_sha256(digest, (const unsigned char *)closing.figures.at, closing.figures.len);
    return memcmp(digest, closing.digest, CLOSING_DIGEST) == 0 && figures_valid(&closing);
}
