#include "clients/cli/sources_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/copies.h"
#include "clients/cli/json.h"
#include "clients/cli/print.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"

#define LIST_MAGIC 0x5c0ce511u
#define GAP        2 /* between columns: a usual table fits 100 */

struct sources_list {
    unsigned magic;
    struct suivi_source *row; /* strings owned */
    size_t count, room;
    bool cut;
};

void sources_list_new(struct sources_list **out) {
    struct sources_list *list = mem_zeroed(1, sizeof *list);
    list->magic = LIST_MAGIC;
    *out = list;
}

void sources_list_destroy(struct sources_list **list) {
    struct sources_list *l = *list;
    if (l == NULL)
        return;
    OBJ_CHECK(l, LIST_MAGIC);
    for (size_t i = 0; i < l->count; i++) {
        copies_drop(l->row[i].source);
        copies_drop(l->row[i].outbox);
    }
    free(l->row);
    l->magic = 0;
    free(l);
    *list = NULL;
}

void sources_list_add(struct sources_list *list, const struct suivi_source *source) {
    OBJ_CHECK(list, LIST_MAGIC);
    if (list->count == SOURCES_LIST_MAX) {
        list->cut = true;
        return;
    }
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 16;
        list->row = mem_resize(list->row, list->room, sizeof *list->row);
    }
    struct suivi_source *row = &list->row[list->count++];
    *row = *source;
    row->source = copies_clean(source->source);
    row->outbox = copies_clean(source->outbox);
}

size_t sources_list_count(const struct sources_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    return list->count;
}

bool sources_list_cut(const struct sources_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    return list->cut;
}

/* --- times --- */

/* In UTC, to the minute, as it can be sorted by; "" when nothing was heard. */
static const char *time_of(int64_t at, char out[static WORDS_MAX]) {
    if (words_iso(at, out)[0] != '\0') {
        out[10] = ' ';
        out[16] = '\0';
    }
    return out;
}

/* --- columns --- */

enum column {
    COLUMN_OUTBOX,
    COLUMN_HEARD,
    COLUMN_BATCHES,
    COLUMN_READ,
    COLUMN_ACCEPTED,
    COLUMN_REFUSED,
    COLUMN_REPEATED,
    COLUMN_AGAIN,
    COLUMN_LAST,
    COLUMN_MISSING,
    COLUMNS
};

static const struct {
    const char *key, *head; /* of files, and of the table */
} columns[COLUMNS] = {
    [COLUMN_OUTBOX] = {"outbox", "outbox"},       [COLUMN_HEARD] = {"heard", "last heard"},
    [COLUMN_BATCHES] = {"batches", "batches"},    [COLUMN_READ] = {"read", "events"},
    [COLUMN_ACCEPTED] = {"accepted", "counted"},  [COLUMN_REFUSED] = {"refused", "refused"},
    [COLUMN_REPEATED] = {"repeated", "repeated"}, [COLUMN_AGAIN] = {"batches_again", "batches again"},
    [COLUMN_LAST] = {"last", "last batch"},       [COLUMN_MISSING] = {"missing", "missing"},
};

static uint64_t number_in(const struct suivi_source *row, enum column column) {
    switch (column) {
    case COLUMN_BATCHES:
        return row->batches;
    case COLUMN_READ:
        return row->read;
    case COLUMN_ACCEPTED:
        return row->accepted;
    case COLUMN_REFUSED:
        return row->refused;
    case COLUMN_REPEATED:
        return row->repeated;
    case COLUMN_AGAIN:
        return row->batches_again;
    case COLUMN_LAST:
        return row->last;
    case COLUMN_MISSING:
        return row->missing;
    default:
        return 0;
    }
}

/* --- files --- */

void sources_list_csv(FILE *stream, const struct sources_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    char time[WORDS_MAX];
    fputs("source", stream);
    for (enum column c = 0; c < COLUMNS; c++)
        fprintf(stream, ",%s", columns[c].key);
    fputc('\n', stream);
    for (size_t i = 0; i < list->count; i++) {
        const struct suivi_source *row = &list->row[i];
        print_csv_field(stream, row->source);
        fputc(',', stream);
        print_csv_field(stream, row->outbox);
        fprintf(stream, ",%s", words_iso(row->heard, time));
        for (enum column c = COLUMN_BATCHES; c < COLUMNS; c++)
            fprintf(stream, ",%" PRIu64, number_in(row, c));
        fputc('\n', stream);
    }
}

void sources_list_json(FILE *stream, const struct sources_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    for (size_t i = 0; i < list->count; i++) {
        const struct suivi_source *row = &list->row[i];
        json_t *object = json_new();
        json_object_set_new(object, "source", json_text(row->source));
        json_object_set_new(object, "outbox", json_text(row->outbox));
        json_object_set_new(object, "heard", json_time(row->heard));
        for (enum column c = COLUMN_BATCHES; c < COLUMNS; c++)
            json_object_set_new(object, columns[c].key, json_integer((json_int_t)number_in(row, c)));
        json_put_row(stream, i, object);
    }
    json_put_end(stream, list->count);
}

/* --- the table --- */

struct table {
    FILE *stream;
    const struct sources_list *list;
    enum column shown[COLUMNS];
    size_t shown_count;
    int source_width, width[COLUMNS];
    bool colour;
};

static const char *cell_text(const struct suivi_source *row, enum column column, char out[static WORDS_MAX]) {
    if (column == COLUMN_OUTBOX)
        return row->outbox[0] ? row->outbox : PRINT_MISSING;
    if (column == COLUMN_HEARD)
        return time_of(row->heard, out)[0] ? out : PRINT_MISSING;
    return print_number((int64_t)number_in(row, column), out);
}

static bool is_left(enum column column) {
    return column == COLUMN_OUTBOX || column == COLUMN_HEARD;
}

static bool same_source(const struct sources_list *list, size_t index) {
    return index > 0 && strcmp(list->row[index - 1].source, list->row[index].source) == 0;
}

static bool is_shown(const struct sources_list *list, enum column column) {
    if (column == COLUMN_AGAIN) /* for files: people read of the events in them */
        return false;
    for (size_t i = 0; i < list->count; i++) {
        if (column == COLUMN_OUTBOX ? same_source(list, i) : number_in(&list->row[i], column) > 0)
            return true;
    }
    return column != COLUMN_OUTBOX && column != COLUMN_MISSING;
}

static void widen(int *width, const char *text) {
    int wanted = terminal_columns(text);
    *width = wanted > *width ? wanted : *width;
}

static void measure(struct table *table) {
    char text[WORDS_MAX];
    widen(&table->source_width, "source");
    for (size_t i = 0; i < table->list->count; i++)
        widen(&table->source_width, table->list->row[i].source);
    for (enum column c = 0; c < COLUMNS; c++) {
        if (!is_shown(table->list, c))
            continue;
        table->shown[table->shown_count++] = c;
        widen(&table->width[c], columns[c].head);
        for (size_t i = 0; i < table->list->count; i++)
            widen(&table->width[c], cell_text(&table->list->row[i], c, text));
    }
}

static void put_cell(const struct table *table, enum column column, const char *text, bool at_end) {
    print_spaces(table->stream, GAP);
    if (!is_left(column))
        print_right(table->stream, text, table->width[column]);
    else if (at_end)
        fputs(text, table->stream);
    else
        print_left(table->stream, text, table->width[column]);
}

static void put_block(const struct table *table, size_t first, size_t end) {
    char text[WORDS_MAX];
    fputs(table->colour ? PRINT_BOLD : "", table->stream);
    print_left(table->stream, "source", table->source_width);
    for (size_t k = first; k < end; k++)
        put_cell(table, table->shown[k], columns[table->shown[k]].head, k + 1 == end);
    fputs(table->colour ? PRINT_PLAIN "\n" : "\n", table->stream);
    for (size_t i = 0; i < table->list->count; i++) {
        const struct suivi_source *row = &table->list->row[i];
        print_left(table->stream, same_source(table->list, i) ? "" : row->source, table->source_width);
        for (size_t k = first; k < end; k++)
            put_cell(table, table->shown[k], cell_text(row, table->shown[k], text), k + 1 == end);
        fputc('\n', table->stream);
    }
}

void sources_list_table(FILE *stream, const struct sources_list *list, int width, bool colour) {
    OBJ_CHECK(list, LIST_MAGIC);
    struct table table = {.stream = stream, .list = list, .colour = colour};
    if (list->count == 0)
        return;
    measure(&table);
    for (size_t first = 0, end; first < table.shown_count; first = end) {
        int used = table.source_width;
        for (end = first; end < table.shown_count; end++) {
            used += GAP + table.width[table.shown[end]];
            if (used > width && end > first)
                break;
        }
        fputs(first > 0 ? "\n" : "", stream);
        put_block(&table, first, end);
    }
}
